-- The way from a request to an answer: vendors by path, the mock's own pages, rings and faults.

local faults = require("mock.faults")
local phone_log = require("mock.phone_log")
local router = require("mock.router")
local support = dofile("tests/lua/mock_support.lua")

local CCAI = { { "Authorization", "Basic YWNtZTp0b2tlbg==" }, { "Content-Type", "application/json" } }
local CALL = '{"call_type":"Voice Outbound (API)","agent_email":"a@x","end_user_number":"+1 859-657-9625"}'

local function call(state, next_fault, body)
    return router.handle(state, support.request("POST", "/apps/api/v1/calls", CCAI, body or CALL), next_fault)
end

local function always(kind)
    return faults.new({ [kind] = 1 }, 1)
end

describe("the mock's router", function()
    local rows = {
        { "PUT", "/contact/outbound-voice", 403 }, { "GET", "/api/v2/diagnostics/version", 200 },
        { "POST", "/apps/api/v1/calls", 401 }, { "POST", "/symbee-previewcontact-service/x", 404 },
    }
    for _, row in ipairs(rows) do
        it("gives " .. row[2] .. " to its vendor", function()
            assert.equal(row[3], router.handle(support.state(), support.request(row[1], row[2])).status)
        end)
    end

    it("says which path nobody answers", function()
        local answer = router.handle(support.state(), support.request("GET", "/index.html"))
        assert.equal(404, answer.status)
        assert.equal("no mock vendor answers GET /index.html\n", answer.body)
    end)

    it("logs each ring and tells of rings and of what is queued", function()
        local lines = {}
        local file = { write = function(_, ...)
            lines[#lines + 1] = table.concat({ ... })
            return true
        end, flush = function()
            return true
        end }
        local state = support.state({ phone_log = phone_log.new(file) })
        call(state)
        call(state, nil, '{"call_type":"IncomingCall","menu_id":9,"end_user_number":"+1 859-657-9625"}')
        call(state, nil, "{}")
        assert.same({ '{"vendor":"ccai_platform","to":"+18596579625","token":"","at_ms":1440938160000}\n' }, lines)
        assert.equal('{"amazon_connect":0,"genesys":0,"ccai_platform":1,"symbee":0,"total":1}',
            router.handle(state, support.request("GET", "/mock/rings")).body)
        assert.equal('{"amazon_connect":{"contacts":0,"fast_busy":0},"genesys":{"dials":0,"records":0,"sessions":0},'
            .. '"ccai_platform":{"calls":2,"accepted":0},"symbee":{"records":0},'
            .. '"queued":[{"vendor":"ccai_platform","to":"+18596579625","token":""}]}',
            router.handle(state, support.request("GET", "/mock/state")).body)
    end)

    it("rotates CSRF tokens and ends sessions", function()
        local state = support.state()
        local basic = { "Authorization", "Basic YWdlbnQ6c2VjcmV0" }
        local first = router.handle(state, support.request("GET", "/api/v2/me", { basic }))
        local cookie = { "Cookie", support.header(first, "Set-Cookie"):match("^[^;]+") }
        assert.equal("{}", router.handle(state, support.request("POST", "/mock/genesys/csrf/rotate")).body)
        local second = router.handle(state, support.request("GET", "/api/v2/me", { cookie }))
        assert.are_not.equal(support.header(first, "X-CSRF-TOKEN"), support.header(second, "X-CSRF-TOKEN"))
        router.handle(state, support.request("POST", "/mock/genesys/sessions/expire"))
        assert.equal(403, router.handle(state, support.request("GET", "/api/v2/me", { cookie })).status)
    end)

    local kinds = {
        { "throttle", 0, 429, '{"message":"Too many requests"}' },
        { "error_500", 0, 500, '{"message":"Internal server error"}' },
        { "garbage", 1, 201, '{"garbage":' },
    }
    for _, row in ipairs(kinds) do
        it("fails by " .. row[1], function()
            local state = support.state()
            local answer = call(state, always(row[1]))
            assert.equal(row[3], answer.status)
            assert.equal(row[4], answer.body)
            assert.equal(row[2], state.phone_log.total)
        end)
    end

    for _, row in ipairs({ { "drop_before", "drop", 0 }, { "drop_after", "drop", 1 }, { "hang", "hang", 1 } }) do
        it("fails by " .. row[1], function()
            local state = support.state()
            local answer = call(state, always(row[1]))
            assert.is_true(answer[row[2]])
            assert.is_nil(answer.status)
            assert.equal(row[3], state.phone_log.total)
        end)
    end

    it("throttles and fails in each vendor's form", function()
        local paths = { { "/contact/outbound-voice", 429, 500 }, { "/api/v2/me", 503, 500 },
            { "/symbee-previewcontact-service/x", 429, 500 } }
        for _, row in ipairs(paths) do
            local request = support.request("POST", row[1])
            assert.equal(row[2], router.handle(support.state(), request, always("throttle")).status)
            assert.equal(row[3], router.handle(support.state(), request, always("error_500")).status)
        end
    end)

    it("spares the mock's own pages, which take no turn either", function()
        local state, asked = support.state(), 0
        local answer = router.handle(state, support.request("GET", "/mock/rings"), function()
            asked = asked + 1
            return "drop_before"
        end)
        assert.equal(200, answer.status)
        assert.equal(0, asked)
    end)

    it("gives the same faults for the same seed", function()
        local function run(seed)
            local state, list = support.state({ settings = { ccai = { calls_per_agent = 0 } } }), {}
            local next_fault = faults.new(faults.parse("drop_before=0.2,drop_after=0.2,error_500=0.2"), seed)
            for index = 1, 30 do
                local answer = call(state, next_fault)
                list[index] = answer.drop and "drop" or answer.status
            end
            return table.concat(list, " "), state.phone_log.total
        end
        local first, rings = run(3)
        assert.equal("drop drop drop drop 201 500 500 500 201 500 drop drop 500 "
            .. "500 drop 500 500 500 drop drop 500 201 201 drop drop drop 201 drop 500 201", first)
        assert.equal(12, rings)
        assert.equal(first, (run(3)))
        assert.are_not.equal(first, (run(4)))
    end)
end)
