-- Outbound records of Genesys Web Services: adding one, and what an agent does with one. A request is answered once it
-- is passed on; the outbound server's acknowledgement comes as two notifications, the API's own and the raw event.

local calls = require("mock.genesys_calls")
local json = require("mock.json")
local memory = require("mock.genesys_memory")
local objects = require("mock.genesys_objects")
local wire = require("mock.genesys_wire")

local genesys_records = {}

local VENDOR = "genesys"
local PHONE_NUMBER_MAX = 128 -- what a calling list can store
local SECONDS_PER_DAY = 86400
local TIMESTAMP_MAX = 9999999999 -- in seconds: one in milliseconds is beyond

local PHONE_TYPES = {}
for _, name in ipairs({ "NoContactType", "HomePhone", "DirectBusinessPhone", "BusinessWithExt", "Mobile",
    "VacationPhone", "Pager", "Modem", "VoiceMail", "PinPager", "EmailAddress", "InstantMessaging" }) do
    PHONE_TYPES[name] = true
end

local CALLBACKS = { Personal = true, Campaign = true }
local CHAIN_ATTRIBUTES = { AllChain = true, RecordOnly = true }

-- In which states nothing more can be done with a record.
local FINAL = { completed = true, canceled = true, do_not_call = true }

--- What every operation of the outbound API takes besides its own parameters.
function genesys_records.rows(campaign_in_path, ...)
    local list = {
        { "operationName", "string", "required" }, { "applicationId", "integer", "required" },
        { "devicePath", "string", "required" }, { "referenceId", "string" },
    }
    if not campaign_in_path then
        list[#list + 1] = { "campaignName", "string", "required" }
    end
    for _, row in ipairs({ ... }) do
        list[#list + 1] = row
    end
    return list
end

local LIST = { "callingList", "string", "required" }

--- The device that devicePath names; or nil and the refusal.
function genesys_records.device_of(user, body)
    local id = body.devicePath:match("^/devices/([^/]+)$")
    if not id then
        return nil, wire.invalid("devicePath")
    end
    local device = memory.device(user, id)
    if not device then
        return nil, wire.not_found("Device", id)
    end
    return device
end

-- from and until are seconds since midnight. Which of them must come first is not documented: both orders pass.
local function check_values(body)
    for _, name in ipairs({ "from", "until" }) do
        if body[name] and (body[name] < 0 or body[name] >= SECONDS_PER_DAY) then
            return wire.out_of_range(name)
        end
    end
    if body.phoneType and not PHONE_TYPES[body.phoneType] then
        return wire.out_of_range("phoneType")
    elseif body.phoneNumber and #body.phoneNumber > PHONE_NUMBER_MAX then
        return wire.out_of_range("phoneNumber")
    elseif body.callbackType and not CALLBACKS[body.callbackType] then
        return wire.out_of_range("callbackType")
    elseif body.timestamp and (body.timestamp < 0 or body.timestamp > TIMESTAMP_MAX) then
        return wire.out_of_range("timestamp")
    elseif body.chainAttribute and not CHAIN_ATTRIBUTES[body.chainAttribute] then
        return wire.out_of_range("chainAttribute")
    end
end

--- Tells of something on the outbound topic. thing: the name and the object it is about.
function genesys_records.tell(state, request, message_type, kind, thing, more)
    local list = { thing, { "notificationType", kind }, { "messageType", message_type },
        { "referenceId", request.body.referenceId } }
    for _, member in ipairs(more or {}) do
        list[#list + 1] = member
    end
    memory.publish(state, request.user, "/v2/me/outbound", list)
end

--- The raw event of the outbound server: user data in order.
function genesys_records.tell_raw(state, request, user_data, at_ms)
    memory.publish(state, request.user, "/me/internal", {
        { "metrics", memory.metrics(at_ms) }, { "userData", json.object(user_data) },
        { "deviceId", request.device.id }, { "messageType", "DeviceUserEventMessage" },
    })
end

local function record_object(request, campaign, calling_list, handle, user_data)
    return json.object({
        { "devicePath", request.body.devicePath }, { "callingList", calling_list },
        { "applicationId", request.body.applicationId }, { "recordHandle", handle }, { "campaignName", campaign },
        { "userData", user_data },
    })
end

--- Tells of a failure. How the real server words one is not documented: type, codes and texts are this mock's.
function genesys_records.fail(state, request, campaign, code, text, handle)
    genesys_records.tell(state, request, "OutboundRecordMessage", "OCSError",
        { "record", record_object(request, campaign, request.body.callingList, handle) },
        { { "errorCode", code }, { "errorMessage", text } })
end

--- What is known of a campaign that is not there: the code and the text, or nil.
function genesys_records.problem(state, campaign, calling_list)
    local own = state.settings.genesys
    if own.missing_campaigns[campaign] then
        return 1, "Campaign '" .. campaign .. "' is not found"
    elseif calling_list and own.missing_lists[calling_list] then
        return 2, "Calling list '" .. calling_list .. "' is not found"
    end
end

-- The attempt that a record is of: in its data, else its reference.
local function token_of(map, reference)
    local token = map and map.outdial
    return json.type(token) == "string" and token or reference or ""
end

-- Puts a new record into its chain, or into one of its own.
local function insert(own, body)
    local chain_id, chain_n = body.chainId, 0
    if chain_id then
        for _, record in ipairs(own.list) do
            chain_n = chain_n + (record.chain_id == chain_id and 1 or 0)
        end
    else
        chain_id = own.next_chain
    end
    own.next_chain = math.max(own.next_chain, chain_id + 1)
    local record = { handle = #own.list + 1, chain_id = chain_id, chain_n = chain_n, state = "ready", attempts = 0,
        campaign = body.campaignName, calling_list = body.callingList, application = body.applicationId,
        number = body.phoneNumber, time_zone = body.timeZone, phone_type = body.phoneType, from = body.from,
        till = body["until"],
        other_fields = body.otherFields, reference = body.referenceId }
    own.list[record.handle] = record
    return record
end

local BUSY_RETRY_MS = 1000

-- The outbound server dials a record that is still waiting, on the device that it was added from. Nothing says how
-- such a call looks to a client: here as one that was dialled, with the record's data.
local function dial(state, request, record)
    if record.state ~= "ready" then
        return
    elseif memory.calls_of(state, request.user, request.device) >= state.settings.genesys.calls_per_device then
        return memory.at(state, memory.now_ms(state) + BUSY_RETRY_MS, function()
            dial(state, request, record)
        end)
    end
    record.state, record.attempts = "retrieved", record.attempts + 1
    local call = calls.add(state, record.number, { user = request.user, device = request.device, base = request.base })
    calls.attach(call, genesys_records.user_data(request, record))
    call.on_released = function()
        record.state = FINAL[record.state] and record.state or "completed"
    end
    calls.begin(state, call, record.number)
    if calls.rings(state, record.number) then
        local token = token_of(record.other_fields, record.reference)
        state.phone_log.ring({ vendor = VENDOR, to = record.number, token = token }, memory.now_ms(state))
    end
end

-- AddRecord rings nothing: the outbound server dials later, at its own choosing.
local function add(state, request)
    local own, body = memory.of(state), request.body
    own.records = own.records + 1
    local code, text = genesys_records.problem(state, body.campaignName, body.callingList)
    if not code then
        state.queue(VENDOR, body.phoneNumber, token_of(body.otherFields, body.referenceId))
    end
    memory.soon(state, function(at_ms)
        if code then
            return genesys_records.fail(state, request, body.campaignName, code, text)
        end
        local record = insert(own, body)
        genesys_records.tell(state, request, "OutboundRecordMessage", "AddRecordAcknowledge",
            { "record", record_object(request, record.campaign, record.calling_list) })
        genesys_records.tell_raw(state, request, {
            { "GSW_APPLICATION_ID", body.applicationId }, { "GSW_USER_EVENT", "AddRecordAcknowledge" },
            { "GSW_CALLING_LIST", record.calling_list }, { "GSW_PHONE", record.number },
            { "GSW_CAMPAIGN_NAME", record.campaign }, { "GSW_CHAIN_N", record.chain_n },
            { "GSW_CHAIN_ID", record.chain_id },
        }, at_ms)
        local wait_ms = state.settings.genesys.dial_records_after_ms
        if wait_ms then
            memory.at(state, at_ms + wait_ms, function()
                dial(state, request, record)
            end)
        end
    end)
    return wire.ok()
end

---- what is done with a record ----

--- A record's user data as an agent is shown it.
function genesys_records.user_data(request, record, event)
    local list = {
        { "GSW_APPLICATION_ID", record.application }, { "GSW_RECORD_HANDLE", record.handle },
        { "GSW_USER_EVENT", event }, { "GSW_CALLING_LIST", record.calling_list }, { "GSW_PHONE", record.number },
        { "GSW_CAMPAIGN_NAME", record.campaign }, { "GSW_CHAIN_N", record.chain_n },
        { "GSW_CHAIN_ID", record.chain_id }, { "GSW_AGENT_ID", request.user.username }, { "GSW_CALL_RESULT", 28 },
        { "GSW_ATTEMPTS", record.attempts }, { "GSW_TZ_NAME", record.time_zone }, { "InteractionType", "Outbound" },
        { "InteractionSubtype", "OutboundNew" }, { "contact_info", record.number },
    }
    if record.other_fields then
        for key, value in json.each(record.other_fields) do
            list[#list + 1] = { key, value }
        end
    end
    return objects.user_data(list)
end

-- Tells that something was done with a record, in both forms.
local function acknowledge(state, request, record, kind, at_ms, with_chain)
    genesys_records.tell(state, request, "OutboundRecordMessage", kind,
        { "record", record_object(request, record.campaign, record.calling_list, record.handle) })
    genesys_records.tell_raw(state, request, {
        { "GSW_APPLICATION_ID", request.body.applicationId }, { "GSW_RECORD_HANDLE", record.handle },
        { "GSW_USER_EVENT", kind }, { "GSW_CALLING_LIST", record.calling_list },
        { "GSW_CAMPAIGN_NAME", record.campaign }, { "GSW_CHAIN_ID", with_chain and record.chain_id or nil },
    }, at_ms)
end

local function update(_, request, record)
    local body = request.body
    record.calling_list = body.callingList or record.calling_list
    record.number = body.phoneNumber or record.number
    record.time_zone = body.timeZone or record.time_zone
    record.phone_type = body.phoneType or record.phone_type
    record.from = body.from or record.from
    record.till = body["until"] or record.till
end

local function to(name)
    return function(_, _, record)
        record.state = name
    end
end

local function do_not_call(state, request, record)
    for _, other in ipairs(memory.of(state).list) do
        if other == record or request.body.chainAttribute == "AllChain" and other.chain_id == record.chain_id then
            other.state = "do_not_call"
        end
    end
end

local function reschedule(_, request, record)
    record.state, record.due, record.callback = "scheduled", request.body.timestamp, request.body.callbackType
end

--- Tells of one record with its data, in both forms.
function genesys_records.show(state, request, record, kind, at_ms)
    local user_data = genesys_records.user_data(request, record, kind)
    genesys_records.tell(state, request, "OutboundRecordMessage", kind, { "record",
        record_object(request, record.campaign, record.calling_list, record.handle, user_data) })
    memory.publish(state, request.user, "/me/internal", {
        { "metrics", memory.metrics(at_ms) }, { "userData", user_data }, { "deviceId", request.device.id },
        { "messageType", "DeviceUserEventMessage" },
    })
end

-- The other records of the chain, one by one; the end is told by the acknowledgement.
local function show_chain(state, request, record, at_ms)
    for _, other in ipairs(memory.of(state).list) do
        if other ~= record and other.chain_id == record.chain_id then
            genesys_records.show(state, request, other, "ChainedRecord", at_ms)
        end
    end
end

local PHONE = { "phoneNumber", "string" }

-- rows, what is done, the acknowledgement. CancelRecord has no page: it is taken to be like RejectRecord.
local OPERATIONS = {
    UpdateRecord = { genesys_records.rows(false, { "callingList", "string" }, PHONE, { "timeZone", "string" },
        { "phoneType", "string" }, { "from", "integer" }, { "until", "integer" }), update,
        "UpdateCallCompletionStatsAcknowledge" },
    CompleteRecord = { genesys_records.rows(false, LIST, { "callResult", "string" }, PHONE), to("completed"),
        "RecordProcessedAcknowledge" },
    RejectRecord = { genesys_records.rows(false, LIST), to("ready"), "RecordRejectAcknowledge" },
    CancelRecord = { genesys_records.rows(false, { "callingList", "string" }), to("canceled"),
        "RecordCancelAcknowledge" },
    RescheduleRecord = { genesys_records.rows(false, { "callbackType", "string", "required" },
        { "timestamp", "integer", "required" }), reschedule, "ScheduledRecordRescheduleAcknowledge" },
    DoNotCallRecord = { genesys_records.rows(false, LIST, PHONE, { "chainAttribute", "string" }), do_not_call,
        "DoNotCallAcknowledge" },
    GetChainedRecord = { genesys_records.rows(false), show_chain, "ChainedRecordsDataEnd" },
}

local ADD = { AddRecord = { genesys_records.rows(false, { "chainId", "integer" }, LIST,
    { "phoneNumber", "string", "required" }, { "timeZone", "string", "required" },
    { "phoneType", "string", "required" }, { "from", "integer", "required" }, { "until", "integer", "required" },
    { "otherFields", "object" }) } }

--- Reads an operation of the outbound API: { user, body, device } and its row; or nil, nil and the refusal.
function genesys_records.read(session, request, operations)
    if not memory.has_feature(session.user, "api-voice-outbound") then
        return nil, nil, wire.envelope(5, "Feature 'api-voice-outbound' is required")
    end
    local body, operation, refusal = wire.read_operation(request, operations)
    refusal = refusal or wire.check(body, operation[1]) or check_values(body)
    local device
    if not refusal then
        device, refusal = genesys_records.device_of(session.user, body)
    end
    if refusal then
        return nil, nil, refusal
    end
    return { user = session.user, body = body, device = device, base = objects.base(request) }, operation
end

local function post_record(state, session, request)
    local read, _, refusal = genesys_records.read(session, request, ADD)
    return refusal or add(state, read)
end

local function operate(state, session, request, handle)
    local read, operation, refusal = genesys_records.read(session, request, OPERATIONS)
    if refusal then
        return refusal
    end
    memory.soon(state, function(at_ms)
        local record = memory.of(state).list[tonumber(handle)]
        local campaign = read.body.campaignName
        if not record or record.campaign ~= campaign then
            genesys_records.fail(state, read, campaign, 3, "Record " .. handle .. " is not found", tonumber(handle))
        elseif FINAL[record.state] and operation[2] ~= show_chain then
            genesys_records.fail(state, read, campaign, 4, "Record " .. handle .. " is not active", record.handle)
        else
            operation[2](state, read, record, at_ms)
            acknowledge(state, read, record, operation[3], at_ms, operation[2] == show_chain)
        end
    end)
    return wire.ok()
end

--- Rows as in genesys_session.lua.
genesys_records.ROUTES = {
    { "^/me/outbound%-records/?$", POST = post_record },
    { "^/me/outbound%-records/(%d+)$", POST = operate },
}

return genesys_records
