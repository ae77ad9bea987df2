-- R1, at each vendor: a placement whose answer is lost arrives once, on a connection that was used before, and is in
-- doubt until it is looked up. The mock does nothing, or does what it was asked and gives no answer that can be read.

local mock = require "mock"
local outdial = require "outdial"

local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
local KEYS = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }

-- What fails (the n-th request), what is placed, and what a look-up says where nothing was done, and where it was.
local VENDORS = {
    { "amazon_connect", nth = 1,
        options = { region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "f-1",
            source_phone_number = "+12065550100", credentials = KEYS },
        warm = function(client)
            assert(client:search_contacts { TimeRange = { Type = "INITIATION_TIMESTAMP", StartTime = 1, EndTime = 2 } })
        end,
        call = { to = "+12065550001" }, undone = { found = false }, state = "placed" },
    { "genesys", nth = 1,
        options = { username = "agent", password = "secret", device_id = DEVICE },
        warm = function(client) assert(client:start_contact_center_session {}) end,
        call = { to = "+15550100123" }, undone = { found = false }, state = "placed" },
    { "genesys", name = "genesys' records", nth = 1,
        options = { username = "agent", password = "secret", device_id = DEVICE, application_id = 134,
            campaign_name = "Campaign1", calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile",
            place_call_with = "add_record" },
        warm = function(client) assert(client:start_contact_center_session {}) end,
        call = { to = "+15550100123", fields = { from = 0, ["until"] = 86399 } },
        error = "validation: a record that was added cannot be looked up: only events tell of it, and none of this one "
            .. "was heard" },
    { "ccai_platform", nth = 1,
        options = { subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "token",
            agent_email = "agent@somedomain.com", outbound_number = "+18005550100" },
        warm = function(client) assert(client:list_calls {}) end,
        call = { to = "+18596579625", fields = { ticket_id = "71450" } }, undone = { found = false },
        state = "placed" },
    { "symbee", name = "symbee's new records", nth = 2,
        options = { company_code = "acme", environment = "prod", campaign_region = "us-east-1", campaign_name = "C",
            api_key = "symbee-key" },
        warm = function(client) assert(client:search_preview_campaign { previewRecordData = { Name = "x" } }) end,
        call = { to = "+14155550123", contact = "7" }, undone = { found = false }, state = "handed_off" },
}

local DONE = { drop_before = false, drop_after = true, garbage = true, hang = true }

-- R14: a record that was completed before; where its data is in and the state was not set, nobody is called (R5).
local SECOND = { "symbee", name = "symbee's second attempts", options = VENDORS[5].options, call = VENDORS[5].call,
    warm = function(client)
        assert(client:add_or_update_campaign_record { clientId = "7", previewRecordData = { Name = "7" } })
        assert(client:change_campaign_record_status { clientId = "7", previewRecordStateEnum = "COMPLETED" })
    end }

-- Places the call with that fault at the nth request from then on. Returns the error, how many requests arrived, and
-- what a look-up says then.
local function lose(row, fault, nth)
    local err, arrived, found, problem
    outdial.run(function()
        local server = assert(mock.start {})
        local all = { rate = false, retry = false }
        all[row[1] == "genesys" and "base_url" or "endpoint"] = "http://127.0.0.1:" .. server.port
        for key, value in pairs(row.options) do all[key] = value end
        local client = outdial[row[1]](all)
        row.warm(client)
        arrived = 0
        server.next_fault = function()
            arrived = arrived + 1
            return arrived == nth and fault or nil
        end
        local call = { token = "t-1", at = math.floor(outdial.engine:wall()) }
        for key, value in pairs(row.call) do call[key] = value end
        local placed
        placed, err = client:place_call({ to = call.to, contact = call.contact, token = call.token,
            fields = call.fields }, { timeout = fault == "hang" and 0.5 or 30 })
        assert.is_nil(placed)
        server.next_fault = nil
        if row.state == "placed" then outdial.sleep(0.02) end -- Genesys' event comes after its answer
        found, problem = client:find(call)
        client:close()
        server:stop()
    end)
    return err, arrived, found, problem
end

describe("R1 a placement whose answer is lost", function()
    for _, row in ipairs(VENDORS) do
        for fault, done in pairs(DONE) do
            it(("arrives once and is in doubt: %s, %s"):format(row.name or row[1], fault), function()
                local err, arrived, found, problem = lose(row, fault, row.nth)
                assert.equal("unknown", err.placement)
                assert.equal(row.nth, arrived)
                if row.error then
                    assert.equal(row.error, tostring(problem))
                elseif not done then
                    assert.same(row.undone, found)
                else
                    assert.equal("placed", found.placement)
                    assert.equal(row.state, found.call.state)
                    assert.equal("t-1", found.call.token)
                end
            end)
        end
    end

    -- Each person is called three times through one record, over a network that loses one answer in five.
    it("R14 rings once for each attempt that is placed or found, and for no other", function()
        local now_ms, states, rings = math.floor(outdial.engine:wall() * 1000), {}, {}
        outdial.run(function()
            local server = assert(mock.start { now_ms = function() return now_ms end, faults = { drop_before = 0.05,
                drop_after = 0.05, garbage = 0.05, error_500 = 0.05, throttle = 0.05 } })
            local faults = server.next_fault
            local ring = server.log.ring
            server.log.ring = function(told, at_ms)
                rings[told.token] = (rings[told.token] or 0) + 1
                return ring(told, at_ms)
            end
            local options = { endpoint = "http://127.0.0.1:" .. server.port, rate = false, retry = false,
                work_codes = { Answered = "answered" } }
            for key, value in pairs(SECOND.options) do options[key] = value end
            local client = outdial.symbee(options)
            for i = 1, 60 do
                local call = { to = ("+1415555%04d"):format(i % 20), contact = "p" .. i % 20, token = "t-" .. i,
                    fields = { nextEarliestWorkTimeUTC = now_ms } }
                server.next_fault = faults
                local placed, err = client:place_call(call)
                server.next_fault = nil
                states[call.token] = placed and "handed_off" or err.placement
                if not placed and err.placement == "unknown" then
                    placed = assert(client:find(call)).call
                    states[call.token] = placed and "handed_off" or "not found"
                end
                now_ms = now_ms + 600000
                if placed then
                    local ended = assert(client:track(placed, { timeout = 30 }))
                    assert.same({ "answered", call.token }, { ended.kind, call.token })
                end
            end
            client:close()
            server:stop()
        end)
        local counts = {}
        for token, state in pairs(states) do
            assert.same({ token, state == "handed_off" and 1 or 0 }, { token, rings[token] or 0 })
            counts[state] = (counts[state] or 0) + 1
        end
        assert.is_true(counts.handed_off > 20 and counts.not_placed > 2 and counts["not found"] > 0)
    end)

    -- search, addOrUpdate, changeStatus: what is known after each
    for nth, known in ipairs { "not_placed", "unknown", "unknown" } do
        for fault, done in pairs(nth > 1 and DONE or { garbage = true, hang = true }) do -- a search is repeated
            it(("R14 is known by what was done before: request %d, %s"):format(nth, fault), function()
                local err, arrived, found = lose(SECOND, fault, nth)
                assert.equal(known, err.placement)
                assert.equal(nth, arrived)
                assert.same(nth == 3 and done and "placed" or false, found.placement or found.found)
            end)
        end
    end
end)
