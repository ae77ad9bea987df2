-- What a process leaves behind is text: a call that was placed by one client, kept as JSON, is followed by another one
-- that knows nothing else, at each vendor. And what was meant, kept in the same way, is looked up after a lost answer.

local mock = require "mock"
local outdial = require "outdial"

local DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
local EARS = { "/v2/me/devices", "/v2/me/calls", "/v2/me/outbound", "/me/internal" }
local QUICK = { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10, busy_ms = 5 }

-- What another process reads of what this one wrote.
local function kept(call)
    return outdial.json.decode(outdial.json.encode(call))
end

-- Runs fn(make, advance, server): make() is a new client of the mock, whose clock stands until advance(seconds).
local function with_mock(vendor, options, settings, fn)
    outdial.run(function()
        local now_ms = math.floor(outdial.engine:wall() * 1000)
        local server = assert(mock.start { settings = settings, now_ms = function() return now_ms end })
        local made = {}
        local function make(more)
            local all = { rate = false }
            if vendor ~= "genesys" then all.endpoint = "http://127.0.0.1:" .. server.port end
            for _, given in ipairs { options, more or {} } do
                for key, value in pairs(given) do all[key] = value end
            end
            made[#made + 1] = outdial[vendor](all)
            return made[#made]
        end
        fn(make, function(seconds) now_ms = now_ms + seconds * 1000 end, server)
        for _, client in ipairs(made) do client:close() end
        server:stop()
    end)
end

local CONNECT = { region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "f-1",
    source_phone_number = "+12065550100", credentials = { access_key_id = "AKIDEXAMPLE",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } }
local CCAI = { subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "token", menu_id = 9,
    agent_email = "agent@somedomain.com", outbound_number = "+18005550100" }
local SYMBEE = { company_code = "acme", environment = "prod", campaign_region = "us-east-1", api_key = "symbee-key",
    work_codes = { Answered = "answered" } }

describe("after a restart", function()
    it("a call of Amazon Connect is followed and found", function()
        with_mock("amazon_connect", CONNECT, {}, function(make, advance)
            local meant = kept { to = "+12065550001", token = "t-1", at = outdial.engine:wall() }
            local call = kept(assert(make():place_call { to = meant.to, token = meant.token }))
            assert.equal(call.id, assert(make():find(meant)).call.id)
            advance(600)
            assert.equal("answered", assert(make():track(call, { timeout = 30 })).kind)
        end)
    end)

    it("a call of CCAI Platform is followed, and found by its ticket", function()
        with_mock("ccai_platform", CCAI, {}, function(make, advance)
            local meant = kept { to = "+18596579625", token = "t-1", at = math.floor(outdial.engine:wall()),
                fields = { ticket_id = "71450" } }
            local call = kept(assert(make():place_call { to = meant.to, token = meant.token, fields = meant.fields }))
            local found = kept(assert(make():find(meant)).call)
            assert.equal(call.id, found.id)
            advance(600)
            for _, each in ipairs { call, found } do
                assert.equal("answered", assert(make():track(each, { timeout = 30 })).kind)
            end
        end)
    end)

    it("R6 a scheduled call of CCAI Platform is taken back", function()
        with_mock("ccai_platform", CCAI, {}, function(make, _, server)
            local at = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(outdial.engine:wall()) + 3600)
            local call = kept(assert(make():place_call { to = "+18596579625",
                fields = { call_type = "Voice Scheduled (API)", scheduled_at = at } }))
            assert.equal("handed_off", call.state)
            for _ = 1, 2 do assert.same({ withdrawn = true }, (make():withdraw(call))) end
            local ended = assert(make():track(call, { timeout = 30 }))
            assert.same({ "canceled", "no" }, { ended.kind, ended.rang })
            assert.equal(0, server.state.phone_log.total)
        end)
    end)

    it("R6 a call of CCAI Platform that has its agent cannot be taken back any more", function()
        with_mock("ccai_platform", CCAI, {}, function(make, advance)
            local at = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(outdial.engine:wall()) + 60)
            local call = kept(assert(make():place_call { to = "+18596579625",
                fields = { call_type = "Voice Scheduled (API)", scheduled_at = at } }))
            advance(600)
            assert.same({ withdrawn = false, why = "the vendor refused to cancel it: Call can not be cancelled",
                placed = true }, (make():withdraw(call)))
            assert.equal("answered", assert(make():track(call, { timeout = 30 })).kind)
        end)
    end)

    it("R6 a record of Symbee is taken back, until an agent has it", function()
        with_mock("symbee", SYMBEE, {}, function(make, advance, server)
            local function place(token)
                return kept(assert(make():place_call { to = "+14155550123", contact = "7", token = token,
                    fields = { campaignName = "C" } }))
            end
            local call = place("t-1")
            assert.same({ withdrawn = true }, (make():withdraw(call)))
            advance(3600)
            assert.equal(0, server.state.phone_log.total)
            local ended = assert(make():track(call))
            assert.same({ "canceled", "no" }, { ended.kind, ended.rang })

            call = place("t-2")
            advance(600)
            assert.same({ withdrawn = false, why = "the record is COMPLETED", placed = true },
                (make():withdraw(call)))
            assert.equal(1, server.state.phone_log.total)
            assert.equal("answered", assert(make():track(call)).kind)
        end)
    end)

    it("R14 a record of Symbee is followed and found, in the campaign that it was put into", function()
        with_mock("symbee", SYMBEE, {}, function(make, advance)
            for attempt = 1, 2 do
                local meant = kept { to = "+14155550123", contact = "7", token = "t-" .. attempt,
                    at = outdial.engine:wall(), fields = { campaignName = "Other" } }
                local call = kept(assert(make():place_call { to = meant.to, contact = meant.contact,
                    token = meant.token, fields = meant.fields }))
                local found = kept(assert(make { campaign_name = "Mine" }:find(meant)).call)
                advance(600)
                for _, each in ipairs { call, found } do
                    local ended = assert(make { campaign_name = "Mine" }:track(each, { timeout = 30 }))
                    assert.same({ "answered", attempt }, { ended.kind, ended.raw.workAttempts })
                end
            end
        end)
    end)
end)

describe("R19 after a restart, Genesys", function()
    local function with_genesys(options, settings, fn)
        local all = { username = "agent", password = "secret", device_id = DEVICE, application_id = 134,
            campaign_name = "Campaign1", calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile",
            rate = false }
        local genesys = {}
        for _, given in ipairs { QUICK, settings } do
            for key, value in pairs(given) do genesys[key] = value end
        end
        for key, value in pairs(options) do all[key] = value end
        outdial.run(function()
            local ahead_ms = 0 -- of the time: what is to come after a restart waits for advance(seconds)
            local server = assert(mock.start { settings = { genesys = genesys },
                now_ms = function() return math.floor(outdial.engine:wall() * 1000) + ahead_ms end })
            all.base_url = "http://127.0.0.1:" .. server.port
            local first, second = outdial.genesys(all), nil
            local events = {}
            local function listen(client)
                assert(client:subscribe(EARS, function(event) events[#events + 1] = event end))
            end
            listen(first)
            assert(first:start_contact_center_session { wait = 30 })
            fn(first, function()
                second = outdial.genesys(all)
                listen(second)
                return second
            end, events, function(seconds) ahead_ms = ahead_ms + seconds * 1000 end)
            if second then second:close() end
            first:close()
            server:stop()
        end)
    end

    local function wait_for(events, state)
        local limit = outdial.engine:now() + 30
        while outdial.engine:now() < limit do
            local data = events[#events] and events[#events].data
            if data and data.call and data.call.state == state then return data.call.id end
            outdial.sleep(0)
        end
        error("the call never was " .. state)
    end

    it("finds a dialled call by its token alone, and follows it to its end", function()
        with_genesys({}, { talk_ms = 1e6 }, function(client, restart, events)
            local call = kept(assert(client:place_call { to = "+15550100123", token = "t-1" }))
            assert.equal("handed_off", call.state)
            local id = wait_for(events, "Established")
            local other = restart()
            local found = kept(assert(other:find(call)).call)
            assert.same({ id, "placed" }, { found.id, found.state })
            local following = {}
            for i, each in ipairs { call, found } do
                following[i] = outdial.spawn(function() return other:track(each, { timeout = 30 }) end)
            end
            outdial.sleep(0)
            -- Both ask for the calls that there are first: after these answers they have theirs, with this call in it.
            for _ = 1, 3 do assert(other:get_me()) end
            assert(other:hangup { callId = id })
            for _, task in ipairs(following) do assert.equal("answered", assert(task:join()).kind) end
        end)
    end)

    it("R6 leaves a dial in doubt that nobody has seen, for as long as it is told to", function()
        with_genesys({}, {}, function(client, restart, events)
            local call = kept(assert(client:place_call { to = "+15550100123", token = "t-1" }))
            wait_for(events, "Released")
            local other = restart()
            assert.same({ found = false }, (other:find(call)))
            local _, err = other:track(call, { timeout = 0.05 })
            assert.equal("timeout: the call has not ended within 50 ms", tostring(err))
        end)
    end)

    it("follows a record by the chain that its placement has waited for", function()
        local DIALLED_AFTER_S = 25 -- a second client that began after the dial would never hear of it
        with_genesys({ place_call_with = "add_record" }, { dial_records_after_ms = DIALLED_AFTER_S * 1000 },
                function(client, restart, _, advance)
            local call = kept(assert(client:place_call { to = "+15550100123", token = "r-1",
                fields = { from = 0, ["until"] = 86399, wait = 30 } }))
            assert.equal("handed_off", call.state)
            assert.is_number(call.response.chainId)
            local other = restart()
            local following = outdial.spawn(function() return other:track(call, { timeout = 30 }) end)
            outdial.sleep(0)
            advance(DIALLED_AFTER_S)
            assert(other:get_me()) -- the mock looks at its clock
            local ended = assert(following:join())
            assert.same({ "answered", "yes" }, { ended.kind, ended.rang })
        end)
    end)
end)
