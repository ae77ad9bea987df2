-- outdial status: how far the campaigns of a store are.

local many = require "outdial.many"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"
local summary = require "outdial.commands.summary"

local command = {
    name = "status",
    usage = "STORE [CAMPAIGN]",
    takes = 2,
    summary = "how far the campaigns of a store are",
    flags = { { "json", nil, "as JSON" } },
    example = "outdial status renewals.db",
}

-- What it means that nobody runs a campaign, though nobody has switched it off either.
local MEANS = {
    empty = function() return "it has no contacts" end,
    finished = function() return "nobody is left to call" end,
    idle = function(campaign) return "nobody runs it, " .. many(campaign.left, "contact") .. " left to call" end,
    unsettled = function(campaign)
        local left = {}
        if campaign.held > 0 then left[1] = many(campaign.held, "contact") .. " held or in doubt" end
        if campaign.living_on > 0 then left[#left + 1] = many(campaign.living_on, "call") .. " not taken back" end
        return "nobody is left to call, but " .. table.concat(left, ", ")
    end,
}

-- `running`, or who set it otherwise, and why.
local function state_of(campaign)
    local means = MEANS[campaign.standing]
    if means then
        return campaign.standing .. ": " .. means(campaign)
    elseif campaign.standing == "running" then
        return "running"
    end
    local why = campaign.why and ": " .. campaign.why or ""
    return campaign.standing .. why .. (campaign.by and (" (by %s)"):format(campaign.by) or "")
end

local function write_campaigns(status)
    for _, campaign in ipairs(status.campaigns) do
        io.stdout:write(program.heading(campaign.name), " is ", state_of(campaign), "\n")
    end
    for _, worker in ipairs(status.workers) do
        io.stdout:write(("process %d on %s runs %s since %s%s\n"):format(worker.pid, worker.host,
            worker.campaign or "no campaign yet", storage.time(worker.started_ms),
            worker.silent and ", and has not been heard of for long: it places no call" or ""))
    end
end

function command.run(args)
    return storage.with(command, args[1], function(ask)
        local status = ask.status { campaign = args[2] }
        status.read_ms = nil -- says nothing of the campaigns
        if args.json then
            storage.write_json(status, { "campaigns", "workers" })
        else
            write_campaigns(status)
            summary.write(args[1], status)
        end
    end)
end

return command
