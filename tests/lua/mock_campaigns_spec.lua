-- The mock's outbound campaigns of Connect: batches of both versions, with results item by item inside a 200.

local connect = require("mock.connect")
local json = require("mock.json")
local support = dofile("tests/lua/mock_support.lua")

local CAMPAIGNS = { service = "connect-campaigns" }
local INSTANCE = "10a4c4eb-f57e-4d4c-b602-bf39176ced07"
local SOON = "2015-08-30T12:40:00Z"

local function put(state, target, body, options)
    return connect.handle(state, support.signed_now(state, "PUT", target, body, options or CAMPAIGNS))
end

local function dial_item(token, number, expires)
    return ('{"clientToken":"%s","phoneNumber":"%s","expirationTime":"%s","attributes":{"outdial_attempt":"%s"}}')
        :format(token, number, expires or SOON, token)
end

local function outbound_item(token, number, more, expires)
    return ('{"clientToken":"%s","expirationTime":"%s","channelSubtypeParameters":{"telephony":'
        .. '{"destinationPhoneNumber":"%s","attributes":{"a":"b"}%s}}}'):format(token, expires or SOON, number,
        more or "")
end

-- Each version: path, the list's name, and how an item is written.
local VERSIONS = {
    { "v1", "/campaigns/c-1/dial-requests", "dialRequests", dial_item },
    { "v2", "/v2/campaigns/c-1/outbound-requests", "outboundRequests", function(token, number, expires)
        return outbound_item(token, number, "", expires)
    end },
}

local function batch(version, ...)
    return '{"' .. version[3] .. '":[' .. table.concat({ ... }, ",") .. "]}"
end

local function refused(answer, status, kind, body)
    assert.equal(body, answer.body)
    assert.equal(status, answer.status)
    assert.equal(kind, support.header(answer, "x-amzn-errortype"))
    assert.is_nil(answer.rings)
end

for _, version in ipairs(VERSIONS) do
    local name, path, item = version[1], version[2], version[4]

    describe("the mock's campaigns, " .. name .. ",", function()
        it("answer each item by its token, and ring once per success", function()
            local state = support.state()
            local answer = put(state, path, batch(version, item("t-1", "+15550100001"), item("t-2", "+15550199021"),
                item("t-3", "+1-555-010-0003"), item("t-4", "+15550199022"), item("t-5", "+15550199023"),
                item("t-6", "+15550199024"), item("t-7", "5550100001"), item("t-8", "+15550199006")))
            local read = json.decode(answer.body)
            local done, failed = {}, {}
            for index, row in ipairs(read.successfulRequests) do
                done[index] = row.clientToken
                assert.equal(36, #row.id)
            end
            for index, row in ipairs(read.failedRequests) do
                failed[index] = row.clientToken .. " " .. row.failureCode
            end
            assert.equal(200, answer.status)
            assert.equal("t-1 t-3 t-8", table.concat(done, " "))
            assert.equal("t-2 InvalidInput,t-4 RequestThrottled,t-5 " .. (name == "v1" and "RequestThrottled"
                or "BufferLimitExceeded") .. ",t-6 UnknownError,t-7 InvalidInput", table.concat(failed, ","))
            assert.same({ { vendor = "amazon_connect", to = "+15550100001", token = "t-1" },
                { vendor = "amazon_connect", to = "+15550100003", token = "t-3" } }, answer.rings)
        end)

        it("have exact bodies", function()
            local state = support.state()
            local answer = put(state, path, batch(version, item("t-1", "+15550100001"), item("t-2", "+15550199024")))
            local id = json.decode(answer.body).successfulRequests[1].id
            assert.equal('{"successfulRequests":[{"clientToken":"t-1","id":"' .. id .. '"}],'
                .. '"failedRequests":[{"clientToken":"t-2","failureCode":"UnknownError"}]}', answer.body)
            assert.equal('{"contacts":1,"fast_busy":0}', json.encode(connect.counts(state)))
        end)

        it("know a token again and ring no second time", function()
            local state = support.state()
            local first = put(state, path, batch(version, item("t-1", "+15550100001")))
            state.advance(60000)
            local second = put(state, path, batch(version, item("t-1", "+15550100001")))
            assert.equal(first.body, second.body)
            assert.same({}, second.rings)
        end)

        it("fail items that have expired or whose time is none", function()
            local state = support.state()
            for _, time in ipairs({ "2015-08-30T12:36:00Z", "soon", "" }) do
                assert.equal('{"successfulRequests":[],"failedRequests":[{"clientToken":"t","failureCode":'
                    .. '"InvalidInput"}]}', put(state, path, batch(version, item("t", "+15550100001", time))).body)
            end
            local read = json.decode(put(state, path, batch(version, item("t", "+15550100001",
                "2015-08-30T12:40:00"))).body)
            assert.equal(1, #read.successfulRequests) -- without a zone: UTC
        end)

        it("are throttled item by item while the quota is 0", function()
            local state = support.state({ settings = { connect = { campaign_calls = false } } })
            assert.equal('{"successfulRequests":[],"failedRequests":[{"clientToken":"t","failureCode":'
                .. '"RequestThrottled"}]}', put(state, path, batch(version, item("t", "+15550100001"))).body)
        end)

        it("take 25 items and no more, and no fewer than one", function()
            local items = {}
            for index = 1, 25 do
                items[index] = item("t" .. index, "+15550100001")
            end
            local state = support.state()
            local read = json.decode(put(state, path, batch(version, table.concat(items, ","))).body)
            assert.equal(25, #read.successfulRequests)
            items[26] = items[25]
            refused(put(state, path, batch(version, table.concat(items, ","))), 400, "ValidationException",
                '{"message":"/' .. version[3] .. ': expected 1 to 25 items, got 26"}')
            refused(put(state, path, batch(version)), 400, "ValidationException",
                '{"message":"/' .. version[3] .. ': expected 1 to 25 items, got 0"}')
        end)

        local bodies = {
            { "{}", "/" .. version[3] .. ": required" },
            { "x", "The body is not JSON: a malformed value at byte 1" },
            { '{"' .. version[3] .. '":[{}]}', "/" .. version[3] .. "/0/clientToken: required" },
            { batch(version, item("t 1", "+15550100001")), "/" .. version[3]
                .. "/0/clientToken: does not match the pattern" },
        }
        for index, row in ipairs(bodies) do
            it("refuse body " .. index, function()
                refused(put(support.state(), path, row[1]), 400, "ValidationException",
                    json.encode(json.object({ { "message", row[2] } })))
            end)
        end

        local function of_campaign(id)
            return (path:gsub("c%-1", (id:gsub("%%", "%%%%"))))
        end

        it("refuse campaigns that do not run or are missing", function()
            local state = support.state()
            local body = batch(version, item("t", "+15550100001"))
            for _, row in ipairs({ { "paused", "Paused" }, { "stopped", "Stopped" }, { "failed", "Failed" },
                { "initialized", "Initialized" } }) do
                refused(put(state, of_campaign(row[1]), body), 409, "InvalidCampaignStateException",
                    '{"state":"' .. row[2] .. '","message":"The campaign does not run"}')
            end
            refused(put(state, of_campaign("00000000-0000-0000-0000-000000000404"), body), 404,
                "ResourceNotFoundException", '{"message":"The campaign was not found"}')
            assert.equal(200, put(state, of_campaign("arn%3Aaws%3Aconnect-campaigns%3Aus-east-1%3A111122223333%3A"
                .. "campaign%2Fc-1"), body).status)
            assert.equal(409, put(state, of_campaign("arn%3Aaws%3Aconnect-campaigns%3Aus-east-1%3A111122223333%3A"
                .. "campaign%2Fpaused"), body).status)
            refused(put(state, of_campaign("c%201"), body), 400, "ValidationException",
                '{"message":"/id: does not match the pattern"}')
        end)

        it("are signed for a service of their own", function()
            local body = batch(version, item("t", "+15550100001"))
            refused(put(support.state(), path, body, { service = "connect" }), 403, "InvalidSignatureException",
                '{"message":"Credential should be scoped to correct service: \'connect-campaigns\'."}')
        end)

        it("have a rate of ten per second, ten at once, and their own words for it", function()
            local state = support.state({ rate = true })
            for _ = 1, 10 do
                assert.equal(400, put(state, path, "{}").status)
            end
            refused(put(state, path, "{}"), 429, "ThrottlingException", '{"message":"Rate exceeded"}')
            state.advance(100)
            assert.equal(400, put(state, path, "{}").status)
            refused(connect.failed(state, support.request("PUT", path)), 500, "InternalServerException",
                '{"message":"Request processing failed because of an error or failure with the service."}')
        end)
    end)
end

describe("the mock's campaigns", function()
    it("make contacts that can be looked up, with attributes and detection", function()
        local state = support.state()
        local answer = put(state, "/campaigns/c-1/dial-requests", '{"dialRequests":[' .. dial_item("t-1",
            "+15550199004") .. "]}")
        local id = json.decode(answer.body).successfulRequests[1].id
        state.advance(10000)
        local function get(target)
            return connect.handle(state, support.signed_now(state, "GET", target, ""))
        end
        assert.equal('{"Attributes":{"outdial_attempt":"t-1"}}', get("/contact/attributes/" .. INSTANCE .. "/"
            .. id).body)
        local contact = json.decode(get("/contacts/" .. INSTANCE .. "/" .. id).body).Contact
        assert.equal("c-1 VOICEMAIL_BEEP CONTACT_FLOW_DISCONNECT API", table.concat({ contact.Campaign.CampaignId,
            contact.AnsweringMachineDetectionStatus, contact.DisconnectReason, contact.InitiationMethod }, " "))
    end)

    it("v2: ring as long as the item says, and detect where it says so", function()
        local state = support.state()
        local answer = put(state, "/v2/campaigns/c-1/outbound-requests", '{"outboundRequests":['
            .. outbound_item("t-1", "+15550199001", ',"ringTimeout":15,"connectSourcePhoneNumber":"+15550100000",'
                .. '"answerMachineDetectionConfig":{"enableAnswerMachineDetection":true}') .. "]}")
        local id = json.decode(answer.body).successfulRequests[1].id
        state.advance(15000)
        local contact = json.decode(connect.handle(state, support.signed_now(state, "GET", "/contacts/" .. INSTANCE
            .. "/" .. id, "")).body).Contact
        assert.equal("TELECOM_UNANSWERED AMD_UNANSWERED +15550100000", table.concat({ contact.DisconnectReason,
            contact.AnsweringMachineDetectionStatus, contact.SystemEndpoint.Address }, " "))
    end)

    local bodies = {
        { '{"clientToken":"t","expirationTime":"2015-08-30T12:40:00Z","channelSubtypeParameters":{"sms":{}}}',
            "/outboundRequests/0/channelSubtypeParameters/sms: not a member of the model" },
        { '{"clientToken":"t","expirationTime":"2015-08-30T12:40:00Z","channelSubtypeParameters":{}}',
            "/outboundRequests/0/channelSubtypeParameters/telephony: required" },
        { outbound_item("t", "+1", ',"ringTimeout":14'),
            "/outboundRequests/0/channelSubtypeParameters/telephony/ringTimeout: out of range" },
        { outbound_item("t", "+1", ',"answerMachineDetectionConfig":{}'),
            "/outboundRequests/0/channelSubtypeParameters/telephony/answerMachineDetectionConfig/"
            .. "enableAnswerMachineDetection: required" },
    }
    for index, row in ipairs(bodies) do
        it("v2: refuse item " .. index, function()
            refused(put(support.state(), "/v2/campaigns/c-1/outbound-requests", '{"outboundRequests":[' .. row[1]
                .. "]}"), 400, "ValidationException", json.encode(json.object({ { "message", row[2] } })))
        end)
    end
end)
