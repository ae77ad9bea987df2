-- The record of the phones that rang: one JSON line per ring, flushed at once so that a killed mock has
-- told of every ring it caused, and a count per vendor. It knows nothing of vendors' formats.

local json = require("mock.json")

local phone_log = {}

--- A log that writes to an open file (anything with write and flush), or keeps counts only without one.
function phone_log.new(file)
    local log = { counts = {}, total = 0 }

    --- Notes that a phone rang: { vendor, to, token }.
    function log.ring(ring, now_ms)
        log.counts[ring.vendor] = (log.counts[ring.vendor] or 0) + 1
        log.total = log.total + 1
        if file then
            local line = json.encode(json.object({ { "vendor", ring.vendor }, { "to", ring.to },
                { "token", ring.token }, { "at_ms", math.floor(now_ms) } }))
            assert(file:write(line, "\n"))
            assert(file:flush())
        end
    end

    --- Closes the file.
    function log.close()
        if file then
            file:close()
            file = nil
        end
    end

    return log
end

--- A log that appends to the file of that name; nil and a message where it cannot be opened.
function phone_log.open(path)
    local file, message = io.open(path, "a")
    if not file then
        return nil, message
    end
    return phone_log.new(file)
end

return phone_log
