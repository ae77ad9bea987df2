-- What `make crash` runs: every point, on every stage, with one and with three workers; two hundred deaths at random on
-- each; power cuts; stops past the lease at every point; the mutants.

local cases = require "cases"
local person = require "person"
local short = require "plan_short"
local vendor = require "stage_vendor"

local STAGES = { require "stage_store", vendor "amazon_connect", vendor "genesys", vendor "ccai_platform",
    vendor "symbee" }
local ROUNDS, KILLS, CUT_KILLS = 10, 10, 15 -- of each, and deaths in one
local NTH = { 1, 7 }
local SLOW = 8 -- so that records wait for their agent
local OFTEN = { take = true, intend = true, settle = true, outcome = true, commit = true, sync = true,
    first_byte = true, answer = true }
-- What comes to pass only by something else.
local AFTER_A_DEATH = { takeover = true, looked = true, write_off = true }
-- A run of a vendor's begins with withdrawals, of none yet.
local LATER = { withdrawals = { 2 } }
local WITHDRAWS = { withdrawals = true, withdrawn = true }
-- From the outcome of a call that lives on until it is taken back.
local PUT_OFF = { outcome = { 1, 5 }, withdrawals = { 2, 3 }, withdrawn = { 1, 5 } }
-- Inside a transaction, where all others wait for who is frozen.
local FROZEN = { "before_intend", "before_commit", "during_sync", "after_sync" }
-- Where the power goes under all.
local CUT = { "before_intend", "before_commit", "before_sync", "during_sync", "after_sync", "after_intend",
    "before_first_byte", "after_answer", "after_settle" }

local function options_at(point, options)
    local of = point:match("_(.*)")
    options.point, options.faults = point, true
    options.after = AFTER_A_DEATH[of] and cases.one_died or nil
    options.writes_off = of == "write_off"
    if WITHDRAWS[of] and options.stage.vendor then options.meanwhile, options.speed = person.lists_all, SLOW end
    return options
end

local function at_point(add, stage, point)
    local of = point:match("_(.*)")
    local passes = OFTEN[of] and NTH or stage.vendor and LATER[of] or { 1 }
    for _, workers in ipairs { 1, 3 } do
        for _, nth in ipairs(passes) do
            local name = ("%s: a death at %s, passed %d times, %d workers"):format(stage.name, point, nth, workers)
            add.case("point", name, options_at(point, { stage = stage, workers = workers, nth = nth }))
        end
    end
    add.case("stopped", ("%s: stopped at %s past the lease"):format(stage.name, point),
        options_at(point, { stage = stage, nth = passes[1] }))
end

local function on_stage(add, stage)
    for _, workers in ipairs { 1, 3 } do
        add.case("quiet", ("%s: without faults, %d workers"):format(stage.name, workers),
            { stage = stage, workers = workers })
        add.case("quiet", ("%s: with faults, %d workers"):format(stage.name, workers),
            { stage = stage, workers = workers, faults = true })
        for round = 1, ROUNDS do
            add.deaths("random", ("%s: deaths at random, %d workers, round %d"):format(stage.name, workers, round),
                { stage = stage, workers = workers, kills = KILLS, faults = true })
        end
    end
    for round = 1, ROUNDS do
        add.deaths("dark", ("%s: power cuts at random, 3 workers, round %d"):format(stage.name, round),
            { stage = stage, workers = 3, kills = CUT_KILLS, cuts = true, faults = true })
    end
    for _, point in ipairs(CUT) do
        add.case("point", ("%s: the power goes at %s, 3 workers"):format(stage.name, point),
            { stage = stage, workers = 3, point = point, nth = 7, cuts = true, faults = true })
    end
    for _, point in ipairs(FROZEN) do
        add.case("frozen", ("%s: stopped at %s, beside two that run"):format(stage.name, point),
            { stage = stage, workers = 3, point = point, nth = 7, faults = true })
    end
    for _, point in ipairs(stage.points) do at_point(add, stage, point) end
    for _, point in ipairs(stage.takes_over) do at_point(add, stage, point) end
end

-- Symbee's agents put everybody off.
local function when_put_off(add)
    local stage = STAGES[5]
    local function options(more)
        more.stage, more.puts_off, more.faults = stage, true, true
        return more
    end
    for _, workers in ipairs { 1, 3 } do
        add.case("quiet", ("R14 put off: with faults, %d workers"):format(workers), options { workers = workers })
        add.deaths("random", ("R14 put off: deaths at random, %d workers"):format(workers),
            options { workers = workers, kills = KILLS })
    end
    add.deaths("dark", "R14 put off: power cuts at random, 3 workers",
        options { workers = 3, kills = CUT_KILLS, cuts = true })
    for of, passes in pairs(PUT_OFF) do
        for _, point in ipairs { "before_" .. of, "after_" .. of } do
            for _, nth in ipairs(passes) do
                for _, workers in ipairs { 1, 3 } do
                    add.case("point", ("R14 put off: a death at %s, passed %d times, %d workers"):format(point, nth,
                        workers), options { workers = workers, point = point, nth = nth })
                end
                add.case("point", ("R14 put off: the power goes at %s, passed %d times"):format(point, nth),
                    options { workers = 3, point = point, nth = nth, cuts = true })
            end
            add.case("stopped", ("R14 put off: stopped at %s past the lease"):format(point),
                options { point = point, nth = 1 })
        end
    end
end

return function(add)
    for _, stage in ipairs(STAGES) do on_stage(add, stage) end
    when_put_off(add)
    for _, row in ipairs(person.commands) do
        for _, when in ipairs { "before", "after" } do
            add.case("command", ("person: outdial %s dies at %s_%s"):format(row.name, when, row.verb),
                { stage = STAGES[4], workers = 1, command = row, point = when .. "_" .. row.verb })
        end
    end
    short(add)
end
