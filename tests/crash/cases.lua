-- The ways in which a campaign is disturbed. Each runs one campaign, or several after one another, on a stage, and
-- returns what did not hold (a list of findings) and what was done (counts).

local judge = require "judge"
local ledger = require "ledger"
local process = require "process"

local cases = {}

local DONE, DOUBTS = 0, 3  -- exit codes of an undisturbed end
local FEW_LINES = 6
local FINAL = { done = true, held = true, exhausted = true, blocked = true, suppressed = true }
local AGAIN = 8            -- so many undisturbed workers in a row finish any campaign

local function short(stage)
    return { OUTDIAL_LEASE_MS = stage.lease_ms, OUTDIAL_LEASE_MARGIN_MS = 100, OUTDIAL_BUSY_MS = 300 }
end

local Case = {}
Case.__index = Case

-- options: stage, build, workers, mutant, faults, ...: the stage's own
local function new(options)
    local folder = process.lines({ "mktemp", "-d", "/tmp/outdial-crash-XXXXXX" })[1]
    local self = setmetatable({ options = options, stage = options.stage, folder = folder, findings = {},
        counts = { deaths = 0, hits = 0, stops = 0, doubts = 0, rings = 0, campaigns = 1, waiting = 0 } }, Case)
    self.place = self.stage.open(options.build, folder, options)
    return self
end

function Case:environment(more)
    local environment = { OUTDIAL_MUTANT = self.options.mutant or "",
        -- else the doubts of a few deaths fill all places for a quarter of an hour
        OUTDIAL_DOUBT_TAKES_PLACE_MS = self.stage.doubt_ms,
        OUTDIAL_FENCE_WAIT_MS = 200, OUTDIAL_LOOK_AGAIN_MS = 500, OUTDIAL_FOLLOW_SPEED = 50 }
    environment.OUTDIAL_POWER = self.options.workers == 1 and "cut" or "points"
    for name, value in pairs(more or {}) do environment[name] = value end
    return environment
end

function Case:start(more)
    return self.place:start(self:environment(more))
end

-- The phones first: others may be at work, and an intent comes before its ring.
function Case:read()
    local rings = ledger.rings(self.place.phones)
    return ledger.read(self.options.build .. "/faults/ledger", self.place.store), rings
end

function Case:find(text)
    self.findings[#self.findings + 1] = text
end

-- How many contacts wait for what nobody will tell: a call of a dead worker's, of which its vendor says no more
-- (stage.may_wait), or a doubt about a number that they share. Nil while there are others to be called.
function Case:count_waiting()
    local store = self:read()
    local doubted, silent, count, lines = {}, {}, 0, 0
    for _, leg in ipairs(store.legs) do
        doubted[leg.number] = doubted[leg.number] or leg.state == "in_doubt"
        silent[leg.number] = silent[leg.number] or (leg.state == "handed_off" and self.stage.may_wait)
        if leg.state == "handed_off" then lines = lines + 1 end
    end
    for _, contact in ipairs(store.contacts) do
        local fenced = contact.state == "waiting" and contact.why == "number_open"
        if fenced and (doubted[contact.number] or silent[contact.number]) or
            contact.state == "open" and silent[contact.number] or
            self.stage.may_wait and lines >= FEW_LINES and not FINAL[contact.state] then -- hardly a device is free
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
    while waited_s < self.stage.patience_s and seen < 3 do
        if worker:wait_for(1) then return worker:wait() end
        waited_s = waited_s + 1
        seen = (self:count_waiting() or 0) > 0 and seen + 1 or 0
    end
    worker:signal("TERM")
    if not worker:wait_for(self.stage.patience_s) then worker:kill() end
    if seen > 0 then
        self.counts.waiting = self:count_waiting() or 0
        return "exit", DOUBTS
    end
    self:find(("a worker did not end in %d s: %s"):format(self.stage.patience_s, self:log()))
    return worker:wait()
end

local function is_end(how, code)
    return how == "exit" and (code == DONE or code == DOUBTS)
end

-- A worker that nobody disturbed ends by itself.
function Case:expect_end(worker, what)
    local how, code = self:wait(worker)
    if not is_end(how, code) then
        self:find(("%s ended by %s %s: %s"):format(what, how, code, self:log()))
        return false
    end
    return true
end

-- The end of what its workers have said.
function Case:log()
    local file = io.open(self.place.log)
    local text = file and file:read("a") or ""
    if file then file:close() end
    return #text <= 600 and text or text:sub(1, 300) .. " ... " .. text:sub(-300)
end

-- In the midst of it: whatever has rung so far has its leg, on the disk.
function Case:look()
    local file = io.open(self.place.store)
    if not file then return end
    file:close()
    local store, rings = self:read()
    judge.rings(store, rings, self.stage.cap, self.findings)
end

-- Lets undisturbed workers finish the campaign, and judges it.
function Case:finish(doubts_allowed)
    for round = 1, AGAIN do
        if not self:expect_end(self:start(), "an undisturbed worker") or self.findings[1] then break end
        self.place:settle()
        local over = true
        for _, contact in ipairs((self:read()).contacts) do
            over = over and (contact.state ~= "ready" and contact.state ~= "open" or self.counts.waiting > 0)
        end
        if over then break end
        if round == AGAIN then self:find("the campaign does not come to an end") end
    end
    local store, rings = self:read()
    judge.all(store, rings, self.stage.cap, self.counts.waiting, self.findings)
    judge.bounded(store, self.counts.deaths + self.counts.stops, self.stage.max_open, self.findings)
    local doubts = judge.doubts(store)
    if not doubts_allowed and doubts.left + doubts.lost > 0 then
        self:find(("%d legs are in doubt after a run without faults"):format(doubts.left + doubts.lost))
    end
    self.counts.doubts, self.counts.rings = doubts.left + doubts.lost, #rings
end

function Case:close()
    self.place:close()
    if not self.findings[1] then
        os.execute("rm -rf '" .. self.folder .. "'")
    else
        self:find("its files are in " .. self.folder)
    end
    return self.findings, self.counts
end

-- Nobody is disturbed: all that can be placed is, and nothing is in doubt.
function cases.quiet(options)
    local self = new(options)
    local workers = {}
    for i = 1, options.workers do workers[i] = self:start() end
    for i, worker in ipairs(workers) do self:expect_end(worker, "worker " .. i) end
    self:finish(options.faults)
    return self:close()
end

-- options.point, options.nth: the first worker dies there; beside it the others work on.
function cases.point(options)
    local self = new(options)
    local workers = {}
    -- A takeover needs somebody who has died.
    if options.after then self.counts.deaths = options.after(self) end
    local fault = { OUTDIAL_FAULT = ("%s:%d:kill"):format(options.point, options.nth or 1) }
    for i = 1, options.workers do workers[i] = self:start(i == 1 and fault or nil) end
    local how, code = self:wait(workers[1])
    if how == "signal" then
        self.counts.deaths, self.counts.hits = self.counts.deaths + 1, 1
    elseif not is_end(how, code) then
        self:find(("worker 1 ended by %s %s: %s"):format(how, code, self:log()))
    end
    self:look()
    for i = 2, options.workers do self:expect_end(workers[i], "worker " .. i) end
    if options.until_died then return self:close() end
    self:finish(true)
    return self:close()
end

-- Somebody has died with legs under way, for those who come to take over.
function cases.one_died(self)
    self:start({ OUTDIAL_FAULT = "after_intend:2:kill" }):wait()
    return 1
end

-- options.kills: any of the workers dies at any time, and another comes, until that many have died or the campaign is
-- over.
function cases.random(options)
    local self = new(options)
    local workers = {}
    for i = 1, options.workers do workers[i] = self:start() end
    while self.counts.deaths < options.kills and not self.findings[1] do
        process.sleep(math.random() * self.stage.longest_s)
        local i = math.random(options.workers)
        if workers[i]:ended() then break end
        if workers[i]:kill() == "signal" then self.counts.deaths = self.counts.deaths + 1 end
        self:look()
        workers[i] = self:start()
    end
    for i, worker in ipairs(workers) do self:expect_end(worker, "worker " .. i) end
    self:finish(true)
    return self:close()
end

-- options.point, options.nth: a worker is stopped there until its lease has run out and another has taken over, and
-- goes on.
function cases.stopped(options)
    local self = new(options)
    local fault = { OUTDIAL_FAULT = ("%s:%d:stop"):format(options.point, options.nth or 1) }
    local lease = short(self.stage)
    for name, value in pairs(lease) do fault[name] = value end
    if options.after then self.counts.deaths = options.after(self) end
    local sleeper = self:start(fault)
    if process.wait_stopped(sleeper) == "T" then
        self.counts.stops, self.counts.hits = 1, 1
        process.sleep(self.stage.lease_ms / 1000 + 0.1)
        local other = self:start(lease)
        local how, code = self:wait(other)
        local took_over = is_end(how, code)
        -- Its other thread may have been inside a transaction.
        self.counts.locked = not took_over and self:log():find("another process has kept it locked", 1, true) and 1 or 0
        if not took_over and self.counts.locked == 0 then
            self:find(("the other worker ended by %s %s: %s"):format(how, code, self:log()))
        end
        self.place:settle()
        local since_ms = process.now_ms()
        sleeper:signal("CONT")
        self:wait(sleeper) -- in whatever way: it has lost its lease
        self.place:settle()
        local store, rings = self:read()
        local allowed = options.point == self.stage.last_point and 1 or 0
        if took_over then judge.silent_since(rings, since_ms, allowed, self.findings) end
        judge.in_time(store, rings, self.stage.lease_ms, allowed, self.findings)
    else
        self:expect_end(sleeper, "the worker")
    end
    self:finish(true)
    return self:close()
end

return cases
