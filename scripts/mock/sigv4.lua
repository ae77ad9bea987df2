-- Checks AWS Signature Version 4 as the service does: builds the canonical request from what arrived, computes the
-- signature with the secret of the key named, and compares. Only the two hash functions come from elsewhere.

local core = require("outdial.core")
local times = require("mock.times")

local sigv4 = {}

local ALGORITHM = "AWS4-HMAC-SHA256"
local CLOCK_WINDOW_MS = 15 * 60 * 1000

local function encode(text, keep_slash)
    return (text:gsub("[^A-Za-z0-9%-%._~]", function(char)
        if keep_slash and char == "/" then
            return char
        end
        return string.format("%%%02X", char:byte())
    end))
end

local function decode(text)
    return (text:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end))
end

-- The path as on the request line: dot and empty segments removed, then encoded once more.
local function canonical_path(path)
    local kept = {}
    for segment in path:gmatch("[^/]+") do
        if segment == ".." then
            kept[#kept] = nil
        elseif segment ~= "." then
            kept[#kept + 1] = segment
        end
    end
    local trailing = #kept > 0 and path:sub(-1) == "/" and "/" or ""
    return encode("/" .. table.concat(kept, "/") .. trailing, true)
end

local function canonical_query(query)
    local parts = {}
    for part in query:gmatch("[^&]+") do
        local name, value = part:match("^([^=]*)=?(.*)$")
        parts[#parts + 1] = { encode(decode(name)), encode(decode(value)) }
    end
    table.sort(parts, function(a, b)
        if a[1] ~= b[1] then
            return a[1] < b[1]
        end
        return a[2] < b[2]
    end)
    for index, part in ipairs(parts) do
        parts[index] = part[1] .. "=" .. part[2]
    end
    return table.concat(parts, "&")
end

local function fold(value)
    return (value:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- The signed headers as lines; repeated ones are joined in order of arrival.
local function canonical_headers(request, signed)
    local lines = {}
    for index, name in ipairs(signed) do
        local values = {}
        for _, header in ipairs(request.headers) do
            if header[1]:lower() == name then
                values[#values + 1] = fold(header[2])
            end
        end
        lines[index] = name .. ":" .. table.concat(values, ",") .. "\n"
    end
    return table.concat(lines)
end

--- The canonical request, from the request and the list of signed header names.
function sigv4.canonical_request(request, signed)
    return table.concat({
        request.method:upper(), canonical_path(request.path), canonical_query(request.query or ""),
        canonical_headers(request, signed), table.concat(signed, ";"),
        core.hex(core.sha256(request.body or "")),
    }, "\n")
end

function sigv4.string_to_sign(amz_date, scope, canonical)
    return table.concat({ ALGORITHM, amz_date, scope, core.hex(core.sha256(canonical)) }, "\n")
end

function sigv4.signing_key(secret, date, region, service)
    local key = core.hmac_sha256("AWS4" .. secret, date)
    for _, part in ipairs({ region, service, "aws4_request" }) do
        key = core.hmac_sha256(key, part)
    end
    return key
end

function sigv4.signature(key, text)
    return core.hex(core.hmac_sha256(key, text))
end

local function refuse(status, kind, message)
    return nil, { status = status, type = kind, message = message }
end

local function parse_authorization(value)
    local fields, missing = {}, {}
    for name, field in value:sub(#ALGORITHM + 1):gmatch("%s*([A-Za-z]+)=([^,%s]*)") do
        fields[name] = field
    end
    for _, name in ipairs({ "Credential", "Signature", "SignedHeaders" }) do
        if not fields[name] or fields[name] == "" then
            missing[#missing + 1] = "Authorization header requires '" .. name .. "' parameter."
        end
    end
    return fields, missing
end

local function parse_scope(credential)
    local key_id, date, region, service, terminator =
        credential:match("^([^/]+)/([^/]+)/([^/]+)/([^/]+)/([^/]+)$")
    if key_id then
        return { key_id = key_id, date = date, region = region, service = service, terminator = terminator }
    end
end

local function check_scope(scope, amz_date, expected)
    if scope.terminator ~= "aws4_request" then
        return "Credential should be scoped with a valid terminator: 'aws4_request', not '" .. scope.terminator .. "'."
    elseif scope.date ~= amz_date:sub(1, 8) then
        return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"
            .. scope.date .. "' != '" .. amz_date:sub(1, 8) .. "', from '" .. amz_date .. "'."
    elseif scope.service ~= expected.service then
        return "Credential should be scoped to correct service: '" .. expected.service .. "'."
    elseif expected.region and scope.region ~= expected.region then
        return "Credential should be scoped to a valid region, not '" .. scope.region .. "'."
    end
end

local function check_clock(amz_date, signed_ms, now_ms)
    local now, signed = times.amz(now_ms), amz_date
    if signed_ms < now_ms - CLOCK_WINDOW_MS then
        return "Signature expired: " .. signed .. " is now earlier than " .. times.amz(now_ms - CLOCK_WINDOW_MS)
            .. " (" .. now .. " - 15 min.)"
    elseif signed_ms > now_ms + CLOCK_WINDOW_MS then
        return "Signature not yet current: " .. signed .. " is still later than "
            .. times.amz(now_ms + CLOCK_WINDOW_MS) .. " (" .. now .. " + 15 min.)"
    end
end

local function split_signed(list)
    local signed, seen = {}, {}
    for name in list:gmatch("[^;]+") do
        signed[#signed + 1] = name
        seen[name] = true
    end
    table.sort(signed) -- a client that signed them in another order does not match
    return signed, seen
end

-- Host and every x-amz- header must be signed, else they could be changed on the way.
local function check_signed(request, seen)
    if not seen["host"] then
        return "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    end
    for _, header in ipairs(request.headers) do
        local name = header[1]:lower()
        if name:sub(1, 6) == "x-amz-" and not seen[name] then
            return "'" .. name .. "' must be a 'SignedHeader' in the AWS Authorization."
        end
    end
end

-- The names of errors are those of AWS's list of common errors; the texts are what AWS answers in practice.
-- Which of InvalidSignatureException and SignatureDoesNotMatch Connect uses is not documented: the JSON
-- services' name is taken.
local INVALID = "InvalidSignatureException"

--- Checks a request. expected: service, region (nil: any), keys (a list of { access_key_id, secret_access_key,
--- session_token, expires_ms }), now_ms. Returns the key, or nil and { status, type, message }.
function sigv4.check(request, expected)
    local authorization = request.header["authorization"]
    if not authorization then
        return refuse(403, "MissingAuthenticationToken", "Missing Authentication Token")
    end
    if authorization:sub(1, #ALGORITHM + 1) ~= ALGORITHM .. " " then
        return refuse(403, "IncompleteSignature", "Unsupported AWS 'algorithm': '"
            .. (authorization:match("^%S+") or "") .. "'.")
    end
    local fields, missing = parse_authorization(authorization)
    local amz_date = request.header["x-amz-date"]
    if not amz_date then
        missing[#missing + 1] =
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    end
    if #missing > 0 then
        return refuse(403, "IncompleteSignature", table.concat(missing, " "))
    end
    local signed_ms = times.parse_amz(amz_date)
    if not signed_ms then
        return refuse(403, "IncompleteSignature",
            "Date must be in ISO-8601 'basic format'. Got '" .. amz_date
            .. "'. See http://en.wikipedia.org/wiki/ISO_8601")
    end
    local scope = parse_scope(fields.Credential)
    if not scope then
        return refuse(403, "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '"
            .. fields.Credential .. "'")
    end

    local problem = check_scope(scope, amz_date, expected)
    if problem then
        return refuse(403, INVALID, problem)
    end
    local key
    for _, candidate in ipairs(expected.keys) do
        if candidate.access_key_id == scope.key_id then
            key = candidate
        end
    end
    local token = request.header["x-amz-security-token"]
    if not key or token ~= key.session_token then
        return refuse(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    end
    local signed, seen = split_signed(fields.SignedHeaders)
    problem = check_clock(amz_date, signed_ms, expected.now_ms) or check_signed(request, seen)
    if problem then
        return refuse(403, INVALID, problem)
    end

    local canonical = sigv4.canonical_request(request, signed)
    local to_sign = sigv4.string_to_sign(amz_date, fields.Credential:match("/(.*)$"), canonical)
    local signing_key = sigv4.signing_key(key.secret_access_key, scope.date, scope.region, scope.service)
    local declared = request.header["x-amz-content-sha256"]
    if sigv4.signature(signing_key, to_sign) ~= fields.Signature
        or declared and declared ~= core.hex(core.sha256(request.body or "")) then
        return refuse(403, INVALID, "The request signature we calculated does not match the signature you provided. "
            .. "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"
            .. "The Canonical String for this request should have been\n'" .. canonical .. "'\n\n"
            .. "The String-to-Sign should have been\n'" .. to_sign .. "'\n")
    end
    if key.expires_ms and key.expires_ms <= expected.now_ms then
        return refuse(403, "ExpiredTokenException", "The security token included in the request is expired")
    end
    return key
end

return sigv4
