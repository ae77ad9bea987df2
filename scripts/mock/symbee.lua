-- Symbee Connect: the Preview Campaign Realtime API. Records are kept and changed; a phone rings only later, when an
-- agent gets the record (symbee_agent.lua).

local agent = require("mock.symbee_agent")
local http = require("mock.http")
local json = require("mock.json")
local records = require("mock.symbee_records")

local symbee = {}

local VENDOR = "symbee"
local PREFIX = "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"
local PLATFORM = "AWS Connect"
local DEFAULT_ID_KEY = "Id"
local DEFAULT_MAX_RECORDS = 1000

local STATES = { NOTWORKED = true, WORKED = true, COMPLETED = true, REMOVED = true }

local function memory(state)
    local own = state.symbee
    if not own then
        own = { store = records.new(), requests = 0 }
        state.symbee = own
    end
    return own
end

-- A failure outside the envelope: a status and no body, of which nothing is documented.
local function fail(status, headers)
    return http.answer(status, nil, "", headers)
end

local function respond(body, status, text, found)
    local list = {}
    for _, name in ipairs({ "platform", "companyCode", "environment", "region", "campaignName" }) do
        list[#list + 1] = { name, body[name] or json.null }
    end
    list[#list + 1] = { "previewResult", json.object({ { "previewResultStatus", status },
        { "error", text or json.null } }) }
    list[#list + 1] = { "previewRecordClientData", found }
    return http.answer(200, "application/json", json.encode(json.object(list)))
end

local function is_text(value)
    return json.type(value) == "string" and value ~= ""
end

local function no_record(state, body)
    if state.settings.symbee.no_record_in == "error" then
        return respond(body, "FAILED", "NORECORDFOUND")
    end
    return respond(body, "NORECORDFOUND", "No record found")
end

-- The identifier, in the two spellings of the page.
local function record_id_of(body)
    local value = body.previewRecordId or body.previewRecordID
    return is_text(value) and value or nil
end

local function client_id_of(body)
    return is_text(body.clientId) and body.clientId or nil
end

-- Checks what all actions share: the text of what is wrong, or nil.
local function check_common(state, request, body)
    for _, name in ipairs({ "platform", "companyCode", "environment", "campaignName", "region" }) do
        if not is_text(body[name]) then
            return name .. " is required"
        end
    end
    local copies = { companyCode = "x-sc-company-code", environment = "x-sc-company-environment" }
    if body.platform ~= PLATFORM then
        return "platform must be " .. PLATFORM
    end
    for _, name in ipairs({ "companyCode", "environment" }) do
        if body[name] ~= request.header[copies[name]] then
            return name .. " differs from the header"
        end
    end
    if state.settings.symbee.missing_campaigns[body.campaignName] then
        return "campaign " .. body.campaignName .. " does not exist"
    end
end

local function check_optional(body, rows)
    for _, row in ipairs(rows) do
        local name, wanted = row[1], row[2]
        if body[name] ~= nil and json.type(body[name]) ~= wanted then
            return name .. " must be of type " .. wanted
        end
    end
    if body.timeZone and not body.timeZone:find("^%a[%w_+-]*[%w_+/-]*$") then
        return "timeZone is not a name of the time zone database"
    end
    if body.nextEarliestWorkTimeUTC and body.nextEarliestWorkTimeUTC < 0 then
        return "nextEarliestWorkTimeUTC must not be negative"
    end
end

local WORK_FIELDS = {
    { "skillQueue", "string" }, { "preferredAgent", "string" }, { "nextEarliestWorkTimeUTC", "integer" },
    { "timeZone", "string" },
}

local function apply_work_fields(state, record, body)
    record.skill_queue = body.skillQueue or record.skill_queue
    record.preferred_agent = body.preferredAgent or record.preferred_agent
    record.earliest_ms = body.nextEarliestWorkTimeUTC or record.earliest_ms
    record.time_zone = body.timeZone or record.time_zone
    record.updated_ms = state.now_ms()
end

local function check_item(item, at)
    local where = "previewRecordData[" .. at .. "]"
    if json.type(item) ~= "object" then
        return where .. " must be an object"
    elseif not is_text(item.key) then
        return where .. ".key is required"
    elseif json.type(item.value) ~= "string" then
        return where .. ".value must be a string"
    elseif item.displayOrder ~= nil and (json.type(item.displayOrder) ~= "integer" or item.displayOrder <= 0) then
        return where .. ".displayOrder must be greater than zero"
    elseif item.key:lower():find("phone", 1, true) and not item.value:find("^%+[1-9]%d+$") then
        return where .. ".value is not a phone number in E.164 format"
    elseif (item.key:find("_link$") or item.key:find("_button$")) and not item.value:find("^%a[%w+.-]*://.") then
        return where .. ".value is not a URL"
    elseif item.key == "ItemTimeZone" and not item.value:find("^%a[%w_+-]*[%w_+/-]*$") then
        return where .. ".value is not a name of the time zone database"
    end
end

-- Reads previewRecordData: the list of items, or nil, the status and the text.
local function read_data(body)
    if json.type(body.previewRecordData) ~= "array" then
        return nil, "FAILED", "previewRecordData is required"
    end
    local id_key, items = body.clientIdFieldName or DEFAULT_ID_KEY, {}
    for index, item in ipairs(body.previewRecordData) do
        local text = check_item(item, index - 1)
        if text then
            return nil, "FAILED", text
        elseif item.key == id_key then
            return nil, "INVALIDRECORDDATAKEY", "previewRecordData contains the key " .. id_key
        end
        items[index] = { key = item.key, value = item.value, displayOrder = item.displayOrder }
    end
    return items
end

local function data_value(items, name)
    return agent.data_value({ data = items }, function(key)
        return key == name
    end)
end

local function add_or_update(state, body)
    local own = memory(state)
    local client_id = client_id_of(body)
    if not client_id then
        return respond(body, "INVALIDCLIENTID", "clientId is required")
    end
    local text = check_optional(body, { { "previewRecordId", "string" }, { "clientIdFieldName", "string" },
        { "preferredAgent", "string" }, { "nextEarliestWorkTimeUTC", "integer" } })
    if text then
        return respond(body, "FAILED", text)
    end
    local items, status
    items, status, text = read_data(body)
    if not items then
        return respond(body, status, text)
    end

    -- An identifier alone decides, so that an unknown one adds a record even where the client's is known.
    local record = own.store:find(body.campaignName, record_id_of(body), client_id)
    local is_new, token_before = not record, record and agent.token(record)
    if is_new then
        record = { record_id = state.uuid(), client_id = client_id, preferred_agent = "", state = "NOTWORKED",
            attempts = 0, work_codes = {}, created_ms = state.now_ms() }
        own.store:add(body.campaignName, record)
    end
    -- Data is replaced as a whole; that worked state and attempts survive an update is this mock's reading.
    table.insert(items, 1, { key = body.clientIdFieldName or DEFAULT_ID_KEY, value = record.client_id })
    record.data = items
    record.skill_queue = data_value(items, "SkillQueue") or state.settings.symbee.default_skill_queue
    record.time_zone = data_value(items, "ItemTimeZone")
    record.preferred_agent = body.preferredAgent or record.preferred_agent
    record.earliest_ms = body.nextEarliestWorkTimeUTC or record.earliest_ms
    record.updated_ms = state.now_ms()
    local token = agent.token(record)
    if is_new or token ~= "" and token ~= token_before then -- an update with another mark is another attempt
        state.queue(VENDOR, agent.number(record), token)
    end
    agent.plan(state, record, state.now_ms())
    return respond(body, "SUCCESS")
end

local function read_criteria(body)
    if json.type(body.previewRecordData) ~= "array" or #body.previewRecordData == 0 then
        return nil, "previewRecordData is required"
    end
    for index, item in ipairs(body.previewRecordData) do
        local where = "previewRecordData[" .. (index - 1) .. "]"
        if json.type(item) ~= "object" then
            return nil, where .. " must be an object"
        end
        for _, name in ipairs({ "key", "value", "condition" }) do
            if json.type(item[name]) ~= "string" then
                return nil, where .. "." .. name .. " is required"
            end
        end
        if not records.is_condition(item.condition) then
            return nil, where .. ".condition is not known"
        end
    end
    return body.previewRecordData
end

local function search(state, body)
    local store = memory(state).store
    local found = json.array()
    if record_id_of(body) or client_id_of(body) then
        local record = store:find(body.campaignName, record_id_of(body), client_id_of(body))
        if not record then
            return no_record(state, body)
        end
        found[1] = records.object(record)
        return respond(body, "SUCCESS", nil, found)
    end
    local limit = body.maxRecords
    if limit ~= nil and (json.type(limit) ~= "integer" or limit < 1) then
        return respond(body, "FAILED", "maxRecords must be greater than zero")
    end
    local criteria, text = read_criteria(body)
    if not criteria then
        return respond(body, "FAILED", text)
    end
    for index, record in ipairs(store:search(body.campaignName, criteria, limit or DEFAULT_MAX_RECORDS)) do
        found[index] = records.object(record)
    end
    return respond(body, "SUCCESS", nil, found)
end

-- Finds the record that an action names, or the answer to give instead.
local function locate(state, body)
    if not record_id_of(body) and not client_id_of(body) then
        return nil, nil, respond(body, "FAILED", "previewRecordId or clientId is required")
    end
    local record, index = memory(state).store:find(body.campaignName, record_id_of(body), client_id_of(body))
    if not record then
        return nil, nil, no_record(state, body)
    end
    return record, index
end

local function change_status(state, body)
    local text
    if not is_text(body.previewRecordStateEnum) then
        text = "previewRecordStateEnum is required"
    elseif not STATES[body.previewRecordStateEnum] then
        text = "previewRecordStateEnum is not known"
    elseif body.previewRecordStateEnum == "WORKED" and body.nextEarliestWorkTimeUTC == nil then
        text = "nextEarliestWorkTimeUTC is required"
    end
    text = text or check_optional(body, WORK_FIELDS)
    if text then
        return respond(body, "FAILED", text)
    end
    local record, _, refusal = locate(state, body)
    if not record then
        return refusal
    end
    record.state = body.previewRecordStateEnum
    apply_work_fields(state, record, body)
    agent.drop(record)
    agent.plan(state, record, state.now_ms())
    return respond(body, "SUCCESS")
end

local function transfer(state, body)
    local text = not is_text(body.transferToCampaign) and "transferToCampaign is required"
        or state.settings.symbee.missing_campaigns[body.transferToCampaign]
            and "campaign " .. body.transferToCampaign .. " does not exist"
        or check_optional(body, WORK_FIELDS)
    if text then
        return respond(body, "FAILED", text)
    end
    local record, index, refusal = locate(state, body)
    if not record then
        return refusal
    end
    -- Whether the record's identifier survives is not documented: it does here.
    local store = memory(state).store
    store:add(body.transferToCampaign, store:remove(body.campaignName, index))
    apply_work_fields(state, record, body)
    agent.plan(state, record, state.now_ms())
    return respond(body, "SUCCESS")
end

local function delete(state, body)
    local record, index, refusal = locate(state, body)
    if not record then
        return refusal
    end
    agent.drop(memory(state).store:remove(body.campaignName, index))
    return respond(body, "SUCCESS")
end

local ACTIONS = {
    addOrUpdateCampaignRecord = add_or_update,
    searchPreviewCampaign = search,
    changeCampaignRecordStatus = change_status,
    transferCampaignRecord = transfer,
    deleteRecordFromCampaign = delete,
}

-- The five headers: the status of the refusal, or nil. The page says only that they must be there for a request to
-- succeed; a wrong key or company is answered as HTTP names it.
local function check_headers(state, request)
    local own, header = state.settings.symbee, request.header
    local rows = {
        { "x-sc-company-api-key", state.symbee_api_key or own.api_key, 401 },
        { "x-sc-platform-code", PLATFORM, 400 },
        { "x-sc-company-code", own.company_code, 403 },
        { "x-sc-company-environment", own.environment, 403 },
        { "x-sc-secrets-region", own.secrets_region, 403 },
    }
    for _, row in ipairs(rows) do
        if header[row[1]] ~= row[2] then
            return row[3]
        end
    end
end

--- The answer to a request over a rate: none is documented, so it is HTTP's.
function symbee.throttled()
    return fail(429)
end

--- The answer of a service that failed.
function symbee.failed()
    return fail(500)
end

--- Replaces the API key, as happens from time to time: Secrets Manager has the new one, the old one is refused.
function symbee.rotate_key(state)
    state.symbee_api_key = "symbee-key-" .. state.hex(16)
end

--- What the mock tells of itself.
function symbee.counts(state)
    return json.object({ { "records", memory(state).store:count() } })
end

--- Answers one request.
function symbee.handle(state, request)
    state.catch_up()
    local action = request.path:sub(1, #PREFIX) == PREFIX and ACTIONS[request.path:sub(#PREFIX + 1)]
    if not action then
        return fail(404)
    elseif request.method ~= "POST" then
        return fail(405, { { "Allow", "POST" } })
    end
    local status = check_headers(state, request)
    if status then
        return fail(status)
    elseif not http.is_json(request) then
        return fail(415)
    end
    local body = json.decode(request.body)
    if json.type(body) ~= "object" then
        return fail(400)
    end
    local text = check_common(state, request, body)
    if text then
        return respond(body, "FAILED", text)
    end
    return action(state, body)
end

return symbee
