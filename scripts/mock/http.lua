-- What every vendor's answers share: building them, and reading Basic credentials, cookies and queries out of
-- a request. A request is a table of method, path, query, headers (a list of { name, value }), header (by
-- lower-case name) and body.

local http = {}

--- An answer: status, body, and headers as { name, value } pairs, Content-Type first where there is a body.
function http.answer(status, content_type, body, headers)
    local list = {}
    if content_type then
        list[1] = { "Content-Type", content_type }
    end
    for _, header in ipairs(headers or {}) do
        list[#list + 1] = header
    end
    return { status = status, headers = list, body = body }
end

--- The text with %XX decoded; + stays as it is.
function http.unescape(text)
    return (text:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end))
end

--- The value of one name in a query, decoded, or nil.
function http.query_value(query, wanted)
    for part in query:gmatch("[^&]+") do
        local name, value = part:match("^([^=]*)=?(.*)$")
        if http.unescape(name) == wanted then
            return http.unescape(value)
        end
    end
end

--- The value of one cookie, or nil.
function http.cookie(request, wanted)
    for name, value in (request.header["cookie"] or ""):gmatch("([^=;,%s]+)=([^;,]*)") do
        if name == wanted then
            return value
        end
    end
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64_decode(text)
    if #text % 4 ~= 0 or not text:find("^[A-Za-z0-9+/]*=?=?$") then
        return nil
    end
    local bytes, bits, held = {}, 0, 0
    for char in text:gmatch("[^=]") do
        held = held * 64 + ALPHABET:find(char, 1, true) - 1
        bits = bits + 6
        if bits >= 8 then
            bits = bits - 8
            local byte = math.floor(held / 2 ^ bits)
            bytes[#bytes + 1] = string.char(byte)
            held = held - byte * 2 ^ bits
        end
    end
    return table.concat(bytes)
end

--- User and password of HTTP Basic, or nil where the request has none that can be read.
function http.basic(request)
    local encoded = (request.header["authorization"] or ""):match("^[Bb][Aa][Ss][Ii][Cc] +(%S+)$")
    local text = encoded and base64_decode(encoded)
    if text then
        return text:match("^([^:]*):(.*)$")
    end
end

--- Whether the body is declared as JSON, whatever its parameters.
function http.is_json(request)
    local media = (request.header["content-type"] or ""):match("^%s*([^;%s]*)")
    return media:lower() == "application/json"
end

return http
