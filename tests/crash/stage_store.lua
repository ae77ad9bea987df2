-- The stage on which nothing but the store is tried: workers in C whose phones are lines in a file.

local process = require "process"

-- Every verb that the worker uses has a point before it and one after; the others lie in the store and around a byte.
local VERBS = { "register", "campaign", "put", "adopt", "take", "intend", "settle", "outcome", "beat", "resign" }
local AROUND = { "before_commit", "before_sync", "during_sync", "after_sync", "before_first_byte", "after_answer" }
-- A process that is stopped inside a transaction keeps all others from writing.
local INSIDE = { before_takeover = true, after_takeover = true, before_commit = true, before_sync = true,
    during_sync = true, after_sync = true }

local stage = { name = "store", max_open = 10, cap = 1, contacts = 120,
    takes_over = { "before_takeover", "after_takeover" }, last_point = "before_first_byte", lease_ms = 1200,
    longest_s = 0.06, patience_s = 30, doubt_ms = 0 }

stage.points = {}
for _, verb in ipairs(VERBS) do
    table.insert(stage.points, "before_" .. verb)
    table.insert(stage.points, "after_" .. verb)
    INSIDE["before_" .. verb] = true
end
for _, point in ipairs(AROUND) do table.insert(stage.points, point) end
stage.inside, stage.around = INSIDE, AROUND

local Place = {}
Place.__index = Place

-- stage.open(build, folder, options) -> place. options.faults: some answers get lost
function stage.open(build, folder, options)
    return setmetatable({ build = build, store = folder .. "/store.db", phones = folder .. "/phones",
        log = folder .. "/log", unknown = options.faults and 10 or 0 }, Place)
end

function Place:start(environment)
    return process.start({ self.build .. "/faults/worker", self.store, self.phones, stage.contacts, self.unknown },
        environment, self.log)
end

-- Waits until all that is to ring has rung.
function Place.settle() end

function Place.close() end

return stage
