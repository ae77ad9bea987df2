-- Places two calls through Amazon Connect, at the same time, and follows each to its end.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run hello.lua [ENDPOINT]
local outdial = require "outdial"

local connect = outdial.amazon_connect {
    endpoint = ... or "http://127.0.0.1:8080", -- without it: Amazon's own, by region
    region = "us-east-1", instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07",
    contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181", source_phone_number = "+12065550100",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}

outdial.each({ "+14155550123", "555" }, { concurrency = 8 }, function(number)
    local call, err = connect:place_call { to = number, attributes = { campaign = "renewals" } }
    if not call then return print(number, err) end
    local outcome = outdial.check(connect:track(call, { timeout = 60 }))
    print(number, outcome.kind)
end)
connect:close()
