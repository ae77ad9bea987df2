-- AWS Security Token Service: AssumeRole, signed, and AssumeRoleWithWebIdentity, unsigned, as forms that are answered
-- in XML. The keys that it hands out are good for every AWS service of the mock until they end.

local aws_keys = require("mock.aws_keys")
local http = require("mock.http")
local sigv4 = require("mock.sigv4")
local times = require("mock.times")

local aws_sts = {}

local XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
local VERSION = "2011-06-15"
local DEFAULT_SECONDS = 3600

local STATUS = { AccessDenied = 403, IDPRejectedClaim = 403, InternalFailure = 500, RegionDisabledException = 403,
    Throttling = 400 }
-- The names that this protocol has for what the JSON services call otherwise.
local NAMES = { UnrecognizedClientException = "InvalidClientTokenId",
    InvalidSignatureException = "SignatureDoesNotMatch", ExpiredTokenException = "ExpiredToken" }

local function escape(text)
    return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
        ["'"] = "&apos;" }))
end

-- One element around text, or around elements already written (a list).
local function element(name, content)
    content = type(content) == "table" and table.concat(content) or escape(content)
    return "<" .. name .. ">" .. content .. "</" .. name .. ">"
end

local function respond(status, name, content)
    return http.answer(status, "text/xml", "<" .. name .. ' xmlns="' .. XMLNS .. '">' .. table.concat(content) .. "</"
        .. name .. ">")
end

local function refuse(state, code, message, status)
    status = status or STATUS[code] or 400
    return respond(status, "ErrorResponse", {
        element("Error", { element("Type", status < 500 and "Sender" or "Receiver"), element("Code", code),
            element("Message", message) }),
        element("RequestId", state.uuid()),
    })
end

local function decode(text)
    return http.unescape((text:gsub("%+", " ")))
end

local function read_form(body)
    local form = {}
    for part in body:gmatch("[^&]+") do
        local name, value = part:match("^([^=]*)=?(.*)$")
        form[decode(name)] = decode(value)
    end
    return form
end

local function length_problem(form, name, min, max, required)
    local value = form[name]
    if not value then
        return required and name .. ": required" or nil
    elseif #value < min or #value > max then
        return ("%s: expected %d to %d characters, got %d"):format(name, min, max, #value)
    end
end

local function form_problem(form, web)
    local problem = length_problem(form, "RoleArn", 20, 2048, true)
        or length_problem(form, "RoleSessionName", 2, 64, true)
        or length_problem(form, "ExternalId", 2, 1224)
        or web and length_problem(form, "WebIdentityToken", 4, 20000, true)
    if problem then
        return problem
    elseif not form.RoleArn:find("^arn:[^:]+:iam::%d+:role/.") then
        return "RoleArn: not the name of a role"
    elseif form.RoleSessionName:find("[^%w_+=,.@-]") then
        return "RoleSessionName: does not match the pattern"
    end
    local seconds = tonumber(form.DurationSeconds or DEFAULT_SECONDS)
    if not seconds or seconds ~= math.floor(seconds) or seconds < 900 or seconds > 43200 then
        return "DurationSeconds: expected 900 to 43200"
    end
end

local function assume(state, form, operation)
    local seconds = tonumber(form.DurationSeconds or DEFAULT_SECONDS)
    local key = aws_keys.issue(state, seconds * 1000)
    local role = form.RoleArn:match("([^/]+)$")
    local result = {
        element("Credentials", {
            element("AccessKeyId", key.access_key_id), element("SecretAccessKey", key.secret_access_key),
            element("SessionToken", key.session_token),
            element("Expiration", (times.iso(key.expires_ms):gsub("%.%d+Z$", "Z"))),
        }),
        element("AssumedRoleUser", {
            element("Arn", ("arn:aws:sts::%s:assumed-role/%s/%s"):format(form.RoleArn:match("^arn:[^:]+:iam::(%d+):"),
                role, form.RoleSessionName)),
            element("AssumedRoleId", "AROAMOCK" .. state.hex(13):upper() .. ":" .. form.RoleSessionName),
        }),
    }
    return respond(200, operation .. "Response", {
        element(operation .. "Result", result), element("ResponseMetadata", { element("RequestId", state.uuid()) }),
    })
end

local function assume_role(state, request, form)
    local _, problem = sigv4.check(request, {
        service = "sts", keys = aws_keys.all(state), now_ms = state.now_ms(), region = state.settings.connect.region,
    })
    if problem then
        return refuse(state, NAMES[problem.type] or problem.type, problem.message, problem.status)
    end
    local text = form_problem(form)
    if text then
        return refuse(state, "ValidationError", text)
    end
    local own = state.settings.sts
    local wanted = own.external_ids[form.RoleArn]
    if own.denied[form.RoleArn] or wanted and form.ExternalId ~= wanted then
        return refuse(state, "AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: "
            .. form.RoleArn)
    end
    return assume(state, form, "AssumeRole")
end

local function assume_role_with_web_identity(state, _, form)
    local text = form_problem(form, true)
    if text then
        return refuse(state, "ValidationError", text)
    end
    local own = state.settings.sts
    local refusal = own.web_identity_refusals[form.WebIdentityToken]
    if refusal then
        return refuse(state, refusal, "The web identity token meets " .. refusal)
    elseif own.denied[form.RoleArn] then
        return refuse(state, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    end
    return assume(state, form, "AssumeRoleWithWebIdentity")
end

local ACTIONS = { AssumeRole = assume_role, AssumeRoleWithWebIdentity = assume_role_with_web_identity }

function aws_sts.throttled(state)
    return refuse(state, "Throttling", "Rate exceeded")
end

function aws_sts.failed(state)
    return refuse(state, "InternalFailure", "The request processing has failed because of an unknown error.")
end

--- Answers one request.
function aws_sts.handle(state, request)
    local media = (request.header["content-type"] or ""):match("^%s*([^;%s]*)")
    if request.method ~= "POST" or media ~= "application/x-www-form-urlencoded" then
        return refuse(state, "InvalidAction", "The mock takes forms that are posted")
    end
    local form = read_form(request.body)
    local action = form.Version == VERSION and ACTIONS[form.Action]
    if not action then
        return refuse(state, "InvalidAction", ("Could not find operation %s for version %s"):format(
            form.Action or "NO_ACTION", form.Version or "NO_VERSION_SPECIFIED"))
    end
    return action(state, request, form)
end

return aws_sts
