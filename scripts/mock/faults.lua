-- Faults on purpose: for each request at most one kind, drawn from a generator of its own, so that a seed
-- gives the same faults whatever else is random.

local random = require("mock.random")

local faults = {}

-- What the kinds do. throttle: the vendor's answer to too many requests, nothing done. error_500: the vendor's
-- answer of a failed service, nothing done. drop_before: the connection closes, nothing done. drop_after: the
-- request is carried out, a phone may ring, then the connection closes without an answer. hang: carried out as
-- well, but no answer ever. garbage: carried out, and the answer's body is cut JSON.
faults.KINDS = { "throttle", "error_500", "drop_before", "drop_after", "hang", "garbage" }

local known = {}
for _, kind in ipairs(faults.KINDS) do
    known[kind] = true
end

--- What is wrong with a table of rates by kind, or nil.
function faults.problem(rates)
    local sum = 0
    for kind, rate in pairs(rates) do
        if not known[kind] then
            return 'unknown fault "' .. tostring(kind) .. '" (one of ' .. table.concat(faults.KINDS, ", ") .. ")"
        elseif type(rate) ~= "number" or not (rate >= 0 and rate <= 1) then
            return kind .. ': expected a rate from 0 to 1, got "' .. tostring(rate) .. '"'
        end
        sum = sum + rate
    end
    if sum > 1 + 1e-9 then
        return "the rates add up to more than 1"
    end
end

--- Reads "drop_after=0.01,throttle=0.2": a table of rates, or nil and a message.
function faults.parse(text)
    local rates = {}
    for part in text:gmatch("[^,]+") do
        local kind, value = part:match("^%s*([%w_]+)=([%d.]+)%s*$")
        if not kind then
            return nil, 'expected KIND=RATE, got "' .. part .. '"'
        elseif rates[kind] then
            return nil, 'the fault "' .. kind .. '" twice'
        end
        rates[kind] = tonumber(value) or value
    end
    local problem = faults.problem(rates)
    if problem then
        return nil, problem
    end
    return rates
end

--- A function that returns the next request's fault, or nil.
function faults.new(rates, seed)
    local draw = random.new(seed)
    return function()
        local drawn, reached = draw(), 0
        for _, kind in ipairs(faults.KINDS) do
            reached = reached + (rates[kind] or 0)
            if drawn < reached then
                return kind
            end
        end
    end
end

return faults
