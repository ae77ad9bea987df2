-- Flags of a command: one table says what there is; it parses the arguments and prints the help.
--
--     { name = "mock", usage = "[FLAG...]", summary = "...", example = "outdial mock ...", run = function(args) end,
--       flags = { { "listen", "ADDR:PORT", "where to listen", default = "127.0.0.1:0" }, { "json", nil, "..." } } }
--
-- A flag with a value word takes one, `--name VALUE` or `--name=VALUE`; without, it is true when given. A command
-- may say how many other words it `takes` at most (by the first of them where there are actions: { list = 2 }; absent:
-- any), set `rest_is_free` (flags end with the first word that is none: what follows belongs to a script),
-- `other_flags` (unknown flags take a value and are collected in args.other, for a client's options) and `notes` (more
-- lines for the help).

local core = require "outdial.core"
local program = require "outdial.commands.program"

local options = {}

local HELP = { "help", nil, "this text" }

local function flag_names(command)
    local names = { "help" }
    for _, flag in ipairs(command.flags) do
        names[#names + 1] = flag[1]
    end
    return names
end

local function find_flag(command, name)
    if name == "help" then
        return HELP
    end
    for _, flag in ipairs(command.flags) do
        if flag[1] == name then
            return flag
        end
    end
end

local function unknown_flag(command, name)
    local near = core.nearest(name, flag_names(command))
    return ("unknown option --%s%s"):format(name, near and (", did you mean --%s?"):format(near) or "")
end

-- Reads the flag in argv[i] into args; returns the index of its last word, or nil and what is wrong.
local function read_flag(command, argv, i, args)
    local name, value = argv[i]:match("^%-%-([^=]+)=(.*)$")
    name = name or argv[i]:match("^%-%-(.+)$") or argv[i] == "-h" and "help"
    if not name then
        return nil, "unknown option " .. argv[i]
    end
    local flag = find_flag(command, name)
    if not flag and not command.other_flags then
        return nil, unknown_flag(command, name)
    end
    local takes_value = not flag or flag[2]
    if not takes_value and value then
        return nil, ("--%s takes no value"):format(name)
    end
    if takes_value and not value then
        i = i + 1
        value = argv[i]
        if value == nil then
            return nil, ("--%s needs %s"):format(name, flag and flag[2] or "a value")
        end
    end
    if flag then
        args[name] = takes_value and value or true
    else
        args.other[#args.other + 1] = { name = name, value = value }
    end
    return i
end

--- Reads a list of words. Returns a table: flags by name, other words as its list, args.other; or nil and what is
--- wrong.
function options.parse(command, argv)
    local args = { other = {} }
    for _, flag in ipairs(command.flags) do
        args[flag[1]] = flag.default
    end
    local i, flags_end = 1, false
    while i <= #argv do
        local word = argv[i]
        if not flags_end and word == "--" then
            flags_end = true
        elseif not flags_end and word:sub(1, 1) == "-" and word ~= "-" then
            local last, message = read_flag(command, argv, i, args)
            if not last then
                return nil, message
            end
            i = last
        else
            args[#args + 1] = word
            flags_end = flags_end or command.rest_is_free
        end
        i = i + 1
    end
    return args
end

--- What is given beyond the words that the command takes, as a complaint; nil: nothing is.
function options.too_many(command, args)
    local most = command.takes
    if type(most) == "table" then
        most = most[args[1]]
    end
    local extra = most and args[most + 1]
    return extra and "unexpected argument " .. extra or nil
end

local function flag_rows(command)
    local rows = {}
    for _, flag in ipairs(command.flags) do
        rows[#rows + 1] = { "--" .. flag[1] .. (flag[2] and " " .. flag[2] or ""), flag[3] }
    end
    rows[#rows + 1] = { "--help", HELP[3] }
    return rows
end

--- Writes what the command is for, its flags and an example.
function options.write_help(command)
    local lines = { ("usage: outdial %s %s"):format(command.name, command.usage), "", command.summary, "" }
    local rows, width = flag_rows(command), 0
    for _, row in ipairs(rows) do
        width = math.max(width, #row[1])
    end
    for _, row in ipairs(rows) do
        lines[#lines + 1] = ("  %-" .. width .. "s  %s"):format(row[1], row[2])
    end
    for _, note in ipairs(command.notes or {}) do
        lines[#lines + 1] = note
    end
    lines[#lines + 1] = ""
    lines[#lines + 1] = "example: " .. command.example
    io.stdout:write(table.concat(lines, "\n"), "\n")
end

--- Says what is wrong with the words given, and where help is. Returns the exit code.
function options.misuse(command, message)
    program.complain(command.name, message)
    io.stderr:write(("Try: outdial %s --help\n"):format(command.name))
    return program.MISUSE
end

return options
