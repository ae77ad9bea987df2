-- A store in which something of everything has happened, on a Monday of 2024 at ten, always the same.
local core = require "outdial.core"
local scheduler = require "outdial.scheduler"
local store = require "outdial.store"

local fixture = {}

local MONDAY_10 = 1710756000 -- 2024-03-18T10:00:00Z
local RULESET = { hours = {}, caps = { { name = "person_24h", limit = 2, per = "person", kind = "rolling",
    ms = 86400000, scope = "store", number = true } }, gaps = {}, ring_timeout_ms = 25000 }
for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
    RULESET.hours[day] = { "00:00-24:00" }
end

local CONTACTS = {
    { "ann", "+442079460101" }, { "bob", "+442079460102" }, { "cid", "+442079460103" }, { "dan", "+442079460104" },
    { "eve", "+442079460105" }, { "fay", "+442079460106" }, { "gus", "+442079460107" },
}

local function contacts()
    local list = {}
    for i, row in ipairs(CONTACTS) do
        list[i] = { id = row[1], country = "GB", zones = "Europe/London",
            numbers = { { column = "mobile", number = row[2] } }, data = { name = row[1] } }
    end
    return list
end

-- ann answered, bob is in doubt, cid was refused, dan was handed off, eve is busy, fay wants no calls, gus is ready.
local function happen(db)
    local function ask(verb, params)
        return assert(db[verb](db, params))
    end
    ask("register", {})
    ask("campaign", { name = "renewals", script = "s1", ruleset = RULESET })
    ask("put", { campaign = "renewals", contacts = contacts() })
    ask("dnc_add", { entries = { { number = "+442079460106" } }, source = "letters", by = "ann",
        because = "asked by letter" })
    local views = {}
    for _, view in ipairs(ask("take", { campaign = "renewals", limit = 6 }).contacts) do
        views[view.id] = view
    end
    local function intend(id, vendor)
        local view = views[id]
        local number = view.to
        return ask("intend", { contact = view.contact, version = view.version, number_index = 1, client = vendor,
            vendor = vendor, token = view.token, call = { number = number, account = "main",
                record = ('{"request":{"method":"PUT","url":"https://vendor.example/call",'
                    .. '"body":"{\\"to\\":\\"%s\\"}"},"call":{"to":"%s"}}'):format(number, number) } })
    end
    local leg = intend("ann", "amazon_connect").leg
    ask("settle", { leg = leg, placement = "placed", call = { id = "c-1" } })
    ask("outcome", { leg = leg, kind = "answered", rang = "yes", raw = "CONNECTED, \"human\"",
        decision = { state = "done", why = "called once" } })
    ask("settle", { leg = intend("bob", "amazon_connect").leg, placement = "unknown",
        error = { code = "timeout", message = "no answer in 30 s" } })
    ask("settle", { leg = intend("cid", "ccai_platform").leg, placement = "not_placed",
        error = { code = "rejected", message = "Call is invalid" },
        decision = { state = "blocked", why = "rejected: Call is invalid" } })
    ask("settle", { leg = intend("dan", "symbee").leg, placement = "handed_off", call = { id = "r-1" } })
    leg = intend("eve", "ccai_platform").leg
    ask("settle", { leg = leg, placement = "placed", call = { id = "7" } })
    ask("outcome", { leg = leg, kind = "busy", rang = "yes",
        decision = { state = "waiting", due_ms = 1710759600000, why = "busy" } })
    intend("fay", "amazon_connect")
    ask("resign", {})
end

-- fixture.make(path [, happen]): writes the store
function fixture.make(path, what)
    local engine = assert(core.engine_new { clock = "manual", wall = MONDAY_10 })
    local tasks = scheduler.new(engine)
    local db = assert(store.open(path, { create = true, scheduler = tasks }))
    tasks.run(what or happen, db)
    db:close()
end

-- fixture.spoil(path, what, from, to): as fixture.make, and then writes other bytes, as many, into the file
function fixture.spoil(path, what, from, to)
    fixture.make(path, what)
    local file = assert(io.open(path, "r+b"))
    local bytes, count = file:read("*a"):gsub(from, to)
    assert(count == 1)
    file:seek("set")
    file:write(bytes)
    file:close()
end

-- fixture.path() -> where one may be: in memory, if there is such a place
function fixture.path()
    local path = os.tmpname()
    os.remove(path)
    local shm = io.open("/dev/shm/.", "rb")
    if shm then
        shm:close()
        path = path:gsub("^.*/", "/dev/shm/outdial-")
    end
    return path
end

function fixture.remove(path)
    for _, ending in ipairs { "", "-wal", "-shm", ".lock", ".mark" } do os.remove(path .. ending) end
end

return fixture
