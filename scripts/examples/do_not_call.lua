-- Who does not want to be called is not: a file that is read again whenever it changes, and entries of the store.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run do_not_call.lua [ENDPOINT [STORE [LIST]]]
local outdial = require "outdial"
local endpoint, store, list = ...

local connect = outdial.amazon_connect {
    endpoint = endpoint or "http://127.0.0.1:8080",
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}
if not list then -- yours comes from elsewhere, and is renewed at least every 31 days
    list = os.tmpname()
    local file = assert(io.open(list, "w"))
    file:write("number\n020 7946 0102\n")
    file:close()
end

return outdial.campaign {
    name = "do_not_call", store = store or "do_not_call.db", vendors = { connect = connect },
    hours = { every_day = "00:00-24:00" },
    do_not_call = { path = list, column = "number", country = "GB" },
    contacts = outdial.contacts.list({
        { id = "ann", mobile = "+442079460101" },
        { id = "bob", mobile = "+442079460102" }, -- outdial explain do_not_call.db bob
    }, { id = "id", numbers = { "mobile" } }),
}
