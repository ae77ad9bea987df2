-- Random numbers that go by their seed alone: the same attempt gets the same ones in every run and every Lua.
local M = {}

local MODULUS, FACTOR = 2147483647, 48271 -- Park and Miller; every product stays below 2^53

local function seeded(seed)
    local state = 1
    for i = 1, #seed do state = (state * 257 + seed:byte(i) + 1) % MODULUS end
    return (state == 0 and 1 or state) * FACTOR % MODULUS
end

-- M.new(seed, a text) -> random(): a number in [0, 1); random(n): 1..n; random(m, n): m..n, as math.random
function M.new(seed)
    local state -- most are never asked for a number
    local function draw()
        state = (state or seeded(seed)) * FACTOR % MODULUS
        return (state - 1) / (MODULUS - 1)
    end
    return function(low, high)
        if low == nil then return draw() end
        if high == nil then low, high = 1, low end
        return low + math.floor(draw() * (high - low + 1))
    end
end

return M
