-- The commands about a store, as child processes over a store in which something of everything has happened.
package.path = "tests/lua/?.lua;" .. package.path
local child = require "child"
local fixture = require "store_fixture"
local outdial_json = require "outdial.json"
local scheduler = require "outdial.scheduler"
local store = require "outdial.store"

local read_file, write_file = child.read_file, child.write_file

describe("the commands about a store:", function()
    local path

    before_each(function()
        path = fixture.path()
        fixture.make(path)
    end)
    after_each(function() fixture.remove(path) end)

    -- Runs it, @ being the store; returns output, errors (with the store's path as @ again) and exit code.
    local function outdial(arguments)
        local out, err, code = child.shell("$OUTDIAL " .. arguments:gsub("@", path), "export USER=tom")
        local function plain(from) return (from:gsub(path:gsub("%p", "%%%0"), "@")) end
        return plain(out), plain(err), code
    end

    local function check(arguments, out, err, code)
        local got_out, got_err, got_code = outdial(arguments)
        assert.equal(err or "", got_err)
        assert.equal(out, got_out)
        assert.equal(code or 0, got_code)
    end

    -- What depends on when it is asked.
    local function timeless(text)
        return (text:gsub("%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d[.%d]*Z", "TIME")
            :gsub("%a%a%a %d%d:%d%d in", "DAY in"))
    end

    it("status", function()
        check("status @", [[
renewals is idle: nobody runs it, 3 contacts left to call
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
7         1      1        1     1     1        1     0          1
calls           placed  handed off  not placed  unknown  open
amazon_connect  1       0           0           1        0
ccai_platform   1       0           1           0        0
symbee          0       1           0           0        0
outcomes    1 answered, 1 busy
not now     1 busy, 1 do not call, 1 rejected: Call is invalid
next        2024-03-18T11:00:00Z
handed off  1, the vendors decide when: outdial doubts list @ --handed-off
in doubt    1: outdial doubts list @
]])
        assert.same({ outdial("status @") }, { outdial("status @ renewals") })
    end)

    it("status --json has every count that other programs read", function()
        local out, err, code = outdial("status @ --json")
        assert.equal("", err)
        assert.equal(0, code)
        local status = outdial_json.decode(out)
        assert.same({ total = 7, ready = 1, waiting = 1, open = 1, held = 1, blocked = 1, done = 1, exhausted = 0,
            suppressed = 1 }, status.contacts)
        assert.same({ open = 0, handed_off = 1, placed = 2, not_placed = 1, unknown = 1 }, status.legs)
        assert.same({ answered = 1, busy = 1 }, status.outcomes)
        assert.same({ { name = "renewals", state = "running", revision = 1, standing = "idle", left = 3, held = 1,
            living_on = 0 } }, status.campaigns)
        assert.equal(1, status.doubts)
        assert.equal(1710759600000, status.next_ms)
    end)

    it("status --json of a store without a campaign has them too", function()
        fixture.remove(path)
        fixture.make(path, function(db) assert(db:register {}) end)
        local out = outdial("status @ --json")
        assert.truthy(out:find('"campaigns": [],\n  "clients": {},\n', 1, true))
        assert.truthy(out:find('"workers": []\n}\n', 1, true))
        local status = outdial_json.decode(out)
        assert.same({ total = 0, ready = 0, waiting = 0, open = 0, held = 0, blocked = 0, done = 0, exhausted = 0,
            suppressed = 0 }, status.contacts)
        assert.same({ open = 0, handed_off = 0, placed = 0, not_placed = 0, unknown = 0 }, status.legs)
    end)

    it("status of campaigns that nobody runs, and of one that has a worker", function()
        local db
        fixture.remove(path)
        scheduler.run(function()
            db = assert(store.open(path, { create = true }))
            local hours = { hours = { mon = { "00:00-24:00" } } }
            for _, name in ipairs { "empty", "over", "held", "one", "run" } do
                assert(db:campaign { name = name, script = "s", ruleset = hours })
            end
            local function put(campaign, id)
                assert(db:put { campaign = campaign, contacts = { { id = id, numbers = {
                    { column = "phone", number = "+44207946010" .. #id } } } } })
            end
            put("over", "a")
            put("held", "bb")
            put("one", "ccc")
            assert(db:contact_set { campaign = "over", id = "a", action = "done", by = "ann" })
            assert(db:contact_set { campaign = "held", id = "bb", action = "hold", by = "ann" })
            assert(db:register {})
            assert(db:campaign { name = "run", script = "s", ruleset = hours })
        end)
        local out, err = outdial("status @")
        assert.equal("", err)
        local lines = "^empty is empty: it has no contacts\nover is finished: nobody is left to call\n"
            .. "held is unsettled: nobody is left to call, but 1 contact held or in doubt\n"
            .. "one is idle: nobody runs it, 1 contact left to call\nrun is running\n"
            .. "process %d+ on %S+ runs run since %d+%-%d+%-%d+T%d+:%d+:%d+Z\ncontacts "
        assert.matches(lines, out)
        local seen = outdial_json.decode((outdial("status @ run --json")))
        assert.equal("running", seen.campaigns[1].standing)
        assert.equal("run", seen.workers[1].campaign)
        scheduler.run(function() db:close() end)
    end)

    -- A campaign that is done with its contact, whose call the vendor may make again. more: what happens next.
    local function make_living_on(more)
        fixture.remove(path)
        fixture.make(path, function(db)
            local function ask(verb, params) return assert(db[verb](db, params)) end
            local hours = {}
            for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
                hours[day] = { "00:00-24:00" }
            end
            ask("register", {})
            ask("campaign", { name = "renewals", script = "s", ruleset = { hours = hours } })
            ask("put", { campaign = "renewals", contacts = { { id = "ann", country = "GB", zones = "Europe/London",
                numbers = { { column = "phone", number = "+442079460101" } } } } })
            local view = ask("take", { campaign = "renewals", limit = 1 }).contacts[1]
            local leg = ask("intend", { contact = view.contact, version = view.version, number_index = 1,
                client = "symbee", vendor = "symbee", token = view.token,
                call = { number = view.to, account = "main", record = '{"request":{},"call":{}}',
                    hands_off = true } }).leg
            ask("settle", { leg = leg, placement = "handed_off", call = { id = "ann" } })
            ask("outcome", { leg = leg, kind = "no_answer", rang = "yes", lives_on = true,
                decision = { state = "done" } })
            if more then more(ask, leg) end
            ask("resign", {})
        end)
    end

    local LIVING_ON = [[
contacts  ready  waiting  open  held  blocked  done  exhausted  suppressed
%d         0      0        0     %d     0        1     0          0
calls   placed  handed off  not placed  unknown  open
symbee  1       0           0           0        0
outcomes   1 no answer
living on  1, which may ring again: outdial doubts list @ --living-on
]]

    it("R14 status is unsettled while a vendor may call again whom the campaign has done with", function()
        make_living_on()
        check("status @", "renewals is unsettled: nobody is left to call, but 1 call not taken back\n"
            .. LIVING_ON:format(1, 0))
        local status = outdial_json.decode((outdial("status @ --json")))
        assert.equal(1, status.living_on)
        assert.same({ { name = "renewals", state = "running", revision = 1, standing = "unsettled", left = 0, held = 0,
            living_on = 1 } }, status.campaigns)
    end)

    it("R14 status says both, who is held and what is not taken back", function()
        make_living_on(function(ask)
            ask("put", { campaign = "renewals", contacts = { { id = "bob", country = "GB", zones = "Europe/London",
                numbers = { { column = "phone", number = "+442079460102" } } } } })
            ask("contact_set", { id = "bob", action = "hold", by = "ann" })
        end)
        check("status @", "renewals is unsettled: nobody is left to call, but 1 contact held or in doubt, 1 call not "
            .. "taken back\n" .. LIVING_ON:format(2, 1))
    end)

    it("R14 status says what could not be taken back", function()
        make_living_on(function(ask, leg)
            ask("withdrawals", { campaign = "renewals", limit = 1, living_on = true })
            ask("withdrawn", { leg = leg, done = false, again = true, why = "an agent has the record" })
        end)
        check("status @", "renewals is unsettled: nobody is left to call, but 1 call not taken back\n"
            .. LIVING_ON:format(1, 0):gsub("outcomes   ", "outcomes       "):gsub("living on  ", "living on      ")
            .. "not withdrawn  1: these may still ring\n")
    end)

    it("R14 status is finished once it was taken back", function()
        make_living_on(function(ask, leg)
            ask("withdrawals", { campaign = "renewals", limit = 1, living_on = true })
            ask("withdrawn", { leg = leg, done = true })
        end)
        check("status @", "renewals is finished: nobody is left to call\n"
            .. LIVING_ON:format(1, 0):gsub("living on.*", ""):gsub("outcomes   ", "outcomes  "))
    end)

    local LISTED = [[
leg 1: contact ann of renewals, +442079460101 through symbee at 2024-03-18T10:00:00Z
  over since 2024-03-18T10:00:00Z, no answer; its vendor may call again%s
  token TOKEN, at the vendor ann
  a person knows: outdial doubts resolve @ 1 withdrawn --by NAME --because TEXT
]]

    -- What `doubts` writes, without the token.
    local function doubts(arguments)
        local out, err, code = outdial("doubts " .. arguments)
        assert.equal("", err)
        assert.equal(0, code)
        return (out:gsub("token %w+", "token TOKEN"))
    end

    it("R14 doubts list --living-on names what vendors may call again, and what settles it", function()
        check("doubts list @ --living-on", "nothing lives on\n")
        make_living_on()
        assert.equal(LISTED:format(""), doubts("list @ --living-on"))
        make_living_on(function(ask, leg)
            ask("withdrawals", { campaign = "renewals", limit = 1, living_on = true })
            ask("withdrawn", { leg = leg, done = false, again = true, why = "an agent has the record" })
        end)
        assert.equal(LISTED:format(", not withdrawn: an agent has the record"), doubts("list @ --living-on"))
    end)

    it("R12 R14 doubts resolve withdrawn settles what no client of the script can take back", function()
        make_living_on()
        local resolve = "resolve @ 1 withdrawn --by ann --because 'removed by hand'"
        assert.equal(LISTED:format("") .. "leg 1 is withdrawn, contact ann is done\n", doubts(resolve))
        assert.matches("^renewals is finished: nobody is left to call\n", (outdial("status @")))
        assert.matches("\n2024%-03%-18T10:00:00Z  outcome %(leg 1 through symbee%): kind no_answer, rang yes\n"
            .. "[^\n]+  resolved %(leg 1 through symbee%) by ann: as withdrawn, because removed by hand, version 2\n",
            (outdial("explain @ ann")))
        check("doubts " .. resolve, "", "outdial doubts: conflict: the leg is ended: only a call that is over, and "
            .. "that its vendor may make again, is withdrawn\n", 1)
    end)

    it("doubts resolve takes no other word for a call that lives on", function()
        make_living_on()
        local _, err, code = outdial("doubts resolve @ 1 not_placed --by ann --because x")
        assert.equal("outdial doubts: conflict: the leg is ended: only one in doubt, or handed off, is resolved\n", err)
        assert.equal(1, code)
    end)

    it("doubts list shows the evidence", function()
        local out, err, code = outdial("doubts list @")
        assert.equal("", err)
        assert.equal(0, code)
        assert.equal([[
leg 2: contact bob of renewals, +442079460102 through amazon_connect at 2024-03-18T10:00:00Z
  in doubt since 2024-03-18T10:00:00Z: no answer in 30 s
  sent: PUT https://vendor.example/call {"to":"+442079460102"}
  token TOKEN, not looked up yet
]], (out:gsub("token %w+", "token TOKEN")))
        local listed = outdial_json.decode((outdial("doubts list @ --json")))
        assert.equal(2, listed.legs[1].leg)
        assert.equal("no answer in 30 s", listed.legs[1].evidence.error.message)
    end)

    local DAN = [[
leg 4: contact dan of renewals, +442079460104 through symbee at 2024-03-18T10:00:00Z
  handed off since 2024-03-18T10:00:00Z%s
  sent: PUT https://vendor.example/call {"to":"+442079460104"}
  token TOKEN, at the vendor r-1
  a person knows: outdial doubts resolve @ 4 placed|not_placed --by NAME --because TEXT
]]

    it("R6 doubts list --handed-off names what vendors ring when they like, and what settles it", function()
        local out, err, code = outdial("doubts list @ --handed-off")
        assert.equal("", err)
        assert.equal(0, code)
        assert.equal(DAN:format(""), (out:gsub("token %w+", "token TOKEN")))
        fixture.make(path, function(db)
            assert(db:register {})
            assert(db:withdrawn { leg = 4, done = false, why = "it has been dialled: see there" })
        end)
        out = outdial("doubts list @ --handed-off")
        assert.equal(DAN:format(", not withdrawn: it has been dialled: see there"),
            (out:gsub("token %w+", "token TOKEN")))
        out = outdial("doubts resolve @ 4 placed --by ann --because x")
        assert.matches("^leg 4: contact dan .*\nleg 4 is placed, contact dan is open\n$", out)
        check("doubts list @ --handed-off", "nothing is handed off\n")
    end)

    it("doubts resolve shows the evidence, settles one doubt, and only once", function()
        local out, err, code = outdial('doubts resolve @ 2 placed --by ann --because "heard it"')
        assert.equal("", err)
        assert.equal(0, code)
        assert.matches("^leg 2: contact bob .*\nleg 2 is ended, contact bob is done\n$", out)
        check("doubts list @", "no doubts\n")
        check("doubts list @ --json", '{\n  "legs": []\n}\n')
        check('doubts resolve @ 2 placed --by ann --because "heard it"', "",
            "outdial doubts: conflict: the leg is ended: only one in doubt, or handed off, is resolved\n", 1)
        assert.matches("resolved %(leg 2 through amazon_connect%) by ann: as placed, because heard it",
            (outdial("explain @ bob")))
    end)

    it("doubts resolve not_placed lets the person be called again", function()
        local out = outdial("doubts resolve @ 2 not_placed --by ann --because report")
        assert.matches("\nleg 2 is not placed, contact bob is ready\n$", out)
        out = outdial("doubts resolve @ 1 write_off --by ann --because x")
        assert.equal("", out)
    end)

    it("explain shows every step, and what the rules say now", function()
        local out, err, code = outdial("explain @ ann")
        assert.equal("", err)
        assert.equal(0, code)
        assert.equal([[
contact ann of renewals is done: called once
revision 1 since TIME: script s1
TIME  intent (leg 1 through amazon_connect): client amazon_connect, number +442079460101, revision 1
    +  do_not_call  not listed
    +  person_open  none is open
    +  number_open  none is open
    +  no_zone      Europe/London
    +  hours        DAY in Europe/London, open mon-sun 00:00-24:00
    +  person_24h   0 attempts since TIME, limit 2
TIME  placed (leg 1 through amazon_connect): id c-1
TIME  outcome (leg 1 through amazon_connect): kind answered, rang yes, raw CONNECTED, "human"
rules now, for +442079460101: allowed
    +  do_not_call  not listed
    +  person_open  none is open
    +  number_open  none is open
    +  no_zone      Europe/London
    +  hours        DAY in Europe/London, open mon-sun 00:00-24:00
    +  person_24h   0 attempts since TIME, limit 2
]], timeless(out))
    end)

    it("what was done is done, also when nobody reads of it", function()
        local rows = { { "pause @ renewals", 0 }, { "resume @ renewals", 0 }, { "contact hold @ gus", 0 },
            { "dnc add @ +442079460199", 0 }, { "doubts resolve @ 2 placed --by ann --because seen", 0 },
            { "dnc lift @ +442079460198 --by ann --because wrong", 1 }, { "dnc list @", 141 }, { "status @", 141 },
            { "export @", 141 } }
        for _, row in ipairs(rows) do
            local command = ("U=$(mktemp -u); mkfifo $U; exec 5<>$U 4>$U 5<&-; rm $U; $OUTDIAL %s >&4"):format(
                (row[1]:gsub("@", path)))
            local _, _, code = child.shell(command)
            assert.equal(row[2], code, row[1])
        end
        assert.matches("^renewals is idle", (outdial("status @")))
        assert.matches("contact gus of renewals is held: held by a person\n", (outdial("explain @ gus")))
    end)

    it("explain says what of a contact cannot be read", function()
        local broken, count = read_file(path):gsub('{"name":"gus"}', '{"name":"gus"!')
        assert.equal(1, count)
        write_file(path, broken)
        local out, err, code = outdial("explain @ gus")
        assert.equal("", err)
        assert.equal(0, code)
        assert.matches("contact gus of renewals is ready\n"
            .. "what the store has of it cannot be read: data: line 1, column %d+: ", out)
    end)

    it("explain tells the rest of a contact whose numbers cannot be read, and a list read again mends it", function()
        local broken, count = read_file(path):gsub('%[%["mobile","%+442079460101"', '[["mobile",!+442079460101"')
        assert.equal(1, count)
        write_file(path, broken)
        local out, err, code = outdial("explain @ ann")
        assert.equal("", err)
        assert.equal(0, code)
        assert.matches("^contact ann of renewals is done: called once\n"
            .. "what the store has of it cannot be read: numbers: line 1, column %d+: invalid token\n", out)
        assert.matches("\n%S+  outcome %(leg 1 through amazon_connect%): kind answered, .*\n"
            .. "rules now: it has no number that they could judge\n$", out)
        local told = outdial_json.decode((outdial("explain @ ann --json")))
        assert.same({ {}, {} }, { told.judgement, told.contact.numbers })
        check("contact add @ renewals ann +442079460101 --country GB --zone Europe/London", "updated\n")
        assert.matches("\nrules now, for %+442079460101: allowed\n", (outdial("explain @ ann")))
    end)

    it("explain says which rule refused", function()
        local out = outdial("explain @ fay --campaign renewals")
        assert.equal([[
contact fay of renewals is suppressed: do_not_call
revision 1 since TIME: script s1
TIME  refused: number +442079460106, rule do_not_call, saw this number is listed in letters
rules now, for +442079460106: refused by do_not_call
    -  do_not_call  this number is listed in letters
    +  person_open  none is open
    +  number_open  none is open
    +  no_zone      Europe/London
    +  hours        DAY in Europe/London, open mon-sun 00:00-24:00
    +  person_24h   0 attempts since TIME, limit 2
]], timeless(out))
        local told = outdial_json.decode((outdial("explain @ fay --json")))
        assert.equal("suppressed", told.contact.state)
        assert.equal("do_not_call", told.judgement[1].rule)
        assert.truthy((outdial("explain @ gus --json")):find('"journal": []', 1, true))
    end)

    -- luacheck: push no max line length
    local ROWS = [[
campaign,contact,contact_state,attempt,leg,vendor,client,vendor_id,number,at,ended,state,outcome,rang,raw
renewals,ann,done,1,1,amazon_connect,amazon_connect,c-1,+442079460101,T,T,ended,answered,yes,"CONNECTED, ""human"""
renewals,bob,held,2,2,amazon_connect,amazon_connect,,+442079460102,T,,in_doubt,,,"{""code"":""timeout"",""message"":""no answer in 30 s""}"
renewals,cid,blocked,3,3,ccai_platform,ccai_platform,,+442079460103,T,T,not_placed,,,"{""code"":""rejected"",""message"":""Call is invalid""}"
renewals,dan,open,4,4,symbee,symbee,r-1,+442079460104,T,,handed_off,,,
renewals,eve,waiting,5,5,ccai_platform,ccai_platform,7,+442079460105,T,T,ended,busy,yes,
renewals,fay,suppressed,,,,,,,,,,,,
renewals,gus,ready,,,,,,,,,,,,
]]
    -- luacheck: pop

    it("export writes a row for each leg, and for each contact without one", function()
        local rows = ROWS:gsub("([,])T%f[,]", "%12024-03-18T10:00:00Z")
        check("export @", rows)
        check("export @ --csv --campaign renewals", rows)
        local out = outdial("export @ --json")
        local first, count = nil, 0
        for line in out:gmatch("[^\n]+") do
            first, count = first or outdial_json.decode(line), count + 1
        end
        assert.equal(7, count)
        assert.equal('CONNECTED, "human"', first.raw)
        assert.equal("2024-03-18T10:00:00Z", first.at)
        assert.equal(1710756000000, first.at_ms)
    end)

    it("lists end without a word when nobody reads on", function()
        local many = {}
        scheduler.run(function()
            local db = assert(store.open(path))
            for i = 1, 1000 do many[i] = { number = ("+4479%08d"):format(i) } end
            assert(db:dnc_add { entries = many, by = "ann" })
            db:close()
        end)
        local fifo = os.tmpname()
        local line = "export @ > /dev/null; rm -f %s; mkfifo %s; exec 3<>%s 4>%s 3<&-; $OUTDIAL %s @ >&4; echo $?"
        for _, command in ipairs { "export", "export --json", "dnc list", "dnc list --json", "status",
            "doubts list" } do
            local out, err = outdial(line:format(fifo, fifo, fifo, fifo, command))
            assert.equal("", err)
            assert.equal("141\n", out, command)
        end
        os.remove(fifo)
    end)

    it("dnc add, list and lift", function()
        check("dnc add @ +442079460107 07700900123 --country GB --because phone", "2 added, 0 were listed already\n")
        check("dnc add @ +442079460107", "0 added, 1 was listed already\n")
        local out = outdial("dnc list @")
        assert.equal([[
+442079460106    since TIME, from letters by ann: asked by letter
+442079460107    since TIME, from a person by tom: phone
+447700900123    since TIME, from a person by tom: phone
]], timeless(out))
        check("dnc lift @ 07700900123 --country GB --by ann --because mistaken", "+447700900123 may be called again\n")
        out = outdial("dnc list @")
        assert.matches("%+447700900123    since TIME, from a person by tom: phone, lifted TIME by ann: mistaken\n$",
            timeless(out))
        check("dnc add @ +447700900123", "0 added, 1 listed again, 0 were listed already\n")
        out = outdial("dnc list @ --json")
        assert.equal("letters", outdial_json.decode(out:match("^[^\n]+")).source)
        check("dnc lift @ +15555550199 --by a --because b", "",
            "outdial dnc: not_found: +15555550199 is not listed\n", 1)
        check("dnc add @ 555", "", "outdial dnc: validation /entries/0/number: " ..
            '"555": expected E.164, or a national number with country = ...\n', 1)
    end)

    it("dnc add --file", function()
        local list = os.tmpname()
        write_file(list, "number\n+442079460107\nnobody\n")
        local _, err, code = outdial("dnc add @ --column number --file " .. list)
        assert.equal(1, code)
        assert.equal("outdial dnc: validation: LIST: 1 row is no number: row 3; row 3: \"nobody\": letters\n",
            (err:gsub(list:gsub("%p", "%%%0"), "LIST")))
        check("dnc add @ --column number --skip-bad --file " .. list, "1 added of 1, 1 row skipped\n")
        check("dnc add @ --file /nonexistent", "", "outdial dnc: validation: " ..
            "/nonexistent cannot be read: No such file or directory\n", 1)
        os.remove(list)
    end)

    it("contact hold, release, cancel, done", function()
        check('contact hold @ gus --by ann --because "moves house"', "contact gus is held\n")
        check("contact release @ gus", "contact gus is ready\n")
        check("contact cancel @ gus", "contact gus is done\n")
        check("contact done @ eve --campaign renewals", "contact eve is done\n")
        check("contact cancel @ dan", "contact dan is open, done when its call has ended\n")
        check("contact release @ eve", "contact eve is ready\n")
        check("contact release @ eve", "",
            'outdial contact: conflict: contact "eve" is ready: there is nothing to release\n', 1)
        check("contact hold @ nobody", "", 'outdial contact: not_found: there is no contact "nobody"\n', 1)
        assert.matches("contact_hold by ann: moves house", (outdial("explain @ gus")))
        assert.matches("contact_release by tom\n", (outdial("explain @ gus")))
    end)

    it("contact add", function()
        check("contact add @ renewals hal +442079460108 --by ann --because 'asked for a call'", "added\n")
        assert.matches("\n[^\n]+  contact_put by ann: asked for a call\n", (outdial("explain @ hal")))
        check("contact add @ renewals hal +442079460108", "unchanged\n")
        check("contact add @ renewals hal 02079460109 --country GB", "updated\n")
        check("contact add @ renewals ida 555", "", "outdial contact: number1: " ..
            '"555": expected E.164, or a national number with country = ...\n', 1)
        check("contact add @ other hal +442079460108", "",
            'outdial contact: not_found: there is no campaign "other"\n', 1)
    end)

    it("pause, resume, stop", function()
        check("pause @ renewals --because lunch", "campaign renewals is paused (it was running)\n")
        assert.matches("^renewals is paused: lunch %(by tom%)\n", (outdial("status @")))
        check("resume @ renewals", "campaign renewals is running (it was paused)\n")
        assert.matches("^renewals is idle: nobody runs it, 3 contacts left to call\n", (outdial("status @")))
        check("stop @ renewals", "campaign renewals is stopped (it was running)\n")
        check("stop @ nothing", "", 'outdial stop: not_found: there is no campaign "nothing"\n', 1)
    end)

    local EVERY = { "status %s", "doubts list %s", "explain %s ann", "export %s", "dnc list %s", "contact hold %s ann",
        "pause %s renewals", "resume %s renewals", "stop %s renewals" }

    it("each says that there is no such store, or that it is none", function()
        local no_store = os.tmpname()
        write_file(no_store, ("no database, but text\n"):rep(100))
        for _, command in ipairs(EVERY) do
            local name = command:match("^%a+")
            check(command:format("/nonexistent/x.db"), "",
                ("outdial %s: not_found: the store /nonexistent/x.db cannot be opened: is there such a file?\n")
                    :format(name), 1)
            check(command:format(no_store), "", ("outdial %s: protocol: the store %s: file is not a database\n"):format(
                name, no_store), 1)
        end
        assert.equal(("no database, but text\n"):rep(100), read_file(no_store))
        os.remove(no_store)
        assert.is_nil((io.open("/nonexistent/x.db")))
    end)

    local MISUSES = {
        { "status", "expected a store" },
        { "status @ a b", "unexpected argument b" },
        { "doubts", "expected list or resolve, got nothing" },
        { "doubts solve @", "expected list or resolve, got solve" },
        { "doubts list", "expected a store" },
        { "doubts resolve @ two placed", "expected the number of a leg, got two" },
        { "doubts resolve @ 2 rang", "expected placed, not_placed, write_off or withdrawn, got rang" },
        { "doubts resolve @ 0x2 placed", "expected the number of a leg, got 0x2" },
        { "doubts resolve @ 0 placed", "expected the number of a leg, got 0" },
        { "doubts resolve @ 99999999999999999999 placed", "expected the number of a leg, got 99999999999999999999" },
        { "doubts resolve @ 2 placed 3", "unexpected argument 3" },
        { "doubts list @ renewals", "unexpected argument renewals" },
        { "doubts list @ --handed-off --living-on", "either --handed-off or --living-on" },
        { "doubts resolve @ 2 placed", "--by is needed: it goes into the journal" },
        { "doubts resolve @ 2 placed --by ann", "--because is needed: it goes into the journal" },
        { "explain", "expected a store" },
        { "explain @", "expected the id of a contact" },
        { "explain @ ann bob", "unexpected argument bob" },
        { "export", "expected a store" },
        { "export @ --csv --json", "either --csv or --json" },
        { "dnc", "expected add, lift or list, got nothing" },
        { "dnc list", "expected a store" },
        { "dnc list @ +1", "unexpected argument +1" },
        { "dnc add @", "expected numbers, or --file" },
        { "dnc add @ +1 --file x", "either numbers or --file" },
        { "dnc lift @", "expected one number" },
        { "dnc lift @ +1 --by ann", "--because is needed: it goes into the journal" },
        { "contact", "expected add, cancel, done, hold or release, got nothing" },
        { "contact add @ renewals hal", "expected a store, a campaign, an id and numbers" },
        { "contact hold @", "expected the id of a contact" },
        { "contact hold @ ann bob", "unexpected argument bob" },
        { "pause", "expected a store" },
        { "pause @", "expected a campaign" },
        { "resume @ renewals now", "unexpected argument now" },
        { "status @ --jsn", "unknown option --jsn, did you mean --json?" },
    }
    for _, row in ipairs(MISUSES) do
        it(("%q is misuse"):format(row[1]), function()
            local name = row[1]:match("^%a+")
            check(row[1], "", ("outdial %s: %s\nTry: outdial %s --help\n"):format(name, row[2], name), 2)
        end)
    end

    it("no such campaign", function()
        for _, command in ipairs { "status @ other", "export @ --campaign other" } do
            local _, err, code = outdial(command)
            assert.equal(1, code)
            assert.matches(': not_found: there is no campaign "other"\n$', err)
        end
        check("explain @ ann --campaign other", "",
            'outdial explain: not_found: there is no contact "ann" in campaign other\n', 1)
    end)
end)
