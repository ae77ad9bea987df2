-- A campaign's vendors while it runs: each client with what is known of its vendor, its breaker, its seats, its ears.
local breaker = require "outdial.breaker"
local gate = require "outdial.gate"
local seats = require "outdial.seats"

local M = {}

local EARS_AGAIN_S = 15
local TIMEOUT_S = 30 -- of a client that was given none
local LONGEST_REST_S = 300
-- Where Genesys tells into which chain a record went: by that its calls are known.
local RECORDS = { "/v2/me/outbound", "/me/internal" }
-- A read that any account may make, to see whether the vendor answers (never a call).
local PROBES = {
    amazon_connect = function(client) return client:search_contacts { MaxResults = 1,
        TimeRange = { Type = "INITIATION_TIMESTAMP", StartTime = 1500000000, EndTime = 1500000001 } } end,
    genesys = function(client) return client:get_me {} end,
    ccai_platform = function(client) return client:get_wait_times {} end,
    symbee = function(client) return client:find { token = "probe", to = "+15550100" } end,
}
-- These answers come from the vendor itself: it is there, whatever it thinks of the probe.
local ANSWERED = { rejected = true, not_found = true, validation = true, throttled = true, conflict = true }

local Account = {}
Account.__index = Account

-- M.describe(client) -> what is known of its vendor, as outdial.vendor tells it
function M.describe(client)
    if type(client.vendor) == "table" then return client.vendor end -- a client made of Lua describes itself
    return require("outdial").vendor(client.vendor)
end

local function settings_of(client)
    return rawget(client, "settings") or {}
end

-- The seats of the client: those it was given, else its one default. Records are worked without one.
function Account:find_seats()
    local about, settings = self.info.seats, self.settings
    if not about or settings.place_call_with == "add_record" then return end
    local names = settings[about.option]
    self.names_seat = names and names[1] and true or false -- the call has to say which
    if not self.names_seat then names = { settings[about.field] } end
    if not names[1] then return end
    self.seats, self.seat_field = seats.new(names, settings.open_per_seat or 1), about.field
end

-- M.new(scheduler, name, client, max_open) -> account
function M.new(scheduler, name, client, max_open)
    local info, settings = M.describe(client), settings_of(client)
    local self = setmetatable({ scheduler = scheduler, now = scheduler.core_engine():clock(), name = name,
        client = client, info = info, kind = info.name,
        settings = settings, timeout_ms = math.ceil((settings.timeout or TIMEOUT_S) * 1000), max_open = max_open,
        breaker = breaker.new(), open = 0, handed_off = 0, seat_room = gate.new(scheduler), parked = 0,
        knows_tokens = {},
        placing = { send_before = 0, single_try = true, unpaced = true, unread = true, -- of the placement that begins
            timeout = settings.timeout } }, Account)
    self:find_seats()
    return self
end

-- account:free_seat(name): whoever has waited longest for one has it next
function Account:free_seat(name)
    if not self.seats then return end
    self.seats:free(name)
    self.seat_room:ring()
end

-- account:why_deaf() -> why it hears nothing of the vendor's events, which it needs to; nil: it does
function Account:why_deaf()
    local ears = self.info.ears
    return ears and not self.subscription and ("no events of %s arrive now"):format(ears) or nil
end

-- account:usable() -> whether calls may go there now; else when to look again (seconds on the engine's clock)
function Account:usable()
    local open_until = self.breaker.open_until
    if open_until then return false, math.max(open_until, self:now() + 1) end
    if self.rests_until then
        if self:now() < self.rests_until then return false, self.rests_until end
        self.rests_until = nil
    end
    if self:why_deaf() then return false, math.max(self.deaf_until or 0, self:now() + 1) end
    return true
end

-- What went wrong says of the vendor: nil: nothing.
local function health(err)
    local code = err.code
    if ANSWERED[code] or code == "canceled" then
        if code == "throttled" or code == "canceled" then return nil end
        return true
    end
    return false
end

-- account:record(err or nil): how a placement ended
function Account:record(err)
    local ok = not err or health(err)
    if ok == nil then return end
    self.breaker:record(self:now(), ok)
    if self.breaker.open_until then self:note_outage() end
end

-- account:rest(seconds) -> seconds that it rests: its vendor wants no calls for so long
function Account:rest(seconds)
    seconds = math.min(seconds, LONGEST_REST_S)
    self.rests_until = math.max(self.rests_until or 0, self:now() + seconds)
    return seconds
end

-- What the next run is to know. Noted once for each time that the vendor is found out of order, or in order again.
function Account:note_outage()
    local until_at = self.breaker.open_until
    if until_at == self.noted_until then return end
    self.noted_until = until_at
    if self.on_outage then self.scheduler.spawn(self.on_outage, self) end
end

-- account:reopen(open_for, pause): the vendor was out of order in an earlier run; seconds
function Account:reopen(open_for, pause)
    self.breaker:reopen(self:now(), open_for, pause)
    self.noted_until = self.breaker.open_until
end

function Account:probe()
    local probe = self.info.probe or PROBES[self.kind]
    if not probe then return true end
    local ok, err = probe(self.client)
    -- Also to an account that may not read: else its vendor would stay out of order for ever.
    return ok or (err and (ANSWERED[err.code] or err.code == "permission")) or false
end

-- What dials needs to hear the vendor's events first (R19); the subscription is kept until the run ends.
function Account:listen()
    local channels = { self.info.ears }
    if self.settings.place_call_with == "add_record" then
        for i, channel in ipairs(RECORDS) do channels[i + 1] = channel end
    end
    self.subscription = self.client:subscribe(channels, function(event)
        if event.channel == "/meta/disconnect" then self.subscription = nil end
    end)
    if not self.subscription then self.deaf_until = self:now() + EARS_AGAIN_S end
end

-- account:tend(on_change) -> task, or nil: makes the probe or the subscription that is due.
function Account:tend(on_change)
    if self.tended then return end
    local due = self.breaker:state(self:now()) == "due"
    local deaf = self:why_deaf() and self:now() >= (self.deaf_until or 0)
    if not due and not deaf then return end
    self.tended = true
    return self.scheduler.spawn(function()
        if due then
            self.breaker:probed(self:now(), self:probe())
            self:note_outage()
        else
            self:listen()
        end
        self.tended = nil
        on_change()
    end)
end

function Account:close()
    local subscription = self.subscription
    self.subscription = nil
    if subscription and subscription.close then subscription:close() end
end

return M
