-- Runs crash tests: lua5.4 tests/crash/crash.lua BUILD short|long [SEED] [ONLY] Each round is a process of its own,
-- several at once (CRASH_JOBS; else two for each core: they wait more than they work). Prints `ok NAME` or
-- `not ok NAME` lines, with each failure the command that repeats it alone; the long form a progress line on the error
-- output as well, and a table of what was done at the end. ONLY: rounds whose name has this in it.
package.path = "tests/crash/?.lua;" .. package.path

local process = require "process"
local rounds = require "rounds"

local build, form, seed, only = arg[1], arg[2], tonumber(arg[3]), arg[4]
seed, only = seed or os.time(), only ~= "" and only or nil
local long = form == "long"

local LONGEST_S = 600    -- a round that does not end at all
local SLOWEST = 5        -- are named
local CORE_S_ROUND = 2.5 -- what a round of the long form takes, on one core
local COLUMNS = { "rounds", "campaigns", "deaths", "cuts", "stops", "rings", "doubts", "unknowns" }

local function cores()
    return tonumber(process.lines({ "nproc" })[1])
end

local jobs = tonumber(os.getenv("CRASH_JOBS")) or 2 * cores()

-- Those that are to be run, in an order by chance: so that what is left takes as long as what was done.
local function chosen()
    local list = {}
    math.randomseed(seed)
    for _, round in ipairs(rounds.of(form)) do
        if not only or round.name:find(only, 1, true) then
            table.insert(list, long and math.random(#list + 1) or #list + 1, round)
        end
    end
    return list
end

local function minutes(seconds)
    return ("%d:%02d min"):format(seconds // 60, seconds // 1 % 60)
end

-- Starts them all; returns what they print.
local function start(list)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    for _, round in ipairs(list) do file:write(round.name, "\n") end
    file:close()
    local one = ("timeout --foreground -s KILL %d lua5.4 tests/crash/round.lua %s %d \"$0\"; true"):format(LONGEST_S,
        process.quote(build), seed)
    return assert(io.popen(("xargs -a %s -d '\\n' -n 1 -P %d sh -c %s"):format(path, jobs, process.quote(one)))), path
end

local list = chosen()
local began_s = process.now_s()
local totals, by_stage, passed, failed, waits_for, slow = {}, {}, 0, {}, {}, {}

local function stage_totals(round)
    local name = round.options.stage.name
    if not by_stage[name] then
        by_stage[name] = { name = name }
        totals[#totals + 1] = by_stage[name]
    end
    return by_stage[name]
end

local sum = { name = "all" }

local function count(round, line)
    slow[#slow + 1] = { name = round.name, s = tonumber(line:match("ms=(%d+)")) / 1000 }
    for _, into in ipairs { stage_totals(round), sum } do
        into.rounds = (into.rounds or 0) + 1
        for key, number in line:gmatch("(%w+)=(%d+)") do into[key] = (into[key] or 0) + tonumber(number) end
    end
end

local function progress()
    if not long then return end
    local done, now_s = passed + #failed, process.now_s() - began_s
    io.stderr:write(("\r%d of %d rounds, %d failed; %d deaths, %d stops, %d phones rang; %s, about %s left "):format(
        done, #list, #failed, sum.deaths or 0, sum.stops or 0, sum.rings or 0, minutes(now_s),
        minutes(now_s / done * (#list - done))))
end

local function fail(round)
    failed[#failed + 1] = round
    print(("    again: lua5.4 tests/crash/round.lua %s %d \"%s\" 20"):format(build, seed, round.name))
end

for _, round in ipairs(list) do waits_for[round.name] = round end
if long then
    print(("%d rounds, %d at once, seed %d: about %s"):format(#list, jobs, seed,
        minutes(#list * CORE_S_ROUND / math.min(jobs, 2 * cores()))))
end

local missing = require("points").missing(rounds.of "long")
print((missing[1] and "not ok" or "ok") .. " every point of the program is in the plan")
for _, point in ipairs(missing) do print("    " .. point .. " is not") end

local pipe, path = start(list)
local current, good
for line in pipe:lines() do
    local name = line:match("^ok (.*)$") or line:match("^not ok (.*)$")
    if line:find("^counts ") and current then
        count(current, line)
        if good then passed = passed + 1 else fail(current) end
        progress()
    else
        print(line)
    end
    if name then
        current, good, waits_for[name] = waits_for[name], line:find("^ok "), nil
    end
    io.stdout:flush()
end
pipe:close()
os.remove(path)

for _, round in pairs(waits_for) do
    print("not ok " .. round.name)
    print(("    it did not come to an end in %d s"):format(LONGEST_S))
    fail(round)
end

if long then
    io.stderr:write("\n")
    table.sort(totals, function(a, b) return a.name < b.name end)
    totals[#totals + 1] = sum
    print(("%-16s" .. (" %9s"):rep(#COLUMNS)):format("", table.unpack(COLUMNS)))
    for _, row in ipairs(totals) do
        local numbers = {}
        for i, key in ipairs(COLUMNS) do numbers[i] = row[key] or 0 end
        print(("%-16s" .. (" %9d"):rep(#COLUMNS)):format(row.name, table.unpack(numbers)))
    end
    print(("%d passed, %d failed in %s, seed %d"):format(passed, #failed, minutes(process.now_s() - began_s), seed))
    for _, round in ipairs(failed) do print("    failed: " .. round.name) end
    table.sort(slow, function(a, b) return a.s > b.s end)
    for i = 1, math.min(#slow, SLOWEST) do print(("    slow: %s, %.1f s"):format(slow[i].name, slow[i].s)) end
end
os.exit(#failed == 0 and not missing[1])
