-- Outbound campaigns of Amazon Connect: PutDialRequestBatch (the first version) and PutOutboundRequestBatch (the
-- second). A batch that is taken is answered with 200, whatever becomes of its items: each is found again by its
-- clientToken.

local answers = require("mock.connect_answers")
local contacts = require("mock.connect_contacts")
local json = require("mock.json")
local outcomes = require("mock.outcomes")
local shape = require("mock.shape")
local times = require("mock.times")

local campaigns = {}

local VENDOR = "amazon_connect"
local ITEMS_MAX = 25
local RING_SECONDS = 60

local text, structure, members = shape.text, shape.structure, shape.members

local client_token = text(0, 200, "^[a-zA-Z0-9_%-%.]*$")
local attributes = shape.map(text(1, 32767, "^[a-zA-Z0-9%-_]+$"), text(0, 32767))
local number = text(0, 20, "^[%d%-+]*$")

local dial_shape = structure(members({ { "dialRequests", shape.list_of(structure(members({
    { "clientToken", client_token, "required" }, { "phoneNumber", number, "required" },
    { "expirationTime", text(), "required" }, { "attributes", attributes, "required" },
})), 1, ITEMS_MAX), "required" } }))

-- Of the four channels only telephony is spoken here; the others are refused.
local outbound_shape = structure(members({ { "outboundRequests", shape.list_of(structure(members({
    { "clientToken", client_token, "required" }, { "expirationTime", text(), "required" },
    { "channelSubtypeParameters", structure(members({
        { "telephony", structure(members({
            { "destinationPhoneNumber", number, "required" }, { "attributes", attributes, "required" },
            { "connectSourcePhoneNumber", text(0, 100) },
            { "answerMachineDetectionConfig", structure(members({
                { "enableAnswerMachineDetection", shape.boolean, "required" },
                { "awaitAnswerMachinePrompt", shape.boolean },
            })) },
            { "ringTimeout", shape.integer(15, 60) },
        })), "required" },
    })), "required" },
})), 1, ITEMS_MAX), "required" } }))

local function refuse(state, kind, message, more)
    return answers.refuse(state, kind, message, "message", nil, more)
end

-- One item in the terms of both versions.
local function read_item(item)
    local telephony = item.channelSubtypeParameters and item.channelSubtypeParameters.telephony
    if not telephony then
        return { token = item.clientToken, to = item.phoneNumber, attributes = item.attributes, detects = true,
            expires = item.expirationTime, seconds = RING_SECONDS }
    end
    local detection = telephony.answerMachineDetectionConfig
    return { token = item.clientToken, to = telephony.destinationPhoneNumber, attributes = telephony.attributes,
        from = telephony.connectSourcePhoneNumber, expires = item.expirationTime,
        seconds = telephony.ringTimeout or RING_SECONDS,
        detects = detection ~= nil and detection.enableAnswerMachineDetection }
end

local function failure_of(state, item, newest)
    -- The text says that the time has no zone, the development kits send Z: both are read, as UTC.
    local expires_ms = times.parse_iso(item.expires) or times.parse_iso(item.expires .. "Z")
    item.to = item.to:gsub("%-", "")
    if not expires_ms or expires_ms <= state.now_ms() or shape.phone("", item.to) then
        return "InvalidInput"
    elseif not state.settings.connect.campaign_calls then
        return "RequestThrottled" -- no capacity: the quota of campaigns' calls is 0 until it is raised
    end
    local failure = outcomes.item_failure(state, item.to)
    if failure == "BufferLimitExceeded" and not newest then
        return "RequestThrottled" -- the first version has no such code
    end
    return failure
end

-- Puts the items of a batch; a token that was taken before stands for the same contact.
local function put(state, campaign, items, newest, note)
    local own = state.campaigns or {}
    state.campaigns = own
    local done, failed, rings = json.array(), json.array(), {}
    for _, raw in ipairs(items) do
        local item = read_item(raw)
        local key = campaign .. "\n" .. item.token
        local failure = not own[key] and failure_of(state, item, newest)
        if failure then
            failed[#failed + 1] = json.object({ { "clientToken", item.token }, { "failureCode", failure } })
        else
            if not own[key] then
                local contact = contacts.start(state, { instance = state.settings.connect.campaign_instance,
                    campaign = campaign, to = item.to, from = item.from, timeout_ms = item.seconds * 1000,
                    attributes = item.attributes, detects = item.detects })
                own[key] = contact.id
                note(contact)
                if contact.rings then
                    rings[#rings + 1] = { vendor = VENDOR, to = item.to, token = item.token }
                end
            end
            done[#done + 1] = json.object({ { "clientToken", item.token }, { "id", own[key] } })
        end
    end
    local answer = answers.succeed(state, json.object({ { "successfulRequests", done }, { "failedRequests", failed } }))
    answer.rings = rings
    return answer
end

local function handle(state, body, id, check, member, note)
    local kind, message = check("", body)
    if kind then
        return refuse(state, "ValidationException", message)
    end
    local own = state.settings.connect
    local campaign = id:match("[^/]*$") -- the last part of an ARN
    if own.missing[campaign] then
        return refuse(state, "ResourceNotFoundException", "The campaign was not found")
    elseif own.campaigns[campaign] and own.campaigns[campaign] ~= "Running" then
        return refuse(state, "InvalidCampaignStateException", "The campaign does not run",
            { { "state", own.campaigns[campaign] } })
    end
    return put(state, campaign, body[member], member == "outboundRequests", note)
end

--- Answers a batch of the first version; note is called with each contact started.
function campaigns.PutDialRequestBatch(state, body, id, note)
    if id:find("%s") or #id > 256 then
        return refuse(state, "ValidationException", "/id: does not match the pattern")
    end
    return handle(state, body, id, dial_shape, "dialRequests", note)
end

--- Answers a batch of the second version.
function campaigns.PutOutboundRequestBatch(state, body, id, note)
    if id:find("[^%-:/a-zA-Z0-9]") or #id < 1 or #id > 256 then
        return refuse(state, "ValidationException", "/id: does not match the pattern")
    end
    return handle(state, body, id, outbound_shape, "outboundRequests", note)
end

return campaigns
