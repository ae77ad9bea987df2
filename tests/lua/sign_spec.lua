-- The stages of a signature: of core.sigv4, and of `outdial sign` for a request as flags and as raw text. Every case of
-- tests/vectors/sigv4 goes both ways.
package.path = "tests/lua/?.lua;" .. package.path
local child = require "child"
local core = require "outdial.core"

local read_file, write_file, quote = child.read_file, child.write_file, child.quote

local VECTORS = "tests/vectors/sigv4/"
local STAGES = { "canonical_request", "string_to_sign", "signature", "authorization" }

local function cases()
    local names, pipe = {}, io.popen("ls " .. VECTORS)
    for name in pipe:lines() do names[#names + 1] = name end
    pipe:close()
    return names
end

-- Runs `outdial sign` with words and text on its standard input; returns output, errors and exit code.
local function sign(words, text, environment)
    local input, line = os.tmpname(), {}
    write_file(input, text or "")
    for i, word in ipairs(words) do line[i] = quote(word) end
    local out, err, code = child.shell(("$OUTDIAL sign %s <%s"):format(table.concat(line, " "), input),
        "unset AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; "
        .. (environment and "export " .. environment or ""))
    os.remove(input)
    return out, err, code
end

local function keys(request)
    return { "--region", request.region, "--service", request.service, "--access-key-id", request.access_key_id,
        "--secret-access-key", request.secret_access_key }
end

local function as_text(request)
    local target = request.path .. (request.query ~= "" and "?" .. request.query or "")
    local lines = { ("%s %s HTTP/1.1"):format(request.method, target) }
    for _, header in ipairs(request.headers) do lines[#lines + 1] = header[1] .. ":" .. header[2] end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. request.body
end

describe("the stages of a signature", function()
    for _, name in ipairs(cases()) do
        local request = core.from_json(read_file(VECTORS .. name .. "/request.json"))
        local expected = {}
        for _, stage in ipairs(STAGES) do
            expected[stage] = read_file(VECTORS .. name .. "/" .. stage .. ".txt")
        end

        it("of " .. name, function()
            local stages = assert(core.sigv4(request))
            for _, stage in ipairs(STAGES) do assert.equal(expected[stage], stages[stage]) end
            assert.equal(stages.signed_headers, expected.authorization:match("SignedHeaders=(%S+),"))
        end)

        it("of " .. name .. " as raw text", function()
            local out, err, code = sign(keys(request), as_text(request))
            assert.equal("", err)
            assert.equal(0, code)
            assert.equal(("canonical request\n%s\n\nstring to sign\n%s\n\nsignature\n%s\n\nauthorization\n%s\n"):format(
                expected.canonical_request, expected.string_to_sign, expected.signature, expected.authorization), out)
        end)
    end

    local function request(changes)
        local made = { method = "GET", path = "/", query = false, headers = { { "Host", "h" } }, body = "",
            date = "20150830T123600Z", region = "r", service = "s", access_key_id = "a", secret_access_key = "s" }
        for key, value in pairs(changes) do made[key] = value end
        return made
    end

    local many = {}
    for i = 1, 33 do many[i] = { "h" .. i, "" } end
    local refused = {
        { { method = false }, "method: expected text" },
        { { path = 5 }, "path: expected text" },
        { { query = 5 }, "query: expected text" },
        { { headers = "Host: h" }, "headers: expected a list" },
        { { headers = { "Host: h" } }, "headers: expected pairs of name and value" },
        { { headers = { { "Host" } } }, "headers: expected pairs of name and value" },
        { { headers = many }, "headers: at most 32 can be signed" },
        { { date = "2015" }, "date: expected YYYYMMDDTHHMMSSZ" },
    }
    for _, row in ipairs(refused) do
        it("are not made where " .. row[2], function()
            assert.has_error(function() core.sigv4(request(row[1])) end, row[2])
        end)
    end

    it("are not made of a secret that no key can be", function()
        local stages, err = core.sigv4(request { secret_access_key = ("s"):rep(257) })
        assert.is_nil(stages)
        assert.equal("internal: the secret access key is longer than 256 bytes", tostring(err))
    end)
end)

describe("outdial sign", function()
    local PUT = { "put", "https://user@Connect.eu-central-1.amazonaws.com:443/contact/outbound-voice#x",
        "Content-Type:application/json", "--date", "20261122T101112Z" }
    local call = core.from_json(read_file(VECTORS .. "connect_call/request.json"))

    local function words(...)
        local list = {}
        for _, part in ipairs { ... } do
            for _, word in ipairs(type(part) == "table" and part or { part }) do list[#list + 1] = word end
        end
        return list
    end

    it("takes a request as words", function()
        local out, err, code = sign(words(PUT, keys(call), "--body", call.body, "--json"))
        assert.equal("", err)
        assert.equal(0, code)
        local stages = core.from_json(out)
        for _, stage in ipairs(STAGES) do
            assert.equal(read_file(VECTORS .. "connect_call/" .. stage .. ".txt"), stages[stage])
        end
        assert.equal("content-type;host;x-amz-date", stages.signed_headers)
    end)

    it("takes the body from a file, and keys and region from the environment", function()
        local body = os.tmpname()
        write_file(body, call.body)
        local out, err = sign(words(PUT, "--body-file", body, "--json"), nil, ("AWS_REGION=%s AWS_ACCESS_KEY_ID=%s "
            .. "AWS_SECRET_ACCESS_KEY=%s"):format(call.region, call.access_key_id, call.secret_access_key))
        os.remove(body)
        assert.equal("", err)
        assert.equal(read_file(VECTORS .. "connect_call/signature.txt"), core.from_json(out).signature)
    end)

    it("leaves out what proxies change, and the signature that the request has", function()
        local text = "GET / HTTP/1.1\nHost: h\nAuthorization: AWS4 x\nUser-Agent: x\nProxy-Connection: y\n"
            .. "X-Amz-Date: 20150830T123600Z\nSec-Fetch-Mode: z\nX-Amz-Target: t\n\n"
        local out = sign(words(keys(call), "--json"), text)
        assert.equal("host;x-amz-date;x-amz-target", core.from_json(out).signed_headers)
    end)

    it("puts the token of temporary keys in place of the request's", function()
        local text = "GET / HTTP/1.1\nHost: h\nX-Amz-Security-Token: old\n\n"
        for _, how in ipairs { { { "--session-token", "new" } }, { {}, "AWS_SESSION_TOKEN=new" } } do
            local out = sign(words(keys(call), "--date", "20150830T123600Z", "--json", how[1]), text, how[2])
            local canonical = core.from_json(out).canonical_request
            assert.equal("GET\n/\n\nhost:h\nx-amz-date:20150830T123600Z\nx-amz-security-token:new\n\n"
                .. "host;x-amz-date;x-amz-security-token\n"
                .. "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", canonical)
        end
    end)

    it("signs for now if nobody says when", function()
        local out = sign(words(keys(call), "--json", "GET", "http://h:80/"))
        local date = core.from_json(out).string_to_sign:match("\n(%d+T%d+Z)\n")
        assert.is_true(date >= os.date("!%Y%m%dT%H%M%SZ", os.time() - 600) and date <= os.date("!%Y%m%dT%H%M%SZ"))
    end)

    it("reads as much body as the request says", function()
        local head = "POST / HTTP/1.1\nHost: h\nX-Amz-Date: 20150830T123600Z\nContent-Length: 2\n\n"
        local one = core.from_json((sign(words(keys(call), "--json"), head .. "ab\n")))
        local same = core.from_json((sign(words(keys(call), "--json"), head .. "ab")))
        assert.equal(same.signature, one.signature)
        assert.equal("fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603",
            same.canonical_request:match("%x+$"))
    end)

    local rows = {
        { {}, "", "line 1: expected METHOD PATH HTTP/1.1" },
        { {}, "GET\n\n", "line 1: expected METHOD PATH HTTP/1.1" },
        { {}, "GET / HTTP/1.1\nHost h\n\n", "line 2: expected NAME:VALUE, got Host h" },
        { {}, "GET / HTTP/1.1\n\n", "the request has no Host header" },
        { {}, "GET / HTTP/1.1\nHost: h\nContent-Length: 3\n\nab", "the body has 2 bytes, Content-Length says 3" },
        { { "GET" }, "", "expected METHOD and URL" },
        { { "GET", "ftp://h/" }, "", "expected http(s)://HOST/PATH, got ftp://h/" },
        { { "GET", "http://h/", "Accept" }, "", "header: expected NAME:VALUE, got Accept" },
        { { "GET", "http://h/", "--date", "today" }, "", "date: expected YYYYMMDDTHHMMSSZ, got today" },
        { { "GET", "http://h/", "--body", "a", "--body-file", "b" }, "", "--body and --body-file exclude each other" },
        { { "GET", "http://h/", "--body-file", "/nowhere/at/all" }, "",
            "/nowhere/at/all: No such file or directory" },
        { { "--regin", "x" }, "", "unknown option --regin, did you mean --region?" },
    }
    for _, row in ipairs(rows) do
        it("complains: " .. row[3], function()
            local out, err, code = sign(words(keys(call), row[1]), row[2])
            assert.equal("", out)
            assert.equal("outdial sign: " .. row[3] .. "\nTry: outdial sign --help\n", err)
            assert.equal(2, code)
        end)
    end

    it("says what is missing", function()
        local _, err, code = sign({ "GET", "http://h/" })
        assert.equal("outdial sign: no region: give --region, or set AWS_REGION\nTry: outdial sign --help\n", err)
        assert.equal(2, code)
        _, err = sign({ "GET", "http://h/", "--region", "r", "--access-key-id", "a" })
        assert.equal("outdial sign: no keys: give --access-key-id and --secret-access-key, or set AWS_ACCESS_KEY_ID "
            .. "and AWS_SECRET_ACCESS_KEY\nTry: outdial sign --help\n", err)
    end)

    it("fails for a secret that no key can be, and does not show it", function()
        local out, err, code = sign({ "GET", "http://h/", "--region", "r", "--access-key-id", "a",
            "--secret-access-key", ("s"):rep(300) })
        assert.equal("", out)
        assert.equal("outdial sign: internal: the secret access key is longer than 256 bytes\n", err)
        assert.equal(1, code)
    end)
end)
