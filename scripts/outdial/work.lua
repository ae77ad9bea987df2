-- What the parts of a running campaign share: the store, the clock, the counts of what is under way, and the reasons to
-- stop. The runner owns it.
local accounts = require "outdial.accounts"
local attempt = require "outdial.attempt"
local errors = require "outdial.error"
local gate = require "outdial.gate"
local track = require "outdial.track"

local floor = math.floor

local M = {}

local LEASE_LEFT = 0.5    -- with less than this part of it left no new call is begun
local REST_S = 5          -- between looks whether a campaign goes on that was paused or held
local MAX_PARKED = 1000
local MAX_UNMADE = 20     -- so many calls in a row that cannot be made are no fault of the contacts'
local MOST_TOLD = 10      -- of how many of them is said what is wrong
local AGAIN_S, LONGEST_AGAIN_S, MOST_AT_END = 1, 30, 3
-- What must not get lost because the store is out of reach, or out of memory, for a while: these are tried again.
local PASSES = { unavailable = true, out_of_memory = true, permission = true }
local KEPT = { settle = true, outcome = true, looked = true, decide = true, withdrawn = true, write_off = true,
    campaign_set = true, release = true }

-- While one of these fails for such a reason no call is begun: that is said. It is over once one has written that does
-- so in any case: taking nobody, or refusing an intent, also a store can do that is full.
local TELLS = { beat = true, take = true, intend = true, settle = true, outcome = true }
local WRITES = { beat = true, settle = true, outcome = true }

-- What no later try mends: it ends the run.
local GRAVE = { "lease was lost", "its file was removed, renamed or replaced" }

-- And what begins a run, a few times: another process may be making the same store.
local BEGINS, MOST_AT_BEGIN = { register = true, campaign = true, import = true, put = true }, 4

local Work = {}
Work.__index = Work

-- M.new(campaign, scheduler, db, log) -> work
function M.new(campaign, scheduler, db, log)
    local clock = scheduler.core_engine()
    local self = setmetatable({ campaign = campaign, scheduler = scheduler, clock = clock, db = db,
        now = clock:clock(), -- work:now() -> seconds on the engine's clock; it is asked all the time
        log_to = log, accounts = {},
        room = gate.new(scheduler), hand_room = gate.new(scheduler), -- where contacts wait for their turn
        wake = gate.new(scheduler), chores = gate.new(scheduler),    -- where the runner's loops wait
        withdrawn = gate.new(scheduler),
        still_living = {},                                           -- legs: see outdial.withdrawals
        contacts = 0, parked = 0, open = 0, handed_off = 0, legs = {}, -- what is under way here
        refused = {}, placements = { placed = 0, handed_off = 0, not_placed = 0, unknown = 0 }, outcomes = {},
        asked_about = {}, trouble = {}, missed = {}, unmade = 0, told_unmade = 0 }, Work)
    for name, client in pairs(campaign.vendors) do
        self.accounts[name] = accounts.new(scheduler, name, client, campaign.pace.open[name])
    end
    self.views = attempt.are_looked_at(self)
    return self
end

function Work:wall_ms()
    return floor(self.clock:wall() * 1000 + 0.5)
end

-- work:log(level, text): once for each text in a row
function Work:log(level, text)
    if self.last_log == text then return end
    self.last_log = text
    if self.log_to then self.log_to(level, text) end
end

-- work:share_rates(workers): so many workers of this store live. Their look-ups and polls together leave placements
-- three quarters of a rate they share (R21), also where a campaign has several clients of one account.
function Work:share_rates(workers)
    local clients = {}
    for _, account in pairs(self.accounts) do
        local scope = account.settings.rate_scope
        if scope then clients[scope] = (clients[scope] or 0) + 1 end
    end
    for _, account in pairs(self.accounts) do
        local scope = account.settings.rate_scope
        if scope then account.client:share_rate(workers * clients[scope]) end
    end
end

local function outage_key(account)
    return account.settings.rate_scope or account.name
end

-- work:recall_outages(): a vendor that was out of order when an earlier run ended is probed before it is called again;
-- what this run finds is kept for the next.
function Work:recall_outages()
    local known = self:store("outages", {})
    for _, account in pairs(self.accounts) do
        local outage = known and known.outages[outage_key(account)]
        if outage then account:reopen((outage.until_ms - self:wall_ms()) / 1000, outage.pause_ms / 1000) end
        account.on_outage = function()
            local open_until, pause = account.breaker.open_until, account.breaker.pause
            self:store("outages", { vendor = outage_key(account), until_ms = open_until and
                math.floor(self:wall_ms() + (open_until - self:now()) * 1000) or nil,
                pause_ms = open_until and math.floor(pause * 1000) or nil })
        end
    end
end

---- reasons to stop ----

function Work:lease_is_low()
    return self.lease_s ~= nil and self:now() - self.last_beat > self.lease_s * (1 - LEASE_LEFT)
end

-- Whether no new call is to be begun.
function Work:stopped()
    return self.closing or self.failed ~= nil or self.scheduler.stopping() or self:lease_is_low()
end

-- Lets every contact go that waits for room.
function Work:ring_rooms()
    self.room:ring_all()
    self.hand_room:ring_all()
    for _, account in pairs(self.accounts) do account.seat_room:ring_all() end
end

function Work:ring_all()
    self:ring_rooms()
    self.wake:ring()
    self.chores:ring()
    self.withdrawn:ring_all()
end

-- work:fail(why): the run ends as soon as what is being placed has been.
function Work:fail(why)
    if self.failed then return end
    self.failed = why
    self:log("error", why)
    self:ring_all()
end

-- work:hold(why [, traceback]): a hook of the script has failed: the campaign is held, and the run ends.
function Work:hold(why, traceback)
    if self.failed then return end
    why = "hook " .. why
    self:fail(why)
    self:store("campaign_set", { campaign = self.campaign.name, state = "held", why = why })
    self:store("note", { campaign = self.campaign.name, event = "hook_failed", data = { why = why,
        traceback = traceback } })
end

---- the store ----

local function is_grave(err)
    for _, words in ipairs(GRAVE) do
        if tostring(err.message):find(words, 1, true) then return true end
    end
    return false
end

local function begin_outage(self, why)
    if not self.store_is_out then self:log("warning", "no call is begun until the store can be written again") end
    self.store_is_out = why
end

local function end_outage(self)
    self.store_is_out = nil
    self:log("info", "the store can be written again")
    self.wake:ring()
end

-- work:store(verb, params) -> result, or nil, err. What records something that has happened is tried again while the
-- store is out of reach or out of memory: else a call that has ended stays open for as long as its run goes on.
function Work:store(verb, params)
    local db, again_s, tries = self.db, AGAIN_S, 0
    while true do
        if self.over then return nil, errors.new("closed", "the run is over") end
        local result, err = db[verb](db, params)
        if result then
            if self.store_is_out and WRITES[verb] then end_outage(self) end
            return result
        end
        tries = tries + 1
        local text, lost = tostring(err), is_grave(err)
        if self.store_is_out ~= text then -- else it was said
            self:log("warning", ("%s: %s"):format(verb, text))
        end
        if lost then
            self:fail(text)
        elseif TELLS[verb] and PASSES[err.code] then
            begin_outage(self, text)
        end
        local again = KEPT[verb] and not (self.closing and tries > MOST_AT_END)
            or BEGINS[verb] and tries <= MOST_AT_BEGIN and not self.scheduler.stopping()
        if lost or not PASSES[err.code] or not again then return nil, err end
        self.scheduler.sleep(again_s)
        again_s = math.min(again_s * 2, LONGEST_AGAIN_S)
    end
end

-- work:cannot_read(id, what) -> why: of a contact the store has something that is no JSON, which a hook would look at
function Work:cannot_read(id, what)
    local why = "what the store has of it cannot be read: " .. what
    self:log("warning", ("contact %s: %s"):format(id, why))
    return why
end

-- An error as plain data.
function Work.plain_error(err)
    local plain = {}
    for _, key in ipairs { "code", "message", "path", "placement", "retryable", "retry_after", "http_status",
        "vendor_code", "request_id" } do
        plain[key] = err[key]
    end
    return plain
end

---- counting ----

function Work:count_refused(rule)
    self.refused[rule] = (self.refused[rule] or 0) + 1
end

function Work:count_placement(placement)
    self.placements[placement] = self.placements[placement] + 1
end

function Work:count_outcome(kind)
    self.outcomes[kind] = (self.outcomes[kind] or 0) + 1
end

-- work:count_trouble(contact) -> how many times in this run its vendors were out of order
function Work:count_trouble(contact)
    self.trouble[contact] = (self.trouble[contact] or 0) + 1
    return self.trouble[contact]
end

-- work:count_unmade([err, id]): a contact's call that could not be made (a field is wrong), or one that could
function Work:count_unmade(err, id)
    self.unmade = err and self.unmade + 1 or 0
    if err and self.told_unmade < MOST_TOLD then
        self.told_unmade = self.told_unmade + 1
        self:log("warning", ("contact %s: its call cannot be made: %s"):format(id, tostring(err)))
    end
    if self.unmade == MAX_UNMADE then
        local where = self.campaign.hooks.plan and "plan: " or ""
        self:hold(("%s%d calls in a row cannot be made: %s"):format(where, MAX_UNMADE, tostring(err)))
    end
end

-- A contact is called after the time it asked for; said once (R18).
function Work:missed_callback(contact, callback)
    local key = ("%s/%s"):format(contact, callback.at_ms)
    if self.missed[key] then return end
    self.missed[key] = true
    self:store("note", { campaign = self.campaign.name, contact = contact, event = "callback_missed",
        data = { at_ms = callback.at_ms, within_ms = callback.within_ms } })
end

-- work:rest(): the campaign calls nobody at the time; nothing is taken for a while
function Work:rest()
    self.rest_until = self:now() + REST_S
end

-- work:in_doubt(): a leg has come into doubt: the script may have a word on it
function Work:in_doubt()
    self.must_settle = true
    self.chores:ring()
end

-- work:withdraw_soon(): a call has an outcome, or was given up, and its vendor may make it all the same: if that was
-- its last it is taken back
function Work:withdraw_soon()
    self.must_withdraw = true
    self.chores:ring()
end

---- what is under way ----

-- How many more contacts may be begun. Those that wait until fewer calls are handed off, or for a seat, take no one's
-- place.
function Work:space()
    if self.parked >= MAX_PARKED then return 0 end
    return self.campaign.pace.max_open - (self.contacts - self.parked) - self.open
end

local function fail_with(self, task)
    if task.how == "failed" then self:fail("outdial: an error in the program: " .. tostring(task.outcome)) end
end

-- work:needs(task): one without which the run is no good: without beats it would begin no call any more, and not say so
function Work:needs(task)
    task.on_end = function() fail_with(self, task) end
end

local function someone_ended(self, task)
    fail_with(self, task)
    self.room:ring()
    self.wake:ring()
end

local function contact_ended(task)
    local self = task[1]
    self.contacts = self.contacts - 1
    someone_ended(self, task)
end

-- work:begin(taken): a contact that was taken
function Work:begin(taken)
    self.contacts = self.contacts + 1
    self.scheduler.serve(contact_ended, attempt.run, self, taken)
end

function Work:count_leg(leg, step)
    local account = self.accounts[leg.client]
    local key = leg.state == "placed" and "open" or "handed_off"
    self[key], account[key] = self[key] + step, account[key] + step
    if key ~= "handed_off" then return end
    if step < 0 then
        self.hand_room:ring()
    elseif self.handed_off == 1 then
        self.chores:ring() -- from now on it may be that it is to be taken back at once
    end
end

local function leg_ended(task)
    local self, leg = task[1], task[2]
    self.legs[leg.leg], leg.task = nil, nil -- the task serves another one from now on
    self:count_leg(leg, -1)
    if leg.seat then self.accounts[leg.client]:free_seat(leg.seat) end
    if leg.anew and not self.closing then self:follow(leg.anew) end
    someone_ended(self, task)
end

-- work:follow(leg): to its end
function Work:follow(leg)
    local followed = self.legs[leg.leg]
    if followed then
        if followed.waiting and followed.state ~= leg.state then -- a person has said that it was placed
            followed.anew = leg
            followed.task:cancel()
        end
        return
    end
    self.legs[leg.leg] = leg
    self:count_leg(leg, 1)
    leg.task = self.scheduler.serve(leg_ended, track.follow, self, leg)
end

-- work:moved(leg, state): a leg that was handed off is placed
function Work:moved(leg, state)
    self:count_leg(leg, -1)
    leg.state = state
    self:count_leg(leg, 1)
end

-- work:unfollow(id): it was withdrawn
function Work:unfollow(id)
    local leg = self.legs[id]
    if leg then leg.task:cancel() end
end

-- Lets go of the legs that are only waited for: the next run follows them.
function Work:let_go()
    for _, leg in pairs(self.legs) do
        if leg.waiting then leg.task:cancel() end
    end
end

return M
