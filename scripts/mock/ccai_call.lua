-- The call object of CCAI Platform, with every field of the documents' examples in their order, as a call is at the
-- time; and the Manager API's, which has more.

local json = require("mock.json")
local times = require("mock.times")

local ccai_call = {}

local function stamp(at_ms)
    return at_ms and times.iso(at_ms) or json.null
end

local function seconds(from_ms, to_ms)
    return from_ms and to_ms and math.floor((to_ms - from_ms) / 1000) or nil
end

local function participant(call, kind, id, user_id, end_user_id)
    local connected_ms = call.connected_ms
    return json.object({
        { "id", id },
        { "type", kind },
        { "status", connected_ms and "connected" or "waiting" },
        { "call_id", call.id },
        { "user_id", user_id or json.null },
        { "end_user_id", end_user_id or json.null },
        { "call_duration", seconds(connected_ms, call.ends_ms) or json.null },
        { "hold_duration", connected_ms and call.ends_ms and 0 or json.null },
        { "connected_at", stamp(connected_ms) },
        { "ended_at", stamp(connected_ms and call.ends_ms) },
        { "fail_reason", kind == "end_user" and call.fail_reason or "nothing" },
    })
end

local function menu_object(menu)
    return json.object({
        { "id", menu.id },
        { "name", menu.name },
        { "parent_id", json.null },
        { "position", 0 },
        { "deleted", false },
        { "menu_type", menu.menu_type },
        { "output_msg", "You selected " .. menu.name .. "." },
        { "hidden", false },
    })
end

local function agent_object(agent)
    return json.object({
        { "id", agent.id },
        { "agent_number", json.null },
        { "name", agent.first_name .. " " .. agent.last_name },
        { "last_name", agent.last_name },
        { "first_name", agent.first_name },
        { "avatar_url", "https://somedomain.com/default-profile.png" },
    })
end

local function participants(call)
    local list = json.array()
    if call.agent then
        list[1] = participant(call, "agent", call.agent_participant, call.agent.id)
    end
    list[#list + 1] = participant(call, "end_user", call.end_user_participant, nil,
        call.end_user and call.end_user.id)
    return list
end

local function fields(call)
    local menu, end_user, outbound = call.menu, call.end_user, call.kind == "outbound"
    return {
        { "id", call.id },
        -- The examples have it nowhere, not even for a call that was given another's identifier.
        { "parent_id", call.parent and call.parent.id or nil },
        { "lang", call.lang },
        { "call_type", call.call_type },
        { "status", call.status },
        { "created_at", stamp(call.created_ms) },
        { "queued_at", stamp(call.queued_ms) },
        { "assigned_at", stamp(call.assigned_ms) },
        { "connected_at", stamp(call.connected_ms) },
        { "ends_at", stamp(call.ends_ms) },
        { "scheduled_at", call.scheduled_at or json.null },
        { "wait_duration", seconds(call.queued_ms, call.assigned_ms) or 0 },
        { "call_duration", seconds(call.connected_ms, call.ends_ms) or 0 },
        { "hold_duration", 0 },
        { "rating", json.null },
        { "has_feedback", false },
        -- Only outbound calls carry it in the examples.
        { "voip_provider", outbound and "voip_provider_twilio" or nil },
        { "out_ticket_id", call.ticket_id or json.null },
        { "out_ticket_url", json.null },
        { "verified", false },
        { "recording_url", json.null },
        { "recording_permission", "not_asked" }, -- whatever was asked for, in every example
        { "voicemail_reason", "not_voicemail" },
        { "deflection", "no_deflection" },
        { "disconnected_by", "disconnected_by_unknown" },
        { "fail_reason", call.fail_reason },
        { "fail_details", json.null },
        { "support_number", json.null },
        { "selected_menu", menu and menu_object(menu) or json.null },
        { "menu_path", menu and json.object({ { "items_count", 1 }, { "name", menu.name },
            { "materialized_path", string.format("%.0f", menu.id) } }) or json.null },
        { "agent_info", call.agent and agent_object(call.agent) or json.null },
        { "end_user", end_user and json.object({ { "id", end_user.id },
            { "identifier", end_user.identifier or json.null }, { "out_contact_id", end_user.contact or json.null },
        }) or json.null },
        { "photos", json.array() },
        { "videos", json.array() },
        { "transfers", json.array() },
        { "deflection_details", json.array() },
        { "participants", participants(call) },
        { "offer_type", outbound and json.null or "cascade" },
        { "offer_events", outbound and json.array() or json.array({
            json.object({ { "casting_time", stamp(call.created_ms) }, { "group", "Group 1" } }) }) },
        { "answer_type", "manual" },
        { "outbound_number", call.outbound_number },
    }
end

--- The object of a call: id, kind, lang, call_type, status, fail_reason, the times of its life in milliseconds,
--- scheduled_at (a text), ticket_id, menu, agent, end_user ({ id, contact, identifier }), the two participants'
--- identifiers, outbound_number. What is absent is null.
function ccai_call.object(call)
    return json.object(fields(call))
end

--- The same call as the Manager API lists it.
function ccai_call.manager_object(call)
    local list = fields(call)
    list[2] = { "parent_id", call.parent and call.parent.id or json.null }
    for _, pair in ipairs({
        { "call_uuid", call.uuid }, { "sub_status", json.null }, { "updated_at", stamp(call.updated_ms) },
        { "queue_duration", seconds(call.queued_ms, call.assigned_ms) or 0 },
        { "finish_reason", call.finish_reason or "no_reason" }, { "adapter_fail_code", json.null },
        { "adapter_fail_message", json.null },
    }) do
        list[#list + 1] = pair
    end
    return json.object(list)
end

return ccai_call
