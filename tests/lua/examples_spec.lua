-- scripts/examples: each runs as it stands against the mock, and is as short as it should be.
package.path = "tests/lua/?.lua;" .. package.path
local fixture = require "store_fixture"

local BUILD = require("child").BUILD
local MOST_LINES = 40

describe("the example", function()
    local store

    before_each(function() store = fixture.path() end)
    after_each(function() fixture.remove(store) end)

    -- Runs it against a mock of its own whose calls live a hundred times as fast. Returns output and exit code.
    local function run(name)
        local pipe = io.popen(([[
unset LD_PRELOAD; O=%s/outdial; D=$(mktemp -d); mkfifo $D/out; $O mock --speed 100 > $D/out & M=$!
exec 3< $D/out; read -r line <&3; $O run --quiet scripts/examples/%s.lua ${line##*listening on } %s 2>$D/err; C=$?
cat $D/err; kill $M; wait $M; rm -r $D; echo "code $C"]]):format(BUILD, name, store))
        local text = pipe:read("*a")
        pipe:close()
        local out, code = text:match("^(.*)code (%d+)\n$")
        return out, tonumber(code)
    end

    local function lines_of(name)
        local count = 0
        for _ in io.lines("scripts/examples/" .. name .. ".lua") do count = count + 1 end
        return count
    end

    local TOLD = "outcomes  "
    local EXAMPLES = {
        hello = { "+14155550123\tanswered\n", '555\tvalidation /DestinationPhoneNumber: expected E.164' },
        campaign = { "shortest: done, nobody is left to call\n", TOLD .. "2 answered\n" },
        retry = { "retry: done", TOLD .. "2 answered, 1 busy, 1 invalid number\n" },
        failover = { "connect  1       0           1           0        0\n",
            "symbee   1       0           0           0        0\n", TOLD .. "2 answered\n" },
        callbacks = { "ann\tanswered\tthe first time\nann\tanswered\tas they had asked\n", TOLD .. "2 answered\n" },
        do_not_call = { "2         0      0        0     0     0        1     0          1\n",
            "not now   1 do not call\n" },
        subscribe = { "Dialing\n", "Established\n", "Released\n", "ended: answered\n" },
    }
    -- The program has a Lua of its own: once is enough.
    for name, told in pairs(_VERSION == "Lua 5.4" and EXAMPLES or {}) do
        it(name, function()
            assert.is_true(lines_of(name) <= MOST_LINES)
            local out, code = run(name)
            for _, text in ipairs(told) do
                assert.truthy(out:find(text, 1, true), out)
            end
            assert.equal(0, code, out)
        end)
    end

    it("demo has at most 60 lines, its report 40", function()
        assert.is_true(lines_of("demo") <= 60)
        assert.is_true(lines_of("demo_report") <= MOST_LINES)
    end)
end)
