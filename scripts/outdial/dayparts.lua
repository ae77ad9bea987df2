-- The parts of a person's day, for retries that are spread over them: who does not answer in the morning may do so in
-- the evening. A retry goes to the part in which the fewest of the attempts so far were, as far as the campaign calls
-- then.
local core = require "outdial.core"

local M = {}

local DAYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local PARTS = { { 0, 12 * 60 }, { 12 * 60, 17 * 60 }, { 17 * 60, 24 * 60 } } -- minutes by the clock where the person is
local OPEN_DAYS, DAYS_AHEAD = 2, 14 -- so many days on which it calls are looked at, as long as there are such

local floor, max, min = math.floor, math.max, math.min

local function part_at(zone, at_s)
    local clock = core.zone_clock(zone, at_s)
    local minute = clock.hour * 60 + clock.minute
    for i, part in ipairs(PARTS) do
        if minute < part[2] then return i end
    end
end

local function is_holiday(ruleset, clock)
    local date = ("%04d-%02d-%02d"):format(clock.year, clock.month, clock.day)
    for _, holiday in ipairs(ruleset.holidays or {}) do
        if holiday == date then return true end
    end
    return false
end

-- Calls each(part, from, to), Unix seconds, for each stretch of the day that belongs to one part and one window.
local function each_stretch(zone, clock, windows, each)
    for _, window in ipairs(windows) do
        local from_h, from_m, to_h, to_m = window:match("^(%d+):(%d+)%-(%d+):(%d+)$")
        for i, part in ipairs(PARTS) do
            local from, to = max(from_h * 60 + from_m, part[1]), min(to_h * 60 + to_m, part[2])
            if from < to then
                each(i, core.zone_instant(zone, clock.year, clock.month, clock.day, floor(from)),
                    core.zone_instant(zone, clock.year, clock.month, clock.day, floor(to)))
            end
        end
    end
end

-- M.spread(due_ms, called_at, at) -> when to call instead, ms: not before due_ms, in the part of the day that was tried
-- least, the soonest of these; somewhere in it, so that not all are called at its beginning. called_at: when the
-- attempts so far were (ms). at: zone, ruleset (hours, holidays, ring_timeout_ms), random.
function M.spread(due_ms, called_at, at)
    local zone, ruleset, due_s = at.zone, at.ruleset, due_ms / 1000
    if not (zone and core.zone(zone)) then return due_ms end
    local tried = {}
    for i in ipairs(PARTS) do tried[i] = 0 end
    for _, ms in ipairs(called_at) do
        local part = part_at(zone, ms / 1000)
        tried[part] = tried[part] + 1
    end
    local today = core.zone_clock(zone, due_s)
    local least, best_from, best_to = math.huge, nil, nil
    local open_days, last_s = 0, ruleset.ring_timeout_ms / 1000 + 60 -- before the end of a window nobody is called (R4)
    for ahead = 0, DAYS_AHEAD - 1 do
        if open_days == OPEN_DAYS then break end
        local noon_s = core.zone_instant(zone, today.year, today.month, today.day + ahead, 12 * 60)
        local clock = core.zone_clock(zone, noon_s)
        local is_open = false
        if not is_holiday(ruleset, clock) then
            each_stretch(zone, clock, ruleset.hours[DAYS[clock.weekday]] or {}, function(part, from, to)
                from, to = max(from, due_s), to - last_s
                if from >= to then return end
                is_open = true
                if tried[part] < least then least, best_from, best_to = tried[part], from, to end
            end)
        end
        if is_open then open_days = open_days + 1 end
    end
    if not best_from or best_from == due_s then return due_ms end
    return floor((best_from + (best_to - best_from) * at.random()) * 1000)
end

return M
