-- A Genesys client against a small server in the same Lua: its session at the switch, and what closing does with it.

local core = require "outdial.core"
local httpd = require "outdial.httpd"
local scheduler = require "outdial.scheduler"
local factory = require("outdial.client").factory

local JSON = { { "Content-Type", "application/json" } }
local SUCCESS = '{"statusCode":0}'

describe("a Genesys client", function()
    local engine, s, server, seen, answers, client

    before_each(function()
        engine = assert(core.engine_new())
        s = scheduler.new(engine)
        server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
        seen, answers = {}, {}
        client = factory(s)("genesys", {
            base_url = ("http://127.0.0.1:%d"):format(server:port()), username = "u", password = "p", device_id = "d1",
            rate = false, retry = false,
        })
    end)

    after_each(function()
        server:close()
    end)

    -- Each request is noted as "METHOD path operation"; the answer is that of its line, else a success.
    local function answer(request)
        local operation = request.body:match('"operationName":"(%a+)"')
        local line = request.method .. " " .. request.path .. (operation and " " .. operation or "")
        seen[#seen + 1] = line
        local said = answers[line] or { 200, SUCCESS }
        request:respond(said[1], JSON, said[2])
    end

    local function run(fn)
        return s.run(function()
            s.daemon(function()
                while s.await(engine:await(server:fd())) do
                    local list = server:step()
                    while list[1] do
                        for _, request in ipairs(list) do answer(request) end
                        list = server:step()
                    end
                end
            end)
            return fn()
        end)
    end

    it("ends its session last of all when it is closed", function()
        run(function()
            assert.same({ statusCode = 0 }, client:start_contact_center_session())
            assert.is_true(client:close())
            assert.is_true(client:close())
        end)
        assert.same({ "GET /api/v2/me", "POST /api/v2/me StartContactCenterSession",
            "POST /api/v2/me EndContactCenterSession" }, seen)
    end)

    it("waits for what is under way before the end of its session", function()
        run(function()
            s.spawn(client.start_contact_center_session, client)
            s.spawn(client.hangup, client, { callId = "C1" })
            s.sleep(0)
            assert.is_true(client:close())
        end)
        assert.equal(4, #seen)
        assert.equal("POST /api/v2/me EndContactCenterSession", seen[4])
    end)

    it("sends nothing when it is closed without a session", function()
        run(function()
            assert.is_table(client:hangup { callId = "C1" })
            assert.is_true(client:close())
        end)
        assert.same({ "GET /api/v2/me", "POST /api/v2/me/calls/C1 Hangup" }, seen)
    end)

    it("does not end what the script has ended", function()
        run(function()
            assert(client:start_contact_center_session())
            assert(client:end_contact_center_session())
            assert.is_true(client:close())
        end)
        assert.equal(3, #seen)
    end)

    it("is closed even if the end of its session is refused, and says so", function()
        answers["POST /api/v2/me EndContactCenterSession"] = { 500, '{"statusCode":4,"statusMessage":"m"}' }
        run(function()
            assert(client:start_contact_center_session())
            local closed, err = client:close()
            assert.is_nil(closed)
            assert.equal("unavailable: 4: m", tostring(err))
            assert.is_true(client:close())
            assert.has_error(function() client:get_me() end, "outdial: genesys:get_me: this client is closed")
        end)
    end)

    it("tells what was done in part", function()
        answers["POST /api/v2/me StartContactCenterSession"] = { 200, '{"statusCode":7,"failed":[{"statusCode":4,'
            .. '"channel":"email","statusMessage":"m"}],"succeeded":[{"statusCode":0,"channel":"voice"}]}' }
        run(function()
            assert.same({ statusCode = 7, partial = true, failed = { { statusCode = 4, channel = "email",
                statusMessage = "m" } }, succeeded = { { statusCode = 0, channel = "voice" } } },
                client:start_contact_center_session { channels = { "voice", "email" } })
            client:close()
        end)
        assert.equal("POST /api/v2/me EndContactCenterSession", seen[3])
    end)

    it("waits until the agent's device is logged in", function()
        answers["GET /api/v2/me/devices"] = { 200, '{"statusCode":0,"devices":[{"id":"d1","userState":'
            .. '{"state":"NotReady"}}]}' }
        run(function()
            assert.same({ statusCode = 0, device = { id = "d1", userState = { state = "NotReady" } } },
                client:start_contact_center_session { wait = 10 })
        end)
        assert.same({ "GET /api/v2/me", "POST /api/v2/me StartContactCenterSession", "GET /api/v2/me/devices" }, seen)
    end)

    it("waits for an acknowledgement only where it can hear it", function()
        local added, err = client:add_record { phoneNumber = "12345", from = 0, ["until"] = 86339, wait = true,
            applicationId = 134, campaignName = "C", callingList = "L", timeZone = "GMT", phoneType = "Mobile" }
        assert.is_nil(added)
        assert.equal("validation /wait: expected a subscription to /v2/me/outbound, whose events tell of it",
            tostring(err))
        assert.equal("not_placed", err.placement)
    end)
end)
