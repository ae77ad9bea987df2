-- Calls everyone on a list, each through the vendor that serves their country, as fast as each vendor allows.
-- usage: outdial run demo.lua ENDPOINT CONTACTS.csv PHONE-LOG
local outdial = require "outdial"
local endpoint, list, phone_log = ...

local clients = {
    connect = outdial.amazon_connect { endpoint = endpoint, region = "us-east-1",
        instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
        source_phone_number = "+12065550100" }, -- keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    genesys_dial = outdial.genesys { base_url = endpoint, username = "agent", password = "secret", device_id = "5005",
        rate = { per_second = 8, burst = 1 } },
    genesys_list = outdial.genesys { base_url = endpoint, username = "agent", password = "secret", device_id = "5005",
        place_call_with = "add_record", application_id = 134, campaign_name = "Campaign1", calling_list = "CallingList1",
        time_zone = "GMT", phone_type = "Mobile" },
    ccai = outdial.ccai_platform { endpoint = endpoint, subdomain = "acme", domain = "uc1.ccaiplatform.com",
        api_token = "secret", agent_email = "agent@example.com", outbound_number = "+13392195276" },
    symbee = outdial.symbee { endpoint = endpoint, company_code = "acme", environment = "prod", api_key = "secret",
        campaign_region = "us-east-1", campaign_name = "Renewals" },
}
local serves = { US = "connect", KP = "connect", GB = "genesys_dial", IE = "genesys_list", FR = "ccai", DE = "ccai", AU = "symbee" }

local count = {} -- count[vendor][what] = calls
local function add(vendor, what)
    count[vendor] = count[vendor] or {}
    count[vendor][what] = (count[vendor][what] or 0) + 1
end

local contacts = {}
for line in io.lines(list) do
    local id, name, country, mobile, plan = line:match("^(%d+),([^,]*),(%u%u),([^,]*),(%a+)$")
    if id then contacts[#contacts + 1] = { id = id, name = name, country = country, mobile = mobile, plan = plan } end
end

outdial.each(contacts, { concurrency = 64 }, function(contact)
    local vendor, call, err = serves[contact.country], nil, nil
    for try = 1, 3 do
        if try > 1 then outdial.sleep(err.retry_after or 0.5 * try) end
        call, err = clients[vendor]:place_call { to = contact.mobile:gsub("[ ()-]", ""), contact = contact.id, attributes = { name = contact.name, plan = contact.plan } }
        if call or not err.retryable or err.placement == "unknown" then break end -- unknown: it may ring already
    end
    add(vendor, call and call.state or err.placement == "unknown" and "unknown" or "refused: " .. (err.vendor_code or err.code))
end)

local rang = {}
for line in io.lines(phone_log) do
    local vendor = outdial.json.decode(line).vendor
    rang[vendor] = (rang[vendor] or 0) + 1
end
print(("%-14s %8s %11s %8s"):format("vendor", "placed", "handed off", "unknown"))
for vendor, n in pairs(count) do
    print(("%-14s %8d %11d %8d"):format(vendor, n.placed or 0, n.handed_off or 0, n.unknown or 0))
    for what, times in pairs(n) do if what:find("^refused") then print("", what, times) end end
end
for vendor, rings in pairs(rang) do print(("phones that rang, counted by the mock %-16s %d"):format(vendor, rings)) end
