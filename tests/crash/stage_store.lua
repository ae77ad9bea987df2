-- The stage on which nothing but the store is tried: workers in C whose phones are lines in a file.

local process = require "process"

-- Each verb that the worker uses has a point before it and one after; others lie around a sync and around a byte.
local VERBS = { "register", "outages", "campaign", "campaign_set", "note", "put", "import", "adopt", "take",
    "release", "decide", "intend", "slot", "settle", "outcome", "looks", "looked", "write_off", "dnc_add",
    "withdrawals", "withdrawn", "beat", "resign" }
local AROUND = { "before_commit", "before_sync", "during_sync", "after_sync", "before_first_byte", "after_answer" }
-- A process that is stopped inside a transaction keeps all others from writing.
local INSIDE = { before_takeover = true, after_takeover = true, before_commit = true, before_sync = true,
    during_sync = true, after_sync = true }

local LEASE_MS = 120000 -- the program's own

local stage = { name = "store", max_open = 10, cap = 1, contacts = 120,
    takes_over = { "before_takeover", "after_takeover" }, last_point = "before_first_byte", lease_ms = 2500,
    longest_s = 0.06, patience_s = 30 }

-- stage.points_of(verbs) -> the points before and after each, and those around
function stage.points_of(verbs)
    local points = {}
    for _, verb in ipairs(verbs) do
        table.insert(points, "before_" .. verb)
        table.insert(points, "after_" .. verb)
        INSIDE["before_" .. verb] = true
    end
    for _, point in ipairs(AROUND) do table.insert(points, point) end
    return points
end

stage.points, stage.inside = stage.points_of(VERBS), INSIDE

local Place = {}
Place.__index = Place

-- stage.open(build, folder, options) -> place. options.faults: some answers get lost
function stage.open(build, folder, options)
    return setmetatable({ build = build, store = folder .. "/store.db", phones = folder .. "/phones",
        log = folder .. "/log", lease_ms = LEASE_MS, unknown = options.faults and 10 or 0 }, Place)
end

function Place:start(environment)
    return process.start({ self.build .. "/faults/worker", self.store, self.phones, stage.contacts, self.unknown },
        environment, self.log)
end

-- Waits until all that is to ring has rung.
function Place.settle() end

-- How many answers got lost.
function Place:unknowns()
    return process.count_lines(self.phones .. ".unknown")
end

function Place.close() end

return stage
