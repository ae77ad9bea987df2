-- A Bayeux server as CometD 3 is one, over long polling: handshake, connect, subscribe, unsubscribe and disconnect. It
-- answers requests and takes messages to deliver; whose they are is told by who uses it. A connect without news is
-- parked: its answer comes later (see router.lua).

local bayeux_session = require("mock.bayeux_session")
local http = require("mock.http")
local json = require("mock.json")

local bayeux = {}

local BROWSER_COOKIE = "BAYEUX_BROWSER"
local TRANSPORT = "long-polling"

-- Errors as CometD writes them, number first. Those of the last three rows are this mock's in wording.
local UNKNOWN_CLIENT = "402::session_unknown"
local NO_CHANNEL = "400::channel_missing"
local NO_SUBSCRIPTION = "403::subscription_missing"
local BAD_SUBSCRIPTION = "403::subscription_invalid"
local NO_PUBLISHING = "403::publish_denied"
local NO_VERSION = "400::version_missing"
local NO_TRANSPORT = "405::transport_unsupported"
local NO_META_CHANNEL = "404::channel_unknown"

local function http_error(status)
    return http.answer(status, nil, "")
end

local Server = {}
Server.__index = Server

--- A server without clients. options: now_ms (the clock), hex (function: so many random digits), settings (those named
--- cometd in settings.lua).
function bayeux.new(options)
    return setmetatable({ now_ms = options.now_ms, hex = options.hex, settings = options.settings, sessions = {},
        order = {}, connects = 0 }, Server)
end

function Server:advice(more)
    local own = self.settings
    local list = {
        { "interval", own.interval_ms }, { "timeout", own.timeout_ms }, { "reconnect", "retry" },
        { "maxInterval", own.advise_max_interval and own.max_interval_ms or nil },
    }
    for name, value in pairs(more or {}) do
        local replaced
        for _, pair in ipairs(list) do
            if pair[1] == name then
                pair[2], replaced = value, true
            end
        end
        if not replaced then
            list[#list + 1] = { name, value }
        end
    end
    return json.object(list)
end

local HANDSHAKE_AGAIN = { reconnect = "handshake" }

-- A reply to a message: members in order, then what every reply has.
local function reply_to(message, members, failure)
    local list = {}
    for _, member in ipairs(members) do
        list[#list + 1] = member
    end
    list[#list + 1] = { "error", failure }
    list[#list + 1] = { "id", message.id }
    list[#list + 1] = { "channel", message.channel }
    return json.object(list)
end

local function refusal(message, failure, advice)
    return reply_to(message, { { "subscription", message.subscription }, { "successful", false },
        { "advice", advice } }, failure)
end

local function answer_with(messages, headers)
    return http.answer(200, "application/json;charset=UTF-8", json.encode(json.array(messages)), headers)
end

function Server:remove(session, ended)
    self.sessions[session.id] = nil
    session.ended = ended
    for index, other in ipairs(self.order) do
        if other == session then
            table.remove(self.order, index)
            return
        end
    end
end

-- Forgets those who have been away for too long.
function Server:sweep()
    local now_ms = self.now_ms()
    local away_ms = self.settings.interval_ms + self.settings.max_interval_ms
    for index = #self.order, 1, -1 do
        if self.order[index]:is_stale(now_ms, away_ms) then
            self:remove(self.order[index], "stale")
        end
    end
end

---- the parked connect ----

function Server:connect_answer(session, message, more)
    session.seen_ms = self.now_ms()
    local messages = session:take()
    messages[#messages + 1] = reply_to(message, { { "successful", true }, { "advice", self:advice(more) },
        { "ext", session.ack and json.object({ { "ack", session.batch } }) or nil } })
    return messages
end

-- The answer of a connect by which a client hears of its end.
function Server:last_answer(session, message)
    local messages = session:take()
    if session.ended == "disconnect" then
        messages[#messages + 1] = reply_to(message, { { "successful", true },
            { "advice", self:advice({ reconnect = "none" }) } })
    else
        messages[#messages + 1] = refusal(message, UNKNOWN_CLIENT, self:advice(HANDSHAKE_AGAIN))
    end
    return answer_with(messages)
end

-- An answered connect goes out, or its connection closes where the setting says so.
function Server:send_connect(messages)
    self.connects = self.connects + 1
    local every = self.settings.drop_connect_every
    if every > 0 and self.connects % every == 0 then
        return { drop = true, headers = {} }
    end
    return answer_with(messages)
end

function Server:park(session, message, timeout_ms)
    local server = self
    local park = { until_ms = self.now_ms() + timeout_ms }
    session.park = park

    function park.resume()
        server:sweep()
        if park.answer then
            return park.answer
        elseif session.ended then
            return server:last_answer(session, message)
        elseif #session.queue > 0 or server.now_ms() >= park.until_ms then
            session.park = nil
            return server:send_connect(server:connect_answer(session, message))
        end
    end

    function park.wake_ms()
        return park.until_ms
    end

    return park
end

-- Ends a parked connect with that answer instead of a reply; what waits for the client goes on waiting.
local function end_park(session, answer, now_ms)
    if session.park then
        session.park.answer = answer
        session.park = nil
        session.seen_ms = now_ms
    end
end

---- the meta channels ----

local META = {}

META["/meta/handshake"] = function(self, message, request, owner)
    local transports, common = message.supportedConnectionTypes, false
    if json.type(transports) == "array" then
        for _, name in ipairs(transports) do
            common = common or name == TRANSPORT
        end
    end
    if json.type(message.version) ~= "string" then
        return refusal(message, NO_VERSION, self:advice({ reconnect = "none" }))
    elseif not common then
        return refusal(message, NO_TRANSPORT, self:advice({ reconnect = "none" }))
    end
    local headers
    local browser = http.cookie(request, BROWSER_COOKIE)
    if not browser then
        browser = self.hex(32)
        headers = { { "Set-Cookie", BROWSER_COOKIE .. "=" .. browser .. ";Path=/;HttpOnly" } }
    end
    local ext = message.ext
    local ack = self.settings.ack and json.type(ext) == "object" and ext.ack ~= nil and ext.ack ~= false
    local session = bayeux_session.new(self.hex(26), owner, browser, ack, self.now_ms())
    self.sessions[session.id] = session
    self.order[#self.order + 1] = session
    return reply_to(message, {
        { "minimumVersion", "1.0" }, { "clientId", session.id },
        { "supportedConnectionTypes", json.array({ TRANSPORT }) }, { "advice", self:advice() },
        { "ext", ack and json.object({ { "ack", true } }) or nil }, { "version", "1.0" }, { "successful", true },
    }), headers
end

function Server:parked_beside(session)
    local count = 0
    for _, other in ipairs(self.order) do
        if other ~= session and other.park and other.browser == session.browser then
            count = count + 1
        end
    end
    return count
end

-- Returns the connect's messages, or the park where they come later.
META["/meta/connect"] = function(self, message, _, _, session, alone)
    if message.connectionType ~= TRANSPORT then
        return refusal(message, NO_TRANSPORT)
    end
    -- Of two connects at a time the older one is ended as CometD does it.
    end_park(session, http_error(500), self.now_ms())
    local ext, advice = message.ext, message.advice
    if session.ack and json.type(ext) == "object" and json.type(ext.ack) == "integer" then
        session:acknowledge(ext.ack)
    end
    local timeout_ms = self.settings.timeout_ms
    if json.type(advice) == "object" and json.type(advice.timeout) == "integer" then
        timeout_ms = advice.timeout
    end
    local first = not session.connected
    session.connected = true
    if self:parked_beside(session) >= self.settings.sessions_per_browser then
        return nil, nil, self:connect_answer(session, message, { ["multiple-clients"] = true,
            interval = self.settings.multi_session_interval_ms })
    elseif first or not alone or timeout_ms <= 0 or #session.queue > 0 then
        return nil, nil, self:connect_answer(session, message)
    end
    return nil, nil, nil, self:park(session, message, timeout_ms)
end

-- The subscriptions that a message names, one or several; nil and the error where they cannot be read.
local function patterns_of(message)
    local given = message.subscription
    local list = json.type(given) == "array" and given or { given }
    if list[1] == nil then
        return nil, NO_SUBSCRIPTION
    end
    for _, pattern in ipairs(list) do
        if json.type(pattern) ~= "string" or not bayeux_session.is_pattern(pattern)
            or pattern:find("^/meta/") then
            return nil, BAD_SUBSCRIPTION
        end
    end
    return list
end

local function change_subscriptions(message, session, value)
    local patterns, failure = patterns_of(message)
    if not patterns then
        return refusal(message, failure)
    end
    for _, pattern in ipairs(patterns) do
        session.patterns[pattern] = value
    end
    return reply_to(message, { { "subscription", message.subscription }, { "successful", true } })
end

META["/meta/subscribe"] = function(_, message, _, _, session)
    return change_subscriptions(message, session, true)
end

META["/meta/unsubscribe"] = function(_, message, _, _, session)
    return change_subscriptions(message, session, nil)
end

META["/meta/disconnect"] = function(self, message, _, _, session)
    self:remove(session, "disconnect")
    return reply_to(message, { { "successful", true } })
end

-- The session of a message: its identifier, its login and its browser must be those of the handshake.
function Server:session_of(message, request, owner)
    local session = json.type(message.clientId) == "string" and self.sessions[message.clientId]
    if session and session.owner == owner and session.browser == http.cookie(request, BROWSER_COOKIE) then
        return session
    end
end

-- Answers one message: its reply, headers, or a connect's messages, or a connect's park; and the session it is of.
function Server:process(message, request, owner, alone)
    if json.type(message.channel) ~= "string" then
        return refusal(message, NO_CHANNEL)
    end
    local handler = META[message.channel]
    if message.channel == "/meta/handshake" then
        return handler(self, message, request, owner)
    end
    local session = self:session_of(message, request, owner)
    if not session then
        return refusal(message, UNKNOWN_CLIENT,
            message.channel == "/meta/connect" and self:advice(HANDSHAKE_AGAIN) or nil)
    elseif not handler then
        return refusal(message, message.channel:find("^/meta/") and NO_META_CHANNEL or NO_PUBLISHING)
    end
    local reply, headers, messages, park = handler(self, message, request, owner, session, alone)
    return reply, headers, messages, park, session
end

local function read_messages(request)
    local list = json.decode(request.body)
    if json.type(list) ~= "array" or not list[1] then
        return nil
    end
    local handshakes = 0
    for _, message in ipairs(list) do
        if json.type(message) ~= "object" then
            return nil
        elseif message.channel == "/meta/handshake" then
            handshakes = handshakes + 1
        end
    end
    return list, handshakes > 0 and #list > 1
end

--- Answers one request of that owner, whatever its path. Only the owner who has shaken hands may use a clientId.
function Server:handle(request, owner)
    self:sweep()
    local list, crowded
    if request.method == "POST" and http.is_json(request) then
        list, crowded = read_messages(request)
    end
    if not list then
        return http_error(400)
    elseif crowded then
        return http_error(500) -- a handshake must be alone
    end
    local out, headers, replies, connected, session = {}, nil, {}, false, nil
    for _, message in ipairs(list) do
        local reply, more, messages, park, found = self:process(message, request, owner, #list == 1)
        if park then
            return { park = park, headers = {} }
        elseif messages then
            connected = true
            replies[#replies + 1] = table.remove(messages) -- the connect's own reply; before it the events
            for _, event in ipairs(messages) do
                out[#out + 1] = event
            end
        else
            replies[#replies + 1] = reply
        end
        headers, session = headers or more, found or session
    end
    -- Other replies carry what waits too, unless a connect is there for it or is promised to have all.
    if session and not session.ended and not connected and not session.ack and not session.park then
        out = session:take()
    end
    for _, reply in ipairs(replies) do
        out[#out + 1] = reply
    end
    if connected then
        return self:send_connect(out)
    end
    return answer_with(out, headers)
end

---- for those who use it ----

--- Delivers data on a channel to the clients that listen, of those owners for whom chosen(owner) is true.
function Server:publish(channel, data, chosen)
    self:sweep()
    local event = json.object({ { "data", data }, { "channel", channel } })
    for _, session in ipairs(self.order) do
        if chosen(session.owner) and session:listens(channel) then
            session:push(event)
        end
    end
end

--- Forgets the clients of those owners: their next message, and a parked connect, is answered 402.
function Server:forget(chosen)
    for index = #self.order, 1, -1 do
        if chosen(self.order[index].owner) then
            self:remove(self.order[index], "forgotten")
        end
    end
end

--- Closes the connections of all parked connects; the clients stay known.
function Server:drop_connects()
    for _, session in ipairs(self.order) do
        end_park(session, { drop = true }, self.now_ms())
    end
end

--- Ends all parked connects as if the same client had sent another.
function Server:duplicate_connects()
    for _, session in ipairs(self.order) do
        end_park(session, http_error(500), self.now_ms())
    end
end

--- How many connects are parked.
function Server:parked()
    self:sweep()
    local count = 0
    for _, session in ipairs(self.order) do
        count = count + (session.park and 1 or 0)
    end
    return count
end

--- How many clients there are.
function Server:count()
    self:sweep()
    return #self.order
end

return bayeux
