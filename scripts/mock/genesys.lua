-- Genesys Web Services: session, reads, Dial and AddRecord of the REST API v2. What the documents leave open is
-- decided here and said where it is.

local http = require("mock.http")
local json = require("mock.json")
local objects = require("mock.genesys_objects")

local genesys = {}

local VENDOR = "genesys"
local API = "/api/v2"
local PHONE_NUMBER_MAX = 128 -- what a calling list can store

-- The HTTP status of a statusCode. Documented or seen are 0, 4, 7 and 20; the others are this mock's.
local HTTP_STATUS = {
    [0] = 200, [1] = 400, [2] = 400, [3] = 403, [4] = 500, [5] = 403, [6] = 404, [10] = 400, [20] = 403,
}

local PHONE_TYPES = {}
for _, name in ipairs({ "NoContactType", "HomePhone", "DirectBusinessPhone", "BusinessWithExt", "Mobile",
    "VacationPhone", "Pager", "Modem", "VoiceMail", "PinPager", "EmailAddress", "InstantMessaging" }) do
    PHONE_TYPES[name] = true
end

local function memory(state)
    local own = state.genesys
    if not own then
        own = {
            sessions = {}, -- by the value of JSESSIONID: user, csrf token, when last used
            calls = {}, -- by device id: when each live call ends
            records = 0, dials = 0, next_chain = 1,
        }
        state.genesys = own
    end
    return own
end

local function envelope(code, message, headers, http_status)
    local members = { { "statusCode", code } }
    if message then
        members[2] = { "statusMessage", message }
    end
    return http.answer(http_status or HTTP_STATUS[code], "application/json;charset=UTF-8",
        json.encode(json.object(members)), headers)
end

local function access_denied()
    return envelope(20, "Access denied")
end

-- Whose request it is: by Basic, or by the cookie of a session that is not too old. A new session for Basic
-- without one. Returns the session, its identifier and whether it is new; nil where nobody is known.
local function authenticate(state, request)
    local own, now_ms = memory(state), state.now_ms()
    local id = http.cookie(request, "JSESSIONID")
    local session = id and own.sessions[id]
    if session and now_ms - session.used_ms >= state.settings.genesys.session_idle_ms then
        own.sessions[id] = nil
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

local function has_feature(user, wanted)
    for _, feature in ipairs(user.features) do
        if feature == wanted then
            return true
        end
    end
    return false
end

local function find_device(user, id)
    for _, device in ipairs(user.devices) do
        if device.id == id then
            return device
        end
    end
end

local function ok(members)
    local list = { { "statusCode", 0 } }
    for _, member in ipairs(members) do
        list[#list + 1] = member
    end
    return http.answer(200, "application/json;charset=UTF-8", json.encode(json.object(list)))
end

local function get_devices(user, request)
    if http.query_value(request.query, "fields") == "*" then
        return ok({ { "devices", objects.devices(user, request) } })
    end
    local uris = json.array()
    for index, device in ipairs(user.devices) do
        uris[index] = objects.base(request) .. "/devices/" .. device.id
    end
    return ok({ { "uris", uris } })
end

local function missing(name)
    return envelope(1, "Required parameter '" .. name .. "' is missing")
end

local function invalid(name)
    return envelope(2, "Parameter '" .. name .. "' is not valid")
end

-- Checks parameters against rows of { name, type, "required" }: the refusal, or nil.
local function check_parameters(body, rows)
    local known = {}
    for _, row in ipairs(rows) do
        local name, wanted = row[1], row[2]
        local value = body[name]
        known[name] = true
        if value == nil then
            if row[3] then
                return missing(name)
            end
        elseif json.type(value) ~= wanted or row[3] and value == "" then
            return invalid(name)
        end
    end
    for name in json.each(body) do
        -- Not documented; a client that sends what no page names is mistaken.
        if not known[name] then
            return invalid(name)
        end
    end
end

local function read_body(request)
    local body = json.decode(request.body)
    if json.type(body) ~= "object" then
        return nil, envelope(2, "The request body is not a JSON object")
    end
    return body
end

-- operationName is judged before everything else, as it says what the rest means.
local function check_operation(body, wanted)
    if body.operationName == nil then
        return missing("operationName")
    elseif body.operationName ~= wanted then
        return invalid("operationName")
    end
end

local function token_in(map)
    local token = map and map.outdial
    return json.type(token) == "string" and token or ""
end

local function dial(state, user, device_id, request)
    local own, now_ms = memory(state), state.now_ms()
    local device = find_device(user, device_id)
    if not device then
        return envelope(6, "Device '" .. device_id .. "' is not found")
    elseif not has_feature(user, "api-voice") then
        return envelope(5, "Feature 'api-voice' is required")
    end
    local body, refusal = read_body(request)
    refusal = refusal or check_operation(body, "Dial") or check_parameters(body, {
        { "operationName", "string", "required" }, { "destination", "object", "required" },
        { "location", "string" }, { "userData", "object" }, { "outboundCallerId", "string" },
    }) or check_parameters(body.destination, { { "phoneNumber", "string", "required" } })
    if refusal then
        return refusal
    end
    local number = body.destination.phoneNumber
    if not number:find("^%+?[0-9*#]+$") then
        return invalid("phoneNumber")
    elseif not device.registered then
        return envelope(4, "Device '" .. device.phone_number .. "' is not registered.")
    end
    -- A second Dial while a call is live: the pages are silent. The reply has no call identifier, so that
    -- only one call per device keeps calls apart, and the mock refuses another.
    local live = {}
    for _, ends_ms in ipairs(own.calls[device.id] or {}) do
        if ends_ms > now_ms then
            live[#live + 1] = ends_ms
        end
    end
    own.calls[device.id] = live
    if #live >= state.settings.genesys.calls_per_device then
        return envelope(2, "Device '" .. device.phone_number .. "' has a call already")
    end
    live[#live + 1] = now_ms + state.settings.genesys.call_ms
    own.dials = own.dials + 1
    local answer = envelope(0)
    answer.ring = { vendor = VENDOR, to = number, token = token_in(body.userData) }
    return answer
end

-- AddRecord rings nothing: the outbound server dials later, at its own choosing.
local function add_record(state, user, request)
    if not has_feature(user, "api-voice-outbound") then
        return envelope(5, "Feature 'api-voice-outbound' is required")
    end
    local body, refusal = read_body(request)
    refusal = refusal or check_operation(body, "AddRecord") or check_parameters(body, {
        { "operationName", "string", "required" }, { "chainId", "integer" }, { "applicationId", "integer", "required" },
        { "campaignName", "string", "required" }, { "callingList", "string", "required" },
        { "phoneNumber", "string", "required" }, { "timeZone", "string", "required" },
        { "phoneType", "string", "required" }, { "from", "integer", "required" }, { "until", "integer", "required" },
        { "otherFields", "object" }, { "devicePath", "string", "required" }, { "referenceId", "string" },
    })
    if refusal then
        return refusal
    end
    -- from and until are seconds since midnight. Which of them must come first is not documented: both orders pass.
    for _, name in ipairs({ "from", "until" }) do
        if body[name] < 0 or body[name] > 86399 then
            return envelope(10, "Parameter '" .. name .. "' is out of range")
        end
    end
    if not PHONE_TYPES[body.phoneType] then
        return envelope(10, "Parameter 'phoneType' is out of range")
    elseif #body.phoneNumber > PHONE_NUMBER_MAX then
        return envelope(10, "Parameter 'phoneNumber' is out of range")
    end
    local device_id = body.devicePath:match("^/devices/([^/]+)$")
    if not device_id then
        return invalid("devicePath")
    elseif not find_device(user, device_id) then
        return envelope(6, "Device '" .. device_id .. "' is not found")
    end
    local own = memory(state)
    own.records = own.records + 1
    state.queue(VENDOR, body.phoneNumber, token_in(body.otherFields))
    return envelope(0)
end

local ROUTES = {
    { "^/me/?$", GET = function(_, user, request)
        return ok({ { "user", objects.user(user, request) } })
    end },
    { "^/me/devices/?$", GET = function(_, user, request)
        return get_devices(user, request)
    end },
    { "^/me/devices/([^/]+)$", GET = function(_, user, request, id)
        local device = find_device(user, id)
        if not device then
            return envelope(6, "Device '" .. id .. "' is not found")
        end
        return ok({ { "device", objects.device(device, request) } })
    end },
    { "^/me/devices/([^/]+)/calls$", POST = function(state, user, request, id)
        return dial(state, user, id, request)
    end },
    { "^/me/outbound%-records$", POST = function(state, user, request)
        return add_record(state, user, request)
    end },
}

local function dispatch(state, user, request, path)
    for _, route in ipairs(ROUTES) do
        local first, _, capture = path:find(route[1])
        if first then
            if not route[request.method] then
                return envelope(3, "Method " .. request.method .. " is not allowed here", nil, 405)
            end
            return route[request.method](state, user, request, capture)
        end
    end
    return envelope(6, "Resource '" .. path .. "' is not found")
end

--- The answer to a request over a rate. No page names a limit or an answer; this is the form of a server whose
--- back end is not there.
function genesys.throttled()
    return envelope(4, "Service is unavailable", nil, 503)
end

--- The answer of a service that failed.
function genesys.failed()
    return envelope(4, "Internal server error")
end

--- What the mock tells of itself.
function genesys.counts(state)
    local own = memory(state)
    local sessions = 0
    for _ in pairs(own.sessions) do
        sessions = sessions + 1
    end
    return json.object({ { "dials", own.dials }, { "records", own.records }, { "sessions", sessions } })
end

-- Gives every session another CSRF token: those that clients hold become invalid.
local function rotate_csrf(state)
    for _, session in pairs(memory(state).sessions) do
        session.csrf = state.uuid()
    end
end

-- Ends every HTTP session, as a restart of the server does.
local function expire_sessions(state)
    memory(state).sessions = {}
end

--- The mock's own pages about this vendor, POST /mock/genesys/<name>: each takes the state and the request.
genesys.PAGES = {
    ["csrf/rotate"] = rotate_csrf,
    ["sessions/expire"] = expire_sessions,
}

--- Answers one request.
function genesys.handle(state, request)
    local path = request.path:sub(#API + 1)
    if path == "/diagnostics/version" and request.method == "GET" then
        return ok({ { "version", state.settings.genesys.version } }) -- the one resource without credentials
    end
    local session, id, is_new = authenticate(state, request)
    if not session then
        return access_denied()
    end
    local answer
    -- The token belongs to the HTTP session, so a request that has just started one cannot have it.
    if state.settings.genesys.csrf and request.method ~= "GET"
        and request.header["x-csrf-token"] ~= session.csrf then
        answer = envelope(3, "Missing or invalid Csrf token")
    else
        answer = dispatch(state, session.user, request, path)
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

return genesys
