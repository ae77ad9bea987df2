-- The shortest campaign: everyone on the list is called once, at a decent hour where they are; run again, it goes on.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run campaign.lua [ENDPOINT [STORE]]
local outdial = require "outdial"
local endpoint, store = ...

local connect = outdial.amazon_connect {
    endpoint = endpoint or "http://127.0.0.1:8080",
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}

return outdial.campaign {
    name = "shortest", store = store or "campaign.db", vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" }, -- so that the example runs at any hour; leave it out for decent ones
    contacts = outdial.contacts.list({
        { id = "ann", mobile = "+442079460101" },
        { id = "bob", mobile = "+353209170102" },
    }, { id = "id", numbers = { "mobile" } }),
}
