-- The circuit breaker of one vendor: pure, on a clock of the test's own.
local breaker = require "outdial.breaker"

local function record(of, count, now, ok)
    for _ = 1, count do of:record(now, ok) end
end

describe("A breaker", function()
    it("opens once half of at least 20 have failed", function()
        local b = breaker.new()
        record(b, 10, 0, true)
        record(b, 9, 0.5, false)
        assert.equal("closed", (b:state(1)))
        b:record(1, false)
        local state, due = b:state(1)
        assert.same({ "open", 16 }, { state, due })
        assert.equal("due", (b:state(16)))
    end)

    it("forgets what is older than 30 s", function()
        local b = breaker.new()
        record(b, 19, 0, false)
        b:record(30.5, false)
        assert.equal("closed", (b:state(30.5)))
        record(b, 18, 30.6, false)
        assert.equal("closed", (b:state(31)))
        b:record(31, false)
        assert.equal("open", (b:state(31)))
    end)

    it("counts those that ended together with the first of their second", function()
        local b = breaker.new()
        b:record(0, false)
        record(b, 18, 0.9, false)
        b:record(30, false) -- at 0 + 30 s all are still there
        assert.equal("open", (b:state(30)))
        b = breaker.new()
        b:record(0, false)
        record(b, 18, 0.9, false)
        b:record(30.1, false)
        assert.equal("closed", (b:state(30.1)))
    end)

    it("remembers no more for a hundred thousand calls than for a few", function()
        local b = breaker.new()
        for i = 0, 99999 do b:record(i / 1000, true) end
        local kept = 0
        for _ in pairs(b.samples) do kept = kept + 1 end
        assert.equal(31, kept) -- an old one goes with the first of a second
        assert.equal(31000, b.count)
    end)

    it("stays open twice as long after each probe that fails, and starts anew a while after one that passes", function()
        local b, now = breaker.new(), 0
        record(b, 20, now, false)
        for _, pause in ipairs { 15, 30, 60, 120, 240, 300, 300 } do
            local state, due = b:state(now)
            assert.same({ "open", now + pause }, { state, due })
            now = due
            b:probed(now, false)
        end
        now = select(2, b:state(now))
        b:probed(now, true)
        assert.equal("closed", (b:state(now)))
        record(b, 20, now + 1, false)
        assert.equal(now + 301, (select(2, b:state(now + 1))))
        now = now + 301
        b:probed(now, true)
        b:record(now + 301, true)
        record(b, 20, now + 302, false)
        assert.equal(now + 317, (select(2, b:state(now + 302))))
    end)
end)
