-- The mock as a process of its own, spoken to by curl, whose signatures and HTTP owe nothing to this project.
package.path = "tests/lua/?.lua;" .. package.path
local child = require("child")
local json = require("mock.json")

local quote, read_file = child.quote, child.read_file

local SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
local BODY = '{"InstanceId":"i-1","ContactFlowId":"f-1","DestinationPhoneNumber":"+15550100001",'
    .. '"SourcePhoneNumber":"+15550100000","ClientToken":"t-1"}'
local CALL = '{"call_type":"Voice Outbound (API)","agent_email":"a@x","end_user_number":"+1 859-657-9625"}'

local running = {}

-- Starts a mock with options written as Lua; returns its base URL and the name of its phone log.
local function start(options)
    local log = os.tmpname()
    local base, stop = child.mock(("phone_log = %q, %s"):format(log, options or ""))
    running[#running + 1] = { stop = stop, log = log }
    return base, log
end

-- Runs curl; returns status, body and headers (one text), or curl's own exit code where no answer came.
local function curl(arguments)
    local pipe = assert(io.popen("curl -sS -i -o - " .. arguments .. " 2>/dev/null; code=$?; echo; echo $code"))
    local output = pipe:read("*a")
    pipe:close()
    local answer, code = output:match("^(.*)\n(%d+)\n$")
    if code ~= "0" then
        return tonumber(code)
    end
    local headers, body = answer:gsub("^HTTP/1.1 100 Continue\r\n\r\n", ""):match("^(.-\r\n)\r\n(.*)$")
    return tonumber(headers:match("^HTTP/1.1 (%d+)")), body, headers
end

local function signed_put(base, key_id, secret, more, body)
    return curl(("--aws-sigv4 aws:amz:us-east-1:connect --user %s -X PUT -H 'Content-Type: application/json' %s "
        .. "--data-binary %s %s/contact/outbound-voice"):format(quote(key_id .. ":" .. secret), more or "",
        quote(body or BODY), base))
end

local function ccai_post(base, more)
    return curl(("-u acme:token -H 'Content-Type: application/json' %s --data-binary %s %s/apps/api/v1/calls"):format(
        more or "", quote(CALL), base))
end

local function rings(base)
    local _, body = curl(base .. "/mock/rings")
    return json.decode(body).total
end

describe("the mock's server", function()
    after_each(function()
        for _, process in ipairs(running) do
            process.stop()
            os.remove(process.log)
        end
        running = {}
    end)

    it("accepts curl's signature, rings once per token and writes the phone log", function()
        local base, log = start()
        local status, body, headers = signed_put(base, "AKIDEXAMPLE", SECRET)
        assert.equal(200, status)
        assert.truthy(body:find('^{"ContactId":"%x+%-%x+%-4%x+%-%x+%-%x+"}$'))
        assert.truthy(headers:find("\r\nx%-amzn%-requestid: %x+%-"))
        assert.equal(1, select(2, headers:gsub("\r\nDate: ", "")))
        local again, same = signed_put(base, "AKIDEXAMPLE", SECRET)
        assert.equal(200, again)
        assert.equal(body, same)
        assert.equal(1, rings(base))
        assert.truthy(read_file(log):find(
            '^{"vendor":"amazon_connect","to":"%+15550100001","token":"t%-1","at_ms":%d%d%d%d%d%d%d%d%d%d%d%d%d}\n$'))
    end)

    it("refuses a wrong secret, an unknown key, no signature, and another service", function()
        local base = start()
        local status, body, headers = signed_put(base, "AKIDEXAMPLE", "wrong")
        assert.equal(403, status)
        assert.truthy(headers:find("\r\nx%-amzn%-errortype: InvalidSignatureException\r\n"))
        assert.truthy(json.decode(body).message:find("^The request signature we calculated does not match"))
        status, body = signed_put(base, "AKIDOTHER", SECRET)
        assert.equal(403, status)
        assert.equal('{"message":"The security token included in the request is invalid."}', body)
        status, body = curl("-X PUT -d '{}' " .. base .. "/contact/outbound-voice")
        assert.equal(403, status)
        assert.equal('{"message":"Missing Authentication Token"}', body)
        status, body = curl(("--aws-sigv4 aws:amz:us-east-1:sts --user AKIDEXAMPLE:%s -X PUT -d '{}' "
            .. "%s/contact/outbound-voice"):format(SECRET, base))
        assert.equal(403, status)
        assert.equal('{"message":"Credential should be scoped to correct service: \'connect\'."}', body)
        assert.equal(0, rings(base))
    end)

    it("knows a session token that curl has signed as a header", function()
        local base = start("settings = { connect = { keys = { { access_key_id = 'ASIA', secret_access_key = 's', "
            .. "session_token = 'tok' } } } }")
        assert.equal(200, (signed_put(base, "ASIA", "s", "-H 'x-amz-security-token: tok'")))
        local status, body = signed_put(base, "ASIA", "s", "-H 'x-amz-security-token: other'")
        assert.equal(403, status)
        assert.equal('{"message":"The security token included in the request is invalid."}', body)
        assert.equal(403, (signed_put(base, "ASIA", "s")))
    end)

    it("verifies bodies of any bytes and headers that curl folds", function()
        local base = start()
        local body = BODY:gsub('"t%-1"', '"' .. ("\195\164"):rep(500) .. '"')
        assert.equal(200, (signed_put(base, "AKIDEXAMPLE", SECRET, "-H 'X-Amz-Meta:  a   b '", body)))
        assert.equal(400, (signed_put(base, "AKIDEXAMPLE", SECRET, nil, "not JSON")))
    end)

    it("keeps a Genesys session over cookie and token", function()
        local base = start()
        local jar = os.tmpname()
        local status, _, headers = curl("-u agent:secret -c " .. jar .. " " .. base .. "/api/v2/me")
        assert.equal(200, status)
        local token = headers:match("\r\nX%-CSRF%-TOKEN: (%S+)")
        local dial = ("-b %s -H 'X-CSRF-TOKEN: %s' -d '{\"operationName\":\"Dial\","
            .. "\"destination\":{\"phoneNumber\":\"5001\"}}' "
            .. "%s/api/v2/me/devices/efe1ab32-53f9-43ce-b65e-5768c61f7d4a/calls"):format(jar, token, base)
        local body
        status, body = curl(dial)
        assert.equal(200, status)
        assert.equal('{"statusCode":0}', body)
        curl("-X POST " .. base .. "/mock/genesys/csrf/rotate")
        status, body = curl(dial)
        assert.equal(403, status)
        assert.equal('{"statusCode":3,"statusMessage":"Missing or invalid Csrf token"}', body)
        os.remove(jar)
        assert.equal(1, rings(base))
    end)

    it("closes without an answer by drop_before and drop_after, and after the ring in the latter", function()
        local base = start("faults = { drop_before = 1 }")
        assert.equal(52, ccai_post(base))
        assert.equal(0, rings(base))
        base = start("faults = { drop_after = 1 }")
        assert.equal(52, ccai_post(base))
        assert.equal(1, rings(base))
    end)

    it("never answers by hang, and goes on answering others", function()
        local base = start("faults = { hang = 1 }, settings = { ccai = { calls_per_agent = 0 } }")
        assert.equal(28, ccai_post(base, "--max-time 0.3"))
        assert.equal(28, ccai_post(base, "--max-time 0.3"))
        assert.equal(2, rings(base))
    end)

    it("answers after the latency", function()
        local base = start("latency_ms = 40")
        local pipe = io.popen("curl -sS -o /dev/null -w '%{http_code} %{time_total}' " .. base
            .. "/api/v2/diagnostics/version")
        local status, seconds = pipe:read("*a"):match("^(%d+) (.*)$")
        pipe:close()
        assert.equal("200", status)
        assert.truthy(tonumber((seconds:gsub(",", "."))) >= 0.04)
    end)

    it("holds rates when told to", function()
        local base = start("rate = true, settings = { ccai = { calls_per_agent = 0, "
            .. "rate = { per_second = 0.001, burst = 2 } } }")
        assert.equal(201, (ccai_post(base)))
        assert.equal(201, (ccai_post(base)))
        assert.equal(429, (ccai_post(base)))
        assert.equal(2, rings(base))
    end)
end)

describe("the mock inside a program", function()
    local mock = require("mock")
    local scheduler = require("outdial.scheduler")

    it("starts and stops within a run, and frees its port", function()
        scheduler.run(function()
            local first = assert(mock.start())
            local second, message = mock.start({ port = first.port })
            assert.is_nil(second)
            assert.truthy(message:find("in use", 1, true), message)
            first:stop()
            local third = assert(mock.start({ port = first.port }))
            assert.equal(first.port, third.port)
            third:stop()
            third:stop()
        end)
    end)

    it("ends with the run that it was started in", function()
        local port
        scheduler.run(function()
            port = assert(mock.start()).port
            scheduler.sleep(0) -- its task has begun then
        end)
        scheduler.run(function()
            assert(mock.start({ port = port })):stop()
        end)
    end)

    it("lets lives go on while nobody asks", function()
        scheduler.run(function()
            local handle = assert(mock.start({ settings = { ccai = { queue_ms = 1 } } }))
            local base = "http://127.0.0.1:" .. handle.port
            local body = '{"call_type":"IncomingCall","menu_id":9,"end_user_number":"+1 859-657-9625"}'
            local curl_command = ("curl -sS -o /dev/null -u acme:token -H 'Content-Type: application/json' -d %s "
                .. "%s/apps/api/v1/calls &"):format(quote(body), base)
            os.execute(curl_command)
            while handle.log.total == 0 do
                scheduler.sleep(0.001)
            end
            assert.equal(1, handle.log.counts.ccai_platform)
            handle:stop()
        end)
    end)

    it("that fails leaves nobody waiting, and ends with what was wrong", function()
        local router = require("mock.router")
        local handle = router.handle
        router.handle = function()
            error("out of order")
        end
        local answered = os.tmpname()
        local ok, message = pcall(mock.serve, { on_listening = function(server)
            os.execute(("curl -sS -o /dev/null http://127.0.0.1:%d/ 2> %s &"):format(server.port, answered))
        end })
        router.handle = handle
        assert.is_false(ok)
        assert.truthy(message:find("out of order", 1, true), message)
        os.remove(answered)
    end)

    it("says why it cannot write its phone log", function()
        local handle, message = mock.start({ phone_log = "/nonexistent/phones.jsonl" })
        assert.is_nil(handle)
        assert.equal("/nonexistent/phones.jsonl: No such file or directory", message)
    end)

    local wrong = {
        { { adress = "127.0.0.1" }, "mock: unknown option adress" },
        { { port = "8080" }, "mock: port: expected a number, got a string" },
        { { faults = "hang=1" }, "mock: faults: expected a table, got a string" },
        { { faults = { drop = 1 } },
            'mock: faults: unknown fault "drop" (one of throttle, error_500, drop_before, drop_after, hang, garbage)' },
        { { faults = { drop_before = 0.5, hang = 0.6 } }, "mock: faults: the rates add up to more than 1" },
        { { token_after_disconnect = "none" },
            "mock: token_after_disconnect: expected new_contact or same_contact, got none" },
    }
    for _, row in ipairs(wrong) do
        it("raises at the caller's line: " .. row[2], function()
            for _, name in ipairs({ "start", "serve" }) do
                local ok, message = pcall(function()
                    local handle = mock[name](row[1])
                    return handle
                end)
                assert.is_false(ok)
                assert.truthy(message:find("mock_server_spec%.lua:%d+: "), message)
                assert.equal(row[2], message:match(": (mock: .*)$"))
            end
        end)
    end
end)
