-- One Bayeux client as its server remembers it: what it has subscribed to, what waits for it, and its parked connect.
-- Pure; bayeux.lua speaks the protocol.

local bayeux_session = {}

local Session = {}
Session.__index = Session

--- A new session. owner: whose it is, as the server's user tells; browser: the value of its BAYEUX_BROWSER cookie;
--- ack: whether both sides have agreed on acknowledgements.
function bayeux_session.new(id, owner, browser, ack, now_ms)
    return setmetatable({
        id = id, owner = owner, browser = browser, ack = ack,
        patterns = {}, -- the set of subscriptions
        queue = {}, -- { message, batch }: batch is the number of the connect reply that carried it, with ack only
        batch = 0,
        seen_ms = now_ms, -- when it was last answered
    }, Session)
end

-- A channel or pattern: segments of the characters that the protocol permits, "*" or "**" as the last one.
--- Whether a client may subscribe to it.
function bayeux_session.is_pattern(text)
    if not text:find("^/[^/]") or text:find("//", 1, true) or text:find("/$") then
        return false
    end
    local path, last = text:match("^(.*)/([^/]+)$")
    local segment = "[^%w%-_!~()$@/]"
    return not path:find(segment) and (last == "*" or last == "**" or not last:find(segment))
end

local function matches(pattern, channel)
    local prefix, stars = pattern:match("^(.*/)(%*%*?)$")
    if not prefix then
        return pattern == channel
    end
    local rest = channel:sub(1, #prefix) == prefix and channel:sub(#prefix + 1) or ""
    return rest ~= "" and (stars == "**" or not rest:find("/", 1, true))
end

--- Whether any subscription covers the channel.
function Session:listens(channel)
    for pattern in pairs(self.patterns) do
        if matches(pattern, channel) then
            return true
        end
    end
    return false
end

--- Puts a message at the end of what waits.
function Session:push(message)
    self.queue[#self.queue + 1] = { message = message }
end

--- Forgets what the connect replies up to that number carried.
function Session:acknowledge(batch)
    local kept = {}
    for _, item in ipairs(self.queue) do
        if not item.batch or item.batch > batch then
            kept[#kept + 1] = item
        end
    end
    self.queue = kept
end

--- What waits, in order, to be sent now. With ack it is kept until acknowledged, and what was sent before comes again.
function Session:take()
    local messages = {}
    if self.ack then
        self.batch = self.batch + 1
    end
    for index, item in ipairs(self.queue) do
        messages[index] = item.message
        item.batch = item.batch or self.batch
    end
    if not self.ack then
        self.queue = {}
    end
    return messages
end

--- Whether it has been away for too long: a parked connect that nobody has fetched ended at its time.
function Session:is_stale(now_ms, away_ms)
    local since_ms = self.park and self.park.until_ms or self.seen_ms
    return now_ms - since_ms > away_ms
end

return bayeux_session
