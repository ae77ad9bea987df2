-- Somebody asks to be called again: what on_outcome returns is kept in the store, and done whoever runs it then.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run callbacks.lua [ENDPOINT [STORE]]
local outdial = require "outdial"
local endpoint, store = ...

local connect = outdial.amazon_connect {
    endpoint = endpoint or "http://127.0.0.1:8080",
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}

return outdial.campaign {
    name = "callbacks", store = store or "callbacks.db", vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" },
    contacts = outdial.contacts.list({ { id = "ann", mobile = "+442079460101" } },
        { id = "id", numbers = { "mobile" } }),
    on_outcome = function(contact, outcome)
        print(contact.id, outcome.kind, contact.callback and "as they had asked" or "the first time")
        if not contact.callback then
            return outdial.callback("2s", { within = "1h" }) -- or "2026-12-24T10:00:00Z"
        end
    end,
}
