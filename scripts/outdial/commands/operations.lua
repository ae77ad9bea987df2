-- outdial operations: what vendors, operations and fields there are, from the descriptors that the calls are made from.

local catalogue = require "outdial.commands.catalogue"
local columns = require "outdial.commands.columns"
local core = require "outdial.core"
local json = require "outdial.commands.json"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local reference = require "outdial.commands.reference"

local command = {
    name = "operations",
    usage = "[VENDOR[.OPERATION]]",
    takes = 1,
    summary = "what vendors, operations and fields there are",
    flags = { { "json", nil, "as JSON" }, { "markdown", nil, "the whole reference, of one vendor or of all" } },
    example = "outdial operations amazon_connect.start_outbound_voice_contact",
}

local NAME_MOST, TYPE_MOST = 34, 16

local function print_vendors(as_json)
    local rows, list = { { "vendor", "operations", "service" } }, {}
    for i, vendor in ipairs(core.vendors()) do
        local names = core.operations(vendor.name)
        rows[#rows + 1] = { vendor.name, tostring(#names), vendor.title }
        list[i] = { name = vendor.name, title = vendor.title, operations = names }
    end
    if as_json then
        io.stdout:write(json.pretty_list(list), "\n")
    else
        io.stdout:write(columns.layout(rows, program.columns()))
    end
end

-- What it means, and in parentheses what bounds it and what is sent when it is absent.
local function meaning(field)
    local notes = {}
    notes[#notes + 1] = field.limit
    if field.default ~= nil then
        notes[#notes + 1] = "default: " .. tostring(field.default)
    end
    local text = field.summary or ""
    if notes[1] then
        text = text .. (text ~= "" and " " or "") .. "(" .. table.concat(notes, "; ") .. ")"
    end
    return text
end

-- One row per field, those inside of it indented below, a choice's kinds with their own fields.
local function add_fields(rows, fields, indent)
    for _, field in ipairs(fields) do
        local needed = field.required and "required" or ""
        rows[#rows + 1] = { indent .. field.name, field.type or "", needed, meaning(field) }
        if field.fields then
            add_fields(rows, field.fields, indent .. "  ")
        end
        for _, kind in ipairs(field.kinds or {}) do
            local rules = kind.rules and " (" .. table.concat(kind.rules, "; ") .. ")" or ""
            rows[#rows + 1] = { indent .. "  = " .. kind.value, "", "", (kind.summary or "") .. rules }
            local others = {}
            for _, inner in ipairs(kind.fields) do
                if inner.name ~= field.name then
                    others[#others + 1] = inner
                end
            end
            add_fields(rows, others, indent .. "    ")
        end
    end
end

local function print_fields(title, fields)
    io.stdout:write("\n", program.heading(title), "\n")
    local rows = {}
    add_fields(rows, fields, "  ")
    io.stdout:write(columns.layout(rows, program.columns(), { NAME_MOST, TYPE_MOST }))
end

local function print_vendor(vendor, as_json)
    local described = {}
    for i, name in ipairs(core.operations(vendor.name)) do
        described[i] = core.describe(vendor.name, name)
    end
    local known = core.options(vendor.name)
    if as_json then
        local all = { name = vendor.name, title = vendor.title, operations = described, options = known }
        io.stdout:write(json.pretty(all), "\n")
        return
    end
    io.stdout:write(program.heading(vendor.name), ": ", vendor.title, "\n\n", program.heading("operations"), "\n")
    local rows = {}
    for _, operation in ipairs(described) do
        rows[#rows + 1] = { "  " .. operation.name, operation.summary }
    end
    io.stdout:write(columns.layout(rows, program.columns()))
    print_fields("client options", known)
end

local REPEATS = {
    never = "never sent a second time",
    safe = "may be sent again",
}

local function describe_rings(operation)
    if not operation.rings then
        return "no"
    elseif operation.quiet then
        return ("yes, unless %s is %s"):format(operation.quiet.field, table.concat(operation.quiet.values, " or "))
    end
    return "yes: a phone may ring because of it"
end

local function print_operation(vendor, operation, as_json)
    if as_json then
        io.stdout:write(json.pretty(operation), "\n")
        return
    end
    local rows = {
        { "  request", operation.method .. " " .. operation.path },
        { "  rings", describe_rings(operation) },
        { "  repeat", REPEATS[operation["repeat"]]
            or ("sent again only with the same %s"):format(operation.repeat_field or "token") },
        { "  document", operation.source or "" },
    }
    io.stdout:write(program.heading(vendor.name .. "." .. operation.name), " (", operation.vendor_name, ")\n",
        columns.layout({ { "", operation.summary } }, program.columns()), "\n", columns.layout(rows, program.columns()))
    print_fields("fields", operation.fields)
    if operation.rules then
        io.stdout:write("\n", program.heading("rules"), "\n")
        for _, rule in ipairs(operation.rules) do
            io.stdout:write(columns.layout({ { "", rule } }, program.columns()))
        end
    end
    if operation.result[1] then
        print_fields("result", operation.result)
    end
end

-- Which operation it comes to depends on the client's options and the call: --dry-run of outdial call shows it.
local function print_neutral(vendor, as_json)
    if as_json then
        io.stdout:write(json.pretty({ name = catalogue.PLACE_CALL, fields = catalogue.CALL_FIELDS }), "\n")
        return
    end
    io.stdout:write(program.heading(vendor.name .. "." .. catalogue.PLACE_CALL), "\n", columns.layout({ { "",
        "places a call, in the same way at every vendor; outdial call with --dry-run shows the request" } },
        program.columns()))
    print_fields("fields", catalogue.CALL_FIELDS)
end

function command.run(args)
    if args.json and args.markdown then
        return options.misuse(command, "--json and --markdown exclude each other")
    elseif not args[1] and args.markdown then
        io.stdout:write(reference.markdown(core.vendors()))
        return program.DONE
    elseif not args[1] then
        print_vendors(args.json)
        return program.DONE
    end
    local vendor_name, operation_name = args[1]:match("^([^.]+)%.(.+)$")
    local vendor, unknown = catalogue.find_vendor(vendor_name or args[1])
    if not vendor then
        return options.misuse(command, unknown)
    elseif args.markdown and operation_name then
        return options.misuse(command, "--markdown is for a vendor, or for all")
    elseif args.markdown then
        io.stdout:write(reference.markdown({ vendor }))
        return program.DONE
    elseif not operation_name then
        print_vendor(vendor, args.json)
        return program.DONE
    end
    if operation_name == catalogue.PLACE_CALL then
        print_neutral(vendor, args.json)
        return program.DONE
    end
    local operation, wrong = catalogue.find_operation(vendor.name, operation_name)
    if not operation then
        return options.misuse(command, wrong)
    end
    print_operation(vendor, operation, args.json)
    return program.DONE
end

return command
