-- When calls may ring, as scripts write it, turned into the hours of a ruleset. Nothing is judged here.
--
--     hours = { mon_fri = "10:00-20:00", sat = { "10:00-12:00", "14:00-18:00" }, holidays = { "2026-12-25" } }
--
-- A day by its own name wins over mon_fri and sat_sun, those over every_day. Once hours are given, a day that they do
-- not name is closed.
local errors = require "outdial.error"
local instant = require "outdial.instant"

local M = {}

local DAYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local GROUPS = {
    { "every_day", DAYS },
    { "mon_fri", { "mon", "tue", "wed", "thu", "fri" } },
    { "sat_sun", { "sat", "sun" } },
}
local KEYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon_fri", "sat_sun", "every_day", "holidays" }
local MAX_WINDOWS, MAX_HOLIDAYS = 16, 2000 -- as the rules have them

-- What holds where a campaign names no hours: inside nearly every law that was found.
M.DEFAULT = { mon_fri = "10:00-20:00", sat = "10:00-18:00" }

local function minutes(hour, minute)
    hour, minute = tonumber(hour), tonumber(minute)
    if minute > 59 or hour > 24 or (hour == 24 and minute > 0) then return nil end
    return hour * 60 + minute
end

-- Returns start and end in minutes, or nil, text.
local function parse_window(value)
    local from_h, from_m, to_h, to_m
    if type(value) == "string" then from_h, from_m, to_h, to_m = value:match("^(%d%d):(%d%d)%-(%d%d):(%d%d)$") end
    local from, to = from_h and minutes(from_h, from_m), to_h and minutes(to_h, to_m)
    if not from or not to or from == 1440 then
        return nil, 'expected a window such as "10:00-20:00" (00:00 to 24:00), got ' .. errors.show(value)
    end
    if from == to then return nil, ("%q is empty"):format(value) end
    if from > to then return nil, ("%q ends before it begins: split it at midnight, over two days"):format(value) end
    return from, to
end

-- A text or a list of them, in order and without overlap. Returns the list, or nil, text.
local function windows(value)
    local list = type(value) == "table" and value or { value }
    local no_list = errors.no_list(list)
    if no_list then return nil, "expected a window or a list of windows, got " .. no_list end
    local seen = {}
    for i, text in ipairs(list) do
        local from, to = parse_window(text)
        if not from then return nil, to end
        seen[i] = { from = from, to = to, text = text }
    end
    if #seen > MAX_WINDOWS then return nil, ("expected at most %d windows, got %d"):format(MAX_WINDOWS, #seen) end
    table.sort(seen, function(a, b) return a.from < b.from end)
    local out = {}
    for i, window in ipairs(seen) do
        if i > 1 and window.from < seen[i - 1].to then
            return nil, ("%q and %q overlap"):format(seen[i - 1].text, window.text)
        end
        out[i] = window.text
    end
    return out
end

local function check_date(value)
    local year, month, day
    if type(value) == "string" then year, month, day = value:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$") end
    if not year or not instant.is_date(tonumber(year), tonumber(month), tonumber(day)) then
        return 'expected a date such as "2026-12-25", got ' .. errors.show(value)
    end
end

-- M.holidays(list) -> the dates in order, or nil, text
function M.holidays(list)
    if type(list) ~= "table" then return nil, "holidays: expected a list of dates, got " .. errors.kind(list) end
    local no_list = errors.no_list(list)
    if no_list then return nil, "holidays: expected a list of dates, got " .. no_list end
    local out = {}
    for i, date in ipairs(list) do
        local problem = check_date(date)
        if problem then return nil, ("holidays[%d]: %s"):format(i, problem) end
        out[i] = date
    end
    if #out > MAX_HOLIDAYS then
        return nil, ("holidays: expected at most %d dates, got %d"):format(MAX_HOLIDAYS, #out)
    end
    table.sort(out)
    return out
end

local function set_days(out, key, days, value)
    if value == nil then return true end
    local list, problem
    if value == false then list = {}
    else list, problem = windows(value) end
    if not list then return nil, key .. ": " .. problem end
    for _, day in ipairs(days) do out[day] = list end
    return true
end

-- M.ruleset(hours or nil) -> { mon = { "10:00-20:00" }, ... } (closed days are left out), holidays or nil; or nil, text
function M.ruleset(hours)
    if hours == nil then hours = M.DEFAULT end
    if type(hours) ~= "table" then return nil, "expected a table of days, got " .. errors.kind(hours) end
    local problem = errors.unknown_key(hours, KEYS)
    if problem then return nil, (problem:gsub("^unknown option", "unknown day")) end
    local days = {}
    for _, group in ipairs(GROUPS) do
        local ok
        ok, problem = set_days(days, group[1], group[2], hours[group[1]])
        if not ok then return nil, problem end
    end
    for _, day in ipairs(DAYS) do
        local ok
        ok, problem = set_days(days, day, { day }, hours[day])
        if not ok then return nil, problem end
    end
    local out = {}
    for day, list in pairs(days) do
        if list[1] then out[day] = list end
    end
    if next(out) == nil then return nil, "no day is open: nobody could ever be called" end
    local holidays
    if hours.holidays ~= nil then
        holidays, problem = M.holidays(hours.holidays)
        if not holidays then return nil, problem end
    end
    return out, holidays
end

return M
