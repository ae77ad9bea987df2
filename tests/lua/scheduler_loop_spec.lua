-- Tasks in a loop that is not theirs, or beside a wait that blocks.

local core = require "outdial.core"
local scheduler = require "outdial.scheduler"

local THIS = debug.getinfo(1, "S").short_src

describe("a task", function()
    local engine, s, log

    before_each(function()
        engine = assert(core.engine_new { clock = "manual", wall = 1000 })
        s = scheduler.new(engine)
        log = {}
    end)

    local function note(text) log[#log + 1] = text end
    local function noted() return table.concat(log, " ") end

    describe("driven by a foreign loop", function()
        it("is resumed by engine:step", function()
            s.spawn(function() s.sleep(1) note "a" s.sleep(1) note "b" end)
            assert.equal(0, s.engine:timeout())
            assert.equal(1, s.engine:pending())
            s.engine:step(0)
            assert.equal(1, s.engine:timeout())
            assert.equal("", noted())
            engine:advance(1)
            s.engine:step(0)
            assert.equal("a", noted())
            engine:advance(1)
            s.engine:step(0)
            assert.equal("a b", noted())
            assert.is_nil(s.engine:timeout())
            assert.equal(0, s.engine:pending())
        end)

        it("makes the descriptor readable whenever there is something to step for", function()
            local outer = assert(core.engine_new())
            local function readable()
                local request = assert(outer:await(s.engine:fd()))
                outer:step(0)
                local finished = request:finished()
                request:cancel()
                outer:step(0)
                return finished
            end
            assert.is_false(readable())
            s.spawn(function()
                s.spawn(function()
                    s.spawn(function() note "third" s.sleep(0) s.sleep(0.5) end)
                    note "second"
                end)
                note "first"
            end)
            assert.is_true(readable())
            s.engine:step(0)
            assert.equal("first second", noted())
            assert.is_true(readable()) -- the third one is ready
            s.engine:step(0)
            assert.equal("first second third", noted())
            assert.is_true(s.sleep(1)) -- blocks; what finishes meanwhile is left for the host
            assert.is_true(readable())
            s.engine:step(0)
            assert.is_false(readable())
        end)

        it("has a descriptor, and no task may step", function()
            assert.is_true(s.engine:fd() >= 0)
            local ok, problem = pcall(s.run, function() s.engine:step(0) end)
            assert.is_false(ok)
            assert.matches(THIS .. ":%d+: outdial: engine:step is for a loop around tasks, not for a task", problem)
        end)
    end)

    describe("beside a blocking wait", function()
        it("is queued, not resumed", function()
            s.spawn(function() s.sleep(1) note "task" end)
            s.engine:step(0)
            assert.is_true(s.sleep(5))
            note "main"
            assert.equal("main", noted())
            s.run(function() end)
            assert.equal("main task", noted())
        end)
    end)
end)
