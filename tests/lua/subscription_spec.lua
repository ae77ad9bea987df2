-- client:subscribe against a small notification server in the same Lua: the task of the events, its life, and what it
-- is told.

local core = require "outdial.core"
local httpd = require "outdial.httpd"
local scheduler = require "outdial.scheduler"
local factory = require("outdial.client").factory

local JSON = { { "Content-Type", "application/json" } }

-- A Bayeux server for one client; push(event, ...) tells it events (JSON text).
local function new_server()
    local self = { http = assert(httpd.listen { address = "127.0.0.1", port = 0 }), seen = {}, queue = {}, say = {} }

    local function flush(more)
        local request = self.parked
        if not request then return end
        self.parked = nil
        local messages = self.queue
        self.queue = {}
        messages[#messages + 1] = more or ('{"channel":"/meta/connect","id":"%s","successful":true}'):format(self.id)
        request:respond(200, JSON, "[" .. table.concat(messages, ",") .. "]")
    end

    function self.push(...)
        for i = 1, select("#", ...) do self.queue[#self.queue + 1] = (select(i, ...)) end
        flush()
    end

    self.reply_to_connect = flush

    function self.answer(request)
        if request.method == "GET" then
            return request:respond(200, JSON, '{"statusCode":0}')
        end
        local replies = {}
        for message in request.body:gmatch("%b{}") do
            local id, channel = message:match('^{"id":"(%d+)","channel":"([^"]*)"')
            if not channel then return request:respond(200, JSON, '{"statusCode":0}') end -- a call
            self.seen[#self.seen + 1] = channel .. (message:match('"subscription":("[^"]*")') or "")
            self.parked, self.id = request, id
            if channel == "/meta/connect" then
                if message:find('"timeout":0', 1, true) or self.queue[1] then flush() end
                return
            end
            replies[#replies + 1] = self.say[channel] and self.say[channel]:format(id)
                or ('{"channel":"%s","id":"%s","successful":true,"clientId":"c"}'):format(channel, id)
        end
        self.parked = nil
        request:respond(200, JSON, "[" .. table.concat(replies, ",") .. "]")
    end

    return self
end

local function event(n)
    return ('{"channel":"/v2/me/calls","data":{"n":%d}}'):format(n)
end

describe("client:subscribe", function()
    local engine, s, server, client

    before_each(function()
        engine = assert(core.engine_new())
        s = scheduler.new(engine)
        server = new_server()
        client = factory(s)("genesys", {
            base_url = ("http://127.0.0.1:%d"):format(server.http:port()), username = "u", password = "p",
            device_id = "d1", rate = false, retry = false,
        })
    end)

    after_each(function()
        server.http:close()
    end)

    local function serve()
        while s.await(engine:await(server.http:fd())) do
            local list = server.http:step()
            while list[1] do
                for _, request in ipairs(list) do server.answer(request) end
                list = server.http:step()
            end
        end
    end

    local function run(fn)
        return s.run(function()
            s.daemon(serve)
            return fn()
        end)
    end

    local function wait_for(condition)
        while not condition() do s.sleep(0.001) end
    end

    it("hands events over in order, one at a time", function()
        local heard, inside = {}, 0
        run(function()
            local subscription = assert(client:subscribe({ "/v2/me/calls" }, function(e)
                inside = inside + 1
                assert.equal(1, inside)
                s.sleep(0) -- while one waits, none comes
                heard[#heard + 1] = e.channel .. " " .. e.data.n
                inside = inside - 1
            end))
            assert.same({ "/meta/handshake", '/meta/subscribe"/v2/me/calls"', "/meta/connect" },
                { server.seen[1], server.seen[2], server.seen[3] })
            server.push(event(1), event(2))
            wait_for(function() return #heard == 2 and server.parked end)
            server.push(event(3))
            wait_for(function() return #heard == 3 end)
            subscription:close()
            subscription:close()
        end)
        assert.same({ "/v2/me/calls 1", "/v2/me/calls 2", "/v2/me/calls 3" }, heard)
    end)

    it("keeps no run alive, and ends with it", function()
        local heard = 0
        local subscription = run(function()
            return assert(client:subscribe({ "/a" }, function() heard = heard + 1 end))
        end)
        assert.equal(0, heard)
        assert.is_nil(rawget(subscription, "_own"))
    end)

    it("ends when the client is closed, which says goodbye to the vendor", function()
        local told = {}
        run(function()
            assert(client:subscribe({ "/a" }, function(e) told[#told + 1] = e.channel end))
            assert(client:subscribe({ "/b" }, function(e) told[#told + 1] = e.channel end))
            assert.is_true(client:close())
        end)
        assert.equal("/meta/disconnect", server.seen[#server.seen])
        assert.same({}, told) -- who closes knows
    end)

    it("tells of a gap", function()
        local told = {}
        run(function()
            assert(client:subscribe({ "/v2/me/calls" }, function(e)
                told[#told + 1] = e.channel .. (e.data and " " .. e.data.n or "")
            end))
            wait_for(function() return server.parked end)
            server.reply_to_connect('{"channel":"/meta/connect","id":"' .. server.id ..
                '","successful":false,"error":"402::session_unknown","advice":{"reconnect":"handshake"}}')
            wait_for(function() return told[1] and server.parked end)
            server.push(event(1))
            wait_for(function() return told[2] end)
        end)
        assert.same({ "/meta/resync", "/v2/me/calls 1" }, told)
    end)

    it("tells the end that it did not ask for", function()
        local told = {}
        run(function()
            assert(client:subscribe({ "/a" }, function(e)
                told[#told + 1] = e.channel .. ": " .. tostring(e.error)
            end))
            wait_for(function() return server.parked end)
            server.reply_to_connect('{"channel":"/meta/connect","id":"' .. server.id ..
                '","successful":true,"advice":{"reconnect":"none"}}')
            wait_for(function() return told[1] end)
        end)
        assert.same({ "/meta/disconnect: closed: the server wants no further connect" }, told)
    end)

    it("R19 keeps calls from being dialled once it has ended by itself, until it is closed", function()
        local told
        run(function()
            local deaf = "unavailable: not sent: no events of /v2/me/calls arrive now"
            local subscription = assert(client:subscribe({ "/v2/me/calls" }, function(e) told = e end))
            wait_for(function() return server.parked end)
            server.reply_to_connect('{"channel":"/meta/connect","id":"' .. server.id ..
                '","successful":true,"advice":{"reconnect":"none"}}')
            wait_for(function() return told end)
            scheduler.sleep(0)
            collectgarbage()
            local _, err = client:dial { deviceId = "d", destination = { phoneNumber = "5001" } }
            assert.same({ deaf, "not_placed" }, { tostring(err), err.placement })
            subscription:close()
            _, err = client:dial { deviceId = "d", destination = { phoneNumber = "5001" } }
            assert.is_not.equal(deaf, tostring(err))
        end)
    end)

    it("returns nil and why when the vendor refuses", function()
        server.say["/meta/subscribe"] =
            '{"channel":"/meta/subscribe","id":"%s","successful":false,"error":"403:/a:subscribe_denied"}'
        local subscription, err = run(function()
            return client:subscribe({ "/a" }, function() end)
        end)
        assert.is_nil(subscription)
        assert.equal("permission: 403: subscribe /a: subscribe_denied", tostring(err))
    end)

    it("is refused to who cannot hear", function()
        run(function()
            local subscription = assert(client:subscribe({ "/v2/me/calls" }, function() end))
            assert(client:dial { destination = { phoneNumber = "5001" } })
            wait_for(function() return server.parked end)
            server.reply_to_connect("{}")
            wait_for(function()
                local ok, err = client:dial { destination = { phoneNumber = "5001" } }
                if ok then return false end
                assert.equal("unavailable: not sent: no events of /v2/me/calls arrive now", tostring(err))
                assert.equal("not_placed", err.placement)
                return true
            end)
            subscription:close()
            assert(client:dial { destination = { phoneNumber = "5001" } })
        end)
    end)

    it("fails its run with the error of the function", function()
        local ok, problem = pcall(run, function()
            assert(client:subscribe({ "/v2/me/calls" }, function() error("no such thing", 0) end))
            wait_for(function() return server.parked end)
            server.push(event(1))
            wait_for(function() return server.seen[#server.seen] == "/meta/disconnect" end)
        end)
        assert.is_false(ok)
        assert.truthy(tostring(problem):find("no such thing", 1, true))
    end)

    it("may be called, and closed, by the function itself", function()
        local heard = {}
        run(function()
            local subscription
            subscription = assert(client:subscribe({ "/v2/me/calls" }, function(e)
                heard[#heard + 1] = e.data.n
                if e.data.n == 2 then subscription:close() end
            end))
            server.push(event(1), event(2), event(3))
            wait_for(function() return #heard == 2 end)
            s.sleep(0)
        end)
        assert.same({ 1, 2 }, heard)
    end)

    it("raises misuse at the caller's line", function()
        local rows = {
            { "/a", function() end, 'expected a list of channels, got string' },
            { nil, function() end, 'expected a list of channels, got nothing' },
            { { "/a" }, nil, 'expected a function, got nothing' },
            { { "a" }, function() end, 'validation /0: expected a channel such as /a/b or /a/*, got "a"' },
            { {}, function() end, 'validation: expected a list of 1 to 64 channels, got an object' },
        }
        for _, row in ipairs(rows) do
            local ok, problem = pcall(function()
                local made = client:subscribe(row[1], row[2])
                return made
            end)
            assert.is_false(ok)
            assert.truthy(problem:find("^tests/lua/subscription_spec.lua:%d+: "), problem)
            assert.equal("outdial: genesys:subscribe: " .. row[3], (problem:gsub("^[^:]*:%d+: ", "")))
        end
        local symbee = factory(s)("symbee", { company_code = "c", environment = "prod", campaign_region = "us-east-1",
            api_key = "k" })
        local ok, problem = pcall(function() return symbee:subscribe({ "/a" }, function() end) end)
        assert.is_false(ok)
        assert.truthy(problem:find("validation: symbee has no notifications", 1, true), problem)
    end)

    it("is forgotten with all it holds", function()
        run(function()
            assert(client:subscribe({ "/a" }, function() end))
        end)
        client = nil -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
        assert.equal(0, engine:pending())
    end)
end)
