-- The ways in which a campaign is disturbed. Each runs one campaign, or several after one another, on a stage, and
-- returns what did not hold (a list of findings) and what was done (counts).

local case = require "case"
local judge = require "judge"
local person = require "person"
local process = require "process"

local BUSY_MS = 300
local LOCKED_S = 25 -- several times what it waits for a store that is locked, and tries again

local cases = {}

local function start_all(self, first)
    local workers = {}
    for i = 1, self.options.workers do workers[i] = self:start(i == 1 and first or nil) end
    return workers
end

local function expect_ends(self, workers, from)
    for i = from or 1, #workers do self:expect_end(workers[i], "worker " .. i) end
end

-- Nobody is disturbed: all that can be placed is, and nothing is in doubt.
function cases.quiet(options)
    local self = case.new(options)
    expect_ends(self, start_all(self))
    self:finish(options.faults)
    return self:close()
end

-- options.point, options.nth: the first worker dies there; beside it the others work on, or die as well, for want of
-- power (options.cuts). options.meanwhile: what is done to the campaign beside them; until then the vendor's agents
-- rest.
function cases.point(options)
    local self = case.new(options)
    -- A takeover needs somebody who has died.
    if options.after then options.after(self) end
    local workers = start_all(self, { OUTDIAL_FAULT = ("%s:%d:kill"):format(options.point, options.nth or 1) })
    if options.meanwhile then options.meanwhile(self, workers[1]) end
    local how, code = self:wait(workers[1])
    if how == "signal" then
        self.counts.hits = 1
        if options.cuts then
            table.remove(workers, 1)
            self.counts.deaths = self.counts.deaths + 1
            self:cut(workers)
            workers = {}
        else
            self:fell(1)
        end
    elseif not case.is_end(how, code) then
        self:find(("worker 1 ended by %s %s: %s"):format(how, code, self:log()))
    end
    self:look()
    expect_ends(self, workers, 2)
    if options.until_died then return self:close() end
    self:finish(true)
    return self:close()
end

-- Somebody has died with legs under way, for those who come to take over.
function cases.one_died(self)
    self:fate(self:start({ OUTDIAL_FAULT = "after_intend:2:kill" }))
    self:fell(1)
end

-- options.kills: any of the workers dies at any time, and another comes, until that many have died or the campaign is
-- over.
function cases.random(options)
    local self = case.new(options)
    local workers = start_all(self)
    while self.counts.deaths < options.kills and not self.findings[1] do
        process.sleep(math.random() * self.stage.longest_s)
        local i = math.random(options.workers)
        if workers[i]:ended() then break end
        if self:kill(workers[i]) then self:fell(1) end
        self:look()
        workers[i] = self:start()
    end
    expect_ends(self, workers)
    self:finish(true)
    return self:close()
end

-- options.kills: the power goes at any time under all workers, until that many have died or the campaign is over.
function cases.dark(options)
    local self = case.new(options)
    local workers = start_all(self)
    while self.counts.deaths < options.kills and not self.findings[1] do
        process.sleep(math.random() * self.stage.longest_s)
        if self:cut(workers) == 0 then break end
        self:look()
        workers = start_all(self)
    end
    expect_ends(self, workers)
    self:finish(true)
    return self:close()
end

-- A person's command (options.command) dies at options.point, and is given again.
function cases.command(options)
    local self = case.new(options)
    cases.one_died(self)
    self:fate(self:start({ OUTDIAL_FAULT = "after_take:1:kill" })) -- what the first had under way is in doubt by now
    self:fell(1)
    local row = options.command
    local words = person.words(self, row.words)
    local dies = person.command(self, row, words, options.point .. ":1:kill")
    if self:fate(dies) == "signal" then self.counts.hits, self.counts.deaths = 1, self.counts.deaths + 1 end
    self:look()
    person.command(self, row, words):wait() -- done, or refused as done already
    if row.undone then
        local how, code = person.command(self, row, row.undone):wait()
        if how ~= "exit" or code ~= 0 then
            self:find(("outdial %s ended by %s %s: %s"):format(row.undone[1], how, code, self:log()))
        end
    end
    self:finish(true)
    return self:close()
end

---- stopped, and continued later ----

-- Of a worker that is to be stopped. Those that come after it have more time: they lose nothing by a busy machine.
local function short(self)
    return { OUTDIAL_LEASE_MS = self.lease_ms, OUTDIAL_LEASE_MARGIN_MS = 100, OUTDIAL_BUSY_MS = BUSY_MS }
end

local function sleeper_of(self)
    local fault = short(self)
    fault.OUTDIAL_FAULT = ("%s:%d:stop"):format(self.options.point, self.options.nth or 1)
    return fault
end

-- It lost its lease meanwhile: it may end in whatever way, but it does.
local function wake(self, sleeper)
    sleeper:signal("CONT")
    self:wait(sleeper)
    self.place:settle()
end

local function is_said_locked(self)
    return self:log(true):find(person.LOCKED, 1, true) ~= nil
end

-- Another worker, when the lease has run out. Returns whether it took over.
local function take_over(self)
    local began_s = process.now_s()
    local how, code = self:wait(self:start({ OUTDIAL_BUSY_MS = BUSY_MS }))
    local took_s = process.now_s() - began_s
    if case.is_end(how, code) then return true end
    -- The other thread of who was stopped may have been inside a transaction.
    if not is_said_locked(self) then
        self:find(("the other worker ended by %s %s: %s"):format(how, code, self:log()))
        return false
    end
    self.counts.locked = 1
    if took_s > LOCKED_S * self.slowness then
        self:find(("it took %.0f s to find the store locked"):format(took_s))
    end
    return false
end

-- options.point, options.nth: a worker is stopped there until its lease has run out and another has taken over, and
-- goes on.
function cases.stopped(options)
    local self = case.new(options)
    if options.after then options.after(self) end
    local sleeper = self:start(sleeper_of(self))
    if options.meanwhile then options.meanwhile(self, sleeper) end
    if process.wait_stopped(sleeper, self:patience()) == "T" then
        self.counts.stops, self.counts.hits = 1, 1
        local stopped_ms = process.now_ms()
        process.sleep(self.lease_ms / 1000 + 0.1)
        local took_over = take_over(self)
        self.place:settle()
        local since_ms = process.now_ms()
        wake(self, sleeper)
        local store, rings = self:read()
        local allowed = options.point == self.stage.last_point and 1 or 0
        if took_over then judge.silent_since(rings, since_ms, allowed, self.findings) end
        judge.in_time(store, rings, function(leg)
            return leg.at_ms <= stopped_ms and self.lease_ms or self.place.lease_ms
        end, allowed, self.findings)
    else
        self:expect_end(sleeper, "the worker")
    end
    self:finish(true)
    return self:close()
end

local function any_lives(workers, from)
    for i = from, #workers do
        if not workers[i]:ended() then return true end
    end
    return false
end

-- options.point, options.nth: one of several workers is stopped there, inside a transaction, for longer than leases
-- last: the others can write nothing meanwhile, and say so.
function cases.frozen(options)
    local self = case.new(options)
    local workers = { self:start(sleeper_of(self)) }
    for i = 2, options.workers do workers[i] = self:start(short(self)) end
    if process.wait_stopped(workers[1], self:patience()) == "T" then
        self.counts.stops, self.counts.hits = 1, 1
        local tells = self.stage.tells and any_lives(workers, 2)
        process.sleep(2 * self.lease_ms / 1000)
        self:look()
        local last_s = process.now_s() + self:patience()
        while tells and not is_said_locked(self) and process.now_s() < last_s do process.sleep(0.1) end
        if tells and not is_said_locked(self) then
            self:find("nobody said that the store is locked: " .. self:log())
        end
        wake(self, workers[1])
    end
    for _, worker in ipairs(workers) do self:wait(worker) end
    self.place:settle()
    local store, rings = self:read()
    judge.in_time(store, rings, function() return self.lease_ms end, 0, self.findings)
    self:finish(true)
    return self:close()
end

return cases
