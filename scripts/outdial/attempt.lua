-- One contact from the moment it was taken to the call that was placed for it, or to why none was: eligible, route,
-- plan, intent, placing, and a further leg at the next vendor where the first is proven not to have placed it (R8).
local core = require "outdial.core"
local hooks = require "outdial.hooks"
local instant = require "outdial.instant"
local placing = require "outdial.placing"
local plan = require "outdial.plan"
local random = require "outdial.random"

local M = {}

local WAIT_S, LONGEST_WAIT_S = 1, 30
local FRESH_S = 30    -- how long a hook's decision is good while it waits for room
local PATIENCE_S = 60 -- after so long without room others have a turn
local TURN_S = 300    -- until it is this one's again
local HAND_ROOM_S = 60 -- between looks whether other workers' calls that were handed off have ended
local TROUBLE_S = 5   -- after the store could not be asked
local TROUBLE_MS = { 60000, 300000, 900000 } -- until a contact whose vendors were all out of order is tried again
local ASKED_AGAIN_MS = 1000 -- until the script is asked anew about a contact at the soonest, whenever it says
local MINUTE_S = 60
local RECORD_WAIT_S = 10 -- for the chain that Genesys puts a record into: by that a later run knows its calls
local TICKET_FIELD = { ccai_platform = "ticket_id" } -- R10
-- Refusals of the whole campaign: nothing is taken for a while.
local RESTS = { paused = true, stopped = true, campaign_held = true, do_not_call_unreadable = true,
    do_not_call_too_old = true }
local CONFIGURATION = { authentication = true, permission = true }
-- Placed is the end where nothing is tracked.
M.UNTRACKED = { kind = "unreported", rang = "unknown", raw = "not tracked" }
local UNTRACKED_ENDS = assert(core.value(M.UNTRACKED)) -- each call has it
M.PLACED_IS_THE_END = assert(core.value { state = "done", why = "placed, and not tracked" })

local Attempt = {}
Attempt.__index = Attempt

---- what hooks are given ----

-- M.context(work, view, seed) -> ctx
function M.context(work, view, seed)
    local healthy = {}
    for _, name in ipairs(work.campaign.vendor_names) do
        if work.accounts[name]:usable() then healthy[#healthy + 1] = name end
    end
    return { now = work:wall_ms() / 1000, random = random.new(seed), attempt = view.ordinal,
        history = view.history or {}, vendors = work.campaign.vendor_names, healthy = healthy }
end

-- M.are_looked_at(work) -> whether somebody may look at the campaign's contacts: a hook, a ticket's column, or who
-- follows a call
function M.are_looked_at(work)
    local campaign = work.campaign
    if campaign.track or campaign.contacts.map.ticket or next(campaign.hooks) then return true end
    for _, account in pairs(work.accounts) do
        if account.info.hands_off ~= false then return true end -- what is handed off is followed in any case
    end
    return false
end

local function read(taken)
    local seen, err = core.from_json(taken.view)
    if not seen then return nil, "numbers: " .. err.message end -- the one part of it that the list gave as it is
    if taken.data then
        seen.data, err = core.from_json(taken.data)
        if seen.data == nil then return nil, "data: " .. err.message end
    end
    return seen
end

-- Asks a hook that the script has.
function Attempt:ask(name, checked_against, third)
    local fn = self.work.campaign.hooks[name]
    local view = self.seen
    local context = M.context(self.work, view, view.token .. name)
    context.vendor = self.account and self.account.name
    local ok, value, more = hooks.call(self.work.scheduler, name, fn, checked_against, hooks.contact(view), context,
        third)
    if not ok then
        self.work:hold(value, more)
        return nil
    end
    return true, value, more
end

---- ways to end without a call; each returns "done" ----

function Attempt:decide(decision)
    local decided = self.work:store("decide", { contact = self.taken.contact, version = self.version,
        decision = decision })
    if decided then self.version = decided.version end
    return "done"
end

-- Gives the contact back as it was.
function Attempt:give_back()
    if self.attempt then
        return self:decide { state = "ready", due_ms = self.work:wall_ms(), why = "given back" }
    end
    self.work:store("release", { contacts = { { contact = self.taken.contact, version = self.version } } })
    return "done"
end

function Attempt:carry_out(result)
    if result.plan == "later" then
        local now_ms = self.work:wall_ms()
        local due_ms = math.max(instant.parse(result.when, now_ms), now_ms + ASKED_AGAIN_MS)
        return self:decide { state = "waiting", due_ms = due_ms, why = result.why }
    end
    return self:decide { state = "done", why = result.why }
end

---- deciding ----

-- Returns the names to try, or nil and how it ended.
function Attempt:route()
    local campaign = self.work.campaign
    if campaign.hooks.eligible then
        local ok, value = self:ask("eligible", campaign)
        if not ok then return nil, self:give_back() end
        if plan.is(value) then return nil, self:carry_out(value) end
        if type(value) == "table" then return nil, self:decide { state = "blocked", why = value.why } end
    end
    if not campaign.hooks.route then return campaign.route end
    local ok, names = self:ask("route", { names = campaign.vendor_names, known = campaign.vendors })
    if not ok then return nil, self:give_back() end
    if plan.is(names) then return nil, self:carry_out(names) end
    return names
end

-- The next of the names that is in order and was not used in this attempt; else when to look again.
function Attempt:next_account(names)
    local soonest
    for _, name in ipairs(names) do
        local account = self.work.accounts[name]
        if not self.used[name] then
            local usable, at = account:usable()
            if usable then return account end
            soonest = math.min(soonest or math.huge, at)
        end
    end
    return nil, soonest
end

-- The ticket of the contact, if it is about the number that is to be called (R10).
function Attempt:ticket()
    local ticket = self.work.campaign.contacts.map.ticket
    if not ticket or not TICKET_FIELD[self.account.kind] then return nil end
    local view = self.seen
    if view.numbers[view.number].column ~= ticket.dials then return nil end
    local value = type(view.data) == "table" and view.data[ticket.column]
    return value ~= "" and value or nil
end

-- Returns the neutral call and the index of its number, or nil and how it ended.
function Attempt:make_call()
    local taken = self.taken
    local ticket = self:ticket()
    local call = { to = taken.to, contact = taken.id, token = self.token }
    if ticket then call.fields = { [TICKET_FIELD[self.account.kind]] = ticket } end
    if not self.work.campaign.hooks.plan then return call, taken.number end
    local about = { numbers = self.seen.numbers, ticket = ticket, token = self.token, contact = taken.id }
    local ok, value, index = self:ask("plan", about, call)
    if not ok then return nil, self:give_back() end
    if plan.is(value) then return nil, self:carry_out(value) end
    call = value
    if ticket and index ~= taken.number then call.fields[TICKET_FIELD[self.account.kind]] = nil end
    return call, index
end

-- Limits for a vendor that rings later (R6). Where it may not be called now it is the intent that says so, asked with a
-- minute: should that be the very one in which it may be, the vendor has a limit all the same.
function Attempt:limit(call, index)
    local work = self.work
    local window, err = work:store("window", { contact = self.taken.contact, number_index = index,
        attempt = self.attempt, callback = self.taken.callback and true or nil })
    if not window then return nil, err end
    call.zone = window.zone or work.campaign.ruleset.zone
    call.not_before = math.floor(work:wall_ms() / 1000)
    call.not_after = window.allowed and math.floor(window.until_ms / 1000) or call.not_before + MINUTE_S
    return true
end

function Attempt:free_seat()
    if self.seat then self.account:free_seat(self.seat) end
    self.seat = nil
end

-- What the engine adds: the ringing time, the seat (R17).
function Attempt:complete(call)
    call.ring_timeout = self.work.campaign.ruleset.ring_timeout_ms / 1000
    if self.account.settings.place_call_with == "add_record" then
        call.fields = call.fields or {}
        if call.fields.wait == nil then call.fields.wait = RECORD_WAIT_S end
    end
    if self.seat and self.account.names_seat then
        call.fields = call.fields or {}
        local chosen = call.fields[self.account.seat_field]
        if chosen and chosen ~= self.seat then -- by the script
            self.account:free_seat(self.seat)
            self.account.seats:hold(chosen)
            self.seat = chosen
        end
        call.fields[self.account.seat_field] = self.seat
    end
end

---- the intent ----

-- What is judged is what was prepared, whatever the script does with its call meanwhile.
function Attempt:intend(index, prepared)
    local account = self.account
    return self.work:store("intend", { contact = self.taken.contact, version = self.version, attempt = self.attempt,
        token = self.token, number_index = index, client = account.name, vendor = account.kind, call = prepared,
        seat = self.seat, per_seat = self.seat and account.seats.per_seat or nil, client_max_open = account.max_open,
        timeout_ms = account.timeout_ms, callback = self.taken.callback and true or nil })
end

-- Something in it is wrong, and will be the next time.
function Attempt:cannot_be_made(err)
    self.work:count_unmade(err, self.taken.id)
    return self:decide { state = "blocked", why = tostring(err) }
end

-- Asks for the intent, and waits where only room is lacking, as long as what the hooks have decided is fresh.
-- Returns it, or nil, verdict, seconds to wait, where.
function Attempt:intend_patiently(index, prepared)
    local work, account = self.work, self.account
    local fresh_until = work:now() + FRESH_S
    while true do
        local intent, err = self:intend(index, prepared)
        if not intent and err.code == "conflict" then return nil, self:give_back() end
        if not intent and err.code == "validation" then return nil, self:cannot_be_made(err) end
        if not intent then return nil, "again", TROUBLE_S end
        if not intent.refused then
            work.rest_until = nil
            work:count_unmade(nil)
            return intent
        end
        work:count_refused(intent.refused)
        if not intent.resource then return nil, "done" end
        if intent.refused == "max_handed_off" then return nil, "again", HAND_ROOM_S, work.hand_room end
        if RESTS[intent.refused] then
            work:rest()
            return nil, self:give_back()
        end
        if work:stopped() or work:now() >= fresh_until then return nil, "again", 0 end
        account.parked = account.parked + 1 -- each comes one slot later than who parked before
        local per_second = assert(prepared:facts()).per_second
        local behind_s = per_second and (account.parked - 1) / per_second or 0
        work.room:wait(math.min((intent.wait_ms or WAIT_S * 1000) / 1000 + behind_s, LONGEST_WAIT_S))
        account.parked = account.parked - 1
    end
end

-- A contact that asked for a call at a time that has gone by (R18).
function Attempt:report_missed_callback()
    local callback = self.taken.callback
    if callback and self.work:wall_ms() > callback.at_ms + (callback.within_ms or 0) then
        self.work:missed_callback(self.taken.contact, callback)
    end
end

---- afterwards ----

local function is_seat_busy(err, seat)
    return seat and err.code == "rejected" and err.retryable
end

-- What is decided about a contact whose last leg was not placed.
function Attempt:after_refusal(err)
    local work = self.work
    local now_ms = work:wall_ms()
    if err.code == "canceled" then return { state = "ready", due_ms = now_ms, why = "stopped before it was sent" } end
    if err.code == "validation" then return { state = "blocked", why = tostring(err) } end
    if err.code == "rejected" and not err.retryable then
        if self.taken.further then
            return { state = "waiting", due_ms = now_ms, number = self.taken.number + 1, why = tostring(err) }
        end
        return { state = "blocked", why = tostring(err) }
    end
    local times = work:count_trouble(self.taken.contact)
    local delay = err.retry_after and err.retry_after * 1000 or TROUBLE_MS[math.min(times, #TROUBLE_MS)]
    if CONFIGURATION[err.code] then delay = TROUBLE_MS[#TROUBLE_MS] end
    return { state = "waiting", due_ms = math.floor(now_ms + delay), why = tostring(err) }
end

-- The leg is proven not to be placed. Returns "next" if another leg follows, else "done".
function Attempt:refused(intent, err, names)
    local work = self.work
    local params = { leg = intent.leg, placement = "not_placed", error = work.plain_error(err) }
    local is_late = err.code == "timeout" and work:now() * 1000 >= intent.send_before_ms -- else it was answered
    if err.code == "canceled" or is_late then params.placement = "void" end
    local may_move = params.placement == "not_placed" and err.code ~= "validation" and not work:stopped()
    local following, usable_at
    if may_move then following, usable_at = self:next_account(names) end
    if is_seat_busy(err, self.seat) then
        self.account.seats:rest(self.seat, work:now())
        params.decision = { state = "ready", due_ms = work:wall_ms(), why = tostring(err) }
    elseif following then
        params.keep_attempt = true
    elseif usable_at then -- one of the route is out of order, and may take the call later
        params.decision = { state = "waiting", why = tostring(err),
            due_ms = math.floor(work:wall_ms() + math.max(usable_at - work:now(), WAIT_S) * 1000) }
    elseif is_late then
        params.decision = { state = "waiting", due_ms = work:wall_ms() + WAIT_S * 1000, why = "not sent in time" }
    else
        params.decision = self:after_refusal(err)
    end
    local settled = work:store("settle", params)
    if not settled then return "done" end
    self.version = settled.version
    if not params.keep_attempt then return "done" end
    self.token, self.attempt = settled.token, intent.attempt
    return "next"
end

-- Hands a leg that is placed or handed off to those who follow it. Where nobody does nobody reads its result.
function Attempt:follow(intent, placement, result, call)
    local work = self.work
    local untracked = placement == "placed" and not work.campaign.track
    if not untracked then
        result = result:read()
        result.to, result.contact, result.at = call.to, call.contact, call.at -- to be found by, also in a later run
    end
    local settled = work:store("settle", { leg = intent.leg, placement = placement, call = result,
        ends = untracked and UNTRACKED_ENDS or nil, decision = untracked and M.PLACED_IS_THE_END or nil })
    if not settled then return "done" end -- lost: whoever takes over finds it in doubt
    if untracked then
        work:count_outcome(M.UNTRACKED.kind)
        return "done"
    end
    local view = self.seen
    work:follow { leg = intent.leg, attempt = intent.attempt, ordinal = view.ordinal, state = placement,
        client = self.account.name, vendor = self.account.kind, token = self.token, number = call.to,
        at_ms = work:wall_ms(), call = result, contact = view, seat = self.seat }
    self.seat = nil -- it goes on with the leg
    return "done"
end

-- What would be sent, with limits where the vendor rings later. Returns it, or nil and how it ended.
function Attempt:prepare(call, index)
    self:complete(call)
    local prepared, err = self.account.client:prepare_placing(call)
    local needs_limits = not prepared and err.code == "validation"
    if needs_limits or (prepared and prepared:is_handed_off()) then
        if not self:limit(call, index) then return nil, self:give_back() end
        prepared, err = self.account.client:prepare_placing(call)
    end
    if not prepared then return nil, self:cannot_be_made(err) end
    if prepared:is_handed_off() then self:free_seat() end -- no device or agent of ours is busy with it
    return prepared
end

-- One leg at self.account. Returns "done", "next", or "again", how long to wait at most, and at which gate.
function Attempt:leg(names)
    local work, account = self.work, self.account
    if account.seats then
        local free_at
        self.seat, free_at = account.seats:take(work:now())
        if not self.seat then
            return "again", free_at and free_at - work:now() or LONGEST_WAIT_S, account.seat_room
        end
    end
    local call, index = self:make_call()
    if not call then return index end
    local prepared, ended = self:prepare(call, index)
    if not prepared then return ended end
    self:report_missed_callback()
    local intent, verdict, wait_s, where = self:intend_patiently(index, prepared)
    if not intent then return verdict, wait_s, where end
    self.used[account.name] = true
    local meant_at = math.floor(work:wall_ms() / 1000)
    local placement, result, err = placing.place(work, account, intent, prepared, self.token)
    prepared:drop()
    work:count_placement(placement)
    call.at = meant_at
    if result then return self:follow(intent, placement, result, call) end
    if placement == "unknown" then
        work:store("settle", { leg = intent.leg, placement = "unknown", error = work.plain_error(err), call = call })
        work:in_doubt()
        return "done"
    end
    return self:refused(intent, err, names)
end

function Attempt:one_round()
    local names, ended = self:route()
    if not names then return ended end
    while true do
        local wait_until
        self.account, wait_until = self:next_account(names)
        if not self.account then
            if not wait_until then return self:give_back() end
            return "again", wait_until - self.work:now()
        end
        local verdict, wait_s, where = self:leg(names)
        self:free_seat()
        if verdict ~= "next" then return verdict, wait_s, where end
    end
end

-- M.run(work, taken): sees one claimed contact through.
function M.run(work, taken)
    local self = setmetatable({ work = work, taken = taken, version = taken.version, token = taken.token, used = {} },
        Attempt)
    if not taken.to then -- a list that is read again may mend it
        return self:decide { state = "blocked", why = work:cannot_read(taken.id, "its numbers") }
    end
    if work.views then -- what cannot be read is found out before anything is sent
        local unreadable
        self.seen, unreadable = read(taken)
        if unreadable then return self:decide { state = "blocked", why = work:cannot_read(taken.id, unreadable) } end
    end
    local began = work:now()
    while true do
        if work:stopped() then return self:give_back() end
        local verdict, wait_s, where = self:one_round()
        if verdict ~= "again" then return end
        if where then -- there may be no room for hours, which is no reason to keep others from theirs
            work.parked = work.parked + 1
            where:wait(wait_s)
            work.parked = work.parked - 1
        elseif work:now() - began >= PATIENCE_S then
            return self:decide { state = "waiting", due_ms = work:wall_ms() + TURN_S * 1000, why = "no room" }
        else
            work.room:wait(math.min(math.max(wait_s, WAIT_S), LONGEST_WAIT_S))
        end
    end
end

return M
