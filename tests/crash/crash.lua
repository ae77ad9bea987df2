-- Runs crash tests: lua5.4 tests/crash/crash.lua BUILD short|long [SEED] [ONLY] Prints `ok NAME` or `not ok NAME`
-- lines; the long form a progress line on the error output as well, and counts at the end.
package.path = "tests/crash/?.lua;" .. package.path

local cases = require "cases"

local build, form, seed, only = arg[1], arg[2], tonumber(arg[3]), arg[4]
seed = seed or os.time()
math.randomseed(seed)

local MAX_LOCKED, MAX_TRIES = 5, 5

local total = { deaths = 0, hits = 0, stops = 0, locked = 0, waiting = 0, doubts = 0, rings = 0, campaigns = 0 }
local failed, passed = 0, 0

local function report(ok, name, findings)
    print((ok and "ok " or "not ok ") .. name)
    for i = 1, ok and 0 or math.min(#findings, 8) do print("    " .. findings[i]) end
    if not ok and findings[9] then print("    " .. findings[#findings]) end
    if ok then passed = passed + 1 else failed = failed + 1 end
    io.stdout:flush()
end

local function progress()
    if form ~= "long" then return end
    io.stderr:write(("\r%d passed, %d failed; %d campaigns, %d deaths, %d stops, %d phones rang, %d in doubt "):format(
        passed, failed, total.campaigns, total.deaths, total.stops, total.rings, total.doubts))
end

local run = {}

-- run.case(kind, name, options): all that must hold does
function run.case(kind, name, options)
    if only and not name:find(only, 1, true) then return end
    options.build = build
    local findings, counts = cases[kind](options)
    -- Nobody could take over: that is tried again, where it is by chance.
    for _ = 1, MAX_LOCKED do
        if (counts.locked or 0) == 0 or findings[1] or options.stage.inside[options.point] then break end
        findings, counts = cases[kind](options)
    end
    for key, count in pairs(counts) do total[key] = total[key] + count end
    -- Beside others a worker may find little to do.
    if options.point and counts.hits == 0 and (options.workers or 1) == 1 then
        findings[#findings + 1] = options.point .. " was never passed"
    end
    report(not findings[1], name, findings)
    progress()
end

-- run.deaths(name, options): campaigns after one another until options.kills workers have died
function run.deaths(name, options)
    if only and not name:find(only, 1, true) then return end
    options.build = build
    local wanted, findings, counts = options.kills, {}
    local left, most = wanted, options.stage.most_deaths or wanted
    while left > 0 and not findings[1] do
        options.kills = math.min(left, most)
        findings, counts = cases.random(options)
        for key, count in pairs(counts) do total[key] = total[key] + count end
        left = left - counts.deaths
    end
    report(not findings[1], ("%s, %d deaths"):format(name, wanted), findings)
    progress()
end

-- run.mutant(kind, name, options): what was broken on purpose is noticed
function run.mutant(kind, name, options)
    if only and not name:find(only, 1, true) then return end
    options.build = build
    local findings
    for _ = 1, MAX_TRIES do -- some show only by chance
        findings = cases[kind](options)
        for _, finding in ipairs(findings) do
            if finding:find(options.notices) then
                report(true, name .. " is noticed: " .. finding)
                os.execute("rm -rf '" .. findings[#findings]:match("^its files are in (.*)$") .. "'")
                return
            end
        end
    end
    findings[#findings + 1] = "not noticed as: " .. options.notices
    report(false, name, findings)
end

require("plan_" .. form)(run)

if form == "long" then
    io.stderr:write("\n")
    print(("%d passed, %d failed: %d campaigns, %d deaths, %d stops, %d phones rang, %d left in doubt, seed %d"):format(
        passed, failed, total.campaigns, total.deaths, total.stops, total.rings, total.doubts, seed))
end
os.exit(failed == 0)
