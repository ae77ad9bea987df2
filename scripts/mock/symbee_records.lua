-- The records of Symbee's campaigns: kept per campaign in order of arrival, found by identifier or by criteria.

local json = require("mock.json")
local times = require("mock.times")

local records = {}

local Store = {}
Store.__index = Store

--- An empty store.
function records.new()
    return setmetatable({ campaigns = {} }, Store)
end

local function campaign_of(store, name)
    local list = store.campaigns[name]
    if not list then
        list = {}
        store.campaigns[name] = list
    end
    return list
end

--- The record of a previewRecordId, or else of a clientId, with its place in the list; nil where there is none. An
--- identifier given rules out the client's.
function Store:find(campaign, record_id, client_id)
    for index, record in ipairs(campaign_of(self, campaign)) do
        if record_id and record.record_id == record_id or not record_id and record.client_id == client_id then
            return record, index
        end
    end
end

function Store:add(campaign, record)
    local list = campaign_of(self, campaign)
    list[#list + 1] = record
end

function Store:remove(campaign, index)
    return table.remove(campaign_of(self, campaign), index)
end

--- How many records there are in all campaigns.
function Store:count()
    local total = 0
    for _, list in pairs(self.campaigns) do
        total = total + #list
    end
    return total
end

local SYSTEM_FIELDS = {
    sys_skill_queue = function(record)
        return record.skill_queue
    end,
    sys_worked_attempts = function(record)
        return string.format("%d", record.attempts)
    end,
    sys_item_time_zone = function(record)
        return record.time_zone or ""
    end,
    sys_worked_state = function(record)
        return record.state
    end,
    sys_preferred_agent = function(record)
        return record.preferred_agent
    end,
    sys_next_earliest_worktime_long = function(record)
        return record.earliest_ms and string.format("%.0f", record.earliest_ms)
    end,
}

local function value_of(record, key)
    if SYSTEM_FIELDS[key] then
        return SYSTEM_FIELDS[key](record)
    end
    for _, item in ipairs(record.data) do
        if item.key == key then
            return item.value
        end
    end
end

local function less(a, b)
    local x, y = tonumber(a), tonumber(b)
    if x and y then
        return x < y
    end
    return a < b
end

local CONDITIONS = {
    EQUALS = function(value, wanted)
        return value == wanted
    end,
    NOTEQUALS = function(value, wanted)
        return value ~= wanted
    end,
    GREATERTHAN = function(value, wanted)
        return less(wanted, value)
    end,
    LESSTHAN = function(value, wanted)
        return less(value, wanted)
    end,
    CONTAINS = function(value, wanted)
        return value:find(wanted, 1, true) ~= nil
    end,
    BEGINSWITH = function(value, wanted)
        return value:sub(1, #wanted) == wanted
    end,
}

--- Whether a condition of that name exists.
function records.is_condition(name)
    return CONDITIONS[name] ~= nil
end

--- The records that meet all criteria ({ key, value, condition }), at most so many. How criteria combine, compare and
--- sort is not documented: all must hold, numbers compare as numbers, the oldest comes first. A record
--- without the key meets none but NOTEQUALS.
function Store:search(campaign, criteria, limit)
    local found = {}
    for _, record in ipairs(campaign_of(self, campaign)) do
        local meets = true
        for _, item in ipairs(criteria) do
            local value = value_of(record, item.key)
            if value == nil then
                meets = meets and item.condition == "NOTEQUALS"
            else
                meets = meets and CONDITIONS[item.condition](value, item.value)
            end
        end
        if meets and #found < limit then
            found[#found + 1] = record
        end
    end
    return found
end

--- A record as searchPreviewCampaign shows it.
function records.object(record)
    local data = json.array()
    for index, item in ipairs(record.data) do
        data[index] = json.object({ { "key", item.key }, { "value", item.value },
            { "displayOrder", item.displayOrder or 0 } })
    end
    local codes = json.array()
    for index, code in ipairs(record.work_codes) do
        codes[index] = json.object({ { "key", code.key }, { "value", code.value } })
    end
    return json.object({
        { "previewRecordID", record.record_id },
        { "clientId", record.client_id },
        { "preferredAgent", record.preferred_agent },
        { "skillQueue", record.skill_queue },
        { "createdTime", times.symbee(record.created_ms) },
        { "lastUpdatedTime", times.symbee(record.updated_ms) },
        { "nextEarliestWorkTime", record.earliest_ms and times.symbee(record.earliest_ms) or json.null },
        { "workedState", record.state },
        { "workAttempts", record.attempts },
        { "lastAttemptAgent", record.last_agent or "" },
        { "lastAttemptTime", record.last_attempt_ms and times.symbee(record.last_attempt_ms) or "" },
        { "workCodes", codes },
        { "previewRecordData", data },
    })
end

return records
