-- What a campaign would do now, found out in a copy of its store: nobody is called, and the store stays as it is.
local fill = require "outdial.fill"
local store = require "outdial.store"
local workshop = require "outdial.work"

local M = {}

local ENDINGS = { "", "-wal", "-shm", ".lock", ".mark" }

local function exists(path)
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

-- The campaign as it is, but for the file of rejected rows, which belongs to a run.
local function without_rejects(campaign)
    local source, copy = {}, {}
    for key, value in pairs(campaign.contacts) do source[key] = value end
    source.reject_path = nil
    for key, value in pairs(campaign) do copy[key] = value end
    copy.contacts = setmetatable(source, getmetatable(campaign.contacts))
    return copy
end

local function copy_store(campaign, path, report)
    report.store_exists = exists(campaign.store)
    if not report.store_exists then return true end
    local db, err = store.open(campaign.store)
    if not db then return nil, err end
    local done
    done, err = db:copy { path = path }
    db:close()
    return done, err
end

-- R6: what is accepted without a number of its own to dial from is handed off, and may ring at any time.
local function warn_of_vendors(campaign, warnings)
    for _, name in ipairs(campaign.vendor_names) do
        local client = campaign.vendors[name]
        if client.vendor == "ccai_platform" and not client.settings.outbound_number then
            warnings[#warnings + 1] = ("vendors.%s: no outbound_number is set: CCAI Platform may accept a call "
                .. "(202) and ring at its own choosing; it is listed as handed off"):format(name)
        end
    end
end

local function judge(campaign, scheduler, db, script, report)
    local work = workshop.new(without_rejects(campaign), scheduler, db, function(level, text)
        if level ~= "info" then report.warnings[#report.warnings + 1] = text end
    end)
    local known, err = db:campaign { name = campaign.name, ruleset = campaign.ruleset, script = script,
        subject = campaign.subject, max_open = campaign.pace.max_open, max_handed_off = campaign.pace.max_handed_off,
        do_not_call = campaign.do_not_call }
    if not known then return nil, err end
    for _, text in ipairs(known.warnings or {}) do report.warnings[#report.warnings + 1] = text end
    report.campaign, report.state, report.why = campaign.name, known.state, known.why
    report.imported, err = fill.run(work)
    if not report.imported then return nil, err end
    local status, forecast
    status, err = db:status { campaign = campaign.name }
    if not status then return nil, err end
    report.contacts = status.contacts
    forecast, err = db:forecast { campaign = campaign.name }
    if not forecast then return nil, err end
    for key, value in pairs(forecast) do report[key] = value end
    warn_of_vendors(campaign, report.warnings)
    return report
end

-- M.run(campaign, script) -> report { campaign, state, why, store_exists, imported, contacts, now, later, never (each
-- { total, reasons }), next_ms, blocked, shared_numbers, several_zones, warnings }, or nil, err. In a task. script: the
-- hash of its text.
function M.run(campaign, script, scheduler)
    scheduler = scheduler or require "outdial.scheduler"
    local path, report = os.tmpname(), { warnings = {} }
    local done, err = copy_store(campaign, path, report)
    local db
    if done then db, err = store.open(path, { create = true, scheduler = scheduler }) end
    local judged
    if db then
        judged, err = judge(campaign, scheduler, db, script, report)
        db:close()
    end
    for _, ending in ipairs(ENDINGS) do os.remove(path .. ending) end
    return judged, err
end

return M
