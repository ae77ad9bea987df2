-- outdial export: every leg of a store, and every contact without one, as rows.

local core = require "outdial.core"
local options = require "outdial.commands.options"
local storage = require "outdial.commands.storage"

local command = {
    name = "export",
    usage = "STORE",
    takes = 1,
    summary = "contacts, attempts and outcomes as rows",
    flags = { { "csv", nil, "as CSV (the default)" }, { "json", nil, "as JSON, one object a line" },
        { "campaign", "NAME", "of this campaign only" } },
    example = "outdial export renewals.db --csv > renewals.csv",
}

local PAGE = 1000
local COLUMNS = { "campaign", "contact", "contact_state", "attempt", "leg", "vendor", "client", "vendor_id", "number",
    "at", "ended", "state", "outcome", "rang", "raw" }
local TIMES = { at = "at_ms", ended = "ended_ms" }

local function cell(row, column)
    local value = row[column]
    if TIMES[column] then
        local ms = row[TIMES[column]]
        value = ms and storage.time(ms) or nil
    end
    if value == nil then
        return ""
    elseif type(value) == "table" then
        return core.to_json(value)
    end
    return tostring(value)
end

-- RFC 4180; what a spreadsheet would take for a formula is a text here too, but is not changed: numbers begin with +.
local function quoted(text)
    if text:find('[,"\r\n]') then
        return '"' .. text:gsub('"', '""') .. '"'
    end
    return text
end

local function write_csv(row)
    local cells = {}
    for i, column in ipairs(COLUMNS) do
        cells[i] = quoted(cell(row, column))
    end
    return io.stdout:write(table.concat(cells, ","), "\n")
end

local function write_line(row)
    local out = {}
    for key, value in pairs(row) do
        out[key] = value
    end
    for column, source in pairs(TIMES) do
        out[column] = row[source] and storage.time(row[source]) or nil
    end
    return io.stdout:write(assert(core.to_json(out)), "\n")
end

function command.run(args)
    if args.csv and args.json then
        return options.misuse(command, "either --csv or --json")
    end
    return storage.with(command, args[1], function(ask)
        local write = args.json and write_line or write_csv
        local after
        repeat
            local page = ask.export { campaign = args.campaign, limit = PAGE, after = after }
            if not after and not args.json then
                io.stdout:write(table.concat(COLUMNS, ","), "\n")
            end
            for _, row in ipairs(page.rows) do
                if not write(row) then
                    return -- nobody reads on, or there is no room: the program tells, as it ends
                end
            end
            after = page.after
        until not after
    end)
end

return command
