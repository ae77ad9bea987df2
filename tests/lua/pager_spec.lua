-- Lists that come in pages: the pager by itself, and against a small server in the same Lua.

local core = require "outdial.core"
local httpd = require "outdial.httpd"
local errors = require "outdial.error"
local pager = require "outdial.pager"
local scheduler = require "outdial.scheduler"
local factory = require("outdial.client").factory

local THIS = debug.getinfo(1, "S").short_src
local BY_NUMBER = { items = "calls", next = "next", parameter = "page", total = "total" }
local BY_TOKEN = { items = "list", next = "NextToken", parameter = "NextToken" }

-- A pager over pages given one after another, and what it asked for.
local function reader(pages, description, fields)
    local asked = {}
    return pager.new(function(given)
        local copy = {}
        for key, value in pairs(given) do copy[key] = value end
        asked[#asked + 1] = copy
        local page = pages[#asked]
        if type(page) == "string" then return nil, errors.new("network", page) end
        return page
    end, description, fields or {}), asked
end

local function all(list)
    local items = {}
    local item, err = list:next()
    while item do
        items[#items + 1] = item
        item, err = list:next()
    end
    return items, err
end

describe("a pager", function()
    it("goes on to the page that the last one names", function()
        local fields = { per = 2 }
        local list, asked = reader({ { calls = { 1, 2 }, next = 2 }, { calls = { 3 }, next = 7 }, { calls = { 4 } } },
            BY_NUMBER, fields)
        assert.same({ 1, 2, 3, 4 }, (all(list)))
        assert.same({ { per = 2 }, { per = 2, page = 2 }, { per = 2, page = 7 } }, asked)
        assert.same({ per = 2 }, fields)
        assert.is_nil(list:next())
        assert.equal(3, #asked)
    end)

    it("goes on by tokens, past pages without items", function()
        local list, asked = reader({ { list = { "a" }, NextToken = "t1" }, { list = {}, NextToken = "t2" },
            { NextToken = "t3" }, { list = { "b" }, NextToken = "" } }, BY_TOKEN)
        assert.same({ "a", "b" }, (all(list)))
        assert.same({ {}, { NextToken = "t1" }, { NextToken = "t2" }, { NextToken = "t3" } }, asked)
    end)

    it("begins where it is told to", function()
        local list, asked = reader({ { calls = { 5 } } }, BY_NUMBER, { page = 3 })
        assert.same({ 5 }, (all(list)))
        assert.same({ { page = 3 } }, asked)
    end)

    it("knows by the count of all that a page is missing its link", function()
        local list, asked = reader({ { calls = { 1, 2 }, total = 3 }, { calls = { 3 }, total = 3 } }, BY_NUMBER)
        assert.same({ 1, 2, 3 }, (all(list)))
        assert.same({ {}, { page = 2 } }, asked)
        assert.equal(3, list.total)
    end)

    it("ends at an empty page, whatever the count says", function()
        local list = reader({ { calls = { 1 }, total = 9 }, { calls = {}, total = 9 } }, BY_NUMBER)
        assert.same({ 1 }, (all(list)))
    end)

    it("does not go round for ever", function()
        assert.same({ 1 }, (all((reader({ { calls = { 1 }, next = 1 } }, BY_NUMBER)))))
        assert.same({ 1, 2 }, (all((reader({ { calls = { 1 }, next = 2 }, { calls = { 2 }, next = 2 } }, BY_NUMBER)))))
        assert.same({ "a", "b" }, (all((reader({ { list = { "a" }, NextToken = "t" },
            { list = { "b" }, NextToken = "t" } }, BY_TOKEN)))))
    end)

    it("tells of a failure, and asks for the same page again", function()
        local list, asked = reader({ { calls = { 1 }, next = 2 }, "connection refused", { calls = { 2 } } }, BY_NUMBER)
        assert.equal(1, list:next())
        local item, err = list:next()
        assert.is_nil(item)
        assert.equal("network: connection refused", tostring(err))
        assert.same({ 2 }, (all(list)))
        assert.same({ {}, { page = 2 }, { page = 2 } }, asked)
    end)

    it("gives whole pages", function()
        local list = reader({ { calls = { 1, 2 }, next = 2 }, { calls = {}, next = 3 }, { calls = { 3 } } }, BY_NUMBER)
        assert.same({ 1, 2 }, list:next_page())
        assert.same({}, list:next_page())
        assert.same({ 3 }, list:next_page())
        assert.is_nil(list:next_page())
    end)

    it("calls a function for each item, until that says false", function()
        local seen = {}
        local function note(item) seen[#seen + 1] = item end
        assert.is_true(reader({ { calls = { 1, 2 }, next = 2 }, { calls = { 3 } } }, BY_NUMBER):each(note))
        assert.same({ 1, 2, 3 }, seen)
        local list, asked = reader({ { calls = { 1, 2 }, next = 2 } }, BY_NUMBER)
        assert.is_true(list:each(function(item) return item < 2 end))
        assert.equal(1, #asked)
        local ok, err = reader({ { calls = { 1 }, next = 2 }, "no" }, BY_NUMBER):each(note)
        assert.is_nil(ok)
        assert.equal("network: no", tostring(err))
    end)
end)

describe("a client's pages", function()
    local s, engine, server, client, asked, answers

    before_each(function()
        engine = assert(core.engine_new())
        s = scheduler.new(engine)
        server = assert(httpd.listen { address = "127.0.0.1", port = 0 })
        asked = {}
        client = factory(s)("ccai_platform", { subdomain = "customer", domain = "uc1.ccaiplatform.com",
            api_token = "tok", endpoint = ("http://127.0.0.1:%d"):format(server:port()), rate = false, retry = false })
    end)

    after_each(function()
        server:close()
    end)

    local function with_server(fn)
        return s.run(function()
            s.daemon(function()
                while s.await(engine:await(server:fd())) do
                    local list = server:step()
                    while list[1] do
                        for _, request in ipairs(list) do
                            asked[#asked + 1] = request.path .. "?" .. request.query
                            local answer = answers[#asked]
                            request:respond(answer[1], answer[2], answer[3])
                        end
                        list = server:step()
                    end
                end
            end)
            return fn()
        end)
    end

    it("are asked for one by one, while the list is read", function()
        answers = {
            { 200, { { "total", "3" }, { "Link", '<https://elsewhere.example/?page=2>; rel="next"' } },
                '[{"id":1,"voicemail_reaso":"not_voicemail"},{"id":2,"agent_info":null}]' },
            { 200, { { "total", "3" } }, '[{"id":3}]' },
        }
        local calls = client:pages("list_calls", { updated_at_from = "2019-09-10T00:19:14Z", per = 2 })
        assert.equal(0, #asked)
        local got = with_server(function()
            local first = calls:next()
            assert.equal(1, #asked)
            local rest = all(calls)
            table.insert(rest, 1, first)
            return rest
        end)
        assert.same({ { id = 1, voicemail_reason = "not_voicemail" }, { id = 2 }, { id = 3 } }, got)
        assert.same({
            "/manager/api/v1/calls?updated_at%5Bfrom%5D=2019-09-10T00%3A19%3A14Z&per=2",
            "/manager/api/v1/calls?updated_at%5Bfrom%5D=2019-09-10T00%3A19%3A14Z&page=2&per=2",
        }, asked)
    end)

    it("are read by one task at a time", function()
        answers = { { 200, {}, '[{"id":1}]' } }
        local calls, problems = client:pages("list_calls"), {}
        with_server(function()
            s.each({ 1, 2, 3 }, { concurrency = 3 }, function(i)
                if i == 1 then return calls:next() end
                local ok, problem = pcall(i == 2 and calls.next or calls.next_page, calls)
                problems[#problems + 1] = not ok and problem or nil
            end)
        end)
        assert.equal(2, #problems)
        assert.matches("^outdial: another task reads this list$", (problems[1]:gsub("^.-:%d+: ", "")))
        assert.matches("^outdial: another task reads this list$", (problems[2]:gsub("^.-:%d+: ", "")))
    end)

    it("tell what is wrong with a field, before anything is sent", function()
        local item, err = client:pages("list_calls", { page = 0 }):next()
        assert.is_nil(item)
        assert.equal("validation /page: expected an integer of at least 1, got 0", tostring(err))
    end)

    it("raise where they are misused", function()
        local function problem(...)
            local ok, text = pcall(client.pages, ...)
            assert.is_false(ok)
            return text
        end
        local rows = {
            { "outdial: ccai_platform:pages: expected an operation's name, got nil", client },
            { 'outdial: ccai_platform:pages: unknown operation "list_call", did you mean "list_calls"?', client,
                "list_call" },
            { "outdial: ccai_platform:pages: create_call has no pages", client, "create_call" },
            { "outdial: ccai_platform:pages: expected a table of fields, got number", client, "list_calls", 1 },
            { "outdial: ccai_platform:pages: call it as client:method { ... }, with a colon", "list_calls" },
        }
        for _, row in ipairs(rows) do
            assert.equal(row[1], problem(row[2], row[3], row[4]))
        end
        local ok, text = pcall(function() client:pages("list_calls", nil, { timeot = 1 }) end)
        assert.is_false(ok)
        assert.equal(1, text:find(THIS, 1, true))
        assert.matches('ccai_platform:pages: unknown option "timeot", did you mean "timeout"?', text, 1, true)
    end)
end)
