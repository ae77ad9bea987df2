-- How Amazon Connect and its campaigns answer: the headers that every answer has, and an error with its name in the
-- place that the settings choose, as clients must find it in any.

local http = require("mock.http")
local json = require("mock.json")
local times = require("mock.times")

local answers = {}

-- Each error of the models (and of AWS's list of common errors) with its status.
local STATUS = {
    InvalidRequestException = 400, InvalidParameterException = 400, ResourceNotFoundException = 404,
    InternalServiceException = 500, LimitExceededException = 429, DestinationNotAllowedException = 403,
    OutboundContactNotPermittedException = 403, AccessDeniedException = 403, TooManyRequestsException = 429,
    ThrottlingException = 429, UnknownOperationException = 404, ContactNotFoundException = 410,
    ValidationException = 400, ConflictException = 409, InvalidCampaignStateException = 409,
    InternalServerException = 500,
}

--- An answer with a request identifier and a date.
function answers.respond(state, status, headers, body)
    local list = { { "x-amzn-requestid", state.uuid() }, { "Date", times.http(state.now_ms()) } }
    for _, header in ipairs(headers) do
        list[#list + 1] = header
    end
    return http.answer(status, "application/json", body, list)
end

--- A success with a JSON value, or with an empty body where there is none.
function answers.succeed(state, value)
    return answers.respond(state, 200, {}, value and json.encode(value) or "")
end

--- An error. Connect's model spells the member Message; AWS's front end, which refuses before a service is reached, and
--- the campaigns spell it message. more: further members.
function answers.refuse(state, kind, message, member, status, more)
    local list, headers = more or {}, {}
    list[#list + 1] = { member or "Message", message }
    local place = state.settings.connect.error_type_in
    if place == "header" then
        headers[1] = { "x-amzn-errortype", kind }
    elseif place == "header_uri" then
        headers[1] = { "x-amzn-ErrorType", kind .. ":http://internal.amazon.com/coral/com.amazonaws.connect/" }
    elseif place == "code" then
        list[#list + 1] = { "code", kind }
    else
        list[#list + 1] = { "__type", "com.amazonaws.connect#" .. kind }
    end
    return answers.respond(state, status or STATUS[kind], headers, json.encode(json.object(list)))
end

return answers
