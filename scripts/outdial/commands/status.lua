-- outdial status: how far the campaigns of a store are.

local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"
local summary = require "outdial.commands.summary"

local command = {
    name = "status",
    usage = "STORE [CAMPAIGN]",
    summary = "how far the campaigns of a store are",
    flags = { { "json", nil, "as JSON" } },
    example = "outdial status renewals.db",
}

local function write_campaigns(campaigns)
    for _, campaign in ipairs(campaigns) do
        local why = campaign.why and ": " .. campaign.why or ""
        local by = campaign.by and (" (by %s)"):format(campaign.by) or ""
        io.stdout:write(program.heading(campaign.name), " is ", campaign.state, why, by, "\n")
    end
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
            write_campaigns(status.campaigns)
            summary.write(args[1], status)
        end
    end)
end

return command
