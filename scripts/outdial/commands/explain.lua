-- outdial explain: why a contact was called, or was not: every decision in order, with what each rule saw.

local columns = require "outdial.commands.columns"
local core = require "outdial.core"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local command = {
    name = "explain",
    usage = "STORE CONTACT",
    takes = 2,
    summary = "why a contact was called, or was not",
    flags = { { "campaign", "NAME", "which campaign's contact" }, { "json", nil, "as JSON" } },
    example = "outdial explain renewals.db 4711",
}

local HASH_SHOWN = 12
local LISTS = { "journal", "revisions", "attempts", "judgement" }

-- Rules as they were judged: `+` allowed, `-` refused.
local function write_rules(rules)
    local rows = {}
    for _, rule in ipairs(rules or {}) do
        rows[#rows + 1] = { "    " .. (rule.ok and "+" or "-"), rule.name, rule.saw }
    end
    io.stdout:write(columns.layout(rows, program.columns()))
end

local function brief(data)
    local parts = {}
    for key, value in pairs(data) do
        if key ~= "rules" then
            parts[#parts + 1] = ("%s %s"):format(key, type(value) == "table" and core.to_json(value) or tostring(value))
        end
    end
    table.sort(parts)
    return table.concat(parts, ", ")
end

-- through: names of clients by leg.
local function write_entry(entry, through)
    local who = entry.by and (" by " .. entry.by) or ""
    local leg = entry.leg and (" (leg %d through %s)"):format(entry.leg, through[entry.leg] or "?") or ""
    local data = type(entry.data) == "table" and entry.data or {}
    local text = data.text or brief(data)
    io.stdout:write(storage.time(entry.at_ms), "  ", entry.event, leg, who, text ~= "" and ": " or "", text, "\n")
    write_rules(data.rules)
end

local function clients_of(attempts)
    local names = {}
    for _, attempt in ipairs(attempts) do
        for _, leg in ipairs(attempt.legs) do
            names[leg.leg] = leg.client
        end
    end
    return names
end

local function write_judgement(judged)
    local verdict = judged.allowed and "allowed" or "refused by " .. judged.name
    local when = judged.next_ms and (" until " .. storage.time(judged.next_ms)) or ""
    io.stdout:write("rules now, for ", judged.number, ": ", verdict, when, "\n")
    write_rules(judged.rules)
end

function command.run(args)
    if args[1] and not args[2] then
        return options.misuse(command, "expected the id of a contact")
    end
    return storage.with(command, args[1], function(ask)
        local told = ask.explain { contact = args[2], campaign = args.campaign }
        if args.json then
            return storage.write_json(told, LISTS)
        end
        local contact = told.contact
        local title = program.heading(("contact %s of %s"):format(contact.id, contact.campaign))
        local why = told.why and (": " .. told.why) or ""
        local due = told.due_ms and contact.state == "waiting" and " until " .. storage.time(told.due_ms) or ""
        io.stdout:write(title, " is ", contact.state, why, due, "\n")
        if contact.unreadable then
            io.stdout:write("what the store has of it cannot be read: ", contact.unreadable, "\n")
        end
        for _, revision in ipairs(told.revisions) do
            io.stdout:write(("revision %d since %s: script %s\n"):format(revision.revision,
                storage.time(revision.at_ms), revision.script:sub(1, HASH_SHOWN)))
        end
        local through = clients_of(told.attempts)
        for _, entry in ipairs(told.journal) do
            write_entry(entry, through)
        end
        for _, judged in ipairs(told.judgement) do
            write_judgement(judged)
        end
        if not told.judgement[1] then
            io.stdout:write("rules now: it has no number that they could judge\n")
        end
    end)
end

return command
