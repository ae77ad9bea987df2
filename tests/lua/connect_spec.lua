-- Amazon Connect's client against the mock vendor, which was written from the vendor's documents on its own.

local mock = require "mock"
local outdial = require "outdial"
local outcomes = require "mock.outcomes"

local INSTANCE = "10a4c4eb-f57e-4d4c-b602-bf39176ced07"

-- Runs fn(client, server, advance) in a task beside a mock whose clock stands until advance(seconds).
local function with_mock(fn, settings, options)
    outdial.run(function()
        local connect = { concurrent_calls = 1000, rate = { per_second = 1e6, burst = 1e6 }, rates = {} }
        for _, name in ipairs { "StopContact", "DescribeContact", "GetContactAttributes", "UpdateContactAttributes",
            "SearchContacts", "PutDialRequestBatch", "PutOutboundRequestBatch" } do
            connect.rates[name] = { per_second = 1e6, burst = 1e6 }
        end
        for name, value in pairs(settings or {}) do connect[name] = value end
        local now_ms = math.floor(outdial.engine:wall() * 1000)
        local server = assert(mock.start({ settings = { connect = connect }, now_ms = function() return now_ms end }))
        local all = { region = "us-east-1", instance_id = INSTANCE, contact_flow_id = "f-1",
            source_phone_number = "+12065550100", rate = false, endpoint = "http://127.0.0.1:" .. server.port,
            credentials = { access_key_id = "AKIDEXAMPLE",
                secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } }
        for name, value in pairs(options or {}) do all[name] = value end
        local client = outdial.amazon_connect(all)
        fn(client, server, function(seconds) now_ms = now_ms + seconds * 1000 end)
        client:close()
        server:stop()
    end)
end

local DETECTION = { TrafficType = "CAMPAIGN", AnswerMachineDetectionConfig = { EnableAnswerMachineDetection = true } }

-- Places a call to a number with the given end, lets it end, and tracks it.
local function outcome_of(client, advance, ending, fields)
    local call = assert(client:place_call { to = "+120655" .. ending, fields = fields })
    advance(120)
    return assert(client:track(call, { timeout = 5 }))
end

describe("Amazon Connect", function()
    it("tells how a call ended", function()
        local rows = {
            { "50001", "answered", "yes", "CUSTOMER_DISCONNECT" },
            { "99001", "no_answer", "yes", "TELECOM_UNANSWERED" },
            { "99002", "busy", "unknown", "TELECOM_BUSY" }, { "99003", "busy", "unknown", "TELECOM_BUSY" },
            { "99006", "invalid_number", "no", "TELECOM_NUMBER_INVALID" },
            { "99007", "blocked", "unknown", "TELECOM_POTENTIAL_BLOCKING" },
            { "99008", "failed", "unknown", "TELECOM_PROBLEM" }, { "99009", "abandoned", "yes", "CUSTOMER_DISCONNECT" },
            { "99010", "expired", "no", "EXPIRED" },
            { "99011", "no_answer", "unknown", "TELECOM_ORIGINATOR_CANCEL" },
            { "99013", "unclassified", "unknown", "TELECOM_SOMETHING_NEW" },
        }
        with_mock(function(client, _, advance)
            for _, row in ipairs(rows) do
                local outcome = outcome_of(client, advance, row[1])
                assert.same({ row[1], row[2], row[3], { DisconnectReason = row[4] } },
                    { row[1], outcome.kind, outcome.rang, outcome.raw })
            end
        end)
    end)

    it("has a row for each reason and each detection that the vendor lists", function()
        with_mock(function(client, _, advance)
            for i, reason in ipairs(outcomes.DISCONNECT_REASONS) do
                local outcome = outcome_of(client, advance, ("991%02d"):format(i))
                assert.not_equal("unclassified", outcome.kind, reason)
                assert.equal(reason ~= "" and reason or nil, outcome.raw.DisconnectReason)
            end
            for i, status in ipairs(outcomes.DETECTION_STATUSES) do
                local outcome = outcome_of(client, advance, ("991%02d"):format(30 + i), DETECTION)
                assert.not_equal("unclassified", outcome.kind, status)
                assert.equal(status, outcome.raw.AnsweringMachineDetectionStatus)
            end
        end)
    end)

    it("tells a machine, a fax and a word unheard of where detection was asked for", function()
        with_mock(function(client, _, advance)
            for ending, kind in pairs { ["99004"] = "machine", ["99005"] = "fax", ["50001"] = "answered",
                ["99013"] = "unclassified", ["99002"] = "busy", ["99009"] = "abandoned" } do
                assert.equal(kind, outcome_of(client, advance, ending, DETECTION).kind)
            end
        end)
    end)

    it("follows a call for no longer than it was told to", function()
        with_mock(function(client)
            local call = assert(client:place_call { to = "+12065599012" })
            local outcome, err = client:track(call, { timeout = 0.02 })
            assert.is_nil(outcome)
            assert.equal("timeout: the call has not ended within 20 ms", tostring(err))
            assert.is_true(err.retryable)
        end)
    end)

    it("ends a call, and one that has ended already", function()
        with_mock(function(client)
            local call = assert(client:place_call { to = "+12065550001" })
            local described = assert(client:describe_contact { ContactId = call.id })
            assert.equal("dialling", described.state)
            assert.equal(call.id, described.Contact.Id)
            assert.same({}, (client:stop_contact { ContactId = call.id }))
            assert.same({}, (client:stop_contact { ContactId = call.id }))
            assert.equal("ended", assert(client:describe_contact { ContactId = call.id }).state)
            assert.equal("canceled", assert(client:track(call)).kind)
            local _, err = client:stop_contact { ContactId = "nobody" }
            assert.equal("not_found", err.code)
            assert.equal("ResourceNotFoundException", err.vendor_code)
        end)
    end)

    it("R2 finds a call whose answer was lost by its attempt", function()
        with_mock(function(client, _, advance)
            local at = outdial.engine:wall()
            for i = 1, 3 do assert(client:place_call { to = "+12065550001", token = "token-" .. i }) end
            local found = assert(client:find { token = "token-2", to = "+12065550001", at = at })
            assert.equal("placed", found.placement)
            assert.same({ id = found.call.id, state = "placed", vendor = "amazon_connect", token = "token-2",
                to = "+12065550001", at = at }, found.call)
            assert.same({ found = false }, (client:find { token = "token-4", at = at }))
            assert.same({ found = false }, (client:find { token = "token-2", at = at - 1000 }))
            advance(60)
            assert.equal("answered", assert(client:track(found.call)).kind)
        end)
    end)

    it("finds a call though its contact cannot be seen at first", function()
        with_mock(function(client, _, advance)
            local at = outdial.engine:wall()
            assert(client:place_call { to = "+12065550001", token = "token-1" })
            assert.same({ found = false }, (client:find { token = "token-1", at = at }))
            advance(10)
            assert.equal("placed", assert(client:find { token = "token-1", at = at }).placement)
        end, { visible_after_ms = 10000 })
    end)

    it("reads error types wherever they stand", function()
        for _, place in ipairs { "header", "header_uri", "code", "__type" } do
            with_mock(function(client)
                local call, err = client:place_call { to = "+8505550001" }
                assert.is_nil(call)
                assert.equal("DestinationNotAllowedException", err.vendor_code)
                assert.equal("rejected", err.code)
                assert.equal("not_placed", err.placement)
                local _, unknown = client:describe_contact { ContactId = "nobody" }
                assert.equal("not_found", unknown.code)
            end, { error_type_in = place })
        end
    end)

    it("names a quota's end", function()
        with_mock(function(client)
            local _, err = client:place_call { to = "+8785550001" }
            assert.equal("LimitExceededException", err.vendor_code)
            assert.equal("throttled", err.code)
            assert.is_true(err.retryable)
            assert.equal("not_placed", err.placement)
        end, nil, { retry = false })
    end)

    it("reads and writes attributes", function()
        with_mock(function(client)
            local call = assert(client:place_call { to = "+12065550001", token = "t", attributes = { plan = "gold" } })
            local where = { InitialContactId = call.id }
            assert.same({ plan = "gold", outdial_attempt = "t" },
                assert(client:get_contact_attributes(where)).Attributes)
            assert(client:update_contact_attributes { InitialContactId = call.id,
                Attributes = { plan = "", more = "é" } })
            assert.same({ plan = "", more = "é", outdial_attempt = "t" },
                assert(client:get_contact_attributes(where)).Attributes)
        end)
    end)

    it("R13 tells a batch item by item, in both versions", function()
        with_mock(function(client)
            local later = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(outdial.engine:wall()) + 600)
            local function first(token, number)
                return { clientToken = token, phoneNumber = number, expirationTime = later, attributes = {} }
            end
            local result = assert(client:put_dial_request_batch { id = "camp-1", dialRequests = {
                first("a", "+12065550001"), first("b", "+12065599021"), first("c", "+12065599022"),
                first("d", "+12065599024") } })
            local id = result.items[1].id
            assert.same({
                { clientToken = "a", state = "handed_off", id = id },
                { clientToken = "b", placement = "not_placed", code = "rejected", failureCode = "InvalidInput" },
                { clientToken = "c", placement = "not_placed", code = "throttled", failureCode = "RequestThrottled" },
                { clientToken = "d", placement = "unknown", code = "unavailable", failureCode = "UnknownError" },
            }, result.items)
            assert.equal("dialling", assert(client:describe_contact { ContactId = id }).state)

            local function second(token, number)
                return { clientToken = token, expirationTime = later, channelSubtypeParameters = { telephony = {
                    destinationPhoneNumber = number, attributes = {} } } }
            end
            result = assert(client:put_outbound_request_batch { id = "arn:aws:connect-campaigns:us-east-1:1:campaign/c",
                outboundRequests = { second("a", "+12065599023"), second("b", "+12065550001") } })
            assert.same({ clientToken = "a", placement = "not_placed", code = "throttled",
                failureCode = "BufferLimitExceeded" }, result.items[1])
            assert.equal("handed_off", result.items[2].state)

            local _, err = client:put_dial_request_batch { id = "paused",
                dialRequests = { first("a", "+12065550001") } }
            assert.equal("conflict", err.code)
            assert.equal("InvalidCampaignStateException", err.vendor_code)
            assert.equal("unknown", err.placement)
        end)
    end)

    it("looks for contacts page by page", function()
        with_mock(function(client)
            local wall = math.floor(outdial.engine:wall())
            local range = { Type = "INITIATION_TIMESTAMP", StartTime = wall - 60, EndTime = wall + 60 }
            for _ = 1, 3 do assert(client:place_call { to = "+12065550001" }) end
            local page = assert(client:search_contacts { TimeRange = range, MaxResults = 2 })
            assert.equal(2, #page.Contacts)
            assert.equal(3, page.TotalCount)
            page = assert(client:search_contacts { TimeRange = range, MaxResults = 2, NextToken = page.NextToken })
            assert.equal(1, #page.Contacts)
            assert.is_nil(page.NextToken)
        end)
    end)

    -- In any stretch of time no more may arrive than the vendor takes: five, and two for each second of it. Arrivals
    -- are told apart to a quarter of a second, for the machine may be busy.
    local function assert_within_rate(arrivals)
        for first = 1, #arrivals do
            for last = first, #arrivals do
                local seconds = (arrivals[last] - arrivals[first]) / 1000
                assert.is_true(last - first + 1 <= 5 + 2 * (seconds + 0.25),
                    ("%d arrived within %.3f s"):format(last - first + 1, seconds))
            end
        end
    end

    for _, tasks in ipairs { 1, 64 } do
        it(("R21 keeps to two calls a second, five at once, from %d tasks"):format(tasks), function()
            local count = tasks == 1 and 6 or 8
            outdial.run(function()
                local arrivals = {}
                -- It takes whatever comes: what it refused would hide what arrived.
                local server = assert(mock.start())
                function server.log.ring(_, now_ms) arrivals[#arrivals + 1] = now_ms end
                local client = outdial.amazon_connect { region = "us-east-1", instance_id = INSTANCE,
                    contact_flow_id = "f-1", source_phone_number = "+12065550100",
                    endpoint = "http://127.0.0.1:" .. server.port,
                    credentials = { access_key_id = "AKIDEXAMPLE",
                        secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } }
                local numbers = {}
                for i = 1, count do numbers[i] = "+1206555000" .. i end
                outdial.each(numbers, { concurrency = tasks }, function(number)
                    assert(client:place_call { to = number })
                end)
                assert.equal(count, #arrivals)
                assert_within_rate(arrivals)
                client:close()
                server:stop()
            end)
        end)
    end

    it("corrects a clock that is wrong by the vendor's answers", function()
        local lines = {}
        with_mock(function(client, _, advance)
            advance(1000)
            local call = assert(client:place_call { to = "+12065550001" })
            assert.equal("dialling", assert(client:describe_contact { ContactId = call.id }).state)
            outdial.sleep(0)
            assert.equal(1, #lines) -- the second request was signed rightly at once
            assert.matches("^start_outbound_voice_contact: try 1 failed, again in %d+ ms: authentication: ", lines[1])
        end, nil, { on_log = function(_, line) lines[#lines + 1] = line end })
    end)
end)

describe("following a call", function()
    local client = outdial.amazon_connect { region = "us-east-1", instance_id = "i", endpoint = "http://127.0.0.1:1",
        credentials = { access_key_id = "a", secret_access_key = "s" } }
    local THIS = debug.getinfo(1, "S").short_src

    local rows = {
        { function() client.track { id = "c" } end,
            "outdial: amazon_connect:track: call it as client:method { ... }, with a colon" },
        { function() client:track() end, "outdial: amazon_connect:track: expected a call (a table), got nothing" },
        { function() client:find("c") end, "outdial: amazon_connect:find: expected a call (a table), got string" },
        { function() client:track({ id = "c" }, { timout = 1 }) end,
            'outdial: amazon_connect:track: unknown option "timout", did you mean "timeout"?' },
        { function() client:track({ id = "c" }, { send_before = 1 }) end,
            'outdial: amazon_connect:track: unknown option "send_before"' },
        { function() client:track({ id = "c" }, { timeout = -1 }) end,
            "outdial: amazon_connect:track: timeout: expected seconds, 0 or more, got -1" },
        { function() client:track({ id = "c" }, 5) end,
            "outdial: amazon_connect:track: expected a table of options, got number" },
        { function() return client.finde end, 'outdial: amazon_connect has no "finde", did you mean "find"?' },
    }
    for i, row in ipairs(rows) do
        it("misuse " .. i .. " raises at the caller's line", function()
            local ok, problem = pcall(row[1])
            assert.is_false(ok)
            assert.equal(row[2], (problem:gsub("^[^:]+:%d+: ", "")))
            assert.equal(THIS, problem:match("^([^:]+):%d+: "))
        end)
    end

    local refused = {
        { "find", { at = 1 }, "validation /token: expected the token of the call, got nothing" },
        { "find", { token = "t" }, "validation /at: expected a time in Unix seconds, got nothing" },
        { "track", {}, "validation /id: expected the id of a contact, got nothing" },
        { "track", { id = "c", vendor = "symbee" },
            "validation /vendor: expected a call of amazon_connect, got one of symbee" },
        { "track", { id = "c", at = "now" }, "validation /at: expected a time in Unix seconds, got a string" },
    }
    for _, row in ipairs(refused) do
        it(row[1] .. " is refused: " .. row[3], function()
            local result, err = client[row[1]](client, row[2])
            assert.is_nil(result)
            assert.equal(row[3], tostring(err))
            assert.equal(0, client._handle:pending())
        end)
    end

    it("fails where the vendor cannot be reached, and waits on where it is tracked", function()
        local once = outdial.amazon_connect { region = "us-east-1", instance_id = "i", endpoint = "http://127.0.0.1:1",
            retry = false, credentials = { access_key_id = "a", secret_access_key = "s" } }
        local _, err = once:find { token = "t", at = 1 }
        assert.equal("network", err.code)
        _, err = once:track({ id = "c" }, { timeout = 0.05 })
        assert.equal("timeout: the call has not ended within 50 ms", tostring(err))
    end)

    it("is canceled with its task", function()
        outdial.run(function()
            local err
            local task = outdial.spawn(function() err = select(2, client:track { id = "c" }) end)
            outdial.sleep(0)
            task:cancel()
            task:join()
            assert.equal("canceled: the request was canceled", tostring(err))
        end)
        assert.equal(0, outdial.engine:pending())
    end)
end)
