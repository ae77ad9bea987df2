-- JSON for people: what the core sends and receives as compact text, indented and with its keys in order. Reading and
-- quoting are the core's own.

local core = require "outdial.core"

local json = {}

-- What describe() says of a value's members, by name; a choice has them in each of its kinds.
local function members_of(fields)
    local members = {}
    for _, field in ipairs(fields or {}) do
        members[field.name] = field
        for _, kind in ipairs(field.kinds or {}) do
            for _, inner in ipairs(kind.fields) do
                members[inner.name] = members[inner.name] or inner
            end
        end
    end
    return members
end

local function sorted_keys(object)
    local keys = {}
    for key in pairs(object) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

local write

local function write_list(list, fields, indent, out)
    for i, element in ipairs(list) do
        out[#out + 1] = (i == 1 and "[\n" or ",\n") .. indent .. "  "
        write(element, fields, indent .. "  ", out)
    end
    out[#out + 1] = "\n" .. indent .. "]"
end

local function write_object(object, fields, indent, out)
    local members = members_of(fields)
    for i, key in ipairs(sorted_keys(object)) do
        out[#out + 1] = (i == 1 and "{\n" or ",\n") .. indent .. "  " .. assert(core.to_json(key)) .. ": "
        local member = members[key] or {}
        local value = object[key]
        if type(value) == "table" and next(value) == nil then
            -- An empty table is a list only where its description says so.
            out[#out + 1] = (member.type or ""):find("^list") and "[]" or "{}"
        else
            write(value, member.fields, indent .. "  ", out)
        end
    end
    out[#out + 1] = "\n" .. indent .. "}"
end

function write(value, fields, indent, out)
    if type(value) ~= "table" then
        out[#out + 1] = assert(core.to_json(value))
    elseif next(value) == nil then
        out[#out + 1] = "{}"
    elseif value[1] ~= nil then
        write_list(value, fields, indent, out)
    else
        write_object(value, fields, indent, out)
    end
end

--- The value as indented JSON text without a final line end. fields (may be nil) describes its members, as
--- core.describe(...).result does.
function json.pretty(value, fields)
    local out = {}
    write(value, fields, "", out)
    return table.concat(out)
end

--- A list as indented JSON: an empty one is [] too.
function json.pretty_list(list)
    return list[1] == nil and "[]" or json.pretty(list)
end

return json
