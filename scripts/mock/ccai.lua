-- CCAI Platform: who may ask what, at which rate. The endpoints have files of their own: ccai_create.lua (POST /calls),
-- ccai_apps.lua, ccai_dnc.lua and ccai_manager.lua; ccai_calls.lua is what becomes of a call.

local answers = require("mock.ccai_answers")
local apps = require("mock.ccai_apps")
local calls = require("mock.ccai_calls")
local create = require("mock.ccai_create")
local dnc = require("mock.ccai_dnc")
local http = require("mock.http")
local json = require("mock.json")
local manager = require("mock.ccai_manager")
local rate = require("mock.rate")

local ccai = {}

local APPS, MANAGER = "^/apps/api/v1", "^/manager/api/v1"

-- Method, path (an identifier captured), the function, and what it is given: nothing, the body, the query, or the
-- request.
local ENDPOINTS = {
    { "POST", APPS .. "/calls$", create.handle, "body" },
    { "GET", APPS .. "/calls/(%d+)/customer_flag$", apps.get_flags },
    { "PATCH", APPS .. "/calls/(%d+)/customer_flag$", apps.set_flags, "body" },
    { "PATCH", APPS .. "/calls/scheduled/(%d+)/cancel$", apps.cancel },
    { "PATCH", APPS .. "/calls/scheduled/cancel$", apps.cancel_many, "body" },
    { "GET", APPS .. "/calls/scheduled/cancel/(%d+)$", apps.get_job },
    { "POST", APPS .. "/calls/(%d+)/end_user$", apps.set_end_user, "body" },
    { "POST", APPS .. "/outbound_dialer/dnc$", dnc.add, "body" },
    { "GET", APPS .. "/wait_times$", apps.wait_times, "query" },
    { "GET", MANAGER .. "/calls$", manager.list, "request" },
}

local function limiter(state)
    local own = state.ccai
    if not own then
        local limits = state.settings.ccai.rate
        own = { limiter = rate.new(limits.per_second, limits.burst) }
        state.ccai = own
    end
    return own.limiter
end

--- The answer to a request over the rate. The documents give the rate and no answer.
function ccai.throttled()
    return answers.message(429, "Too many requests")
end

--- The answer of a service that failed.
function ccai.failed()
    return answers.message(500, "Internal server error")
end

--- What the mock tells of itself: call objects made, and requests accepted without one.
function ccai.counts(state)
    return json.object({ { "calls", #calls.all(state) }, { "accepted", state.ccai_accepted or 0 } })
end

local function carry_out(state, request, row, id)
    local given
    if row[4] == "body" then
        if not http.is_json(request) then
            return answers.message(415, "Content-Type must be application/json")
        end
        given = json.decode(request.body)
        if json.type(given) ~= "object" then
            return answers.refuse("The body is not a JSON object")
        end
    elseif row[4] == "query" then
        given = request.query or ""
    elseif row[4] == "request" then
        given = request
    end
    return row[3](state, given, tonumber(id))
end

--- Answers one request.
function ccai.handle(state, request)
    state.catch_up()
    local own = state.settings.ccai
    local username, password = http.basic(request)
    if username ~= own.username or password ~= own.password then
        return answers.message(401, "Unauthorized", { { "WWW-Authenticate", 'Basic realm="Application"' } })
    elseif state.enforce_rate and not limiter(state).take(own.username, state.now_ms()) then
        return ccai.throttled()
    end
    for _, row in ipairs(ENDPOINTS) do
        local id = request.path:match(row[2])
        if id and request.method == row[1] then
            return carry_out(state, request, row, id)
        end
    end
    return answers.message(404, "Not Found")
end

return ccai
