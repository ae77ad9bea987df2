-- Taking back what a vendor would ring later: after a do-not-call entry, a pause, a stop, or when the window ends (R6);
-- and what it would ring once more though its outcome is known: when the campaign is done with the contact, or calls it
-- again only later.
local identity = require "outdial.identity"

local M = {}

local LIMIT, MOST_FOLLOWED, AT_ONCE, WAIT_S = 100, 1000, 4, 60
local AGAIN_S, MOST_AT_END = 61, 3 -- before a run ends; the store gives out what failed after a minute

-- Of a call that was given up it is not known whether there is anything to take back: that there is nothing counts only
-- once what was sent would have arrived (R5).
local function is_to_come(work, account, leg)
    return work:wall_ms() < leg.at_ms + (account.info.look_after_ms or 0)
end

-- What a vendor's answer means to the store.
local function learn(work, account, leg, result)
    local again
    if leg.state == "ended" then
        again = result.placed -- who has it now gives it back
    elseif leg.state == "written_off" and result.none then
        again = is_to_come(work, account, leg)
        return { done = not again, why = result.why, again = again or nil }
    elseif leg.state == "written_off" then
        again = not result.withdrawn and not result.placed
    end
    return { done = result.withdrawn and true or false, why = result.why, again = again or nil }
end

-- Returns what to tell the store, whether the vendor has made the call, and whether only another run may do better.
local function withdraw(work, leg)
    local account = work.accounts[leg.client]
    if not account.info.withdraws then return { done = false, why = "this vendor takes nothing back" } end
    local elsewhere = identity.why_not(account, leg)
    local why_not = elsewhere or account:why_deaf()
    if why_not then return { done = false, why = why_not, again = true }, nil, elsewhere ~= nil end
    leg.call.ended = leg.state == "ended" or nil
    local result, err = account.client:withdraw(leg.call)
    if not result then return { done = false, why = tostring(err), again = err.code ~= "validation" or nil } end
    return learn(work, account, leg, result), result.placed
end

-- The legs that are waited for as handed off, and those that are to be taken back, as far as the store takes them in
-- one question.
local function followed(work)
    local ids = {}
    for id in pairs(work.still_living) do
        if #ids < MOST_FOLLOWED then ids[#ids + 1] = id end
    end
    for id, leg in pairs(work.legs) do
        if leg.waiting and leg.state == "handed_off" and #ids < MOST_FOLLOWED then ids[#ids + 1] = id end
    end
    return ids
end

-- What a person has said of them ends the waiting. One that is placed is followed anew, as that.
local function let_go(work, settled)
    for _, id in ipairs(settled or {}) do
        work.still_living[id] = nil
        local leg = work.legs[id]
        if leg and leg.waiting and leg.state == "handed_off" then
            work:unfollow(id)
            work.must_adopt = true
        end
    end
end

local function carry_out(work, leg)
    local result, placed, in_vain = withdraw(work, leg)
    result.leg = leg.leg
    work.still_living[leg.leg] = leg.state ~= "handed_off" and not in_vain and result.again or nil
    if work:store("withdrawn", result) and result.done then work:unfollow(leg.leg) end
    local leg_here = work.legs[leg.leg]
    if not placed or not (leg_here or leg.state == "written_off") then return end
    if work:store("settle", { leg = leg.leg, placement = "placed", call = leg.call }) and leg_here then
        leg_here.placed_ms = work:wall_ms()
        work:moved(leg_here, "placed")
    end
end

-- M.run(work, living_on) -> whether there may be more: carries out what is due, with living_on also of calls that have
-- an outcome; what fails is listed by the store. One at a time: what one of them was given no other sees.
function M.run(work, living_on)
    while work.withdrawing and not work.failed do work.withdrawn:wait(WAIT_S) end
    if work.failed then return false end
    work.withdrawing = true
    local due = work:store("withdrawals", { campaign = work.campaign.name, limit = LIMIT,
        clients = work.campaign.vendor_names, followed = followed(work), living_on = living_on })
    if due then
        let_go(work, due.settled)
        work.scheduler.each(due.legs, { concurrency = AT_ONCE }, function(leg) carry_out(work, leg) end)
    end
    work.withdrawing = nil
    work.withdrawn:ring_all()
    return due ~= nil and due.legs[LIMIT] ~= nil
end

-- M.finish(work): carries out all that is due before a run ends, and tries a few times more what failed: of a call that
-- has its outcome nobody else would take it back.
function M.finish(work)
    for try = 1, MOST_AT_END do
        while M.run(work, true) do end
        local over = work.failed or not next(work.still_living) or try == MOST_AT_END
        local again_at = work:now() + AGAIN_S
        while not over and work:now() < again_at do
            work.withdrawn:wait(again_at - work:now())
            over = work.failed or work.scheduler.stopping()
        end
        if over then return end
    end
end

return M
