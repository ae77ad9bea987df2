-- Where one vendor refuses a call, the next one gets it; where it may have rung, nobody does.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run failover.lua [ENDPOINT [STORE]]
local outdial = require "outdial"
local endpoint, store = ...

local connect = outdial.amazon_connect {
    endpoint = endpoint or "http://127.0.0.1:8080",
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}
local symbee = outdial.symbee { endpoint = endpoint or "http://127.0.0.1:8080", company_code = "acme",
    environment = "prod", api_key = "symbee-key", campaign_region = "us-east-1", campaign_name = "Renewals",
    work_codes = { Answered = "answered" } }

return outdial.campaign {
    name = "failover", store = store or "failover.db", vendors = { connect = connect, symbee = symbee },
    hours = { every_day = "00:00-24:00" },
    contacts = outdial.contacts.list({ -- the mock's Connect may not call +850
        { id = "ann", mobile = "+442079460101" },
        { id = "kim", mobile = "+85023810001" },
    }, { id = "id", numbers = { "mobile" } }),
    route = { "connect", "symbee" }, -- in this order; or a function of the contact that returns such a list
}
