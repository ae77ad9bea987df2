-- How Genesys Web Services answers and reads: the envelope with its codes, and checks of parameters. Pure.

local http = require("mock.http")
local json = require("mock.json")

local genesys_wire = {}

local CONTENT_TYPE = "application/json;charset=UTF-8"

-- The HTTP status of a statusCode. Documented or seen are 0, 4, 7 and 20; the others are this mock's.
local HTTP_STATUS = {
    [0] = 200, [1] = 400, [2] = 400, [3] = 403, [4] = 500, [5] = 403, [6] = 404, [7] = 200, [10] = 400, [20] = 403,
}

--- An answer with a code, and with a message where the code is not 0. http_status replaces the usual one.
function genesys_wire.envelope(code, message, http_status)
    return http.answer(http_status or HTTP_STATUS[code], CONTENT_TYPE,
        json.encode(json.object({ { "statusCode", code }, { "statusMessage", message } })))
end

--- A successful answer with more members; code 7 is partial success.
function genesys_wire.ok(members, code, message)
    local list = { { "statusCode", code or 0 }, { "statusMessage", message } }
    for _, member in ipairs(members or {}) do
        list[#list + 1] = member
    end
    return http.answer(200, CONTENT_TYPE, json.encode(json.object(list)))
end

local envelope = genesys_wire.envelope

function genesys_wire.missing(name)
    return envelope(1, "Required parameter '" .. name .. "' is missing")
end

function genesys_wire.invalid(name)
    return envelope(2, "Parameter '" .. name .. "' is not valid")
end

function genesys_wire.out_of_range(name)
    return envelope(10, "Parameter '" .. name .. "' is out of range")
end

function genesys_wire.not_found(what, name)
    return envelope(6, what .. " '" .. name .. "' is not found")
end

function genesys_wire.not_registered(device)
    return envelope(4, "Device '" .. device.phone_number .. "' is not registered.")
end

--- Checks parameters against rows of { name, type, "required" }: the refusal, or nil.
function genesys_wire.check(body, rows)
    local known = {}
    for _, row in ipairs(rows) do
        local name, wanted = row[1], row[2]
        local value = body[name]
        known[name] = true
        if value == nil then
            if row[3] then
                return genesys_wire.missing(name)
            end
        elseif json.type(value) ~= wanted or row[3] and value == "" then
            return genesys_wire.invalid(name)
        end
    end
    for name in json.each(body) do
        -- Not documented; a client that sends what no page names is mistaken.
        if not known[name] then
            return genesys_wire.invalid(name)
        end
    end
end

--- The body of an operation with the entry of its operationName in a table of them; or nil, nil and the refusal. The
--- name is judged before everything else, as it says what the rest means.
function genesys_wire.read_operation(request, operations)
    local body = json.decode(request.body)
    if json.type(body) ~= "object" then
        return nil, nil, envelope(2, "The request body is not a JSON object")
    elseif body.operationName == nil then
        return nil, nil, genesys_wire.missing("operationName")
    end
    local operation = json.type(body.operationName) == "string" and operations[body.operationName]
    if not operation then
        return nil, nil, genesys_wire.invalid("operationName")
    end
    return body, operation
end

--- The refusal of a destination that is no { phoneNumber } with something to dial, or nil.
function genesys_wire.check_destination(destination)
    local refusal = genesys_wire.check(destination, { { "phoneNumber", "string", "required" } })
    if not refusal and not destination.phoneNumber:find("^%+?[0-9*#]+$") then
        refusal = genesys_wire.invalid("phoneNumber")
    end
    return refusal
end

return genesys_wire
