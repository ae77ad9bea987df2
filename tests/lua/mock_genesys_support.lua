-- A client of the mock's Genesys Web Services for specs: logs in as a client does, keeps cookies and the CSRF token,
-- sends operations, and speaks Bayeux.

local assert = require("luassert")
local genesys = require("mock.genesys")
local json = require("mock.json")
local support = dofile("tests/lua/mock_support.lua")

local genesys_support = { support = support }

genesys_support.DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
genesys_support.OTHER = "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7"
genesys_support.UNREGISTERED = "0b1c2d3e-4f50-4161-8273-8495a6b7c8d9"
genesys_support.AGENT = "Basic YWdlbnQ6c2VjcmV0" -- agent:secret
genesys_support.CLERK = "Basic Y2xlcms6c2VjcmV0" -- clerk:secret

local Client = {}
Client.__index = Client

--- A client of that state that has logged in; basic defaults to the agent's credentials.
function genesys_support.client(state, basic)
    local self = { state = state, basic = basic or genesys_support.AGENT, cookies = {}, order = {} }
    setmetatable(self, Client)
    self.csrf = support.header(self:get("/api/v2/me"), "X-CSRF-TOKEN")
    return self
end

function Client:headers(more)
    local list = { { "Host", "gws.example.com" }, { "Content-Type", "application/json;charset=UTF-8" } }
    local cookies = {}
    for index, name in ipairs(self.order) do
        cookies[index] = name .. "=" .. self.cookies[name]
    end
    if self.basic then
        list[#list + 1] = { "Authorization", self.basic }
    end
    if cookies[1] then
        list[#list + 1] = { "Cookie", table.concat(cookies, "; ") }
    end
    if self.csrf then
        list[#list + 1] = { "X-CSRF-TOKEN", self.csrf }
    end
    for _, header in ipairs(more or {}) do
        list[#list + 1] = header
    end
    return list
end

function Client:keep_cookies(answer)
    for _, header in ipairs(answer.headers) do
        if header[1] == "Set-Cookie" then
            local name, value = header[2]:match("^([^=]+)=([^;]*)")
            if not self.cookies[name] then
                self.order[#self.order + 1] = name
            end
            self.cookies[name] = value
        end
    end
    return answer
end

function Client:get(target)
    return self:keep_cookies(genesys.handle(self.state, support.request("GET", target, self:headers())))
end

function Client:post(target, body)
    return self:keep_cookies(genesys.handle(self.state, support.request("POST", target, self:headers(), body)))
end

--- An operation: the target, its name and the rest of the body as JSON members.
function Client:operate(target, name, members)
    return self:post(target, '{"operationName":"' .. name .. '"' .. (members and "," .. members or "") .. "}")
end

--- Posts Bayeux messages: JSON text. Returns the answer.
function Client:bayeux(text)
    return self:post("/api/v2/notifications", text)
end

function Client:handshake(more)
    local answer = self:bayeux('[{"channel":"/meta/handshake","version":"1.0",'
        .. '"supportedConnectionTypes":["long-polling"],"id":"1"' .. (more or "") .. "}]")
    self.id = json.decode(answer.body)[1].clientId
    return answer
end

function Client:subscribe(pattern)
    return self:bayeux('[{"channel":"/meta/subscribe","clientId":"' .. self.id .. '","subscription":"' .. pattern
        .. '","id":"2"}]')
end

--- Sends a connect; the answer may be parked.
function Client:connect(more)
    return self:bayeux('[{"channel":"/meta/connect","clientId":"' .. self.id
        .. '","connectionType":"long-polling","id":"14"' .. (more or "") .. "}]")
end

--- Handshake, subscriptions, and the first connect, which comes back at once.
function Client:listen(...)
    self:handshake()
    for _, pattern in ipairs({ ... }) do
        self:subscribe(pattern)
    end
    self:connect()
    return self
end

--- The body of a connect's answer: everything that waits, or the empty reply.
function Client:fetch()
    return self:connect(',"advice":{"timeout":0}').body
end

--- The events that wait, decoded.
function Client:events()
    local list = json.decode(self:fetch())
    table.remove(list) -- the connect's own reply
    return list
end

--- What the events that wait are about, one short text each: the notification's kind with the call's, the record's or
--- the devices' state.
function Client:heard()
    local list = {}
    for index, event in ipairs(self:events()) do
        local data = event.data
        local text = data.notificationType or data.messageType
        if data.call then
            text = text .. " " .. data.call.state
        elseif data.devices then
            local states = {}
            for at, device in ipairs(data.devices) do
                states[at] = device.phoneNumber .. "=" .. device.userState.state
            end
            text = text .. " " .. table.concat(states, " ")
        end
        list[index] = text
    end
    return list
end

--- Dials on the agent's first device; more is JSON members.
function Client:dial(number, more)
    return self:operate("/api/v2/me/devices/" .. genesys_support.DEVICE .. "/calls", "Dial",
        '"destination":{"phoneNumber":"' .. number .. '"}' .. (more or ""))
end

--- The agent's live calls, and the address of the last one.
function Client:live()
    local list = json.decode(self:get("/api/v2/me?subresources=calls").body).user.calls
    return list, list[1] and "/api/v2/me/calls/" .. list[#list].id
end

--- Moves the clock and lets happen what is due.
function Client:wait(ms)
    self.state.advance(ms)
    self.state.catch_up()
end

--- An agent of a new mock with these settings who hears of devices, calls and records.
function genesys_support.listening(given)
    local state = support.state({ settings = { genesys = given or {} } })
    return genesys_support.client(state):listen("/v2/me/*")
end

--- An agent in the middle of a call: the client, the call's address and the call.
function genesys_support.talking(given)
    local client = genesys_support.listening(given)
    client:dial("5001", ',"userData":{"CustomerSegment":"Gold"}')
    client:wait(310)
    client:events()
    local list, target = client:live()
    return client, target, list[1]
end

--- Compares an answer's body and status.
function genesys_support.expect(answer, status, body)
    assert.equal(body, answer.body)
    assert.equal(status, answer.status)
end

return genesys_support
