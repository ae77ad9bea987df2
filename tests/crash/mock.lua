-- The mock vendors for crash tests, whose calls live fast:
-- outdial run mock.lua PHONE_LOG FAULTS TOKEN_READING SPEED PUTS_OFF [SIGNAL]
-- Says its port in one line, and serves until it is killed, or is stopped: then it says, in a line each, which numbers
-- Symbee's agents would have called still. PUTS_OFF true: these agents put everybody off, each time. SIGNAL: they
-- begin to work when that file is there.
local agent = require "mock.symbee_agent"
local faults = require "mock.faults"
local mock = require "mock"
local outcomes = require "mock.outcomes"
local scheduler = require "outdial.scheduler"

local phone_log, rates, reading, speed, puts_off, signal = ...

-- Each answer that gets lost is a line in PHONE_LOG.unknown: all faults but that of a vendor which says that it did
-- nothing.
local unknowns, new_faults = assert(io.open(phone_log .. ".unknown", "a")), faults.new
unknowns:setvbuf("line")

function faults.new(...) -- luacheck: ignore 122
    local next_fault = new_faults(...)
    return function()
        local kind = next_fault()
        if kind and kind ~= "throttle" then unknowns:write(kind, "\n") end
        return kind
    end
end

local PUT_OFF = { { state = "WORKED", code = "No Answer", rings = true, again = true } }
local AGAIN_MS = 1e12 -- longer than any round

if puts_off == "true" then
    local find = outcomes.find
    function outcomes.find(state, number, vendor) -- luacheck: ignore 122
        return vendor == "symbee" and PUT_OFF or find(state, number, vendor)
    end
end

-- Agents that rest: what is planned for them is planned when they begin.
local plan, drop, at_rest, LOOK_EVERY_S = agent.plan, agent.drop, {}, 0.02

if signal then
    function agent.plan(_, record) at_rest[record] = true end -- luacheck: ignore 122

    function agent.drop(record) -- luacheck: ignore 122
        at_rest[record] = nil
        drop(record)
    end
end

local function begin_on_signal(state)
    local file
    repeat
        scheduler.sleep(LOOK_EVERY_S)
        file = io.open(signal)
    until file
    file:close()
    agent.plan, agent.drop = plan, drop -- luacheck: ignore 122
    for record in pairs(at_rest) do plan(state, record, state.now_ms()) end
end

local devices, DEVICES = {}, 12
for i = 1, DEVICES do
    devices[i] = { id = ("00000000-0000-4000-8000-0000000000%02d"):format(i), phone_number = ("50%02d"):format(i),
        registered = true }
end

local served

local options = {
    phone_log = phone_log, faults = assert(faults.parse(rates)), seed = 7, token_after_disconnect = reading,
    settings = {
        contacts = { speed = tonumber(speed), outcomes = false },
        connect = { concurrent_calls = 1000 }, symbee = { again_ms = AGAIN_MS },
        genesys = { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10,
            users = { { username = "agent", password = "secret", id = "d6ab5b4fb6ba4f0eb1ab9c1ddf6a7d01",
                first_name = "Ada", last_name = "Agent", place = "Place1",
                features = { "api-voice", "api-voice-outbound" }, devices = devices } } },
    },
    on_listening = function(handle)
        served = handle.state
        print("port " .. handle.port)
        io.stdout:flush()
        if signal then scheduler.daemon(begin_on_signal, served) end
    end,
}
assert(mock.serve(options))
for _, list in pairs(served.symbee and served.symbee.store.campaigns or {}) do
    for _, record in ipairs(list) do
        if record.plan or record.task then print("left " .. agent.number(record)) end
    end
end
