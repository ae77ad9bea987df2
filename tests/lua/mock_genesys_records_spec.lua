-- The mock's outbound records and preview sessions: acknowledgements in the documents' order and form, failures that
-- come as notifications, and what becomes of a record.

local json = require("mock.json")
local gws = dofile("tests/lua/mock_genesys_support.lua")

local support, expect = gws.support, gws.expect
local RECORDS = "/api/v2/me/outbound-records"
local CAMPAIGN = "/api/v2/me/outbound-campaigns/Campaign1"
local PATH = "/devices/" .. gws.OTHER
local OK = '{"statusCode":0}'
local COMMON = '"applicationId":134,"campaignName":"Campaign1","devicePath":"' .. PATH .. '","referenceId":"r-1"'
local PREVIEW = '"applicationId":134,"devicePath":"' .. PATH .. '","referenceId":"r-1"'
local METRICS = '"metrics":{"eventProcessing":{"serverGenerationTimestamp":%d,"nodeProcessingTimeNanos":4000000,'
    .. '"serverProcessingTimeTotalMs":4}}'
local CONNECTED = '{"successful":true,"advice":{"interval":0,"timeout":30000,"reconnect":"retry"},"id":"14",'
    .. '"channel":"/meta/connect"}'

local function listening(given)
    return gws.client(support.state({ settings = { genesys = given or {} } })):listen("/**")
end

-- Adds a record; fields are JSON by name, in place of the usual ones or besides them.
local function add(client, fields)
    fields = fields or {}
    local list = { { "callingList", '"CallingList1"' }, { "phoneNumber", '"12345"' }, { "timeZone", '"GMT"' },
        { "phoneType", '"Mobile"' }, { "from", "0" }, { "until", "86339" }, { "chainId" }, { "otherFields" },
        { "referenceId", '"123456789"' }, { "campaignName", '"Campaign1"' } }
    local parts = { '"applicationId":134,"devicePath":"' .. PATH .. '"' }
    for _, pair in ipairs(list) do
        local value = fields[pair[1]] or pair[2]
        if value then
            parts[#parts + 1] = '"' .. pair[1] .. '":' .. value
        end
    end
    local answer = client:operate(RECORDS, "AddRecord", table.concat(parts, ","))
    client:wait(10)
    return answer
end

local function operate(client, name, more, handle)
    local answer = client:operate(RECORDS .. "/" .. (handle or 1), name, COMMON .. (more and "," .. more or ""))
    client:wait(10)
    return answer
end

local function preview(client, name)
    local answer = client:operate(CAMPAIGN, name, PREVIEW)
    client:wait(10)
    return answer
end

local function outbound(kind, record)
    return '{"data":{"record":{' .. record .. '},"notificationType":"' .. kind
        .. '","messageType":"OutboundRecordMessage","referenceId":"r-1"},"channel":"/v2/me/outbound"}'
end

local function internal(at_ms, user_data)
    return '{"data":{' .. METRICS:format(at_ms) .. ',"userData":{' .. user_data .. '},"deviceId":"' .. gws.OTHER
        .. '","messageType":"DeviceUserEventMessage"},"channel":"/me/internal"}'
end

describe("the mock's AddRecord", function()
    it("is acknowledged as in the documents: acknowledgement, raw event and connect in one answer", function()
        local client = listening()
        local park = client:connect().park
        local answer = client:post(RECORDS, '{"chainId":2,"from":0,"devicePath":"' .. PATH
            .. '","operationName":"AddRecord","phoneNumber":"12345","phoneType":"InstantMessaging","campaignName":'
            .. '"Campaign1","timeZone":"GMT","callingList":"CallingList1","applicationId":134,"until":86339,'
            .. '"referenceId":"123456789"}')
        expect(answer, 200, OK)
        assert.is_nil(answer.ring)
        assert.is_nil(park.resume())
        client:wait(10)
        assert.equal('[{"data":{"record":{"devicePath":"' .. PATH .. '","callingList":"CallingList1","applicationId":'
            .. '134,"campaignName":"Campaign1"},"notificationType":"AddRecordAcknowledge","messageType":'
            .. '"OutboundRecordMessage","referenceId":"123456789"},"channel":"/v2/me/outbound"},{"data":{'
            .. METRICS:format(support.START_MS + 10) .. ',"userData":{"GSW_APPLICATION_ID":134,"GSW_USER_EVENT":'
            .. '"AddRecordAcknowledge","GSW_CALLING_LIST":"CallingList1","GSW_PHONE":"12345","GSW_CAMPAIGN_NAME":'
            .. '"Campaign1","GSW_CHAIN_N":0,"GSW_CHAIN_ID":2},"deviceId":"' .. gws.OTHER
            .. '","messageType":"DeviceUserEventMessage"},"channel":"/me/internal"},' .. CONNECTED .. "]",
            park.resume().body)
        assert.same({ { vendor = "genesys", to = "12345", token = "123456789" } }, client.state.queued)
    end)

    it("comes without a referenceId where none was sent", function()
        local client = listening()
        client:operate(RECORDS, "AddRecord", '"applicationId":134,"devicePath":"' .. PATH .. '","callingList":"L",'
            .. '"phoneNumber":"1","timeZone":"GMT","phoneType":"Mobile","from":0,"until":1,"campaignName":"C"')
        client:wait(10)
        assert.is_nil(client:events()[1].data.referenceId)
    end)

    it("makes a chain, or lengthens the one named", function()
        local client = listening()
        local expected = { { nil, 1, 0 }, { nil, 2, 0 }, { "1", 1, 1 }, { "1", 1, 2 }, { nil, 3, 0 },
            { "7", 7, 0 }, { nil, 8, 0 } }
        for _, row in ipairs(expected) do
            add(client, { chainId = row[1] })
            local data = client:events()[2].data.userData
            assert.equal(row[2], data.GSW_CHAIN_ID)
            assert.equal(row[3], data.GSW_CHAIN_N)
        end
    end)

    for _, row in ipairs({ { "campaignName", "NoSuchCampaign", 1, "Campaign 'NoSuchCampaign' is not found" },
        { "callingList", "NoSuchList", 2, "Calling list 'NoSuchList' is not found" } }) do
        it("is accepted and fails later for " .. row[2], function()
            local client = listening()
            expect(add(client, { [row[1]] = '"' .. row[2] .. '"' }), 200, OK)
            local campaign = row[1] == "campaignName" and row[2] or "Campaign1"
            local list = row[1] == "callingList" and row[2] or "CallingList1"
            assert.equal('[{"data":{"record":{"devicePath":"' .. PATH .. '","callingList":"' .. list
                .. '","applicationId":134,"campaignName":"' .. campaign .. '"},"notificationType":"OCSError",'
                .. '"messageType":"OutboundRecordMessage","referenceId":"123456789","errorCode":' .. row[3]
                .. ',"errorMessage":"' .. row[4] .. '"},"channel":"/v2/me/outbound"},' .. CONNECTED .. "]",
                client:fetch())
            assert.same({}, client.state.queued)
        end)
    end
end)

describe("the mock's outbound server", function()
    local function heard(client)
        local list = {}
        for _, event in ipairs(client:events()) do
            if event.channel == "/v2/me/calls" then
                list[#list + 1] = event.data.call.state .. " " .. event.data.call.userData.GSW_RECORD_HANDLE .. " "
                    .. event.data.call.userData.outdial
            end
        end
        return list
    end

    it("dials a record by itself where it is told to, one at a time", function()
        local client = listening({ dial_records_after_ms = 500 })
        add(client, { otherFields = '{"outdial":"t-1"}' })
        add(client, { otherFields = '{"outdial":"t-2"}' })
        client:wait(489)
        assert.equal(0, client.state.phone_log.total)
        client:wait(1)
        assert.equal(1, client.state.phone_log.total)
        client:wait(920)
        assert.same({ "Dialing 1 t-1", "Established 1 t-1", "Released 1 t-1" }, heard(client))
        operate(client, "UpdateRecord", nil, 1)
        assert.equal("Record 1 is not active", client:events()[1].data.errorMessage)
        client:wait(90)
        assert.equal(2, client.state.phone_log.total)
        client:wait(910)
        assert.same({ "Dialing 2 t-2", "Established 2 t-2", "Released 2 t-2" }, heard(client))
    end)

    it("dials nothing that was canceled or handed out before, and by default nothing", function()
        for _, given in ipairs({ { dial_records_after_ms = 500 }, {} }) do
            local client = listening(given)
            add(client)
            if given.dial_records_after_ms then
                operate(client, "CancelRecord")
            end
            client:wait(5000)
            assert.equal(0, client.state.phone_log.total)
            assert.equal('{"statusCode":0,"calls":[]}', client:get("/api/v2/me/calls").body)
        end
    end)
end)

describe("the mock's operations on a record", function()
    local LIST = '"callingList":"CallingList1"'
    local rows = {
        { "UpdateRecord", '"phoneNumber":"777","from":60,"until":120,"phoneType":"HomePhone","timeZone":"PST"',
            "UpdateCallCompletionStatsAcknowledge" },
        { "UpdateRecord", nil, "UpdateCallCompletionStatsAcknowledge" },
        { "CompleteRecord", LIST .. ',"callResult":"Answer","phoneNumber":"12345"', "RecordProcessedAcknowledge" },
        { "CompleteRecord", LIST, "RecordProcessedAcknowledge" },
        { "RejectRecord", LIST, "RecordRejectAcknowledge" },
        { "CancelRecord", LIST, "RecordCancelAcknowledge" },
        { "CancelRecord", nil, "RecordCancelAcknowledge" },
        { "RescheduleRecord", '"callbackType":"Personal","timestamp":1433917552',
            "ScheduledRecordRescheduleAcknowledge" },
        { "RescheduleRecord", '"callbackType":"Campaign","timestamp":0', "ScheduledRecordRescheduleAcknowledge" },
        { "DoNotCallRecord", LIST .. ',"phoneNumber":"12345","chainAttribute":"AllChain"', "DoNotCallAcknowledge" },
        { "DoNotCallRecord", LIST .. ',"chainAttribute":"RecordOnly"', "DoNotCallAcknowledge" },
    }
    for _, row in ipairs(rows) do
        it("are acknowledged: " .. row[1] .. " " .. (row[2] or ""), function()
            local client = listening()
            add(client)
            client:events()
            local answer = client:operate(RECORDS .. "/1", row[1], COMMON .. (row[2] and "," .. row[2] or ""))
            expect(answer, 200, OK)
            assert.same({}, client:events())
            client:wait(10)
            assert.equal("[" .. outbound(row[3], '"devicePath":"' .. PATH .. '","callingList":"CallingList1",'
                .. '"applicationId":134,"recordHandle":1,"campaignName":"Campaign1"') .. ","
                .. internal(support.START_MS + 20, '"GSW_APPLICATION_ID":134,"GSW_RECORD_HANDLE":1,"GSW_USER_EVENT":"'
                .. row[3] .. '","GSW_CALLING_LIST":"CallingList1","GSW_CAMPAIGN_NAME":"Campaign1"') .. ","
                .. CONNECTED .. "]", client:fetch())
        end)
    end

    it("show the rest of a chain, then its end", function()
        local client = listening()
        add(client)
        add(client, { phoneNumber = '"2"' })
        add(client, { phoneNumber = '"3"', chainId = "1", otherFields = '{"outdial":"t-3"}' })
        client:events()
        operate(client, "GetChainedRecord")
        local list = client:events()
        assert.equal(4, #list)
        assert.same({ "ChainedRecord", 3, "3", "t-3", 1 }, { list[1].data.notificationType,
            list[1].data.record.recordHandle, list[1].data.record.userData.GSW_PHONE,
            list[1].data.record.userData.outdial, list[1].data.record.userData.GSW_CHAIN_N })
        assert.equal("ChainedRecord", list[2].data.userData.GSW_USER_EVENT)
        assert.equal(outbound("ChainedRecordsDataEnd", '"devicePath":"' .. PATH .. '","callingList":"CallingList1",'
            .. '"applicationId":134,"recordHandle":1,"campaignName":"Campaign1"'), json.encode(list[3]))
        assert.equal(internal(support.START_MS + 40, '"GSW_APPLICATION_ID":134,"GSW_RECORD_HANDLE":1,'
            .. '"GSW_USER_EVENT":"ChainedRecordsDataEnd","GSW_CALLING_LIST":"CallingList1","GSW_CAMPAIGN_NAME":'
            .. '"Campaign1","GSW_CHAIN_ID":1'), json.encode(list[4]))
    end)

    local function failed(client, code, text, handle)
        local list = client:events()
        assert.equal(1, #list)
        assert.same({ "OCSError", code, text, handle, "r-1" }, { list[1].data.notificationType,
            list[1].data.errorCode, list[1].data.errorMessage, list[1].data.record.recordHandle,
            list[1].data.referenceId })
    end

    it("fail by notification for a record that is not there, or is of another campaign", function()
        local client = listening()
        expect(operate(client, "RejectRecord", LIST, 9), 200, OK)
        failed(client, 3, "Record 9 is not found", 9)
        add(client, { campaignName = '"Campaign2"' })
        client:events()
        operate(client, "RejectRecord", LIST)
        failed(client, 3, "Record 1 is not found", 1)
    end)

    for _, row in ipairs({ { "CompleteRecord", LIST }, { "CancelRecord" }, { "DoNotCallRecord", LIST } }) do
        it("are the last by " .. row[1], function()
            local client = listening()
            add(client)
            operate(client, row[1], row[2])
            client:events()
            operate(client, "UpdateRecord")
            failed(client, 4, "Record 1 is not active", 1)
            operate(client, "GetChainedRecord")
            assert.equal("ChainedRecordsDataEnd", client:events()[1].data.notificationType)
        end)
    end

    local missing, range = "Required parameter '%s' is missing", "Parameter '%s' is out of range"
    local refused = {
        { "CompleteRecord", nil, 400, 1, missing:format("callingList") },
        { "RejectRecord", nil, 400, 1, missing:format("callingList") },
        { "DoNotCallRecord", nil, 400, 1, missing:format("callingList") },
        { "DoNotCallRecord", LIST .. ',"chainAttribute":"Some"', 400, 10, range:format("chainAttribute") },
        { "RescheduleRecord", '"timestamp":1', 400, 1, missing:format("callbackType") },
        { "RescheduleRecord", '"callbackType":"Personal"', 400, 1, missing:format("timestamp") },
        { "RescheduleRecord", '"callbackType":"personal","timestamp":1', 400, 10, range:format("callbackType") },
        { "RescheduleRecord", '"callbackType":"Personal","timestamp":1433917552000', 400, 10,
            range:format("timestamp") },
        { "RescheduleRecord", '"callbackType":"Personal","timestamp":-1', 400, 10, range:format("timestamp") },
        { "UpdateRecord", '"until":86400', 400, 10, range:format("until") },
        { "UpdateRecord", '"from":-1', 400, 10, range:format("from") },
        { "UpdateRecord", '"phoneType":"Home"', 400, 10, range:format("phoneType") },
        { "UpdateRecord", '"chainId":1', 400, 2, "Parameter 'chainId' is not valid" },
        { "AddRecord", nil, 400, 2, "Parameter 'operationName' is not valid" },
    }
    for _, row in ipairs(refused) do
        it("refuse " .. row[1] .. " " .. (row[2] or ""), function()
            local client = listening()
            add(client)
            client:events()
            expect(operate(client, row[1], row[2]), row[3],
                json.encode(json.object({ { "statusCode", row[4] }, { "statusMessage", row[5] } })))
            assert.same({}, client:events())
        end)
    end

    it("need a handle that is a number, and the outbound feature", function()
        local client = listening()
        expect(operate(client, "RejectRecord", LIST, "x"), 404,
            '{"statusCode":6,"statusMessage":"Resource \'/me/outbound-records/x\' is not found"}')
        expect(operate(gws.client(client.state, gws.CLERK), "RejectRecord", LIST), 403,
            '{"statusCode":5,"statusMessage":"Feature \'api-voice-outbound\' is required"}')
    end)
end)

describe("the mock's preview sessions", function()
    it("start and end with the documents' notifications", function()
        local client = listening()
        expect(preview(client, "StartPreviewSession"), 200, OK)
        assert.equal('[{"data":{"campaign":{"name":"Campaign1","dialingMode":"Preview","groupName":'
            .. '"Campaign1@AgentGroup1","state":"Started","groupDescription":"","description":"","devicePath":"' .. PATH
            .. '","applicationId":134},"notificationType":"PreviewSessionStarted","messageType":'
            .. '"OutboundCampaignMessage","referenceId":"r-1"},"channel":"/v2/me/outbound"},' .. CONNECTED .. "]",
            client:fetch())
        expect(preview(client, "EndPreviewSession"), 200, OK)
        assert.equal('[{"data":{"campaign":{"name":"Campaign1","state":"Started","devicePath":"' .. PATH
            .. '","applicationId":134},"notificationType":"PreviewSessionEnded","messageType":'
            .. '"OutboundCampaignMessage","referenceId":"r-1"},"channel":"/v2/me/outbound"},' .. CONNECTED .. "]",
            client:fetch())
    end)

    it("hand out the oldest record with its data, in both forms", function()
        local client = listening()
        add(client, { otherFields = '{"plan":"basic"}' })
        preview(client, "StartPreviewSession")
        client:events()
        expect(preview(client, "GetPreviewRecord"), 200, OK)
        local user_data = '"GSW_APPLICATION_ID":134,"GSW_RECORD_HANDLE":1,"GSW_USER_EVENT":"PreviewRecord",'
            .. '"GSW_CALLING_LIST":"CallingList1","GSW_PHONE":"12345","GSW_CAMPAIGN_NAME":"Campaign1","GSW_CHAIN_N":0,'
            .. '"GSW_CHAIN_ID":1,"GSW_AGENT_ID":"agent","GSW_CALL_RESULT":28,"GSW_ATTEMPTS":1,"GSW_TZ_NAME":"GMT",'
            .. '"InteractionType":"Outbound","InteractionSubtype":"OutboundNew","contact_info":"12345","plan":"basic"'
        assert.equal("[" .. outbound("PreviewRecord", '"devicePath":"' .. PATH .. '","callingList":"CallingList1",'
            .. '"applicationId":134,"recordHandle":1,"campaignName":"Campaign1","userData":{' .. user_data .. "}")
            .. "," .. internal(support.START_MS + 30, user_data) .. "," .. CONNECTED .. "]", client:fetch())
    end)

    local function next_handle(client)
        preview(client, "RequestPreviewRecord")
        local data = client:events()[1].data
        return data.record.recordHandle or data.notificationType
    end

    it("hand out each record once, those rejected again, and those scheduled when they are due", function()
        local client = listening()
        preview(client, "StartPreviewSession")
        add(client)
        add(client, { campaignName = '"Campaign2"' })
        add(client)
        client:events()
        assert.equal(1, next_handle(client))
        assert.equal(3, next_handle(client))
        assert.equal("PreviewRecordEmpty", next_handle(client))
        operate(client, "RejectRecord", '"callingList":"CallingList1"', 3)
        client:events()
        assert.equal(3, next_handle(client))
        operate(client, "RescheduleRecord", '"callbackType":"Campaign","timestamp":'
            .. string.format("%d", (support.START_MS + 5000) / 1000), 1)
        client:events()
        assert.equal("PreviewRecordEmpty", next_handle(client))
        client:wait(5000)
        assert.equal(1, next_handle(client))
    end)

    it("leave out what is done, canceled or not to be called", function()
        local client = listening()
        preview(client, "StartPreviewSession")
        for _ = 1, 2 do
            add(client)
        end
        add(client, { chainId = "2" })
        operate(client, "CancelRecord", nil, 1)
        operate(client, "DoNotCallRecord", '"callingList":"CallingList1","chainAttribute":"AllChain"', 2)
        client:events()
        assert.equal("PreviewRecordEmpty", next_handle(client))
        add(client, { chainId = "2" })
        client:events()
        assert.equal(4, next_handle(client))
    end)

    it("have effect for an update", function()
        local client = listening()
        preview(client, "StartPreviewSession")
        add(client)
        operate(client, "UpdateRecord", '"phoneNumber":"777","timeZone":"PST","callingList":"CallingList2"')
        client:events()
        preview(client, "GetPreviewRecord")
        local record = client:events()[1].data.record
        assert.same({ "777", "PST", "CallingList2" }, { record.userData.GSW_PHONE, record.userData.GSW_TZ_NAME,
            record.callingList })
    end)

    it("must be started on the device first", function()
        local client = listening()
        expect(preview(client, "GetPreviewRecord"), 200, OK)
        local data = client:events()[1].data
        assert.same({ "OCSError", 5, "Preview session is not started", "r-1" }, { data.notificationType,
            data.errorCode, data.errorMessage, data.referenceId })
    end)

    it("fail by notification for a campaign that is not there, whose name may be escaped", function()
        local client = listening({ missing_campaigns = { ["No Such"] = true } })
        expect(client:operate("/api/v2/me/outbound-campaigns/No%20Such", "StartPreviewSession", PREVIEW), 200, OK)
        client:wait(10)
        assert.equal("Campaign 'No Such' is not found", client:events()[1].data.errorMessage)
    end)

    it("take no campaignName, and only their own operations", function()
        local client = listening()
        expect(client:operate(CAMPAIGN, "StartPreviewSession", COMMON), 400,
            '{"statusCode":2,"statusMessage":"Parameter \'campaignName\' is not valid"}')
        expect(client:operate(CAMPAIGN, "AddRecord", PREVIEW), 400,
            '{"statusCode":2,"statusMessage":"Parameter \'operationName\' is not valid"}')
        expect(client:operate(CAMPAIGN, "StartPreviewSession", '"applicationId":134,"devicePath":"/devices/none"'), 404,
            '{"statusCode":6,"statusMessage":"Device \'none\' is not found"}')
        expect(gws.client(client.state, gws.CLERK):operate(CAMPAIGN, "StartPreviewSession", PREVIEW), 403,
            '{"statusCode":5,"statusMessage":"Feature \'api-voice-outbound\' is required"}')
    end)
end)
