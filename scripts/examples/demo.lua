-- Calls everyone on a list, each through the vendor that serves their country, as fast as each vendor allows.
-- usage: outdial run demo.lua ENDPOINT CONTACTS.csv PHONE-LOG
local outdial = require "outdial"
local endpoint, list, phone_log = ...

local clients = {
    amazon_connect = outdial.amazon_connect { endpoint = endpoint, region = "us-east-1", -- keys: AWS_ACCESS_KEY_ID, ...
        instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
        source_phone_number = "+12065550100", rate = { per_second = 0.9, burst = 1 } }, -- its quota: 10 open calls
    genesys = outdial.genesys { base_url = endpoint, username = "agent", password = "secret",
        device_id = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a", rate = { per_second = 0.9, burst = 1 } },
    genesys_list = outdial.genesys { base_url = endpoint, username = "agent", password = "secret",
        device_id = "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7", place_call_with = "add_record", application_id = 134,
        campaign_name = "Campaign1", calling_list = "CallingList1", time_zone = "GMT", phone_type = "Mobile" },
    ccai_platform = outdial.ccai_platform { endpoint = endpoint, subdomain = "acme", domain = "uc1.ccaiplatform.com",
        api_token = "token", outbound_number = "+13392195276" }, -- an agent has one call at a time: one for each below
    symbee = outdial.symbee { endpoint = endpoint, company_code = "acme", environment = "prod", api_key = "symbee-key",
        campaign_region = "us-east-1", campaign_name = "Renewals" },
}
local serves = { US = "ccai_platform", IE = "genesys", GB = "genesys_list", FR = "ccai_platform", DE = "ccai_platform",
    AU = "symbee", KP = "amazon_connect" }
local function route(contact)
    return contact.country == "US" and contact.plan == "premium" and "amazon_connect" or serves[contact.country]
end
local count, reasons, order = {}, {}, { "amazon_connect", "genesys", "genesys_list", "ccai_platform", "symbee" }
for _, name in ipairs(order) do count[name] = { placed = 0, handed_off = 0, refused = 0, unknown = 0, rings = 0 } end

local contacts = {}
for line in io.lines(list) do
    local id, name, country, mobile, plan = line:match("^(%d+),([^,]*),(%u%u),([^,]*),(%a+)$")
    if id then contacts[#contacts + 1] = { id = id, name = name, country = country, mobile = mobile, plan = plan } end
end

outdial.each(contacts, { concurrency = 64 }, function(contact)
    local name, call, err = route(contact), nil, nil
    for try = 1, 3 do
        if try > 1 then outdial.sleep(err.retry_after or 0.5 * try) end
        call, err = clients[name]:place_call { to = contact.mobile:gsub("[ ()-]", ""), contact = contact.id,
            attributes = { name = contact.name, plan = contact.plan },
            fields = name == "genesys_list" and { from = 10 * 3600, ["until"] = 20 * 3600 }
                or name == "ccai_platform" and { agent_email = ("agent%s@somedomain.com"):format(contact.id) } or nil }
        if call or not err.retryable or err.placement == "unknown" then break end -- unknown: it may be ringing
    end
    local what = call and call.state or err.placement == "unknown" and "unknown" or "refused"
    count[name][what] = count[name][what] + 1
    if what == "refused" then
        local reason = ("%s: %s"):format(name, tostring(err):gsub('"[^"]*"', "..."))
        reasons[reason] = (reasons[reason] or 0) + 1
    end
end)

for line in io.lines(phone_log) do
    local vendor = outdial.json.decode(line).vendor
    count[vendor].rings = count[vendor].rings + 1
end
print("                 placed  handed off  refused  unknown   phones that rang (the mock's count)")
for _, name in ipairs(order) do
    local n = count[name]
    print(("%-15s %7d %11d %8d %8d   %d"):format(name, n.placed, n.handed_off, n.refused, n.unknown, n.rings))
end
for reason, times in pairs(reasons) do print(("refused %d: %s"):format(times, reason)) end
