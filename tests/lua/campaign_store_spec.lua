-- The worker over the real store, on a clock that only moves when all wait.
package.path = "tests/lua/?.lua;" .. package.path
local core = require "outdial.core"
local outdial = require "outdial"
local retry = require "outdial.retry"
local support = require "campaign_support"
local fixture = require "store_fixture"

local HOUR, DAY = 3600, 86400

describe("a campaign over its store", function()
    local world

    before_each(function() world = support.real_world() end)
    after_each(function() world:close() end)

    local ZONED = { id = "customer", numbers = { "phone" }, zone = { column = "zone", default = "America/New_York" } }

    local function run(rows, behave, more)
        local client = support.client(world, behave)
        more = more or {}
        more.map = more.map or ZONED
        local figures, err = support.run(world, support.campaign(rows, { fake = client }, more))
        assert(figures, err)
        return figures, client
    end

    it("calls everyone once and ends", function()
        local figures, client = run(support.people(25))
        assert.equal(0, figures.exit_code, figures.why)
        assert.equal(25, #world.rings)
        assert.equal(25, client.placed)
        assert.equal(25, figures.contacts.done)
        assert.same({ answered = 25 }, figures.outcomes)
    end)

    local function states(figures)
        local list = {}
        for state, count in pairs(figures.contacts) do
            if count > 0 and state ~= "total" then list[#list + 1] = count .. " " .. state end
        end
        table.sort(list)
        return table.concat(list, ", ")
    end

    -- What the store tells of one contact, newest first.
    local function events(id, name)
        local told = assert(world.store:explain { campaign = "renewals", contact = id })
        local list = {}
        for _, entry in ipairs(told.journal) do
            if entry.event == name then list[#list + 1] = entry end
        end
        return list
    end

    local function refuse() return nil, support.refused("rejected") end

    -- Starts a run and stops it like a killed process as soon as done() says so: nothing is recorded any more.
    local function kill_when(done, rows, behave, more)
        local client = support.client(world, behave)
        more = more or {}
        more.map = more.map or ZONED
        local made = support.campaign(rows, { fake = client }, more)
        local s = world.scheduler
        s.spawn(function() support.run(world, made) end)
        repeat s.engine:step() until done(client)
        world:reopen()
        return client
    end

    it("R2 sends nothing again after a restart: what may have rung is in doubt", function()
        kill_when(function(client) return client.placed == 3 end, support.people(3), { place_s = 5, repeats = true })
        local rung = #world.rings
        local figures, client = run(support.people(3), { repeats = true })
        assert.equal(0, client.placed)
        assert.equal(rung, #world.rings)
        assert.equal("3 held", states(figures))
        assert.equal(3, figures.doubts)
        assert.equal(3, figures.exit_code)
    end)

    it("R5 calls again once two looks have found nothing of a dead worker's call", function()
        kill_when(function(client) return client.placed == 1 end, support.people(1), { place_s = 5 })
        local looks = 0
        local figures, client = run(support.people(40), { look_after_ms = 60000, find = function(call)
            looks = looks + 1
            assert.equal("1", call.contact)
            return { found = false }
        end }, { pace = { max_open = 1 } })
        assert.is_true(looks >= 2)
        assert.equal("40 done", states(figures))
        assert.equal(40, client.placed)
    end)

    it("R5 follows the call of a dead worker that a look finds", function()
        kill_when(function(client) return client.placed == 1 end, support.people(1), { place_s = 5 })
        local figures, client = run(support.people(40), { find = function(call)
            return { placement = "placed",
                call = { id = "found", state = "placed", vendor = "fake", token = call.token } }
        end }, { pace = { max_open = 1 } })
        assert.equal("40 done", states(figures))
        assert.equal(39, client.placed)
        assert.same({ answered = 40 }, figures.outcomes)
        assert.equal(0, figures.exit_code)
    end)

    it("R6 follows a call that a dead worker had handed off without limit", function()
        kill_when(function(client) return #client.tracked == 1 end, support.people(1), { hands_off = true,
            place = function() return "handed_off" end, track = function() return nil end })
        local from = world.engine:wall()
        local figures = run(support.people(1), { track = function(call)
            assert.equal("handed_off", call.state)
            return world.engine:wall() > from + 2 * DAY and "answered" or nil, 1
        end })
        assert.equal("1 done", states(figures))
        assert.same({ answered = 1 }, figures.outcomes)
    end)

    local function put_off() return "busy", 5, { lives_on = true } end

    -- A run that is killed while it takes back the only call, which has its outcome.
    local function killed_while_withdrawing(withdraw)
        local asked = 0
        kill_when(function() return asked == 1 end, support.people(1), { hands_off = true, track = put_off,
            place = function() return "handed_off" end, withdraw = function(call)
                asked = asked + 1
                if withdraw then withdraw(call) end
                world.scheduler.sleep(HOUR)
            end })
        local status = assert(world.store:status {})
        assert.equal(1, status.living_on)
        assert.equal("unsettled", status.campaigns[1].standing)
    end

    it("R14 takes back at once what a run that was killed had under way, with nobody left to call", function()
        killed_while_withdrawing()
        local from, asked = world.engine:wall(), {}
        local figures, client = run(support.people(1), { withdraw = function(call)
            asked[#asked + 1] = { call.id, call.ended }
            return { withdrawn = true }
        end })
        assert.same({ { "id-1", true } }, asked)
        assert.equal(0, client.placed)
        assert.equal(0, figures.exit_code)
        assert.equal(0, figures.living_on)
        assert.is_true(world.engine:wall() - from < 10)
        assert.equal("finished", assert(world.store:status {}).campaigns[1].standing)
        assert.equal(1, #events("1", "withdrawn"))
    end)

    it("R14 exits 3 when it could not take something back, and the next run does", function()
        local figures = run(support.people(1), { hands_off = true, track = put_off,
            place = function() return "handed_off" end,
            withdraw = function() return nil, support.refused("unavailable") end })
        assert.equal(3, figures.exit_code)
        assert.equal(1, figures.living_on)
        assert.equal(1, figures.withdrawals_failed)
        assert.equal(3, #events("1", "withdrawal_failed"))
        assert.equal("unsettled", assert(world.store:status {}).campaigns[1].standing)
        world:reopen()
        local from, asked = world.engine:wall(), 0
        figures = run(support.people(1), { withdraw = function()
            asked = asked + 1
            return { withdrawn = true }
        end })
        assert.equal(1, asked)
        assert.equal(0, figures.exit_code)
        assert.equal(0, figures.withdrawals_failed)
        assert.is_true(world.engine:wall() - from < 10)
    end)

    it("R14 takes back what waits for a call of its own later, and calls then", function()
        local asked = {}
        local from = world.engine:wall()
        local figures, client = run(support.people(1), { hands_off = true, place = function() return "handed_off" end,
            track = function(_, count) return count == 1 and "busy" or "answered", 5, { lives_on = count == 1 } end,
            withdraw = function(call)
                asked[#asked + 1] = { call.id, world.engine:wall() - from < 60 }
                return { withdrawn = true }
            end }, { retry = assert(retry.new { max_attempts = 2, on = { busy = { after = "5h" },
                ["*"] = { stop = "done" } } }) })
        assert.same({ { "id-1", true } }, asked)
        assert.equal(2, client.placed)
        assert.is_true(client.sent[2].at - client.sent[1].at >= 5 * HOUR)
        assert.same({ busy = 1, answered = 1 }, figures.outcomes)
        assert.equal(0, figures.exit_code)
    end)

    -- As `outdial doubts resolve` does while a run follows them: one that nobody can ask about, one that has a name.
    it("R12 R14 ends at once when a person says that what it could not take back is taken back", function()
        local asked = 0
        local figures = run(support.people(1), { hands_off = true, track = put_off,
            place = function() return "handed_off" end,
            withdraw = function()
                asked = asked + 1
                world.scheduler.spawn(function()
                    world.scheduler.sleep(1)
                    assert(world.store:resolve { leg = 1, as = "withdrawn", by = "ann", because = "removed by hand" })
                end)
                return nil, support.refused("unavailable")
            end })
        assert.equal(1, asked)
        assert.equal(0, figures.exit_code)
        assert.same({ 0, 0 }, { figures.living_on, figures.withdrawals_failed })
        assert.same({ { as = "withdrawn", because = "removed by hand", version = 2 } },
            { events("1", "resolved")[1].data })
        assert.same({ busy = 1 }, figures.outcomes)
    end)

    it("ends when the store's file is taken away: nobody is called of whom the next run would not know", function()
        local figures = run(support.people(30), { place = function()
            if #world.rings == 4 then assert(os.rename(world.path, world.path .. ".aside")) end
            return "placed"
        end }, { map = ZONED, pace = { max_open = 5 } })
        assert.equal(1, figures.exit_code)
        assert.equal(("unavailable: the store %s: its file was removed, renamed or replaced: what is done now would be "
            .. "lost"):format(world.path), figures.why)
        assert.equal(5, #world.rings)
        assert(os.rename(world.path .. ".aside", world.path))
        world:reopen()
        figures = run(support.people(30), { find = function(call) return { placement = "placed", call = call } end })
        assert.equal(0, figures.exit_code)
        assert.equal(30, #world.rings)
    end)

    it("ends with all others called when one contact's numbers cannot be read", function()
        world.store:close()
        fixture.spoil(world.path, function(db)
            assert(db:campaign { name = "renewals", script = "s", ruleset = { hours = { mon = { "00:00-24:00" } } } })
            assert(db:put { campaign = "renewals", contacts = { { id = "x", country = "US", zones = "America/New_York",
                numbers = { { column = "phone", number = "+14155559999" } } } } })
        end, '%[%["phone","%+14155559999"', '[["phone",!+14155559999"')
        world:open()
        local figures = run(support.people(3))
        assert.equal(0, figures.exit_code)
        assert.equal("1 blocked, 3 done", states(figures))
        assert.equal("what the store has of it cannot be read: its numbers",
            assert(world.store:explain { campaign = "renewals", contact = "x" }).why)
    end)

    it("R6 R12 ends once a person has settled what was handed off and nobody tells of", function()
        local tracked, said = {}, nil
        kill_when(function(client) return #client.tracked == 3 end, support.people(3), { hands_off = true,
            place = function() return "handed_off" end, track = function() return nil end })
        world.scheduler.spawn(function()
            world.scheduler.sleep(HOUR)
            said = world.logs[#world.logs]
            local open = assert(world.store:doubts { handed_off = true }).legs
            for i, leg in ipairs(open) do
                local as = i == 1 and "not_placed" or "placed"
                assert(world.store:resolve { leg = leg.leg, as = as, by = "ann", because = "asked the agents" })
            end
        end)
        local from = world.engine:wall()
        local figures, client = run(support.people(3), { track = function(call)
            if world.engine:wall() < from + HOUR then return nil end
            tracked[#tracked + 1] = call.token
            return "answered", 1
        end })
        assert.equal("info: nothing is left to call; waiting for what vendors were handed and have not told the "
            .. "end of (3). What a person knows of them: outdial doubts list unused --handed-off", said)
        assert.equal("3 done", states(figures))
        assert.equal(1, client.placed) -- of whom a person said that nothing had rung
        assert.equal(3, #tracked)
        assert.same({ answered = 3 }, figures.outcomes)
        assert.is_true(world.engine:wall() < from + 5 * HOUR) -- of which four are the gap
    end)

    it("does not begin by calling a vendor that was out of order when the last run ended", function()
        local steps = 0
        kill_when(function(client)
            if client.placed >= 20 then steps = steps + 1 end
            return steps > 100
        end, support.people(40), { place = function() return nil, support.refused("unavailable") end,
            probe = function() return nil, support.refused("unavailable") end })
        assert.truthy(world.store:outages({}).outages.fake)
        local probes, before, from = 0, 0, world.engine:now()
        local figures, client = run(support.people(40), { place = function()
            if probes < 2 then before = before + 1 end
            return "placed"
        end, probe = function()
            probes = probes + 1
            return nil, support.refused(probes == 1 and "network" or "permission")
        end })
        assert.equal("40 done", states(figures))
        assert.equal(2, probes)
        assert.equal(0, before)
        assert.equal(40, client.placed)
        assert.is_true(client.sent[1].at - from >= 30) -- the pause after a failed probe grows on
        assert.same({}, world.store:outages({}).outages)
    end)

    it("R8 goes to the next vendor with a leg of its own, once", function()
        local one = support.client(world, { kind = "one", place = refuse })
        local other = support.client(world, { kind = "two" })
        local figures = support.run(world, support.campaign(support.people(1), { one = one, two = other },
            { route = { "one", "two" }, map = ZONED }))
        assert.equal("1 done", states(figures))
        assert.equal(1, one.placed)
        assert.equal(1, other.placed)
        assert.not_equal(one.sent[1].call.token, other.sent[1].call.token)
        assert.equal(2, #events("1", "intent"))
    end)

    it("R8 ends an attempt whose next leg is not made", function()
        local one = support.client(world, { kind = "one", place = refuse })
        local other = support.client(world, { kind = "two" })
        local figures = support.run(world, support.campaign(support.people(1), { one = one, two = other },
            { route = { "one", "two" }, map = ZONED, plan = function(_, ctx, call)
                return ctx.vendor == "one" and call or outdial.skip("not by two")
            end }))
        assert.equal("1 done", states(figures))
        assert.equal(0, other.placed)
        assert.equal("not by two", events("1", "decided")[1].data.text)
    end)

    it("R12 writes a doubt off when the script says so, and exits 0", function()
        local figures = run(support.people(2), { place = function() return "lost" end },
            { on_doubt = function() return outdial.WRITE_OFF end })
        assert.equal("2 done", states(figures))
        assert.equal(0, figures.exit_code)
    end)

    it("R17 has one call open per seat, and rests one whose agent is busy", function()
        local busy, open, most = true, 0, 0
        local figures, client = run(support.people(4), { seats = { "ann" }, place = function()
            if busy then
                busy = false
                return nil, support.refused("rejected", { retryable = true })
            end
            open = open + 1
            most = math.max(most, open)
            return "placed"
        end }, { on_outcome = function() open = open - 1 end })
        assert.equal("4 done", states(figures))
        assert.equal(1, most)
        assert.equal(5, client.placed)
        assert.is_true(client.sent[2].at - client.sent[1].at >= 30)
    end)

    it("R18 makes a callback in spite of the gap, and reports one that was missed", function()
        local asked = {}
        run(support.people(2), nil, { hours = { every_day = "06:00-18:00" }, on_outcome = function(contact, _, ctx)
            if asked[contact.id] then return end
            asked[contact.id] = true
            return outdial.callback(ctx.now + (contact.id == "1" and 1 or 20) * HOUR, { within = "30m" })
        end })
        assert.equal(4, #world.rings)
        assert.is_true(world.rings[3].at - world.rings[1].at < 1.1 * HOUR)
        assert.equal(0, #events("1", "callback_missed"))
        assert.equal(1, #events("2", "callback_missed"))
    end)

    it("R16 calls nobody who is listed, and does not start with a list that it cannot read", function()
        local list = os.tmpname()
        local file = assert(io.open(list, "w"))
        file:write("number\n+14155550002\n")
        file:close()
        local figures = run(support.people(3), nil, { do_not_call = list })
        assert.equal("1 suppressed, 2 done", states(figures))
        os.remove(list)
        world:reopen()
        local client = support.client(world)
        local none, err = support.run(world, support.campaign(support.people(3), { fake = client },
            { do_not_call = list, map = ZONED }))
        assert.is_nil(none)
        assert.matches(list, tostring(err), 1, true)
        assert.equal(0, client.placed)
    end)

    it("R9 calls two contacts with one number one after the other", function()
        local open, most = 0, 0
        local rows = { { customer = "1", phone = "+14155550001" }, { customer = "2", phone = "+14155550001" } }
        local figures = run(rows, { place = function()
            open = open + 1
            most = math.max(most, open)
            return "placed"
        end }, { on_outcome = function() open = open - 1 end, loosen = { numbers = "shared line" } })
        assert.equal("2 done", states(figures))
        assert.equal(1, most)
    end)

    it("R24 the default zone is for countries that have several, and where no zone is named", function()
        local figures = run({
            { customer = "london", phone = "+442079460101" },
            { customer = "nobody knows", phone = "+12025550101" },
            { customer = "named", phone = "+12025550102", zone = "America/Los_Angeles" },
        }, nil, { hours = { every_day = { "05:00-07:00", "11:00-13:00" } } })
        assert.equal("3 done", states(figures))
        local at = {}
        for i, ring in ipairs(world.rings) do at[i] = { ring.to, math.floor((ring.at - support.MONDAY_10) / HOUR) } end
        assert.same({ { "+12025550101", 0 }, { "+442079460101", 1 }, { "+12025550102", 2 } }, at)
    end)

    it("reads a file of contacts, rejects what is none, and reads it again without calling again", function()
        local path = os.tmpname()
        local file = assert(io.open(path, "w"))
        file:write("no,mobile,land\n1,(415) 555-0001,US\n2,nonsense,US\n3,+442079460101,GB\n")
        file:close()
        local source = outdial.contacts.csv(path, { id = "no", numbers = "mobile",
            country = { column = "land", default = "US" }, zone = { default = "America/New_York" } })
        local client = support.client(world)
        local options = { name = "renewals", store = "x", vendors = { fake = client }, contacts = source,
            hours = { every_day = "00:00-24:00" } }
        local figures = support.run(world, outdial.campaign(options))
        assert.equal(3, figures.imported.rows)
        assert.equal(1, figures.imported.rejected)
        assert.equal("2 done", states(figures))
        world:reopen()
        options.vendors = { fake = support.client(world) }
        figures = support.run(world, outdial.campaign(options))
        assert.equal(0, figures.imported.added)
        assert.equal(2, client.placed)
        os.remove(path)
    end)

    it("spreads its retries over the day of who is called", function()
        local map = { id = "customer", numbers = { "phone" }, zone = "zone" }
        local rows = { { customer = "1", phone = "+14155550001", zone = "Asia/Kathmandu" } }
        run(rows, { track = function() return "no_answer", 30 end }, { map = map, gap = "1m",
            hours = { every_day = "10:00-20:00" }, caps = { { 9, per = "person", every = "24h" } },
            retry = retry.new { max_attempts = 2, on = { ["*"] = { after = "1m", spread = "dayparts" } } } })
        local called = {} -- it begins at 15:45 there: a minute later would still be the afternoon
        for i, ring in ipairs(world.rings) do
            local hour = core.zone_clock("Asia/Kathmandu", ring.at).hour
            called[i] = hour < 12 and "morning" or hour < 17 and "afternoon" or "evening"
        end
        assert.same({ "afternoon", "evening" }, called)
    end)

    describe("whose script has changed", function()
        local NOT_WANTED = { eligible = function(contact) return contact.id == "1", "not wanted" end }

        it("decides anew about whom the older one did not want, and calls nobody again", function()
            assert.equal("1 done, 2 blocked", states((run(support.people(3), nil, NOT_WANTED))))
            world:reopen()
            world.script = "another text"
            assert.equal("3 done", states((run(support.people(3)))))
            assert.equal(3, #world.rings)
        end)

        it("decides about nobody anew where it is the same", function()
            run(support.people(3), nil, NOT_WANTED)
            world:reopen()
            local asked = {}
            local figures = run(support.people(3), nil, { eligible = function(contact)
                asked[#asked + 1] = contact.id
                return true
            end })
            assert.equal("1 done, 2 blocked", states(figures))
            assert.same({}, asked)
        end)

        it("calls those for whom it has a zone now", function()
            local map = { id = "customer", numbers = { "phone" } }
            assert.equal("3 blocked", states((run(support.people(3), nil, { map = map }))))
            world:reopen()
            assert.equal("3 done", states((run(support.people(3), nil, { map = map, zone = "America/New_York" }))))
        end)

        it("makes calls that could not be made", function()
            local plan = function(_, _, call) call.from = "555" return call end
            local wrong = { prepare = function(call)
                if call.from then return nil, support.refused("validation", { message = "/from: expected E.164" }) end
            end }
            assert.equal("3 blocked", states((run(support.people(3), wrong, { plan = plan }))))
            world:reopen()
            world.script = "another text"
            assert.equal("3 done", states((run(support.people(3), wrong))))
        end)
    end)

    it("leaves open calls to the next run when it is stopped", function()
        local client = support.client(world, { track = function() return "answered", 50 end, place_s = 2 })
        local made = support.campaign(support.people(30), { fake = client }, { pace = { max_open = 5 }, map = ZONED })
        local figures
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.scheduler.sleep(20)
                world.scheduler.stop()
            end)
            figures = support.run(world, made)
        end)
        assert.equal(4, figures.exit_code)
        assert.equal("25 ready, 5 open", states(figures))
        world:reopen()
        figures = run(support.people(30))
        assert.equal("30 done", states(figures))
        assert.equal(30, #world.rings)
    end)

    it("goes on after a pause, and ends when it is stopped for good", function()
        local client = support.client(world)
        local made = support.campaign(support.people(12), { fake = client }, { pace = { max_open = 2 }, map = ZONED })
        local figures, while_paused
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.scheduler.sleep(90)
                assert(world.store:campaign_set { campaign = "renewals", state = "paused", by = "ann" })
                world.scheduler.sleep(600)
                while_paused = #world.rings
                assert(world.store:campaign_set { campaign = "renewals", state = "running", by = "ann" })
                world.scheduler.sleep(90)
                assert(world.store:campaign_set { campaign = "renewals", state = "stopped", by = "ann" })
            end)
            figures = support.run(world, made)
        end)
        assert.equal(4, while_paused)
        assert.is_true(#world.rings > 4 and #world.rings < 12)
        assert.equal("stopped", figures.state)
    end)

    it("holds the campaign of a hook that fails, and goes on in the next run", function()
        local figures = run(support.people(2), nil, { eligible = function() error("boom") end })
        assert.equal(1, figures.exit_code)
        assert.equal("held", figures.state)
        assert.matches("^hook eligible %(.*campaign_store_spec.lua:%d+%): .*boom$", figures.why)
        world:reopen()
        figures = run(support.people(2))
        assert.equal("2 done", states(figures))
    end)

    -- The hour and weekday of wall times in a zone, as the system has it.
    local function local_times(zone, times)
        local list = os.tmpname()
        local file = assert(io.open(list, "w"))
        for _, at in ipairs(times) do file:write(("@%d\n"):format(math.floor(at))) end
        file:close()
        local pipe = assert(io.popen(("TZ=%s date -f %s '+%%u %%H %%M %%F'"):format(zone, list)))
        local out = {}
        for line in pipe:lines() do
            local day, hour, minute, date = line:match("(%d) (%d+) (%d+) (.*)")
            out[#out + 1] = { day = tonumber(day), hour = hour + minute / 60, date = date }
        end
        pipe:close()
        os.remove(list)
        return out
    end

    it("lands over 30 days where windows, caps, gaps and retries say, in zones with odd rules", function()
        world:close()
        -- From 2026-03-20 on; the clocks change in Berlin on March 29, at Lord Howe on April 5.
        world = support.real_world { wall = 1774000000 }
        local attempts = _VERSION == "Lua 5.4" and 20 or 7 -- 30 days of beats take their time: once is enough
        local zones = { "America/Phoenix", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Europe/Berlin" }
        local rows, zone_of = {}, {}
        for i = 1, 20 do
            rows[i] = { customer = tostring(i), phone = ("+1415555%04d"):format(i), zone = zones[i % #zones + 1] }
            zone_of[rows[i].phone] = rows[i].zone
        end
        local policy = assert(retry.new { max_attempts = attempts,
            on = { no_answer = { after = "5h" }, ["*"] = { stop = "x" } } })
        local figures = run(rows, { track = function() return "no_answer", 25 end }, { retry = policy,
            hours = { mon_fri = "10:00-20:00", sat = "10:00-18:00", holidays = { "2026-04-03" } },
            caps = { { 20, per = "person", every = "30d" } } })
        assert.equal("20 exhausted", states(figures))
        assert.is_true(world.engine:now() > (attempts == 20 and 20 or 7) * DAY)
        assert.equal(20 * attempts, #world.rings)
        for _, zone in ipairs(zones) do
            local times, by_person = {}, {}
            for _, ring in ipairs(world.rings) do
                if zone_of[ring.to] == zone then
                    times[#times + 1] = ring.at
                    by_person[ring.to] = by_person[ring.to] or {}
                    table.insert(by_person[ring.to], ring.at)
                end
            end
            for _, at in ipairs(local_times(zone, times)) do
                assert.is_true(at.day ~= 7, zone .. " on a Sunday")
                assert.is_true(at.hour >= 10 and at.hour < (at.day == 6 and 18 or 20), zone .. " at " .. at.hour)
                assert.not_equal("2026-04-03", at.date)
            end
            for _, rung in pairs(by_person) do
                for i = 2, #rung do assert.is_true(rung[i] - rung[i - 1] >= 4 * HOUR) end
                for i = 3, #rung do assert.is_true(rung[i] - rung[i - 2] >= DAY - 1) end
                for i = 6, #rung do assert.is_true(rung[i] - rung[i - 5] >= 7 * DAY - 1) end
            end
        end
    end)
end)
