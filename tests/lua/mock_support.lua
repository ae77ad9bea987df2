-- What the mock's specs share: a state on a clock that only moves when told, requests from a few fields, and the
-- rows of expected answers.

local state = require("mock.state")

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

--- The value of one header of an answer, or nil.
function support.header(answer, wanted)
    for _, header in ipairs(answer.headers) do
        if header[1]:lower() == wanted:lower() then
            return header[2]
        end
    end
end

return support
