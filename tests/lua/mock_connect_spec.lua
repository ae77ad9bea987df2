-- The mock's Amazon Connect: signatures, every member and rule, tokens in both readings, the life of a contact.

local core = require("outdial.core")
local connect = require("mock.connect")
local json = require("mock.json")
local sigv4 = require("mock.sigv4")
local times = require("mock.times")
local support = dofile("tests/lua/mock_support.lua")

local SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

local signed = support.signed

local function call(state, body, options)
    return connect.handle(state, signed("PUT", "/contact/outbound-voice", body, options))
end

-- A valid body with members replaced or added, in order: { name, JSON text }; false leaves one out.
local BASE = { { "InstanceId", '"i-1"' }, { "ContactFlowId", '"f-1"' }, { "DestinationPhoneNumber", '"+15550100001"' },
    { "SourcePhoneNumber", '"+15550100000"' } }

local function body_with(changes)
    local parts, done = {}, {}
    local function add(name, text)
        if text then
            parts[#parts + 1] = '"' .. name .. '":' .. text
        end
        done[name] = true
    end
    for _, pair in ipairs(BASE) do
        local text = pair[2]
        for _, change in ipairs(changes or {}) do
            if change[1] == pair[1] then
                text = change[2]
            end
        end
        add(pair[1], text)
    end
    for _, change in ipairs(changes or {}) do
        if not done[change[1]] then
            add(change[1], change[2])
        end
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

describe("mock.sigv4", function()
    local keys = {
        { "service", "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75" },
        { "iam", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9" },
        { "connect", "12f234796e30066e0c6dbd720d99b9117612389457cc509acaf91834f93d8f7c" },
    }
    for _, row in ipairs(keys) do
        it("derives the key of " .. row[1], function()
            assert.equal(row[2], core.hex(sigv4.signing_key(SECRET, "20150830", "us-east-1", row[1])))
        end)
    end

    -- Cases of the published signing suite, service "service".
    local suite = {
        { "GET", "/", {}, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
        { "POST", "/", {}, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
        { "GET", "/?Param2=value2&Param1=value1", {}, "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
        { "GET", "/example/..", {}, "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
        { "GET", "//", {}, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    }
    for _, row in ipairs(suite) do
        it("accepts " .. row[1] .. " " .. row[2], function()
            local date = "20150830T123600Z"
            local request = support.request(row[1], row[2], { { "Host", "example.amazonaws.com" },
                { "X-Amz-Date", date }, { "Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/"
                .. "us-east-1/service/aws4_request, SignedHeaders=" .. row[4] .. ", Signature=" .. row[5] } })
            local key, problem = sigv4.check(request, { service = "service", now_ms = support.START_MS,
                keys = { { access_key_id = "AKIDEXAMPLE", secret_access_key = SECRET } } })
            assert.is_nil(problem)
            assert.equal("AKIDEXAMPLE", key.access_key_id)
        end)
    end

    it("encodes the path once more, sorts the query, folds values and joins repeated headers", function()
        local request = support.request("put", "/v2/arn%3Aaws/./x/?b=%20&a=+&a=%2B&c", { { "Host", "h" },
            { "X-Two", "  a   b  " }, { "x-two", '"c   d"' } }, "body")
        assert.equal("PUT\n/v2/arn%253Aaws/x/\na=%2B&a=%2B&b=%20&c=\nhost:h\nx-two:a b,\"c d\"\n\nhost;x-two\n"
            .. "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",
            sigv4.canonical_request(request, { "host", "x-two" }))
    end)
end)

describe("the mock's Connect", function()
    local refusals = {
        { "no Authorization", { authorization = "" }, 403, "IncompleteSignature", "Unsupported AWS 'algorithm': ''." },
        { "another scheme", { authorization = "Basic eDp5" }, 403, "IncompleteSignature",
            "Unsupported AWS 'algorithm': 'Basic'." },
        { "missing parts", { authorization = "AWS4-HMAC-SHA256 "
            .. "Credential=AKIDEXAMPLE/20150830/us-east-1/connect/aws4_request" },
            403, "IncompleteSignature", "Authorization header requires 'Signature' parameter. "
            .. "Authorization header requires 'SignedHeaders' parameter." },
        { "a date of no kind", { date = "2015-08-30T12:36:00Z" }, 403, "IncompleteSignature",
            "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. "
            .. "See http://en.wikipedia.org/wiki/ISO_8601" },
        { "a credential of four parts", { scope = "20150830/us-east-1/connect" }, 403, "IncompleteSignature",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
            .. "'AKIDEXAMPLE/20150830/us-east-1/connect'" },
        { "another terminator", { scope = "20150830/us-east-1/connect/aws5_request" }, 403, "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'." },
        { "another day in the scope", { scope = "20150829/us-east-1/connect/aws4_request" }, 403,
            "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                .. "version of date "
            .. "from HTTP: '20150829' != '20150830', from '20150830T123600Z'." },
        { "another service", { service = "sts" }, 403, "InvalidSignatureException",
            "Credential should be scoped to correct service: 'connect'." },
        { "an unknown key", { key_id = "AKIDOTHER" }, 403, "UnrecognizedClientException",
            "The security token included in the request is invalid." },
        { "a token that does not belong to the key", { token = "t" }, 403, "UnrecognizedClientException",
            "The security token included in the request is invalid." },
        { "a clock 15 minutes and a second behind", { date = "20150830T122059Z" }, 403, "InvalidSignatureException",
            "Signature expired: 20150830T122059Z is now earlier than 20150830T122100Z (20150830T123600Z - 15 min.)" },
        { "a clock 15 minutes and a second ahead", { date = "20150830T125101Z" }, 403, "InvalidSignatureException",
            "Signature not yet current: 20150830T125101Z is still later than 20150830T125100Z "
            .. "(20150830T123600Z + 15 min.)" },
        { "an unsigned host", { unsigned = "host" }, 403, "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization." },
        { "an unsigned date", { unsigned = "x-amz-date" }, 403, "InvalidSignatureException",
            "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization." },
    }
    for _, row in ipairs(refusals) do
        it("refuses " .. row[1], function()
            local state = support.state()
            local answer = call(state, body_with(), row[2])
            assert.equal(row[3], answer.status)
            assert.equal(row[4], support.header(answer, "x-amzn-errortype"))
            assert.equal(json.encode(json.object({ { "message", row[5] } })), answer.body)
            assert.is_nil(answer.ring)
        end)
    end

    it("refuses a request without Authorization, and one without a date", function()
        local state = support.state()
        local answer = connect.handle(state, support.request("PUT", "/contact/outbound-voice", {}, body_with()))
        assert.equal(403, answer.status)
        assert.equal("MissingAuthenticationToken", support.header(answer, "x-amzn-errortype"))
        assert.equal('{"message":"Missing Authentication Token"}', answer.body)
        answer = connect.handle(state, support.request("PUT", "/contact/outbound-voice", { { "Authorization",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0" } }, body_with()))
        assert.equal("IncompleteSignature", support.header(answer, "x-amzn-errortype"))
        assert.equal('{"message":"Authorization header requires existence of either a \'X-Amz-Date\' or a '
            .. '\'Date\' header."}',
            answer.body)
    end)

    it("refuses a wrong secret and shows what should have been signed", function()
        local answer = call(support.state(), body_with(), { secret = "other" })
        assert.equal(403, answer.status)
        assert.equal("InvalidSignatureException", support.header(answer, "x-amzn-errortype"))
        local message = json.decode(answer.body).message
        local canonical = "PUT\n/contact/outbound-voice\n\ncontent-type:application/json\n"
            .. "host:connect.us-east-1.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n"
            .. core.hex(core.sha256(body_with()))
        assert.equal("The request signature we calculated does not match the signature you provided. Check your AWS "
            .. "Secret Access Key and signing method. Consult the service documentation for details.\n\n"
            .. "The Canonical String for this request should have been\n'" .. canonical .. "'\n\n"
            .. "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n"
            .. "20150830/us-east-1/connect/aws4_request\n" .. core.hex(core.sha256(canonical)) .. "'\n", message)
    end)

    it("refuses a body changed on the way, also where its hash is declared", function()
        local state = support.state()
        local request = signed("PUT", "/contact/outbound-voice", body_with())
        request.body = request.body .. " "
        assert.equal(403, connect.handle(state, request).status)
        local answer = call(state, body_with(), { extra = { { "X-Amz-Content-Sha256",
            core.hex(core.sha256("other")) } } })
        assert.equal("InvalidSignatureException", support.header(answer, "x-amzn-errortype"))
        answer = call(state, body_with(), { extra = { { "X-Amz-Content-Sha256",
            core.hex(core.sha256(body_with())) } } })
        assert.equal(200, answer.status)
    end)

    it("refuses headers signed in another order than the sorted one", function()
        local answer = call(support.state(), body_with(), { order = function(a, b)
            return a > b
        end })
        assert.equal("InvalidSignatureException", support.header(answer, "x-amzn-errortype"))
    end)

    it("accepts both edges of the clock's window", function()
        assert.equal(200, call(support.state(), body_with(), { date = "20150830T122100Z" }).status)
        assert.equal(200, call(support.state(), body_with(), { date = "20150830T125100Z" }).status)
    end)

    it("knows session tokens and their end, and the region where one is set", function()
        local state = support.state({ settings = { connect = { region = "us-east-1", keys = {
            { access_key_id = "ASIA", secret_access_key = "s", session_token = "t",
                expires_ms = support.START_MS + 1000 },
        } } } })
        local session = { key_id = "ASIA", secret = "s", token = "t" }
        assert.equal(200, call(state, body_with(), session).status)
        assert.equal("UnrecognizedClientException", support.header(call(state, body_with(),
            { key_id = "ASIA", secret = "s" }), "x-amzn-errortype"))
        local unsigned = call(state, body_with(),
            { key_id = "ASIA", secret = "s", token = "t", unsigned = "x-amz-security-token" })
        assert.equal('{"message":"\'x-amz-security-token\' must be a \'SignedHeader\' in the AWS Authorization."}',
            unsigned.body)
        state.advance(1000)
        local answer = call(state, body_with(), session)
        assert.equal(403, answer.status)
        assert.equal("ExpiredTokenException", support.header(answer, "x-amzn-errortype"))
        assert.equal('{"message":"The security token included in the request is expired"}', answer.body)
        session.region = "eu-west-2"
        assert.equal('{"message":"Credential should be scoped to a valid region, not \'eu-west-2\'."}',
            call(state, body_with(), session).body)
    end)

    it("starts a contact: identifier, request id, date, and one phone that rings", function()
        local answer = call(support.state(), body_with({ { "ClientToken", '"t-1"' } }))
        assert.equal(200, answer.status)
        local id = json.decode(answer.body).ContactId
        assert.equal('{"ContactId":"' .. id .. '"}', answer.body)
        assert.truthy(id:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
        assert.truthy(support.header(answer, "x-amzn-requestid"):find("^%x+%-%x+%-4%x+%-%x+%-%x+$"))
        assert.equal("Sun, 30 Aug 2015 12:36:00 GMT", support.header(answer, "Date"))
        assert.equal("application/json", support.header(answer, "Content-Type"))
        assert.same({ vendor = "amazon_connect", to = "+15550100001", token = "t-1" }, answer.ring)
    end)

    it("answers an unknown operation", function()
        local answer = connect.handle(support.state(), signed("POST", "/contact/outbound-voice", "{}"))
        assert.equal(404, answer.status)
        assert.equal("UnknownOperationException", support.header(answer, "x-amzn-errortype"))
    end)

    local AMD = '{"EnableAnswerMachineDetection":true,"AwaitAnswerMachinePrompt":false}'
    local long = ("x"):rep(501)
    local accepted = {
        { "QueueId instead of a source", { { "SourcePhoneNumber", false }, { "QueueId", '"q"' } } },
        { "every member at once", { { "QueueId", '"q"' }, { "ClientToken", '"t"' },
            { "Attributes", '{"a-Z_9":"","b":"\195\164"}' }, { "Name", '""' }, { "Description", '"d"' },
            { "References", '{"site":{"Type":"URL","Value":"https://example.com/"}}' }, { "RelatedContactId", '"r"' },
            { "AnswerMachineDetectionConfig", AMD }, { "CampaignId", '"c"' }, { "TrafficType", '"CAMPAIGN"' },
            { "RingTimeoutInSeconds", "60" } } },
        { "detection off with general traffic", { { "TrafficType", '"GENERAL"' },
            { "AnswerMachineDetectionConfig", '{"EnableAnswerMachineDetection":false}' } } },
        { "the shortest ring", { { "RingTimeoutInSeconds", "15" } } },
        { "500 characters, not bytes", { { "ContactFlowId", '"' .. ("\195\164"):rep(500) .. '"' } } },
        { "attributes of 32768 bytes", { { "Attributes", '{"k":"' .. ("x"):rep(32767) .. '"}' } } },
        { "the longest number", { { "DestinationPhoneNumber", '"+123456789012345"' } } },
    }
    for _, row in ipairs(accepted) do
        it("accepts " .. row[1], function()
            local answer = call(support.state(), body_with(row[2]))
            assert.equal(200, answer.status, answer.body)
        end)
    end

    local REQUEST, PARAMETER = "InvalidRequestException", "InvalidParameterException"
    local refused = {
        { { { "InstanceId", false } }, REQUEST, "/InstanceId: required" },
        { { { "ContactFlowId", false } }, REQUEST, "/ContactFlowId: required" },
        { { { "DestinationPhoneNumber", false } }, REQUEST, "/DestinationPhoneNumber: required" },
        { { { "SourcePhoneNumber", false } }, PARAMETER, "Either QueueId or SourcePhoneNumber must be specified" },
        { { { "InstanceId", '""' } }, PARAMETER, "/InstanceId: length 0 is less than 1" },
        { { { "InstanceId", '"' .. ("x"):rep(101) .. '"' } }, PARAMETER, "/InstanceId: length 101 is more than 100" },
        { { { "InstanceId", "5" } }, REQUEST, "/InstanceId: expected a string, got integer" },
        { { { "ContactFlowId", '"' .. long .. '"' } }, PARAMETER, "/ContactFlowId: length 501 is more than 500" },
        { { { "DestinationPhoneNumber", '"5550100001"' } }, PARAMETER,
            "/DestinationPhoneNumber: not a phone number in E.164 format" },
        { { { "DestinationPhoneNumber", '"+0550100001"' } }, PARAMETER,
            "/DestinationPhoneNumber: not a phone number in E.164 format" },
        { { { "DestinationPhoneNumber", '"+1234567890123456"' } }, PARAMETER,
            "/DestinationPhoneNumber: not a phone number in E.164 format" },
        { { { "DestinationPhoneNumber", '"+1"' } }, PARAMETER,
            "/DestinationPhoneNumber: not a phone number in E.164 format" },
        { { { "SourcePhoneNumber", '"+1 555"' } }, PARAMETER,
            "/SourcePhoneNumber: not a phone number in E.164 format" },
        { { { "QueueId", "null" } }, REQUEST, "/QueueId: expected a string, got null" },
        { { { "ClientToken", '"' .. long .. '"' } }, PARAMETER, "/ClientToken: length 501 is more than 500" },
        { { { "Attributes", "[]" } }, REQUEST, "/Attributes: expected an object, got array" },
        { { { "Attributes", '{"a":1}' } }, REQUEST, "/Attributes/a: expected a string, got integer" },
        { { { "Attributes", '{"a b":"x"}' } }, PARAMETER, "/Attributes/a b: does not match the pattern" },
        { { { "Attributes", '{"":"x"}' } }, PARAMETER, "/Attributes/: length 0 is less than 1" },
        { { { "Attributes", '{"kk":"' .. ("x"):rep(32767) .. '"}' } }, PARAMETER,
            "/Attributes: 32769 bytes in all, more than 32768" },
        { { { "Name", '"' .. ("x"):rep(1025) .. '"' } }, PARAMETER, "/Name: length 1025 is more than 1024" },
        { { { "Description", '"' .. ("x"):rep(4097) .. '"' } }, PARAMETER,
            "/Description: length 4097 is more than 4096" },
        { { { "References", '{"a":{"Value":"x"}}' } }, REQUEST, "/References/a/Type: required" },
        { { { "References", '{"a":{"Type":"PHOTO"}}' } }, PARAMETER,
            "/References/a/Type: not one of the values allowed" },
        { { { "References", '{"a":{"Type":"ATTACHMENT","Value":"x"}}' } }, PARAMETER,
            "/References/a/Type: cannot be given when a contact is created" },
        { { { "References", '{"a":{"Type":"URL","Arn":"short"}}' } }, PARAMETER,
            "/References/a/Arn: length 5 is less than 20" },
        { { { "RelatedContactId", '""' } }, PARAMETER, "/RelatedContactId: length 0 is less than 1" },
        { { { "AnswerMachineDetectionConfig", '{"EnableAnswerMachineDetection":"true"}' } }, REQUEST,
            "/AnswerMachineDetectionConfig/EnableAnswerMachineDetection: expected a boolean, got string" },
        { { { "AnswerMachineDetectionConfig", AMD } }, PARAMETER,
            "TrafficType must be CAMPAIGN when EnableAnswerMachineDetection is true" },
        { { { "TrafficType", '"CAMPAIGN"' } }, PARAMETER, "TrafficType CAMPAIGN requires "
            .. "EnableAnswerMachineDetection" },
        { { { "TrafficType", '"campaign"' } }, PARAMETER, "/TrafficType: not one of the values allowed" },
        { { { "CampaignId", '""' } }, PARAMETER, "/CampaignId: length 0 is less than 1" },
        { { { "RingTimeoutInSeconds", "14" } }, PARAMETER, "/RingTimeoutInSeconds: out of range" },
        { { { "RingTimeoutInSeconds", "61" } }, PARAMETER, "/RingTimeoutInSeconds: out of range" },
        { { { "RingTimeoutInSeconds", '"25"' } }, REQUEST, "/RingTimeoutInSeconds: expected an integer, got string" },
        { { { "RingTimeoutInSeconds", "25.5" } }, REQUEST, "/RingTimeoutInSeconds: expected an integer, got number" },
        { { { "DestinationPhoneNumbr", '"x"' } }, REQUEST, "/DestinationPhoneNumbr: not a member of the model" },
        { { { "OutboundStrategy", '{"Type":"AGENT_LAST"}' } }, PARAMETER,
            "/OutboundStrategy/Type: not one of the values allowed" },
        { { { "OutboundStrategy",
            '{"Type":"AGENT_FIRST","Config":{"AgentFirst":{"Preview":{"AllowedUserActions":[]}}}}' } },
            REQUEST, "/OutboundStrategy/Config/AgentFirst/Preview/PostAcceptTimeoutConfig: required" },
        { { { "InstanceId", '"00000000-0000-0000-0000-000000000404"' } }, "ResourceNotFoundException",
            "The specified resource was not found: InstanceId", 404 },
        { { { "QueueId", '"00000000-0000-0000-0000-000000000404"' } }, "ResourceNotFoundException",
            "The specified resource was not found: QueueId", 404 },
        { { { "DestinationPhoneNumber", '"+85021234567"' } }, "DestinationNotAllowedException",
            "The destination +850 meets DestinationNotAllowedException", 403 },
        { { { "DestinationPhoneNumber", '"+87012345678"' } }, "OutboundContactNotPermittedException",
            "The destination +870 meets OutboundContactNotPermittedException", 403 },
        { { { "DestinationPhoneNumber", '"+87812345678"' } }, "LimitExceededException",
            "The destination +878 meets LimitExceededException", 429 },
        { { { "OutboundStrategy", '{"Type":"AGENT_FIRST"}' } }, "AccessDeniedException",
            "OutboundStrategy may only be used by the outbound campaigns service", 403 },
    }
    for index, row in ipairs(refused) do
        it("refuses body " .. index .. ": " .. row[3], function()
            local answer = call(support.state(), body_with(row[1]))
            assert.equal(json.encode(json.object({ { "Message", row[3] } })), answer.body)
            assert.equal(row[4] or 400, answer.status)
            assert.equal(row[2], support.header(answer, "x-amzn-errortype"))
            assert.truthy(support.header(answer, "x-amzn-requestid"))
            assert.is_nil(answer.ring)
        end)
    end

    local bodies = {
        { "", "The body is not JSON: a malformed value at byte 1" },
        { "[]", "body: expected an object, got array" },
        { '{"InstanceId":"a","InstanceId":"b"}', 'The body is not JSON: the key "InstanceId" twice at byte 19' },
    }
    for _, row in ipairs(bodies) do
        it("refuses the body " .. row[1], function()
            local answer = call(support.state(), row[1])
            assert.equal(400, answer.status)
            assert.equal(json.encode(json.object({ { "Message", row[2] } })), answer.body)
        end)
    end

    it("refuses campaign traffic while its quota is 0", function()
        local state = support.state({ settings = { connect = { campaign_calls = false } } })
        local answer = call(state, body_with({ { "TrafficType", '"CAMPAIGN"' }, { "AnswerMachineDetectionConfig",
            AMD } }))
        assert.equal(403, answer.status)
        assert.equal("OutboundContactNotPermittedException", support.header(answer, "x-amzn-errortype"))
    end)

    describe("with a ClientToken repeated", function()
        local function start(state, token, instance)
            local answer = call(state, body_with({ { "ClientToken", '"' .. token .. '"' },
                { "InstanceId", '"' .. (instance or "i-1") .. '"' } }), { date = times.amz(state.now_ms()) })
            return json.decode(answer.body).ContactId, answer.ring
        end

        it("R2: returns the same contact while it is live", function()
            local state = support.state()
            local first, ring = start(state, "t")
            assert.truthy(ring)
            state.advance(9999)
            local second, again = start(state, "t")
            assert.equal(first, second)
            assert.is_nil(again)
            assert.are_not.equal(first, (start(state, "T")))
            assert.are_not.equal(first, (start(state, "t", "i-2")))
        end)

        it("R2: starts a new contact once it has ended, as in 2018's text", function()
            local state = support.state()
            local first = start(state, "t")
            state.advance(10000)
            local second, ring = start(state, "t")
            assert.are_not.equal(first, second)
            assert.truthy(ring)
            state.advance(9999)
            assert.equal(second, (start(state, "t")))
        end)

        it("R2: returns the same contact for seven days in the other reading", function()
            local state = support.state({ settings = { connect = { token_after_disconnect = "same_contact" } } })
            local first = start(state, "t")
            state.advance(7 * 24 * 3600 * 1000 - 1)
            local second, ring = start(state, "t")
            assert.equal(first, second)
            assert.is_nil(ring)
            state.advance(1)
            second, ring = start(state, "t")
            assert.are_not.equal(first, second)
            assert.truthy(ring)
        end)

        it("ends an unanswered contact at its ring timeout", function()
            local state = support.state({ settings = { contacts = { ring_ms = 30000 } } })
            local body = body_with({ { "ClientToken", '"t"' }, { "RingTimeoutInSeconds", "15" } })
            local first = call(state, body)
            state.advance(14999)
            local second = call(state, body, { date = times.amz(state.now_ms()) })
            assert.equal(first.body, second.body)
            state.advance(1)
            assert.truthy(call(state, body, { date = times.amz(state.now_ms()) }).ring)
        end)
    end)

    it("gives the eleventh live call of an instance a fast busy and no error", function()
        local state = support.state()
        for _ = 1, 10 do
            assert.truthy(call(state, body_with()).ring)
        end
        assert.equal('{"contacts":10,"fast_busy":0}', json.encode(connect.counts(state)))
        local answer = call(state, body_with())
        assert.equal(200, answer.status)
        assert.truthy(answer.ring)
        call(state, body_with({ { "InstanceId", '"i-2"' } }))
        assert.equal('{"contacts":12,"fast_busy":1}', json.encode(connect.counts(state)))
        state.advance(10000)
        call(state, body_with())
        assert.equal('{"contacts":13,"fast_busy":1}', json.encode(connect.counts(state)))
    end)

    it("enforces two per second, five at once, when told to", function()
        local state = support.state({ rate = true })
        for _ = 1, 5 do
            assert.equal(200, call(state, body_with()).status)
        end
        local answer = call(state, body_with())
        assert.equal(429, answer.status)
        assert.equal("TooManyRequestsException", support.header(answer, "x-amzn-errortype"))
        assert.equal('{"message":"Too Many Requests"}', answer.body)
        assert.is_nil(answer.ring)
        state.advance(500)
        assert.equal(200, call(state, body_with()).status)
        assert.equal(429, call(state, body_with()).status)
        local free = support.state()
        for _ = 1, 30 do
            assert.equal(200, call(free, body_with()).status)
        end
    end)

    it("fails and throttles in its own form", function()
        local answer = connect.failed(support.state())
        assert.equal(500, answer.status)
        assert.equal("InternalServiceException", support.header(answer, "x-amzn-errortype"))
        assert.equal('{"Message":"Request processing failed due to an error or failure with the service."}',
            answer.body)
    end)
end)
