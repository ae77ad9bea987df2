-- The durable record of campaigns: store.open(path, options) -> store, whose methods are the verbs of core/store.
-- Misuse raises at the caller's line; what the world does comes back as nil, err.
local core = require "outdial.core"
local errors = require "outdial.error"
local scheduler = require "outdial.scheduler"

local M = {}

local handles = setmetatable({}, { __mode = "k" }) -- of the stores that are open

local function misuse(what, text)
    error(("outdial: %s: %s"):format(what, text), 3)
end

local function new_class(tasks)
    local enter, wait = tasks.enter, tasks.wait
    local methods, names = {}, { "close" }

    for _, verb in ipairs(core.store_verbs()) do
        names[#names + 1] = verb
        methods[verb] = function(self, params)
            local handle = self ~= nil and handles[self]
            if not handle then misuse("store:" .. verb, "this store is closed, or called without a colon") end
            if params ~= nil and type(params) ~= "table" then
                misuse("store:" .. verb, "expected a table, got " .. type(params))
            end
            local task = enter()
            local request, err = handle:submit(verb, params or {})
            if not request then return nil, err end
            return wait(task, request)
        end
    end

    -- store:close(): waits for what is under way, and gives up what it had as a worker; closing twice does nothing.
    function methods.close(self)
        if not handles[self] then return end
        handles[self]:close()
        handles[self] = nil
    end

    setmetatable(methods, { __index = function(_, key)
        if type(key) == "string" and key:find("^__") then return nil end
        error("outdial: " .. errors.unknown("a store has no", key, names), 2)
    end })
    return { __index = methods, __close = methods.close, __tostring = function() return "outdial store" end }
end

local classes = setmetatable({}, { __mode = "k" })

-- store.open(path [, { create = true, scheduler = }]) -> store, or nil, err. The file is opened by the first verb;
-- without create a file that is not there is that verb's error.
function M.open(path, options)
    options = options or {}
    if type(path) ~= "string" or path == "" then misuse("store.open", "expected a path, got " .. tostring(path)) end
    local tasks = options.scheduler or scheduler
    local handle, err = core.store_open(tasks.core_engine(), path, options.create or false)
    if not handle then return nil, err end
    classes[tasks] = classes[tasks] or new_class(tasks)
    local self = setmetatable({ path = path }, classes[tasks])
    handles[self] = handle
    return self
end

return M
