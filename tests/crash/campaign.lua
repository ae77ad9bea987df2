-- The campaign that workers of the crash tests run: one vendor of the mock, everybody once.
--
--   outdial run campaign.lua PORT STORE VENDOR CONTACTS TIMEOUT_S WRITES_OFF
local outdial = require "outdial"

local port, store, vendor, people, timeout_s, writes_off = ...
local endpoint = "http://127.0.0.1:" .. port

-- Sets the local variable of that name that the functions of a module share, or those of what it uses; it must be
-- there.
local function set_local(module, name, value)
    local seen, count = {}, 0
    local function walk(thing)
        if seen[thing] then return end
        seen[thing] = true
        if type(thing) == "table" then
            for _, member in pairs(thing) do
                if type(member) == "function" then walk(member) end
            end
            return
        end
        for i = 1, 255 do
            local found, held = debug.getupvalue(thing, i)
            if not found then break end
            if found == name then
                debug.setupvalue(thing, i, value)
                count = count + 1
            elseif type(held) == "function" or type(held) == "table" then
                walk(held)
            end
        end
    end
    walk(require(module))
    assert(count > 0, module .. " has no local " .. name)
end

-- Waits that are a minute for people are short here.
set_local("outdial.attempt", "TROUBLE_MS", { 300 })
set_local("outdial.attempt", "TURN_S", 1)
set_local("outdial.attempt", "ASKED_AGAIN_MS", 1)
set_local("outdial.attempt", "HAND_ROOM_S", 0.3)
set_local("outdial.runner", "FIRST_POLL_S", 0.2)
set_local("outdial.runner", "LONGEST_POLL_S", 1)
set_local("outdial.runner", "CHORES_EVERY_S", 0.5)
set_local("outdial.runner", "WITHDRAW_EVERY_S", 0.2)
set_local("outdial.withdrawals", "AGAIN_S", 0.6)
set_local("outdial.runner", "BEATS_PER_LEASE", 100)
set_local("outdial.accounts", "EARS_AGAIN_S", 0.5)
set_local("outdial.work", "AGAIN_S", 0.1)
set_local("outdial.breaker", "FIRST_S", 1)
set_local("outdial.breaker", "LAST_S", 4)

-- What only Lua can break.
if os.getenv("OUTDIAL_MUTANT") == "resend_after_unknown" then
    set_local("outdial.placing", "may_repeat", function(leg) return leg.tries < 3 end)
end

local TIMEOUT_S = tonumber(timeout_s)

local clients = {}

function clients.amazon_connect()
    return outdial.amazon_connect { endpoint = endpoint, region = "us-east-1",
        instance_id = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", contact_flow_id = "b0b8f2dd-ed1b-4c44-af36-ce189a178181",
        source_phone_number = "+12065550100", rate = { per_second = 1000, burst = 10 }, timeout = TIMEOUT_S,
        resend_within = 1,
        credentials = { access_key_id = "AKIDEXAMPLE",
            secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" } }
end

function clients.genesys()
    local devices = {}
    for i = 1, 12 do devices[i] = ("00000000-0000-4000-8000-0000000000%02d"):format(i) end
    return outdial.genesys { base_url = endpoint, username = "agent", password = "secret", rate = false,
        timeout = TIMEOUT_S, devices = devices }
end

function clients.ccai_platform()
    local agents = {}
    for i = 1, 10 do agents[i] = ("agent%d@example.com"):format(i) end
    return outdial.ccai_platform { endpoint = endpoint, subdomain = "acme", domain = "uc1.ccaiplatform.com",
        api_token = "token", outbound_number = "+13392195276", agents = agents, rate = false, timeout = TIMEOUT_S }
end

function clients.symbee()
    return outdial.symbee { endpoint = endpoint, company_code = "acme", environment = "prod", api_key = "symbee-key",
        campaign_region = "us-east-1", campaign_name = "Renewals", work_codes = { Answered = "answered" }, rate = false,
        timeout = TIMEOUT_S }
end

-- Some share a number (R9).
local rows = {}
for i = 1, tonumber(people) do
    rows[i] = { id = "p" .. i, phone = ("+1206555%04d"):format(i % 20 == 0 and i - 15 or i), zone = "America/New_York" }
end

-- Whether this worker has beaten. A campaign may be over sooner than that, and then has no point at a beat: the last
-- contact waits for it.
local beaten = false
local work = require "outdial.work"
local new_work = work.new

function work.new(...) -- luacheck: ignore 122
    local self = new_work(...)
    local ask = self.store
    function self.store(of, verb, params)
        local result, err = ask(of, verb, params)
        beaten = beaten or verb == "beat" and result ~= nil
        return result, err
    end
    return self
end

local PUT_OFF_EVERY, LAST, MOMENT_S = 8, tonumber(people), 0.01
local put_off = {}

return outdial.campaign {
    name = "c", store = store, vendors = { [vendor] = clients[vendor]() },
    contacts = outdial.contacts.list(rows, { id = "id", numbers = "phone", zone = "zone", country = "US" }),
    hours = { every_day = "00:00-24:00" }, caps = { { 1, per = "person", lifetime = true } }, gap = 0,
    loosen = { gap = "a test" }, pace = { max_open = 10, max_handed_off = 10 },
    track = vendor ~= "amazon_connect", -- a contact lives long there
    eligible = function(contact, ctx) -- some a moment later
        local i = tonumber(contact.id:sub(2))
        if i % PUT_OFF_EVERY ~= 0 or put_off[i] and (i ~= LAST or beaten) then return true end
        local first = not put_off[i]
        put_off[i] = true
        return outdial.later(first and ctx.now or ctx.now + MOMENT_S, "a moment")
    end,
    on_doubt = writes_off == "true" and function() return outdial.WRITE_OFF end or nil,
    retry = outdial.retry { max_attempts = 1, on = { ["*"] = { stop = "done" } } },
}
