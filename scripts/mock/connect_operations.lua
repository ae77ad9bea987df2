-- Amazon Connect's operations on contacts that exist: StopContact, DescribeContact, SearchContacts,
-- GetContactAttributes and UpdateContactAttributes, with the shapes of the service model. Texts of errors are the
-- mock's where the model gives none. Each function takes the state and the body, or the labels of the path, and returns
-- an answer.

local answers = require("mock.connect_answers")
local contacts = require("mock.connect_contacts")
local json = require("mock.json")
local shape = require("mock.shape")

local operations = {}

local ATTRIBUTES_MAX_BYTES = 32768
local DEFAULT_RESULTS = 100 -- how many a page has where MaxResults is absent is not documented

local text, structure, members = shape.text, shape.structure, shape.members

local function not_found(state, what)
    return answers.refuse(state, "ResourceNotFoundException", "The specified resource was not found: " .. what)
end

-- The contact, or nil and the answer instead.
local function locate(state, instance, id)
    if state.settings.connect.missing[instance] then
        return nil, not_found(state, "InstanceId")
    end
    local contact = contacts.find(state, instance, id)
    if not contact or not contacts.visible(state, contact) then
        return nil, not_found(state, "ContactId")
    end
    return contact
end

local stop_shape = structure(members({
    { "ContactId", text(1, 256), "required" }, { "InstanceId", text(1, 100), "required" },
    { "DisconnectReason", structure(members({ { "Code", text() } })) },
}))

function operations.StopContact(state, body)
    local kind, message = stop_shape("", body)
    if kind then
        return answers.refuse(state, kind, message)
    elseif body.DisconnectReason then
        -- Reserved to outbound campaigns; the error is not documented.
        return answers.refuse(state, "AccessDeniedException",
            "DisconnectReason may only be given by the outbound campaigns service")
    elseif state.settings.connect.missing[body.InstanceId] then
        return not_found(state, "InstanceId")
    end
    local contact = contacts.find(state, body.InstanceId, body.ContactId)
    if not contact then
        return not_found(state, "ContactId")
    elseif contacts.ended(contact, state.now_ms()) then
        return answers.refuse(state, "ContactNotFoundException", "The contact with the specified ID does not exist.")
    end
    contacts.stop(contact, state.now_ms())
    return answers.succeed(state)
end

function operations.DescribeContact(state, _, instance, id)
    local contact, refusal = locate(state, instance, id)
    if not contact then
        return refusal
    end
    return answers.succeed(state, json.object({ { "Contact", contacts.description(state, contact) } }))
end

function operations.GetContactAttributes(state, _, instance, id)
    local contact, refusal = locate(state, instance, id)
    if not contact then
        return refusal
    end
    return answers.succeed(state, json.object({ { "Attributes", contact.attributes } }))
end

local attributes_check = shape.map(text(1, 32767, "^[A-Za-z0-9_%-]+$"), text(0, 32767))
local update_shape = structure(members({
    { "InitialContactId", text(1, 256), "required" }, { "InstanceId", text(1, 100), "required" },
    { "Attributes", attributes_check, "required" },
}))

--- Attributes of before with those given put over them, and how many bytes they are.
function operations.merge_attributes(before, given)
    local list, bytes = {}, 0
    for key, value in json.each(before) do
        list[#list + 1] = { key, given[key] or value }
    end
    for key, value in json.each(given) do
        if before[key] == nil then
            list[#list + 1] = { key, value }
        end
    end
    for _, pair in ipairs(list) do
        bytes = bytes + #pair[1] + #pair[2]
    end
    return json.object(list), bytes
end

function operations.UpdateContactAttributes(state, body)
    local kind, message = update_shape("", body)
    if kind then
        return answers.refuse(state, kind, message)
    end
    local contact, refusal = locate(state, body.InstanceId, body.InitialContactId)
    if not contact then
        return refusal
    end
    local merged, bytes = operations.merge_attributes(contact.attributes, body.Attributes)
    if bytes > ATTRIBUTES_MAX_BYTES then
        return answers.refuse(state, "InvalidParameterException", "/Attributes: " .. bytes
            .. " bytes in all, more than " .. ATTRIBUTES_MAX_BYTES)
    end
    contact.attributes, contact.updated_ms = merged, state.now_ms()
    return answers.succeed(state)
end

-- SearchContacts as the API reference has it: the types of time, the criteria and the sorting. Criteria that the mock's
-- contacts have nothing for are refused, not passed over.
local TIMES = { INITIATION_TIMESTAMP = "initiated_ms", CONNECTED_TO_AGENT_TIMESTAMP = "agent_ms",
    DISCONNECT_TIMESTAMP = "ends_ms", ENQUEUE_TIMESTAMP = "enqueued_ms", SCHEDULED_TIMESTAMP = "scheduled_ms" }
local METHODS = shape.enum("INBOUND", "OUTBOUND", "TRANSFER", "QUEUE_TRANSFER", "CALLBACK", "API", "DISCONNECT",
    "MONITOR", "EXTERNAL_OUTBOUND", "WEBRTC_API", "AGENT_REPLY", "FLOW")

local search_shape = structure(members({
    { "InstanceId", text(1, 100), "required" },
    { "TimeRange", structure(members({
        { "Type", shape.enum("INITIATION_TIMESTAMP", "SCHEDULED_TIMESTAMP", "CONNECTED_TO_AGENT_TIMESTAMP",
            "DISCONNECT_TIMESTAMP", "ENQUEUE_TIMESTAMP"), "required" },
        { "StartTime", shape.timestamp, "required" }, { "EndTime", shape.timestamp, "required" },
    })), "required" },
    { "SearchCriteria", structure(members({
        { "InitiationMethods", shape.list_of(METHODS) }, { "Channels", shape.list_of(shape.enum("VOICE", "CHAT",
            "TASK", "EMAIL")) }, { "QueueIds", shape.list_of(text()) }, { "AgentIds", shape.list_of(text()) },
    })) },
    { "MaxResults", shape.integer(1, 100) },
    { "NextToken", text(1, 100000) },
    { "Sort", structure(members({
        { "FieldName", shape.enum("INITIATION_TIMESTAMP"), "required" },
        { "Order", shape.enum("ASCENDING", "DESCENDING"), "required" },
    })) },
}))

local function one_of(list, value)
    if list == nil then
        return true
    end
    for _, item in ipairs(list) do
        if item == value then
            return true
        end
    end
    return false
end

local function matches(state, contact, body)
    local now_ms, criteria = state.now_ms(), body.SearchCriteria or {}
    local at_ms = contacts.time(contact, TIMES[body.TimeRange.Type], now_ms)
    return at_ms and at_ms >= json.tonumber(body.TimeRange.StartTime) * 1000
        and at_ms <= json.tonumber(body.TimeRange.EndTime) * 1000 and contacts.visible(state, contact)
        and one_of(criteria.InitiationMethods, "API") and one_of(criteria.Channels, "VOICE")
        and one_of(criteria.QueueIds, contacts.time(contact, "enqueued_ms", now_ms) and contact.options.queue
            or "mock-queue")
        and one_of(criteria.AgentIds, contacts.time(contact, "agent_ms", now_ms) and "mock-agent")
end

function operations.SearchContacts(state, body)
    local kind, message = search_shape("", body)
    if not kind and json.tonumber(body.TimeRange.StartTime) > json.tonumber(body.TimeRange.EndTime) then
        kind, message = "InvalidParameterException", "/TimeRange: StartTime is after EndTime"
    end
    local first = 1
    if not kind and body.NextToken then
        first = tonumber(body.NextToken:match("^mock%-next%-(%d+)$"))
        if not first then
            kind, message = "InvalidParameterException", "/NextToken: not one that was given"
        end
    end
    if kind then
        return answers.refuse(state, kind, message)
    elseif state.settings.connect.missing[body.InstanceId] then
        return not_found(state, "InstanceId")
    end
    local found = {}
    for contact in contacts.each(state, body.InstanceId) do
        if matches(state, contact, body) then
            found[#found + 1] = contact
        end
    end
    -- The newest come first unless it is asked otherwise; the documents do not say which come first.
    local ascending = body.Sort and body.Sort.Order == "ASCENDING"
    local page, limit = json.array(), body.MaxResults or DEFAULT_RESULTS
    for index = first, math.min(#found, first + limit - 1) do
        page[#page + 1] = contacts.summary(state, found[ascending and index or #found + 1 - index])
    end
    return answers.succeed(state, json.object({
        { "Contacts", page }, { "NextToken", first + limit <= #found and "mock-next-" .. first + limit or nil },
        { "TotalCount", #found },
    }))
end

return operations
