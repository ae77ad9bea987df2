-- The mock vendors for crash tests, whose calls live fast: outdial run mock.lua PHONE_LOG FAULTS TOKEN_READING
-- Says its port in one line, and serves until it is killed.
local faults = require "mock.faults"
local mock = require "mock"

local phone_log, rates, reading = ...

local options = {
    phone_log = phone_log, faults = assert(faults.parse(rates)), seed = 7, token_after_disconnect = reading,
    settings = {
        contacts = { speed = 400, outcomes = false },
        connect = { concurrent_calls = 1000 },
        genesys = { event_ms = 1, ring_ms = 5, talk_ms = 5, no_answer_ms = 10 },
    },
    on_listening = function(handle)
        print("port " .. handle.port)
        io.stdout:flush()
    end,
}
assert(mock.serve(options))
