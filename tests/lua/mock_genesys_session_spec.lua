-- The mock's contact center session: what starting and ending it does to devices and to the HTTP session, the agent's
-- state, and notifications of both; CSRF and logins on the notifications' address.

local faults = require("mock.faults")
local genesys = require("mock.genesys")
local json = require("mock.json")
local router = require("mock.router")
local gws = dofile("tests/lua/mock_genesys_support.lua")

local support, expect = gws.support, gws.expect
local ME, VOICE = "/api/v2/me", "/api/v2/me/channels/voice"
local START = '"channels":["voice"]'
local OK = '{"statusCode":0}'
local DENIED = '{"statusCode":20,"statusMessage":"Access denied"}'
local LOST = '[{"successful":false,"advice":{"interval":0,"timeout":30000,"reconnect":"handshake"},'
    .. '"error":"402::session_unknown","id":"14","channel":"/meta/connect"}]'

-- An agent who listens to everything.
local function listening(given)
    local state = support.state({ settings = { genesys = given or {} } })
    return gws.client(state):listen("/**")
end

local function states(client)
    local list = {}
    for index, device in ipairs(json.decode(client:get("/api/v2/me/devices?fields=*").body).devices) do
        list[index] = device.userState.state
    end
    return table.concat(list, " ")
end

describe("the mock's StartContactCenterSession", function()
    it("logs the devices of the place in, and tells of each step", function()
        local client = listening()
        assert.equal("LoggedOut LoggedOut LoggedOut", states(client))
        expect(client:operate(ME, "StartContactCenterSession", START), 200, OK)
        assert.equal("LoggedOut LoggedOut LoggedOut", states(client))
        client:wait(10)
        assert.same({ "DeviceStateChangeMessage 5005=LoggedIn 5006=LoggedIn" }, client:heard())
        client:wait(9)
        assert.same({}, client:heard())
        client:wait(1)
        assert.same({ "DeviceStateChangeMessage 5005=NotReady 5006=NotReady" }, client:heard())
        assert.equal("NotReady NotReady LoggedOut", states(client))
    end)

    it("tells in full", function()
        local client = listening()
        client:operate(ME .. "/", "StartContactCenterSession", START .. ',"devicePath":"/devices/' .. gws.OTHER
            .. '","place":"Place1","loginCode":"5006","queue":"q"')
        client:wait(10)
        assert.equal('[{"data":{"messageType":"DeviceStateChangeMessage","devices":[{"id":"' .. gws.OTHER
            .. '","deviceState":"Active","userState":{"state":"LoggedIn"},"phoneNumber":"5006","e164Number":"",'
            .. '"telephonyNetwork":"Private","doNotDisturb":"Off","capabilities":["DoNotDisturbOn","ForwardCallsOn"],'
            .. '"channels":["voice"],"uri":"http://gws.example.com/api/v2/devices/' .. gws.OTHER
            .. '","path":"/devices/' .. gws.OTHER .. '"}]},"channel":"/v2/me/devices"},{"successful":true,"advice":'
            .. '{"interval":0,"timeout":30000,"reconnect":"retry"},"id":"14","channel":"/meta/connect"}]',
            client:fetch())
        client:wait(10)
        assert.equal("NotReady", client:events()[1].data.devices[1].userState.state)
        assert.equal("LoggedOut NotReady LoggedOut", states(client))
    end)

    it("changes nothing for who is logged in", function()
        local client = listening()
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(20)
        client:events()
        expect(client:operate(ME, "StartContactCenterSession", START), 200, OK)
        client:wait(20)
        assert.same({}, client:heard())
    end)

    it("is a partial success where one channel of several fails", function()
        local client = listening()
        expect(client:operate(ME, "StartContactCenterSession", '"channels":["voice","multimedia"]'), 200,
            '{"statusCode":7,"statusMessage":"Partial success","failed":[{"statusCode":4,"statusMessage":'
            .. '"Interaction server connection is not opened","channel":"multimedia"}],"succeeded":[{"statusCode":0,'
            .. '"channel":"voice"}]}')
        client:wait(20)
        assert.equal("NotReady NotReady LoggedOut", states(client))
        client = listening({ channels = { voice = true, multimedia = true } })
        expect(client:operate(ME, "StartContactCenterSession", '"channels":["multimedia","voice"],'
            .. '"devicePath":"/devices/' .. gws.UNREGISTERED .. '"'), 200,
            '{"statusCode":7,"statusMessage":"Partial success","failed":['
            .. '{"statusCode":4,"statusMessage":"Device \'5007\' is not registered.","channel":"voice"}],'
            .. '"succeeded":[{"statusCode":0,"channel":"multimedia"}]}')
    end)

    it("tells of an unregistered device by the topic as well", function()
        local client = listening()
        expect(client:operate(ME, "StartContactCenterSession", START .. ',"devicePath":"/devices/' .. gws.UNREGISTERED
            .. '"'), 500, '{"statusCode":4,"statusMessage":"Device \'5007\' is not registered."}')
        assert.equal('{"data":{"messageType":"ErrorMessage","metrics":{"eventProcessing":{"serverGenerationTimestamp":'
            .. '1440938160000,"nodeProcessingTimeNanos":4000000,"serverProcessingTimeTotalMs":4}},'
            .. '"devicePath":"/devices/' .. gws.UNREGISTERED
            .. '","deviceUri":"http://gws.example.com/api/v2/devices/' .. gws.UNREGISTERED
            .. '"},"channel":"/v2/me/devices"}', json.encode(client:events()[1]))
    end)

    local missing, invalid = "Required parameter '%s' is missing", "Parameter '%s' is not valid"
    local refused = {
        { "", 400, 1, missing:format("channels") },
        { '"channels":[]', 400, 2, invalid:format("channels") },
        { '"channels":"voice"', 400, 2, invalid:format("channels") },
        { '"channels":[1]', 400, 2, invalid:format("channels") },
        { START .. ',"place":1', 400, 2, invalid:format("place") },
        { START .. ',"place":"Place9"', 404, 6, "Place 'Place9' is not found" },
        { START .. ',"devicePath":"/devices/none"', 404, 6, "Device 'none' is not found" },
        { START .. ',"devicePath":"none"', 404, 6, "Device 'none' is not found" },
        { START .. ',"isForceLogin":true', 400, 2, invalid:format("isForceLogin") },
        { '"channels":["multimedia"]', 500, 4, "Interaction server connection is not opened" },
        { '"channels":["multimedia","voice"],"devicePath":"/devices/' .. gws.UNREGISTERED .. '"', 500, 4,
            "Interaction server connection is not opened" },
        { '"channels":["voice","multimedia"],"devicePath":"/devices/' .. gws.UNREGISTERED .. '"', 500, 4,
            "Device '5007' is not registered." },
    }
    for _, row in ipairs(refused) do
        it("refuses " .. row[1], function()
            local client = listening()
            expect(client:operate(ME, "StartContactCenterSession", row[1] ~= "" and row[1] or nil), row[2],
                json.encode(json.object({ { "statusCode", row[3] }, { "statusMessage", row[4] } })))
            client:wait(20)
            assert.equal("LoggedOut LoggedOut LoggedOut", states(client))
        end)
    end

    it("needs the voice feature for voice", function()
        local client = gws.client(support.state(), gws.CLERK)
        expect(client:operate(ME, "StartContactCenterSession", START), 403,
            '{"statusCode":5,"statusMessage":"Feature \'api-voice\' is required"}')
    end)
end)

describe("the mock's EndContactCenterSession", function()
    it("logs out, ends the HTTP session, and is the last request of it", function()
        local client = listening()
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(20)
        client:events()
        local park = client:connect().park
        client.basic = nil
        expect(client:operate(ME, "EndContactCenterSession"), 200, OK)
        local list = json.decode(park.resume().body)
        assert.equal("LoggedOut", list[1].data.devices[1].userState.state)
        assert.equal("LoggedOut", list[1].data.devices[2].userState.state)
        assert.equal("402::session_unknown", list[2].error)
        expect(client:get(ME), 403, DENIED)
        expect(client:connect(), 403, DENIED)
        assert.equal('{"dials":0,"records":0,"sessions":0}', json.encode(genesys.counts(client.state)))
    end)

    it("wins over a login under way", function()
        local client = listening()
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(10)
        client:operate(ME, "EndContactCenterSession")
        client:wait(10)
        assert.equal("LoggedOut LoggedOut LoggedOut", states(gws.client(client.state)))
    end)

    it("ends no other session of the agent's", function()
        local client = listening()
        local other = gws.client(client.state):listen("/v2/me/devices")
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(20)
        client:operate(ME, "EndContactCenterSession")
        assert.same({ "DeviceStateChangeMessage 5005=LoggedIn 5006=LoggedIn",
            "DeviceStateChangeMessage 5005=NotReady 5006=NotReady",
            "DeviceStateChangeMessage 5005=LoggedOut 5006=LoggedOut" }, other:heard())
    end)

    it("takes no parameters", function()
        expect(listening():operate(ME, "EndContactCenterSession", '"channels":["voice"]'), 400,
            '{"statusCode":2,"statusMessage":"Parameter \'channels\' is not valid"}')
    end)
end)

describe("the mock's agent states", function()
    local rows = {
        { VOICE, "Ready", nil, '{"id":"9430250E-0A1B-421F-B372-F29E69366DED","displayName":"Ready","state":"Ready"}' },
        { ME, "Ready", '"workmode":"ManualIn"', '{"id":"9430250E-0A1B-421F-B372-F29E69366DED","displayName":"Ready",'
            .. '"state":"Ready","workMode":"ManualIn"}' },
        { ME, "AfterCallWork", nil, '{"id":"D3663509-3D82-4DD3-A82E-2EA8EFA02AEF","displayName":"After Call Work",'
            .. '"state":"NotReady","workMode":"AfterCallWork"}' },
        { VOICE, "AuxWork", nil, '{"id":"2B36138D-C564-4562-A8CB-3C32D564F296","displayName":"Aux Work",'
            .. '"state":"NotReady","workMode":"AuxWork"}' },
        { VOICE, "Offline", nil,
            '{"id":"0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB","displayName":"Offline","state":"LoggedOut"}' },
    }
    for _, row in ipairs(rows) do
        it("pass into " .. row[2] .. " by " .. row[1], function()
            local client = listening()
            client:operate(ME, "StartContactCenterSession", START)
            client:wait(20)
            client:events()
            expect(client:operate(row[1], row[2], row[3]), 200, OK)
            assert.same({}, client:events())
            client:wait(10)
            local devices = client:events()[1].data.devices
            assert.equal(2, #devices)
            assert.equal(row[4], json.encode(devices[1].userState))
        end)
    end

    it("are silent where nothing changes, and back again where it does", function()
        local client = listening()
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(20)
        client:events()
        client:operate(VOICE, "NotReady")
        client:wait(10)
        assert.same({}, client:heard())
        client:operate(VOICE, "Ready")
        client:operate(VOICE, "NotReady")
        client:wait(10)
        assert.same({ "DeviceStateChangeMessage 5005=Ready 5006=Ready",
            "DeviceStateChangeMessage 5005=NotReady 5006=NotReady" }, client:heard())
    end)

    local refused = {
        { VOICE, "Ready", nil, "The agent is not logged in" },
        { VOICE, "Ready", '"workmode":"Sometimes"', "Parameter 'workmode' is not valid" },
        { VOICE, "NotReady", '"workmode":"AutoIn"', "Parameter 'workmode' is not valid" },
        { VOICE, "StartContactCenterSession", START, "Parameter 'operationName' is not valid" },
        { ME, "Lunch", nil, "Parameter 'operationName' is not valid" },
    }
    for _, row in ipairs(refused) do
        it("refuse " .. row[2] .. " " .. (row[3] or "") .. " by " .. row[1], function()
            expect(listening():operate(row[1], row[2], row[3]), 400,
                '{"statusCode":2,"statusMessage":"' .. row[4] .. '"}')
        end)
    end
end)

describe("the mock's notifications under faults", function()
    local function always(kind)
        return faults.new({ [kind] = 1 }, 1)
    end

    -- A connect with that fault, of a client that would be parked.
    local function connect(client, kind)
        local body = '[{"channel":"/meta/connect","clientId":"' .. client.id .. '","connectionType":"long-polling"}]'
        return router.handle(client.state, support.request("POST", "/api/v2/notifications", client:headers(), body),
            always(kind))
    end

    local rows = {
        { "throttle", 503, '{"statusCode":4,"statusMessage":"Service is unavailable"}', "" },
        { "error_500", 500, '{"statusCode":4,"statusMessage":"Internal server error"}', "" },
        { "garbage", 200, '{"garbage":', "" },
        { "drop_before", nil, nil, "drop" },
        { "drop_after", nil, nil, "drop" },
        { "hang", nil, nil, "hang" },
    }
    for _, row in ipairs(rows) do
        it("lose a connect by " .. row[1] .. ", and no message", function()
            local client = listening()
            local answer = connect(client, row[1])
            assert.equal(row[2], answer.status)
            assert.equal(row[3], answer.body)
            assert.is_nil(answer.park)
            assert.equal(row[4], answer.drop and "drop" or answer.hang and "hang" or "")
            client:operate(ME, "StartContactCenterSession", START)
            client:wait(10)
            assert.same({ "DeviceStateChangeMessage 5005=LoggedIn 5006=LoggedIn" }, client:heard())
        end)
    end

    it("tell what their pages can tell, and what they cannot read", function()
        local client = listening()
        local function page(name, body)
            return router.handle(client.state, support.request("POST", "/mock/genesys/" .. name, {}, body))
        end
        expect(page("connects/parked"), 200, '{"connects":0}')
        local park = client:connect().park
        expect(page("connects/parked"), 200, '{"connects":1}')
        expect(page("connects/drop"), 200, "{}")
        expect(page("connects/parked"), 200, '{"connects":0}')
        assert.is_true(park.resume().drop)
        expect(page("publish", "1"), 400, "expected an array of { channel, data }\n")
        expect(page("nothing"), 404, "no mock vendor answers POST /mock/genesys/nothing\n")
    end)
end)

describe("the mock's notifications", function()
    it("have any address that begins alike", function()
        local client = gws.client(support.state())
        for _, suffix in ipairs({ "", "/", "/handshake", "/connect" }) do
            assert.equal(400, client:post("/api/v2/notifications" .. suffix, "[]").status)
        end
        expect(client:post("/api/v2/notificationsx", "[]"), 404,
            '{"statusCode":6,"statusMessage":"Resource \'/notificationsx\' is not found"}')
    end)

    it("want credentials, and the token unless told otherwise", function()
        local text = '{"statusCode":3,"statusMessage":"Missing or invalid Csrf token"}'
        for _, given in ipairs({ {}, { csrf_on_notifications = false }, { csrf = false } }) do
            local client = gws.client(support.state({ settings = { genesys = given } }))
            client.csrf = nil
            if next(given) then
                assert.equal(400, client:bayeux("[]").status)
            else
                expect(client:bayeux("[]"), 403, text)
            end
        end
        local client = gws.client(support.state())
        client.basic, client.cookies.JSESSIONID = nil, "node0x"
        expect(client:bayeux("[]"), 403, DENIED)
    end)

    it("are not there where CometD is off", function()
        local client = gws.client(support.state({ settings = { genesys = { cometd = { enabled = false } } } }))
        expect(client:bayeux("[]"), 404, '{"statusCode":6,"statusMessage":"Resource \'/notifications\' is not found"}')
        genesys.PAGES["cometd/on"](client.state)
        assert.equal(200, client:handshake().status)
        genesys.PAGES["cometd/off"](client.state)
        assert.equal(404, client:connect().status)
    end)

    it("of a lost HTTP session end with it, even where Basic starts another", function()
        local client = listening()
        local park = client:connect().park
        genesys.PAGES["sessions/expire"](client.state)
        assert.equal(LOST, park.resume().body)
        local csrf = support.header(client:get(ME), "X-CSRF-TOKEN")
        client.csrf = csrf
        assert.equal(LOST, client:connect().body)
        assert.equal(200, client:listen("/**"):connect().park and 200)
    end)

    it("end with a session that has been idle for too long", function()
        local client = listening({ session_idle_ms = 5000 })
        client.state.advance(5000)
        client.csrf = support.header(client:get(ME), "X-CSRF-TOKEN")
        assert.equal(LOST, client:connect().body)
    end)

    it("can be forgotten, dropped and ended by a duplicate; the HTTP session lives on", function()
        local client = listening()
        local park = client:connect().park
        genesys.PAGES["connects/drop"](client.state)
        assert.is_true(park.resume().drop)
        park = client:connect().park
        genesys.PAGES["connects/duplicate"](client.state)
        expect(park.resume(), 500, "")
        park = client:connect().park
        genesys.PAGES["clients/forget"](client.state)
        assert.equal(LOST, park.resume().body)
        client.basic = nil
        assert.equal(200, client:get(ME).status)
    end)

    it("carry what a test publishes", function()
        local client = listening()
        local function publish(text)
            return genesys.PAGES.publish(client.state, support.request("POST", "/mock/genesys/publish", {}, text))
        end
        assert.is_nil(publish('[{"channel":"/v2/me/calls","data":{"n":1}},{"channel":"/x","data":[2]}]'))
        assert.equal('[{"data":{"n":1},"channel":"/v2/me/calls"},{"data":[2],"channel":"/x"}]',
            json.encode(json.array(client:events())))
        for _, text in ipairs({ "", "{}", "[1]", '[{"channel":1}]' }) do
            local _, problem = publish(text)
            assert.equal("expected an array of { channel, data }", problem)
        end
        assert.same({}, client:events())
    end)

    it("of one agent are not heard by another", function()
        local client = listening()
        local clerk = gws.client(client.state, gws.CLERK):listen("/**")
        client:operate(ME, "StartContactCenterSession", START)
        client:wait(20)
        assert.same({}, clerk:heard())
        assert.equal(2, #client:heard())
    end)
end)
