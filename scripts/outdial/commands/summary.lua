-- How a store or a campaign stands, as plain lines: what `outdial status` prints and `outdial run` ends with.

local columns = require "outdial.commands.columns"
local program = require "outdial.commands.program"
local storage = require "outdial.commands.storage"

local summary = {}

local STATES = { "ready", "waiting", "open", "held", "blocked", "done", "exhausted", "suppressed" }
local LEGS = { "placed", "handed_off", "not_placed", "unknown", "open" }

local function head_and_row(head, names, counts)
    local row = { tostring(counts.total) }
    for _, name in ipairs(names) do
        head[#head + 1] = (name:gsub("_", " "))
        row[#row + 1] = tostring(counts[name])
    end
    return { head, row }
end

-- Legs by the names that clients have in the script.
local function client_rows(clients)
    local rows, names = { { "calls" } }, {}
    for _, leg in ipairs(LEGS) do
        rows[1][#rows[1] + 1] = (leg:gsub("_", " "))
    end
    for name in pairs(clients) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local row = { name }
        for _, leg in ipairs(LEGS) do
            row[#row + 1] = tostring(clients[name][leg])
        end
        rows[#rows + 1] = row
    end
    return rows
end

--- Writes the counts of a status (or of the figures of a run) of the store at path.
function summary.write(path, status)
    local width, out = program.columns(), io.stdout
    out:write(columns.layout(head_and_row({ "contacts" }, STATES, status.contacts), width))
    if next(status.clients) then
        out:write(columns.layout(client_rows(status.clients), width))
    end
    local rows = { { "outcomes", storage.counts(status.outcomes) } }
    if next(status.refused) then
        rows[#rows + 1] = { "not now", storage.counts(status.refused) }
    end
    if status.next_ms then
        rows[#rows + 1] = { "next", storage.time(status.next_ms) }
    end
    if status.legs.handed_off > 0 then
        rows[#rows + 1] = { "handed off", ("%d, the vendors decide when: outdial doubts list %s --handed-off"):format(
            status.legs.handed_off, path) }
    end
    if status.living_on > 0 then
        rows[#rows + 1] = { "living on", ("%d, which may ring again: outdial doubts list "
            .. "%s --living-on"):format(status.living_on, path) }
    end
    if status.withdrawals_failed > 0 then
        rows[#rows + 1] = { "not withdrawn", ("%d: these may still ring"):format(status.withdrawals_failed) }
    end
    if status.second_rings > 0 then
        rows[#rows + 1] = { "rang twice", ("%d, it may be: they had been settled as not placed, or written off"):format(
            status.second_rings) }
    end
    if status.doubts > 0 then
        rows[#rows + 1] = { "in doubt", ("%d: outdial doubts list %s"):format(status.doubts, path) }
    end
    out:write(columns.layout(rows, width))
end

local function ending(figures)
    if figures.exit_code == program.FAILED then
        return "failed: " .. tostring(figures.why)
    elseif figures.exit_code == program.STOPPED then
        return "stopped before the end; run it again to go on"
    elseif figures.exit_code == program.DOUBTS then
        local left = {}
        for _, row in ipairs { { figures.doubts, "in doubt" }, { figures.contacts.held, "held" },
            { figures.living_on, "not taken back: run it again for these" } } do
            left[#left + 1] = row[1] > 0 and ("%d %s"):format(row[1], row[2]) or nil
        end
        return "nothing is left but " .. table.concat(left, ", ")
    elseif figures.state ~= "running" then
        return figures.state .. (figures.why and ": " .. figures.why or "")
    end
    return "done, nobody is left to call"
end

--- Writes what a run ends with.
function summary.write_run(path, figures)
    io.stdout:write(program.heading(figures.campaign), ": ", ending(figures), "\n")
    summary.write(path, figures)
end

return summary
