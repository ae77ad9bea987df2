-- What comes after a call of the mock's, and from its other side: dispositions, calls that come in, and those that the
-- other side ends.

local genesys = require("mock.genesys")
local json = require("mock.json")
local gws = dofile("tests/lua/mock_genesys_support.lua")

local support, expect, listening, talking = gws.support, gws.expect, gws.listening, gws.talking
local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local OK = '{"statusCode":0}'

describe("the mock's dispositions", function()
    local TARGET = "/api/v2/me/devices/" .. gws.DEVICE

    local function members(id, more)
        return '"callUri":"http://gws.example.com/api/v2/me/calls/' .. id .. '","callUuid":"' .. id
            .. '","disposition":"sold"' .. (more or "")
    end

    it("become user data of a live call and of one that has ended", function()
        local client, _, call = talking()
        expect(client:operate(TARGET, "SetCallDisposition", members(call.id)), 200, OK)
        client:wait(10)
        local data = client:events()[1].data
        assert.equal("AttachedDataChanged", data.notificationType)
        assert.equal('{"CustomerSegment":"Gold","DispositionCode":"sold"}', json.encode(data.call.userData))
        client:wait(600)
        client:events()
        client:operate(TARGET, "SetCallDisposition", members(call.id, ',"dispositionKey":"DISP","userData":{"a":1}'))
        client:wait(10)
        data = client:events()[1].data
        assert.equal("Released", data.call.state)
        assert.equal('{"CustomerSegment":"Gold","DispositionCode":"sold","a":1,"DISP":"sold"}',
            json.encode(data.call.userData))
    end)

    it("are refused where they name no call of the device", function()
        local client, _, call = talking()
        local not_found = '{"statusCode":6,"statusMessage":"%s \'%s\' is not found"}'
        expect(client:operate("/api/v2/me/devices/" .. gws.OTHER, "SetCallDisposition", members(call.id)), 404,
            not_found:format("Call", call.id))
        expect(client:operate("/api/v2/me/devices/none", "SetCallDisposition", members(call.id)), 404,
            not_found:format("Device", "none"))
        expect(client:operate(TARGET, "SetCallDisposition", members("none")), 404, not_found:format("Call", "none"))
        expect(client:operate(TARGET, "SetCallDisposition", '"callUri":"/me/calls/' .. call.id
            .. '","callUuid":"other","disposition":"sold"'), 404, not_found:format("Call", "other"))
        expect(client:operate(TARGET, "SetCallDisposition", '"callUri":"x","callUuid":"x"'), 400,
            '{"statusCode":1,"statusMessage":"Required parameter \'disposition\' is missing"}')
    end)

    it("are possible for the last hundred calls that have ended", function()
        local client = listening()
        local first
        for index = 1, 101 do
            client:dial("5001")
            client:wait(10)
            first = first or client:live()[1].id
            assert.equal(index, #client.state.genesys.users[client.state.settings.genesys.users[1]].ended + 1)
            client:wait(1000)
            if index == 100 then
                assert.equal(200, client:operate(TARGET, "SetCallDisposition", members(first)).status)
            end
        end
        assert.equal(404, client:operate(TARGET, "SetCallDisposition", members(first)).status)
    end)
end)

describe("the mock's other side", function()
    local function ring(client, body)
        return genesys.PAGES["calls/ring"](client.state, support.request("POST", "/mock/genesys/calls/ring",
            { { "Host", "gws.example.com" } }, body))
    end

    it("calls in, and is answered", function()
        local client = listening()
        ring(client, '{"deviceId":"' .. gws.DEVICE .. '","phoneNumber":"+15550100009"}')
        local list, target = client:live()
        assert.equal("Ringing", list[1].state)
        assert.equal("Inbound", list[1].callType)
        assert.equal("5005", list[1].dnis)
        assert.equal("+15550100009", list[1].ani)
        assert.same({ "Answer", "ClearCall", "DeleteUserDataPair", "AttachUserData", "DeleteUserData",
            "UpdateUserData" }, { unpack(list[1].capabilities) })
        assert.equal(400, client:dial("5001").status)
        client:operate(target, "Answer")
        client:wait(10)
        client:operate(target, "Hangup")
        client:wait(10)
        assert.same({ "StatusChange Ringing", "StatusChange Established", "StatusChange Released" }, client:heard())
    end)

    it("hangs up in every call", function()
        local client = listening()
        client:dial("+15550199012")
        client:operate("/api/v2/me/devices/" .. gws.OTHER .. "/calls", "Dial", '"destination":{"phoneNumber":"5001"}')
        client:wait(10)
        client:events()
        genesys.PAGES["calls/release"](client.state)
        assert.same({ "StatusChange Released", "StatusChange Released" }, client:heard())
        assert.equal(0, #client:live())
    end)

    it("must say which device it calls", function()
        local client = listening()
        for body, text in pairs({ [""] = "expected { deviceId, phoneNumber }", ["{}"] = "expected { deviceId, "
            .. "phoneNumber }", ['{"phoneNumber":"5001"}'] = "there is no such device" }) do
            local _, problem = ring(client, body)
            assert.equal(text, problem)
        end
    end)
end)
