-- outdial.httpd against curl in a process of its own: what arrives, what goes back, and every way to end without an
-- answer.

local core = require "outdial.core"
local httpd = require "outdial.httpd"

local MIB = 1024 * 1024

describe("outdial.httpd", function()
    local engine, control, server

    before_each(function()
        engine = assert(core.engine_new())
        control = assert(httpd.listen { address = "127.0.0.1", port = 0 })
        server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
    end)

    after_each(function()
        control:close()
        if server then
            server:close()
        end
    end)

    local function wait_for(fds)
        local requests = {}
        for i, fd in ipairs(fds) do
            requests[i] = assert(engine:await(fd))
        end
        engine:step()
        for _, request in ipairs(requests) do
            request:cancel()
        end
        engine:step(0)
    end

    -- Steps until nothing arrives: the step that sends an answer may bring the next request. In a function of its own,
    -- so that nothing else still holds a request when it is to be collected.
    local function serve(from, answer)
        local list
        repeat
            list = from:step()
            for _, request in ipairs(list) do
                answer(request)
            end
        until #list == 0 or from ~= server and from ~= control
    end

    local function url(path)
        return ("'http://127.0.0.1:%d%s'"):format(server:port(), path or "/")
    end

    -- Asks the control server, which answers /done at once and any other path when `gate` says so.
    local function ask(path)
        return ("curl -s 'http://127.0.0.1:%d%s'"):format(control:port(), path)
    end

    -- Runs a shell command that talks to the server, hands each request to answer, returns what the command printed.
    local function talk(command, answer, gate)
        -- A defect shows as a failure: no curl waits for ever.
        command = command:gsub("curl %-s", "curl -s --max-time 60")
        -- Nor does one run with a sanitizer's library that this process was started with: it would hang in it.
        local pipe = io.popen("unset LD_PRELOAD; (" .. command .. ") 2>&1; " .. ask("/done"))
        local done, held = false, {}
        local function answer_control(request)
            if request.path == "/done" then
                assert.is_true(request:respond(200, {}, ""))
                done = true
            else
                held[#held + 1] = request
            end
        end
        while not done do
            wait_for { control:fd(), server and server:fd() }
            if server then
                serve(server, answer)
                collectgarbage()
            end
            serve(control, answer_control)
            while held[1] and gate() do
                table.remove(held):respond(200, {}, "")
                control:step()
            end
        end
        local text = pipe:read("*a")
        pipe:close()
        return text
    end

    local function text_file(bytes)
        local name = os.tmpname()
        local file = assert(io.open(name, "wb"))
        file:write(("x"):rep(bytes))
        file:close()
        return name
    end

    it("hands out a request as it was sent", function()
        local seen
        talk("curl -s -H 'User-Agent: t' -H 'Accept:' -H 'X-One: 1' -H 'x-two:  2 ' -H 'X-ONE: 3' -H 'X-Empty;' "
            .. "-d 'a=%41&b' " .. url("/a%20b/%2F?c=%44+e&f?g"), function(request)
            seen = request
            request:respond(200, {}, "")
        end)
        assert.equal("POST", seen.method)
        assert.equal("/a%20b/%2F", seen.path)
        assert.equal("c=%44+e&f?g", seen.query)
        assert.equal("a=%41&b", seen.body)
        assert.equal("127.0.0.1", seen.remote)
        assert.same({
            { "Host", "127.0.0.1:" .. server:port() },
            { "User-Agent", "t" },
            { "X-One", "1" },
            { "x-two", "2" },
            { "X-ONE", "3" },
            { "X-Empty", "" },
            { "Content-Length", "7" },
            { "Content-Type", "application/x-www-form-urlencoded" },
        }, seen.headers)
        assert.equal("1,3", seen.header["x-one"])
        assert.equal("2", seen.header["x-two"])
        assert.equal("", seen.header["x-empty"])
        assert.is_nil(seen.header["X-One"])
        assert.is_nil(seen.no_such_field)
    end)

    it("has an empty query and body where there are none", function()
        talk("curl -s " .. url("/plain"), function(request)
            assert.equal("GET", request.method)
            assert.equal("/plain", request.path)
            assert.equal("", request.query)
            assert.equal("", request.body)
            request:respond(200, {}, "")
        end)
    end)

    it("answers with status, headers and body exactly", function()
        local text = talk("curl -s -i " .. url(), function(request)
            assert.is_true(request:respond(429, { { "X-B", "1" }, { "x-a", "2" }, { "X-B", "3" } }, "one\0two\n"))
        end)
        text = text:gsub("Date: [^\r]+\r\n", "")
        assert.equal("HTTP/1.1 429 Too Many Requests\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 8\r\n\r\n"
            .. "one\0two\n", text)
    end)

    it("drops a request without a byte of an answer", function()
        local text = talk("curl -s -w '%{http_code} %{size_header}' -d x " .. url() .. "; echo \" exit $?\"",
            function(request)
                request:drop()
            end)
        assert.equal("000 0 exit 52\n", text)
    end)

    it("drops a request that is collected without an answer", function()
        local seen = 0
        local text = talk("curl -s -d x " .. url() .. "; echo exit $?", function()
            seen = seen + 1
        end, nil)
        assert.equal("exit 52\n", text)
        assert.equal(1, seen)
    end)

    it("refuses a body of more than 1 MiB with 413, whether its length is told or not", function()
        local rows = {
            { bytes = MIB, option = "", expected = "200" },
            { bytes = MIB, option = "-H 'Transfer-Encoding: chunked'", expected = "200" },
            { bytes = MIB + 1, option = "", expected = "413" },
            { bytes = MIB + 1, option = "-H Expect:", expected = "413" },
            { bytes = MIB + 1, option = "-H 'Transfer-Encoding: chunked'", expected = "413" },
        }
        for _, row in ipairs(rows) do
            local file, seen = text_file(row.bytes), nil
            local command = "curl -s -o /dev/null -w '%%{http_code}' %s --data-binary @%s %s"
            local text = talk(command:format(row.option, file, url()), function(request)
                seen = #request.body
                request:respond(200, {}, "")
            end)
            os.remove(file)
            -- Without waiting for a 100 curl may still be sending when the refusal comes, and then meets a reset.
            assert.is_true(text == row.expected or row.option == "-H Expect:" and text == "000", text)
            assert.equal(row.expected == "200" and row.bytes or nil, seen)
        end
    end)

    it("says why a body is refused", function()
        local file = text_file(MIB + 1)
        local text = talk("curl -s --data-binary @" .. file .. " " .. url(), function() end)
        os.remove(file)
        assert.equal("the body is longer than 1048576 bytes\n", text)
    end)

    it("refuses header lines that are too many or too long with 431", function()
        local many = {}
        for i = 1, 127 do
            many[i] = ("-H 'h%d: x'"):format(i)
        end
        local rows = {
            { options = table.concat(many, " ", 1, 125), expected = "200" }, -- with Host, User-Agent and Accept
            { options = table.concat(many, " ", 1, 126), expected = "431" },
            { options = "-H 'X: " .. ("y"):rep(20000) .. "'", expected = "200" },
            { options = "-H 'X: " .. ("y"):rep(40000) .. "'", expected = "431" },
        }
        for i, row in ipairs(rows) do
            local seen = 0
            local text = talk(("curl -s -o /dev/null -w '%%{http_code}' %s %s"):format(row.options, url()),
                function(request)
                    seen = seen + 1
                    request:respond(200, {}, "")
                end)
            assert.equal(row.expected, text, "row " .. i)
            assert.equal(row.expected == "200" and 1 or 0, seen, "row " .. i)
        end
    end)

    it("keeps a connection for the next request", function()
        local command = "curl -s -w '%%{http_code} %%{num_connects}\\n' %s %s %s"
        local text = talk(command:format(url("/1"), url("/2"), url("/3")), function(request)
            request:respond(204, {}, "")
        end)
        assert.equal("204 1\n204 0\n204 0\n", text)
    end)

    it("serves many requests at once, each its own answer", function()
        local seen, most, waiting, paths = 0, 0, {}, {}
        local text = talk(("curl -s -Z --parallel-immediate --parallel-max 50 %s 2>/dev/null"):format(url("/[1-500]?")),
            function(request)
                assert.is_nil(paths[request.path])
                paths[request.path] = true
                seen = seen + 1
                waiting[#waiting + 1] = request
                most = math.max(most, #waiting)
                -- The oldest are answered last, and none before others wait too, but for the rest that fills no group.
                if #waiting >= 20 or seen > 480 then
                    while waiting[1] do
                        local one = table.remove(waiting)
                        one:respond(200, {}, one.path .. "\n")
                    end
                end
            end)
        local lines = 0
        for line in text:gmatch("[^\n]+") do
            assert.is_true(paths[line], line)
            paths[line] = "answered"
            lines = lines + 1
        end
        assert.equal(500, lines)
        assert.is_true(most > 1)
    end)

    it("answers one after the other what came on one connection", function()
        local order = {}
        talk(("curl -s -o /dev/null -o /dev/null %s %s"):format(url("/a"), url("/b")), function(request)
            order[#order + 1] = request.path
            request:respond(200, {}, "")
        end)
        assert.same({ "/a", "/b" }, order)
    end)

    it("closes in order while requests wait", function()
        local port, kept = server:port(), nil
        local text = talk("curl -s " .. url("/kept") .. "; echo exit $?", function(request)
            kept = request
            server:close()
            server = nil
        end)
        assert.equal("exit 52\n", text)
        assert.equal("/kept", kept.path)
        assert.same({ nil, "the server is closed" }, { kept:respond(200, {}, "") })
        kept:drop()
        server = assert(httpd.listen { address = "127.0.0.1", port = port })
        assert.equal(port, server:port())
    end)

    it("takes a close twice, and nothing else afterwards", function()
        server:close()
        server:close()
        for _, name in ipairs { "fd", "port", "step" } do
            assert.error_matches(function()
                server[name](server)
            end, "the server is closed")
        end
    end)

    it("survives a client that went away before the answer", function()
        local left
        local command = "curl -s %s & gone=$!; %s; kill $gone; wait $gone"
        talk(command:format(url("/left"), ask("/arrived")), function(request)
            left = request
        end, function()
            return left ~= nil
        end)
        assert.is_true(left:respond(200, {}, ("x"):rep(MIB)))
        server:step()
        server:step()
        assert.equal("ok\n", talk("curl -s " .. url(), function(request)
            request:respond(200, {}, "ok\n")
        end))
    end)

    it("raises for misuse and leaves the request to be answered", function()
        local text = talk("curl -s " .. url(), function(request)
            local rows = {
                { { 199, {}, "" }, "expected a status from 200 to 599" },
                { { 600, {}, "" }, "expected a status from 200 to 599" },
                { { 200, "x", "" }, "table expected, got string" },
                { { 200, { "x" }, "" }, "header 1 cannot be sent: expected { name, value }, both strings; "
                    .. "Content%-Length is made" },
                { { 200, { { "A", "b" }, { "A", 1 } }, "" }, "header 2 cannot be sent" },
                { { 200, { { "A", "b\r\nC: d" } }, "" }, "header 1 cannot be sent" },
                { { 200, { { "A", "b\0c" } }, "" }, "header 1 cannot be sent" },
                { { 200, { { "Content-Length", "7" } }, "" }, "header 1 cannot be sent" },
            }
            for _, row in ipairs(rows) do
                assert.error_matches(function()
                    request:respond(row[1][1], row[1][2], row[1][3])
                end, row[2])
            end
            request:respond(200, {}, "still here")
            assert.error_matches(function()
                request:respond(200, {}, "twice")
            end, "the request was answered already")
            assert.error_matches(function()
                request:drop()
            end, "the request was answered already")
        end)
        assert.equal("still here", text)
    end)

    it("says why it cannot listen", function()
        local port = server:port()
        assert.same({ nil, ("cannot listen on 127.0.0.1:%d: Address already in use"):format(port) },
            { httpd.listen { address = "127.0.0.1", port = port } })
        assert.same({ nil, "cannot listen on localhost: expected an IPv4 or IPv6 address" },
            { httpd.listen { address = "localhost" } })
        for _, wrong in ipairs { -1, 65536, "x" } do
            assert.error_matches(function()
                httpd.listen { port = wrong }
            end, "port: expected 0 to 65535")
        end
        assert.error_matches(function()
            httpd.listen { address = {} }
        end, "address: expected a string")
    end)

    it("loads without libmicrohttpd and says what to install", function()
        -- An empty file of its name is found first and is no library.
        local lua = ("lua" .. _VERSION:match("%d%.%d"))
        if package.loaded.jit then
            lua = "luajit"
        end
        local folder = os.tmpname()
        os.remove(folder)
        local pipe = io.popen(([[
            mkdir %s && : > %s/libmicrohttpd.so.12 && LD_LIBRARY_PATH=%s LUA_CPATH='%s' %s -e '
                require "outdial.core"
                print(require("outdial.httpd").listen {})' 2>&1; rm -r %s
        ]]):format(folder, folder, folder, package.cpath, lua, folder))
        local text = pipe:read("*a")
        pipe:close()
        assert.equal("nil\tlibmicrohttpd is not installed (apt-get install libmicrohttpd12)\n", text)
    end)
end)
