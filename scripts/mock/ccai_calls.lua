-- The calls of CCAI Platform: kept by identifier, with the life that the number called chooses. Outbound: assigned,
-- connecting, connected, finished, or failed before that; a failed one may be called again by a child. What is queued
-- or scheduled gets an agent first. The clock alone moves them.

local outcomes = require("mock.outcomes")

local calls = {}

local VENDOR = "ccai_platform"

local ENDED = { finished = true, failed = true, recovered = true, deflected = true, cancelled = true, completed = true,
    voicemail_received = true, voicemail_read = true }

local function memory(state)
    local own = state.ccai_calls
    if not own then
        own = { by_id = {}, list = {}, agents = {}, agent_count = 0, next_call = 397, next_participant = 610 }
        state.ccai_calls = own
    end
    return own
end

--- The agent of an address; unknown ones are made.
function calls.agent(state, email)
    local own = memory(state)
    local agent = own.agents[email]
    if not agent then
        own.agent_count = own.agent_count + 1
        local name = email:match("^[^@.]+")
        agent = { id = own.agent_count, live = 0, first_name = name:sub(1, 1):upper() .. name:sub(2),
            last_name = "Agent" }
        own.agents[email] = agent
    end
    return agent
end

--- The call with that identifier, or nil.
function calls.find(state, id)
    return memory(state).by_id[id]
end

--- All calls in order of their identifiers: a list not to be changed.
function calls.all(state)
    return memory(state).list
end

--- Whether a call is over.
function calls.ended(call)
    return ENDED[call.status] == true
end

local function change(call, status, at_ms)
    call.status, call.updated_ms = status, at_ms
    if ENDED[status] then
        call.ends_ms = call.ends_ms or at_ms
        if call.seat then
            call.seat.live = call.seat.live - 1
            call.seat = nil
        end
    end
end

-- Has something happen to a call later, unless it has ended or was ended by somebody before.
local function later(state, call, at_ms, action)
    state.at(at_ms, function(due_ms)
        if not calls.ended(call) then
            action(due_ms)
        end
    end)
end

local function later_status(state, call, at_ms, status)
    later(state, call, at_ms, function(due_ms)
        change(call, status, due_ms)
    end)
end

local function next_participant(state)
    local own = memory(state)
    own.next_participant = own.next_participant + 1
    return own.next_participant - 1
end

local call_back

-- How long after the agent is assigned a call ends without being connected.
local function fails_after(own, script)
    if script.after == "timeout" then
        return own.ring_timeout_ms
    elseif script.after == "now" then
        return own.connecting_ms * 2
    end
    return math.min(own.ring_ms, own.ring_timeout_ms)
end

local function fail(state, call, at_ms, script)
    later(state, call, at_ms, function(due_ms)
        call.fail_reason = script.fails
        change(call, "failed", due_ms)
        if script.callback then
            call_back(state, call, due_ms, script.callback)
        end
    end)
end

-- The life from the moment that a call has its agent.
local function connect(state, call, from_ms, script, own)
    later_status(state, call, from_ms + own.connecting_ms, "connecting")
    if script.switches then
        later_status(state, call, from_ms + 2 * own.connecting_ms, "switching")
        later_status(state, call, from_ms + 3 * own.connecting_ms, "connecting")
    end
    if script.never then
        return
    elseif script.ends == "failed" then
        fail(state, call, from_ms + fails_after(own, script), script)
        return
    elseif script.ends == "deflected" then
        later_status(state, call, from_ms + 2 * own.connecting_ms, "deflected")
        return
    elseif own.ring_ms >= own.ring_timeout_ms then
        fail(state, call, from_ms + own.ring_timeout_ms, { fails = "eu_no_answer" })
        return
    end
    local answered_ms = from_ms + own.ring_ms
    later(state, call, answered_ms, function(due_ms)
        call.connected_ms = not script.voicemail and due_ms or nil
        change(call, script.voicemail and "voicemail" or "connected", due_ms)
    end)
    later(state, call, answered_ms + own.talk_ms, function(due_ms)
        call.finish_reason = script.finish_reason
        change(call, script.ends, due_ms)
        if call.parent and call.is_callback then
            change(call.parent, "recovered", due_ms)
        end
    end)
end

-- The lengths of a life, in the mock's pace.
local function lengths(state)
    local contacts, own, speed = state.settings.contacts, state.settings.ccai, state.settings.contacts.speed
    local function pace(ms)
        return math.floor(ms / speed)
    end
    return { ring_ms = pace(contacts.ring_ms), talk_ms = pace(contacts.talk_ms),
        ring_timeout_ms = pace(own.ring_timeout_ms), connecting_ms = pace(own.connecting_ms),
        queue_ms = pace(own.queue_ms), callback_ms = pace(own.callback_ms), widget_ms = pace(own.widget_ms) }
end

local function ring(state, call, script, at_ms)
    if script.rings then
        state.phone_log.ring({ vendor = VENDOR, to = call.to, token = "" }, at_ms)
    end
end

-- The life of what waits for an agent: assigned after a while, and only then does the phone ring.
local function wait_for_agent(state, call, from_ms, script)
    local own = lengths(state)
    later(state, call, from_ms + own.queue_ms, function(due_ms)
        call.agent = calls.agent(state, state.settings.ccai.queue_agent)
        call.agent_participant = next_participant(state)
        call.assigned_ms = due_ms
        change(call, "assigned", due_ms)
        ring(state, call, script, due_ms)
        connect(state, call, due_ms, script, own)
    end)
end

--- Makes a call. fields: kind (outbound, inbound, scheduled), call_type, lang, to, agent, menu, end_user, ticket_id,
--- outbound_number, scheduled_at and scheduled_ms, parent. Returns it, and whether the phone rings at once.
function calls.create(state, fields, now_ms, script)
    local own, call = memory(state), fields
    script = script or outcomes.find(state, call.to, "ccai")
    call.id = own.next_call
    call.agent_participant = call.agent and next_participant(state) or nil
    call.end_user_participant = next_participant(state)
    call.uuid = state.uuid()
    call.fail_reason = "nothing"
    call.created_ms, call.updated_ms = now_ms, now_ms
    own.next_call = own.next_call + 1
    own.by_id[call.id] = call
    own.list[#own.list + 1] = call
    if call.kind == "outbound" then
        call.status, call.assigned_ms = "assigned", now_ms
        call.seat = call.agent
        call.seat.live = call.seat.live + 1
        connect(state, call, now_ms, script, lengths(state))
        return call, script.rings
    elseif call.kind == "inbound" then
        call.status, call.queued_ms = "queued", now_ms
        wait_for_agent(state, call, now_ms, script)
        return call, false
    end
    call.status = "scheduled"
    later(state, call, call.scheduled_ms, function(due_ms)
        call.queued_ms = due_ms
        change(call, "queued", due_ms)
        wait_for_agent(state, call, due_ms, script)
    end)
    return call, false
end

-- After a failure: a child of the same type, which the vendor dials by itself.
function call_back(state, parent, failed_ms, script)
    state.at(failed_ms + lengths(state).callback_ms, function(due_ms)
        calls.create(state, { kind = "inbound", call_type = parent.call_type, lang = parent.lang, to = parent.to,
            menu = parent.menu, end_user = parent.end_user, ticket_id = parent.ticket_id,
            outbound_number = parent.outbound_number, parent = parent, is_callback = true }, due_ms, script)
    end)
end

--- Has the agent act in the widget after a while: then there is a call, and the phone rings.
function calls.create_by_hand(state, fields)
    state.at(state.now_ms() + lengths(state).widget_ms, function(due_ms)
        local call, rings = calls.create(state, fields, due_ms)
        if rings then
            ring(state, call, { rings = true }, due_ms)
        end
    end)
end

--- Cancels a call that waits for its time or for an agent.
function calls.cancel(state, call)
    change(call, "cancelled", state.now_ms())
end

return calls
