-- What becomes of a call, chosen by the last five digits of the number called, so that a test or a demo can ask for
-- each outcome. Any other number is answered by a person.
--
--   number    what happens                     Amazon Connect              CCAI Platform         Symbee
--   ...99001  nobody answers                   TELECOM_UNANSWERED          eu_no_answer          No Answer, twice
--   ...99002  busy                             TELECOM_BUSY                eu_busy               Busy, then Answered
--   ...99003  the person rejects the call      TELECOM_BUSY                eu_rejected           Declined
--   ...99004  an answering machine             VOICEMAIL_BEEP              machine detected      Answering Machine
--   ...99005  a fax                            FAX_MACHINE_DETECTED        finished              Fax
--   ...99006  no such number                   TELECOM_NUMBER_INVALID      eu_wrong_number       Wrong Number
--   ...99007  the call is blocked              TELECOM_POTENTIAL_BLOCKING  refused, do not call  Do Not Call
--   ...99008  the network fails                TELECOM_PROBLEM             voip_twilio_error     Technical Problem
--   ...99009  hangs up before an agent comes   queued, then gone           eu_abandoned          Abandoned
--   ...99010  is not dialled in time           EXPIRED                     expired               never delivered
--   ...99011  the caller's side gives up       TELECOM_ORIGINATOR_CANCEL   ag_canceled           removed
--   ...99012  the vendor never tells an end    no DisconnectTimestamp      connecting for ever   no work code
--   ...99013  a word unheard of                TELECOM_SOMETHING_NEW       something_new         Something New
--   ...99014  called again, with success       answered                    recovered by a child  No Answer, Answered
--   ...99015  called again in vain             TELECOM_UNANSWERED          the child fails too   No Answer, twice
--   ...99016  connected by a second provider   answered                    switching, finished   Answered
--   ...99017  deflected                        answered                    deflected             Answered
--   ...99018  leads to a voice mail            answered                    voicemail_received    Answered
--   ...99021 to 99024: an item of a campaign's batch fails by InvalidInput, RequestThrottled, BufferLimitExceeded or
--             UnknownError.
--   ...99101 on: each DisconnectReason of Connect; ...99131 on: each status of its machine detection; ...99201 on: each
--             fail_reason of CCAI Platform; in the order of the lists below. Other vendors' calls are answered.
--
-- Genesys follows the endings that the setting genesys.outcomes lists. Where a phone does not ring (busy, no such
-- number, blocked, the network fails, expired) the phone log has no line. The setting contacts.outcomes = false makes
-- every number an ordinary one; contacts.speed = 10 lets all lives go ten times as fast.

local outcomes = {}

local DIGITS = 5

-- How a contact of Connect goes: connects (a person, machine or fax picks up), after ("ring": when it would be picked
-- up, "timeout": when ringing ends, "now"), rings, reason (DisconnectReason), amd (the status where machine detection
-- was asked for), agent (it reaches one; otherwise it ends in the flow or the queue), never (no end).
local function connect_ends(reason, amd, more)
    local row = { rings = true, after = "ring", reason = reason, amd = amd }
    for name, value in pairs(more or {}) do
        row[name] = value
    end
    return row
end

local UNDIALLED = { rings = false, after = "now" }
local SIGNALLED = { rings = false }

local ANSWERED = {
    connect = { connects = true, rings = true, agent = true, reason = "CUSTOMER_DISCONNECT", amd = "HUMAN_ANSWERED" },
    ccai = { rings = true, ends = "finished" },
    symbee = { { state = "COMPLETED", code = "Answered", rings = true } },
}

-- How a call of CCAI Platform goes: rings, ends (a status), fails (a fail_reason), after as above, callback (how the
-- child goes), switches, never, refused (by the do-not-call list), finish_reason.
local function ccai_fails(reason, more)
    local row = { rings = true, after = "ring", ends = "failed", fails = reason }
    for name, value in pairs(more or {}) do
        row[name] = value
    end
    return row
end

-- How a record of Symbee goes, delivery by delivery: the state and the work code that the agent leaves, whether the
-- phone rings, and again (it is rescheduled).
local function symbee_completes(code, rings)
    return { { state = "COMPLETED", code = code, rings = rings ~= false } }
end

local NO_ANSWER_AGAIN = { state = "WORKED", code = "No Answer", rings = true, again = true }
local NO_ANSWER = { state = "COMPLETED", code = "No Answer", rings = true }

local COMMON = {
    { "99001", "nobody answers", connect = connect_ends("TELECOM_UNANSWERED", "AMD_UNANSWERED", { after = "timeout" }),
        ccai = ccai_fails("eu_no_answer", { after = "timeout" }), symbee = { NO_ANSWER_AGAIN, NO_ANSWER } },
    { "99002", "busy", connect = connect_ends("TELECOM_BUSY", "SIT_TONE_BUSY", SIGNALLED),
        ccai = ccai_fails("eu_busy", SIGNALLED), symbee = { { state = "WORKED", code = "Busy", rings = false,
            again = true }, { state = "COMPLETED", code = "Answered", rings = true } } },
    { "99003", "the person rejects the call", connect = connect_ends("TELECOM_BUSY", "AMD_UNANSWERED"),
        ccai = ccai_fails("eu_rejected"), symbee = symbee_completes("Declined") },
    { "99004", "an answering machine", connect = connect_ends("CONTACT_FLOW_DISCONNECT", "VOICEMAIL_BEEP",
        { connects = true }),
        ccai = { rings = true, ends = "finished", finish_reason = "va_callback_machine_detected" },
        symbee = symbee_completes("Answering Machine") },
    { "99005", "a fax", connect = connect_ends("CONTACT_FLOW_DISCONNECT", "FAX_MACHINE_DETECTED",
        { connects = true }), ccai = ANSWERED.ccai, symbee = symbee_completes("Fax") },
    { "99006", "no such number", connect = connect_ends("TELECOM_NUMBER_INVALID", "SIT_TONE_INVALID_NUMBER",
        UNDIALLED), ccai = ccai_fails("eu_wrong_number", UNDIALLED),
        symbee = symbee_completes("Wrong Number", false) },
    { "99007", "the call is blocked", connect = connect_ends("TELECOM_POTENTIAL_BLOCKING", nil, UNDIALLED),
        ccai = { refused = true, rings = false, ends = "failed", fails = "unknown", after = "now" },
        symbee = { { state = "REMOVED", code = "Do Not Call", rings = false } } },
    { "99008", "the network fails", connect = connect_ends("TELECOM_PROBLEM", "AMD_ERROR", UNDIALLED),
        ccai = ccai_fails("voip_twilio_error", UNDIALLED), symbee = symbee_completes("Technical Problem", false) },
    { "99009", "hangs up before an agent is there", connect = connect_ends("CUSTOMER_DISCONNECT", "HUMAN_ANSWERED",
        { connects = true, queued = true }), ccai = ccai_fails("eu_abandoned"),
        symbee = symbee_completes("Abandoned") },
    { "99010", "is not dialled in time", connect = connect_ends("EXPIRED", nil, UNDIALLED),
        ccai = ccai_fails("expired", UNDIALLED), symbee = {} },
    { "99011", "the caller's side gives up", connect = connect_ends("TELECOM_ORIGINATOR_CANCEL", "AMD_UNANSWERED"),
        ccai = ccai_fails("ag_canceled"), symbee = { { state = "REMOVED", rings = false } } },
    { "99012", "the vendor never tells an end", connect = { rings = true, never = true },
        ccai = { rings = true, never = true }, symbee = { { state = "WORKED", rings = true } } },
    { "99013", "the vendor uses a word unheard of", connect = connect_ends("TELECOM_SOMETHING_NEW",
        "AMD_SOMETHING_NEW"), ccai = ccai_fails("something_new"), symbee = symbee_completes("Something New") },
    { "99014", "the vendor calls again and succeeds", connect = ANSWERED.connect,
        ccai = ccai_fails("eu_no_answer", { callback = ANSWERED.ccai }),
        symbee = { NO_ANSWER_AGAIN, ANSWERED.symbee[1] } },
    { "99015", "the vendor calls again in vain", connect = connect_ends("TELECOM_UNANSWERED", "AMD_UNANSWERED",
        { after = "timeout" }), ccai = ccai_fails("eu_no_answer", { callback = ccai_fails("eu_no_answer") }),
        symbee = { NO_ANSWER_AGAIN, NO_ANSWER } },
    { "99016", "connected over a second provider", connect = ANSWERED.connect,
        ccai = { rings = true, switches = true, ends = "finished" }, symbee = ANSWERED.symbee },
    { "99017", "deflected", connect = ANSWERED.connect, ccai = { rings = false, ends = "deflected" },
        symbee = ANSWERED.symbee },
    { "99018", "leads to a voice mail", connect = ANSWERED.connect, ccai = { rings = true, ends = "voicemail_received",
        voicemail = true }, symbee = ANSWERED.symbee },
    { "99021", "a campaign's item is InvalidInput", item = "InvalidInput" },
    { "99022", "a campaign's item is RequestThrottled", item = "RequestThrottled" },
    { "99023", "a campaign's item is BufferLimitExceeded", item = "BufferLimitExceeded" },
    { "99024", "a campaign's item is UnknownError", item = "UnknownError" },
}

--- Connect's literals, the first as ...99101; an empty one stands for a contact that ends without a reason.
outcomes.DISCONNECT_REASONS = {
    "TELECOM_BUSY", "TELECOM_NUMBER_INVALID", "TELECOM_POTENTIAL_BLOCKING", "TELECOM_UNANSWERED", "TELECOM_TIMEOUT",
    "TELECOM_ORIGINATOR_CANCEL", "TELECOM_PROBLEM", "CUSTOMER_NEVER_ARRIVED", "THIRD_PARTY_DISCONNECT",
    "CUSTOMER_DISCONNECT", "AGENT_DISCONNECT", "BARGED", "CONTACT_FLOW_DISCONNECT", "OTHER",
    "OUTBOUND_DESTINATION_ENDPOINT_ERROR", "OUTBOUND_RESOURCE_ERROR", "OUTBOUND_ATTEMPT_FAILED",
    "OUTBUND_PREVIEW_DISCARDED", "EXPIRED", "",
}

--- What machine detection says, the first as ...99131.
outcomes.DETECTION_STATUSES = {
    "ANSWERED", "UNDETECTED", "ERROR", "HUMAN_ANSWERED", "SIT_TONE_DETECTED", "SIT_TONE_BUSY",
    "SIT_TONE_INVALID_NUMBER", "FAX_MACHINE_DETECTED", "VOICEMAIL_BEEP", "VOICEMAIL_NO_BEEP", "AMD_UNRESOLVED",
    "AMD_UNANSWERED", "AMD_ERROR", "AMD_NOT_APPLICABLE", "AMD_UNRESOLVED_SILENCE",
}

--- CCAI Platform's fail_reason literals, the first as ...99201.
outcomes.FAIL_REASONS = {
    "unknown", "expired", "transfer_expired", "eu_canceled", "eu_rejected", "eu_abandoned", "eu_in_menu_abandoned",
    "eu_repeated_voicemail", "eu_repeated_callback", "eu_busy", "eu_wrong_number", "eu_no_answer", "eu_noti_failed",
    "ag_canceled", "ag_ignored", "ag_mic_no_device", "ag_mic_denied", "voip_twilio_error", "voip_tokbox_error",
    "voip_invalid_token", "voip_conn_general", "voip_conn_timeout", "voip_conn_signal", "voip_nexmo_error",
    "stuck_due_to_api_error", "group_deleted_no_substitute", "menu_deleted", "direct_pstn_call_to_fallback_number",
}

-- Which of them come after somebody has picked up; the phone rings in these and where it rings in vain.
local CONNECTED = { THIRD_PARTY_DISCONNECT = true, CUSTOMER_DISCONNECT = true, AGENT_DISCONNECT = true, BARGED = true,
    CONTACT_FLOW_DISCONNECT = true, OTHER = true }
local RANG_IN_VAIN = { TELECOM_UNANSWERED = true, TELECOM_TIMEOUT = true, TELECOM_ORIGINATOR_CANCEL = true,
    [""] = true }
local NOT_PICKED_UP = { SIT_TONE_DETECTED = "TELECOM_PROBLEM", SIT_TONE_BUSY = "TELECOM_BUSY",
    SIT_TONE_INVALID_NUMBER = "TELECOM_NUMBER_INVALID", AMD_UNANSWERED = "TELECOM_UNANSWERED" }
local CCAI_RINGS = { eu_rejected = true, eu_abandoned = true, eu_no_answer = true, eu_canceled = true,
    ag_canceled = true, ag_ignored = true }

local BY_ENDING = {}

local function fill()
    for _, row in ipairs(COMMON) do
        BY_ENDING[row[1]] = row
    end
    for index, reason in ipairs(outcomes.DISCONNECT_REASONS) do
        local connects = CONNECTED[reason]
        BY_ENDING[("991%02d"):format(index)] = { connect = {
            connects = connects, agent = connects, rings = connects or RANG_IN_VAIN[reason] or false,
            after = connects and "ring" or RANG_IN_VAIN[reason] and "timeout" or "now",
            reason = reason ~= "" and reason or nil,
        } }
    end
    for index, status in ipairs(outcomes.DETECTION_STATUSES) do
        local failure = NOT_PICKED_UP[status]
        BY_ENDING[("991%02d"):format(30 + index)] = { connect = {
            connects = not failure, rings = not failure or status == "AMD_UNANSWERED",
            after = status == "AMD_UNANSWERED" and "timeout" or "ring", amd = status,
            reason = failure or "CONTACT_FLOW_DISCONNECT",
        } }
    end
    for index, reason in ipairs(outcomes.FAIL_REASONS) do
        BY_ENDING[("992%02d"):format(index)] = { ccai = ccai_fails(reason, { rings = CCAI_RINGS[reason] or false }) }
    end
end

fill()

--- How a call to the number goes at a vendor ("connect", "ccai", "symbee"); a table not to be changed.
function outcomes.find(state, number, vendor)
    local row = state.settings.contacts.outcomes and BY_ENDING[number:sub(-DIGITS)]
    return row and row[vendor] or ANSWERED[vendor]
end

--- How an item of a campaign's batch fails, or nil.
function outcomes.item_failure(state, number)
    local row = state.settings.contacts.outcomes and BY_ENDING[number:sub(-DIGITS)]
    return row and row.item or nil
end

--- The endings that all vendors share, with what happens: a list of { ending, text }.
function outcomes.list()
    local list = {}
    for index, row in ipairs(COMMON) do
        list[index] = { row[1], row[2] }
    end
    return list
end

--- The endings that are one vendor's: a list of { first, text }, where the others count on from the first.
function outcomes.ranges()
    return {
        { "99101", "on: Connect's " .. #outcomes.DISCONNECT_REASONS .. " reasons of a disconnect" },
        { "99131", "on: Connect's " .. #outcomes.DETECTION_STATUSES .. " results of machine detection" },
        { "99201", "on: CCAI Platform's " .. #outcomes.FAIL_REASONS .. " reasons of a failure" },
    }
end

return outcomes
