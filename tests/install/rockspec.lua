-- Compares the file lists of the rockspec with the tree; run from the top of the checkout. With --write it renews them.
local path = "rockspec/outdial-scm-1.rockspec"
local spec = setmetatable({}, { __index = _G })
assert(loadfile(path, "t", spec))()

local function files(command)
    local list = {}
    local pipe = assert(io.popen(command))
    for line in pipe:lines() do
        list[#list + 1] = line
    end
    assert(pipe:close())
    table.sort(list)
    return list
end

local sources = files("find core bindings/lua bindings/httpd -name '*.c'")
local scripts = files("find scripts/outdial -maxdepth 1 -name '*.lua'")

local function module_name(script)
    return (script:gsub("^scripts/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

if arg[1] == "--write" then
    local lines, line = {}, "               "
    for _, script in ipairs(scripts) do
        lines[#lines + 1] = ('        ["%s"] = "%s",'):format(module_name(script), script)
    end
    lines[#lines + 1] = '        ["outdial.core"] = {\n            sources = {'
    for _, source in ipairs(sources) do
        local item = (' "%s",'):format(source)
        if #line + #item > 116 then
            lines[#lines + 1], line = line, "               "
        end
        line = line .. item
    end
    lines[#lines + 1] = line .. "\n            },"
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    local first = select(2, text:find("    modules = {\n", 1, true))
    local last = text:find("            defines = ", 1, true)
    file = assert(io.open(path, "w"))
    assert(file:write(text:sub(1, first), table.concat(lines, "\n"), "\n", text:sub(last)))
    assert(file:close())
    os.exit(0)
end

local complaints = {}
local function compare(what, listed, present)
    local seen = {}
    for _, name in ipairs(listed) do
        seen[name] = true
    end
    for _, name in ipairs(present) do
        if not seen[name] then
            complaints[#complaints + 1] = what .. " lacks " .. name
        end
        seen[name] = nil
    end
    for name in pairs(seen) do
        complaints[#complaints + 1] = what .. " lists " .. name .. ", which is not there"
    end
end

local listed = {}
for name, source in pairs(spec.build.modules) do
    if type(source) == "string" then
        listed[#listed + 1] = source
        if name ~= module_name(source) then
            complaints[#complaints + 1] = "module " .. name .. " should be " .. module_name(source)
        end
    end
end
compare("sources", spec.build.modules["outdial.core"].sources, sources)
compare("modules", listed, scripts)
if #complaints > 0 then
    table.sort(complaints)
    io.stderr:write(path, ": ", table.concat(complaints, "\n" .. path .. ": "),
        "\nrenew the lists with: lua5.4 tests/install/rockspec.lua --write\n")
    os.exit(1)
end
