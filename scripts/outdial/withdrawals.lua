-- Taking back what a vendor would ring later: after a do-not-call entry, a pause, a stop, or when the window ends (R6).
local M = {}

local LIMIT = 100

local function withdraw(work, leg)
    local account = work.accounts[leg.client]
    if not account.info.withdraws then return { done = false, why = "this vendor takes nothing back" } end
    local result, err = account.client:withdraw(leg.call)
    if not result then return { done = false, why = tostring(err), again = err.code ~= "validation" or nil } end
    return { done = result.withdrawn and true or false, why = result.why }, result.placed
end

-- M.run(work): carries out what is due; what fails is listed by the store.
function M.run(work)
    local due = work:store("withdrawals", { campaign = work.campaign.name, limit = LIMIT,
        clients = work.campaign.vendor_names })
    for _, leg in ipairs(due and due.legs or {}) do
        local result, placed = withdraw(work, leg)
        result.leg = leg.leg
        if work:store("withdrawn", result) and result.done then work:unfollow(leg.leg) end
        local followed = work.legs[leg.leg]
        if placed and followed and work:store("settle", { leg = leg.leg, placement = "placed", call = leg.call }) then
            followed.placed_ms = work:wall_ms()
            work:moved(followed, "placed")
        end
    end
end

return M
