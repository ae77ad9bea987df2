-- Random numbers that go by their seed alone: the same attempt gets the same ones in every run and every Lua.
local M = {}

local MODULUS, FACTOR = 2147483647, 48271 -- Park and Miller; every product stays below 2^53

local function seeded(seed)
    local state = 1
    for i = 1, #seed do state = (state * 257 + seed:byte(i) + 1) % MODULUS end
    return (state == 0 and 1 or state) * FACTOR % MODULUS
end

-- M.new(seed [, purpose], texts) -> random(): a number in [0, 1); random(n): 1..n; random(m, n): m..n, as math.random
function M.new(seed, purpose)
    local state -- most are never asked for a number
    return function(low, high)
        state = (state or seeded(seed .. (purpose or ""))) * FACTOR % MODULUS
        local drawn = (state - 1) / (MODULUS - 1)
        if low == nil then return drawn end
        if high == nil then low, high = 1, low end
        return low + math.floor(drawn * (high - low + 1))
    end
end

return M
