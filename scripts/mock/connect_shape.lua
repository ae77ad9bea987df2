-- What a StartOutboundVoiceContact may say: the shapes of the service model, the rules that stand in its texts, and
-- the things that a tenant does or does not have. It judges a body and remembers nothing.

local json = require("mock.json")
local shape = require("mock.shape")

local connect_shape = {}

local ATTRIBUTES_MAX_BYTES = 32768

local INVALID_PARAMETER = "InvalidParameterException"

local text, enum, integer, boolean = shape.text, shape.enum, shape.integer, shape.boolean
local structure, members, map, list_of, phone = shape.structure, shape.members, shape.map, shape.list_of, shape.phone

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
