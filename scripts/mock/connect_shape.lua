-- What a StartOutboundVoiceContact may say: the shapes of the service model, the rules that stand in its texts, and
-- the things that a tenant does or does not have. It judges a body and remembers nothing.

local json = require("mock.json")

local connect_shape = {}

local ATTRIBUTES_MAX_BYTES = 32768

local INVALID_REQUEST, INVALID_PARAMETER = "InvalidRequestException", "InvalidParameterException"

-- Checks of one value: nil where it is good, else an error's kind and text.

local function wrong_type(path, wanted, value)
    return INVALID_REQUEST, path .. ": expected " .. wanted .. ", got " .. json.type(value)
end

local function text(min, max, pattern)
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        end
        local length = json.length(value)
        if min and length < min then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is less than " .. min
        elseif max and length > max then
            return INVALID_PARAMETER, path .. ": length " .. length .. " is more than " .. max
        elseif pattern and not value:find(pattern) then
            return INVALID_PARAMETER, path .. ": does not match the pattern"
        end
    end
end

local function enum(...)
    local allowed = {}
    for _, name in ipairs({ ... }) do
        allowed[name] = true
    end
    return function(path, value)
        if json.type(value) ~= "string" then
            return wrong_type(path, "a string", value)
        elseif not allowed[value] then
            return INVALID_PARAMETER, path .. ": not one of the values allowed"
        end
    end
end

local function integer(min, max)
    return function(path, value)
        if json.type(value) ~= "integer" then
            return wrong_type(path, "an integer", value)
        elseif value < min or max and value > max then
            return INVALID_PARAMETER, path .. ": out of range"
        end
    end
end

local function boolean(path, value)
    if json.type(value) ~= "boolean" then
        return wrong_type(path, "a boolean", value)
    end
end

local function structure(members)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path == "" and "body" or path, "an object", value)
        end
        for name, member in json.each(value) do
            -- A real service may pass over what it does not know; a client that sends it is mistaken either way.
            if not members[name] then
                return INVALID_REQUEST, path .. "/" .. name .. ": not a member of the model"
            end
            local kind, message = members[name].check(path .. "/" .. name, member)
            if kind then
                return kind, message
            end
        end
        for _, name in ipairs(members) do
            if members[name].required and value[name] == nil then
                return INVALID_REQUEST, path .. "/" .. name .. ": required"
            end
        end
    end
end

local function members(list)
    local result = {}
    for index, row in ipairs(list) do
        result[index] = row[1]
        result[row[1]] = { check = row[2], required = row[3] == "required" }
    end
    return result
end

local function map(check_key, check_value)
    return function(path, value)
        if json.type(value) ~= "object" then
            return wrong_type(path, "an object", value)
        end
        for key, item in json.each(value) do
            local kind, message = check_key(path .. "/" .. key, key)
            if not kind then
                kind, message = check_value(path .. "/" .. key, item)
            end
            if kind then
                return kind, message
            end
        end
    end
end

local function list_of(check)
    return function(path, value)
        if json.type(value) ~= "array" then
            return wrong_type(path, "an array", value)
        end
        for index, item in ipairs(value) do
            local kind, message = check(path .. "/" .. (index - 1), item)
            if kind then
                return kind, message
            end
        end
    end
end

-- E.164: a plus, a digit that is not 0, and 1 to 14 more.
local function phone(path, value)
    if json.type(value) ~= "string" then
        return wrong_type(path, "a string", value)
    elseif not value:find("^%+[1-9]%d+$") or #value > 16 then
        return INVALID_PARAMETER, path .. ": not a phone number in E.164 format"
    end
end

local reference = structure(members({
    { "Type", enum("URL", "ATTACHMENT", "CONTACT_ANALYSIS", "NUMBER", "STRING", "DATE", "EMAIL", "EMAIL_MESSAGE",
        "EMAIL_MESSAGE_PLAIN_TEXT", "EMAIL_MESSAGE_PLAIN_TEXT_REDACTED", "EMAIL_MESSAGE_REDACTED"), "required" },
    { "Value", text(0, 4096) },
    { "Status", enum("AVAILABLE", "DELETED", "APPROVED", "REJECTED", "PROCESSING", "FAILED") },
    { "Arn", text(20, 256, "^[%-:/A-Za-z0-9]+$") },
    { "StatusReason", text(0, 100) },
}))

local strategy = structure(members({
    { "Type", enum("AGENT_FIRST"), "required" },
    { "Config", structure(members({
        { "AgentFirst", structure(members({
            { "Preview", structure(members({
                { "PostAcceptTimeoutConfig", structure(members({ { "DurationInSeconds", integer(0), "required" } })),
                    "required" },
                { "AllowedUserActions", list_of(enum("CALL", "DISCARD")), "required" },
            })) },
        })) },
    })) },
}))

-- The model allows any attribute key of 1 to 32767 characters, its text only letters, digits, dash, underscore.
local check_shape = structure(members({
    { "InstanceId", text(1, 100), "required" },
    { "ContactFlowId", text(nil, 500), "required" },
    { "DestinationPhoneNumber", phone, "required" },
    { "SourcePhoneNumber", phone },
    { "QueueId", text() },
    { "ClientToken", text(nil, 500) },
    { "Attributes", map(text(1, 32767, "^[A-Za-z0-9_%-]+$"), text(0, 32767)) },
    { "Name", text(0, 1024) },
    { "Description", text(0, 4096) },
    { "References", map(text(1, 4096), reference) },
    { "RelatedContactId", text(1, 256) },
    { "AnswerMachineDetectionConfig", structure(members({
        { "EnableAnswerMachineDetection", boolean }, { "AwaitAnswerMachinePrompt", boolean },
    })) },
    { "CampaignId", text(1, 100) },
    { "TrafficType", enum("GENERAL", "CAMPAIGN") },
    { "OutboundStrategy", strategy },
    { "RingTimeoutInSeconds", integer(15, 60) },
}))

local CREATABLE = { URL = true, NUMBER = true, STRING = true, DATE = true, EMAIL = true }

-- The rules between members, which stand in the model's texts and not in its shapes.
local function check_rules(body, own)
    if not body.SourcePhoneNumber and not body.QueueId then
        return INVALID_PARAMETER, "Either QueueId or SourcePhoneNumber must be specified"
    end
    local bytes = 0
    for key, value in json.each(body.Attributes or json.object()) do
        bytes = bytes + #key + #value
    end
    if bytes > ATTRIBUTES_MAX_BYTES then
        return INVALID_PARAMETER, "/Attributes: " .. bytes .. " bytes in all, more than " .. ATTRIBUTES_MAX_BYTES
    end
    for key, value in json.each(body.References or json.object()) do
        if not CREATABLE[value.Type] then
            return INVALID_PARAMETER, "/References/" .. key .. "/Type: cannot be given when a contact is created"
        end
    end
    local detection = body.AnswerMachineDetectionConfig
    local detects = detection ~= nil and detection.EnableAnswerMachineDetection == true
    local campaign = body.TrafficType == "CAMPAIGN"
    if detects and not campaign then
        return INVALID_PARAMETER, "TrafficType must be CAMPAIGN when EnableAnswerMachineDetection is true"
    elseif campaign and not detects then
        return INVALID_PARAMETER, "TrafficType CAMPAIGN requires EnableAnswerMachineDetection"
    elseif campaign and not own.campaign_calls then
        -- The text says that such calls are not allowed until a quota is raised, and not by which error.
        return "OutboundContactNotPermittedException", "The contact is not permitted."
    elseif body.OutboundStrategy then
        -- Reserved to the service principal of outbound campaigns; the error is not documented.
        return "AccessDeniedException", "OutboundStrategy may only be used by the outbound campaigns service"
    end
end

local function check_resources(body, own)
    for _, name in ipairs({ "InstanceId", "ContactFlowId", "QueueId" }) do
        if body[name] and own.missing[body[name]] then
            return "ResourceNotFoundException", "The specified resource was not found: " .. name
        end
    end
    for _, row in ipairs(own.destinations) do
        if body.DestinationPhoneNumber:sub(1, #row.prefix) == row.prefix then
            return row.error, "The destination " .. row.prefix .. " meets " .. row.error
        end
    end
end

--- Judges a body, with Connect's settings: nil where it is good, else the name of the error and its text.
function connect_shape.check(body, own)
    local kind, message = check_shape("", body)
    if not kind then
        kind, message = check_rules(body, own)
    end
    if not kind then
        kind, message = check_resources(body, own)
    end
    return kind, message
end

return connect_shape
