-- Amazon Connect as its service model describes it (API version 2017-08-08), and its outbound campaigns: signatures,
-- rates, and StartOutboundVoiceContact; the other operations have files of their own.

local answers = require("mock.connect_answers")
local aws_keys = require("mock.aws_keys")
local campaigns = require("mock.connect_campaigns")
local connect_shape = require("mock.connect_shape")
local contacts = require("mock.connect_contacts")
local http = require("mock.http")
local json = require("mock.json")
local operations = require("mock.connect_operations")
local rate = require("mock.rate")
local sigv4 = require("mock.sigv4")

local connect = {}

local VENDOR = "amazon_connect"
local TOKEN_LIFE_MS = 7 * 24 * 3600 * 1000
local RING_SECONDS = 60

local CONNECT, CAMPAIGNS = "connect", "connect-campaigns"

-- Method, path (its labels captured), name, and the service that the request is signed for.
local OPERATIONS = {
    { "PUT", "^/contact/outbound%-voice$", "StartOutboundVoiceContact", CONNECT },
    { "POST", "^/contact/stop$", "StopContact", CONNECT },
    { "GET", "^/contacts/([^/]+)/([^/]+)$", "DescribeContact", CONNECT },
    { "GET", "^/contact/attributes/([^/]+)/([^/]+)$", "GetContactAttributes", CONNECT },
    { "POST", "^/contact/attributes$", "UpdateContactAttributes", CONNECT },
    { "POST", "^/search%-contacts$", "SearchContacts", CONNECT },
    { "PUT", "^/campaigns/([^/]*)/dial%-requests$", "PutDialRequestBatch", CAMPAIGNS },
    { "PUT", "^/v2/campaigns/([^/]+)/outbound%-requests$", "PutOutboundRequestBatch", CAMPAIGNS },
}

local function find_operation(request)
    for _, row in ipairs(OPERATIONS) do
        local first, second = request.path:match(row[2])
        if row[1] == request.method and first then
            return { name = row[3], service = row[4], http.unescape(first), second and http.unescape(second) }
        end
    end
end

local function service_of(request)
    return request.path:find("campaigns/", 1, true) and CAMPAIGNS or CONNECT
end

local function memory(state)
    local own = state.connect
    if not own then
        own = {
            tokens = {}, -- by instance and ClientToken: the contact it started
            active = {}, -- by instance: the contacts that were live when last counted
            limiters = {}, -- by operation
            fast_busy = 0, contacts = 0,
        }
        state.connect = own
    end
    return own
end

-- The account's bucket of one operation: keys of one account share it.
local function within_rate(state, name)
    local own = memory(state)
    local limits = state.settings.connect.rates[name] or state.settings.connect.rate
    own.limiters[name] = own.limiters[name] or rate.new(limits.per_second, limits.burst)
    return own.limiters[name].take(aws_keys.ACCOUNT, state.now_ms())
end

-- An instance's contacts that are still live.
local function live_contacts(own, instance, now_ms)
    local live = {}
    for _, contact in ipairs(own.active[instance] or {}) do
        if not contacts.ended(contact, now_ms) then
            live[#live + 1] = contact
        end
    end
    own.active[instance] = live
    return live
end

-- The contact that a repeated token stands for, or nil where the token starts one.
local function known_contact(state, own, key, now_ms)
    local contact = own.tokens[key]
    if not contact or now_ms - contact.initiated_ms >= TOKEN_LIFE_MS then
        return nil
    elseif contacts.ended(contact, now_ms)
        and state.settings.connect.token_after_disconnect == "new_contact" then
        return nil
    end
    return contact
end

local function note_contact(state, contact)
    local own = memory(state)
    local live = live_contacts(own, contact.options.instance, state.now_ms())
    live[#live + 1] = contact
    own.contacts = own.contacts + 1
end

-- A related contact's attributes are copied, and those given are put over them.
local function attributes_of(state, body)
    local related = body.RelatedContactId and contacts.find(state, body.InstanceId, body.RelatedContactId)
    local given = body.Attributes or json.object()
    return related and operations.merge_attributes(related.attributes, given) or given
end

local function start_contact(state, body)
    local own, now_ms = memory(state), state.now_ms()
    local key = body.ClientToken and body.InstanceId .. "\n" .. body.ClientToken
    local known = key and known_contact(state, own, key, now_ms)
    if known then
        -- What a token with other parameters does is not documented: the contact's identifier is returned.
        return answers.succeed(state, json.object({ { "ContactId", known.id } }))
    end

    -- Too many live calls are no error: the person is rung and hears a fast busy tone.
    local fast_busy = #live_contacts(own, body.InstanceId, now_ms) >= state.settings.connect.concurrent_calls
    local detection = body.AnswerMachineDetectionConfig
    local contact = contacts.start(state, {
        instance = body.InstanceId, to = body.DestinationPhoneNumber, from = body.SourcePhoneNumber,
        queue = body.QueueId, timeout_ms = (body.RingTimeoutInSeconds or RING_SECONDS) * 1000,
        campaign = body.CampaignId, attributes = attributes_of(state, body), name = body.Name,
        description = body.Description, related = body.RelatedContactId, fast_busy = fast_busy,
        detects = detection ~= nil and detection.EnableAnswerMachineDetection == true,
    })
    note_contact(state, contact)
    own.fast_busy = own.fast_busy + (fast_busy and 1 or 0)
    if key then
        own.tokens[key] = contact
    end
    local answer = answers.succeed(state, json.object({ { "ContactId", contact.id } }))
    if contact.rings then
        answer.ring = { vendor = VENDOR, to = body.DestinationPhoneNumber, token = body.ClientToken or "" }
    end
    return answer
end

--- The answer to a request over the rate. The documentation gives only the status; the name is one of the service's
--- two for 429 outside StartOutboundVoiceContact's model, and the one in the campaigns' model.
function connect.throttled(state, request)
    if request and service_of(request) == CAMPAIGNS then
        return answers.refuse(state, "ThrottlingException", "Rate exceeded", "message")
    end
    return answers.refuse(state, "TooManyRequestsException", "Too Many Requests", "message")
end

--- The answer of a service that failed.
function connect.failed(state, request)
    if request and service_of(request) == CAMPAIGNS then
        return answers.refuse(state, "InternalServerException", "Request processing failed because of an error or "
            .. "failure with the service.", "message")
    end
    return answers.refuse(state, "InternalServiceException",
        "Request processing failed due to an error or failure with the service.")
end

--- What the mock tells of itself: contacts started, and how many of them met a fast busy tone.
function connect.counts(state)
    local own = memory(state)
    return json.object({ { "contacts", own.contacts }, { "fast_busy", own.fast_busy } })
end

local function carry_out(state, operation, body)
    if operation.name == "StartOutboundVoiceContact" then
        local kind, message = connect_shape.check(body, state.settings.connect)
        if kind then
            return answers.refuse(state, kind, message)
        end
        return start_contact(state, body)
    elseif campaigns[operation.name] then
        return campaigns[operation.name](state, body, operation[1], function(contact)
            note_contact(state, contact)
        end)
    end
    return operations[operation.name](state, body, operation[1], operation[2])
end

--- Answers one request.
function connect.handle(state, request)
    local service = service_of(request)
    local key, problem = sigv4.check(request, {
        service = service, region = state.settings.connect.region, keys = aws_keys.all(state),
        now_ms = state.now_ms(),
    })
    if not key then
        return answers.refuse(state, problem.type, problem.message, "message", problem.status)
    end
    local operation = find_operation(request)
    if not operation then
        return answers.refuse(state, "UnknownOperationException", "The operation is not known to the mock", "message")
    elseif state.enforce_rate and not within_rate(state, operation.name) then
        return connect.throttled(state, request)
    end
    local body
    if request.method ~= "GET" then
        local message
        body, message = json.decode(request.body)
        if body == nil and service == CAMPAIGNS then
            return answers.refuse(state, "ValidationException", "The body is not JSON: " .. message, "message")
        elseif body == nil then
            return answers.refuse(state, "InvalidRequestException", "The body is not JSON: " .. message)
        end
    end
    return carry_out(state, operation, body)
end

return connect
