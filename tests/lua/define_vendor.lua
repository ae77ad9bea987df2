-- What define_vendor_spec.lua runs in a process of its own: `define_vendor.lua call|misuse` prints ok.
local outdial = require "outdial"
local httpd = require "outdial.httpd"
local assert = require "luassert"
local THIS = debug.getinfo(1, "S").short_src

local function description(name, more)
    local made = {
        name = name, title = "Acme Dialer", base_url = "https://{tenant}.acme.example",
        options = {
            { name = "tenant", type = "string", required = true },
            { name = "api_key", type = "string", required = true, sensitive = true },
        },
        authorization = { type = "header", header = "Authorization", option = "api_key", prefix = "Bearer " },
        operations = {
            { name = "start_call", method = "POST", path = "/v1/calls", summary = "calls a number", rings = true,
              fields = { { name = "phone", type = "string", check = "e164", required = true } },
              result = { { name = "id", type = "integer", required = true } } },
        },
        errors = { { vendor_code = "BUSY", code = "rejected", placement = "not_placed", retryable = true } },
        answers = { vendor_code = "/code", message = "/text" },
        place = { operation = "start_call", to = "phone", id = "/id", state = "placed" },
    }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
end

local tests = {}

-- Runs fn(endpoint, seen) with a server that refuses to call ...0102; the requests that came are in seen.
local function with_server(fn)
    local server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
    outdial.run(function()
        local seen = {}
        outdial.daemon(function()
            while outdial.await(outdial.engine:await(server:fd())) do
                local list = server:step()
                while list[1] do
                    for _, request in ipairs(list) do
                        seen[#seen + 1] = request
                        local busy = request.body:find("0102", 1, true)
                        request:respond(busy and 422 or 201, { { "Content-Type", "application/json" } },
                            busy and '{"code":"BUSY","text":"later"}' or '{"id":77}')
                    end
                    list = server:step()
                end
            end
        end)
        fn(("http://127.0.0.1:%d"):format(server:port()), seen)
    end)
    server:close()
end

function tests.call()
    local make = outdial.define_vendor(description("acme"))
    assert.equal(make, outdial.acme)
    with_server(function(endpoint, seen)
        local client = make { tenant = "t", api_key = "s3cret", endpoint = endpoint, retry = false }
        assert.equal("outdial client of acme", tostring(client))
        local call = assert(client:place_call { to = "+12065550101", token = "t-1" })
        assert.same({ id = "77", state = "placed", vendor = "acme", token = "t-1", to = "+12065550101",
            response = { id = 77 } }, call)
        assert.equal('{"phone":"+12065550101"}', seen[1].body)
        assert.equal("POST /v1/calls", seen[1].method .. " " .. seen[1].path)
        local _, err = client:start_call { phone = "+12065550102" }
        assert.equal("rejected: BUSY: later", tostring(err))
        assert.equal("not_placed", err.placement)
        assert.is_true(err.retryable)
        _, err = client:start_call { phone = "555" }
        assert.equal('validation /phone: expected E.164 (+ and up to 15 digits), got "555"', tostring(err))
        assert.same({ url = endpoint .. "/v1/calls", body = { phone = "+12065550101" }, method = "POST",
            headers = { ["Content-Type"] = "application/json" } },
            client:prepare("start_call", { phone = "+12065550101" }))
        local facts = assert(client:prepare_placing { to = "+12065550101", token = "t-2" }):facts()
        assert.same({ "acme", "acme acme" }, { facts.account, facts.bucket }) -- a rate is not that of another vendor
        client:close()
    end)
end

-- Calls two people through it, and returns the figures.
local function campaign(client)
    local store = os.tmpname()
    os.remove(store)
    local people = {}
    for i = 1, 2 do people[i] = { no = tostring(i), phone = "+120655501" .. 10 + i, zone = "America/New_York" } end
    local figures = assert(require("outdial.runner").run(outdial.campaign {
        name = "acme", store = store, vendors = { acme = client }, hours = { every_day = "00:00-24:00" }, track = false,
        contacts = outdial.contacts.list(people, { id = "no", numbers = { "phone" }, zone = "zone", country = "US" }),
    }))
    for _, suffix in ipairs { "", "-wal", "-shm", ".lock" } do os.remove(store .. suffix) end
    return figures
end

function tests.campaign()
    local make = outdial.define_vendor(description("acme"))
    with_server(function(endpoint, seen)
        local client = make { tenant = "t", api_key = "s3cret", endpoint = endpoint, retry = false }
        local figures = campaign(client)
        assert.same({ 0, 2, 2 }, { figures.exit_code, figures.contacts.done, #seen })
        client:close()
    end)
end

-- R6: its vendor rings when it likes, and there is no way to tell it until when.
function tests.hands_off()
    local place = { operation = "start_call", to = "phone", id = "/id" }
    local make = outdial.define_vendor(description("acme", { place = place }))
    with_server(function(endpoint, seen)
        local client = make { tenant = "t", api_key = "s3cret", endpoint = endpoint, retry = false }
        local figures = campaign(client)
        assert.same({ 2, 0 }, { figures.contacts.blocked, #seen })
        assert.same({ hand_off = 2 }, figures.refused)
        client:close()
    end)
end

function tests.misuse()
    outdial.define_vendor(description("acme"))
    local rows = {
        { nil, "expected a table, got nil" },
        { description("acme"), "/name: outdial has acme already" },
        { description("run"), "/name: outdial has run already" },
        { description("json"), "/name: outdial has json already" },
        { description("amazon_connect"), "/name: outdial has amazon_connect already" },
        { description("other", { base_ur = 1 }), 'validation /base_ur: unknown field, did you mean "base_url"?' },
        { description("other", { base_url = "https://{x}" }), "validation /base_url: {x} is no option" },
        { description("other", { operations = {} }), "validation /operations: expected 1 to 64 elements, got 0" },
        { description("other", { title = print }),
            "validation /title: expected what JSON can hold, got a function" },
    }
    for i = 1, #rows do
        local line = debug.getinfo(1, "l").currentline + 1
        local ok, problem = pcall(function() local _ = outdial.define_vendor(rows[i][1]) end)
        assert.is_false(ok)
        assert.equal(("%s:%d: outdial.define_vendor: %s"):format(THIS, line, rows[i][2]), problem)
    end
    assert.has_error(function() return outdial.other end)
end

tests[...]()
print("ok")
