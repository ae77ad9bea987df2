-- outdial contact: one contact of a campaign: adding it, taking it out, holding it, letting it go on.

local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "contact",
    usage = "add STORE CAMPAIGN ID NUMBER... | cancel|done|hold|release STORE ID",
    takes = { cancel = 3, done = 3, hold = 3, release = 3 },
    summary = "add, cancel, finish, hold or release one contact",
    flags = { storage.BY, storage.BECAUSE, { "campaign", "NAME", "which campaign's contact" },
        { "country", "ISO", "the country of national numbers" },
        { "zone", "ZONE", "its time zone, or several with ; between" } },
    notes = {
        "",
        "cancel and done take it out; hold keeps it until release. One that is being called is called to the end",
        "first; a call that was handed off is taken back where the vendor can.",
    },
    example = "outdial contact hold renewals.db 4711 --by ann --because \"moves house\"",
}

local AFTERWARDS = { cancel = "done", done = "done", hold = "held" }
local ACTIONS = { cancel = true, done = true, hold = true, release = true }

local function add(ask, args)
    local numbers = {}
    for i = 5, #args do
        numbers[#numbers + 1] = { column = "number" .. #numbers + 1, number = args[i] }
    end
    local result = ask.put { campaign = args[3], contacts = {
        { id = args[4], country = args.country, zones = args.zone, numbers = numbers } } }
    local rejected = result.rejected[1]
    if rejected then
        program.complain(command.name, rejected.why)
        return program.FAILED
    end
    if result.unchanged == 0 then
        ask.note { campaign = args[3], id = args[4], event = "contact_put", by = storage.who(args),
            data = args.because and { text = args.because } or nil }
    end
    io.stdout:write(result.added == 1 and "added\n" or result.updated == 1 and "updated\n" or "unchanged\n")
end

function command.run(args)
    program.acts()
    local action = args[1]
    if action == "add" then
        if not args[5] then
            return options.misuse(command, "expected a store, a campaign, an id and numbers")
        end
        return storage.with(command, args[2], function(ask) return add(ask, args) end)
    elseif not ACTIONS[action or ""] then
        return options.misuse(command, "expected add, cancel, done, hold or release, got " .. (action or "nothing"))
    elseif not args[3] then
        return options.misuse(command, "expected the id of a contact")
    end
    return storage.with(command, args[2], function(ask)
        local result = ask.contact_set { campaign = args.campaign, id = args[3], action = action,
            by = storage.who(args), because = args.because }
        local wish = result.wish and (", %s when its call has ended"):format(AFTERWARDS[result.wish]) or ""
        io.stdout:write(("contact %s is %s%s\n"):format(args[3], result.state, wish))
    end)
end

return command
