-- Bringing a campaign's contacts into the store: a file that the store reads itself, or rows of Lua in batches.
local contacts = require "outdial.contacts"
local errors = require "outdial.error"
local many = require "outdial.many"

local M = {}

local BATCH, MAX_SHOWN = 1000, 10
local NO_DEADLINE_S = 1e9 -- a script may take as long for its rows as it likes

local function tell_rejected(work, row, id, why)
    local of = id ~= "" and (" (%s)"):format(id) or ""
    work:log("warning", ("contacts: row %d%s: %s"):format(row, of, why))
end

local function from_file(work, source)
    local map = source.map
    local report, err = work:store("import", { campaign = work.campaign.name, path = source.path,
        format = source.format, delimiter = source.delimiter, reject_path = source.reject_path,
        map = { id = map.id, person = map.person, zone = map.zone,
            country = map.country, country_column = map.country_column, numbers = map.numbers } })
    if not report then return nil, err end
    for _, one in ipairs(report.first_rejected or {}) do tell_rejected(work, one.row, "", one.why) end
    report.first_rejected = nil
    return report
end

local function reject(work, report, row, id, why)
    report.rejected = report.rejected + 1
    if report.rejected <= MAX_SHOWN then tell_rejected(work, row, id, why) end
end

-- at: the row of each of the batch
local function put(work, batch, at, report)
    local done, err = work:store("put", { campaign = work.campaign.name, contacts = batch })
    if not done then return nil, err end
    for _, key in ipairs { "added", "updated", "unchanged" } do report[key] = report[key] + done[key] end
    for _, one in ipairs(done.rejected or {}) do
        reject(work, report, at[one.index], one.id or "", one.why)
    end
    return true
end

local function read_rows(work, source)
    local report = { rows = 0, added = 0, updated = 0, unchanged = 0, rejected = 0 }
    local batch, at, index = {}, {}, 0
    local function next_row()
        if source.next_row then return source.next_row() end
        index = index + 1
        return source.rows[index]
    end
    while true do
        local row = next_row()
        if row ~= nil and type(row) ~= "table" then
            return nil, ("contacts: row %d: expected a table, got %s"):format(report.rows + 1, type(row))
        end
        if row then
            local contact = contacts.contact(row, source.map)
            report.rows = report.rows + 1
            if contact.numbers[1] then
                batch[#batch + 1] = contact
                at[#batch] = report.rows
            else
                reject(work, report, report.rows, contact.id, "no number in " .. table.concat(source.map.numbers, ", "))
            end
        end
        if #batch == BATCH or (not row and batch[1]) then
            local ok, err = put(work, batch, at, report)
            if not ok then return nil, err end
            batch, at = {}, {}
        end
        if not row or work:stopped() then return report end
    end
end

-- The rows are the script's to make: that may fail, and is no place to call anybody from either.
local function from_rows(work, source)
    local task = work.scheduler.hook("contacts", NO_DEADLINE_S, read_rows, work, source)
    if task.how == "returned" then return task.outcome[1], task.outcome[2] end
    return nil, "contacts: " .. (task.how == "failed" and errors.text(task.outcome) or task.how)
end

-- M.run(work) -> { rows, added, updated, unchanged, rejected, ... }, or nil, err
function M.run(work)
    local source = work.campaign.contacts
    return (source.format == "rows" and from_rows or from_file)(work, source)
end

-- M.tell(work, report): what has come of it
function M.tell(work, report)
    work:log(report.rejected > 0 and "warning" or "info", ("contacts: %s: %d new, %d updated, %d rejected%s"):format(
        many(report.rows, "row"), report.added, report.updated, report.rejected,
        report.reject_path and " (see " .. report.reject_path .. ")" or ""))
end

return M
