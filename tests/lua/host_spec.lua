-- The outdial program as a child process: what it prints where, and how it exits.
package.path = "tests/lua/?.lua;" .. package.path
local child = require "child"

local read_file, write_file, shell = child.read_file, child.write_file, child.shell

local function outdial(arguments)
    return shell("$OUTDIAL " .. arguments)
end

local function check(arguments, out, err, code)
    local got_out, got_err, got_code = outdial(arguments)
    assert.equal(err, got_err)
    assert.equal(out, got_out)
    assert.equal(code, got_code)
end

describe("outdial", function()
    local USAGE = [[
usage: outdial COMMAND [ARGUMENT...]

Places outbound calls through contact-centre vendors.

  run         run a Lua script: its chunk is the first task
  check       whom a campaign would call now, later and never; nothing is sent
  call        send one operation to one vendor
  operations  what vendors, operations and fields there are
  status      how far the campaigns of a store are
  doubts      calls of which it is not known whether they rang
  explain     why a contact was called, or was not
  export      contacts, attempts and outcomes as rows
  dnc         do-not-call entries of a store
  contact     add, cancel, finish, hold or release one contact
  pause       start no new call of a campaign, until resume
  resume      let a campaign that is paused, held or stopped go on
  stop        end a campaign: no new call, and what was handed off is taken back
  mock        all vendors on one port, to try things out without ringing a phone
  sign        the stages of an AWS signature, for a request that is not sent
  version     which release this is, and on which libraries it runs

outdial COMMAND --help tells more about one.
]]

    it("says what commands there are", function()
        check("--help", USAGE, "", 0)
        check("-h", USAGE, "", 0)
        check("help", USAGE, "", 0)
        check("", "", USAGE, 2)
    end)

    it("refuses what is no command", function()
        check("rnu", "", 'outdial: unknown command "rnu", did you mean "run"?\nTry: outdial --help\n', 2)
        check("frobnicate", "", 'outdial: unknown command "frobnicate"\nTry: outdial --help\n', 2)
        check("help frobnicate", "", 'outdial: unknown command "frobnicate"\nTry: outdial --help\n', 2)
    end)

    it("helps with every command: usage, flags, an example", function()
        for _, name in ipairs { "run", "call", "operations", "mock", "version" } do
            local out, err, code = outdial(name .. " --help")
            assert.equal("", err)
            assert.equal(0, code)
            assert.equal(1, out:find("usage: outdial " .. name, 1, true))
            assert.truthy(out:find("\n  %-%-help +this text\n"))
            assert.truthy(out:find("\nexample: outdial " .. name, 1, true))
            for line in out:gmatch("[^\n]+") do
                assert.is_true(#line <= 110, line)
            end
            assert.equal(out, (outdial("help " .. name)))
            assert.equal(out, (outdial(name .. " -h")))
        end
    end)

    it("refuses unknown flags, missing values and words too many", function()
        local rows = {
            { "version --jsn", "outdial version: unknown option --jsn, did you mean --json?" },
            { "version --zzzzzz", "outdial version: unknown option --zzzzzz" },
            { "version -x", "outdial version: unknown option -x" },
            { "version --json=yes", "outdial version: --json takes no value" },
            { "version extra", "outdial version: unexpected argument extra" },
            { "operations a b", "outdial operations: unexpected argument b" },
            { "operations --json --markdown", "outdial operations: --json and --markdown exclude each other" },
            { "operations --markdown symbee.transfer_campaign_record",
                "outdial operations: --markdown is for a vendor, or for all" },
            { "mock extra", "outdial mock: unexpected argument extra" },
            { "mock --seed", "outdial mock: --seed needs N" },
            { "run", "outdial run: expected a file" },
        }
        for _, row in ipairs(rows) do
            local name = row[1]:match("^%a+")
            check(row[1], "", row[2] .. "\nTry: outdial " .. name .. " --help\n", 2)
        end
    end)

    it("tells its version", function()
        local out, err, code = outdial("version")
        assert.truthy(out:find("^outdial %d+%.%d+%.%d+ %(libcurl/[%d.]+ OpenSSL [%w.]+ jansson/[%d.]+%) Lua 5%.4\n$"))
        assert.equal("", err)
        assert.equal(0, code)
        assert.equal(out, (outdial("--version")))
        local version = out:match("^outdial (%S+)")
        assert.truthy(outdial("version --json"):find('"version": "' .. version .. '"\n}\n', 1, true))
    end)

    it("fails when its output cannot be written", function()
        check("version > /dev/full", "",
            "outdial: cannot write to the standard output: No space left on device\n", 1)
    end)

    it("ends as by SIGPIPE, without a word, when nobody reads its output", function()
        -- A named pipe that is written to, and whose only reader is closed before.
        local fifo = os.tmpname()
        local line = "rm -f %s; mkfifo %s; exec 3<>%s 4>%s 3<&-; $OUTDIAL %s >&4; echo \"code $?\" >&2"
        for _, arguments in ipairs { "version", "operations", "operations --json", "--help", "run --help" } do
            local out, err = shell(line:format(fifo, fifo, fifo, fifo, arguments))
            assert.equal("", out)
            assert.equal("code 141\n", err, arguments)
        end
        -- What was done, or went wrong, is told all the same.
        local script = os.tmpname()
        write_file(script, "print('x') error('it went wrong', 0)")
        local _, err = shell(line:format(fifo, fifo, fifo, fifo, "run " .. script))
        assert.matches("^outdial run: it went wrong\nstack traceback:\n.*\ncode 1\n$", err)
        write_file(script, "print('x') io.stdout:flush() print('y')")
        _, err = shell(line:format(fifo, fifo, fifo, fifo, "run " .. script))
        assert.equal("code 0\n", err)
        os.remove(script)
        os.remove(fifo)
    end)
end)

describe("outdial run", function()
    local script

    before_each(function()
        script = os.tmpname()
    end)

    after_each(function()
        os.remove(script)
    end)

    -- Runs the text as a script.
    local function run(text, arguments)
        write_file(script, text)
        return outdial(("run %s %s"):format(script, arguments or ""))
    end

    local function check_run(text, out, err, code, arguments)
        local got_out, got_err, got_code = run(text, arguments)
        assert.equal((err:gsub("SCRIPT", (script:gsub("%%", "%%%%")))), got_err)
        assert.equal(out, got_out)
        assert.equal(code, got_code)
    end

    it("gives the script its arguments, flags of its own included", function()
        local text = [[
            print(select("#", ...), ...)
            print(#arg, arg[0] == debug.getinfo(1, "S").source:sub(2), table.concat(arg, "|"))
        ]]
        check_run(text, "0\n0\ttrue\t\n", "", 0)
        check_run(text, "3\ta\t--json\tb c\n3\ttrue\ta|--json|b c\n", "", 0, "a --json 'b c'")
    end)

    it("runs the chunk as a task and waits for the tasks it spawns", function()
        check_run([[
            local outdial = require "outdial"
            outdial.spawn(function() outdial.sleep(0) print("two") end)
            print("one")
        ]], "one\ntwo\n", "", 0)
    end)

    it("runs a script that begins with #!", function()
        check_run("#!/usr/bin/env outdial\nprint(debug.getinfo(1, 'l').currentline)", "2\n", "", 0)
    end)

    it("has its own library inside, named by file", function()
        check_run([[
            local outdial = require "outdial"
            print(debug.getinfo(outdial.run, "S").source)
            print(require "outdial.core" ~= nil, require "outdial.httpd" ~= nil, require "mock" ~= nil)
        ]], "@scripts/outdial/scheduler.lua\ntrue\ttrue\ttrue\n", "", 0)
    end)

    it("fails with a traceback when the script does", function()
        local out, err, code = run("local function inner()\n    error('boom')\nend\nprint('begun')\ninner()\n")
        assert.equal("begun\n", out)
        assert.equal(("outdial run: %s:2: boom\nstack traceback:\n"):format(script), err:match("^[^\n]*\n[^\n]*\n"))
        assert.truthy(err:find(script .. ":5: in", 1, true))
        assert.equal(1, code)
    end)

    it("fails when a task of the script does, or a vendor's error is raised", function()
        local _, err, code = run("require('outdial').spawn(function() error('in a task') end)")
        assert.equal(("outdial run: %s:1: in a task"):format(script), err:match("^[^\n]*"))
        assert.equal(1, code)
        _, err, code = run([[
            local outdial = require "outdial"
            local client = outdial.ccai_platform { subdomain = "a", domain = "example.com", api_token = "t" }
            local _, err = client:create_call { call_type = "nonsense" }
            error(err)
        ]])
        assert.equal(1, code)
        assert.equal("outdial run: validation /call_type: ", err:match("^outdial run: validation /call_type: "))
        assert.truthy(err:find("\nstack traceback:\n", 1, true))
    end)

    it("tells misuse from a failing script", function()
        check_run("print(1", "", "outdial run: SCRIPT:1: ')' expected near <eof>\n", 1)
        check("run /no/such/file.lua", "", "outdial run: /no/such/file.lua: No such file or directory\n", 2)
        check("run /tmp", "", "outdial run: /tmp: Is a directory\n", 2)
    end)

    -- Sends signals to the script's own process, one after the other.
    local KILL = [[
        local outdial = require "outdial"
        local pid = io.open("/proc/self/stat"):read("*n")
        local function kill(names)
            for name in names:gmatch("%a+") do
                io.popen("kill -" .. name .. " " .. pid):close()
            end
        end
    ]]

    for _, name in ipairs { "INT", "TERM" } do
        it("stops in order at the first SIG" .. name, function()
            check_run(KILL .. ([[
                kill("%s")
                while not outdial.stopping() do outdial.sleep(0.001) end
                print("stopping")
            ]]):format(name), "stopping\n", "", 4)
        end)
    end

    it("starts no call after the first signal", function()
        check_run(KILL .. [[
            local client = outdial.ccai_platform { subdomain = "a", domain = "example.com", api_token = "t",
                agent_email = "a@example.com", endpoint = "http://127.0.0.1:9" }
            kill("TERM")
            while not outdial.stopping() do outdial.sleep(0.001) end
            local call, err = client:place_call { to = "+12065550100" }
            print(call, err.code, err.placement)
        ]], "nil\tcanceled\tnot_placed\n", "", 4)
    end)

    it("notices a signal that came while Lua was busy", function()
        check_run(KILL .. [[
            local n = 0
            kill("TERM")
            for i = 1, 1000000 do n = n + i end
            assert(not outdial.stopping())
            while not outdial.stopping() do outdial.sleep(0) end
            print(n)
        ]], "500000500000\n", "", 4)
    end)

    it("ends at once at the second signal, in the midst of Lua", function()
        check_run(KILL .. [[
            io.stdout:write("begun\n"):flush()
            kill("TERM INT")
            while true do end
        ]], "begun\n", "", 4)
    end)

    it("takes the same signal twice at once for one", function()
        check_run(KILL .. [[
            kill("TERM TERM")
            while not outdial.stopping() do outdial.sleep(0.001) end
            print("stopping")
        ]], "stopping\n", "", 4)
    end)

    it("is stopped rather than failed when the stop makes the script fail", function()
        local out, err, code = run(KILL .. [[
            kill("INT")
            while not outdial.stopping() do outdial.sleep(0.001) end
            error("could not go on")
        ]])
        assert.equal("", out)
        assert.truthy(err:find("could not go on\nstack traceback:", 1, true))
        assert.equal(4, code)
    end)

    it("says that its tasks wait for each other once it is asked to stop", function()
        local _, err, code = run(KILL .. [[
            local a, b
            a = outdial.spawn(function() b:join() end)
            b = outdial.spawn(function() a:join() end)
            kill("TERM")
        ]])
        assert.equal("outdial run: outdial: deadlock: every task waits for another one, and nothing is under way",
            err:match("^[^\n]*"))
        assert.equal(4, code)
    end)

    it("takes a reader that went away as an error of the write", function()
        check_run([[
            local pipe = io.popen("exec true", "w")
            pipe:setvbuf("no")
            local ok, message
            repeat ok, message = pipe:write("x") until not ok
            print(message)
        ]], "Broken pipe\n", "", 0)
    end)
end)

describe("outdial operations", function()
    it("lists the vendors", function()
        local out, err, code = outdial("operations")
        assert.equal("", err)
        assert.equal(0, code)
        assert.equal("vendor          operations  service\n", out:match("^[^\n]*\n"))
        for _, vendor in ipairs { "amazon_connect", "genesys", "ccai_platform", "symbee" } do
            assert.truthy(("\n" .. out):find("\n" .. vendor .. " +%d+ +%u"))
        end
    end)

    it("shows every vendor and operation in lines of at most 100 columns, without colours", function()
        local core = require "outdial.core"
        local names = {}
        for _, vendor in ipairs(core.vendors()) do
            names[#names + 1] = vendor.name
            for _, operation in ipairs(core.operations(vendor.name)) do
                names[#names + 1] = vendor.name .. "." .. operation
            end
        end
        for _, name in ipairs(names) do
            local out, err, code = outdial("operations " .. name)
            assert.equal("", err)
            assert.equal(0, code)
            assert.is_nil(out:find("\27", 1, true))
            for line in out:gmatch("[^\n]+") do
                assert.is_true(#line <= 100 or line:find("^ *%S+$") ~= nil, line) -- a long path stays whole
                assert.is_nil(line:find(" $"), line)
            end
        end
    end)

    it("shows each field with type, need, meaning and limit", function()
        local out = outdial("operations amazon_connect.start_outbound_voice_contact")
        assert.equal("amazon_connect.start_outbound_voice_contact (StartOutboundVoiceContact)", out:match("^[^\n]*"))
        assert.truthy(out:find("\n  DestinationPhoneNumber +string +required +[^\n]*E%.164"))
        assert.truthy(out:find("\n  RingTimeoutInSeconds +integer +[^\n]*how long"))
        assert.truthy(out:find("\n    Type +string +required +"))
        assert.equal(out, (outdial("operations amazon_connect.StartOutboundVoiceContact")))
    end)

    it("shows the kinds of a choice, each with its own fields", function()
        local out = outdial("operations ccai_platform.create_call")
        local rest = out
        for _, kind in ipairs { "Voice Outbound (API)", "Voice Inbound (API)", "Voice Scheduled (API)" } do
            local _, stop = rest:find("\n    = " .. kind .. " ", 1, true)
            assert.truthy(stop, kind)
            rest = rest:sub(stop)
            assert.truthy(rest:find("\n      end_user_number +string"))
        end
        assert.truthy(rest:find("\n      scheduled_at +string +required"))
    end)

    it("writes the whole reference as Markdown", function()
        local core = require "outdial.core"
        local out, err, code = outdial("operations --markdown")
        assert.equal("", err)
        assert.equal(0, code)
        local parts = {}
        for i, vendor in ipairs(core.vendors()) do
            parts[i] = outdial("operations --markdown " .. vendor.name)
            for _, name in ipairs(core.operations(vendor.name)) do
                assert.truthy(parts[i]:find("\n### " .. name .. "\n", 1, true), name)
            end
        end
        assert.equal(table.concat(parts, "\n"), out)
        for _, line in ipairs {
            "| `RingTimeoutInSeconds` | integer |  | 15..60; default: 25 | how long it rings before the call fails |",
            "| `References.Type` | string | yes | one of URL, NUMBER, STRING, DATE, EMAIL | kind of reference; "
                .. "a DATE has Unix time as its Value |",
            "- rule: SourcePhoneNumber or QueueId", "- sent again only with the same `ClientToken`",
            "# Genesys Web Services (`outdial.genesys`)", "- `PUT /contact/outbound-voice`", "- rings no phone",
        } do
            assert.truthy(out:find("\n" .. line .. "\n", 1, true), line)
        end
        for line in out:gmatch("\n(|[^\n]*)") do -- five cells each
            assert.equal(6, select(2, line:gsub("\\|", ""):gsub("|", "")), line)
        end
    end)

    it("gives the same as JSON", function()
        local core = require "outdial.core"
        local vendors = core.from_json((outdial("operations --json")))
        assert.same(core.vendors()[1].name, vendors[1].name)
        local vendor = core.from_json((outdial("operations genesys --json")))
        assert.same(core.options("genesys"), vendor.options)
        assert.same(core.describe("genesys", core.operations("genesys")[1]), vendor.operations[1])
        local operation = core.from_json((outdial("operations ccai_platform.create_call --json")))
        assert.same(core.describe("ccai_platform", "create_call"), operation)
    end)

    it("refuses what it does not know", function()
        check("operations genesys.place_call", [[
genesys.place_call
  places a call, in the same way at every vendor; outdial call with --dry-run shows the request

fields
  to            string         required  the number to call
  from          string                   the number shown to the person called
  contact       string                   your id of the person called
  token         string                   names this attempt at the vendor (default: a random UUID)
  attributes    map of string            keys and values that go along with the call
  not_before    number                   Unix seconds: a vendor that rings later rings no earlier
  not_after     number                   Unix seconds: such a vendor rings before it
  zone          string                   the person's IANA time zone, for such a vendor
  ring_timeout  integer                  seconds of ringing, where the vendor lets them be chosen
  fields        map of any               fields of the vendor's own operation; they win
]], "", 0)
        check("operations genesis", "",
            'outdial operations: unknown vendor "genesis", did you mean "genesys"?\n'
            .. "Try: outdial operations --help\n", 2)
        check("operations genesys.dail", "",
            'outdial operations: unknown operation "dail", did you mean "dial"?\nTry: outdial operations --help\n', 2)
    end)

    it("is coloured on a terminal, unless NO_COLOR is set", function()
        if not shell("script -qec true /dev/null </dev/null && echo terminal"):find("terminal", 1, true) then
            return pending("this machine has no pseudo-terminals (/dev/pts)")
        end
        local command = "TERM=xterm %s script -qec '%s operations genesys' /dev/null </dev/null"
        local coloured = shell(command:format("", child.BUILD .. "/outdial"))
        assert.truthy(coloured:find("\27[1mgenesys\27[0m", 1, true))
        assert.is_nil(shell(command:format("NO_COLOR=1", child.BUILD .. "/outdial")):find("\27", 1, true))
    end)
end)

describe("outdial call", function()
    local START = "call amazon_connect.start_outbound_voice_contact "

    it("complains about fields before it asks for options or credentials", function()
        local rows = {
            { START .. "DestinationPhoneNumber=555",
                'validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got "555"' },
            { START, "validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got nothing" },
            { START .. "DestinationPhoneNumbr=+12065550100",
                'validation /DestinationPhoneNumbr: unknown field, did you mean "DestinationPhoneNumber"?' },
            { START .. "DestinationPhoneNumber=+12065550100 RingTimeoutInSeconds=61",
                "validation /RingTimeoutInSeconds: expected an integer from 15 to 60, got 61" },
            { "call amazon_connect.place_call to=555",
                'validation /DestinationPhoneNumber: expected E.164 (+ and up to 15 digits), got "555"' },
        }
        for _, row in ipairs(rows) do
            check(row[1], "", row[2] .. "\n", 1)
        end
    end)

    it("then asks for a missing option, and says how to give it", function()
        check(START .. "DestinationPhoneNumber=+12065550100", "",
            "validation /region: expected an AWS region such as us-east-1, got nothing\n"
            .. "Try: --region VALUE, or OUTDIAL_AMAZON_CONNECT_REGION in the environment\n", 1)
    end)

    it("gives an error as JSON when asked", function()
        check(START .. "DestinationPhoneNumber=555 --json", [[
{
  "error": {
    "code": "validation",
    "message": "expected E.164 (+ and up to 15 digits), got \"555\"",
    "path": "/DestinationPhoneNumber",
    "retryable": false
  }
}
]], "", 1)
    end)

    it("refuses words that it cannot read", function()
        local rows = {
            { "call", "expected VENDOR.OPERATION" },
            { "call genesys", "expected VENDOR.OPERATION" },
            { "call genesis.dial", 'unknown vendor "genesis", did you mean "genesys"?' },
            { "call genesys.dail", 'unknown operation "dail", did you mean "dial"?' },
            { "call symbee.place_cal", 'unknown operation "place_cal", did you mean "place_call"?' },
            { START .. "Name", "expected FIELD=VALUE, got Name" },
            { START .. "=x", "expected FIELD=VALUE, got =x" },
            { START .. "Attributes:={", "Attributes: expected JSON: " },
            { START .. "Name=a Name=b", "Name is given twice" },
            { START .. "Name=a Name.x=b", "Name has a value already" },
            { START .. "--regoin x", "unknown option --regoin, did you mean --region?" },
            { START .. "--region", "--region needs a value" },
        }
        for _, row in ipairs(rows) do
            local out, err, code = outdial(row[1])
            assert.equal("", out)
            assert.equal("outdial call: " .. row[2], err:sub(1, #row[2] + 14))
            assert.equal("\nTry: outdial call --help\n", err:match("\n.*$"))
            assert.equal(2, code)
        end
    end)

    it("prints the request that it would send", function()
        check(START .. "DestinationPhoneNumber=+12065550100 ClientToken=t Attributes.plan=gold --dry-run "
            .. "--region us-east-1 --instance-id i-1 --contact_flow_id=f-1 --source-phone-number +12065550101", [[
PUT https://connect.us-east-1.amazonaws.com/contact/outbound-voice
Content-Type: application/json

{
  "Attributes": {
    "plan": "gold"
  },
  "ClientToken": "t",
  "ContactFlowId": "f-1",
  "DestinationPhoneNumber": "+12065550100",
  "InstanceId": "i-1",
  "RingTimeoutInSeconds": 25,
  "SourcePhoneNumber": "+12065550101"
}
]], "", 0)
    end)

    it("prints the request that a neutral call would be", function()
        check("call genesys.place_call to=5001 token=t-1 --dry-run --base-url http://gws --username u --password p "
            .. "--device-id d", [[
POST http://gws/api/v2/me/devices/d/calls
Content-Type: application/json

{
  "destination": {
    "phoneNumber": "5001"
  },
  "operationName": "Dial",
  "userData": {
    "outdial": "t-1"
  }
}
]], "", 0)
    end)

    it("takes options from the environment, flags first", function()
        local out, err, code = shell("OUTDIAL_AMAZON_CONNECT_REGION=eu-west-2 OUTDIAL_AMAZON_CONNECT_INSTANCE_ID=env "
            .. "$OUTDIAL " .. START .. "DestinationPhoneNumber=+12065550100 --instance-id flag --contact-flow-id f "
            .. "--source-phone-number +12065550101 --dry-run --json")
        assert.equal("", err)
        assert.equal(0, code)
        local request = require("outdial.core").from_json(out)
        assert.equal("https://connect.eu-west-2.amazonaws.com/contact/outbound-voice", request.url)
        assert.equal("flag", request.body.InstanceId)
    end)

    -- Runs commands while a mock listens; $ENDPOINT is where. Returns what they printed and the mock's own exit code.
    local function with_mock(commands, flags)
        local log, phones = os.tmpname(), os.tmpname()
        local out, err = shell(([[
            AWS_ACCESS_KEY_ID=AKIDEXAMPLE
            AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
            export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
            $OUTDIAL mock --phone-log %s %s > %s & mock=$!
            until grep -q listening %s; do kill -0 $mock || exit 1; done
            ENDPOINT=$(sed -n 's/^outdial mock listening on //p' %s)
            %s
            kill -TERM $mock; wait $mock; echo "mock $?"
        ]]):format(phones, flags or "", log, log, log, commands))
        local rang = read_file(phones)
        os.remove(log)
        os.remove(phones)
        return out, err, rang
    end

    local CONNECT = "--region us-east-1 --instance-id i-1 --contact-flow-id f-1 --source-phone-number +12065550101 "
        .. "--endpoint $ENDPOINT"

    it("sends, prints the result as JSON, and rings once", function()
        local out, err, rang = with_mock("$OUTDIAL " .. START .. "DestinationPhoneNumber=+12065550100 ClientToken=once "
            .. CONNECT .. "; echo \"call $?\"")
        assert.equal("", err)
        assert.truthy(out:find('^{\n  "ContactId": "[%x-]+"\n}\ncall 0\nmock 0\n$'), out)
        assert.truthy(rang:find('^{"vendor":"amazon_connect","to":"%+12065550100","token":"once",[^\n]*\n$'), rang)
    end)

    it("places a call the same way at every vendor", function()
        local out, err, rang = with_mock("$OUTDIAL call amazon_connect.place_call to=+12065550100 token=t-1 "
            .. "attributes.plan=gold " .. CONNECT .. "; echo \"call $?\"")
        assert.equal("", err)
        local tail = '\n  "state": "placed",\n  "to": "+12065550100",\n  "token": "t-1",\n'
            .. '  "vendor": "amazon_connect"\n}\ncall 0\nmock 0\n'
        assert.equal(tail, out:sub(-#tail))
        local _, count = rang:gsub("\n", "")
        assert.equal(1, count)
    end)

    it("exits 1 with the vendor's error", function()
        local out, err, rang = with_mock("$OUTDIAL " .. START .. "DestinationPhoneNumber=+8502065550 " .. CONNECT
            .. "; echo \"call $?\"")
        assert.equal("rejected: DestinationNotAllowedException: ", err:match("^rejected: %a+: "))
        assert.equal("call 1\nmock 0\n", out)
        assert.equal("", rang)
    end)
end)

describe("outdial mock", function()
    it("refuses flags that it cannot read", function()
        local rows = {
            { "--listen 8080", "--listen: expected ADDR:PORT, got 8080" },
            { "--listen 127.0.0.1:70000", "--listen: expected ADDR:PORT, got 127.0.0.1:70000" },
            { "--latency fast", "--latency: expected milliseconds, got fast" },
            { "--rate maybe", "--rate: expected on or off, got maybe" },
            { "--seed x", "--seed: expected a whole number, got x" },
            { "--speed 0", "--speed: expected a number above 0, got 0" },
            { "--speed fast", "--speed: expected a number above 0, got fast" },
            { "--token-after-disconnect x", "--token-after-disconnect: expected new_contact or same_contact, got x" },
            { "--fault throttle", '--fault: expected KIND=RATE, got "throttle"' },
        }
        for _, row in ipairs(rows) do
            check("mock " .. row[1], "", "outdial mock: " .. row[2] .. "\nTry: outdial mock --help\n", 2)
        end
    end)

    it("fails where it cannot listen", function()
        check("mock --listen nowhere:80", "",
            "outdial mock: cannot listen on nowhere: expected an IPv4 or IPv6 address\n", 1)
        check("mock --phone-log /no/such/folder/log", "",
            "outdial mock: /no/such/folder/log: No such file or directory\n", 1)
    end)

    it("says what to install where libmicrohttpd is not", function()
        -- An empty file of its name is found first and is no library.
        local out, err, code = shell([[
            folder=$(mktemp -d) && : > $folder/libmicrohttpd.so.12
            LD_LIBRARY_PATH=$folder $OUTDIAL mock; code=$?
            rm -r $folder; (exit $code)
        ]])
        assert.equal("", out)
        assert.equal("outdial mock: libmicrohttpd is not installed (apt-get install libmicrohttpd12)\n", err)
        assert.equal(1, code)
    end)

    it("ends with 0 at the first signal", function()
        for _, name in ipairs { "INT", "TERM" } do
            local out, err = shell(([[
                exec 3>&1
                { sh -c 'trap - INT; exec "$0" mock' $OUTDIAL & mock=$!; echo "pid $mock"
                  wait $mock; echo "code $?"; } |
                while read -r first rest; do
                    case $first in pid) pid=$rest ;; outdial) kill -%s $pid; echo "$first ${rest%%:*}" >&3 ;;
                    *) echo "$first $rest" >&3 ;; esac
                done
            ]]):format(name))
            assert.equal("", err)
            assert.equal("outdial mock listening on http://127.0.0.1\ncode 0\n", out)
        end
    end)
end)
