-- The named points of the program, read from its source, so that none is left out of the plan.

local points = {}

-- One transaction each, as those of dnc_add.
local ALIKE = { dnc_import = true, dnc_lift = true }

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("a")
    file:close()
    return text
end

local function sources()
    local list = {}
    local pipe = assert(io.popen("find core -name '*.[ch]'"))
    for path in pipe:lines() do list[#list + 1] = path end
    pipe:close()
    return list
end

-- points.missing(list) -> those that no round of the list comes to
function points.missing(list)
    local planned, missing = {}, {}
    for _, round in ipairs(list) do planned[round.options.point or ""] = true end
    local function need(point)
        if not planned[point] then missing[#missing + 1] = point end
    end
    -- { name, summary, shape, function, of a worker, reads, ...
    for name, reads in read("core/store/verbs.c"):gmatch('{ "([%w_]+)", "[^"]*", &[%w_]+, [%w_]+, %a+, (%a+),') do
        if reads == "false" and not ALIKE[name] then
            need("before_" .. name)
            need("after_" .. name)
        end
    end
    for _, path in ipairs(sources()) do
        for name, where in read(path):gmatch('od__fault%("([%w_]+)", "(%w+)"%)') do need(where .. "_" .. name) end
    end
    return missing
end

return points
