-- The stage on which all is tried: `outdial run`, and one of the mock's vendors.

local process = require "process"
local stage_store = require "stage_store"

local VERBS = { "register", "outages", "campaign", "put", "adopt", "take", "decide", "intend", "settle", "looks",
    "looked", "write_off", "beat", "resign" }
-- What only some have: Connect's calls are not followed; it alone has a rate; a record can be taken back.
local MORE = { amazon_connect = { "slot" }, genesys = { "outcome" }, ccai_platform = { "outcome" },
    symbee = { "outcome", "withdrawals", "withdrawn" } }
local FAULTS = "throttle=0.05,error_500=0.03,drop_before=0.03,drop_after=0.05,hang=0.03,garbage=0.03"
-- Genesys needs many requests before it may dial, and each may fail.
local FEWER = "throttle=0.02,error_500=0.01,drop_before=0.01,drop_after=0.03,hang=0.01,garbage=0.01"
local READINGS = { "new_contact", "same_contact" }

local LEASE_MS = 8000
-- How many times as fast calls live. A Connect contact lives for two seconds: longer than a ClientToken is sent again.
local SPEED, CONNECT_SPEED = 400, 5
-- Of a request: where some hang, and where none does. Each that a busy machine alone brings about is a doubt too many;
-- after one of Connect's there is time left to send its token again.
local TIMEOUT_S, CONNECT_TIMEOUT_S, LONG_TIMEOUT_S = 1, 0.5, 5
local MOCK_ENDS_S = 60

local Stage = {}
Stage.__index = Stage

-- M(vendor) -> stage
local function new(vendor)
    local stage = setmetatable({ name = vendor, vendor = vendor, max_open = 10, cap = 1, contacts = 24,
        inside = stage_store.inside, takes_over = stage_store.takes_over, last_point = stage_store.last_point,
        lease_ms = 3000, longest_s = 0.4, patience_s = 40, tells = true }, Stage)
    local verbs = table.move(MORE[vendor], 1, #MORE[vendor], #VERBS + 1, table.move(VERBS, 1, #VERBS, 1, {}))
    stage.points = stage_store.points_of(verbs)
    return stage
end

local Place = {}
Place.__index = Place

local function read(path)
    local file = io.open(path)
    local text = file and file:read("a") or ""
    if file then file:close() end
    return text
end

-- stage.open(build, folder, options) -> place. options.faults: the mock's, all of them; options.reading: what a
-- ClientToken of an ended contact starts; options.speed; options.writes_off: doubts are given up. slowness: how many
-- times as long all may take; options.puts_off: Symbee's agents would call everybody again
function Stage.open(build, folder, options, slowness)
    local hang_s = options.stage.vendor == "amazon_connect" and CONNECT_TIMEOUT_S or TIMEOUT_S
    local self = setmetatable({ build = build, store = folder .. "/store.db", phones = folder .. "/phones",
        log = folder .. "/log", vendor = options.stage.vendor, contacts = options.stage.contacts,
        timeout_s = (options.faults and hang_s or LONG_TIMEOUT_S) * slowness,
        mock_log = folder .. "/mock", lease_ms = math.floor(LEASE_MS * slowness),
        writes_off = options.writes_off or false, agents_begin = options.meanwhile and folder .. "/begin" }, Place)
    local all = options.stage.vendor == "genesys" and FEWER or FAULTS
    local faults = options.faults == true and all or options.faults or "throttle=0"
    self.mock = process.start({ build .. "/outdial", "run", "tests/crash/mock.lua", self.phones, faults,
        options.reading or READINGS[math.random(#READINGS)],
        options.speed or self.vendor == "amazon_connect" and CONNECT_SPEED or SPEED,
        options.puts_off or false, self.agents_begin }, nil, folder .. "/mock")
    repeat
        process.sleep(0.01)
        self.port = read(folder .. "/mock"):match("port (%d+)\n")
    until self.port or self.mock:ended()
    assert(self.port, "the mock vendors did not start")
    return self
end

function Place:start(environment)
    environment.AWS_EC2_METADATA_DISABLED = "true"
    environment.OUTDIAL_LEASE_MS = environment.OUTDIAL_LEASE_MS or self.lease_ms
    environment.OUTDIAL_LEASE_MARGIN_MS = environment.OUTDIAL_LEASE_MARGIN_MS or 100
    return process.start({ self.build .. "/faults/outdial", "run", "tests/crash/campaign.lua", self.port, self.store,
        self.vendor, self.contacts, self.timeout_s, self.writes_off }, environment, self.log)
end

-- Waits until all that is to ring has rung.
function Place.settle()
    process.sleep(0.2)
end

-- Has the vendor's agents begin.
function Place:begin_agents()
    process.lines({ "touch", self.agents_begin })
end

-- How many answers got lost.
function Place:unknowns()
    return process.count_lines(self.phones .. ".unknown")
end

-- Ends the vendors: which numbers would they have called still?
function Place:left()
    self.mock:signal("TERM")
    assert(self.mock:wait_for(MOCK_ENDS_S) and self.mock:wait() == "exit", "the mock vendors did not end in order")
    local numbers = {}
    for number in read(self.mock_log):gmatch("left (%S+)\n") do numbers[#numbers + 1] = number end
    return numbers
end

function Place:close()
    self.mock:kill()
end

return new
