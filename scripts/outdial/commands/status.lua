-- outdial status: how far the campaigns of a store are.

local columns = require "outdial.commands.columns"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "status",
    usage = "STORE [CAMPAIGN]",
    summary = "how far the campaigns of a store are",
    flags = { { "json", nil, "as JSON" } },
    example = "outdial status renewals.db",
}

local STATES = { "ready", "waiting", "open", "held", "blocked", "done", "exhausted", "suppressed" }

local function write_contacts(contacts)
    local head, row = { "contacts" }, { tostring(contacts.total) }
    for _, state in ipairs(STATES) do
        head[#head + 1] = state
        row[#row + 1] = tostring(contacts[state])
    end
    io.stdout:write(columns.layout({ head, row }, program.columns()))
end

local function write_campaigns(campaigns)
    for _, campaign in ipairs(campaigns) do
        local why = campaign.why and ": " .. campaign.why or ""
        io.stdout:write(program.heading(campaign.name), " is ", campaign.state, why, "\n")
    end
end

local function write_status(path, status)
    write_campaigns(status.campaigns)
    write_contacts(status.contacts)
    local rows = {
        { "legs", storage.counts(status.legs) },
        { "outcomes", storage.counts(status.outcomes) },
    }
    if next(status.refused) then
        rows[#rows + 1] = { "not now", storage.counts(status.refused) }
    end
    if status.next_ms then
        rows[#rows + 1] = { "next", storage.time(status.next_ms) }
    end
    if status.withdrawals_failed > 0 then
        rows[#rows + 1] = { "not withdrawn", ("%d: these may still ring"):format(status.withdrawals_failed) }
    end
    if status.second_rings > 0 then
        rows[#rows + 1] = { "rang twice", ("%d, it may be: a person had settled them as not placed"):format(
            status.second_rings) }
    end
    if status.doubts > 0 then
        rows[#rows + 1] = { "in doubt", ("%d: outdial doubts list %s"):format(status.doubts, path) }
    end
    io.stdout:write(columns.layout(rows, program.columns()))
end

function command.run(args)
    if args[3] then
        return options.misuse(command, "unexpected argument " .. args[3])
    end
    return storage.with(command, args[1], function(ask)
        local status = ask.status { campaign = args[2] }
        if args.json then
            storage.write_json(status, { "campaigns" })
        else
            write_status(args[1], status)
        end
    end)
end

return command
