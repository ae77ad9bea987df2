-- The worker over a store in memory and vendors that do as they are told, on a clock that only moves when all wait.
package.path = "tests/lua/?.lua;" .. package.path
local outdial = require "outdial"
local retry = require "outdial.retry"
local support = require "campaign_support"

local HOUR, DAY = 3600, 86400

describe("a campaign", function()
    local world

    before_each(function() world = support.world() end)

    local function run_one(behave, more, rows)
        local client = support.client(world, behave)
        local figures = support.run(world, support.campaign(rows or support.people(1), { fake = client }, more))
        return figures, client, support.contact(world, "1")
    end

    it("calls everyone once and ends", function()
        local figures, client = run_one(nil, nil, support.people(25))
        assert.equal(25, #world.rings)
        assert.equal(25, client.placed)
        assert.equal(25, figures.contacts.done)
        assert.same({ answered = 25 }, figures.outcomes)
        assert.equal(0, figures.exit_code)
    end)

    it("has no more calls open than pace.max_open", function()
        local open, most = 0, 0
        run_one({ place = function()
            open = open + 1
            most = math.max(most, open)
            return "placed"
        end, track = function()
            return "answered", 30
        end }, { pace = { max_open = 4 }, on_outcome = function() open = open - 1 end }, support.people(20))
        assert.equal(20, #world.rings)
        assert.equal(4, most)
    end)

    it("sends what the intent says: send_before, limits, ring timeout, token", function()
        local _, client = run_one()
        local sent = client.sent[1]
        assert.equal(60, sent.send_before)
        assert.equal(25, sent.call.ring_timeout)
        assert.is_nil(sent.call.not_before) -- it rings at once
        assert.equal("g-renewals_1-1-1", sent.call.token)
        local leg = world.store.legs[1]
        assert.equal("POST", leg.request.method)
        assert.equal("account", leg.account)
    end)

    it("tells the store in whole milliseconds how long a request may take", function()
        local client = support.client(world)
        client.settings.timeout = 1 / 3
        support.run(world, support.campaign(support.people(1), { fake = client }))
        assert.equal(334, world.store.legs[1].params.timeout_ms)
    end)

    it("goes through the numbers of a contact as the policy says", function()
        local rows = { { customer = "1", phone = "+14155550001", home = "+14155550002" } }
        local policy = assert(retry.new { on = { invalid_number = { next_number = true }, no_answer = { after = "6h" },
            ["*"] = { stop = "done" } } })
        local ends = { "invalid_number", "no_answer", "answered" }
        run_one({ track = function(_, n)
            return ends[n], 10, { rang = ends[n] == "invalid_number" and "no" or "yes" }
        end }, { retry = policy, map = { id = "customer", numbers = { "phone", "home" } } }, rows)
        assert.equal(3, #world.rings)
        assert.equal("+14155550001", world.rings[1].to)
        assert.equal("+14155550002", world.rings[2].to)
        assert.equal("+14155550002", world.rings[3].to)
        assert.is_true(world.rings[3].at - world.rings[2].at >= 6 * HOUR)
        assert.is_true(world.rings[2].at - world.rings[1].at < HOUR) -- rang = no was given back
    end)

    describe("R2", function()
        it("sends a token again only within resend_within, and one ring is one leg", function()
            local answers = { "unknown", "placed" }
            local figures, client = run_one { repeats = true, place = function(_, n)
                if answers[n] == "unknown" then return nil, support.unknown() end
                return "placed"
            end }
            assert.equal(2, client.placed)
            assert.equal(client.sent[1].call.token, client.sent[2].call.token)
            assert.equal(client.sent[1].at + 3, client.sent[2].send_before)
            assert.equal(1, figures.contacts.done)
        end)

        it("sends it not again when the answer was lost after more than that", function()
            local figures, client = run_one { repeats = true, place_s = 3.5, place = function() return "lost" end }
            assert.equal(1, client.placed)
            assert.equal(1, figures.doubts)
            assert.equal(3, figures.exit_code)
        end)

        it("sends it not again with resend_within 0, nor where the vendor knows no token", function()
            local _, client = run_one { repeats = true, resend_within = 0, place = function() return "lost" end }
            assert.equal(1, client.placed)
            world = support.world()
            _, client = run_one { repeats = false, place = function() return "lost" end }
            assert.equal(1, client.placed)
        end)

        it("never sends it again after a restart", function()
            local client = support.client(world, { repeats = true, place = function() return "lost" end, place_s = 4 })
            local made = support.campaign(support.people(1), { fake = client })
            support.run(world, made)
            local again = support.client(world, { repeats = true })
            local figures = support.run(world, support.campaign(support.people(1), { fake = again }))
            assert.equal(0, again.placed)
            assert.equal(3, figures.exit_code)
            assert.equal("held", support.contact(world, "1").state)
        end)
    end)

    describe("R3", function()
        -- what the tries say -> what the leg is, and how many tries were made
        local refused = function() return nil, support.refused("throttled", { retryable = true }) end
        local lost = function() return nil, support.unknown() end
        local placed = function() return "placed" end
        local rows = {
            { { refused, refused }, "not_placed", 3 }, { { refused, lost }, "in_doubt", 3 },
            { { refused, placed }, "ended", 2 }, { { lost, refused }, "in_doubt", 2 },
            { { lost, lost }, "in_doubt", 3 }, { { lost, placed }, "ended", 2 }, { { placed, refused }, "ended", 1 },
        }
        for i, row in ipairs(rows) do
            it("joins the tries of a leg, row " .. i, function()
                local client = support.client(world, { repeats = true, place = function(_, n)
                    return (row[1][n] or row[1][#row[1]])()
                end })
                world.store.fail.decide = nil
                local stopper = 0
                support.run(world, support.campaign(support.people(1), { fake = client }, { eligible = function()
                    stopper = stopper + 1
                    return stopper == 1 or outdial.skip("once is enough")
                end }))
                assert.equal(row[3], client.placed)
                assert.equal(row[2], world.store.legs[1].state)
            end)
        end
    end)

    describe("R6", function()
        it("follows what was handed off without limit, until it is placed, and then as any other", function()
            local found = 0
            local figures = run_one({ place = function() return "handed_off" end, track = function(call, n)
                if call.state == "placed" then return "answered", 20 end
                return n < 0 and "answered" or nil
            end, find = function(call)
                found = found + 1
                if found < 4 then return { found = false } end
                return { placement = "placed",
                    call = { id = "late", state = "placed", vendor = "fake", token = call.token } }
            end })
            assert.equal(4, found)
            assert.same({ answered = 1 }, figures.outcomes)
            assert.equal("late", world.store.legs[1].call.id)
            assert.is_true(world.engine:now() > 4 * 60)
        end)

        it("tells a vendor that rings later from when, until when and where", function()
            local rows = { { customer = "1", phone = "+14155550001", tz = "America/Denver;America/Boise" } }
            local _, client = run_one({ hands_off = true }, { zone = "America/New_York",
                hours = { every_day = "09:00-18:00" } }, rows)
            local call = client.sent[1].call
            assert.equal(support.MONDAY_10, call.not_before)
            assert.equal(support.MONDAY_10 + 8 * HOUR - 85, call.not_after)
            assert.equal("America/New_York", call.zone)
        end)

        it("tells it limits, too, when the hours begin between the question for them and the intent", function()
            world.store.window = function() return { allowed = false, zone = "America/Denver" } end
            local _, client = run_one { hands_off = true }
            local call = client.sent[1].call
            assert.same({ support.MONDAY_10, support.MONDAY_10 + 60, "America/Denver" },
                { call.not_before, call.not_after, call.zone })
        end)

        it("withdraws what the store says, and lists what cannot be", function()
            local withdrawn = {}
            local client = support.client(world, { place = function() return "handed_off" end,
                track = function() return nil end, withdraw = function(call)
                    withdrawn[#withdrawn + 1] = call.to
                    if call.to == "+14155550001" then return { withdrawn = true } end
                    return { withdrawn = false, why = "it rings already" }
                end })
            world.scheduler.run(function()
                world.scheduler.daemon(function()
                    world.scheduler.sleep(30)
                    for _, leg in ipairs(world.store.legs) do leg.withdraw = true end
                    world.scheduler.sleep(30)
                    world.scheduler.stop()
                end)
                local made = support.campaign(support.people(2), { fake = client }, { eligible = function()
                    return #world.store.legs < 2
                end })
                local figures = support.run(world, made)
                assert.equal(4, figures.exit_code)
            end)
            table.sort(withdrawn)
            assert.same({ "+14155550001", "+14155550002" }, withdrawn)
            assert.equal("ended", world.store.legs[1].state)
            assert.equal("handed_off", world.store.legs[2].state)
            assert.equal("it rings already", world.store.legs[2].withdraw_failed)
        end)

        -- Everybody is busy, and their vendor would call them again. Returns figures and the withdrawals asked for:
        -- { id, whether as ended, seconds since the run began }.
        local function put_off(withdraw, policy)
            local asked = {}
            local client = support.client(world, { place = function() return "handed_off" end,
                track = function() return "busy", 7, { lives_on = true } end,
                withdraw = function(call)
                    asked[#asked + 1] = { call.id, call.ended, world.engine:wall() - support.MONDAY_10 }
                    return withdraw(call, #asked)
                end })
            return support.run(world, support.campaign(support.people(1), { fake = client }, { gap = 0,
                loosen = { gap = "test" }, retry = assert(retry.new(policy)) })), asked
        end

        local ONCE = { max_attempts = 1, on = { ["*"] = { stop = "done" } } }

        local function is_withdrawn() return { withdrawn = true } end

        local function has_agent() return { withdrawn = false, why = "an agent has the record", placed = true } end

        it("R14 takes back what may be called again, at once where its own next call is far", function()
            local figures, asked = put_off(is_withdrawn, { max_attempts = 2, on = { busy = { after = "10m" },
                ["*"] = { stop = "done" } } })
            assert.equal(1, figures.contacts.exhausted)
            assert.equal(0, figures.exit_code)
            assert.equal(2, #asked)
            assert.same({ "id-1", true, "id-2", true }, { asked[1][1], asked[1][2], asked[2][1], asked[2][2] })
            assert.is_true(asked[1][3] < 60) -- the vendor is not to be first
            assert.is_true(asked[2][3] > 600)
            assert.is_true(world.store.legs[1].taken_back)
            assert.is_true(world.store.legs[2].taken_back)
        end)

        it("R14 leaves what it is about to call again: that call is made of it", function()
            local figures, asked = put_off(is_withdrawn, { max_attempts = 2, on = { busy = { after = "90s" },
                ["*"] = { stop = "done" } } })
            assert.equal(1, figures.contacts.exhausted)
            assert.is_true(asked[1][3] > 90) -- both, when it is done with the contact
            assert.is_true(asked[2][3] > 90)
            assert.equal(2, #asked)
        end)

        it("R14 tries a few times before it ends, and says what it could not take back", function()
            local figures, asked = put_off(has_agent, ONCE)
            assert.equal(3, figures.exit_code)
            assert.equal(1, figures.living_on)
            assert.equal(1, figures.contacts.done)
            assert.equal("an agent has the record", world.store.legs[1].withdraw_failed)
            assert.is_true(world.store.legs[1].withdraw_again)
            assert.equal(3, #asked)
            assert.is_true(asked[3][3] - asked[1][3] >= 120)
        end)

        it("R14 ends as done once a vendor gives back what it would not at first", function()
            local figures, asked = put_off(function(_, count)
                if count == 1 then return nil, support.refused("unavailable") end
                return { withdrawn = true }
            end, ONCE)
            assert.equal(0, figures.exit_code)
            assert.equal(0, figures.living_on)
            assert.equal(2, #asked)
        end)

        it("R14 sees through what its chores were given a moment before the end", function()
            world.store.fail.withdrawals = function() world.scheduler.sleep(0.5) end -- so long it takes to answer
            local figures, asked = put_off(function()
                world.scheduler.sleep(5)
                return { withdrawn = true }
            end, ONCE)
            assert.equal(1, #asked)
            assert.is_true(world.store.legs[1].taken_back)
            assert.equal(0, figures.exit_code)
        end)

        it("R14 does not wait for what is refused for good, and says so", function()
            local figures, asked = put_off(function()
                return { withdrawn = false, why = "the record was removed, and is WORKED" }
            end, ONCE)
            assert.equal(3, figures.exit_code)
            assert.equal(1, figures.living_on)
            assert.equal(1, #asked)
            assert.is_true(world.engine:wall() - support.MONDAY_10 < 60)
        end)

        it("R14 does not wait any longer when it is stopped", function()
            world.scheduler.run(function()
                world.scheduler.daemon(function()
                    world.scheduler.sleep(30)
                    world.scheduler.stop()
                end)
                local figures, asked = put_off(has_agent, ONCE)
                assert.equal(3, figures.exit_code)
                assert.equal(1, #asked)
                assert.is_true(world.engine:wall() - support.MONDAY_10 < 40)
            end)
        end)

        it("is not handed off without limits of its own unless the campaign says so", function()
            local figures, client = run_one { hands_off = true, hands_off_unbounded = true }
            assert.equal(0, client.placed)
            assert.equal(1, figures.contacts.blocked)
            world = support.world()
            figures = run_one({ hands_off = true, hands_off_unbounded = true }, { hand_off_outside_hours = true })
            assert.equal(1, figures.contacts.done)
        end)
    end)

    describe("R7", function()
        it("ends a call that a vendor went silent about as unreported after open_for", function()
            local figures = run_one { track = function() return nil end }
            assert.same({ unreported = 1 }, figures.outcomes)
            assert.equal("unreported", support.contact(world, "1").why)
            local ended = support.events(world, "outcome")[1].at_ms / 1000 - world.rings[1].at
            assert.is_true(math.abs(ended - 85) < 1, tostring(ended))
        end)

        it("waits that long for a vendor that cannot be asked", function()
            local figures = run_one { track = function() return support.refused("validation") end }
            assert.same({ unreported = 1 }, figures.outcomes)
            assert.is_true(world.engine:now() >= 85)
        end)

        it("asks again after errors of the vendor's", function()
            local figures, client = run_one { track = function(_, n)
                if n < 4 then return support.refused("network") end
                return "busy", 1
            end }
            assert.equal(4, #client.tracked)
            assert.same({ busy = 1 }, figures.outcomes)
        end)
    end)

    describe("R8", function()
        local function two(first, more)
            local one = support.client(world, { kind = "one", place = first })
            local other = support.client(world, { kind = "two" })
            more = more or {}
            more.route = { "one", "two" }
            local figures = support.run(world, support.campaign(support.people(1), { one = one, two = other }, more))
            return figures, one, other
        end

        it("goes to the next vendor with a leg of its own when it is proven not placed", function()
            local figures, one, other = two(function() return nil, support.refused("rejected") end)
            assert.equal(1, one.placed)
            assert.equal(1, other.placed)
            assert.equal("g-renewals_1-1-1", one.sent[1].call.token)
            assert.equal("g-renewals_1-1-2", other.sent[1].call.token)
            assert.equal(world.store.legs[1].attempt, world.store.legs[2].attempt)
            assert.equal("not_placed", world.store.legs[1].state)
            assert.equal(1, figures.contacts.done)
            assert.equal(1, #world.store.attempts)
        end)

        it("goes nowhere from unknown", function()
            local figures, _, other = two(function() return "lost" end)
            assert.equal(0, other.placed)
            assert.equal(1, figures.doubts)
        end)

        it("goes nowhere from a call that is wrong", function()
            local _, _, other = two(function() return nil, support.refused("validation") end)
            assert.equal(0, other.placed)
            assert.equal("validation: validation by the vendor", support.contact(world, "1").why)
        end)

        it("uses no vendor twice in an attempt", function()
            local asked = 0
            local one = support.client(world, { kind = "one", place = function()
                return nil, support.refused("rejected")
            end })
            local other = support.client(world, { kind = "two", place = function()
                asked = asked + 1
                return nil, support.refused("rejected")
            end })
            local figures = support.run(world, support.campaign(support.people(1), { one = one, two = other },
                { route = function() return { "two", "one", "two" } end }))
            assert.equal(1, one.placed)
            assert.equal(1, asked)
            assert.equal(1, figures.contacts.blocked)
        end)
    end)

    it("R10 sends a ticket only with the number that it dials", function()
        local rows = { { customer = "1", phone = "+14155550001", home = "+14155550002", ticket = "T-9" } }
        local map = { id = "customer", numbers = { "phone", "home" }, ticket = { column = "ticket", dials = "home" } }
        local policy = assert(retry.new { on = { busy = { next_number = true }, ["*"] = { stop = "done" } } })
        local _, client = run_one({ kind = "ccai_platform", track = function(_, n)
            return n == 1 and "busy" or "answered", 5
        end }, { retry = policy, map = map }, rows)
        assert.is_nil(client.sent[1].call.fields)
        assert.equal("+14155550002", client.sent[2].call.to)
        assert.same({ ticket_id = "T-9" }, client.sent[2].call.fields)
    end)

    it("R10 lets no hook name a ticket that was not declared", function()
        local figures = run_one({ kind = "ccai_platform" }, { plan = function(_, _, call)
            call.fields = { ticket_id = "T-1" }
            return call
        end })
        assert.equal(1, figures.exit_code)
        assert.equal(0, #world.rings)
        assert.matches("/fields/ticket_id: a ticket dials the number that the CRM has; declare it with contacts' "
            .. "`ticket`", figures.why, 1, true)
    end)

    describe("R17", function()
        it("has one call open per seat", function()
            local open, most, agent_of = {}, 0, {}
            local _, client = run_one({ seats = { "ann", "bob" }, place = function(call)
                local agent = call.fields.agent
                agent_of[call.to], open[agent] = agent, (open[agent] or 0) + 1
                most = math.max(most, open[agent])
                return "placed"
            end }, { on_outcome = function(_, outcome)
                local agent = agent_of[outcome.number]
                open[agent] = open[agent] - 1
            end }, support.people(6))
            assert.equal(6, client.placed)
            assert.equal(1, most)
            assert.equal("ann", world.store.legs[1].seat)
            assert.equal("bob", world.store.legs[2].seat)
        end)

        it("keeps nobody from another vendor who waits for a seat", function()
            local busy_until
            local seated = support.client(world, { seats = { "ann" }, track = function()
                busy_until = busy_until or world.engine:now() + 600
                return "answered", 600
            end })
            local free = support.client(world)
            local rows = support.people(30)
            support.run(world, support.campaign(rows, { seated = seated, free = free }, { pace = { max_open = 4 },
                route = function(contact) return { tonumber(contact.id) <= 10 and "seated" or "free" } end }))
            assert.equal(20, free.placed)
            for _, sent in ipairs(free.sent) do assert.is_true(sent.at < busy_until) end
        end)

        it("rests a seat whose agent is busy for 30 s and puts the contact back untouched", function()
            local busy = support.refused("rejected", { retryable = true })
            local figures, client = run_one({ seats = { "ann" }, place = function(_, n)
                if n == 1 then return nil, busy end
                return "placed"
            end })
            assert.equal(2, client.placed)
            assert.is_true(client.sent[2].at - client.sent[1].at >= 30)
            assert.equal(1, figures.contacts.done)
            assert.equal(1, #support.events(world, "outcome"))
            assert.is_false(world.store.attempts[1].counts)
        end)
    end)

    describe("R18", function()
        it("calls back when the person asked for it, in spite of the gap", function()
            local asked = false
            run_one(nil, { on_outcome = function(_, _, ctx)
                if asked then return end
                asked = true
                return outdial.callback(ctx.now + 2 * HOUR, { within = "30m" })
            end })
            assert.equal(2, #world.rings)
            local after = world.rings[2].at - world.rings[1].at
            assert.is_true(after >= 2 * HOUR and after < 2.1 * HOUR, tostring(after))
            assert.equal(0, #support.events(world, "callback_missed"))
        end)

        it("reports a callback whose time went by, and makes it in the next window", function()
            local asked = false
            run_one(nil, { hours = { mon_fri = "10:00-18:00" }, on_outcome = function(_, _, ctx)
                if asked then return end
                asked = true
                return outdial.callback(ctx.now + 12 * HOUR, { within = "30m" })
            end })
            assert.equal(2, #world.rings)
            assert.equal(support.MONDAY_10 + DAY, math.floor(world.rings[2].at / 60) * 60)
            assert.equal(1, #support.events(world, "callback_missed"))
        end)
    end)

    describe("R19", function()
        it("hears the vendor's events before the first dial", function()
            local _, client = run_one { ears = "/v2/me/calls" }
            assert.same({ "/v2/me/calls" }, client.channels)
            assert.equal(1, #world.rings)
        end)

        it("dials not while it cannot, and tries again", function()
            local tries = 0
            local _, client = run_one { ears = "/v2/me/calls", subscribe = function()
                tries = tries + 1
                if tries < 3 then return nil, support.refused("network") end
                return {}
            end }
            assert.equal(3, tries)
            assert.is_true(client.sent[1].at >= 30)
        end)
    end)

    it("R5 settles a doubt when two looks find nothing, and calls then", function()
        local looks = 0
        local figures, client = run_one({ place = function(_, n)
            if n == 1 then return nil, support.unknown() end
            return "placed"
        end, find = function()
            looks = looks + 1
            return { found = false }
        end, look_after_ms = 120000 }, { pace = { max_open = 1 } }, support.people(30))
        assert.is_true(looks >= 2)
        assert.equal(31, client.placed)
        assert.equal(30, figures.contacts.done)
        assert.equal(0, figures.exit_code)
    end)

    it("R22 asks no vendor about a leg of another account", function()
        local function unreachable() error("it was asked") end
        run_one({ place = function() return "lost" end })
        local figures = run_one({ account = "another", find = unreachable }, nil, support.people(2))
        assert.equal("vendor_changed: the client is another now, not account", world.store.legs[1].cannot)
        assert.equal(3, figures.exit_code)
    end)

    it("R12 writes off what on_doubt or the campaign's time says, and nothing else", function()
        local asked
        run_one({ place = function() return "lost" end }, { on_doubt = function(contact, leg)
            asked = contact.id .. leg.number
            return outdial.WRITE_OFF
        end, pace = { max_open = 1 } }, support.people(3))
        assert.truthy(asked)
        assert.equal("written_off", world.store.legs[1].state)
    end)

    describe("when a vendor is down", function()
        it("opens its breaker, probes with a read, and goes on", function()
            local down, probes = true, 0
            local figures, client = run_one({ place = function()
                if down then return nil, support.refused("unavailable") end
                return "placed"
            end, probe = function()
                probes = probes + 1
                if probes == 3 then down = false end
                if down then return nil, support.refused("network") end
                return true
            end }, nil, support.people(40))
            assert.equal(3, probes)
            assert.equal(40, #world.rings)
            assert.is_true(client.placed < 40 + 45, tostring(client.placed))
            assert.equal(40, figures.contacts.done)
        end)
    end)

    describe("that is stopped", function()
        it("starts no new call, leaves open ones to the next run, which follows them", function()
            local client = support.client(world, { track = function() return "answered", 50 end, place_s = 2 })
            local made = support.campaign(support.people(30), { fake = client }, { pace = { max_open = 5 } })
            local figures
            world.scheduler.run(function()
                world.scheduler.daemon(function()
                    world.scheduler.sleep(20)
                    world.scheduler.stop()
                end)
                figures = support.run(world, made)
            end)
            assert.equal(4, figures.exit_code)
            assert.equal(5, #world.rings)
            assert.equal(5, figures.legs.placed)
            assert.equal(25, figures.contacts.ready)
            -- the next run, with a scheduler of its own on the same clock
            world.scheduler = require("outdial.scheduler").new(world.engine)
            figures = support.run(world, support.campaign(support.people(30), { fake = support.client(world) }))
            assert.equal(0, figures.exit_code)
            assert.equal(30, #world.rings)
            assert.equal(30, figures.contacts.done)
        end)
    end)

    it("is held by a clock that jumps, and goes on when told", function()
        local client = support.client(world)
        local made = support.campaign(support.people(3), { fake = client }, { eligible = function()
            return #world.rings < 1 or outdial.later("5m", "wait for the clock")
        end, pace = { max_open = 1 } })
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.store.jumped_ms = -5000
                world.scheduler.sleep(3600)
                assert.equal("the clock jumped by -5.0 s", world.store.campaigns.renewals.why)
                assert.equal("held", world.store.campaigns.renewals.state)
                world.store:campaign_set { campaign = "renewals", state = "stopped" }
            end)
            support.run(world, made)
        end)
        assert.equal(1, #world.rings)
    end)

    it("R24 tells of time zones that change while it runs", function()
        world.store.zones_changed = { { zone = "Europe/London" }, { zone = "Europe/Paris", kept = "it is damaged" } }
        run_one({ track = function() return "answered", 60 end })
        local logs = table.concat(world.logs, "\n")
        assert.truthy(logs:find("info: time zones: Europe/London has changed, and was read again\n"
            .. "warning: time zones: Europe/Paris has changed, and is kept as it was: it is damaged", 1, true), logs)
    end)

    it("goes on when it is resumed after a pause, and takes nobody meanwhile", function()
        local client, hooks_run = support.client(world), 0
        local made = support.campaign(support.people(12), { fake = client }, { pace = { max_open = 2 },
            eligible = function() hooks_run = hooks_run + 1 return true end })
        local paused_rings
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.scheduler.sleep(90)
                world.store:campaign_set { campaign = "renewals", state = "paused" }
                world.scheduler.sleep(70)
                paused_rings, hooks_run = #world.rings, 0
                world.scheduler.sleep(600)
                assert.equal(paused_rings, #world.rings)
                assert.equal(0, hooks_run)
                world.store:campaign_set { campaign = "renewals", state = "running" }
            end)
            local figures = support.run(world, made)
            assert.equal(0, figures.exit_code)
        end)
        assert.equal(4, paused_rings)
        assert.equal(12, #world.rings)
        assert.matches("warning: campaign renewals is paused", table.concat(world.logs, "\n"), 1, true)
    end)

    it("keeps to a rate that the store books, and runs no hook again for it", function()
        local hooks_run = 0
        local _, client = run_one({ per_second = 0.5, place_s = 0.01 }, { pace = { max_open = 50 },
            eligible = function()
                hooks_run = hooks_run + 1
                return true
            end }, support.people(12))
        assert.equal(12, #world.rings)
        for i = 2, 12 do assert.is_true(client.sent[i].at - client.sent[i - 1].at >= 1.99) end
        assert.is_true(client.sent[12].at <= 30, tostring(client.sent[12].at))
        assert.equal(12, hooks_run)
    end)

    it("lets others have a turn when there is no room for a contact", function()
        local one = support.client(world, { kind = "one", hands_off = true,
            place = function() return "handed_off" end,
            track = function() return world.engine:wall() > support.MONDAY_10 + 3000 and "answered" or nil, 1 end })
        local other = support.client(world, { kind = "other" })
        local figures = support.run(world, support.campaign(support.people(8), { one = one, other = other }, {
            pace = { max_open = 2, max_handed_off = 1 },
            route = function(contact) return { tonumber(contact.id) <= 4 and "one" or "other" } end }))
        assert.equal(8, figures.contacts.done)
        assert.equal("other", world.rings[1].vendor)
        assert.is_true(world.rings[4].at < support.MONDAY_10 + 3000)
    end)

    for code, why in pairs { unavailable = "out of reach", out_of_memory = "out of memory" } do
        it("tries again to record what has happened while the store is " .. why, function()
            local failures = 0
            world.store.fail.settle = function()
                failures = failures + 1
                if failures <= 3 then return support.refused(code) end
            end
            local figures = run_one()
            assert.equal(4, failures)
            assert.equal(1, figures.contacts.done)
            assert.equal(1, #world.rings)
        end)
    end

    it("says when it calls nobody because the store cannot be written, each time, and when it goes on", function()
        local tries, failing = 0, { [2] = true, [3] = true, [7] = true }
        world.store.fail.outcome = function()
            tries = tries + 1
            return failing[tries] and support.refused("unavailable") or nil
        end
        assert.equal(0, run_one({}, { pace = { max_open = 1 } }, support.people(6)).exit_code)
        local FAILED = "warning: outcome: unavailable: unavailable by the vendor"
        local BEGUN, OVER = "warning: no call is begun until the store can be written again",
            "info: the store can be written again"
        local told = {}
        for _, line in ipairs(world.logs) do
            if line:find("store", 1, true) or line == FAILED then told[#told + 1] = line end
        end
        assert.same({ FAILED, BEGUN, OVER, FAILED, BEGUN, OVER }, told)
        assert.equal(6, #world.rings)
    end)

    it("does not say that the store can be written again because it took nobody", function()
        local tries, MOST = 0, 8
        local function fails() return tries > 0 and tries <= MOST and support.refused("unavailable") or nil end
        world.store.fail.beat = fails
        world.store.fail.outcome = function()
            tries = tries + 1
            return fails()
        end
        assert.equal(0, run_one().exit_code)
        local told = 0
        for _, line in ipairs(world.logs) do
            if line == "info: the store can be written again" then told = told + 1 end
        end
        assert.same({ MOST + 1, 1 }, { tries, told })
    end)

    it("shows figures anew each second also after the store has kept it waiting", function()
        local asked = {}
        world.store.fail.status = function()
            asked[#asked + 1] = world.engine:wall() - support.MONDAY_10
            if #asked == 2 then world.scheduler.sleep(10) end
        end
        local client = support.client(world, { track = function() return "answered", 30 end })
        support.run(world, support.campaign(support.people(1), { fake = client }), { progress = function() end })
        local late = 0
        for i, at in ipairs(asked) do
            if i > 2 and at < 30 and at - asked[i - 1] > 11.5 then late = late + 1 end
        end
        assert.equal(0, late)
        assert.is_true(#asked > 15, #asked)
    end)

    it("begins no call with less than 60 s of the lease left, and goes on once a beat is recorded", function()
        local from, till = support.MONDAY_10 + 20, support.MONDAY_10 + 400
        world.store.fail.beat = function()
            local now = world.engine:wall()
            return now > from and now < till and support.refused("unavailable") or nil
        end
        local figures, client = run_one({ track = function() return "answered", 5 end }, { pace = { max_open = 1 } },
            support.people(100))
        assert.equal(0, figures.exit_code)
        local before, within = 0, 0
        for _, sent in ipairs(client.sent) do
            local at = sent.at + support.MONDAY_10
            if at < from + 60 then before = before + 1 elseif at < till then within = within + 1 end
        end
        assert.is_true(before > 5, before)
        assert.equal(0, within)
        assert.equal(100, client.placed)
    end)

    it("R21 tells its clients with how many they share a rate, as workers come and go", function()
        local heard, clients = {}, {}
        for name, scope in pairs { north = "one", south = "one", east = "another" } do
            local client = support.client(world, { kind = name, track = function() return "answered", 60 end })
            client.settings.rate_scope = scope
            client.share_rate = function(_, count)
                local at = world.engine:wall() - support.MONDAY_10
                heard[name] = (heard[name] or "") .. ("%d@%d "):format(count, at)
            end
            clients[name] = client
        end
        clients.unpaced = support.client(world)
        world.store.workers = 2
        clients.north.track = function()
            world.store.workers = 3
            world.scheduler.sleep(20)
            world.store.workers = 1
            world.scheduler.sleep(15)
            return { kind = "answered", rang = "yes" }
        end
        support.run(world, support.campaign(support.people(1), clients, { route = function() return { "north" } end }))
        assert.same({ north = "4@0 6@15 2@30 ", south = "4@0 6@15 2@30 ", east = "2@0 3@15 1@30 " }, heard)
    end)

    describe("that cannot go on because of a mistake in the program", function()
        local function assert_fails(what, behave, more)
            local client = support.client(world, behave)
            for name, value in pairs(more) do client[name] = value end
            client.settings.rate_scope = "shared"
            local ok, problem = pcall(support.run, world, support.campaign(support.people(100), { fake = client },
                { pace = { max_open = 2 }, retry = assert(retry.new { on = { ["*"] = { stop = "done" } } }) }))
            assert.is_false(ok)
            assert.matches("^" .. what .. "\nstack traceback:", problem)
            local logged = world.logs[#world.logs]
            assert.equal("error: outdial: an error in the program: " .. problem, logged)
            return client
        end

        it("ends in order where it sends no beats any more", function()
            local told = 0
            local client = assert_fails("this client is closed", {}, { share_rate = function()
                told = told + 1
                if told > 3 then error("this client is closed", 0) end
            end })
            assert.equal(2, client.placed) -- until the third beat
            assert.equal(45, world.engine:now())
        end)

        it("ends in order where nobody does its chores any more", function()
            assert_fails("no such call", { place = function() return "handed_off" end,
                track = function() return "busy", 7, { lives_on = true } end,
                withdraw = function() error("no such call", 0) end }, { share_rate = function() end })
            assert.is_true(world.engine:now() < 10)
        end)

        it("ends in order where a vendor that is out of order cannot be probed", function()
            local client = assert_fails("no such read", { place = function()
                return nil, support.refused("unavailable")
            end, probe = function() error("no such read", 0) end }, { share_rate = function() end })
            assert.is_true(client.placed < 100)
        end)
    end)

    it("ends as failed when the lease was lost", function()
        world.store.fail.beat = require("outdial.error").new("unavailable", "the lease was lost: taken over by 2")
        local figures = run_one({ track = function() return nil end })
        assert.equal(1, figures.exit_code)
        assert.equal("unavailable: the lease was lost: taken over by 2", figures.why)
    end)

    it("reports its figures every second", function()
        local seen = {}
        local client = support.client(world)
        support.run(world, support.campaign(support.people(2), { fake = client }),
            { progress = function(figures) seen[#seen + 1] = figures end })
        assert.is_true(#seen > 30)
        assert.equal(2, seen[#seen].contacts.total)
        assert.is_true(seen[1].vendors.fake.healthy)
    end)

    describe("whose progress function", function()
        -- Returns what was logged of it, and when, in seconds since the start.
        local function run_with(progress)
            local told = {}
            local client = support.client(world, { track = function() return "answered", 100 end })
            local figures = require("outdial.runner").run(support.campaign(support.people(2), { fake = client }), {
                scheduler = world.scheduler, store = world.store, progress = progress, log = function(level, text)
                    if text:find("progress", 1, true) then
                        told[#told + 1] = ("%d %s: %s"):format(world.engine:wall() - support.MONDAY_10, level, text)
                    end
                end })
            assert.equal(0, figures.exit_code)
            assert.equal(2, #world.rings)
            assert.equal(2, figures.contacts.done)
            return told
        end

        it("fails is told of it at once, and once, and shown the figures all the same", function()
            local asked = 0
            local told = run_with(function()
                asked = asked + 1
                if asked > 2 then error("no more room", 0) end
            end)
            assert.same({ "2 warning: progress: no more room" }, told)
            assert.is_true(asked > 30)
        end)

        it("raises no text is told of it too", function()
            assert.matches("^0 warning: progress: an error that is a table", run_with(function() error {} end)[1])
        end)

        it("never returns is told of it, and asked again", function()
            local asked = 0
            local told = run_with(function()
                asked = asked + 1
                if asked == 1 then world.scheduler.sleep(1e6) end
            end)
            assert.same({ "60 warning: progress: it took more than 60 s" }, told)
            assert.is_true(asked > 20)
        end)

        it("waits is waited for", function()
            local ended = 0
            assert.same({}, run_with(function()
                world.scheduler.sleep(3)
                ended = ended + 1
            end))
            assert.equal(22, ended) -- a second after each, in 88 s
        end)
    end)

    it("lands over 30 days where windows, caps, gaps and retries say", function()
        local policy = assert(retry.new { max_attempts = 20,
            on = { no_answer = { after = "5h" }, ["*"] = { stop = "x" } } })
        local rows = support.people(50)
        local client = support.client(world, { track = function() return "no_answer", 25 end })
        local figures = support.run(world, support.campaign(rows, { fake = client }, { retry = policy,
            hours = { mon_fri = "10:00-20:00", sat = "10:00-18:00", holidays = { "2026-03-20" } },
            caps = { { 20, per = "person", every = "30d" } } }))
        assert.is_true(world.engine:now() > 20 * DAY)
        assert.equal(50, figures.contacts.exhausted)
        assert.equal(50 * 20, #world.rings)
        local by_person = {}
        for _, ring in ipairs(world.rings) do
            local date = os.date("!*t", math.floor(ring.at))
            assert.is_true(date.wday ~= 1, "on a Sunday")
            assert.is_true(date.hour >= 10 and date.hour < (date.wday == 7 and 18 or 20), ring.at)
            assert.is_true(not (date.month == 3 and date.day == 20), "on a holiday")
            by_person[ring.to] = by_person[ring.to] or {}
            table.insert(by_person[ring.to], ring.at)
        end
        for _, times in pairs(by_person) do
            for i = 2, #times do assert.is_true(times[i] - times[i - 1] >= 4 * HOUR) end
            for i = 3, #times do assert.is_true(times[i] - times[i - 2] >= DAY - 1) end
            for i = 6, #times do assert.is_true(times[i] - times[i - 5] >= 7 * DAY - 1) end
        end
    end)
end)
