-- The objects that Genesys Web Services shows: users, devices, features, calls, each with its address in two forms.
-- Pure.

local http = require("mock.http")
local json = require("mock.json")

local genesys_objects = {}

local API = "/api/v2"

--- The address of the API as this request has reached it.
function genesys_objects.base(request)
    return "http://" .. (request.header["host"] or "localhost") .. API
end

-- The states that an agent can be in, as the system knows them: identifier, name shown, state, work mode.
local STATES = {
    Ready = { "9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready" },
    NotReady = { "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "Not Ready", "NotReady" },
    AfterCallWork = { "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF", "After Call Work", "NotReady", "AfterCallWork" },
    AuxWork = { "2B36138D-C564-4562-A8CB-3C32D564F296", "Aux Work", "NotReady", "AuxWork" },
    Offline = { "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "Offline", "LoggedOut" },
    LoggedIn = { nil, nil, "LoggedIn" }, -- passes soon, and has neither identifier nor name
}

local function user_state(current)
    local row = STATES[current.name]
    return json.object({ { "id", row[1] }, { "displayName", row[2] }, { "state", row[3] },
        { "workMode", current.work_mode or row[4] } })
end

--- One device; current is its state: { name, work_mode }.
function genesys_objects.device(device, current, base)
    return json.object({
        { "id", device.id },
        { "deviceState", device.registered and "Active" or "Inactive" },
        { "userState", user_state(current) },
        { "phoneNumber", device.phone_number },
        { "e164Number", "" },
        { "telephonyNetwork", "Private" },
        { "doNotDisturb", "Off" },
        { "capabilities", json.array({ "DoNotDisturbOn", "ForwardCallsOn" }) },
        { "channels", json.array({ "voice" }) },
        { "uri", base .. "/devices/" .. device.id },
        { "path", "/devices/" .. device.id },
    })
end

--- Devices of a user; remembered is what genesys_memory.user returns.
function genesys_objects.devices(devices, remembered, base)
    local list = json.array()
    for index, device in ipairs(devices) do
        list[index] = genesys_objects.device(device, remembered.devices[device.id], base)
    end
    return list
end

local function features(user, base)
    local list = json.array()
    for index, feature in ipairs(user.features) do
        list[index] = json.object({ { "id", feature }, { "displayName", feature },
            { "autoAssignOnContactCenterCreate", true },
            { "uri", base .. "/features/" .. feature }, { "path", "/features/" .. feature } })
    end
    return list
end

local USER_DATA = { "DeleteUserDataPair", "AttachUserData", "DeleteUserData", "UpdateUserData" }

local ESTABLISHED = { "Hold", "InitiateTransfer", "InitiateConference", "SingleStepTransfer", "SingleStepConference" }

local function append(list, more)
    for _, item in ipairs(more) do
        list[#list + 1] = item
    end
    return list
end

--- What can be done with a call now: the names of operations.
function genesys_objects.capabilities(call)
    if call.state == "Dialing" then
        return json.array({ "DeleteUserDataPair", "AttachUserData", "Hangup", "DeleteUserData", "SendDtmf",
            "UpdateUserData" })
    elseif call.state == "Ringing" then
        return append(json.array({ "Answer", "ClearCall" }), USER_DATA)
    elseif call.state ~= "Established" and call.state ~= "Held" then
        return json.array()
    end
    local list = append(json.array({ "Hangup", "SendDtmf", "ClearCall" }), USER_DATA)
    if call.state == "Held" then
        list[#list + 1] = "Retrieve"
    else
        append(list, ESTABLISHED)
    end
    local partner = call.parent or call.consult
    if partner and partner.state and partner.state ~= "Released" then
        list[#list + 1] = "SwapCalls"
        if call.parent and call.state == "Established" then
            list[#list + 1] = call.consult_for == "transfer" and "CompleteTransfer" or "CompleteConference"
        end
    end
    if not call.recording or call.recording == "Stopped" then
        list[#list + 1] = "StartCallRecording"
    else
        list[#list + 1] = "StopCallRecording"
        list[#list + 1] = call.recording == "Recording" and "PauseCallRecording" or "ResumeCallRecording"
    end
    return list
end

local function e164(number)
    return number:sub(1, 1) == "+" and number or ""
end

--- The user data of a call or record as an object, or nil where there is none. Of a key that was attached twice, the
--- value attached last is shown.
function genesys_objects.user_data(pairs_in_order)
    local last, list = {}, {}
    for _, pair in ipairs(pairs_in_order) do
        if last[pair[1]] then
            last[pair[1]][2] = pair[2]
        else
            local copy = { pair[1], pair[2] }
            last[pair[1]] = copy
            list[#list + 1] = copy
        end
    end
    return list[1] and json.object(list) or nil
end

local function participants(call, form)
    local names, infos = json.array(), json.array()
    for index, number in ipairs(call.participants) do
        if form == "strings" then
            names[index] = number
            infos[index] = json.object({ { "digits", number }, { "e164Number", number },
                { "formattedPhoneNumber", number } })
        else
            names[index] = json.object({ { "e164Number", e164(number) }, { "formattedPhoneNumber", number },
                { "phoneNumber", number }, { "digits", number } })
        end
    end
    return names, form == "strings" and infos or nil
end

--- One call at a time; form: how participants are written ("objects" or "strings").
function genesys_objects.call(call, form, now_ms)
    local list, infos = participants(call, form)
    local new = form ~= "strings"
    local monitoring
    if new then
        monitoring = false
    end
    return json.object({
        { "id", call.id }, { "connId", call.conn_id }, { "state", call.state }, { "callUuid", call.id },
        { "deviceUri", call.base .. "/devices/" .. call.device.id },
        { "uri", call.base .. "/me/calls/" .. call.id },
        { "path", new and "/calls/" .. call.id or nil },
        { "participants", list }, { "participantsInfo", infos },
        { "dnis", call.dnis }, { "ani", call.ani }, { "callType", call.kind },
        { "parentCallUri", call.parent and call.base .. "/me/calls/" .. call.parent.id or nil },
        { "capabilities", genesys_objects.capabilities(call) },
        { "userData", genesys_objects.user_data(call.user_data) },
        { "duration", string.format("%d", math.floor((now_ms - call.began_ms) / 1000)) },
        { "mute", "Off" }, { "recordingState", call.recording },
        { "supervisorListeningIn", false }, { "monitoredUserMuted", false },
        { "monitoring", monitoring },
    })
end

--- The live calls of a user.
function genesys_objects.calls(remembered, form, now_ms)
    local list = json.array()
    for _, call in ipairs(remembered.calls) do
        if call.state then
            list[#list + 1] = genesys_objects.call(call, form, now_ms)
        end
    end
    return list
end

--- The user of GET /me, with what ?subresources= asks for embedded.
function genesys_objects.user(user, remembered, request, form, now_ms)
    local base = genesys_objects.base(request)
    local wanted = http.query_value(request.query, "subresources") or ""
    local function asked(name)
        return wanted == "*" or ("," .. wanted .. ","):find("," .. name .. ",", 1, true) ~= nil
    end
    return json.object({
        { "id", user.id },
        { "userName", user.username },
        { "firstName", user.first_name },
        { "lastName", user.last_name },
        { "emailAddress", user.username .. "@example.com" },
        { "roles", json.array({ "ROLE_AGENT" }) },
        { "enabled", true },
        { "changePasswordOnFirstLogin", false },
        { "features", asked("features") and features(user, base) or nil },
        { "devices", asked("devices") and genesys_objects.devices(user.devices, remembered, base) or nil },
        { "channels", asked("channels") and json.array() or nil },
        { "calls", asked("calls") and genesys_objects.calls(remembered, form, now_ms) or nil },
        { "settings", asked("settings") and json.array() or nil },
        { "uri", base .. "/users/" .. user.id },
        { "path", "/users/" .. user.id },
    })
end

return genesys_objects
