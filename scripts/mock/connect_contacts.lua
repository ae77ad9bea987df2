-- The contacts of Amazon Connect: their lives, written down as points in time when they begin and read against the
-- clock, and how DescribeContact and SearchContacts show them.

local aws_keys = require("mock.aws_keys")
local json = require("mock.json")
local outcomes = require("mock.outcomes")

local contacts = {}

local FAIL_MS = 500 -- how long a call that never rings takes to fail
local AGENT_MS = 1000 -- how long the queue takes to find an agent

local function memory(state)
    local own = state.contacts
    if not own then
        own = { by_id = {}, list = {} }
        state.contacts = own
    end
    return own
end

local function script_of(state, options)
    if options.fast_busy then
        -- Beyond the quota of live calls the person hears a fast busy tone; which reason is given is not documented.
        return { rings = true }, 0
    end
    local script = outcomes.find(state, options.to, "connect")
    local own, speed = state.settings.contacts, state.settings.contacts.speed
    local rings_ms = math.min(own.ring_ms, options.timeout_ms)
    if script.connects and own.ring_ms >= options.timeout_ms then
        script = { rings = true, reason = "TELECOM_UNANSWERED", amd = "AMD_UNANSWERED" }
    elseif not script.connects and script.after == "timeout" then
        rings_ms = options.timeout_ms
    elseif not script.connects and script.after == "now" then
        rings_ms = FAIL_MS
    end
    return script, math.floor(rings_ms / speed)
end

--- Starts a contact. options: instance, to, timeout_ms (how long it rings at most), from, queue, campaign, attributes
--- (a JSON object), name, description, related, detects (machine detection was asked for), fast_busy.
function contacts.start(state, options)
    local own, now_ms, speed = memory(state), state.now_ms(), state.settings.contacts.speed
    local script, rings_ms = script_of(state, options)
    local contact = { id = state.uuid(), initiated_ms = now_ms, rings = script.rings, options = options }
    contact.attributes = options.attributes or json.object()
    if script.connects then
        contact.connected_ms = now_ms + rings_ms
        contact.ends_ms = contact.connected_ms + math.floor(state.settings.contacts.talk_ms / speed)
        contact.enqueued_ms = (script.agent or script.queued) and contact.connected_ms or nil
        contact.agent_ms = script.agent
            and math.min(contact.connected_ms + math.floor(AGENT_MS / speed), contact.ends_ms) or nil
    elseif not script.never then
        contact.ends_ms = now_ms + rings_ms
    end
    contact.reason = script.reason
    contact.detection = options.detects and script.amd or nil
    own.by_id[contact.id] = contact
    own.list[#own.list + 1] = contact
    return contact
end

--- The contact of an instance with that identifier, or nil.
function contacts.find(state, instance, id)
    local contact = memory(state).by_id[id]
    return contact and contact.options.instance == instance and contact or nil
end

--- Whether a contact is over.
function contacts.ended(contact, now_ms)
    return contact.ends_ms ~= nil and contact.ends_ms <= now_ms
end

--- Whether a contact can be looked up yet.
function contacts.visible(state, contact)
    return state.now_ms() >= contact.initiated_ms + state.settings.connect.visible_after_ms
end

--- Ends a contact now, as StopContact does.
function contacts.stop(contact, now_ms)
    for _, name in ipairs({ "connected_ms", "enqueued_ms", "agent_ms" }) do
        if contact[name] and contact[name] > now_ms then
            contact[name] = nil
        end
    end
    contact.ends_ms = now_ms
    contact.reason = "OTHER"
    if not contact.connected_ms then
        contact.detection = nil
    end
end

--- An instance's contacts in order of their start.
function contacts.each(state, instance)
    local list, index = memory(state).list, 0
    return function()
        repeat
            index = index + 1
        until list[index] == nil or list[index].options.instance == instance
        return list[index]
    end
end

--- A point of a contact's life, once it has come: initiated_ms, enqueued_ms, connected_ms, agent_ms, ends_ms; else nil.
function contacts.time(contact, name, now_ms)
    local at_ms = contact[name]
    return at_ms and at_ms <= now_ms and at_ms or nil
end

local function arn_of(state, contact)
    return ("arn:aws:connect:%s:%s:instance/%s/contact/%s"):format(aws_keys.region(state), aws_keys.ACCOUNT,
        contact.options.instance, contact.id)
end

local function stamp(at_ms)
    return at_ms and json.fixed(at_ms / 1000, 3)
end

local function endpoint(number)
    return number and json.object({ { "Address", number }, { "Type", "TELEPHONE_NUMBER" } })
end

-- What the description and the summary share: the queue and the agent.
local function queue_and_agent(contact, now_ms)
    local enqueued_ms = contacts.time(contact, "enqueued_ms", now_ms)
    local agent_ms = contacts.time(contact, "agent_ms", now_ms)
    return enqueued_ms and json.object({ { "Id", contact.options.queue or "mock-queue" },
            { "EnqueueTimestamp", stamp(enqueued_ms) } }),
        agent_ms and json.object({ { "Id", "mock-agent" }, { "ConnectedToAgentTimestamp", stamp(agent_ms) } })
end

--- A contact as DescribeContact shows it. There is no field for its state: the timestamps tell it.
function contacts.description(state, contact)
    local now_ms, options = state.now_ms(), contact.options
    local connected_ms = contacts.time(contact, "connected_ms", now_ms)
    local ends_ms = contacts.time(contact, "ends_ms", now_ms)
    local queue, agent = queue_and_agent(contact, now_ms)
    local agent_ms = contacts.time(contact, "agent_ms", now_ms)
    return json.object({
        { "Arn", arn_of(state, contact) }, { "Id", contact.id }, { "Channel", "VOICE" }, { "InitiationMethod", "API" },
        { "Name", options.name }, { "Description", options.description }, { "RelatedContactId", options.related },
        { "InitiationTimestamp", stamp(contact.initiated_ms) },
        { "RingStartTimestamp", options.campaign and contact.rings and stamp(contact.initiated_ms) or nil },
        { "ConnectedToSystemTimestamp", stamp(connected_ms) },
        { "QueueInfo", queue or nil }, { "AgentInfo", agent or nil },
        { "DisconnectTimestamp", stamp(ends_ms) },
        { "LastUpdateTimestamp", stamp(math.max(contact.updated_ms or 0, ends_ms or agent_ms or connected_ms
            or contact.initiated_ms)) },
        { "DisconnectReason", ends_ms and contact.reason or nil },
        { "AnsweringMachineDetectionStatus", (connected_ms or ends_ms) and contact.detection or nil },
        { "CustomerEndpoint", endpoint(options.to) }, { "SystemEndpoint", endpoint(options.from) },
        { "Campaign", options.campaign and json.object({ { "CampaignId", options.campaign } }) or nil },
    })
end

--- A contact as SearchContacts shows it: neither the number called nor the attributes are there.
function contacts.summary(state, contact)
    local now_ms = state.now_ms()
    local queue, agent = queue_and_agent(contact, now_ms)
    return json.object({
        { "Arn", arn_of(state, contact) }, { "Id", contact.id }, { "InitiationMethod", "API" }, { "Channel", "VOICE" },
        { "Name", contact.options.name }, { "QueueInfo", queue or nil }, { "AgentInfo", agent or nil },
        { "InitiationTimestamp", stamp(contact.initiated_ms) },
        { "DisconnectTimestamp", stamp(contacts.time(contact, "ends_ms", now_ms)) },
    })
end

return contacts
