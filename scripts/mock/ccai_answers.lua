-- What CCAI Platform's endpoints share: how they answer, and how they read numbers.

local http = require("mock.http")
local json = require("mock.json")

local answers = {}

--- An answer with a JSON value.
function answers.json(status, value, headers)
    return http.answer(status, "application/json; charset=utf-8", json.encode(value), headers)
end

--- An answer without a body.
function answers.empty(status, headers)
    return http.answer(status, nil, "", headers)
end

--- The one form of all documented errors.
function answers.message(status, text, headers)
    return answers.json(status, json.object({ { "message", text } }), headers)
end

--- The status of all documented errors.
function answers.refuse(text)
    return answers.message(400, text)
end

--- The digits of a number as people write it, "+" first, or nil. Blanks, hyphens and parentheses may separate; a
--- number of country 1 has ten digits more.
function answers.normalize(number)
    if json.type(number) ~= "string" or not number:find("^%+[0-9 ()-]+$") then
        return nil
    end
    local digits = number:gsub("[^0-9]", "")
    if digits:sub(1, 1) == "1" then
        return #digits == 11 and "+" .. digits or nil
    end
    return #digits >= 8 and #digits <= 15 and "+" .. digits or nil
end

--- Whether a member is missing, null or an empty string.
function answers.absent(value)
    return value == nil or value == json.null or value == ""
end

return answers
