-- What one signed, validated Amazon Connect call costs from a Lua task, all of it: `outdial run outdial_calls.lua PORT
-- IN_FLIGHT CALLS` prints the CPU time per call in microseconds and the most memory that it ever held, in KiB.
local outdial = require "outdial"

local port, in_flight, calls = ...
in_flight, calls = tonumber(in_flight), tonumber(calls)

local connect = assert(outdial.amazon_connect {
    endpoint = "http://127.0.0.1:" .. port,
    region = "us-east-1",
    rate = false,
    instance_id = "11111111-1111-4111-8111-111111111111",
    contact_flow_id = "22222222-2222-4222-8222-222222222222",
    source_phone_number = "+12065550199",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "secret" },
})

-- Made beforehand: what is measured is the calls.
local numbers = {}
for i = 1, 1000 do numbers[i] = string.format("+1206555%04d", i) end

local function call_all(count)
    local placed = 0
    local function number_at(index)
        if index <= count then return numbers[index % #numbers + 1] end
    end
    outdial.run(function()
        outdial.each(number_at, { concurrency = in_flight }, function(number)
            local result = outdial.check(connect:start_outbound_voice_contact {
                DestinationPhoneNumber = number,
                Attributes = { customer = "4711", campaign = "renewals" },
            })
            assert(result.ContactId == "11111111-2222-4333-8444-555555555555")
            placed = placed + 1
        end)
    end)
    assert(placed == count)
end

local function most_memory_kib()
    for line in io.lines("/proc/self/status") do
        local kib = line:match("^VmHWM:%s*(%d+)")
        if kib then return tonumber(kib) end
    end
    error("/proc/self/status has no VmHWM")
end

call_all(in_flight * 2) -- connections are open after this
collectgarbage()
local before = os.clock()
call_all(calls)
print(string.format("%.2f %d", (os.clock() - before) / calls * 1e6, most_memory_kib()))
connect:close()
