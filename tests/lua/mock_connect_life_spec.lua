-- The mock's Connect after the start of a contact: its life by the number called, StopContact, DescribeContact,
-- SearchContacts and the attributes.

local connect = require("mock.connect")
local json = require("mock.json")
local outcomes = require("mock.outcomes")
local support = dofile("tests/lua/mock_support.lua")

local AMD = ',"TrafficType":"CAMPAIGN","AnswerMachineDetectionConfig":{"EnableAnswerMachineDetection":true}'

local function send(state, method, target, body)
    return connect.handle(state, support.signed_now(state, method, target, body or ""))
end

local function start(state, number, rest)
    local answer = send(state, "PUT", "/contact/outbound-voice", '{"InstanceId":"i-1","ContactFlowId":"f-1",'
        .. '"DestinationPhoneNumber":"' .. number .. '","SourcePhoneNumber":"+15550100000"' .. (rest or "") .. "}")
    assert.equal(200, answer.status, answer.body)
    return json.decode(answer.body).ContactId, answer.ring
end

local function describe_contact(state, id, instance)
    return send(state, "GET", "/contacts/" .. (instance or "i-1") .. "/" .. id)
end

local function contact_of(state, id)
    return json.decode(describe_contact(state, id).body).Contact
end

local function stop(state, id, instance)
    return send(state, "POST", "/contact/stop", '{"ContactId":"' .. id .. '","InstanceId":"' .. (instance or "i-1")
        .. '"}')
end

local function search(state, rest, range)
    return send(state, "POST", "/search-contacts", '{"InstanceId":"i-1","TimeRange":'
        .. (range or '{"Type":"INITIATION_TIMESTAMP","StartTime":1440938100,"EndTime":1440949999}')
        .. (rest or "") .. "}")
end

local function refused(answer, status, kind, message)
    assert.equal(json.encode(json.object({ { "Message", message } })), answer.body)
    assert.equal(status, answer.status)
    assert.equal(kind, support.header(answer, "x-amzn-errortype"))
end

describe("the mock's DescribeContact", function()
    -- A contact's description: the parts that come with time, in the order in which they stand.
    local function expected(id, middle, updated, tail)
        return '{"Contact":{"Arn":"arn:aws:connect:us-east-1:111122223333:instance/i-1/contact/' .. id
            .. '","Id":"' .. id .. '","Channel":"VOICE","InitiationMethod":"API",'
            .. '"InitiationTimestamp":1440938160.000' .. middle .. ',"LastUpdateTimestamp":' .. updated .. (tail or "")
            .. ',"CustomerEndpoint":{"Address":"+15550100001","Type":"TELEPHONE_NUMBER"},'
            .. '"SystemEndpoint":{"Address":"+15550100000","Type":"TELEPHONE_NUMBER"}}}'
    end

    it("shows each part of a life when it has come", function()
        local state = support.state()
        local id = start(state, "+15550100001")
        local connected = ',"ConnectedToSystemTimestamp":1440938164.000,"QueueInfo":{"Id":"mock-queue",'
            .. '"EnqueueTimestamp":1440938164.000}'
        local agent = ',"AgentInfo":{"Id":"mock-agent","ConnectedToAgentTimestamp":1440938165.000}'
        assert.equal(expected(id, "", "1440938160.000"), describe_contact(state, id).body)
        state.advance(3999)
        assert.equal(expected(id, "", "1440938160.000"), describe_contact(state, id).body)
        state.advance(1)
        assert.equal(expected(id, connected, "1440938164.000"), describe_contact(state, id).body)
        state.advance(1000)
        assert.equal(expected(id, connected .. agent, "1440938165.000"), describe_contact(state, id).body)
        state.advance(5000)
        assert.equal(expected(id, connected .. agent .. ',"DisconnectTimestamp":1440938170.000', "1440938170.000",
            ',"DisconnectReason":"CUSTOMER_DISCONNECT"'), describe_contact(state, id).body)
    end)

    it("shows names, what a contact is related to, its campaign and what was detected", function()
        local state = support.state()
        local first = start(state, "+15550100001")
        local id = start(state, "+15550100002", ',"Name":"n","Description":"d","QueueId":"q-1","CampaignId":"c-1",'
            .. '"RelatedContactId":"' .. first .. '"' .. AMD)
        assert.is_nil(contact_of(state, id).AnsweringMachineDetectionStatus)
        state.advance(4000)
        local contact = contact_of(state, id)
        assert.equal("HUMAN_ANSWERED", contact.AnsweringMachineDetectionStatus)
        assert.equal("n d " .. first .. " q-1 c-1", table.concat({ contact.Name, contact.Description,
            contact.RelatedContactId, contact.QueueInfo.Id, contact.Campaign.CampaignId }, " "))
        assert.equal("1440938160.000", contact.RingStartTimestamp.text)
        assert.is_nil(contact_of(state, first).AnsweringMachineDetectionStatus)
    end)

    it("knows neither contacts that are none nor those of other instances", function()
        local state = support.state()
        local id = start(state, "+15550100001")
        local text = "The specified resource was not found: ContactId"
        refused(describe_contact(state, "nothing"), 404, "ResourceNotFoundException", text)
        refused(describe_contact(state, id, "i-2"), 404, "ResourceNotFoundException", text)
        refused(describe_contact(state, id, "00000000-0000-0000-0000-000000000404"), 404, "ResourceNotFoundException",
            "The specified resource was not found: InstanceId")
        assert.equal(404, send(state, "POST", "/contacts/i-1/" .. id, "{}").status)
    end)

    it("finds a contact only after a while where it is told so", function()
        local state = support.state({ settings = { connect = { visible_after_ms = 1500 } } })
        local id = start(state, "+15550100001")
        state.advance(1499)
        assert.equal(404, describe_contact(state, id).status)
        assert.equal(404, send(state, "GET", "/contact/attributes/i-1/" .. id).status)
        assert.equal('{"Contacts":[],"TotalCount":0}', search(state).body)
        state.advance(1)
        assert.equal(200, describe_contact(state, id).status)
        assert.equal(1, json.decode(search(state).body).TotalCount)
    end)

    it("lives faster where it is told so", function()
        local state = support.state({ settings = { contacts = { speed = 10 } } })
        local id = start(state, "+15550100001")
        state.advance(999)
        assert.is_nil(contact_of(state, id).DisconnectTimestamp)
        state.advance(1)
        assert.equal("1440938161.000", contact_of(state, id).DisconnectTimestamp.text)
    end)
end)

describe("the mock's contacts by number", function()
    -- Ending, whether the phone rings, when it is connected and when it ends (ms after the start), reason, detection.
    local rows = {
        { "99001", true, nil, 60000, "TELECOM_UNANSWERED", "AMD_UNANSWERED" },
        { "99002", false, nil, 4000, "TELECOM_BUSY", "SIT_TONE_BUSY" },
        { "99003", true, nil, 4000, "TELECOM_BUSY", "AMD_UNANSWERED" },
        { "99004", true, 4000, 10000, "CONTACT_FLOW_DISCONNECT", "VOICEMAIL_BEEP" },
        { "99005", true, 4000, 10000, "CONTACT_FLOW_DISCONNECT", "FAX_MACHINE_DETECTED" },
        { "99006", false, nil, 500, "TELECOM_NUMBER_INVALID", "SIT_TONE_INVALID_NUMBER" },
        { "99007", false, nil, 500, "TELECOM_POTENTIAL_BLOCKING", nil },
        { "99008", false, nil, 500, "TELECOM_PROBLEM", "AMD_ERROR" },
        { "99009", true, 4000, 10000, "CUSTOMER_DISCONNECT", "HUMAN_ANSWERED" },
        { "99010", false, nil, 500, "EXPIRED", nil },
        { "99011", true, nil, 4000, "TELECOM_ORIGINATOR_CANCEL", "AMD_UNANSWERED" },
        { "99012", true, nil, nil, nil, nil },
        { "99013", true, nil, 4000, "TELECOM_SOMETHING_NEW", "AMD_SOMETHING_NEW" },
        { "99014", true, 4000, 10000, "CUSTOMER_DISCONNECT", "HUMAN_ANSWERED" },
        { "99015", true, nil, 60000, "TELECOM_UNANSWERED", "AMD_UNANSWERED" },
        { "99103", false, nil, 500, "TELECOM_POTENTIAL_BLOCKING", nil },
        { "99105", true, nil, 60000, "TELECOM_TIMEOUT", nil },
        { "99111", true, 4000, 10000, "AGENT_DISCONNECT", nil },
        { "99120", true, nil, 60000, nil, nil },
        { "99140", true, 4000, 10000, "CONTACT_FLOW_DISCONNECT", "VOICEMAIL_NO_BEEP" },
    }
    for _, row in ipairs(rows) do
        it("..." .. row[1], function()
            local state = support.state()
            local id, ring = start(state, "+155501" .. row[1], AMD)
            assert.equal(row[2], ring ~= nil)
            local function at(ms)
                local there = support.START_MS + ms
                state.advance(there - state.now_ms())
                return contact_of(state, id)
            end
            if row[3] then
                assert.is_nil(at(row[3] - 1).ConnectedToSystemTimestamp)
            end
            assert.is_nil(at((row[4] or 86400000) - 1).DisconnectTimestamp)
            local contact = at(row[4] or 86400000)
            assert.equal(row[3] ~= nil, contact.ConnectedToSystemTimestamp ~= nil)
            assert.equal(row[4] ~= nil, contact.DisconnectTimestamp ~= nil)
            assert.equal(row[5], contact.DisconnectReason)
            assert.equal(row[6], contact.AnsweringMachineDetectionStatus)
        end)
    end

    it("give every reason and every status of the documents", function()
        local state = support.state({ settings = { connect = { concurrent_calls = 100 } } })
        local ids = {}
        for index = 1, 45 do
            ids[index] = start(state, ("+15550199%03d"):format(100 + index), AMD)
        end
        state.advance(60000)
        for index, reason in ipairs(outcomes.DISCONNECT_REASONS) do
            assert.equal(reason ~= "" and reason or nil, contact_of(state, ids[index]).DisconnectReason)
        end
        for index, status in ipairs(outcomes.DETECTION_STATUSES) do
            assert.equal(status, contact_of(state, ids[30 + index]).AnsweringMachineDetectionStatus)
        end
    end)

    it("are queued without an agent by ...99009", function()
        local state = support.state()
        local id = start(state, "+15550199009")
        state.advance(10000)
        assert.truthy(contact_of(state, id).QueueInfo)
        assert.is_nil(contact_of(state, id).AgentInfo)
    end)

    it("tell nothing of detection where it was not asked for", function()
        local state = support.state()
        local id = start(state, "+15550199004")
        state.advance(10000)
        assert.is_nil(contact_of(state, id).AnsweringMachineDetectionStatus)
    end)

    it("ring no longer than RingTimeoutInSeconds", function()
        local state = support.state()
        local id = start(state, "+15550199001", ',"RingTimeoutInSeconds":15')
        state.advance(14999)
        assert.is_nil(contact_of(state, id).DisconnectTimestamp)
        state.advance(1)
        assert.equal("TELECOM_UNANSWERED", contact_of(state, id).DisconnectReason)
    end)

    it("end without a reason, unconnected, at a fast busy tone", function()
        local state = support.state({ settings = { connect = { concurrent_calls = 1 } } })
        start(state, "+15550100001")
        local id, ring = start(state, "+15550100002")
        assert.truthy(ring)
        local contact = contact_of(state, id)
        assert.equal("1440938160.000", contact.DisconnectTimestamp.text)
        assert.is_nil(contact.ConnectedToSystemTimestamp or contact.DisconnectReason)
    end)
end)

describe("the mock's StopContact", function()
    it("ends a contact that rings, and one that talks, once", function()
        local state = support.state()
        local ringing = start(state, "+15550100001", AMD)
        state.advance(1000)
        local answer = stop(state, ringing)
        assert.equal(200, answer.status)
        assert.equal("", answer.body)
        local contact = contact_of(state, ringing)
        assert.equal("OTHER", contact.DisconnectReason)
        assert.equal("1440938161.000", contact.DisconnectTimestamp.text)
        state.advance(9000)
        contact = contact_of(state, ringing)
        assert.is_nil(contact.ConnectedToSystemTimestamp or contact.QueueInfo or contact.AgentInfo
            or contact.AnsweringMachineDetectionStatus)
        local talking = start(state, "+15550100001")
        state.advance(4500)
        assert.equal(200, stop(state, talking).status)
        contact = contact_of(state, talking)
        assert.equal("1440938174.000 1440938174.500", contact.ConnectedToSystemTimestamp.text .. " "
            .. contact.DisconnectTimestamp.text)
        refused(stop(state, talking), 410, "ContactNotFoundException",
            "The contact with the specified ID does not exist.")
    end)

    it("frees the place of a live call and its ClientToken", function()
        local state = support.state({ settings = { connect = { concurrent_calls = 1 } } })
        local id = start(state, "+15550199012", ',"ClientToken":"t"')
        stop(state, id)
        assert.are_not.equal(id, (start(state, "+15550199012", ',"ClientToken":"t"')))
        assert.equal('{"contacts":2,"fast_busy":0}', json.encode(connect.counts(state)))
    end)

    it("refuses", function()
        local state = support.state()
        local id = start(state, "+15550100001")
        refused(stop(state, "nothing"), 404, "ResourceNotFoundException",
            "The specified resource was not found: ContactId")
        refused(stop(state, id, "i-2"), 404, "ResourceNotFoundException",
            "The specified resource was not found: ContactId")
        refused(stop(state, id, "00000000-0000-0000-0000-000000000404"), 404, "ResourceNotFoundException",
            "The specified resource was not found: InstanceId")
        refused(send(state, "POST", "/contact/stop", '{"ContactId":"x"}'), 400, "InvalidRequestException",
            "/InstanceId: required")
        refused(send(state, "POST", "/contact/stop", '{"ContactId":"' .. id .. '","InstanceId":"i-1",'
            .. '"DisconnectReason":{"Code":"OUTBOUND_CONTACT_EXPIRED"}}'), 403, "AccessDeniedException",
            "DisconnectReason may only be given by the outbound campaigns service")
        assert.is_nil(contact_of(state, id).DisconnectTimestamp)
    end)
end)

describe("the mock's contact attributes", function()
    local function get(state, id)
        return send(state, "GET", "/contact/attributes/i-1/" .. id)
    end

    local function update(state, id, attributes)
        return send(state, "POST", "/contact/attributes", '{"InitialContactId":"' .. id
            .. '","InstanceId":"i-1","Attributes":' .. attributes .. "}")
    end

    it("are those of the start, changed and added to", function()
        local state = support.state()
        local id = start(state, "+15550100001", ',"Attributes":{"outdial_attempt":"t-1","plan":"a"}')
        assert.equal('{"Attributes":{"outdial_attempt":"t-1","plan":"a"}}', get(state, id).body)
        state.advance(20000)
        local answer = update(state, id, '{"plan":"b","more":""}')
        assert.equal(200, answer.status)
        assert.equal("", answer.body)
        assert.equal('{"Attributes":{"outdial_attempt":"t-1","plan":"b","more":""}}', get(state, id).body)
        assert.equal("1440938180.000", contact_of(state, id).LastUpdateTimestamp.text)
    end)

    it("are copied from a related contact", function()
        local state = support.state()
        local first = start(state, "+15550100001", ',"Attributes":{"a":"1","b":"2"}')
        local second = start(state, "+15550100001", ',"Attributes":{"b":"3"},"RelatedContactId":"' .. first .. '"')
        update(state, first, '{"a":"9"}')
        assert.equal('{"Attributes":{"a":"1","b":"3"}}', get(state, second).body)
        assert.equal('{"Attributes":{}}', get(state, (start(state, "+15550100001"))).body)
    end)

    it("are refused", function()
        local state = support.state()
        local id = start(state, "+15550100001", ',"Attributes":{"k":"' .. ("x"):rep(32000) .. '"}')
        refused(get(state, "nothing"), 404, "ResourceNotFoundException",
            "The specified resource was not found: ContactId")
        refused(update(state, "nothing", "{}"), 404, "ResourceNotFoundException",
            "The specified resource was not found: ContactId")
        refused(update(state, id, '{"a b":"x"}'), 400, "InvalidParameterException",
            "/Attributes/a b: does not match the pattern")
        refused(update(state, id, '{"a":1}'), 400, "InvalidRequestException",
            "/Attributes/a: expected a string, got integer")
        refused(update(state, id, '{"a":"' .. ("x"):rep(767) .. '"}'), 400, "InvalidParameterException",
            "/Attributes: 32769 bytes in all, more than 32768")
        assert.equal(200, update(state, id, '{"a":"' .. ("x"):rep(766) .. '"}').status)
    end)
end)

describe("the mock's SearchContacts", function()
    local function three()
        local state, ids = support.state(), {}
        for index = 1, 3 do
            ids[index] = start(state, "+15550100001", ',"QueueId":"q-' .. index .. '"')
            state.advance(10000)
        end
        return state, ids
    end

    local function found(answer, ids)
        local names = {}
        for index, contact in ipairs(json.decode(answer.body).Contacts) do
            for number, id in ipairs(ids) do
                names[index] = contact.Id == id and number or names[index]
            end
        end
        return table.concat(names, " ")
    end

    it("answers summaries, without numbers and attributes", function()
        local state = support.state()
        local id = start(state, "+15550100001", ',"Name":"n","Attributes":{"a":"b"}')
        state.advance(10000)
        assert.equal('{"Contacts":[{"Arn":"arn:aws:connect:us-east-1:111122223333:instance/i-1/contact/' .. id
            .. '","Id":"' .. id .. '","InitiationMethod":"API","Channel":"VOICE","Name":"n",'
            .. '"QueueInfo":{"Id":"mock-queue","EnqueueTimestamp":1440938164.000},"AgentInfo":{"Id":"mock-agent",'
            .. '"ConnectedToAgentTimestamp":1440938165.000},"InitiationTimestamp":1440938160.000,'
            .. '"DisconnectTimestamp":1440938170.000}],"TotalCount":1}', search(state).body)
    end)

    local rows = {
        { "", nil, "3 2 1" },
        { ',"Sort":{"FieldName":"INITIATION_TIMESTAMP","Order":"ASCENDING"}', nil, "1 2 3" },
        { ',"SearchCriteria":{"InitiationMethods":["API"],"Channels":["VOICE"]}', nil, "3 2 1" },
        { ',"SearchCriteria":{"InitiationMethods":["INBOUND","OUTBOUND"]}', nil, "" },
        { ',"SearchCriteria":{"Channels":["CHAT"]}', nil, "" },
        { ',"SearchCriteria":{"QueueIds":["q-2","q-9"]}', nil, "2" },
        { ',"SearchCriteria":{"AgentIds":["mock-agent"]}', nil, "3 2 1" },
        { ',"SearchCriteria":{"AgentIds":["other"]}', nil, "" },
        { "", '{"Type":"INITIATION_TIMESTAMP","StartTime":1440938160,"EndTime":1440938170}', "2 1" },
        { "", '{"Type":"INITIATION_TIMESTAMP","StartTime":1440938160.5,"EndTime":1440938170.0}', "2" },
        { "", '{"Type":"DISCONNECT_TIMESTAMP","StartTime":1440938170,"EndTime":1440938175}', "1" },
        { "", '{"Type":"CONNECTED_TO_AGENT_TIMESTAMP","StartTime":1440938185,"EndTime":1440938185}', "3" },
        { "", '{"Type":"ENQUEUE_TIMESTAMP","StartTime":1440938174,"EndTime":1440938174}', "2" },
        { "", '{"Type":"SCHEDULED_TIMESTAMP","StartTime":0,"EndTime":1540938174}', "" },
    }
    for index, row in ipairs(rows) do
        it("finds row " .. index, function()
            local state, ids = three()
            local answer = search(state, row[1], row[2])
            assert.equal(200, answer.status, answer.body)
            assert.equal(row[3], found(answer, ids))
        end)
    end

    it("goes in pages", function()
        local state, ids = three()
        local first = search(state, ',"MaxResults":2')
        assert.equal("3 2", found(first, ids))
        local read = json.decode(first.body)
        assert.equal(3, read.TotalCount)
        local second = search(state, ',"MaxResults":2,"NextToken":"' .. read.NextToken .. '"')
        assert.equal("1", found(second, ids))
        assert.is_nil(json.decode(second.body).NextToken)
    end)

    local refusals = {
        { "{}", "InvalidRequestException", "/InstanceId: required" },
        { '{"InstanceId":"i-1"}', "InvalidRequestException", "/TimeRange: required" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":2,"EndTime":1}}',
            "InvalidParameterException", "/TimeRange: StartTime is after EndTime" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":"2","EndTime":3}}',
            "InvalidRequestException", "/TimeRange/StartTime: expected a number of seconds, got string" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"OTHER","StartTime":2,"EndTime":3}}',
            "InvalidParameterException", "/TimeRange/Type: not one of the values allowed" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":2,"EndTime":3},"MaxResults":101}',
            "InvalidParameterException", "/MaxResults: out of range" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":2,"EndTime":3},"NextToken":"x"}',
            "InvalidParameterException", "/NextToken: not one that was given" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":2,"EndTime":3},'
            .. '"SearchCriteria":{"ContactTags":{}}}', "InvalidRequestException",
            "/SearchCriteria/ContactTags: not a member of the model" },
        { '{"InstanceId":"i-1","TimeRange":{"Type":"INITIATION_TIMESTAMP","StartTime":2,"EndTime":3},'
            .. '"SearchCriteria":{"InitiationMethods":["PHONE"]}}', "InvalidParameterException",
            "/SearchCriteria/InitiationMethods/0: not one of the values allowed" },
    }
    for index, row in ipairs(refusals) do
        it("refuses body " .. index, function()
            refused(send(support.state(), "POST", "/search-contacts", row[1]), 400, row[2], row[3])
        end)
    end
end)

describe("the mock's Connect in all operations", function()
    -- How many of an operation's requests pass at once, and again after a second.
    local rates = {
        { "StartOutboundVoiceContact", "PUT", "/contact/outbound-voice", 5, 2 },
        { "StopContact", "POST", "/contact/stop", 15, 10 },
        { "DescribeContact", "GET", "/contacts/i-1/c", 15, 10 },
        { "GetContactAttributes", "GET", "/contact/attributes/i-1/c", 15, 10 },
        { "UpdateContactAttributes", "POST", "/contact/attributes", 15, 10 },
        { "SearchContacts", "POST", "/search-contacts", 1, 0 },
    }
    for _, row in ipairs(rates) do
        it("holds the rate of " .. row[1], function()
            local state = support.state({ rate = true })
            local function passed()
                local count = 0
                while send(state, row[2], row[3], "{}").status ~= 429 do
                    count = count + 1
                end
                return count
            end
            assert.equal(row[4], passed())
            state.advance(1000)
            assert.equal(row[5], passed())
            state.advance(1000)
            assert.equal(math.max(1, row[5]), passed())
            -- Another operation has a bucket of its own.
            assert.are_not.equal(429, send(state, row[2] == "GET" and "POST" or "GET", row[2] == "GET"
                and "/contact/stop" or "/contacts/i-1/c", "{}").status)
        end)
    end

    local places = {
        { "header", "x-amzn-errortype", "ResourceNotFoundException",
            '{"Message":"The specified resource was not found: ContactId"}' },
        { "header_uri", "x-amzn-errortype",
            "ResourceNotFoundException:http://internal.amazon.com/coral/com.amazonaws.connect/",
            '{"Message":"The specified resource was not found: ContactId"}' },
        { "code", "x-amzn-errortype", nil,
            '{"Message":"The specified resource was not found: ContactId","code":"ResourceNotFoundException"}' },
        { "__type", "x-amzn-errortype", nil, '{"Message":"The specified resource was not found: ContactId",'
            .. '"__type":"com.amazonaws.connect#ResourceNotFoundException"}' },
    }
    for _, row in ipairs(places) do
        it("names an error by " .. row[1], function()
            local state = support.state({ settings = { connect = { error_type_in = row[1] } } })
            local answer = describe_contact(state, "c")
            assert.equal(row[3], (support.header(answer, row[2])))
            assert.equal(row[4], answer.body)
            assert.equal(404, answer.status)
        end)
    end
end)
