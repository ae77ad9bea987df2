-- Genesys' client against the mock, which was written from the vendor's documents on its own: every operation is
-- understood, and does what it says. The mock's clock only moves when told.

local mock = require("mock")
local outdial = require("outdial")

local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
local ENDLESS = "+15550199012" -- nobody hangs up

-- Runs fn(client, wait, server) in a task beside a mock; wait(ms) moves its clock.
local function with_mock(settings, fn)
    outdial.run(function()
        local now_ms = 1440938160000
        local server = assert(mock.start({ settings = { genesys = settings }, now_ms = function()
            return now_ms
        end }))
        local client = outdial.genesys({ base_url = "http://127.0.0.1:" .. server.port, username = "agent",
            password = "secret", device_id = DEVICE, application_id = 134, campaign_name = "Campaign1",
            calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile", rate = false })
        fn(client, function(ms)
            now_ms = now_ms + ms
        end, server)
        client:close()
        server:stop()
    end)
end

local function calls_of(client)
    return assert(client:get_me({ subresources = "calls" })).user.calls
end

describe("Genesys' client and the mock", function()
    it("agree about the session and the agent's state", function()
        with_mock({}, function(client, wait)
            local function state()
                wait(20)
                return assert(client:get_me({ subresources = "devices" })).user.devices[1].userState.state
            end
            assert.equal("8.5.202.96", assert(client:get_version({})).version)
            assert.equal("LoggedOut", state())
            assert(client:start_contact_center_session({ channels = { "voice" } }))
            wait(10)
            assert.equal("NotReady", state())
            assert(client:ready({}))
            assert.equal("Ready", state())
            assert(client:not_ready({}))
            assert.equal("NotReady", state())
            assert(client:end_contact_center_session({}))
        end)
    end)

    it("agree about every operation on a call", function()
        with_mock({}, function(client, wait, server)
            assert(client:dial({ destination = { phoneNumber = ENDLESS }, userData = { outdial = "t-1" } }))
            wait(310)
            local call = calls_of(client)[1]
            assert.equal("Established", call.state)
            local function operate(name, fields)
                fields = fields or {}
                fields.callId = call.id
                assert(client[name](client, fields))
                wait(10)
                return calls_of(client)[1]
            end
            operate("send_dtmf", { digits = "12#" })
            assert.equal(1, operate("attach_user_data", { userData = { a = 1 } }).userData.a)
            assert.equal(2, operate("update_user_data", { userData = { a = 2 } }).userData.a)
            assert.is_nil(operate("delete_user_data_pair", { key = "a" }).userData.a)
            assert.is_nil(operate("delete_user_data").userData)
            assert.equal("Recording", operate("start_call_recording").recordingState)
            assert.equal("Paused", operate("pause_call_recording").recordingState)
            assert.equal("Recording", operate("resume_call_recording").recordingState)
            assert.equal("Stopped", operate("stop_call_recording").recordingState)
            assert.equal("Held", operate("hold").state)
            assert.equal("Established", operate("retrieve").state)
            assert.equal(2, #operate("single_step_conference", { destination = { phoneNumber = "5002" } }).participants)

            assert.equal("Held", operate("initiate_conference", { destination = { phoneNumber = ENDLESS } }).state)
            wait(310)
            local second = calls_of(client)[2]
            assert(client:swap_calls({ callId = second.id, otherCallUri = call.uri }))
            wait(10)
            assert.equal("Established", calls_of(client)[1].state)
            assert(client:swap_calls({ callId = second.id, otherCallUri = call.uri }))
            wait(10)
            assert(client:complete_conference({ callId = second.id }))
            wait(10)
            assert.equal(1, #calls_of(client))

            operate("initiate_transfer", { destination = { phoneNumber = ENDLESS } })
            wait(310)
            assert(client:complete_transfer({ callId = calls_of(client)[2].id }))
            wait(10)
            assert.equal(0, #calls_of(client))
            assert(client:set_call_disposition({ callUri = call.uri, callUuid = call.callUuid, disposition = "sold" }))
            assert.equal(4, server.state.phone_log.total)
        end)
    end)

    it("agree about the ends of a call", function()
        with_mock({}, function(client, wait)
            for _, name in ipairs({ "hangup", "single_step_transfer" }) do
                assert(client:dial({ destination = { phoneNumber = ENDLESS } }))
                wait(310)
                local fields = { callId = calls_of(client)[1].id }
                if name == "single_step_transfer" then
                    fields.destination = { phoneNumber = "5002" }
                end
                assert(client[name](client, fields))
                wait(10)
                assert.equal(0, #calls_of(client))
                local _, err = client:hangup({ callId = fields.callId })
                assert.equal("not_found: 6: Call '" .. fields.callId .. "' is not found", tostring(err))
            end
        end)
    end)

    it("agree about answering a call", function()
        with_mock({}, function(client, wait, server)
            require("mock.genesys").PAGES["calls/ring"](server.state, { header = {},
                body = '{"deviceId":"' .. DEVICE .. '","phoneNumber":"+15550100009"}' })
            local call = calls_of(client)[1]
            assert.equal("Ringing", call.state)
            assert(client:answer({ callId = call.id }))
            wait(10)
            assert.equal("Established", calls_of(client)[1].state)
        end)
    end)

    it("agree about every operation on a record", function()
        with_mock({}, function(client, wait, server)
            local function record()
                wait(10)
                assert(client:get_version({})) -- the mock does what is due when it is asked something
                return server.state.genesys.list[1]
            end
            assert(client:start_preview_session({}))
            assert(client:add_record({ phoneNumber = "12345", from = 0, ["until"] = 86339,
                otherFields = { plan = "a" } }))
            assert.equal("ready", record().state)
            assert(client:get_preview_record({}))
            assert.equal("retrieved", record().state)
            assert(client:update_record({ recordHandle = 1, phoneNumber = "777" }))
            assert.equal("777", record().number)
            assert(client:get_chained_record({ recordHandle = 1 }))
            assert(client:reject_record({ recordHandle = 1 }))
            assert.equal("ready", record().state)
            assert(client:reschedule_record({ recordHandle = 1, callbackType = "Personal", timestamp = 1433917552 }))
            assert.equal("scheduled", record().state)
            for _, row in ipairs({ { "cancel_record", "canceled" }, { "complete_record", "completed" },
                { "do_not_call_record", "do_not_call" } }) do
                record().state = "ready"
                assert(client[row[1]](client, { recordHandle = 1 }))
                assert.equal(row[2], record().state)
            end
            assert(client:end_preview_session({}))
        end)
    end)

    -- Each of them gets a session of its own from the server, and one cookie stays.
    it("agree about a session that many have lost at once", function()
        with_mock({}, function(client, wait, server)
            assert(client:start_contact_center_session {})
            wait(1000)
            for _ = 1, 3 do
                require("mock.genesys").PAGES["sessions/expire"](server.state)
                local numbers, done = {}, 0
                for i = 1, 20 do numbers[i] = i end
                outdial.each(numbers, { concurrency = 20 }, function()
                    assert(client:ready {})
                    done = done + 1
                end)
                assert.equal(20, done)
            end
        end)
    end)

    it("agree about what a lost session and a lost answer are", function()
        with_mock({}, function(client, wait, server)
            local pages = require("mock.genesys").PAGES
            assert(client:get_devices({}))
            pages["sessions/expire"](server.state)
            assert(client:dial({ destination = { phoneNumber = "5001" } })) -- logs in again by itself
            wait(1000)
            pages["csrf/rotate"](server.state)
            assert(client:dial({ destination = { phoneNumber = "5001" } }))
            wait(1000)
            pages["after_dial/drop"](server.state)
            local _, err = client:dial({ destination = { phoneNumber = "5001" } })
            assert.equal("unknown", err.placement)
            _, err = client:dial({ destination = { phoneNumber = "5002" } })
            assert.equal("rejected: 2: Device '5005' has a call already", tostring(err))
            assert.equal("not_placed", err.placement)
            assert.equal(3, server.state.phone_log.total)
        end)
    end)
end)
