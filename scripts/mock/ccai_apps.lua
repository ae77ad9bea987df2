-- CCAI Platform's endpoints around calls in the Apps API: flags of the customer, cancelling what is scheduled, naming
-- the person, and the times of waiting. Each function takes the state, the body or query, and the call's identifier.

local answers = require("mock.ccai_answers")
local calls = require("mock.ccai_calls")
local ccai_call = require("mock.ccai_call")
local http = require("mock.http")
local json = require("mock.json")

local apps = {}

local JOBS = "/apps/api/v1/calls/scheduled/cancel/"

local function not_found()
    return answers.message(404, "Not Found")
end

local function flags_of(call)
    call.flags = call.flags or { verified_customer = false, bad_actor = false, repeat_customer = false }
    return call.flags
end

local function flags_answer(call)
    local flags = flags_of(call)
    return answers.json(200, json.object({ { "verified_customer", flags.verified_customer },
        { "bad_actor", flags.bad_actor }, { "repeat_customer", flags.repeat_customer } }))
end

--- GET /calls/:id/customer_flag. The page has no status of success; 200 is taken.
function apps.get_flags(state, _, id)
    local call = calls.find(state, id)
    return call and flags_answer(call) or not_found()
end

--- PATCH /calls/:id/customer_flag. Read with repeat_customer, written with repeat_customers: which of the two the
--- service honours when written is a setting, and the other is passed over in silence. The answer is not documented.
function apps.set_flags(state, body, id)
    local call = calls.find(state, id)
    if not call then
        return not_found()
    end
    local rows = { { "verified_customer", "verified_customer" }, { "bad_actor", "bad_actor" },
        { state.settings.ccai.repeat_flag, "repeat_customer" } }
    for _, row in ipairs(rows) do
        if body[row[1]] ~= nil and json.type(body[row[1]]) ~= "boolean" then
            return answers.refuse(row[1] .. " is not well formed")
        end
    end
    for _, row in ipairs(rows) do
        if body[row[1]] ~= nil then
            flags_of(call)[row[2]] = body[row[1]]
        end
    end
    return flags_answer(call)
end

--- PATCH /calls/scheduled/:id/cancel: the cancelled call, or nothing where it was cancelled before. A call that has
--- its agent cannot be cancelled any more; the text of that is the mock's.
function apps.cancel(state, _, id)
    local call = calls.find(state, id)
    if not call or call.kind ~= "scheduled" then
        return not_found()
    elseif call.status == "cancelled" then
        return answers.empty(204)
    elseif call.status ~= "scheduled" and call.status ~= "queued" then
        return answers.refuse("Call can not be cancelled")
    end
    calls.cancel(state, call)
    return answers.json(200, ccai_call.object(call))
end

--- PATCH /calls/scheduled/cancel: done, and told of at the address in Location. Its status and the form of what is
--- found there are not documented.
function apps.cancel_many(state, body)
    if json.type(body.call_ids) ~= "array" or #body.call_ids == 0 then
        return answers.refuse("param is missing or the value is empty: call_ids")
    end
    local job = { cancelled = json.array(), failed = json.array() }
    for _, id in ipairs(body.call_ids) do
        local call = json.type(id) == "integer" and calls.find(state, id)
        local waits = call and call.kind == "scheduled"
            and (call.status == "scheduled" or call.status == "queued" or call.status == "cancelled")
        if waits and call.status ~= "cancelled" then
            calls.cancel(state, call)
        end
        local list = waits and job.cancelled or job.failed
        list[#list + 1] = id
    end
    state.ccai_jobs = state.ccai_jobs or {}
    state.ccai_jobs[#state.ccai_jobs + 1] = job
    return answers.empty(202, { { "Location", JOBS .. #state.ccai_jobs } })
end

--- GET of a Location that cancel_many gave.
function apps.get_job(state, _, id)
    local job = state.ccai_jobs and state.ccai_jobs[id]
    if not job then
        return not_found()
    end
    return answers.json(200, json.object({ { "status", "finished" }, { "cancelled", job.cancelled },
        { "failed", job.failed } }))
end

--- POST /calls/:id/end_user.
function apps.set_end_user(state, body, id)
    local call, own = calls.find(state, id), state.settings.ccai
    if not call then
        return not_found()
    elseif json.type(body.identifier) ~= "string" or body.identifier == "" then
        return answers.refuse("param is missing or the value is empty: identifier")
    elseif calls.ended(call) then
        return answers.refuse("Call is already ended")
    elseif not own.crm_supported then
        return answers.refuse("Unsupported CRM request")
    elseif call.named_ms and state.now_ms() - call.named_ms < own.end_user_interval_ms then
        return answers.refuse("Duplicate request: Please wait for the interval to expire")
    end
    call.named_ms, call.updated_ms = state.now_ms(), state.now_ms()
    call.end_user = call.end_user or { id = 100 + call.id }
    call.end_user.identifier = body.identifier
    return answers.message(202, "accepted")
end

local MENU_TYPES = { ivr_menu = true, mobile_menu = true, web_menu = true }
local CHANNELS = { chat = true, voice_call = true }

local function sorted_menus(own)
    local list = {}
    for id, menu in pairs(own.menus) do
        if MENU_TYPES[menu.menu_type] then
            list[#list + 1] = { id = tonumber(id), menu = menu }
        end
    end
    table.sort(list, function(a, b)
        return a.id < b.id
    end)
    return list
end

local function wait_query(state, query)
    local own, wanted = state.settings.ccai, {}
    for _, name in ipairs({ "lang", "menu_id", "menu_type", "channel_type", "wait[from]", "wait[to]" }) do
        wanted[name] = http.query_value(query, name)
    end
    if not wanted.lang or wanted.lang == "" then
        return nil, "param is missing or the value is empty: lang"
    elseif not own.languages[wanted.lang] then
        return nil, "Language '" .. wanted.lang .. "' is not available"
    elseif wanted.menu_type and not MENU_TYPES[wanted.menu_type] then
        return nil, "menu_type is not well formed"
    elseif wanted.channel_type and not CHANNELS[wanted.channel_type] then
        return nil, "channel_type is not well formed"
    end
    for _, name in ipairs({ "menu_id", "wait[from]", "wait[to]" }) do
        if wanted[name] and not wanted[name]:find("^%d+$") then
            return nil, name .. " is not well formed"
        end
        wanted[name] = tonumber(wanted[name])
    end
    return wanted
end

--- GET /wait_times: the waiting time of each queue by channel. Texts of errors are the mock's, in the documents' forms.
function apps.wait_times(state, query)
    local wanted, text = wait_query(state, query)
    if not wanted then
        return answers.refuse(text)
    end
    local own, rows = state.settings.ccai, json.array()
    for _, entry in ipairs(sorted_menus(own)) do
        local fits = (not wanted.menu_id or wanted.menu_id == entry.id)
            and (not wanted.menu_type or wanted.menu_type == entry.menu.menu_type)
            and (not wanted["wait[from]"] or own.wait > wanted["wait[from]"])
            and (not wanted["wait[to]"] or own.wait < wanted["wait[to]"])
        if fits then
            rows[#rows + 1] = json.object({
                { "menu_id", entry.id }, { "menu_type", entry.menu.menu_type },
                { "chat", wanted.channel_type ~= "voice_call" and entry.menu.menu_type ~= "ivr_menu" and own.wait
                    or nil },
                { "voice_call", wanted.channel_type ~= "chat" and own.wait or nil },
                { "materialized_path", entry.menu.name }, { "logged_in_agents", 3 }, { "available_agents", 2 },
                { "breakthrough_agents", 1 },
            })
        end
    end
    return answers.json(200, rows)
end

return apps
