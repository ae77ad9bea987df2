-- FIELD=VALUE words: where a field is, and what type its description gives the text.

local core = require "outdial.core"

local fields = {}

--- The description of a field by name in a list of descriptions, a choice's kinds included; nil if there is none.
function fields.find(described, name)
    for _, field in ipairs(described or {}) do
        if field.name == name then
            return field
        end
    end
    for _, field in ipairs(described or {}) do
        for _, kind in ipairs(field.kinds or {}) do
            local found = fields.find(kind.fields, name)
            if found then
                return found
            end
        end
    end
end

-- A value that does not read as its type stays text: the check of the whole says best what it should be.
local function typed(text, kind)
    if kind == "integer" or kind == "number" then
        return text:find("^[+-]?%d+%.?%d*$") and tonumber(text) or text
    elseif kind == "boolean" then
        if text == "true" or text == "false" then
            return text == "true"
        end
        return text
    elseif kind == "string" then
        return text
    end
    local value = core.from_json(text)
    if value == nil or value == core.null then
        return text
    end
    return value
end

-- Splits "A.B.c" along the description: names down to the field, whose description comes last. A key of a map may have
-- dots.
local function walk(described, path)
    local names, field = {}, fields.find(described, path)
    if field then
        return { path }, field
    end
    while true do
        local name, rest = path:match("^([^.]+)%.(.+)$")
        field = fields.find(described, name or path)
        names[#names + 1] = name or path
        if not name then
            return names, field
        end
        local element = field and field.type:match("^map of (%a+)$")
        if element and not field.fields then
            names[#names + 1] = rest
            return names, { name = rest, type = element }
        elseif element then
            names[#names + 1], rest = rest:match("^([^.]+)%.?(.*)$")
            if rest == "" then
                return names, { name = names[#names], type = element }
            end
        end
        described, path = field and field.fields, rest
    end
end

local function put(target, names, value)
    for i = 1, #names - 1 do
        local inner = target[names[i]]
        if inner == nil then
            inner = {}
            target[names[i]] = inner
        elseif type(inner) ~= "table" then
            return nil, ("%s has a value already"):format(table.concat(names, ".", 1, i))
        end
        target = inner
    end
    local last = names[#names]
    if target[last] ~= nil then
        return nil, ("%s is given twice"):format(table.concat(names, "."))
    end
    target[last] = value
    return true
end

--- Sets the field at path ("A.B") in target to the text, typed by the description. Returns true, or nil and a message.
function fields.set(target, described, path, text)
    local names, field = walk(described, path)
    return put(target, names, typed(text, field and field.type or "any"))
end

--- Reads one word, FIELD=VALUE or FIELD:=JSON, into target. Returns true, or nil and a message.
function fields.read(target, described, word)
    local path, text = word:match("^([^=]*)=(.*)$")
    if not path or path == "" or path == ":" then
        return nil, ("expected FIELD=VALUE, got %s"):format(word)
    end
    local json_path = path:match("^(.+):$")
    if not json_path then
        return fields.set(target, described, path, text)
    end
    local value, err = core.from_json(text)
    if value == nil then
        return nil, ("%s: expected JSON: %s"):format(json_path, err.message)
    end
    return put(target, (walk(described, json_path)), value)
end

return fields
