-- What must hold of a store and the phones that rang, however often its workers died (R15). Each function appends to
-- a list of findings what does not.

local judge = {}

-- A leg in one of these may have rung; only of the last two is it certain that it has.
local MAY_HAVE_RUNG = { intent = true, in_doubt = true, handed_off = true, written_off = true, placed = true,
    ended = true }
-- What a contact may be whose number was called for another.
local QUIET = { waiting = true, exhausted = true }
local UNDER_WAY = { in_doubt = true, handed_off = true }
local HAS_RUNG = { placed = true, ended = true }

local function index(legs)
    local by_token, by_number = {}, {}
    for _, leg in ipairs(legs) do
        by_token[leg.token] = leg
        by_number[leg.number] = by_number[leg.number] or {}
        table.insert(by_number[leg.number], leg)
    end
    return by_token, by_number
end

-- Finds the leg of a ring: by its token, or, of a vendor that has no place for one, by a leg to that number that no
-- other ring has.
local function leg_of(ring, by_token, by_number, rung)
    if ring.token and ring.token ~= "" then return by_token[ring.token] end
    local found
    for _, leg in ipairs(by_number[ring.to] or {}) do
        if MAY_HAVE_RUNG[leg.state] and not rung[leg] then return leg end
        found = leg
    end
    return found
end

-- At any time: every ring has its leg, no leg has two, and no number rings more often than the caps allow.
function judge.rings(store, rings, cap, findings)
    local by_token, by_number = index(store.legs)
    local rung, per_number = {}, {}
    if store.broken then findings[#findings + 1] = "the database is broken: " .. store.broken end
    for _, ring in ipairs(rings) do
        local leg = leg_of(ring, by_token, by_number, rung)
        if not leg then
            findings[#findings + 1] = ring.to .. " rang without a committed intent"
        elseif not MAY_HAVE_RUNG[leg.state] then
            findings[#findings + 1] = ("%s rang, but leg %s is %s"):format(ring.to, leg.id, leg.state)
        elseif rung[leg] then
            findings[#findings + 1] = ("%s rang twice for leg %s"):format(ring.to, leg.id)
        end
        if leg then rung[leg] = ring end
        per_number[ring.to] = (per_number[ring.to] or 0) + 1
        if per_number[ring.to] == cap + 1 then
            findings[#findings + 1] = ("%s rang more than %d times"):format(ring.to, cap)
        end
    end
    return rung
end

-- When all is quiet: what is placed has rung, and nobody is forgotten: who is neither done nor held has a number that
-- another contact has too, and that was called; or, of `waiting` contacts, its leg has been handed off, and nobody
-- tells more.
function judge.all(store, rings, cap, waiting, findings)
    local rung = judge.rings(store, rings, cap, findings)
    local _, by_number = index(store.legs)
    for _, leg in ipairs(store.legs) do
        local rang_not = leg.state == "ended" and leg.says == "no" -- taken back, and its vendor says so
        if rang_not and rung[leg] then
            findings[#findings + 1] = ("leg %s to %s rang, and its outcome denies it"):format(leg.id, leg.number)
        elseif HAS_RUNG[leg.state] and not rang_not and not rung[leg] then
            findings[#findings + 1] = ("leg %s to %s is %s and has not rung"):format(leg.id, leg.number, leg.state)
        elseif leg.state == "intent" then
            findings[#findings + 1] = ("leg %s is under way, and nobody is there"):format(leg.id)
        end
        local listed_ms = store.listed[leg.number]
        if listed_ms and leg.at_ms > listed_ms then
            findings[#findings + 1] = ("leg %s to %s was meant when that was listed already"):format(leg.id, leg.number)
        end
    end
    for _, contact in ipairs(store.contacts) do
        local called, handed_off = false, false
        for _, leg in ipairs(by_number[contact.number] or {}) do
            called = called or MAY_HAVE_RUNG[leg.state]
            handed_off = handed_off or leg.state == "handed_off"
        end
        if (contact.state == "open" and handed_off or contact.state == "ready" or contact.state == "waiting")
            and waiting > 0 then
            waiting = waiting - 1
        elseif contact.state ~= "done" and contact.state ~= "held" and not (QUIET[contact.state] and called)
            and not (contact.state == "suppressed" and store.listed[contact.number]) then
            findings[#findings + 1] = ("contact %s is %s (%s) at the end"):format(contact.id, contact.state,
                contact.why)
        end
    end
end

-- How many legs have their outcome, and may ring again until they are taken back.
function judge.living_on(store)
    local count = 0
    for _, leg in ipairs(store.legs) do
        if leg.lives_on then count = count + 1 end
    end
    return count
end

-- R14: numbers that a vendor would ring once more, when all is over. It may, where that may be the first time.
function judge.taken_back(store, numbers, findings)
    local under_way = {}
    for _, leg in ipairs(store.legs) do under_way[leg.number] = under_way[leg.number] or UNDER_WAY[leg.state] end
    for _, number in ipairs(numbers) do
        if not under_way[number] then findings[#findings + 1] = number .. " would ring again" end
    end
end

-- How many legs are in doubt.
function judge.doubts(store)
    local count = 0
    for _, leg in ipairs(store.legs) do
        if leg.state == "in_doubt" then count = count + 1 end
    end
    return count
end

-- What `blows`, of which one or several workers died, may leave in doubt at most, and answers that got lost.
function judge.bounded(store, blows, max_open, unknowns, findings)
    local doubts = judge.doubts(store)
    if doubts > blows * max_open + unknowns then
        findings[#findings + 1] = ("%d legs are in doubt after %d deaths and %d lost answers"):format(doubts, blows,
            unknowns)
    end
end

-- Nobody rings for a worker that was taken over from, but where it was stopped between the check and the byte (R5).
function judge.silent_since(rings, since_ms, allowed, findings)
    local count = 0
    for _, ring in ipairs(rings) do
        if ring.at_ms > since_ms then count = count + 1 end
    end
    if count > allowed then
        findings[#findings + 1] = ("%d phones rang for a worker whose lease was lost"):format(count)
    end
end

-- Nobody rings when the lease under which the intent was made is over (R4), but for the same reason. lease_ms: of a
-- leg's worker, a function.
function judge.in_time(store, rings, lease_ms, allowed, findings)
    local by_token, by_number = index(store.legs)
    local late, rung = 0, {}
    for _, ring in ipairs(rings) do
        local leg = leg_of(ring, by_token, by_number, rung)
        if leg and ring.at_ms - leg.at_ms > lease_ms(leg) then late = late + 1 end
        if leg then rung[leg] = ring end
    end
    if late > allowed then
        findings[#findings + 1] = ("%d phones rang later than the lease allowed"):format(late)
    end
end

return judge
