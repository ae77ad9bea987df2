-- The mock's AWS beside Connect: Secrets Manager, STS, instance metadata and a container's endpoint, and that keys from
-- them are good for calls.

local aws = require("mock.aws")
local connect = require("mock.connect")
local json = require("mock.json")
local router = require("mock.router")
local support = dofile("tests/lua/mock_support.lua")

local JSON11 = "application/x-amz-json-1.1"
local FORM = "application/x-www-form-urlencoded; charset=utf-8"

local function secret(state, body, options)
    local all = { service = "secretsmanager", content_type = JSON11,
        extra = { { "X-Amz-Target", "secretsmanager.GetSecretValue" } } }
    for name, value in pairs(options or {}) do
        all[name] = value
    end
    return aws.handle(state, support.signed_now(state, "POST", "/", body, all))
end

local function refused(answer, status, body)
    assert.equal(body, answer.body)
    assert.equal(status, answer.status)
end

-- Places a call with a key; the status.
local function call(state, key)
    return connect.handle(state, support.signed_now(state, "PUT", "/contact/outbound-voice",
        '{"InstanceId":"i-1","ContactFlowId":"f-1","DestinationPhoneNumber":"+15550100001",'
        .. '"SourcePhoneNumber":"+15550100000"}', key)).status
end

describe("the mock's Secrets Manager", function()
    it("hands out Symbee's key", function()
        local state = support.state()
        local answer = secret(state, '{"SecretId":"SYMBEE_CONNECT_API_KEY"}')
        local version = json.decode(answer.body).VersionId
        assert.equal('{"ARN":"arn:aws:secretsmanager:us-east-1:111122223333:secret:SYMBEE_CONNECT_API_KEY-a1B2c3",'
            .. '"CreatedDate":1440938160.000,"Name":"SYMBEE_CONNECT_API_KEY","SecretString":"symbee-key",'
            .. '"VersionId":"' .. version .. '","VersionStages":["AWSCURRENT"]}', answer.body)
        assert.equal(200, answer.status)
        assert.equal(JSON11, support.header(answer, "Content-Type"))
        assert.equal(36, #version)
        for _, rest in ipairs({ ',"VersionStage":"AWSCURRENT"', ',"VersionId":"' .. version .. '"' }) do
            assert.equal(answer.body, secret(state, '{"SecretId":"SYMBEE_CONNECT_API_KEY"' .. rest .. "}").body)
        end
    end)

    it("hands out another after a rotation, and Symbee refuses the old one", function()
        local state = support.state()
        local function symbee_status(key)
            return router.handle(state, support.request("POST",
                "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/searchPreviewCampaign", {
                    { "Content-Type", "application/json" }, { "X-sc-platform-code", "AWS Connect" },
                    { "X-sc-company-code", "acme" }, { "X-sc-company-environment", "prod" },
                    { "X-sc-secrets-region", "us-east-1" }, { "X-sc-company-api-key", key } }, "{}")).status
        end
        assert.equal(200, symbee_status("symbee-key"))
        assert.equal("{}", router.handle(state, support.request("POST", "/mock/symbee/api_key/rotate")).body)
        assert.equal(401, symbee_status("symbee-key"))
        local key = json.decode(secret(state, '{"SecretId":"SYMBEE_CONNECT_API_KEY"}').body).SecretString
        assert.truthy(key:find("^symbee%-key%-%x+$"))
        assert.equal(200, symbee_status(key))
    end)

    it("knows ARNs with and without their suffix, and binary secrets", function()
        local state = support.state()
        for _, id in ipairs({ "mock/json", "arn:aws:secretsmanager:us-east-1:111122223333:secret:mock/json",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:mock/json-a1B2c3" }) do
            assert.equal('{"username":"acme","password":"token"}',
                json.decode(secret(state, '{"SecretId":"' .. id .. '"}').body).SecretString)
        end
        local read = json.decode(secret(state, '{"SecretId":"mock/binary"}').body)
        assert.equal("c3ltYmVlLWtleQ==", read.SecretBinary)
        assert.is_nil(read.SecretString)
    end)

    local rows = {
        { '{"SecretId":"other"}', 400, "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret." },
        { '{"SecretId":"mock/deleted"}', 400, "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion." },
        { '{"SecretId":"mock/undecryptable"}', 400, "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key." },
        { '{"SecretId":"mock/forbidden"}', 400, "AccessDeniedException",
            "User is not authorized to perform: secretsmanager:GetSecretValue on resource." },
        { '{"SecretId":"mock/broken"}', 500, "InternalServiceError", "An error occurred on the server side." },
        { '{"SecretId":"mock/throttled"}', 400, "ThrottlingException", "Rate exceeded" },
        { "{}", 400, "InvalidParameterException", "SecretId: required" },
        { '{"SecretId":""}', 400, "InvalidParameterException", "SecretId: expected 1 to 2048 characters" },
        { '{"SecretId":7}', 400, "InvalidParameterException", "SecretId: expected a string, got integer" },
        { '{"SecretId":"mock/json","VersionId":"1"}', 400, "InvalidParameterException",
            "VersionId: expected 32 to 64 characters" },
        { '{"SecretId":"mock/json","VersionId":"00000000-0000-0000-0000-000000000000"}', 400,
            "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: "
            .. "00000000-0000-0000-0000-000000000000" },
        { '{"SecretId":"mock/json","VersionStage":"AWSPREVIOUS"}', 400, "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS" },
        { "x", 400, "SerializationException", "a malformed value at byte 1" },
        { "[]", 400, "SerializationException", "expected an object" },
    }
    for _, row in ipairs(rows) do
        it("refuses " .. row[1] .. " by " .. row[3], function()
            refused(secret(support.state(), row[1]), row[2],
                json.encode(json.object({ { "__type", row[3] }, { "Message", row[4] } })))
        end)
    end

    it("checks signature, target and type", function()
        local state = support.state()
        local body = '{"SecretId":"mock/json"}'
        refused(secret(state, body, { service = "connect" }), 400, '{"__type":"InvalidSignatureException",'
            .. '"Message":"Credential should be scoped to correct service: \'secretsmanager\'."}')
        refused(secret(state, body, { extra = { { "X-Amz-Target", "secretsmanager.PutSecretValue" } } }), 400,
            '{"__type":"UnknownOperationException","Message":"The operation is not known to the mock"}')
        refused(secret(state, body, { content_type = "application/json" }), 400, '{"__type":"SerializationException",'
            .. '"Message":"Content-Type must be application/x-amz-json-1.1"}')
        local request = support.request("POST", "/", { { "X-Amz-Target", "x" } })
        refused(aws.throttled(state, request), 400, '{"__type":"ThrottlingException","Message":"Rate exceeded"}')
        refused(aws.failed(state, request), 500, '{"__type":"InternalServiceError",'
            .. '"Message":"An error occurred on the server side."}')
    end)
end)

local ROLE = "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fdialer&RoleSessionName=s-1"
local ASSUME = "Action=AssumeRole&Version=2011-06-15&" .. ROLE
local WEB = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&" .. ROLE .. "&WebIdentityToken=token"

local function sts(state, body, key)
    local options = { service = "sts", content_type = FORM }
    for name, value in pairs(key or {}) do
        options[name] = value
    end
    return aws.handle(state, support.signed_now(state, "POST", "/", body, options))
end

local function web(state, body)
    return aws.handle(state, support.request("POST", "/", { { "Content-Type", FORM } }, body))
end

local function key_of(xml)
    return { key_id = xml:match("<AccessKeyId>([^<]*)<"), secret = xml:match("<SecretAccessKey>([^<]*)<"),
        token = xml:match("<SessionToken>([^<]*)<") }
end

local function expected_error(answer, kind, code, message)
    return '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>' .. kind .. "</Type><Code>"
        .. code .. "</Code><Message>" .. message .. "</Message></Error><RequestId>"
        .. answer.body:match("<RequestId>([^<]*)<") .. "</RequestId></ErrorResponse>"
end

describe("the mock's STS", function()
    local forms = { { "AssumeRole", ASSUME, sts }, { "AssumeRoleWithWebIdentity", WEB, web } }
    for _, row in ipairs(forms) do
        local name, form, send = row[1], row[2], row[3]

        it(name .. " hands out keys that are good until they end", function()
            local state = support.state()
            local answer = send(state, form .. "&DurationSeconds=900")
            local key = key_of(answer.body)
            local id = answer.body:match("<AssumedRoleId>(%w+):s%-1</AssumedRoleId>")
            assert.equal("<" .. name .. 'Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><' .. name
                .. "Result><Credentials><AccessKeyId>" .. key.key_id .. "</AccessKeyId><SecretAccessKey>" .. key.secret
                .. "</SecretAccessKey><SessionToken>" .. key.token .. "</SessionToken><Expiration>2015-08-30T12:51:00Z"
                .. "</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/dialer/s-1"
                .. "</Arn><AssumedRoleId>" .. id .. ":s-1</AssumedRoleId></AssumedRoleUser></" .. name
                .. "Result><ResponseMetadata><RequestId>" .. answer.body:match("<RequestId>([^<]*)<")
                .. "</RequestId></ResponseMetadata></" .. name .. "Response>", answer.body)
            assert.equal(200, answer.status)
            assert.equal("text/xml", support.header(answer, "Content-Type"))
            assert.equal(200, call(state, key))
            assert.equal(403, call(state, { key_id = key.key_id, secret = key.secret }))
            state.advance(899999)
            assert.equal(200, call(state, key))
            state.advance(1)
            assert.equal(403, call(state, key))
        end)

        local refusals = {
            { form:gsub("RoleArn=[^&]*&", ""), "ValidationError", "RoleArn: required" },
            { form:gsub("RoleArn=[^&]*&", "RoleArn=role&"), "ValidationError",
                "RoleArn: expected 20 to 2048 characters, got 4" },
            { form:gsub("Arole%%2F", "Auser%%%%2F"), "ValidationError", "RoleArn: not the name of a role" },
            { form:gsub("s%-1", "s"), "ValidationError", "RoleSessionName: expected 2 to 64 characters, got 1" },
            { form:gsub("s%-1", "s+1"), "ValidationError", "RoleSessionName: does not match the pattern" },
            { form .. "&DurationSeconds=899", "ValidationError", "DurationSeconds: expected 900 to 43200" },
            { form .. "&DurationSeconds=soon", "ValidationError", "DurationSeconds: expected 900 to 43200" },
            { form:gsub("2011%-06%-15", "2010-01-01"), "InvalidAction", "Could not find operation " .. name
                .. " for version 2010-01-01" },
        }
        for index, refusal in ipairs(refusals) do
            it(name .. " refuses form " .. index, function()
                local answer = send(support.state(), (refusal[1]))
                assert.equal(expected_error(answer, "Sender", refusal[2], refusal[3]), answer.body)
                assert.equal(400, answer.status)
            end)
        end
    end

    it("lets keys of a role assume another", function()
        local state = support.state()
        local first = key_of(sts(state, ASSUME).body)
        local second = key_of(sts(state, ASSUME, first).body)
        assert.are_not.equal(first.key_id, second.key_id)
        assert.equal(200, call(state, second))
    end)

    it("names a bad signature in its protocol's words", function()
        local rows = {
            { { secret = "other" }, "SignatureDoesNotMatch" }, { { key_id = "AKIDOTHER" }, "InvalidClientTokenId" },
            { { service = "connect" }, "SignatureDoesNotMatch" },
        }
        for _, row in ipairs(rows) do
            local answer = sts(support.state(), ASSUME, row[1])
            assert.equal(403, answer.status)
            assert.equal(row[2], answer.body:match("<Code>([^<]*)<"))
        end
        assert.equal("MissingAuthenticationToken", web(support.state(), ASSUME).body:match("<Code>([^<]*)<"))
    end)

    it("refuses roles and external identifiers", function()
        local state = support.state({ settings = { sts = { external_ids = {
            ["arn:aws:iam::111122223333:role/team/dialer"] = "x-1" } } } })
        local message = "User is not authorized to perform: sts:AssumeRole on resource: "
        local answer = sts(state, ASSUME)
        assert.equal(expected_error(answer, "Sender", "AccessDenied", message
            .. "arn:aws:iam::111122223333:role/team/dialer"), answer.body)
        assert.equal(403, answer.status)
        assert.equal(200, sts(state, ASSUME .. "&ExternalId=x-1").status)
        answer = sts(state, (ASSUME:gsub("team%%2Fdialer", "denied")))
        assert.equal(expected_error(answer, "Sender", "AccessDenied", message
            .. "arn:aws:iam::111122223333:role/denied"), answer.body)
        answer = web(state, (WEB:gsub("team%%2Fdialer", "denied")))
        assert.equal("AccessDenied", answer.body:match("<Code>([^<]*)<"))
    end)

    local tokens = { { "expired", 400, "ExpiredTokenException" }, { "invalid", 400, "InvalidIdentityToken" },
        { "rejected", 403, "IDPRejectedClaim" }, { "unreachable", 400, "IDPCommunicationError" } }
    for _, row in ipairs(tokens) do
        it("refuses the web identity token " .. row[1], function()
            local answer = web(support.state(), (WEB:gsub("Token=token", "Token=" .. row[1])))
            assert.equal(row[2], answer.status)
            assert.equal(expected_error(answer, "Sender", row[3], "The web identity token meets " .. row[3]),
                answer.body)
        end)
    end

    it("takes forms only, and fails in its own form", function()
        local state = support.state()
        local answer = aws.handle(state, support.request("POST", "/", {}, ASSUME))
        assert.equal(expected_error(answer, "Sender", "InvalidAction", "The mock takes forms that are posted"),
            answer.body)
        local request = support.request("POST", "/")
        answer = aws.failed(state, request)
        assert.equal(expected_error(answer, "Receiver", "InternalFailure",
            "The request processing has failed because of an unknown error."), answer.body)
        assert.equal(500, answer.status)
        answer = aws.throttled(state, request)
        assert.equal(expected_error(answer, "Sender", "Throttling", "Rate exceeded"), answer.body)
    end)
end)

describe("the mock's instance metadata", function()
    local ROLES = "/latest/meta-data/iam/security-credentials"

    local function get(state, path, token)
        return aws.handle(state, support.request("GET", path, token and { { "x-aws-ec2-metadata-token", token } }))
    end

    local function token_of(state, ttl)
        return aws.handle(state, support.request("PUT", "/latest/api/token",
            ttl and { { "X-aws-ec2-metadata-token-ttl-seconds", ttl } }))
    end

    it("gives a token, a role and keys that are good for calls", function()
        local state = support.state()
        local answer = token_of(state, "21600")
        local token = answer.body
        assert.equal(200, answer.status)
        assert.equal("21600", support.header(answer, "x-aws-ec2-metadata-token-ttl-seconds"))
        for _, path in ipairs({ ROLES .. "/", ROLES .. "-extended/" }) do
            answer = get(state, path, token)
            assert.equal("mock-instance", answer.body)
            assert.equal("text/plain", support.header(answer, "Content-Type"))
        end
        answer = get(state, ROLES .. "/mock-instance", token)
        local read = json.decode(answer.body)
        local body = '{"Code":"Success","LastUpdated":"2015-08-30T12:36:00Z","Type":"AWS-HMAC","AccessKeyId":"'
            .. read.AccessKeyId .. '","SecretAccessKey":"' .. read.SecretAccessKey .. '","Token":"' .. read.Token
            .. '","Expiration":"2015-08-30T18:36:00Z"'
        assert.equal(body .. "}", answer.body)
        assert.equal(body .. ',"AccountId":"111122223333"}',
            get(state, ROLES .. "-extended/mock-instance", token).body)
        local key = { key_id = read.AccessKeyId, secret = read.SecretAccessKey, token = read.Token }
        assert.equal(200, call(state, key))
        -- The same keys until five minutes before they end.
        state.advance(6 * 3600000 - 300001)
        token = token_of(state, "60").body
        assert.equal(read.AccessKeyId, json.decode(get(state, ROLES .. "/mock-instance", token).body).AccessKeyId)
        state.advance(1)
        local renewed = json.decode(get(state, ROLES .. "/mock-instance", token).body)
        assert.are_not.equal(read.AccessKeyId, renewed.AccessKeyId)
        assert.equal("2015-08-31T00:31:00Z", renewed.Expiration)
        assert.equal(200, call(state, key))
    end)

    it("wants a token that is still good", function()
        local state = support.state()
        for _, ttl in ipairs({ "0", "21601", "1.5", "long", false }) do
            assert.equal(400, token_of(state, ttl or nil).status)
        end
        assert.equal(401, get(state, ROLES .. "/").status)
        assert.equal(401, get(state, ROLES .. "/", "other").status)
        local token = token_of(state, "1").body
        state.advance(999)
        assert.equal(200, get(state, ROLES .. "/", token).status)
        state.advance(1)
        assert.equal(401, get(state, ROLES .. "/", token).status)
        assert.equal(405, aws.handle(state, support.request("GET", "/latest/api/token")).status)
        assert.equal(403, aws.handle(state, support.request("PUT", "/latest/api/token", {
            { "X-aws-ec2-metadata-token-ttl-seconds", "60" }, { "X-Forwarded-For", "10.0.0.1" } })).status)
    end)

    it("answers 404 to what is not there", function()
        local state = support.state()
        local token = token_of(state, "60").body
        assert.equal(404, get(state, ROLES .. "/other", token).status)
        assert.equal(404, get(state, "/latest/meta-data/", token).status)
        state = support.state({ settings = { instance_metadata = { role = "" } } })
        assert.equal(404, get(state, ROLES .. "/", token_of(state, "60").body).status)
        state = support.state({ settings = { instance_metadata = { extended = false } } })
        token = token_of(state, "60").body
        assert.equal(404, get(state, ROLES .. "-extended/", token).status)
        assert.equal(200, get(state, ROLES .. "/", token).status)
        assert.equal(429, aws.throttled(state, support.request("GET", "/latest/x")).status)
        assert.equal(500, aws.failed(state, support.request("GET", "/latest/x")).status)
    end)
end)

describe("the mock's container endpoint", function()
    it("gives keys that are good for calls, at the paths of ECS and EKS", function()
        local state = support.state()
        local answer = aws.handle(state, support.request("GET", "/v2/credentials/7a1f"))
        local read = json.decode(answer.body)
        assert.equal('{"RoleArn":"arn:aws:iam::111122223333:role/mock-task","AccessKeyId":"' .. read.AccessKeyId
            .. '","SecretAccessKey":"' .. read.SecretAccessKey .. '","Token":"' .. read.Token
            .. '","Expiration":"2015-08-30T13:36:00Z","AccountId":"111122223333"}', answer.body)
        assert.equal(answer.body, aws.handle(state, support.request("GET", "/v1/credentials")).body)
        assert.equal(200, call(state, { key_id = read.AccessKeyId, secret = read.SecretAccessKey,
            token = read.Token }))
    end)

    it("asks for its token where it has one", function()
        local state = support.state({ settings = { container = { authorization = "Bearer t" } } })
        refused(aws.handle(state, support.request("GET", "/v1/credentials")), 403, '{"code":"AccessDenied",'
            .. '"message":"The authorization token is not the container\'s"}')
        assert.equal(200, aws.handle(state, support.request("GET", "/v1/credentials",
            { { "Authorization", "Bearer t" } })).status)
        refused(aws.handle(state, support.request("POST", "/v1/credentials")), 405, '{"code":"MethodNotAllowed",'
            .. '"message":"The endpoint takes GET"}')
    end)
end)

describe("the mock's router to AWS", function()
    local rows = {
        { "POST", "/contact/stop", 403 }, { "GET", "/contacts/i/c", 403 }, { "POST", "/search-contacts", 403 },
        { "PUT", "/campaigns/c/dial-requests", 403 }, { "PUT", "/v2/campaigns/c/outbound-requests", 403 },
        { "POST", "/", 400 }, { "GET", "/latest/meta-data/", 401 }, { "GET", "/v2/credentials/x", 200 },
    }
    for _, row in ipairs(rows) do
        it("gives " .. row[2] .. " to its service", function()
            assert.equal(row[3], router.handle(support.state(), support.request(row[1], row[2])).status)
        end)
    end

    it("logs every ring of a batch", function()
        local log = support.rings()
        local state = support.state({ phone_log = log })
        router.handle(state, support.signed("PUT", "/campaigns/c-1/dial-requests", '{"dialRequests":['
            .. '{"clientToken":"a","phoneNumber":"+15550100001","expirationTime":"2015-08-30T12:40:00Z",'
            .. '"attributes":{}},{"clientToken":"b","phoneNumber":"+15550100002",'
            .. '"expirationTime":"2015-08-30T12:40:00Z","attributes":{}}]}', { service = "connect-campaigns" }))
        assert.equal("+15550100001 0,+15550100002 0", table.concat(log, ","))
    end)
end)
