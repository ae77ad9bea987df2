-- What to do about each outcome is a value: busy numbers again soon, then the contact's other number; not for ever.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run retry.lua [ENDPOINT [STORE]]
local outdial = require "outdial"
local endpoint, store = ...

local connect = outdial.amazon_connect {
    endpoint = endpoint or "http://127.0.0.1:8080",
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}

return outdial.campaign {
    name = "retry", store = store or "retry.db", vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" }, gap = "1s", caps = { { 9, per = "person", every = "24h" } },
    contacts = outdial.contacts.list({ -- at the mock ...99002 is busy, ...99006 no number at all
        { id = "ann", mobile = "+442079499002", home = "+442079460102" },
        { id = "bob", mobile = "+442079499006", home = "+442079460103" },
    }, { id = "id", numbers = { "mobile", "home" } }),
    retry = outdial.retry {
        max_attempts = 4,
        on = {
            busy = { after = "1s", max = 1, next_number = true },
            invalid_number = { next_number = true },
            no_answer = { after = "4h", jitter = 0.2 },
            ["*"] = { stop = "done" },
        },
    },
}
