-- The memory that Lua keeps. LuaJIT's compiled traces are Lua's memory, too, and when a loop becomes hot is chance:
-- they are thrown away, so that what is left is what somebody holds.
local memory = {}

-- What stays when all garbage is gone, in KiB.
function memory.kept()
    local jit = rawget(_G, "jit")
    if jit then jit.flush() end
    collectgarbage() collectgarbage()
    return collectgarbage("count")
end

return memory
