-- The contact center session and the agent's state: StartContactCenterSession, EndContactCenterSession, Ready, NotReady
-- and their kin, and the reads of user and devices.

local http = require("mock.http")
local json = require("mock.json")
local memory = require("mock.genesys_memory")
local objects = require("mock.genesys_objects")
local wire = require("mock.genesys_wire")

local genesys_session = {}

local VOICE = "voice"

local function tell_devices(state, user, devices, base)
    memory.publish(state, user, "/v2/me/devices", {
        { "messageType", "DeviceStateChangeMessage" },
        { "devices", objects.devices(devices, memory.user(state, user), base) },
    })
end

-- Changes the state of devices and tells of those that had another one.
local function change(state, user, devices, name, work_mode, base)
    local remembered, changed = memory.user(state, user), {}
    for _, device in ipairs(devices) do
        local current = remembered.devices[device.id]
        if current.name ~= name or current.work_mode ~= work_mode then
            current.name, current.work_mode = name, work_mode
            changed[#changed + 1] = device
        end
    end
    if changed[1] then
        tell_devices(state, user, changed, base)
    end
end

local function logged_in(state, user)
    local list, remembered = {}, memory.user(state, user)
    for _, device in ipairs(user.devices) do
        if remembered.devices[device.id].name ~= "Offline" then
            list[#list + 1] = device
        end
    end
    return list
end

-- Logged in comes first and passes into not ready, unless the agent has logged out meanwhile.
local function log_in(state, user, devices, base)
    local remembered, fresh = memory.user(state, user), {}
    for _, device in ipairs(devices) do
        if remembered.devices[device.id].name == "Offline" then
            fresh[#fresh + 1] = device
        end
    end
    memory.soon(state, function()
        change(state, user, fresh, "LoggedIn", nil, base)
        memory.soon(state, function()
            local still = {}
            for _, device in ipairs(fresh) do
                if remembered.devices[device.id].name == "LoggedIn" then
                    still[#still + 1] = device
                end
            end
            change(state, user, still, "NotReady", nil, base)
        end)
    end)
end

-- The devices that the voice channel is opened on, or the refusal. Without devicePath those of the agent's place, all
-- that are registered.
local function voice_devices(state, user, body, base)
    if not memory.has_feature(user, "api-voice") then
        return nil, { code = 5, message = "Feature 'api-voice' is required" }
    end
    local devices = user.devices
    if body.devicePath then
        local id = body.devicePath:match("^/devices/([^/]+)$")
        local device = id and memory.device(user, id)
        if not device then
            return nil, { code = 6, message = "Device '" .. (id or body.devicePath) .. "' is not found" }
        end
        devices = { device }
    end
    local registered = {}
    for _, device in ipairs(devices) do
        if device.registered then
            registered[#registered + 1] = device
        end
    end
    if not registered[1] then
        memory.device_error(state, user, devices[1], base, memory.now_ms(state))
        return nil, { code = 4, message = "Device '" .. devices[1].phone_number .. "' is not registered." }
    end
    return registered
end

local function start_session(state, session, request, body)
    local user, base = session.user, objects.base(request)
    local refusal = wire.check(body, {
        { "operationName", "string", "required" }, { "channels", "array", "required" }, { "place", "string" },
        { "loginCode", "string" }, { "queue", "string" }, { "devicePath", "string" },
    })
    if refusal then
        return refusal
    elseif not body.channels[1] then
        return wire.invalid("channels")
    elseif body.place and body.place ~= user.place then
        return wire.not_found("Place", body.place)
    end
    for _, channel in ipairs(body.channels) do
        if json.type(channel) ~= "string" then
            return wire.invalid("channels")
        end
    end
    local succeeded, failed, devices, failure = json.array(), json.array(), nil, nil
    for _, channel in ipairs(body.channels) do
        local problem
        if not state.settings.genesys.channels[channel] then
            problem = { code = 4, message = "Interaction server connection is not opened" }
        elseif channel == VOICE then
            devices, problem = voice_devices(state, user, body, base)
        end
        if problem then
            failure = failure or problem
            failed[#failed + 1] = json.object({ { "statusCode", problem.code }, { "statusMessage", problem.message },
                { "channel", channel } })
        else
            succeeded[#succeeded + 1] = json.object({ { "statusCode", 0 }, { "channel", channel } })
        end
    end
    if not succeeded[1] then
        return wire.envelope(failure.code, failure.message) -- of several failures one is told
    end
    if devices then
        log_in(state, user, devices, base)
    end
    if failed[1] then
        return wire.ok({ { "failed", failed }, { "succeeded", succeeded } }, 7, "Partial success")
    end
    return wire.ok()
end

-- The last request of a session: logs the agent out and ends the HTTP session with its clients.
local function end_session(state, session, request, body)
    local refusal = wire.check(body, { { "operationName", "string", "required" } })
    if refusal then
        return refusal
    end
    change(state, session.user, session.user.devices, "Offline", nil, objects.base(request))
    memory.end_sessions(state, function(other)
        return other == session
    end)
    return wire.ok()
end

-- An operation that changes the agent's state on all devices that are logged in.
local function to_state(name, work_modes)
    return function(state, session, request, body)
        local user, base = session.user, objects.base(request)
        local rows = { { "operationName", "string", "required" } }
        if work_modes then
            rows[2] = { "workmode", "string" }
        end
        local refusal = wire.check(body, rows)
        if refusal then
            return refusal
        elseif body.workmode and not work_modes[body.workmode] then
            return wire.invalid("workmode")
        end
        local devices = logged_in(state, user)
        if not devices[1] then
            return wire.envelope(2, "The agent is not logged in")
        end
        memory.soon(state, function()
            change(state, user, devices, name, body.workmode, base)
        end)
        return wire.ok()
    end
end

local STATE_OPERATIONS = {
    Ready = to_state("Ready", { ManualIn = true, AutoIn = true }),
    NotReady = to_state("NotReady"),
    AfterCallWork = to_state("AfterCallWork"),
    AuxWork = to_state("AuxWork"),
    Offline = to_state("Offline"),
}

local ME_OPERATIONS = { StartContactCenterSession = start_session, EndContactCenterSession = end_session }
for name, operation in pairs(STATE_OPERATIONS) do
    ME_OPERATIONS[name] = operation
end

local function operate(operations)
    return function(state, session, request)
        local body, operation, refusal = wire.read_operation(request, operations)
        if refusal then
            return refusal
        end
        return operation(state, session, request, body)
    end
end

local function get_me(state, session, request)
    return wire.ok({ { "user", objects.user(session.user, memory.user(state, session.user), request,
        state.settings.genesys.participants, memory.now_ms(state)) } })
end

local function get_devices(state, session, request)
    local user, base = session.user, objects.base(request)
    if http.query_value(request.query, "fields") == "*" then
        return wire.ok({ { "devices", objects.devices(user.devices, memory.user(state, user), base) } })
    end
    local uris = json.array()
    for index, device in ipairs(user.devices) do
        uris[index] = base .. "/devices/" .. device.id
    end
    return wire.ok({ { "uris", uris } })
end

local function get_device(state, session, request, id)
    local device = memory.device(session.user, id)
    if not device then
        return wire.not_found("Device", id)
    end
    return wire.ok({ { "device", objects.device(device, memory.user(state, session.user).devices[id],
        objects.base(request)) } })
end

-- The telephony server's options of a device.
local function get_options(state, session, _, id)
    if not memory.device(session.user, id) then
        return wire.not_found("Device", id)
    end
    local list = json.array()
    for index, option in ipairs(state.settings.genesys.tserver_options) do
        list[index] = json.object({ { "name", option.name }, { "value", option.value } })
    end
    return wire.ok({ { "settings", list }, { "key", "name" } })
end

--- Rows of a path's pattern and what answers each method: functions of the state, the HTTP session, the request and the
--- pattern's capture.
genesys_session.ROUTES = {
    { "^/me/?$", GET = get_me, POST = operate(ME_OPERATIONS) },
    { "^/me/channels/voice$", POST = operate(STATE_OPERATIONS) },
    { "^/me/devices/?$", GET = get_devices },
    { "^/me/devices/([^/]+)$", GET = get_device },
    { "^/devices/([^/]+)$", GET = get_device }, -- where a device's uri leads
    { "^/devices/([^/]+)/settings/tserver$", GET = get_options },
}

return genesys_session
