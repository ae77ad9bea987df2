-- What a command asks of the program it runs in: exit codes, signals, terminals. In a plain Lua there is no program, so
-- no signal is seen and nothing is a terminal.

local outdial = require "outdial"
local scheduler = require "outdial.scheduler"

local program = {
    DONE = 0,
    FAILED = 1,
    MISUSE = 2,
    DOUBTS = 3,
    STOPPED = 4,
}

local host = package.preload["outdial.host"] and require "outdial.host"

--- How many signals asked to stop.
function program.signals()
    return host and host.signals() or 0
end

--- The command does more than to show something: its exit code tells of that also when nobody reads what it writes.
function program.acts()
    if host then
        host.acts()
    end
end

--- Inside a task: from now on the first signal stops what runs, in order.
function program.watch_signals()
    if host then
        outdial.daemon(function()
            if outdial.await(outdial.engine:await(host.signal_fd)) then
                scheduler.stop()
            end
        end)
    end
end

--- Whether text for people may have colours.
function program.colours()
    local no_colour = os.getenv("NO_COLOR")
    return host ~= nil and (host.terminal(1)) and (no_colour == nil or no_colour == "") and os.getenv("TERM") ~= "dumb"
end

local MAX_COLUMNS = 100

--- How wide the terminal is on which a line may be written anew (the standard error); nil if it is none.
function program.live_columns()
    if not host or os.getenv("TERM") == "dumb" then
        return nil
    end
    local is_terminal, columns = host.terminal(2)
    return is_terminal and (columns or MAX_COLUMNS) or nil
end

--- How wide a table may be: the terminal, and 100 where there is none.
function program.columns()
    local is_terminal, columns
    if host then
        is_terminal, columns = host.terminal(1)
    end
    return is_terminal and columns or MAX_COLUMNS
end

--- The text as a heading: bold where there are colours.
function program.heading(text)
    return program.colours() and "\27[1m" .. text .. "\27[0m" or text
end

--- One line to the standard error: `outdial COMMAND: message`.
function program.complain(command, message)
    io.stdout:flush()
    io.stderr:write("outdial ", command, ": ", tostring(message), "\n")
end

return program
