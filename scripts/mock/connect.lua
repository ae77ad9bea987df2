-- Amazon Connect: StartOutboundVoiceContact as its service model describes it (API version 2017-08-08).

local http = require("mock.http")
local json = require("mock.json")
local rate = require("mock.rate")
local sigv4 = require("mock.sigv4")
local times = require("mock.times")

local connect = {}

local VENDOR = "amazon_connect"
local TOKEN_LIFE_MS = 7 * 24 * 3600 * 1000
local ATTRIBUTES_MAX_BYTES = 32768

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

local INVALID_REQUEST, INVALID_PARAMETER = "InvalidRequestException", "InvalidParameterException"

-- Checks of one value: nil where it is good, else an error's kind and text.

local function wrong_type(path, wanted, value)
    return INVALID_REQUEST, path .. ": expected " .. wanted .. ", got " .. json.type(value)
end

local function text(min, max, pattern)
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        end
        local length = json.length(value)
        if min and length < min then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is less than " .. min
        elseif max and length > max then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is more than " .. max
        elseif pattern and not value:find(pattern) then
            return INVALID_PARAMETER, path .. ": does not match the pattern"
        end
    end
end

local function enum(...)
    local allowed = {}
    for _, name in ipairs({ ... }) do
        allowed[name] = true
    end
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        elseif not allowed[value] then
            return INVALID_PARAMETER, path .. ": not one of the values allowed"
        end
    end
end

local function integer(min, max)
    return function(path, value)
        if json.type(value) ~= "integer" then
            return wrong_type(path, "an integer", value)
        elseif value < min or max and value > max then
            return INVALID_PARAMETER, path .. ": out of range"
        end
    end
end

local function boolean(path, value)
    if json.type(value) ~= "boolean" then
        return wrong_type(path, "a boolean", value)
    end
end

local function structure(members)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path == "" and "body" or path, "an object", value)
        end
        for name, member in json.each(value) do
            -- A real service may pass over what it does not know; a client that sends it is mistaken either way.
            if not members[name] then
                return INVALID_REQUEST, path .. "/" .. name .. ": not a member of the model"
            end
            local kind, message = members[name].check(path .. "/" .. name, member)
            if kind then
                return kind, message
            end
        end
        for _, name in ipairs(members) do
            if members[name].required and value[name] == nil then
                return INVALID_REQUEST, path .. "/" .. name .. ": required"
            end
        end
    end
end

local function members(list)
    local result = {}
    for index, row in ipairs(list) do
        result[index] = row[1]
        result[row[1]] = { check = row[2], required = row[3] == "required" }
    end
    return result
end

local function map(check_key, check_value)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path, "an object", value)
        end
        for key, item in json.each(value) do
            local kind, message = check_key(path .. "/" .. key, key)
            if not kind then
                kind, message = check_value(path .. "/" .. key, item)
            end
            if kind then
                return kind, message
            end
        end
    end
end

local function list_of(check)
    return function(path, value)
        if json.type(value) ~= "array" then
            return wrong_type(path, "an array", value)
        end
        for index, item in ipairs(value) do
            local kind, message = check(path .. "/" .. (index - 1), item)
            if kind then
                return kind, message
            end
        end
    end
end

-- E.164: a plus, a digit that is not 0, and 1 to 14 more.
local function phone(path, value)
    if json.type(value) ~= "string" then
        return wrong_type(path, "a string", value)
    elseif not value:find("^%+[1-9]%d+$") or #value > 16 then
        return INVALID_PARAMETER, path .. ": not a phone number in E.164 format"
    end
end

local reference = structure(members({
    { "Type", enum("URL", "ATTACHMENT", "CONTACT_ANALYSIS", "NUMBER", "STRING", "DATE", "EMAIL", "EMAIL_MESSAGE",
        "EMAIL_MESSAGE_PLAIN_TEXT", "EMAIL_MESSAGE_PLAIN_TEXT_REDACTED", "EMAIL_MESSAGE_REDACTED"), "required" },
    { "Value", text(0, 4096) },
    { "Status", enum("AVAILABLE", "DELETED", "APPROVED", "REJECTED", "PROCESSING", "FAILED") },
    { "Arn", text(20, 256, "^[%-:/A-Za-z0-9]+$") },
    { "StatusReason", text(0, 100) },
}))

local strategy = structure(members({
    { "Type", enum("AGENT_FIRST"), "required" },
    { "Config", structure(members({
        { "AgentFirst", structure(members({
            { "Preview", structure(members({
                { "PostAcceptTimeoutConfig", structure(members({ { "DurationInSeconds", integer(0), "required" } })),
                    "required" },
                { "AllowedUserActions", list_of(enum("CALL", "DISCARD")), "required" },
            })) },
        })) },
    })) },
}))

-- The model allows any attribute key of 1 to 32767 characters, its text only letters, digits, dash, underscore.
local check_shape = structure(members({
    { "InstanceId", text(1, 100), "required" },
    { "ContactFlowId", text(nil, 500), "required" },
    { "DestinationPhoneNumber", phone, "required" },
    { "SourcePhoneNumber", phone },
    { "QueueId", text() },
    { "ClientToken", text(nil, 500) },
    { "Attributes", map(text(1, 32767, "^[A-Za-z0-9_%-]+$"), text(0, 32767)) },
    { "Name", text(0, 1024) },
    { "Description", text(0, 4096) },
    { "References", map(text(1, 4096), reference) },
    { "RelatedContactId", text(1, 256) },
    { "AnswerMachineDetectionConfig", structure(members({
        { "EnableAnswerMachineDetection", boolean }, { "AwaitAnswerMachinePrompt", boolean },
    })) },
    { "CampaignId", text(1, 100) },
    { "TrafficType", enum("GENERAL", "CAMPAIGN") },
    { "OutboundStrategy", strategy },
    { "RingTimeoutInSeconds", integer(15, 60) },
}))

local CREATABLE = { URL = true, NUMBER = true, STRING = true, DATE = true, EMAIL = true }

-- The rules between members, which stand in the model's texts and not in its shapes.
local function check_rules(body, own)
    if not body.SourcePhoneNumber and not body.QueueId then
        return INVALID_PARAMETER, "Either QueueId or SourcePhoneNumber must be specified"
    end
    local bytes = 0
    for key, value in json.each(body.Attributes or json.object()) do
        bytes = bytes + #key + #value
    end
    if bytes > ATTRIBUTES_MAX_BYTES then
        return INVALID_PARAMETER, "/Attributes: " .. bytes .. " bytes in all, more than " .. ATTRIBUTES_MAX_BYTES
    end
    for key, value in json.each(body.References or json.object()) do
        if not CREATABLE[value.Type] then
            return INVALID_PARAMETER, "/References/" .. key .. "/Type: cannot be given when a contact is created"
        end
    end
    local detection = body.AnswerMachineDetectionConfig
    local detects = detection ~= nil and detection.EnableAnswerMachineDetection == true
    local campaign = body.TrafficType == "CAMPAIGN"
    if detects and not campaign then
        return INVALID_PARAMETER, "TrafficType must be CAMPAIGN when EnableAnswerMachineDetection is true"
    elseif campaign and not detects then
        return INVALID_PARAMETER, "TrafficType CAMPAIGN requires EnableAnswerMachineDetection"
    elseif campaign and not own.campaign_calls then
        -- The text says that such calls are not allowed until a quota is raised, and not by which error.
        return "OutboundContactNotPermittedException", "The contact is not permitted."
    elseif body.OutboundStrategy then
        -- Reserved to the service principal of outbound campaigns; the error is not documented.
        return "AccessDeniedException", "OutboundStrategy may only be used by the outbound campaigns service"
    end
end

local function check_resources(body, own)
    for _, name in ipairs({ "InstanceId", "ContactFlowId", "QueueId" }) do
        if body[name] and own.missing[body[name]] then
            return "ResourceNotFoundException", "The specified resource was not found: " .. name
        end
    end
    for _, row in ipairs(own.destinations) do
        if body.DestinationPhoneNumber:sub(1, #row.prefix) == row.prefix then
            return row.error, "The destination " .. row.prefix .. " meets " .. row.error
        end
    end
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
    local calls = state.settings.calls
    local timeout_ms = (body.RingTimeoutInSeconds or 60) * 1000
    if calls.ring_ms >= timeout_ms then
        return now_ms + timeout_ms -- nobody answered
    end
    return now_ms + calls.ring_ms + calls.talk_ms
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
        return refuse(state, INVALID_REQUEST, "The body is not JSON: " .. message)
    end
    local kind
    kind, message = check_shape("", body)
    if not kind then
        kind, message = check_rules(body, own_settings)
    end
    if not kind then
        kind, message = check_resources(body, own_settings)
    end
    if kind then
        return refuse(state, kind, message)
    end
    return start_contact(state, body)
end

return connect
