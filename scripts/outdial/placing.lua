-- Sending one leg: its tries, joined into one placement (R3), each with a slot of the store's (R21) and only while it
-- may still be sent (R4). A token is sent again only where the vendor knows it, by this process and at once (R2).
local core = require "outdial.core"
local random = require "outdial.random"

local M = {}

local MAX_TRIES = 3
local REPEATED = { throttled = true, network = true, unavailable = true } -- what another try may help
local BACKOFF_S, RESEND_WITHIN_S = 0.5, 3
-- As far ahead as an intent is made: what is sent later is judged again (R4). Where its vendor says for how long it
-- wants no calls, nobody's is made in that time.
local LONGEST_WAIT_S = 2

-- Whether the vendor takes a second request with the same token for the same call. Asked once for each operation: a
-- description is long.
local function knows_tokens(account, operation)
    if account.info.repeats ~= nil then return account.info.repeats end
    local known = account.knows_tokens[operation]
    if known == nil then
        known = core.describe(account.kind, operation)["repeat"] == "token"
        account.knows_tokens[operation] = known
    end
    return known
end

-- Whether one more try may be made after this answer; joined is what all tries so far are.
local function may_repeat(self, err)
    if self.tries >= MAX_TRIES or self.work:stopped() then return false end
    if err.placement == "not_placed" then
        return self.joined ~= "unknown" and err.retryable and REPEATED[err.code] or false
    end
    return self.knows_tokens and self.work:now() - self.first_at < self.resend_within
end

local function heed(self, err)
    local wait_s = err.retry_after or 0
    if not REPEATED[err.code] or wait_s <= LONGEST_WAIT_S then return end
    self.work:log("warning", ("%s wants no calls for %.0f s: %s"):format(self.account.name,
        self.account:rest(wait_s), tostring(err)))
end

-- Takes a slot for one more try and waits for it. Returns whether it may be made.
local function wait_for_slot(self, err)
    local work, facts, now = self.work, self.facts, self.work:now()
    if (err.retry_after or 0) > LONGEST_WAIT_S then return false end
    local at = now + math.max(err.retry_after or 0, BACKOFF_S * 2 ^ (self.tries - 1) * self.random())
    if facts.per_second then
        local slot = work:store("slot", { leg = self.leg, bucket = facts.bucket, per_second = facts.per_second,
            burst = facts.burst })
        if not slot or slot.refused then return false end
        at = math.max(at, slot.send_at_ms / 1000)
    end
    if at >= self.last_at then return false end
    if at > now then work.scheduler.sleep(at - now) end
    return true
end

-- One try, with no byte sent after last_at. Returns what it told, unread, or nil, err.
local function try(account, prepared, last_at)
    local options = account.placing
    options.send_before = last_at
    local result, err = account.client:place_prepared(prepared, options)
    account:record(err)
    return result, err
end

local function ended_well(result)
    return result:get "state" == "handed_off" and "handed_off" or "placed", result
end

-- After a first try that failed.
local function try_again(self, err)
    local because
    while true do
        if self.joined ~= "unknown" then -- a later refusal settles that try only
            self.joined, because = err.placement == "not_placed" and "not_placed" or "unknown", err
        end
        if self.joined == "unknown" then
            self.last_at = math.min(self.last_at, self.first_at + self.resend_within)
        end
        heed(self, err)
        if not may_repeat(self, err) or not wait_for_slot(self, err) then return self.joined, nil, because end
        local result
        result, err = try(self.account, self.prepared, self.last_at)
        self.tries = self.tries + 1
        if result then return ended_well(result) end
    end
end

-- M.place(work, account, intent, prepared, token) -> placement, result, err: "placed" or "handed_off" with the unread
-- result, "not_placed" or "unknown" with the error of the try that tells. What was prepared is sent, and nothing else.
function M.place(work, account, intent, prepared, token)
    local first_at, send_at = work:now(), intent.send_at_ms / 1000
    if send_at > first_at then
        work.scheduler.sleep(send_at - first_at)
        first_at = work:now()
    end
    local last_at = intent.send_before_ms / 1000
    local result, err = try(account, prepared, last_at)
    if result then return ended_well(result) end
    local facts = assert(prepared:facts())
    return try_again({ work = work, account = account, prepared = prepared, facts = facts, leg = intent.leg, tries = 1,
        random = random.new(token, "tries"), knows_tokens = knows_tokens(account, facts.operation), first_at = first_at,
        last_at = last_at, resend_within = account.settings.resend_within or RESEND_WITHIN_S }, err)
end

return M
