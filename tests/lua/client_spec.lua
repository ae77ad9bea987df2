-- Clients against a small server in the same Lua, run as a daemon task, and against one in a process of its own.

local core = require "outdial.core"
local httpd = require "outdial.httpd"
local memory = require "memory"
local scheduler = require "outdial.scheduler"
local factory = require("outdial.client").factory

local THIS = debug.getinfo(1, "S").short_src
local CONTACT = "11111111-2222-3333-4444-555555555555"

local function connect_options(endpoint, more)
    local options = {
        region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
        contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
        credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI" },
        endpoint = endpoint, rate = false, retry = false,
    }
    for key, value in pairs(more or {}) do options[key] = value end
    return options
end

describe("a client", function()
    local engine, s, new_client, server, seen

    before_each(function()
        engine = assert(core.engine_new())
        s = scheduler.new(engine)
        new_client = factory(s)
        server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
        seen = {}
    end)

    after_each(function()
        server:close()
    end)

    local function endpoint() return ("http://127.0.0.1:%d"):format(server:port()) end
    local function connect(more) return new_client("amazon_connect", connect_options(endpoint(), more)) end

    local function placed(request)
        request:respond(200, { { "Content-Type", "application/json" } }, ('{"ContactId":"%s"}'):format(CONTACT))
    end

    -- Runs fn in a task, with the server beside it; answer(request, n) gets each request that arrives.
    local function with_server(answer, fn)
        return s.run(function()
            s.daemon(function()
                while s.await(engine:await(server:fd())) do
                    local list = server:step()
                    while list[1] do
                        for _, request in ipairs(list) do
                            seen[#seen + 1] = request
                            answer(request, #seen)
                        end
                        list = server:step()
                    end
                end
            end)
            return fn()
        end)
    end

    it("places a call", function()
        local client = connect()
        local call, err = with_server(placed, function()
            return client:place_call { to = "+12065550101", token = "token-1", attributes = { plan = "gold" } }
        end)
        assert.is_nil(err)
        assert.same({ id = CONTACT, state = "placed", vendor = "amazon_connect", token = "token-1",
            to = "+12065550101", response = { ContactId = CONTACT } }, call)
        assert.equal(1, #seen)
        assert.equal("PUT", seen[1].method)
        assert.equal("/contact/outbound-voice", seen[1].path)
        assert.matches('"plan":"gold"', seen[1].body, 1, true)
    end)

    it("calls an operation by its method, with what the vendor answered as the result", function()
        local client = connect()
        local result, err = with_server(placed, function()
            return client:start_outbound_voice_contact { DestinationPhoneNumber = "+12065550101" }
        end)
        assert.is_nil(err)
        assert.same({ ContactId = CONTACT }, result)
    end)

    it("has as many calls under way as there are tasks", function()
        local client, held, results = connect(), {}, {}
        local function answer(request, n)
            held[n] = request
            if n == 8 then
                for i = 8, 1, -1 do placed(held[i]) end
            end
        end
        with_server(answer, function()
            s.each({ 1, 2, 3, 4, 5, 6, 7, 8 }, { concurrency = 8 }, function(i)
                results[i] = client:place_call { to = "+1206555010" .. i }
            end)
        end)
        assert.equal(8, #results)
    end)

    it("tells what the vendor refused", function()
        local client = connect()
        local result, err = with_server(function(request)
            request:respond(400, { { "Content-Type", "application/json" }, { "x-amzn-RequestId", "id-1" },
                { "x-amzn-ErrorType", "InvalidRequestException" } }, '{"message":"Bad number"}')
        end, function() return client:place_call { to = "+12065550101" } end)
        assert.is_nil(result)
        assert.equal(400, err.http_status)
        assert.equal("not_placed", err.placement)
        assert.equal("InvalidRequestException", err.vendor_code)
        assert.equal("id-1", err.request_id)
        assert.is_false(err.retryable)
        assert.matches("Bad number", tostring(err), 1, true)
    end)

    it("complains about a parameter before anything is sent", function()
        local client = connect()
        local result, err = client:start_outbound_voice_contact { DestinationPhoneNumber = "555" }
        assert.is_nil(result)
        assert.equal('validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got "555"',
            tostring(err))
        result, err = client:start_outbound_voice_contact { DestinationPhoneNumbr = "+12065550101" }
        assert.is_nil(result)
        assert.equal('validation /DestinationPhoneNumbr: unknown field, did you mean "DestinationPhoneNumber"?',
            tostring(err))
        result, err = client:start_outbound_voice_contact { DestinationPhoneNumber = "+1", Attributes = { a = print } }
        assert.is_nil(result)
        assert.equal("validation /Attributes/a: expected what JSON can hold, got a function", tostring(err))
        assert.equal(0, engine:pending())
    end)

    it("does without the network what it can", function()
        local client = connect()
        local fields = { DestinationPhoneNumber = "+12065550101" }
        local prepared = assert(client:prepare("start_outbound_voice_contact", fields))
        assert.equal("PUT", prepared.method)
        assert.equal(endpoint() .. "/contact/outbound-voice", prepared.url)
        assert.is_nil(core.to_json(prepared):find("wJalrXUtnFEMI", 1, true))
        local _, err = client:prepare("start_outbound_voice_contact", {})
        assert.equal("validation", err.code)
        local meant = assert(client:prepare("place_call", { to = "+12065550101", token = "t-1" }))
        assert.same({ "start_outbound_voice_contact", "t-1", "t-1" },
            { meant.operation, meant.token, meant.body.ClientToken })
    end)

    it("is refused a connection, and knows that nothing was placed", function()
        local client = connect()
        server:close()
        local result, err = client:place_call { to = "+12065550101" }
        assert.is_nil(result)
        assert.equal("network", err.code)
        assert.equal("not_placed", err.placement)
        server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
    end)

    it("gives up after the call's own timeout", function()
        local client = connect()
        local result, err = with_server(function() end, function()
            return client:place_call({ to = "+12065550101" }, { timeout = 0.05 })
        end)
        assert.is_nil(result)
        assert.equal("timeout", err.code)
        assert.equal("unknown", err.placement)
    end)

    it("sends nothing after send_before", function()
        local client = connect()
        local result, err = with_server(placed, function()
            return client:place_call({ to = "+12065550101" }, { send_before = 0.001 })
        end)
        assert.is_nil(result)
        assert.equal("not_placed", err.placement)
        assert.equal(0, #seen)
    end)

    it("loses a call in flight when its task is canceled, and says what is known of it", function()
        local client, task, err = connect(), nil, nil
        with_server(function() task:cancel() end, function()
            task = s.spawn(function()
                err = select(2, client:place_call { to = "+12065550101" })
                client:place_call { to = "+12065550102" }
            end)
            task:join()
        end)
        assert.equal("canceled", err.code)
        assert.equal("unknown", err.placement)
        assert.equal(1, #seen)
    end)

    it("starts no call after stop", function()
        local client = connect()
        local prepared = assert(client:prepare_placing { to = "+12065550101" })
        s.stop()
        for _, result in ipairs {
            { client:place_prepared(prepared) },
            { client:place_call { to = "+12065550101" } },
            { client:start_outbound_voice_contact { DestinationPhoneNumber = "+12065550101" } },
        } do
            assert.is_nil(result[1])
            assert.equal("canceled", result[2].code)
            assert.equal("not_placed", result[2].placement)
            assert.equal("canceled: stopping: no new call is started", tostring(result[2]))
        end
        assert.equal(0, engine:pending())
        assert.truthy(client:prepare("start_outbound_voice_contact", { DestinationPhoneNumber = "+12065550101" }))
    end)

    it("takes a record back after stop, and puts none up again", function()
        local client = new_client("symbee", { endpoint = endpoint(), company_code = "c", environment = "e",
            campaign_region = "us-east-1", campaign_name = "C", api_key = "k" })
        with_server(function(request)
            request:respond(200, {}, '{"previewResult":{"previewResultStatus":"SUCCESS","error":null}}')
        end, function()
            s.stop()
            for _, state in ipairs { "REMOVED", "COMPLETED" } do
                assert.truthy(client:change_campaign_record_status { clientId = "1", previewRecordStateEnum = state })
            end
            local _, err = client:change_campaign_record_status { clientId = "1", previewRecordStateEnum = "NOTWORKED" }
            assert.equal("canceled: stopping: no new call is started", tostring(err))
            assert.truthy(client:delete_record_from_campaign { clientId = "1" })
        end)
        assert.equal(3, #seen)
    end)

    it("lets what is under way finish when it is closed", function()
        local client, first = connect(), nil
        with_server(function(request)
            s.spawn(function()
                assert.is_true(client:close())
                assert.truthy(first)
            end)
            s.spawn(function() placed(request) server:step() end)
        end, function()
            first = client:place_call { to = "+12065550101" }
            assert.equal(CONTACT, first.id)
        end)
        assert.is_true(client:close())
        local ok, problem = pcall(function() client:place_call { to = "+12065550101" } end)
        assert.is_false(ok)
        assert.matches(THIS .. ":%d+: outdial: amazon_connect:place_call: this client is closed$", problem)
    end)

    it("finishes what is under way as closed when its handle goes", function()
        local handle = assert(core.client_new(engine, "amazon_connect", connect_options(endpoint())))
        local request = assert(handle:place { to = "+12065550101" })
        assert.equal(1, handle:pending())
        handle:close()
        assert.equal(request, engine:step(1)[1])
        assert.equal(0, handle:pending())
        local _, err = request:result()
        assert.equal("closed", err.code)
        assert.equal("not_placed", err.placement)
        assert.has_error(function() handle:vendor() end, "this client is closed")
    end)

    it("tells on_log what nobody asked for, from a clean stack", function()
        local lines = {}
        local client = new_client("ccai_platform", {
            endpoint = endpoint(), subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "secret",
            agent_email = "agent@example.com", outbound_number = "+13392195276", retry = false, rate = false,
            on_log = function(level, text)
                s.sleep(0) -- may use whatever a script may
                lines[#lines + 1] = level .. ": " .. text
            end,
        })
        local call = with_server(function(request)
            request:respond(201, { { "Content-Type", "application/json" } }, '{"id":7,"status":"assigned"}')
        end, function() return client:place_call { to = "+12065550101", attributes = { plan = "gold" } } end)
        assert.truthy(call)
        assert.equal(1, #lines)
        assert.matches("attributes", lines[1], 1, true)
    end)

    it("whose on_log fails, fails the run", function()
        local client = new_client("ccai_platform", {
            endpoint = endpoint(), subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "secret",
            agent_email = "agent@example.com", outbound_number = "+13392195276", retry = false, rate = false,
            on_log = function() error("no disk", 0) end,
        })
        local ok, problem = pcall(with_server, function(request)
            request:respond(201, { { "Content-Type", "application/json" } }, '{"id":7,"status":"assigned"}')
        end, function() return client:place_call { to = "+12065550101", attributes = { plan = "gold" } } end)
        assert.is_false(ok)
        assert.equal("outdial: on_log failed: no disk", problem)
    end)

    it("keeps the latest log lines, and says how many it dropped", function()
        local handle = assert(core.client_new(engine, "ccai_platform", {
            endpoint = endpoint(), subdomain = "acme", domain = "uc1.ccaiplatform.com", api_token = "secret",
            agent_email = "agent@example.com", outbound_number = "+13392195276", rate = false,
        }))
        assert.is_nil(handle:logs())
        handle:keep_logs()
        handle:keep_logs()
        for _ = 1, 70 do assert(handle:place { to = "+12065550101", attributes = { plan = "gold" } }) end
        local lines = handle:logs()
        assert.equal(65, #lines)
        assert.same({ level = "warning", text = "6 earlier lines were dropped" }, lines[1])
        assert.matches("attributes", lines[65].text, 1, true)
        assert.is_nil(handle:logs())
        handle:close()
        assert.is_nil(handle:logs())
        assert.equal(70, #engine:step(1))
    end)

    it("takes no memory that stays", function()
        local client = connect()
        local function many(n)
            seen = setmetatable({}, { __newindex = function() end })
            with_server(placed, function()
                s.each(function(i) return i <= n and i or nil end, { concurrency = 8 }, function()
                    assert(client:place_call { to = "+12065550101" })
                end)
            end)
            return memory.kept()
        end
        many(2000)
        local before = many(2000)
        assert.is_true(many(2000) < before + 16)
    end)

    it("in a plain script blocks for its answer", function()
        local interpreter = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")
        local script = os.tmpname()
        local file = assert(io.open(script, "w"))
        file:write([[
            local core, httpd = require "outdial.core", require "outdial.httpd"
            local engine, server = core.engine_new(), httpd.listen { address = "127.0.0.1", port = 0 }
            io.stdout:write(server:port(), "\n")
            io.stdout:flush()
            local left = 2
            while left > 0 do
                local wait = engine:await(server:fd())
                while not wait:finished() do engine:step() end
                local list = server:step()
                while list[1] do
                    for _, request in ipairs(list) do
                        left = left - 1
                        request:respond(200, { { "Content-Type", "application/json" } }, '{"ContactId":"x"}')
                    end
                    list = server:step()
                end
            end
        ]])
        file:close()
        local command = ("LUA_PATH='%s' LUA_CPATH='%s' %s %s"):format(package.path, package.cpath, interpreter, script)
        local pipe = assert(io.popen(command))
        local client = new_client("amazon_connect", connect_options("http://127.0.0.1:" .. pipe:read("*l")))
        local ticks = 0
        s.spawn(function() s.sleep(0) s.sleep(0) ticks = ticks + 1 end)
        s.engine:step(0)
        assert.equal("x", assert(client:place_call { to = "+12065550101" }).id)
        local result = assert(client:start_outbound_voice_contact { DestinationPhoneNumber = "+12065550101" })
        assert.equal("x", result.ContactId)
        assert.equal(0, ticks) -- the other task is ready, but not resumed by a blocking call
        s.run(function() end)
        assert.equal(1, ticks)
        client:close()
        pipe:close()
        os.remove(script)
    end)
end)

describe("misuse of a client", function()
    local new_client = factory(scheduler.new(assert(core.engine_new())))
    local outdial = require "outdial"
    local client = new_client("amazon_connect", connect_options("http://127.0.0.1:1"))
    local closed = new_client("amazon_connect", connect_options("http://127.0.0.1:1"))
    local others = assert(closed:prepare_placing { to = "+12065550101" })
    closed:close()
    local prepared = assert(client:prepare_placing { to = "+12065550101" })
    local dropped = assert(client:prepare_placing { to = "+12065550101" })
    dropped:drop()
    dropped:drop()

    local rows = {
        { "an unknown operation", function() return client.strat_outbound_voice_contact end,
            'outdial: amazon_connect has no "strat_outbound_voice_contact", '
            .. 'did you mean "start_outbound_voice_contact"?' },
        { "an unknown key", function() return client.zzz end, 'outdial: amazon_connect has no "zzz"' },
        { "no colon", function() client.place_call { to = "+12065550101" } end,
            "outdial: amazon_connect:place_call: call it as client:method { ... }, with a colon" },
        { "no client", function() client.place_call("x", {}) end,
            "outdial: amazon_connect:place_call: expected a client" },
        { "no table", function() client:place_call("x") end,
            "outdial: amazon_connect:place_call: expected a table of fields, got string" },
        { "nothing", function() client:place_call() end,
            "outdial: amazon_connect:place_call: expected a table of fields, got nothing" },
        { "preparing nothing", function() client:prepare_placing() end,
            "outdial: amazon_connect:prepare_placing: expected a table of fields, got nothing" },
        { "asking for the account of nothing", function() client:account_of() end,
            "outdial: amazon_connect:account_of: expected a table of fields, got nothing" },
        { "placing nothing that was prepared", function() client:place_prepared() end,
            "outdial: amazon_connect:place_prepared: expected what prepare_placing gave, got nothing" },
        { "placing a call as if it were prepared", function() client:place_prepared { to = "+12065550101" } end,
            "outdial: amazon_connect:place_prepared: expected what prepare_placing gave, got table" },
        { "an unknown option of what is prepared", function() client:place_prepared(prepared, { timout = 1 }) end,
            'outdial: amazon_connect:place_prepared: unknown option "timout", did you mean "timeout"?' },
        { "placing what is prepared at a closed client", function() closed:place_prepared(prepared) end,
            "outdial: amazon_connect:place_prepared: this client is closed" },
        { "placing what another client prepared", function() client:place_prepared(others) end,
            "outdial: amazon_connect:place_prepared: this call was prepared by another client" },
        { "placing what was dropped", function() client:place_prepared(dropped) end,
            "outdial: amazon_connect:place_prepared: this call was dropped" },
        { "no table of fields", function() client:start_outbound_voice_contact(7) end,
            "outdial: amazon_connect:start_outbound_voice_contact: expected a table of fields, got number" },
        { "an unknown option of a call", function() client:place_call({ to = "+12065550101" }, { timout = 1 }) end,
            'outdial: amazon_connect:place_call: unknown option "timout", did you mean "timeout"?' },
        { "a bad option of a call", function() client:place_call({ to = "+12065550101" }, { timeout = "1" }) end,
            "outdial: amazon_connect:place_call: timeout: expected seconds, 0 or more, got 1" },
        { "a flag of a call that is none", function() client:place_call({ to = "+12065550101" }, { unpaced = 1 }) end,
            "outdial: amazon_connect:place_call: unpaced: expected true or false, got 1" },
        { "a flag where a call is followed", function() client:track({}, { single_try = true }) end,
            'outdial: amazon_connect:track: unknown option "single_try"' },
        { "options of a call that are none", function() client:place_call({}, 5) end,
            "outdial: amazon_connect:place_call: expected a table of options, got number" },
        { "nobody to share with", function() client:share_rate(0) end,
            "outdial: amazon_connect:share_rate: expected how many clients, 1 or more, got 0" },
        { "a part of a client", function() client:share_rate(1.5) end,
            "outdial: amazon_connect:share_rate: expected how many clients, 1 or more, got 1.5" },
        { "a rate of a closed client", function() closed:share_rate(2) end,
            "outdial: amazon_connect:share_rate: this client is closed" },
        { "a closed client", function() closed:start_outbound_voice_contact {} end,
            "outdial: amazon_connect:start_outbound_voice_contact: this client is closed" },
        { "preparing what is unknown", function() client:prepare("start_outbund_voice_contact", {}) end,
            'outdial: amazon_connect:prepare: unknown operation "start_outbund_voice_contact", '
            .. 'did you mean "start_outbound_voice_contact"?' },
        { "preparing nothing", function() client:prepare() end,
            "outdial: amazon_connect:prepare: expected an operation's name, got nil" },
        { "an unknown vendor", function() outdial.client("amazn_connect", {}) end,
            'outdial.client: unknown vendor "amazn_connect", did you mean "amazon_connect"?' },
        { "no vendor", function() outdial.client() end, "outdial.client: expected a vendor's name, got nothing" },
        { "no options", function() outdial.amazon_connect() end,
            "outdial.amazon_connect: expected a table of options, got nothing" },
        { "an unknown option", function() outdial.amazon_connect { regoin = "us-east-1" } end,
            'outdial.amazon_connect: validation /regoin: unknown field, did you mean "region"?' },
        { "an on_log that is none", function() outdial.amazon_connect { on_log = "stderr" } end,
            "outdial.amazon_connect: on_log: expected a function, got string" },
    }
    for _, row in ipairs(rows) do
        it("with " .. row[1] .. " raises at the caller's line", function()
            local ok, problem = pcall(row[2])
            assert.is_false(ok)
            local at = problem:match("^" .. THIS:gsub("%W", "%%%0") .. ":(%d+): ")
            local info = debug.getinfo(row[2], "S")
            assert.is_true(at and tonumber(at) >= info.linedefined and tonumber(at) <= info.lastlinedefined, problem)
            assert.equal(row[3], (problem:gsub("^[^:]+:%d+: ", "")))
        end)
    end

    it("does not hit serializers and printers", function()
        assert.is_nil(client.__tojson)
        assert.equal("outdial client of amazon_connect", tostring(client))
    end)

    it("in the core raises too", function()
        local engine = assert(core.engine_new())
        local handle = assert(core.client_new(engine, "amazon_connect", connect_options("http://127.0.0.1:1")))
        assert.has_error(function() core.client_new(engine, "amazn_connect", {}) end,
            'unknown vendor "amazn_connect", did you mean "amazon_connect"?')
        assert.has_error(function() handle:submit("start_outbund_voice_contact", {}) end,
            'unknown operation "start_outbund_voice_contact", did you mean "start_outbound_voice_contact"?')
        assert.has_error(function() handle:submit("start_outbound_voice_contact", {}, { tiemout = 1 }) end,
            'unknown option "tiemout": a call takes send_before, timeout, single_try and unpaced')
        assert.has_error(function() handle:submit("start_outbound_voice_contact") end)
        assert.has_error(function() handle.submit(engine, "x", {}) end)
        assert.equal(0, engine:pending())
        assert.equal("amazon_connect", handle:vendor())
    end)
end)
