-- outdial doubts: legs of which nobody knows whether they rang; only evidence or a person settles them.

local many = require "outdial.many"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "doubts",
    usage = "list STORE | resolve STORE LEG placed|not_placed|write_off",
    summary = "calls of which it is not known whether they rang",
    flags = { { "json", nil, "as JSON" }, { "handed-off", nil, "list: those that vendors ring when they like" },
        storage.BY, storage.BECAUSE },
    notes = {
        "",
        "placed: it rang, and counts. not_placed: it did not; the person may be called again, but caps count it all",
        "the same. write_off: nobody will know; it counts as if it had rung.",
        "A call that was handed off is not written off: it may ring yet. Its run waits until the vendor tells its end,",
        "or a person does: placed or not_placed.",
    },
    example = "outdial doubts resolve renewals.db 17 placed --by ann --because \"heard the recording\"",
}

local PAGE = 100

local function write_leg(leg, path)
    local contact, evidence = leg.contact, leg.evidence
    local out = io.stdout
    out:write(program.heading(("leg %d"):format(leg.leg)), (": contact %s of %s, %s through %s at %s\n"):format(
        contact.id, contact.campaign, leg.number, leg.client, storage.time(leg.at_ms)))
    local is_handed_off = leg.state == "handed_off"
    if is_handed_off then
        out:write("  handed off since ", storage.time(leg.since_ms), leg.withdrawal and
            ", not withdrawn: " .. leg.withdrawal:gsub("^%a+: ", "") or "", "\n")
    else
        out:write("  in doubt since ", storage.time(leg.since_ms), ": ", evidence.cause or
            (evidence.error and evidence.error.message) or "no answer came", "\n")
    end
    if evidence.url then
        out:write(("  sent: %s %s %s\n"):format(evidence.method or "", evidence.url, evidence.body or ""))
    end
    if is_handed_off then
        out:write(("  token %s\n  a person knows: outdial doubts resolve %s %d placed|not_placed --by NAME "
            .. "--because TEXT\n"):format(leg.token, path, leg.leg))
        return
    end
    local looked = leg.looks == 0 and "not looked up yet" or ("looked up %s, not found"):format(many(leg.looks, "time"))
    out:write(("  token %s, %s\n"):format(leg.token, looked))
end

local function list(ask, path, args)
    local after, all = nil, {}
    repeat
        local page = ask.doubts { limit = PAGE, after = after, handed_off = args["handed-off"] }
        for _, leg in ipairs(page.legs) do
            all[#all + 1] = leg
        end
        after = page.after
    until not after
    if args.json then
        storage.write_json({ legs = all }, { "legs" })
        return
    end
    for _, leg in ipairs(all) do
        write_leg(leg, path)
    end
    if #all == 0 then
        io.stdout:write(args["handed-off"] and "nothing is handed off\n" or "no doubts\n")
    end
end

local AS = { placed = true, not_placed = true, write_off = true }

local function find(ask, leg, handed_off)
    local shown = ask.doubts({ after = leg > 1 and leg - 1 or nil, limit = 1, handed_off = handed_off }).legs[1]
    return shown and shown.leg == leg and shown or nil
end

local function resolve(args)
    program.acts()
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
        local shown = find(ask, leg) or find(ask, leg, true) -- if neither, the store says why it is not resolved
        if shown then
            write_leg(shown, args[2])
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
            list(ask, args[2], args)
        end)
    elseif args[1] == "resolve" then
        return resolve(args)
    end
    return options.misuse(command, "expected list or resolve, got " .. (args[1] or "nothing"))
end

return command
