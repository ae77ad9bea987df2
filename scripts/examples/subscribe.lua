-- Hears what Genesys tells of a call, as it happens: one event after the other.
-- usage: outdial mock --listen 127.0.0.1:8080 &   outdial run subscribe.lua [ENDPOINT]
local outdial = require "outdial"

local genesys = outdial.genesys { base_url = ... or "http://127.0.0.1:8080", username = "agent", password = "secret",
    device_id = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a" }

outdial.run(function()
    outdial.check(genesys:subscribe({ "/v2/me/calls" }, function(event)
        local call = event.data and event.data.call
        if call then print(call.state) end
    end))
    local call = outdial.check(genesys:place_call { to = "+14155550123" })
    print("ended: " .. outdial.check(genesys:track(call, { timeout = 60 })).kind)
    genesys:close()
end)
