-- What the commands about a store share: opening it, asking it, and how its times and errors read.

local json = require "outdial.commands.json"
local options = require "outdial.commands.options"
local outdial = require "outdial"
local program = require "outdial.commands.program"
local store = require "outdial.store"

local storage = {}

-- Raised inside of a body to end it with an error of the world, told in one line.
local Failure = {}

--- Raises what ends the command with this error (nil, err of a verb); returns the value otherwise.
function storage.check(value, err)
    if value == nil then
        error(setmetatable({ err = err }, Failure), 0)
    end
    return value
end

-- A result told by name of verb: { contacts = ... } or the command ends.
local function asker(db)
    return setmetatable({}, { __index = function(_, verb)
        return function(params)
            return storage.check(db[verb](db, params or {}))
        end
    end })
end

--- Runs body(ask) with the store that is at path, where ask.VERB(params) gives the verb's result. A store that is not
--- there is not made. Returns the exit code: what body returned, else done.
function storage.with(command, path, body)
    if not path then
        return options.misuse(command, "expected a store")
    end
    local code = program.DONE
    local ok, problem = pcall(outdial.run, function()
        local db = storage.check(store.open(path))
        local fine, wrong = pcall(function()
            code = body(asker(db)) or program.DONE
        end)
        db:close()
        if not fine then
            error(wrong, 0)
        end
    end)
    if ok then
        return code
    elseif getmetatable(problem) ~= Failure then
        error(problem, 0)
    end
    program.complain(command.name, problem.err)
    return program.FAILED
end

--- Unix milliseconds as text, "-" for nil.
function storage.time(ms)
    return ms and os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(ms / 1000)) or "-"
end

--- Counts by name as `12 answered, 3 busy`, the largest first.
function storage.counts(table_of)
    local names = {}
    for name in pairs(table_of or {}) do
        names[#names + 1] = name
    end
    table.sort(names, function(a, b)
        if table_of[a] ~= table_of[b] then
            return table_of[a] > table_of[b]
        end
        return a < b
    end)
    for i, name in ipairs(names) do
        local shown = name:find("^[%l_]+$") and name:gsub("_", " ") or name -- a script's own reason is left as it is
        names[i] = ("%d %s"):format(table_of[name], shown)
    end
    return #names > 0 and table.concat(names, ", ") or "none"
end

--- Writes a result as JSON for programs. lists names those of its members that are lists, so that empty ones are, too.
function storage.write_json(value, lists)
    local fields = {}
    for i, name in ipairs(lists or {}) do
        fields[i] = { name = name, type = "list of any" }
    end
    io.stdout:write(json.pretty(value, fields), "\n")
end

--- The flags of who does something, and why.
storage.BY = { "by", "NAME", "who decides this (kept in the journal; default: the user)" }
storage.BECAUSE = { "because", "TEXT", "why (kept in the journal)" }

--- Who does it: --by, else whom the system knows.
function storage.who(args)
    local user = os.getenv("USER") or os.getenv("LOGNAME")
    return args.by or (user ~= "" and user) or "a user without a name"
end

--- Complains where a flag that has to be given is not; nil if all are there.
function storage.missing(command, args, names)
    for _, name in ipairs(names) do
        if not args[name] or args[name] == "" then
            return options.misuse(command, ("--%s is needed: it goes into the journal"):format(name))
        end
    end
end

return storage
