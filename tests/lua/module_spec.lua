-- The public module: its names, and what the core tells about vendors.

local core = require "outdial.core"
local outdial = require "outdial"

describe("outdial", function()
    it("has the names that scripts are written against", function()
        for _, name in ipairs { "run", "spawn", "sleep", "each", "stop", "stopping", "check", "client", "attach",
            "define_vendor",
            "amazon_connect", "genesys", "ccai_platform", "symbee" } do
            assert.equal("function", type(outdial[name]), name)
        end
        assert.equal("outdial 0.1.0", outdial._VERSION)
        assert.equal(core.null, outdial.null)
        for _, name in ipairs { "fd", "timeout", "step", "pending" } do
            assert.equal("function", type(outdial.engine[name]), name)
        end
    end)

    it("raises for a name it does not have, at the caller's line", function()
        local line = debug.getinfo(1, "l").currentline + 1
        local ok, problem = pcall(function() return outdial.spwan end)
        assert.is_false(ok)
        local here = debug.getinfo(1, "S").short_src
        assert.equal(('%s:%d: outdial has no "spwan", did you mean "spawn"?'):format(here, line), problem)
        assert.has_error(function() return outdial.jsn end)
        assert.is_nil(outdial.__index)
    end)

    it("runs a task that sleeps, without a client", function()
        assert.equal("done", outdial.run(function() outdial.sleep(0) return "done" end))
        assert.is_true(outdial.sleep(0))
        assert.is_false(outdial.stopping())
    end)
end)

describe("outdial.json", function()
    it("encodes and decodes", function()
        assert.equal('{"a":[1,true,null]}', outdial.json.encode { a = { 1, true, outdial.json.null } })
        assert.same({ a = { 1, true, outdial.null } }, outdial.json.decode('{"a":[1,true,null]}'))
    end)

    it("returns nil and an error for what is bad", function()
        local value, err = outdial.json.decode("{")
        assert.is_nil(value)
        assert.equal("validation", err.code)
        assert.matches("^validation: Expected object key string", tostring(err))
        value, err = outdial.json.encode(print)
        assert.is_nil(value)
        assert.equal("validation: Cannot serialise function: type not supported", tostring(err))
    end)

    it("leaves the shared instance of cjson alone", function()
        assert.not_equal(require("cjson").encode, outdial.json.encode)
    end)
end)

describe("the core", function()
    it("lists the vendors, their operations and options", function()
        local names = {}
        for i, vendor in ipairs(core.vendors()) do
            names[i] = vendor.name
            assert.equal("string", type(vendor.title))
            for _, operation in ipairs(core.operations(vendor.name)) do
                local described = core.describe(vendor.name, operation)
                assert.equal(operation, described.name)
                assert.equal("boolean", type(described.rings))
                assert.equal("string", type(described.summary))
                assert.is_true(#described.fields > 0 or next(described.fields) == nil)
                assert.same(described, core.describe(vendor.name, described.vendor_name))
            end
            assert.is_true(#core.options(vendor.name) > 3)
        end
        assert.same({ "amazon_connect", "genesys", "ccai_platform", "symbee" }, names)
    end)

    it("raises for what it does not know, and finds the nearest", function()
        assert.has_error(function() core.operations("zzz") end, 'unknown vendor "zzz"')
        assert.has_error(function() core.options("zzz") end, 'unknown vendor "zzz"')
        assert.has_error(function() core.describe("genesys", "zzz") end, 'unknown operation "zzz"')
        assert.equal("genesys", core.did_you_mean(nil, "gensys"))
        assert.equal("dial", core.did_you_mean("genesys", "dail"))
        assert.is_nil(core.did_you_mean(nil, "zzzzzz"))
        assert.equal("b", core.nearest("B", { "a", "b" }))
        assert.is_nil(core.nearest("zzz", {}))
    end)

    it("hashes", function()
        assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.hex(core.sha256("")))
        assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.hex(core.sha256("abc")))
        assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            core.hex(core.hmac_sha256("Jefe", "what do ya want for nothing?")))
        assert.equal("00ff10", core.hex("\0\255\16"))
        assert.equal(16, #core.random(16))
        assert.not_equal(core.random(16), core.random(16))
        assert.equal("", core.random(0))
        assert.has_error(function() core.random(-1) end)
        assert.has_error(function() core.random(65537) end)
    end)

    it("has the server of the mock vendors in the same file", function()
        assert.equal("function", type(require("outdial.httpd").listen))
    end)
end)
