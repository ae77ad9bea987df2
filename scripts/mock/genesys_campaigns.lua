-- Preview dialling of Genesys Web Services: a session per device and campaign, in which an agent asks for records.

local http = require("mock.http")
local json = require("mock.json")
local memory = require("mock.genesys_memory")
local records = require("mock.genesys_records")
local wire = require("mock.genesys_wire")

local genesys_campaigns = {}

local GROUP = "AgentGroup1"

local function sessions_of(state)
    local own = memory.of(state)
    own.previews = own.previews or {} -- the set of "device campaign"
    return own.previews
end

local function key_of(request, campaign)
    return request.device.id .. " " .. campaign
end

local function tell(state, request, kind, members)
    local list = {}
    for _, member in ipairs(members) do
        list[#list + 1] = member
    end
    list[#list + 1] = { "devicePath", request.body.devicePath }
    list[#list + 1] = { "applicationId", request.body.applicationId }
    records.tell(state, request, "OutboundCampaignMessage", kind, { "campaign", json.object(list) })
end

local function start(state, request, campaign)
    sessions_of(state)[key_of(request, campaign)] = true
    tell(state, request, "PreviewSessionStarted", {
        { "name", campaign }, { "dialingMode", "Preview" }, { "groupName", campaign .. "@" .. GROUP },
        { "state", "Started" }, { "groupDescription", "" }, { "description", "" },
    })
end

local function stop(state, request, campaign)
    sessions_of(state)[key_of(request, campaign)] = nil
    tell(state, request, "PreviewSessionEnded", { { "name", campaign }, { "state", "Started" } })
end

-- The oldest record that is ready, or due again, goes to the agent.
local function next_record(state, campaign)
    for _, record in ipairs(memory.of(state).list) do
        local due = record.state == "scheduled" and record.due * 1000 <= memory.now_ms(state)
        if record.campaign == campaign and (record.state == "ready" or due) then
            return record
        end
    end
end

local function get_record(state, request, campaign, at_ms)
    if not sessions_of(state)[key_of(request, campaign)] then
        return records.fail(state, request, campaign, 5, "Preview session is not started")
    end
    local record = next_record(state, campaign)
    if not record then
        return records.tell(state, request, "OutboundRecordMessage", "PreviewRecordEmpty", { "record", json.object({
            { "devicePath", request.body.devicePath }, { "applicationId", request.body.applicationId },
            { "campaignName", campaign },
        }) })
    end
    record.state, record.attempts = "retrieved", record.attempts + 1
    records.show(state, request, record, "PreviewRecord", at_ms)
end

local ROWS = records.rows(true)
local OPERATIONS = {
    StartPreviewSession = { ROWS, start }, EndPreviewSession = { ROWS, stop }, GetPreviewRecord = { ROWS, get_record },
    RequestPreviewRecord = { ROWS, get_record }, -- the outbound server's own name for it
}

local function operate(state, session, request, name)
    local campaign = http.unescape(name)
    local read, operation, refusal = records.read(session, request, OPERATIONS)
    if refusal then
        return refusal
    end
    memory.soon(state, function(at_ms)
        local code, text = records.problem(state, campaign)
        if code then
            records.fail(state, read, campaign, code, text)
        else
            operation[2](state, read, campaign, at_ms)
        end
    end)
    return wire.ok()
end

--- Rows as in genesys_session.lua.
genesys_campaigns.ROUTES = {
    { "^/me/outbound%-campaigns/([^/]+)$", POST = operate },
}

return genesys_campaigns
