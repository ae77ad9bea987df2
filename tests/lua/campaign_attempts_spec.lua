-- How many attempts a person gets from a policy, and what one that was not made leaves of what was asked for: the
-- worker over the real store, on a clock that only moves when all wait.
package.path = "tests/lua/?.lua;" .. package.path
local outdial = require "outdial"
local retry = require "outdial.retry"
local support = require "campaign_support"

local HOUR = 3600
local OFTEN = { zone = "America/New_York", caps = { { 1000, per = "person", every = "24h" } },
    gap = "1m", loosen = { person_7d = "test", person_30d = "test" } }

describe("a person's attempts", function()
    local world

    before_each(function() world = support.real_world() end)
    after_each(function() world:close() end)

    local function run(behave, more)
        local client = support.client(world, behave)
        local options = {}
        for key, value in pairs(OFTEN) do options[key] = value end
        for key, value in pairs(more) do options[key] = value end
        local figures, err = support.run(world, support.campaign(support.people(1), { fake = client }, options))
        assert(figures, err)
        return figures, client
    end

    local function no_answer() return "no_answer", 30 end

    it("R23 are all counted by max_attempts, also those that a script is no longer told of", function()
        local figures = run({ track = no_answer }, { retry = assert(retry.new { max_attempts = 30,
            on = { ["*"] = { after = "2m" } } }) })
        assert.equal(30, #world.rings)
        assert.equal(1, figures.contacts.exhausted)
    end)

    it("R23 are all counted for their number and for their outcome", function()
        run({ track = no_answer }, { retry = assert(retry.new { per_number = 25, on = { ["*"] = { after = "2m" } } }) })
        assert.equal(25, #world.rings)
        world:close()
        world = support.real_world()
        run({ track = no_answer }, { retry = assert(retry.new { on = { no_answer = { after = "2m", max = 26 },
            ["*"] = { stop = "done" } } }) })
        assert.equal(27, #world.rings) -- at first, and 26 more
    end)

    it("R23 are not forgotten behind those that were given back", function()
        run({ track = no_answer, place = function(_, count)
            if count > 1 and count < 32 then return nil, support.refused("throttled") end
            return "placed"
        end }, { retry = assert(retry.new { max_attempts = 2, on = { ["*"] = { after = "2m" } } }) })
        assert.equal(2, #world.rings)
    end)

    it("R12 R23 count for max_attempts when a person has said that nothing was placed", function()
        local policy = assert(retry.new { max_attempts = 2, on = { ["*"] = { after = "2m" } } })
        assert.equal(3, run({ place = function() return "lost" end }, { retry = policy }).exit_code)
        assert(world.store:resolve { leg = 1, as = "not_placed", by = "ann", because = "not in its reports" })
        world:reopen()
        local figures, client = run({ track = no_answer }, { retry = policy })
        assert.equal(1, client.placed)
        assert.equal(1, figures.contacts.exhausted)
    end)

    it("R18 leave a callback to be made that its vendor did not take", function()
        local asked
        local _, client = run({ place = function(_, count)
            if count == 2 then return nil, support.refused("throttled") end
            return "placed"
        end }, { gap = "9h", on_outcome = function(_, outcome, ctx)
            if asked then return outdial.stop("called back") end
            asked = ctx.now + HOUR
            return outcome.kind == "answered" and outdial.callback(asked, { within = "10m" })
        end })
        assert.equal(3, client.placed)
        assert.is_true(world.rings[2].at >= asked and world.rings[2].at < asked + 600)
    end)
end)
