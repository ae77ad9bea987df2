-- outdial run: runs a Lua file as the first task, and the campaign that it returns.

local campaign = require "outdial.campaign"
local core = require "outdial.core"
local options = require "outdial.commands.options"
local outdial = require "outdial"
local program = require "outdial.commands.program"
local runner = require "outdial.runner"
local summary = require "outdial.commands.summary"

local PROGRESS_EVERY_S = 10

local command = {
    name = "run",
    usage = "FILE [ARGUMENT...]",
    summary = "run a Lua script: its chunk is the first task",
    flags = {},
    rest_is_free = true,
    notes = {
        "",
        "The script gets its arguments as ... and in arg. The first SIGINT or SIGTERM places no new call and lets",
        "what is under way end, a second one ends the program at once. A campaign that the script returns is run",
        "until no contact is left to call; exit code 3: nothing is left but calls in doubt or contacts held.",
    },
    example = "outdial run hello.lua +12065550100",
}

-- For xpcall: the text with the stack as it stands, unless the error brought the stack of its task.
local function with_traceback(err)
    local text = tostring(err)
    if type(err) == "table" and err.traceback then
        return text .. err.traceback
    end
    return text:find("\nstack traceback:", 1, true) and text or debug.traceback(text, 2)
end

-- A folder can be opened, but not read.
local function why_unreadable(file)
    local handle, why = io.open(file, "rb")
    if not handle then
        return (why:gsub("^.*: ", ""))
    end
    local text
    text, why = handle:read("*a")
    handle:close()
    return not text and why or nil
end

local function spread(list, i)
    if i <= #list then
        return list[i], spread(list, i + 1)
    end
end

local function set_arg(file, words)
    local list = { [0] = file }
    for i, word in ipairs(words) do
        list[i] = word
    end
    rawset(_G, "arg", list)
end

local function read_file(file)
    local handle = assert(io.open(file, "rb"))
    local text = handle:read("*a")
    handle:close()
    return text
end

-- A line now and then, where something has changed.
local function progress_lines()
    local last, last_at
    return function(figures)
        local line = summary.line(figures)
        if line == last or (last_at and figures.at_ms - last_at < PROGRESS_EVERY_S * 1000) then
            return
        end
        last, last_at = line, figures.at_ms
        io.stdout:write(line, "\n")
        io.stdout:flush()
    end
end

-- Ends what the script's clients have open at their vendors.
local function close_clients(made)
    for _, name in ipairs(made.vendor_names) do
        local closed, err = made.vendors[name]:close()
        if not closed then
            program.complain(command.name, ("%s: %s"):format(name, tostring(err)))
        end
    end
end

-- Runs a campaign in the task it is called in. Returns the exit code.
local function run_campaign(made, file)
    local figures, err = runner.run(made, {
        script = core.hex(core.sha256(read_file(file))),
        progress = progress_lines(),
        log = function(level, text)
            program.complain(command.name, level == "info" and text or level .. ": " .. text)
        end,
    })
    close_clients(made)
    if not figures then
        program.complain(command.name, err)
        return program.FAILED
    end
    io.stdout:write(table.concat(summary.lines(figures), "\n"), "\n")
    return figures.exit_code
end

function command.run(args)
    local file = table.remove(args, 1)
    if not file then
        return options.misuse(command, "expected a file")
    end
    local unreadable = why_unreadable(file)
    if unreadable then
        program.complain(command.name, ("%s: %s"):format(file, unreadable))
        return program.MISUSE
    end
    local chunk, wrong = loadfile(file)
    if not chunk then
        program.complain(command.name, wrong)
        return program.FAILED
    end
    set_arg(file, args)
    local ok, code = xpcall(function()
        return outdial.run(function()
            program.watch_signals()
            local made = chunk(spread(args, 1))
            return campaign.is(made) and run_campaign(made, file) or nil
        end)
    end, with_traceback)
    if not ok then
        program.complain(command.name, code)
    elseif code then
        return code
    end
    if program.signals() > 0 then
        return program.STOPPED
    end
    return ok and program.DONE or program.FAILED
end

return command
