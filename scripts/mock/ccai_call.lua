-- The call object of CCAI Platform, with every field of the documents' examples in their order.

local json = require("mock.json")

local ccai_call = {}

local function participant(call, kind, id, user_id, end_user_id)
    return json.object({
        { "id", id },
        { "type", kind },
        { "status", "waiting" },
        { "call_id", call.id },
        { "user_id", user_id or json.null },
        { "end_user_id", end_user_id or json.null },
        { "call_duration", json.null },
        { "hold_duration", json.null },
        { "connected_at", json.null },
        { "ended_at", json.null },
        { "fail_reason", "nothing" },
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
    local list, id = json.array(), call.first_participant
    if call.agent then
        list[1] = participant(call, "agent", id, call.agent.id)
        id = id + 1
    end
    list[#list + 1] = participant(call, "end_user", id, nil, call.end_user and call.end_user.id)
    return list
end

--- The object of a call: id, lang, call_type, status, created_at, queued_at, assigned_at, scheduled_at, ticket_id,
--- menu, agent, end_user ({ id, contact }), first_participant, outbound_number. What is absent is null.
function ccai_call.object(call)
    local menu, end_user = call.menu, call.end_user
    local list = {
        { "id", call.id },
        { "lang", call.lang },
        { "call_type", call.call_type },
        { "status", call.status },
        { "created_at", call.created_at },
        { "queued_at", call.queued_at or json.null },
        { "assigned_at", call.assigned_at or json.null },
        { "connected_at", json.null },
        { "ends_at", json.null },
        { "scheduled_at", call.scheduled_at or json.null },
        { "wait_duration", 0 },
        { "call_duration", 0 },
        { "hold_duration", 0 },
        { "rating", json.null },
        { "has_feedback", false },
        -- Only outbound calls carry it in the examples.
        { "voip_provider", call.agent and "voip_provider_twilio" or nil },
        { "out_ticket_id", call.ticket_id or json.null },
        { "out_ticket_url", json.null },
        { "verified", false },
        { "recording_url", json.null },
        { "recording_permission", "not_asked" }, -- whatever was asked for, in every example
        { "voicemail_reason", "not_voicemail" },
        { "deflection", "no_deflection" },
        { "disconnected_by", "disconnected_by_unknown" },
        { "fail_reason", "nothing" },
        { "fail_details", json.null },
        { "support_number", json.null },
        { "selected_menu", menu and menu_object(menu) or json.null },
        { "menu_path", menu and json.object({ { "items_count", 1 }, { "name", menu.name },
            { "materialized_path", string.format("%.0f", menu.id) } }) or json.null },
        { "agent_info", call.agent and agent_object(call.agent) or json.null },
        { "end_user", end_user and json.object({ { "id", end_user.id }, { "identifier", json.null },
            { "out_contact_id", end_user.contact } }) or json.null },
        { "photos", json.array() },
        { "videos", json.array() },
        { "transfers", json.array() },
        { "deflection_details", json.array() },
        { "participants", participants(call) },
        { "offer_type", call.agent and json.null or "cascade" },
        { "offer_events", call.agent and json.array() or json.array({
            json.object({ { "casting_time", call.created_at }, { "group", "Group 1" } }) }) },
        { "answer_type", "manual" },
        { "outbound_number", call.outbound_number },
    }
    return json.object(list)
end

return ccai_call
