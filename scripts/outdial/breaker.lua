-- Whether a vendor is worth asking: a circuit breaker, pure. When half of at least 20 samples within 30 s have failed,
-- it opens for 15 s; then one probe decides, and each time in a row it stays open twice as long, up to 5 minutes. Times
-- are seconds of one clock. What ended within one second is one entry.
local M = {}

local RATIO, LEAST, WITHIN_S = 0.5, 20, 30
local TOGETHER_S = 1
local FIRST_S, LAST_S = 15, 300

local Breaker = {}
Breaker.__index = Breaker

function M.new()
    return setmetatable({ samples = {}, first = 1, last = 0, count = 0, failed = 0, pause = FIRST_S }, Breaker)
end

local function forget(self, before)
    local samples = self.samples
    local oldest = samples[self.first]
    while oldest and oldest.at < before do
        self.count, self.failed = self.count - oldest.count, self.failed - oldest.failed
        samples[self.first] = nil
        self.first = self.first + 1
        oldest = samples[self.first]
    end
end

-- Those of one second are kept as one, or a fast campaign would remember a hundred thousand.
local function samples_at(self, now)
    local latest = self.samples[self.last]
    if latest and now - latest.at < TOGETHER_S then return latest end
    self.last = self.last + 1
    self.samples[self.last] = { at = now, count = 0, failed = 0 }
    return self.samples[self.last]
end

local function open(self, now)
    forget(self, math.huge)
    self.open_until = now + self.pause
    self.pause = math.min(self.pause * 2, LAST_S)
end

-- breaker:record(now, ok): how one request ended
function Breaker:record(now, ok)
    if self.open_until then return end
    local latest = self.samples[self.last]
    if ok and self.failed == 0 and latest and now - latest.at < TOGETHER_S and not self.closed_at then -- nearly always
        latest.count, self.count = latest.count + 1, self.count + 1
        return
    end
    forget(self, now - WITHIN_S)
    local samples, count = samples_at(self, now), self.count + 1
    samples.count, self.count = samples.count + 1, count
    if not ok then samples.failed, self.failed = samples.failed + 1, self.failed + 1 end
    if count >= LEAST and self.failed >= RATIO * count then open(self, now) end
    if ok and self.closed_at and now - self.closed_at > LAST_S then self.pause, self.closed_at = FIRST_S, nil end
end

-- breaker.open_until is nil while it is closed.
-- breaker:state(now) -> "closed", "open" or "due" (a probe is to be made), and when it is due
function Breaker:state(now)
    if not self.open_until then return "closed" end
    return now >= self.open_until and "due" or "open", self.open_until
end

-- breaker:probed(now, ok): what the probe found
function Breaker:probed(now, ok)
    if ok then self.open_until, self.closed_at = nil, now else open(self, now) end
end

-- breaker:reopen(now, open_for, pause): as another run has left it: open for so long yet (0 or less: the probe is due),
-- and for `pause` if the next probe fails
function Breaker:reopen(now, open_for, pause)
    self.open_until = now + math.min(math.max(open_for, 0), LAST_S)
    self.pause = math.min(math.max(pause, FIRST_S), LAST_S)
end

return M
