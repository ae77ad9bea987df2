-- The mock's Symbee after a record is added: the scripted agent, the phone that rings when the agent acts, and what
-- repeats, moves and late messages do to a record.

local json = require("mock.json")
local symbee = require("mock.symbee")
local support = dofile("tests/lua/mock_support.lua")

local PREFIX = "/symbee-previewcontact-service/svc/rs/PreviewContactServiceExternal/"
local HEADERS = {
    { "Content-Type", "application/json" }, { "X-sc-platform-code", "AWS Connect" }, { "X-sc-company-code", "acme" },
    { "X-sc-company-environment", "prod" }, { "X-sc-secrets-region", "us-east-1" },
    { "X-sc-company-api-key", "symbee-key" },
}

local function post(state, action, rest, campaign)
    local answer = symbee.handle(state, support.request("POST", PREFIX .. action, HEADERS,
        '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"us-east-1","campaignName":"'
        .. (campaign or "Reachouts") .. '","clientId":"c-1"' .. (rest or "") .. "}"))
    local read = json.decode(answer.body)
    return read.previewResult.previewResultStatus, read.previewRecordClientData
end

local function add(state, number, rest)
    assert.equal("SUCCESS", (post(state, "addOrUpdateCampaignRecord", (rest or "")
        .. ',"previewRecordData":[{"key":"Name","value":"Ann"},{"key":"Phone","value":"' .. number
        .. '"},{"key":"outdial_attempt","value":"t-1"}]')))
end

local function change(state, to, rest)
    assert.equal("SUCCESS", (post(state, "changeCampaignRecordStatus", ',"previewRecordStateEnum":"' .. to .. '"'
        .. (rest or ""))))
end

local function record_of(state, campaign)
    local _, list = post(state, "searchPreviewCampaign", nil, campaign)
    return list and list[1]
end

-- A record in a line: state, attempts, agent, and the work codes.
local function line(record)
    local codes = {}
    for index, code in ipairs(record.workCodes) do
        codes[index] = code.key .. "=" .. code.value
    end
    return table.concat({ record.workedState, record.workAttempts, record.lastAttemptAgent, table.concat(codes, ",") },
        "|")
end

local function new_state(settings)
    local log = support.rings()
    local state = support.state({ phone_log = log, settings = settings })
    return state, log
end

local AGENT = "agent@somedomain.com"

describe("the mock's agent", function()
    it("gets a record, dials, and is done with it", function()
        local state, log = new_state()
        add(state, "+15550100001")
        state.advance(1999)
        assert.equal("NOTWORKED|0||", line(record_of(state)))
        assert.equal(0, #log)
        state.advance(1)
        local record = record_of(state)
        assert.equal("WORKED|1|" .. AGENT .. "|", line(record))
        assert.equal("2015-08-30 12:36:02.000 2015-08-30 12:36:02.000", record.lastAttemptTime .. " "
            .. record.lastUpdatedTime)
        assert.equal("+15550100001 2000", table.concat(log, ","))
        state.advance(9999)
        assert.equal("WORKED|1|" .. AGENT .. "|", line(record_of(state)))
        state.advance(1)
        record = record_of(state)
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record))
        assert.equal("2015-08-30 12:36:02.000 2015-08-30 12:36:12.000", record.lastAttemptTime .. " "
            .. record.lastUpdatedTime)
        state.advance(86400000)
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state)))
        assert.equal(1, #log)
    end)

    it("names the attempt in the phone log", function()
        local rung
        local state = support.state({ phone_log = { counts = {}, ring = function(ring)
            rung = ring
        end } })
        add(state, "+15550100001")
        state.advance(2000)
        record_of(state)
        assert.same({ vendor = "symbee", to = "+15550100001", token = "t-1" }, rung)
    end)

    -- Ending, the record two hours later, and the rings.
    local rows = {
        { "99001", "COMPLETED|2|" .. AGENT .. "|Call Result=No Answer", "2000,3612000" },
        { "99002", "COMPLETED|2|" .. AGENT .. "|Call Result=Answered", "3612000" },
        { "99003", "COMPLETED|1|" .. AGENT .. "|Call Result=Declined", "2000" },
        { "99004", "COMPLETED|1|" .. AGENT .. "|Call Result=Answering Machine", "2000" },
        { "99005", "COMPLETED|1|" .. AGENT .. "|Call Result=Fax", "2000" },
        { "99006", "COMPLETED|1|" .. AGENT .. "|Call Result=Wrong Number", "" },
        { "99007", "REMOVED|1|" .. AGENT .. "|Call Result=Do Not Call", "" },
        { "99008", "COMPLETED|1|" .. AGENT .. "|Call Result=Technical Problem", "" },
        { "99009", "COMPLETED|1|" .. AGENT .. "|Call Result=Abandoned", "2000" },
        { "99010", "NOTWORKED|0||", "" },
        { "99011", "REMOVED|1|" .. AGENT .. "|", "" },
        { "99012", "WORKED|1|" .. AGENT .. "|", "2000" },
        { "99013", "COMPLETED|1|" .. AGENT .. "|Call Result=Something New", "2000" },
        { "99014", "COMPLETED|2|" .. AGENT .. "|Call Result=Answered", "2000,3612000" },
        { "99015", "COMPLETED|2|" .. AGENT .. "|Call Result=No Answer", "2000,3612000" },
        { "99016", "COMPLETED|1|" .. AGENT .. "|Call Result=Answered", "2000" },
        { "99101", "COMPLETED|1|" .. AGENT .. "|Call Result=Answered", "2000" },
    }
    for _, row in ipairs(rows) do
        it("leaves ...99" .. row[1]:sub(3) .. " as its table says", function()
            local state, log = new_state()
            add(state, "+155501" .. row[1])
            state.advance(7200000)
            assert.equal(row[2], line(record_of(state)))
            local rings = {}
            for index, ring in ipairs(log) do
                rings[index] = ring:match(" (%d+)$")
            end
            assert.equal(row[3], table.concat(rings, ","))
        end)
    end

    it("reschedules for an hour and says until when", function()
        local state = new_state()
        add(state, "+15550199001")
        state.advance(12000)
        local record = record_of(state)
        assert.equal("WORKED|1|" .. AGENT .. "|Call Result=No Answer", line(record))
        assert.equal("2015-08-30 13:36:12.000", record.nextEarliestWorkTime)
    end)

    it("never acts before a record's earliest time", function()
        local state, log = new_state()
        add(state, "+15550100001", ',"nextEarliestWorkTimeUTC":' .. string.format("%.0f", support.START_MS + 3600000))
        state.advance(3599999)
        assert.equal("NOTWORKED|0||", line(record_of(state)))
        assert.equal(0, #log)
        state.advance(1)
        assert.equal("WORKED|1|" .. AGENT .. "|", line(record_of(state)))
        assert.equal("+15550100001 3600000", table.concat(log, ","))
    end)

    it("is the preferred one, in the pace and with the words that the settings have", function()
        local state = new_state({ contacts = { speed = 10 }, symbee = { work_code_group = "Result" } })
        add(state, "+15550100001", ',"preferredAgent":"ben@x"')
        state.advance(1200)
        assert.equal("COMPLETED|1|ben@x|Result=Answered", line(record_of(state)))
    end)

    it("works a record without a number and rings no phone; nobody works where there is no agent", function()
        local state, log = new_state()
        post(state, "addOrUpdateCampaignRecord", ',"previewRecordData":[{"key":"Name","value":"Ann"}]')
        state.advance(12000)
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state)))
        assert.equal(0, #log)
        state = new_state({ symbee = { agent = "" } })
        add(state, "+15550100001")
        state.advance(86400000)
        assert.equal("NOTWORKED|0||", line(record_of(state)))
    end)
end)

describe("the mock's records", function()
    for _, to in ipairs({ "REMOVED", "COMPLETED" }) do
        it("are not delivered once " .. to, function()
            local state, log = new_state()
            add(state, "+15550100001")
            state.advance(1000)
            change(state, to)
            state.advance(86400000)
            assert.equal(to .. "|0||", line(record_of(state)))
            assert.equal(0, #log)
        end)

        it("stay " .. to .. " when that is said while the agent works", function()
            local state, log = new_state()
            add(state, "+15550100001")
            state.advance(3000)
            change(state, to)
            state.advance(86400000)
            assert.equal(to .. "|1|" .. AGENT .. "|", line(record_of(state)))
            assert.equal(1, #log)
        end)
    end

    it("are worked again after NOTWORKED with an earliest time", function()
        local state, log = new_state()
        add(state, "+15550100001")
        state.advance(12000)
        add(state, "+15550100001") -- an update leaves a record that is done as it is
        state.advance(60000)
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state)))
        change(state, "NOTWORKED", ',"nextEarliestWorkTimeUTC":' .. string.format("%.0f", support.START_MS + 100000))
        state.advance(27999)
        assert.equal("NOTWORKED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state)))
        state.advance(1)
        assert.equal("WORKED|2|" .. AGENT .. "|", line(record_of(state)))
        assert.equal("+15550100001 2000,+15550100001 100000", table.concat(log, ","))
    end)

    it("are delivered no earlier when WORKED with a time", function()
        local state, log = new_state()
        add(state, "+15550100001")
        change(state, "WORKED", ',"nextEarliestWorkTimeUTC":' .. string.format("%.0f", support.START_MS + 50000))
        state.advance(60000)
        record_of(state)
        assert.equal("+15550100001 50000", table.concat(log, ","))
    end)

    it("are delivered once, however often they are put", function()
        local state, log = new_state()
        for _ = 1, 5 do -- the last ones while the agent works
            add(state, "+15550100001")
            state.advance(1000)
        end
        state.advance(60000)
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state)))
        assert.equal("+15550100001 2000", table.concat(log, ","))
    end)

    it("are delivered at another time, and to another number, once put so", function()
        local state, log = new_state()
        add(state, "+15550199010")
        add(state, "+15550100002")
        add(state, "+15550100003", ',"nextEarliestWorkTimeUTC":' .. string.format("%.0f", support.START_MS + 20000))
        state.advance(60000)
        record_of(state)
        assert.equal("+15550100003 20000", table.concat(log, ","))
    end)

    it("are delivered in the campaign that they were moved to", function()
        local state, log = new_state()
        add(state, "+15550100001")
        assert.equal("SUCCESS", (post(state, "transferCampaignRecord", ',"transferToCampaign":"Followups",'
            .. '"nextEarliestWorkTimeUTC":' .. string.format("%.0f", support.START_MS + 30000))))
        state.advance(60000)
        assert.is_nil(record_of(state))
        assert.equal("COMPLETED|1|" .. AGENT .. "|Call Result=Answered", line(record_of(state, "Followups")))
        assert.equal("+15550100001 30000", table.concat(log, ","))
    end)

    it("are gone once deleted, and a late repeat makes a new one that is dialled", function()
        local state, log = new_state()
        add(state, "+15550100001")
        local before = record_of(state).previewRecordID
        assert.equal("SUCCESS", (post(state, "deleteRecordFromCampaign")))
        state.advance(60000)
        assert.is_nil(record_of(state))
        assert.equal(0, #log)
        add(state, "+15550100001")
        assert.are_not.equal(before, record_of(state).previewRecordID)
        state.advance(2000)
        record_of(state)
        assert.equal("+15550100001 62000", table.concat(log, ","))
    end)

    it("can be found by what the agent has left", function()
        local state = new_state()
        add(state, "+15550100001")
        state.advance(12000)
        local function count(key, value)
            local answer = symbee.handle(state, support.request("POST", PREFIX .. "searchPreviewCampaign", HEADERS,
                '{"platform":"AWS Connect","companyCode":"acme","environment":"prod","region":"us-east-1",'
                .. '"campaignName":"Reachouts","previewRecordData":[{"key":"' .. key .. '","value":"' .. value
                .. '","condition":"EQUALS"}]}'))
            return #json.decode(answer.body).previewRecordClientData
        end
        assert.equal("1 0 1 0", table.concat({ count("sys_worked_state", "COMPLETED"),
            count("sys_worked_state", "NOTWORKED"), count("sys_worked_attempts", "1"),
            count("sys_worked_attempts", "0") }, " "))
    end)
end)
