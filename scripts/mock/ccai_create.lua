-- CCAI Platform: POST /calls for outbound, inbound and scheduled calls, with the documents' messages letter for letter.
-- The documents give no order of checks; the one here is fixed.

local answers = require("mock.ccai_answers")
local calls = require("mock.ccai_calls")
local ccai_call = require("mock.ccai_call")
local dnc = require("mock.ccai_dnc")
local json = require("mock.json")
local times = require("mock.times")

local create = {}

local VENDOR = "ccai_platform"

-- That calls to numbers of the list are blocked is documented; the message is the mock's.
local DO_NOT_CALL = "end_user_number is on the do not call list"

local absent, normalize, refuse = answers.absent, answers.normalize, answers.refuse

-- The three kinds with the names still accepted for them.
local KINDS = {
    ["Voice Outbound (API)"] = "outbound", OutboundCall = "outbound",
    ["Voice Inbound (API)"] = "inbound", IncomingCall = "inbound",
    ["Voice Scheduled (API)"] = "scheduled", ScheduledCall = "scheduled",
}

-- What depends on an agent's or tenant's state is chosen by the part of agent_email before the @.
local AGENT_REFUSALS = {
    unknown = "Not a valid agent email",
    noaccess = "Agent does not have access to make calls",
    busy = "Agent is not available to take this call",
}

local LANGUAGES = {} -- the two-letter codes that exist, as far as the documents and tests need them
local CODES = "ar cs da de el en es fi fr he hi hu id it ja ko ms nb nl no pl pt ro ru sk sv th tr uk vi zh"
for code in CODES:gmatch("%a+") do
    LANGUAGES[code] = true
end

-- A ticket's text: the documents send it as a string and, in one example, as an integer.
local function ticket_text(body)
    local kind = json.type(body.ticket_id)
    if absent(body.ticket_id) then
        return nil
    end
    return kind == "integer" and string.format("%.0f", body.ticket_id) or kind == "string" and body.ticket_id or ""
end

local function outbound_number(state, body)
    -- "The default is used where the field is empty", and for inbound calls where it is invalid too. For outbound
    -- calls an invalid one is not spoken of and is treated alike.
    return normalize(body.outbound_number) and body.outbound_number or state.settings.ccai.default_outbound_number
end

local function new_call(state, body, call)
    call.lang = json.type(body.lang) == "string" and body.lang or "en"
    call.outbound_number = outbound_number(state, body)
    local made, rings = calls.create(state, call, state.now_ms())
    local answer = answers.json(201, ccai_call.object(made))
    if rings then
        answer.ring = { vendor = VENDOR, to = made.to, token = "" }
    end
    return answer
end

local function check_outbound(state, body)
    if json.type(body.agent_email) ~= "string" or body.agent_email == "" then
        return "Agent email required"
    end
    local ticket = ticket_text(body)
    if not ticket and absent(body.end_user_number) then
        return "ticket_id or end_user_number required"
    elseif not ticket and not normalize(body.end_user_number) then
        return "end_user_number is not well-formed"
    end
    local name = body.agent_email:match("^([^@]+)@[^@]+$")
    if not name then
        return AGENT_REFUSALS.unknown
    elseif name == "unknown" or name == "noaccess" then
        return AGENT_REFUSALS[name]
    elseif ticket and not state.settings.ccai.tickets[ticket] then
        return "Contact not found"
    end
    return AGENT_REFUSALS[name]
end

local function create_outbound(state, body)
    local text = check_outbound(state, body)
    if text then
        return refuse(text)
    end
    local ticket = ticket_text(body)
    local contact = ticket and state.settings.ccai.tickets[ticket]
    local to = contact and contact.number or normalize(body.end_user_number)
    local name = body.agent_email:match("^[^@]+")
    local agent = calls.agent(state, body.agent_email)
    local call = {
        kind = "outbound", call_type = "Voice Outbound (API)", ticket_id = ticket, agent = agent, to = to,
        end_user = contact and { id = contact.end_user_id, contact = contact.contact } or nil,
    }
    if dnc.blocks(state, to) then
        return refuse(DO_NOT_CALL)
    end
    -- Accepted, and a person must act in the widget: agent manual dials by hand, agent choose picks among several
    -- numbers unless one is given, agent prompt gets the answer of the two examples with status 200, which have the
    -- form of a request.
    local by_hand = name == "manual" or name == "choose" and absent(body.outbound_number)
    if by_hand or name == "prompt" then
        state.ccai_accepted = (state.ccai_accepted or 0) + 1
        state.queue(VENDOR, to, "")
        call.lang = json.type(body.lang) == "string" and body.lang or "en"
        call.outbound_number = outbound_number(state, body)
        calls.create_by_hand(state, call)
        return by_hand and answers.empty(202) or answers.json(200, json.object({
            { "call_type", body.call_type }, { "agent_email", body.agent_email },
            { "end_user_number", body.end_user_number }, { "lang", body.lang },
        }))
    end
    local seats = state.settings.ccai.calls_per_agent
    if seats > 0 and agent.live >= seats then
        return refuse(AGENT_REFUSALS.busy)
    end
    return new_call(state, body, call)
end

-- Inbound: the table permits IVR and web menus, the message IVR and mobile ones. All three pass, others do not.
-- Scheduled: table and message agree.
local PERMITTED = {
    inbound = { ivr_menu = true, mobile_menu = true, web_menu = true },
    scheduled = { mobile_menu = true, web_menu = true },
}
local NOT_PERMITTED = {
    inbound = "Only IVR and mobile menu IDs are permitted",
    scheduled = "Only mobile and web menu IDs are permitted",
}

local function find_menu(state, body, kind)
    local id = body.menu_id
    if json.type(id) ~= "integer" then
        return nil, "menu_id is not well formed"
    end
    local known = state.settings.ccai.menus[string.format("%.0f", id)]
    if not known then
        return nil, string.format("menu_id %.0f is not found", id)
    elseif not known.any_call and not PERMITTED[kind][known.menu_type] then
        return nil, NOT_PERMITTED[kind]
    end
    return { id = id, name = known.name, menu_type = known.menu_type, state = known.state }
end

local function check_language(state, body)
    if absent(body.lang) then
        return nil
    end
    local lang = json.type(body.lang) == "string" and body.lang or json.encode(body.lang)
    if not LANGUAGES[lang:match("^%l%l$") or lang:match("^(%l%l)%-%u%u$")] then
        return "Language '" .. lang .. "' is not found"
    elseif not state.settings.ccai.languages[lang] then
        return "Language '" .. lang .. "' is not available"
    end
end

local function check_number(body)
    if absent(body.end_user_number) then
        return "end_user_number is required"
    elseif not normalize(body.end_user_number) then
        return "end_user_number is not well formed"
    end
end

local function check_menu_state(menu)
    if menu and menu.state == "manual redirection" then
        return "Menu is in 'manual redirection' state, can't accept calls"
    elseif menu and menu.state == "after hours" then
        return "Menu is in 'after hours' state, can't accept incoming calls"
    end
end

-- That the time must be ISO 8601 and in the future is in the table; the messages for it are this mock's.
local function check_scheduled(state, body)
    if absent(body.scheduled_at) then
        return "scheduled_at is required"
    end
    local at_ms = json.type(body.scheduled_at) == "string" and times.parse_iso(body.scheduled_at)
    if not at_ms then
        return "scheduled_at is not well formed"
    elseif at_ms <= state.now_ms() then
        return "scheduled_at is not in the future"
    elseif not absent(body.call_id) and json.type(body.call_id) ~= "integer" then
        return "call_id is not well formed"
    end
end

local function create_queued(state, body, kind)
    local menu, text
    if not absent(body.menu_id) then
        menu, text = find_menu(state, body, kind)
    elseif kind == "inbound" or absent(body.call_id) then
        text = "menu_id is required"
    end
    text = text or check_number(body) or kind == "scheduled" and check_scheduled(state, body)
        or check_language(state, body) or check_menu_state(menu)
    if text then
        return refuse(text)
    end
    -- A ticket prevails over the number; what an unknown one does is not documented, the number is taken then.
    local ticket = ticket_text(body)
    local contact = ticket and state.settings.ccai.tickets[ticket]
    local to, is_scheduled = contact and contact.number or normalize(body.end_user_number), kind == "scheduled"
    -- The list is said to block outbound and scheduled calls; inbound ones are not named.
    if is_scheduled and dnc.blocks(state, to) then
        return refuse(DO_NOT_CALL)
    end
    state.queue(VENDOR, to, "")
    return new_call(state, body, {
        -- The examples of scheduled calls print "Voice Inbound (API)" and "queued"; the model of the object prints
        -- "Voice Scheduled (API)" and "scheduled", which is followed here.
        kind = kind, call_type = is_scheduled and "Voice Scheduled (API)" or "Voice Inbound (API)", to = to,
        scheduled_at = is_scheduled and body.scheduled_at or nil,
        scheduled_ms = is_scheduled and times.parse_iso(body.scheduled_at) or nil,
        ticket_id = ticket, menu = menu,
        end_user = contact and { id = contact.end_user_id, contact = contact.contact }
            or { id = 75, contact = "389391400633" },
    })
end

--- Answers POST /calls with a body.
function create.handle(state, body)
    local kind = json.type(body.call_type) == "string" and KINDS[body.call_type]
    if not kind then
        return refuse("Invalid call type")
    elseif body.call_type == "ScheduledCall" and body.agent_email and not body.scheduled_at then
        -- The example of the outbound section: this name with an outbound call's fields.
        return refuse("Invalid call type")
    elseif kind == "outbound" then
        return create_outbound(state, body)
    end
    return create_queued(state, body, kind)
end

return create
