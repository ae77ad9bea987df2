-- Shapes of JSON as the service models of AWS describe them. A check takes a path and a value, and returns nil where
-- the value is good, else the name of an error and its text; it remembers nothing.

local json = require("mock.json")

local shape = {}

local INVALID_REQUEST, INVALID_PARAMETER = "InvalidRequestException", "InvalidParameterException"

local function wrong_type(path, wanted, value)
    return INVALID_REQUEST, path .. ": expected " .. wanted .. ", got " .. json.type(value)
end

--- A string of so many characters, of a pattern.
function shape.text(min, max, pattern)
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        end
        local length = json.length(value)
        if min and length < min then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is less than " .. min
        elseif max and length > max then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is more than " .. max
        elseif pattern and not value:find(pattern) then
            return INVALID_PARAMETER, path .. ": does not match the pattern"
        end
    end
end

--- One of the strings given.
function shape.enum(...)
    local allowed = {}
    for _, name in ipairs({ ... }) do
        allowed[name] = true
    end
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        elseif not allowed[value] then
            return INVALID_PARAMETER, path .. ": not one of the values allowed"
        end
    end
end

--- A whole number from min to max.
function shape.integer(min, max)
    return function(path, value)
        if json.type(value) ~= "integer" then
            return wrong_type(path, "an integer", value)
        elseif value < min or max and value > max then
            return INVALID_PARAMETER, path .. ": out of range"
        end
    end
end

--- true or false.
function shape.boolean(path, value)
    if json.type(value) ~= "boolean" then
        return wrong_type(path, "a boolean", value)
    end
end

--- An object with the members listed (see shape.members) and no others.
function shape.structure(members)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path == "" and "body" or path, "an object", value)
        end
        for name, member in json.each(value) do
            -- A real service may pass over what it does not know; a client that sends it is mistaken either way.
            if not members[name] then
                return INVALID_REQUEST, path .. "/" .. name .. ": not a member of the model"
            end
            local kind, message = members[name].check(path .. "/" .. name, member)
            if kind then
                return kind, message
            end
        end
        for _, name in ipairs(members) do
            if members[name].required and value[name] == nil then
                return INVALID_REQUEST, path .. "/" .. name .. ": required"
            end
        end
    end
end

--- Members from a list of { name, check, "required" }.
function shape.members(list)
    local result = {}
    for index, row in ipairs(list) do
        result[index] = row[1]
        result[row[1]] = { check = row[2], required = row[3] == "required" }
    end
    return result
end

--- An object of any keys, each and each value checked.
function shape.map(check_key, check_value)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path, "an object", value)
        end
        for key, item in json.each(value) do
            local kind, message = check_key(path .. "/" .. key, key)
            if not kind then
                kind, message = check_value(path .. "/" .. key, item)
            end
            if kind then
                return kind, message
            end
        end
    end
end

--- An array of min to max items, each checked.
function shape.list_of(check, min, max)
    return function(path, value)
        if json.type(value) ~= "array" then
            return wrong_type(path, "an array", value)
        elseif min and #value < min or max and #value > max then
            return INVALID_PARAMETER, path .. ": expected " .. min .. " to " .. max .. " items, got " .. #value
        end
        for index, item in ipairs(value) do
            local kind, message = check(path .. "/" .. (index - 1), item)
            if kind then
                return kind, message
            end
        end
    end
end

--- E.164: a plus, a digit that is not 0, and 1 to 14 more.
function shape.phone(path, value)
    if json.type(value) ~= "string" then
        return wrong_type(path, "a string", value)
    elseif not value:find("^%+[1-9]%d+$") or #value > 16 then
        return INVALID_PARAMETER, path .. ": not a phone number in E.164 format"
    end
end

--- A point in time: seconds since 1970, whole or with a fraction.
function shape.timestamp(path, value)
    if json.type(value) ~= "integer" and json.type(value) ~= "number" then
        return wrong_type(path, "a number of seconds", value)
    end
end

return shape
