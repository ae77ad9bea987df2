-- What hooks return instead of acting: plans. They are plain tables with a mark; the runner carries them out.
local duration = require "outdial.duration"
local errors = require "outdial.error"
local instant = require "outdial.instant"

local M = {}

local Plan = { __tostring = function(plan) return "outdial." .. plan.plan end }

local function make(fields)
    return setmetatable(fields, Plan)
end

-- M.is(value [, name]): whether it is a plan (of that name: skip later callback stop hold write_off)
function M.is(value, name)
    if value == nil or type(value) ~= "table" or not rawequal(getmetatable(value), Plan) then return false end
    return name == nil or value.plan == name
end

M.HOLD = make { plan = "hold" }
M.WRITE_OFF = make { plan = "write_off" }

local function reason(why, otherwise)
    if why == nil then return otherwise end
    if type(why) == "string" and why ~= "" then return why end
    return nil, "why: expected a text, got " .. errors.show(why)
end

local function with_reason(name)
    return function(why)
        local text, problem = reason(why, name == "skip" and "skipped" or "stopped")
        if not text then return nil, problem end
        return make { plan = name, why = text }
    end
end

M.skip = with_reason "skip" -- skip([why]): this contact is done without a call
M.stop = with_reason "stop" -- stop([why]): no further call to this contact

-- later(when [, why]): decide anew at that time; when as outdial.instant reads it
function M.later(when, why)
    local ok, problem = instant.parse(when, 0)
    if not ok then return nil, "when: " .. problem end
    local text
    text, problem = reason(why, "later")
    if not text then return nil, problem end
    return make { plan = "later", when = when, why = text }
end

local CALLBACK_KEYS = { "within", "number" }

-- callback(at [, { within = duration (30m), number = E.164 or column }]): the person asked to be called then
function M.callback(at, options)
    local ok, problem = instant.parse(at, 0)
    if not ok then return nil, "at: " .. problem end
    if options == nil then options = {} end
    if type(options) ~= "table" then return nil, "expected a table of options, got " .. errors.kind(options) end
    problem = errors.unknown_key(options, CALLBACK_KEYS)
    if problem then return nil, problem end
    local within_ms
    within_ms, problem = duration.parse(options.within == nil and "30m" or options.within)
    if not within_ms then return nil, "within: " .. problem end
    local number = options.number
    if number ~= nil and type(number) ~= "string" then
        return nil, "number: expected a number or a column, got " .. errors.kind(number)
    end
    return make { plan = "callback", at = at, within_ms = within_ms, number = number }
end

return M
