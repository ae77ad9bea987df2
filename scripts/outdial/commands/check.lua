-- outdial check: whom a campaign would call now, later and never, and why. Nothing is sent.

local campaign = require "outdial.campaign"
local columns = require "outdial.commands.columns"
local core = require "outdial.core"
local many = require "outdial.many"
local outdial = require "outdial"
local program = require "outdial.commands.program"
local rehearsal = require "outdial.rehearsal"
local scheduler = require "outdial.scheduler"
local script = require "outdial.commands.script"
local storage = require "outdial.commands.storage"

local command = {
    name = "check",
    usage = "[--json] FILE [ARGUMENT...]",
    summary = "whom a campaign would call now, later and never; nothing is sent",
    flags = { { "json", nil, "as JSON" } },
    rest_is_free = true,
    notes = {
        "",
        "The list is imported into a copy of the campaign's store, which itself stays as it is. Of a script that",
        "returns no campaign: the calls that it would place. Exit code 1: nobody can be called, or it is not right.",
    },
    example = "outdial check campaign.lua",
}

-- "3 hours, 1 gap", or nothing.
local function reasons(group)
    return next(group.reasons) and storage.counts(group.reasons) or ""
end

local function write_report(report)
    local contacts = report.contacts
    local imported = report.imported
    io.stdout:write(program.heading(report.campaign), (": %s; the list has %s, %d of them rejected\n"):format(
        many(contacts.total, "contact"), many(imported.rows, "row"), imported.rejected))
    local rows = {
        { "now", tostring(report.now.total), reasons(report.now) },
        { "later", tostring(report.later.total), reasons(report.later) },
        { "never", tostring(report.never.total), reasons(report.never) },
    }
    if report.next_ms then
        rows[#rows + 1] = { "next", "", storage.time(report.next_ms) }
    end
    local over = {}
    for _, state in ipairs { "open", "held", "blocked", "done", "exhausted", "suppressed" } do
        over[state] = contacts[state] > 0 and contacts[state] or nil
    end
    if next(over) then
        rows[#rows + 1] = { "before", "", storage.counts(over) }
    end
    if report.shared_numbers > 0 then
        rows[#rows + 1] = { "shared", tostring(report.shared_numbers), "numbers that several contacts have" }
    end
    if report.several_zones > 0 then
        rows[#rows + 1] = { "zones", tostring(report.several_zones),
            "contacts whose country has several, and who name none" }
    end
    io.stdout:write(columns.layout(rows, program.columns()))
    if report.state ~= "running" then
        io.stdout:write("the campaign is ", report.state, report.why and ": " .. report.why or "", "\n")
    end
    for _, text in ipairs(report.warnings) do
        io.stdout:write("warning: ", text, "\n")
    end
end

local function write_calls(calls)
    for _, call in ipairs(calls) do
        local body = type(call.body) == "table" and core.to_json(call.body) or call.body or ""
        io.stdout:write(("not sent: %s.%s %s %s %s\n"):format(call.vendor, call.operation, call.method, call.url, body))
    end
    io.stdout:write(many(#calls, "call"), " would be placed\n")
end

-- What keeps a campaign from calling anybody, or nil.
local function obstacle(report)
    if report.state ~= "running" and not (report.why or ""):find("^hook ") then
        return ("the campaign is %s"):format(report.state)
    elseif report.now.total + report.later.total == 0 then
        return "nobody can be called, now or later"
    end
end

-- In a task. Returns the exit code.
local function check_campaign(made, file, calls, as_json)
    local handle = assert(io.open(file, "rb"))
    local text = handle:read("*a")
    handle:close()
    local report, err = rehearsal.run(made, core.hex(core.sha256(text)))
    if not report then
        program.complain(command.name, err)
        return program.FAILED
    end
    report.calls = calls
    if as_json then
        storage.write_json(report, { "warnings", "calls" })
    else
        write_report(report)
        if calls[1] then
            write_calls(calls)
        end
    end
    local why = obstacle(report)
    if why then
        program.complain(command.name, why)
    end
    return why and program.FAILED or program.DONE
end

function command.run(args)
    local chunk, file = script.load(command, args)
    if not chunk then
        return file
    end
    local calls = {}
    scheduler.state.rehearsal = calls
    local ok, code = xpcall(function()
        return outdial.run(function()
            program.watch_signals()
            local made = chunk()
            if not script.check_returned(command, made, file) then
                return program.FAILED
            end
            return campaign.is(made) and check_campaign(made, file, calls, args.json) or nil
        end)
    end, script.with_traceback)
    scheduler.state.rehearsal = nil
    if not ok then
        program.complain(command.name, code)
        return program.FAILED
    elseif code then
        return code
    elseif args.json then
        storage.write_json({ calls = calls }, { "calls" })
    else
        write_calls(calls)
    end
    return program.DONE
end

return command
