-- Points in time as scripts write them: a duration from now ("2h", 600), Unix seconds, or ISO 8601 with its offset.
local duration = require "outdial.duration"
local errors = require "outdial.error"

local M = {}

local UNIX_FROM = 1e9 -- numbers from here on are Unix seconds (September 2001), below it a duration
local MOST_MS = 253402300800000

-- Days since 1970-01-01 of a date of the Gregorian calendar.
local function days_of(year, month, day)
    if month <= 2 then year, month = year - 1, month + 12 end
    return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
        + math.floor((153 * month - 457) / 5) + day - 719469
end

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- M.is_date(year, month, day): whether the calendar has it
function M.is_date(year, month, day)
    local leap = month == 2 and (year % 4 == 0 and year % 100 ~= 0 or year % 400 == 0) and 1 or 0
    return MONTH_DAYS[month] and day >= 1 and day <= MONTH_DAYS[month] + leap
end

local function parse_iso(text)
    local year, month, day, hour, minute, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[T ](%d%d):(%d%d)(.*)$")
    if not year then return nil end
    local second, fraction, zone = rest:match("^:(%d%d)(%.?%d*)(.*)$")
    if not second then second, fraction, zone = "0", "", rest end
    local sign, offset_h, offset_m = zone:match("^([+-])(%d%d):?(%d%d)$")
    if not sign and zone ~= "Z" then return nil end
    year, month, day, hour, minute = tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute)
    second = tonumber(second) + (tonumber(fraction) or 0)
    if not M.is_date(year, month, day) or hour > 23 or minute > 59 or second >= 60 then return nil end
    local offset = sign and (tonumber(offset_h) * 60 + tonumber(offset_m)) * (sign == "-" and -60 or 60) or 0
    return days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
end

-- M.parse(value, now_ms) -> Unix milliseconds, or nil, text
function M.parse(value, now_ms)
    local seconds
    if type(value) == "number" and value >= UNIX_FROM then seconds = value
    elseif type(value) == "string" then seconds = parse_iso(value) end
    if seconds then
        if not (seconds >= 0 and seconds * 1000 <= MOST_MS) then return nil, "expected a time from 1970 to 9999" end
        return math.floor(seconds * 1000 + 0.5)
    end
    local ms = duration.parse(value)
    if ms then return now_ms + ms end
    return nil, ('expected a duration ("2h"), Unix seconds or a time such as "2026-03-09T11:00:00Z", got %s'):format(
        errors.show(value))
end

return M
