-- outdial version: which release this is, and on which libraries it runs.

local core = require "outdial.core"
local json = require "outdial.commands.json"
local program = require "outdial.commands.program"

local command = {
    name = "version",
    usage = "[--json]",
    takes = 0,
    summary = "which release this is, and on which libraries it runs",
    flags = { { "json", nil, "as JSON" } },
    example = "outdial version",
}

function command.run(args)
    local line = core.version()
    if not args.json then
        io.stdout:write(line, " ", _VERSION, "\n")
        return program.DONE
    end
    local release, libraries = line:match("^outdial (%S+) %((.*)%)$")
    local found = {}
    for name, version in libraries:gmatch("(%a+)[/ ]([%w.]+)") do
        found[name] = version
    end
    io.stdout:write(json.pretty({ version = release, libraries = found, lua = _VERSION:match("[%d.]+") }), "\n")
    return program.DONE
end

return command
