-- outdial doubts: legs of which nobody knows whether they rang; only evidence or a person settles them.

local many = require "outdial.many"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "doubts",
    usage = "list STORE | resolve STORE LEG placed|not_placed|write_off",
    summary = "calls of which it is not known whether they rang",
    flags = { { "json", nil, "as JSON" }, storage.BY, storage.BECAUSE },
    notes = {
        "",
        "placed: it rang, and counts. not_placed: it did not; the person may be called again, but caps count it all",
        "the same. write_off: nobody will know; it counts as if it had rung.",
    },
    example = "outdial doubts resolve renewals.db 17 placed --by ann --because \"heard the recording\"",
}

local PAGE = 100

local function write_leg(leg)
    local contact, evidence = leg.contact, leg.evidence
    local out = io.stdout
    out:write(program.heading(("leg %d"):format(leg.leg)), (": contact %s of %s, %s through %s at %s\n"):format(
        contact.id, contact.campaign, leg.number, leg.client, storage.time(leg.at_ms)))
    out:write("  in doubt since ", storage.time(leg.since_ms), ": ", evidence.cause or
        (evidence.error and evidence.error.message) or "no answer came", "\n")
    if evidence.url then
        out:write(("  sent: %s %s %s\n"):format(evidence.method or "", evidence.url, evidence.body or ""))
    end
    local looked = leg.looks == 0 and "not looked up yet" or ("looked up %s, not found"):format(many(leg.looks, "time"))
    out:write(("  token %s, %s\n"):format(leg.token, looked))
end

local function list(ask, as_json)
    local after, all = nil, {}
    repeat
        local page = ask.doubts { limit = PAGE, after = after }
        for _, leg in ipairs(page.legs) do
            all[#all + 1] = leg
        end
        after = page.after
    until not after
    if as_json then
        storage.write_json({ legs = all }, { "legs" })
        return
    end
    for _, leg in ipairs(all) do
        write_leg(leg)
    end
    if #all == 0 then
        io.stdout:write("no doubts\n")
    end
end

local AS = { placed = true, not_placed = true, write_off = true }

local function resolve(args)
    local leg = tonumber(args[3])
    if not leg or leg < 1 or leg ~= math.floor(leg) then
        return options.misuse(command, "expected the number of a leg, got " .. (args[3] or "nothing"))
    elseif not AS[args[4] or ""] then
        return options.misuse(command, "expected placed, not_placed or write_off, got " .. (args[4] or "nothing"))
    end
    local missing = storage.missing(command, args, { "by", "because" })
    if missing then
        return missing
    end
    return storage.with(command, args[2], function(ask)
        local shown = ask.doubts({ after = leg > 1 and leg - 1 or nil, limit = 1 }).legs[1]
        if shown and shown.leg ~= leg then
            shown = nil -- it is in no doubt: the store says why it is not resolved
        end
        if shown then
            write_leg(shown)
        end
        local result = ask.resolve { leg = leg, as = args[4], by = args.by, because = args.because,
            version = shown and shown.version }
        io.stdout:write(("leg %d is %s, contact %s is %s\n"):format(leg, (result.state:gsub("_", " ")), result.contact,
            result.contact_state))
    end)
end

function command.run(args)
    if args[1] == "list" then
        return storage.with(command, args[2], function(ask)
            list(ask, args.json)
        end)
    elseif args[1] == "resolve" then
        return resolve(args)
    end
    return options.misuse(command, "expected list or resolve, got " .. (args[1] or "nothing"))
end

return command
