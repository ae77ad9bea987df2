-- CCAI Platform's client against the mock vendor, which was written from the vendor's documents on its own.

local mock = require "mock"
local outdial = require "outdial"
local outcomes = require "mock.outcomes"

-- Runs fn(client, server, advance) in a task beside a mock whose clock stands until advance(seconds).
local function with_mock(options, fn, settings)
    outdial.run(function()
        local ccai = { rate = { per_second = 1e6, burst = 1e6 } }
        for name, value in pairs(settings or {}) do ccai[name] = value end
        local now_ms = math.floor(outdial.engine:wall() * 1000)
        local server = assert(mock.start({ settings = { ccai = ccai }, now_ms = function() return now_ms end }))
        local all = { subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "token", menu_id = 9,
            endpoint = "http://127.0.0.1:" .. server.port, rate = false, agent_email = "agent@somedomain.com" }
        for name, value in pairs(options) do all[name] = value end
        local client = outdial.ccai_platform(all)
        fn(client, server, function(seconds) now_ms = now_ms + seconds * 1000 end)
        client:close()
        server:stop()
    end)
end

local function iso(seconds)
    return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(outdial.engine:wall()) + seconds)
end

describe("CCAI Platform", function()
    it("has operations around its calls", function()
        with_mock({}, function(ccai, server)
            local call = assert(ccai:place_call { to = "+1 555-555-0100" })
            assert.equal("placed", call.state)

            local flags = assert(ccai:get_customer_flag { id = call.id })
            assert.same({ verified_customer = false, bad_actor = false, repeat_customer = false }, flags)
            assert(ccai:update_customer_flag { id = call.id, repeat_customer = true, verified_customer = true })
            flags = assert(ccai:get_customer_flag { id = call.id })
            assert.same({ verified_customer = true, bad_actor = false, repeat_customer = true }, flags)
            server.state.settings.ccai.repeat_flag = "repeat_customer"
            assert(ccai:update_customer_flag { id = call.id, repeat_customers = false })
            flags = assert(ccai:get_customer_flag { id = call.id })
            assert.is_true(flags.repeat_customer) -- A7: a key that the vendor passes over in silence

            assert.same({ message = "accepted" }, (ccai:attach_end_user { call_id = call.id, identifier = "u-1" }))
            local _, err = ccai:attach_end_user { call_id = call.id, identifier = "u-1" }
            assert.equal("rejected: Duplicate request: Please wait for the interval to expire", tostring(err))
            assert.is_true(err.retryable)

            local waits = assert(ccai:get_wait_times { lang = "en", menu_type = "web_menu" })
            assert.equal(70, waits.menus[1].menu_id)
            assert.is_nil(waits.menus[2])
        end)
    end)

    it("takes scheduled calls back", function()
        with_mock({}, function(ccai)
            local function schedule()
                return assert(ccai:place_call { to = "+15555550100", fields = { call_type = "Voice Scheduled (API)",
                    scheduled_at = iso(3600) } })
            end
            local call = schedule()
            assert.equal("handed_off", call.state)
            assert.equal("cancelled", assert(ccai:cancel_scheduled_call { id = call.id }).status)
            assert.same({ already = true }, (ccai:cancel_scheduled_call { id = call.id }))
            assert.same({ kind = "canceled", rang = "no" }, (function()
                local outcome = assert(ccai:track(call))
                return { kind = outcome.kind, rang = outcome.rang }
            end)())
            local result = assert(ccai:cancel_scheduled_calls { call_ids = { schedule().id, schedule().id } })
            assert.equal("/apps/api/v1/calls/scheduled/cancel/1", result.location)
            local _, err = ccai:cancel_scheduled_call { id = 99999 }
            assert.equal("not_found: Not Found", tostring(err))
            _, err = ccai:place_call { to = "+15555550100", fields = { call_type = "Voice Scheduled (API)",
                scheduled_at = iso(-1) } }
            assert.equal("validation", err.code)
            assert.equal("/scheduled_at", err.path)
            assert.equal("not_placed", err.placement)
        end)
    end)

    it("blocks numbers", function()
        with_mock({}, function(ccai, server)
            local result = assert(ccai:add_do_not_call { contacts = { { phone_number = "+1 555-555-0100" },
                { phone_number = "+15555550101", expires_at = iso(-60) } } })
            assert.equal("created", result.contacts[1].status)
            assert.equal("failed", result.contacts[2].status)
            assert.equal("expires_at cannot be past date/time", result.contacts[2].error)
            local call, err = ccai:place_call { to = "+15555550100" }
            assert.is_nil(call)
            assert.equal("not_placed", err.placement)
            assert.is_false(err.retryable)
            assert.equal(0, server.state.phone_log.total)
        end)
    end)

    it("lists calls page by page, also where the next page's address is missing", function()
        for _, next_link in ipairs { true, false } do
            with_mock({}, function(ccai, server)
                local placed = {}
                for i = 1, 5 do
                    local call = assert(ccai:place_call { to = "+1555555010" .. i, fields = {
                        agent_email = "agent" .. i .. "@somedomain.com" } })
                    placed[i] = tonumber(call.id)
                end
                local list, ids = ccai:pages("list_calls", { sort_column = "id", per = 2 }), {}
                assert.is_true(list:each(function(call) ids[#ids + 1] = call.id end))
                assert.same(placed, ids)
                assert.equal(5, list.total)
                assert.equal(5, server.state.phone_log.total)
            end, { next_link = next_link })
        end
    end)

    it("R10 finds a call by its ticket, and only one", function()
        with_mock({}, function(ccai, _, advance)
            local wanted = { to = "+18596579625", token = "t-1", at = math.floor(outdial.engine:wall()),
                fields = { ticket_id = "71450" } }
            assert.same({ found = false }, (ccai:find(wanted)))
            local call = assert(ccai:place_call { to = "+18596579625", fields = { ticket_id = "71450" } })
            assert.same({ placement = "placed", call = { id = call.id, state = "placed", vendor = "ccai_platform",
                token = "t-1", to = wanted.to, at = wanted.at, fields = wanted.fields } }, (ccai:find(wanted)))
            advance(300)
            assert(ccai:place_call { to = "+18596579625", fields = { ticket_id = "71450" } })
            assert.same({ found = false }, (ccai:find(wanted)))
            wanted.fields = nil
            local _, err = ccai:find(wanted)
            assert.equal("validation: a CCAI call without a ticket cannot be looked up", tostring(err))
        end)
    end)

    it("R23 follows calls to each of their ends", function()
        local rows = {
            ["99000"] = { "answered", "yes" }, ["99001"] = { "no_answer", "yes" }, ["99002"] = { "busy", "unknown" },
            ["99003"] = { "declined", "yes" }, ["99004"] = { "machine", "yes" }, ["99005"] = { "answered", "yes" },
            ["99006"] = { "invalid_number", "unknown" }, ["99008"] = { "failed", "unknown" },
            ["99009"] = { "abandoned", "unknown" }, ["99010"] = { "expired", "unknown" },
            ["99011"] = { "canceled", "unknown" }, ["99013"] = { "unclassified", "unknown" },
            ["99014"] = { "answered", "yes" }, ["99015"] = { "no_answer", "yes" }, ["99016"] = { "answered", "yes" },
            ["99017"] = { "failed", "unknown" }, ["99018"] = { "answered", "yes" },
        }
        local kinds = { eu_canceled = "abandoned", eu_rejected = "declined", eu_abandoned = "abandoned",
            eu_in_menu_abandoned = "abandoned", eu_repeated_voicemail = "blocked", eu_repeated_callback = "blocked",
            eu_busy = "busy", eu_wrong_number = "invalid_number", eu_no_answer = "no_answer", ag_canceled = "canceled",
            expired = "expired", transfer_expired = "expired", direct_pstn_call_to_fallback_number = "unclassified" }
        local rang = { eu_canceled = "yes", eu_rejected = "yes", eu_in_menu_abandoned = "yes", eu_no_answer = "yes" }
        for index, reason in ipairs(outcomes.FAIL_REASONS) do
            rows[("992%02d"):format(index)] = { kinds[reason] or "failed", rang[reason] or "unknown", reason }
        end
        with_mock({ redial_within = 0 }, function(ccai, _, advance)
            for ending, row in pairs(rows) do
                local call = assert(ccai:place_call { to = "+155555" .. ending })
                call.at = nil -- the answer's own time is enough
                advance(600)
                local outcome = assert(ccai:track(call, { timeout = 30 }))
                local reason = row[3] and outcome.raw.fail_reason
                assert.same({ row[1], row[2], row[3] }, { outcome.kind, outcome.rang, reason }, ending)
            end
        end)
    end)

    it("gives up on a call whose end the vendor never tells, when it is told to", function()
        with_mock({}, function(ccai, _, advance)
            local call = assert(ccai:place_call { to = "+15555599012" })
            advance(600)
            local outcome, err = ccai:track(call, { timeout = 0.05 })
            assert.is_nil(outcome)
            assert.equal("timeout", err.code)
        end)
    end)

    it("R6 hands off what an agent has to do, and cannot follow it", function()
        with_mock({ agent_email = "choose@somedomain.com" }, function(ccai, server)
            local call = assert(ccai:place_call { to = "+15555550100" })
            assert.equal("handed_off", call.state)
            assert.is_nil(call.id)
            local _, err = ccai:track(call)
            assert.equal("validation /id: expected the id of a call, got nothing (an agent has to act first)",
                tostring(err))
            assert.equal(0, server.state.phone_log.total)
        end)
    end)

    it("R17 lets an agent rest who is not available", function()
        with_mock({ agent_email = "busy@somedomain.com" }, function(ccai)
            local _, err = ccai:place_call { to = "+15555550100" }
            assert.equal("rejected: Agent is not available to take this call", tostring(err))
            assert.equal("not_placed", err.placement)
            assert.is_true(err.retryable)
            assert.equal(30, err.retry_after)
        end)
    end)
end)
