-- What the mock's specs share: a state on a clock that only moves when told, requests from a few fields, and the
-- rows of expected answers.

local sigv4 = require("mock.sigv4")
local state = require("mock.state")
local times = require("mock.times")

local support = {}

support.START_MS = 1440938160000 -- 2015-08-30T12:36:00Z

--- A state whose clock stands at START_MS; state.advance(ms) moves it.
function support.state(options)
    options = options or {}
    local now_ms = support.START_MS
    local new = state.new({
        now_ms = function()
            return now_ms
        end,
        seed = options.seed, settings = options.settings, rate = options.rate, phone_log = options.phone_log,
    })
    function new.advance(ms)
        now_ms = now_ms + ms
    end
    return new
end

--- A request; headers is a list of { name, value }.
function support.request(method, target, headers, body)
    local request = { method = method, headers = headers or {}, header = {}, body = body or "" }
    local path, query = target:match("^([^?]*)%??(.*)$")
    request.path, request.query = path, query
    for _, header in ipairs(request.headers) do
        local name = header[1]:lower()
        request.header[name] = request.header[name] and request.header[name] .. "," .. header[2] or header[2]
    end
    return request
end

local SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

--- A request signed as an AWS client does. options: date, key_id, secret, region, service (default connect), token,
--- unsigned (a header left out), extra headers, content_type, order (of the signed headers), scope and authorization
--- (given whole).
function support.signed(method, target, body, options)
    options = options or {}
    local date = options.date or times.amz(support.START_MS)
    local headers = { { "Host", "connect.us-east-1.amazonaws.com" },
        { "Content-Type", options.content_type or "application/json" }, { "X-Amz-Date", date } }
    if options.token then
        headers[#headers + 1] = { "X-Amz-Security-Token", options.token }
    end
    for _, header in ipairs(options.extra or {}) do
        headers[#headers + 1] = header
    end
    local names, seen = {}, {}
    for _, header in ipairs(headers) do
        local name = header[1]:lower()
        if not seen[name] and name ~= options.unsigned then
            seen[name] = true
            names[#names + 1] = name
        end
    end
    table.sort(names, options.order)
    local region, service = options.region or "us-east-1", options.service or "connect"
    local scope = options.scope or table.concat({ date:sub(1, 8), region, service, "aws4_request" }, "/")
    local request = support.request(method, target, headers, body)
    local text = sigv4.string_to_sign(date, scope, sigv4.canonical_request(request, names))
    local key = sigv4.signing_key(options.secret or SECRET, scope:match("^[^/]*"), region, service)
    headers[#headers + 1] = { "Authorization", options.authorization or "AWS4-HMAC-SHA256 Credential="
        .. (options.key_id or "AKIDEXAMPLE") .. "/" .. scope .. ", SignedHeaders=" .. table.concat(names, ";")
        .. ", Signature=" .. sigv4.signature(key, text) }
    return support.request(method, target, headers, body)
end

--- A request signed at the state's time.
function support.signed_now(new, method, target, body, options)
    local copy = { date = times.amz(new.now_ms()) }
    for name, value in pairs(options or {}) do
        copy[name] = value
    end
    return support.signed(method, target, body, copy)
end

--- A phone log that keeps its lines, as a list of "number at_ms".
function support.rings()
    local list = { counts = {}, total = 0 }
    function list.ring(ring, at_ms)
        list.counts[ring.vendor] = (list.counts[ring.vendor] or 0) + 1
        list.total = list.total + 1
        list[#list + 1] = ring.to .. " " .. string.format("%.0f", at_ms - support.START_MS)
    end
    return list
end

--- The value of one header of an answer, or nil.
function support.header(answer, wanted)
    for _, header in ipairs(answer.headers) do
        if header[1]:lower() == wanted:lower() then
            return header[2]
        end
    end
end

return support
