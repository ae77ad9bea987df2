-- The verbs of the store, in memory and on the test's clock, as far as the runner's specs need them: windows in UTC,
-- rolling caps, gaps, fences, pace, seats, one rate per bucket. What happened is in `store.journal`.
local core = require "outdial.core"

local fake = {}

local DAYS = { [0] = "thu", "fri", "sat", "sun", "mon", "tue", "wed" } -- 1970-01-01 was a Thursday
local DAY_MS = 86400000
local OPEN = { intent = true, in_doubt = true, handed_off = true, placed = true }

local Store = {}
Store.__index = Store

local function errors(code, message)
    return require("outdial.error").new(code, message)
end

-- fake.copy(value) -> the same, sharing no table with it
function fake.copy(value)
    if type(value) ~= "table" then return value end
    local out = {}
    for key, element in pairs(value) do out[key] = fake.copy(element) end
    return out
end

local copy = fake.copy

-- options: engine (its clock), do_not_call (set of numbers), fail (verb -> error)
function fake.new(engine, options)
    options = options or {}
    return setmetatable({ engine = engine, contacts = {}, legs = {}, attempts = {}, campaigns = {}, by_id = {},
        listed = options.do_not_call or {}, fail = options.fail or {}, journal = {}, rates = {}, claims = {},
        owners = { {} }, out_of_order = {}, next_attempt = 0, generation = options.generation or "g" }, Store)
end

function Store:wall()
    return math.floor(self.engine:wall() * 1000 + 0.5)
end

function Store:log(event, data)
    self.journal[#self.journal + 1] = { at_ms = self:wall(), event = event, data = data }
end

---- rules ----

local function minute_of(text)
    local hour, minute = text:match("(%d+):(%d+)")
    return tonumber(hour) * 60 + tonumber(minute)
end

local function is_holiday(rules, day)
    for _, date in ipairs(rules.holidays or {}) do
        local year, month, dom = date:match("(%d+)-(%d+)-(%d+)")
        local at = os.time { year = tonumber(year), month = tonumber(month), day = tonumber(dom), hour = 12 }
        if math.floor((at + 0) / 86400) == day then return true end
    end
    return false
end

-- The window at or after at_ms: its start and end.
local function window(rules, at_ms)
    for ahead = 0, 14 do
        local day = math.floor(at_ms / DAY_MS) + ahead
        if not is_holiday(rules, day) then
            for _, text in ipairs(rules.hours[DAYS[day % 7]] or {}) do
                local from, to = text:match("^(.-)%-(.-)$")
                local start, stop = day * DAY_MS + minute_of(from) * 60000, day * DAY_MS + minute_of(to) * 60000
                stop = stop - rules.ring_timeout_ms - 60000
                if at_ms < stop then return math.max(start, at_ms), stop end
            end
        end
    end
end

local function history(self, contact, but)
    local list = {}
    for i = #self.attempts, 1, -1 do
        local attempt = self.attempts[i]
        if attempt.person == contact.person and i ~= but then list[#list + 1] = attempt end
    end
    return list
end

-- Returns the rule that refuses, what it saw, when to look again and the state until then; or nil.
local function judge(self, campaign, contact, number, is_callback, attempt_id)
    local rules, now = campaign.ruleset, self:wall()
    for _, entry in ipairs(contact.numbers) do
        if self.listed[entry.number] then return "do_not_call", entry.number, nil, "suppressed" end
    end
    for _, leg in ipairs(self.legs) do
        if OPEN[leg.state] and leg.person == contact.person then return "person_open", "", now + 60000, "waiting" end
        if OPEN[leg.state] and leg.number == number then return "number_open", "", now + 60000, "waiting" end
    end
    local start = window(rules, now)
    if not start then return "hours", "never open", nil, "blocked" end
    if start > now then return "hours", "closed", start, "waiting" end
    local past = history(self, contact, attempt_id)
    for _, cap in ipairs(rules.caps) do
        local count, oldest = 0, nil
        for _, attempt in ipairs(past) do
            if attempt.counts and attempt.at_ms > now - (cap.ms or 0) then count, oldest = count + 1, attempt.at_ms end
        end
        if cap.kind == "rolling" and count >= cap.limit then
            return cap.name, ("%d of %d"):format(count, cap.limit), oldest + cap.ms, "waiting"
        end
    end
    for _, gap in ipairs(is_callback and {} or rules.gaps) do
        for _, attempt in ipairs(past) do
            local applies = attempt.counts and (not gap.after or gap.after == attempt.kind)
            if applies and attempt.at_ms + gap.ms > now then return gap.name, "", attempt.at_ms + gap.ms, "waiting" end
        end
    end
end

local function count_open(self, test)
    local count = 0
    for _, leg in ipairs(self.legs) do
        if OPEN[leg.state] and test(leg) then count = count + 1 end
    end
    return count
end

local function resource(self, campaign, params, call)
    if campaign.state ~= "running" then return campaign.state == "paused" and "paused" or "campaign_held" end
    local function ours(leg) return leg.campaign == campaign.name end
    if call.hands_off then
        if count_open(self, function(leg) return ours(leg) and leg.state == "handed_off" end)
            >= (campaign.max_handed_off or math.huge) then return "max_handed_off" end
    elseif count_open(self, function(leg)
            return ours(leg) and leg.state ~= "handed_off" and leg.state ~= "in_doubt"
        end)
        >= (campaign.max_open or math.huge) then return "pace" end
    if params.client_max_open and count_open(self, function(leg) return leg.client == params.client
        and leg.state ~= "handed_off" and leg.state ~= "in_doubt" end) >= params.client_max_open then
        return "client_max_open"
    end
    if params.seat and count_open(self, function(leg) return leg.seat == params.seat end) >= params.per_seat then
        return "seat"
    end
end

-- Returns when the slot is (engine's clock), or nil.
local function take_slot(self, rate)
    local now = self.engine:now() * 1000
    if not rate then return now end
    local at = math.max(self.rates[rate.bucket] or 0, now)
    if at > now + 2000 then return nil, at - now end
    self.rates[rate.bucket] = at + 1000 / rate.per_second
    return at
end

---- views ----

local function token_of(self, contact, ordinal, leg)
    return ("%s-%s-%d-%d"):format(self.generation, contact.person:gsub("[^%w]", "_"), ordinal, leg)
end

local function view(self, contact)
    local list, attempts = {}, 0
    for i, attempt in ipairs(history(self, contact)) do
        if attempt.counts then attempts = attempts + 1 end
        if i <= 20 then
            list[i] = { at_ms = attempt.at_ms, kind = attempt.kind, rang = attempt.rang, client = attempt.client,
                number = attempt.number, counts = attempt.counts }
        end
    end
    return copy { contact = contact.row, version = contact.version, id = contact.id, person = contact.person,
        campaign = contact.campaign, country = contact.country, zones = contact.zones, number = contact.number,
        numbers = contact.numbers, data = contact.data, attempts = attempts, ordinal = contact.ordinal + 1,
        token = token_of(self, contact, contact.ordinal + 1, 1), history = list, callback = contact.callback }
end

-- What a worker is given of a contact that it takes.
local function taken(self, contact)
    local seen = view(self, contact)
    local data = seen.data and assert(core.to_json(seen.data))
    seen.data = nil
    return { contact = seen.contact, version = seen.version, id = seen.id, number = seen.number,
        further = seen.numbers[seen.number + 1] and true or nil,
        to = seen.numbers[seen.number].number, token = seen.token, callback = seen.callback, data = data,
        view = assert(core.to_json(seen)) }
end

local function leg_view(self, leg)
    return { leg = leg.id, attempt = leg.attempt, ordinal = leg.ordinal, state = leg.state, client = leg.client,
        vendor = leg.vendor, account = leg.account, token = leg.token, number = leg.number, at_ms = leg.at_ms,
        call = copy(leg.call), request = leg.request, looks = leg.looks or 0, seat = leg.seat, cause = leg.cause,
        hands_off = leg.hands_off,
        contact = view(self, leg.contact) }
end

local function apply(self, contact, decision)
    contact.state, contact.due_ms, contact.why = decision.state, decision.due_ms, decision.why
    contact.number = decision.number or contact.number
    contact.callback = copy(decision.callback)
    contact.version = contact.version + 1
    self.claims[contact.row] = nil
end

---- verbs ----

local verbs = {}

function verbs.register(self)
    -- The owner before is dead: its intents are in doubt, its claims are free, its legs are up for adoption.
    for _, leg in ipairs(self.legs) do
        if leg.state == "intent" then
            leg.state, leg.cause, leg.contact.state = "in_doubt", "the owner is gone", "held"
        end
        leg.followed = nil
    end
    self.claims = {}
    return { owner = 1, epoch = 1, lease_ms = 120000, until_ms = self:wall() + 120000, taken_over = 0,
        workers = self.workers or 1 }
end

function verbs.beat(self)
    local jumped = self.jumped_ms
    self.jumped_ms = nil
    for _, campaign in pairs(jumped and self.campaigns or {}) do
        campaign.state, campaign.why = "held", ("the clock jumped by %+.1f s"):format(jumped / 1000)
    end
    local zones = self.zones_changed
    self.zones_changed = nil
    return { until_ms = self:wall() + 120000, taken_over = 0, workers = self.workers or 1, jumped_ms = jumped,
        zones = zones }
end

function verbs.resign()
    return {}
end

function verbs.campaign(self, params)
    local campaign = self.campaigns[params.name] or { name = params.name, state = "running" }
    self.campaigns[params.name] = campaign
    for _, key in ipairs { "ruleset", "max_open", "max_handed_off" } do campaign[key] = copy(params[key]) end
    return { campaign = 1, state = campaign.state, why = campaign.why, revision = 1 }
end

function verbs.campaign_set(self, params)
    local campaign = self.campaigns[params.campaign]
    local before = campaign.state
    campaign.state, campaign.why = params.state, params.why
    return { state = params.state, before = before }
end

function verbs.put(self, params)
    local result = { added = 0, updated = 0, unchanged = 0, rejected = {} }
    for index, given in ipairs(params.contacts) do
        local bad
        for _, entry in ipairs(given.numbers) do
            if not entry.number:find("^%+%d+$") then bad = "number: expected E.164" end
        end
        local known = self.by_id[params.campaign .. given.id]
        if bad or not given.numbers[1] then
            result.rejected[#result.rejected + 1] = { index = index, id = given.id, why = bad or "no number" }
        elseif known then
            result.unchanged = result.unchanged + 1
        else
            local row = #self.contacts + 1
            local contact = copy(given)
            contact.row, contact.version, contact.state, contact.number, contact.ordinal = row, 1, "ready", 1, 0
            contact.campaign, contact.person = params.campaign, given.person or params.campaign .. ":" .. given.id
            self.contacts[row], self.by_id[params.campaign .. given.id] = contact, contact
            result.added = result.added + 1
        end
    end
    return result
end

function verbs.take(self, params)
    local campaign, now = self.campaigns[params.campaign], self:wall()
    local out, next_ms = {}, nil
    for row, contact in ipairs(self.contacts) do
        local due = contact.state == "ready" or contact.state == "waiting"
        if due and not self.claims[row] and contact.campaign == params.campaign then
            if contact.due_ms and contact.due_ms > now then
                next_ms = math.min(next_ms or math.huge, contact.due_ms)
            elseif campaign.state == "running" and #out < params.limit then
                self.claims[row] = true
                out[#out + 1] = taken(self, contact)
            end
        end
    end
    return { contacts = out, next_ms = next_ms }
end

function verbs.release(self, params)
    for _, claim in ipairs(params.contacts) do
        if self.contacts[claim.contact].version == claim.version then self.claims[claim.contact] = nil end
    end
    return {}
end

function verbs.decide(self, params)
    local contact = self.contacts[params.contact]
    if contact.version ~= params.version then return nil, errors("conflict", "the contact has changed") end
    apply(self, contact, params.decision) -- a kept attempt ends with it
    return { state = contact.state, version = contact.version }
end

function verbs.intend(self, params)
    local contact = self.contacts[params.contact]
    local call = assert(core.round_trip(params.call))
    local campaign = self.campaigns[contact.campaign]
    if contact.version ~= params.version then return nil, errors("conflict", "the contact has changed") end
    local refused = resource(self, campaign, params, call)
    if refused then return { refused = refused, saw = "", resource = true } end
    local rule, saw, next_ms, state = judge(self, campaign, contact, call.number, params.callback,
        params.attempt)
    if rule then
        if params.attempt then self.attempts[params.attempt].counts = false end
        apply(self, contact, { state = state, due_ms = next_ms, why = rule, callback = contact.callback })
        self:log("refused", { rule = rule, id = contact.id })
        return { refused = rule, saw = saw, next_ms = next_ms, resource = false, state = state }
    end
    if call.hands_off_unbounded and not campaign.ruleset.hand_off_outside_hours then
        apply(self, contact, { state = "blocked", why = "hands_off" })
        return { refused = "hands_off", saw = "", resource = false, state = "blocked" }
    end
    local send_at, wait_ms = take_slot(self, call.rate)
    if not send_at then
        return { refused = "rate", saw = "", resource = true, wait_ms = wait_ms }
    end
    local attempt = params.attempt and self.attempts[params.attempt]
    if not attempt then
        contact.ordinal = contact.ordinal + 1
        attempt = { id = #self.attempts + 1, person = contact.person, at_ms = self:wall(), counts = true, legs = 0,
            number = call.number, client = params.client }
        self.attempts[attempt.id] = attempt
    end
    attempt.legs = attempt.legs + 1
    local record = call.record
    local leg = { id = #self.legs + 1, attempt = attempt.id, ordinal = contact.ordinal, state = "intent",
        contact = contact, person = contact.person, campaign = contact.campaign, client = params.client,
        vendor = params.vendor, account = call.account, token = params.token, number = call.number,
        at_ms = self:wall(), call = record.call, meant = copy(record.call),
        request = record.request, seat = params.seat, followed = true,
        hands_off = call.hands_off, params = copy(params) }
    self.legs[leg.id] = leg
    contact.state, contact.version = "open", contact.version + 1
    local _, closes_ms = window(campaign.ruleset, self:wall())
    self:log("intent", { id = contact.id, client = params.client, number = call.number })
    return { leg = leg.id, attempt = attempt.id, send_at_ms = send_at,
        send_before_ms = self.engine:now() * 1000 + math.min(60000, closes_ms - self:wall()),
        version = contact.version }
end

function verbs.window(self, params)
    local contact = self.contacts[params.contact]
    local start, until_ms = window(self.campaigns[contact.campaign].ruleset, self:wall())
    local allowed = start ~= nil and start <= self:wall()
    return { allowed = allowed, until_ms = allowed and until_ms or nil, zone = contact.zones }
end

function verbs.slot(self, params)
    local at, wait_ms = take_slot(self, params)
    if not at then return { refused = "rate", wait_ms = wait_ms } end
    return { send_at_ms = at }
end

function verbs.settle(self, params)
    local leg = self.legs[params.leg]
    local contact, attempt = leg.contact, self.attempts[leg.attempt]
    local placement = params.placement
    if leg.state == "in_doubt" and placement ~= "placed" then return nil, errors("conflict", "the leg is in doubt") end
    if leg.state == "written_off" then
        attempt.second_ring, contact.state = true, "held"
        return { state = leg.state }
    end
    leg.call = copy(params.call) or leg.call
    leg.error = params.error
    self:log("settle", { id = contact.id, placement = placement })
    if placement == "placed" or placement == "handed_off" then
        leg.state = placement
        if params.ends then
            local ends = assert(core.round_trip(params.ends))
            verbs.outcome(self, { leg = params.leg, kind = ends.kind, rang = ends.rang, raw = ends.raw,
                at_ms = ends.at_ms, decision = params.decision })
        end
    elseif placement == "unknown" then
        leg.state, contact.state, leg.cause = "in_doubt", "held", "unknown"
        contact.version = contact.version + 1
        self.claims[contact.row] = nil
    else
        leg.state = placement
        if params.keep_attempt then
            contact.version = contact.version + 1
            return { state = leg.state, token = token_of(self, contact, contact.ordinal, attempt.legs + 1),
                version = contact.version }
        end
        attempt.counts = false
        apply(self, contact, params.decision or { state = "ready" })
    end
    return { state = leg.state, version = contact.version }
end

function verbs.outcome(self, params)
    local leg = self.legs[params.leg]
    if leg.state ~= "placed" and leg.state ~= "handed_off" then
        return nil, errors("conflict", "the leg has ended")
    end
    local attempt = self.attempts[leg.attempt]
    leg.state, leg.kind, leg.rang, leg.raw, leg.ended_ms = "ended", params.kind, params.rang, params.raw, params.at_ms
    attempt.kind, attempt.rang, leg.lives_on = params.kind, params.rang, params.lives_on
    if params.rang == "no" then attempt.counts = false end
    local decision = assert(core.round_trip(params.decision))
    apply(self, leg.contact, decision)
    self:log("outcome", { id = leg.contact.id, kind = params.kind, why = decision.why })
    return { state = leg.contact.state, version = leg.contact.version }
end

function verbs.adopt(self, params)
    local out = {}
    for _, leg in ipairs(self.legs) do
        local up = (leg.state == "placed" or leg.state == "handed_off") and not leg.followed
        if up and #out < params.limit then
            leg.followed = true
            out[#out + 1] = leg_view(self, leg)
        end
    end
    return { legs = out }
end

function verbs.looks(self, params)
    local out, next_ms = {}, nil
    for _, leg in ipairs(self.legs) do
        if leg.state == "in_doubt" and not leg.cannot then
            local due_ms = leg.look_ms or leg.at_ms
            if due_ms > self:wall() then next_ms = math.min(next_ms or math.huge, due_ms)
            elseif #out < params.limit then out[#out + 1] = leg_view(self, leg) end
        end
    end
    return { legs = out, next_ms = next_ms }
end

function verbs.looked(self, params)
    local leg = self.legs[params.leg]
    leg.looks, leg.cannot = (leg.looks or 0) + 1, params.cannot and params.why
    if params.found then
        leg.state, leg.call, leg.contact.state, leg.followed = "placed", copy(params.call), "open", nil
    elseif leg.looks >= 2 and not params.cannot and self:wall() >= leg.at_ms + params.delay_ms then
        leg.state = "not_placed"
        self.attempts[leg.attempt].counts = false
        apply(self, leg.contact, { state = "ready" })
    else
        leg.look_ms = self:wall() + math.max(params.delay_ms, 1000)
    end
    return { state = leg.state }
end

function verbs.write_off(self, params)
    local leg = self.legs[params.leg]
    leg.state, leg.lives_on = "written_off", leg.hands_off
    apply(self, leg.contact, { state = "done", why = params.why })
    return {}
end

function verbs.outages(self, params)
    if params.vendor then
        local outage = { until_ms = params.until_ms, pause_ms = params.pause_ms }
        self.out_of_order[params.vendor] = params.until_ms and outage
        self:log("outage", params)
    end
    return { outages = copy(self.out_of_order) }
end

local GOES_ON, NEXT_CALL_FAR_MS, WITHDRAW_AGAIN_MS = { ready = true, waiting = true, open = true }, 120000, 60000

local function is_far(self, contact)
    return contact.state == "waiting" and contact.due_ms > self:wall() + NEXT_CALL_FAR_MS
end

local function lives_on_in_vain(self, leg)
    return leg.lives_on and (not GOES_ON[leg.contact.state] or is_far(self, leg.contact))
end

function verbs.withdrawals(self, params)
    local out = {}
    for _, leg in ipairs(self.legs) do
        local handed_off = leg.withdraw and leg.state == "handed_off"
        local lives_on = params.living_on and lives_on_in_vain(self, leg)
        local failed = leg.withdraw_failed and not (leg.withdraw_again and self:wall() >= leg.withdraw_again_ms)
        if (handed_off or lives_on) and not failed and not leg.withdrawing then
            leg.withdraw_again_ms = self:wall() + WITHDRAW_AGAIN_MS
            leg.withdrawing = true
            out[#out + 1] = leg_view(self, leg)
        end
    end
    return { legs = out, settled = {} }
end

function verbs.withdrawn(self, params)
    local leg = self.legs[params.leg]
    leg.withdrawing = nil
    if params.done and leg.lives_on then
        leg.lives_on, leg.taken_back, leg.withdraw_failed, leg.withdraw_again = nil, true, nil, nil
    elseif params.done then
        leg.state, leg.kind = "ended", "canceled"
        apply(self, leg.contact, { state = "ready" })
    else
        leg.withdraw_failed, leg.withdraw_again = params.why, params.again
        if leg.state == "written_off" and not params.again then leg.lives_on = nil end
    end
    return { state = leg.state }
end

function verbs.note(self, params)
    self:log(params.event, params.data)
    return {}
end

function verbs.status(self)
    local contacts = { total = #self.contacts, ready = 0, waiting = 0, open = 0, held = 0, blocked = 0, done = 0,
        exhausted = 0, suppressed = 0 }
    for _, contact in ipairs(self.contacts) do contacts[contact.state] = contacts[contact.state] + 1 end
    local legs = { open = 0, handed_off = 0, placed = 0, not_placed = 0, unknown = 0 }
    local doubts, outcomes, living_on = 0, {}, 0
    for _, leg in ipairs(self.legs) do
        if leg.state == "in_doubt" then doubts, legs.unknown = doubts + 1, legs.unknown + 1
        elseif leg.state == "placed" or leg.state == "ended" then legs.placed = legs.placed + 1
        elseif legs[leg.state] then legs[leg.state] = legs[leg.state] + 1 end
        if leg.kind then outcomes[leg.kind] = (outcomes[leg.kind] or 0) + 1 end
        if leg.lives_on and not GOES_ON[leg.contact.state] then living_on = living_on + 1 end
    end
    local campaigns = {}
    for name, campaign in pairs(self.campaigns) do
        campaigns[#campaigns + 1] = { name = name, state = campaign.state, why = campaign.why, revision = 1 }
    end
    return { contacts = contacts, legs = legs, outcomes = outcomes, refused = {}, campaigns = campaigns,
        doubts = doubts, living_on = living_on }
end

function verbs.doubts(self)
    local out = {}
    for _, leg in ipairs(self.legs) do
        if leg.state == "in_doubt" then out[#out + 1] = leg_view(self, leg) end
    end
    return { legs = out }
end

for name, verb in pairs(verbs) do
    Store[name] = function(self, params)
        if type(params) ~= "table" then error("a verb takes a table") end
        local failure = self.fail[name]
        if type(failure) == "function" then failure = failure(params) end
        if failure then return nil, failure end
        return verb(self, params)
    end
end

-- What a worker that was killed leaves behind.
function Store:kill_owner()
    verbs.register(self)
end

return fake
