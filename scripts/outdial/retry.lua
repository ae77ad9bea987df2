-- The retry policy of a campaign, a value: what to do about each outcome. Deciding is pure and total.
--
--     outdial.retry {
--         max_attempts = 6, per_number = 3,
--         on = {
--             busy = { after = "15m", max = 2 },            -- again after 15 minutes, after at most 2 busy calls
--             no_answer = { after = "4h", jitter = 0.2 },   -- 4 h, give or take 20 %
--             machine = { after = "4h", spread = "dayparts" }, -- then in the part of the day that was tried least
--             invalid_number = { next_number = true },      -- the next of the contact's numbers
--             declined = { stop = "declined", gap = "90d" },-- no further call; other campaigns wait 90 days
--             ["*"] = { stop = "done" },                    -- all the rest
--         },
--     }
local duration = require "outdial.duration"
local errors = require "outdial.error"
local outcomes = require "outdial.outcomes"

local M = {}

local KEYS, ROW_KEYS = { "max_attempts", "per_number", "on" },
    { "after", "max", "next_number", "stop", "gap", "jitter", "spread" }
local SPREADS = { "dayparts" }
local STOPS_BY_ITSELF = { unreported = "unreported", unclassified = "unclassified" }
local MOST = 10000

local Policy = {}
Policy.__index = Policy

local function count_of(options, key)
    local value = options[key]
    if value == nil then return nil end
    if type(value) == "number" and value >= 1 and value <= MOST and value % 1 == 0 then return math.floor(value) end
    return nil, ("%s: expected a whole number from 1 to %d, got %s"):format(key, MOST, errors.show(value))
end

local function check_row(given)
    if type(given) ~= "table" then return nil, "expected a table, got " .. errors.kind(given) end
    local problem = errors.unknown_key(given, ROW_KEYS)
    if problem then return nil, problem end
    local row = {}
    if given.stop ~= nil then
        if type(given.stop) ~= "string" or given.stop == "" then
            return nil, "stop: expected why, a text, got " .. errors.show(given.stop)
        end
        for _, key in ipairs { "after", "max", "next_number", "jitter", "spread" } do
            if given[key] ~= nil then return nil, ("stop: goes not with %s"):format(key) end
        end
        row.stop = given.stop
    elseif given.after == nil and not given.next_number then
        return nil, "expected after, next_number or stop"
    end
    for _, key in ipairs { "after", "gap" } do
        if given[key] ~= nil then
            row[key .. "_ms"], problem = duration.parse(given[key])
            if not row[key .. "_ms"] then return nil, key .. ": " .. problem end
        end
    end
    row.max, problem = count_of(given, "max")
    if problem then return nil, problem end
    if given.next_number ~= nil and type(given.next_number) ~= "boolean" then
        return nil, "next_number: expected true or false, got " .. errors.kind(given.next_number)
    end
    row.next_number = given.next_number or nil
    local jitter = given.jitter
    if jitter ~= nil and not (type(jitter) == "number" and jitter >= 0 and jitter <= 1) then
        return nil, "jitter: expected a number from 0 to 1, got " .. errors.show(jitter)
    end
    if jitter ~= nil and not row.after_ms then return nil, "jitter: goes only with after" end
    row.jitter = jitter
    local spread = given.spread
    if spread ~= nil then
        if type(spread) ~= "string" then return nil, 'spread: expected "dayparts", got ' .. errors.show(spread) end
        if spread ~= SPREADS[1] then return nil, "spread: " .. errors.unknown("unknown value", spread, SPREADS) end
        if not row.after_ms then return nil, "spread: goes only with after" end
        row.spread = true
    end
    return row
end

local function check_kind(kind)
    if kind == "*" then return nil end
    if kind == "in_doubt" then
        return "in_doubt is no outcome: see on_doubt, and doubt = { write_off_after = }"
    end
    for _, known in ipairs(outcomes) do
        if known == kind then return nil end
    end
    return errors.unknown("unknown outcome", kind, outcomes)
end

-- M.new(options) -> policy, or nil, text
function M.new(options)
    if type(options) ~= "table" then return nil, "expected a table of options, got " .. errors.kind(options) end
    local problem = errors.unknown_key(options, KEYS)
    if problem then return nil, problem end
    local self = setmetatable({ rows = {} }, Policy)
    for _, key in ipairs { "max_attempts", "per_number" } do
        self[key], problem = count_of(options, key)
        if problem then return nil, problem end
    end
    if type(options.on) ~= "table" then
        return nil, "on: expected a table of outcomes, got " .. errors.kind(options.on)
    end
    for kind, given in pairs(options.on) do
        problem = check_kind(kind)
        if problem then return nil, "on: " .. problem end
        self.rows[kind], problem = check_row(given)
        if problem then return nil, ("on.%s: %s"):format(kind, problem) end
    end
    for _, kind in ipairs(outcomes) do
        local stop = STOPS_BY_ITSELF[kind]
        if not self.rows[kind] then self.rows[kind] = stop and { stop = stop } or self.rows["*"] end
        if not self.rows[kind] then
            return nil, ('on: no row for "%s": name it, or add ["*"] = { stop = "done" }'):format(kind)
        end
    end
    self.rows["*"] = nil
    return self
end

function M.is(value)
    return type(value) == "table" and getmetatable(value) == Policy
end

-- policy:gaps() -> { outcome = ms }: what its rows say about how long everybody leaves the person alone
function Policy:gaps()
    local out = {}
    for kind, row in pairs(self.rows) do out[kind] = row.gap_ms end
    return out
end

local function counts(attempt)
    return attempt.counts ~= false
end

-- The next number of the chain from `index` that may still be tried, or nil.
local function find_number(self, index, tried, count, wrap)
    for step = 0, count - 1 do
        local at = index + step
        if at > count then
            if not wrap then return nil end
            at = at - count
        end
        if not self.per_number or (tried[at] or 0) < self.per_number then return at end
    end
end

local function exhausted(why, ...)
    return { state = "exhausted", why = why:format(...) }
end

-- When the attempts were that count.
local function times_of(outcome, history)
    local list = { counts(outcome) and outcome.at_ms or nil }
    for _, attempt in ipairs(history) do
        if counts(attempt) then list[#list + 1] = attempt.at_ms end
    end
    return list
end

-- policy:decide(outcome, history, at) -> decision { state, due_ms, number, why }
-- outcome: { kind, counts, at_ms } of the attempt that ended. history: the attempts before it, { kind, counts, number,
-- at_ms }, in any order. at: { now_ms, number (index that was called), numbers (the contact's, as a list), random (a
-- function), spread (a function of when it is due, when the attempts were and the index of the number that is next:
-- when else), tally (the attempts before it, counted: { number, kind, counts, times }; absent: those of history, which
-- may not have all) }.
function Policy:decide(outcome, history, at)
    local row = self.rows[outcome.kind]
    if row.stop then return { state = "done", why = row.stop } end
    local attempts, same, tried, index_of = 0, 1, {}, {}
    for i, number in ipairs(at.numbers) do index_of[number] = i end
    if counts(outcome) then attempts, tried[at.number] = 1, 1 end
    for _, attempt in ipairs(at.tally or history) do
        local index, times = index_of[attempt.number], attempt.times or 1
        if counts(attempt) then
            attempts = attempts + times
            if index then tried[index] = (tried[index] or 0) + times end
        end
        if attempt.kind == outcome.kind then same = same + times end
    end
    if self.max_attempts and attempts >= self.max_attempts then
        return exhausted("%d of %d attempts", attempts, self.max_attempts)
    end
    if row.max and same > row.max then return exhausted("%s after %d more", outcome.kind, row.max) end
    local from = row.next_number and at.number + 1 or at.number
    local number = find_number(self, from, tried, #at.numbers, row.after_ms ~= nil)
    if not number or (row.next_number and not row.after_ms and number <= at.number) then
        return exhausted("%s, and no %s", outcome.kind, row.next_number and "further number" or "number left to try")
    end
    local after = row.after_ms or 0
    if row.jitter then after = math.floor(after * (1 + row.jitter * (2 * at.random() - 1))) end
    local due_ms = at.now_ms + after
    if row.spread then due_ms = at.spread(due_ms, times_of(outcome, history), number) end
    return { state = "waiting", due_ms = due_ms, number = number, why = outcome.kind }
end

-- What a campaign without a policy does: everyone is called once.
M.ONCE = M.new { on = { ["*"] = { stop = "called once" } } }

return M
