-- Whether a client is still the one that a leg was meant for (R22): what it would look for, follow or take back
-- elsewhere tells nothing of that leg's call, or tells of another one.
local M = {}

local CALL_KEYS = { "from", "contact", "attributes", "fields", "not_before", "not_after", "zone", "ring_timeout" }

-- The call that was meant.
local function meant(leg)
    local kept = leg.request and leg.request.call or leg.call
    local call = { to = leg.number, token = leg.token }
    for _, key in ipairs(CALL_KEYS) do call[key] = kept[key] end
    return call
end

-- M.why_not(account, leg) -> why its client is not to be asked about the leg; nil: it may be
function M.why_not(account, leg)
    if not leg.account then return nil end
    local now, err = account.client:account_of(meant(leg))
    if now == nil then return "the client's account cannot be told: " .. tostring(err) end
    if now ~= leg.account then return ("vendor_changed: the client is %s now, not %s"):format(now, leg.account) end
end

return M
