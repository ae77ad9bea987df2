-- The mock's CCAI Platform after POST /calls: lives by the number called, callbacks, seats, and the list of calls.

local ccai = require("mock.ccai")
local json = require("mock.json")
local outcomes = require("mock.outcomes")
local support = dofile("tests/lua/mock_support.lua")

local BASIC = { "Authorization", "Basic YWNtZTp0b2tlbg==" } -- acme:token
local HEADERS = { BASIC, { "Content-Type", "application/json" }, { "Host", "127.0.0.1:8080" } }

local function send(state, method, target, body)
    return ccai.handle(state, support.request(method, target, HEADERS, body))
end

local function post(state, body)
    return send(state, "POST", "/apps/api/v1/calls", body)
end

local function outbound(state, number, agent)
    local answer = post(state, '{"call_type":"Voice Outbound (API)","agent_email":"' .. (agent or "ada")
        .. '@somedomain.com","end_user_number":"' .. number .. '"}')
    local read = json.decode(answer.body)
    return read and read.id, answer
end

local function listed(state, query)
    local answer = send(state, "GET", "/manager/api/v1/calls" .. (query and "?" .. query or ""))
    assert.equal(200, answer.status, answer.body)
    return json.decode(answer.body), answer
end

local function call_of(state, id)
    for _, call in ipairs((listed(state))) do
        if call.id == id then
            return call
        end
    end
end

-- The statuses of a call as they change, each with the milliseconds since the start: "assigned 0, connecting 500".
local function life(state, id, until_ms)
    local seen, last = {}, nil
    for ms = 0, until_ms, 250 do
        state.advance(support.START_MS + ms - state.now_ms())
        local call = call_of(state, id)
        if call and call.status ~= last then
            last = call.status
            seen[#seen + 1] = last .. " " .. ms
        end
    end
    return table.concat(seen, ", ")
end

describe("the mock's outbound calls by number", function()
    local DIALLED = "assigned 0, connecting 500, "
    -- Ending, life, fail_reason, whether the phone rings.
    local rows = {
        { "00001", DIALLED .. "connected 4000, finished 10000", "nothing", true },
        { "99001", DIALLED .. "failed 30000", "eu_no_answer", true },
        { "99002", DIALLED .. "failed 4000", "eu_busy", false },
        { "99003", DIALLED .. "failed 4000", "eu_rejected", true },
        { "99004", DIALLED .. "connected 4000, finished 10000", "nothing", true },
        { "99005", DIALLED .. "connected 4000, finished 10000", "nothing", true },
        { "99006", DIALLED .. "failed 1000", "eu_wrong_number", false },
        { "99008", DIALLED .. "failed 1000", "voip_twilio_error", false },
        { "99009", DIALLED .. "failed 4000", "eu_abandoned", true },
        { "99010", DIALLED .. "failed 1000", "expired", false },
        { "99011", DIALLED .. "failed 4000", "ag_canceled", true },
        { "99012", "assigned 0, connecting 500", "nothing", true },
        { "99013", DIALLED .. "failed 4000", "something_new", true },
        { "99014", DIALLED .. "failed 4000, recovered 26000", "eu_no_answer", true },
        { "99015", DIALLED .. "failed 4000", "eu_no_answer", true },
        { "99016", DIALLED .. "switching 1000, connecting 1500, connected 4000, finished 10000", "nothing", true },
        { "99017", DIALLED .. "deflected 1000", "nothing", false },
        { "99018", DIALLED .. "voicemail 4000, voicemail_received 10000", "nothing", true },
        { "99101", DIALLED .. "connected 4000, finished 10000", "nothing", true },
        { "99212", DIALLED .. "failed 4000", "eu_no_answer", true },
    }
    for _, row in ipairs(rows) do
        it("..." .. row[1], function()
            local state = support.state()
            local id, answer = outbound(state, "+155501" .. row[1])
            assert.equal(201, answer.status)
            assert.equal(row[4], answer.ring ~= nil)
            assert.equal(row[2], life(state, id, 40000))
            assert.equal(row[3], call_of(state, id).fail_reason)
        end)
    end

    it("give every fail_reason of the documents", function()
        local state = support.state({ settings = { ccai = { calls_per_agent = 0 } } })
        local ids = {}
        for index in ipairs(outcomes.FAIL_REASONS) do
            ids[index] = outbound(state, ("+15550199%03d"):format(200 + index))
        end
        state.advance(30000)
        for index, reason in ipairs(outcomes.FAIL_REASONS) do
            local call = call_of(state, ids[index])
            assert.equal("failed " .. reason, call.status .. " " .. call.fail_reason)
        end
    end)

    it("refuse ...99007, which is on the do-not-call list", function()
        local state = support.state()
        local _, answer = outbound(state, "+15550199007")
        assert.equal(400, answer.status)
        assert.equal('{"message":"end_user_number is on the do not call list"}', answer.body)
        assert.is_nil(answer.ring)
    end)

    it("tell times, durations and participants of a finished call", function()
        local state = support.state()
        local id = outbound(state, "+15550199004")
        state.advance(60000)
        local call = call_of(state, id)
        assert.equal("2015-08-30T12:36:04.000Z 2015-08-30T12:36:10.000Z 6 va_callback_machine_detected",
            table.concat({ call.connected_at, call.ends_at, call.call_duration, call.finish_reason }, " "))
        assert.equal("2015-08-30T12:36:10.000Z", call.updated_at)
        assert.equal("connected 6 2015-08-30T12:36:10.000Z", table.concat({ call.participants[2].status,
            call.participants[2].call_duration, call.participants[2].ended_at }, " "))
    end)

    it("are called again by a child that the vendor dials", function()
        for _, row in ipairs({ { "99014", "recovered", "finished", "nothing" },
            { "99015", "failed", "failed", "eu_no_answer" } }) do
            local log = support.rings()
            local state = support.state({ phone_log = log })
            local id = outbound(state, "+155501" .. row[1])
            state.advance(13999)
            assert.equal(1, #listed(state))
            state.advance(1)
            local list = listed(state)
            assert.equal(2, #list)
            local child = list[2].parent_id == id and list[2] or list[1]
            assert.equal(id .. " queued Voice Outbound (API)", child.parent_id .. " " .. child.status .. " "
                .. child.call_type)
            assert.equal(0, #log)
            state.advance(2000)
            assert.equal("assigned", call_of(state, child.id).status)
            assert.equal("+155501" .. row[1] .. " 16000", table.concat(log, ","))
            state.advance(60000)
            assert.equal(row[2], call_of(state, id).status)
            assert.equal(row[3] .. " " .. row[4], call_of(state, child.id).status .. " "
                .. call_of(state, child.id).fail_reason)
            assert.equal(1, #log)
        end
    end)

    it("go unanswered where ringing takes longer than the platform waits", function()
        local state = support.state({ settings = { contacts = { ring_ms = 40000 } } })
        local id = outbound(state, "+15550100001")
        assert.equal("assigned 0, connecting 500, failed 30000", life(state, id, 31000))
    end)

    it("live faster where it is told so", function()
        local state = support.state({ settings = { contacts = { speed = 4 } } })
        local id = outbound(state, "+15550100001")
        assert.equal("assigned 0, connecting 250, connected 1000, finished 2500", life(state, id, 5000))
    end)
end)

describe("the mock's seats", function()
    it("have one live call each", function()
        local state = support.state()
        assert.truthy((outbound(state, "+15550100001")))
        local _, answer = outbound(state, "+15550100002")
        assert.equal(400, answer.status)
        assert.equal('{"message":"Agent is not available to take this call"}', answer.body)
        assert.is_nil(answer.ring)
        assert.truthy((outbound(state, "+15550100002", "ben")))
        state.advance(9999)
        assert.is_nil((outbound(state, "+15550100002")))
        state.advance(1)
        assert.truthy((outbound(state, "+15550100002")))
    end)

    it("are free again when a call fails, and taken by a call that never ends", function()
        local state = support.state()
        outbound(state, "+15550199006")
        state.advance(1000)
        assert.truthy((outbound(state, "+15550199012")))
        state.advance(86400000)
        assert.is_nil((outbound(state, "+15550100002")))
    end)

    it("can have more", function()
        local state = support.state({ settings = { ccai = { calls_per_agent = 2 } } })
        outbound(state, "+15550100001")
        assert.truthy((outbound(state, "+15550100002")))
        assert.is_nil((outbound(state, "+15550100003")))
    end)
end)

describe("the mock's calls that wait", function()
    local function queued(state, rest)
        return json.decode(post(state, '{"call_type":"' .. rest .. "}").body)
    end

    it("inbound: get an agent, and only then the phone rings", function()
        local log = support.rings()
        local state = support.state({ phone_log = log })
        local call = queued(state, 'Voice Inbound (API)","menu_id":9,"end_user_number":"+15550100001"')
        assert.equal("queued 0, assigned 2000, connecting 2500, connected 6000, finished 12000",
            life(state, call.id, 20000))
        assert.equal("+15550100001 2000", table.concat(log, ","))
        local after = call_of(state, call.id)
        assert.equal("Queue Agent 2 2015-08-30T12:36:02.000Z", table.concat({ after.agent_info.name,
            after.queue_duration, after.assigned_at }, " "))
        assert.equal(call.participants[1].id, after.participants[2].id)
        assert.equal("agent end_user", after.participants[1].type .. " " .. after.participants[2].type)
    end)

    it("scheduled: wait for their time", function()
        local log = support.rings()
        local state = support.state({ phone_log = log })
        local call = queued(state, 'Voice Scheduled (API)","menu_id":9,"end_user_number":"+15550199003",'
            .. '"scheduled_at":"2015-08-30T12:36:10Z"')
        assert.equal("scheduled 0, queued 10000, assigned 12000, connecting 12500, failed 16000",
            life(state, call.id, 20000))
        assert.equal("+15550199003 12000", table.concat(log, ","))
    end)

    it("scheduled: are refused on the do-not-call list, inbound ones are not", function()
        local state = support.state()
        local number = '"end_user_number":"+15550199007","menu_id":9'
        local answer = post(state, '{"call_type":"Voice Scheduled (API)",' .. number
            .. ',"scheduled_at":"2015-08-30T12:36:10Z"}')
        assert.equal('{"message":"end_user_number is on the do not call list"}', answer.body)
        assert.equal(201, post(state, '{"call_type":"Voice Inbound (API)",' .. number .. "}").status)
    end)

    it("for a person in the widget: are made when the agent has acted", function()
        for _, agent in ipairs({ "manual", "choose", "prompt" }) do
            local log = support.rings()
            local state = support.state({ phone_log = log })
            local id = outbound(state, "+15550100001", agent)
            assert.is_nil(id)
            state.advance(4999)
            assert.equal(0, #listed(state))
            state.advance(1)
            assert.equal("assigned", listed(state)[1].status)
            assert.equal("+15550100001 5000", table.concat(log, ","))
        end
    end)
end)

describe("the mock's list of calls", function()
    local function ids(list)
        local names = {}
        for index, call in ipairs(list) do
            names[index] = call.id - 396
        end
        return table.concat(names, " ")
    end

    local function four()
        local state = support.state()
        for index = 1, 4 do
            outbound(state, "+15550199012", "agent" .. index)
            state.advance(1000)
        end
        return state
    end

    it("shows a call with what the Manager API has more", function()
        local state = support.state()
        outbound(state, "+15550100001")
        local list, answer = listed(state)
        assert.equal('[{"id":397,"parent_id":null,"lang":"en","call_type":"Voice Outbound (API)","status":"assigned",'
            .. '"created_at":"2015-08-30T12:36:00.000Z","queued_at":null,"assigned_at":"2015-08-30T12:36:00.000Z",'
            .. '"connected_at":null,"ends_at":null,"scheduled_at":null,"wait_duration":0,"call_duration":0,'
            .. '"hold_duration":0,"rating":null,"has_feedback":false,"voip_provider":"voip_provider_twilio",'
            .. '"out_ticket_id":null,"out_ticket_url":null,"verified":false,"recording_url":null,'
            .. '"recording_permission":"not_asked","voicemail_reason":"not_voicemail","deflection":"no_deflection",'
            .. '"disconnected_by":"disconnected_by_unknown","fail_reason":"nothing","fail_details":null,'
            .. '"support_number":null,"selected_menu":null,"menu_path":null,"agent_info":{"id":1,"agent_number":null,'
            .. '"name":"Ada Agent","last_name":"Agent","first_name":"Ada",'
            .. '"avatar_url":"https://somedomain.com/default-profile.png"},"end_user":null,"photos":[],"videos":[],'
            .. '"transfers":[],"deflection_details":[],"participants":[{"id":610,"type":"agent","status":"waiting",'
            .. '"call_id":397,"user_id":1,"end_user_id":null,"call_duration":null,"hold_duration":null,'
            .. '"connected_at":null,"ended_at":null,"fail_reason":"nothing"},{"id":611,"type":"end_user",'
            .. '"status":"waiting","call_id":397,"user_id":null,"end_user_id":null,"call_duration":null,'
            .. '"hold_duration":null,"connected_at":null,"ended_at":null,"fail_reason":"nothing"}],"offer_type":null,'
            .. '"offer_events":[],"answer_type":"manual","outbound_number":"+1 339-219-5276","call_uuid":"'
            .. list[1].call_uuid .. '","sub_status":null,"updated_at":"2015-08-30T12:36:00.000Z","queue_duration":0,'
            .. '"finish_reason":"no_reason","adapter_fail_code":null,"adapter_fail_message":null}]', answer.body)
        assert.equal("1", support.header(answer, "total"))
        assert.is_nil((support.header(answer, "link")))
    end)

    -- The fourth call was last changed 3.5 s after the start, each other one a second before.
    local rows = {
        { "", "1 2 3 4" },
        { "sort_column=updated_at&sort_direction=DESC", "4 3 2 1" },
        { "sort_column=id&sort_direction=ASC", "1 2 3 4" },
        { "sort_column=created_at&sort_direction=DESC", "4 3 2 1" },
        { "updated_at[from]=2015-08-30T12:36:02.500Z", "3 4" },
        { "updated_at%5Bfrom%5D=2015-08-30T14%3A36%3A02.501%2B02%3A00", "4" },
        { "updated_at[from]=2015-08-30T12:37:00Z", "" },
        { "page=2&per=3", "4" }, { "page=3&per=3", "" },
    }
    for index, row in ipairs(rows) do
        it("selects and sorts row " .. index, function()
            assert.equal(row[2], ids((listed(four(), row[1]))))
        end)
    end

    it("goes in pages by headers", function()
        local state = four()
        local list, answer = listed(state, "updated_at%5Bfrom%5D=2015-08-30T12:36:00Z&page=1&per=2")
        assert.equal("1 2", ids(list))
        assert.equal("4", support.header(answer, "total"))
        local link = support.header(answer, "link")
        assert.equal('<http://127.0.0.1:8080/manager/api/v1/calls?updated_at%5Bfrom%5D=2015-08-30T12:36:00Z&per=2'
            .. '&page=2>; rel="next"', link)
        list, answer = listed(state, link:match("%?(.-)>"))
        assert.equal("3 4", ids(list))
        assert.is_nil((support.header(answer, "link")))
        local without = support.state({ settings = { ccai = { next_link = false } } })
        outbound(without, "+15550100001")
        outbound(without, "+15550100001", "ben")
        list, answer = listed(without, "per=1")
        assert.equal("1 2", ids(list) .. " " .. support.header(answer, "total"))
        assert.is_nil((support.header(answer, "link")))
    end)

    local refusals = {
        { "page=0", "page is not well formed" }, { "per=101", "per is not well formed" },
        { "per=x", "per is not well formed" }, { "sort_column=name", "sort_column is not well formed" },
        { "sort_direction=UP", "sort_direction is not well formed" },
        { "updated_at[from]=yesterday", "updated_at[from] is not well formed" },
        { "updated_from=1", "unknown parameter updated_from" },
    }
    for _, row in ipairs(refusals) do
        it("refuses " .. row[1], function()
            local answer = send(support.state(), "GET", "/manager/api/v1/calls?" .. row[1])
            assert.equal(400, answer.status)
            assert.equal('{"message":"' .. row[2] .. '"}', answer.body)
        end)
    end

    it("asks for credentials and shares the rate", function()
        local answer = ccai.handle(support.state(), support.request("GET", "/manager/api/v1/calls"))
        assert.equal(401, answer.status)
        local state = support.state({ rate = true })
        for _ = 1, 10 do
            assert.equal(200, send(state, "GET", "/manager/api/v1/calls").status)
        end
        assert.equal(429, post(state, "{}").status)
        assert.equal(429, send(state, "GET", "/manager/api/v1/calls").status)
    end)
end)
