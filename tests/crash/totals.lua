-- What the rounds of a run have done, added up by stage, and how long they took.

local totals = {}
local Totals = {}
Totals.__index = Totals

local COLUMNS = { "rounds", "campaigns", "deaths", "cuts", "stops", "rings", "doubts", "unknowns" }
local SLOWEST = 5 -- are named

function totals.new()
    return setmetatable({ stages = {}, all = { name = "all" }, took = {} }, Totals)
end

function Totals:of_stage(name)
    for _, row in ipairs(self.stages) do
        if row.name == name then return row end
    end
    local row = { name = name }
    table.insert(self.stages, row)
    table.sort(self.stages, function(a, b) return a.name < b.name end)
    return row
end

-- totals:add(round, words): words as in "deaths=3 rings=40 ms=900"
function Totals:add(round, words)
    for _, into in ipairs { self:of_stage(round.options.stage.name), self.all } do
        into.rounds = (into.rounds or 0) + 1
        for key, number in words:gmatch("(%w+)=(%d+)") do into[key] = (into[key] or 0) + tonumber(number) end
    end
    table.insert(self.took, { name = round.name, s = tonumber(words:match("ms=(%d+)")) / 1000 })
end

-- totals:few(key, least) -> the names of the stages that have less
function Totals:few(key, least)
    local names = {}
    for _, row in ipairs(self.stages) do
        if (row[key] or 0) < least then names[#names + 1] = row.name end
    end
    return names
end

-- totals:lines() -> a table, and what took longest
function Totals:lines()
    local lines = { ("%-16s" .. (" %9s"):rep(#COLUMNS)):format("", table.unpack(COLUMNS)) }
    for i = 1, #self.stages + 1 do
        local row, numbers = self.stages[i] or self.all, {}
        for column, key in ipairs(COLUMNS) do numbers[column] = row[key] or 0 end
        lines[#lines + 1] = ("%-16s" .. (" %9d"):rep(#COLUMNS)):format(row.name, table.unpack(numbers))
    end
    table.sort(self.took, function(a, b) return a.s > b.s end)
    for i = 1, math.min(#self.took, SLOWEST) do
        lines[#lines + 1] = ("slow: %s, %.1f s"):format(self.took[i].name, self.took[i].s)
    end
    return lines
end

return totals
