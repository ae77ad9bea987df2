-- What the mock's Genesys Web Services remembers and who hears of its changes: HTTP sessions, the devices and calls of
-- each user, outbound records, and the Bayeux server.

local bayeux = require("mock.bayeux")
local json = require("mock.json")

local genesys_memory = {}

local ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

--- The memory of one mock, made when first asked for.
function genesys_memory.of(state)
    local own = state.genesys
    if not own then
        own = {
            sessions = {}, -- by the value of JSESSIONID: user, csrf token, when last used
            users = {}, -- by user: see genesys_memory.user
            cometd = state.settings.genesys.cometd.enabled,
            bayeux = bayeux.new({ now_ms = state.now_ms, hex = state.hex, settings = state.settings.genesys.cometd }),
            dials = 0, records = 0, next_chain = 1,
            list = {}, -- outbound records by handle
        }
        state.genesys = own
    end
    return own
end

--- What is remembered of a user: the state of each device by its id, live calls in order, and some that have ended.
function genesys_memory.user(state, user)
    local users = genesys_memory.of(state).users
    local found = users[user]
    if not found then
        found = { devices = {}, calls = {}, ended = {} }
        for _, device in ipairs(user.devices) do
            found.devices[device.id] = { name = "Offline" }
        end
        users[user] = found
    end
    return found
end

--- A device of the user's, or nil.
function genesys_memory.device(user, id)
    for _, device in ipairs(user.devices) do
        if device.id == id then
            return device
        end
    end
end

--- Whether the user has a feature.
function genesys_memory.has_feature(user, wanted)
    for _, feature in ipairs(user.features) do
        if feature == wanted then
            return true
        end
    end
    return false
end

--- The calls that a device has: those under way and those that begin after the next event.
function genesys_memory.calls_of(state, user, device)
    local count = 0
    for _, call in ipairs(genesys_memory.user(state, user).calls) do
        if call.device == device then
            count = count + 1
        end
    end
    return count
end

--- Tells the user's clients something.
function genesys_memory.publish(state, user, channel, members)
    genesys_memory.of(state).bayeux:publish(channel, json.object(members), function(session)
        return session.user == user
    end)
end

--- The time: while something that was due is carried out late, the time that it was due at.
function genesys_memory.now_ms(state)
    return genesys_memory.of(state).acting_ms or state.now_ms()
end

--- Carries something out at a time, which it gets.
function genesys_memory.at(state, at_ms, action)
    local own = genesys_memory.of(state)
    state.at(at_ms, function()
        own.acting_ms = at_ms
        action(at_ms)
        own.acting_ms = nil
    end)
end

--- Carries something out when the notification of what happens now is due; gets the time.
function genesys_memory.soon(state, action)
    genesys_memory.at(state, genesys_memory.now_ms(state) + state.settings.genesys.event_ms, action)
end

--- The figures that some messages carry. How long the real server took is nobody's business here.
function genesys_memory.metrics(at_ms)
    return json.object({ { "eventProcessing", json.object({
        { "serverGenerationTimestamp", math.floor(at_ms) },
        { "nodeProcessingTimeNanos", 4000000 },
        { "serverProcessingTimeTotalMs", 4 },
    }) } })
end

--- Tells of an error at a device. Only these members have been seen.
function genesys_memory.device_error(state, user, device, base, at_ms)
    genesys_memory.publish(state, user, "/v2/me/devices", {
        { "messageType", "ErrorMessage" }, { "metrics", genesys_memory.metrics(at_ms) },
        { "devicePath", "/devices/" .. device.id }, { "deviceUri", base .. "/devices/" .. device.id },
    })
end

--- A call's identifier: 32 capitals and digits.
function genesys_memory.call_id(state)
    local characters = {}
    for index = 1, 32 do
        local at = math.floor(state.random() * #ALPHABET) + 1
        characters[index] = ALPHABET:sub(at, at)
    end
    return table.concat(characters)
end

--- Ends HTTP sessions for which chosen(session) is true, with their clients.
function genesys_memory.end_sessions(state, chosen)
    local own = genesys_memory.of(state)
    for id, session in pairs(own.sessions) do
        if chosen(session) then
            own.sessions[id] = nil
        end
    end
    own.bayeux:forget(chosen)
end

return genesys_memory
