-- `outdial run` with a script that returns a campaign, as a child process beside a mock: what it prints, how it exits,
-- and what two of them at once do.

package.path = "tests/lua/?.lua;" .. package.path
local BUILD = require("child").BUILD
local NO_LIST = "no do_not_call list is named: nobody is left out for having asked not to be called"

local CLIENT = [[
local outdial = require "outdial"
local connect = outdial.amazon_connect { endpoint = (...), region = "us-east-1", timeout = 5, resend_within = 0,
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
    source_phone_number = "+12065550100", rate = { per_second = 400, burst = 1 } }
local people = {}
for i = 1, COUNT do people[i] = { id = "p" .. i, phone = ("+1206555%04d"):format(i) } end
return outdial.campaign {
    name = "renewals", store = "FOLDER/calls.db", vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" }, track = false, -- what becomes of calls is another spec's, and takes its time
    contacts = outdial.contacts.list(people, { id = "id", numbers = "phone", zone = { default = "America/New_York" } }),
    MORE
}
]]

describe("outdial run with a campaign", function()
    local folder

    before_each(function()
        folder = os.tmpname()
        os.remove(folder)
        os.execute("mkdir " .. folder)
    end)
    after_each(function() os.execute("rm -r " .. folder) end)

    local function write(name, text)
        local file = assert(io.open(folder .. "/" .. name, "w"))
        file:write(text)
        file:close()
    end

    local function read(name)
        local file = assert(io.open(folder .. "/" .. name))
        local text = file:read("*a")
        file:close()
        return text
    end

    local function campaign(count, more)
        write("c.lua", (CLIENT:gsub("COUNT", count):gsub("FOLDER", folder):gsub("MORE", more or "")))
    end

    -- Runs commands beside a mock, `run` among them; returns what they printed, their errors, and whose phones rang.
    local function beside_mock(commands, flags)
        write("mock.lua", 'return { contacts = { speed = 20 }, connect = { concurrent_calls = 1000 } }')
        os.execute((([[cd %s; OUTDIAL=$OLDPWD/%s; [ -x "$OUTDIAL" ] || OUTDIAL=%s
            $OUTDIAL mock %s --phone-log phone.log > mock.log 2>&1 & mock=$!
            until grep -qs listening mock.log; do kill -0 $mock || exit 1; done
            ENDPOINT=$(sed -n 's/^outdial mock listening on //p' mock.log)
            run() { $OUTDIAL run c.lua $ENDPOINT; }
            { %s
            } > out.log 2> err.log
            kill $mock; wait $mock]]):format(folder, BUILD .. "/outdial", BUILD .. "/outdial", flags or "", commands)))
        local rings = {}
        for number in read("phone.log"):gmatch('"to":"([^"]+)"') do rings[#rings + 1] = number end
        return read("out.log"), read("err.log"), rings
    end

    it("calls everyone, says what came of it, and exits 0", function()
        campaign(3)
        local out, err, rings = beside_mock('run; echo "exit $?"')
        assert.equal("outdial run: warning: " .. NO_LIST .. "\n"
            .. "outdial run: contacts: 3 rows: 3 new, 0 updated, 0 rejected\n", err)
        assert.equal([[
renewals: done, nobody is left to call
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
3         0      0        0     0     0        3     0          0
calls    placed  handed off  not placed  unknown  open
connect  3       0           0           0        0
outcomes  3 unreported
exit 0
]], out)
        assert.equal(3, #rings)
    end)

    it("exits 3 when only doubts are left, and rings nobody again", function()
        campaign(2)
        local out, _, rings = beside_mock('run; echo "exit $?"; run; echo "exit $?"', "--fault drop_after=1")
        local told = ([[
renewals: nothing is left but 2 in doubt, 2 held
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
2         0      0        0     2     0        0     0          0
calls    placed  handed off  not placed  unknown  open
connect  0       0           0           2        0
outcomes  none
in doubt  2: outdial doubts list FOLDER/calls.db
exit 3
]]):gsub("FOLDER", folder)
        assert.equal(told .. told, out)
        assert.equal(2, #rings)
    end)

    it("exits 1 when a hook fails, and names it", function()
        campaign(2, "eligible = function() error('boom') end,")
        local out, err, rings = beside_mock('run; echo "exit $?"')
        assert.matches("outdial run: error: hook eligible (c.lua:12): c.lua:12: boom\n", err, 1, true)
        assert.equal([[
renewals: failed: hook eligible (c.lua:12): c.lua:12: boom
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
2         2      0        0     0     0        0     0          0
outcomes  none
exit 1
]], out)
        assert.equal(0, #rings)
    end)

    it("exits 1 when the script is wrong, with its line", function()
        campaign(2, "pase = { max_open = 3 },")
        local _, err = beside_mock('run; echo "exit $?"')
        assert.matches('^outdial run: c.lua:8: outdial.campaign: unknown option "pase", did you mean "pace"%?\n', err)
    end)

    it("exits 4 when a signal stops it before the end, and the next run finishes", function()
        campaign(400, "pace = { max_open = 2 },")
        local out, _, rings = beside_mock('$OUTDIAL run c.lua $ENDPOINT & pid=$!\n'
            .. 'until [ -s phone.log ]; do :; done; kill -INT $pid; wait $pid; echo "exit $?"\n'
            .. 'sed -i s/max_open.=.2/max_open=50/ c.lua; run; echo "exit $?"')
        assert.matches("^renewals: stopped before the end; run it again to go on\n", out)
        assert.matches("exit 4\nrenewals: done, nobody is left to call\n", out, 1, true)
        assert.matches("\n400       0      0        0     0     0        400   0          0\n", out, 1, true)
        assert.matches("exit 0\n$", out)
        assert.equal(400, #rings)
    end)

    it("calls nobody twice with two workers at once", function()
        campaign(400, "pace = { max_open = 20 },")
        local out, _, rings = beside_mock('run > one.log & one=$!; run > two.log & two=$!\n'
            .. 'wait $one; echo "exit $?"; wait $two; echo "exit $?"')
        assert.equal("exit 0\nexit 0\n", out)
        local seen = {}
        for _, number in ipairs(rings) do
            assert.is_nil(seen[number], number)
            seen[number] = true
        end
        assert.equal(400, #rings)
    end)
end)
