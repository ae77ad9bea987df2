-- Errors as tables that read like text.

local core = require "outdial.core"
local errors = require "outdial.error"

describe("an error", function()
    local rows = {
        { { "validation", "expected a, got b", { path = "/x" } }, "validation /x: expected a, got b" },
        { { "rejected", "Agent is busy", { vendor_code = "E42" } }, "rejected: E42: Agent is busy" },
        { { "timeout", "no answer" }, "timeout: no answer" },
        { { "not_found", "no such thing", { path = "/a/0", vendor_code = "X" } }, "not_found /a/0: X: no such thing" },
    }
    for _, row in ipairs(rows) do
        it("reads " .. row[2], function()
            local err = errors.new(row[1][1], row[1][2], row[1][3])
            assert.equal(row[2], tostring(err))
            assert.equal("> " .. row[2], "> " .. err)
            assert.equal(row[2] .. " <", err .. " <")
            assert.equal(row[2] .. row[2], err .. err)
            assert.equal("1" .. row[2], 1 .. err)
            assert.is_false(err.retryable)
        end)
    end

    it("refuses to be joined with what is no text", function()
        local err = errors.new("timeout", "no answer")
        local ok, problem = pcall(function() return err .. {} end)
        assert.is_false(ok)
        assert.matches("attempt to concatenate a table value", problem, 1, true)
    end)

    it("of the core has the same metatable", function()
        local _, err = core.round_trip(print)
        assert.is_true(errors.is(err))
        assert.is_false(errors.is({}))
        assert.is_false(errors.is("text"))
        assert.equal("validation: expected what JSON can hold, got a function", tostring(err))
    end)
end)

describe("check", function()
    it("hands through what is good", function()
        assert.same({ 1, nil, 3 }, { errors.check(1, nil, 3) })
    end)
    it("raises an error as its text", function()
        local ok, problem = pcall(errors.check, nil, errors.new("timeout", "no answer"))
        assert.is_false(ok)
        assert.equal("timeout: no answer", problem)
        assert.equal("no luck", select(2, pcall(errors.check, false, "no luck")))
    end)
    it("has words for nothing too", function()
        assert.equal("outdial: check failed", select(2, pcall(errors.check)))
    end)
end)

describe("an unknown name", function()
    it("comes with the nearest known one", function()
        local text = errors.unknown("no such key", "regoin", { "x", "region" })
        assert.equal('no such key "regoin", did you mean "region"?', text)
        assert.equal('no such key "zzz"', errors.unknown("no such key", "zzz", { "x", "region" }))
        assert.equal('no such key "1"', errors.unknown("no such key", 1, { "x" }))
    end)
end)
