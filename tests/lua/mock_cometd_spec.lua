-- The mock's notifications as CometD's own JavaScript client sees them (tests/servers/cometd_client.js): both are
-- started as processes, and what the client tells is compared line by line. And a parked connect by curl.
package.path = "tests/lua/?.lua;" .. package.path
local child = require("child")

local quote = child.quote
local CLIENT = "tests/servers/cometd_client.js"
local MODULES = "build/npm/node_modules"
local ADVICE = '{"interval":0,"timeout":30000,"reconnect":"retry"}'
local HANDSHAKE = "handshake 1.0 long-polling " .. ADVICE .. " {}"

local stop

-- Starts a mock with settings written as Lua; returns its address.
local function start(settings)
    local base
    base, stop = child.mock(("settings = { genesys = { %s } }"):format(settings or ""))
    return base
end

-- Runs one scenario; returns the lines it printed, its exit code the last.
local function play(base, scenario, count)
    local pipe = assert(io.popen(("unset LD_PRELOAD; NODE_PATH=%s node %s %s %s %s 2>&1; echo exit $?"):format(MODULES,
        CLIENT, base, scenario, count or "")))
    local lines = {}
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    pipe:close()
    return lines
end

-- What curl prints for a request with these arguments.
local function curl(arguments)
    local pipe = assert(io.popen("unset LD_PRELOAD; curl -sS -m 20 -u agent:secret " .. arguments))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

describe("the mock's parked connect", function()
    after_each(function() stop() end)

    it("comes back by itself after its timeout", function()
        local base = start("csrf = false, cometd = { timeout_ms = 80 }")
        local jar = os.tmpname()
        local function post(message, more)
            return curl(("-b %s -c %s -H 'Content-Type: application/json' -d %s %s %s/api/v2/notifications"):format(jar,
                jar, quote("[" .. message .. "]"), more or "", base))
        end
        local id = post('{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}')
            :match('"clientId":"(%x+)"')
        local connect = '{"channel":"/meta/connect","clientId":"' .. id .. '","connectionType":"long-polling"}'
        local reply = '[{"successful":true,"advice":{"interval":0,"timeout":80,"reconnect":"retry"},'
            .. '"channel":"/meta/connect"}]'
        assert.equal(reply, post(connect))
        local text, seconds = post(connect, "-w '\n%{time_total}'"):match("^(.*)\n(.*)$")
        assert.equal(reply, text)
        -- The mock counts whole milliseconds, curl does not: what began within one may end within one, 80 later.
        assert.truthy(tonumber((seconds:gsub(",", "."))) > 0.079)
        os.remove(jar)
    end)
end)

describe("CometD's JavaScript client and the mock", function()
    local file = io.open(MODULES .. "/cometd/package.json")
    if file then
        file:close()
    elseif not os.getenv("CI") then -- a machine that reaches no npm may go without; CI may not
        return pending("the npm packages of tests/servers/package.json are not in " .. MODULES .. ": make deps")
    end

    after_each(function() stop() end)

    -- What it tells of each scenario between the handshake and the end.
    local scenarios = {
        { "dial", "subscribe /v2/me/calls true", 'Dial 200 {"statusCode":0}', "StatusChange Dialing 5001 t-1",
            "StatusChange Established 5001 t-1", "StatusChange Released 5001 t-1", "disconnect true" },
        { "record", "subscribe /v2/me/outbound true", "subscribe /me/internal true",
            'AddRecord 200 {"statusCode":0}', "/v2/me/outbound AddRecordAcknowledge r-1",
            "/me/internal AddRecordAcknowledge 1", "disconnect true" },
        { "session", "subscribe /v2/me/* true", 'StartContactCenterSession 200 {"statusCode":0}',
            "DeviceStateChangeMessage LoggedIn", "DeviceStateChangeMessage NotReady", "disconnect true",
            'EndContactCenterSession 200 {"statusCode":0}',
            'NotReady 403 {"statusCode":20,"statusMessage":"Access denied"}' },
        { "forget", "subscribe /test true", "connect failed 402::session_unknown 200", "handshake again true",
            "subscribe /test true", 'heard {"n":1}', "disconnect true" },
        { "drop", "subscribe /test true", "connect failed without a reply 0", 'heard {"n":1}', "disconnect true" },
        { "duplicate", "subscribe /test true", "connect failed without a reply 500", 'heard {"n":1}',
            "disconnect true" },
        { "expire", "handshake refused 403", "handshake again true", "subscribe /test true", "heard 1",
            "disconnect true" },
    }
    for _, row in ipairs(scenarios) do
        it("understand each other: " .. row[1], function()
            local expected = { HANDSHAKE }
            for index = 2, #row do
                expected[index] = row[index]
            end
            expected[#expected + 1] = "exit 0"
            assert.same(expected, play(start(), row[1]))
        end)
    end

    it("understand each other: 2,000 events with acknowledgements while every tenth connection closes", function()
        assert.same({ "handshake 1.0 long-polling " .. ADVICE .. ' {"ack":true}', "subscribe /test true",
            "events 2000 out of order 0 connections lost true", "disconnect true", "exit 0" },
            play(start("cometd = { ack = true, drop_connect_every = 10 }"), "many", 2000))
    end)
end)
