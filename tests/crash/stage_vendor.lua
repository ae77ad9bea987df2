-- The stage on which all is tried: `outdial run`, and one of the mock's vendors.

local process = require "process"
local stage_store = require "stage_store"

local VERBS = { "register", "campaign", "put", "adopt", "take", "intend", "settle", "outcome", "looks", "resign" }
local FAULTS = "throttle=0.05,error_500=0.03,drop_before=0.03,drop_after=0.05,hang=0.03,garbage=0.03"
-- Genesys needs many requests before it may dial, and each may fail.
local FEWER = "throttle=0.02,error_500=0.01,drop_before=0.01,drop_after=0.03,hang=0.01,garbage=0.01"
local READINGS = { "new_contact", "same_contact" }

-- A Connect contact lives for two seconds, longer than a ClientToken is sent again (R2).
local SPEED = { amazon_connect = 5 }

local Stage = {}
Stage.__index = Stage

-- M(vendor) -> stage. At Genesys a dial is known by an event; one whose worker dies before that comes is looked for among
-- the live calls, and given up two minutes after it was meant if they go on without it.
local function new(vendor)
    local stage = setmetatable({ name = vendor, vendor = vendor, max_open = 20, cap = 1, contacts = 24,
        inside = stage_store.inside, takes_over = stage_store.takes_over, last_point = stage_store.last_point,
        lease_ms = 2000, longest_s = 0.4, may_wait = vendor == "genesys",
        patience_s = vendor == "genesys" and 200 or 40, -- a dial that nobody heard of has two minutes to show itself
        doubt_ms = vendor == "genesys" and 1000 or 0, -- until then its device may be busy
        most_deaths = vendor == "genesys" and 2 or nil, -- or all devices have such calls, and nobody is called any more
        points = {} }, Stage)
    for _, verb in ipairs(VERBS) do
        table.insert(stage.points, "before_" .. verb)
        table.insert(stage.points, "after_" .. verb)
    end
    for _, point in ipairs(stage_store.around) do table.insert(stage.points, point) end
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
-- ClientToken of an ended contact starts
function Stage.open(build, folder, options)
    local self = setmetatable({ build = build, store = folder .. "/store.db", phones = folder .. "/phones",
        log = folder .. "/log", vendor = options.stage.vendor, contacts = options.stage.contacts }, Place)
    local all = options.stage.vendor == "genesys" and FEWER or FAULTS
    local faults = options.faults == true and all or options.faults or "throttle=0"
    self.mock = process.start({ build .. "/outdial", "run", "tests/crash/mock.lua", self.phones, faults,
        options.reading or READINGS[math.random(#READINGS)],
        SPEED[options.stage.vendor] or 400 }, nil, folder .. "/mock")
    repeat
        process.sleep(0.01)
        self.port = read(folder .. "/mock"):match("port (%d+)\n")
    until self.port or self.mock:ended()
    assert(self.port, "the mock vendors did not start")
    return self
end

function Place:start(environment)
    environment.AWS_EC2_METADATA_DISABLED = "true"
    return process.start({ self.build .. "/faults/outdial", "run", "tests/crash/campaign.lua", self.port, self.store,
        self.vendor, self.contacts }, environment, self.log)
end

-- Waits until all that is to ring has rung.
function Place.settle()
    process.sleep(0.2)
end

function Place:close()
    self.mock:kill()
end

return new
