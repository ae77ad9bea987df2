-- What the commands are made of: reading FIELD=VALUE words and flags, aligned columns, indented JSON.

local columns = require "outdial.commands.columns"
local core = require "outdial.core"
local fields = require "outdial.commands.fields"
local json = require "outdial.commands.json"
local options = require "outdial.commands.options"

local DESCRIBED = {
    { name = "Text", type = "string" },
    { name = "Count", type = "integer" },
    { name = "Part", type = "number" },
    { name = "Flag", type = "boolean" },
    { name = "Any", type = "any" },
    { name = "List", type = "list of string" },
    { name = "Map", type = "map of string" },
    { name = "Counts", type = "map of integer" },
    { name = "Dotted.Name", type = "integer" },
    { name = "Inner", type = "object", fields = {
        { name = "Count", type = "integer" },
        { name = "Deep", type = "object", fields = { { name = "Flag", type = "boolean" } } },
    } },
    { name = "Notes", type = "map of object", fields = { { name = "Size", type = "integer" } } },
    { name = "kind", type = "string", kinds = {
        { value = "a", fields = { { name = "kind", type = "string" }, { name = "OnlyA", type = "integer" } } },
        { value = "b", fields = { { name = "kind", type = "string" }, { name = "OnlyB", type = "boolean" } } },
    } },
}

describe("a FIELD=VALUE word", function()
    local rows = {
        { { "Text=+15551234567" }, { Text = "+15551234567" } },
        { { "Text=12" }, { Text = "12" } },
        { { "Text=a=b" }, { Text = "a=b" } },
        { { "Text=" }, { Text = "" } },
        { { "Text=true" }, { Text = "true" } },
        { { "Count=12" }, { Count = 12 } },
        { { "Count=-1" }, { Count = -1 } },
        { { "Count=twelve" }, { Count = "twelve" } },
        { { "Count=0x10" }, { Count = "0x10" } },
        { { "Count=1e3" }, { Count = "1e3" } },
        { { "Part=0.5" }, { Part = 0.5 } },
        { { "Flag=true" }, { Flag = true } },
        { { "Flag=false" }, { Flag = false } },
        { { "Flag=yes" }, { Flag = "yes" } },
        { { "Any=5" }, { Any = 5 } },
        { { "Any=+5" }, { Any = "+5" } },
        { { "Any=[1]" }, { Any = { 1 } } },
        { { "Any=null" }, { Any = "null" } },
        { { "Any=false" }, { Any = false } },
        { { 'List=["a","b"]' }, { List = { "a", "b" } } },
        { { "List=a" }, { List = "a" } },
        { { "Map.a=1", "Map.b.c=2" }, { Map = { a = "1", ["b.c"] = "2" } } },
        { { 'Map={"a":"1"}' }, { Map = { a = "1" } } },
        { { "Counts.a=1" }, { Counts = { a = 1 } } },
        { { "Dotted.Name=3" }, { ["Dotted.Name"] = 3 } },
        { { "Inner.Count=1", "Inner.Deep.Flag=true" }, { Inner = { Count = 1, Deep = { Flag = true } } } },
        { { "Notes.one.Size=1", "Notes.two.Size=2" }, { Notes = { one = { Size = 1 }, two = { Size = 2 } } } },
        { { 'Notes.one={"Size":1}' }, { Notes = { one = { Size = 1 } } } },
        { { "OnlyA=1", "OnlyB=true", "kind=a" }, { OnlyA = 1, OnlyB = true, kind = "a" } },
        { { "Unknown=x" }, { Unknown = "x" } },
        { { "Unknown.x=1" }, { Unknown = { x = 1 } } },
        { { 'Text:="quoted"' }, { Text = "quoted" } },
        { { "Text:=5" }, { Text = 5 } },
        { { "Inner:={\"Count\":2}" }, { Inner = { Count = 2 } } },
        { { "Inner.Count:=3" }, { Inner = { Count = 3 } } },
    }
    for _, row in ipairs(rows) do
        it(table.concat(row[1], " "), function()
            local target = {}
            for _, word in ipairs(row[1]) do
                assert.is_true(fields.read(target, DESCRIBED, word))
            end
            assert.same(row[2], target)
        end)
    end

    local refused = {
        { { "Text" }, "expected FIELD=VALUE, got Text" },
        { { "=1" }, "expected FIELD=VALUE, got =1" },
        { { ":=1" }, "expected FIELD=VALUE, got :=1" },
        { { "Text=a", "Text=b" }, "Text is given twice" },
        { { "Inner=a", "Inner.Count=1" }, "Inner has a value already" },
        { { "Inner.Count=1", "Inner.Count=1" }, "Inner.Count is given twice" },
    }
    for _, row in ipairs(refused) do
        it(table.concat(row[1], " ") .. " is refused", function()
            local target, ok, message = {}, nil, nil
            for _, word in ipairs(row[1]) do
                ok, message = fields.read(target, DESCRIBED, word)
            end
            assert.is_nil(ok)
            assert.equal(row[2], message)
        end)
    end

    it("says where its JSON is wrong", function()
        local ok, message = fields.read({}, DESCRIBED, "Text:=[1,")
        assert.is_nil(ok)
        assert.equal("Text: expected JSON: ", message:sub(1, 21))
    end)
end)

describe("flags", function()
    local COMMAND = { name = "c", flags = { { "on", nil, "" }, { "value", "V", "", default = "d" } } }
    local FREE = { name = "c", flags = COMMAND.flags, rest_is_free = true }
    local OTHER = { name = "c", flags = COMMAND.flags, other_flags = true }

    local rows = {
        { COMMAND, {}, { value = "d", other = {} } },
        { COMMAND, { "a", "--on", "b" }, { "a", "b", on = true, value = "d", other = {} } },
        { COMMAND, { "--value", "--on" }, { value = "--on", other = {} } },
        { COMMAND, { "--value=x=y" }, { value = "x=y", other = {} } },
        { COMMAND, { "--value=" }, { value = "", other = {} } },
        { COMMAND, { "-", "--", "--on" }, { "-", "--on", value = "d", other = {} } },
        { COMMAND, { "-h" }, { help = true, value = "d", other = {} } },
        { FREE, { "--on", "file", "--on", "-x" }, { "file", "--on", "-x", on = true, value = "d", other = {} } },
        { OTHER, { "--key", "v", "--other.key=w", "x" },
            { "x", value = "d", other = { { name = "key", value = "v" }, { name = "other.key", value = "w" } } } },
    }
    for i, row in ipairs(rows) do
        it("row " .. i, function()
            assert.same(row[3], options.parse(row[1], row[2]))
        end)
    end

    local refused = {
        { COMMAND, { "--valu" }, "unknown option --valu, did you mean --value?" },
        { COMMAND, { "--quite-another" }, "unknown option --quite-another" },
        { COMMAND, { "-o" }, "unknown option -o" },
        { COMMAND, { "--on=1" }, "--on takes no value" },
        { COMMAND, { "--value" }, "--value needs V" },
        { OTHER, { "--key" }, "--key needs a value" },
    }
    for _, row in ipairs(refused) do
        it(row[2][1] .. " is refused", function()
            assert.same({ nil, row[3] }, { options.parse(row[1], row[2]) })
        end)
    end
end)

describe("columns", function()
    it("are aligned, the last one wrapped", function()
        assert.equal(table.concat({
            "a   bb  some words that go on and on",
            "        until they end",
            "cc      short",
            "",
        }, "\n"), columns.layout({
            { "a", "bb", "some words that go on and on until they end" },
            { "cc", "", "short" },
        }, 38))
    end)

    it("do not grow for one cell that is too wide", function()
        assert.equal(table.concat({
            "a  x",
            "a long cell",
            "   y",
            "",
        }, "\n"), columns.layout({ { "a", "x" }, { "a long cell", "y" } }, 80, { 3 }))
    end)

    it("leave no blanks at line ends and may be none", function()
        assert.equal("a\n", columns.layout({ { "a", "" } }, 80))
        assert.equal("", columns.layout({}, 80))
    end)
end)

describe("indented JSON", function()
    it("has its keys in order and its lists where they are described", function()
        local text = '{\n  "a": [\n    1,\n    {\n      "x": true\n    }\n  ],\n'
            .. '  "b": [],\n  "c": {},\n  "d": "\\"\\n"\n}'
        assert.equal(text, json.pretty({ d = '"\n', a = { 1, { x = true } }, b = {}, c = {} },
            { { name = "b", type = "list of string" }, { name = "c", type = "map of string" } }))
    end)

    it("reads back as what it was", function()
        local value = { number = 123456789012345, half = 0.5, text = "a/\\\"", list = { 1, 2, { deep = { "x" } } } }
        assert.same(value, core.from_json(json.pretty(value)))
    end)

    it("tells an empty list from an empty object", function()
        assert.equal("[]", json.pretty_list({}))
        assert.equal("{}", json.pretty({}))
        assert.equal("null", json.pretty(core.null))
    end)
end)
