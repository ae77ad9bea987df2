-- From a request to an answer: which vendor it is for, by its path, what fault befalls it, and which phone rang. Paths
-- under /mock/ are the mock's own.

local aws = require("mock.aws")
local ccai = require("mock.ccai")
local connect = require("mock.connect")
local genesys = require("mock.genesys")
local http = require("mock.http")
local json = require("mock.json")
local symbee = require("mock.symbee")

local router = {}

local VENDORS = { "amazon_connect", "genesys", "ccai_platform", "symbee" }
local MODULES = { amazon_connect = connect, genesys = genesys, ccai_platform = ccai, symbee = symbee }

local PREFIXES = {
    { "/contact/", connect }, { "/contacts/", connect }, { "/search-contacts", connect },
    { "/campaigns/", connect }, { "/v2/campaigns/", connect },
    { "/latest/", aws }, { "/v1/credentials", aws }, { "/v2/credentials/", aws },
    { "/api/v2/", genesys },
    { "/apps/api/v1/", ccai }, { "/manager/api/v1/", ccai },
    { "/symbee-previewcontact-service/", symbee },
}

local GARBAGE = '{"garbage":'

local function find_vendor(path)
    if path == "/" then
        return aws -- Secrets Manager and STS are told apart by what is posted
    end
    for _, row in ipairs(PREFIXES) do
        if path:sub(1, #row[1]) == row[1] then
            return row[2]
        end
    end
end

local function reply(value)
    return http.answer(200, "application/json", json.encode(value))
end

local function get_rings(state)
    local list = {}
    for _, vendor in ipairs(VENDORS) do
        list[#list + 1] = { vendor, state.phone_log.counts[vendor] or 0 }
    end
    list[#list + 1] = { "total", state.phone_log.total }
    return reply(json.object(list))
end

local function get_state(state)
    local queued, list = json.array(), {}
    for index, item in ipairs(state.queued) do
        queued[index] = json.object({ { "vendor", item.vendor }, { "to", item.to }, { "token", item.token } })
    end
    for _, vendor in ipairs(VENDORS) do
        list[#list + 1] = { vendor, MODULES[vendor].counts(state) }
    end
    list[#list + 1] = { "queued", queued }
    return reply(json.object(list))
end

local OWN = {
    ["GET /mock/rings"] = get_rings,
    ["GET /mock/state"] = get_state,
}
OWN["POST /mock/symbee/api_key/rotate"] = function(state)
    symbee.rotate_key(state)
    return reply(json.object())
end
for name, page in pairs(genesys.PAGES) do
    OWN["POST /mock/genesys/" .. name] = function(state, request)
        local told, problem = page(state, request)
        return problem and http.answer(400, "text/plain", problem .. "\n") or reply(told or json.object())
    end
end

local function not_found(request)
    return http.answer(404, "text/plain", "no mock vendor answers " .. request.method .. " " .. request.path .. "\n")
end

local function carry_out(state, vendor, request)
    local answer = vendor.handle(state, request)
    for _, ring in ipairs(answer.rings or { answer.ring }) do
        state.phone_log.ring(ring, state.now_ms())
    end
    return answer
end

--- Answers one request: { status, headers, body } with ring (or rings) where phones rang, drop = true where the
--- connection closes without an answer, hang = true where none ever comes, park where it comes later: park.resume()
--- returns the answer once there is one; it is asked after every other request, and again at park.wake_ms().
--- next_fault, where given, names the fault of the vendors' next request.
function router.handle(state, request, next_fault)
    state.catch_up()
    local own = OWN[request.method .. " " .. request.path]
    if own then
        return own(state, request)
    end
    local vendor = find_vendor(request.path)
    if not vendor then
        return not_found(request)
    end
    local fault = next_fault and next_fault()
    if fault == "throttle" then
        return vendor.throttled(state, request)
    elseif fault == "error_500" then
        return vendor.failed(state, request)
    elseif fault == "drop_before" then
        return { drop = true }
    end
    local answer = carry_out(state, vendor, request)
    if fault == "drop_after" then
        return { drop = true, ring = answer.ring }
    elseif fault == "hang" then
        return { hang = true, ring = answer.ring }
    elseif fault == "garbage" then
        answer.status, answer.park = answer.status or 200, nil
        answer.headers = { { "Content-Type", "application/json" } }
        answer.body = GARBAGE
    end
    return answer
end

return router
