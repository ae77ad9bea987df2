-- The commands of the outdial program: finds the one that is named and gives it its words.

local core = require "outdial.core"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"

local commands = {}

local NAMES = { "run", "check", "call", "operations", "status", "doubts", "explain", "export", "dnc", "contact",
    "pause", "resume", "stop", "mock", "sign", "version" }

local function load_command(name)
    return require("outdial.commands." .. name)
end

local function is_command(name)
    for _, known in ipairs(NAMES) do
        if known == name then
            return true
        end
    end
    return false
end

local function usage()
    local lines = {
        "usage: outdial COMMAND [ARGUMENT...]", "", "Places outbound calls through contact-centre vendors.", "",
    }
    for _, name in ipairs(NAMES) do
        lines[#lines + 1] = ("  %-11s %s"):format(name, load_command(name).summary)
    end
    lines[#lines + 1] = ""
    lines[#lines + 1] = "outdial COMMAND --help tells more about one."
    return table.concat(lines, "\n") .. "\n"
end

local function unknown_command(name)
    local near = core.nearest(name, NAMES)
    local hint = near and (", did you mean \"%s\"?"):format(near) or ""
    io.stderr:write(("outdial: unknown command \"%s\"%s\n"):format(name, hint), "Try: outdial --help\n")
    return program.MISUSE
end

local function run_command(name, argv)
    local command = load_command(name)
    local args, message = options.parse(command, argv)
    if not args then
        return options.misuse(command, message)
    end
    if args.help then
        options.write_help(command)
        return program.DONE
    end
    message = options.too_many(command, args)
    if message then
        return options.misuse(command, message)
    end
    return command.run(args)
end

--- Runs the command that argv[1] names with the words after it. Returns the exit code.
function commands.main(argv)
    local name, rest = argv[1], {}
    for i = 2, #argv do
        rest[i - 1] = argv[i]
    end
    if name == nil then
        io.stderr:write(usage())
        return program.MISUSE
    elseif name == "--help" or name == "-h" or name == "help" then
        if rest[1] == nil then
            io.stdout:write(usage())
            return program.DONE
        end
        name, rest = rest[1], { "--help" }
    elseif name == "--version" then
        name = "version"
    end
    if not is_command(name) then
        return unknown_command(name)
    end
    return run_command(name, rest)
end

return commands
