-- Clients: one configured vendor account each. Its methods are made from the vendor's descriptors, once per vendor.
-- Misuse raises at the caller's line; what the world does comes back as nil, err.
local core = require "outdial.core"
local errors = require "outdial.error"
local pager = require "outdial.pager"
local subscription = require "outdial.subscription"

local type, rawget = type, rawget

local M = {}

local handles = setmetatable({}, { __mode = "k" }) -- of the clients that are open

local SEND_OPTIONS = { "send_before", "timeout", "single_try", "unpaced",
    kinds = { send_before = "seconds", timeout = "seconds", single_try = "flag", unpaced = "flag" } }
local PREPARED_OPTIONS = { "send_before", "timeout", "single_try", "unpaced", "unread",
    kinds = { send_before = "seconds", timeout = "seconds", single_try = "flag", unpaced = "flag", unread = "flag" } }
local SETTINGS = { "timeout", "resend_within", "open_per_seat", "devices", "device_id", "agents", "agent_email",
    "place_call_with", "outbound_number" }
local TRACK_OPTIONS = { "timeout", kinds = { timeout = "seconds" } }

local function describe_type(value)
    return type(value) == "nil" and "nothing" or type(value)
end

-- Raises at the line that called the method which calls this; level 4 if there is one more function in between.
local function misuse(what, text, level)
    error(("outdial: %s: %s"):format(what, text), level or 3)
end

local function contains(list, value)
    for _, element in ipairs(list) do
        if element == value then return true end
    end
    return false
end

-- Options in seconds, and flags: those of SEND_OPTIONS, unless others are given.
local function check_send_options(what, options, known)
    known = known or SEND_OPTIONS
    local problem
    if type(options) ~= "table" then
        problem = "expected a table of options, got " .. describe_type(options)
    else
        for key, value in pairs(options) do
            local kind = known.kinds[key]
            if not kind then
                problem = errors.unknown("unknown option", key, known)
            elseif kind == "flag" then
                if value ~= true and value ~= false then
                    problem = ("%s: expected true or false, got %s"):format(key, tostring(value))
                end
            elseif type(value) ~= "number" or not (value >= 0 and value <= 1e12) then
                problem = ("%s: expected seconds, 0 or more, got %s"):format(key, tostring(value))
            end
        end
    end
    if problem then misuse(what, problem, 4) end
end

-- Why place_prepared was given what the core does not take.
local function check_prepared(what, handle, prepared)
    local wrong = handle:misuse(prepared)
    if wrong then misuse(what, wrong, 4) end
end

-- Why a method was given no client that can be used.
local function check_handle(what, self, params)
    if type(self) == "table" and rawget(self, "_handle") == false then misuse(what, "this client is closed", 4) end
    misuse(what, params == nil and "call it as client:method { ... }, with a colon" or "expected a client", 4)
end

-- Whether a phone may ring because of an operation with these fields: one that takes a record back is let through when
-- no new call is started any more.
local function rings_with(described, params)
    local quiet = described.quiet
    if not quiet then return described.rings end
    for _, value in ipairs(quiet.values) do
        if params[quiet.field] == value then return false end
    end
    return described.rings
end

-- Those options that a campaign goes by, none of them secret.
local function settings_of(options)
    local settings = {}
    for _, name in ipairs(SETTINGS) do
        settings[name] = options[name]
    end
    return settings
end

-- Builds the methods of one vendor for one scheduler.
local function new_class(scheduler, vendor)
    local state, enter, wait = scheduler.state, scheduler.enter, scheduler.wait
    local methods = {}
    local descriptions = {} -- of operations by their name, or the vendor's own: they are long, and each is made once
    local names = { "place_call", "prepare_call", "prepare_placing", "account_of", "place_prepared", "find", "track",
        "withdraw", "subscribe", "prepare", "pages", "share_rate", "close" }

    -- Where a script decides, calls are not placed; level: of who called the method.
    local function check_not_in_hook(what)
        local hook = scheduler.in_hook()
        if hook then misuse(what, ("inside %s: calls are placed by returning a plan"):format(hook), 4) end
    end

    -- In a rehearsal nothing is sent: what would ring is listed. Returns the error to give. read(...) -> what would be
    -- sent.
    local function rehearse(name, rings, read, ...)
        local rehearsal = state.rehearsal
        local prepared, err = read(...)
        if not prepared then return err end
        if rings then
            rehearsal[#rehearsal + 1] = { vendor = vendor, operation = name, method = prepared.method,
                url = prepared.url, body = prepared.body }
        end
        return errors.new("canceled", "not sent: this is a rehearsal", { placement = rings and "not_placed" or nil })
    end

    local function refuse_to_ask()
        return errors.new("canceled", "not asked: this is a rehearsal")
    end

    local function stopping_error()
        return errors.new("canceled", "stopping: no new call is started", { placement = "not_placed" })
    end

    local function add_operation(name)
        local what = vendor .. ":" .. name
        local described = core.describe(vendor, name)
        descriptions[name] = described
        methods[name] = function(self, params, options)
            local handle = handles[self]
            if not handle then check_handle(what, self, params) end
            if params == nil then params = {} end
            if type(params) ~= "table" then misuse(what, "expected a table of fields, got " .. type(params)) end
            if options ~= nil then check_send_options(what, options) end
            local rings = rings_with(described, params)
            if rings then check_not_in_hook(what) end
            if state.rehearsal then return nil, rehearse(name, rings, handle.prepare, handle, name, params) end
            local task = enter()
            if rings and state.stopping then return nil, stopping_error() end
            local request, err = handle:submit(name, params, options)
            if not request then return nil, err end
            return wait(task, request)
        end
    end

    for _, name in ipairs(core.operations(vendor)) do
        add_operation(name)
        names[#names + 1] = name
    end

    function methods.place_call(self, call, options)
        local handle = handles[self]
        if not handle then check_handle(vendor .. ":place_call", self, call) end
        if type(call) ~= "table" then
            misuse(vendor .. ":place_call", "expected a table of fields, got " .. describe_type(call))
        end
        if options ~= nil then check_send_options(vendor .. ":place_call", options) end
        check_not_in_hook(vendor .. ":place_call")
        if state.rehearsal then return nil, rehearse("place_call", true, handle.prepare, handle, "place_call", call) end
        local task = enter()
        if state.stopping then return nil, stopping_error() end
        local request, err = handle:place(call, options)
        if not request then return nil, err end
        return wait(task, request)
    end

    -- client:place_prepared(prepared [, options]) -> as place_call: sends what was prepared, to the byte. prepared
    -- stays as it is: another time sends it again, which is the caller's to judge. With { unread = true } the result is
    -- a value that goes back into the core as it is: result:get(key) and result:read() tell of it.
    local place_prepared, prepare_placing = vendor .. ":place_prepared", vendor .. ":prepare_placing"

    function methods.place_prepared(self, prepared, options)
        local what = place_prepared
        local handle = handles[self]
        if not handle then check_handle(what, self, prepared) end
        if state.rehearsal or state.stopping then
            check_prepared(what, handle, prepared)
            if options ~= nil then check_send_options(what, options, PREPARED_OPTIONS) end
        end
        check_not_in_hook(what)
        if state.rehearsal then return nil, rehearse("place_call", true, prepared.read, prepared) end
        local task = enter()
        if state.stopping then return nil, stopping_error() end
        local request, err = handle:place_prepared(prepared, options)
        if request then return wait(task, request) end
        if not err then -- it has not even looked at them
            check_prepared(what, handle, prepared)
            check_send_options(what, options, PREPARED_OPTIONS)
        end
        return nil, err
    end

    -- client:find(call) -> { placement = "placed", call } or { found = false }, or nil, err: asks the vendor about a
    -- call whose answer was lost
    function methods.find(self, call)
        local what = vendor .. ":find"
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a call (a table), got " .. describe_type(call)) end
        if state.rehearsal then return nil, refuse_to_ask() end
        local task = enter()
        local request, err = handle:find(call)
        if not request then return nil, err end
        return wait(task, request)
    end

    -- client:withdraw(call) -> { withdrawn = true } or { withdrawn = false, why, placed }, or nil, err: takes back a
    -- call that the vendor accepted and has not made yet
    function methods.withdraw(self, call)
        local what = vendor .. ":withdraw"
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a call (a table), got " .. describe_type(call)) end
        if state.rehearsal then return nil, refuse_to_ask() end
        local task = enter()
        local request, err = handle:withdraw(call)
        if not request then return nil, err end
        return wait(task, request)
    end

    -- client:track(call [, { timeout = seconds }]) -> { kind, rang, raw, at, lives_on }, or nil, err:
    -- waits for the call's end
    function methods.track(self, call, options)
        local what = vendor .. ":track"
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a call (a table), got " .. describe_type(call)) end
        if options ~= nil then check_send_options(what, options, TRACK_OPTIONS) end
        if state.rehearsal then return nil, refuse_to_ask() end
        local task = enter()
        local request, err = handle:track(call, options)
        if not request then return nil, err end
        return wait(task, request)
    end

    -- client:subscribe(channels, function(event) ... end) -> subscription, or nil, err: see outdial.subscription
    function methods.subscribe(self, channels, fn)
        local what = vendor .. ":subscribe"
        local handle = handles[self]
        if not handle then check_handle(what, self, channels) end
        if type(channels) ~= "table" then
            misuse(what, "expected a list of channels, got " .. describe_type(channels))
        end
        if type(fn) ~= "function" then misuse(what, "expected a function, got " .. describe_type(fn)) end
        if state.rehearsal then return nil, refuse_to_ask() end
        local task = enter()
        local made, err = subscription.open(scheduler, task, handle, channels, fn)
        if not made and err.code == "validation" then misuse(what, tostring(err)) end
        return made, err
    end

    -- What an operation is. Raises where the vendor does not know its name, at the line of who called the caller.
    local function describe(what, operation)
        if descriptions[operation] then return descriptions[operation] end
        local problem
        if type(operation) == "string" then
            local known, description = pcall(core.describe, vendor, operation)
            if known then
                descriptions[operation] = description
                return description
            end
            problem = errors.unknown("unknown operation", operation, core.operations(vendor))
        else
            problem = "expected an operation's name, got " .. type(operation)
        end
        misuse(what, problem, 4)
    end

    -- client:pages(operation, fields [, options]) -> pager: reads a list that comes in pages; see outdial.pager
    function methods.pages(self, operation, params, options)
        local what = vendor .. ":pages"
        local handle = handles[self]
        if not handle then check_handle(what, self, operation) end
        local description = describe(what, operation)
        if not description.pages then misuse(what, description.name .. " has no pages") end
        if params == nil then params = {} end
        if type(params) ~= "table" then misuse(what, "expected a table of fields, got " .. type(params)) end
        if options ~= nil then check_send_options(what, options) end
        local ask = methods[description.name]
        return pager.new(function(fields) return ask(self, fields, options) end, description.pages, params)
    end

    -- client:prepare(operation, fields) -> { method, url, headers, body }: all but sending, without secrets. With
    -- "place_call" and a call, also { operation, token }
    function methods.prepare(self, operation, params)
        local what = vendor .. ":prepare"
        local handle = handles[self]
        if not handle then check_handle(what, self, operation) end
        if operation ~= "place_call" then describe(what, operation) end
        if params == nil then params = {} end
        if type(params) ~= "table" then misuse(what, "expected a table of fields, got " .. type(params)) end
        return handle:prepare(operation, params)
    end

    -- client:prepare_call(call) -> what place_call would send and how it counts, or nil, err: { operation, method, url,
    -- headers, body (the exact text), token, account, bucket, per_second, burst, hands_off, hands_off_unbounded }
    function methods.prepare_call(self, call)
        local what = vendor .. ":prepare_call"
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a table of fields, got " .. describe_type(call)) end
        return handle:prepare_call(call)
    end

    -- client:prepare_placing(call) -> prepared, or nil, err: the call as place_prepared sends it, to the byte, and as a
    -- store keeps it. prepared:facts() -> { operation, to, token, account, bucket, per_second, burst, hands_off,
    -- hands_off_unbounded }; prepared:is_handed_off(); prepared:drop() gives its memory back at once.
    function methods.prepare_placing(self, call)
        local what = prepare_placing
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a table of fields, got " .. describe_type(call)) end
        return handle:prepare_placing(call)
    end

    -- client:account_of(call) -> the account, and where in it, that prepare_placing(call):facts() would tell now, or
    -- nil, err; also of a call whose time has gone by.
    function methods.account_of(self, call)
        local what = vendor .. ":account_of"
        local handle = handles[self]
        if not handle then check_handle(what, self, call) end
        if type(call) ~= "table" then misuse(what, "expected a table of fields, got " .. describe_type(call)) end
        return handle:account_of(call)
    end

    -- client:share_rate(clients): so many, in all processes, take from its account's rate (settings.rate_scope) now:
    -- its look-ups and polls keep to their part of it (R21)
    function methods.share_rate(self, clients)
        local what = vendor .. ":share_rate"
        local handle = handles[self]
        if not handle then check_handle(what, self, clients) end
        if type(clients) ~= "number" or clients < 1 or clients > 1e6 or clients % 1 ~= 0 then
            misuse(what, "expected how many clients, 1 or more, got " .. tostring(clients))
        end
        handle:share_rate(clients)
    end

    -- client:close(): lets what is under way finish, ends its subscriptions and what is open at the vendor (an agent's
    -- session), then frees the client; closing twice does nothing. Returns true, or nil, err if that end failed: the
    -- client is closed all the same.
    function methods.close(self)
        local handle = handles[self]
        if not handle then
            if type(self) == "table" and rawget(self, "_handle") == false then return true end
            check_handle(vendor .. ":close", self)
        end
        local task
        if handle:pending() > 0 or handle:ending() or subscription.any(handle) then task = enter() end
        handles[self], self._handle = nil, false
        scheduler.drain(task, handle)
        subscription.close_all(scheduler, task, handle)
        local ended, err = true, nil
        local ending = handle:ending()
        if ending then
            local request
            request, err = handle:submit(ending, {})
            if request then ended, err = wait(task, request) end
        end
        handle:close()
        if not ended then return nil, err end
        return true
    end

    setmetatable(methods, { __index = function(_, key)
        if type(key) == "string" and key:find("^__") then return nil end -- what serializers look for
        error("outdial: " .. errors.unknown(vendor .. " has no", key, names), 2)
    end })

    return {
        __index = methods,
        __close = methods.close,
        __tostring = function() return "outdial client of " .. vendor end,
    }
end

-- M.factory(scheduler) -> function(vendor, options, level): makes clients; level is how far up misuse is reported.
function M.factory(scheduler)
    local classes, vendors = {}, {}

    local function known(name)
        for i, vendor in ipairs(core.vendors()) do vendors[i] = vendor.name end -- one may have been defined meanwhile
        return contains(vendors, name)
    end

    return function(vendor, options, level)
        level = (level or 1) + 1
        if type(vendor) ~= "string" then
            error("outdial.client: expected a vendor's name, got " .. describe_type(vendor), level)
        end
        if not known(vendor) then
            error("outdial.client: " .. errors.unknown("unknown vendor", vendor, vendors), level)
        end
        if type(options) ~= "table" then
            error(("outdial.%s: expected a table of options, got %s"):format(vendor, describe_type(options)), level)
        end
        local on_log = options.on_log
        if on_log ~= nil then
            if type(on_log) ~= "function" then
                error(("outdial.%s: on_log: expected a function, got %s"):format(vendor, type(on_log)), level)
            end
            local rest = {}
            for key, value in pairs(options) do
                if key ~= "on_log" then rest[key] = value end
            end
            options = rest
        end
        local handle, err = core.client_new(scheduler.core_engine(), vendor, options)
        if not handle then
            if err.code == "validation" then error(("outdial.%s: %s"):format(vendor, tostring(err)), level) end
            return nil, err
        end
        if on_log then scheduler.log_to(handle, on_log) end
        classes[vendor] = classes[vendor] or new_class(scheduler, vendor)
        local settings = settings_of(options)
        settings.rate_scope = handle:rate_scope()
        local self = setmetatable({ _handle = handle, vendor = vendor, settings = settings }, classes[vendor])
        handles[self] = handle
        return self
    end
end

return M
