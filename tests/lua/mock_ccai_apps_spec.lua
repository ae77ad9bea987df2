-- The mock's CCAI Platform around calls: flags of the customer, cancelling, naming the person, do-not-call, waiting
-- times.

local ccai = require("mock.ccai")
local json = require("mock.json")
local support = dofile("tests/lua/mock_support.lua")

local HEADERS = { { "Authorization", "Basic YWNtZTp0b2tlbg==" }, { "Content-Type", "application/json" } }
local APPS = "/apps/api/v1"

local function send(state, method, path, body)
    return ccai.handle(state, support.request(method, APPS .. path, HEADERS, body))
end

local function expect(answer, status, body)
    assert.equal(body, answer.body)
    assert.equal(status, answer.status)
end

local function text(message)
    return '{"message":"' .. message .. '"}'
end

local function outbound(state, number, agent)
    local answer = send(state, "POST", "/calls", '{"call_type":"Voice Outbound (API)","agent_email":"'
        .. (agent or "ada") .. '@x","end_user_number":"' .. number .. '"}')
    return json.decode(answer.body).id, answer
end

local function scheduled(state, at)
    return json.decode(send(state, "POST", "/calls", '{"call_type":"Voice Scheduled (API)","menu_id":9,'
        .. '"end_user_number":"+15550100001","scheduled_at":"' .. (at or "2015-08-30T13:00:00Z") .. '"}').body).id
end

describe("the mock's customer_flag", function()
    local function flags(verified, bad, returning)
        return ('{"verified_customer":%s,"bad_actor":%s,"repeat_customer":%s}'):format(verified, bad, returning)
    end

    it("reads one name and writes another", function()
        local state = support.state()
        local path = "/calls/" .. outbound(state, "+15550100001") .. "/customer_flag"
        expect(send(state, "GET", path), 200, flags("false", "false", "false"))
        expect(send(state, "PATCH", path, '{"verified_customer":true,"repeat_customers":true}'), 200,
            flags("true", "false", "true"))
        expect(send(state, "PATCH", path, '{"bad_actor":true,"verified_customer":false,"repeat_customer":false}'), 200,
            flags("false", "true", "true"))
        expect(send(state, "GET", path), 200, flags("false", "true", "true"))
    end)

    it("can honour the name that is read", function()
        local state = support.state({ settings = { ccai = { repeat_flag = "repeat_customer" } } })
        local path = "/calls/" .. outbound(state, "+15550100001") .. "/customer_flag"
        expect(send(state, "PATCH", path, '{"repeat_customers":true}'), 200, flags("false", "false", "false"))
        expect(send(state, "PATCH", path, '{"repeat_customer":true}'), 200, flags("false", "false", "true"))
    end)

    it("refuses", function()
        local state = support.state()
        local path = "/calls/" .. outbound(state, "+15550100001") .. "/customer_flag"
        expect(send(state, "PATCH", path, '{"bad_actor":"boolean"}'), 400, text("bad_actor is not well formed"))
        expect(send(state, "PATCH", path, "[]"), 400, text("The body is not a JSON object"))
        expect(send(state, "GET", "/calls/1/customer_flag"), 404, text("Not Found"))
        expect(send(state, "PATCH", "/calls/1/customer_flag", "{}"), 404, text("Not Found"))
        expect(send(state, "POST", path, "{}"), 404, text("Not Found"))
        expect(send(state, "GET", path), 200, flags("false", "false", "false"))
    end)
end)

describe("the mock's cancelling", function()
    local function cancel(state, id)
        return send(state, "PATCH", "/calls/scheduled/" .. id .. "/cancel")
    end

    it("cancels a call that waits for its time or for an agent, once", function()
        for _, wait_ms in ipairs({ 0, 1000 }) do
            local log = support.rings()
            local state = support.state({ phone_log = log })
            local id = scheduled(state, "2015-08-30T12:36:01Z")
            state.advance(wait_ms)
            local answer = cancel(state, id)
            local call = json.decode(answer.body)
            assert.equal(200, answer.status)
            assert.equal(id .. " cancelled", call.id .. " " .. call.status)
            assert.is_nil(call.parent_id)
            expect(cancel(state, id), 204, "")
            state.advance(86400000)
            expect(cancel(state, id), 204, "")
            assert.equal(0, #log)
        end
    end)

    it("comes too late for a call that has its agent", function()
        local state = support.state()
        local id = scheduled(state, "2015-08-30T12:36:01Z")
        state.advance(3000)
        expect(cancel(state, id), 400, text("Call can not be cancelled"))
        state.advance(60000)
        expect(cancel(state, id), 400, text("Call can not be cancelled"))
    end)

    it("knows scheduled calls only", function()
        local state = support.state()
        expect(cancel(state, 1), 404, text("Not Found"))
        expect(cancel(state, (outbound(state, "+15550100001"))), 404, text("Not Found"))
        expect(cancel(state, "x"), 404, text("Not Found"))
    end)

    it("cancels many and tells elsewhere what became of it", function()
        local state = support.state()
        local first, second = scheduled(state), scheduled(state)
        cancel(state, second)
        local answer = send(state, "PATCH", "/calls/scheduled/cancel", '{"call_ids":[' .. first .. "," .. second
            .. ",1," .. outbound(state, "+15550100001") .. ',"x"]}')
        assert.equal(202, answer.status)
        assert.equal("", answer.body)
        assert.equal("/apps/api/v1/calls/scheduled/cancel/1", support.header(answer, "Location"))
        expect(send(state, "GET", "/calls/scheduled/cancel/1"), 200,
            '{"status":"finished","cancelled":[397,398],"failed":[1,399,"x"]}')
        expect(send(state, "GET", "/calls/scheduled/cancel/2"), 404, text("Not Found"))
        for _, body in ipairs({ "{}", '{"call_ids":[]}', '{"call_ids":7}' }) do
            expect(send(state, "PATCH", "/calls/scheduled/cancel", body), 400,
                text("param is missing or the value is empty: call_ids"))
        end
    end)
end)

describe("the mock's end_user", function()
    local function name(state, id, body)
        return send(state, "POST", "/calls/" .. id .. "/end_user", body or '{"identifier":"customer-7"}')
    end

    it("names the person of a live call, not twice within the interval", function()
        local state = support.state()
        local id = outbound(state, "+15550199012")
        expect(name(state, id), 202, text("accepted"))
        state.advance(59999)
        expect(name(state, id), 400, text("Duplicate request: Please wait for the interval to expire"))
        state.advance(1)
        expect(name(state, id, '{"identifier":"customer-8","name":"Ann","email":"a@x","phone":"1"}'), 202,
            text("accepted"))
        local answer = ccai.handle(state, support.request("GET", "/manager/api/v1/calls", HEADERS))
        assert.equal("customer-8", json.decode(answer.body)[1].end_user.identifier)
    end)

    it("refuses", function()
        local state = support.state()
        local id = outbound(state, "+15550100001")
        for _, body in ipairs({ "{}", '{"identifier":""}', '{"identifier":7}' }) do
            expect(name(state, id, body), 400, text("param is missing or the value is empty: identifier"))
        end
        expect(name(state, 1), 404, text("Not Found"))
        state.advance(10000)
        expect(name(state, id), 400, text("Call is already ended"))
        state = support.state({ settings = { ccai = { crm_supported = false } } })
        expect(name(state, (outbound(state, "+15550100001"))), 400, text("Unsupported CRM request"))
    end)
end)

describe("the mock's do-not-call list", function()
    local function add(state, body)
        return send(state, "POST", "/outbound_dialer/dnc", body)
    end

    -- The documents' own request and answer, with the years moved to the mock's clock.
    it("answers each entry, as in the documents' example", function()
        local state = support.state({ settings = { ccai = { do_not_call = { "+14151113333", "+14151115555" } } } })
        expect(add(state, '{"contacts":[{"phone_number":"+1-7187309219","expires_at":"2015-10-29 00:00:00 UTC"},'
            .. '{"phone_number":"+1-(358)-213-1634"},'
            .. '{"phone_number":"+1-4151113333","expires_at":"2015-10-30 00:00:00 UTC"},'
            .. '{"phone_number":"+1-4151115555"},'
            .. '{"phone_number":"+1-7187309219","expires_at":"2015-08-27 00:00:00 UTC"},'
            .. '{"phone_number":"sssssss"},{"phone_number":"911","expires_at":"2016-02-05 00:00:00 UTC"}]}'), 200,
            '[{"phone_number":"+1-7187309219","expires_at":"2015-10-29 00:00:00 UTC","status":"created"},'
            .. '{"phone_number":"+1-(358)-213-1634","status":"created"},'
            .. '{"phone_number":"+1-4151113333","expires_at":"2015-10-30 00:00:00 UTC","status":"updated"},'
            .. '{"phone_number":"+1-4151115555","status":"updated"},'
            .. '{"phone_number":"+1-7187309219","expires_at":"2015-08-27 00:00:00 UTC",'
            .. '"error":"expires_at cannot be past date/time","status":"failed"},'
            .. '{"phone_number":"sssssss","error":"phone_number is invalid","status":"failed"},'
            .. '{"phone_number":"911","expires_at":"2016-02-05 00:00:00 UTC",'
            .. '"error":"emergency phone number is not allowed","status":"failed"}]')
    end)

    it("blocks calls from then on, until an entry ends", function()
        local state = support.state()
        add(state, '{"contacts":[{"phone_number":"+1 555-010-0001","expires_at":"2015-08-30 12:36:05 UTC"},'
            .. '{"phone_number":"+15550100002","expires_at":null}]}')
        local function status(number)
            local _, answer = outbound(state, number, "a" .. number:sub(-1) .. state.now_ms())
            return answer.status
        end
        assert.equal("400 400 201", status("+15550100001") .. " " .. status("+15550100002") .. " "
            .. status("+15550100003"))
        state.advance(5000)
        assert.equal("201 400", status("+15550100001") .. " " .. status("+15550100002"))
    end)

    it("refuses what is no list of contacts, and times that are none", function()
        local state = support.state()
        for _, body in ipairs({ "{}", '{"contacts":[]}', '{"contacts":"+1"}' }) do
            expect(add(state, body), 400, text("param is missing or the value is empty: contacts"))
        end
        expect(add(state, '{"contacts":["+15550100001"]}'), 400, text("contacts must be objects"))
        expect(add(state, '{"contacts":[{"phone_number":"+15550100001","expires_at":"2016-01-01"}]}'), 200,
            '[{"phone_number":"+15550100001","expires_at":"2016-01-01","error":"expires_at is invalid",'
            .. '"status":"failed"}]')
    end)
end)

describe("the mock's wait_times", function()
    local TAIL = ',"logged_in_agents":3,"available_agents":2,"breakthrough_agents":1}'
    local function row(id, kind, name, channels)
        return '{"menu_id":' .. id .. ',"menu_type":"' .. kind .. '",' .. channels .. ',"materialized_path":"' .. name
            .. '"' .. TAIL
    end
    local BOTH, VOICE = '"chat":10,"voice_call":10', '"voice_call":10'
    local rows = {
        { "lang=en&menu_type=mobile_menu", { row(51, "mobile_menu", "Redirected", BOTH),
            row(52, "mobile_menu", "Night", BOTH), row(60, "mobile_menu", "App", BOTH) } },
        { "lang=en&menu_id=9", { row(9, "ivr_menu", "Lock Star", VOICE) } },
        { "lang=en&menu_type=web_menu&channel_type=voice_call", { row(70, "web_menu", "Site", VOICE) } },
        { "lang=en&menu_type=web_menu&channel_type=chat", { row(70, "web_menu", "Site", '"chat":10') } },
        { "lang=en&menu_id=70&wait[from]=9&wait[to]=11", { row(70, "web_menu", "Site", BOTH) } },
        { "lang=en&wait%5Bfrom%5D=10", {} },
        { "lang=en&wait[to]=10", {} },
        { "lang=en&menu_id=50", {} },
    }
    for index, case in ipairs(rows) do
        it("answers row " .. index, function()
            expect(send(support.state(), "GET", "/wait_times?" .. case[1]), 200, "[" .. table.concat(case[2], ",")
                .. "]")
        end)
    end

    local refusals = {
        { "", "param is missing or the value is empty: lang" },
        { "lang=fr", "Language 'fr' is not available" },
        { "lang=en&menu_type=menu", "menu_type is not well formed" },
        { "lang=en&channel_type=fax", "channel_type is not well formed" },
        { "lang=en&menu_id=x", "menu_id is not well formed" },
        { "lang=en&wait[to]=-1", "wait[to] is not well formed" },
    }
    for _, case in ipairs(refusals) do
        it("refuses " .. case[1], function()
            expect(send(support.state(), "GET", "/wait_times?" .. case[1]), 400, text(case[2]))
        end)
    end
end)
