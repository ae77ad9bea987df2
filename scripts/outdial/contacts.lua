-- Where a campaign's contacts come from: a file that the store reads itself, or rows that Lua makes.
--
--     outdial.contacts.csv("people.csv", { id = "no", numbers = { "mobile", "home" }, zone = "zone", country = "US" })
--     outdial.contacts.jsonl("people.jsonl", map)
--     outdial.contacts.list({ { customer_no = 7, mobile = "+1..." }, ... }, map)
--     outdial.contacts.iterator(function() return row or nil at the end end, map)
--
-- The map names columns: `id`, `numbers`, and if there are such: `zone`, `person`. `country` is an ISO code, or
-- { column =, default = }, as `zone` may be; that default is the campaign's `zone`, for numbers whose country has
-- several where the column is empty. `ticket` = { column =, dials = column } says that a column holds a CCAI ticket of
-- the CRM, and which of the numbers a call about it dials.
local core = require "outdial.core"
local errors = require "outdial.error"

local M = {}

local MAP_KEYS = { "id", "numbers", "zone", "person", "country", "ticket" }
local FILE_KEYS = { "id", "numbers", "zone", "person", "country", "ticket", "delimiter", "reject_path" }
local MAX_NUMBERS = 16

local Source = {}
Source.__index = Source

local function name_of(key, value)
    if type(value) == "string" and value ~= "" then return value end
    return nil, ("%s: expected the name of a column, got %s"):format(key, errors.show(value))
end

local function column_or_default(key, value)
    if type(value) ~= "table" then return name_of(key, value) end
    local problem = errors.unknown_key(value, { "column", "default" })
    if problem then return nil, key .. ": " .. problem end
    local column, default
    if value.column ~= nil then
        column, problem = name_of(key .. ".column", value.column)
        if not column then return nil, problem end
    end
    if value.default ~= nil then
        default, problem = name_of(key .. ".default", value.default)
        if not default then return nil, (problem:gsub("the name of a column", "a text")) end
    end
    if not column and not default then return nil, key .. ": expected { column =, default = }" end
    return column, nil, default
end

-- M.check_country(code) -> a text that begins with "country: ", or nil where it can be one
function M.check_country(code)
    if type(code) == "string" and code:find("^%u%u$") then return nil end
    return ('country: expected an ISO code such as "US", got %s'):format(errors.show(code))
end

-- M.check_zone(name) -> a text, or nil where the system has such a zone
function M.check_zone(name)
    if type(name) ~= "string" or name == "" then
        return 'expected the name of a zone such as "America/New_York", got ' .. errors.show(name)
    end
    local known, err = core.zone(name)
    return not known and err.message or nil
end

local function check_numbers(numbers)
    if type(numbers) == "string" then numbers = { numbers } end
    if type(numbers) ~= "table" or next(numbers) == nil then
        return nil, "numbers: expected a list of columns, got " .. errors.kind(numbers)
    end
    local no_list = errors.no_list(numbers)
    if no_list then return nil, "numbers: expected a list of columns, got " .. no_list end
    if #numbers > MAX_NUMBERS then
        return nil, ("numbers: expected at most %d columns, got %d"):format(MAX_NUMBERS, #numbers)
    end
    local out, seen = {}, {}
    for i, column in ipairs(numbers) do
        local name, problem = name_of(("numbers[%d]"):format(i), column)
        if not name then return nil, problem end
        if seen[name] then return nil, ("numbers[%d]: %q is named twice"):format(i, name) end
        seen[name], out[i] = true, name
    end
    return out, nil, seen
end

-- Fills map.ticket. Returns a text if something is wrong.
local function check_ticket(map, ticket, numbers)
    if ticket == nil then return nil end
    if type(ticket) ~= "table" then return "ticket: expected { column =, dials = }, got " .. errors.kind(ticket) end
    local problem = errors.unknown_key(ticket, { "column", "dials" })
    if problem then return "ticket: " .. problem end
    local column, dials
    column, problem = name_of("ticket.column", ticket.column)
    if problem then return problem end
    dials, problem = name_of("ticket.dials", ticket.dials)
    if problem then return problem end
    if not numbers[dials] then return ("ticket.dials: %q is not one of numbers"):format(dials) end
    map.ticket = { column = column, dials = dials }
end

-- Returns the map as the store's import takes it (with ticket beside), or nil, text.
local function check_map(given, keys)
    if type(given) ~= "table" then return nil, "expected a map of columns, got " .. errors.kind(given) end
    local problem = errors.unknown_key(given, keys)
    if problem then return nil, problem end
    local map = {}
    local columns
    map.id, problem = name_of("id", given.id)
    if problem then return nil, problem end
    map.numbers, problem, columns = check_numbers(given.numbers)
    if problem then return nil, problem end
    if given.person ~= nil then
        map.person, problem = name_of("person", given.person)
        if problem then return nil, problem end
    end
    if given.zone ~= nil then
        map.zone, problem, map.zone_default = column_or_default("zone", given.zone)
        if problem then return nil, problem end
        problem = map.zone_default and M.check_zone(map.zone_default)
        if problem then return nil, "zone.default: " .. problem end
    end
    if type(given.country) == "table" then
        map.country_column, problem, map.country = column_or_default("country", given.country)
    else
        map.country = given.country
    end
    if not problem and map.country ~= nil then problem = M.check_country(map.country) end
    problem = problem or check_ticket(map, given.ticket, columns)
    if problem then return nil, problem end
    return map
end

-- Why a file cannot be read, or nil; that of a folder can be opened all the same.
local function unreadable(path)
    if type(path) ~= "string" then return "expected a path, got " .. errors.kind(path) end
    local file, why = io.open(path, "rb")
    if not file then return why end
    local text
    text, why = file:read(1)
    file:close()
    if not text and why then return ("%s: %s"):format(path, why) end
end

local function from_file(format)
    return function(path, given)
        local problem = unreadable(path)
        if problem then return nil, problem end
        local map
        map, problem = check_map(given, FILE_KEYS)
        if not map then return nil, problem end
        local delimiter = given.delimiter
        if delimiter ~= nil and not (type(delimiter) == "string" and #delimiter == 1) then
            return nil, "delimiter: expected one character, got " .. errors.kind(delimiter)
        end
        if given.reject_path ~= nil and type(given.reject_path) ~= "string" then
            return nil, "reject_path: expected a path, got " .. errors.kind(given.reject_path)
        end
        return setmetatable({ format = format, path = path, map = map, delimiter = delimiter,
            reject_path = given.reject_path }, Source)
    end
end

M.csv, M.jsonl = from_file "csv", from_file "jsonl"

-- iterator(fn, map): fn() returns the next row (a table column = value), nil after the last; it may wait as a task may.
function M.iterator(fn, given)
    if type(fn) ~= "function" then return nil, "expected a function, got " .. errors.kind(fn) end
    local map, problem = check_map(given, MAP_KEYS)
    if not map then return nil, problem end
    return setmetatable({ format = "rows", next_row = fn, map = map }, Source)
end

-- list(rows, map): the same from a list of rows
function M.list(rows, given)
    if type(rows) ~= "table" then return nil, "expected a list of rows, got " .. errors.kind(rows) end
    local no_list = errors.no_list(rows)
    if no_list then return nil, "expected a list of rows, got " .. no_list end
    local map, problem = check_map(given, MAP_KEYS)
    if not map then return nil, problem end
    return setmetatable({ format = "rows", rows = rows, map = map }, Source)
end

function M.is(value)
    return type(value) == "table" and getmetatable(value) == Source
end

-- 1001 and 1001.0 are "1001" in every Lua.
local function as_text(value)
    if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%.0f"):format(value) end
    return tostring(value)
end

-- M.contact(row, map) -> what the store's put takes
function M.contact(row, map)
    local function column(name)
        local value = name and row[name]
        if value == nil or value == "" then return nil end
        return as_text(value)
    end
    local contact = { id = column(map.id) or "", person = column(map.person), zones = column(map.zone),
        country = column(map.country_column) or map.country, numbers = {}, data = {} }
    for _, name in ipairs(map.numbers) do
        local number = column(name)
        if number then contact.numbers[#contact.numbers + 1] = { column = name, number = number } end
    end
    for name, value in pairs(row) do
        if type(name) == "string" and type(value) ~= "table" and type(value) ~= "function" then
            contact.data[name] = as_text(value)
        end
    end
    return contact
end

return M
