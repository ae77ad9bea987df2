-- outdial places outbound calls through contact-centre vendors. This is the public module: constructors of clients, one
-- per vendor, and tasks to use them from.
local core = require "outdial.core"
local attach = require "outdial.attach"
local errors = require "outdial.error"
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
    stop = scheduler.stop,
    stopping = scheduler.stopping,
}

-- outdial.client(vendor, options) -> client; misuse raises here, as in the constructors by name below.
function outdial.client(vendor, options)
    local client, err = new_client(vendor, options, 2) -- no tail call: it would hide the caller's line
    return client, err
end

local LAZY = { json = "outdial.json" } -- needs lua-cjson, which a script that has no use for it can do without

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
    if rawget(outdial, description.name) ~= nil or LAZY[description.name or false] then
        error(("outdial.define_vendor: /name: outdial has %s already"):format(tostring(description.name)), 2)
    end
    local name, err = core.vendor_load(description)
    if name then return add_constructor(name) end
    error("outdial.define_vendor: " .. tostring(err), 2)
end

local function names()
    local list = {}
    for name in pairs(outdial) do list[#list + 1] = name end
    for name in pairs(LAZY) do list[#list + 1] = name end
    table.sort(list)
    return list
end

return setmetatable(outdial, { __index = function(_, key)
    if LAZY[key] then
        outdial[key] = require(LAZY[key])
        return outdial[key]
    end
    if type(key) == "string" and key:find("^__") then return nil end -- what serializers look for
    error(errors.unknown("outdial has no", key, names()), 2)
end })
