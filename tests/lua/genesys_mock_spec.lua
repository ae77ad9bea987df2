-- A Genesys client against the mock: session, calls and records, each to the event that ends it.

local mock = require "mock"
local outdial = require "outdial"

local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
local CHANNELS = { "/v2/me/devices", "/v2/me/calls", "/v2/me/outbound", "/me/internal" }

describe("a Genesys client and the mock", function()
    -- Runs fn(client, events) with a mock whose calls are short.
    local function with_client(fn, more)
        local settings = { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10, busy_ms = 5 }
        for key, value in pairs(more or {}) do settings[key] = value end
        outdial.run(function()
            local handle = assert(mock.start { settings = { genesys = settings } })
            local client = outdial.genesys {
                base_url = "http://127.0.0.1:" .. handle.port, username = "agent", password = "secret",
                device_id = DEVICE, application_id = 134, campaign_name = "Campaign1", calling_list = "CallingList1",
                time_zone = "GMT", phone_type = "Mobile", rate = false,
            }
            local events = {}
            assert(client:subscribe(CHANNELS, function(event) events[#events + 1] = event end))
            fn(client, events)
            client:close()
            handle:stop()
        end)
    end

    local function started(fn, more)
        with_client(function(client, events)
            local session = assert(client:start_contact_center_session { wait = 30 })
            assert.equal(DEVICE, session.device.id)
            fn(client, events)
        end, more)
    end

    local ends = {
        { "+15550100123", "answered", "yes" },
        { "+15550199001", "no_answer", "unknown" },
        { "+15550199002", "no_answer", "unknown" }, -- busy: the events do not say so
    }
    for _, shape in ipairs { "objects", "strings" } do
        for _, row in ipairs(ends) do
            it(("R19 follows a call to %s to its end, with participants as %s"):format(row[1], shape), function()
                started(function(client)
                    local call = assert(client:place_call { to = row[1], token = "t-1" })
                    assert.same({ state = "handed_off", vendor = "genesys", token = "t-1", to = row[1],
                        response = { statusCode = 0 } }, call)
                    local ended = assert(client:track(call, { timeout = 30 }))
                    assert.equal(row[2], ended.kind)
                    assert.equal(row[3], ended.rang)
                    assert.equal("Released", ended.raw.state)
                    assert.equal("t-1", ended.raw.userData.outdial)
                    local found = assert(client:find { token = "t-1" }) -- it is over, but was heard of
                    assert.equal("placed", found.placement)
                    assert.equal(ended.raw.id, found.call.id)
                end, { participants = shape })
            end)
        end
    end

    it("adds a record and waits for its chain", function()
        started(function(client)
            local added = assert(client:add_record { phoneNumber = "12345", from = 0, ["until"] = 86339, wait = 30,
                referenceId = "r-1" })
            assert.equal("r-1", added.referenceId)
            assert.equal("AddRecordAcknowledge", added.event.notificationType)
            assert.is_number(added.chainId)
        end)
    end)

    it("hears why a record was refused", function()
        started(function(client)
            local added, err = client:add_record { phoneNumber = "12345", from = 0, ["until"] = 86339, wait = 30,
                callingList = "NoSuchList" }
            assert.is_nil(added)
            assert.equal("rejected", err.code)
            assert.equal("unknown", err.placement)
        end)
    end)

    it("works through a preview record", function()
        started(function(client)
            assert(client:add_record { phoneNumber = "12345", from = 0, ["until"] = 86339, wait = 30 })
            assert.equal("PreviewSessionStarted",
                assert(client:start_preview_session { wait = 30 }).event.notificationType)
            local handle = assert(client:get_preview_record { wait = 30 }).event.record.recordHandle
            local kinds = {}
            for _, call in ipairs {
                { "get_chained_record", {} },
                { "update_record", { from = 1, ["until"] = 2 } },
                { "reschedule_record", { callbackType = "Campaign", timestamp = 2000000000 } },
            } do
                call[2].recordHandle, call[2].wait = handle, 30
                kinds[#kinds + 1] = assert(client[call[1]](client, call[2])).event.notificationType
            end
            assert.same({ "ChainedRecordsDataEnd", "UpdateCallCompletionStatsAcknowledge",
                "ScheduledRecordRescheduleAcknowledge" }, kinds)
            assert.equal("PreviewSessionEnded",
                assert(client:end_preview_session { wait = 30 }).event.notificationType)
        end)
    end)

    it("works on a live call", function()
        started(function(client, events)
            local call = assert(client:place_call { to = "+15550199012", token = "t-1" })
            local ended = outdial.spawn(function() return client:track(call, { timeout = 30 }) end)
            -- Lets the others run until the newest event of the call says this state; returns the call's id.
            local function wait_for(state)
                local limit = outdial.engine:now() + 30
                while outdial.engine:now() < limit do
                    local data = events[#events] and events[#events].data
                    if data and data.call and data.call.state == state then return data.call.id end
                    outdial.sleep(0)
                end
                error("the call never was " .. state)
            end
            local id = wait_for("Established")
            assert.same({ statusCode = 0 }, (assert(client:hold { callId = id })))
            wait_for("Held")
            local refused, err = client:hold { callId = id }
            assert.is_nil(refused)
            assert.equal("permission", err.code)
            assert(client:retrieve { callId = id })
            wait_for("Established")
            assert(client:send_dtmf { callId = id, digits = "1#" })
            assert(client:hangup { callId = id })
            assert.equal("answered", assert(ended:join()).kind)
            assert.is_true(#events > 4)
        end)
    end)
end)
