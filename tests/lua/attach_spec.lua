-- Tasks in loops of somebody else's: one made up here, luv's and cqueues' where they are installed.

local attach = require "outdial.attach"
local core = require "outdial.core"
local factory = require("outdial.client").factory
local scheduler = require "outdial.scheduler"

local THIS = debug.getinfo(1, "S").short_src

describe("attaching", function()
    local engine, s, log, attached

    before_each(function()
        engine = assert(core.engine_new())
        s = scheduler.new(engine)
        log = {}
    end)

    after_each(function()
        if attached then attached:detach() end
        attached = nil
    end)

    local function note(text) log[#log + 1] = text end
    local function noted() return table.concat(log, " ") end
    local function attach_to(adapter)
        attached = attach.factory(s)(adapter)
        return attached
    end

    -- A loop that does nothing but wait for what it was given, and ends when that was taken away.
    local function new_loop()
        local loop = {}
        loop.adapter = {
            start = function(fd, on_ready)
                assert.equal("number", type(fd))
                loop.on_ready = on_ready
                note "start"
            end,
            stop = function()
                loop.on_ready = nil
                note "stop"
            end,
        }
        function loop.run()
            local other = assert(core.engine_new())
            while loop.on_ready do
                assert(other:await(engine:fd()))
                other:step()
                loop.on_ready()
            end
        end
        return loop
    end

    it("runs what is spawned, and watches only while something is under way", function()
        local loop = new_loop()
        attach_to(loop.adapter)
        assert.equal("", noted())
        s.spawn(function()
            note "task"
            s.sleep(0.01)
            note "slept"
            s.spawn(function() note "child" end)
        end)
        assert.equal("start", noted())
        loop.run()
        assert.equal("start task slept child stop", noted())
        s.spawn(function() note "again" end)
        loop.run()
        assert.equal("start task slept child stop start again stop", noted())
    end)

    it("finds what is under way already, and leaves it when it is detached", function()
        local loop, done = new_loop(), false
        local task = s.spawn(function() s.sleep(0.001) done = true return "value" end)
        local attachment = attach_to(loop.adapter)
        assert.equal("start", noted())
        attachment:detach()
        attachment:detach()
        assert.equal("start stop", noted())
        s.spawn(function() end)
        assert.equal("start stop", noted())
        assert.is_false(done)
        assert.equal("value", task:join())
        attach_to(new_loop().adapter)
        assert.equal("start stop", noted())
    end)

    it("gives the error of a task that nobody joins to on_error, and goes on", function()
        local loop = new_loop()
        loop.adapter.on_error = function(problem) note(problem:match("^[^\n]*")) end
        attach_to(loop.adapter)
        s.spawn(function() error("oops", 0) end)
        s.spawn(function() s.sleep(0.001) note "other" end)
        loop.run()
        assert.equal("start oops other stop", noted())
    end)

    it("leaves a call outside of tasks to block", function()
        local loop = new_loop()
        attach_to(loop.adapter)
        s.spawn(function() note "task" end)
        assert.is_true(s.sleep(0.001))
        assert.equal("start", noted()) -- it waits for its loop
        loop.run()
        assert.equal("start task stop", noted())
    end)

    it("raises misuse at the caller's line", function()
        local fine = new_loop().adapter
        local rows = {
            { nil, "expected an adapter (a table with start and stop), got nil" },
            { { stop = print }, "start: expected a function, got nothing" },
            { { start = print, stop = 1 }, "stop: expected a function, got number" },
            { { start = print, stop = print, on_error = true }, "on_error: expected a function, got boolean" },
            { { start = print, stopp = print }, 'unknown field "stopp", did you mean "stop"?' },
        }
        local make = attach.factory(s)
        for i = 1, #rows do
            local line = debug.getinfo(1, "l").currentline + 1
            local ok, problem = pcall(function() local _ = make(rows[i][1]) end)
            assert.is_false(ok)
            assert.equal(("%s:%d: outdial: attach: %s"):format(THIS, line, rows[i][2]), problem)
        end
        attach_to(fine)
        local line = debug.getinfo(1, "l").currentline + 1
        local ok, problem = pcall(function() local _ = make(fine) end)
        assert.is_false(ok)
        local wanted = "%s:%d: outdial: attach: outdial is attached already: detach it first"
        assert.equal(wanted:format(THIS, line), problem)
    end)

    -- A call that is refused by the network, and a sleep, beside the loop's own ticks.
    local function work()
        local connect = factory(s)("amazon_connect", { region = "us-east-1", endpoint = "http://127.0.0.1:1",
            rate = false, retry = false, credentials = { access_key_id = "a", secret_access_key = "s" } })
        s.spawn(function()
            local _, err = connect:start_outbound_voice_contact { DestinationPhoneNumber = "+15555550100",
                InstanceId = "i", ContactFlowId = "f", SourcePhoneNumber = "+15555550101" }
            note(err.code)
            s.sleep(0.02)
            note "slept"
            connect:close()
        end)
    end

    local has_luv, uv = pcall(require, "luv")
    local has_cqueues, cqueues = pcall(require, "cqueues")
    local with_luv, with_cqueues = has_luv and it or pending, has_cqueues and it or pending

    with_luv("to luv's loop lets both go on, and the loop end", function()
        local problems = {}
        attach_to(require("outdial.loop_luv")(function(problem) problems[#problems + 1] = problem end))
        local ticks = 0
        local timer = uv.new_timer()
        timer:start(1, 1, function()
            ticks = ticks + 1
            if log[2] then timer:close() end
        end)
        for _ = 1, 2 do
            log = {}
            work()
            uv.run()
            assert.equal("network slept", noted())
        end
        assert.is_true(ticks > 2)
        s.spawn(function() error("oops", 0) end)
        uv.run()
        assert.equal(1, #problems)
    end)

    with_cqueues("to a controller of cqueues lets both go on, and it gets empty", function()
        local controller = cqueues.new()
        attach_to(require("outdial.loop_cqueues")(controller))
        local ticks = 0
        controller:wrap(function()
            while not log[2] do
                cqueues.sleep(0.001)
                ticks = ticks + 1
            end
        end)
        for _ = 1, 2 do
            log = {}
            work()
            assert(controller:loop())
            assert.equal("network slept", noted())
        end
        assert.is_true(ticks > 2)
    end)
end)
