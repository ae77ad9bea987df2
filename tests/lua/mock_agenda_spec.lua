-- What the mock has planned for later: order, and what is added while it runs.

local agenda = require("mock.agenda")
local random = require("mock.random")

describe("mock.agenda", function()
    it("runs what is due in order of time, and of adding where times are the same", function()
        local draw, list, wanted, ran = random.new(7), agenda.new(), {}, {}
        for number = 1, 500 do
            local at_ms = math.floor(draw() * 100)
            wanted[number] = { at_ms, number }
            list.add(at_ms, function(given_ms)
                assert.equal(at_ms, given_ms)
                ran[#ran + 1] = at_ms .. "/" .. number
            end)
        end
        table.sort(wanted, function(a, b)
            if a[1] ~= b[1] then
                return a[1] < b[1]
            end
            return a[2] < b[2]
        end)
        local due = 0
        for index, pair in ipairs(wanted) do
            due = due + (pair[1] <= 50 and 1 or 0)
            wanted[index] = pair[1] .. "/" .. pair[2]
        end
        list.run(50)
        assert.equal(due, #ran)
        assert.equal(tonumber(wanted[due + 1]:match("^%d+")), list.next_ms())
        list.run(99)
        assert.same(wanted, ran)
        assert.is_nil(list.next_ms())
        list.run(1000)
        assert.equal(500, #ran)
    end)

    it("runs what becomes due by what it runs, and keeps the rest", function()
        local list, ran = agenda.new(), {}
        list.add(10, function()
            ran[#ran + 1] = "a"
            list.add(20, function()
                ran[#ran + 1] = "b"
            end)
            list.add(31, function()
                ran[#ran + 1] = "c"
            end)
        end)
        list.run(9)
        assert.equal("", table.concat(ran))
        list.run(30)
        assert.equal("ab", table.concat(ran))
        assert.equal(31, list.next_ms())
        list.run(31)
        assert.equal("abc", table.concat(ran))
    end)
end)
