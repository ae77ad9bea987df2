-- Where programs on AWS find credentials: the instance metadata service (version 2, with its session token), and the
-- endpoint that ECS and EKS give a container.

local aws_keys = require("mock.aws_keys")
local http = require("mock.http")
local json = require("mock.json")
local times = require("mock.times")

local aws_metadata = {}

local TOKEN_PATH = "/latest/api/token"
local ROLES = { ["/latest/meta-data/iam/security-credentials/"] = "legacy",
    ["/latest/meta-data/iam/security-credentials-extended/"] = "extended" }
local TTL_MAX_SECONDS = 21600

local function plain(status, text)
    return http.answer(status, "text/plain", text)
end

local function seconds_of(ms)
    return (times.iso(ms):gsub("%.%d+Z$", "Z"))
end

local function tokens(state)
    state.metadata_tokens = state.metadata_tokens or {}
    return state.metadata_tokens
end

local function new_token(state, request)
    local ttl = tonumber(request.header["x-aws-ec2-metadata-token-ttl-seconds"])
    if not ttl or ttl ~= math.floor(ttl) or ttl < 1 or ttl > TTL_MAX_SECONDS then
        return plain(400, "Bad Request")
    elseif request.header["x-forwarded-for"] then
        return plain(403, "Forbidden") -- a token is not for those who come through a proxy
    end
    local token = "mock-metadata-" .. state.hex(32)
    tokens(state)[token] = state.now_ms() + ttl * 1000
    return http.answer(200, "text/plain", token, { { "x-aws-ec2-metadata-token-ttl-seconds",
        string.format("%.0f", ttl) } })
end

-- One set of credentials is handed out until five minutes before it ends, as the service does.
local RENEW_MS = 300000

local function current_key(state, name, lifetime_ms)
    state.metadata_keys = state.metadata_keys or {}
    local held = state.metadata_keys[name]
    if not held or held.key.expires_ms - state.now_ms() <= RENEW_MS then
        held = { key = aws_keys.issue(state, lifetime_ms), updated_ms = state.now_ms() }
        state.metadata_keys[name] = held
    end
    return held.key, held.updated_ms
end

local function role_credentials(state, kind)
    local own = state.settings.instance_metadata
    local key, updated_ms = current_key(state, "instance", own.lifetime_ms)
    return plain(200, json.encode(json.object({
        { "Code", "Success" }, { "LastUpdated", seconds_of(updated_ms) }, { "Type", "AWS-HMAC" },
        { "AccessKeyId", key.access_key_id }, { "SecretAccessKey", key.secret_access_key },
        { "Token", key.session_token }, { "Expiration", seconds_of(key.expires_ms) },
        { "AccountId", kind == "extended" and aws_keys.ACCOUNT or nil },
    })))
end

local function instance(state, request)
    if request.path == TOKEN_PATH then
        return request.method == "PUT" and new_token(state, request) or plain(405, "Method Not Allowed")
    end
    local ends_ms = tokens(state)[request.header["x-aws-ec2-metadata-token"] or ""]
    if not ends_ms or ends_ms <= state.now_ms() then
        return plain(401, "Unauthorized")
    elseif request.method ~= "GET" then
        return plain(405, "Method Not Allowed")
    end
    local own = state.settings.instance_metadata
    local folder, name = request.path:match("^(.*/)([^/]*)$")
    local kind = ROLES[folder]
    if not kind or own.role == "" or kind == "extended" and not own.extended then
        return plain(404, "Not Found")
    elseif name == "" then
        return plain(200, own.role)
    elseif name ~= own.role then
        return plain(404, "Not Found")
    end
    return role_credentials(state, kind)
end

local function container(state, request)
    local own = state.settings.container
    local function refuse(status, code, message)
        return http.answer(status, "application/json",
            json.encode(json.object({ { "code", code }, { "message", message } })))
    end
    if request.method ~= "GET" then
        return refuse(405, "MethodNotAllowed", "The endpoint takes GET")
    elseif own.authorization ~= "" and request.header["authorization"] ~= own.authorization then
        return refuse(403, "AccessDenied", "The authorization token is not the container's")
    end
    local key = current_key(state, "container", own.lifetime_ms)
    return http.answer(200, "application/json", json.encode(json.object({
        { "RoleArn", "arn:aws:iam::" .. aws_keys.ACCOUNT .. ":role/" .. own.role },
        { "AccessKeyId", key.access_key_id }, { "SecretAccessKey", key.secret_access_key },
        { "Token", key.session_token }, { "Expiration", seconds_of(key.expires_ms) },
        { "AccountId", aws_keys.ACCOUNT },
    })))
end

function aws_metadata.throttled()
    return plain(429, "Too Many Requests")
end

function aws_metadata.failed()
    return plain(500, "Internal Server Error")
end

--- Answers one request.
function aws_metadata.handle(state, request)
    if request.path:sub(1, 8) == "/latest/" then
        return instance(state, request)
    end
    return container(state, request)
end

return aws_metadata
