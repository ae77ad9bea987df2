-- What `make test` runs: twenty deaths, and the mutants.

local store = require "stage_store"
local cases = require "cases"

return function(run)
    run.case("quiet", "R15 without faults all is placed and nothing in doubt", { stage = store, workers = 1 })
    run.case("quiet", "R15 three workers on one store", { stage = store, workers = 3 })
    run.deaths("R15 deaths at random", { stage = store, workers = 1, kills = 10, faults = true })
    run.deaths("R15 deaths at random among three workers",
        { stage = store, workers = 3, kills = 10, faults = true })
    for _, point in ipairs { "before_intend", "after_intend", "before_first_byte", "after_answer", "during_sync" } do
        run.case("point", "R15 a death at " .. point, { stage = store, workers = 1, point = point, nth = 8 })
    end
    run.case("point", "R2 a death while taking over",
        { stage = store, workers = 1, point = "after_takeover", after = cases.one_died })
    run.case("stopped", "R5 stopped between check and byte, past the lease: one ring or none",
        { stage = store, point = "before_first_byte", nth = 5 })
    run.case("stopped", "R4 stopped after the intent, past the lease: no ring", { stage = store, point = "after_intend", nth = 5 })

    run.mutant("point", "mutant synchronous_off", { stage = store, workers = 1, mutant = "synchronous_off",
        point = "after_answer", nth = 8, until_died = true, notices = "rang without a committed intent" })
    run.mutant("stopped", "mutant no_lease_check", { stage = store, mutant = "no_lease_check", point = "after_intend",
        nth = 5, notices = "phones rang for a worker whose lease was lost" })
    run.mutant("quiet", "mutant caps_outside", { stage = store, workers = 1, mutant = "caps_outside",
        notices = "rang more than 1 times" })
end
