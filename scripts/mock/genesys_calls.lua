-- Calls of Genesys Web Services: Dial, what becomes of a call on the clock, and the notifications of its states. What
-- can be done to a call is in genesys_call_operations.lua.

local json = require("mock.json")
local memory = require("mock.genesys_memory")
local objects = require("mock.genesys_objects")
local wire = require("mock.genesys_wire")

local genesys_calls = {}

local VENDOR = "genesys"
local ENDED_KEPT = 100 -- calls that have ended and can still be given a disposition, per user

--- Tells the user's clients of a call. Of attached data no extensions come with it.
function genesys_calls.tell(state, call, kind)
    local extensions
    if kind ~= "AttachedDataChanged" then
        extensions = json.object({ { "WrapUpTime", 0 }, { "BusinessCall", call.kind == "Internal" and 0 or 1 } })
    end
    memory.publish(state, call.user, "/v2/me/calls", {
        { "messageType", "CallStateChangeMessage" }, { "notificationType", kind }, { "extensions", extensions },
        { "call", objects.call(call, state.settings.genesys.participants, memory.now_ms(state)) },
        { "phoneNumber", call.device.phone_number },
    })
end

-- A released call goes to those that have ended. Whoever waits for that (on_released) is told.
local function put_away(state, call)
    local remembered = memory.user(state, call.user)
    for index, other in ipairs(remembered.calls) do
        if other == call then
            table.remove(remembered.calls, index)
            break
        end
    end
    table.insert(remembered.ended, call)
    if #remembered.ended > ENDED_KEPT then
        table.remove(remembered.ended, 1)
    end
    if call.on_released then
        call.on_released()
    end
end

--- Brings a call into another state and tells of it; one that is released stays so, whatever comes later.
function genesys_calls.enter(state, call, name)
    if call.state == "Released" or call.state == name then
        return
    end
    call.state = name
    if name == "Released" then
        put_away(state, call)
    end
    genesys_calls.tell(state, call, "StatusChange")
end

-- An extension is inside the company.
local function kind_of(number)
    return number:sub(1, 1) ~= "+" and #number <= 6 and "Internal" or "Outbound"
end

--- A new call of the user's, without a state until it begins. fields: user, device, base, and kind, dnis, ani, parent
--- where they are known.
function genesys_calls.add(state, number, fields)
    local call = {
        id = memory.call_id(state), conn_id = state.hex(16), user = fields.user, device = fields.device,
        base = fields.base, kind = fields.kind or kind_of(number), dnis = fields.dnis or number, ani = fields.ani,
        parent = fields.parent, participants = { number }, user_data = {}, began_ms = memory.now_ms(state),
    }
    local calls = memory.user(state, fields.user).calls
    calls[#calls + 1] = call
    return call
end

--- Appends an object's members to a call's user data. A key that is there stays there: it is there twice then.
function genesys_calls.attach(call, user_data)
    for key, value in json.each(user_data) do
        call.user_data[#call.user_data + 1] = { key, value }
    end
end

local function outcome_of(state, number)
    for _, row in ipairs(state.settings.genesys.outcomes) do
        if number:sub(-#row.suffix) == row.suffix then
            return row
        end
    end
    return { outcome = "answered" }
end

local RINGS = { answered = true, no_answer = true, rejected = true, endless = true }

--- Whether the phone of that number rings when it is called.
function genesys_calls.rings(state, number)
    return RINGS[outcome_of(state, number).outcome] == true
end

-- The states that follow Dialing, each so many milliseconds after the one before.
local STEPS = {
    answered = { { "ring_ms", "Established" }, { "talk_ms", "Released" } },
    endless = { { "ring_ms", "Established" } },
    busy = { { "busy_ms", "Released" } },
    rejected = { { "ring_ms", "Released" } },
    no_answer = { { "no_answer_ms", "Released" } },
}

local function follow(state, call, row, index, at_ms)
    local step = STEPS[row.outcome][index]
    if step then
        local due_ms = at_ms + (row[step[1]] or state.settings.genesys[step[1]])
        memory.at(state, due_ms, function()
            genesys_calls.enter(state, call, step[2]) -- without effect where somebody has hung up
            follow(state, call, row, index + 1, due_ms)
        end)
    end
end

--- Has a new call begin with the next event and go on as its number says.
function genesys_calls.begin(state, call, number)
    local row = outcome_of(state, number)
    memory.soon(state, function(at_ms)
        if row.outcome == "invalid" then
            -- How a number that the switch refuses shows up is not documented: here by an error at the device.
            call.state = "Released"
            put_away(state, call)
            memory.device_error(state, call.user, call.device, call.base, at_ms)
        else
            genesys_calls.enter(state, call, "Dialing")
            follow(state, call, row, 1, at_ms)
        end
    end)
end

local function token_in(map)
    local token = map and map.outdial
    return json.type(token) == "string" and token or ""
end

-- What may befall the answer of a Dial that has been carried out, once, where a test has asked for it.
local AFTER_DIAL = {
    expire = function(state)
        memory.end_sessions(state, function()
            return true
        end)
    end,
    forget = function(state)
        memory.of(state).bayeux:forget(function()
            return true
        end)
    end,
    drop = function(_, answer)
        answer.drop = true
    end,
}

--- Has that befall the next Dial: expire (all HTTP sessions end), forget (all clients are lost) or drop (no answer).
function genesys_calls.after_dial(state, name)
    memory.of(state).after_dial = AFTER_DIAL[name]
end

local DIAL_ROWS = {
    { "operationName", "string", "required" }, { "destination", "object", "required" },
    { "location", "string" }, { "userData", "object" }, { "outboundCallerId", "string" },
}

-- What stands against dialling on a device of its user's, or nil.
local function check_device(state, user, device, base)
    if not device.registered then
        memory.device_error(state, user, device, base, memory.now_ms(state))
        return wire.not_registered(device)
    elseif state.settings.genesys.dial_needs_session
        and memory.user(state, user).devices[device.id].name == "Offline" then
        -- The pages do not say whether Dial needs a session. Where the setting does, this is its answer.
        return wire.envelope(2, "Device '" .. device.phone_number .. "' is logged out")
    elseif memory.calls_of(state, user, device) >= state.settings.genesys.calls_per_device then
        -- A second Dial while a call is live: the pages are silent. The reply has no call identifier, so that only one
        -- call per device keeps calls apart, and the mock refuses another.
        return wire.envelope(2, "Device '" .. device.phone_number .. "' has a call already")
    end
end

local function dial(state, session, request, device_id)
    local user, base = session.user, objects.base(request)
    local device = memory.device(user, device_id)
    if not device then
        return wire.not_found("Device", device_id)
    elseif not memory.has_feature(user, "api-voice") then
        return wire.envelope(5, "Feature 'api-voice' is required")
    end
    local body, _, refusal = wire.read_operation(request, { Dial = true })
    refusal = refusal or wire.check(body, DIAL_ROWS) or wire.check_destination(body.destination)
        or check_device(state, user, device, base)
    if refusal then
        return refusal
    end
    local number = body.destination.phoneNumber
    local call = genesys_calls.add(state, number, { user = user, device = device, base = base })
    if body.userData then
        genesys_calls.attach(call, body.userData)
    end
    genesys_calls.begin(state, call, number)
    local own, answer = memory.of(state), wire.ok()
    own.dials = own.dials + 1
    if genesys_calls.rings(state, number) then
        answer.ring = { vendor = VENDOR, to = number, token = token_in(body.userData) }
    end
    if own.after_dial then
        own.after_dial(state, answer)
        own.after_dial = nil
    end
    return answer
end

--- The user's live call with that identifier, or nil.
function genesys_calls.find(state, user, id)
    for _, call in ipairs(memory.user(state, user).calls) do
        if call.id == id and call.state then
            return call
        end
    end
end

local function get_calls(state, session)
    return wire.ok({ { "calls", objects.calls(memory.user(state, session.user),
        state.settings.genesys.participants, memory.now_ms(state)) } })
end

local function get_call(state, session, _, id)
    local call = genesys_calls.find(state, session.user, id)
    if not call then
        return wire.not_found("Call", id)
    end
    return wire.ok({ { "call", objects.call(call, state.settings.genesys.participants, memory.now_ms(state)) } })
end

--- Rows as in genesys_session.lua.
genesys_calls.ROUTES = {
    { "^/me/devices/([^/]+)/calls$", POST = dial },
    { "^/me/calls/?$", GET = get_calls },
    { "^/me/calls/([^/]+)$", GET = get_call },
}

---- what a test may have happen ----

--- Has a phone call the device: it rings until somebody answers or clears the call.
function genesys_calls.ring_in(state, user, device, number, base)
    local call = genesys_calls.add(state, number, { user = user, device = device, base = base,
        kind = kind_of(number) == "Internal" and "Internal" or "Inbound", dnis = device.phone_number, ani = number })
    genesys_calls.enter(state, call, "Ringing")
end

--- Has the other side hang up, in every live call.
function genesys_calls.release_all(state)
    for _, remembered in pairs(memory.of(state).users) do
        for index = #remembered.calls, 1, -1 do
            if remembered.calls[index].state then
                genesys_calls.enter(state, remembered.calls[index], "Released")
            end
        end
    end
end

return genesys_calls
