-- The mock's calls: Dial and what becomes of it on the clock, every operation on a call with its capability and its
-- notification.

local genesys = require("mock.genesys")
local json = require("mock.json")
local gws = dofile("tests/lua/mock_genesys_support.lua")

local support, expect, listening, talking = gws.support, gws.expect, gws.listening, gws.talking
local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local OK = '{"statusCode":0}'
local CONNECTED = ',{"successful":true,"advice":{"interval":0,"timeout":30000,"reconnect":"retry"},"id":"14",'
    .. '"channel":"/meta/connect"}]'

describe("the mock's Dial", function()
    it("is followed by the documents' notification, in their older form", function()
        local client = listening({ participants = "strings" })
        expect(client:dial("5001", ',"userData":{"CustomerSegment":"Gold"}'), 200, OK)
        assert.same({}, client:heard())
        client:wait(10)
        local text = client:fetch()
        local id, conn_id = text:match('"id":"(%w+)","connId":"(%w+)"')
        assert.truthy(id:find("^[0-9A-Z]+$") and #id == 32)
        assert.truthy(conn_id:find("^%x+$") and #conn_id == 16)
        assert.equal('[{"data":{"messageType":"CallStateChangeMessage","notificationType":"StatusChange","extensions":'
            .. '{"WrapUpTime":0,"BusinessCall":0},"call":{"id":"' .. id .. '","connId":"' .. conn_id
            .. '","state":"Dialing","callUuid":"' .. id .. '","deviceUri":"http://gws.example.com/api/v2/devices/'
            .. gws.DEVICE .. '","uri":"http://gws.example.com/api/v2/me/calls/' .. id .. '","participants":["5001"],'
            .. '"participantsInfo":[{"digits":"5001","e164Number":"5001","formattedPhoneNumber":"5001"}],'
            .. '"dnis":"5001","callType":"Internal","capabilities":["DeleteUserDataPair","AttachUserData","Hangup",'
            .. '"DeleteUserData","SendDtmf","UpdateUserData"],"userData":{"CustomerSegment":"Gold"},"duration":"0",'
            .. '"mute":"Off","supervisorListeningIn":false,"monitoredUserMuted":false},"phoneNumber":"5005"},'
            .. '"channel":"/v2/me/calls"}' .. CONNECTED, text)
    end)

    it("writes participants as objects today", function()
        local client = listening()
        client:dial("+15550100001")
        client:wait(10)
        local text = client:fetch()
        local id, conn_id = text:match('"id":"(%w+)","connId":"(%w+)"')
        assert.equal('[{"data":{"messageType":"CallStateChangeMessage","notificationType":"StatusChange","extensions":'
            .. '{"WrapUpTime":0,"BusinessCall":1},"call":{"id":"' .. id .. '","connId":"' .. conn_id
            .. '","state":"Dialing","callUuid":"' .. id .. '","deviceUri":"http://gws.example.com/api/v2/devices/'
            .. gws.DEVICE .. '","uri":"http://gws.example.com/api/v2/me/calls/' .. id .. '","path":"/calls/' .. id
            .. '","participants":[{"e164Number":"+15550100001","formattedPhoneNumber":"+15550100001",'
            .. '"phoneNumber":"+15550100001","digits":"+15550100001"}],"dnis":"+15550100001","callType":"Outbound",'
            .. '"capabilities":["DeleteUserDataPair","AttachUserData","Hangup","DeleteUserData","SendDtmf",'
            .. '"UpdateUserData"],"duration":"0","mute":"Off","supervisorListeningIn":false,'
            .. '"monitoredUserMuted":false,"monitoring":false},"phoneNumber":"5005"},"channel":"/v2/me/calls"}'
            .. CONNECTED, text)
    end)

    -- Number, whether its phone rings, and what is heard at which millisecond.
    local lives = {
        { "5001", true, 10, "StatusChange Dialing", 310, "StatusChange Established", 910, "StatusChange Released" },
        { "+15550199001", true, 10, "StatusChange Dialing", 910, "StatusChange Released" },
        { "+15550199002", false, 10, "StatusChange Dialing", 210, "StatusChange Released" },
        { "+15550199003", true, 10, "StatusChange Dialing", 310, "StatusChange Released" },
        { "+15550199006", false, 10, "ErrorMessage" },
        { "+15550199008", false, 10, "ErrorMessage" },
        { "+15550199012", true, 10, "StatusChange Dialing", 310, "StatusChange Established" },
    }
    for _, row in ipairs(lives) do
        it("of " .. row[1] .. " goes on as its last digits say", function()
            local client = listening({ cometd = { max_interval_ms = 100000 } })
            assert.equal(row[2], client:dial(row[1]).ring ~= nil)
            local now_ms = 0
            for index = 3, #row, 2 do
                client:wait(row[index] - 1 - now_ms)
                assert.same({}, client:heard())
                client:wait(1)
                assert.same({ row[index + 1] }, client:heard())
                now_ms = row[index]
            end
            client:wait(99999)
            assert.same({}, client:heard())
        end)
    end

    it("lives on while nobody listens, at its own times", function()
        local client = listening({ outcomes = { { suffix = "1", outcome = "answered", talk_ms = 5000 } } })
        client:dial("5001")
        client:wait(10000)
        local list = client:events()
        assert.same({ "Dialing 0", "Established 0", "Released 5" }, { list[1].data.call.state .. " "
            .. list[1].data.call.duration, list[2].data.call.state .. " " .. list[2].data.call.duration,
            list[3].data.call.state .. " " .. list[3].data.call.duration })
        assert.same({}, list[3].data.call.capabilities)
    end)

    it("is seen among the live calls from its event to its end", function()
        local client = listening()
        client:dial("5001", ',"userData":{"outdial":"t-1"}')
        assert.equal(0, #client:live())
        client:wait(10)
        local list, target = client:live()
        assert.equal("Dialing", list[1].state)
        assert.equal("t-1", list[1].userData.outdial)
        assert.equal('{"statusCode":0,"calls":[' .. json.encode(list[1]) .. "]}", client:get("/api/v2/me/calls").body)
        expect(client:get(target), 200, '{"statusCode":0,"call":' .. json.encode(list[1]) .. "}")
        client:wait(900)
        assert.equal(0, #client:live())
        expect(client:get(target), 404, '{"statusCode":6,"statusMessage":"Call \'' .. list[1].id
            .. '\' is not found"}')
    end)

    it("keeps its device busy from the start to the end, however it ends", function()
        for _, number in ipairs({ "5001", "+15550199002", "+15550199006" }) do
            local client = listening()
            client:dial(number)
            assert.equal(400, client:dial("5002").status)
            client:wait(9)
            assert.equal(400, client:dial("5002").status)
            client:wait(901)
            assert.equal(200, client:dial("5002").status)
        end
    end)

    it("may be told to need a session", function()
        local client = listening({ dial_needs_session = true })
        local answer = client:dial("5001")
        expect(answer, 400, '{"statusCode":2,"statusMessage":"Device \'5005\' is logged out"}')
        assert.is_nil(answer.ring)
        client:operate("/api/v2/me", "StartContactCenterSession", '"channels":["voice"]')
        client:wait(10)
        expect(client:dial("5001"), 200, OK)
    end)

    it("on an unregistered device is told by the topic as well", function()
        local client = listening()
        client:operate("/api/v2/me/devices/" .. gws.UNREGISTERED .. "/calls", "Dial",
            '"destination":{"phoneNumber":"5001"}')
        local event = client:events()[1].data
        assert.equal("ErrorMessage", event.messageType)
        assert.equal("/devices/" .. gws.UNREGISTERED, event.devicePath)
    end)

    for _, name in ipairs({ "expire", "forget", "drop" }) do
        it("may lose what comes after it, once: " .. name, function()
            local client = listening()
            local park = client:connect().park
            genesys.PAGES["after_dial/" .. name](client.state)
            local answer = client:dial("5001")
            assert.same({ vendor = "genesys", to = "5001", token = "" }, answer.ring)
            assert.equal(name == "drop" or nil, answer.drop)
            client:wait(10)
            local list = json.decode(park.resume().body)
            assert.equal(name == "drop" and "/v2/me/calls" or "/meta/connect", list[1].channel)
            assert.equal(name ~= "drop" and "402::session_unknown" or nil, list[1].error)
            client.csrf = support.header(client:get("/api/v2/me"), "X-CSRF-TOKEN")
            assert.equal("Dialing", client:live()[1].state) -- the call itself is there
            client:wait(900)
            assert.is_nil(client:dial("5002").drop)
            client:listen("/v2/me/calls"):wait(10)
            assert.same({ "StatusChange Dialing" }, client:heard())
        end)
    end
end)

describe("the mock's operations on a call", function()
    local established = { "Hangup", "SendDtmf", "ClearCall", "DeleteUserDataPair", "AttachUserData", "DeleteUserData",
        "UpdateUserData", "Hold", "InitiateTransfer", "InitiateConference", "SingleStepTransfer",
        "SingleStepConference", "StartCallRecording" }

    it("are named by its capabilities", function()
        local _, _, call = talking()
        assert.same(established, { unpack(call.capabilities) })
    end)

    -- Operation, parameters, what is heard, the state after it.
    local rows = {
        { "Hangup", nil, { "StatusChange Released" } },
        { "ClearCall", nil, { "StatusChange Released" } },
        { "Hold", nil, { "StatusChange Held" }, "Held" },
        { "SendDtmf", '"digits":"12*#"', {}, "Established" },
        { "AttachUserData", '"userData":{"a":1}', { "AttachedDataChanged Established" }, "Established" },
        { "UpdateUserData", '"userData":{"a":{"b":1}}', { "AttachedDataChanged Established" }, "Established" },
        { "DeleteUserData", nil, { "AttachedDataChanged Established" }, "Established" },
        { "DeleteUserDataPair", '"key":"CustomerSegment"', { "AttachedDataChanged Established" }, "Established" },
        { "SingleStepTransfer", '"destination":{"phoneNumber":"5002"}', { "StatusChange Released" } },
        { "SingleStepConference", '"destination":{"phoneNumber":"5002"}', { "ParticipantsUpdated Established" },
            "Established" },
        { "StartCallRecording", nil, { "CallRecordingStateChange Established" }, "Established" },
    }
    for _, row in ipairs(rows) do
        it("work one event later: " .. row[1], function()
            local client, target = talking()
            expect(client:operate(target, row[1], row[2]), 200, OK)
            client:wait(9)
            assert.same({}, client:heard())
            client:wait(1)
            assert.same(row[3], client:heard())
            local list = client:live()
            assert.equal(row[4], list[1] and list[1].state)
        end)
    end

    it("release a held call too, and retrieve it", function()
        local client, target = talking()
        client:operate(target, "Hold")
        client:wait(10)
        assert.same({ "Hangup", "SendDtmf", "ClearCall", "DeleteUserDataPair", "AttachUserData", "DeleteUserData",
            "UpdateUserData", "Retrieve", "StartCallRecording" }, { unpack(client:live()[1].capabilities) })
        client:operate(target, "Retrieve")
        client:wait(10)
        assert.same({ "StatusChange Held", "StatusChange Established" }, client:heard())
        client:operate(target, "Hold")
        client:wait(600)
        assert.same({ "StatusChange Held", "StatusChange Released" }, client:heard())
    end)

    it("end a call that is still dialling, for good", function()
        local client = listening()
        client:dial("5001")
        client:wait(10)
        local _, target = client:live()
        expect(client:operate(target, "Hangup"), 200, OK)
        client:wait(2000)
        assert.same({ "StatusChange Dialing", "StatusChange Released" }, client:heard())
    end)

    it("come to nothing where the other side has hung up first", function()
        local client, target = talking()
        client:wait(595)
        for name, members in pairs({ Hold = false, AttachUserData = '"userData":{"a":1}' }) do
            expect(client:operate(target, name, members), 200, OK)
        end
        client:wait(100)
        assert.same({ "StatusChange Released" }, client:heard())
        expect(client:operate(target, "Hangup"), 404, '{"statusCode":6,"statusMessage":"Call \''
            .. target:match("[^/]+$") .. '\' is not found"}')
    end)

    it("change user data as the documents say", function()
        local steps = {
            { "AttachUserData", '"userData":{"a":1,"b":"x"}', '{"CustomerSegment":"Gold","a":1,"b":"x"}' },
            { "AttachUserData", '"userData":{"a":2}', '{"CustomerSegment":"Gold","a":2,"b":"x"}' },
            { "UpdateUserData", '"userData":{"b":{"c":[1]}}', '{"CustomerSegment":"Gold","a":2,"b":{"c":[1]}}' },
            { "DeleteUserDataPair", '"key":"a"', '{"CustomerSegment":"Gold","b":{"c":[1]}}' },
            { "DeleteUserDataPair", '"key":"none"', '{"CustomerSegment":"Gold","b":{"c":[1]}}' },
            { "DeleteUserData", nil, nil },
        }
        local client, target = talking()
        for _, step in ipairs(steps) do
            client:operate(target, step[1], step[2])
            client:wait(10)
            local data = client:events()[1].data
            assert.is_nil(data.extensions)
            assert.equal(step[3], data.call.userData and json.encode(data.call.userData))
        end
    end)

    it("record", function()
        local client, target = talking()
        local steps = {
            { "StartCallRecording", "Recording", { "StopCallRecording", "PauseCallRecording" } },
            { "PauseCallRecording", "Paused", { "StopCallRecording", "ResumeCallRecording" } },
            { "ResumeCallRecording", "Recording", { "StopCallRecording", "PauseCallRecording" } },
            { "StopCallRecording", "Stopped", { "StartCallRecording" } },
        }
        for _, step in ipairs(steps) do
            client:operate(target, step[1])
            client:wait(10)
            local data = client:events()[1].data
            assert.equal("CallRecordingStateChange", data.notificationType)
            assert.equal(step[2], data.call.recordingState)
            local last = {}
            for index = #established, #data.call.capabilities do
                last[#last + 1] = data.call.capabilities[index]
            end
            assert.same(step[3], last)
        end
    end)

    it("transfer over a consultation", function()
        local client, target = talking({ talk_ms = 100000 })
        local answer = client:operate(target, "InitiateTransfer", '"destination":{"phoneNumber":"5002"}')
        assert.same({ vendor = "genesys", to = "5002", token = "" }, answer.ring)
        client:wait(20)
        expect(client:operate(select(2, client:live()), "CompleteTransfer"), 403, '{"statusCode":3,"statusMessage":'
            .. '"Operation \'CompleteTransfer\' is not possible in state \'Dialing\'"}')
        local consult = client:events()
        assert.equal("Held", consult[1].data.call.state)
        assert.equal("Dialing", consult[2].data.call.state)
        assert.equal("Consult", consult[2].data.call.callType)
        assert.equal("http://gws.example.com" .. target, consult[2].data.call.parentCallUri)
        client:wait(300)
        assert.same({ "StatusChange Established" }, client:heard())
        local _, second = client:live()
        expect(client:operate(target, "CompleteTransfer"), 403, '{"statusCode":3,"statusMessage":'
            .. '"Operation \'CompleteTransfer\' is not possible in state \'Held\'"}')
        expect(client:operate(second, "SwapCalls", '"otherCallUri":"http://gws.example.com' .. target .. '"'), 200, OK)
        client:wait(10)
        assert.same({ "StatusChange Held", "StatusChange Established" }, client:heard())
        client:operate(target, "SwapCalls", '"otherCallUri":"http://gws.example.com' .. second .. '"')
        client:wait(10)
        client:events()
        expect(client:operate(second, "CompleteTransfer"), 200, OK)
        client:wait(10)
        assert.same({ "StatusChange Released", "StatusChange Released" }, client:heard())
        assert.equal(0, #client:live())
    end)

    it("confer over a consultation", function()
        local client, target = talking({ talk_ms = 100000 })
        client:operate(target, "InitiateConference", '"destination":{"phoneNumber":"5002"}')
        client:wait(320)
        client:events()
        local _, second = client:live()
        client:operate(second, "CompleteConference")
        client:wait(10)
        local list = client:events()
        assert.same({ "Released", "Established", "ParticipantsUpdated" }, { list[1].data.call.state,
            list[2].data.call.state, list[3].data.notificationType })
        assert.equal(2, #list[3].data.call.participants)
        assert.equal("5002", list[3].data.call.participants[2].digits)
        assert.equal(1, #client:live())
    end)

    it("leave out of a conference who has hung up", function()
        local client, target = talking()
        client:operate(target, "InitiateConference", '"destination":{"phoneNumber":"5002"}')
        client:wait(320)
        client:events()
        local _, second = client:live()
        client:wait(275)
        expect(client:operate(second, "CompleteConference"), 200, OK)
        client:wait(10)
        assert.same({ "StatusChange Released", "StatusChange Released" }, client:heard())
    end)

    it("are nothing to a call that was ended while it was dialled", function()
        local client = listening()
        client:dial("+15550199003")
        client:wait(305)
        local _, target = client:live()
        client:operate(target, "Hangup")
        client:wait(100)
        assert.same({ "StatusChange Dialing", "StatusChange Released" }, client:heard())
    end)

    it("let a consultation end by itself", function()
        local client, target = talking({ outcomes = { { suffix = "5002", outcome = "busy" } }, talk_ms = 100000 })
        client:operate(target, "InitiateTransfer", '"destination":{"phoneNumber":"5002"}')
        client:wait(220)
        assert.same({ "StatusChange Held", "StatusChange Dialing", "StatusChange Released" }, client:heard())
        expect(client:operate(target, "SwapCalls", '"otherCallUri":"x"'), 403, '{"statusCode":3,"statusMessage":'
            .. '"Operation \'SwapCalls\' is not possible in state \'Held\'"}')
        expect(client:operate(target, "Retrieve"), 200, OK)
    end)

    local invalid, missing = "Parameter '%s' is not valid", "Required parameter '%s' is missing"
    local refused = {
        { "Answer", nil, 403, 3, "Operation 'Answer' is not possible in state 'Established'" },
        { "Retrieve", nil, 403, 3, "Operation 'Retrieve' is not possible in state 'Established'" },
        { "CompleteTransfer", nil, 403, 3, "Operation 'CompleteTransfer' is not possible in state 'Established'" },
        { "StopCallRecording", nil, 403, 3, "Operation 'StopCallRecording' is not possible in state 'Established'" },
        { "Whisper", nil, 400, 2, invalid:format("operationName") },
        { "Hangup", '"force":true', 400, 2, invalid:format("force") },
        { "SendDtmf", nil, 400, 1, missing:format("digits") },
        { "SendDtmf", '"digits":"x"', 400, 2, invalid:format("digits") },
        { "SendDtmf", '"digits":12', 400, 2, invalid:format("digits") },
        { "AttachUserData", nil, 400, 1, missing:format("userData") },
        { "UpdateUserData", '"userData":[]', 400, 2, invalid:format("userData") },
        { "DeleteUserDataPair", nil, 400, 1, missing:format("key") },
        { "InitiateTransfer", '"destination":{"phoneNumber":"mum"}', 400, 2, invalid:format("phoneNumber") },
        { "SingleStepConference", '"destination":{}', 400, 1, missing:format("phoneNumber") },
        { "SwapCalls", '"otherCallUri":"x"', 403, 3, "Operation 'SwapCalls' is not possible in state 'Established'" },
    }
    for _, row in ipairs(refused) do
        it("refuse " .. row[1] .. " " .. (row[2] or ""), function()
            local client, target = talking()
            expect(client:operate(target, row[1], row[2]), row[3],
                json.encode(json.object({ { "statusCode", row[4] }, { "statusMessage", row[5] } })))
            client:wait(10)
            assert.same({}, client:heard())
        end)
    end

    it("are refused for calls of others and calls that are not there", function()
        local client, target = talking()
        local not_found = '{"statusCode":6,"statusMessage":"Call \'%s\' is not found"}'
        expect(client:operate("/api/v2/me/calls/none", "Hangup"), 404, not_found:format("none"))
        local clerk = gws.client(client.state, gws.CLERK)
        expect(clerk:operate(target, "Hangup"), 403, '{"statusCode":5,"statusMessage":"Feature \'api-voice\' is '
            .. 'required"}')
        expect(clerk:get(target), 404, not_found:format(target:match("[^/]+$")))
    end)
end)
