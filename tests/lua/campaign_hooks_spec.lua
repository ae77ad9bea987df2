-- Hooks that go wrong hold their campaign, and say which hook it was and where.
package.path = "tests/lua/?.lua;" .. package.path
local core = require "outdial.core"
local outdial = require "outdial"
local support = require "campaign_support"

local THIS = debug.getinfo(1, "S").short_src

local function line_of(fn)
    return debug.getinfo(fn, "S").linedefined
end

describe("a hook", function()
    local world

    before_each(function() world = support.world() end)

    local function run(hooks, behave)
        local client = support.client(world, behave)
        return support.run(world, support.campaign(support.people(3), { fake = client }, hooks)), client
    end

    local function check(name, fn, text, behave)
        local figures, client = run({ [name] = fn }, behave)
        local expected = ("hook %s (%s:%d): %s"):format(name, THIS, line_of(fn), text)
        assert.equal(expected, figures.why)
        assert.equal("held", world.store.campaigns.renewals.state)
        assert.equal(expected, world.store.campaigns.renewals.why)
        assert.equal(1, figures.exit_code)
        assert.equal(expected, support.events(world, "hook_failed")[1].data.why)
        return client
    end

    describe("that goes wrong before a call", function()
        local function throws() error("boom") end
        local function indexes(contact) return contact.nothing.there end
        local function loops() while true do end end
        local function loops_around_pcall()
            while true do pcall(function() while true do end end) end
        end
        local s
        local function sleeps_on() while true do s.sleep(3) end end
        local function yields() coroutine.yield() end

        local rows = {
            { "throws", throws, ("%s:%d: boom"):format(THIS, line_of(throws)) },
            { "loops", loops, ("%s:%d: more than 50 million instructions: an endless loop?"):format(THIS,
                line_of(loops)) },
            { "loops around pcall", loops_around_pcall, ("%s:%d: more than 50 million instructions: an endless loop?")
                :format(THIS, line_of(loops_around_pcall) + 1) },
            { "sleeps on and on", sleeps_on, "it took more than 10 s" },
            { "yields by itself", yields, "outdial: a task may not yield by itself: coroutine.yield was called outside "
                .. "a coroutine of its own" },
        }
        for _, row in ipairs(rows) do
            it(row[1], function()
                s = world.scheduler
                local client = check("eligible", row[2], row[3])
                assert.equal(0, client.placed)
                assert.equal("ready", support.contact(world, "1").state)
            end)
        end

        it("indexes nothing", function()
            local figures = run { eligible = indexes }
            assert.matches(("hook eligible (%s:%d): %s:%d: attempt to index"):format(THIS, line_of(indexes), THIS,
                line_of(indexes)), figures.why, 1, true)
            assert.matches("stack traceback:", support.events(world, "hook_failed")[1].data.traceback, 1, true)
        end)

        local function never_text() error "no text" end
        local thrown = { -- what is raised, and what is said of it
            { { code = 7, message = "no CRM", details = {} },
                'an error that is a table { code = 7, message = "no CRM" }' },
            { {}, "an error that is a table" },
            { { a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9 },
                "an error that is a table { a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, ... }" },
            { setmetatable({}, { __tostring = function() return "its own text" end }), "its own text" },
            { setmetatable({}, { __tostring = never_text }), "an error whose __tostring fails" },
            { setmetatable({}, { __tostring = function() return {} end }), "an error whose __tostring fails" },
            { setmetatable({ code = 7 }, { __index = never_text, __pairs = never_text }),
                "an error that is a table { code = 7 }" },
            { nil, "nil" },
        }
        for i = 1, 8 do
            it("throws something else, row " .. i, function()
                check("eligible", function() error(thrown[i][1]) end, thrown[i][2])
            end)
        end

        it("leaves a task that fails", function()
            local function leaves() s.spawn(function() error("boom in a task", 0) end) return true end
            s = world.scheduler
            local client = check("eligible", leaves, "boom in a task")
            assert.equal(0, client.placed)
        end)
    end)

    describe("that returns rubbish", function()
        local rows = {
            { "eligible", function() return 7 end, "expected true or false, got 7" },
            { "eligible", function() end, "expected true or false, got nothing" },
            { "eligible", function() return outdial.HOLD end, "expected true or false, got outdial.hold" },
            { "eligible", function() return false, 7 end, "expected why not, a text, got 7" },
            { "eligible", function() return false, "" end, 'expected why not, a text, got ""' },
            { "route", function() return { "fake", nil, "fake" } end,
                "expected a list of vendors' names, got a list with nothing at [2]" },
            { "plan", function(_, _, call) call.attributes = { call } return call end,
                "it returned a table that contains itself" },
            { "plan", function(_, _, call)
                local at = call
                for _ = 1, 40 do at.attributes = {} at = at.attributes end
                return call
            end, "it returned tables more than 32 deep" },
            { "plan", function(_, _, call)
                local twice = {}
                for _ = 1, 30 do twice = { twice, twice } end
                call.attributes = twice
                return call
            end, "it returned more than 100000 tables" },
            { "plan", function() return setmetatable({}, { __index = function() error("asked") end,
                __pairs = function() error("asked") end }) end,
                "/to: expected one of the contact's numbers, got nothing" },
            { "plan", function(_, _, call)
                call[setmetatable({}, { __tostring = function() error("asked") end })] = 1
                return call
            end, 'unknown field "a table"' },
            { "on_outcome", function() return outdial.callback("1h", { number = "work" }) end,
                'number: "work" is not one of the contact\'s' },
            { "route", function() return {} end, "expected a list of vendors' names, got table" },
            { "route", function() return "fake" end, 'expected a list of vendors\' names, got "fake"' },
            { "route", function() return { "fak" } end, 'unknown vendor "fak", did you mean "fake"?' },
            { "plan", function() end, "expected the call, outdial.skip or outdial.later, got nothing" },
            { "plan", function() return outdial.stop("x") end,
                "expected the call, outdial.skip or outdial.later, got outdial.stop" },
            { "plan", function(_, _, call) call.too = call.to return call end,
                'unknown field "too", did you mean "to"?' },
            { "plan", function(_, _, call) call.to = "+15550000" return call end,
                '/to: expected one of the contact\'s numbers, got "+15550000"' },
            { "plan", function(_, _, call) call.token = "mine" return call end,
                "/token: it is not the script's to choose" },
            { "plan", function(_, _, call) call.attributes = "x" return call end,
                "/attributes: expected a table, got string" },
            { "on_outcome", function() return outdial.skip("x") end,
                "expected nothing, outdial.callback, outdial.later or outdial.stop, got outdial.skip" },
            { "on_doubt", function() return true end, "expected outdial.HOLD or outdial.WRITE_OFF, got true" },
        }
        for i, row in ipairs(rows) do
            it(("row %d: %s"):format(i, row[1]), function()
                check(row[1], row[2], row[3], { place = row[1] == "on_doubt" and function() return "lost" end or nil })
            end)
        end
    end)

    it("cannot place a call, and may read", function()
        local connect = outdial.amazon_connect { region = "us-east-1", endpoint = "http://127.0.0.1:1",
            instance_id = "i-1", contact_flow_id = "f-1", queue_id = "q-1" }
        local function places() local call = connect:place_call { to = "+14155550100" } return call end
        local prepared = assert(connect:prepare_placing { to = "+14155550100" })
        local function again() local call = connect:place_prepared(prepared) return call end
        local function starts() local call = connect:start_outbound_voice_contact {} return call end
        local text = "outdial: amazon_connect:%s: inside eligible: calls are placed by returning a plan"
        -- the campaign of this test runs on the scheduler that the client belongs to
        for name, hook in pairs { place_call = places, place_prepared = again,
            start_outbound_voice_contact = starts } do
            local scheduler = require "outdial.scheduler"
            local task
            scheduler.run(function() task = scheduler.hook("eligible", 10, hook) end)
            assert.equal("failed", task.how)
            assert.matches(("%s:%d: %s"):format(THIS, line_of(hook), text:format(name)), task.outcome, 1, true)
        end
        local scheduler = require "outdial.scheduler"
        local task
        scheduler.run(function()
            task = scheduler.hook("eligible", 10, function() return connect:describe_contact {} end)
        end)
        assert.equal("returned", task.how) -- nil, err: a read is let through
        connect:close()
    end)

    it("may wait, and spawn, within its 10 s", function()
        local s = world.scheduler
        local figures = run { eligible = function()
            local found
            local task = s.spawn(function() s.sleep(4) found = true end)
            s.sleep(1)
            task:join()
            return found
        end }
        assert.equal(3, #world.rings)
        assert.equal(0, figures.exit_code)
    end)

    it("gets copies: what it changes changes nothing", function()
        run { eligible = function(contact)
            contact.numbers[1].number, contact.number, contact.data.phone = "x", "x", "x"
            return true
        end }
        assert.equal("+14155550001", world.rings[1].to)
    end)

    for _, name in ipairs { "eligible", "plan" } do
        it("that wants to be asked again at once is, after a second: " .. name, function()
            local asked = 0
            run({ [name] = function(contact, ctx, call)
                asked = asked + (contact.id == "1" and 1 or 0)
                if contact.id ~= "1" or asked > 3 then return call or true end
                return outdial.later(asked == 2 and 0 or ctx.now)
            end })
            assert.equal(4, asked)
            assert.equal(3, #world.rings)
            assert.equal(3, math.floor(world.rings[3].at - support.MONDAY_10))
        end)
    end

    it("may return a call that it has made itself", function()
        run { plan = function(contact) return { to = contact.number, attributes = { id = contact.id } } end }
        assert.equal(3, #world.rings)
        for _, leg in ipairs(world.store.legs) do
            assert.equal(leg.token, leg.meant.token)
            assert.equal(leg.meant.attributes.id, leg.meant.contact)
        end
    end)

    it("gets copies of the context, too", function()
        local function change(ctx)
            table.remove(ctx.vendors)
            table.remove(ctx.healthy)
            ctx.history[1] = { kind = "answered", number = "x" }
        end
        local seen = {}
        local figures = run({ eligible = function(_, ctx) change(ctx) return true end,
            route = function(_, ctx)
                seen[#seen + 1] = #ctx.vendors + #ctx.healthy + #ctx.history
                return ctx.vendors
            end,
            plan = function(_, ctx, call) change(ctx) return call end,
            on_outcome = function(_, _, ctx) change(ctx) end })
        assert.same({ 2, 2, 2 }, seen)
        assert.equal(3, figures.contacts.done)
    end)

    it("hears why a call is in doubt", function()
        local causes = {}
        local honest = world.store.doubts
        function world.store.doubts(store, params)
            local page = honest(store, params)
            for _, leg in ipairs(page.legs) do
                if leg.contact.id == "1" then leg.cause = "its worker is gone"
                else leg.cause, leg.evidence = nil, { error = { message = "no answer came" } } end
            end
            return page
        end
        run({ on_doubt = function(contact, leg) causes[contact.id] = leg.cause end },
            { place = function() return "lost" end })
        assert.same({ ["1"] = "its worker is gone", ["2"] = "no answer came", ["3"] = "no answer came" }, causes)
    end)

    it("sees the contact, the context and the call", function()
        local seen = {}
        run { eligible = function(contact, ctx)
            seen.contact, seen.ctx = contact, ctx
            return contact.id == "1", "only the first"
        end, plan = function(contact, ctx, call)
            seen.call, seen.vendor = call, ctx.vendor
            call.attributes = { id = contact.id }
            return call
        end, on_outcome = function(contact, outcome, ctx)
            seen.outcome, seen.of, seen.attempt = outcome, contact.id, ctx.attempt
        end }
        assert.equal("3", seen.contact.id)
        assert.equal("+14155550003", seen.contact.number)
        assert.equal("phone", seen.contact.column)
        assert.equal("+14155550003", seen.contact.numbers.phone)
        assert.equal("3", seen.contact.data.customer)
        assert.same({ "fake" }, seen.ctx.vendors)
        assert.same({ "fake" }, seen.ctx.healthy)
        assert.equal(support.MONDAY_10, seen.ctx.now)
        assert.is_true(seen.ctx.random() < 1)
        assert.equal("fake", seen.vendor)
        assert.equal("answered", seen.outcome.kind)
        assert.equal("+14155550001", seen.outcome.number)
        assert.equal("1", seen.of)
        assert.equal(1, seen.attempt)
        assert.equal("blocked", support.contact(world, "2").state)
        assert.equal("only the first", support.contact(world, "2").why)
        assert.equal("1", world.store.legs[1].meant.attributes.id)
    end)

    it("puts off, skips and stops", function()
        local times = 0
        run { eligible = function(contact)
            if contact.id == "1" then return outdial.skip("gone") end
            if contact.id == "2" and times == 0 then
                times = 1
                return outdial.later("1h", "not yet")
            end
            return true
        end, on_outcome = function() return outdial.stop("reached") end }
        assert.equal("gone", support.contact(world, "1").why)
        assert.equal("done", support.contact(world, "1").state)
        assert.equal("reached", support.contact(world, "2").why)
        assert.equal(2, #world.rings)
        assert.is_true(world.rings[2].at >= support.MONDAY_10 + 3600)
    end)

    it("that failed after the call leaves the outcome recorded and the contact held", function()
        local figures = run { on_outcome = function() error("boom") end, pace = { max_open = 1 } }
        assert.same({ answered = 1 }, figures.outcomes)
        assert.equal("held", support.contact(world, "1").state)
        assert.equal(1, #world.rings)
    end)

    describe("whose contact cannot be read in the store", function()
        local BROKEN = "what the store has of it cannot be read: %s"

        -- What the store gives of a contact is as `change` makes it.
        local function with(verb, change)
            local honest = world.store[verb]
            world.store[verb] = function(store, params)
                local result, err = honest(store, params)
                for _, one in ipairs(result and (result.contacts or result.legs) or {}) do change(one) end
                return result, err
            end
        end

        local function breaks(key, text)
            with("take", function(taken)
                if taken.id == "2" then taken[key] = text end
            end)
        end

        local rows = { -- what is broken, how, and what is said to be
            { "data", '{"phone"', "data: " }, { "view", '{"numbers":[{]', "numbers: " },
        }
        for _, row in ipairs(rows) do
            for _, hook in ipairs { "eligible", "on_outcome", "none" } do
                it(("its %s, hook: %s: is not called, the others are"):format(row[1], hook), function()
                    breaks(row[1], row[2])
                    local asked = {}
                    local figures = run { [hook ~= "none" and hook or "on_doubt"] = function(contact)
                        asked[#asked + 1] = contact.id
                        return hook == "eligible" or nil
                    end }
                    local _, err = core.from_json(row[2])
                    local why = BROKEN:format(row[3] .. err.message)
                    assert.equal(0, figures.exit_code)
                    assert.same(hook == "none" and {} or { "1", "3" }, asked)
                    assert.equal(2, #world.rings)
                    assert.equal("blocked", support.contact(world, "2").state)
                    assert.equal(why, support.contact(world, "2").why)
                    assert.equal("warning: contact 2: " .. why, world.logs[2])
                    assert.is_nil(world.logs[3])
                end)
            end
        end

        it("is called all the same where nobody looks", function()
            breaks("data", "{")
            local figures = run { track = false }
            assert.equal(3, #world.rings)
            assert.equal(3, figures.contacts.done)
        end)

        it("and is blocked when nobody looks until its vendor refuses it", function()
            breaks("view", "{")
            run({ track = false }, { place = function() return nil, support.refused("rejected") end })
            assert.equal("blocked", support.contact(world, "2").state)
            assert.equal("rejected: rejected by the vendor", support.contact(world, "2").why)
        end)

        local function half_of(leg)
            leg.contact.data, leg.contact.unreadable = nil, "data: it is no JSON"
        end

        it("is held after a call that others have left", function()
            local client = support.client(world)
            world.scheduler.run(function()
                world.scheduler.daemon(function()
                    world.scheduler.sleep(20)
                    world.scheduler.stop()
                end)
                support.run(world, support.campaign(support.people(1), { fake = client }))
            end)
            assert.equal("placed", world.store.legs[1].state)
            world.scheduler = require("outdial.scheduler").new(world.engine)
            with("adopt", half_of)
            local figures = support.run(world, support.campaign(support.people(1), { fake = support.client(world) },
                { on_outcome = function() error("it was asked") end }))
            assert.same({ answered = 1 }, figures.outcomes)
            assert.equal(3, figures.exit_code)
            assert.equal("held", support.contact(world, "1").state)
            assert.equal(BROKEN:format("data: it is no JSON"), support.contact(world, "1").why)
        end)

        it("is not asked about in doubt", function()
            with("doubts", half_of)
            local figures = run({ on_doubt = function() error("it was asked") end },
                { place = function() return "lost" end })
            assert.equal(3, figures.doubts)
            assert.matches("warning: contact 1: " .. BROKEN:format("data: it is no JSON"),
                table.concat(world.logs, "\n"), 1, true)
        end)
    end)

    it("that failed is lifted by the next run", function()
        run { eligible = function() error("boom") end }
        local figures = run()
        assert.equal(0, figures.exit_code)
        assert.equal(3, #world.rings)
    end)

    it("may not leave twenty calls in a row that cannot be made", function()
        local wrong = support.refused("validation", { message = "DestinationPhoneNumber: expected E.164" })
        local client = support.client(world, { prepare = function() return nil, wrong end })
        local figures = support.run(world, support.campaign(support.people(60), { fake = client }))
        assert.equal(1, figures.exit_code)
        assert.matches("20 calls in a row cannot be made: validation", figures.why, 1, true)
        assert.is_true(figures.contacts.ready >= 30)
    end)

    it("may not leave twenty that the store refuses as wrong", function()
        local wrong = support.refused("validation", { message = "/number: expected E.164" })
        function world.store.intend() return nil, wrong end
        local figures = support.run(world, support.campaign(support.people(60), { fake = support.client(world) }))
        assert.equal(1, figures.exit_code)
        assert.matches("20 calls in a row cannot be made: validation: /number: expected E.164", figures.why, 1, true)
        assert.is_true(figures.contacts.ready >= 30)
        assert.equal(0, #world.rings)
    end)
end)
