-- How often and how soon again people may be called, as scripts write it, turned into the caps and gaps of a ruleset.
-- Nothing is judged here.
--
--     caps = { { 2, per = "person", every = "24h" }, { 4, per = "number", days = 30 } }
--     gap = "4h"  or  gap = { "4h", answered = "7d", declined = "60d" }
--     loosen = { person_30d = "consent of 2026-03-01", numbers = "a shared front desk" }
--
-- What is given replaces the default of the same kind, scope and period only; to go without one, `loosen` names it with
-- a reason.
local duration = require "outdial.duration"
local errors = require "outdial.error"
local outcomes = require "outdial.outcomes"

local M = {}

local CAP_KEYS = { "per", "every", "days", "month", "since", "lifetime", "scope", "name" }
local PER, SCOPES = { "person", "number" }, { "store", "campaign", "subject" }
local PERIODS = { "every", "days", "month", "since", "lifetime" }
-- As the rules have them.
local MAX_CAPS, MAX_LIMIT, MAX_DAYS, MAX_MS, MAX_NAME = 32, 1000, 3660, 315576000000, 64

M.DEFAULT = {
    { 2, per = "person", every = "24h" },
    { 5, per = "person", every = "7d" },
    { 8, per = "person", every = "30d" },
}
M.DEFAULT_GAPS = { "4h", answered = "7d", declined = "60d" }

local function contains(list, value)
    for _, element in ipairs(list) do
        if element == value then return true end
    end
    return false
end

local function one_of(key, value, list)
    if contains(list, value) then return nil end
    return ("%s: %s"):format(key, type(value) == "string" and errors.unknown("unknown value", value, list)
        or "expected one of " .. table.concat(list, ", ") .. ", got " .. errors.kind(value))
end

local function is_whole(value, least, most)
    return type(value) == "number" and value >= least and value <= most and value % 1 == 0
end

local function too_long(ms)
    if ms <= MAX_MS then return nil end
    return ("expected at most ten years (%s), got %s"):format(duration.format(MAX_MS), duration.format(ms))
end

local kinds = {}

function kinds.every(cap, value)
    local ms, problem = duration.parse(value)
    if not ms then return "every: " .. problem end
    if ms == 0 then return "every: expected more than 0" end
    problem = too_long(ms)
    if problem then return "every: " .. problem end
    cap.kind, cap.ms = "rolling", ms
    return nil, duration.format(ms)
end

function kinds.days(cap, value)
    if not is_whole(value, 1, MAX_DAYS) then
        return ("days: expected a whole number from 1 to %d, got %s"):format(MAX_DAYS, tostring(value))
    end
    cap.kind, cap.days = "days", math.floor(value)
    return nil, ("%.0f_days"):format(value)
end

function kinds.month(cap, value)
    if value ~= true then return "month: expected true, got " .. tostring(value) end
    cap.kind = "month"
    return nil, "month"
end

function kinds.since(cap, value)
    local problem = one_of("since", value, outcomes)
    if problem then return problem end
    cap.kind, cap.event = "since", value
    return nil, "since_" .. value
end

function kinds.lifetime(cap, value)
    if value ~= true then return "lifetime: expected true, got " .. tostring(value) end
    cap.kind = "lifetime"
    return nil, "lifetime"
end

local function the_period(given)
    local found
    for _, period in ipairs(PERIODS) do
        if given[period] ~= nil then
            if found then return nil, ("both %s and %s are given"):format(found, period) end
            found = period
        end
    end
    if not found then return nil, "expected one of " .. table.concat(PERIODS, ", ") end
    return found
end

-- One cap of the script's. Returns the ruleset's, or nil, text.
local function make_cap(given)
    if type(given) ~= "table" then return nil, "expected a table, got " .. errors.kind(given) end
    local rest = {}
    for key, value in pairs(given) do
        if key ~= 1 then rest[key] = value end
    end
    local problem = errors.unknown_key(rest, CAP_KEYS)
    if problem then return nil, problem end
    if not is_whole(given[1], 1, MAX_LIMIT) then
        return nil, ("expected how many calls first (a whole number from 1 to %d), got %s"):format(MAX_LIMIT,
            type(given[1]) == "number" and tostring(given[1]) or errors.kind(given[1]))
    end
    local scope = given.scope == nil and "store" or given.scope
    problem = one_of("per", given.per, PER) or one_of("scope", scope, SCOPES)
    if problem then return nil, problem end
    local period
    period, problem = the_period(given)
    if not period then return nil, problem end
    local cap = { limit = math.floor(given[1]), per = given.per, scope = scope }
    local label
    problem, label = kinds[period](cap, given[period])
    if problem then return nil, problem end
    local name = given.name
    if name ~= nil and (type(name) ~= "string" or not name:find("^[%w_]+$")) then
        return nil, "name: expected letters, digits and _, got " .. tostring(name)
    end
    if name and #name > MAX_NAME then
        return nil, ("name: expected at most %d characters, got %d"):format(MAX_NAME, #name)
    end
    cap.name = name or cap.per .. "_" .. label .. (scope ~= "store" and "_" .. scope or "")
    return cap
end

local function same_period(a, b)
    return a.kind == b.kind and a.per == b.per and a.scope == b.scope and a.ms == b.ms and a.days == b.days
        and a.event == b.event
end

local function replaced(list, default)
    for _, cap in ipairs(list) do
        if same_period(cap, default) then return true end
    end
    return false
end

-- M.caps(caps or nil, loosen) -> list, or nil, text. loosen is { name = reason }; names it uses are set in `used`.
function M.caps(caps, loosen, used)
    if caps ~= nil and type(caps) ~= "table" then return nil, "expected a list of caps, got " .. errors.kind(caps) end
    local out, names = {}, {}
    for i, given in ipairs(caps or {}) do
        local cap, problem = make_cap(given)
        if not cap then return nil, ("[%d]: %s"):format(i, problem) end
        for _, other in ipairs(out) do
            if same_period(cap, other) then return nil, ("[%d]: a second cap of the same kind and period"):format(i) end
        end
        if names[cap.name] then return nil, ("[%d]: a second cap named %q"):format(i, cap.name) end
        names[cap.name] = true
        out[i] = cap
    end
    if caps and next(caps) ~= nil and not caps[1] then return nil, "expected a list of caps, got other keys" end
    for _, given in ipairs(M.DEFAULT) do
        local cap = make_cap(given)
        if loosen[cap.name] and not names[cap.name] then used[cap.name] = true
        elseif not replaced(out, cap) then out[#out + 1] = cap end
    end
    if #out > MAX_CAPS then return nil, ("expected at most %d caps, got %d"):format(MAX_CAPS, #out) end
    for _, cap in ipairs(out) do
        if cap.per == "person" then cap.number = not loosen.numbers end
    end
    return out
end

-- M.gaps(gap or nil, stops, loosen, used) -> list, or nil, text. stops is { outcome = ms }, what the retry policy says.
function M.gaps(gap, stops, loosen, used)
    if gap == nil then gap = {} elseif type(gap) ~= "table" then gap = { gap } end
    local wanted, known = {}, { 1 }
    for _, kind in ipairs(outcomes) do known[#known + 1] = kind end
    for key, value in pairs(gap) do
        if not contains(known, key) then return nil, errors.unknown("unknown outcome", key, outcomes) end
        local ms, problem = duration.parse(value)
        if ms then problem = too_long(ms) end
        if problem then return nil, (key == 1 and "" or key .. ": ") .. problem end
        wanted[key] = ms
    end
    for kind, ms in pairs(stops) do
        if not wanted[kind] then wanted[kind] = ms end
    end
    local out = {}
    for _, key in ipairs(known) do
        local name = key == 1 and "gap" or "gap_after_" .. key
        local default = M.DEFAULT_GAPS[key]
        local ms = wanted[key]
        if ms == 0 and default and not loosen[name] then
            return nil, ('no %s at all needs loosen = { %s = "why" }'):format(name:gsub("_", " "), name)
        end
        if default and loosen[name] then used[name] = true end
        if not ms and default and not loosen[name] then ms = duration.parse(default) end
        if ms and ms > 0 then
            out[#out + 1] = { name = name, ms = ms, per = "person", after = key ~= 1 and key or nil,
                number = not loosen.numbers }
        end
    end
    return out
end

-- M.loosen(loosen or nil) -> the table, or nil, text: names with reasons; which names there are is known at the end.
function M.loosen(loosen)
    if loosen == nil then return {} end
    if type(loosen) ~= "table" then return nil, "expected { name = reason }, got " .. errors.kind(loosen) end
    for name, reason in pairs(loosen) do
        if type(reason) ~= "string" or reason == "" then
            return nil, ("%s: expected the reason, a text, got %s"):format(tostring(name), errors.kind(reason))
        end
    end
    return loosen
end

-- M.unused(loosen, used) -> the text for a name in loosen that is the name of nothing, or nil
function M.unused(loosen, used)
    local known = { "gap", "gap_after_answered", "gap_after_declined", "numbers" }
    for _, given in ipairs(M.DEFAULT) do known[#known + 1] = make_cap(given).name end
    for name in pairs(loosen) do
        if not contains(known, name) then return errors.unknown("unknown default", name, known) end
        if name ~= "numbers" and not used[name] then return ("%s: it is replaced already"):format(name) end
    end
end

return M
