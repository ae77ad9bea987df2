-- A seeded generator that gives the same numbers on every Lua: the mock's identifiers and faults come
-- from it. It is for reproducible tests and not for secrets.

local random = {}

local MODULUS = 2147483647 -- 2^31 - 1
local MULTIPLIER = 16807 -- the "minimal standard" generator: products stay below 2^53, so doubles are exact

--- A generator: a function that returns the next number, 0 <= number < 1.
function random.new(seed)
    local state = math.floor(seed) % MODULUS
    if state == 0 then
        state = 1
    end
    local function draw()
        state = (state * MULTIPLIER) % MODULUS
        return state / MODULUS
    end
    draw() -- the first number of a small seed is always near zero
    return draw
end

--- COUNT hexadecimal digits, lower case.
function random.hex(draw, count)
    local digits = {}
    for index = 1, count do
        digits[index] = string.format("%x", math.floor(draw() * 16))
    end
    return table.concat(digits)
end

--- A version 4 UUID, lower case.
function random.uuid(draw)
    local hex = random.hex(draw, 30)
    local pick = math.floor(draw() * 4) + 1
    local variant = ("89ab"):sub(pick, pick)
    return hex:sub(1, 8) .. "-" .. hex:sub(9, 12) .. "-4" .. hex:sub(13, 15) .. "-" .. variant
        .. hex:sub(16, 18) .. "-" .. hex:sub(19, 30)
end

return random
