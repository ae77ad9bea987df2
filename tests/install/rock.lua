-- Places a call through the installed rock; the address of the mock vendors is the first argument.
local outdial = require "outdial"
local connect = outdial.amazon_connect {
    region = "us-east-1", endpoint = arg[1],
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
    instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
    source_phone_number = "+12065550100",
}
local call = outdial.check(connect:place_call { to = "+14155550199" })
assert(call.state == "placed", call.state)
