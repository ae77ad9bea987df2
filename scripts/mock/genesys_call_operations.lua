-- What an agent can do to a call of Genesys Web Services: answer, hang up, hold, send tones, attach data, transfer,
-- confer, record, and give a disposition. Each is answered at once; its effect comes as a notification.

local calls = require("mock.genesys_calls")
local json = require("mock.json")
local memory = require("mock.genesys_memory")
local objects = require("mock.genesys_objects")
local wire = require("mock.genesys_wire")

local genesys_call_operations = {}

local VENDOR = "genesys"
local DISPOSITION_KEY = "DispositionCode"

local NO_MORE = { { "operationName", "string", "required" } }

local function rows(...)
    local list = { NO_MORE[1] }
    for _, row in ipairs({ ... }) do
        list[#list + 1] = row
    end
    return list
end

local DESTINATION = rows({ "destination", "object", "required" })
local USER_DATA = rows({ "userData", "object", "required" })

local function enters(name)
    return { rows = NO_MORE, effect = function(state, call)
        calls.enter(state, call, name)
    end }
end

local function remove_key(call, key)
    for index = #call.user_data, 1, -1 do
        if call.user_data[index][1] == key then
            table.remove(call.user_data, index)
        end
    end
end

-- Overwrites the keys given and keeps the others.
local function overwrite(call, user_data)
    for key in json.each(user_data) do
        remove_key(call, key)
    end
    calls.attach(call, user_data)
end

local function changes_data(list, effect)
    return { rows = list, effect = function(state, call, body)
        effect(call, body)
        calls.tell(state, call, "AttachedDataChanged")
    end }
end

local function records(name)
    return { rows = NO_MORE, effect = function(state, call)
        call.recording = name
        calls.tell(state, call, "CallRecordingStateChange")
    end }
end

-- Starts a call beside the first one, which is held meanwhile.
local function consults(purpose)
    return { rows = DESTINATION, number = true, effect = function(state, call, body)
        calls.enter(state, call, "Held")
        local number = body.destination.phoneNumber
        local consult = calls.add(state, number, { user = call.user, device = call.device, base = call.base,
            kind = "Consult", parent = call })
        consult.consult_for, call.consult = purpose, consult
        calls.begin(state, consult, number)
    end }
end

-- Leaves the two others alone with each other.
local function complete_transfer(state, consult)
    local first = consult.parent
    calls.enter(state, consult, "Released")
    calls.enter(state, first, "Released")
end

local function complete_conference(state, consult)
    local first = consult.parent
    calls.enter(state, consult, "Released")
    if first.state == "Released" then
        return
    end
    table.insert(first.participants, consult.participants[1])
    calls.enter(state, first, "Established")
    calls.tell(state, first, "ParticipantsUpdated")
end

local function other_call(state, call, body)
    local id = body.otherCallUri:match("/me/calls/([^/]+)$")
    local other = id and calls.find(state, call.user, id)
    return other and (other == call.parent or other == call.consult) and other or nil
end

local OPERATIONS = {
    Answer = enters("Established"),
    Hangup = enters("Released"),
    ClearCall = enters("Released"),
    Hold = enters("Held"),
    Retrieve = enters("Established"),
    -- No notification is documented for tones, and none comes.
    SendDtmf = { rows = rows({ "digits", "string", "required" }), check = function(_, _, body)
        return not body.digits:find("^[0-9*#A-D,]+$") and wire.invalid("digits") or nil
    end },
    AttachUserData = changes_data(USER_DATA, function(call, body)
        calls.attach(call, body.userData)
    end),
    UpdateUserData = changes_data(USER_DATA, function(call, body)
        overwrite(call, body.userData)
    end),
    DeleteUserData = changes_data(NO_MORE, function(call)
        call.user_data = {}
    end),
    DeleteUserDataPair = changes_data(rows({ "key", "string", "required" }), function(call, body)
        remove_key(call, body.key)
    end),
    InitiateTransfer = consults("transfer"),
    InitiateConference = consults("conference"),
    CompleteTransfer = { rows = NO_MORE, effect = complete_transfer },
    CompleteConference = { rows = NO_MORE, effect = complete_conference },
    SingleStepTransfer = { rows = DESTINATION, number = true, effect = function(state, call)
        calls.enter(state, call, "Released")
    end },
    SingleStepConference = { rows = DESTINATION, number = true, effect = function(state, call, body)
        table.insert(call.participants, body.destination.phoneNumber)
        calls.tell(state, call, "ParticipantsUpdated")
    end },
    SwapCalls = { rows = rows({ "otherCallUri", "string", "required" }), check = function(state, call, body)
        return not other_call(state, call, body) and wire.invalid("otherCallUri") or nil
    end, effect = function(state, call, body)
        local other = other_call(state, call, body)
        if other then
            local mine, its = call.state, other.state
            calls.enter(state, call, its)
            calls.enter(state, other, mine)
        end
    end },
    StartCallRecording = records("Recording"),
    StopCallRecording = records("Stopped"),
    PauseCallRecording = records("Paused"),
    ResumeCallRecording = records("Recording"),
}

local function is_capable(call, name)
    for _, capability in ipairs(objects.capabilities(call)) do
        if capability == name then
            return true
        end
    end
    return false
end

local function operate(state, session, request, id)
    if not memory.has_feature(session.user, "api-voice") then
        return wire.envelope(5, "Feature 'api-voice' is required")
    end
    local call = calls.find(state, session.user, id)
    if not call then
        return wire.not_found("Call", id)
    end
    local body, operation, refusal = wire.read_operation(request, OPERATIONS)
    refusal = refusal or wire.check(body, operation.rows)
        or operation.number and wire.check_destination(body.destination)
    if not refusal and not is_capable(call, body.operationName) then
        refusal = wire.envelope(3, "Operation '" .. body.operationName .. "' is not possible in state '" .. call.state
            .. "'")
    end
    refusal = refusal or operation.check and operation.check(state, call, body)
    if refusal then
        return refusal
    end
    if operation.effect then
        memory.soon(state, function()
            -- The other side may have hung up first.
            if call.state ~= "Released" then
                operation.effect(state, call, body)
            end
        end)
    end
    local answer = wire.ok()
    if operation.number and calls.rings(state, body.destination.phoneNumber) then
        answer.ring = { vendor = VENDOR, to = body.destination.phoneNumber, token = "" }
    end
    return answer
end

-- The call that a disposition names, live or ended.
local function named_call(state, user, body)
    local id = body.callUri:match("/calls/([^/]+)$")
    if id ~= body.callUuid then
        return nil
    end
    for _, call in ipairs(memory.user(state, user).ended) do
        if call.id == id then
            return call
        end
    end
    return calls.find(state, user, id)
end

local function set_disposition(state, session, request, device_id)
    local device = memory.device(session.user, device_id)
    if not device then
        return wire.not_found("Device", device_id)
    end
    local body, _, refusal = wire.read_operation(request, { SetCallDisposition = true })
    refusal = refusal or wire.check(body, rows(
        { "callUri", "string", "required" }, { "callUuid", "string", "required" },
        { "disposition", "string", "required" }, { "dispositionKey", "string" }, { "userData", "object" }))
    if refusal then
        return refusal
    end
    local call = named_call(state, session.user, body)
    if not call or call.device ~= device then
        return wire.not_found("Call", body.callUuid)
    end
    memory.soon(state, function()
        if body.userData then
            overwrite(call, body.userData)
        end
        overwrite(call, json.object({ { body.dispositionKey or DISPOSITION_KEY, body.disposition } }))
        calls.tell(state, call, "AttachedDataChanged")
    end)
    return wire.ok()
end

--- Rows as in genesys_session.lua.
genesys_call_operations.ROUTES = {
    { "^/me/calls/([^/]+)$", POST = operate },
    { "^/me/devices/([^/]+)$", POST = set_disposition },
}

return genesys_call_operations
