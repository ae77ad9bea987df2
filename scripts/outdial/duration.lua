-- Durations as scripts write them: "90s", "15m", "4h", "1d", "2w", several in a row ("1h30m"), or a number of seconds.
local errors = require "outdial.error"

local M = {}

local UNITS = { s = 1000, m = 60000, h = 3600000, d = 86400000, w = 604800000 }
local ORDER = { "d", "h", "m" } -- to write, before seconds
local NEAR = {
    sec = "s", secs = "s", second = "s", seconds = "s", min = "m", mins = "m", minute = "m", minutes = "m", hr = "h",
    hrs = "h", hour = "h", hours = "h", day = "d", days = "d", week = "w", weeks = "w",
}
local MOST_MS = 100 * 366 * UNITS.d
local EXPECTED = 'expected a duration such as "15m" (units s, m, h, d, w) or seconds, got '

local function unit_hint(unit)
    local near = NEAR[unit:lower()]
    return near and (': unknown unit "%s", did you mean "%s"?'):format(unit, near) or ""
end

local function parse_text(text)
    local total, position = 0, 1
    while position <= #text do
        local count, unit, after = text:match("^(%d+%.?%d*)(%a+)()", position)
        if not count then return nil, EXPECTED .. errors.show(text) end
        if not UNITS[unit] then return nil, EXPECTED .. errors.show(text) .. unit_hint(unit) end
        total, position = total + tonumber(count) * UNITS[unit], after
    end
    if position == 1 then return nil, EXPECTED .. errors.show(text) end
    return total
end

-- M.parse(value) -> whole milliseconds, or nil, text
function M.parse(value)
    local ms, problem
    if type(value) == "string" then ms, problem = parse_text(value)
    elseif type(value) == "number" and value >= 0 then ms = value * 1000 end
    if not ms or ms > MOST_MS then return nil, problem or EXPECTED .. errors.show(value) end
    return math.floor(ms + 0.5)
end

-- M.format(ms) -> a text that parse reads as the same, for people: 5400000 is "1h30m", a day "24h", two days "2d"
function M.format(ms)
    local text = ""
    for _, unit in ipairs(ORDER) do
        local count = math.floor(ms / UNITS[unit])
        if count > (unit == "d" and 1 or 0) then
            text, ms = ("%s%.0f%s"):format(text, count, unit), ms - count * UNITS[unit]
        end
    end
    if ms > 0 then text = ("%s%gs"):format(text, ms / 1000) end
    return text == "" and "0s" or text
end

return M
