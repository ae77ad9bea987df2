-- Where a task may wait. Not every place can: a C function in between, such as table.sort, cannot be left and entered
-- again, and PUC Lua 5.1 cannot even leave pcall, an iterator or a metamethod.
local isyieldable = coroutine.isyieldable -- luacheck: ignore 143
local yield, getinfo = coroutine.yield, debug.getinfo

local yieldable = {
    PROBE = {}, -- a task that yields this wants to be resumed at once
    REFUSAL = "outdial: cannot wait here: this call is inside table.sort, gsub, a metamethod or (on Lua 5.1) pcall or "
        .. "an iterator",
}

-- Lua 5.1 does not tell. C functions show on the stack; what does not show there makes a yield fail, and it is better
-- to fail before anything was sent.
local function look_and_probe()
    local level = 2
    local info = getinfo(level, "S")
    while info do
        if info.what == "C" then return false end
        level = level + 1
        info = getinfo(level, "S")
    end
    yield(yieldable.PROBE)
    return true
end

-- yieldable.here() -> whether the running coroutine may yield; on Lua 5.1 it may raise Lua's own error instead, which
-- yieldable.explain turns into ours.
yieldable.here = isyieldable or look_and_probe

function yieldable.explain(problem)
    if not isyieldable and problem:find("attempt to yield across metamethod/C-call boundary", 1, true) then
        return yieldable.REFUSAL
    end
    return problem
end

return yieldable
