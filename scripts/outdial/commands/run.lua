-- outdial run: runs a Lua file as the first task, and the campaign that it returns.

local campaign = require "outdial.campaign"
local core = require "outdial.core"
local outdial = require "outdial"
local program = require "outdial.commands.program"
local progress = require "outdial.commands.progress"
local runner = require "outdial.runner"
local script = require "outdial.commands.script"
local storage = require "outdial.commands.storage"
local summary = require "outdial.commands.summary"

local command = {
    name = "run",
    usage = "[FLAG...] FILE [ARGUMENT...]",
    summary = "run a Lua script: its chunk is the first task",
    flags = {
        { "quiet", nil, "of a campaign: no progress, only warnings and how it ends" },
        { "json", nil, "of a campaign: how it ends, as JSON" },
    },
    rest_is_free = true,
    notes = {
        "",
        "The script gets its arguments as ... and in arg. The first SIGINT or SIGTERM places no new call and lets",
        "what is under way end, a second one ends the program at once. A campaign that the script returns is run",
        "until no contact is left to call; exit code 3: nothing is left but calls in doubt, contacts held, or calls",
        "that their vendor may make again and that could not be taken back: run it again for these.",
    },
    example = "outdial run hello.lua +12065550100",
}

local function read_file(file)
    local handle = assert(io.open(file, "rb"))
    local text = handle:read("*a")
    handle:close()
    return text
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
local function run_campaign(made, file, args)
    local view = progress.of_program(args.quiet)
    local figures, err = runner.run(made, {
        script = core.hex(core.sha256(read_file(file))),
        progress = not args.quiet and function(figures) view:show(figures) end or nil,
        log = function(level, text)
            view:clear()
            if level ~= "info" or not args.quiet then
                program.complain(command.name, level == "info" and text or level .. ": " .. text)
            end
        end,
    })
    view:clear()
    close_clients(made)
    if not figures then
        program.complain(command.name, err)
        return program.FAILED
    end
    if args.json then
        storage.write_json(figures)
    else
        summary.write_run(made.store, figures)
    end
    return figures.exit_code
end

function command.run(args)
    local chunk, file = script.load(command, args)
    if not chunk then
        return file
    end
    program.acts()
    local ok, code = xpcall(function()
        return outdial.run(function()
            program.watch_signals()
            local made = chunk()
            if not script.check_returned(command, made, file) then
                return program.FAILED
            end
            return campaign.is(made) and run_campaign(made, file, args) or nil
        end)
    end, script.with_traceback)
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
