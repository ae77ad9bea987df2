-- Tasks: coroutines that wait for requests of one engine, and the loop that resumes them. Knows no vendor.
--
-- A wait inside a task yields that task. Anywhere else it blocks by stepping the engine; tasks whose requests finish
-- meanwhile are queued, not resumed. Yielding happens here, in Lua. Every task belongs to a scope: the run (or each) it
-- was spawned in, or the root, which has no end.
local core = require "outdial.core"
local errors = require "outdial.error"
local yieldable = require "outdial.yieldable"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local running, yield, resume, create = coroutine.running, coroutine.yield, coroutine.resume, coroutine.create
local status_of, select, setmetatable = coroutine.status, select, setmetatable
local gethook, remove = debug.gethook, table.remove
local close_thread = coroutine.close -- luacheck: ignore 143
local here = yieldable.here
local WAIT, DONE, DROP, PROBE = {}, {}, {}, yieldable.PROBE
-- How many tasks that have served are kept, with their threads, for the next. None on LuaJIT: what it has compiled was
-- seen to lose a table's values in a thread that was used again (2.1.0-beta3).
local MOST_IDLE = rawget(_G, "jit") and 0 or 128

local function outcome_of(...)
    local n = select("#", ...)
    if n > 0 then return { n = n, ... } end
end

-- What the thread of a task runs.
local function live(task)
    task.outcome = outcome_of(task.fn(unpack(task, 1, task.n)))
    return DONE
end

-- What the thread of a task that serves runs: the function of one after that of the other.
local function serve_on(task)
    while true do
        task.fn(task[1], task[2])
        yield(DONE)
    end
end

local function canceled_error()
    return errors.new("canceled", "the task was canceled")
end

local function misuse(text, level)
    error("outdial: " .. text, level + 1)
end

local function check_function(name, fn)
    if type(fn) ~= "function" then misuse(name .. ": expected a function, got " .. type(fn), 3) end
end

-- What each may say when a task hands something to coroutine.yield that is not ours.
local OWN_YIELD = "outdial: a task may not yield by itself: coroutine.yield was called outside a coroutine of its own"

-- new([engine]) -> a scheduler of its own; engine is outdial.core's, made when first needed if absent.
local function new(engine)
    local M = {}
    local tasks = {}     -- thread -> task, while it lives
    local idle = {}      -- tasks that have served and returned
    local waiting = {}   -- request -> task that waits for it
    local ready, first, last = {}, 1, 0
    local current        -- the task being resumed; nil in the main program
    local state, stoppers = { stopping = false }, {}
    local loggers, logging = setmetatable({}, { __mode = "k" }), false
    local drains = {}    -- { handle, task }: closers that wait until a client has nothing pending
    local fd_asked = false
    local Task = {}
    Task.__index = Task

    local function new_scope()
        return { open = 0, tasks = {}, done = false, failures = {} }
    end

    local root = new_scope()

    local function core_engine()
        if not engine then engine = errors.check(core.engine_new()) end
        return engine
    end

    local function end_thread(task, how)
        local thread = task.thread
        if not thread then return end
        task.thread = nil
        tasks[thread] = nil
        if how ~= "returned" and close_thread then close_thread(thread) end
    end

    -- Keeps a task that has ended for the next that serves, unless others may know of it, or have had a hand in its
    -- thread.
    local function keep(task)
        if task.how == "returned" and not (task.canceled or task.joined) and #idle < MOST_IDLE
            and not gethook(task.own_thread) then
            idle[#idle + 1] = task
        end
    end

    local function begin_thread(task)
        local thread = task.own_thread
        if not thread then
            thread = create(task.serves and serve_on or live)
            if task.serves then task.own_thread = thread end
        end
        task.thread = thread
        tasks[thread] = task
        return thread
    end

    local function make_ready(task)
        task.waits = nil
        last = last + 1
        ready[last] = task
    end

    local function wake(waited)
        local waiters = waited.waiters
        if not waiters then return end
        waited.waiters = nil
        for _, task in ipairs(waiters) do make_ready(task) end
    end

    ---- the life of a task ----

    -- Ends a scope in which only daemons are left.
    local function end_scope(scope)
        if scope == root or scope.done then return end
        local daemon = next(scope.tasks)
        if not daemon then
            scope.done = true
            return wake(scope)
        end
        if scope.ending then return end
        scope.ending = true
        local daemons = {}
        for task in pairs(scope.tasks) do daemons[#daemons + 1] = task end
        for _, task in ipairs(daemons) do task:cancel() end
    end

    local function finish(task, how)
        local scope = task.scope
        task.done, task.how = true, how
        end_thread(task, how)
        if task.on_end then task.on_end(task) end
        task.fn = nil
        for i = 1, task.n do task[i] = nil end
        if how == "failed" then scope.failures[#scope.failures + 1] = task end
        scope.tasks[task] = nil
        if not task.daemon then scope.open = scope.open - 1 end
        if task.waiters then wake(task) end
        if scope.open == 0 then end_scope(scope) end
        if task.serves then keep(task) end
    end

    local function fail(task, problem)
        if problem == nil then problem = "nil" end
        if type(problem) == "string" then
            problem = yieldable.explain(problem)
            if not problem:find("\nstack traceback:", 1, true) then problem = debug.traceback(task.thread, problem) end
        elseif errors.is(problem) and not problem.traceback then
            problem.traceback = debug.traceback(task.thread, "")
        end
        task.outcome = problem
        finish(task, "failed")
    end

    local function settle(task, ok, tag)
        if ok and tag == WAIT then return end
        if not ok then return fail(task, tag) end
        if tag == DONE then return finish(task, "returned") end
        if tag == PROBE then return settle(task, resume(task.thread)) end
        if tag == DROP then return finish(task, "canceled") end
        return fail(task, OWN_YIELD)
    end

    -- The task being resumed now. After an error from outside, such as an interrupt in a REPL, current is stale.
    local function resuming()
        local thread = current and current.thread
        local how = thread and status_of(thread)
        if how ~= "running" and how ~= "normal" then current = nil end
        return current
    end

    -- Resumes a task, which is the current one until its caller says otherwise.
    local function resume_task(task)
        current = task
        local ok, tag = resume(task.thread or begin_thread(task), task)
        if tag ~= WAIT or not ok then settle(task, ok, tag) end
    end

    -- Resumes those that are ready now; who becomes ready meanwhile comes after the next look at the engine. Only in
    -- the main program.
    local function resume_ready()
        local stop, at = last, first
        while at <= stop do
            local task = ready[at]
            ready[at] = nil
            at = at + 1
            first = at
            if not task.done then resume_task(task) end
        end
        current = nil
        if first > last then first, last = 1, 0 end
    end

    -- A host that waits for our descriptor must hear of tasks that are ready.
    local function tell_host()
        if first > last then return end
        if fd_asked then core_engine():wake() end
        if state.on_work then state.on_work() end -- see outdial.attach
    end

    -- The task that runs now, also through a coroutine of its own.
    local function running_task()
        return tasks[running() or false] or resuming()
    end

    -- Has a task begin in scope; parent is the one that does so.
    local function admit(task, scope, parent, daemon)
        task.scope, task.daemon, task.hook = scope, daemon, parent and parent.hook
        scope.tasks[task] = true
        if not daemon then scope.open = scope.open + 1
        elseif scope.ending then task.canceled = true end -- the others were before it began; nobody would cancel it
        make_ready(task)
        if not parent then tell_host() end
        return task
    end

    -- Makes a task of scope. All that a task may get has its place from the start, as a table that grows costs more.
    local function start(scope, parent, daemon, fn, ...)
        local task = setmetatable({ fn = fn, scope = nil, daemon = daemon, done = false, hook = nil, thread = nil,
            waits = nil, n = select("#", ...), ... }, Task)
        return admit(task, scope, parent, daemon)
    end

    ---- stepping the engine ----

    local function hand_over_logs()
        local handles = {}
        for handle in pairs(loggers) do handles[#handles + 1] = handle end -- on_log may make clients
        for _, handle in ipairs(handles) do
            local lines = handle:logs()
            for i = 1, lines and #lines or 0 do
                local ok, problem = pcall(loggers[handle], lines[i].level, lines[i].text)
                if not ok then
                    root.failures[#root.failures + 1] = { outcome = "outdial: on_log failed: " .. errors.text(problem) }
                end
            end
        end
    end

    -- Makes those ready that wait for one of these requests, as make_ready does.
    local function deliver(list)
        local at = last
        for i = 1, #list do
            local request = list[i]
            local task = waiting[request]
            if task then
                waiting[request], task.waits = nil, nil
                at = at + 1
                ready[at] = task
            end
        end
        last = at
        if logging then hand_over_logs() end
        for i = #drains, 1, -1 do
            if drains[i].handle:pending() == 0 then make_ready(remove(drains, i).task) end
        end
    end

    -- Raises the first failure of a scope that nobody joined.
    local function raise_failures(scope)
        local failures = scope.failures
        if not failures[1] then return end
        scope.failures = {}
        for _, task in ipairs(failures) do
            if not task.joined then error(task.outcome, 0) end
        end
    end

    -- Runs tasks until target (a task or a scope) is done; only in the main program.
    local function drive(target)
        while true do
            resume_ready()
            if target.done then break end
            local max_wait
            if first <= last then max_wait = 0
            elseif core_engine():pending() == 0 then
                error("outdial: deadlock: every task waits for another one, and nothing is under way", 0)
            end
            deliver(core_engine():step(max_wait))
        end
        while first <= last and ready[first].done do -- canceled before their turn came
            ready[first] = nil
            first = first + 1
        end
    end

    ---- waiting ----

    -- Who would wait: the running task, or nil where a wait blocks. Raises at the line that called our caller where a
    -- task cannot wait; ends a canceled task.
    local function enter()
        local thread = running()
        local task = thread and tasks[thread]
        if not task then return nil end
        if not here() then error(yieldable.REFUSAL, 3) end
        if task.canceled then yield(DROP) end
        return task
    end

    local function await(task, request)
        if task then
            waiting[request] = task
            task.waits = request
            yield(WAIT)
            return
        end
        while not request:finished() do
            deliver(core_engine():step())
        end
        tell_host()
    end

    -- For requests that nobody else has: their result is handed over once.
    local function wait(task, request)
        await(task, request)
        return request:take()
    end

    -- Waits in a task for another one or a scope; returns whether it is done (false: the waiter was canceled).
    local function wait_until_done(task, waited)
        if waited.done then return true end
        local waiters = waited.waiters or {}
        waited.waiters = waiters
        waiters[#waiters + 1] = task
        task.waits = waited
        yield(WAIT)
        return waited.done
    end

    local function check_main(name)
        if resuming() then misuse(name .. " cannot be called from a coroutine of your own inside a task", 3) end
    end

    -- Waits for all tasks of a scope; returns false if the waiting task was canceled meanwhile: then they are canceled
    -- too, and waited for all the same.
    local function finish_scope(waiter, scope)
        if not waiter then
            drive(scope)
            return true
        end
        local done = wait_until_done(waiter, scope)
        if done then return true end
        local children = {}
        for task in pairs(scope.tasks) do children[#children + 1] = task end
        for _, task in ipairs(children) do task:cancel() end
        wait_until_done(waiter, scope)
        return false
    end

    ---- tasks, as scripts see them ----

    function M.run(fn, ...)
        check_function("run", fn)
        local waiter = enter()
        if not waiter then check_main("run") end
        local scope = new_scope()
        local task = start(scope, waiter, false, fn, ...)
        if not finish_scope(waiter, scope) then return nil, canceled_error() end
        if task.how == "failed" then error(task.outcome, 0) end
        raise_failures(scope)
        if not waiter then raise_failures(root) end
        local results = task.outcome
        if results then return unpack(results, 1, results.n) end
    end

    local function start_here(daemon, fn, ...)
        local parent = running_task()
        return start(parent and parent.scope or root, parent, daemon, fn, ...)
    end

    function M.spawn(fn, ...)
        check_function("spawn", fn)
        return start_here(false, fn, ...)
    end

    function M.daemon(fn, ...)
        check_function("daemon", fn)
        return start_here(true, fn, ...)
    end

    -- task:join() -> what its function returned; raises what it raised; nil, err if it was canceled.
    function Task:join()
        local waiter = enter()
        if waiter == self then misuse("a task cannot join itself", 2) end
        if not self.done and not waiter then check_main("join") end
        self.joined = true
        if waiter then
            if not wait_until_done(waiter, self) then
                self.joined = false
                return nil, canceled_error()
            end
        elseif not self.done then
            drive(self)
        end
        if self.how == "failed" then error(self.outcome, 0) end
        if self.how == "canceled" then return nil, canceled_error() end
        local results = self.outcome
        if results then return unpack(results, 1, results.n) end
    end

    -- task:cancel(): the wait under way ends with nil, err (code canceled, and for a call its placement); the next wait
    -- does not return: it ends the task.
    function Task:cancel()
        if self.done or self.canceled then return end
        self.canceled = true
        local waits = self.waits
        if type(waits) == "userdata" then
            waits:cancel()
        elseif waits then
            for i, task in ipairs(waits.waiters) do
                if task == self then
                    remove(waits.waiters, i)
                    return make_ready(self)
                end
            end
        elseif not self.thread then
            finish(self, "canceled")
        end
    end

    function Task:finished()
        return self.done
    end

    function M.sleep(seconds)
        if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= 1e9) then
            misuse("sleep: expected seconds, 0 or more, got " .. tostring(seconds), 2)
        end
        local task = enter()
        local request, err = core_engine():sleep(seconds)
        if not request then return nil, err end
        return wait(task, request)
    end

    -- await(request) -> request:result(), for a request of outdial.core
    function M.await(request)
        if type(request) ~= "userdata" then misuse("await: expected a request, got " .. type(request), 2) end
        local task = enter()
        if request:finished() then return request:result() end
        if waiting[request] then misuse("await: another task waits for this request", 2) end
        await(task, request)
        return request:result()
    end

    local function worker(job)
        local fn, item_at, failures = job.fn, job.item_at, job.scope.failures
        while not failures[1] do
            job.index = job.index + 1
            local index = job.index
            local item = item_at(index)
            if item == nil then
                job.index = math.huge
                return
            end
            fn(item, index)
        end
    end

    local function check_each(list, options)
        if type(list) ~= "table" and type(list) ~= "function" then
            misuse("each: expected a list or a function, got " .. type(list), 3)
        end
        if type(options) ~= "table" then misuse("each: expected { concurrency = n }, got " .. type(options), 3) end
        for key in pairs(options) do
            if key ~= "concurrency" then misuse(errors.unknown("each: unknown option", key, { "concurrency" }), 3) end
        end
        local n = options.concurrency or 1
        if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
            misuse("each: concurrency: expected a whole number, 1 or more, got " .. tostring(n), 3)
        end
        return n
    end

    -- each(list, { concurrency = n }, fn): calls fn(item, index) for each item, at most n at a time (default 1). list
    -- may be a function(index) -> item, nil at the end. After an error no further item is begun; the error is raised
    -- once those under way have ended.
    function M.each(list, options, fn)
        local n = check_each(list, options)
        check_function("each", fn)
        local waiter = enter()
        if not waiter then check_main("each") end
        local scope = new_scope()
        local item_at = type(list) == "function" and list or function(index) return list[index] end
        local job = { fn = fn, item_at = item_at, scope = scope, index = 0 }
        if type(list) == "table" and #list < n then n = #list end
        for _ = 1, n do start(scope, waiter, false, worker, job) end
        if n == 0 then return true end
        if not finish_scope(waiter, scope) then return nil, canceled_error() end
        raise_failures(scope)
        if not waiter then raise_failures(root) end
        return true
    end

    -- The deadline of a hook, a daemon of its scope: all that is still going on there is canceled.
    local function end_late(scope, main, seconds)
        local _, canceled = M.sleep(seconds)
        if canceled then return end
        main.late = true
        local left = {}
        for task in pairs(scope.tasks) do
            if not task.daemon then left[#left + 1] = task end
        end
        for _, task in ipairs(left) do task:cancel() end
    end

    -- What a hook has spawned and nobody has joined fails the hook, as it fails a run.
    local function fail_with_others(task, scope)
        for _, other in ipairs(scope.failures) do
            if task.how == "returned" and not other.joined then task.how, task.outcome = "failed", other.outcome end
        end
    end

    -- hook(name, seconds, fn, ...) -> task that has ended: runs fn as a task that may wait at most so long all in all,
    -- and in which no call that rings can be made; then task.how is "returned", "failed" or "canceled", task.outcome
    -- what it returned (packed; nil: nothing) or raised, task.late whether it took too long. Only for tasks. What
    -- returns at once costs no turn of the loop.
    function M.hook(name, seconds, fn, ...)
        local waiter = enter()
        if not waiter then misuse("hook: only for tasks", 2) end
        local scope = new_scope()
        local task = start(scope, waiter, false, fn, ...)
        task.hook, task.joined = name, true
        ready[last] = nil -- it begins here and now
        last = last - 1
        resume_task(task)
        current = waiter
        if not scope.done then
            start(scope, waiter, true, end_late, scope, task, seconds)
            finish_scope(waiter, scope)
        end
        fail_with_others(task, scope)
        return task
    end

    -- in_hook() -> the name of the hook that the running task is part of, or nil
    function M.in_hook()
        if not (current and current.hook) then return nil end
        local task = resuming()
        return task and task.hook
    end

    -- stop(): from now on no call that rings is started; what is under way goes on. stopping() tells.
    function M.stop()
        state.stopping = true
        for fn in pairs(stoppers) do fn() end
        if engine then engine:wake() end
    end

    -- when_stopped(fn): fn is called by stop; it neither waits nor raises. Returns a function that takes it back.
    function M.when_stopped(fn)
        stoppers[fn] = true
        return function() stoppers[fn] = nil end
    end

    function M.stopping()
        return state.stopping
    end

    ---- for client.lua ----

    M.state, M.enter, M.wait, M.core_engine = state, enter, wait, core_engine

    -- serve(on_end, fn, a, b) -> task: as spawn of fn(a, b), whose results are lost, for the runtime's own tasks, of
    -- which there are many. on_end(task) is called when it has ended, and finds a and b at 1 and 2; it neither waits
    -- nor raises. After that nobody may keep the task: it serves the next, unless it was canceled or joined.
    function M.serve(on_end, fn, a, b)
        local kept = #idle
        local task = idle[kept]
        if task then
            idle[kept] = nil
            task.done, task.how, task.fn, task[1], task[2] = false, nil, fn, a, b
        else
            task = setmetatable({ fn = fn, scope = nil, daemon = false, done = false, hook = nil, thread = nil,
                waits = nil, on_end = nil, serves = true, own_thread = nil, how = nil, n = 2, a, b }, Task)
        end
        task.on_end = on_end
        local parent = running_task()
        return admit(task, parent and parent.scope or root, parent, false)
    end

    function M.log_to(handle, on_log)
        handle:keep_logs()
        loggers[handle] = on_log
        logging = true
    end

    -- Waits until a client's requests have been handed over.
    function M.drain(task, handle)
        if handle:pending() == 0 then return end
        if task then
            drains[#drains + 1] = { handle = handle, task = task }
            yield(WAIT)
            return
        end
        while handle:pending() > 0 do
            deliver(core_engine():step())
        end
        tell_host()
    end

    ---- the engine, for a host's own loop ----

    M.engine = {}

    -- engine:step(max_wait in seconds; nil: no limit): resumes tasks that are ready, waits, resumes again. Raises the
    -- error of a task that was spawned outside any run and that nobody joins.
    function M.engine:step(max_wait) -- luacheck: ignore 212
        if resuming() then misuse("engine:step is for a loop around tasks, not for a task", 2) end
        if max_wait ~= nil and not (type(max_wait) == "number" and max_wait >= 0) then
            misuse("engine:step: expected seconds, 0 or more, or nil, got " .. tostring(max_wait), 2)
        end
        resume_ready()
        if first <= last then max_wait = 0 end
        deliver(core_engine():step(max_wait))
        resume_ready()
        tell_host()
        raise_failures(root)
        return true
    end

    function M.engine:fd() -- luacheck: ignore 212
        fd_asked = true
        return core_engine():fd()
    end

    -- engine:timeout() -> seconds until step has work to do by itself, or nil
    function M.engine:timeout() -- luacheck: ignore 212
        if first <= last then return 0 end
        return core_engine():timeout()
    end

    -- engine:pending() -> how many requests and ready tasks there are
    function M.engine:pending() -- luacheck: ignore 212
        return core_engine():pending() + (last - first + 1)
    end

    for _, name in ipairs { "wake", "await", "sleep", "advance" } do
        M.engine[name] = function(_, ...)
            local object = core_engine()
            return object[name](object, ...)
        end
    end

    function M.engine:now() -- luacheck: ignore 212
        return (engine or core_engine()):now()
    end

    function M.engine:wall() -- luacheck: ignore 212
        return (engine or core_engine()):wall()
    end

    return M
end

local M = new()
M.new = new
return M
