-- Symbee Connect's client against the mock vendor, which was written from the vendor's document on its own.

local mock = require("mock")
local outdial = require("outdial")

local KEYS = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }
local START_MS = 1635915665120 -- 2021-11-03 05:01:05.120

local now_ms
local function standing_clock() return now_ms end

-- Runs fn(client, server) in a task beside a mock whose clock goes on when told; signatures need the real one.
local function with_mock(options, fn, settings)
    now_ms = START_MS
    outdial.run(function()
        local clock = not options.credentials and standing_clock or nil
        local server = assert(mock.start({ settings = settings, now_ms = clock }))
        local endpoint = "http://127.0.0.1:" .. server.port
        local all = { endpoint = endpoint, company_code = "acme", environment = "prod", campaign_region = "us-east-1",
            campaign_name = "C", api_key = "symbee-key", secrets_endpoint = endpoint, rate = false }
        for name, value in pairs(options) do all[name] = value or nil end
        local client = outdial.symbee(all)
        fn(client, server)
        client:close()
        server:stop()
    end)
end

local function add(client, id, data)
    return assert(client:add_or_update_campaign_record { clientId = id, previewRecordData = data or { Name = id } })
end

describe("Symbee Connect", function()
    it("has five actions", function()
        with_mock({}, function(symbee)
            assert.equal("SUCCESS", add(symbee, "1", { { "Name", "Kate" }, { "homePhone", "+15550100123" } })
                .previewResult.previewResultStatus)
            local found = assert(symbee:search_preview_campaign { clientId = "1" })
            local record = found.previewRecordClientData[1]
            assert.is_false(found.truncated)
            assert.equal(record.previewRecordID, record.previewRecordId)
            assert.equal("2021-11-03 05:01:05.120", record.createdTime)
            assert.equal(1635915665.12, record.created_at)
            assert.equal("NOTWORKED", record.workedState)

            assert(symbee:change_campaign_record_status { previewRecordId = record.previewRecordId,
                previewRecordStateEnum = "WORKED", nextEarliestWorkTimeUTC = 1636121700000 })
            record = assert(symbee:search_preview_campaign { previewRecordID = record.previewRecordID })
                .previewRecordClientData[1]
            assert.equal("WORKED", record.workedState)
            assert.equal(1636121700, record.earliest_at)

            assert(symbee:transfer_campaign_record { clientId = "1", transferToCampaign = "D", skillQueue = "Q" })
            local _, err = symbee:search_preview_campaign { clientId = "1" }
            assert.equal("not_found: NORECORDFOUND: No record found", tostring(err))
            record = assert(symbee:search_preview_campaign { clientId = "1", campaignName = "D" })
                .previewRecordClientData[1]
            assert.equal("Q", record.skillQueue)

            assert(symbee:delete_record_from_campaign { clientId = "1", campaignName = "D" })
            _, err = symbee:delete_record_from_campaign { clientId = "1", campaignName = "D" }
            assert.equal("not_found", err.code)
        end)
    end)

    it("finds records by criteria, and says when there may be more", function()
        with_mock({}, function(symbee)
            for i = 1, 3 do add(symbee, tostring(i), { Name = "Kate", visits = i }) end
            for _, row in ipairs {
                { { previewRecordData = { Name = "Kate" } }, 3, false },
                { { previewRecordData = { Name = "Kate" }, maxRecords = 3 }, 3, true },
                { { previewRecordData = { { "visits", "GREATERTHAN", 1 } } }, 2, false },
                { { previewRecordData = { Name = "Kate", sys_worked_state = "COMPLETED" } }, 0, false },
            } do
                local found = assert(symbee:search_preview_campaign(row[1]))
                assert.equal(row[2], #found.previewRecordClientData)
                assert.equal(row[3], found.truncated)
            end
        end)
    end)

    it("knows a missing record in either place", function()
        for _, place in ipairs { "status", "error" } do
            with_mock({}, function(symbee)
                for _, row in ipairs {
                    { "search_preview_campaign", { clientId = "x" } },
                    { "delete_record_from_campaign", { clientId = "x" } },
                    { "transfer_campaign_record", { clientId = "x", transferToCampaign = "D" } },
                    { "change_campaign_record_status", { clientId = "x", previewRecordStateEnum = "REMOVED" } },
                } do
                    local result, err = symbee[row[1]](symbee, row[2])
                    assert.is_nil(result)
                    assert.equal("not_found", err.code)
                end
            end, { symbee = { no_record_in = place } })
        end
    end)

    it("reads its key from Secrets Manager, and reads it again when it was renewed", function()
        with_mock({ api_key = false, credentials = KEYS }, function(symbee, server)
            add(symbee, "1")
            server.state.settings.symbee.api_key = "renewed"
            add(symbee, "2")
            assert.equal(2, #assert(symbee:search_preview_campaign {
                previewRecordData = { { "Name", "NOTEQUALS", "" } } }).previewRecordClientData)
            server.state.settings.secrets.SYMBEE_CONNECT_API_KEY = { error = "DecryptionFailure" }
            server.state.settings.symbee.api_key = "renewed again"
            local _, err = symbee:search_preview_campaign { clientId = "1" }
            assert.equal("authentication", err.code)
            assert.equal("DecryptionFailure", err.vendor_code)
            assert.truthy(err.message:find("Secrets Manager did not give SYMBEE_CONNECT_API_KEY: DecryptionFailure", 1,
                true))
        end, { symbee = { api_key = "first" }, secrets = { SYMBEE_CONNECT_API_KEY = { symbee_api_key = true } } })
    end)

    it("finds a call by its record, and tracks it to its end", function()
        with_mock({}, function(symbee)
            local call = { to = "+15550100123", contact = "7", token = "token-7" }
            assert.same({ found = false }, assert(symbee:find(call)))
            local placed = assert(symbee:place_call(call))
            assert.equal("handed_off", placed.state)
            assert.equal("7", placed.id)
            assert.same({ placement = "placed", call = { id = "7", state = "handed_off", vendor = "symbee",
                token = "token-7", to = "+15550100123", contact = "7" } }, assert(symbee:find(call)))
            assert(symbee:change_campaign_record_status { clientId = "7", previewRecordStateEnum = "REMOVED" })
            local outcome = assert(symbee:track(placed))
            assert.equal("canceled", outcome.kind)
            assert.equal("no", outcome.rang)
            assert.equal("REMOVED", outcome.raw.workedState)
            assert.equal(START_MS / 1000, outcome.at)
        end)
    end)

    -- The mock's agent works a record by the number in it.
    it("tracks a record to what the agent said of it", function()
        local codes = { Answered = "answered", ["Call Result/No Answer"] = "no_answer", Busy = "busy",
            Declined = "declined", ["Answering Machine"] = "machine", Fax = "fax", ["Wrong Number"] = "invalid_number",
            ["Do Not Call"] = "blocked", ["Technical Problem"] = "failed", Abandoned = "abandoned" }
        with_mock({ work_codes = codes }, function(symbee)
            for _, row in ipairs {
                { "+14155550123", "answered", "yes" }, { "+14155599001", "no_answer", "yes" },
                { "+14155599002", "busy", "unknown" }, { "+14155599003", "declined", "yes" },
                { "+14155599004", "machine", "yes" }, { "+14155599005", "fax", "yes" },
                { "+14155599006", "invalid_number", "unknown" }, { "+14155599007", "blocked", "unknown" },
                { "+14155599008", "failed", "unknown" }, { "+14155599009", "abandoned", "yes" },
                { "+14155599013", "unclassified", "unknown" },
            } do
                local placed = assert(symbee:place_call { to = row[1], token = "token-" .. row[1] })
                now_ms = now_ms + 60000
                local outcome = assert(symbee:track(placed))
                assert.equal(row[2], outcome.kind)
                assert.equal(row[3], outcome.rang)
                assert.is_true(outcome.at > (now_ms - 60000) / 1000 and outcome.at < now_ms / 1000)
            end
        end)
    end)

    -- The first attempt ends WORKED or COMPLETED, the second rings the same person's phone through the same record.
    it("R14 makes a second attempt of the same record, and tells its end from the first one's", function()
        with_mock({ work_codes = { Answered = "answered", ["No Answer"] = "no_answer", Declined = "declined" } },
            function(symbee, server)
                for _, row in ipairs {
                    { "+14155550123", "answered", "COMPLETED" }, { "+14155599001", "no_answer", "WORKED" },
                    { "+14155599003", "declined", "COMPLETED" },
                } do
                    local rings = server.state.phone_log.total
                    local first = assert(symbee:place_call { to = row[1], contact = row[1], token = "first" .. row[1] })
                    assert.is_nil(first.work_attempts)
                    now_ms = now_ms + 60000
                    assert.equal(row[2], assert(symbee:track(first)).kind)
                    assert.equal(rings + 1, server.state.phone_log.total)

                    now_ms = now_ms + 1000
                    local second = assert(symbee:place_call { to = row[1], contact = row[1], token = "second" .. row[1],
                        fields = { nextEarliestWorkTimeUTC = now_ms } })
                    assert.equal(1, second.work_attempts)
                    assert.equal(row[3], second.workedState)
                    local _, early = symbee:track(second, { timeout = 0.01 })
                    assert.equal("timeout", early.code) -- and not the end of the first one
                    now_ms = now_ms + 60000
                    local ended = assert(symbee:track(second))
                    assert.equal(row[2], ended.kind)
                    assert.equal(2, ended.raw.workAttempts)
                    assert.equal(rings + 2, server.state.phone_log.total)
                    -- What a store has kept in the way of text is enough, also in another process.
                    assert.equal(row[2], assert(symbee:track { vendor = "symbee", id = second.id,
                        token = second.token }).kind)
                end
            end)
    end)

    it("R6 takes a record back, and shows that no phone rang for it", function()
        with_mock({}, function(symbee, server)
            local rings = server.state.phone_log.total
            local placed = assert(symbee:place_call { to = "+14155550123", contact = "7", token = "t" })
            assert(symbee:change_campaign_record_status { clientId = placed.id,
                campaignName = placed.response.campaignName, previewRecordStateEnum = "REMOVED" })
            now_ms = now_ms + 3600000
            local ended = assert(symbee:track { vendor = placed.vendor, id = placed.id, token = placed.token })
            assert.same({ "canceled", "no" }, { ended.kind, ended.rang })
            assert.equal(rings, server.state.phone_log.total)
        end)
    end)

    it("refuses to replace a record by the vendor's id unless asked to", function()
        with_mock({}, function(symbee)
            add(symbee, "1")
            local id = assert(symbee:search_preview_campaign { clientId = "1" })
                .previewRecordClientData[1].previewRecordId
            local fields = { previewRecordId = id, clientId = "1", previewRecordData = { Name = "Kate" } }
            local result, err = symbee:add_or_update_campaign_record(fields)
            assert.is_nil(result)
            assert.equal("/previewRecordId", err.path)
            fields.allow_record_id = true
            assert(symbee:add_or_update_campaign_record(fields))
        end)
    end)
end)
