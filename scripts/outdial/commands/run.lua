-- outdial run: runs a Lua file as the first task.

local options = require "outdial.commands.options"
local outdial = require "outdial"
local program = require "outdial.commands.program"

local command = {
    name = "run",
    usage = "FILE [ARGUMENT...]",
    summary = "run a Lua script: its chunk is the first task",
    flags = {},
    rest_is_free = true,
    notes = {
        "",
        "The script gets its arguments as ... and in arg. The first SIGINT or SIGTERM places no new call and lets",
        "what is under way end, a second one ends the program at once.",
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
    local ok, err = xpcall(function()
        outdial.run(function()
            program.watch_signals()
            return chunk(spread(args, 1))
        end)
    end, with_traceback)
    if not ok then
        program.complain(command.name, err)
    end
    if program.signals() > 0 then
        return program.STOPPED
    end
    return ok and program.DONE or program.FAILED
end

return command
