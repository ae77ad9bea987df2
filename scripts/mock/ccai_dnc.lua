-- CCAI Platform's company do-not-call list: numbers are put on it, for good or until a time, and calls to them refused.

local answers = require("mock.ccai_answers")
local json = require("mock.json")
local outcomes = require("mock.outcomes")
local times = require("mock.times")

local dnc = {}

local EMERGENCY = { ["911"] = true, ["112"] = true, ["999"] = true }

-- By number: when its entry ends, or math.huge.
local function list_of(state)
    local list = state.ccai_dnc
    if not list then
        list = {}
        for _, number in ipairs(state.settings.ccai.do_not_call) do
            list[number] = math.huge
        end
        state.ccai_dnc = list
    end
    return list
end

--- Whether calls to a number ("+" and digits) are blocked now.
function dnc.blocks(state, number)
    local ends_ms = list_of(state)[number]
    return ends_ms ~= nil and ends_ms > state.now_ms() or outcomes.find(state, number, "ccai").refused == true
end

-- "2022-10-29 00:00:00 UTC" in milliseconds, or nil.
local function read_time(text)
    local day, clock = text:match("^(%d%d%d%d%-%d%d%-%d%d) (%d%d:%d%d:%d%d) UTC$")
    return day and times.parse_iso(day .. "T" .. clock .. "Z")
end

-- What is wrong with an entry, or nil; and its number and end. The first three texts are the documents'.
local function read_entry(state, contact)
    local number, ends_ms = answers.normalize(contact.phone_number), math.huge
    if not answers.absent(contact.expires_at) then
        ends_ms = json.type(contact.expires_at) == "string" and read_time(contact.expires_at)
        if not ends_ms then
            return "expires_at is invalid"
        end
    end
    if EMERGENCY[contact.phone_number] then
        return "emergency phone number is not allowed"
    elseif not number then
        return "phone_number is invalid"
    elseif ends_ms <= state.now_ms() then
        return "expires_at cannot be past date/time"
    end
    return nil, number, ends_ms
end

--- Answers POST /outbound_dialer/dnc: each entry with what became of it.
function dnc.add(state, body)
    if json.type(body.contacts) ~= "array" or #body.contacts == 0 then
        return answers.refuse("param is missing or the value is empty: contacts")
    end
    local list, rows = list_of(state), json.array()
    for index, contact in ipairs(body.contacts) do
        if json.type(contact) ~= "object" then
            return answers.refuse("contacts must be objects")
        end
        local problem, number, ends_ms = read_entry(state, contact)
        local status = "failed"
        if not problem then
            status = list[number] and "updated" or "created"
            list[number] = ends_ms
        end
        rows[index] = json.object({ { "phone_number", contact.phone_number },
            { "expires_at", contact.expires_at ~= json.null and contact.expires_at or nil },
            { "error", problem }, { "status", status } })
    end
    return answers.json(200, rows)
end

return dnc
