-- Runs crash tests: lua5.4 tests/crash/crash.lua BUILD short|long [SEED] [ONLY] Each round is a process of its own,
-- several at once (CRASH_JOBS; else two for each core: they wait more than they work). Prints `ok NAME` or
-- `not ok NAME` lines, with each failure the command that repeats it alone; the long form a progress line on the error
-- output as well, and a table of what was done at the end. ONLY: rounds whose name has this in it.
package.path = "tests/crash/?.lua;" .. package.path

local points = require "points"
local process = require "process"
local rounds = require "rounds"
local totals = require "totals"

local build, form, seed, only = arg[1], arg[2], tonumber(arg[3]), arg[4]
seed, only = seed or os.time(), only ~= "" and only or nil
local long = form == "long"

local LONGEST_S = 600     -- a round that does not end at all
local CORE_S_ROUND = 2.5  -- what a round of the long form takes, on one core
local PROGRESS_EVERY = 50 -- rounds, where the progress is no line that is written over
local DEATHS = 200        -- at least, on every stage (R15)

local cores = tonumber(process.lines({ "nproc" })[1])
local terminal = os.execute("test -t 2")
local jobs = tonumber(os.getenv("CRASH_JOBS")) or 2 * cores

local function minutes(seconds)
    return ("%d:%02d min"):format(seconds // 60, seconds // 1 % 60)
end

---- which ----

-- Those that are to be run, in an order by chance: so that what is left takes as long as what was done.
local function chosen()
    local list, by_name = {}, {}
    math.randomseed(seed)
    for _, round in ipairs(rounds.of(form)) do
        if not only or round.name:find(only, 1, true) then
            table.insert(list, long and math.random(#list + 1) or #list + 1, round)
            by_name[round.name] = round
        end
    end
    return list, by_name
end

-- Starts them all, several at once; returns what they print, and a file to be removed.
local function start(list)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    for _, round in ipairs(list) do file:write(round.name, "\n") end
    file:close()
    local one = ("timeout --foreground -s KILL %d lua5.4 tests/crash/round.lua %s %d \"$0\"; true"):format(LONGEST_S,
        process.quote(build), seed)
    return assert(io.popen(("xargs -a %s -d '\\n' -n 1 -P %d sh -c %s"):format(path, jobs, process.quote(one)))), path
end

---- what came of it ----

local list, waited_for = chosen()
local done, passed, failed = totals.new(), 0, {}
local began_s = process.now_s()

local function say(line)
    if terminal then io.stderr:write("\r\27[K") end
    print(line)
    io.stdout:flush()
end

-- lines: what to say beside
local function check(name, good, lines)
    say((good and "ok " or "not ok ") .. name)
    for _, line in ipairs(good and {} or lines) do say("    " .. line) end
    if good then passed = passed + 1 else failed[#failed + 1] = name end
end

local function say_again(name)
    say(("    again: lua5.4 tests/crash/round.lua %s %d \"%s\" 20"):format(build, seed, name))
end

local function progress()
    local all, took_s = done.all, process.now_s() - began_s
    if not long or not terminal and all.rounds % PROGRESS_EVERY ~= 0 then return end
    io.stderr:write(("%d of %d rounds, %d failed; %d deaths, %d stops, %d phones rang; %s, about %s left%s"):format(
        all.rounds, #list, #failed, all.deaths or 0, all.stops or 0, all.rings or 0, minutes(took_s),
        minutes(took_s / all.rounds * (#list - all.rounds)), terminal and "" or "\n"))
end

-- Lines of a round are its verdict, what is to be said of it, and its counts.
local function read(pipe)
    local name, good
    for line in pipe:lines() do
        local verdict, of = line:match("^(n?o?t? ?ok) (.*)$")
        local words = line:match("^counts (.*)$")
        if verdict and waited_for[of] then name, good = of, verdict == "ok" end
        if not words then
            say(line)
        elseif waited_for[name] then
            done:add(waited_for[name], words)
            if good then passed = passed + 1 else failed[#failed + 1] = name end
            if not good then say_again(name) end
            waited_for[name] = nil
            progress()
        end
    end
end

---- all of it ----

if long then
    say(("%d rounds, %d at once, seed %d: about %s"):format(#list, jobs, seed,
        minutes(#list * CORE_S_ROUND / math.min(jobs, 2 * cores))))
end
local missing = points.missing(rounds.of "long")
check("every point of the program is in the plan", not missing[1], missing)

local pipe, path = start(list)
read(pipe)
pipe:close()
os.remove(path)
for name in pairs(waited_for) do
    check(name, false, { ("it did not come to an end in %d s"):format(LONGEST_S) })
    say_again(name)
end

if long then
    if not only then
        check(("R15 at least %d deaths on every stage"):format(DEATHS), not done:few("deaths", DEATHS)[1],
            done:few("deaths", DEATHS))
    end
    for _, line in ipairs(done:lines()) do say(line) end
    for _, name in ipairs(failed) do say("failed: " .. name) end
    say(("%d passed, %d failed in %s, seed %d"):format(passed, #failed, minutes(process.now_s() - began_s), seed))
end
os.exit(#failed == 0)
