-- Loading the Lua file that a command is given.

local campaign = require "outdial.campaign"
local errors = require "outdial.error"
local options = require "outdial.commands.options"
local program = require "outdial.commands.program"

local script = {}

--- For xpcall: the text with the stack as it stands, unless the error brought the stack of its task.
function script.with_traceback(err)
    local text = errors.text(err)
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

local function was_meant_as_one(made)
    if type(made) ~= "table" or campaign.is(made) then
        return false
    end
    return rawget(made, "contacts") ~= nil or rawget(made, "vendors") ~= nil or campaign.is(rawget(made, 1))
end

--- Of what a script has returned: false if it was meant as a campaign, and is none, which is complained of.
function script.check_returned(command, made, file)
    if was_meant_as_one(made) then
        program.complain(command.name, file
            .. ": it returned a table that is no campaign: return outdial.campaign { ... }")
        return false
    end
    return true
end

local function spread(list, i)
    if i <= #list then
        return list[i], spread(list, i + 1)
    end
end

--- Loads the file that args begins with; the words after it are the script's, as ... and in arg. Returns a function
--- that runs it, and its name; or nil and the exit code.
function script.load(command, args)
    local file = table.remove(args, 1)
    if not file then
        return nil, options.misuse(command, "expected a file")
    end
    local unreadable = why_unreadable(file)
    if unreadable then
        program.complain(command.name, ("%s: %s"):format(file, unreadable))
        return nil, program.MISUSE
    end
    local chunk, wrong = loadfile(file)
    if not chunk then
        program.complain(command.name, wrong)
        return nil, program.FAILED
    end
    local list = { [0] = file }
    for i, word in ipairs(args) do
        list[i] = word
    end
    rawset(_G, "arg", list)
    return function() return chunk(spread(args, 1)) end, file
end

return script
