-- The mock's CCAI Platform: the twenty messages with their triggers, the call objects, the answers 200, 201 and 202.

local ccai = require("mock.ccai")
local json = require("mock.json")
local support = dofile("tests/lua/mock_support.lua")

local BASIC = { "Authorization", "Basic YWNtZTp0b2tlbg==" } -- acme:token
local JSON = { "Content-Type", "application/json" }

local function post(state, body, headers)
    return ccai.handle(state, support.request("POST", "/apps/api/v1/calls", headers or { BASIC, JSON }, body))
end

local function outbound(rest)
    return '{"call_type":"Voice Outbound (API)"' .. rest .. ',"lang":"en"}'
end

local function inbound(rest, lang)
    return '{"call_type":"Voice Inbound (API)","lang":"' .. (lang or "en") .. '"' .. rest
        .. ',"recording_permission":"recording_permission_granted"}'
end

local FUTURE = ',"scheduled_at":"2019-09-15T00:19:14.421Z"'

local function scheduled(rest, lang, at)
    return '{"call_type":"Voice Scheduled (API)","lang":"' .. (lang or "en") .. '"' .. rest .. (at or FUTURE) .. "}"
end

local function fill(template, values)
    local index = 0
    return (template:gsub("%%s", function()
        index = index + 1
        return values[index]
    end))
end

local AGENT = ',"agent_email":"agent@somedomain.com"'
local NUMBER = ',"end_user_number":"+1 859-657-9625"'
local MENU = ',"menu_id":9'

-- Each message of the documents by its number in their order, and the requests that cause it.
local messages = {
    { 1, "Agent is not available to take this call", outbound(',"agent_email":"busy@somedomain.com"' .. NUMBER),
        outbound(',"agent_email":"busy@somedomain.com","ticket_id":"71450"') },
    { 2, "ticket_id or end_user_number required", outbound(AGENT), outbound(AGENT
        .. ',"end_user_number":"","ticket_id":null') },
    { 3, "Not a valid agent email", outbound(',"agent_email":"unknown@somedomain.com"' .. NUMBER),
        outbound(',"agent_email":"nobody"' .. NUMBER) },
    { 4, "Agent email required", outbound(NUMBER), outbound(',"agent_email":""' .. NUMBER),
        outbound(',"agent_email":7' .. NUMBER) },
    { 5, "Agent does not have access to make calls", outbound(',"agent_email":"noaccess@somedomain.com"' .. NUMBER) },
    { 6, "end_user_number is not well-formed", outbound(AGENT .. ',"end_user_number":"123123"'),
        outbound(AGENT .. ',"end_user_number":"+1 999-657-12"'), outbound(AGENT .. ',"end_user_number":18596579625'),
        outbound(AGENT .. ',"end_user_number":"+1234567890123456"') },
    { 7, "Contact not found", outbound(AGENT .. ',"ticket_id":1'), outbound(AGENT .. ',"ticket_id":"1"'),
        outbound(AGENT .. NUMBER .. ',"ticket_id":"1"') },
    { 8, "Invalid call type", '{"call_type":"InvalidCallType"' .. MENU .. NUMBER .. "}", "{}", '{"call_type":1}',
        '{"call_type":"ScheduledCall","agent_email":"allen@somedomain.com","outbound_number":"+1 760-410-8538",'
            .. '"end_user_number":"123123","lang":"en"}' },
    { 9, "menu_id is required", inbound(NUMBER), scheduled(NUMBER), inbound(',"call_id":514' .. NUMBER) },
    { 10, "Only IVR and mobile menu IDs are permitted", inbound(',"menu_id":50' .. NUMBER) },
    { 11, "Only mobile and web menu IDs are permitted", scheduled(',"menu_id":50' .. NUMBER),
        scheduled(',"menu_id":80' .. NUMBER), scheduled(',"menu_id":50,"call_id":514' .. NUMBER) },
    { 12, "menu_id is not well formed", inbound(',"menu_id":"menu_999"' .. NUMBER), inbound(',"menu_id":"9"' .. NUMBER),
        scheduled(',"menu_id":9.5' .. NUMBER), inbound(',"menu_id":true' .. NUMBER) },
    { 13, "menu_id 9999 is not found", inbound(',"menu_id":9999' .. NUMBER), scheduled(',"menu_id":9999' .. NUMBER) },
    { 14, "end_user_number is not well formed", inbound(MENU .. ',"end_user_number":"+1 999-657-12"'),
        scheduled(MENU .. ',"end_user_number":"+1 999-657-12"'), inbound(MENU .. ',"end_user_number":5') },
    { 15, "end_user_number is required", inbound(MENU), scheduled(MENU), inbound(MENU .. ',"ticket_id":"76517"') },
    { 16, "Menu is in 'manual redirection' state, can't accept calls", inbound(',"menu_id":51' .. NUMBER),
        scheduled(',"menu_id":51' .. NUMBER) },
    { 17, "Menu is in 'after hours' state, can't accept incoming calls", inbound(',"menu_id":52' .. NUMBER),
        scheduled(',"menu_id":52' .. NUMBER) },
    { 18, "Language 'fr' is not available", inbound(MENU .. NUMBER, "fr"), scheduled(MENU .. NUMBER, "fr") },
    { 19, "Language 'xy' is not found", inbound(MENU .. NUMBER, "xy"), scheduled(MENU .. NUMBER, "xy") },
    { 20, "scheduled_at is required", scheduled(MENU .. NUMBER, "en", ""),
        scheduled(MENU .. NUMBER, "en", ',"scheduled_at":null') },
}

describe("the mock's CCAI messages", function()
    it("are twenty", function()
        assert.equal(20, #messages)
    end)

    for _, row in ipairs(messages) do
        for index = 3, #row do
            it(row[1] .. " " .. row[2] .. " (request " .. (index - 2) .. ")", function()
                local state = support.state()
                local answer = post(state, row[index])
                assert.equal('{"message":"' .. row[2] .. '"}', answer.body)
                assert.equal(400, answer.status)
                assert.equal("application/json; charset=utf-8", support.header(answer, "Content-Type"))
                assert.is_nil(answer.ring)
                assert.same({}, state.queued)
            end)
        end
    end

    local own = {
        { scheduled(MENU .. NUMBER, "en", ',"scheduled_at":"soon"'), 400, "scheduled_at is not well formed" },
        { scheduled(MENU .. NUMBER, "en", ',"scheduled_at":1568506754'), 400, "scheduled_at is not well formed" },
        { scheduled(MENU .. NUMBER, "en", ',"scheduled_at":"2015-08-30T12:36:00Z"'), 400,
            "scheduled_at is not in the future" },
        { scheduled(',"call_id":"514"' .. NUMBER), 400, "call_id is not well formed" },
        { inbound(MENU .. NUMBER, "English"), 400, "Language 'English' is not found" },
        { "[]", 400, "The body is not a JSON object" },
        { '{"lang":"en","lang":"fr"}', 400, "The body is not a JSON object" },
    }
    for index, row in ipairs(own) do
        it("has a message of its own for row " .. index, function()
            local answer = post(support.state(), row[1])
            assert.equal('{"message":"' .. row[3] .. '"}', answer.body)
            assert.equal(row[2], answer.status)
        end)
    end
end)

describe("the mock's CCAI calls", function()
    -- The documents' object, with the values that a call decides as %s.
    local OUTBOUND = '{"id":397,"lang":"en","call_type":"Voice Outbound (API)","status":"assigned",'
        .. '"created_at":"2015-08-30T12:36:00.000Z","queued_at":null,"assigned_at":"2015-08-30T12:36:00.000Z",'
        .. '"connected_at":null,"ends_at":null,"scheduled_at":null,"wait_duration":0,"call_duration":0,'
        .. '"hold_duration":0,"rating":null,"has_feedback":false,"voip_provider":"voip_provider_twilio",'
        .. '"out_ticket_id":%s,"out_ticket_url":null,"verified":false,"recording_url":null,'
        .. '"recording_permission":"not_asked","voicemail_reason":"not_voicemail","deflection":"no_deflection",'
        .. '"disconnected_by":"disconnected_by_unknown","fail_reason":"nothing","fail_details":null,'
        .. '"support_number":null,"selected_menu":null,"menu_path":null,"agent_info":{"id":1,"agent_number":null,'
        .. '"name":"Ada Agent","last_name":"Agent","first_name":"Ada",'
        .. '"avatar_url":"https://somedomain.com/default-profile.png"},"end_user":%s,"photos":[],"videos":[],'
        .. '"transfers":[],"deflection_details":[],"participants":[{"id":610,"type":"agent","status":"waiting",'
        .. '"call_id":397,"user_id":1,"end_user_id":null,"call_duration":null,"hold_duration":null,'
        .. '"connected_at":null,"ended_at":null,"fail_reason":"nothing"},{"id":611,"type":"end_user",'
        .. '"status":"waiting","call_id":397,"user_id":null,"end_user_id":%s,"call_duration":null,'
        .. '"hold_duration":null,"connected_at":null,"ended_at":null,"fail_reason":"nothing"}],"offer_type":null,'
        .. '"offer_events":[],"answer_type":"manual","outbound_number":"%s"}'
    local ADA = ',"agent_email":"ada@somedomain.com"'

    local function expect_outbound(body, ...)
        local answer = post(support.state(), body)
        assert.equal(OUTBOUND:format(...), answer.body)
        assert.equal(201, answer.status)
        return answer
    end

    it("creates an outbound call to a number", function()
        local answer = expect_outbound(outbound(ADA .. NUMBER .. ',"outbound_number":"+1 339-219-5277"'),
            "null", "null", "null", "+1 339-219-5277")
        assert.same({ vendor = "ccai_platform", to = "+18596579625", token = "" }, answer.ring)
    end)

    it("takes the old name, the default number where none or a bad one is given, and the default language", function()
        for _, rest in ipairs({ "", ',"outbound_number":""', ',"outbound_number":"12"' }) do
            expect_outbound('{"call_type":"OutboundCall"' .. ADA .. NUMBER .. rest .. "}", "null", "null", "null",
                "+1 339-219-5276")
        end
    end)

    it("creates an outbound call for a ticket, which prevails over a number", function()
        local answer = expect_outbound(outbound(ADA .. ',"end_user_number":"+49 30 123456","ticket_id":"71450"'),
            '"71450"', '{"id":67,"identifier":null,"out_contact_id":"381630957514"}', "67", "+1 339-219-5276")
        assert.equal("+18596579625", answer.ring.to)
    end)

    local QUEUED = '{"id":397,"lang":"en","call_type":"%s","status":"%s","created_at":"2015-08-30T12:36:00.000Z",'
        .. '"queued_at":%s,"assigned_at":null,"connected_at":null,"ends_at":null,"scheduled_at":%s,"wait_duration":0,'
        .. '"call_duration":0,"hold_duration":0,"rating":null,"has_feedback":false,"out_ticket_id":%s,'
        .. '"out_ticket_url":null,"verified":false,"recording_url":null,"recording_permission":"not_asked",'
        .. '"voicemail_reason":"not_voicemail","deflection":"no_deflection",'
        .. '"disconnected_by":"disconnected_by_unknown","fail_reason":"nothing","fail_details":null,'
        .. '"support_number":null,"selected_menu":%s,"agent_info":null,"end_user":{"id":75,"identifier":null,'
        .. '"out_contact_id":"389391400633"},"photos":[],"videos":[],"transfers":[],"deflection_details":[],'
        .. '"participants":[{"id":610,"type":"end_user","status":"waiting","call_id":397,"user_id":null,'
        .. '"end_user_id":75,"call_duration":null,"hold_duration":null,"connected_at":null,"ended_at":null,'
        .. '"fail_reason":"nothing"}],"offer_type":"cascade","offer_events":[{"casting_time":'
        .. '"2015-08-30T12:36:00.000Z","group":"Group 1"}],"answer_type":"manual","outbound_number":"%s"}'
    local MENU_9 = '{"id":9,"name":"Lock Star","parent_id":null,"position":0,"deleted":false,"menu_type":"ivr_menu",'
        .. '"output_msg":"You selected Lock Star.","hidden":false},"menu_path":{"items_count":1,"name":"Lock Star",'
        .. '"materialized_path":"9"}'
    local NOW = '"2015-08-30T12:36:00.000Z"'
    local rows = {
        { "an inbound call", inbound(MENU .. ',"end_user_number":"+82-10-6861-2345"'), "+821068612345",
            { "Voice Inbound (API)", "queued", NOW, "null", "null", MENU_9, "+1 339-219-5276" } },
        { "an inbound call for a ticket, by its old name", '{"call_type":"IncomingCall"' .. MENU
            .. ',"ticket_id":"76517","end_user_number":"+49 30 123456","outbound_number":"+1 339-219-5277"}',
            "+18596579625",
            { "Voice Inbound (API)", "queued", NOW, "null", '"76517"', MENU_9, "+1 339-219-5277" } },
        { "a scheduled call", scheduled(MENU .. NUMBER), "+18596579625",
            { "Voice Scheduled (API)", "scheduled", "null", '"2019-09-15T00:19:14.421Z"', "null", MENU_9,
                "+1 339-219-5276" } },
        { "a scheduled call after another, by its old name", '{"call_type":"ScheduledCall","call_id":514' .. NUMBER
            .. FUTURE .. "}", "+18596579625",
            { "Voice Scheduled (API)", "scheduled", "null", '"2019-09-15T00:19:14.421Z"', "null",
                'null,"menu_path":null',
                "+1 339-219-5276" } },
    }
    for _, row in ipairs(rows) do
        it("queues " .. row[1], function()
            local state = support.state()
            local answer = post(state, row[2])
            assert.equal(fill(QUEUED, row[4]), answer.body)
            assert.equal(201, answer.status)
            assert.is_nil(answer.ring)
            assert.same({ { vendor = "ccai_platform", to = row[3], token = "" } }, state.queued)
        end)
    end

    for _, menu in ipairs({ { 60, 201, 201 }, { 70, 201, 201 }, { 80, 201, 400 } }) do
        it("takes menu " .. menu[1] .. " or not, by its kind", function()
            local rest = ',"menu_id":' .. menu[1] .. NUMBER
            assert.equal(menu[2], post(support.state(), inbound(rest)).status)
            assert.equal(menu[3], post(support.state(), scheduled(rest)).status)
        end)
    end

    it("counts identifiers on", function()
        local state = support.state()
        post(state, outbound(ADA .. NUMBER))
        post(state, inbound(MENU .. NUMBER))
        local third = json.decode(post(state, outbound(AGENT .. NUMBER)).body)
        assert.equal(399, third.id)
        assert.equal(613, third.participants[1].id)
        assert.equal(2, third.agent_info.id)
    end)

    it("accepts without a call where a person must act", function()
        local state = support.state()
        local manual = post(state, outbound(',"agent_email":"manual@somedomain.com"' .. NUMBER))
        assert.equal(202, manual.status)
        assert.equal("", manual.body)
        local choose = post(state, outbound(',"agent_email":"choose@somedomain.com"' .. NUMBER))
        assert.equal(202, choose.status)
        local prompt = post(state, outbound(',"agent_email":"prompt@somedomain.com"' .. NUMBER))
        assert.equal(200, prompt.status)
        assert.equal('{"call_type":"Voice Outbound (API)","agent_email":"prompt@somedomain.com",'
            .. '"end_user_number":"+1 859-657-9625","lang":"en"}', prompt.body)
        assert.is_nil(manual.ring or choose.ring or prompt.ring)
        assert.equal(3, #state.queued)
        assert.equal('{"calls":0,"accepted":3}', json.encode(ccai.counts(state)))
        local given = post(state, outbound(',"agent_email":"choose@somedomain.com","outbound_number":"+1 339-219-5276"'
            .. NUMBER))
        assert.equal(201, given.status)
        assert.truthy(given.ring)
    end)
end)

describe("the mock's CCAI door", function()
    for _, row in ipairs({
        { "no credentials", {} },
        { "a wrong token", { { "Authorization", "Basic YWNtZTp3cm9uZw==" } } },
        { "another user", { { "Authorization", "Basic b3RoZXI6dG9rZW4=" } } },
        { "a bearer token", { { "Authorization", "Bearer token" } } },
    }) do
        it("refuses " .. row[1], function()
            local answer = post(support.state(), outbound(AGENT .. NUMBER), row[2])
            assert.equal(401, answer.status)
            assert.equal('{"message":"Unauthorized"}', answer.body)
            assert.equal('Basic realm="Application"', support.header(answer, "WWW-Authenticate"))
        end)
    end

    it("wants JSON, and knows no other endpoint", function()
        local state = support.state()
        local answer = post(state, outbound(AGENT .. NUMBER), { BASIC, { "Content-Type", "text/plain" } })
        assert.equal(415, answer.status)
        assert.equal('{"message":"Content-Type must be application/json"}', answer.body)
        assert.equal(201, post(state, outbound(AGENT .. NUMBER),
            { BASIC, { "Content-Type", "application/json; charset=utf-8" } }).status)
        answer = ccai.handle(state, support.request("GET", "/apps/api/v1/calls", { BASIC }))
        assert.equal(404, answer.status)
        assert.equal('{"message":"Not Found"}', answer.body)
    end)

    it("enforces ten per second when told to", function()
        local state = support.state({ rate = true, settings = { ccai = { calls_per_agent = 0 } } })
        for _ = 1, 10 do
            assert.equal(201, post(state, outbound(AGENT .. NUMBER)).status)
        end
        local answer = post(state, outbound(AGENT .. NUMBER))
        assert.equal(429, answer.status)
        assert.equal('{"message":"Too many requests"}', answer.body)
        assert.is_nil(answer.ring)
        state.advance(100)
        assert.equal(201, post(state, outbound(AGENT .. NUMBER)).status)
        assert.equal('{"message":"Internal server error"}', ccai.failed().body)
        assert.equal(500, ccai.failed().status)
    end)
end)
