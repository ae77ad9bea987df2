-- outdial mock: all vendors on one port, to try things out without ringing a phone.

local faults = require "mock.faults"
local mock = require "mock"
local options = require "outdial.commands.options"
local outcomes = require "mock.outcomes"
local program = require "outdial.commands.program"

local command = {
    name = "mock",
    usage = "[FLAG...]",
    takes = 0,
    summary = "all vendors on one port, to try things out without ringing a phone",
    flags = {
        { "listen", "ADDR:PORT", "where to listen (default 127.0.0.1:0, any free port)", default = "127.0.0.1:0" },
        { "phone-log", "FILE", "append one JSON line per phone that rings" },
        { "fault", "KIND=RATE,...", "fail on purpose, each kind so often (0 to 1)" },
        { "latency", "MS", "wait so long before each answer" },
        { "rate", "on|off", "enforce the vendors' rates (default off)", default = "off" },
        { "seed", "N", "make faults and ids repeatable" },
        { "speed", "N", "calls live so many times as fast (default 1)" },
        { "dial-records", "MS", "Genesys dials a record so long after it was added (default: never)" },
        { "token-after-disconnect", "KIND", "what a ClientToken of an ended contact starts (default new_contact)" },
    },
    notes = {
        "",
        "Kinds of faults: " .. table.concat(faults.KINDS, ", ") .. ".",
        "Kinds of --token-after-disconnect: new_contact, same_contact.",
        "",
        "What becomes of a call is chosen by the last five digits of the number called; any other number is answered:",
    },
    example = "outdial mock --listen 127.0.0.1:8080 --phone-log phones.jsonl --fault throttle=0.1,drop_after=0.02",
}

for _, row in ipairs(outcomes.list()) do
    command.notes[#command.notes + 1] = "  ..." .. row[1] .. "  " .. row[2]
end
for _, row in ipairs(outcomes.ranges()) do
    command.notes[#command.notes + 1] = "  ..." .. row[1] .. "  " .. row[2]
end

-- Each reads one flag's text into the mock's options; returns what was expected if it cannot.
local readers = {}

function readers.listen(text, into)
    local address, port = text:match("^%[(.+)%]:(%d+)$")
    if not address then
        address, port = text:match("^([^:]+):(%d+)$")
    end
    port = tonumber(port)
    if not port or port > 65535 then
        return "expected ADDR:PORT, got " .. text
    end
    into.address, into.port = address, port
end

readers["phone-log"] = function(text, into)
    into.phone_log = text
end

function readers.fault(text, into)
    local message
    into.faults, message = faults.parse(text)
    return message
end

function readers.latency(text, into)
    into.latency_ms = text:find("^%d+%.?%d*$") and tonumber(text)
    return not into.latency_ms and "expected milliseconds, got " .. text or nil
end

function readers.rate(text, into)
    if text ~= "on" and text ~= "off" then
        return "expected on or off, got " .. text
    end
    into.rate = text == "on"
end

function readers.seed(text, into)
    into.seed = text:find("^%d+$") and tonumber(text)
    return not into.seed and "expected a whole number, got " .. text or nil
end

function readers.speed(text, into)
    local speed = text:find("^%d+%.?%d*$") and tonumber(text)
    if not speed or speed == 0 then
        return "expected a number above 0, got " .. text
    end
    into.settings.contacts = { speed = speed }
end

readers["dial-records"] = function(text, into)
    local ms = text:find("^%d+$") and tonumber(text)
    if not ms then
        return "expected milliseconds, got " .. text
    end
    into.settings.genesys = { dial_records_after_ms = ms }
end

readers["token-after-disconnect"] = function(text, into)
    if text ~= "new_contact" and text ~= "same_contact" then
        return "expected new_contact or same_contact, got " .. text
    end
    into.token_after_disconnect = text
end

-- Returns the mock's options, or nil and what is wrong with a flag.
local function read_options(args)
    local into = { settings = {} }
    for _, flag in ipairs(command.flags) do
        local name = flag[1]
        local wrong = args[name] and readers[name](args[name], into)
        if wrong then
            return nil, ("--%s: %s"):format(name, wrong)
        end
    end
    return into
end

local function url_of(address, port)
    return ("http://%s:%d"):format(address:find(":", 1, true) and "[" .. address .. "]" or address, port)
end

function command.run(args)
    local into, wrong = read_options(args)
    if not into then
        return options.misuse(command, wrong)
    end
    into.on_listening = function(handle)
        program.watch_signals()
        io.stdout:write("outdial mock listening on ", url_of(into.address, handle.port), "\n")
        io.stdout:flush()
    end
    local ok, message = mock.serve(into)
    if not ok then
        program.complain(command.name, message)
        return program.FAILED
    end
    return program.DONE
end

return command
