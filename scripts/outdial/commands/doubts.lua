-- outdial doubts: legs of which nobody knows whether they rang, or whether they will again; only evidence or a person
-- settles them.

local many = require "outdial.many"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "doubts",
    usage = "list STORE | resolve STORE LEG placed|not_placed|write_off|withdrawn",
    takes = { list = 2, resolve = 4 },
    summary = "calls of which it is not known whether they rang",
    flags = { { "json", nil, "as JSON" }, { "handed-off", nil, "list: those that vendors ring when they like" },
        { "living-on", nil, "list: those that are over, and that vendors may make again" },
        storage.BY, storage.BECAUSE },
    notes = {
        "",
        "placed: it rang, and counts. not_placed: it did not; the person may be called again, but caps count it all",
        "the same. write_off: nobody will know; it counts as if it had rung.",
        "A call that was handed off is not written off: it may ring yet. Its run waits until the vendor tells its end,",
        "or a person does: placed or not_placed.",
        "A call that lives on is withdrawn by a run whose script has its client; or a person has seen to it that the",
        "vendor does not make it again, and says so: withdrawn. Its outcome stays.",
    },
    example = "outdial doubts resolve renewals.db 17 placed --by ann --because \"heard the recording\"",
}

local PAGE = 100

-- What there is to say first of a leg that is doubtful for this reason, and what a person may say of it.
local REASONS = {
    handed_off = function(leg)
        return "handed off since " .. storage.time(leg.since_ms), "placed|not_placed"
    end,
    ended = function(leg)
        return ("over since %s, %s; its vendor may call again"):format(storage.time(leg.since_ms),
            ((leg.evidence.outcome or "no outcome"):gsub("_", " "))), "withdrawn"
    end,
    written_off = function(leg)
        return ("written off since %s; its vendor may have it, and call"):format(storage.time(leg.since_ms)),
            "withdrawn"
    end,
}

-- The vendor's own name of the call, if it has told one.
local function known_as(leg)
    return leg.call and leg.call.id and (", at the vendor %s"):format(tostring(leg.call.id)) or ""
end

local function write_leg(leg, path)
    local contact, evidence = leg.contact, leg.evidence
    local out = io.stdout
    out:write(program.heading(("leg %d"):format(leg.leg)), (": contact %s of %s, %s through %s at %s\n"):format(
        contact.id, contact.campaign, leg.number, leg.client, storage.time(leg.at_ms)))
    local reason = REASONS[leg.state]
    local words, answers
    if reason then
        words, answers = reason(leg)
        out:write("  ", words, leg.withdrawal and ", not withdrawn: " .. leg.withdrawal:gsub("^%a+: ", "") or "", "\n")
    else
        out:write("  in doubt since ", storage.time(leg.since_ms), ": ", evidence.cause or
            (evidence.error and evidence.error.message) or "no answer came", "\n")
    end
    if evidence.url then
        out:write(("  sent: %s %s %s\n"):format(evidence.method or "", evidence.url, evidence.body or ""))
    end
    if reason then
        out:write(("  token %s%s\n  a person knows: outdial doubts resolve %s %d %s --by NAME --because TEXT\n"):format(
            leg.token, known_as(leg), path, leg.leg, answers))
        return
    end
    local looked = leg.looks == 0 and "not looked up yet" or ("looked up %s, not found"):format(many(leg.looks, "time"))
    out:write(("  token %s, %s\n"):format(leg.token, looked))
end

local function list(ask, path, args)
    local after, all = nil, {}
    repeat
        local page = ask.doubts { limit = PAGE, after = after, handed_off = args["handed-off"],
            living_on = args["living-on"] }
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
        io.stdout:write(args["handed-off"] and "nothing is handed off\n" or args["living-on"] and "nothing lives on\n"
            or "no doubts\n")
    end
end

local AS = { placed = true, not_placed = true, write_off = true, withdrawn = true }

-- As the store shows it, for whichever reason it is doubtful; nil: for none, and the store says why it is not resolved.
local function find(ask, leg)
    for _, kind in ipairs { "in_doubt", "handed_off", "living_on" } do
        local shown = ask.doubts({ after = leg > 1 and leg - 1 or nil, limit = 1, [kind] = kind ~= "in_doubt" or nil })
            .legs[1]
        if shown and shown.leg == leg then
            return shown
        end
    end
end

local LARGEST_LEG = 2 ^ 53

local function leg_number(word)
    local leg = word and word:find("^%d+$") and tonumber(word)
    return leg and leg >= 1 and leg <= LARGEST_LEG and leg or nil
end

local function resolve(args)
    program.acts()
    local leg = leg_number(args[3])
    if not leg then
        return options.misuse(command, "expected the number of a leg, got " .. (args[3] or "nothing"))
    elseif not AS[args[4] or ""] then
        return options.misuse(command, "expected placed, not_placed, write_off or withdrawn, got "
            .. (args[4] or "nothing"))
    end
    local missing = storage.missing(command, args, { "by", "because" })
    if missing then
        return missing
    end
    return storage.with(command, args[2], function(ask)
        local shown = find(ask, leg)
        if shown then
            write_leg(shown, args[2])
        end
        local result = ask.resolve { leg = leg, as = args[4], by = args.by, because = args.because,
            version = shown and shown.version }
        local becomes = args[4] == "withdrawn" and "withdrawn" or result.state:gsub("_", " ")
        io.stdout:write(("leg %d is %s, contact %s is %s\n"):format(leg, becomes, result.contact, result.contact_state))
    end)
end

function command.run(args)
    if args["handed-off"] and args["living-on"] then
        return options.misuse(command, "either --handed-off or --living-on")
    elseif args[1] == "list" then
        return storage.with(command, args[2], function(ask)
            list(ask, args[2], args)
        end)
    elseif args[1] == "resolve" then
        return resolve(args)
    end
    return options.misuse(command, "expected list or resolve, got " .. (args[1] or "nothing"))
end

return command
