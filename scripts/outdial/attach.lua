-- outdial in a loop of somebody else's: its tasks run whenever that loop finds the engine's descriptor readable.
--
--     local attachment = outdial.attach(require("outdial.loop_luv")())
--     outdial.spawn(function() ... connect:place_call { ... } ... end)
--     uv.run()
--     attachment:detach()
--
-- An adapter is a table of functions: start(fd, on_ready) has the loop call on_ready() whenever fd is readable, until
-- stop() is called; both happen again and again: the loop is asked to watch only while something is under way, so that
-- it can end by itself. on_error(problem), which may be absent, gets what a task raised that nobody joins; without it
-- the text goes to the standard error.
--
-- A call made in a task (outdial.spawn) waits while the loop goes on; anywhere else in the loop's own callbacks and
-- coroutines it blocks the whole loop until it is done.
local errors = require "outdial.error"

local M = {}

local NAMES = { "start", "stop", "on_error" }

local function misuse(text, level)
    error("outdial: attach: " .. text, level + 1)
end

local function check_adapter(adapter, level)
    if type(adapter) ~= "table" then
        misuse("expected an adapter (a table with start and stop), got " .. type(adapter), level + 1)
    end
    local known = {}
    for _, name in ipairs(NAMES) do known[name] = true end
    for name in pairs(adapter) do
        if not known[name] then misuse(errors.unknown("unknown field", name, NAMES), level + 1) end
    end
    for _, name in ipairs(NAMES) do
        local value = adapter[name]
        if type(value) ~= "function" and not (name == "on_error" and value == nil) then
            local got = value == nil and "nothing" or type(value)
            misuse(("%s: expected a function, got %s"):format(name, got), level + 1)
        end
    end
end

local function tell(problem)
    io.stderr:write(tostring(problem), "\n")
end

local Attachment = {}
Attachment.__index = Attachment

-- Starts or stops watching, as there is something under way or not.
local function look(self)
    if not self.adapter then return end
    local busy = self.scheduler.engine:pending() > 0
    if busy and not self.watching then
        self.watching = true
        self.adapter.start(self.scheduler.engine:fd(), self.on_ready)
    elseif not busy and self.watching then
        self.watching = false
        self.adapter.stop()
    end
end

-- attachment:detach(): the loop hears no more of outdial. What is under way goes on when the engine is stepped, or
-- attached, again. Detaching twice does nothing.
function Attachment:detach()
    local adapter = self.adapter
    if not adapter then return end
    self.adapter, self.scheduler.state.on_work = nil, nil
    if self.watching then adapter.stop() end
    self.watching = false
end

Attachment.__close = Attachment.detach

-- M.factory(scheduler) -> attach(adapter) -> attachment
function M.factory(scheduler)
    local state, engine = scheduler.state, scheduler.engine
    return function(adapter)
        check_adapter(adapter, 2)
        if state.on_work then misuse("outdial is attached already: detach it first", 2) end
        local self = setmetatable({ adapter = adapter, scheduler = scheduler, watching = false }, Attachment)
        function self.on_ready()
            if not self.adapter then return end
            local ok, problem = pcall(engine.step, engine, 0)
            if not ok then (adapter.on_error or tell)(problem) end
            look(self)
        end
        function state.on_work() look(self) end
        engine:fd() -- from now on it becomes readable for timers and ready tasks too
        look(self)
        return self
    end
end

return M
