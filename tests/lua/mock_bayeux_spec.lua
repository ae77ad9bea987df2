-- The mock's Bayeux server: messages, parking, acknowledgements, and its errors.

local bayeux = require("mock.bayeux")
local bayeux_session = require("mock.bayeux_session")
local json = require("mock.json")
local random = require("mock.random")
local settings = require("mock.settings")
local support = dofile("tests/lua/mock_support.lua")

local JSON = { "Content-Type", "application/json;charset=UTF-8" }
local HANDSHAKE = '{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"id":"1"%s}'
local ADVICE = '{"interval":0,"timeout":30000,"reconnect":"retry"}'
local CONNECTED = '{"successful":true,"advice":' .. ADVICE .. ',"id":"14","channel":"/meta/connect"}'
local AGAIN = '{"interval":0,"timeout":30000,"reconnect":"handshake"}'
local LOST = '{"successful":false,"advice":' .. AGAIN
    .. ',"error":"402::session_unknown","id":"14","channel":"/meta/connect"}'

local function everybody()
    return true
end

-- A server on a clock that only moves when told, with one client's view of it.
local function start(given)
    local now_ms, draw = 1000000, random.new(1)
    local own = settings.new({ genesys = { cometd = given or {} } }).genesys.cometd
    local server = bayeux.new({ now_ms = function()
        return now_ms
    end, hex = function(count)
        return random.hex(draw, count)
    end, settings = own })
    local it = { server = server, owner = {} }
    function it.advance(ms)
        now_ms = now_ms + ms
    end
    function it.post(text, owner)
        local headers = { JSON }
        if it.cookie then
            headers[2] = { "Cookie", it.cookie }
        end
        return server:handle(support.request("POST", "/x", headers, text), owner or it.owner)
    end
    function it.handshake(more)
        local answer = it.post("[" .. HANDSHAKE:format(more or "") .. "]")
        local cookie = support.header(answer, "Set-Cookie")
        it.cookie = cookie and cookie:match("^[^;]+") or it.cookie
        it.id = json.decode(answer.body)[1].clientId
        return answer
    end
    function it.message(channel, more)
        return '{"channel":"' .. channel .. '","clientId":"' .. it.id .. '","id":"14"' .. (more or "") .. "}"
    end
    function it.send(channel, more)
        return it.post("[" .. it.message(channel, more) .. "]")
    end
    function it.connect(more)
        return it.send("/meta/connect", ',"connectionType":"long-polling"' .. (more or ""))
    end
    function it.listen(pattern, more)
        it.handshake(more)
        it.send("/meta/subscribe", ',"subscription":"' .. pattern .. '"')
        it.connect()
        return it
    end
    function it.publish(channel, data)
        server:publish(channel, data, everybody)
    end
    return it
end

local function event(channel, data)
    return '{"data":' .. data .. ',"channel":"' .. channel .. '"}'
end

describe("the mock's Bayeux handshake", function()
    it("gives a client identifier, a browser cookie and advice", function()
        local it_ = start()
        local answer = it_.handshake()
        assert.truthy(it_.id:find("^%x+$"))
        assert.equal(26, #it_.id)
        assert.equal('[{"minimumVersion":"1.0","clientId":"' .. it_.id .. '","supportedConnectionTypes":'
            .. '["long-polling"],"advice":' .. ADVICE .. ',"version":"1.0","successful":true,"id":"1",'
            .. '"channel":"/meta/handshake"}]', answer.body)
        assert.truthy(support.header(answer, "Set-Cookie"):find("^BAYEUX_BROWSER=%x+;Path=/;HttpOnly$"))
        assert.equal("application/json;charset=UTF-8", support.header(answer, "Content-Type"))
    end)

    it("keeps a browser's cookie, and gives each client an identifier of its own", function()
        local it_ = start()
        it_.handshake()
        local first = it_.id
        local answer = it_.handshake()
        assert.is_nil(support.header(answer, "Set-Cookie"))
        assert.are_not.equal(first, it_.id)
        assert.equal(2, it_.server:count())
    end)

    it("advises maxInterval and agrees on acknowledgements where the settings say so", function()
        local answer = start({ advise_max_interval = true, ack = true }).handshake(',"ext":{"ack":true}')
        local reply = json.decode(answer.body)[1]
        assert.equal('{"interval":0,"timeout":30000,"reconnect":"retry","maxInterval":10000}',
            json.encode(reply.advice))
        assert.equal('{"ack":true}', json.encode(reply.ext))
        assert.is_nil(json.decode(start({ ack = true }).handshake().body)[1].ext)
        assert.is_nil(json.decode(start({ ack = true }).handshake(',"ext":{"ack":false}').body)[1].ext)
        assert.is_nil(json.decode(start().handshake(',"ext":{"ack":true}').body)[1].ext)
    end)

    local refused = {
        { '{"channel":"/meta/handshake","supportedConnectionTypes":["long-polling"]}', "400::version_missing" },
        { '{"channel":"/meta/handshake","version":"1.0"}', "405::transport_unsupported" },
        { '{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}',
            "405::transport_unsupported" },
    }
    for _, row in ipairs(refused) do
        it("refuses " .. row[1], function()
            local answer = start().post("[" .. row[1] .. "]")
            assert.equal(200, answer.status)
            assert.equal('[{"successful":false,"advice":{"interval":0,"timeout":30000,"reconnect":"none"},"error":"'
                .. row[2] .. '","channel":"/meta/handshake"}]', answer.body)
        end)
    end
end)

describe("the mock's Bayeux requests", function()
    local broken = { "", "{}", "[]", "[1]", '[{"channel":"/meta/connect"},2]', "not JSON", HANDSHAKE:format("") }
    for _, body in ipairs(broken) do
        it("are answered 400 and nothing for " .. body, function()
            local answer = start().post(body)
            assert.equal(400, answer.status)
            assert.equal("", answer.body)
        end)
    end

    it("must be posted as JSON", function()
        local server = start().server
        local text = "[" .. HANDSHAKE:format("") .. "]"
        assert.equal(400, server:handle(support.request("GET", "/x", { JSON }, text), {}).status)
        assert.equal(400, server:handle(support.request("POST", "/x", {}, text), {}).status)
    end)

    it("must have a handshake alone", function()
        local answer = start().post("[" .. HANDSHAKE:format("") .. "," .. HANDSHAKE:format("") .. "]")
        assert.equal(500, answer.status)
        assert.equal("", answer.body)
    end)

    local function lost(channel, advice)
        return '[{"successful":false,' .. (advice and '"advice":' .. advice .. "," or "")
            .. '"error":"402::session_unknown","id":"14","channel":"' .. channel .. '"}]'
    end
    for _, row in ipairs({ { "/meta/connect", AGAIN }, { "/meta/subscribe" }, { "/meta/unsubscribe" },
        { "/meta/disconnect" }, { "/v2/me/calls" } }) do
        it("of an unknown client are refused on " .. row[1], function()
            local it_ = start()
            it_.id = "nobody"
            assert.equal(lost(row[1], row[2]), it_.send(row[1], ',"connectionType":"long-polling"').body)
        end)
    end

    it("need the login and the browser of the handshake", function()
        local it_ = start()
        it_.handshake()
        local text = "[" .. it_.message("/meta/connect", ',"connectionType":"long-polling"') .. "]"
        assert.equal("[" .. LOST .. "]", it_.post(text, {}).body)
        local cookie = it_.cookie
        it_.cookie = nil
        assert.equal("[" .. LOST .. "]", it_.post(text).body)
        it_.cookie = "BAYEUX_BROWSER=other"
        assert.equal("[" .. LOST .. "]", it_.post(text).body)
        it_.cookie = "JSESSIONID=x; " .. cookie
        assert.equal("[" .. CONNECTED .. "]", it_.post(text).body)
    end)

    local refused = {
        { '{"id":"3"}', '[{"successful":false,"error":"400::channel_missing","id":"3"}]' },
        { "/meta/subscribe", "", "403::subscription_missing" },
        { "/meta/subscribe", ',"subscription":[]', "403::subscription_missing", "[]" },
        { "/meta/subscribe", ',"subscription":"calls"', "403::subscription_invalid", '"calls"' },
        { "/meta/subscribe", ',"subscription":["/a",1]', "403::subscription_invalid", '["/a",1]' },
        { "/meta/subscribe", ',"subscription":"/meta/connect"', "403::subscription_invalid", '"/meta/connect"' },
        { "/meta/unsubscribe", "", "403::subscription_missing" },
        { "/meta/connect", "", "405::transport_unsupported" },
        { "/meta/connect", ',"connectionType":"websocket"', "405::transport_unsupported" },
        { "/meta/other", "", "404::channel_unknown" },
        { "/v2/me/calls", ',"data":{}', "403::publish_denied" },
    }
    for _, row in ipairs(refused) do
        it("are refused: " .. row[1] .. (row[3] and row[2] or ""), function()
            local it_ = start()
            it_.handshake()
            if not row[3] then
                return assert.equal(row[2], it_.post("[" .. row[1] .. "]").body)
            end
            local echoed = row[4] and '"subscription":' .. row[4] .. "," or ""
            assert.equal("[{" .. echoed .. '"successful":false,"error":"' .. row[3] .. '","id":"14","channel":"'
                .. row[1] .. '"}]', it_.send(row[1], row[2]).body)
        end)
    end
end)

describe("the mock's Bayeux subscriptions", function()
    local rows = {
        { "/v2/me/calls", "/v2/me/calls", true }, { "/v2/me/calls", "/v2/me/call", false },
        { "/v2/me/calls", "/v2/me/calls/1", false },
        { "/v2/me/*", "/v2/me/calls", true }, { "/v2/me/*", "/v2/me/calls/1", false }, { "/v2/me/*", "/v2/me", false },
        { "/v2/me/*", "/me/internal", false },
        { "/v2/**", "/v2/me/calls", true }, { "/**", "/me/internal", true }, { "/*", "/me/internal", false },
    }
    for _, row in ipairs(rows) do
        it(row[1] .. (row[3] and " covers " or " does not cover ") .. row[2], function()
            local it_ = start().listen(row[1])
            it_.publish(row[2], 1)
            assert.equal("[" .. (row[3] and event(row[2], "1") .. "," or "") .. CONNECTED .. "]",
                it_.connect(',"advice":{"timeout":0}').body)
        end)
    end

    for _, row in ipairs({ { "/a", true }, { "/a/b-c_d!~()$@", true }, { "/*", true }, { "/**", true },
        { "/a/**", true }, { "a", false }, { "/", false }, { "/a/", false }, { "/a//b", false },
        { "/a/*/b", false }, { "/a*", false },
        { "/a b", false }, { "", false } }) do
        it((row[2] and "may be " or "may not be ") .. '"' .. row[1] .. '"', function()
            assert.equal(row[2], bayeux_session.is_pattern(row[1]))
        end)
    end

    it("deliver a message once however many cover it, and none after unsubscribing", function()
        local it_ = start()
        it_.handshake()
        assert.equal('[{"subscription":["/v2/me/*","/v2/me/calls","/**"],"successful":true,"id":"14",'
            .. '"channel":"/meta/subscribe"}]',
            it_.send("/meta/subscribe", ',"subscription":["/v2/me/*","/v2/me/calls","/**"]').body)
        it_.publish("/v2/me/calls", 1)
        assert.equal("[" .. event("/v2/me/calls", "1") .. "," .. CONNECTED .. "]", it_.connect().body)
        assert.equal('[{"subscription":["/v2/me/*","/**"],"successful":true,"id":"14","channel":"/meta/unsubscribe"}]',
            it_.send("/meta/unsubscribe", ',"subscription":["/v2/me/*","/**"]').body)
        it_.publish("/v2/me/outbound", 2)
        it_.publish("/v2/me/calls", 3)
        assert.equal("[" .. event("/v2/me/calls", "3") .. "," .. CONNECTED .. "]", it_.connect().body)
    end)

    it("are of one client, and messages of one owner", function()
        local it_ = start().listen("/a")
        it_.server:publish("/a", 1, function(owner)
            return owner ~= it_.owner
        end)
        assert.equal("[" .. CONNECTED .. "]", it_.connect(',"advice":{"timeout":0}').body)
    end)
end)

describe("the mock's Bayeux connect", function()
    it("comes back at once the first time, and is parked for the timeout after that", function()
        local it_ = start()
        it_.handshake()
        assert.equal("[" .. CONNECTED .. "]", it_.connect().body)
        local park = it_.connect().park
        assert.equal(1030000, park.wake_ms())
        it_.advance(29999)
        assert.is_nil(park.resume())
        it_.advance(1)
        local answer = park.resume()
        assert.equal(200, answer.status)
        assert.equal("[" .. CONNECTED .. "]", answer.body)
    end)

    it("brings messages as soon as there are any, in order, itself last", function()
        local it_ = start().listen("/**")
        local park = it_.connect().park
        it_.publish("/v2/me/outbound", json.object({ { "a", 1 } }))
        it_.publish("/me/internal", json.object({ { "b", 2 } }))
        assert.equal("[" .. event("/v2/me/outbound", '{"a":1}') .. "," .. event("/me/internal", '{"b":2}') .. ","
            .. CONNECTED .. "]", park.resume().body)
        it_.publish("/c", 3)
        assert.equal("[" .. event("/c", "3") .. "," .. CONNECTED .. "]", it_.connect().body)
    end)

    it("waits as long as the client asks", function()
        local it_ = start().listen("/a")
        assert.equal("[" .. CONNECTED .. "]", it_.connect(',"advice":{"timeout":0}').body)
        assert.equal(1000500, it_.connect(',"advice":{"timeout":500}').park.wake_ms())
    end)

    it("is not parked beside other messages", function()
        local it_ = start().listen("/a")
        local answer = it_.post("[" .. it_.message("/meta/subscribe", ',"subscription":"/b"') .. ","
            .. it_.message("/meta/connect", ',"connectionType":"long-polling"') .. "]")
        assert.equal('[{"subscription":"/b","successful":true,"id":"14","channel":"/meta/subscribe"},' .. CONNECTED
            .. "]", answer.body)
    end)

    it("lets other replies carry what waits while none is parked", function()
        local it_ = start().listen("/a")
        it_.publish("/a", 1)
        assert.equal("[" .. event("/a", "1")
            .. ',{"subscription":"/b","successful":true,"id":"14","channel":"/meta/subscribe"}]',
            it_.send("/meta/subscribe", ',"subscription":"/b"').body)
        local park = it_.connect().park
        it_.publish("/a", 2)
        assert.equal('[{"subscription":"/c","successful":true,"id":"14","channel":"/meta/subscribe"}]',
            it_.send("/meta/subscribe", ',"subscription":"/c"').body)
        assert.equal("[" .. event("/a", "2") .. "," .. CONNECTED .. "]", park.resume().body)
        it_.publish("/a", 3)
        assert.equal("[" .. event("/a", "3")
            .. ',{"subscription":"/c","successful":true,"id":"14","channel":"/meta/subscribe"}]',
            it_.send("/meta/subscribe", ',"subscription":"/c"').body)
    end)

    it("ends an older one with 500 and nothing, and loses no message by it", function()
        local it_ = start().listen("/a")
        local older = it_.connect().park
        local newer = it_.connect().park
        local answer = older.resume()
        assert.equal(500, answer.status)
        assert.equal("", answer.body)
        assert.is_nil(newer.resume())
        it_.publish("/a", 1)
        assert.equal(500, older.resume().status)
        assert.equal("[" .. event("/a", "1") .. "," .. CONNECTED .. "]", newer.resume().body)
    end)

    it("advises a second client of one browser to come back later", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.handshake()
        assert.equal('[{"successful":true,"advice":{"interval":2000,"timeout":30000,"reconnect":"retry",'
            .. '"multiple-clients":true},"id":"14","channel":"/meta/connect"}]', it_.connect().body)
        it_.advance(9000)
        it_.server:drop_connects()
        assert.is_true(park.resume().drop)
        assert.truthy(it_.connect().park)
    end)

    it("keeps a client for the time that it may be away", function()
        local it_ = start().listen("/a")
        it_.advance(10000)
        assert.equal("[" .. CONNECTED .. "]", it_.connect(',"advice":{"timeout":0}').body)
        it_.advance(10001)
        assert.equal("[" .. LOST .. "]", it_.connect().body)
        assert.equal(0, it_.server:count())
    end)

    it("counts that time from its answer", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.advance(20000)
        it_.publish("/a", 1)
        assert.truthy(park.resume())
        it_.advance(10000)
        assert.truthy(it_.connect().park)
        it_.advance(20000)
        it_.server:drop_connects()
        it_.advance(10000)
        assert.truthy(it_.connect().park)
    end)

    it("counts that time from the end of one that nobody fetched", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.advance(40000)
        assert.equal(1, it_.server:count())
        it_.advance(1)
        assert.equal(0, it_.server:count())
        assert.equal("[" .. LOST .. "]", park.resume().body)
    end)

    it("comes back when the client leaves", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.publish("/a", 1)
        assert.equal('[{"successful":true,"id":"14","channel":"/meta/disconnect"}]', it_.send("/meta/disconnect").body)
        assert.equal("[" .. event("/a", "1")
            .. ',{"successful":true,"advice":{"interval":0,"timeout":30000,"reconnect":"none"},"id":"14",'
            .. '"channel":"/meta/connect"}]', park.resume().body)
        assert.equal("[" .. LOST .. "]", it_.connect().body)
    end)

    it("is answered 402 when the client is forgotten", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.server:forget(function()
            return false
        end)
        assert.is_nil(park.resume())
        it_.server:forget(everybody)
        assert.equal("[" .. LOST .. "]", park.resume().body)
    end)

    it("can be dropped or ended as a duplicate, and the client stays known", function()
        local it_ = start().listen("/a")
        local park = it_.connect().park
        it_.server:drop_connects()
        it_.publish("/a", 1)
        assert.is_true(park.resume().drop)
        assert.equal("[" .. event("/a", "1") .. "," .. CONNECTED .. "]", it_.connect().body)
        park = it_.connect().park
        it_.server:duplicate_connects()
        assert.equal(500, park.resume().status)
        assert.truthy(it_.connect().park)
    end)
end)

describe("the mock's Bayeux acknowledgements", function()
    local function acked(number)
        return '{"successful":true,"advice":' .. ADVICE .. ',"ext":{"ack":' .. number
            .. '},"id":"14","channel":"/meta/connect"}'
    end

    it("send again what the client has not had, in order, before what is new", function()
        local it_ = start({ ack = true }).listen("/a", ',"ext":{"ack":true}')
        it_.publish("/a", 1)
        assert.equal("[" .. event("/a", "1") .. "," .. acked(2) .. "]", it_.connect(',"ext":{"ack":1}').body)
        it_.publish("/a", 2)
        assert.equal("[" .. event("/a", "1") .. "," .. event("/a", "2") .. "," .. acked(3) .. "]",
            it_.connect(',"ext":{"ack":1}').body)
        assert.equal("[" .. event("/a", "2") .. "," .. acked(4) .. "]", it_.connect(',"ext":{"ack":2}').body)
        local park = it_.connect(',"ext":{"ack":4}').park
        assert.is_nil(park.resume())
    end)

    it("keep messages out of other replies", function()
        local it_ = start({ ack = true }).listen("/a", ',"ext":{"ack":true}')
        it_.publish("/a", 1)
        assert.equal('[{"subscription":"/b","successful":true,"id":"14","channel":"/meta/subscribe"}]',
            it_.send("/meta/subscribe", ',"subscription":"/b"').body)
        assert.equal("[" .. event("/a", "1") .. "," .. acked(2) .. "]", it_.connect(',"ext":{"ack":1}').body)
    end)

    it("bring 10,000 messages once each while every tenth connection closes", function()
        local it_ = start({ ack = true, drop_connect_every = 10 }).listen("/a", ',"ext":{"ack":true}')
        local had, expected, ack = {}, {}, 1
        for number = 1, 10000 do
            expected[number] = number
            it_.publish("/a", number)
            if number % 7 == 0 or number == 10000 then
                local answer
                repeat
                    answer = it_.connect(',"ext":{"ack":' .. ack .. "}")
                until not answer.drop
                local list = json.decode(answer.body)
                ack = table.remove(list).ext.ack
                for _, message in ipairs(list) do
                    had[#had + 1] = message.data
                end
            end
        end
        assert.same(expected, had)
    end)

    it("without them a closed connection takes its messages along", function()
        local it_ = start({ drop_connect_every = 2 }).listen("/a")
        it_.publish("/a", 1)
        assert.is_true(it_.connect().drop)
        it_.publish("/a", 2)
        assert.equal("[" .. event("/a", "2") .. "," .. CONNECTED .. "]", it_.connect().body)
    end)
end)
