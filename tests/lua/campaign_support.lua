-- What the specs of campaigns share: a scheduler on a clock that only tests move, a store, and vendors that do what the
-- test says.
local core = require "outdial.core"
local errors = require "outdial.error"
local campaign = require "outdial.campaign"
local contacts = require "outdial.contacts"
local fake_store = require "fake_store"
local runner = require "outdial.runner"
local scheduler = require "outdial.scheduler"

local support = {}

support.MONDAY_10 = 1773655200 -- 2026-03-16T10:00:00Z

-- An error as a vendor's client gives it.
function support.refused(code, fields)
    local err = errors.new(code, code .. " by the vendor", fields)
    err.placement = err.placement or "not_placed"
    return err
end

function support.unknown(code)
    return errors.new(code or "network", "the answer was lost", { placement = "unknown" })
end

-- As world, over the real store in a file of its own; world:close() removes it.
function support.real_world(options)
    local world = support.world(options)
    world.path = os.tmpname()
    os.remove(world.path)
    local shm = io.open("/dev/shm/.", "rb") -- days of beats are as many commits
    if shm then
        shm:close()
        world.path = world.path:gsub("^.*/", "/dev/shm/outdial-")
    end
    function world:open()
        self.store = assert(require("outdial.store").open(self.path, { create = true, scheduler = self.scheduler }))
    end
    -- As another process would, when the first is gone.
    function world:reopen()
        self.store:close()
        self.scheduler = scheduler.new(self.engine) -- tasks of the old one never run again
        self:open()
    end
    function world:close()
        self.store:close()
        for _, ending in ipairs { "", "-wal", "-shm", ".lock", ".mark", ".key" } do os.remove(self.path .. ending) end
    end
    world:open()
    return world
end

-- A result that is to be read.
local UNREAD = { __index = {
    get = function(self, key) return rawget(self, key) end,
    read = function(self) return setmetatable(self, nil) end,
} }

-- A world: { engine, scheduler, store, rings = { ... } }. Every phone that rings is in rings, in order.
function support.world(options)
    options = options or {}
    local world = { rings = {}, logs = {} }
    world.engine = assert(core.engine_new { clock = "manual", wall = options.wall or support.MONDAY_10 })
    world.scheduler = scheduler.new(world.engine)
    world.store = fake_store.new(world.engine, options.store)
    return world
end

-- A client whose placements end as `place(call, options, n)` says: a result, or nil, err (default: placed, after
-- `place_s`), and whose calls end as track(call) says (default: answered, after 60 s).
function support.client(world, behave)
    behave = behave or {}
    local info = { name = behave.kind or "fake", finds = behave.find ~= nil,
        look_after_ms = behave.look_after_ms or 60000, hands_off = behave.hands_off or false,
        withdraws = behave.withdraw ~= nil,
        seats = behave.seats and { option = "agents", field = "agent" } or nil,
        ears = behave.ears, probe = behave.probe or function() return true end, repeats = behave.repeats or false }
    local client = { vendor = info, placed = 0, sent = {}, tracked = {}, settings = { agents = behave.seats,
        timeout = 30, resend_within = behave.resend_within } }
    local s = world.scheduler

    function client.prepare_placing(_, call)
        if behave.prepare then return behave.prepare(call) end
        local kept = fake_store.copy(call)
        local facts = { operation = "place", to = call.to, token = call.token, account = behave.account or "account",
            bucket = info.name, per_second = behave.per_second, burst = 1, hands_off = behave.hands_off,
            hands_off_unbounded = behave.hands_off_unbounded }
        return setmetatable({ number = call.to, account = facts.account, hands_off = facts.hands_off,
            hands_off_unbounded = facts.hands_off_unbounded, rate = facts.per_second and { bucket = facts.bucket,
                per_second = facts.per_second, burst = facts.burst }, record = { call = kept,
                request = { method = "POST", url = "https://vendor.example/calls", body = call.to .. call.token } } },
            { __index = { call = kept, facts = function() return facts end, drop = function() end,
                is_handed_off = function() return facts.hands_off end } })
    end

    function client.account_of(_, call)
        local prepared, err = client:prepare_placing(call)
        return prepared and prepared.facts().account, err
    end

    function client.place_prepared(_, prepared, options)
        local call = prepared.call
        assert(options.single_try and options.unpaced and options.unread)
        client.placed = client.placed + 1
        client.sent[client.placed] = { call = call, at = world.engine:now(), send_before = options.send_before }
        if s.stopping() then
            return nil, errors.new("canceled", "stopping: no new call is started", { placement = "not_placed" })
        end
        s.sleep(behave.place_s or 0.1)
        local result, err
        if behave.place then result, err = behave.place(call, client.placed) else result = "placed" end
        if err then return nil, err end
        if result == "placed" or result == "lost" then
            world.rings[#world.rings + 1] = { to = call.to, token = call.token, at = world.engine:wall(),
                vendor = behave.kind or "fake" }
        end
        if result == "lost" then return nil, support.unknown() end
        return setmetatable({ id = "id-" .. client.placed, state = result, vendor = info.name, token = call.token,
            response = {} }, UNREAD)
    end

    function client.track(_, call, options)
        client.tracked[#client.tracked + 1] = { call = call, timeout = options.timeout, at = world.engine:wall() }
        local kind, after_s, more = "answered", 60, nil
        if behave.track then kind, after_s, more = behave.track(call, #client.tracked) end
        if type(kind) == "table" then return nil, kind end
        if not kind or (options.timeout and after_s > options.timeout) then
            local _, canceled = s.sleep(options.timeout or 1e9)
            if canceled then return nil, canceled end
            return nil, errors.new("timeout", "the call has not ended", { retryable = true })
        end
        local _, canceled = s.sleep(after_s)
        if canceled then return nil, canceled end
        local outcome = { kind = kind, rang = kind == "answered" and "yes" or "unknown", raw = kind,
            at = world.engine:wall() }
        for key, value in pairs(more or {}) do outcome[key] = value end
        return outcome
    end

    function client.find(_, call)
        if behave.find then return behave.find(call) end
        return nil, errors.new("validation", "cannot be asked")
    end

    function client.withdraw(_, call)
        return behave.withdraw(call)
    end

    function client.subscribe(_, channels, fn)
        client.channels, client.heard = channels, fn
        if behave.subscribe then return behave.subscribe(channels) end
        return {}
    end

    return client
end

-- Rows { id, number } with the columns customer, phone and home.
function support.people(count, from)
    local rows = {}
    for i = from or 1, (from or 1) + count - 1 do
        rows[#rows + 1] = { customer = tostring(i), phone = ("+1415555%04d"):format(i) }
    end
    return rows
end

local MAP = { id = "customer", numbers = { "phone" } }

-- A campaign over those rows; more are options of its own.
function support.campaign(rows, vendors, more)
    local options = { name = "renewals", store = "unused", vendors = vendors,
        contacts = assert(contacts.list(rows, more and more.map or MAP)), hours = { every_day = "00:00-24:00" } }
    for key, value in pairs(more or {}) do
        if key ~= "map" then options[key] = value end
    end
    return assert(campaign.new(options))
end

-- Runs it; returns the figures.
function support.run(world, made, options)
    options = options or {}
    return runner.run(made, { scheduler = world.scheduler, store = world.store, progress = options.progress,
        log = function(level, text) world.logs[#world.logs + 1] = level .. ": " .. text end })
end

function support.contact(world, id)
    return world.store.by_id["renewals" .. id]
end

-- The events of the store's journal of that name, as a list.
function support.events(world, name)
    local list = {}
    for _, entry in ipairs(world.store.journal) do
        if entry.event == name then list[#list + 1] = entry end
    end
    return list
end

return support
