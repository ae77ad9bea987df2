-- Following legs that a vendor has accepted to their end, and deciding what comes next for the contact. A leg that is
-- placed is unreported when the vendor says nothing for open_for (R7); one that is handed off is followed without limit
-- (R6).
local attempt = require "outdial.attempt"
local dayparts = require "outdial.dayparts"
local errors = require "outdial.error"
local hooks = require "outdial.hooks"
local identity = require "outdial.identity"
local instant = require "outdial.instant"
local random = require "outdial.random"

local M = {}

local LOOK_S, LONGEST_LOOK_S = 60, 600 -- how long a handed-off leg is listened to before it is asked whether it rang
local LAST_LOOK_S = 10                 -- what a leg still gets that was silent for long when it is taken over
local AGAIN_S, LONGEST_AGAIN_S = 1, 60 -- after an error of the vendor's

local function unreported(why)
    return { kind = "unreported", rang = "unknown", raw = why }
end

---- deciding ----

local function from_plan(result, view, now_ms)
    if result.plan == "stop" then return { state = "done", why = result.why } end
    if result.plan == "later" then
        return { state = "waiting", due_ms = instant.parse(result.when, now_ms), why = result.why }
    end
    local at_ms = instant.parse(result.at, now_ms)
    local number = result.number and hooks.number_index(view, result.number)
    return { state = "waiting", due_ms = at_ms, why = "callback", number = number,
        to = number and view.numbers[number].number,
        callback = { at_ms = at_ms, within_ms = result.within_ms, number = number } }
end

-- The attempts before this one that are told of: the latest.
local function earlier(leg)
    local list = {}
    for _, past in ipairs(leg.contact.history or {}) do
        if past.kind and past.at_ms ~= leg.at_ms then list[#list + 1] = past end
    end
    return list
end

local function by_policy(work, leg, outcome)
    local view = leg.contact
    local number, draw = hooks.number_index(view, leg.number) or view.number, random.new(leg.token .. "retry")
    local function spread(due_ms, called_at, next_number)
        local ruleset = work.campaign.ruleset
        local window = work:store("window", { contact = view.contact, number_index = next_number })
        return dayparts.spread(due_ms, called_at, { zone = window and window.zone or ruleset.zone, ruleset = ruleset,
            random = draw })
    end
    local numbers = M.numbers(view)
    local decision = work.campaign.retry:decide({ kind = outcome.kind, counts = outcome.rang ~= "no",
        at_ms = leg.at_ms }, earlier(leg), { now_ms = work:wall_ms(), number = number, numbers = numbers, random = draw,
            spread = spread, tally = view.tally })
    decision.to = decision.number and numbers[decision.number] -- the list may have changed while it was called
    return decision
end

function M.numbers(view)
    local list = {}
    for i, entry in ipairs(view.numbers) do list[i] = entry.number end
    return list
end

-- What the script is told of an outcome.
local function told(leg, outcome)
    return { kind = outcome.kind, rang = outcome.rang, raw = outcome.raw, at = outcome.at, number = leg.number,
        vendor = leg.client, id = leg.call and leg.call.id }
end

local function decide(work, leg, outcome)
    local fn = work.campaign.hooks.on_outcome
    if not fn then return by_policy(work, leg, outcome) end
    local view = leg.contact
    if view.unreadable then -- held: no import is to make it ready again that was called
        return { state = "held", why = work:cannot_read(view.id, view.unreadable) }
    end
    local ok, value, traceback = hooks.call(work.scheduler, "on_outcome", fn, view, hooks.contact(view),
        attempt.context(work, view, leg.token .. "on_outcome"), told(leg, outcome))
    if not ok then
        work:hold(value, traceback)
        return { state = "held", why = value }
    end
    if value then return from_plan(value, view, work:wall_ms()) end
    return by_policy(work, leg, outcome)
end

---- waiting for the end ----

-- The wall time at which a placed leg that stays silent is over.
local function silent_until(work, leg)
    return (leg.placed_ms or leg.at_ms) + work.campaign.open_for_ms
end

-- Whether a leg that is handed off has been placed meanwhile.
local function look_whether_placed(work, account, leg)
    if leg.elsewhere or not account.info.finds then return end
    local found = account.client:find(leg.call)
    if not found or found.placement ~= "placed" or found.call.state ~= "placed" then return end
    if not work:store("settle", { leg = leg.leg, placement = "placed", call = found.call }) then return end
    found.call.to, found.call.contact, found.call.at = leg.call.to, leg.call.contact, leg.call.at
    work:moved(leg, "placed")
    leg.call, leg.placed_ms = found.call, work:wall_ms()
end

-- Of a call of another account the vendor is not asked: it is waited for as one that cannot be.
local function ask(account, leg, timeout_s)
    if leg.elsewhere then return nil, errors.new("validation", leg.elsewhere) end
    return account.client:track(leg.call, { timeout = timeout_s })
end

-- Returns the outcome, or nil when the run stops before.
local function wait_for_end(work, account, leg)
    local again_s, look_s, first = AGAIN_S, LOOK_S, true
    while not work.closing do
        if leg.state == "placed" and not work.campaign.track then return attempt.UNTRACKED end
        local left_s = leg.state == "placed" and (silent_until(work, leg) - work:wall_ms()) / 1000 or nil
        if left_s and left_s <= 0 then
            if not first then return unreported(leg.elsewhere or "nothing was heard of it") end
            left_s = LAST_LOOK_S
        end
        local outcome, err = ask(account, leg, left_s or look_s)
        if outcome then return outcome end
        first = false
        if work.closing then return nil end
        if err.code == "timeout" then
            if leg.state == "handed_off" then
                look_whether_placed(work, account, leg)
                look_s = math.min(look_s * 2, LONGEST_LOOK_S)
            end
        elseif err.code == "validation" and left_s then -- it cannot be asked about; it may go on all the same
            work.scheduler.sleep(left_s)
        else
            work.scheduler.sleep(again_s)
            again_s = math.min(again_s * 2, LONGEST_AGAIN_S)
        end
    end
end

-- M.follow(work, leg): to its end, as far as the run goes.
function M.follow(work, leg)
    local account = work.accounts[leg.client]
    leg.elsewhere = identity.why_not(account, leg)
    if leg.elsewhere then work:log("warning", ("call %s is not followed: %s"):format(leg.token, leg.elsewhere)) end
    leg.waiting = true
    local outcome = wait_for_end(work, account, leg)
    leg.waiting = false
    if not outcome then return end
    local decision = outcome == attempt.UNTRACKED and attempt.PLACED_IS_THE_END
        or decide(work, leg, outcome)
    work:store("outcome", { leg = leg.leg, kind = outcome.kind, rang = outcome.rang, raw = outcome.raw,
        at_ms = outcome.at and math.floor(outcome.at * 1000) or work:wall_ms(), lives_on = outcome.lives_on,
        decision = decision })
    if outcome.lives_on then work:withdraw_soon() end
    work:count_outcome(outcome.kind)
end

return M
