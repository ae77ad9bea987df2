-- The commands that set a campaign's state: pause, resume and stop differ in a word.

local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

-- { name, state, summary } -> command
return function(what)
    local command = {
        name = what.name,
        usage = "STORE CAMPAIGN",
        takes = 2,
        summary = what.summary,
        flags = { storage.BY, storage.BECAUSE },
        example = ("outdial %s renewals.db renewals"):format(what.name),
    }

    function command.run(args)
        program.acts()
        if args[1] and not args[2] then
            return options.misuse(command, "expected a campaign")
        end
        return storage.with(command, args[1], function(ask)
            local result = ask.campaign_set { campaign = args[2], state = what.state, by = storage.who(args),
                why = args.because }
            io.stdout:write(("campaign %s is %s (it was %s)\n"):format(args[2], result.state, result.before))
        end)
    end

    return command
end
