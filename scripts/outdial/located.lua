-- Constructors that complain with the file and line at which the script called them. `return outdial.campaign { ... }`
-- is a tail call, which leaves no frame of the script to point at: so the place is noted when the script reads the
-- function from its table, which is on the same line.
local getinfo = debug.getinfo

local M = {}

local function place(info)
    return info and info.currentline > 0 and ("%s:%d: "):format(info.short_src, info.currentline) or nil
end

-- M.bind(name, make, level) -> the function that a script gets: it calls make(...) and raises what make says is wrong.
-- level is that of the frame that reads the function.
function M.bind(name, make, level)
    local read_at = getinfo(level + 1, "Sl")
    return function(...)
        local made, problem = make(...)
        if made ~= nil then return made end
        local caller = getinfo(2, "Sl")
        if not caller or caller.short_src ~= read_at.short_src then caller = read_at end
        error(("%s%s: %s"):format(place(caller) or "", name, problem), 0)
    end
end

-- M.table(prefix, makers, missing) -> a table whose functions are bound as they are read; missing(key) raises.
function M.table(prefix, makers, missing)
    return setmetatable({}, { __index = function(_, key)
        local make = makers[key]
        local bound -- no tail calls: they would hide the script's frame
        if make then bound = M.bind(prefix .. key, make, 2) else bound = missing(key) end
        return bound
    end })
end

return M
