-- What a contact of a campaign costs, from the store to the vendor and back: `outdial run campaign_calls.lua PORT LIST
-- STORE OPEN` imports LIST (no,mobile,home,zone) into a new STORE and calls every contact once, OPEN at a time, at a
-- server that answers at once. Prints the CPU time per contact in microseconds without the import, that of the import
-- alone, how many were placed, and the most memory that it ever held, in KiB.
local outdial = require "outdial"
local runner = require "outdial.runner"

local port, list, store, open = ...
open = tonumber(open)

local connect = assert(outdial.amazon_connect {
    endpoint = "http://127.0.0.1:" .. port,
    region = "us-east-1",
    rate = false,
    instance_id = "11111111-1111-4111-8111-111111111111",
    contact_flow_id = "22222222-2222-4222-8222-222222222222",
    source_phone_number = "+12065550199",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "secret" },
})

local campaign = outdial.campaign {
    name = "bench",
    store = store,
    contacts = outdial.contacts.csv(list, { id = "no", numbers = { "mobile", "home" }, zone = "zone", country = "US" }),
    vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" },
    caps = { { 2, per = "person", every = "24h" } },
    gap = "4h",
    pace = { max_open = open, open = { connect = open } },
    track = false,
}

local function most_memory_kib()
    for line in io.lines("/proc/self/status") do
        local kib = line:match("^VmHWM:%s*(%d+)")
        if kib then return tonumber(kib) end
    end
    error("/proc/self/status has no VmHWM")
end

local began, imported = os.clock(), nil
local imported_kib
local figures = assert(runner.run(campaign, { log = function(level, text)
    if level == "info" and text:find("^contacts: ") then imported, imported_kib = os.clock(), most_memory_kib() end
    if os.getenv("BENCH_LOG") then io.stderr:write(level, " ", text, "\n") end
    if level == "error" then error(text) end
end }))
local ended = os.clock()
local total = figures.contacts.total
assert(figures.exit_code == 0 and figures.contacts.done == total and figures.legs.placed == total)
print(string.format("%.2f %.2f %d %d %d", (ended - imported) / total * 1e6, (imported - began) / total * 1e6,
    figures.legs.placed, most_memory_kib(), imported_kib))
connect:close()
