-- What a campaign may not do because of what it cannot know: calls of another account, doubts that are given up, events
-- that are not heard, answers that come late. Vendors do as they are told, on a clock that only moves when all wait.
package.path = "tests/lua/?.lua;" .. package.path
local outdial = require "outdial"
local support = require "campaign_support"

describe("a campaign", function()
    local world

    before_each(function() world = support.world() end)

    local function run_one(behave, more)
        local client = support.client(world, behave)
        return support.run(world, support.campaign(support.people(1), { fake = client }, more)), client
    end

    it("R4 makes no call that its vendor wants later: whoever was listed meanwhile is not called", function()
        local _, client = run_one { place = function(call, n)
            if n > 1 then return "placed" end
            world.store.listed[call.to] = true
            return nil, support.refused("throttled", { retryable = true, retry_after = 30 })
        end }
        assert.equal(1, client.placed)
        assert.same({}, world.rings)
        assert.equal("suppressed", support.contact(world, "1").state)
        assert.equal(30, math.floor(world.engine:now()))
    end)

    -- What the vendor says, and how long it is left alone, in seconds.
    for _, row in ipairs { { 30, 30 }, { 1000, 300 } } do
        it(("makes nobody's call while its vendor wants none, for %d s"):format(row[1]), function()
            local placed_at = {}
            local client = support.client(world, { place = function(_, n)
                placed_at[n] = math.floor(world.engine:now())
                if n > 1 then return "placed" end
                return nil, support.refused("throttled", { retryable = true, retry_after = row[1] })
            end })
            support.run(world, support.campaign(support.people(3), { fake = client }, { pace = { max_open = 1 } }))
            assert.equal(3, #world.rings)
            assert.equal(4, #placed_at)
            assert.same({ 0, row[2] }, { placed_at[1], placed_at[2] })
            assert.equal(("warning: fake wants no calls for %d s: throttled: throttled by the vendor"):format(row[2]),
                world.logs[2])
        end)
    end

    it("is told by its vendor when to call again also where the answer comes when no more may be sent", function()
        local client = support.client(world, { place_s = 61, place = function(_, n)
            if n > 1 then return "placed" end
            return nil, support.refused("throttled", { retryable = true, retry_after = 120 })
        end })
        support.run(world, support.campaign(support.people(1), { fake = client }))
        assert.equal("not_placed", world.store.legs[1].state)
        assert.equal(181, math.floor(client.sent[2].at))
    end)

    it("R6 takes back what it could not while no events were heard, once they are", function()
        local asked, deaf, told = 0, false, nil
        local client = support.client(world, { ears = "/v2/me/calls", place = function() return "handed_off" end,
            track = function() return nil end, subscribe = function()
                return not deaf and {} or nil, deaf and support.refused("network") or nil
            end, withdraw = function()
                asked = asked + 1
                if deaf then return nil, support.refused("validation") end
                return { withdrawn = true }
            end })
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.scheduler.sleep(30)
                deaf = true
                client.heard { channel = "/meta/disconnect" }
                world.store.legs[1].withdraw = true
                world.scheduler.sleep(30)
                deaf, told = false, world.store.legs[1].withdraw_failed
                world.scheduler.sleep(90)
                world.scheduler.stop()
            end)
            support.run(world, support.campaign(support.people(1), { fake = client }, { eligible = function()
                return #world.store.legs < 1
            end }))
        end)
        assert.same({ "no events of /v2/me/calls arrive now", 1, "canceled" },
            { told, asked, world.store.legs[1].kind })
    end)

    -- Runs until `after_s`; a run that ends sooner is given back as it ended.
    local function run_for(after_s, behave, more)
        local figures
        world.scheduler = require("outdial.scheduler").new(world.engine)
        local client = support.client(world, behave)
        world.scheduler.run(function()
            world.scheduler.daemon(function()
                world.scheduler.sleep(after_s)
                world.scheduler.stop()
            end)
            figures = support.run(world, support.campaign(support.people(1), { fake = client }, more))
        end)
        return figures
    end

    describe("R22 of a call of another account", function()
        local function unreachable() error("it was asked") end
        local OTHER = { account = "another", track = unreachable, find = unreachable, withdraw = unreachable }
        local WHY = "vendor_changed: the client is another now, not account"

        it("asks nobody: one that was placed ends unreported", function()
            run_for(20, { track = function() return nil end })
            local figures = run_for(1000, OTHER)
            assert.same({ unreported = 1 }, figures.outcomes)
            assert.equal(WHY, world.store.legs[1].raw)
            assert.equal(0, figures.exit_code)
            assert.equal("warning: call g-renewals_1-1-1 is not followed: " .. WHY, world.logs[#world.logs])
            assert.equal(1, #world.rings)
        end)

        it("asks nobody: one that was handed off is neither followed nor taken back by it", function()
            local rows = { place = function() return "handed_off" end, track = function() return nil end }
            run_for(20, rows)
            world.store.legs[1].withdraw = true
            OTHER.place = rows.place
            assert.equal(4, run_for(10000, OTHER).exit_code)
            assert.same({ "handed_off", WHY, true },
                { world.store.legs[1].state, world.store.legs[1].withdraw_failed, world.store.legs[1].withdraw_again })
            rows.withdraw = function() return { withdrawn = true } end
            run_for(100, rows)
            assert.equal("ended", world.store.legs[1].state)
            assert.equal("canceled", world.store.legs[1].kind)
        end)
    end)

    it("R22 does not wait at its end for what only a client of the other account could take back", function()
        run_for(20, { place = function() return "handed_off" end, track = function() return "busy", 1,
            { lives_on = true } end, withdraw = function() return nil, support.refused("network") end })
        world.scheduler.run(function() world.scheduler.sleep(61) end)
        local began = world.engine:now()
        local figures = run_for(1000, { account = "another", withdraw = error })
        assert.same({ 3, 1 }, { figures.exit_code, figures.living_on })
        assert.equal("vendor_changed: the client is another now, not account", world.store.legs[1].withdraw_failed)
        assert.is_true(world.engine:now() - began < 60, world.engine:now() - began)
    end)

    describe("R12 a doubt of which the vendor may have been handed the call", function()
        -- Returns the figures and what was asked, as { seconds since the run began, token }.
        local function give_up(withdraw, more)
            local asked = {}
            local figures = run_one({ hands_off = true, place = function() return nil, support.unknown() end,
                withdraw = function(call)
                    asked[#asked + 1] = { math.floor(world.engine:now()), call.token }
                    return withdraw(#asked)
                end }, more or { on_doubt = function() return outdial.WRITE_OFF end })
            return figures, asked
        end
        local NONE = { withdrawn = false, why = "there is no such record", none = true }

        it("is not written off by time alone", function()
            local figures, asked = give_up(error, { doubt = { write_off_after = "1s" } })
            assert.same({ "in_doubt", 3, {} }, { world.store.legs[1].state, figures.exit_code, asked })
        end)

        it("is taken back once it is written off", function()
            local figures, asked = give_up(function(n)
                if n < 2 then return nil, support.refused("network") end
                return { withdrawn = true }
            end)
            assert.same({ { 0, "g-renewals_1-1-1" }, { 60, "g-renewals_1-1-1" } }, asked)
            assert.same({ "written_off", true, 0 },
                { world.store.legs[1].state, world.store.legs[1].taken_back, figures.exit_code })
        end)

        it("R5 is looked for until what was sent would have arrived, before it counts as none", function()
            local figures, asked = give_up(function() return NONE end)
            assert.same({ { 0, "g-renewals_1-1-1" }, { 60, "g-renewals_1-1-1" } }, asked)
            assert.same({ true, 0 }, { world.store.legs[1].taken_back, figures.exit_code })
        end)

        it("that was made after all may have rung twice", function()
            local figures, asked = give_up(function()
                return { withdrawn = false, why = "the record is COMPLETED", placed = true }
            end)
            assert.equal(1, #asked)
            assert.is_true(world.store.attempts[1].second_ring)
            assert.same({ "held", 3 }, { support.contact(world, "1").state, figures.exit_code })
        end)

        it("that cannot be taken back is told of, and that is its end", function()
            local figures, asked = give_up(function()
                return nil, support.refused("validation")
            end)
            assert.equal(1, #asked)
            assert.equal("validation: validation by the vendor", world.store.legs[1].withdraw_failed)
            assert.equal(0, figures.exit_code)
        end)
    end)
end)
