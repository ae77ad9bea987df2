-- Errors of outdial: tables { code, message, path, placement, retryable, retry_after, http_status, vendor_code,
-- request_id } that read as one line by tostring and `..`. What the world does comes as nil, err; misuse raises.
local core = require "outdial.core"

local M = {}

-- M.new(code, message [, fields]) -> error table, as the core makes them
function M.new(code, message, fields)
    local err = { code = code, message = message, retryable = false }
    for key, value in pairs(fields or {}) do
        err[key] = value
    end
    return setmetatable(err, core.error_metatable)
end

function M.is(value)
    return type(value) == "table" and getmetatable(value) == core.error_metatable
end

-- M.check(...): assert for these errors: returns its arguments, or raises the second as text if the first is nil or
-- false.
function M.check(ok, err, ...)
    if ok then return ok, err, ... end
    error(err == nil and "outdial: check failed" or tostring(err), 0)
end

-- M.unknown(what, name, known): the text for a name that nobody knows, with the nearest of the known ones.
function M.unknown(what, name, known)
    local near = type(name) == "string" and core.nearest(name, known)
    local plain = type(name) == "string" or type(name) == "number" or type(name) == "boolean"
    local text = ("%s %q"):format(what, plain and tostring(name) or "a " .. type(name))
    return near and ("%s, did you mean %q?"):format(text, near) or text
end

-- M.kind(value): what a value is, for people: its type, and nil is nothing.
function M.kind(value)
    return value == nil and "nothing" or type(value)
end

-- M.show(value): what was given, for people: a text in quotes, a number or a boolean as it is, of all else what it is.
function M.show(value)
    if type(value) == "string" then return ("%q"):format(value) end
    if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
    return M.kind(value)
end

local MOST_FIELDS = 8

-- What is in a table that was raised, for want of a text.
local function fields_of(raised)
    local shown = {}
    for key, value in next, raised do
        if type(key) == "string" and type(value) ~= "table" then shown[#shown + 1] = key .. " = " .. M.show(value) end
    end
    table.sort(shown)
    if shown[MOST_FIELDS + 1] then
        for i = #shown, MOST_FIELDS + 1, -1 do shown[i] = nil end
        shown[#shown + 1] = "..."
    end
    return shown[1] and (" { %s }"):format(table.concat(shown, ", ")) or ""
end

-- M.text(raised): what was raised, as a text, whatever it is: scripts raise tables, also such as cannot tell what they
-- are.
function M.text(raised)
    if type(raised) ~= "table" then return tostring(raised) end
    local meta = getmetatable(raised)
    if type(meta) ~= "table" or not rawget(meta, "__tostring") then
        return "an error that is a table" .. fields_of(raised)
    end
    local ok, text = pcall(tostring, raised)
    return ok and type(text) == "string" and text or "an error whose __tostring fails"
end

-- M.no_list(table): what keeps a table from being a list, or nil: what comes after a gap, or has another key, would not
-- be read.
function M.no_list(list)
    local count, last = 0, 0
    for key in pairs(list) do
        if type(key) ~= "number" or key % 1 ~= 0 or key < 1 then return "a table with other keys" end
        count, last = count + 1, math.max(last, key)
    end
    if count == last then return nil end
    local first = 1
    while list[first] ~= nil do first = first + 1 end
    return ("a list with nothing at [%d]"):format(first)
end

-- M.unknown_key(table, known): the text for the first key (in order of names) that is not among the known ones, or nil
function M.unknown_key(options, known)
    local set, strange = {}, nil
    for _, name in ipairs(known) do set[name] = true end
    for key in pairs(options) do
        if not set[key] and (strange == nil or M.show(key) < M.show(strange)) then strange = key end
    end
    return strange ~= nil and M.unknown("unknown option", strange, known) or nil
end

return M
