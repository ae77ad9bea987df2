-- outdial dnc: who must not be called. Entries are only added; lifting one needs a name and a reason.

local core = require "outdial.core"
local many = require "outdial.many"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "dnc",
    usage = "add STORE NUMBER... | add STORE --file FILE | lift STORE NUMBER | list STORE",
    takes = { list = 2 },
    summary = "do-not-call entries of a store",
    flags = { storage.BY, storage.BECAUSE, { "country", "ISO", "the country of national numbers" },
        { "file", "FILE", "a list: one number a line, or CSV" }, { "column", "NAME", "the column of the file" },
        { "skip-bad", nil, "leave out rows that are no number (kept in the journal)" },
        { "json", nil, "as JSON, one object a line" } },
    example = "outdial dnc add renewals.db +14155550123 --by ann --because \"asked on the phone\"",
}

local PAGE = 1000

local function add(ask, args)
    local by = storage.who(args)
    if args.file then
        local result = ask.dnc_import { path = args.file, country = args.country, column = args.column,
            skip_bad = args["skip-bad"], by = by }
        local skipped = result.skipped > 0 and ", " .. many(result.skipped, "row") .. " skipped" or ""
        io.stdout:write(("%d added of %d%s\n"):format(result.added, result.entries, skipped))
        return
    end
    local entries = {}
    for i = 3, #args do
        entries[#entries + 1] = { number = args[i] }
    end
    local result = ask.dnc_add { entries = entries, country = args.country, by = by, because = args.because }
    local again = result.listed_again > 0 and (", %d listed again"):format(result.listed_again) or ""
    io.stdout:write(("%d added%s, %d %s listed already\n"):format(result.added, again, result.listed_already,
        result.listed_already == 1 and "was" or "were"))
end

local function write_entry(entry)
    local by = entry.by and (" by " .. entry.by) or ""
    local because = entry.because and (": " .. entry.because) or ""
    local lifted = entry.lifted_ms and (", lifted %s by %s: %s"):format(storage.time(entry.lifted_ms), entry.lifted_by,
        entry.lifted_because) or ""
    return io.stdout:write(("%-16s since %s, from %s%s%s%s\n"):format(entry.number, storage.time(entry.since_ms),
        entry.source, by, because, lifted))
end

local function write_line(entry)
    return io.stdout:write(assert(core.to_json(entry)), "\n")
end

local function list(ask, as_json)
    local write, after = as_json and write_line or write_entry, nil
    repeat
        local page = ask.dnc_list { limit = PAGE, after = after }
        for _, entry in ipairs(page.entries) do
            if not write(entry) then
                return -- nobody reads on, or there is no room: the program tells, as it ends
            end
        end
        after = page.after
    until not after
end

function command.run(args)
    local action = args[1]
    if action == "list" then
        return storage.with(command, args[2], function(ask) list(ask, args.json) end)
    end
    program.acts()
    if action == "add" then
        if not args.file and not args[3] then
            return options.misuse(command, "expected numbers, or --file")
        elseif args.file and args[3] then
            return options.misuse(command, "either numbers or --file")
        end
        return storage.with(command, args[2], function(ask) add(ask, args) end)
    elseif action == "lift" then
        if not args[3] or args[4] then
            return options.misuse(command, "expected one number")
        end
        return storage.missing(command, args, { "by", "because" }) or storage.with(command, args[2], function(ask)
            local lifted = ask.dnc_lift { number = args[3], country = args.country, by = args.by,
                because = args.because }
            io.stdout:write(lifted.number, " may be called again\n")
        end)
    end
    return options.misuse(command, "expected add, lift or list, got " .. (action or "nothing"))
end

return command
