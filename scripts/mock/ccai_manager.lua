-- CCAI Platform's Manager API: the list of calls, in pages told by response headers. The names of the query are those
-- that a published client sends; others are refused, so that a client's mistake shows.

local answers = require("mock.ccai_answers")
local calls = require("mock.ccai_calls")
local ccai_call = require("mock.ccai_call")
local http = require("mock.http")
local json = require("mock.json")
local times = require("mock.times")

local manager = {}

local PER_MAX = 100

local COLUMNS = { updated_at = "updated_ms", created_at = "created_ms", id = "id" }
local DIRECTIONS = { ASC = true, DESC = true }
local NAMES = { "updated_at[from]", "sort_column", "sort_direction", "page", "per" }

local function unknown_name(query)
    for part in query:gmatch("[^&]+") do
        local name, known = http.unescape(part:match("^[^=]*")), false
        for _, candidate in ipairs(NAMES) do
            known = known or candidate == name
        end
        if not known then
            return name
        end
    end
end

local function whole(text, default, max)
    if text == nil then
        return default
    end
    local value = text:find("^%d+$") and tonumber(text)
    return value and value >= 1 and value <= max and value or nil
end

-- The query's values, or nil and what is wrong; the texts are the mock's.
local function read_query(query)
    local name = unknown_name(query)
    if name then
        return nil, "unknown parameter " .. name
    end
    local from = http.query_value(query, "updated_at[from]")
    local wanted = {
        from_ms = from and times.parse_iso(from) or not from and 0 or nil,
        column = COLUMNS[http.query_value(query, "sort_column") or "updated_at"],
        direction = http.query_value(query, "sort_direction") or "ASC",
        page = whole(http.query_value(query, "page"), 1, 1e6), per = whole(http.query_value(query, "per"), PER_MAX,
            PER_MAX),
    }
    for _, row in ipairs({ { "from_ms", "updated_at[from]" }, { "column", "sort_column" }, { "page", "page" },
        { "per", "per" } }) do
        if not wanted[row[1]] then
            return nil, row[2] .. " is not well formed"
        end
    end
    if not DIRECTIONS[wanted.direction] then
        return nil, "sort_direction is not well formed"
    end
    return wanted
end

local function found_calls(state, wanted)
    local found, column = {}, wanted.column
    for _, call in ipairs(calls.all(state)) do
        if call.updated_ms >= wanted.from_ms then
            found[#found + 1] = call
        end
    end
    table.sort(found, function(a, b)
        local first, second = a, b
        if wanted.direction == "DESC" then
            first, second = b, a
        end
        if first[column] ~= second[column] then
            return first[column] < second[column]
        end
        return first.id < second.id
    end)
    return found
end

-- The address of the next page: this one's with the page counted on.
local function next_link(request, wanted)
    local parts = {}
    for part in (request.query or ""):gmatch("[^&]+") do
        if http.unescape(part:match("^[^=]*")) ~= "page" then
            parts[#parts + 1] = part
        end
    end
    parts[#parts + 1] = "page=" .. wanted.page + 1
    return ("<http://%s%s?%s>; rel=\"next\""):format(request.header["host"] or "localhost", request.path,
        table.concat(parts, "&"))
end

--- Answers GET /manager/api/v1/calls.
function manager.list(state, request)
    local wanted, text = read_query(request.query or "")
    if not wanted then
        return answers.refuse(text)
    end
    local found, page = found_calls(state, wanted), json.array()
    local first = (wanted.page - 1) * wanted.per
    for index = first + 1, math.min(#found, first + wanted.per) do
        page[#page + 1] = ccai_call.manager_object(found[index])
    end
    local headers = { { "total", string.format("%d", #found) } }
    -- The next page's address is at times missing, says that client.
    if #found > first + wanted.per and state.settings.ccai.next_link then
        headers[2] = { "link", next_link(request, wanted) }
    end
    return answers.json(200, page, headers)
end

return manager
