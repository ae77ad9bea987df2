-- outdial places outbound calls through contact-centre vendors. This is the public module: constructors of clients, one
-- per vendor, and tasks to use them from.
local core = require "outdial.core"
local attach = require "outdial.attach"
local errors = require "outdial.error"
local located = require "outdial.located"
local scheduler = require "outdial.scheduler"
local new_client = require("outdial.client").factory(scheduler)

local outdial = {
    _VERSION = core.version():match("^%S+ %S+"),
    null = core.null,         -- null inside a list
    check = errors.check,     -- assert that raises an error as text
    engine = scheduler.engine,
    attach = attach.factory(scheduler), -- to a loop of somebody else's: see outdial.attach
    run = scheduler.run,
    spawn = scheduler.spawn,
    sleep = scheduler.sleep,
    each = scheduler.each,
    await = scheduler.await,   -- waits for a request of the engine: outdial.engine:await(descriptor)
    daemon = scheduler.daemon, -- a task that its run does not wait for, and cancels at its end
    stopping = scheduler.stopping,
}

-- outdial.client(vendor, options) -> client; misuse raises here, as in the constructors by name below.
function outdial.client(vendor, options)
    local client, err = new_client(vendor, options, 2) -- no tail call: it would hide the caller's line
    return client, err
end

-- outdial.vendor(name) -> what a campaign has to know of a vendor: { name, title, finds, look_after_ms, hands_off,
-- withdraws, max_open, seats = { option, field }, ears }; outdial.h says what they mean. Raises for an unknown one.
function outdial.vendor(name)
    local known = {}
    for i, vendor in ipairs(core.vendors()) do
        if vendor.name == name then return vendor end
        known[i] = vendor.name
    end
    error("outdial.vendor: " .. errors.unknown("unknown vendor", tostring(name), known), 2)
end

local LAZY = { json = "outdial.json" } -- needs lua-cjson, which a script that has no use for it can do without

-- Campaigns: each of these complains at the script's line. name -> module, its function
local MAKERS = {
    campaign = { "outdial.campaign", "new" },
    retry = { "outdial.retry", "new" },
    skip = { "outdial.plan", "skip" },
    later = { "outdial.plan", "later" },
    callback = { "outdial.plan", "callback" },
    stop = { "outdial.plan", "stop" },
}
local VALUES = { HOLD = "outdial.plan", WRITE_OFF = "outdial.plan" }

local RESERVED = { contacts = true }
for _, more in ipairs { LAZY, MAKERS, VALUES } do
    for name in pairs(more) do RESERVED[name] = true end
end

local function add_constructor(name)
    outdial[name] = function(options)
        local client, err = new_client(name, options, 2)
        return client, err
    end
    return outdial[name]
end

for _, vendor in ipairs(core.vendors()) do
    add_constructor(vendor.name)
end

-- outdial.define_vendor(description) -> the constructor of its clients, which is outdial[description.name] as well. The
-- description is that of od_vendor_load in outdial.h, as a table; what is wrong with it raises.
function outdial.define_vendor(description)
    if type(description) ~= "table" then
        error("outdial.define_vendor: expected a table, got " .. type(description), 2)
    end
    if description.name ~= nil and (rawget(outdial, description.name) ~= nil or RESERVED[description.name]) then
        error(("outdial.define_vendor: /name: outdial has %s already"):format(tostring(description.name)), 2)
    end
    local name, err = core.vendor_load(description)
    if name then return add_constructor(name) end
    error("outdial.define_vendor: " .. tostring(err), 2)
end

local function contact_sources()
    local contacts = require "outdial.contacts"
    local makers = { csv = contacts.csv, jsonl = contacts.jsonl, list = contacts.list, iterator = contacts.iterator }
    return located.table("outdial.contacts.", makers, function(key)
        error("outdial: " .. errors.unknown("contacts has no", key, { "csv", "jsonl", "list", "iterator" }), 3)
    end)
end

local function names()
    local list = {}
    for name in pairs(outdial) do list[#list + 1] = name end
    for name in pairs(RESERVED) do
        if rawget(outdial, name) == nil then list[#list + 1] = name end
    end
    table.sort(list)
    return list
end

return setmetatable(outdial, { __index = function(_, key)
    local maker = MAKERS[key]
    if maker then
        local bound = located.bind("outdial." .. key, require(maker[1])[maker[2]], 2) -- no tail call: see above
        return bound
    end
    if LAZY[key] then outdial[key] = require(LAZY[key])
    elseif VALUES[key] then outdial[key] = require(VALUES[key])[key]
    elseif key == "contacts" then outdial.contacts = contact_sources()
    elseif type(key) == "string" and key:find("^__") then return nil -- what serializers look for
    else error(errors.unknown("outdial has no", key, names()), 2) end
    return rawget(outdial, key)
end })
