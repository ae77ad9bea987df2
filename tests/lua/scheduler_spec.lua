-- Tasks on an engine whose clock the test moves: what runs when, what is raised where, and what cancelling does.

local core = require "outdial.core"
local memory = require "memory"
local scheduler = require "outdial.scheduler"
local yieldable = require "outdial.yieldable"

local can_pcall = coroutine.isyieldable ~= nil -- luacheck: ignore 143 (all but PUC Lua 5.1)
local THIS = debug.getinfo(1, "S").short_src

local function line_here()
    return debug.getinfo(2, "l").currentline
end

describe("a task", function()
    local engine, s, log

    before_each(function()
        engine = assert(core.engine_new { clock = "manual", wall = 1000 })
        s = scheduler.new(engine)
        log = {}
    end)

    local function note(text) log[#log + 1] = text end
    local function noted() return table.concat(log, " ") end

    describe("in run", function()
        it("gives its results back", function()
            local function pack(...) return { n = select("#", ...), ... } end
            assert.same({ 1, nil, 3, n = 3 }, pack(s.run(function(...) return ... end, 1, nil, 3)))
            assert.equal(0, select("#", s.run(function() end)))
        end)

        it("makes run wait for all it spawned", function()
            s.run(function()
                s.spawn(function() s.sleep(2) note "slow" end)
                s.spawn(function() s.sleep(1) note "fast" s.spawn(function() s.sleep(5) note "grandchild" end) end)
                note "main"
            end)
            assert.equal("main fast slow grandchild", noted())
            assert.equal(6, engine:now())
            assert.equal(1006, engine:wall())
        end)

        it("takes turns in the order in which sleeps end", function()
            s.run(function()
                for _, seconds in ipairs { 3, 1, 2, 0, 0.5 } do
                    s.spawn(function(n) s.sleep(n) note(tostring(n)) end, seconds)
                end
            end)
            assert.equal("0 0.5 1 2 3", noted())
        end)

        it("gets the arguments it was spawned with", function()
            local function show(a, b, c, ...) note(("%s %s %s %d"):format(a, tostring(b), c, select("#", ...))) end
            s.run(function() s.spawn(show, 1, nil, 3, nil) end)
            assert.equal("1 nil 3 1", noted())
        end)

        it("may use generators of its own", function()
            s.run(function()
                local generator = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
                for i in generator do note(tostring(i)) end
                s.sleep(1)
            end)
            assert.equal("1 2 3", noted())
        end)

        it("may wait in a coroutine of its own, which blocks", function()
            s.run(function()
                s.spawn(function() s.sleep(1) note "other" end)
                local fetch = coroutine.wrap(function() s.sleep(3) note "generator" coroutine.yield("value") end)
                note(fetch())
                s.sleep(0)
            end)
            assert.equal("generator value other", noted())
        end)
    end)

    describe("inside another run", function()
        it("is in a scope of its own, and the loop is not nested", function()
            s.run(function()
                s.spawn(function() s.sleep(2) note "outside" end)
                local result = s.run(function()
                    s.spawn(function() s.sleep(3) note "inside" end)
                    return "result"
                end)
                note(result)
            end)
            assert.equal("outside inside result", noted())
        end)

        it("fails that scope only", function()
            s.run(function()
                s.spawn(function() s.sleep(9) note "outside" end)
                local scope = s.spawn(function() s.run(function() s.sleep(1) error("inner", 0) end) end)
                local joiner = s.spawn(function() scope:join() end)
                s.sleep(2)
                assert.is_true(scope:finished())
                assert.is_true(joiner:finished())
                joiner.joined = true -- looked at here
            end)
            assert.equal("outside", noted())
        end)

        it("cannot start a loop from a generator", function()
            local ok, problem = pcall(s.run, function()
                coroutine.wrap(function() s.run(function() end) end)()
            end)
            assert.is_false(ok)
            assert.matches("outdial: run cannot be called from a coroutine of your own inside a task", problem, 1, true)
        end)
    end)

    describe("that fails", function()
        it("fails its run with a traceback", function()
            local line
            local ok, problem = pcall(s.run, function()
                s.spawn(function() s.sleep(1) line = line_here() error("boom") end)
                s.sleep(5)
                note "main ended"
            end)
            assert.is_false(ok)
            assert.equal(("%s:%d: boom\nstack traceback:"):format(THIS, line), problem:match("^(.-stack traceback:)"))
            assert.matches(("%s:%d: in"):format(THIS, line), problem, 1, true)
            assert.equal("main ended", noted())
        end)

        it("as the main one raises its own error", function()
            local ok, problem = pcall(s.run, function()
                s.spawn(function() s.sleep(1) note "spawned ended" end)
                error("main", 0)
            end)
            assert.is_false(ok)
            assert.matches("^main\nstack traceback:", problem)
            assert.equal("spawned ended", noted())
        end)

        it("with a table raises that table", function()
            local thrown = { code = 7 }
            local ok, problem = pcall(s.run, function() error(thrown) end)
            assert.is_false(ok)
            assert.equal(thrown, problem)
        end)

        it("with an error of outdial raises it with its traceback beside", function()
            local ok, problem = pcall(s.run, function() error(select(2, core.round_trip(print))) end)
            assert.is_false(ok)
            assert.equal("validation: expected what JSON can hold, got a function", tostring(problem))
            assert.matches("stack traceback:", problem.traceback, 1, true)
        end)

        it("leaves the scheduler fit for the next run", function()
            assert.is_false((pcall(s.run, function() error("boom") end)))
            assert.equal(5, s.run(function() s.sleep(1) return 5 end))
        end)

        it("outside any run is raised by the step that ran it", function()
            s.spawn(function() s.sleep(1) error("boom", 0) end)
            s.engine:step(0)
            engine:advance(1)
            local ok, problem = pcall(function() s.engine:step(0) end)
            assert.is_false(ok)
            assert.matches("^boom\nstack traceback:", problem)
            assert.is_true(s.engine:step(0))
        end)
    end)

    describe("when joined", function()
        it("gives its results", function()
            assert.equal("a b", s.run(function()
                local task = s.spawn(function() s.sleep(1) return "a", "b" end)
                return table.concat({ task:join() }, " ")
            end))
        end)

        it("gives them to everyone, also late", function()
            s.run(function()
                local task = s.spawn(function() s.sleep(1) return "x" end)
                for i = 1, 3 do s.spawn(function() note(i .. task:join()) end) end
                s.sleep(2)
                note("4" .. task:join())
            end)
            assert.equal("1x 2x 3x 4x", noted())
        end)

        it("raises what it raised, and then it does not fail the run", function()
            local ok, problem = pcall(s.run, function()
                local task = s.spawn(function() error("boom", 0) end)
                local caught = s.spawn(function() task:join() end)
                s.sleep(1)
                local _, text = pcall(function() return caught.outcome end)
                note(text:match("^(.-)\n"))
                caught.joined = true
            end)
            assert.is_true(ok, problem)
            assert.equal("boom", noted())
        end)

        it("from the main program runs the tasks meanwhile", function()
            local task = s.spawn(function()
                local other = s.spawn(function() s.sleep(1) return 7 end)
                return other:join()
            end)
            assert.equal(7, task:join())
            assert.equal(7, task:join())
            local failing = s.spawn(function() error("boom", 0) end)
            local ok, problem = pcall(failing.join, failing)
            assert.is_false(ok)
            assert.matches("^boom", problem)
            s.run(function() end) -- its failure was seen
        end)

        it("by itself is misuse", function()
            local ok, problem = pcall(s.run, function()
                local task
                task = s.spawn(function() task:join() end)
            end)
            assert.is_false(ok)
            assert.matches(THIS .. ":%d+: outdial: a task cannot join itself", problem)
        end)

        it("in a circle is a deadlock, and said so", function()
            local ok, problem = pcall(s.run, function()
                local a, b
                a = s.spawn(function() b:join() end)
                b = s.spawn(function() a:join() end)
            end)
            assert.is_false(ok)
            assert.equal("outdial: deadlock: every task waits for another one, and nothing is under way", problem)
        end)
    end)

    describe("when canceled", function()
        it("ends its wait with nil, err and does not come back from the next", function()
            local task
            s.run(function()
                task = s.spawn(function()
                    local ok, err = s.sleep(100)
                    note(tostring(ok) .. " " .. err.code)
                    s.sleep(0)
                    note "never"
                end)
                s.sleep(1)
                task:cancel()
                task:cancel()
                local ok, err = task:join()
                note(tostring(ok) .. " " .. tostring(err))
            end)
            assert.equal("nil canceled nil canceled: the task was canceled", noted())
            assert.equal(1, engine:now())
        end)

        it("before it began never begins", function()
            s.run(function()
                local task = s.spawn(function() note "never" end)
                task:cancel()
                assert.is_true(task:finished())
            end)
            assert.equal("", noted())
        end)

        it("while it joins leaves the other one alone", function()
            s.run(function()
                local other = s.spawn(function() s.sleep(5) note "other" end)
                local joiner = s.spawn(function()
                    local ok, err = other:join()
                    note(tostring(ok) .. " " .. err.code)
                end)
                s.sleep(1)
                joiner:cancel()
            end)
            assert.equal("nil canceled other", noted())
        end)

        it("while it runs a scope cancels what is in it", function()
            s.run(function()
                local outer = s.spawn(function()
                    local ok, err = s.run(function()
                        s.spawn(function() note(tostring(select(2, s.sleep(100)).code)) end)
                        s.sleep(100)
                        note "inner"
                    end)
                    note(tostring(ok) .. " " .. err.code)
                end)
                s.sleep(1)
                outer:cancel()
            end)
            table.sort(log)
            assert.equal("canceled inner nil canceled", noted())
            assert.equal(1, engine:now())
        end)

        it("after its end does nothing", function()
            s.run(function()
                local task = s.spawn(function() return 1 end)
                task:join()
                task:cancel()
                assert.equal(1, task:join())
            end)
        end)

        if coroutine.close then -- luacheck: ignore 143
            it("closes its variables", function()
                local body = assert(load [[
                    local s, note = ...
                    local guard <close> = setmetatable({}, { __close = function() note "closed" end })
                    s.sleep(100)
                    s.sleep(100)
                ]])
                s.run(function()
                    local task = s.spawn(body, s, note)
                    s.sleep(1)
                    task:cancel()
                end)
                assert.equal("closed", noted())
            end)
        end
    end)

    describe("as a daemon", function()
        it("that begins when its run is ending ends at its first wait too", function()
            s.run(function()
                s.daemon(function()
                    local _, err = s.sleep(1)
                    note(err.code)
                    s.daemon(function()
                        note "begins"
                        s.sleep(1000)
                        note "never"
                    end)
                end)
                s.sleep(0)
            end)
            assert.equal("canceled begins", noted())
            assert.equal(0, engine:now()) -- nobody waited for it
        end)

        it("does not keep its run alive and ends with it", function()
            s.run(function()
                s.daemon(function()
                    while true do
                        local ok = s.sleep(1)
                        note(ok and "tick" or "end")
                    end
                end)
                s.sleep(2.5)
            end)
            assert.equal("tick tick end", noted())
            assert.equal(2.5, engine:now())
        end)

        it("fails its run as any other", function()
            local ok, problem = pcall(s.run, function()
                s.daemon(function() error("boom", 0) end)
                s.sleep(1)
            end)
            assert.is_false(ok)
            assert.matches("^boom", problem)
        end)

        it("whose turn never came is gone at the end", function()
            s.run(function()
                s.spawn(function() s.daemon(function() note "never" end) end)
                s.daemon(function() note "never" end)
            end)
            assert.equal("", noted())
            assert.equal(0, s.engine:pending())
        end)
    end)

    describe("that cannot wait", function()
        local function refusal_in(body)
            local ok, problem = pcall(s.run, body)
            assert.is_false(ok)
            assert.matches(yieldable.REFUSAL, problem, 1, true)
            assert.equal(0, engine:pending()) -- nothing was begun
        end

        it("because of table.sort says so, at its line", function()
            local line
            local ok, problem = pcall(s.run, function()
                table.sort({ 2, 1 }, function(a, b)
                    line = line_here() + 1
                    s.sleep(1)
                    return a < b
                end)
            end)
            assert.is_false(ok)
            assert.equal(("%s:%d: %s"):format(THIS, line, yieldable.REFUSAL), problem:match("^[^\n]+"))
        end)

        it("because of gsub says so", function()
            refusal_in(function() string.gsub("x", ".", function() s.sleep(1) end) end)
        end)

        it("because of a metamethod says so", function()
            local object = setmetatable({}, { __tostring = function() s.sleep(1) return "x" end })
            if rawget(_G, "jit") then -- LuaJIT can leave it
                s.run(function() note(tostring(object)) end)
                assert.equal("x", noted())
            else
                refusal_in(function() tostring(object) end)
            end
        end)

        it("inside pcall says so on Lua 5.1 and waits elsewhere", function()
            s.run(function()
                local ok, problem = pcall(s.sleep, 1)
                if can_pcall then
                    assert.is_true(ok)
                else
                    assert.is_false(ok)
                    assert.matches(yieldable.REFUSAL, problem, 1, true)
                end
            end)
        end)

        it("inside an iterator says so on Lua 5.1 and waits elsewhere", function()
            local function body()
                local function iterate(_, i)
                    s.sleep(1)
                    if i < 2 then return i + 1 end
                end
                for i in iterate, nil, 0 do note(tostring(i)) end
            end
            if can_pcall then
                s.run(body)
                assert.equal("1 2", noted())
            else
                refusal_in(body)
            end
        end)

        it("inside an __index says so on Lua 5.1 and waits elsewhere", function()
            local object = setmetatable({}, { __index = function() s.sleep(1) return "x" end })
            if can_pcall then
                s.run(function() note(object.a) end)
                assert.equal("x", noted())
            else
                refusal_in(function() note(object.a) end)
            end
        end)

        it("because it yielded something of its own says so", function()
            local ok, problem = pcall(s.run, function() coroutine.yield("mine") end)
            assert.is_false(ok)
            assert.matches("^outdial: a task may not yield by itself: "
                .. "coroutine.yield was called outside a coroutine of its own\nstack traceback:", problem)
        end)
    end)

    it("can be joined, slept and awaited only as meant", function()
        local rows = {
            { function() s.sleep("1") end, "outdial: sleep: expected seconds, 0 or more, got 1" },
            { function() s.sleep(-1) end, "outdial: sleep: expected seconds, 0 or more, got -1" },
            { function() s.sleep() end, "outdial: sleep: expected seconds, 0 or more, got nil" },
            { function() s.run() end, "outdial: run: expected a function, got nil" },
            { function() s.spawn({}) end, "outdial: spawn: expected a function, got table" },
            { function() s.daemon("x") end, "outdial: daemon: expected a function, got string" },
            { function() s.await({}) end, "outdial: await: expected a request, got table" },
            { function() s.each(1, {}, print) end, "outdial: each: expected a list or a function, got number" },
            { function() s.each({}, print) end, "outdial: each: expected { concurrency = n }, got function" },
            { function() s.each({}, { concurency = 1 }, print) end,
                'outdial: each: unknown option "concurency", did you mean "concurrency"?' },
            { function() s.each({}, { concurrency = 0 }, print) end,
                "outdial: each: concurrency: expected a whole number, 1 or more, got 0" },
            { function() s.each({}, {}) end, "outdial: each: expected a function, got nil" },
            { function() s.engine:step(-1) end, "outdial: engine:step: expected seconds, 0 or more, or nil, got -1" },
        }
        for _, row in ipairs(rows) do
            local ok, problem = pcall(row[1])
            assert.is_false(ok)
            assert.equal(("%s:%d: %s"):format(THIS, debug.getinfo(row[1], "S").linedefined, row[2]), problem)
        end
    end)

    describe("of each", function()
        it("runs at most n at a time, over every item", function()
            local running, most = 0, 0
            local list = {}
            for i = 1, 10 do list[i] = i end
            s.each(list, { concurrency = 3 }, function(item, index)
                assert.equal(item, index)
                running = running + 1
                if running > most then most = running end
                s.sleep(1)
                running = running - 1
                note(tostring(item))
            end)
            assert.equal(3, most)
            assert.equal("1 2 3 4 5 6 7 8 9 10", noted())
            assert.equal(4, engine:now())
        end)

        it("works inside a task, with one at a time by default, and with nothing to do", function()
            s.run(function()
                s.each({}, { concurrency = 4 }, note)
                s.each({ "a", "b" }, {}, function(item) s.sleep(1) note(item) end)
            end)
            assert.equal("a b", noted())
            assert.equal(2, engine:now())
        end)

        it("takes items from a function", function()
            local function squares(i) return i <= 3 and i * i or nil end
            s.each(squares, { concurrency = 2 }, function(item) s.sleep(item) note(tostring(item)) end)
            assert.equal("1 4 9", noted())
        end)

        it("begins nothing more after an error, and raises it when all have ended", function()
            local ok, problem = pcall(s.each, { 1, 2, 3, 4 }, { concurrency = 2 }, function(item)
                s.sleep(item)
                if item == 1 then error("boom", 0) end
                note(tostring(item))
            end)
            assert.is_false(ok)
            assert.matches("^boom\nstack traceback:", problem)
            assert.equal("2", noted())
        end)
    end)

    it("can await a request of the engine", function()
        s.run(function()
            local request = engine:sleep(2)
            assert.is_true(s.await(request))
            assert.is_true(s.await(request)) -- finished already
        end)
        assert.is_true(s.await(engine:sleep(1)))
        local ok, problem = pcall(s.run, function()
            local request = engine:sleep(2)
            s.spawn(function() s.await(request) end)
            s.sleep(1)
            s.await(request)
        end)
        assert.is_false(ok)
        assert.matches("outdial: await: another task waits for this request", problem, 1, true)
    end)

    if coroutine.running() then -- where the main program has a thread that a hook can be set on
        it("interrupted from outside, as a REPL does, leaves the scheduler fit for the next run", function()
            local outside = coroutine.running()
            local ok, problem = pcall(s.run, function()
                s.sleep(1)
                debug.sethook(outside, function()
                    debug.sethook(outside)
                    error("interrupted!", 0)
                end, "", 1)
                s.sleep(1)
            end)
            assert.is_false(ok)
            assert.equal("interrupted!", problem)
            assert.equal("fine", s.run(function() s.sleep(1) return "fine" end))
        end)
    end

    it("told to stop goes on, but can know it", function()
        s.run(function()
            assert.is_false(s.stopping())
            s.stop()
            assert.is_true(s.stopping())
            s.sleep(1)
        end)
    end)

    it("takes no memory that stays", function()
        local function many(n)
            s.run(function()
                s.each(function(i) return i <= n and i or nil end, { concurrency = 16 }, function() s.sleep(0) end)
                for _ = 1, n / 10 do s.spawn(function() s.sleep(0) end):join() end
            end)
            return memory.kept()
        end
        many(20000)
        local before = many(20000)
        assert.is_true(many(20000) < before + 32)
    end)
end)
