-- Processes of a crash test: started with an environment and a log, stopped, continued, killed, waited for.

local process = {}
local Process = {}
Process.__index = Process

local LOAD_PER_CORE, SLOWEST = 3, 8
local started = {}

function process.quote(text)
    return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local quote = process.quote

-- process.start(words, environment, log): the words of a command
function process.start(words, environment, log)
    local line = { "echo $$; exec env" }
    for name, value in pairs(environment or {}) do
        line[#line + 1] = name .. "=" .. quote(value)
    end
    for _, word in ipairs(words) do
        line[#line + 1] = quote(word)
    end
    line[#line + 1] = ">>" .. quote(log) .. " 2>&1"
    local pipe = assert(io.popen(table.concat(line, " ")))
    local self = setmetatable({ pipe = pipe, pid = assert(tonumber(pipe:read("l"))) }, Process)
    started[#started + 1] = self
    return self
end

-- All that were started and go on: Lua itself ends only after them.
function process.kill_all()
    for _, one in ipairs(started) do one:kill() end
end

-- What the kernel says of it: "T" stopped, "Z" ended, nil: no such process.
function Process:state()
    local file = io.open(("/proc/%d/stat"):format(self.pid))
    if not file then return nil end
    local text = file:read("a")
    file:close()
    return text:match("^%d+ %b() (%a)")
end

function Process:ended()
    local state = self:state()
    return self.how ~= nil or state == nil or state == "Z"
end

function Process:signal(name)
    if not self:ended() then
        os.execute(("kill -%s %d"):format(name, self.pid))
    end
end

-- Waits for its end, at most so long; returns whether it came.
function Process:wait_for(seconds)
    local last = process.now_s() + seconds
    while not self:ended() do
        if process.now_s() > last then return false end
        process.sleep(0.02)
    end
    return true
end

-- Waits for its end. Returns "exit" and a code, or "signal" and a number.
function Process:wait()
    if not self.how then
        local _, how, code = self.pipe:close()
        self.how, self.code = how, code
    end
    return self.how, self.code
end

function Process:kill()
    self:signal("KILL")
    return self:wait()
end

-- Whoever interrupts the tests by a key interrupts this: Lua itself hears nothing of it meanwhile.
function process.sleep(seconds)
    local _, how = os.execute(("sleep %.3f"):format(seconds))
    if how == "signal" then error("interrupted") end
end

-- Waits until it is stopped or has ended, at most so long. Returns "T" or "Z", or nil if neither comes.
function process.wait_stopped(one, seconds)
    local last = process.now_s() + seconds
    while process.now_s() < last do
        if one:ended() then return "Z" end
        if one:state() == "T" then return "T" end
        process.sleep(0.01)
    end
end

-- Runs to the end; returns its lines, or fails with what it said.
function process.lines(words)
    local quoted = {}
    for i, word in ipairs(words) do quoted[i] = quote(word) end
    local pipe = assert(io.popen(table.concat(quoted, " ") .. " 2>&1"))
    local lines = {}
    for line in pipe:lines() do lines[#lines + 1] = line end
    if not pipe:close() then
        error(table.concat(words, " ") .. ": " .. table.concat(lines, "\n"))
    end
    return lines
end

-- The lines of a file; none where there is no such file.
function process.count_lines(path)
    local file = io.open(path)
    if not file then return 0 end
    local _, count = file:read("a"):gsub("\n", "")
    file:close()
    return count
end

-- The seconds since the machine was started.
function process.now_s()
    local file = assert(io.open("/proc/uptime"))
    local text = file:read("a")
    file:close()
    return tonumber(text:match("^[%d.]+"))
end

local cores

-- How many times as long all may take, since the machine has much else to do.
function process.slowness()
    local file = assert(io.open("/proc/loadavg"))
    local load = tonumber(file:read("a"):match("^[%d.]+"))
    file:close()
    cores = cores or tonumber(process.lines({ "nproc" })[1])
    return math.max(1, math.min(load / (LOAD_PER_CORE * cores), SLOWEST))
end

function process.now_ms()
    return tonumber(process.lines({ "date", "+%s%3N" })[1])
end

return process
