-- A place where tasks wait for each other, at most so long: for room, for work, for an end.
local M = {}

local Gate = {}
Gate.__index = Gate

function M.new(scheduler)
    return setmetatable({ scheduler = scheduler, waiters = {}, rung = false }, Gate)
end

-- gate:wait(seconds): returns when it is rung for this task, or after so long. A ring that met nobody counts for the
-- next wait.
function Gate:wait(seconds)
    if self.rung then
        self.rung = false
        seconds = 0
    end
    local task = self.scheduler.enter()
    local request, err = self.scheduler.core_engine():sleep(seconds)
    if not request then return nil, err end
    self.waiters[#self.waiters + 1] = request
    self.scheduler.wait(task, request)
    for i, waiter in ipairs(self.waiters) do
        if waiter == request then
            table.remove(self.waiters, i)
            break
        end
    end
    return true
end

-- gate:ring(): lets the one go that has waited longest.
function Gate:ring()
    local request = self.waiters[1]
    if not request then
        self.rung = true
        return
    end
    table.remove(self.waiters, 1)
    request:cancel()
end

-- gate:ring_all(): lets all go that wait, and nobody else.
function Gate:ring_all()
    local waiters = self.waiters
    self.waiters = {}
    for _, request in ipairs(waiters) do request:cancel() end
end

return M
