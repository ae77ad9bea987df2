-- All that one mock remembers, with its clock and its randomness: the vendors' functions take it and a request
-- and nothing else. What happens by itself later is kept in order of time.

local agenda = require("mock.agenda")
local phone_log = require("mock.phone_log")
local random = require("mock.random")
local settings = require("mock.settings")

local state = {}

--- A new state. options: now_ms (function: the time, in milliseconds since 1970), seed (default 1), settings, phone_log
--- (default: one that only counts), rate (true: the vendors' limits are enforced).
function state.new(options)
    local draw = random.new(options.seed or 1)
    local new = {
        now_ms = options.now_ms,
        settings = settings.new(options.settings),
        phone_log = options.phone_log or phone_log.new(),
        enforce_rate = options.rate == true,
        queued = {}, -- what a vendor has accepted and may dial later, in order of arrival
    }
    local to_come = agenda.new()

    --- The next random number, 0 <= number < 1.
    new.random = draw

    function new.uuid()
        return random.uuid(draw)
    end

    function new.hex(count)
        return random.hex(draw, count)
    end

    --- Notes something accepted that no phone rings for yet.
    function new.queue(vendor, to, token)
        new.queued[#new.queued + 1] = { vendor = vendor, to = to, token = token }
    end

    --- Carries an action out, with its time as argument, once the clock has reached it.
    function new.at(at_ms, action)
        to_come.add(at_ms, action)
    end

    --- Carries out all that is due: lives advance when they are looked at.
    function new.catch_up()
        to_come.run(new.now_ms())
    end

    --- When the next of them is due, or nil.
    function new.next_due_ms()
        return to_come.next_ms()
    end

    return new
end

return state
