-- Subscriptions: what a vendor tells unasked, given to a function of the script one event at a time, in order.
--
--     local subscription = genesys:subscribe({ "/v2/me/calls" }, function(event) ... end)
--
-- subscribe returns when the subscription stands: what happens from then on arrives; or nil, err when the vendor
-- refuses it. The function runs in a task of its own and may wait like any other; the next event comes when it has
-- returned. That task is a daemon of where subscribe was called: it keeps no run alive, and ends with it. (Outside of
-- any run the events come while outdial.run or outdial.engine:step runs.) The run raises what the function raises.
--
-- event.channel and event.data are the vendor's, but for two channels: "/meta/resync": events may have been lost before
-- this one, read anew what you keep; "/meta/disconnect", the last: no event will come any more, event.error says why.
--
-- subscription:close() ends it; so do client:close() and the end of its run. One that has ended by itself stays until
-- it or its client is closed: till then the client's calls that need its ears are refused.
local M = {}

local Subscription = {}
Subscription.__index = Subscription

local open = setmetatable({}, { __mode = "k" }) -- core client -> set of its open subscriptions
local lost = {} -- set of those that ended against the script's will: no call that needs their ears is dialled (R19)

-- subscription:close(): no event comes any more; closing twice does nothing.
function Subscription:close()
    local own = self._own
    self._own = nil
    lost[self] = nil
    if not own then return end
    if open[self._handle] then open[self._handle][self] = nil end
    own:close()
end

Subscription.__close = Subscription.close

-- Returns the next event, or nil, err.
local function next_event(scheduler, task, own)
    local request, err = own:next()
    if not request then return nil, err end
    return scheduler.wait(task, request)
end

local function listen(scheduler, self, fn)
    while self._own do
        local event, err = next_event(scheduler, scheduler.enter(), self._own)
        if event then
            fn(event)
        elseif err.code == "canceled" then
            return
        elseif self._own then
            lost[self] = true
            fn { channel = "/meta/disconnect", error = err }
            return
        end
    end
end

-- Makes a subscription of a core client; task waits until it stands. Returns it, or nil, err.
function M.open(scheduler, task, handle, channels, fn)
    local own, err = handle:subscribe(channels)
    if not own then return nil, err end
    local first
    first, err = next_event(scheduler, task, own)
    if not first then
        own:close()
        return nil, err
    end
    local self = setmetatable({ _own = own, _handle = handle }, Subscription)
    open[handle] = open[handle] or setmetatable({}, { __mode = "k" })
    open[handle][self] = true
    scheduler.daemon(listen, scheduler, self, fn).on_end = function()
        if not lost[self] then self:close() end
    end
    return self
end

-- Whether a core client has open subscriptions.
function M.any(handle)
    return open[handle] ~= nil and next(open[handle]) ~= nil
end

-- Ends all subscriptions of a core client; task waits until the vendor has been told.
function M.close_all(scheduler, task, handle)
    local all = {}
    for self in pairs(open[handle] or {}) do all[#all + 1] = self end
    for _, self in ipairs(all) do self:close() end
    local request = handle:unsubscribe() -- nil: there never was one; or no memory, and the vendor finds out by itself
    if request then scheduler.wait(task, request) end
end

return M
