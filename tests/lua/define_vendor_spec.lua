-- A vendor that a script defines stays until its process ends: each test has one of its own.

local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function interpreter()
    local index = -1
    while arg[index - 1] do index = index - 1 end
    return arg[index]
end

local function run(test)
    local pipe = assert(io.popen(("env LUA_PATH=%s LUA_CPATH=%s %s tests/lua/define_vendor.lua %s 2>&1"):format(
        quote(package.path), quote(package.cpath), quote(interpreter()), test)))
    local output = pipe:read("*a")
    pipe:close()
    return output
end

describe("a vendor of one's own", function()
    it("is called as any other", function()
        assert.equal("ok\n", run("call"))
    end)

    it("is called by a campaign", function()
        assert.equal("ok\n", run("campaign"))
    end)

    it("R6 is not called by a campaign where it would ring at its own time, unless that is allowed", function()
        assert.equal("ok\n", run("hands_off"))
    end)

    it("raises what is wrong with its description at the caller's line", function()
        assert.equal("ok\n", run("misuse"))
    end)
end)
