-- AWS Secrets Manager: GetSecretValue in the protocol AWS JSON 1.1, where the type of an error stands in the body and
-- the status says only whose fault it was.

local aws_keys = require("mock.aws_keys")
local http = require("mock.http")
local json = require("mock.json")
local sigv4 = require("mock.sigv4")

local aws_secrets = {}

local CONTENT_TYPE = "application/x-amz-json-1.1"
local TARGET = "secretsmanager.GetSecretValue"
local CURRENT = "AWSCURRENT"
local SUFFIX = "-a1B2c3" -- what AWS appends to a secret's name in its ARN

local function respond(state, status, value)
    return http.answer(status, CONTENT_TYPE, json.encode(value), { { "x-amzn-RequestId", state.uuid() } })
end

-- The model gives no statuses; by the protocol's convention a client's fault is 400 and the service's 500.
local function refuse(state, kind, message)
    return respond(state, kind == "InternalServiceError" and 500 or 400,
        json.object({ { "__type", kind }, { "Message", message } }))
end

-- What the mock says with each error that a secret of the settings may name.
local TEXTS = {
    ResourceNotFoundException = "Secrets Manager can't find the specified secret.",
    InvalidRequestException = "You can't perform this operation on the secret because it was marked for deletion.",
    DecryptionFailure = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
    InternalServiceError = "An error occurred on the server side.",
    AccessDeniedException = "User is not authorized to perform: secretsmanager:GetSecretValue on resource.",
    InvalidParameterException = "The parameter name or value is invalid.",
    ThrottlingException = "Rate exceeded",
}

local function arn_of(state, name)
    return ("arn:aws:secretsmanager:%s:%s:secret:%s%s"):format(aws_keys.region(state), aws_keys.ACCOUNT, name, SUFFIX)
end

-- The name that an identifier stands for: a name, or an ARN with or without its suffix.
local function name_of(identifier)
    local name = identifier:match("^arn:[^:]*:secretsmanager:[^:]*:%d*:secret:(.+)$") or identifier
    if name ~= identifier and name:sub(-#SUFFIX) == SUFFIX then
        name = name:sub(1, -#SUFFIX - 1)
    end
    return name
end

local function length_problem(body, name, min, max)
    local value = body[name]
    if value == nil then
        return nil
    elseif json.type(value) ~= "string" then
        return name .. ": expected a string, got " .. json.type(value)
    elseif json.length(value) < min or json.length(value) > max then
        return name .. ": expected " .. min .. " to " .. max .. " characters"
    end
end

local function get_secret_value(state, body)
    local problem = body.SecretId == nil and "SecretId: required" or length_problem(body, "SecretId", 1, 2048)
        or length_problem(body, "VersionId", 32, 64) or length_problem(body, "VersionStage", 1, 256)
    if problem then
        return refuse(state, "InvalidParameterException", problem)
    end
    local name = name_of(body.SecretId)
    local secret = state.settings.secrets[name]
    if not secret then
        return refuse(state, "ResourceNotFoundException", TEXTS.ResourceNotFoundException)
    elseif secret.error then
        return refuse(state, secret.error, TEXTS[secret.error] or secret.error)
    elseif body.VersionStage and body.VersionStage ~= CURRENT then
        return refuse(state, "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: " .. body.VersionStage)
    end
    local own = state.secrets or {}
    state.secrets = own
    own[name] = own[name] or { version = state.uuid(), created_ms = state.now_ms() }
    if body.VersionId and body.VersionId ~= own[name].version then
        return refuse(state, "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for VersionId: " .. body.VersionId)
    end
    local text = secret.string
    if secret.symbee_api_key then
        text = state.symbee_api_key or state.settings.symbee.api_key
    end
    return respond(state, 200, json.object({
        { "ARN", arn_of(state, name) }, { "CreatedDate", json.fixed(own[name].created_ms / 1000, 3) },
        { "Name", name }, { "SecretBinary", secret.binary }, { "SecretString", text },
        { "VersionId", own[name].version }, { "VersionStages", json.array({ CURRENT }) },
    }))
end

function aws_secrets.throttled(state)
    return refuse(state, "ThrottlingException", TEXTS.ThrottlingException)
end

function aws_secrets.failed(state)
    return refuse(state, "InternalServiceError", TEXTS.InternalServiceError)
end

--- Answers one request.
function aws_secrets.handle(state, request)
    local key, problem = sigv4.check(request, {
        service = "secretsmanager", keys = aws_keys.all(state), now_ms = state.now_ms(),
        region = state.settings.connect.region,
    })
    local media = (request.header["content-type"] or ""):match("^%s*([^;%s]*)")
    if not key then
        return refuse(state, problem.type, problem.message)
    elseif request.method ~= "POST" or request.header["x-amz-target"] ~= TARGET then
        return refuse(state, "UnknownOperationException", "The operation is not known to the mock")
    elseif media ~= CONTENT_TYPE then
        return refuse(state, "SerializationException", "Content-Type must be " .. CONTENT_TYPE)
    end
    local body, message = json.decode(request.body)
    if json.type(body) ~= "object" then
        return refuse(state, "SerializationException", body == nil and message or "expected an object")
    end
    return get_secret_value(state, body)
end

return aws_secrets
