-- The rounds of the crash tests: what a plan lists, and how one of them is run. A plan is a function of `add`, whose
-- functions each add a round of a name that no other has.

local cases = require "cases"
local process = require "process"

local rounds = {}

local MAX_TRIES = 5
local SHOWN, LONGEST = 8, 400 -- of findings, and of one in bytes: a report is written in one go

local function add_counts(total, counts)
    for key, count in pairs(counts) do total[key] = (total[key] or 0) + count end
end

local runners = {}

-- All that must hold does.
function runners.case(round, total)
    local options = round.options
    -- Beside others a worker may find little to do.
    local must_pass = options.point and (options.workers or 1) == 1
    for _ = 1, MAX_TRIES do
        local findings, counts = cases[round.kind](options)
        add_counts(total, counts)
        if findings[1] then return findings end
        -- Where it is by chance that the point is passed, or that nobody could take over, that is tried again.
        local missed = must_pass and counts.hits == 0
        local locked = (counts.locked or 0) > 0 and not options.stage.inside[options.point]
        if not missed and not locked then return {} end
    end
    return must_pass and total.hits == 0 and { options.point .. " was never passed" } or {}
end

-- Campaigns after one another until options.kills workers have died.
function runners.deaths(round, total)
    local options = round.options
    local left = options.kills
    while left > 0 do
        options.kills = left
        local findings, counts = cases[round.kind](options)
        add_counts(total, counts)
        if findings[1] then return findings end
        left = left - counts.deaths
    end
    return {}
end

-- What was broken on purpose is noticed.
function runners.mutant(round)
    local findings
    for _ = 1, MAX_TRIES do -- some show only by chance
        findings = cases[round.kind](round.options)
        for _, finding in ipairs(findings) do
            if finding:find(round.options.notices) then
                os.execute("rm -rf '" .. findings[#findings]:match("^its files are in (.*)$") .. "'")
                return {}, finding
            end
        end
    end
    table.insert(findings, 1, "not noticed as: " .. round.options.notices)
    return findings
end

-- rounds.of(form) -> list of { name, kind, runner, options }, and by name
function rounds.of(form)
    local list, by_name, add = {}, {}, {}
    for runner in pairs(runners) do
        add[runner] = function(kind, name, options)
            assert(not by_name[name], "two rounds are called " .. name)
            options.kind = kind
            list[#list + 1] = { name = name, kind = kind, runner = runner, options = options }
            by_name[name] = list[#list]
        end
    end
    require("plan_" .. form)(add)
    return list, by_name
end

local function hash(text)
    local sum = 2166136261
    for i = 1, #text do sum = ((sum ~ text:byte(i)) * 16777619) & 0xffffffff end
    return sum
end

-- rounds.run(round, build, seed) -> whether it passed, what is to be said of it (lines), what was done (counts). The
-- same seed gives the same choices; what comes to pass hangs on the machine's speed as well.
function rounds.run(round, build, seed)
    math.randomseed(seed, hash(round.name))
    round.options.build = build
    local total = {}
    local ran, findings, noticed = xpcall(runners[round.runner], debug.traceback, round, total)
    if not ran then
        findings = { "the test itself failed: " .. findings }
        process.kill_all()
    end
    local lines = { (findings[1] and "not ok " or "ok ") .. round.name }
    if noticed then lines[2] = "    noticed: " .. noticed end
    for i, finding in ipairs(findings) do
        if i <= SHOWN or i == #findings then lines[#lines + 1] = "    " .. finding:sub(1, LONGEST):gsub("\n", " | ") end
    end
    return not findings[1], lines, total
end

return rounds
