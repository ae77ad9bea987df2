-- Legs in doubt: asking the vendors about them (R5), the script (on_doubt), and giving up on the old ones where the
-- campaign says when (R12). Nothing here places a call.
local attempt = require "outdial.attempt"
local hooks = require "outdial.hooks"
local identity = require "outdial.identity"

local M = {}

local LIMIT = 100
local AFTER_ERROR_S = 60

-- Returns false where the vendor could not be reached: it is asked again later.
local function look(work, leg)
    local account = work.accounts[leg.client]
    local params = { leg = leg.leg, version = leg.version, found = false, delay_ms = account.info.look_after_ms or 0 }
    params.why = identity.why_not(account, leg)
    if not params.why then
        local found, err = account.client:find(leg.call)
        if found then
            params.found = found.placement == "placed"
            params.call = found.call
        elseif err.code == "validation" then
            params.why = tostring(err)
        else
            return false
        end
    end
    if params.call then
        params.call.to, params.call.contact, params.call.at = leg.call.to, leg.call.contact, leg.call.at
    end
    params.cannot = params.why ~= nil or nil
    local looked = work:store("looked", params)
    if looked and params.found then work.must_adopt = true end -- it is to be followed, by whoever comes first
    return looked ~= nil
end

-- M.look(work) -> seconds until the next look is due, or nil: no leg is in doubt
function M.look(work)
    local due = work:store("looks", { campaign = work.campaign.name, limit = LIMIT,
        clients = work.campaign.vendor_names })
    if not due then return AFTER_ERROR_S end
    local reached = true
    for _, leg in ipairs(due.legs) do
        if work.closing then return nil end
        reached = look(work, leg) and reached
    end
    if not reached then return AFTER_ERROR_S end
    if due.legs[LIMIT] then return 0 end
    return due.next_ms and math.max(due.next_ms - work:wall_ms(), 0) / 1000
end

local function ask_script(work, leg)
    local fn, view = work.campaign.hooks.on_doubt, leg.contact
    if not fn or work.asked_about[leg.leg] then return false end
    work.asked_about[leg.leg] = true
    if view.unreadable then
        work:cannot_read(view.id, view.unreadable)
        return false
    end
    local ok, write_off, traceback = hooks.call(work.scheduler, "on_doubt", fn, work.campaign, hooks.contact(view),
        attempt.context(work, view, leg.token .. "on_doubt"), { number = leg.number, vendor = leg.client,
        at = leg.at_ms / 1000, attempt = leg.ordinal, cause = leg.cause })
    if not ok then
        work:hold(write_off, traceback)
        return false
    end
    return write_off
end

local function settle(work, leg)
    local after_ms = work.campaign.write_off_after_ms
    if leg.contact.campaign ~= work.campaign.name or leg.state ~= "in_doubt" or work.closing then return end
    -- What its vendor may have been handed is never given up by time alone (R6).
    local is_old = after_ms and not leg.hands_off and work:wall_ms() - leg.at_ms >= after_ms
    local why = is_old and "doubt.write_off_after" or ask_script(work, leg) and "on_doubt"
    if why and work:store("write_off", { leg = leg.leg, why = why }) then work:withdraw_soon() end
end

-- M.settle_all(work): writes off what the script or the campaign's time says.
function M.settle_all(work)
    if not work.campaign.write_off_after_ms and not work.campaign.hooks.on_doubt or work.settling then return end
    work.settling = true
    local after
    repeat
        local page = work:store("doubts", { limit = LIMIT, after = after })
        for _, leg in ipairs(page and page.legs or {}) do settle(work, leg) end
        after = page and page.after
    until after == nil
    work.settling = nil
end

return M
