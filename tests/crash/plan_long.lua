-- What `make crash` runs: every point, on every stage, with one and with three workers; two hundred deaths at random;
-- stops past the lease at every point; the mutants.

local cases = require "cases"
local short = require "plan_short"
local vendor = require "stage_vendor"

local STAGES = { require "stage_store", vendor "amazon_connect", vendor "genesys", vendor "ccai_platform",
    vendor "symbee" }
local ROUNDS, KILLS = 4, 20
local NTH = { 1, 7 }
local ONCE = { register = true, campaign = true, put = true, resign = true, takeover = true, beat = true, adopt = true,
    looks = true }

-- A takeover comes to pass only where somebody has died before.
local function points_of(stage)
    local points = {}
    for _, point in ipairs(stage.points) do table.insert(points, { point }) end
    for _, point in ipairs(stage.takes_over) do table.insert(points, { point, cases.one_died }) end
    return points
end

local function at_points(run, stage)
    for _, row in ipairs(points_of(stage)) do
        local point = row[1]
        for _, workers in ipairs { 1, 3 } do
            for _, nth in ipairs(ONCE[point:match("_(.*)")] and { 1 } or NTH) do
                local name = ("%s: a death at %s, passed %d times, %d workers"):format(stage.name, point, nth, workers)
                run.case("point", name,
                    { stage = stage, workers = workers, point = point, nth = nth, after = row[2], faults = true })
            end
        end
        run.case("stopped", ("%s: stopped at %s past the lease"):format(stage.name, point),
            { stage = stage, point = point, nth = 1, after = row[2] })
    end
end

return function(run)
    for _, stage in ipairs(STAGES) do
        for _, workers in ipairs { 1, 3 } do
            run.case("quiet", ("%s: without faults, %d workers"):format(stage.name, workers),
                { stage = stage, workers = workers })
            for round = 1, ROUNDS do
                run.deaths(("%s: deaths at random, %d workers, round %d"):format(stage.name, workers, round),
                    { stage = stage, workers = workers, kills = KILLS, faults = true })
            end
        end
        at_points(run, stage)
    end
    short(run)
end
