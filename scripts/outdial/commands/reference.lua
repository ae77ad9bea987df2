-- The reference of the vendors' operations as Markdown, from the descriptors that the calls are made from.

local core = require "outdial.core"

local M = {}

local REPEATS = { never = "never sent a second time", safe = "may be sent again" }

-- In a table's cell a bar would begin the next one.
local function cell(text)
    return (tostring(text or ""):gsub("|", "\\|"):gsub("\n", " "))
end

local function add_row(lines, ...)
    local cells = { ... }
    for i = 1, #cells do cells[i] = cell(cells[i]) end
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
end

-- One row for each field; those inside of another have its name before theirs.
local function add_fields(lines, fields, prefix)
    for _, field in ipairs(fields) do
        local name = prefix .. field.name
        local bounds = field.limit or ""
        if field.default ~= nil then
            bounds = bounds .. (bounds ~= "" and "; " or "") .. "default: " .. tostring(field.default)
        end
        add_row(lines, "`" .. name .. "`", field.type, field.required and "yes" or "", bounds, field.summary)
        add_fields(lines, field.fields or {}, name .. ".")
        for _, kind in ipairs(field.kinds or {}) do
            local rules = kind.rules and " (" .. table.concat(kind.rules, "; ") .. ")" or ""
            add_row(lines, "`" .. name .. " = " .. kind.value .. "`", "", "", "", (kind.summary or "") .. rules)
            for _, inner in ipairs(kind.fields) do
                if inner.name ~= field.name then add_fields(lines, { inner }, prefix) end
            end
        end
    end
end

local function add_table(lines, title, fields)
    if not fields[1] then return end
    lines[#lines + 1] = "\n" .. title .. "\n"
    add_row(lines, "name", "type", "required", "bounds", "meaning")
    lines[#lines + 1] = "| --- | --- | --- | --- | --- |"
    add_fields(lines, fields, "")
end

local function describe_rings(operation)
    if operation.rings and operation.quiet then
        return ("a phone may ring because of it, unless `%s` is %s"):format(operation.quiet.field,
            table.concat(operation.quiet.values, " or "))
    end
    return operation.rings and "a phone may ring because of it" or "rings no phone"
end

local function add_operation(lines, operation)
    lines[#lines + 1] = ("\n### %s\n\n%s: %s\n"):format(operation.name, operation.vendor_name, operation.summary)
    lines[#lines + 1] = ("- `%s %s`"):format(operation.method, operation.path)
    lines[#lines + 1] = "- " .. describe_rings(operation)
    lines[#lines + 1] = "- " .. (REPEATS[operation["repeat"]]
        or ("sent again only with the same `%s`"):format(operation.repeat_field or "token"))
    for _, rule in ipairs(operation.rules or {}) do lines[#lines + 1] = "- rule: " .. rule end
    add_table(lines, "Fields:", operation.fields)
    add_table(lines, "Result:", operation.result)
end

--- M.markdown(vendors) -> text: the vendors (as core.vendors gives them) with their options and operations.
function M.markdown(vendors)
    local lines = {}
    for _, vendor in ipairs(vendors) do
        lines[#lines + 1] = (lines[1] and "\n" or "") .. ("# %s (`outdial.%s`)"):format(vendor.title, vendor.name)
        add_table(lines, "Client options:", core.options(vendor.name))
        lines[#lines + 1] = "\n## Operations"
        for _, name in ipairs(core.operations(vendor.name)) do
            add_operation(lines, core.describe(vendor.name, name))
        end
    end
    return table.concat(lines, "\n") .. "\n"
end

return M
