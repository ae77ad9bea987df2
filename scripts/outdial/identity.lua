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

-- Its account, as the client would place it now. A client made of Lua may tell it only of a call that can be placed.
local function account_of(client, call)
    local ok, own = pcall(function() return client.account_of end)
    if ok and own then return own(client, call) end
    local prepared, err = client:prepare_placing(call)
    if not prepared then return nil, err end
    local facts
    facts, err = prepared:facts()
    return facts and facts.account, err
end

-- M.why_not(account, leg) -> why its client is not to be asked about the leg; nil: it may be
function M.why_not(account, leg)
    if not leg.account then return nil end
    local now, err = account_of(account.client, meant(leg))
    if now == nil then return "the client's account cannot be told: " .. tostring(err) end
    if now ~= leg.account then return ("vendor_changed: the client is %s now, not %s"):format(now, leg.account) end
end

return M
