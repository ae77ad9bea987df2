-- outdial sign: the stages of an AWS signature of one request: canonical request, string to sign, signature. Sends
-- nothing.

local core = require "outdial.core"
local json = require "outdial.commands.json"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"

local command = {
    name = "sign",
    usage = "[FLAG...] [METHOD URL [NAME:VALUE...]]",
    summary = "the stages of an AWS signature, for a request that is not sent",
    flags = {
        { "region", "REGION", "AWS region; else AWS_REGION" },
        { "service", "NAME", "signing name of the service", default = "connect" },
        { "date", "TIME", "YYYYMMDDTHHMMSSZ; else the request's X-Amz-Date, else now" },
        { "access-key-id", "ID", "else AWS_ACCESS_KEY_ID" },
        { "secret-access-key", "KEY", "else AWS_SECRET_ACCESS_KEY, which no list of processes shows" },
        { "session-token", "TOKEN", "else AWS_SESSION_TOKEN" },
        { "body", "TEXT", "the body" },
        { "body-file", "FILE", "read the body from a file" },
        { "json", nil, "as JSON" },
    },
    notes = {
        "", "Words after the URL are headers. Without METHOD and URL the whole request is read from standard input, as",
        "it stands on the wire: request line, headers, an empty line, body.",
    },
    example = "outdial sign PUT https://connect.us-east-1.amazonaws.com/contact/outbound-voice "
        .. "Content-Type:application/json --body '{}'",
}

-- What proxies change or drop on the way, and what the signature itself becomes.
local NEVER = {
    authorization = true, ["cache-control"] = true, connection = true, expect = true, from = true,
    ["keep-alive"] = true, ["max-forwards"] = true, pragma = true, referer = true, te = true, trailer = true,
    ["transfer-encoding"] = true, upgrade = true, ["user-agent"] = true, ["x-amzn-trace-id"] = true,
}

local function is_signed(name)
    name = name:lower()
    return not (NEVER[name] or name:find("^proxy%-") or name:find("^sec%-"))
end

local function given(value)
    return value ~= nil and value ~= "" and value or nil
end

local function find_header(request, name)
    for _, header in ipairs(request.headers) do
        if header[1]:lower() == name then
            return header[2]
        end
    end
    return nil
end

local function split_target(target)
    target = target:gsub("#.*$", "")
    local path, query = target:match("^([^?]*)%?(.*)$")
    return path or target, query or false
end

-- "https://user@Host:443/path?query" -> host as it is sent, path, query
local function split_url(url)
    local scheme, authority, target = url:match("^(https?)://([^/?#]+)(.*)$")
    if not scheme then
        return nil
    end
    local host = authority:gsub("^.*@", ""):lower()
    host = host:gsub(scheme == "https" and ":443$" or ":80$", "")
    return host, split_target(target)
end

local function add_header(request, text, what)
    local name, value = text:match("^([^%s:]+):[ \t]*(.-)[ \t]*$")
    if not name then
        return nil, ("%s: expected NAME:VALUE, got %s"):format(what, text)
    end
    request.headers[#request.headers + 1] = { name, value }
    return true
end

local function read_words(args)
    local host, path, query = split_url(args[2])
    if not host then
        return nil, ("expected http(s)://HOST/PATH, got %s"):format(args[2])
    end
    local request = { method = args[1]:upper(), path = path, query = query, headers = {}, body = "" }
    for i = 3, #args do
        local ok, message = add_header(request, args[i], "header")
        if not ok then
            return nil, message
        end
    end
    if not find_header(request, "host") then
        table.insert(request.headers, 1, { "Host", host })
    end
    return request
end

-- One request as it stands on the wire; lines may end with LF alone.
local function read_text(text)
    text = text:gsub("^[\r\n]+", "")
    local first, rest = text:match("^([^\r\n]*)\r?\n?(.*)$")
    local method, target = first:match("^(%S+) (.*)$")
    if not method then
        return nil, "line 1: expected METHOD PATH HTTP/1.1"
    end
    local path, query = split_target((target:gsub(" HTTP/[%d.]+$", "")))
    local request, number = { method = method, path = path, query = query, headers = {} }, 1
    while not request.body do
        local line, after = rest:match("^([^\n]*)\n(.*)$")
        line, rest = (line or rest):gsub("\r$", ""), after or ""
        number = number + 1
        if line == "" then
            request.body = rest
        elseif line:find("^[ \t]") and #request.headers > 0 then
            local last = request.headers[#request.headers]
            last[2] = last[2] .. "\n" .. line
        else
            local ok, message = add_header(request, line, "line " .. number)
            if not ok then
                return nil, message
            end
        end
        if not after then
            request.body = request.body or ""
        end
    end
    local length = tonumber(find_header(request, "content-length") or "")
    if length and length > #request.body then
        return nil, ("the body has %d bytes, Content-Length says %d"):format(#request.body, length)
    end
    request.body = length and request.body:sub(1, length) or request.body
    return request
end

local function read_body(args, request)
    if args.body and args["body-file"] then
        return nil, "--body and --body-file exclude each other"
    elseif args["body-file"] then
        local file, message = io.open(args["body-file"], "rb")
        if not file then
            return nil, message
        end
        request.body = file:read("*a")
        file:close()
    end
    request.body = args.body or request.body
    return request
end

local function read_request(args)
    if args[1] and not args[2] then
        return nil, "expected METHOD and URL"
    end
    local request, message
    if args[1] then
        request, message = read_words(args)
    else
        request, message = read_text(io.stdin:read("*a"))
    end
    if not request then
        return nil, message
    end
    return read_body(args, request)
end

-- Adds what a signature needs: keys, scope, date, token. Returns the request, or nil and what is missing.
local function complete(args, request)
    request.region = given(args.region) or given(os.getenv("AWS_REGION"))
    request.access_key_id = given(args["access-key-id"]) or given(os.getenv("AWS_ACCESS_KEY_ID"))
    request.secret_access_key = given(args["secret-access-key"]) or given(os.getenv("AWS_SECRET_ACCESS_KEY"))
    request.service = args.service
    if not request.region then
        return nil, "no region: give --region, or set AWS_REGION"
    elseif not (request.access_key_id and request.secret_access_key) then
        return nil, "no keys: give --access-key-id and --secret-access-key, or set AWS_ACCESS_KEY_ID and "
            .. "AWS_SECRET_ACCESS_KEY"
    elseif not find_header(request, "host") then
        return nil, "the request has no Host header"
    end
    local own_date = find_header(request, "x-amz-date")
    request.date = args.date or own_date or os.date("!%Y%m%dT%H%M%SZ")
    if not request.date:find("^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$") then
        return nil, ("date: expected YYYYMMDDTHHMMSSZ, got %s"):format(request.date)
    end
    local token = given(args["session-token"]) or given(os.getenv("AWS_SESSION_TOKEN"))
    local signed = {}
    for _, header in ipairs(request.headers) do
        local name = header[1]:lower()
        if is_signed(name) and name ~= "x-amz-date" and not (token and name == "x-amz-security-token") then
            signed[#signed + 1] = header
        end
    end
    signed[#signed + 1] = { "X-Amz-Date", request.date }
    if token then
        signed[#signed + 1] = { "X-Amz-Security-Token", token }
    end
    request.headers = signed
    return request
end

function command.run(args)
    local request, message = read_request(args)
    if request then
        request, message = complete(args, request)
    end
    if not request then
        return options.misuse(command, message)
    end
    local stages, err = core.sigv4(request)
    if not stages then
        program.complain(command.name, err)
        return program.FAILED
    end
    if args.json then
        io.stdout:write(json.pretty(stages), "\n")
        return program.DONE
    end
    for _, stage in ipairs { "canonical_request", "string_to_sign", "signature", "authorization" } do
        local title = stage:gsub("_", " ")
        io.stdout:write(program.heading(title), "\n", stages[stage], "\n", stage ~= "authorization" and "\n" or "")
    end
    return program.DONE
end

return command
