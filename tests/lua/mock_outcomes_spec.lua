-- What becomes of a call by the number called: the table that users read, and the lists behind it.

local outcomes = require("mock.outcomes")
local support = dofile("tests/lua/mock_support.lua")

local function read_file(name)
    local file = assert(io.open(name))
    local text = file:read("*a")
    file:close()
    return text
end

describe("the mock's table of numbers", function()
    local head = read_file("scripts/mock/outcomes.lua"):match("^(.-)\n\n")

    it("names every ending at the top of its file", function()
        for _, row in ipairs(outcomes.list()) do
            local first, last = head:match("%.%.%.(99021) to (99024)")
            local in_range = row[1] >= first and row[1] <= last
            assert.truthy(in_range or head:find("..." .. row[1] .. "  ", 1, true), row[1])
        end
    end)

    it("names as many words as the vendors' documents have", function()
        assert.equal(20, #outcomes.DISCONNECT_REASONS)
        assert.equal(15, #outcomes.DETECTION_STATUSES)
        assert.equal(28, #outcomes.FAIL_REASONS)
    end)

    it("has a person answer any other number, at every vendor", function()
        local state = support.state()
        for _, vendor in ipairs({ "connect", "ccai", "symbee" }) do
            local ordinary = outcomes.find(state, "+15550100001", vendor)
            for _, number in ipairs({ "+15550199000", "+15550199019", "+15550199100", "+15550199121", "+15550199146",
                "+15550199200", "+15550199229", "99", "" }) do
                assert.equal(ordinary, outcomes.find(state, number, vendor), number)
            end
        end
        assert.equal("CUSTOMER_DISCONNECT", outcomes.find(state, "+15550100001", "connect").reason)
        assert.equal("finished", outcomes.find(state, "+15550100001", "ccai").ends)
        assert.equal("COMPLETED", outcomes.find(state, "+15550100001", "symbee")[1].state)
    end)

    it("has other vendors answer where an ending is one vendor's", function()
        local state = support.state()
        local function ordinary(vendor)
            return outcomes.find(state, "+15550100001", vendor)
        end
        assert.equal(ordinary("ccai"), outcomes.find(state, "+15550199101", "ccai"))
        assert.equal(ordinary("symbee"), outcomes.find(state, "+15550199201", "symbee"))
        assert.equal(ordinary("connect"), outcomes.find(state, "+15550199201", "connect"))
    end)

    it("can be switched off", function()
        local state = support.state({ settings = { contacts = { outcomes = false } } })
        assert.equal(outcomes.find(state, "+15550100001", "connect"), outcomes.find(state, "+15550199002", "connect"))
        assert.is_nil(outcomes.item_failure(state, "+15550199021"))
        assert.equal("InvalidInput", outcomes.item_failure(support.state(), "+15550199021"))
    end)
end)
