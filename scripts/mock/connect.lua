-- Amazon Connect: StartOutboundVoiceContact as its service model describes it (API version 2017-08-08).

local connect_shape = require("mock.connect_shape")
local http = require("mock.http")
local json = require("mock.json")
local rate = require("mock.rate")
local sigv4 = require("mock.sigv4")
local times = require("mock.times")

local connect = {}

local VENDOR = "amazon_connect"
local TOKEN_LIFE_MS = 7 * 24 * 3600 * 1000

-- Each error of the model (and of AWS's list of common errors) with its status.
local STATUS = {
    InvalidRequestException = 400,
    InvalidParameterException = 400,
    ResourceNotFoundException = 404,
    InternalServiceException = 500,
    LimitExceededException = 429,
    DestinationNotAllowedException = 403,
    OutboundContactNotPermittedException = 403,
    AccessDeniedException = 403,
    TooManyRequestsException = 429,
    UnknownOperationException = 404,
}

local function memory(state)
    local own = state.connect
    if not own then
        local limits = state.settings.connect.rate
        own = {
            tokens = {}, -- by instance and ClientToken: the contact it started
            active = {}, -- by instance: when each live contact ends
            limiter = rate.new(limits.per_second, limits.burst),
            fast_busy = 0, contacts = 0,
        }
        state.connect = own
    end
    return own
end

local function respond(state, status, headers, body)
    local list = { { "x-amzn-requestid", state.uuid() }, { "Date", times.http(state.now_ms()) } }
    for _, header in ipairs(headers) do
        list[#list + 1] = header
    end
    return http.answer(status, "application/json", body, list)
end

-- The model spells the member Message; AWS's front end, which refuses before the service is reached, message.
local function refuse(state, kind, message, member, status)
    return respond(state, status or STATUS[kind], { { "x-amzn-errortype", kind } },
        json.encode(json.object({ { member or "Message", message } })))
end

-- How many of an instance's contacts are still live.
local function live_contacts(own, instance, now_ms)
    local live = {}
    for _, ends_ms in ipairs(own.active[instance] or {}) do
        if ends_ms > now_ms then
            live[#live + 1] = ends_ms
        end
    end
    own.active[instance] = live
    return live
end

local function ends_at(state, body, now_ms)
    local contacts = state.settings.contacts
    local timeout_ms = (body.RingTimeoutInSeconds or 60) * 1000
    if contacts.ring_ms >= timeout_ms then
        return now_ms + timeout_ms -- nobody answered
    end
    return now_ms + contacts.ring_ms + contacts.talk_ms
end

-- The contact that a repeated token stands for, or nil where the token starts one.
local function known_contact(state, own, key, now_ms)
    local contact = own.tokens[key]
    if not contact or now_ms - contact.created_ms >= TOKEN_LIFE_MS then
        return nil
    end
    local ended = contact.ends_ms <= now_ms
    if ended and state.settings.connect.token_after_disconnect == "new_contact" then
        return nil
    end
    return contact
end

local function start_contact(state, body)
    local own, now_ms = memory(state), state.now_ms()
    local key = body.ClientToken and body.InstanceId .. "\n" .. body.ClientToken
    local known = key and known_contact(state, own, key, now_ms)
    if known then
        -- What a token with other parameters does is not documented: the contact's identifier is returned.
        return respond(state, 200, {}, json.encode(json.object({ { "ContactId", known.id } })))
    end

    local live = live_contacts(own, body.InstanceId, now_ms)
    local contact = { id = state.uuid(), created_ms = now_ms, ends_ms = ends_at(state, body, now_ms) }
    if #live >= state.settings.connect.concurrent_calls then
        -- Too many live calls are no error: the person is rung and hears a fast busy tone.
        contact.ends_ms = now_ms
        own.fast_busy = own.fast_busy + 1
    else
        live[#live + 1] = contact.ends_ms
    end
    own.contacts = own.contacts + 1
    if key then
        own.tokens[key] = contact
    end
    local answer = respond(state, 200, {}, json.encode(json.object({ { "ContactId", contact.id } })))
    answer.ring = { vendor = VENDOR, to = body.DestinationPhoneNumber, token = body.ClientToken or "" }
    return answer
end

--- The answer to a request over the rate. The documentation gives only the status; the name is one of the service's
--- two for 429 outside this operation's model.
function connect.throttled(state)
    return refuse(state, "TooManyRequestsException", "Too Many Requests", "message")
end

--- The answer of a service that failed.
function connect.failed(state)
    return refuse(state, "InternalServiceException",
        "Request processing failed due to an error or failure with the service.")
end

--- What the mock tells of itself: contacts started, and how many of them met a fast busy tone.
function connect.counts(state)
    local own = memory(state)
    return json.object({ { "contacts", own.contacts }, { "fast_busy", own.fast_busy } })
end

--- Answers one request.
function connect.handle(state, request)
    local own_settings = state.settings.connect
    local key, problem = sigv4.check(request, {
        service = "connect", region = own_settings.region, keys = own_settings.keys, now_ms = state.now_ms(),
    })
    if not key then
        return refuse(state, problem.type, problem.message, "message", problem.status)
    end
    if request.method ~= "PUT" or request.path ~= "/contact/outbound-voice" then
        return refuse(state, "UnknownOperationException", "The operation is not known to the mock", "message")
    end
    if state.enforce_rate and not memory(state).limiter.take(key.access_key_id, state.now_ms()) then
        return connect.throttled(state)
    end
    local body, message = json.decode(request.body)
    if body == nil then
        return refuse(state, "InvalidRequestException", "The body is not JSON: " .. message)
    end
    local kind
    kind, message = connect_shape.check(body, own_settings)
    if kind then
        return refuse(state, kind, message)
    end
    return start_contact(state, body)
end

return connect
