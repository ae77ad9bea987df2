-- JSON as the mock needs it: reading that notices what a client got wrong (a key given twice, 25.0 for an
-- integer, a list for an object, text after the end), and writing with keys in the order given, without
-- rounding. lua-cjson hides all of these; it is used for what it does well, the escapes inside a string.

local cjson = require("cjson.safe").new()

local json = {}

local MAX_DEPTH = 64
local MAX_EXACT = 9007199254740991 -- 2^53 - 1: beyond it not every Lua holds every integer

local ARRAY = {}
local OBJECT = {}
local NUMBER = {}

-- The keys of each object in order; weak, so that it keeps no object alive.
local orders = setmetatable({}, { __mode = "k" })

json.null = cjson.decode("null")

--- An empty array, or the given list marked as one.
function json.array(list)
    return setmetatable(list or {}, ARRAY)
end

--- An object from a list of { key, value } pairs, written in that order; a pair without a value is left out.
function json.object(pairs_in_order)
    local value, order = setmetatable({}, OBJECT), {}
    for _, pair in ipairs(pairs_in_order or {}) do
        if pair[2] ~= nil then
            value[pair[1]] = pair[2]
            order[#order + 1] = pair[1]
        end
    end
    orders[value] = order
    return value
end

--- A number with so many digits after the point, which integers do not have here.
function json.fixed(value, digits)
    return setmetatable({ text = string.format("%." .. digits .. "f", value) }, NUMBER)
end

--- The value of an integer or of any other number.
function json.tonumber(value)
    return type(value) == "table" and tonumber(value.text) or value
end

--- An iterator over an object's keys and values, in order.
function json.each(object)
    local order, index = orders[object], 0
    return function()
        index = index + 1
        local key = order[index]
        if key ~= nil then
            return key, object[key]
        end
    end
end

--- The JSON type of a value: object, array, string, integer, number (one with a fraction, an exponent or too
--- many digits), boolean, null; nil for nil.
function json.type(value)
    local kind = type(value)
    if value == json.null then
        return "null"
    elseif kind == "table" then
        local meta = getmetatable(value)
        return meta == ARRAY and "array" or meta == OBJECT and "object" or "number"
    elseif kind == "number" then
        return "integer"
    elseif value ~= nil then
        return kind
    end
end

--- How many characters a UTF-8 text has: the vendors' limits count these.
function json.length(text)
    local _, continuation = text:gsub("[\128-\191]", "")
    return #text - continuation
end

local function utf8_valid(text)
    if not text:find("[\128-\255]") then
        return true
    end
    local at = 1
    while true do
        at = text:find("[\128-\255]", at)
        if not at then
            return true
        end
        local a, b, c, d = text:byte(at, at + 3)
        local function tail(byte, low, high)
            return byte ~= nil and byte >= (low or 128) and byte <= (high or 191)
        end
        if a >= 194 and a <= 223 and tail(b) then
            at = at + 2
        elseif a >= 224 and a <= 239 and tail(b, a == 224 and 160, a == 237 and 159) and tail(c) then
            at = at + 3
        elseif a >= 240 and a <= 244 and tail(b, a == 240 and 144, a == 244 and 143) and tail(c) and tail(d) then
            at = at + 4
        else
            return false
        end
    end
end

-- The parser. Each function takes a position and returns a value and the position after it; what is wrong is
-- thrown as a table and caught in decode.
local function fail(at, what)
    error({ message = what .. " at byte " .. at }, 0)
end

local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local function parse_string(text, at)
    local stop = at + 1
    while true do
        stop = text:find('["\\%c]', stop)
        if not stop then
            fail(at, "a string without an end")
        end
        local char = text:sub(stop, stop)
        if char == '"' then
            break
        elseif char == "\\" then
            stop = stop + 2
        elseif char == "\127" then
            stop = stop + 1
        else
            fail(stop, "a control character in a string")
        end
    end
    local raw = text:sub(at, stop)
    if not raw:find("\\", 1, true) then
        return raw:sub(2, -2), stop + 1
    end
    local value = cjson.decode("[" .. raw .. "]")
    if not value then
        fail(at, "a string with a bad escape")
    end
    return value[1], stop + 1
end

local function parse_number(text, at)
    local token = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    local whole, rest
    if token then
        whole, rest = token:match("^(-?%d+)(.*)$")
    end
    local well_formed = token and (whole == "0" or whole == "-0" or whole:find("^-?[1-9]"))
        and (rest == "" or rest:find("^%.%d+$") or rest:find("^%.%d+[eE][+-]?%d+$") or rest:find("^[eE][+-]?%d+$"))
    if not well_formed then
        fail(at, "a malformed value")
    end
    if rest == "" and math.abs(tonumber(token)) <= MAX_EXACT then
        return tonumber(token), at + #token
    end
    return setmetatable({ text = token }, NUMBER), at + #token
end

local parse_value

local function parse_array(text, at, depth)
    local list = json.array()
    at = skip(text, at + 1)
    if text:sub(at, at) == "]" then
        return list, at + 1
    end
    while true do
        list[#list + 1], at = parse_value(text, at, depth)
        at = skip(text, at)
        local char = text:sub(at, at)
        if char == "]" then
            return list, at + 1
        elseif char ~= "," then
            fail(at, "expected , or ]")
        end
        at = skip(text, at + 1)
    end
end

local function parse_object(text, at, depth)
    local object = json.object()
    local order = orders[object]
    at = skip(text, at + 1)
    if text:sub(at, at) == "}" then
        return object, at + 1
    end
    while true do
        if text:sub(at, at) ~= '"' then
            fail(at, "expected a key")
        end
        local key, after = parse_string(text, at)
        if object[key] ~= nil then
            fail(at, 'the key "' .. key .. '" twice')
        end
        at = skip(text, after)
        if text:sub(at, at) ~= ":" then
            fail(at, "expected :")
        end
        object[key], at = parse_value(text, skip(text, at + 1), depth)
        order[#order + 1] = key
        at = skip(text, at)
        local char = text:sub(at, at)
        if char == "}" then
            return object, at + 1
        elseif char ~= "," then
            fail(at, "expected , or }")
        end
        at = skip(text, at + 1)
    end
end

function parse_value(text, at, depth)
    local char = text:sub(at, at)
    if depth == MAX_DEPTH and (char == "{" or char == "[") then
        fail(at, "nesting deeper than " .. MAX_DEPTH)
    elseif char == "{" then
        return parse_object(text, at, depth + 1)
    elseif char == "[" then
        return parse_array(text, at, depth + 1)
    elseif char == '"' then
        return parse_string(text, at)
    elseif text:sub(at, at + 3) == "true" then
        return true, at + 4
    elseif text:sub(at, at + 4) == "false" then
        return false, at + 5
    elseif text:sub(at, at + 3) == "null" then
        return json.null, at + 4
    end
    return parse_number(text, at)
end

--- Reads a JSON text. Returns the value, or nil and what is wrong. Objects and arrays are tables that json.type
--- tells apart, null is json.null, an integer is a number, any other number a table of its text.
function json.decode(text)
    if not utf8_valid(text) then
        return nil, "not UTF-8"
    end
    local ok, value, at = pcall(parse_value, text, skip(text, 1), 0)
    if not ok then
        if type(value) ~= "table" then
            error(value, 0)
        end
        return nil, value.message
    end
    if skip(text, at) <= #text then
        return nil, "text after the end at byte " .. skip(text, at)
    end
    return value
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
    ["\t"] = "\\t" }

local function quote(text)
    return '"' .. text:gsub('[%c"\\]', function(char)
        return ESCAPES[char] or char ~= "\127" and string.format("\\u%04x", char:byte()) or char
    end) .. '"'
end

--- The JSON text of a value made of the above: no blanks, keys in order, integers in full.
function json.encode(value)
    local kind = json.type(value)
    if kind == "string" then
        return quote(value)
    elseif kind == "integer" then
        return string.format("%.0f", value)
    elseif kind == "boolean" or kind == "null" then
        return kind == "null" and "null" or tostring(value)
    elseif kind == "number" then
        return assert(value.text, "a table that is neither json.object nor json.array")
    elseif kind == "array" then
        local parts = {}
        for index, item in ipairs(value) do
            parts[index] = json.encode(item)
        end
        return "[" .. table.concat(parts, ",") .. "]"
    elseif kind == "object" then
        local parts = {}
        for key, item in json.each(value) do
            parts[#parts + 1] = quote(key) .. ":" .. json.encode(item)
        end
        return "{" .. table.concat(parts, ",") .. "}"
    end
    error("cannot write a " .. type(value) .. " as JSON")
end

return json
