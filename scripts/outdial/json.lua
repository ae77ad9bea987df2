-- outdial.json: lua-cjson for scripts, an instance of its own, with nil, err instead of raising. Not for what goes to
-- vendors: that is made in C. What lua-cjson does to numbers (14 digits, floats) is lua-cjson's.
local cjson = require("cjson").new()
local errors = require "outdial.error"

local M = { null = cjson.null }

local function guarded(fn)
    return function(value)
        local ok, result = pcall(fn, value)
        if ok then return result end
        return nil, errors.new("validation", (tostring(result):gsub("^[^:]+:%d+: ", "")))
    end
end

M.encode = guarded(cjson.encode) -- value -> text, or nil, err
M.decode = guarded(cjson.decode) -- text -> value, or nil, err

return M
