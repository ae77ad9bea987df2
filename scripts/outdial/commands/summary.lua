-- What a campaign has come to, as plain lines.

local summary = {}

local STATES = { "done", "exhausted", "open", "ready", "waiting", "held", "blocked", "suppressed" }

-- The counts that are not 0, those named first in their order: "3 done, 1 held".
local function counts(numbers, order)
    local parts, rest = {}, {}
    for _, name in ipairs(order) do
        if (numbers[name] or 0) > 0 then
            parts[#parts + 1] = ("%d %s"):format(numbers[name], (name:gsub("_", " ")))
        end
    end
    for name in pairs(numbers) do
        rest[#rest + 1] = name
    end
    table.sort(rest)
    for _, name in ipairs(#order == 0 and rest or {}) do
        parts[#parts + 1] = ("%d %s"):format(numbers[name], (name:gsub("_", " ")))
    end
    return table.concat(parts, ", ")
end

local function time_of(ms)
    return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(ms / 1000))
end

--- One line about where a campaign stands; figures are those of outdial.runner.
function summary.line(figures)
    local text = ("%s: %s of %d contacts"):format(figures.campaign, counts(figures.contacts, STATES),
        figures.contacts.total)
    if figures.state and figures.state ~= "running" then
        text = text .. (", campaign %s"):format(figures.state)
    end
    local legs = counts(figures.legs, { "open", "handed_off" })
    if legs ~= "" then
        text = text .. "; calls " .. legs
    end
    if figures.doubts > 0 then
        text = text .. (", %d in doubt"):format(figures.doubts)
    end
    if figures.next_ms and figures.contacts.waiting > 0 then
        text = text .. ", next at " .. time_of(figures.next_ms)
    end
    return text
end

--- The lines that a run ends with.
function summary.lines(figures)
    local lines = { summary.line(figures) }
    local legs = figures.legs
    lines[#lines + 1] = ("calls: %d placed, %d handed off, %d not placed, %d in doubt"):format(legs.placed,
        legs.handed_off, legs.not_placed, figures.doubts)
    local outcomes = counts(figures.outcomes or {}, {})
    if outcomes ~= "" then
        lines[#lines + 1] = "outcomes: " .. outcomes
    end
    local refused = counts(figures.refused or {}, {})
    if refused ~= "" then
        lines[#lines + 1] = "refused by: " .. refused
    end
    if figures.doubts > 0 then
        lines[#lines + 1] = "nobody in doubt is called again before that is settled: outdial doubts list STORE"
    end
    return lines
end

return summary
