-- outdial call: one operation of one vendor, its fields as words of the command line.

local catalogue = require "outdial.commands.catalogue"
local core = require "outdial.core"
local fields = require "outdial.commands.fields"
local json = require "outdial.commands.json"
local options = require "outdial.commands.options"
local outdial = require "outdial"
local program = require "outdial.commands.program"
local scheduler = require "outdial.scheduler"

local command = {
    name = "call",
    usage = "VENDOR.OPERATION [FIELD=VALUE...] [--KEY VALUE...]",
    summary = "send one operation to one vendor",
    flags = {
        { "dry-run", nil, "print the request instead of sending it" },
        { "json", nil, "print an error as JSON too, to the standard output" },
    },
    other_flags = true,
    notes = {
        "  --KEY VALUE  an option of the client, as `outdial operations VENDOR` lists them;",
        "               else OUTDIAL_<VENDOR>_<KEY> of the environment",
        "",
        "FIELD=VALUE sets a field, FIELD.SUB=VALUE one inside it, FIELD:=JSON any value.",
        "VENDOR.place_call places a call the same way at every vendor: to, from, contact, attributes, token,",
        "not_before, not_after, zone, ring_timeout, fields.",
    },
    example = "outdial call amazon_connect.place_call to=+12065550100 attributes.plan=gold --region us-east-1",
}

local PLACE_CALL = catalogue.PLACE_CALL

-- Returns the vendor's name and its operation (a description, or PLACE_CALL), or nil and what is wrong with the word.
local function read_target(word)
    local vendor_name, name = (word or ""):match("^([^.]+)%.(.+)$")
    if not vendor_name then
        return nil, "expected VENDOR.OPERATION"
    end
    local vendor, unknown = catalogue.find_vendor(vendor_name)
    if not vendor then
        return nil, unknown
    elseif name == PLACE_CALL then
        return vendor.name, PLACE_CALL
    end
    local operation, wrong = catalogue.find_operation(vendor.name, name)
    return operation and vendor.name, operation or wrong
end

local function option_variable(vendor, name)
    return ("OUTDIAL_%s_%s"):format(vendor, name):upper()
end

-- The client's options: flags first, then the environment. Returns a table, or nil and what is wrong.
local function read_options(vendor, flags)
    local known, names, given = core.options(vendor), {}, {}
    for _, option in ipairs(known) do
        names[#names + 1] = option.name
    end
    for _, flag in ipairs(flags) do
        local path = flag.name:gsub("%-", "_")
        local top = path:match("^[^.]+")
        if not fields.find(known, top) then
            local near = core.nearest(top, names)
            local hint = near and (", did you mean --%s?"):format((near:gsub("_", "-"))) or ""
            return nil, ("unknown option --%s%s"):format(flag.name, hint)
        end
        local ok, message = fields.set(given, known, path, flag.value)
        if not ok then
            return nil, "--" .. flag.name .. ": " .. message
        end
    end
    for _, option in ipairs(known) do
        local text = os.getenv(option_variable(vendor, option.name))
        if text and text ~= "" and given[option.name] == nil then
            fields.set(given, known, option.name, text)
        end
    end
    return given
end

local function read_parameters(described, words)
    local parameters = {}
    for i = 2, #words do
        local ok, message = fields.read(parameters, described, words[i])
        if not ok then
            return nil, message
        end
    end
    return parameters
end

local function print_request(prepared, as_json)
    if as_json then
        io.stdout:write(json.pretty(prepared), "\n")
        return
    end
    io.stdout:write(prepared.method, " ", prepared.url, "\n")
    local names = {}
    for name in pairs(prepared.headers or {}) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        io.stdout:write(name, ": ", tostring(prepared.headers[name]), "\n")
    end
    local body = prepared.body
    if body ~= nil and body ~= "" then
        io.stdout:write("\n", type(body) == "table" and json.pretty(body) or body, "\n")
    end
end

local function report_error(err, hint, as_json)
    if as_json then
        local plain = {}
        for key, value in pairs(err) do
            plain[key] = value
        end
        io.stdout:write(json.pretty({ error = plain }), "\n")
    else
        io.stderr:write(tostring(err), "\n", hint and hint .. "\n" or "")
    end
    return err.code == "canceled" and program.signals() > 0 and program.STOPPED or program.FAILED
end

-- How to give the client option that an error complains about; nil if it complains about none.
local function option_hint(vendor, err)
    local name = (err.path or ""):match("^/([^/]+)")
    if name then
        local flag = name:gsub("_", "-")
        return ("Try: --%s VALUE, or %s in the environment"):format(flag, option_variable(vendor, name))
    end
end

-- Inside a task: sends and waits. Returns the result, or nil, the error and perhaps a hint.
local function send(vendor, operation, given, parameters, dry_run)
    local client, err = core.client_new(scheduler.core_engine(), vendor, given)
    if not client then
        return nil, err, option_hint(vendor, err)
    end
    client:keep_logs()
    local result
    if dry_run then
        result, err = client:prepare(operation == PLACE_CALL and PLACE_CALL or operation.name, parameters)
    else
        local request
        if operation == PLACE_CALL then
            request, err = client:place(parameters)
        else
            request, err = client:submit(operation.name, parameters)
        end
        if request then
            result, err = outdial.await(request)
        end
    end
    for _, line in ipairs(client:logs() or {}) do
        if line.level ~= "debug" then
            io.stderr:write(line.level, ": ", line.text, "\n")
        end
    end
    client:close()
    return result, err
end

function command.run(args)
    local vendor, operation = read_target(args[1])
    if not vendor then
        return options.misuse(command, operation)
    end
    local is_neutral = operation == PLACE_CALL
    local given, wrong = read_options(vendor, args.other)
    if not given then
        return options.misuse(command, wrong)
    end
    local parameters, unread = read_parameters(is_neutral and catalogue.CALL_FIELDS or operation.fields, args)
    if not parameters then
        return options.misuse(command, unread)
    end
    -- Fields come first: nobody should look for credentials only to learn of a typing error.
    local ok, err = core.check(vendor, not is_neutral and operation.name or nil, given, parameters)
    if not ok then
        return report_error(err, nil, args.json)
    end
    if not args["dry-run"] then
        program.acts()
    end
    local result, hint
    outdial.run(function()
        program.watch_signals()
        result, err, hint = send(vendor, operation, given, parameters, args["dry-run"])
    end)
    if result == nil then
        return report_error(err, hint, args.json)
    end
    if args["dry-run"] then
        print_request(result, args.json)
    else
        io.stdout:write(json.pretty(result, not is_neutral and operation.result or nil), "\n")
    end
    return program.DONE
end

return command
