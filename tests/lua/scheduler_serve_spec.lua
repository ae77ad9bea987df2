-- Tasks that serve: each has its thread from the one before.

local core = require "outdial.core"
local scheduler = require "outdial.scheduler"

describe("a task", function()
    local engine, s

    before_each(function()
        engine = assert(core.engine_new { clock = "manual", wall = 1000 })
        s = scheduler.new(engine)
    end)

    describe("that serves", function()
        local ended

        -- Serves fn(...) to its end. Returns the thread in which it ran.
        local function serve(fn, ...)
            local thread
            s.serve(function(task)
                if task[1] == error then task.joined = true end -- that one is meant to fail
                ended = { how = task.how, outcome = task.outcome, task[1], task[2], n = task.n }
            end, function(...)
                thread = coroutine.running()
                return fn(...)
            end, ...)
            s.sleep(1)
            return thread
        end

        local function pause() s.sleep(0) end

        local used_again = not rawget(_G, "jit")

        it("is, with its thread, the next one, and leaves it nothing else", function()
            s.run(function()
                local first = serve(function(a, b)
                    pause()
                    return a, b
                end, "a", nil)
                assert.same({ how = "returned", "a", n = 2 }, ended) -- what it returns is lost
                local given
                assert.equal(used_again, first == serve(function(...) given = { n = select("#", ...), ... } end))
                assert.same({ n = 2 }, given)
                assert.same({ how = "returned", n = 2 }, ended)
                assert.not_equal(first, s.spawn(coroutine.running):join())
                assert.equal(used_again, first == serve(pause))
            end)
        end)

        -- What serves is made of one that has served: serves once, and returns what is left, the task.
        local function serve_once(fn, a, b)
            local task = s.serve(function() end, fn, a, b)
            s.sleep(1)
            return task
        end

        it("is used again as if it were new: canceled before it has begun it does not begin", function()
            s.run(function()
                local ended_how, begun = {}, false
                local task = serve_once(pause)
                local again = s.serve(function(own) ended_how[#ended_how + 1] = own.how end, function()
                    begun = true
                end)
                assert.equal(used_again, task == again)
                assert.is_false(again:finished())
                again:cancel()
                again:cancel()
                assert.same({ "canceled" }, ended_how)
                assert.is_false(begun)
                assert.not_equal(again, serve_once(pause))
                s.sleep(1)
                assert.is_false(begun)
                assert.equal("canceled", again.how)
            end)
        end)

        it("serves no other once it was joined, or canceled although it returned", function()
            s.run(function()
                local joined = s.serve(function() end, pause)
                joined:join()
                assert.is_true(joined:finished())
                assert.not_equal(joined, serve_once(pause))
                local late = s.serve(function() end, function() s.sleep(10) end) -- the wait ends, and it returns
                s.sleep(1)
                late:cancel()
                s.sleep(1)
                assert.equal("returned", late.how)
                assert.not_equal(late, serve_once(pause))
                assert.not_equal(late, serve_once(pause))
            end)
        end)

        it("begins in its turn, also from the end of another one", function()
            s.run(function()
                local order = {}
                local function write(what) order[#order + 1] = what end
                s.serve(function()
                    write "first ended"
                    s.serve(function() write "second ended" end, write, "second")
                end, write, "first")
                s.sleep(1)
                serve_once(write, "third")
                assert.same({ "first", "first ended", "second", "second ended", "third" }, order)
            end)
        end)

        it("has a thread of its own while it lasts", function()
            s.run(function()
                local threads, count = {}, 0
                for _ = 1, 3 do
                    s.serve(function() end, function()
                        threads[coroutine.running()] = true
                        s.sleep(1)
                    end)
                end
                s.sleep(2)
                for _ in pairs(threads) do count = count + 1 end
                assert.equal(3, count)
            end)
        end)

        it("takes its thread with it when it fails, is canceled or has set a debug hook", function()
            s.run(function()
                local gone = {}
                gone[1] = serve(function()
                    pause()
                    debug.sethook(function() end, "", 1000000)
                end)
                debug.sethook()
                gone[2] = serve(function(fail) fail "a mistake" end, error)
                assert.equal("failed", ended.how)
                assert.matches("a mistake\nstack traceback:", ended.outcome)
                local task
                task = s.serve(function() end, function()
                    gone[3] = coroutine.running()
                    s.sleep(10)
                    s.sleep(10)
                end)
                pause()
                task:cancel()
                s.sleep(1)
                assert.equal("canceled", task.how)
                local next_one = serve(pause)
                for i = 1, 3 do assert.not_equal(gone[i], next_one) end
                assert.is_nil(debug.gethook(next_one))
                assert.equal(used_again, next_one == serve(pause))
            end)
        end)

        it("tells its own traceback, also as the second in its thread", function()
            local problem = select(2, pcall(s.run, function()
                serve(pause)
                serve(function() error "the second" end)
            end))
            assert.matches("the second\nstack traceback:.*scheduler_serve_spec", problem)
            assert.not_matches("pause", problem)
        end)

        it("is not kept by the thread that waits for the next", function()
            local kept = setmetatable({}, { __mode = "k" })
            s.run(function()
                serve(function(big) pause() return big end, (function()
                    local big = {}
                    kept[big] = true
                    return big
                end)())
                ended = nil
                collectgarbage() collectgarbage()
                assert.is_nil(next(kept))
            end)
        end)
    end)
end)
