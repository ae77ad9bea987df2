-- The worker over all four vendors of the mock: each client's own way of placing, listening and following.
package.path = "tests/lua/?.lua;" .. package.path
local fake_store = require "fake_store"
local mock = require "mock"
local outdial = require "outdial"
local retry = require "outdial.retry"
local runner = require "outdial.runner"

local DEVICE, SECOND = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a", "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7"

describe("a campaign at the mock's", function()
    local log

    before_each(function() log = os.tmpname() end)
    after_each(function() os.remove(log) end)

    local make = {
        connect = function(endpoint, more)
            more.endpoint, more.region, more.instance_id = endpoint, "us-east-1", "10a4c4eb-f57e-4d4c-b602-bf39176ced07"
            more.contact_flow_id, more.source_phone_number = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", "+12065550100"
            more.credentials = { access_key_id = "AKIDEXAMPLE",
                secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }
            more.rate = { per_second = 1000, burst = 1 }
            return outdial.amazon_connect(more)
        end,
        genesys = function(endpoint, more)
            more.base_url, more.username, more.password, more.rate = endpoint, "agent", "secret", false
            more.device_id = DEVICE
            return outdial.genesys(more)
        end,
        ccai = function(endpoint, more)
            more.endpoint, more.subdomain, more.domain = endpoint, "acme", "uc1.ccaiplatform.com"
            more.api_token, more.outbound_number = "token", "+13392195276"
            return outdial.ccai_platform(more)
        end,
        symbee = function(endpoint, more)
            more.endpoint, more.company_code, more.environment, more.api_key = endpoint, "acme", "prod", "symbee-key"
            more.campaign_region, more.campaign_name = "us-east-1", "Renewals"
            more.work_codes = { Answered = "answered", ["No Answer"] = "no_answer" }
            return outdial.symbee(more)
        end,
    }

    local function rings()
        local list = {}
        for line in io.lines(log) do list[#list + 1] = line:match('"to":"([^"]+)"') end
        return list
    end

    -- Runs a campaign over contacts { number = vendor }, and beside(store, vendors) at the same time, if given; returns
    -- figures and the store (real_store, if given).
    local function run(numbers, clients, more, settings, beside, real_store)
        local store, figures = real_store or fake_store.new(outdial.engine), nil
        local rows, err = {}, nil
        for i, row in ipairs(numbers) do rows[i] = { id = "c" .. i, phone = row[1], vendor = row[2] } end
        outdial.run(function()
            settings = settings or {}
            settings.contacts = settings.contacts or { speed = 400 }
            settings.genesys = settings.genesys or { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10 }
            local next_fault = settings.next_fault
            settings.next_fault = nil
            local server = assert(mock.start { settings = settings, phone_log = log })
            server.next_fault = next_fault
            local endpoint, vendors = "http://127.0.0.1:" .. server.port, {}
            for name, options in pairs(clients) do vendors[name] = make[name](endpoint, options) end
            local options = { name = "m", store = "unused", vendors = vendors, hours = { every_day = "00:00-24:00" },
                contacts = outdial.contacts.list(rows, { id = "id", numbers = "phone",
                    zone = { column = "zone", default = "America/New_York" } }),
                route = function(contact) return { contact.data.vendor } end }
            for key, value in pairs(more or {}) do options[key] = value end
            local task = beside and outdial.spawn(beside, store, vendors)
            figures, err = runner.run(outdial.campaign(options), { store = store })
            if task then assert(task:join()) end
            for _, client in pairs(vendors) do client:close() end
            server:stop()
        end)
        assert(figures, err)
        return figures, store
    end

    it("calls through Connect, Genesys and Symbee, and hears how each call ended", function()
        local figures, store = run({ { "+12065550001", "connect" }, { "+12065550002", "genesys" },
            { "+12065550003", "symbee" }, { "+12065599001", "connect" } }, { connect = {}, genesys = {}, symbee = {} })
        assert.equal(0, figures.exit_code)
        assert.same({ answered = 3, no_answer = 1 }, figures.outcomes)
        assert.equal(4, #rings())
        local by = {}
        for _, leg in ipairs(store.legs) do by[leg.client] = leg end
        assert.equal(DEVICE, by.genesys.seat)
        assert.is_nil(by.symbee.seat)
        assert.is_true(by.symbee.hands_off)
        assert.truthy(by.symbee.meant.not_after)
        assert.is_nil(by.connect.meant.not_after)
    end)

    it("R17 dials on several devices, one call each", function()
        local figures, store = run({ { "+12065550001", "genesys" }, { "+12065550002", "genesys" },
            { "+12065550003", "genesys" } }, { genesys = { devices = { DEVICE, SECOND } } })
        assert.equal(0, figures.exit_code)
        assert.same({ answered = 3 }, figures.outcomes)
        assert.equal(DEVICE, store.legs[1].seat)
        assert.equal(SECOND, store.legs[2].seat)
    end)

    it("R17 calls through CCAI's agents, each by its name", function()
        local figures, store = run({ { "+12065550001", "ccai" }, { "+12065550002", "ccai" } },
            { ccai = { agents = { "a@x.com", "b@x.com" } } }, { track = false })
        assert.equal(0, figures.exit_code)
        assert.equal("a@x.com", store.legs[1].seat)
        assert.equal("b@x.com", store.legs[2].seat)
        assert.matches('"agent_email":"b@x.com"', store.legs[2].request.body, 1, true)
        assert.same({ unreported = 2 }, figures.outcomes) -- track = false: placed is the end
    end)

    -- Runs fn() and returns when each request came to CCAI, in order: { POST = times, GET = times, all = times }.
    local function note_arrivals(fn)
        local vendor, arrivals = require "mock.ccai", { POST = {}, GET = {}, all = {} }
        local handle = vendor.handle
        vendor.handle = function(state, request)
            local now = outdial.engine:now()
            for _, list in ipairs { arrivals[request.method], arrivals.all } do list[#list + 1] = now end
            return handle(state, request)
        end
        local ok, problem = pcall(fn)
        vendor.handle = handle
        assert(ok, problem)
        return arrivals
    end

    -- The most that came at once beyond per_second, where what came may have been kept waiting for late seconds.
    local function most_at_once(times, per_second, late)
        local most = 0
        for i = 1, #times do
            for k = i, #times do most = math.max(most, k - i + 1 - per_second * (times[k] - times[i] + late)) end
        end
        return most
    end

    it("R21 places and polls within one tenant's rate, and one poll serves all calls", function()
        local path, agents, people = os.tmpname(), {}, {}
        os.remove(path)
        for i = 1, 45 do agents[i], people[i] = ("a%d@x.com"):format(i), { ("+120655500%02d"):format(i), "ccai" } end
        local figures
        local left, longest_step = 45, 0
        local arrivals = note_arrivals(function()
            local store = assert(require("outdial.store").open(path, { create = true }))
            figures = run(people, { ccai = { agents = agents } }, { pace = { max_open = 45 },
                on_outcome = function() left = left - 1 end }, nil, function()
                local now = outdial.engine:now()
                while left > 0 do
                    outdial.sleep(0.005)
                    longest_step = math.max(longest_step, outdial.engine:now() - now)
                    now = outdial.engine:now()
                end
                return true
            end, store)
            store:close()
        end)
        for _, ending in ipairs { "", "-wal", "-shm", ".lock", ".mark", ".key" } do os.remove(path .. ending) end
        assert.equal(0, figures.exit_code)
        assert.same({ answered = 45 }, figures.outcomes)
        assert.equal(45, #rings())
        assert.equal(45, #arrivals.POST)
        -- On a busy machine what was sent in time is late: by the step that sends it, and by the one that reads it.
        local late = 2 * longest_step
        local most = most_at_once(arrivals.all, 10, late)
        assert.is_true(most <= 10, most)
        local all = arrivals.all
        local polls, seconds = #arrivals.GET, all[#all] - all[1] + late
        assert.is_true(polls >= 2 and polls <= 3 + 2.5 * seconds, polls) -- a quarter of the rate
    end)

    it("R14 calls a person again on the record that Symbee has", function()
        local figures, store = run({ { "+12065599001", "symbee" } }, { symbee = {} }, { gap = 0,
            loosen = { gap = "test" }, retry = assert(retry.new { max_attempts = 2, on = { ["*"] = { after = 0 } } }) })
        assert.equal(1, figures.contacts.exhausted)
        assert.same({ no_answer = 2 }, figures.outcomes)
        assert.is_true(store.legs[1].taken_back) -- the record is the second attempt's by now
        assert.is_nil(store.legs[2].lives_on) -- and COMPLETED
        figures, store = run({ { "+12065599001", "symbee" } }, { symbee = {} },
            { retry = assert(retry.new { max_attempts = 1, on = { ["*"] = { after = 0 } } }) })
        assert.equal(1, figures.contacts.exhausted)
        assert.equal("WORKED", store.legs[1].raw.workedState)
        assert.is_true(store.legs[1].taken_back) -- REMOVED, as a search has shown
    end)

    it("R14 takes a record back while its next call is far, and makes that call of it", function()
        local after, seen = "1h", nil
        local figures, store = run({ { "+12065599001", "symbee" } }, { symbee = {} }, { gap = 0,
            loosen = { gap = "test" }, on_outcome = function()
                after, seen = after == "1h" and 0 or after, after
                return seen == "1h" and outdial.later("1h") or nil
            end }, nil, function(told, vendors)
            while not (told.legs[1] and told.legs[1].taken_back) do outdial.sleep(0.01) end
            local record = outdial.check(vendors.symbee:search_preview_campaign { clientId = "c1" })
            assert.equal("REMOVED", record.previewRecordClientData[1].workedState)
            assert.equal(1, #rings())
            told.contacts[1].due_ms = told:wall() -- an hour later
            return true
        end)
        assert.equal(0, figures.exit_code)
        assert.same({ no_answer = 2 }, figures.outcomes)
        assert.equal("WORKED", store.legs[1].raw.workedState)
        assert.equal("COMPLETED", store.legs[2].raw.workedState)
        assert.equal(2, #rings())
    end)

    it("R12 takes back the record behind a doubt that is written off, before it is called", function()
        local path, requests, down = os.tmpname(), 0, true
        os.remove(path)
        local store = assert(require("outdial.store").open(path, { create = true }))
        local figures = run({ { "+12065550001", "symbee" } }, { symbee = {} }, { on_doubt = function()
            down = false
            return outdial.WRITE_OFF
        end }, { symbee = { deliver_ms = 3000000 }, next_fault = function() -- the search, and then the record
            requests = requests + 1
            return requests == 2 and "drop_after" or requests > 2 and down and "drop_before" or nil
        end }, function(_, vendors)
            local limit, record = outdial.engine:now() + 60, nil
            while not record or record.workedState ~= "REMOVED" do
                assert.is_true(outdial.engine:now() < limit)
                outdial.sleep(0.01)
                record = not down and outdial.check(vendors.symbee:search_preview_campaign { clientId = "c1" })
                    .previewRecordClientData[1]
            end
            return true
        end, store)
        local calls = assert(store:export { limit = 10 }).rows
        store:close()
        for _, ending in ipairs { "", "-wal", "-shm", ".lock", ".mark", ".key" } do os.remove(path .. ending) end
        assert.same({ 1, "written_off" }, { #calls, calls[1].state })
        assert.same({ 0, 0 }, { figures.exit_code, figures.withdrawals_failed })
        assert.same({}, rings())
    end)

    it("R6 adds records to a list of Genesys, with their limits, and hears how their calls end", function()
        local figures, store = run({ { "+12065550001", "genesys" }, { "+12065599001", "genesys" } },
            { genesys = { place_call_with = "add_record", application_id = 134, campaign_name = "Campaign1",
                calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile" } }, nil,
            { genesys = { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10, dial_records_after_ms = 50 } })
        assert.equal(0, figures.exit_code)
        assert.same({ answered = 1, no_answer = 1 }, figures.outcomes)
        assert.is_true(store.legs[1].hands_off)
        assert.is_nil(store.legs[1].seat)
        assert.is_number(store.legs[1].meant.not_after)
        assert.is_number(store.legs[1].call.response.chainId) -- a later run knows its call by that
    end)

    it("R8 goes from a vendor that refuses to the next, and rings once", function()
        local figures, store = run({ { "+8505550100", "connect" } }, { connect = {}, genesys = {} },
            { route = { "connect", "genesys" } })
        assert.equal("not_placed", store.legs[1].state)
        assert.equal("DestinationNotAllowedException", store.legs[1].error.vendor_code)
        assert.equal("genesys", store.legs[#store.legs].client)
        assert.equal(store.legs[#store.legs - 1].attempt, store.legs[#store.legs].attempt)
        assert.same({ answered = 1 }, figures.outcomes)
        assert.same({ "+8505550100" }, rings())
    end)

end)
