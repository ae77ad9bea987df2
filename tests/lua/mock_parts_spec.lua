-- The mock's small parts: JSON, times, randomness, rate, faults, phone log, settings.

local faults = require("mock.faults")
local json = require("mock.json")
local phone_log = require("mock.phone_log")
local random = require("mock.random")
local rate = require("mock.rate")
local settings = require("mock.settings")
local times = require("mock.times")

describe("mock.json", function()
    local same = {
        '{"b":1,"a":[1,2,[]],"c":{}}', "[]", "{}", "true", "null", '"x"', "-0.5e+3", "9007199254740991",
        "9007199254740993", "123456789012345", '{"a":null,"b":false}', '["\\u0001\\"\\\\\\n"]',
            '"\195\164\226\130\172"',
    }
    for _, text in ipairs(same) do
        it("reads and writes " .. text, function()
            assert.equal(text, json.encode(assert(json.decode(text))))
        end)
    end

    local refused = {
        { "", "a malformed value at byte 1" },
        { "{", "expected a key at byte 2" },
        { '{"a":1,}', "expected a key at byte 8" },
        { '{"a" 1}', "expected : at byte 6" },
        { '{"a":1 "b":2}', "expected , or } at byte 8" },
        { '{"a":1,"a":1}', 'the key "a" twice at byte 8' },
        { '{"a":1,"\\u0061":1}', 'the key "a" twice at byte 8' },
        { "[1 2]", "expected , or ] at byte 4" },
        { "[01]", "a malformed value at byte 2" },
        { "[1.]", "a malformed value at byte 2" },
        { "[+1]", "a malformed value at byte 2" },
        { "[NaN]", "a malformed value at byte 2" },
        { "[0x10]", "expected , or ] at byte 3" },
        { '"abc', "a string without an end at byte 1" },
        { '"a\nb"', "a control character in a string at byte 3" },
        { '"\\q"', "a string with a bad escape at byte 1" },
        { "{} {}", "text after the end at byte 4" },
        { '"\255"', "not UTF-8" },
        { '"\192\128"', "not UTF-8" },
        { '"\237\160\128"', "not UTF-8" },
        { ("["):rep(65), "nesting deeper than 64 at byte 65" },
    }
    for index, row in ipairs(refused) do
        it("refuses row " .. index .. ": " .. row[2], function()
            local value, message = json.decode(row[1])
            assert.is_nil(value)
            assert.equal(row[2], message)
        end)
    end

    it("tells types apart that look alike", function()
        local value = json.decode('[25, 25.0, 1e2, "25", true, null, {}, [], 9007199254740993]')
        local kinds = {}
        for index = 1, 9 do
            kinds[index] = json.type(value[index])
        end
        assert.same({ "integer", "number", "number", "string", "boolean", "null", "object", "array", "number" }, kinds)
        assert.is_nil(json.type(nil))
    end)

    it("decodes escapes", function()
        assert.equal('a"\195\164\240\159\152\128', json.decode('"a\\"\\u00e4\\ud83d\\ude00"'))
    end)

    it("counts characters, not bytes", function()
        assert.equal(3, json.length("a\195\164\240\159\152\128"))
    end)
end)

describe("mock.times", function()
    local rows = {
        { 1440938160000, "20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT", "2015-08-30T12:36:00.000Z" },
        { 951782399999, "20000228T235959Z", "Mon, 28 Feb 2000 23:59:59 GMT", "2000-02-28T23:59:59.999Z" },
        { 951782400000, "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00.000Z" },
        { 0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z" },
        { 4107542400000, "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00.000Z" },
    }
    for _, row in ipairs(rows) do
        it("spells " .. row[4], function()
            assert.equal(row[2], times.amz(row[1]))
            assert.equal(row[3], times.http(row[1]))
            assert.equal(row[4], times.iso(row[1]))
            assert.equal(row[1], times.parse_iso(row[4]))
            assert.equal(math.floor(row[1] / 1000) * 1000, times.parse_amz(row[2]))
        end)
    end

    it("spells Symbee's form", function()
        assert.equal("2021-11-05 14:15:00.000", times.symbee(1636121700000))
    end)

    for _, text in ipairs({ "20150830T1236Z", "20151330T123600Z", "20150229T000000Z", "20150830T240000Z", "" }) do
        it("refuses " .. text .. " as AWS's form", function()
            assert.is_nil(times.parse_amz(text))
        end)
    end

    it("reads offsets", function()
        assert.equal(1440938160000, times.parse_iso("2015-08-30T14:36:00+02:00"))
        assert.equal(1440938160000, times.parse_iso("2015-08-30T07:06:00-0530"))
    end)

    for _, text in ipairs({ "2015-08-30", "2015-08-30T12:36:00", "2015-08-30 12:36:00Z",
        "2015-08-30T12:36:00+25:00" }) do
        it("refuses " .. text .. " as ISO 8601 with a zone", function()
            assert.is_nil(times.parse_iso(text))
        end)
    end
end)

describe("mock.random", function()
    it("gives the same numbers for the same seed on every Lua", function()
        local draw = random.new(42)
        local numbers = {}
        for index = 1, 3 do
            numbers[index] = string.format("%.9f", draw())
        end
        assert.same({ "0.524587102", "0.735423532", "0.263305541" }, numbers)
    end)

    it("makes version 4 UUIDs", function()
        local draw = random.new(7)
        for _ = 1, 50 do
            assert.truthy(random.uuid(draw):find("^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$"))
            assert.equal(36, #random.uuid(draw))
        end
    end)
end)

describe("mock.rate", function()
    it("lets a burst through and then so many per second", function()
        local limiter, passed = rate.new(2, 5), 0
        for _ = 1, 10 do
            passed = passed + (limiter.take("a", 1000) and 1 or 0)
        end
        assert.equal(5, passed)
        assert.is_false(limiter.take("a", 1499))
        assert.is_true(limiter.take("a", 1500))
        assert.is_false(limiter.take("a", 1500))
        assert.is_true(limiter.take("a", 2000))
    end)

    it("counts nothing for a refusal, keeps keys apart, and bears a clock that steps back", function()
        local limiter = rate.new(1, 1)
        assert.is_true(limiter.take("a", 1000))
        assert.is_true(limiter.take("b", 1000))
        assert.is_false(limiter.take("a", 500))
        assert.is_false(limiter.take("a", 1999))
        assert.is_true(limiter.take("a", 2000))
    end)
end)

describe("mock.faults", function()
    it("reads rates", function()
        assert.same({ drop_after = 0.25, hang = 1 - 0.25 }, faults.parse("drop_after=0.25,hang=0.75"))
    end)

    local refused = {
        { "drop", 'expected KIND=RATE, got "drop"' },
        { "drop=0.1", 'unknown fault "drop" (one of throttle, error_500, drop_before, drop_after, hang, garbage)' },
        { "hang=2", 'hang: expected a rate from 0 to 1, got "2"' },
        { "hang=0.1.2", 'hang: expected a rate from 0 to 1, got "0.1.2"' },
        { "hang=0.1,hang=0.1", 'the fault "hang" twice' },
        { "hang=0.6,garbage=0.6", "the rates add up to more than 1" },
    }
    for _, row in ipairs(refused) do
        it("refuses " .. row[1], function()
            local rates, message = faults.parse(row[1])
            assert.is_nil(rates)
            assert.equal(row[2], message)
        end)
    end

    it("comes as often as asked for, the same for the same seed", function()
        local function run(seed)
            local next_fault, list, counts = faults.new({ throttle = 0.1, hang = 0.3 }, seed), {}, {}
            for index = 1, 2000 do
                local kind = next_fault() or "none"
                list[index] = kind
                counts[kind] = (counts[kind] or 0) + 1
            end
            return table.concat(list, " "), counts
        end
        local first, counts = run(1)
        assert.equal(first, (run(1)))
        assert.are_not.equal(first, (run(2)))
        assert.truthy(math.abs(counts.throttle - 200) < 50)
        assert.truthy(math.abs(counts.hang - 600) < 80)
        assert.is_nil(counts.garbage)
    end)
end)

describe("mock.phone_log", function()
    it("appends a line per ring and flushes each", function()
        local written, flushed = {}, 0
        local file = {
            write = function(self, ...)
                written[#written + 1] = table.concat({ ... })
                return self
            end,
            flush = function()
                flushed = flushed + 1
                return true
            end,
        }
        local log = phone_log.new(file)
        log.ring({ vendor = "genesys", to = "+15551234", token = 'a"b' }, 1440938160123.5)
        log.ring({ vendor = "genesys", to = "5001", token = "" }, 1440938160124)
        assert.same({
            '{"vendor":"genesys","to":"+15551234","token":"a\\"b","at_ms":1440938160123}\n',
            '{"vendor":"genesys","to":"5001","token":"","at_ms":1440938160124}\n',
        }, written)
        assert.equal(2, flushed)
        assert.same({ genesys = 2 }, log.counts)
        assert.equal(2, log.total)
    end)

    it("raises when a ring cannot be written", function()
        local log = phone_log.new({ write = function()
            return nil, "No space left on device"
        end })
        assert.has_error(function()
            log.ring({ vendor = "genesys", to = "1", token = "" }, 0)
        end, "No space left on device")
    end)

    it("says when its file cannot be opened", function()
        local log, message = phone_log.open("/nonexistent/phones.jsonl")
        assert.is_nil(log)
        assert.equal("/nonexistent/phones.jsonl: No such file or directory", message)
    end)
end)

describe("mock.settings", function()
    it("merges groups, takes lists and named things whole", function()
        local new = settings.new({ contacts = { ring_ms = 5 }, ccai = { menus = { ["3"] = { name = "x" } } } })
        assert.equal(5, new.contacts.ring_ms)
        assert.equal(6000, new.contacts.talk_ms)
        assert.same({ ["3"] = { name = "x" } }, new.ccai.menus)
        assert.equal("acme", new.ccai.username)
        assert.equal(4000, settings.new().contacts.ring_ms)
    end)

    it("refuses a name it does not know", function()
        local ok, message = pcall(function()
            settings.new({ contacts = { rings_ms = 5 } })
        end)
        assert.is_false(ok)
        assert.truthy(message:find("mock_parts_spec%.lua:%d+: unknown setting contacts%.rings_ms$"))
    end)
end)
