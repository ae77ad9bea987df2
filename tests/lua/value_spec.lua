-- Lua values to the core and back: what survives, what changes, what is refused and with which words.

local core = require "outdial.core"
local memory = require "memory"

local has_integers = math.type ~= nil -- luacheck: ignore 143

-- "integer", "float" or what type() says
local function kind(value)
    return has_integers and math.type(value) or type(value) -- luacheck: ignore 143
end

local function nested(levels)
    local value = "x"
    for _ = 1, levels do value = { value } end
    return value
end

describe("a value", function()
    it("comes back as it was", function()
        local rows = {
            "text", "", "größe €", true, false, 0, 1, -1, 1.5, -2.25, 1e300, {}, { 1, 2, 3 }, { "a", { "b" } },
            { a = 1, b = { c = "d" }, e = { 1, { f = true } } }, nested(64),
        }
        for _, value in ipairs(rows) do
            local back, err = core.round_trip(value)
            assert.is_nil(err)
            assert.same(value, back)
        end
        assert.same(false, (core.round_trip(false)))
    end)

    it("is kept as the core has it, and handed over again and again", function()
        local given = { ends = { kind = "busy" }, list = { 1, "two" } }
        local kept = assert(core.value(given))
        given.ends.kind = "changed since"
        for _ = 1, 2 do
            assert.same({ { ends = { kind = "busy" }, list = { 1, "two" } }, "busy" },
                { core.round_trip(kept), core.round_trip { kept:get "ends" }[1].kind })
        end
        local value, err = core.value { run = print }
        assert.same({ nil, "validation /run: expected what JSON can hold, got a function" }, { value, tostring(err) })
    end)

    it("is JSON with its keys in alphabetical order, however it was filled", function()
        local rows = {
            { { b = 1, a = 2, c = { z = true, y = false } }, '{"a":2,"b":1,"c":{"y":false,"z":true}}' },
            { {}, "{}" },
            { { {}, {} }, "[{},{}]" },
            { { 1, core.null, 3 }, "[1,null,3]" },
            { core.null, "null" },
            { { a = core.null }, '{"a":null}' },
            { 'a"b\\c\n', '"a\\"b\\\\c\\n"' },
            { 3.0, "3" },
            { -0.5, "-0.5" },
            { 2 ^ 53, "9007199254740992" },
            { 123456789012345, "123456789012345" },
            { 1764000000123456, "1764000000123456" },
        }
        for _, row in ipairs(rows) do
            assert.equal(row[2], core.to_json(row[1]))
        end
    end)

    it("keeps more members than fit on the stack, in order", function()
        local value, expected = {}, {}
        for i = 1, 1000 do
            local key = ("k%04d"):format(i)
            value[key] = i
            expected[i] = ('"%s":%d'):format(key, i)
        end
        assert.equal("{" .. table.concat(expected, ",") .. "}", core.to_json(value))
    end)

    it("keeps whole numbers whole", function()
        assert.equal(has_integers and "integer" or "number", kind(core.round_trip(3.0)))
        assert.equal(has_integers and "float" or "number", kind(core.round_trip(3.5)))
        assert.equal("15551234567", ("%.0f"):format(core.from_json("15551234567")))
    end)

    it("of more than 53 bits is an integer where Lua has integers, else a decimal string", function()
        local texts = { "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808" }
        for _, text in ipairs(texts) do
            local value = assert(core.from_json("[" .. text .. "]"))[1]
            assert.equal(has_integers and "integer" or "string", kind(value))
            assert.equal(text, tostring(value))
        end
        assert.equal("number", type(core.from_json("[9007199254740992]")[1]))
        if has_integers then assert.equal("[9223372036854775807]", core.to_json { math.maxinteger }) end -- luacheck: ignore
    end)

    it("null is absent in an object and core.null in a list", function()
        assert.same({ b = 1 }, core.from_json('{"a":null,"b":1}'))
        assert.same({ 1, core.null, 2 }, core.from_json("[1,null,2]"))
        assert.equal(core.null, core.from_json("null"))
        assert.equal(core.null, require("cjson").null)
    end)

    it("may appear twice in a tree, as long as no table contains itself", function()
        local shared = { 1 }
        assert.equal('{"a":[1],"b":[1]}', core.to_json { a = shared, b = shared })
    end)
end)

describe("a value is refused", function()
    local cycle = { a = {} }
    cycle.a.b = { cycle }
    local JSON = "expected what JSON can hold, got a "
    local LIST = "expected a list with keys 1 to n, got a table with gaps or other keys"
    local KEYS = "expected keys of UTF-8 text without zero bytes, got other bytes"
    local rows = {
        { "a function", { a = { b = print } }, "/a/b", JSON .. "function" },
        { "a coroutine", { coroutine.create(function() end) }, "/0", JSON .. "thread" },
        { "a userdata", { x = io.stdout }, "/x", JSON .. "userdata" },
        { "both kinds of keys", { x = { 1, 2, a = 3 } }, "/x",
            "expected an object or a list, got a table with both kinds of keys" },
        { "a gap", { list = { [1] = 1, [3] = 3 } }, "/list", LIST },
        { "a list from 0", { [0] = 1 }, "", LIST },
        { "a fraction as a key", { [1.5] = 1 }, "", LIST },
        { "a boolean as a key", { x = { [true] = 1 } }, "/x", "expected keys of text, got a boolean" },
        { "a key with a zero byte", { ["a\0b"] = 1 }, "", KEYS },
        { "a key that is not UTF-8", { ["\255"] = 1 }, "", KEYS },
        { "text with a zero byte", { x = "a\0b" }, "/x", "expected text without zero bytes, got some" },
        { "text that is not UTF-8", { x = "\200" }, "/x", "expected UTF-8 text, got other bytes" },
        { "an overlong sequence", { x = "\192\128" }, "/x", "expected UTF-8 text, got other bytes" },
        { "a surrogate", { x = "\237\160\128" }, "/x", "expected UTF-8 text, got other bytes" },
        { "nan", { x = { 0 / 0 } }, "/x/0", "expected a number, got nan" },
        { "infinity", { x = -1 / 0 }, "/x", "expected a number, got infinity" },
        { "a cycle", cycle, "/a/b/0", "expected a tree, got a table that contains itself" },
        { "escaped keys in its path", { ["a/b"] = { ["c~d"] = print } }, "/a~1b/c~0d", JSON .. "function" },
        { "a member after a good one", { a = 1, b = { 1, 2, print } }, "/b/2", JSON .. "function" },
    }
    for _, row in ipairs(rows) do
        it("with " .. row[1], function()
            local value, err = core.round_trip(row[2])
            assert.is_nil(value)
            assert.equal("validation", err.code)
            assert.equal(row[3], err.path or "")
            assert.equal(row[4], err.message)
        end)
    end

    it("when it is nested too deep", function()
        local value, err = core.round_trip(nested(65))
        assert.is_nil(value)
        assert.equal("expected at most 64 levels of nesting, got more", err.message)
        assert.equal(("/0"):rep(64), err.path)
    end)

    it("and reading it again and again takes no memory", function()
        local bad = { a = { b = { 1, 2, { c = "x", d = print } } } }
        for _ = 1, 2000 do core.round_trip(bad) end
        local before = memory.kept()
        for _ = 1, 2000 do core.round_trip(bad) end
        assert.is_true(memory.kept() < before + 16)
    end)
end)

describe("JSON text", function()
    it("that is none is nil and an error with its place", function()
        local value, err = core.from_json('{"a":}')
        assert.is_nil(value)
        assert.equal("protocol", err.code)
        assert.matches("line 1", err.message, 1, true)
    end)
end)
