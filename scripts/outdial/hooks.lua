-- Running a script's hooks: each in a task with a deadline and a budget of instructions, given copies, its result
-- checked. What goes wrong comes back as nil and a text that names the hook and where it is in the script.
local errors = require "outdial.error"
local plan = require "outdial.plan"

local M = {}

local DEADLINE_S = 10
local SLICE, SLICES = 1000000, 50 -- instructions between looks at the budget, and how many of these a hook may use
local TOO_MANY = ("more than %d million instructions: an endless loop?"):format(SLICE * SLICES / 1e6)
local CALL_KEYS = { "to", "from", "contact", "attributes", "fields", "token" }
local jit = rawget(_G, "jit")

-- PUC Lua calls the count hook of the thread it was set in. LuaJIT has one for all threads, and calls none in what it
-- has compiled: so it is not to compile the hook.
local function limited(fn, ...)
    local thread, slices = coroutine.running(), 0
    local function count()
        if coroutine.running() ~= thread then return end
        slices = slices + 1
        if slices < SLICES then return end
        debug.sethook(count, "", 1) -- a loop around pcall does not get away
        error(TOO_MANY, 2)
    end
    debug.sethook(count, "", SLICE)
    return fn(...)
end

local function run_limited(scheduler, name, fn, ...)
    if debug.gethook() then return scheduler.hook(name, DEADLINE_S, fn, ...) end -- a debugger's is left alone
    if jit then jit.off(fn, true) end
    local task = scheduler.hook(name, DEADLINE_S, limited, fn, ...)
    if jit then debug.sethook() end
    return task
end

local function where(name, fn)
    local info = debug.getinfo(fn, "S")
    return ("%s (%s:%d): "):format(name, info.short_src, info.linedefined)
end

-- Returns what the hook returned (packed), or nil, text, traceback.
local function run(scheduler, name, fn, ...)
    local task = run_limited(scheduler, name, fn, ...)
    if task.late then return nil, where(name, fn) .. ("it took more than %d s"):format(DEADLINE_S) end
    if task.how == "returned" then return task.outcome or { n = 0 } end
    if task.how == "canceled" then return nil, where(name, fn) .. "it was canceled" end
    local text = errors.text(task.outcome)
    local message, traceback = text:match("^(.-)(\nstack traceback:.*)$")
    return nil, where(name, fn) .. (message or text), traceback
end

---- what scripts return, and what they are shown ----

local MOST_DEEP, MOST_TABLES = 32, 100000

-- What a hook returned, without the script's metatables: reading it runs nothing of the script's. Or nil, text. inside:
-- the tables around it, and the count of all so far (one that is in it several times is several).
local function plain(value, inside, depth)
    if type(value) ~= "table" or plan.is(value) then return value end
    if inside[value] then return nil, "it returned a table that contains itself" end
    if depth > MOST_DEEP then return nil, ("it returned tables more than %d deep"):format(MOST_DEEP) end
    inside.count = inside.count + 1
    if inside.count > MOST_TABLES then return nil, ("it returned more than %d tables"):format(MOST_TABLES) end
    local out = {}
    inside[value] = true
    for key, element in next, value do
        local copied, problem = plain(element, inside, depth + 1)
        if problem then return nil, problem end
        out[key] = copied
    end
    inside[value] = nil
    return out
end

local function copy(value)
    if type(value) ~= "table" then return value end
    local out = {}
    for key, element in pairs(value) do out[key] = copy(element) end
    return out
end

-- M.contact(view) -> what hooks see of a contact: { id, person, campaign, country, zones, number (E.164, the one to
-- call), column (its column), numbers = { { number, column, country }, ... and by column }, data, attempts, callback },
-- in part the view's own tables: M.call gives them copies
function M.contact(view)
    local numbers = {}
    for i, entry in ipairs(view.numbers) do
        numbers[i] = entry
        if entry.column then numbers[entry.column] = entry.number end
    end
    local now = view.numbers[view.number] or {}
    return { id = view.id, person = view.person, campaign = view.campaign, country = view.country, zones = view.zones,
        number = now.number, column = now.column, numbers = numbers, data = view.data or {},
        attempts = view.attempts, callback = view.callback }
end

---- what scripts may return, one checker for each hook: it returns what the runner uses, or nil, text ----

local check = {}

local function expected(text, value)
    return nil, ("expected %s, got %s"):format(text, plan.is(value) and tostring(value) or errors.show(value))
end

local function is_plan(value, ...)
    for _, name in ipairs { ... } do
        if plan.is(value, name) then return true end
    end
    return false
end

function check.eligible(_, value, why)
    if value == true or is_plan(value, "skip", "later") then return value end
    if value ~= false then return expected("true or false", value) end
    if why ~= nil and (type(why) ~= "string" or why == "") then return expected("why not, a text", why) end
    return { why = why or "not eligible" }
end

function check.route(context, value)
    if is_plan(value, "skip", "later") then return value end
    if type(value) ~= "table" or plan.is(value) or value[1] == nil then
        return expected("a list of vendors' names", value)
    end
    local no_list = errors.no_list(value)
    if no_list then return nil, "expected a list of vendors' names, got " .. no_list end
    local seen, out = {}, {}
    for i, name in ipairs(value) do
        if type(name) ~= "string" then return expected("vendors' names", name) end
        if not context.known[name] then return nil, errors.unknown("unknown vendor", name, context.names) end
        if not seen[name] then out[#out + 1] = name end
        seen[name] = i
    end
    return out
end

local function check_fields(call, context)
    for _, key in ipairs { "attributes", "fields" } do
        if call[key] ~= nil and (type(call[key]) ~= "table" or plan.is(call[key])) then
            return ("/%s: expected a table, got %s"):format(key, errors.kind(call[key]))
        end
    end
    for _, key in ipairs { "from", "contact" } do
        if call[key] ~= nil and type(call[key]) ~= "string" then
            return ("/%s: expected a text, got %s"):format(key, errors.kind(call[key]))
        end
    end
    if call.token ~= context.token then return "/token: it is not the script's to choose" end
    local ticket = call.fields and call.fields.ticket_id
    if ticket ~= nil and ticket ~= context.ticket then -- it would dial the CRM's number, not the one that was judged
        return "/fields/ticket_id: a ticket dials the number that the CRM has; declare it with contacts' `ticket`"
    end
end

function check.plan(context, value)
    if is_plan(value, "skip", "later") then return value end
    if type(value) ~= "table" or plan.is(value) then
        return expected("the call, outdial.skip or outdial.later", value)
    end
    local problem = errors.unknown_key(value, CALL_KEYS)
    if problem then return nil, (problem:gsub("unknown option", "unknown field")) end
    -- A call of the script's own making is as good as the one that it was given.
    if value.token == nil then value.token = context.token end
    if value.contact == nil then value.contact = context.contact end
    problem = check_fields(value, context)
    if problem then return nil, problem end
    for i, entry in ipairs(context.numbers) do
        if entry.number == value.to then return value, i end
    end
    return nil, ("/to: expected one of the contact's numbers, got %s"):format(errors.show(value.to))
end

-- M.number_index(view, number or column) -> which of the contact's numbers it is, or nil
function M.number_index(view, number)
    for i, entry in ipairs(view.numbers) do
        if entry.number == number or entry.column == number then return i end
    end
end

function check.on_outcome(view, value)
    if plan.is(value, "callback") and value.number and not M.number_index(view, value.number) then
        return nil, ("number: %q is not one of the contact's"):format(value.number)
    end
    if value == nil or is_plan(value, "callback", "later", "stop") then return value end
    return expected("nothing, outdial.callback, outdial.later or outdial.stop", value)
end

function check.on_doubt(_, value)
    if value == nil or value == plan.HOLD then return false end
    if value == plan.WRITE_OFF then return true end
    return expected("outdial.HOLD or outdial.WRITE_OFF", value)
end

local LAST_IS_CONTEXT = { on_outcome = true, on_doubt = true }

-- M.call(scheduler, name, fn, against, contact, ctx [, about]) -> true, and what the hook decided, or nil, text,
-- traceback. The hook gets (contact, ctx, call), or (contact, outcome or leg, ctx), all as copies; its result is
-- checked against `against`.
function M.call(scheduler, name, fn, against, contact, ctx, about)
    local second, third = copy(ctx), copy(about)
    if LAST_IS_CONTEXT[name] then second, third = third, second end
    local results, problem, traceback = run(scheduler, name, fn, copy(contact), second, third)
    if not results then return nil, problem, traceback end
    local first, wrong = plain(results[1], { count = 0 }, 1)
    if wrong then return nil, where(name, fn) .. wrong end
    local value, more = check[name](against, first, results[2])
    if value == nil and more then return nil, where(name, fn) .. more end
    return true, value, more
end

return M
