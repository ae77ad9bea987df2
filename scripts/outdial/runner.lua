-- The worker that runs a campaign: it registers with the store, takes contacts as there is room, and ends when none is
-- left to call. What it does for one contact is in outdial.attempt, for a leg that was placed in outdial.track.
local doubts = require "outdial.doubts"
local errors = require "outdial.error"
local fill = require "outdial.fill"
local withdrawals = require "outdial.withdrawals"
local workshop = require "outdial.work"

local M = {}

local BEATS_PER_LEASE = 8     -- a beat every 15 s of 120
local TAKE_AT_ONCE = 100
local FIRST_POLL_S, OTHERS_POLL_S, LONGEST_POLL_S = 1, 2, 60
local WITHDRAW_EVERY_S, CHORES_EVERY_S = 5, 60
local PROGRESS_EVERY_S = 1
local PROGRESS_MAY_TAKE_S = 60
local QUIET_S = 60            -- nothing but what was handed off is left for so long: then that is said
local STATUS_SHARE = 0.05     -- of the time a store of many calls may be asked how it stands
local DONE, FAILED, DOUBTS, STOPPED = 0, 1, 3, 4

---- beside the calls ----

local function beat(work)
    while true do
        work.scheduler.sleep(work.lease_s / BEATS_PER_LEASE)
        if work.over then return end
        local sent = work:now() -- the lease is counted from before the beat was sent (R20)
        local good = work:store("beat", {})
        if good then
            work.last_beat = sent
            work:share_rates(good.workers)
            if (good.taken_over or 0) > 0 then
                work.must_adopt = true
                work.chores:ring()
            end
            if good.jumped_ms then work.wake:ring() end -- the store holds its campaigns
            for _, changed in ipairs(good.zones or {}) do
                work:log(changed.kept and "warning" or "info", changed.kept
                    and ("time zones: %s has changed, and is kept as it was: %s"):format(changed.zone, changed.kept)
                    or ("time zones: %s has changed, and was read again"):format(changed.zone))
            end
        end
    end
end

-- Follows the legs of owners that are gone.
local function adopt(work)
    repeat
        local adopted = work:store("adopt", { campaign = work.campaign.name, limit = TAKE_AT_ONCE,
            clients = work.campaign.vendor_names })
        for _, leg in ipairs(adopted and adopted.legs or {}) do
            local seats = work.accounts[leg.client].seats
            if leg.seat and seats then seats:hold(leg.seat) end
            work:follow(leg)
        end
    until not adopted or not adopted.legs[TAKE_AT_ONCE]
end

-- Adopting, doubts and withdrawals, one after the other.
local function do_chores(work)
    local look_at, withdraw_at, settle_at, adopt_at, ended_at = 0, 0, 0, 0, 0
    -- One that is to be written off soon is not left for longer.
    local settle_every_s = math.min(CHORES_EVERY_S, math.max((work.campaign.write_off_after_ms or math.huge) / 1000, 1))
    while not work.closing do
        local now = work:now()
        if now >= look_at or work.must_adopt then -- what others have left may be in doubt
            look_at = now + math.min(doubts.look(work) or CHORES_EVERY_S, CHORES_EVERY_S)
        end
        -- Also without a takeover: a worker that ended in order has left what it followed, and what it found.
        if work.must_adopt or now >= adopt_at then
            work.must_adopt = false
            adopt(work)
            adopt_at = now + CHORES_EVERY_S
        end
        if now >= settle_at or work.must_settle then
            work.must_settle = false
            doubts.settle_all(work)
            settle_at = now + settle_every_s
        end
        local living_on = now >= ended_at or work.must_withdraw
        if living_on or (work.handed_off > 0 and now >= withdraw_at) then
            work.must_withdraw = false
            local more = withdrawals.run(work, living_on or nil)
            withdraw_at = now + WITHDRAW_EVERY_S
            if living_on then ended_at = more and now or now + CHORES_EVERY_S end
        end
        local next_at = math.min(look_at, settle_at, adopt_at, ended_at)
        if work.handed_off > 0 then next_at = math.min(next_at, withdraw_at) end
        work.chores:wait(math.max(next_at - work:now(), 0.01))
    end
end

-- What goes wrong in the caller's function is told at once, the first time: it is no reason to call nobody.
local function call_progress(work, progress, figures)
    local task = work.scheduler.hook("progress", PROGRESS_MAY_TAKE_S, progress, figures)
    if task.how == "returned" and not task.late or work.closing or work.progress_failed then return end
    work.progress_failed = true
    local why = task.late and ("it took more than %d s"):format(PROGRESS_MAY_TAKE_S) or errors.text(task.outcome)
    work:log("warning", "progress: " .. (why:match("^(.-)\nstack traceback:") or why))
end

-- Shows the figures every second. Reading them takes the longer the more calls the store has: then it is asked less
-- often. That it had to wait for others says nothing of that.
local function show_progress(work, progress)
    while not work.closing do
        local asked = work:now()
        local status = work:store("status", { campaign = work.campaign.name })
        local ask_at = asked + (status and status.read_ms or 0) / 1000 / STATUS_SHARE
        repeat
            if status then
                local figures = M.figures(work, status)
                figures.clock_ms = work:now() * 1000 -- also where the time of day is set anew
                call_progress(work, progress, figures)
            end
            work.scheduler.sleep(PROGRESS_EVERY_S)
        until work.closing or work:now() >= ask_at
    end
end

---- figures ----

-- What a campaign has come to, from the store's status.
function M.figures(work, status)
    local vendors = {}
    for name, account in pairs(work.accounts) do
        vendors[name] = { open = account.open, handed_off = account.handed_off, healthy = (account:usable()) }
    end
    local campaign = status.campaigns and status.campaigns[1] or {}
    return { campaign = work.campaign.name, state = campaign.state, why = work.failed or campaign.why,
        contacts = status.contacts, legs = status.legs, outcomes = status.outcomes, refused = status.refused,
        clients = status.clients or {}, importing = status.importing, doubts = status.doubts or 0,
        next_ms = status.next_ms, withdrawals_failed = status.withdrawals_failed or 0,
        living_on = status.living_on or 0, second_rings = status.second_rings or 0, vendors = vendors,
        placed_here = work.placements, at_ms = work:wall_ms() }
end

local function exit_code(work, figures, ended)
    if work.failed then return FAILED end
    if not ended then return STOPPED end
    if figures.doubts + figures.contacts.held + figures.living_on > 0 then return DOUBTS end
    return DONE
end

---- the calls ----

local function tend_accounts(work)
    local usable, soonest = false, math.huge
    for _, account in pairs(work.accounts) do
        local tending = account:tend(function() work.wake:ring() end)
        if tending then work:needs(tending) end
        local ok, at = account:usable()
        if ok then usable = true else soonest = math.min(soonest, at) end
    end
    return usable, soonest
end

-- Takes contacts while there is room. Returns how many, when the next is due (wall ms), and whether none is left to
-- be taken at any time.
local function take(work)
    local space = work:space()
    if work.rest_until then space = math.min(space, 1) end -- one to try whether it goes on
    if space <= 0 then return 0 end
    local taken = work:store("take", { campaign = work.campaign.name, limit = math.min(space, TAKE_AT_ONCE),
        clients = work.campaign.vendor_names, views = work.views })
    if not taken then return 0 end
    for _, contact in ipairs(taken.contacts) do work:begin(contact) end
    return #taken.contacts, taken.next_ms, not taken.contacts[1] and not taken.next_ms
end

-- A run goes on for what was handed off, because only who listens hears how it ends. Said once, after a while: it may
-- be for long, and a person may know what no vendor tells.
local function tell_what_it_waits_for(work)
    local waits = work.contacts + work.open == 0 and work.handed_off > 0
    work.waits_since = waits and (work.waits_since or work:now()) or nil
    if work.told_of_handed_off or not waits or work:now() - work.waits_since < QUIET_S then return end
    work.told_of_handed_off = true
    work:log("info", ("nothing is left to call; waiting for what vendors were handed and have not told the end of "
        .. "(%d). What a person knows of them: outdial doubts list %s --handed-off"):format(work.handed_off,
        work.campaign.store))
end

-- Whether nothing is left: no contact is ready, waiting or open, here or elsewhere; or the campaign was stopped. If
-- not, how long it may go on without a look, in seconds.
local function is_over(work)
    if work.contacts + work.open + work.handed_off > 0 then return false, LONGEST_POLL_S end
    local status = work:store("status", { campaign = work.campaign.name, brief = true })
    if not status then return false, LONGEST_POLL_S end
    local campaign = status.campaigns and status.campaigns[1]
    if campaign and campaign.state ~= "running" then
        work:log("warning", ("campaign %s is %s%s"):format(work.campaign.name, campaign.state,
            campaign.why and ": " .. campaign.why or ""))
        if campaign.state == "stopped" then return true end
    end
    local contacts = status.contacts
    local others = contacts.ready + contacts.open -- another worker has them, and may end or die any moment
    return others + contacts.waiting == 0, others > 0 and OTHERS_POLL_S or LONGEST_POLL_S
end

-- Calls until all is done. Returns true then, false if it was stopped before.
local function call_all(work)
    local poll_s = FIRST_POLL_S
    local longest_s = LONGEST_POLL_S
    while not (work.failed or work.scheduler.stopping()) do
        local usable, usable_at = tend_accounts(work)
        local count, next_ms, none_left = 0, nil, false
        local rests = work.rest_until and work:now() < work.rest_until
        if usable and not rests and not work:lease_is_low() then count, next_ms, none_left = take(work) end
        if none_left then tell_what_it_waits_for(work) end
        if count > 0 then
            poll_s = FIRST_POLL_S
        else
            local over
            over, longest_s = is_over(work)
            if over then return true end
        end
        if count == 0 or work:space() <= 0 then
            local wait_s = math.min(poll_s, longest_s)
            if next_ms then wait_s = math.min(wait_s, math.max(next_ms - work:wall_ms(), 1) / 1000) end
            if rests then wait_s = work.rest_until - work:now() end
            if not usable then wait_s = math.min(wait_s, math.max(usable_at - work:now(), FIRST_POLL_S)) end
            work.wake:wait(wait_s)
            poll_s = math.min(poll_s * 1.5, longest_s)
        end
    end
    return false
end

-- What is being placed is seen through; what is only waited for is left to the next run.
local function wind_up(work)
    work.closing = true
    work:ring_all()
    work:let_go()
    while work.contacts > 0 or next(work.legs) do
        work.wake:wait(FIRST_POLL_S)
        work:ring_rooms()
        work:let_go()
    end
    for _, account in pairs(work.accounts) do account:close() end
end

---- its life ----

local function start(work)
    local sent = work:now()
    local registered, err = work:store("register", {})
    if not registered then return nil, err end
    work.registered = true
    work.lease_s, work.last_beat = registered.lease_ms / 1000, sent
    work.must_adopt = true
    work:share_rates(registered.workers)
    local campaign = work.campaign
    local known
    known, err = work:store("campaign", { name = campaign.name, ruleset = campaign.ruleset, script = work.script,
        subject = campaign.subject, max_open = campaign.pace.max_open, max_handed_off = campaign.pace.max_handed_off,
        do_not_call = campaign.do_not_call })
    if not known then return nil, err end
    if known.state == "held" and known.why and known.why:find("^hook ") then
        work:store("campaign_set", { campaign = campaign.name, state = "running", by = "outdial run",
            why = "run again after: " .. known.why })
    end
    if next(campaign.loosened) then
        work:store("note", { campaign = campaign.name, event = "loosened", data = campaign.loosened })
    end
    work:recall_outages()
    for _, text in ipairs(known.warnings or {}) do work:log("warning", text) end
    return true
end

local function run(work, options)
    local scheduler = work.scheduler
    local ok, err = start(work)
    if not ok then
        if work.registered then work:store("resign", {}) end
        return nil, err
    end
    local forget = scheduler.when_stopped(function() work:ring_all() end)
    work:needs(scheduler.daemon(beat, work))
    local filled
    if options.progress then scheduler.daemon(show_progress, work, options.progress) end
    filled, err = fill.run(work)
    if filled then
        fill.tell(work, filled)
        work:needs(scheduler.daemon(do_chores, work))
    end
    local ended = filled and call_all(work)
    if ended then -- those that came up last
        doubts.settle_all(work)
        withdrawals.finish(work)
    end
    wind_up(work)
    forget()
    local status, why = work:store("status", { campaign = work.campaign.name })
    work:store("resign", {})
    work.over = true
    if not filled then return nil, err end
    if not status then return nil, why end
    local figures = M.figures(work, status)
    figures.imported = filled
    figures.exit_code = exit_code(work, figures, ended)
    return figures
end

-- M.run(campaign, options) -> figures with exit_code (0 done, 1 failed: figures.why, 3 only doubts, held contacts or
-- calls to be taken back are left, 4 stopped before the end), or nil, err. options: store (open already), script (a
-- hash of its text), progress (a function of figures, called every second), log (a function of level and text),
-- scheduler. What progress gets has besides clock_ms, which nobody sets. Waits: in a task, or outside of any.
function M.run(campaign, options)
    options = options or {}
    local scheduler = options.scheduler or require "outdial.scheduler"
    local db = options.store
    local figures, err = scheduler.run(function()
        local problem
        if not db then db, problem = require("outdial.store").open(campaign.store, { create = true }) end
        if not db then return nil, problem end
        local work = workshop.new(campaign, scheduler, db, options.log)
        work.script = options.script or "unknown"
        return run(work, options)
    end)
    -- Only now have the daemons ended, which ask it as well.
    if db and not options.store then db:close() end
    return figures, err
end

return M
