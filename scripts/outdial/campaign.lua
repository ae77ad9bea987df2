-- A campaign: its options checked when the script is loaded, and turned into what the runner and the store take. It
-- calls nobody and asks nobody.
local accounts = require "outdial.accounts"
local caps = require "outdial.caps"
local contacts = require "outdial.contacts"
local duration = require "outdial.duration"
local errors = require "outdial.error"
local hours = require "outdial.hours"
local retry = require "outdial.retry"

local M = {}

local KEYS = {
    "name", "store", "contacts", "vendors", "subject", "hours", "holidays", "zone", "caps", "gap", "loosen",
    "ring_timeout", "do_not_call", "pace", "retry", "track", "open_for", "doubt", "hand_off_outside_hours", "eligible",
    "route", "plan", "on_outcome", "on_doubt",
}
local HOOKS = { "eligible", "route", "plan", "on_outcome", "on_doubt" }
local METHODS = { "prepare_placing", "account_of", "place_prepared", "find", "track" }
local MAX_NAME, MAX_OPEN, MAX_HANDED_OFF = 64, 100000, 1000000
local LONGEST_TIMEOUT_S = 60 -- half a lease: a call that might be answered only after its end is never sent (R4)
local RING_TIMEOUT_MS, RING_LEAST_MS, RING_MOST_MS = 25000, 15000, 60000
local AFTER_RINGING_MS = 60000 -- how much longer than the ringing a call may be silent before it is unreported (R7)
local DEFAULT_OPEN, DEFAULT_HANDED_OFF = 10, 100

local Campaign = {}
Campaign.__index = Campaign
Campaign.__tostring = function(self) return ("outdial campaign %q"):format(self.name) end

local read = {} -- key -> function(self, options): fills self, returns a text if something is wrong

local function whole(key, value, least, most)
    if type(value) == "number" and value >= least and value <= most and value % 1 == 0 then return nil end
    return ("%s: expected a whole number from %d to %d, got %s"):format(key, least, most,
        type(value) == "number" and tostring(value) or errors.kind(value))
end

local function flag(self, options, key, otherwise)
    local value = options[key]
    if value ~= nil and type(value) ~= "boolean" then
        return ("%s: expected true or false, got %s"):format(key, errors.kind(value))
    end
    if value == nil then value = otherwise end
    self[key] = value
end

function read.name(self, options)
    local name = options.name
    if type(name) ~= "string" then return "name: expected a text, got " .. errors.kind(name) end
    if name == "" or #name > MAX_NAME or name:find("[%c:]") then
        return ("name: expected 1 to %d characters without a colon, got %q"):format(MAX_NAME, name)
    end
    self.name = name
end

function read.store(self, options)
    local path = options.store
    if type(path) ~= "string" or path == "" then
        return 'store: expected the path of the store, such as "calls.db", got ' .. errors.show(path)
    end
    self.store = path
end

function read.subject(self, options)
    local subject = options.subject
    if subject == nil then return nil end
    if type(subject) ~= "string" or subject == "" then
        return "subject: expected a text, got " .. errors.show(subject)
    end
    self.subject = subject
end

function read.contacts(self, options)
    if not contacts.is(options.contacts) then
        return "contacts: expected outdial.contacts.csv(path, map) or one of its kind, got "
            .. errors.kind(options.contacts)
    end
    self.contacts = options.contacts
end

local function check_client(name, client)
    if type(client) ~= "table" then
        return ("vendors.%s: expected a client, got %s"):format(name, errors.kind(client))
    end
    for _, method in ipairs(METHODS) do
        local ok, fn = pcall(function() return client[method] end)
        if not ok or type(fn) ~= "function" then
            return ("vendors.%s: expected a client, got a table without %s"):format(name, method)
        end
    end
    if rawget(client, "_handle") == false then return ("vendors.%s: this client is closed"):format(name) end
    local timeout = (rawget(client, "settings") or {}).timeout
    if timeout and timeout > LONGEST_TIMEOUT_S then
        return ("vendors.%s: timeout: expected at most %d seconds in a campaign, got %s"):format(name,
            LONGEST_TIMEOUT_S, timeout)
    end
end

function read.vendors(self, options)
    local vendors = options.vendors
    if type(vendors) ~= "table" then return "vendors: expected { name = client }, got " .. errors.kind(vendors) end
    if not check_client("", vendors) then return "vendors: expected { name = client }, got a client without a name" end
    self.vendors, self.vendor_names = {}, {}
    for name, client in pairs(vendors) do
        if type(name) ~= "string" then return "vendors: expected { name = client }, got a list" end
        local problem = check_client(name, client)
        if problem then return problem end
        self.vendors[name] = client
        self.vendor_names[#self.vendor_names + 1] = name
    end
    if not self.vendor_names[1] then return "vendors: expected at least one client" end
    table.sort(self.vendor_names)
end

local function unknown_vendor(self, key, name)
    if type(name) ~= "string" then return ("%s: expected names of vendors, got %s"):format(key, errors.kind(name)) end
    if not self.vendors[name] then return key .. ": " .. errors.unknown("unknown vendor", name, self.vendor_names) end
end

function read.pace(self, options)
    local pace = options.pace
    if pace == nil then pace = {} end
    if type(pace) ~= "table" then return "pace: expected a table, got " .. errors.kind(pace) end
    local problem = errors.unknown_key(pace, { "max_open", "max_handed_off", "open" })
    if problem then return "pace: " .. problem end
    self.pace = { max_open = DEFAULT_OPEN, max_handed_off = DEFAULT_HANDED_OFF, open = {} }
    for key, most in pairs(pace) do
        if key ~= "open" then self.pace[key] = most end
    end
    problem = whole("pace.max_open", self.pace.max_open, 1, MAX_OPEN)
        or whole("pace.max_handed_off", self.pace.max_handed_off, 1, MAX_HANDED_OFF)
    if problem then return problem end
    if pace.open ~= nil and type(pace.open) ~= "table" then
        return "pace.open: expected { vendor name = n }, got " .. errors.kind(pace.open)
    end
    -- How many an account bears unless told: beyond Connect's default quota people hear a fast busy (R17).
    for name, client in pairs(self.vendors) do self.pace.open[name] = accounts.describe(client).max_open end
    for name, most in pairs(pace.open or {}) do
        problem = unknown_vendor(self, "pace.open", name) or whole("pace.open." .. name, most, 1, MAX_OPEN)
        if problem then return problem end
        self.pace.open[name] = most
    end
end

function read.retry(self, options)
    if options.retry ~= nil and not retry.is(options.retry) then
        return "retry: expected outdial.retry { ... }, got " .. errors.kind(options.retry)
    end
    self.retry = options.retry or retry.ONCE
end

local function read_ring_timeout(options)
    if options.ring_timeout == nil then return RING_TIMEOUT_MS end
    local ms, problem = duration.parse(options.ring_timeout)
    if not ms then return nil, "ring_timeout: " .. problem end
    if ms < RING_LEAST_MS or ms > RING_MOST_MS then
        return nil, ("ring_timeout: expected 15 to 60 seconds, got %s"):format(duration.format(ms))
    end
    return ms
end

local function read_hours(options)
    local given = options.hours
    local days, holidays = hours.ruleset(given)
    if not days then return nil, "hours: " .. holidays end
    if options.holidays ~= nil then
        if holidays then return nil, "holidays: they are given in hours, too" end
        local problem
        holidays, problem = hours.holidays(options.holidays)
        if not holidays then return nil, problem end
    end
    return days, holidays
end

-- The rules of the campaign, as the store takes them.
function read.ruleset(self, options)
    local days, holidays = read_hours(options)
    if not days then return holidays end
    local ring_timeout_ms, problem = read_ring_timeout(options)
    if not ring_timeout_ms then return problem end
    local loosen, used = caps.loosen(options.loosen), {}
    if not loosen then return "loosen: " .. select(2, caps.loosen(options.loosen)) end
    local cap_list, gap_list
    cap_list, problem = caps.caps(options.caps, loosen, used)
    if not cap_list then return "caps" .. (problem:find("^%[") and "" or ": ") .. problem end
    gap_list, problem = caps.gaps(options.gap, self.retry:gaps(), loosen, used)
    if not gap_list then return "gap: " .. problem end
    problem = caps.unused(loosen, used)
    if problem then return "loosen: " .. problem end
    for _, cap in ipairs(cap_list) do
        if cap.scope == "subject" and not self.subject then return "caps: a cap per subject needs `subject`" end
    end
    local zone, of_list = options.zone, self.contacts.map.zone_default
    problem = zone ~= nil and contacts.check_zone(zone)
    if problem then return "zone: " .. problem end
    if zone == nil then zone = of_list end
    if of_list ~= nil and zone ~= of_list then
        return ("zone: the contacts have another default, %q"):format(of_list)
    end
    self.ruleset = { hours = days, holidays = holidays, zone = zone, caps = cap_list, gaps = gap_list,
        ring_timeout_ms = ring_timeout_ms, hand_off_outside_hours = self.hand_off_outside_hours }
    self.loosened = loosen
end

function read.do_not_call(self, options)
    local given = options.do_not_call
    if given == nil then return nil end
    if type(given) == "string" then given = { path = given } end
    if type(given) ~= "table" then
        return "do_not_call: expected a path, or { path =, country =, column = }, got " .. errors.kind(given)
    end
    local problem = errors.unknown_key(given, { "path", "country", "column" })
    if problem then return "do_not_call: " .. problem end
    for _, key in ipairs { "path", "country", "column" } do
        local value = given[key]
        if (value ~= nil or key == "path") and (type(value) ~= "string" or value == "") then
            return ("do_not_call.%s: expected a text, got %s"):format(key, errors.kind(value))
        end
    end
    problem = given.country ~= nil and contacts.check_country(given.country)
    if problem then return "do_not_call." .. problem end
    self.do_not_call = { path = given.path, country = given.country or self.contacts.map.country,
        column = given.column }
end

function read.open_for(self, options)
    self.open_for_ms = self.ruleset.ring_timeout_ms + AFTER_RINGING_MS
    if options.open_for == nil then return nil end
    local ms, problem = duration.parse(options.open_for)
    if not ms then return "open_for: " .. problem end
    if ms <= self.ruleset.ring_timeout_ms then
        return "open_for: expected more than the ring timeout, " .. duration.format(self.ruleset.ring_timeout_ms)
    end
    self.open_for_ms = ms
end

function read.doubt(self, options)
    local doubt = options.doubt
    if doubt == nil then return nil end
    if type(doubt) ~= "table" then return "doubt: expected { write_off_after = }, got " .. errors.kind(doubt) end
    local problem = errors.unknown_key(doubt, { "write_off_after" })
    if problem then return "doubt: " .. problem end
    self.write_off_after_ms, problem = duration.parse(doubt.write_off_after)
    if problem then return "doubt.write_off_after: " .. problem end
end

local function read_route(self, route)
    local no_list = errors.no_list(route)
    if no_list then return "route: expected names of vendors, got " .. no_list end
    if not route[1] then return "route: expected names of vendors, got an empty list" end
    self.route = {}
    for i, vendor in ipairs(route) do
        local problem = unknown_vendor(self, "route", vendor)
        if problem then return problem end
        self.route[i] = vendor -- the script may use its table for something else
    end
end

function read.hooks(self, options)
    self.hooks = {}
    for _, name in ipairs(HOOKS) do
        local hook = options[name]
        if name == "route" and type(hook) == "table" then
            local problem = read_route(self, hook)
            if problem then return problem end
        elseif hook ~= nil and type(hook) ~= "function" then
            return ("%s: expected a function%s, got %s"):format(name, name == "route"
                and ", or a list of vendors' names" or "", errors.kind(hook))
        else
            self.hooks[name] = hook
        end
    end
    self.route = self.route or self.vendor_names
end

-- In this order: later ones use what earlier ones found.
local ORDER = { "name", "store", "subject", "contacts", "vendors", "pace", "retry", "ruleset", "do_not_call",
    "open_for", "doubt", "hooks" }

-- M.new(options) -> campaign, or nil, text
function M.new(options)
    if type(options) ~= "table" then return nil, "expected a table of options, got " .. errors.kind(options) end
    local problem = errors.unknown_key(options, KEYS)
    if problem then return nil, problem end
    local self = setmetatable({}, Campaign)
    problem = flag(self, options, "track", true)
        or flag(self, options, "hand_off_outside_hours", false)
    for i = 1, problem and 0 or #ORDER do
        problem = read[ORDER[i]](self, options)
        if problem then break end
    end
    if problem then return nil, problem end
    return self
end

function M.is(value)
    return type(value) == "table" and getmetatable(value) == Campaign
end

return M
