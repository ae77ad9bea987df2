-- One campaign that is disturbed: its place, its workers, the power, and what did not hold (findings).

local judge = require "judge"
local ledger = require "ledger"
local process = require "process"

local DONE, DOUBTS = 0, 3  -- exit codes of an undisturbed end
local KILL, TERM = 9, 15   -- the signals of which workers die here
local AGAIN = 8            -- so many undisturbed workers in a row finish any campaign
local SEEN = 3             -- so many looks, a second apart, at contacts that nobody will call

local Case = {}
Case.__index = Case

local M = {}

-- M.new(options) -> case. options: stage, build, workers, mutant, faults, cuts (all die at once: the power goes), ...:
-- the stage's own. One worker that dies may as well have lost its power.
function M.new(options)
    local folder = process.lines({ "mktemp", "-d", "/tmp/outdial-crash-XXXXXX" })[1]
    local slowness = process.slowness()
    local self = setmetatable({ options = options, stage = options.stage, folder = folder, findings = {},
        lease_ms = math.floor(options.stage.lease_ms * slowness), slowness = slowness,
        power = folder .. "/power", cuts = options.cuts or options.workers == 1, boot = 0, falls = 0,
        reboots = math.random(2) == 1, counts = { deaths = 0, hits = 0, cuts = 0, stops = 0, doubts = 0, unknowns = 0,
            rings = 0, campaigns = 1, waiting = 0 } }, Case)
    process.lines({ "mkdir", self.power })
    self.place = self.stage.open(options.build, folder, options, slowness)
    return self
end

function Case:start(more)
    local environment = { OUTDIAL_MUTANT = self.options.mutant or "",
        OUTDIAL_POWER = self.cuts and self.power or "points", OUTDIAL_BOOT = self.boot,
        -- else the doubts of a few deaths fill all places for a quarter of an hour
        OUTDIAL_DOUBT_TAKES_PLACE_MS = 0,
        OUTDIAL_FIRST_LOOK_MS = 300, OUTDIAL_LOOK_AGAIN_MS = 500, OUTDIAL_WITHDRAW_AGAIN_MS = 500,
        OUTDIAL_FENCE_WAIT_MS = 200, OUTDIAL_FOLLOW_SPEED = 20, OUTDIAL_DIAL_SHOWS_MS = 2000 }
    for name, value in pairs(more or {}) do environment[name] = value end
    return self.place:start(environment)
end

function Case:find(text)
    self.findings[#self.findings + 1] = text
end

-- How long a worker may take, in seconds: by now the machine may have more to do than at the beginning.
function Case:patience()
    return self.stage.patience_s * math.max(self.slowness, process.slowness())
end

-- What its workers have said: all of it, or its two ends.
function Case:log(all)
    local file = io.open(self.place.log)
    local text = file and file:read("a") or ""
    if file then file:close() end
    return (all or #text <= 300) and text or text:sub(1, 100) .. " ... " .. text:sub(-200)
end

-- The phones first: others may be at work, and an intent comes before its ring.
function Case:read()
    local rings = ledger.rings(self.place.phones)
    return ledger.read(self.options.build .. "/faults/ledger", self.place.store), rings
end

-- In the midst of it: whatever has rung so far has its leg, on the disk.
function Case:look()
    local store, rings = self:read()
    if not store.locked then judge.rings(store, rings, self.stage.cap, self.findings) end
end

---- deaths ----

-- case:fate(worker) -> how it ended, and a code. It dies of what was meant for it, not of what it does wrong itself.
function Case:fate(worker)
    local how, code = worker:wait()
    if how == "signal" and code ~= KILL and code ~= TERM then
        self:find(("a worker died of signal %d: %s"):format(code, self:log()))
    end
    return how, code
end

-- Kills it; returns whether it was alive.
function Case:kill(worker)
    worker:signal("KILL")
    return self:fate(worker) == "signal"
end

-- So many workers have died, of one blow: of the power's, if it cuts.
function Case:fell(count)
    self.counts.deaths, self.falls = self.counts.deaths + count, self.falls + 1
    if not self.cuts then return end
    self.counts.cuts = self.counts.cuts + 1
    if self.reboots then self.boot = self.boot + 1 end
    local some = self.options.mutant and 0 or math.random(0, 1) * math.random(1000000)
    process.lines({ self.options.build .. "/faults/power_cut", self.power, self.folder, some })
    os.remove(self.place.store .. "-shm")
end

-- Lets the power go under all of them.
function Case:cut(workers)
    process.lines({ "touch", self.power .. "/off" })
    local count = 0
    for _, worker in ipairs(workers) do
        if self:kill(worker) then count = count + 1 end
    end
    self:fell(count)
    return count
end

---- ends ----

-- How many contacts wait for what nobody will tell: a number that they share with one in doubt. Nil while there are
-- others to be called.
function Case:count_waiting()
    local store = self:read()
    if store.locked then return nil end
    local doubted, count = {}, 0
    for _, leg in ipairs(store.legs) do doubted[leg.number] = doubted[leg.number] or leg.state == "in_doubt" end
    for _, contact in ipairs(store.contacts) do
        if contact.state == "waiting" and contact.why == "number_open" and doubted[contact.number] then
            count = count + 1
        elseif contact.state == "open" or contact.state == "ready" or
            contact.state == "waiting" and contact.why ~= "caps" then
            return nil
        end
    end
    return count
end

-- Waits for a worker's end. One that goes on for ever is stopped: that is a finding, unless contacts wait like that,
-- and no others are left.
function Case:wait(worker)
    local waited_s, seen = 0, 0
    while waited_s < self:patience() and seen < SEEN do
        if worker:wait_for(1) then return self:fate(worker) end
        waited_s = waited_s + 1
        seen = (self:count_waiting() or 0) > 0 and seen + 1 or 0
    end
    worker:signal("TERM")
    if not worker:wait_for(self:patience()) then self:kill(worker) end
    if seen == SEEN then
        self.counts.waiting = self:count_waiting() or 0
        return "exit", DOUBTS
    end
    self:find(("a worker did not end in %.0f s: %s"):format(waited_s, self:log()))
    return self:fate(worker)
end

function M.is_end(how, code)
    return how == "exit" and (code == DONE or code == DOUBTS)
end

-- A worker that nobody disturbed ends by itself.
function Case:expect_end(worker, what)
    local how, code = self:wait(worker)
    if not M.is_end(how, code) then
        self:find(("%s ended by %s %s: %s"):format(what, how, code, self:log()))
        return false
    end
    return true, code
end

local function is_over(store, waiting)
    for _, contact in ipairs(store.contacts) do
        if (contact.state == "ready" or contact.state == "open") and waiting == 0 then return false end
    end
    return judge.living_on(store) == 0
end

-- Lets undisturbed workers finish the campaign, and judges it.
function Case:finish(doubts_allowed)
    for round = 1, AGAIN do
        local ended, code = self:expect_end(self:start(), "an undisturbed worker")
        if not ended or self.findings[1] then break end
        self.place:settle()
        local now = self:read()
        local living_on = judge.living_on(now)
        if living_on > 0 and (code == DONE or not self.options.faults) then
            self:find(("a worker ended with %d, and %d calls live on"):format(code, living_on))
        end
        if is_over(now, self.counts.waiting) then break end
        if round == AGAIN then self:find("the campaign does not come to an end") end
    end
    local store, rings = self:read()
    local unknowns = self.place:unknowns()
    if #store.contacts ~= self.stage.contacts then
        self:find(("%d contacts of %d are in the store"):format(#store.contacts, self.stage.contacts))
    end
    judge.all(store, rings, self.stage.cap, self.counts.waiting, self.findings)
    judge.bounded(store, self.falls + self.counts.stops, self.stage.max_open, unknowns, self.findings)
    local doubts = judge.doubts(store)
    if not doubts_allowed and doubts > 0 then
        self:find(("%d legs are in doubt after a run without faults"):format(doubts))
    end
    if self.options.puts_off then judge.taken_back(store, self.place:left(), self.findings) end
    self.counts.doubts, self.counts.rings, self.counts.unknowns = doubts, #rings, unknowns
end

function Case:close()
    self.place:close()
    process.kill_all()
    if not self.findings[1] then
        os.execute("rm -rf '" .. self.folder .. "'")
    else
        self:find("its files are in " .. self.folder)
    end
    return self.findings, self.counts
end

return M
