-- What `make test` runs: twenty deaths, and the mutants.

local store = require "stage_store"
local cases = require "cases"
local vendor = require "stage_vendor"

return function(add)
    add.case("quiet", "R15 without faults all is placed and nothing in doubt", { stage = store, workers = 1 })
    add.case("quiet", "R15 three workers on one store", { stage = store, workers = 3 })
    add.deaths("random", "R15 deaths at random", { stage = store, workers = 1, kills = 10, faults = true })
    add.deaths("random", "R15 deaths at random among three workers",
        { stage = store, workers = 3, kills = 10, faults = true })
    for _, point in ipairs { "before_intend", "after_intend", "before_first_byte", "after_answer", "during_sync" } do
        add.case("point", "R15 a death at " .. point, { stage = store, workers = 1, point = point, nth = 8 })
    end
    add.case("point", "R2 a death while taking over",
        { stage = store, workers = 1, point = "after_takeover", after = cases.one_died })
    add.case("stopped", "R5 stopped between check and byte, past the lease: one ring or none",
        { stage = store, point = "before_first_byte", nth = 5 })
    add.case("stopped", "R4 stopped after the intent, past the lease: no ring",
        { stage = store, point = "after_intend", nth = 5 })

    add.mutant("point", "mutant synchronous_off", { stage = store, workers = 1, mutant = "synchronous_off",
        point = "after_answer", nth = 8, until_died = true, notices = "rang without a committed intent" })
    add.mutant("point", "mutant synchronous_off, three workers", { stage = store, workers = 3, cuts = true,
        mutant = "synchronous_off", point = "after_answer", nth = 8, until_died = true,
        notices = "rang without a committed intent" })
    add.mutant("stopped", "mutant no_lease_check", { stage = store, mutant = "no_lease_check", point = "after_intend",
        nth = 5, notices = "phones rang for a worker whose lease was lost" })
    for _, name in ipairs { "amazon_connect", "genesys", "ccai_platform", "symbee" } do
        add.case("quiet", "R15 all faults of the mock, " .. name, { stage = vendor(name), workers = 1, faults = true })
    end
    add.case("point", "R15 a worker's death before the first byte, amazon_connect", { stage = vendor "amazon_connect",
        workers = 1, point = "before_first_byte", nth = 5 })
    add.case("point", "R15 a worker's death after the answer, ccai_platform", { stage = vendor "ccai_platform",
        workers = 1, point = "after_answer", nth = 5 })
    add.case("stopped", "R4 a worker stopped after the intent, past the lease, symbee",
        { stage = vendor "symbee", point = "after_intend", nth = 2, faults = true })
    for point, nth in pairs { after_outcome = 5, after_withdrawals = 2, before_withdrawn = 1 } do
        add.case("point", "R14 a death at " .. point .. ": whom agents put off is taken back, symbee", { workers = 1,
            stage = vendor "symbee", puts_off = true, point = point, nth = nth })
    end
    add.mutant("quiet", "mutant resend_after_unknown", { stage = vendor "ccai_platform", workers = 1,
        mutant = "resend_after_unknown", faults = "drop_after=0.3", notices = "rang more than 1 times" })
    add.mutant("quiet", "mutant no_prerequest_guard", { stage = vendor "ccai_platform", workers = 1,
        mutant = "no_prerequest_guard", faults = "drop_after=0.5", notices = "rang more than 1 times" })
    add.mutant("quiet", "mutant caps_outside", { stage = store, workers = 1, mutant = "caps_outside",
        notices = "rang more than 1 times" })
end
