-- How a run is getting on: one line of a terminal that is written anew each second, or a line now and then elsewhere.

local many = require "outdial.many"
local program = require "outdial.commands.program"

local progress = {}

local PLAIN_EVERY_S = 10
local RATE_OVER_S = 10       -- the rate is that of the last so many seconds
local REASONS_SHOWN = 3

local Progress = {}
Progress.__index = Progress

--- Makes one. out is where lines go; columns is how wide the terminal is, nil if it is none; quiet: nothing is shown.
function progress.new(out, columns, quiet)
    return setmetatable({ out = out, columns = columns, quiet = quiet, shown = 0, past = {} }, Progress)
end

---- what there is to say ----

local function duration(seconds)
    if seconds < 90 then
        return ("%d s"):format(math.ceil(seconds))
    elseif seconds < 5400 then
        return ("%d min"):format(math.ceil(seconds / 60))
    end
    return ("%d h"):format(math.ceil(seconds / 3600))
end

-- "6 (3 hours, 2 gap, ...)": those that wait or never come, by the rule that says so.
local function reasons(refused)
    local names, total, shown = {}, 0, {}
    for name, count in pairs(refused) do
        names[#names + 1] = name
        total = total + count
    end
    table.sort(names, function(a, b)
        if refused[a] ~= refused[b] then
            return refused[a] > refused[b]
        end
        return a < b
    end)
    for i = 1, math.min(#names, REASONS_SHOWN) do
        -- Of an error its code.
        shown[i] = ("%d %s"):format(refused[names[i]], (names[i]:gsub("[: ].*", ""):gsub("_", " ")))
    end
    if names[REASONS_SHOWN + 1] then
        shown[#shown + 1] = "..."
    end
    return total, table.concat(shown, ", ")
end

-- Calls per second over the last seconds, or nil.
function Progress:rate(figures)
    local past, done = self.past, 0
    for _, count in pairs(figures.placed_here) do
        done = done + count
    end
    past[#past + 1] = { clock_ms = figures.clock_ms, done = done }
    while past[2] and past[2].clock_ms <= figures.clock_ms - RATE_OVER_S * 1000 do
        table.remove(past, 1)
    end
    local seconds = (figures.clock_ms - past[1].clock_ms) / 1000
    return seconds > 0 and (done - past[1].done) / seconds or nil
end

--- One line about the figures of outdial.runner.
function Progress:line(figures)
    local contacts, parts = figures.contacts, {}
    local function add(text, ...)
        parts[#parts + 1] = text:format(...)
    end
    local rate = self:rate(figures)
    if figures.importing then
        add("reading the list, %s", many(figures.importing.rows, "row"))
        return figures.campaign .. ": " .. parts[1]
    end
    add("%d placed", figures.legs.placed)
    add("%d open", contacts.open)
    if figures.legs.handed_off > 0 then
        add("%d handed off", figures.legs.handed_off)
    end
    if figures.doubts > 0 then
        add("%d in doubt", figures.doubts)
    end
    add("%d ready", contacts.ready)
    if contacts.waiting > 0 then
        local next_at = figures.next_ms and os.date("!%H:%M:%SZ", math.floor(figures.next_ms / 1000))
        add("%d waiting%s", contacts.waiting, next_at and (", next " .. next_at) or "")
    end
    local refused, why = reasons(figures.refused)
    if refused > 0 then
        add("%d not now (%s)", refused, why)
    end
    if rate then
        add("%.1f/s", rate)
    end
    if rate and rate > 0 and contacts.ready > 0 then
        add("about %s left", duration(contacts.ready / rate))
    end
    local state = figures.state ~= "running" and (" (%s)"):format(figures.state) or ""
    return ("%s%s: %s"):format(figures.campaign, state, table.concat(parts, "; "))
end

---- where it goes ----

function Progress:rewrite(text)
    text = text:sub(1, self.columns - 1)
    self.out:write("\r", text, (" "):rep(self.shown - #text), self.shown > #text and "\r" .. text or "")
    self.out:flush()
    self.shown = #text
end

--- Shows the figures: at once on a terminal, elsewhere every 10 seconds.
function Progress:show(figures)
    local line = self:line(figures)
    if self.quiet then
        return
    elseif self.columns then
        return self:rewrite(line)
    end
    self.since_ms = self.since_ms or figures.clock_ms
    if figures.clock_ms - self.since_ms >= PLAIN_EVERY_S * 1000 then
        self.since_ms = figures.clock_ms
        self.out:write(line, "\n")
        self.out:flush()
    end
end

--- Takes the line away, before something else is written; the next figures bring it back.
function Progress:clear()
    if self.shown > 0 then
        self.out:write("\r", (" "):rep(self.shown), "\r")
        self.out:flush()
        self.shown = 0
    end
end

--- The one of this program: on its standard error.
function progress.of_program(quiet)
    return progress.new(io.stderr, program.live_columns(), quiet)
end

return progress
