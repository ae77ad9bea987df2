-- What a campaign needs of a placement, against the mock vendors: what will be sent, what a vendor is like, a call
-- taken back, and a record placed again.

local core = require "outdial.core"
local mock = require "mock"
local outdial = require "outdial"

local START_MS = 1635915665120 -- 2021-11-03 05:01:05.120
local CONNECT = { region = "us-east-1", instance_id = "i-1", contact_flow_id = "f-1",
    source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } }
local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"

local now_ms

-- Runs fn(client, server) in a task beside a mock whose clock goes on when told.
local function with_mock(vendor, options, fn, settings)
    now_ms = START_MS
    outdial.run(function()
        local server = assert(mock.start({ settings = settings, now_ms = function() return now_ms end }))
        local all = { rate = false }
        if vendor == "genesys" then
            all.base_url = "http://127.0.0.1:" .. server.port
        else
            all.endpoint = "http://127.0.0.1:" .. server.port
        end
        for name, value in pairs(options) do all[name] = value end
        local client = outdial[vendor](all)
        fn(client, server)
        client:close()
        server:stop()
    end)
end

local SYMBEE = { company_code = "acme", environment = "prod", campaign_region = "us-east-1", campaign_name = "C",
    api_key = "symbee-key", work_codes = { Answered = "answered", Busy = "busy" } }
local CCAI = { subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "token", menu_id = 9,
    agent_email = "agent@somedomain.com" }
local GENESYS = { username = "agent", password = "secret", device_id = DEVICE, application_id = 134,
    campaign_name = "Campaign1", calling_list = "CallingList1", phone_type = "Mobile", place_call_with = "add_record" }

describe("what a campaign has to know of a vendor", function()
    it("is told for each", function()
        assert.same({ name = "amazon_connect", title = "Amazon Connect", finds = true, hands_off = false,
            withdraws = false, look_after_ms = 600000, max_open = 10 }, outdial.vendor("amazon_connect"))
        assert.same({ name = "genesys", title = "Genesys Web Services", finds = true, hands_off = true,
            withdraws = true, look_after_ms = 600000, ears = "/v2/me/calls",
            seats = { option = "devices", field = "device_id" } }, outdial.vendor("genesys"))
        assert.same({ name = "ccai_platform", title = "CCAI Platform", finds = true, hands_off = true, withdraws = true,
            look_after_ms = 600000, seats = { option = "agents", field = "agent_email" } },
            outdial.vendor("ccai_platform"))
        assert.same({ name = "symbee", title = "Symbee Connect", finds = true, hands_off = true, withdraws = true,
            look_after_ms = 600000 }, outdial.vendor("symbee"))
    end)

    it("raises for one that is unknown", function()
        local ok, problem = pcall(function() outdial.vendor("genesis") end)
        assert.is_false(ok)
        assert.equal('outdial.vendor: unknown vendor "genesis", did you mean "genesys"?',
            (problem:gsub("^[^:]+:%d+: ", "")))
    end)
end)

describe("a call that is prepared", function()
    it("tells its exact body, its account and its rate", function()
        local client = outdial.amazon_connect(CONNECT)
        local prepared = assert(client:prepare_call { to = "+12065550101", token = "t-1", ring_timeout = 30 })
        assert.same({ operation = "start_outbound_voice_contact", method = "PUT", token = "t-1",
            url = "https://connect.us-east-1.amazonaws.com/contact/outbound-voice",
            headers = { ["Content-Type"] = "application/json" },
            body = '{"DestinationPhoneNumber":"+12065550101","ContactFlowId":"f-1","InstanceId":"i-1",'
                .. '"SourcePhoneNumber":"+12065550100","ClientToken":"t-1","Attributes":{"outdial_attempt":"t-1"},'
                .. '"RingTimeoutInSeconds":30}',
            account = "AKIDEXAMPLE us-east-1 i-1", per_second = 2, burst = 5,
            bucket = "amazon_connect AKIDEXAMPLE us-east-1 start_outbound_voice_contact" }, prepared)
        local _, err = client:prepare_call { to = "555" }
        assert.equal('validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got "555"',
            tostring(err))
        local ok, problem = pcall(client.prepare_call, client)
        assert.is_false(ok)
        assert.matches("outdial: amazon_connect:prepare_call: expected a table of fields, got nothing", problem)
        client:close()
    end)

    it("is placed to the byte, again and again, with the record that a store keeps", function()
        with_mock("amazon_connect", CONNECT, function(client)
            now_ms = math.floor(outdial.engine:wall() * 1000) -- what is signed is signed with the client's own clock
            local call = { to = "+12065550101", token = "t-1", contact = "7" }
            local prepared = assert(client:prepare_placing(call))
            local told = assert(client:prepare_call(call))
            assert.same({ number = "+12065550101", account = told.account,
                record = { request = { method = told.method, url = told.url, body = told.body }, call = call } },
                core.round_trip(prepared))
            assert.same({ operation = told.operation, to = "+12065550101", token = "t-1", account = told.account,
                bucket = told.bucket }, prepared:facts())
            assert.is_false(prepared:is_handed_off())
            call.to = "+12065550102" -- too late
            local placed = assert(client:place_prepared(prepared, { single_try = true, unpaced = true }))
            assert.same({ "placed", "t-1", "+12065550101" }, { placed.state, placed.token, placed.to })
            assert.equal(placed.id, assert(client:place_prepared(prepared)).id) -- the vendor knows the token
            local unread = assert(client:place_prepared(prepared, { unread = true }))
            assert.same({ "userdata", placed.id, nil }, { type(unread), unread:get "id", unread:get "none" })
            assert.same(placed, unread:read())
            assert.same({ call = placed }, core.round_trip { call = unread })
            prepared:drop()
            local value, err = core.round_trip { call = prepared }
            assert.same({ nil, "validation /call: expected a call that is prepared, got one that was dropped" },
                { value, tostring(err) })
        end)
    end)

    it("R22 is known by where in its account it goes, and found there by any client of the account", function()
        local function of(vendor, options, more, fields)
            local all = {}
            for _, given in ipairs { options, more } do
                for key, value in pairs(given) do all[key] = value end
            end
            local client = outdial[vendor](all)
            local told = assert(client:prepare_call { to = "+12065550101", token = "t-1", fields = fields })
            client:close()
            return { told.account, told.bucket }
        end
        local bucket = "amazon_connect AKIDEXAMPLE us-east-1 start_outbound_voice_contact"
        assert.same({ "AKIDEXAMPLE us-east-1 i-2", bucket }, of("amazon_connect", CONNECT, { instance_id = "i-2" }))
        assert.same({ "AKIDEXAMPLE us-east-1 i-3", bucket },
            of("amazon_connect", CONNECT, { instance_id = "i-2" }, { InstanceId = "i-3" }))
        bucket = "symbee acme"
        assert.same({ "acme prod us-east-1 C", bucket }, of("symbee", SYMBEE, {}))
        assert.same({ "acme prod eu-west-1 D", bucket },
            of("symbee", SYMBEE, { campaign_name = "D", campaign_region = "eu-west-1" }))
        assert.same({ "acme prod us-east-1 E", bucket }, of("symbee", SYMBEE, {}, { campaignName = "E" }))

        with_mock("amazon_connect", CONNECT, function(client)
            now_ms = math.floor(outdial.engine:wall() * 1000)
            local call = { to = "+12065550001", token = "t-1", fields = { InstanceId = "i-2" } }
            local placed = assert(client:place_call(call))
            call.at = outdial.engine:wall()
            assert.equal(placed.id, assert(client:find(call)).call.id)
            placed.fields = call.fields
            now_ms = now_ms + 600000
            assert.equal("answered", assert(client:track(placed, { timeout = 30 })).kind)
        end)
    end)

    it("R22 has an account, too, when its time has gone by and it can be placed no more", function()
        local client = outdial.ccai_platform(CCAI)
        local call = { to = "+15555550100", not_before = 1500000000, fields = { call_type = "Voice Scheduled (API)" } }
        local prepared, err = client:prepare_placing(call)
        assert.same({ nil, "validation" }, { prepared, err.code })
        assert.equal("acme.uc1.ccaiplatform.com", client:account_of(call))
        prepared, err = client:account_of { to = 7 }
        assert.same({ nil, "validation /to: expected a string, got an integer" }, { prepared, tostring(err) })
        client:close()
    end)

    it("says whether it is handed off", function()
        local client = outdial.ccai_platform(CCAI)
        local function facts(kind, at)
            local prepared = assert(client:prepare_call { to = "+15555550100", not_before = at,
                fields = { call_type = "Voice " .. kind .. " (API)" } })
            return { prepared.hands_off, prepared.hands_off_unbounded }
        end
        assert.same({}, facts("Outbound"))
        assert.same({ true, true }, facts("Inbound"))
        assert.same({ true }, facts("Scheduled", outdial.engine:wall() + 3600))
        client:close()
    end)
end)

describe("R6 a call that is taken back", function()
    it("is a record that no agent had", function()
        with_mock("symbee", SYMBEE, function(symbee)
            local call = assert(symbee:place_call { to = "+14155550123", contact = "7", token = "t-1" })
            assert.same({ withdrawn = true }, (symbee:withdraw(call)))
            assert.same({ withdrawn = true }, (symbee:withdraw(call)))
            now_ms = now_ms + 3600000
            local outcome = assert(symbee:track(call))
            assert.same({ "canceled", "no" }, { outcome.kind, outcome.rang })
            local record = assert(symbee:search_preview_campaign { clientId = "7" }).previewRecordClientData[1]
            assert.equal(0, record.workAttempts)
        end)
    end)

    it("is no record that an agent had, nor another attempt's", function()
        with_mock("symbee", SYMBEE, function(symbee)
            now_ms = math.floor(outdial.engine:wall() * 1000) -- the client compares with its own clock
            local call = assert(symbee:place_call { to = "+14155550123", contact = "7", token = "t-1" })
            now_ms = now_ms + 3000
            assert.same({ withdrawn = false, why = "an agent has the record", placed = true }, (symbee:withdraw(call)))
            now_ms = now_ms + 60000
            assert.same({ withdrawn = false, why = "the record is COMPLETED", placed = true }, (symbee:withdraw(call)))
            assert.same({ withdrawn = false, why = "the record carries another attempt", none = true },
                (symbee:withdraw { id = "7", token = "t-2" }))
            assert.same({ withdrawn = false, why = "there is no such record", none = true },
                (symbee:withdraw { id = "8", token = "t-2" }))
        end)
    end)

    it("is a scheduled call of CCAI, but none that an agent has", function()
        with_mock("ccai_platform", CCAI, function(ccai)
            now_ms = 1893488400000 -- 2030-01-01 09:00:00: the client asks for a time to come by its own clock
            local call = assert(ccai:place_call { to = "+15555550100", not_before = math.floor(now_ms / 1000) + 3600,
                fields = { call_type = "Voice Scheduled (API)" } })
            assert.equal("handed_off", call.state)
            assert.equal("2030-01-01T10:00:00Z", call.response.scheduled_at:gsub("%.000", ""))
            assert.same({ withdrawn = true }, (ccai:withdraw(call)))
            assert.same({ withdrawn = true }, (ccai:withdraw(call)))
            call = assert(ccai:place_call { to = "+15555550100" })
            assert.same({ withdrawn = false, why = "the vendor refused to cancel it: Not Found" },
                (ccai:withdraw(call)))
        end)
    end)

    it("is a record of Genesys whose handle is known", function()
        with_mock("genesys", GENESYS, function(genesys)
            local call = { to = "+15550100123", token = "t-1", not_before = 1893492000, not_after = 1893495600 }
            local placed = assert(genesys:place_call(call))
            local _, err = genesys:withdraw(placed)
            assert.equal("validation: expected a subscription to /v2/me/outbound, whose events tell of it",
                tostring(err))
            assert(genesys:subscribe({ "/v2/me/outbound", "/me/internal" }, function() end))
            _, err = genesys:withdraw(placed)
            assert.equal("validation /record_handle: expected the record's GSW_RECORD_HANDLE, which no event has told, "
                .. "got nothing", tostring(err))
            local function withdraw_beside_its_clock(handle, token)
                placed.record_handle, placed.token = handle, token
                local task = outdial.spawn(function() return genesys:withdraw(placed) end)
                local done = false
                outdial.spawn(function()
                    while not done do
                        now_ms = now_ms + 10
                        outdial.sleep(0.002)
                    end
                end)
                local result, problem = task:join()
                done = true
                return assert(result, tostring(problem))
            end
            assert.same({ withdrawn = true }, withdraw_beside_its_clock(1, "t-1"))
            assert.same({ withdrawn = true }, withdraw_beside_its_clock(1, "t-1"))
            assert.same({ withdrawn = false, why = "Record 1 is not active" }, withdraw_beside_its_clock(1, "t-2"))
            assert.same({ withdrawn = false, why = "Record 9 is not found" }, withdraw_beside_its_clock(9, "t-3"))
        end)
    end)

    it("is none of a vendor that takes none back", function()
        local client = outdial.amazon_connect(CONNECT)
        local result, err = client:withdraw { id = "c-1" }
        assert.is_nil(result)
        assert.equal("validation: calls of amazon_connect cannot be taken back", tostring(err))
        local ok, problem = pcall(client.withdraw, client)
        assert.is_false(ok)
        assert.matches("outdial: amazon_connect:withdraw: expected a call %(a table%), got nothing", problem)
        client:close()
    end)
end)

describe("R14 a second attempt at a person with a record", function()
    local function place(symbee, token)
        return assert(symbee:place_call({ to = "+14155550123", contact = "7", token = token,
            not_before = now_ms / 1000 }, { single_try = true, unpaced = true }))
    end

    it("is called again, and only what comes after it is its outcome", function()
        with_mock("symbee", SYMBEE, function(symbee)
            local first = place(symbee, "t-1")
            assert.is_nil(first.work_attempts)
            now_ms = now_ms + 60000
            assert.equal("answered", assert(symbee:track(first)).kind)

            local second = place(symbee, "t-2")
            assert.equal("handed_off", second.state)
            assert.equal(1, second.work_attempts)
            local record = assert(symbee:search_preview_campaign { clientId = "7" }).previewRecordClientData[1]
            assert.equal("NOTWORKED", record.workedState)
            assert.same({ found = false }, (symbee:find { id = "7", token = "t-1" }))
            local _, err = symbee:track(second, { timeout = 0.05 })
            assert.equal("timeout", err.code)

            now_ms = now_ms + 60000
            record = assert(symbee:search_preview_campaign { clientId = "7" }).previewRecordClientData[1]
            assert.equal(2, record.workAttempts)
            local outcome = assert(symbee:track(second))
            assert.equal("answered", outcome.kind)
            assert.equal(2, outcome.raw.workAttempts)
        end)
    end)

    it("is not made twice by the same token", function()
        with_mock("symbee", SYMBEE, function(symbee)
            place(symbee, "t-1")
            now_ms = now_ms + 60000
            assert.same({ id = "7", state = "handed_off", vendor = "symbee", token = "t-1", to = "+14155550123" },
                place(symbee, "t-1"))
            now_ms = now_ms + 60000
            local record = assert(symbee:search_preview_campaign { clientId = "7" }).previewRecordClientData[1]
            assert.equal(1, record.workAttempts)
            assert.equal("COMPLETED", record.workedState)
        end)
    end)
end)
