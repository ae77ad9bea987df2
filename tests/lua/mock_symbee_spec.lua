-- The mock's Symbee: the five headers, every action and result status.

local json = require("mock.json")
local symbee = require("mock.symbee")
local support = dofile("tests/lua/mock_support.lua")

local PREFIX = "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"
local UPSERT, STATUS = "addOrUpdateCampaignRecord", "changeCampaignRecordStatus"
local TRANSFER, SEARCH, DELETE = "transferCampaignRecord", "searchPreviewCampaign", "deleteRecordFromCampaign"
local HEADERS = {
    { "Content-Type", "application/json" },
    { "X-sc-platform-code", "AWS Connect" },
    { "X-sc-company-code", "acme" },
    { "X-sc-company-environment", "prod" },
    { "X-sc-secrets-region", "us-east-1" },
    { "X-sc-company-api-key", "symbee-key" },
}

-- The headers with one replaced, or left out (false).
local function headers_with(name, value)
    local list = {}
    for _, header in ipairs(HEADERS) do
        if header[1] ~= name then
            list[#list + 1] = header
        elseif value then
            list[#list + 1] = { name, value }
        end
    end
    return list
end

local COMMON = '"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"us-east-1"'

local function post(state, action, rest, campaign)
    return symbee.handle(state, support.request("POST", PREFIX .. action, HEADERS,
        "{" .. COMMON .. ',"campaignName":"' .. (campaign or "Reachouts") .. '"' .. (rest or "") .. "}"))
end

local function result(status, text, found, campaign)
    return '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"us-east-1","campaignName":"'
        .. (campaign or "Reachouts") .. '","previewResult":{"previewResultStatus":"' .. status .. '","error":'
        .. (text and json.encode(text) or "null") .. "}" .. (found and ',"previewRecordClientData":' .. found or "")
        .. "}"
end

local function expect(answer, ...)
    assert.equal(result(...), answer.body)
    assert.equal(200, answer.status)
end

local DATA = ',"previewRecordData":[{"key":"Name","value":"Kate","displayOrder":1},'
    .. '{"key":"Home Phone","value":"+15552101257","displayOrder":3},{"key":"outdial_attempt","value":"t-1"},'
    .. '{"key":"Hidden","value":"outdial_attempt"}]'
local ADD = ',"clientId":"c-1"' .. DATA

local function found(state, rest, campaign)
    local answer = json.decode(post(state, SEARCH, rest, campaign).body)
    local ids = {}
    for index, record in ipairs(answer.previewRecordClientData or {}) do
        ids[index] = record.clientId
    end
    return table.concat(ids, " "), answer.previewResult.previewResultStatus, answer.previewRecordClientData
end

describe("the mock's Symbee door", function()
    local rows = {
        { "X-sc-platform-code", false, 400 }, { "X-sc-platform-code", "Azure", 400 },
        { "X-sc-company-code", false, 403 }, { "X-sc-company-code", "other", 403 },
        { "X-sc-company-environment", false, 403 }, { "X-sc-company-environment", "test", 403 },
        { "X-sc-secrets-region", false, 403 }, { "X-sc-secrets-region", "us-west-2", 403 },
        { "X-sc-company-api-key", false, 401 }, { "X-sc-company-api-key", "old", 401 },
        { "Content-Type", false, 415 }, { "Content-Type", "text/plain", 415 },
    }
    for _, row in ipairs(rows) do
        it("answers " .. row[3] .. " to " .. row[1] .. ": " .. tostring(row[2]), function()
            local answer = symbee.handle(support.state(), support.request("POST", PREFIX .. SEARCH,
                headers_with(row[1], row[2]), "{}"))
            assert.equal(row[3], answer.status)
            assert.equal("", answer.body)
        end)
    end

    it("takes POST only, known actions only, objects only", function()
        local state = support.state()
        local answer = symbee.handle(state, support.request("GET", PREFIX .. SEARCH, HEADERS))
        assert.equal(405, answer.status)
        assert.equal("POST", support.header(answer, "Allow"))
        for _, action in ipairs({ "SearchPreviewCampaign", "", "placeCall" }) do
            assert.equal(404, post(state, action).status)
        end
        for _, body in ipairs({ "", "[]", '{"a":1,}' }) do
            assert.equal(400, symbee.handle(state, support.request("POST", PREFIX .. SEARCH, HEADERS,
                body)).status)
        end
        assert.equal(429, symbee.throttled().status)
        assert.equal(500, symbee.failed().status)
        assert.equal("", symbee.failed().body)
    end)

    local bodies = {
        { '{"companyCode":"acme"}', "platform is required" },
        { '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"r"}',
            "campaignName is required" },
        { '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","campaignName":"c"}',
            "region is required" },
        { '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"r","campaignName":""}',
            "campaignName is required" },
        { '{"platform":"Azure","companyCode":"acme","environment":"prod","region":"r","campaignName":"c"}',
            "platform must be AWS Connect" },
        { '{"platform":"AWS Connect","companyCode":"x","environment":"prod","region":"r","campaignName":"c"}',
            "companyCode differs from the header" },
        { '{"platform":"AWS Connect","companyCode":"acme","environment":"x","region":"r","campaignName":"c"}',
            "environment differs from the header" },
        { '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"r",'
            .. '"campaignName":"NoSuchCampaign"}',
            "campaign NoSuchCampaign does not exist" },
    }
    for _, row in ipairs(bodies) do
        it("answers FAILED: " .. row[2], function()
            local answer = symbee.handle(support.state(), support.request("POST", PREFIX .. DELETE,
                HEADERS, row[1]))
            assert.equal(200, answer.status)
            local read = json.decode(answer.body)
            assert.equal("FAILED", read.previewResult.previewResultStatus)
            assert.equal(row[2], read.previewResult.error)
        end)
    end
end)

describe("the mock's addOrUpdateCampaignRecord", function()
    it("adds a record, which waits for an agent", function()
        local state = support.state()
        local answer = post(state, UPSERT, ADD)
        expect(answer, "SUCCESS")
        assert.is_nil(answer.ring)
        assert.same({ { vendor = "symbee", to = "+15552101257", token = "t-1" } }, state.queued)
    end)

    it("shows the record with all its fields", function()
        local state = support.state()
        post(state, UPSERT, ADD .. ',"clientIdFieldName":"KeyId","preferredAgent":"j@x",'
            .. '"nextEarliestWorkTimeUTC":1636121700000')
        local _, _, list = found(state, ',"clientId":"c-1"')
        local id = list[1].previewRecordID
        assert.equal(36, #id)
        expect(post(state, SEARCH, ',"clientId":"c-1"'), "SUCCESS", nil, '[{"previewRecordID":"' .. id
            .. '","clientId":"c-1","preferredAgent":"j@x","skillQueue":"Default","createdTime":"2015-08-30 '
            .. '12:36:00.000",'
            .. '"lastUpdatedTime":"2015-08-30 12:36:00.000","nextEarliestWorkTime":"2021-11-05 14:15:00.000",'
            .. '"workedState":"NOTWORKED","workAttempts":0,"lastAttemptAgent":"","lastAttemptTime":"","workCodes":[],'
            .. '"previewRecordData":[{"key":"KeyId","value":"c-1","displayOrder":0},'
            .. '{"key":"Name","value":"Kate","displayOrder":1},{"key":"Home '
            .. 'Phone","value":"+15552101257","displayOrder":3},'
            .. '{"key":"outdial_attempt","value":"t-1","displayOrder":0},'
            .. '{"key":"Hidden","value":"outdial_attempt","displayOrder":0}]}]')
    end)

    it("replaces the data of a record that is there and queues it once", function()
        local state = support.state()
        post(state, UPSERT, ADD)
        state.advance(1500)
        expect(post(state, UPSERT, ',"clientId":"c-1","previewRecordData":[{"key":"A","value":"1"},'
            .. '{"key":"SkillQueue","value":"Night"}]'), "SUCCESS")
        local ids, _, list = found(state, ',"clientId":"c-1"')
        assert.equal("c-1", ids)
        assert.equal(3, #list[1].previewRecordData)
        assert.equal("Night", list[1].skillQueue)
        assert.equal("2015-08-30 12:36:00.000", list[1].createdTime)
        assert.equal("2015-08-30 12:36:01.500", list[1].lastUpdatedTime)
        assert.equal(json.null, list[1].nextEarliestWorkTime)
        assert.equal(1, #state.queued)
        expect(post(state, UPSERT, ',"clientId":"c-1","previewRecordData":[{"key":"outdial_attempt","value":"t-2"}]'),
            "SUCCESS")
        assert.equal("t-2", state.queued[2].token) -- another attempt at the same person
    end)

    it("lets previewRecordId decide alone: a known one updates, an unknown one adds a second record", function()
        local state = support.state()
        post(state, UPSERT, ADD)
        local _, _, list = found(state, ',"clientId":"c-1"')
        post(state, UPSERT, ',"previewRecordId":"' .. list[1].previewRecordID
            .. '","clientId":"c-2","previewRecordData":[]')
        assert.equal('{"records":1}', json.encode(symbee.counts(state)))
        post(state, UPSERT, ',"previewRecordId":"gone"' .. ADD)
        assert.equal('{"records":2}', json.encode(symbee.counts(state)))
        assert.equal(2, #state.queued)
    end)

    local refused = {
        { DATA, "INVALIDCLIENTID", "clientId is required" },
        { ',"clientId":""' .. DATA, "INVALIDCLIENTID", "clientId is required" },
        { ',"clientId":7' .. DATA, "INVALIDCLIENTID", "clientId is required" },
        { ADD .. ',"clientIdFieldName":"Name"', "INVALIDRECORDDATAKEY", "previewRecordData contains the key Name" },
        { ',"clientId":"c","previewRecordData":[{"key":"Id","value":"1"}]', "INVALIDRECORDDATAKEY",
            "previewRecordData contains the key Id" },
        { ',"clientId":"c"', "FAILED", "previewRecordData is required" },
        { ',"clientId":"c","previewRecordData":{}', "FAILED", "previewRecordData is required" },
        { ',"clientId":"c","previewRecordData":["x"]', "FAILED", "previewRecordData[0] must be an object" },
        { ',"clientId":"c","previewRecordData":[{"value":"x"}]', "FAILED", "previewRecordData[0].key is required" },
        { ',"clientId":"c","previewRecordData":[{"key":"a","value":1}]', "FAILED",
            "previewRecordData[0].value must be a string" },
        { ',"clientId":"c","previewRecordData":[{"key":"a","value":"x","displayOrder":0}]', "FAILED",
            "previewRecordData[0].displayOrder must be greater than zero" },
        { ',"clientId":"c","previewRecordData":[{"key":"a","value":"x","displayOrder":"1"}]', "FAILED",
            "previewRecordData[0].displayOrder must be greater than zero" },
        { ',"clientId":"c","previewRecordData":[{"key":"mobilePHONE","value":"555 1234"}]', "FAILED",
            "previewRecordData[0].value is not a phone number in E.164 format" },
        { ',"clientId":"c","previewRecordData":[{"key":"a_link","value":"crm"}]', "FAILED",
            "previewRecordData[0].value is not a URL" },
        { ',"clientId":"c","previewRecordData":[{"key":"ItemTimeZone","value":"+01:00"}]', "FAILED",
            "previewRecordData[0].value is not a name of the time zone database" },
        { ADD .. ',"nextEarliestWorkTimeUTC":"1636121700000"', "FAILED",
            "nextEarliestWorkTimeUTC must be of type integer" },
        { ADD .. ',"nextEarliestWorkTimeUTC":-1', "FAILED", "nextEarliestWorkTimeUTC must not be negative" },
        { ADD .. ',"preferredAgent":null', "FAILED", "preferredAgent must be of type string" },
    }
    for index, row in ipairs(refused) do
        it("refuses body " .. index .. ": " .. row[2] .. " " .. row[3], function()
            local state = support.state()
            expect(post(state, UPSERT, row[1]), row[2], row[3])
            assert.same({}, state.queued)
        end)
    end

    it("takes URLs and zones that are well formed", function()
        expect(post(support.state(), UPSERT, ',"clientId":"c","previewRecordData":['
            .. '{"key":"Customer Search_button","value":"https://crm.example.com/?id=1"},'
            .. '{"key":"ItemTimeZone","value":"America/Argentina/Buenos_Aires"}]'), "SUCCESS")
    end)
end)

describe("the mock's searchPreviewCampaign", function()
    local state = support.state()
    for _, row in ipairs({ { "1", "Ann", "10" }, { "2", "Ben", "9" }, { "3", "Cleo", "100" } }) do
        post(state, UPSERT, ',"clientId":"' .. row[1] .. '","previewRecordData":[{"key":"Name","value":"'
            .. row[2] .. '"},{"key":"Total","value":"' .. row[3] .. '"}]')
    end
    post(state, STATUS, ',"clientId":"2","previewRecordStateEnum":"WORKED","skillQueue":"Night",'
        .. '"nextEarliestWorkTimeUTC":1636121700000,"preferredAgent":"ben@x","timeZone":"Europe/Berlin"')

    local function criteria(...)
        local items = {}
        for index, item in ipairs({ ... }) do
            items[index] = ('{"key":"%s","condition":"%s","value":"%s"}'):format(item[1], item[2], item[3])
        end
        return ',"previewRecordData":[' .. table.concat(items, ",") .. "]"
    end

    local rows = {
        { criteria({ "Name", "EQUALS", "Ann" }), "1" },
        { criteria({ "name", "EQUALS", "Ann" }), "" },
        { criteria({ "Name", "NOTEQUALS", "Ann" }), "2 3" },
        { criteria({ "Other", "NOTEQUALS", "Ann" }), "1 2 3" },
        { criteria({ "Other", "EQUALS", "Ann" }), "" },
        { criteria({ "Total", "GREATERTHAN", "9" }), "1 3" },
        { criteria({ "Total", "LESSTHAN", "100" }), "1 2" },
        { criteria({ "Name", "LESSTHAN", "Bob" }), "1 2" },
        { criteria({ "Name", "CONTAINS", "e" }), "2 3" },
        { criteria({ "Name", "BEGINSWITH", "C" }), "3" },
        { criteria({ "Name", "CONTAINS", "e" }, { "Total", "GREATERTHAN", "50" }), "3" },
        { criteria({ "sys_worked_state", "EQUALS", "NOTWORKED" }), "1 3" },
        { criteria({ "sys_worked_attempts", "EQUALS", "0" }), "1 2 3" },
        { criteria({ "sys_skill_queue", "EQUALS", "Night" }), "2" },
        { criteria({ "sys_preferred_agent", "EQUALS", "ben@x" }), "2" },
        { criteria({ "sys_item_time_zone", "BEGINSWITH", "Europe/" }), "2" },
        { criteria({ "sys_next_earliest_worktime_long", "GREATERTHAN", "1636121699999" }), "2" },
        { criteria({ "sys_worked_attempts", "EQUALS", "0" }) .. ',"maxRecords":2', "1 2" },
        { ',"clientId":"2","previewRecordData":[]', "2" },
    }
    for index, row in ipairs(rows) do
        it("finds by row " .. index, function()
            local ids, status = found(state, row[1])
            assert.equal(row[2], ids)
            assert.equal("SUCCESS", status)
        end)
    end

    it("answers an empty search with an empty list", function()
        expect(post(state, SEARCH, criteria({ "Name", "EQUALS", "Zoe" })), "SUCCESS", nil, "[]")
    end)

    it("finds by identifier in both spellings, which wins over the client's", function()
        local _, _, list = found(state, ',"clientId":"3"')
        local id = list[1].previewRecordID
        assert.equal("3", (found(state, ',"previewRecordID":"' .. id .. '"')))
        assert.equal("3", (found(state, ',"previewRecordId":"' .. id .. '","clientId":"1"')))
    end)

    local refused = {
        { "", "FAILED", "previewRecordData is required" },
        { ',"previewRecordData":[]', "FAILED", "previewRecordData is required" },
        { ',"previewRecordData":[1]', "FAILED", "previewRecordData[0] must be an object" },
        { ',"previewRecordData":[{"key":"a","value":"b"}]', "FAILED", "previewRecordData[0].condition is required" },
        { ',"previewRecordData":[{"key":"a","value":1,"condition":"EQUALS"}]', "FAILED",
            "previewRecordData[0].value is required" },
        { criteria({ "a", "LIKE", "b" }), "FAILED", "previewRecordData[0].condition is not known" },
        { ',"maxRecords":0' .. criteria({ "a", "EQUALS", "b" }), "FAILED", "maxRecords must be greater than zero" },
        { ',"maxRecords":"5"' .. criteria({ "a", "EQUALS", "b" }), "FAILED", "maxRecords must be greater than zero" },
        { ',"clientId":"4"', "NORECORDFOUND", "No record found" },
        { ',"previewRecordId":"4","clientId":"1"', "NORECORDFOUND", "No record found" },
    }
    for index, row in ipairs(refused) do
        it("refuses row " .. index, function()
            expect(post(state, SEARCH, row[1]), row[2], row[3])
        end)
    end

    it("keeps campaigns apart by letter case", function()
        assert.equal("NORECORDFOUND", select(2, found(state, ',"clientId":"1"', "reachouts")))
    end)
end)

describe("the mock's other Symbee actions", function()
    local function one()
        local state = support.state()
        post(state, UPSERT, ADD)
        return state
    end

    for _, name in ipairs({ "NOTWORKED", "COMPLETED", "REMOVED" }) do
        it("changes the status to " .. name, function()
            local state = one()
            expect(post(state, STATUS, ',"clientId":"c-1","previewRecordStateEnum":"' .. name .. '"'),
                "SUCCESS")
            local _, _, list = found(state, ',"clientId":"c-1"')
            assert.equal(name, list[1].workedState)
        end)
    end

    it("clears a preferred agent with an empty one", function()
        local state = one()
        post(state, STATUS, ',"clientId":"c-1","previewRecordStateEnum":"NOTWORKED","preferredAgent":"j"')
        post(state, STATUS, ',"clientId":"c-1","previewRecordStateEnum":"NOTWORKED","preferredAgent":""')
        local _, _, list = found(state, ',"clientId":"c-1"')
        assert.equal("", list[1].preferredAgent)
    end)

    it("moves a record to another campaign", function()
        local state = one()
        expect(post(state, TRANSFER, ',"clientId":"c-1","transferToCampaign":"Followups","skillQueue":"F"'),
            "SUCCESS")
        expect(post(state, SEARCH, ',"clientId":"c-1"'), "NORECORDFOUND", "No record found")
        local ids, _, list = found(state, ',"clientId":"c-1"', "Followups")
        assert.equal("c-1", ids)
        assert.equal("F", list[1].skillQueue)
    end)

    it("deletes a record, once", function()
        local state = one()
        expect(post(state, DELETE, ',"clientId":"c-1"'), "SUCCESS")
        expect(post(state, DELETE, ',"clientId":"c-1"'), "NORECORDFOUND", "No record found")
    end)

    local refused = {
        { STATUS, ',"clientId":"c-1"', "FAILED", "previewRecordStateEnum is required" },
        { STATUS, ',"clientId":"c-1","previewRecordStateEnum":"worked"', "FAILED",
            "previewRecordStateEnum is not known" },
        { STATUS, ',"clientId":"c-1","previewRecordStateEnum":"WORKED"', "FAILED",
            "nextEarliestWorkTimeUTC is required" },
        { STATUS, ',"clientId":"c-1","previewRecordStateEnum":"REMOVED","timeZone":"+1"', "FAILED",
            "timeZone is not a name of the time zone database" },
        { STATUS, ',"previewRecordStateEnum":"REMOVED"', "FAILED",
            "previewRecordId or clientId is required" },
        { STATUS, ',"clientId":"c-9","previewRecordStateEnum":"REMOVED"', "NORECORDFOUND",
            "No record found" },
        { TRANSFER, ',"clientId":"c-1"', "FAILED", "transferToCampaign is required" },
        { TRANSFER, ',"clientId":"c-1","transferToCampaign":"NoSuchCampaign"', "FAILED",
            "campaign NoSuchCampaign does not exist" },
        { TRANSFER, ',"clientId":"c-9","transferToCampaign":"F"', "NORECORDFOUND", "No record found" },
        { TRANSFER, ',"clientId":"c-1","transferToCampaign":"F","skillQueue":1', "FAILED",
            "skillQueue must be of type string" },
        { DELETE, "", "FAILED", "previewRecordId or clientId is required" },
    }
    for index, row in ipairs(refused) do
        it("refuse row " .. index .. ": " .. row[4], function()
            expect(post(one(), row[1], row[2]), row[3], row[4])
        end)
    end

    it("can say NORECORDFOUND as an error", function()
        local state = support.state({ settings = { symbee = { no_record_in = "error" } } })
        expect(post(state, DELETE, ',"clientId":"c-1"'), "FAILED", "NORECORDFOUND")
    end)
end)
