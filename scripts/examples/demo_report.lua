-- What a store says of each client's calls, beside the phones that rang as the mock has logged them.
-- usage: outdial run demo_report.lua STORE PHONE-LOG
local outdial = require "outdial"
local store = require "outdial.store"
local path, phone_log = ...

local db = outdial.check(store.open(path))
local clients = outdial.check(db:status {}).clients
local client_of, reasons, after = {}, {}, nil
repeat -- every leg of the store, a page at a time
    local page = outdial.check(db:export { limit = 1000, after = after })
    for _, leg in ipairs(page.rows) do
        if leg.state == "not_placed" then
            local why = ("%s: %s"):format(leg.client, leg.raw.vendor_code or leg.raw.message)
            reasons[why] = (reasons[why] or 0) + 1
        elseif leg.leg then
            client_of[leg.number] = leg.client
        end
    end
    after = page.after
until not after
db:close()

local rings = {}
for line in io.lines(phone_log) do
    local client = client_of[outdial.json.decode(line).to] or "nobody's"
    rings[client] = (rings[client] or 0) + 1
end

print("                 placed  handed off  refused  unknown   phones that rang (the mock's count)")
for _, name in ipairs { "amazon_connect", "ccai_platform", "genesys", "genesys_list", "symbee" } do
    local legs = clients[name] or { placed = 0, handed_off = 0, not_placed = 0, unknown = 0 }
    print(("%-15s %7d %11d %8d %8d   %d"):format(name, legs.placed, legs.handed_off, legs.not_placed, legs.unknown,
        rings[name] or 0))
end
if rings["nobody's"] then print("phones that nobody's call explains: " .. rings["nobody's"]) end
local lines = {}
for why, count in pairs(reasons) do lines[#lines + 1] = ("refused %d by %s"):format(count, why) end
table.sort(lines)
print(table.concat(lines, "\n"))
