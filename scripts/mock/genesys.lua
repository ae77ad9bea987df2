-- Genesys Web Services, REST API v2 with its CometD notifications: who asks, whether the CSRF token is right, and which
-- of the genesys_*.lua files answers. What the documents leave open is decided there and said where it is.

local calls = require("mock.genesys_calls")
local http = require("mock.http")
local json = require("mock.json")
local memory = require("mock.genesys_memory")
local objects = require("mock.genesys_objects")
local wire = require("mock.genesys_wire")

local genesys = {}

local API = "/api/v2"
local NOTIFICATIONS = "/notifications"
local SESSIONS_MAX = 1000 -- HTTP sessions kept: one more ends the one that is idle for the longest

-- Makes room for one more HTTP session: a client without cookies starts one with every request.
local function make_room(state)
    local count, oldest = 0, nil
    for _, session in pairs(memory.of(state).sessions) do
        count = count + 1
        oldest = oldest and oldest.used_ms <= session.used_ms and oldest or session
    end
    if count >= SESSIONS_MAX then
        memory.end_sessions(state, function(other)
            return other == oldest
        end)
    end
end

-- Whose request it is: by Basic, or by the cookie of a session that is not too old. A new session for Basic
-- without one. Returns the session, its identifier and whether it is new; nil where nobody is known.
local function authenticate(state, request)
    local own, now_ms = memory.of(state), state.now_ms()
    local id = http.cookie(request, "JSESSIONID")
    local session = id and own.sessions[id]
    if session and now_ms - session.used_ms >= state.settings.genesys.session_idle_ms then
        local old = session
        memory.end_sessions(state, function(other)
            return other == old
        end)
        session = nil
    end
    if request.header["authorization"] then
        local username, password = http.basic(request)
        local user
        for _, candidate in ipairs(state.settings.genesys.users) do
            if candidate.username == username and candidate.password == password then
                user = candidate
            end
        end
        if not user then
            return nil
        end
        if not session or session.user ~= user then
            make_room(state)
            id = "node0" .. state.hex(27)
            session = { user = user, csrf = state.uuid() }
            own.sessions[id] = session
            session.used_ms = now_ms
            return session, id, true
        end
    end
    if session then
        session.used_ms = now_ms
        return session, id, false
    end
end

local ROUTES = {}
for _, name in ipairs({ "session", "calls", "call_operations", "records", "campaigns" }) do
    for _, route in ipairs(require("mock.genesys_" .. name).ROUTES) do
        ROUTES[#ROUTES + 1] = route
    end
end

local function dispatch(state, session, request, path)
    local exists = false
    for _, route in ipairs(ROUTES) do
        local first, _, capture = path:find(route[1])
        if first then
            exists = true
            if route[request.method] then
                return route[request.method](state, session, request, capture)
            end
        end
    end
    if exists then
        return wire.envelope(3, "Method " .. request.method .. " is not allowed here", 405)
    end
    return wire.not_found("Resource", path)
end

local function is_notifications(path)
    return path == NOTIFICATIONS or path:sub(1, #NOTIFICATIONS + 1) == NOTIFICATIONS .. "/"
end

-- The token belongs to the HTTP session, so a request that has just started one cannot have it.
local function lacks_token(state, session, request, path)
    local own = state.settings.genesys
    return own.csrf and request.method ~= "GET" and request.header["x-csrf-token"] ~= session.csrf
        and (own.csrf_on_notifications or not is_notifications(path))
end

--- The answer to a request over a rate. No page names a limit or an answer; this is the form of a server whose
--- back end is not there.
function genesys.throttled()
    return wire.envelope(4, "Service is unavailable", 503)
end

--- The answer of a service that failed.
function genesys.failed()
    return wire.envelope(4, "Internal server error")
end

--- What the mock tells of itself.
function genesys.counts(state)
    local own = memory.of(state)
    local sessions = 0
    for _ in pairs(own.sessions) do
        sessions = sessions + 1
    end
    return json.object({ { "dials", own.dials }, { "records", own.records }, { "sessions", sessions } })
end

--- Answers one request.
function genesys.handle(state, request)
    state.catch_up()
    local path = request.path:sub(#API + 1)
    if path == "/diagnostics/version" and request.method == "GET" then
        return wire.ok({ { "version", state.settings.genesys.version } }) -- the one resource without credentials
    end
    local session, id, is_new = authenticate(state, request)
    if not session then
        return wire.envelope(20, "Access denied")
    end
    local answer
    if lacks_token(state, session, request, path) then
        answer = wire.envelope(3, "Missing or invalid Csrf token")
    elseif is_notifications(path) and memory.of(state).cometd then
        answer = memory.of(state).bayeux:handle(request, session)
    else
        answer = dispatch(state, session, request, path)
    end
    if is_new then
        answer.headers[#answer.headers + 1] = { "Set-Cookie", "JSESSIONID=" .. id .. ";Path=/;HttpOnly" }
    end
    if state.settings.genesys.csrf and request.method == "GET" then
        answer.headers[#answer.headers + 1] = { "X-CSRF-HEADER", "X-CSRF-TOKEN" }
        answer.headers[#answer.headers + 1] = { "X-CSRF-TOKEN", session.csrf }
    end
    return answer
end

---- pages for tests ----

local function everybody()
    return true
end

local function with_bayeux(method)
    return function(state)
        local server = memory.of(state).bayeux
        server[method](server, everybody)
    end
end

local function after_dial(name)
    return function(state)
        calls.after_dial(state, name)
    end
end

local function switch_cometd(on)
    return function(state)
        memory.of(state).cometd = on
    end
end

-- Delivers a list of { channel, data } to all clients that listen.
local function publish(state, request)
    local list = json.decode(request.body)
    if json.type(list) ~= "array" then
        return nil, "expected an array of { channel, data }"
    end
    for _, item in ipairs(list) do
        if json.type(item) ~= "object" or json.type(item.channel) ~= "string" then
            return nil, "expected an array of { channel, data }"
        end
    end
    for _, item in ipairs(list) do
        memory.of(state).bayeux:publish(item.channel, item.data, everybody)
    end
end

-- A phone calls in: { deviceId, phoneNumber }.
local function ring_in(state, request)
    local body = json.decode(request.body)
    if json.type(body) ~= "object" or json.type(body.phoneNumber) ~= "string" then
        return nil, "expected { deviceId, phoneNumber }"
    end
    for _, user in ipairs(state.settings.genesys.users) do
        local device = memory.device(user, body.deviceId)
        if device then
            return calls.ring_in(state, user, device, body.phoneNumber, objects.base(request))
        end
    end
    return nil, "there is no such device"
end

--- The mock's own pages about this vendor, POST /mock/genesys/<name>: each takes the state and the request.
--- Returns what it tells, if anything, or nil and a message where it cannot read the request.
genesys.PAGES = {
    -- Gives every session another CSRF token: those that clients hold become invalid.
    ["csrf/rotate"] = function(state)
        for _, session in pairs(memory.of(state).sessions) do
            session.csrf = state.uuid()
        end
    end,
    -- Ends every HTTP session with its clients, as a restart of the server does.
    ["sessions/expire"] = function(state)
        memory.end_sessions(state, everybody)
    end,
    ["clients/forget"] = with_bayeux("forget"), -- every clientId is unknown now
    -- How many connects are parked: a test that cuts one off waits until it is there.
    ["connects/parked"] = function(state)
        return json.object({ { "connects", memory.of(state).bayeux:parked() } })
    end,
    ["connects/drop"] = with_bayeux("drop_connects"), -- the connections of parked connects close
    ["connects/duplicate"] = with_bayeux("duplicate_connects"), -- parked connects end as by a second one
    ["cometd/off"] = switch_cometd(false),
    ["cometd/on"] = switch_cometd(true),
    -- What befalls the next Dial: see genesys_calls.after_dial.
    ["after_dial/expire"] = after_dial("expire"),
    ["after_dial/forget"] = after_dial("forget"),
    ["after_dial/drop"] = after_dial("drop"),
    ["calls/ring"] = ring_in,
    ["calls/release"] = calls.release_all, -- the other side hangs up, in every call
    ["publish"] = publish,
}

return genesys
