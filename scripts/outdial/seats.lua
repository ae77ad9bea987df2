-- The seats of one client: devices that dial, agents who place calls. Each takes so many calls at once (the store
-- judges that over all workers), and one that was busy rests. Pure; times are seconds of one clock.
local M = {}

local REST_S = 30

local Seats = {}
Seats.__index = Seats

-- M.new(names, per_seat) -> seats
function M.new(names, per_seat)
    local self = setmetatable({ list = {}, by_name = {}, per_seat = per_seat }, Seats)
    for i, name in ipairs(names) do
        self.list[i] = { name = name, open = 0, rests_until = 0, used = 0 }
        self.by_name[name] = self.list[i]
    end
    return self
end

-- seats:take(now) -> the name of a free seat, least open and then longest unused; or nil, when the next may be free
-- (nil: when a call ends)
function Seats:take(now)
    local best, soonest
    for _, seat in ipairs(self.list) do
        if seat.open < self.per_seat then
            if seat.rests_until > now then
                soonest = math.min(soonest or math.huge, seat.rests_until)
            elseif not best or seat.open < best.open or (seat.open == best.open and seat.used < best.used) then
                best = seat
            end
        end
    end
    if not best then return nil, soonest end
    self.turn = (self.turn or 0) + 1
    best.open, best.used = best.open + 1, self.turn
    return best.name
end

-- seats:hold(name): a call that goes on from an earlier run
function Seats:hold(name)
    local seat = self.by_name[name]
    if seat then seat.open = seat.open + 1 end
end

function Seats:free(name)
    local seat = self.by_name[name]
    if seat and seat.open > 0 then seat.open = seat.open - 1 end
end

-- seats:rest(name, now): its agent is not available
function Seats:rest(name, now)
    local seat = self.by_name[name]
    if seat then seat.rests_until = now + REST_S end
end

return M
