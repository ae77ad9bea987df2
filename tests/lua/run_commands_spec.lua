-- `outdial check` and `outdial run` of campaigns, as child processes over a mock; and the view of a run's progress.
package.path = "tests/lua/?.lua;" .. package.path
local child = require "child"
local fixture = require "store_fixture"
local json = require "outdial.json"
local progress = require "outdial.commands.progress"

local write_file = child.write_file

local HEAD = [[
local outdial = require "outdial"
local endpoint, list, store = ...
local symbee = outdial.symbee { endpoint = endpoint, company_code = "acme", environment = "prod",
    api_key = "symbee-key", campaign_region = "us-east-1", campaign_name = "Renewals",
    work_codes = { Answered = "answered" } }
local function campaign(more)
    local options = { name = "renewals", store = store, vendors = { symbee = symbee },
        contacts = outdial.contacts.csv(list, { id = "no", numbers = { "phone" }, zone = "zone" }),
        hours = { every_day = "00:00-24:00" } }
    for key, value in pairs(more) do options[key] = value end
    return outdial.campaign(options)
end
]]
local LIST = "no,phone,zone\n1,+442079460101,Europe/London\n2,+442079460102,Europe/London\n3,none,Europe/London\n"
local NO_LIST = "no do_not_call list is named: nobody is left out for having asked not to be called"
local REJECTED = 'contacts: row 4: phone: "none": letters'

describe("a campaign's command:", function()
    local store, file, list

    before_each(function()
        store, file, list = fixture.path(), os.tmpname(), os.tmpname()
        write_file(list, LIST)
    end)
    after_each(function()
        fixture.remove(store)
        os.remove(file)
        os.remove(list)
    end)

    local function shell(command)
        return child.shell(command, ("O=$OUTDIAL; F=%s; A='%s %s'"):format(file, list, store))
    end

    local function check(script, flags)
        write_file(file, HEAD .. script)
        return shell(("$O check %s $F http://127.0.0.1:9 $A"):format(flags or ""))
    end

    it("check says who is called now, and makes no store", function()
        local out, err, code = check("return campaign {}")
        assert.equal("", err)
        assert.equal("renewals: 2 contacts; the list has 3 rows, 1 of them rejected\nnow    2\nlater  0\nnever  0\n"
            .. "warning: " .. NO_LIST .. "\nwarning: " .. REJECTED .. "\n", out)
        assert.equal(0, code)
        assert.is_nil((io.open(store)))
    end)

    it("check says who is called later, and who never", function()
        write_file(list, "no,phone,zone\n1,+442079460101,Europe/London\n2,+442079460101,Europe/London\n"
            .. "3,+12125550123,\n")
        local out, err, code = check(
            'local day = os.date("!*t").wday; local names = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" }\n'
            .. 'return campaign { hours = { [names[(day + 2) % 7 + 1]] = "10:00-12:00" } }')
        assert.equal("", err)
        assert.matches("^renewals: 3 contacts; the list has 3 rows, 0 of them rejected\nnow     0\nlater   2  2 hours\n"
            .. "never   1  1 no zone\nnext       %d+%-%d+%-%d+T%d%d:00:00Z\n"
            .. "shared  1  numbers that several contacts have\n"
            .. "zones   1  contacts whose country has several, and who name none\n", out)
        assert.equal(0, code)
    end)

    it("check fails where nobody can be called", function()
        write_file(list, "no,phone,zone\n3,+12125550123,\n")
        local _, err, code = check("return campaign {}")
        assert.equal("outdial check: nobody can be called, now or later\n", err)
        assert.equal(1, code)
    end)

    it("check looks at a store as it is and leaves it so", function()
        fixture.make(store)
        local before = shell("$O status " .. store)
        local out, err, code = check("return campaign {}", "--json")
        assert.equal("", err)
        assert.equal(0, code)
        local report = json.decode(out)
        assert.same({ 9, 2, 1 }, { report.contacts.total, report.imported.added, report.imported.rejected })
        assert.same({ 4, 1, 0 }, { report.now.total, report.later.total, report.never.total })
        assert.same({ number_open = 1 }, report.later.reasons) -- bob's, who is in doubt
        assert.same({ NO_LIST, REJECTED }, report.warnings)
        assert.equal(before, (shell("$O status " .. store)))
        shell("$O pause " .. store .. " renewals")
        out, err, code = check("return campaign {}")
        assert.equal("outdial check: the campaign is paused\n", err)
        assert.matches("\nthe campaign is paused\n", out)
        assert.equal(1, code)
    end)

    it("R6 check warns of a CCAI client without a number of its own", function()
        local out = check('return campaign { vendors = { ccai = outdial.ccai_platform { endpoint = endpoint,\n'
            .. 'subdomain = "acme", domain = "x.com", api_token = "t", agent_email = "a@x.com" } } }')
        assert.matches("\nwarning: vendors.ccai: no outbound_number is set: CCAI Platform may accept a call (202) and "
            .. "ring at its own choosing; it is listed as handed off\n", out, 1, true)
    end)

    it("check lists what a script would place, sends nothing, and asks nobody", function()
        local out, err, code = check([[
local call, problem = symbee:place_call { to = "+12065550100", contact = "c1" }
assert(call == nil and tostring(problem) == "canceled: not sent: this is a rehearsal", tostring(problem))
assert(problem.placement == "not_placed")
call, problem = symbee:search_preview_campaign { campaignName = "x", clientId = "a" }
assert(call == nil and problem.code == "canceled", tostring(problem))
call, problem = symbee:find { token = "t", to = "+1", contact = "c1" }
assert(call == nil and tostring(problem) == "canceled: not asked: this is a rehearsal", tostring(problem))
call, problem = symbee:place_call { to = "555", contact = "c1" }
assert(problem.code == "validation")
call, problem = symbee:place_prepared(assert(symbee:prepare_placing { to = "+12065550101", contact = "c2" }))
assert(call == nil and tostring(problem) == "canceled: not sent: this is a rehearsal", tostring(problem))
assert(problem.placement == "not_placed")
]])
        assert.equal("", err)
        assert.matches("^not sent: symbee%.place_call %u+ http://127%.0%.0%.1:9/[^\n]*%+12065550100[^\n]*\n"
            .. "not sent: symbee%.place_call %u+ http://127%.0%.0%.1:9/[^\n]*%+12065550101[^\n]*\n"
            .. "2 calls would be placed\n$", out)
        assert.equal(0, code)
    end)

    it("check complains of what is wrong with a script", function()
        local _, err, code = check("return campaign { nmae = 1 }")
        assert.matches('unknown option "nmae", did you mean "name"?', err, 1, true)
        assert.equal(1, code)
        _, err, code = shell("$O check")
        assert.equal("outdial check: expected a file\nTry: outdial check --help\n", err)
        assert.equal(2, code)
        _, err, code = shell("$O check /nonexistent.lua")
        assert.equal("outdial check: /nonexistent.lua: No such file or directory\n", err)
        assert.equal(2, code)
    end)

    -- Runs it against a mock of its own. What is written to 4 nobody reads.
    local function run(script, flags, output)
        write_file(file, HEAD .. script)
        return shell(([[
D=$(mktemp -d); mkfifo $D/out $D/unread; exec 5<>$D/unread 4>$D/unread 5<&-
$O mock --speed 100 > $D/out & M=$!; exec 3< $D/out; read -r line <&3
$O run %s $F ${line##*listening on } $A %s
C=$?; kill $M; wait $M; rm -r $D; (exit $C)]]):format(flags or "", output or ""))
    end

    it("R14 run says that nothing is left but what it could not take back, and to run it again", function()
        write_file(file, [[
local figures = { campaign = "renewals", state = "running", exit_code = 3, doubts = 1, living_on = 2, next_ms = nil,
    contacts = { total = 4, ready = 0, waiting = 0, open = 0, held = 1, blocked = 0, done = 3, exhausted = 0,
        suppressed = 0 },
    legs = { open = 0, handed_off = 0, placed = 3, not_placed = 0, unknown = 1 }, clients = {}, outcomes = { busy = 3 },
    refused = {}, withdrawals_failed = 2, second_rings = 0 }
local summary = require "outdial.commands.summary"
summary.write_run("c.db", figures)
figures.living_on, figures.withdrawals_failed, figures.second_rings = 0, 0, 1
summary.write_run("c.db", figures)
]])
        local out, err, code = shell("$O run $F")
        assert.equal("", err)
        assert.equal(0, code)
        local head = "contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed\n"
            .. "4         0      0        0     1     0        3     0          0\n"
        assert.equal("renewals: nothing is left but 1 in doubt, 1 held, 2 not taken back: run it again for these\n"
            .. head .. "outcomes       3 busy\n"
            .. "living on      2, which may ring again: outdial doubts list c.db --living-on\n"
            .. "not withdrawn  2: these may still ring\nin doubt       1: outdial doubts list c.db\n"
            .. "renewals: nothing is left but 1 in doubt, 1 held\n" .. head
            .. "outcomes    3 busy\nrang twice  1, it may be: they had been settled as not placed, or written off\n"
            .. "in doubt    1: outdial doubts list c.db\n", out)
    end)

    it("run calls everyone and ends with how it went", function()
        local out, err, code = run("return campaign {}")
        assert.equal("outdial run: warning: " .. NO_LIST .. "\noutdial run: warning: " .. REJECTED .. "\n"
            .. "outdial run: warning: contacts: 3 rows: 2 new, 0 updated, 1 rejected\n", err)
        assert.equal([[
renewals: done, nobody is left to call
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
2         0      0        0     0     0        2     0          0
calls   placed  handed off  not placed  unknown  open
symbee  2       0           0           0        0
outcomes  2 answered
]], out)
        assert.equal(0, code)
    end)

    it("run --json --quiet says it for programs", function()
        local out, err, code = run("return campaign {}", "--json --quiet")
        assert.equal("outdial run: warning: " .. NO_LIST .. "\noutdial run: warning: " .. REJECTED .. "\n"
            .. "outdial run: warning: contacts: 3 rows: 2 new, 0 updated, 1 rejected\n", err)
        local figures = json.decode(out)
        assert.equal(0, code)
        assert.equal(0, figures.exit_code)
        assert.same({ symbee = { placed = 2, handed_off = 0, not_placed = 0, unknown = 0, open = 0 } }, figures.clients)
        assert.equal(2, figures.contacts.done)
        assert.equal(1, figures.imported.rejected)
    end)

    it("run goes on to its end, and tells how it went, when nobody reads what it writes", function()
        local script = 'local function tell(word) print(word) io.stdout:flush() io.stderr:write(word, "\\n") end\n'
            .. 'return campaign { plan = function(contact, _, call) tell(contact.id) return call end, '
            .. 'on_outcome = function(contact) tell(contact.id) end }'
        local out, err, code = run(script, "", ">&4 2>&4")
        assert.equal("", out)
        assert.equal("", err)
        assert.equal(0, code)
        assert.matches("\nsymbee  2       0           0           0        0\noutcomes  2 answered\n",
            (shell("$O status " .. store)))
        assert.equal(1, select(3, run('return campaign { name = "b", eligible = function() error("no") end }', "",
            ">&4 2>&4")))
    end)

    it("a script that returns what was meant as a campaign, and is none, is told so", function()
        local text = ": it returned a table that is no campaign: return outdial.campaign { ... }\n"
        for _, script in ipairs { "return { name = 'x', contacts = {} }", "return { vendors = { symbee = symbee } }",
            "return { campaign {} }" } do
            local out, err, code = run(script)
            assert.same({ "", "outdial run: " .. file .. text, 1 }, { out, err, code })
            out, err, code = check(script)
            assert.same({ "", "outdial check: " .. file .. text, 1 }, { out, err, code })
        end
        local _, err, code = run("return { 1, 2 }")
        assert.same({ "", 0 }, { err, code })
    end)

    it("run leaves the reasons of a script as they are", function()
        local out = run("return campaign { eligible = function() return false, 'no plan_b in /menu_id' end }")
        assert.matches("\nnot now   2 no plan_b in /menu_id\n", out, 1, true)
    end)

    it("run fails with the hook that failed, and holds the campaign", function()
        local out, err, code = run('return campaign { route = function() error("oh no") end }', "--quiet")
        assert.matches("outdial run: error: hook route %(.*oh no\n", err)
        assert.matches("^renewals: failed: hook route ", out)
        assert.equal(1, code)
        assert.matches("^renewals is held: hook route ", (shell("$O status " .. store)))
    end)
end)

describe("the view of a run", function()
    local written, out

    before_each(function()
        written = {}
        out = { write = function(_, ...) for _, text in ipairs { ... } do written[#written + 1] = text end end,
            flush = function() end }
    end)

    local function figures(at_s, placed, more)
        local all = { campaign = "c", state = "running", clock_ms = at_s * 1000, doubts = 0, refused = {},
            contacts = { ready = 100 - placed, waiting = 0, open = 2 }, legs = { placed = placed, handed_off = 0 },
            placed_here = { placed = placed, handed_off = 0, not_placed = 0, unknown = 0 } }
        for key, value in pairs(more or {}) do all[key] = value end
        return all
    end

    it("says what there is to say", function()
        local view = progress.new(out)
        assert.equal("c: 10 placed; 2 open; 90 ready", view:line(figures(0, 10)))
        assert.equal("c: 30 placed; 2 open; 70 ready; 5.0/s; about 14 s left", view:line(figures(4, 30)))
        assert.equal("c (paused): 30 placed; 3 open; 1 handed off; 2 in doubt; 0 ready; 5 waiting, next 00:00:09Z; "
            .. "5 not now (2 hours, 1 a, 1 b, ...); 2.5/s", view:line(figures(8, 30, { state = "paused", doubts = 2,
            next_ms = 9000, contacts = { ready = 0, waiting = 5, open = 3 }, legs = { placed = 30, handed_off = 1 },
            refused = { hours = 2, ["b: why"] = 1, a = 1, c = 1 } })))
        assert.equal("c: reading the list, 7 rows", view:line(figures(9, 30, { importing = { rows = 7 } })))
    end)

    it("rewrites its line on a terminal, no wider than that", function()
        local view = progress.new(out, 20)
        view:show(figures(0, 10))
        view:show(figures(1, 10, { importing = { rows = 7 } }))
        view:clear()
        assert.equal("\rc: 10 placed; 2 ope\rc: reading the list\r" .. (" "):rep(19) .. "\r", table.concat(written))
    end)

    it("writes a line every ten seconds elsewhere, none if quiet", function()
        local view = progress.new(out)
        for at = 0, 25 do view:show(figures(at, 0)) end
        assert.equal(("c: 0 placed; 2 open; 100 ready; 0.0/s\n"):rep(2), table.concat(written))
        written = {}
        view = progress.new(out, 80, true)
        view:show(figures(0, 0))
        assert.same({}, written)
    end)
end)
