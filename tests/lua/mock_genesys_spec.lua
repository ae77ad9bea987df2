-- The mock's Genesys Web Services: session, CSRF, reads, Dial and AddRecord with their codes.

local genesys = require("mock.genesys")
local json = require("mock.json")
local support = dofile("tests/lua/mock_support.lua")

local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
local OTHER = "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7"
local UNREGISTERED = "0b1c2d3e-4f50-4161-8273-8495a6b7c8d9"
local CALLS = "/api/v2/me/devices/" .. DEVICE .. "/calls"
local BASIC = { "Authorization", "Basic YWdlbnQ6c2VjcmV0" } -- agent:secret
local CLERK = { "Authorization", "Basic Y2xlcms6c2VjcmV0" } -- clerk:secret
local HOST = { "Host", "gws.example.com" }

local function get(state, target, ...)
    return genesys.handle(state, support.request("GET", target, { HOST, ... }))
end

-- Logs in as a client does: GET /me, keep the cookie and the token. Returns a function that sends a POST with them.
local function log_in(state, basic)
    local answer = get(state, "/api/v2/me", basic or BASIC)
    local cookie = support.header(answer, "Set-Cookie"):match("^(JSESSIONID=[^;]+)")
    local csrf = support.header(answer, "X-CSRF-TOKEN")
    local function post(target, body)
        return genesys.handle(state, support.request("POST", target, { HOST, basic or BASIC, { "Cookie", cookie },
            { "X-CSRF-TOKEN", csrf }, { "Content-Type", "application/json" } }, body))
    end
    return post, cookie, csrf
end

local function expect(answer, status, body)
    assert.equal(body, answer.body)
    assert.equal(status, answer.status)
end

local DENIED = '{"statusCode":20,"statusMessage":"Access denied"}'
local CSRF = '{"statusCode":3,"statusMessage":"Missing or invalid Csrf token"}'
local DIAL = '{"operationName":"Dial","destination":{"phoneNumber":"+15550100001"}}'

describe("the mock's GWS session", function()
    it("tells its version to anybody", function()
        expect(get(support.state(), "/api/v2/diagnostics/version"), 200, '{"statusCode":0,"version":"8.5.202.96"}')
    end)

    local denied = {
        { "no credentials" },
        { "a wrong password", { "Authorization", "Basic YWdlbnQ6d3Jvbmc=" } },
        { "another scheme", { "Authorization", "Bearer YWdlbnQ6c2VjcmV0" } },
        { "broken base64", { "Authorization", "Basic YWdlb" } },
        { "an unknown cookie", { "Cookie", "JSESSIONID=node0x" } },
    }
    for _, row in ipairs(denied) do
        it("denies access with " .. row[1], function()
            local answer = get(support.state(), "/api/v2/me", row[2])
            expect(answer, 403, DENIED)
            assert.is_nil(support.header(answer, "Set-Cookie"))
        end)
    end

    it("gives a cookie and the CSRF headers to the first GET, and knows the cookie alone after that", function()
        local state = support.state()
        local first = get(state, "/api/v2/me", BASIC)
        assert.equal(200, first.status)
        local cookie = support.header(first, "Set-Cookie")
        assert.truthy(cookie:find("^JSESSIONID=node0%x+;Path=/;HttpOnly$"))
        assert.equal("X-CSRF-TOKEN", support.header(first, "X-CSRF-HEADER"))
        assert.equal(36, #support.header(first, "X-CSRF-TOKEN"))
        local second = get(state, "/api/v2/me", { "Cookie", "a=b; " .. cookie:match("^[^;]+") .. "; c=d" })
        assert.equal(200, second.status)
        assert.is_nil(support.header(second, "Set-Cookie"))
        assert.equal(support.header(first, "X-CSRF-TOKEN"), support.header(second, "X-CSRF-TOKEN"))
        assert.equal('{"dials":0,"records":0,"sessions":1}', json.encode(genesys.counts(state)))
    end)

    it("ends a session after half an hour without requests, and when told to", function()
        local state = support.state()
        local _, cookie = log_in(state)
        state.advance(1799999)
        assert.equal(200, get(state, "/api/v2/me", { "Cookie", cookie }).status)
        state.advance(1800000)
        expect(get(state, "/api/v2/me", { "Cookie", cookie }), 403, DENIED)
        _, cookie = log_in(state)
        genesys.PAGES["sessions/expire"](state)
        expect(get(state, "/api/v2/me", { "Cookie", cookie }), 403, DENIED)
    end)

    it("keeps a thousand sessions and ends the one that is idle for the longest", function()
        local state = support.state()
        local _, first = log_in(state)
        local _, second = log_in(state)
        state.advance(1)
        get(state, "/api/v2/me", { "Cookie", first })
        for _ = 1, 999 do
            get(state, "/api/v2/me", BASIC)
        end
        assert.equal('{"dials":0,"records":0,"sessions":1000}', json.encode(genesys.counts(state)))
        expect(get(state, "/api/v2/me", { "Cookie", second }), 403, DENIED)
        assert.equal(200, get(state, "/api/v2/me", { "Cookie", first }).status)
    end)

    it("wants cookie and token on every POST", function()
        local state = support.state()
        local _, cookie, csrf = log_in(state)
        local rows = {
            { BASIC },
            { BASIC, { "Cookie", cookie } },
            { BASIC, { "X-CSRF-TOKEN", csrf } },
            { BASIC, { "Cookie", cookie }, { "X-CSRF-TOKEN", csrf .. "x" } },
        }
        for _, headers in ipairs(rows) do
            local answer = genesys.handle(state, support.request("POST", CALLS, headers, DIAL))
            expect(answer, 403, CSRF)
            assert.is_nil(answer.ring)
        end
        expect(genesys.handle(state, support.request("POST", CALLS, { { "X-CSRF-TOKEN", csrf } }, DIAL)), 403, DENIED)
        local answer = genesys.handle(state, support.request("POST", CALLS, { { "Cookie", cookie },
            { "X-CSRF-TOKEN", csrf } }, DIAL))
        expect(answer, 200, '{"statusCode":0}')
    end)

    it("gives another agent's credentials a session of their own, whatever cookie comes with them", function()
        local state = support.state()
        local _, cookie, csrf = log_in(state)
        local answer = get(state, "/api/v2/me", CLERK, { "Cookie", cookie })
        assert.equal("clerk", json.decode(answer.body).user.userName)
        assert.truthy(support.header(answer, "Set-Cookie"))
        assert.are_not.equal(csrf, support.header(answer, "X-CSRF-TOKEN"))
    end)

    it("refuses a token of before the rotation, and gives the new one to the next GET", function()
        local state = support.state()
        local post, cookie, csrf = log_in(state)
        genesys.PAGES["csrf/rotate"](state)
        expect(post(CALLS, DIAL), 403, CSRF)
        local fresh = support.header(get(state, "/api/v2/me", { "Cookie", cookie }), "X-CSRF-TOKEN")
        assert.are_not.equal(csrf, fresh)
        expect(genesys.handle(state, support.request("POST", CALLS, { { "Cookie", cookie }, { "X-CSRF-TOKEN", fresh } },
            DIAL)), 200, '{"statusCode":0}')
    end)

    it("wants no token where the protection is off", function()
        local state = support.state({ settings = { genesys = { csrf = false } } })
        expect(genesys.handle(state, support.request("POST", CALLS, { BASIC }, DIAL)), 200, '{"statusCode":0}')
        assert.is_nil(support.header(get(state, "/api/v2/me", BASIC), "X-CSRF-HEADER"))
    end)
end)

describe("the mock's GWS reads", function()
    local ME = '{"statusCode":0,"user":{"id":"d6ab5b4fb6ba4f0eb1ab9c1ddf6a7d02","userName":"clerk","firstName":"Cleo",'
        .. '"lastName":"Clerk","emailAddress":"clerk@example.com","roles":["ROLE_AGENT"],"enabled":true,'
        .. '"changePasswordOnFirstLogin":false,%s"uri":"http://gws.example.com/api/v2/users/'
        .. 'd6ab5b4fb6ba4f0eb1ab9c1ddf6a7d02","path":"/users/d6ab5b4fb6ba4f0eb1ab9c1ddf6a7d02"}}'
    local DEVICE_5010 = '{"id":"5a5b5c5d-0000-4000-8000-000000000001","deviceState":"Active","userState":{"id":'
        .. '"0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB","displayName":"Offline","state":"LoggedOut"},"phoneNumber":"5010",'
        .. '"e164Number":"","telephonyNetwork":"Private","doNotDisturb":"Off","capabilities":["DoNotDisturbOn",'
        .. '"ForwardCallsOn"],"channels":["voice"],"uri":"http://gws.example.com/api/v2/devices/'
        .. '5a5b5c5d-0000-4000-8000-000000000001","path":"/devices/5a5b5c5d-0000-4000-8000-000000000001"}'

    local rows = {
        { "/api/v2/me", ME:format("") },
        { "/api/v2/me/?subresources=", ME:format("") },
        { "/api/v2/me?subresources=devices,calls", ME:format('"devices":[' .. DEVICE_5010 .. '],"calls":[],') },
        { "/api/v2/me?subresources=features%2Cchannels", ME:format('"features":[],"channels":[],') },
        { "/api/v2/me?subresources=*", ME:format('"features":[],"devices":[' .. DEVICE_5010
            .. '],"channels":[],"calls":[],"settings":[],') },
        { "/api/v2/me/devices", '{"statusCode":0,"uris":["http://gws.example.com/api/v2/devices/'
            .. '5a5b5c5d-0000-4000-8000-000000000001"]}' },
        { "/api/v2/me/devices?fields=*", '{"statusCode":0,"devices":[' .. DEVICE_5010 .. "]}" },
        { "/api/v2/me/devices/5a5b5c5d-0000-4000-8000-000000000001", '{"statusCode":0,"device":' .. DEVICE_5010
            .. "}" },
        { "/api/v2/devices/5a5b5c5d-0000-4000-8000-000000000001", '{"statusCode":0,"device":' .. DEVICE_5010 .. "}" },
        { "/api/v2/devices/5a5b5c5d-0000-4000-8000-000000000001/settings/tserver",
            '{"statusCode":0,"settings":[{"name":"wrap-up-time","value":"0"}],"key":"name"}' },
    }
    for _, row in ipairs(rows) do
        it("answers " .. row[1], function()
            expect(get(support.state(), row[1], CLERK), 200, row[2])
        end)
    end

    it("names the agent's features and tells an unregistered device", function()
        local me = json.decode(get(support.state(), "/api/v2/me?subresources=*", BASIC).body).user
        assert.equal("api-voice", me.features[1].id)
        assert.equal("api-voice-outbound", me.features[2].id)
        assert.equal("Inactive", me.devices[3].deviceState)
    end)

    it("finds nothing elsewhere", function()
        expect(get(support.state(), "/api/v2/me/devices/none", BASIC), 404,
            '{"statusCode":6,"statusMessage":"Device \'none\' is not found"}')
        expect(get(support.state(), "/api/v2/devices/none/settings/tserver", BASIC), 404,
            '{"statusCode":6,"statusMessage":"Device \'none\' is not found"}')
        expect(get(support.state(), "/api/v2/nothing", BASIC), 404,
            '{"statusCode":6,"statusMessage":"Resource \'/nothing\' is not found"}')
        expect(get(support.state(), CALLS, BASIC), 405,
            '{"statusCode":3,"statusMessage":"Method GET is not allowed here"}')
    end)
end)

describe("the mock's Dial", function()
    it("rings, with the token of userData.outdial", function()
        local post = log_in(support.state())
        local answer = post(CALLS, '{"operationName":"Dial","destination":{"phoneNumber":"5001"},"location":"x",'
            .. '"userData":{"outdial":"t-1","Product":{"a":1}},"outboundCallerId":"5005"}')
        expect(answer, 200, '{"statusCode":0}')
        assert.same({ vendor = "genesys", to = "5001", token = "t-1" }, answer.ring)
    end)

    it("takes a token that is no string for none", function()
        local post = log_in(support.state())
        local answer = post(CALLS, '{"operationName":"Dial","destination":{"phoneNumber":"5001"},'
            .. '"userData":{"outdial":1}}')
        assert.same({ vendor = "genesys", to = "5001", token = "" }, answer.ring)
    end)

    local refused = {
        { "", 400, 2, "The request body is not a JSON object" },
        { "[]", 400, 2, "The request body is not a JSON object" },
        { "{}", 400, 1, "Required parameter 'operationName' is missing" },
        { '{"operationName":"dial"}', 400, 2, "Parameter 'operationName' is not valid" },
        { '{"operationName":"Dial"}', 400, 1, "Required parameter 'destination' is missing" },
        { '{"operationName":"Dial","destination":"5001"}', 400, 2, "Parameter 'destination' is not valid" },
        { '{"operationName":"Dial","destination":{}}', 400, 1, "Required parameter 'phoneNumber' is missing" },
        { '{"operationName":"Dial","destination":{"phoneNumber":5001}}', 400, 2,
            "Parameter 'phoneNumber' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":""}}', 400, 2, "Parameter 'phoneNumber' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"my mum"}}', 400, 2,
            "Parameter 'phoneNumber' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"1","digits":"1"}}', 400, 2,
            "Parameter 'digits' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"1"},"location":1}', 400, 2,
            "Parameter 'location' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"1"},"userData":[]}', 400, 2,
            "Parameter 'userData' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"1"},"outboundCallerId":null}', 400, 2,
            "Parameter 'outboundCallerId' is not valid" },
        { '{"operationName":"Dial","destination":{"phoneNumber":"1"},"referenceId":"1"}', 400, 2,
            "Parameter 'referenceId' is not valid" },
    }
    for index, row in ipairs(refused) do
        it("refuses body " .. index .. ": " .. row[4], function()
            local answer = log_in(support.state())(CALLS, row[1])
            expect(answer, row[2], json.encode(json.object({ { "statusCode", row[3] }, { "statusMessage", row[4] } })))
            assert.is_nil(answer.ring)
        end)
    end

    it("refuses an unknown and an unregistered device, and an agent without the feature", function()
        local state = support.state()
        local post = log_in(state)
        expect(post("/api/v2/me/devices/none/calls", DIAL), 404,
            '{"statusCode":6,"statusMessage":"Device \'none\' is not found"}')
        expect(post("/api/v2/me/devices/" .. UNREGISTERED .. "/calls", DIAL), 500,
            '{"statusCode":4,"statusMessage":"Device \'5007\' is not registered."}')
        expect(log_in(state, CLERK)("/api/v2/me/devices/5a5b5c5d-0000-4000-8000-000000000001/calls", DIAL), 403,
            '{"statusCode":5,"statusMessage":"Feature \'api-voice\' is required"}')
    end)

    it("has one call per device at a time", function()
        local state = support.state()
        local post = log_in(state)
        assert.truthy(post(CALLS, DIAL).ring)
        state.advance(909)
        local answer = post(CALLS, DIAL)
        expect(answer, 400, '{"statusCode":2,"statusMessage":"Device \'5005\' has a call already"}')
        assert.is_nil(answer.ring)
        assert.truthy(post("/api/v2/me/devices/" .. OTHER .. "/calls", DIAL).ring)
        state.advance(1)
        assert.truthy(post(CALLS, DIAL).ring)
    end)
end)

describe("the mock's AddRecord", function()
    local RECORDS = "/api/v2/me/outbound-records"
    local BASE = { { "operationName", '"AddRecord"' }, { "chainId", "2" }, { "applicationId", "134" },
        { "campaignName", '"Campaign1"' }, { "callingList", '"CallingList1"' }, { "phoneNumber", '"12345"' },
        { "timeZone", '"GMT"' }, { "phoneType", '"InstantMessaging"' }, { "from", "0" }, { "until", "86339" },
        { "otherFields", '{"outdial":"t-1"}' }, { "devicePath", '"/devices/' .. OTHER .. '"' },
        { "referenceId", '"123456789"' } }

    local function record(name, text)
        local parts = {}
        for _, pair in ipairs(BASE) do
            local value = pair[1] == name and text or pair[2]
            if pair[1] ~= name or text then
                parts[#parts + 1] = '"' .. pair[1] .. '":' .. value
            end
        end
        if name == "extra" then
            parts[#parts + 1] = '"extra":1'
        end
        return "{" .. table.concat(parts, ",") .. "}"
    end

    it("queues the documents' example and rings nothing", function()
        local state = support.state()
        local answer = log_in(state)(RECORDS, record())
        expect(answer, 200, '{"statusCode":0}')
        assert.is_nil(answer.ring)
        assert.same({ { vendor = "genesys", to = "12345", token = "t-1" } }, state.queued)
    end)

    for _, name in ipairs({ "chainId", "otherFields", "referenceId" }) do
        it("does without " .. name, function()
            expect(log_in(support.state())(RECORDS, record(name, false)), 200, '{"statusCode":0}')
        end)
    end

    for _, name in ipairs({ "NoContactType", "HomePhone", "DirectBusinessPhone", "BusinessWithExt", "Mobile",
        "VacationPhone", "Pager", "Modem", "VoiceMail", "PinPager", "EmailAddress" }) do
        it("knows the phone type " .. name, function()
            expect(log_in(support.state())(RECORDS, record("phoneType", '"' .. name .. '"')), 200, '{"statusCode":0}')
        end)
    end

    for _, name in ipairs({ "operationName", "applicationId", "campaignName", "callingList", "phoneNumber", "timeZone",
        "phoneType", "from", "until", "devicePath" }) do
        it("requires " .. name, function()
            expect(log_in(support.state())(RECORDS, record(name, false)), 400,
                '{"statusCode":1,"statusMessage":"Required parameter \'' .. name .. '\' is missing"}')
        end)
    end

    local invalid = "Parameter '%s' is not valid"
    local range = "Parameter '%s' is out of range"
    local refused = {
        { "operationName", '"UpdateRecord"', 400, 2, invalid },
        { "chainId", '"2"', 400, 2, invalid },
        { "applicationId", '"134"', 400, 2, invalid },
        { "applicationId", "1.5", 400, 2, invalid },
        { "campaignName", '""', 400, 2, invalid },
        { "callingList", "1", 400, 2, invalid },
        { "timeZone", "0", 400, 2, invalid },
        { "from", '"0"', 400, 2, invalid },
        { "from", "-1", 400, 10, range },
        { "until", "86400", 400, 10, range },
        { "phoneType", '"mobile"', 400, 10, range },
        { "phoneNumber", '"' .. ("1"):rep(129) .. '"', 400, 10, range },
        { "otherFields", "[]", 400, 2, invalid },
        { "devicePath", '"' .. OTHER .. '"', 400, 2, invalid },
        { "devicePath", '"/devices/none"', 404, 6, "Device 'none' is not found" },
        { "referenceId", "123456789", 400, 2, invalid },
        { "extra", "1", 400, 2, invalid },
    }
    for _, row in ipairs(refused) do
        it("refuses " .. row[1] .. " " .. row[2]:sub(1, 20), function()
            local state = support.state()
            local answer = log_in(state)(RECORDS, record(row[1], row[2]))
            expect(answer, row[3], json.encode(json.object({ { "statusCode", row[4] },
                { "statusMessage", row[5]:format(row[1]) } })))
            assert.same({}, state.queued)
        end)
    end

    it("is for agents with the outbound feature", function()
        expect(log_in(support.state(), CLERK)(RECORDS, record()), 403,
            '{"statusCode":5,"statusMessage":"Feature \'api-voice-outbound\' is required"}')
    end)

    it("fails and throttles in its own form", function()
        expect(genesys.failed(), 500, '{"statusCode":4,"statusMessage":"Internal server error"}')
        expect(genesys.throttled(), 503, '{"statusCode":4,"statusMessage":"Service is unavailable"}')
    end)
end)
