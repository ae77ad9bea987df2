-- Compares the file lists of the rockspec with the tree; run from the top of the checkout.
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

local sources, scripts = {}, {}
for _, source in ipairs(spec.build.modules["outdial.core"].sources) do
    sources[#sources + 1] = source
end
for name, source in pairs(spec.build.modules) do
    if type(source) == "string" then
        scripts[#scripts + 1] = source
        local expected = source:gsub("^scripts/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
        if name ~= expected then
            complaints[#complaints + 1] = "module " .. name .. " should be " .. expected
        end
    end
end
compare("sources", sources, files("find core bindings/lua bindings/httpd -name '*.c'"))
compare("modules", scripts, files("find scripts/outdial -maxdepth 1 -name '*.lua'"))
if #complaints > 0 then
    table.sort(complaints)
    io.stderr:write(path, ": ", table.concat(complaints, "\n" .. path .. ": "), "\n")
    os.exit(1)
end
