-- outdial places outbound calls through contact-centre vendors. This is the public module: constructors of clients, one
-- per vendor, and tasks to use them from.
local core = require "outdial.core"
local errors = require "outdial.error"
local scheduler = require "outdial.scheduler"
local new_client = require("outdial.client").factory(scheduler)

local outdial = {
    _VERSION = core.version():match("^%S+ %S+"),
    null = core.null,         -- null inside a list
    check = errors.check,     -- assert that raises an error as text
    engine = scheduler.engine,
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

-- outdial.vendor(name) -> what a campaign has to know of a vendor: { name, title, finds, look_after_ms, withdraws,
-- max_open, seats = { option, field }, ears }; outdial.h says what they mean. Raises for an unknown one.
function outdial.vendor(name)
    local known = {}
    for i, vendor in ipairs(core.vendors()) do
        if vendor.name == name then return vendor end
        known[i] = vendor.name
    end
    error("outdial.vendor: " .. errors.unknown("unknown vendor", tostring(name), known), 2)
end

for _, vendor in ipairs(core.vendors()) do
    outdial[vendor.name] = function(options)
        local client, err = new_client(vendor.name, options, 2)
        return client, err
    end
end

local LAZY = { json = "outdial.json" } -- needs lua-cjson, which a script that has no use for it can do without

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
