-- What scripts write of a campaign, by rows: durations, times, hours, caps, gaps, retry policies, contacts, options.
package.path = "tests/lua/?.lua;" .. package.path
local breaker = require "outdial.breaker"
local caps = require "outdial.caps"
local contacts = require "outdial.contacts"
local dayparts = require "outdial.dayparts"
local duration = require "outdial.duration"
local hours = require "outdial.hours"
local instant = require "outdial.instant"
local outdial = require "outdial"
local plan = require "outdial.plan"
local random = require "outdial.random"
local retry = require "outdial.retry"

local THIS = debug.getinfo(1, "S").short_src
local HOUR, DAY = 3600000, 86400000

-- Raises; returns the text.
local function complaint(fn)
    local ok, problem = pcall(fn)
    assert.is_false(ok)
    return problem
end

describe("a duration", function()
    local good = {
        { "90s", 90000 }, { "15m", 900000 }, { "4h", 4 * HOUR }, { "1d", DAY }, { "2w", 14 * DAY },
        { "1h30m", 5400000 }, { "0.5s", 500 }, { 90, 90000 }, { 0.25, 250 }, { 0, 0 }, { "0s", 0 },
    }
    for _, row in ipairs(good) do
        it(("reads %s"):format(tostring(row[1])), function() assert.equal(row[2], duration.parse(row[1])) end)
    end

    local EXPECTED = 'expected a duration such as "15m" (units s, m, h, d, w) or seconds, got '
    local bad = {
        { "15min", '"15min": unknown unit "min", did you mean "m"?' }, { "4 h", '"4 h"' }, { "", '""' },
        { "h", '"h"' }, { "4", '"4"' }, { "2 hours", '"2 hours"' }, { "2hours", '"2hours": unknown unit "hours", did '
            .. 'you mean "h"?' }, { "3y", '"3y"' }, { -1, "-1" }, { true, "true" }, { nil, "nothing" },
        { "99999999d", '"99999999d"' },
    }
    for i = 1, 12 do
        local row = bad[i] or { nil, "nothing" }
        it(("refuses row %d"):format(i), function()
            local value, problem = duration.parse(row[1])
            assert.is_nil(value)
            assert.equal(EXPECTED .. row[2], problem)
        end)
    end

    local shown = { { 90000, "1m30s" }, { DAY, "24h" }, { 7 * DAY, "7d" }, { 30 * DAY + HOUR, "30d1h" }, { 0, "0s" },
        { 1500, "1.5s" } }
    for _, row in ipairs(shown) do
        it("is shown as " .. row[2], function()
            assert.equal(row[2], duration.format(row[1]))
            assert.equal(row[1], duration.parse(row[2]))
        end)
    end
end)

describe("a point in time", function()
    local NOW = 1773655200000
    local good = {
        { "2h", NOW + 2 * HOUR }, { 600, NOW + 600000 }, { 1773655200, NOW }, { 1773655200.5, NOW + 500 },
        { "2026-03-16T10:00:00Z", NOW }, { "2026-03-16T10:00Z", NOW }, { "2026-03-16 12:00:00+02:00", NOW },
        { "2026-03-16T05:30:00.250-0430", NOW + 250 }, { "2024-02-29T00:00:00Z", 1709164800000 },
        { "1970-01-01T00:00:00Z", 0 },
    }
    for _, row in ipairs(good) do
        it("reads " .. tostring(row[1]), function() assert.equal(row[2], instant.parse(row[1], NOW)) end)
    end
    for _, text in ipairs { "2026-02-29T00:00:00Z", "2026-03-16T10:00:00", "2026-13-01T00:00:00Z", "tomorrow",
        "2026-03-16T24:00:00Z", "2026-03-16" } do
        it("refuses " .. text, function()
            local value, problem = instant.parse(text, NOW)
            assert.is_nil(value)
            assert.equal('expected a duration ("2h"), Unix seconds or a time such as "2026-03-09T11:00:00Z", got "'
                .. text .. '"', problem)
        end)
    end
end)

describe("a vendor's breaker", function()
    -- What was recorded: { at, ok, how many times }, and its state after that, at the time of the last.
    local ROWS = {
        { "too few", "closed", { 0, true, 9 }, { 0, false, 10 } },
        { "half of 20 at once", "open", { 0, true, 10 }, { 0, false, 10 } },
        { "half of 20, and the last one went well", "open", { 0, false, 10 }, { 0, true, 10 } },
        { "less than half", "closed", { 0, false, 9 }, { 0, true, 11 } },
        { "half of 20 within 30 s", "open", { 0, false, 9 }, { 15, true, 10 }, { 30, false, 1 } },
        { "the first are older", "closed", { 0, false, 9 }, { 15, true, 10 }, { 30.001, false, 1 } },
        { "only the older ones failed", "closed", { 0, false, 9 }, { 1, true, 10 }, { 31, true, 20 } },
        { "all are older", "closed", { 0, true, 10 }, { 0, false, 9 }, { 100, false, 10 } },
    }

    for _, row in ipairs(ROWS) do
        it("is " .. row[2] .. ": " .. row[1], function()
            local one, now = breaker.new(), nil
            for i = 3, #row do
                now = row[i][1]
                for _ = 1, row[i][3] do one:record(now, row[i][2]) end
            end
            assert.equal(row[2], (one:state(now)))
            assert.equal(row[2] == "closed", one.open_until == nil)
        end)
    end
end)

describe("random numbers of an attempt", function()
    it("go by the seed alone", function()
        local a, b, c = random.new("token-1"), random.new("token", "-1"), random.new("token-2")
        local same, differ = true, false
        for _ = 1, 100 do
            local x = a()
            assert.is_true(x >= 0 and x < 1)
            same, differ = same and x == b(), differ or x ~= c()
        end
        assert.is_true(same and differ)
    end)

    it("are whole numbers between two where asked for", function()
        local draw, seen = random.new("x"), {}
        for _ = 1, 200 do seen[draw(3)] = true end
        assert.same({ true, true, true }, seen)
        for _ = 1, 50 do
            local n = draw(5, 7)
            assert.is_true(n >= 5 and n <= 7 and n % 1 == 0)
        end
    end)
end)

local function many(count, make)
    local list = {}
    for i = 1, count do list[i] = make(i) end
    return list
end

describe("hours", function()
    local W = { "10:00-20:00" }
    local good = {
        { nil, { mon = W, tue = W, wed = W, thu = W, fri = W, sat = { "10:00-18:00" } } },
        { { mon_fri = "10:00-20:00" }, { mon = W, tue = W, wed = W, thu = W, fri = W } },
        { { every_day = "00:00-24:00", sun = false }, { mon = { "00:00-24:00" }, tue = { "00:00-24:00" },
            wed = { "00:00-24:00" }, thu = { "00:00-24:00" }, fri = { "00:00-24:00" }, sat = { "00:00-24:00" } } },
        { { mon = { "14:00-20:00", "10:00-13:00" } }, { mon = { "10:00-13:00", "14:00-20:00" } } },
        { { mon_fri = "09:00-10:00", tue = {}, fri = "10:00-20:00" }, { mon = { "09:00-10:00" },
            wed = { "09:00-10:00" }, thu = { "09:00-10:00" }, fri = W } },
        { { sat_sun = "10:00-20:00" }, { sat = W, sun = W } },
    }
    for i, row in ipairs(good) do
        it("become a ruleset's, row " .. i, function() assert.same(row[2], (hours.ruleset(row[1]))) end)
    end

    it("bring their holidays in order", function()
        local _, days = hours.ruleset { mon = "10:00-20:00", holidays = { "2026-12-26", "2026-12-25" } }
        assert.same({ "2026-12-25", "2026-12-26" }, days)
    end)

    local bad = {
        { { mond = "10:00-20:00" }, 'unknown day "mond", did you mean "mon"?' },
        { { mon_fr = "10:00-20:00" }, 'unknown day "mon_fr", did you mean "mon_fri"?' },
        { { mon = "10-20" }, 'mon: expected a window such as "10:00-20:00" (00:00 to 24:00), got "10-20"' },
        { { mon = "10:00-24:01" }, 'mon: expected a window such as "10:00-20:00" (00:00 to 24:00), got "10:00-24:01"' },
        { { tue = "22:00-02:00" }, 'tue: "22:00-02:00" ends before it begins: split it at midnight, over two days' },
        { { tue = "10:00-10:00" }, 'tue: "10:00-10:00" is empty' },
        { { wed = { "10:00-13:00", "12:00-15:00" } }, 'wed: "10:00-13:00" and "12:00-15:00" overlap' },
        { { wed = { from = "10:00" } }, "wed: expected a window or a list of windows, got a table with other keys" },
        { { wed = { "10:00-12:00", evening = "18:00-20:00" } },
            "wed: expected a window or a list of windows, got a table with other keys" },
        { { wed = { "10:00-12:00", nil, "18:00-20:00" } },
            "wed: expected a window or a list of windows, got a list with nothing at [2]" },
        { { wed = 10 }, 'wed: expected a window such as "10:00-20:00" (00:00 to 24:00), got 10' },
        { { sun = false }, "no day is open: nobody could ever be called" },
        { "always", "expected a table of days, got string" },
        { { mon = "10:00-20:00", holidays = "2026-12-25" }, "holidays: expected a list of dates, got string" },
        { { mon = "10:00-20:00", holidays = { "2026-02-30" } },
            'holidays[1]: expected a date such as "2026-12-25", got "2026-02-30"' },
        { { mon = "10:00-20:00", holidays = { "2024-02-29", "2026-02-29" } },
            'holidays[2]: expected a date such as "2026-12-25", got "2026-02-29"' },
        { { mon = many(17, function(i) return ("10:%02d-10:%02d"):format(2 * i, 2 * i + 1) end) },
            "mon: expected at most 16 windows, got 17" },
        { { mon = "10:00-20:00", holidays = many(2001, function() return "2026-12-25" end) },
            "holidays: expected at most 2000 dates, got 2001" },
        { { mon = "10:00-20:00", holidays = { "2026-12-25", nil, "2026-12-26" } },
            "holidays: expected a list of dates, got a list with nothing at [2]" },
        { { mon = "10:00-20:00", holidays = { "25.12.2026" } },
            'holidays[1]: expected a date such as "2026-12-25", got "25.12.2026"' },
    }
    for i, row in ipairs(bad) do
        it("are refused, row " .. i, function()
            local days, problem = hours.ruleset(row[1])
            assert.is_nil(days)
            assert.equal(row[2], problem)
        end)
    end
end)

describe("caps", function()
    local function names(given, loosen)
        local list = assert(caps.caps(given, loosen or {}, {}))
        local out = {}
        for i, cap in ipairs(list) do out[i] = cap.name .. "=" .. cap.limit end
        return table.concat(out, " ")
    end

    it("are 2 in 24 h, 5 in 7 d and 8 in 30 d of a person unless told", function()
        assert.equal("person_24h=2 person_7d=5 person_30d=8", names(nil))
        assert.same({ limit = 2, per = "person", scope = "store", kind = "rolling", ms = DAY, name = "person_24h",
            number = true }, caps.caps(nil, {}, {})[1])
    end)

    local rows = {
        { { { 3, per = "person", every = "1d" } }, "person_24h=3 person_7d=5 person_30d=8" },
        { { { 1, per = "person", every = "12h" } }, "person_12h=1 person_24h=2 person_7d=5 person_30d=8" },
        { { { 3, per = "number", every = "24h" } }, "number_24h=3 person_24h=2 person_7d=5 person_30d=8" },
        { { { 9, per = "person", every = "24h", scope = "campaign" } },
            "person_24h_campaign=9 person_24h=2 person_7d=5 person_30d=8" },
        { { { 4, per = "person", days = 30 } }, "person_30_days=4 person_24h=2 person_7d=5 person_30d=8" },
        { { { 4, per = "person", month = true } }, "person_month=4 person_24h=2 person_7d=5 person_30d=8" },
        { { { 1, per = "person", since = "answered" } },
            "person_since_answered=1 person_24h=2 person_7d=5 person_30d=8" },
        { { { 10, per = "person", lifetime = true, name = "ever" } }, "ever=10 person_24h=2 person_7d=5 person_30d=8" },
    }
    for i, row in ipairs(rows) do
        it("replace only the default of the same kind, scope and period, row " .. i, function()
            assert.equal(row[2], names(row[1]))
        end)
    end

    it("go without a default only by loosen with a reason", function()
        assert.equal("person_24h=2 person_7d=5", names(nil, { person_30d = "consent" }))
    end)

    it("hold per number too unless loosened", function()
        assert.is_false(caps.caps(nil, { numbers = "front desk" }, {})[1].number)
    end)

    local bad = {
        { { { per = "person", every = "24h" } }, "[1]: expected how many calls first (a whole number from 1 to 1000), "
            .. "got nothing" },
        { { { 1001, per = "person", lifetime = true } }, "[1]: expected how many calls first (a whole number from 1 to "
            .. "1000), got 1001" },
        { { { 2, per = "person", every = "3653d" } }, "[1]: every: expected at most ten years (3652d12h), got 3653d" },
        { { { 2, per = "person", days = 3, name = ("x"):rep(65) } },
            "[1]: name: expected at most 64 characters, got 65" },
        { { { 2, per = "persn", every = "24h" } }, '[1]: per: unknown value "persn", did you mean "person"?' },
        { { { 2, every = "24h" } }, "[1]: per: expected one of person, number, got nothing" },
        { { { 2, per = "person" } }, "[1]: expected one of every, days, month, since, lifetime" },
        { { { 2, per = "person", every = "24h", days = 1 } }, "[1]: both every and days are given" },
        { { { 2, per = "person", evry = "24h" } }, '[1]: unknown option "evry", did you mean "every"?' },
        { { { 2, per = "person", every = "24hr" } }, '[1]: every: expected a duration such as "15m" (units s, m, h, d, '
            .. 'w) or seconds, got "24hr": unknown unit "hr", did you mean "h"?' },
        { { { 2, per = "person", since = "anserwed" } }, '[1]: since: unknown value "anserwed", did you mean '
            .. '"answered"?' },
        { { { 2, per = "person", every = "24h" }, { 3, per = "person", every = "1d" } },
            "[2]: a second cap of the same kind and period" },
        { { { 2, per = "person", days = 0 } }, "[1]: days: expected a whole number from 1 to 3660, got 0" },
        { many(30, function(i) return { 2, per = "number", days = i } end), "expected at most 32 caps, got 33" },
        { 7, "expected a list of caps, got number" },
        { { 2, per = "person", every = "24h" },
            "expected a list of caps, { { 2, per = ... }, ... }, got one that is not in a list" },
        { { { 1, per = "person", every = "24h" }, nil, { 3, per = "person", every = "7d" } },
            "expected a list of caps, got a list with nothing at [2]" },
        { { { 1, per = "person", every = "24h" }, weekly = { 3, per = "person", every = "7d" } },
            "expected a list of caps, got a table with other keys" },
        { { { 0, per = "person", every = "24h" } },
            "[1]: expected how many calls first (a whole number from 1 to 1000), got 0" },
        { { { "2", per = "person", every = "24h" } },
            '[1]: expected how many calls first (a whole number from 1 to 1000), got "2"' },
        { { { 2, per = "person", every = "24h", name = "a b" } },
            '[1]: name: expected letters, digits and _, got "a b"' },
    }
    for i, row in ipairs(bad) do
        it("are refused, row " .. i, function()
            local list, problem = caps.caps(row[1], {}, {})
            assert.is_nil(list)
            assert.equal(row[2], problem)
        end)
    end
end)

describe("gaps", function()
    local function shown(...)
        local list = assert(caps.gaps(...))
        local out = {}
        for i, gap in ipairs(list) do out[i] = gap.name .. "=" .. duration.format(gap.ms) end
        return table.concat(out, " ")
    end

    it("are 4 h, 7 d after a conversation and 60 d after a refusal unless told", function()
        assert.equal("gap=4h gap_after_answered=7d gap_after_declined=60d", shown(nil, {}, {}, {}))
    end)

    it("replace the default of the same kind only", function()
        assert.equal("gap=15m gap_after_answered=7d gap_after_declined=60d", shown("15m", {}, {}, {}))
        assert.equal("gap=4h gap_after_answered=24h gap_after_machine=2d gap_after_declined=60d",
            shown({ answered = "1d", machine = "2d" }, {}, {}, {}))
    end)

    it("take those of the retry policy's rows", function()
        assert.equal("gap=4h gap_after_answered=7d gap_after_declined=90d", shown(nil, { declined = 90 * DAY }, {}, {}))
    end)

    it("go without one only by loosen with a reason", function()
        local list, problem = caps.gaps(0, {}, {}, {})
        assert.is_nil(list)
        assert.equal('no gap at all needs loosen = { gap = "why" }', problem)
        assert.equal("gap_after_answered=7d gap_after_declined=60d", shown(0, {}, { gap = "tests" }, {}))
        assert.equal("gap=4h gap_after_answered=7d", shown(nil, {}, { gap_after_declined = "consent" }, {}))
    end)

    it("are ten years at most", function()
        local list, problem = caps.gaps({ answered = "3653d" }, {}, {}, {})
        assert.is_nil(list)
        assert.equal("answered: expected at most ten years (3652d12h), got 3653d", problem)
        assert.equal("gap=3652d12h gap_after_answered=7d gap_after_declined=60d", shown("3652d12h", {}, {}, {}))
    end)

    it("name known outcomes", function()
        local list, problem = caps.gaps({ anwered = "1d" }, {}, {}, {})
        assert.is_nil(list)
        assert.equal('unknown outcome "anwered", did you mean "answered"?', problem)
    end)
end)

describe("a retry policy", function()
    local NUMBERS = { "+1", "+2", "+3" }
    local policy = assert(retry.new { max_attempts = 5, per_number = 2, on = {
        busy = { after = "15m", max = 2 }, no_answer = { after = "4h", jitter = 0.5 },
        invalid_number = { next_number = true }, machine = { after = "1d", next_number = true },
        declined = { stop = "declined", gap = "90d" }, ["*"] = { stop = "done" },
    } })

    local function decide(kind, history, number, counts)
        return policy:decide({ kind = kind, counts = counts }, history or {}, { now_ms = 1000000, number = number or 1,
            numbers = NUMBERS, random = function() return 0.75 end })
    end

    local B, N = { kind = "busy", number = "+1" }, { kind = "no_answer", number = "+1" }
    local rows = {
        { "busy", {}, 1, { state = "waiting", due_ms = 1900000, number = 1, why = "busy" } },
        { "busy", { B }, 1, { state = "waiting", due_ms = 1900000, number = 2, why = "busy" } }, -- two on +1
        { "busy", { B, B }, 2, { state = "exhausted", why = "busy after 2 more" } },
        { "no_answer", {}, 1, { state = "waiting", due_ms = 1000000 + 5 * HOUR, number = 1, why = "no_answer" } },
        { "invalid_number", {}, 1, { state = "waiting", due_ms = 1000000, number = 2, why = "invalid_number" } },
        { "invalid_number", {}, 3, { state = "exhausted", why = "invalid_number, and no further number" } },
        { "machine", {}, 3, { state = "waiting", due_ms = 1000000 + DAY, number = 1, why = "machine" } },
        { "declined", {}, 1, { state = "done", why = "declined" } },
        { "answered", {}, 1, { state = "done", why = "done" } },
        { "unreported", {}, 1, { state = "done", why = "unreported" } },
        { "unclassified", {}, 1, { state = "done", why = "unclassified" } },
        { "no_answer", { N, B, N, B }, 1, { state = "exhausted", why = "5 of 5 attempts" } },
        { "no_answer", { { kind = "busy", number = "+2" }, { kind = "busy", number = "+2" }, N,
            { kind = "failed", number = "+3", counts = false } }, 1,
            { state = "waiting", due_ms = 1000000 + 5 * HOUR, number = 3, why = "no_answer" } },
    }
    for i, row in ipairs(rows) do
        it(("decides, row %d (%s)"):format(i, row[1]), function()
            assert.same(row[4], decide(row[1], row[2], row[3]))
        end)
    end

    it("counts an attempt that was given back for nothing but its kind", function()
        assert.same({ state = "waiting", due_ms = 1900000, number = 1, why = "busy" },
            decide("busy", { { kind = "no_answer", number = "+1" } }, 1, false))
    end)

    it("tells how long everybody leaves the person alone", function()
        assert.same({ declined = 90 * DAY }, policy:gaps())
    end)

    it("calls everyone once unless told", function()
        assert.same({ state = "done", why = "called once" },
            retry.ONCE:decide({ kind = "busy" }, {}, { now_ms = 0, number = 1, numbers = NUMBERS }))
    end)

    local bad = {
        { {}, "on: expected a table of outcomes, got nothing" },
        { { on = { busy = { after = "15m" } } },
            'on: no row for "answered": name it, or add ["*"] = { stop = "done" }' },
        { { on = { in_doubt = { stop = "x" } } },
            "on: in_doubt is no outcome: see on_doubt, and doubt = { write_off_after = }" },
        { { on = { bussy = { stop = "x" } } }, 'on: unknown outcome "bussy", did you mean "busy"?' },
        { { on = { busy = {} } }, "on.busy: expected after, next_number or stop" },
        { { on = { busy = { stop = "x", after = "1h" } } }, "on.busy: stop: goes not with after" },
        { { on = { busy = { stop = true } } }, "on.busy: stop: expected why, a text, got true" },
        { { on = { busy = { after = "1h", max = 0 } } },
            "on.busy: max: expected a whole number from 1 to 10000, got 0" },
        { { on = { busy = { after = "1h", jitter = 2 } } }, "on.busy: jitter: expected a number from 0 to 1, got 2" },
        { { on = { busy = { after = "1h", jitter = "0.2" } } },
            'on.busy: jitter: expected a number from 0 to 1, got "0.2"' },
        { { on = { busy = { after = "1h", spread = "daypart" } } },
            'on.busy: spread: unknown value "daypart", did you mean "dayparts"?' },
        { { on = { busy = { after = "1h", spread = true } } }, 'on.busy: spread: expected "dayparts", got true' },
        { { on = { busy = { next_number = true, spread = "dayparts" } } }, "on.busy: spread: goes only with after" },
        { { on = { busy = { stop = "x", spread = "dayparts" } } }, "on.busy: stop: goes not with spread" },
        { { on = { busy = { next_number = true, jitter = 0.2 } } }, "on.busy: jitter: goes only with after" },
        { { on = { busy = { afer = "1h" } } }, 'on.busy: unknown option "afer", did you mean "after"?' },
        { { on = { ["*"] = { stop = "x" } }, max_atempts = 3 },
            'unknown option "max_atempts", did you mean "max_attempts"?' },
        { { on = { ["*"] = { stop = "x" } }, max_attempts = 1.5 },
            "max_attempts: expected a whole number from 1 to 10000, got 1.5" },
        { 7, "expected a table of options, got number" },
    }
    for i, row in ipairs(bad) do
        it("is refused at load, row " .. i, function()
            local made, problem = retry.new(row[1])
            assert.is_nil(made)
            assert.equal(row[2], problem)
        end)
    end
end)

describe("retries that are spread over the day", function()
    local WEEK = hours.ruleset { mon_fri = "10:00-20:00", sat = "10:00-13:00" }
    local rows = { -- due, when the attempts were, when instead; random numbers are 0.5; what is special
        { "2026-03-16T09:00:00Z", { "2026-03-16T10:30:00Z" }, "2026-03-16T14:29:17.5Z" }, -- Monday: the afternoon
        { "2026-03-16T14:00:00Z", { "2026-03-16T10:30:00Z" }, "2026-03-16T14:00:00Z" },
        { "2026-03-16T15:30:00Z", { "2026-03-16T10:30:00Z", "2026-03-16T14:00:00Z" }, "2026-03-16T18:29:17.5Z" },
        { "2026-03-16T19:00:00Z", { "2026-03-16T18:00:00Z" }, "2026-03-17T10:59:17.5Z" }, -- the next morning
        { "2026-03-16T19:59:00Z", {}, "2026-03-17T10:59:17.5Z" }, -- nobody is called right before the end
        { "2026-03-16T19:00:00Z", { "2026-03-16T10:00:00Z", "2026-03-16T14:00:00Z", "2026-03-16T18:00:00Z" },
            "2026-03-16T19:00:00Z" }, -- all alike: the soonest
        { "2026-03-20T19:30:00Z", { "2026-03-20T18:00:00Z", "2026-03-20T11:00:00Z" }, "2026-03-21T12:29:17.5Z" },
        { "2026-03-21T12:50:00Z", { "2026-03-21T11:00:00Z" }, "2026-03-21T12:50:00Z" },
        { "2026-03-22T12:00:00Z", { "2026-03-21T11:00:00Z" }, "2026-03-23T14:29:17.5Z" }, -- Sunday is closed
        { "2026-03-16T13:00:00Z", { "2026-03-16T14:00:00Z" }, "2026-03-16T18:29:17.5Z", zone = "America/New_York" },
        { "2026-03-27T21:00:00Z", { "2026-03-27T19:00:00Z" }, "2026-03-28T10:59:17.5Z" }, -- Saturday
        { "2026-03-29T09:00:00Z", { "2026-03-27T10:00:00Z" }, "2026-03-30T13:29:17.5Z", zone = "Europe/London" }, -- DST
        { "2026-03-16T09:00:00Z", { "2026-03-16T10:30:00Z" }, "2026-03-17T14:29:17.5Z",
            holidays = { "2026-03-16" } },
        { "2026-03-16T09:00:00Z", {}, "2026-03-16T09:00:00Z", zone = "Nowhere/Land" },
    }
    for i, row in ipairs(rows) do
        it("land in the part of the day that was tried least, row " .. i, function()
            local called_at = {}
            for j, text in ipairs(row[2]) do called_at[j] = instant.parse(text) end
            local ms = dayparts.spread(instant.parse(row[1]), called_at, { zone = row.zone or "UTC", ruleset = {
                hours = WEEK, holidays = row.holidays, ring_timeout_ms = 25000 }, random = function() return 0.5 end })
            assert.equal(instant.parse(row[3]), ms)
        end)
    end

    it("are told when the attempts were that count", function()
        local policy = retry.new { on = { no_answer = { after = "4h", spread = "dayparts", next_number = true },
            ["*"] = { stop = "x" } } }
        for _, counts in ipairs { true, false } do
            local seen
            assert.same({ state = "waiting", due_ms = 7, number = 2, why = "no_answer" }, policy:decide(
                { kind = "no_answer", at_ms = 30, counts = counts }, { { kind = "busy", at_ms = 20, number = "+1" },
                    { kind = "expired", at_ms = 10, number = "+1", counts = false } },
                { now_ms = 1000, number = 1, numbers = { "+1", "+2" }, spread = function(...)
                    seen = { ... }
                    return 7
                end }))
            assert.same({ 1000 + 4 * HOUR, counts and { 30, 20 } or { 20 }, 2 }, seen)
        end
    end)
end)

describe("contacts", function()
    it("become what the store takes", function()
        local source = assert(contacts.list({}, { id = "no", numbers = { "mobile", "home" }, person = "group",
            zone = { column = "tz", default = "America/New_York" }, country = { column = "land", default = "US" } }))
        assert.same({ id = "7", person = "g1", zones = "America/Denver;America/Boise", country = "CA",
            numbers = { { column = "home", number = "+15550100" } },
            data = { no = "7", group = "g1", tz = "America/Denver;America/Boise", land = "CA", home = "+15550100",
                mobile = "", ok = "true" } },
            contacts.contact({ no = 7, group = "g1", tz = "America/Denver;America/Boise", land = "CA", mobile = "",
                home = "+15550100", ok = true }, source.map))
        assert.same({ id = "", country = "US", numbers = {}, data = {} }, contacts.contact({}, source.map))
    end)

    local bad = {
        { { numbers = "m" }, "id: expected the name of a column, got nothing" },
        { { id = "no" }, "numbers: expected a list of columns, got nothing" },
        { { id = "no", numbers = {} }, "numbers: expected a list of columns, got table" },
        { { id = "no", numbers = { "m", nil, "n" } },
            "numbers: expected a list of columns, got a list with nothing at [2]" },
        { { id = "no", numbers = "m", zone = { default = "America/NewYork" } },
            'zone.default: unknown time zone "America/NewYork", did you mean "America/New_York"?' },
        { { id = "no", numbers = { "m", "m" } }, 'numbers[2]: "m" is named twice' },
        { { id = "no", numbers = "m", contry = "US" }, 'unknown option "contry", did you mean "country"?' },
        { { id = "no", numbers = "m", country = "usa" }, 'country: expected an ISO code such as "US", got "usa"' },
        { { id = "no", numbers = "m", country = { default = "us" } },
            'country: expected an ISO code such as "US", got "us"' },
        { { id = "no", numbers = "m", zone = {} }, "zone: expected { column =, default = }" },
        { { id = "no", numbers = "m", ticket = { column = "t", dials = "n" } },
            'ticket.dials: "n" is not one of numbers' },
        { { id = "no", numbers = "m", ticket = { column = "t" } },
            "ticket.dials: expected the name of a column, got nothing" },
        { "no", "expected a map of columns, got string" },
    }
    for i, row in ipairs(bad) do
        it("are refused, row " .. i, function()
            local source, problem = contacts.list({}, row[1])
            assert.is_nil(source)
            assert.equal(row[2], problem)
        end)
    end

    it("are refused where rows would not be read", function()
        local source, problem = contacts.list({ { no = 1 }, nil, { no = 3 } }, { id = "no", numbers = "m" })
        assert.is_nil(source)
        assert.equal("expected a list of rows, got a list with nothing at [2]", problem)
    end)

    it("in a file that cannot be read are refused at load", function()
        local line = debug.getinfo(1, "l").currentline + 1
        local problem = complaint(function() return outdial.contacts.csv("/no/such", { id = "a", numbers = "b" }) end)
        assert.equal(("%s:%d: outdial.contacts.csv: /no/such: No such file or directory"):format(THIS, line), problem)
        problem = complaint(function() return outdial.contacts.csv("/", { id = "a", numbers = "b" }) end)
        assert.matches("outdial.contacts.csv: /: Is a directory", problem, 1, true)
    end)
end)

describe("a plan", function()
    it("is a marked value", function()
        assert.is_true(plan.is(outdial.skip("why"), "skip"))
        assert.is_true(plan.is(outdial.HOLD, "hold"))
        assert.equal("outdial.later", tostring(outdial.later("2h")))
        local callback = outdial.callback("2h", { within = "10m", number = "home" })
        assert.equal(600000, callback.within_ms)
        assert.equal("home", callback.number)
        assert.is_false(plan.is({ plan = "skip" }))
    end)

    local bad = {
        { "outdial.later", function() return outdial.later("2 hours") end, 'when: expected a duration ("2h"), Unix '
            .. 'seconds or a time such as "2026-03-09T11:00:00Z", got "2 hours"' },
        { "outdial.skip", function() return outdial.skip(7) end, "why: expected a text, got 7" },
        { "outdial.callback", function() return outdial.callback("1h", { witin = "1m" }) end,
            'unknown option "witin", did you mean "within"?' },
        { "outdial.callback", function() return outdial.callback() end, 'at: expected a duration ("2h"), Unix seconds '
            .. 'or a time such as "2026-03-09T11:00:00Z", got nothing' },
    }
    for i, row in ipairs(bad) do
        it("is refused at its line, row " .. i, function()
            local line = debug.getinfo(row[2], "S").linedefined
            assert.equal(("%s:%d: %s: %s"):format(THIS, line, row[1], row[3]), complaint(row[2]))
        end)
    end
end)

describe("a campaign's options", function()
    local function client()
        local function method() end
        return { vendor = "amazon_connect", prepare_placing = method, account_of = method, place_prepared = method,
            find = method, track = method }
    end
    local function options(more)
        local out = { name = "renewals", store = "calls.db", vendors = { connect = client(), ccai = client() },
            contacts = assert(contacts.list({}, { id = "no", numbers = "mobile", country = "US" })) }
        for key, value in pairs(more or {}) do
            if value == "nothing" then out[key] = nil else out[key] = value end
        end
        return out
    end
    local function make(more)
        local made = outdial.campaign(options(more))
        return made
    end

    it("have defaults that are safe", function()
        local made = make()
        assert.same({ "ccai", "connect" }, made.vendor_names)
        assert.same({ max_open = 10, max_handed_off = 100, open = { connect = 10, ccai = 10 } }, made.pace)
        assert.equal(25000, made.ruleset.ring_timeout_ms)
        assert.equal(85000, made.open_for_ms)
        assert.is_false(made.ruleset.hand_off_outside_hours)
        assert.equal(3, #made.ruleset.caps)
        assert.is_true(made.track)
        assert.equal(retry.ONCE, made.retry)
        assert.same({ "ccai", "connect" }, made.route)
    end)

    it("are read", function()
        local made = make { ring_timeout = "30s", open_for = "5m", do_not_call = "dnc.csv", zone = "America/New_York",
            doubt = { write_off_after = "2d" }, pace = { max_open = 50, open = { ccai = 3 } }, subject = "debt 7",
            route = { "connect" }, track = false, holidays = { "2026-12-25" },
            caps = { { 7, per = "person", every = "7d", scope = "subject" } } }
        assert.equal(300000, made.open_for_ms)
        assert.same({ path = "dnc.csv", country = "US" }, made.do_not_call)
        assert.equal(2 * DAY, made.write_off_after_ms)
        assert.same({ connect = 10, ccai = 3 }, made.pace.open)
        assert.equal("America/New_York", made.ruleset.zone)
        local denver = { default = "America/Denver" }
        local zoned = { contacts = contacts.list({}, { id = "no", numbers = "m", zone = denver }) }
        assert.equal("America/Denver", make(zoned).ruleset.zone)
        zoned.zone = "America/Denver"
        assert.equal("America/Denver", make(zoned).ruleset.zone)
        assert.same({ "2026-12-25" }, made.ruleset.holidays)
        assert.same({ "connect" }, made.route)
    end)

    it("are read once: a script may use its tables for something else", function()
        local route = { "connect" }
        local made = make { route = route }
        route[1] = "nobody"
        assert.same({ "connect" }, made.route)
    end)

    local closed = client()
    closed._handle = false
    local slow = client()
    slow.settings = { timeout = 61 }
    local bad = {
        { { nmae = "x" }, 'unknown option "nmae", did you mean "name"?' },
        { { name = "nothing" }, "name: expected a text, got nothing" },
        { { name = "" }, 'name: expected 1 to 64 characters without a colon, got ""' },
        { { name = "a:b" }, 'name: expected 1 to 64 characters without a colon, got "a:b"' },
        { { store = "" }, 'store: expected the path of the store, such as "calls.db", got ""' },
        { { subject = "" }, 'subject: expected a text, got ""' },
        { { vendors = client() }, "vendors: expected { name = client }, got a client without a name" },
        { { pace = { max_open = false } }, "pace.max_open: expected a whole number from 1 to 100000, got boolean" },
        { { route = "connect" }, "route: expected a function, or a list of vendors' names, got string" },
        { { route = { "connect", nil, "ccai" } }, "route: expected names of vendors, got a list with nothing at [2]" },
        { { zone = "America/NewYork" },
            'zone: unknown time zone "America/NewYork", did you mean "America/New_York"?' },
        { { zone = "" }, 'zone: expected the name of a zone such as "America/New_York", got ""' },
        { { do_not_call = { path = "x", country = "uk" } },
            'do_not_call.country: expected an ISO code such as "US", got "uk"' },
        { { store = 7 }, 'store: expected the path of the store, such as "calls.db", got 7' },
        { { contacts = { { id = 1 } } },
            "contacts: expected outdial.contacts.csv(path, map) or one of its kind, got table" },
        { { vendors = {} }, "vendors: expected at least one client" },
        { { vendors = { client() } }, "vendors: expected { name = client }, got a list" },
        { { vendors = { connect = "x" } }, "vendors.connect: expected a client, got string" },
        { { vendors = { connect = {} } }, "vendors.connect: expected a client, got a table without prepare_placing" },
        { { vendors = { connect = closed } }, "vendors.connect: this client is closed" },
        { { vendors = { connect = slow } },
            "vendors.connect: timeout: expected at most 60 seconds in a campaign, got 61" },
        { { hours = { mon = "9-5" } },
            'hours: mon: expected a window such as "10:00-20:00" (00:00 to 24:00), got "9-5"' },
        { { caps = { { 1, per = "person", every = "1x" } } }, 'caps[1]: every: expected a duration such as "15m" '
            .. '(units s, m, h, d, w) or seconds, got "1x"' },
        { { caps = { { 1, per = "person", every = "7d", scope = "subject" } } },
            "caps: a cap per subject needs `subject`" },
        { { gap = 0 }, 'gap: no gap at all needs loosen = { gap = "why" }' },
        { { loosen = { gap_after_anwered = "x" } },
            'loosen: unknown default "gap_after_anwered", did you mean "gap_after_answered"?' },
        { { loosen = { person_24h = true } }, "loosen: person_24h: expected the reason, a text, got boolean" },
        { { loosen = { person_24h = "x" }, caps = { { 9, per = "person", every = "24h" } } },
            "loosen: person_24h: it is replaced already" },
        { { ring_timeout = "10s" }, "ring_timeout: expected 15 to 60 seconds, got 10s" },
        { { pace = { max_opn = 3 } }, 'pace: unknown option "max_opn", did you mean "max_open"?' },
        { { pace = { max_open = 0 } }, "pace.max_open: expected a whole number from 1 to 100000, got 0" },
        { { pace = { open = { conect = 3 } } }, 'pace.open: unknown vendor "conect", did you mean "connect"?' },
        { { retry = {} }, "retry: expected outdial.retry { ... }, got table" },
        { { do_not_call = 7 }, "do_not_call: expected a path, or { path =, country =, column = }, got number" },
        { { do_not_call = { pth = "x" } }, 'do_not_call: unknown option "pth", did you mean "path"?' },
        { { track = "no" }, "track: expected true or false, got string" },
        { { open_for = "20s" }, "open_for: expected more than the ring timeout, 25s" },
        { { doubt = { write_of = "1d" } }, 'doubt: unknown option "write_of", did you mean "write_off_after"?' },
        { { plan = "x" }, "plan: expected a function, got string" },
        { { route = { "conect" } }, 'route: unknown vendor "conect", did you mean "connect"?' },
        { { route = {} }, "route: expected names of vendors, got an empty list" },
        { { holidays = { "2026-12-25" }, hours = { mon = "10:00-20:00", holidays = { "2026-12-26" } } },
            "holidays: they are given in hours, too" },
        { { zone = "America/New_York", contacts = contacts.list({}, { id = "no", numbers = "m",
            zone = { default = "America/Denver" } }) }, 'zone: the contacts have another default, "America/Denver"' },
        { { zone = 7 }, 'zone: expected the name of a zone such as "America/New_York", got 7' },
    }
    for i, row in ipairs(bad) do
        it(("are refused with the line of the call, row %d"):format(i), function()
            local line
            local problem = complaint(function()
                line = debug.getinfo(1, "l").currentline + 1
                return outdial.campaign(options(row[1]))
            end)
            assert.equal(("%s:%d: outdial.campaign: %s"):format(THIS, line, row[2]), problem)
        end)
    end
end)
