-- A campaign that calls everyone on a list, each through the vendor that serves their country.
-- usage: outdial run demo.lua ENDPOINT CONTACTS.csv STORE
local outdial = require "outdial"
local endpoint, list, store = ...

local gws = { base_url = endpoint, username = "agent", password = "secret",
    devices = { "efe1ab32-53f9-43ce-b65e-5768c61f7d4a", "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7" } }
local agents = {}
for i = 1, 12 do agents[i] = ("agent%d@somedomain.com"):format(i) end

local vendors = {
    amazon_connect = outdial.amazon_connect { endpoint = endpoint, region = "us-east-1", -- keys: AWS_ACCESS_KEY_ID, ...
        instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
        source_phone_number = "+12065550100" },
    genesys = outdial.genesys(gws), -- dials on two devices, one call each
    genesys_list = outdial.genesys { base_url = endpoint, username = "agent", password = "secret", -- dials by itself
        device_id = "0b1c2d3e-4f50-4161-8273-8495a6b7c8d9", place_call_with = "add_record", application_id = 134,
        campaign_name = "Campaign1", calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile" },
    ccai_platform = outdial.ccai_platform { endpoint = endpoint, subdomain = "acme", domain = "uc1.ccaiplatform.com",
        api_token = "token", outbound_number = "+13392195276", agents = agents, -- each has one call at a time
        redial_within = 2 }, -- a vendor that calls again by itself does so soon: the mock's time flies
    symbee = outdial.symbee { endpoint = endpoint, company_code = "acme", environment = "prod", api_key = "symbee-key",
        campaign_region = "us-east-1", campaign_name = "Renewals", work_codes = { Answered = "answered",
            ["No Answer"] = "no_answer", Busy = "busy", ["Answering Machine"] = "machine",
            ["Wrong Number"] = "invalid_number" } },
}
local serves = { US = "ccai_platform", IE = "genesys", GB = "genesys_list", FR = "ccai_platform",
    DE = "ccai_platform", AU = "symbee", KP = "amazon_connect" }

return outdial.campaign {
    name = "demo", store = store, vendors = vendors,
    contacts = outdial.contacts.csv(list, { id = "customer_no", numbers = { "mobile" }, zone = "zone",
        country = { column = "country" } }),
    hours = { every_day = "00:00-24:00" }, -- a demo is looked at by night, too; without this line: decent hours
    gap = "1s", ring_timeout = "15s",
    doubt = { write_off_after = "5s" }, -- for the demo's sake: who may have been called is not called again
    pace = { max_open = 60, max_handed_off = 60 },
    retry = outdial.retry { max_attempts = 2, on = {
        busy = { after = "2s" }, no_answer = { after = "3s" }, ["*"] = { stop = "called" } } },
    route = function(contact)
        local first = contact.data.plan == "premium" and "amazon_connect" or serves[contact.country]
        return { first, first == "symbee" and "ccai_platform" or "symbee" } -- the second if the first says no
    end,
    plan = function(contact, _, call)
        call.attributes = { name = contact.data.name, plan = contact.data.plan }
        return call
    end,
}
