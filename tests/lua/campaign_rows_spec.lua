-- Contacts that a script makes: rows that go wrong, and a function that does.
package.path = "tests/lua/?.lua;" .. package.path
local campaign = require "outdial.campaign"
local outdial = require "outdial"
local support = require "campaign_support"

local THIS = debug.getinfo(1, "S").short_src
local MAP = { id = "customer", numbers = { "phone", "home" }, zone = { default = "America/New_York" } }

describe("rows of a script's own", function()
    local world

    before_each(function() world = support.real_world() end)
    after_each(function() world:close() end)

    local function run(source, behave)
        local made = assert(campaign.new { name = "renewals", store = "unused", contacts = source,
            vendors = { fake = support.client(world, behave) }, hours = { every_day = "00:00-24:00" } })
        return support.run(world, made)
    end

    local function from(fn)
        local source = outdial.contacts.iterator(fn, MAP)
        return source
    end

    local function logged(text)
        for _, line in ipairs(world.logs) do
            if line == text then return true end
        end
        return false, table.concat(world.logs, "\n")
    end

    it("may wait for what they are made of", function()
        local n = 0
        local figures = run(from(function()
            world.scheduler.sleep(60)
            n = n + 1
            return n <= 3 and { customer = n, phone = "+1415555010" .. n } or nil
        end))
        assert.equal(3, figures.contacts.done)
        assert.is_true(logged("info: contacts: 3 rows: 3 new, 0 updated, 0 rejected"))
    end)

    it("are rejected by their number in the list, and the rest goes on", function()
        local figures = run(outdial.contacts.list({
            { customer = "a", phone = "+14155550101" }, { customer = "b", phone = "", hom = "+14155550102" },
            { customer = "c", home = "+14155550103" }, { phone = "+14155550104" }, { customer = "e", phone = "911" },
        }, MAP))
        assert.equal(2, figures.contacts.done)
        assert.equal(3, figures.imported.rejected)
        for _, text in ipairs { "row 2 (b): no number in phone, home", "row 4: id: the id is empty",
            "row 5 (e): phone: \"911\": emergency numbers and short codes are never called",
            "5 rows: 2 new, 0 updated, 3 rejected" } do
            assert.is_true(logged("warning: contacts: " .. text))
        end
    end)

    local function fails_at(n, fn)
        local row = 0
        return from(function()
            row = row + 1
            if row == n then return fn() end
            return { customer = row, phone = "+1415555010" .. row }
        end)
    end

    local function throws() error("the CRM is down") end
    local function throws_a_table() error { code = 7 } end
    local rows = {
        { "raises", throws, ("contacts: %s:%d: the CRM is down\nstack traceback:"):format(THIS,
            debug.getinfo(throws, "S").linedefined) },
        { "raises a table", throws_a_table, "contacts: an error that is a table { code = 7 }" },
        { "returns something else", function() return "row" end, "contacts: row 2: expected a table, got string" },
    }
    for _, row in ipairs(rows) do
        it("end the run, calling nobody, where the function " .. row[1], function()
            local figures, err = run(fails_at(2, row[2]))
            assert.is_nil(figures)
            assert.equal(row[3], err:sub(1, #row[3]))
            assert.equal(0, #world.rings)
            world:reopen() -- the worker has resigned: the next one goes on at once
            assert.equal(3, run(fails_at(4, function() end)).contacts.done)
        end)
    end

    it("whose calls cannot be made are named, the first ten", function()
        local wrong = support.refused("validation", { message = "/from: expected E.164" })
        local list = {}
        for i = 1, 15 do list[i] = { customer = "p" .. i, phone = ("+1415555%04d"):format(i) } end
        local figures = run(outdial.contacts.list(list, MAP), { prepare = function() return nil, wrong end })
        assert.equal(15, figures.contacts.blocked)
        local told = 0
        for _, line in ipairs(world.logs) do
            if line:match("^warning: contact p%d+: its call cannot be made: validation: /from: expected E%.164$") then
                told = told + 1
            end
        end
        assert.equal(10, told)
    end)
end)
