-- The mock vendors on one port: Amazon Connect, Genesys Web Services, CCAI Platform and Symbee.
-- This file is the server; what is answered is decided by router.lua and the vendors behind it, without sockets.

local faults = require("mock.faults")
local phone_log = require("mock.phone_log")
local router = require("mock.router")
local scheduler = require("outdial.scheduler")
local state = require("mock.state")

local mock = {}

local STOP_CHECK_SECONDS = 0.05

local OPTIONS = {
    address = "string", port = "number", phone_log = "string", faults = "table", latency_ms = "number",
    rate = "boolean", seed = "number", token_after_disconnect = "string", settings = "table", now_ms = "function",
    on_listening = "function",
}

local function check_options(options)
    for name, value in pairs(options) do
        local wanted = OPTIONS[name]
        if not wanted then
            error("mock: unknown option " .. tostring(name), 3)
        elseif type(value) ~= wanted then
            error("mock: " .. name .. ": expected a " .. wanted .. ", got a " .. type(value), 3)
        end
    end
    local problem = options.faults and faults.problem(options.faults)
    if problem then
        error("mock: faults: " .. problem, 3)
    end
    local token = options.token_after_disconnect
    if token and token ~= "new_contact" and token ~= "same_contact" then
        error("mock: token_after_disconnect: expected new_contact or same_contact, got " .. token, 3)
    end
end

local function wall_ms()
    return math.floor(scheduler.engine:wall() * 1000)
end

local function new_state(options, log)
    local settings = {}
    for group, values in pairs(options.settings or {}) do
        settings[group] = values
    end
    if options.token_after_disconnect then
        local connect = { token_after_disconnect = options.token_after_disconnect }
        for name, value in pairs(settings.connect or {}) do
            connect[name] = value
        end
        settings.connect = connect
    end
    return state.new({ now_ms = options.now_ms or wall_ms, seed = options.seed, settings = settings, phone_log = log,
        rate = options.rate })
end

local Handle = {}
Handle.__index = Handle

-- Sends an answer, or does what a fault does instead; a parked one waits until settle sends it.
local function send(self, request, answer)
    if answer.park then
        self.parked[#self.parked + 1] = { request = request, park = answer.park }
    elseif answer.hang then
        self.hanging[request] = true -- kept: an answer never comes, and the connection stays until the mock stops
    elseif answer.drop then
        request:drop()
    else
        request:respond(answer.status, answer.headers, answer.body)
    end
end

local arm

-- Lets lives go on, sends those parked answers whose time has come, and waits for the earliest of what is to come.
local function settle(self)
    self.state.catch_up()
    local kept, wake_ms = {}, self.state.next_due_ms()
    for _, item in ipairs(self.parked) do
        local answer = item.park.resume()
        if answer then
            send(self, item.request, answer)
        else
            kept[#kept + 1] = item
            wake_ms = math.min(wake_ms or math.huge, item.park.wake_ms())
        end
    end
    self.parked = kept
    arm(self, wake_ms)
end

local function close(self)
    if self.server then
        self.server:close()
        self.server = nil
        self.hanging, self.parked = {}, {}
        arm(self, nil)
        self.log.close()
    end
end

-- Does a step; a mock that fails in it closes its connections, so that nobody waits for answers, and says why.
local function attend(self, step)
    local ok, problem = xpcall(step, debug.traceback)
    if not ok then
        close(self)
        self.failure = problem
        error(problem, 0)
    end
end

local function wake_later(self, wake_ms)
    local slept = scheduler.sleep(math.max(0, wake_ms - self.state.now_ms()) / 1000)
    if slept and self.server then
        self.timer = nil
        attend(self, function()
            settle(self)
            self:pump()
        end)
    end
end

function arm(self, wake_ms)
    local timer = self.timer
    if timer and timer.wake_ms == wake_ms then
        return
    elseif timer then
        timer.task:cancel()
    end
    self.timer = wake_ms and { wake_ms = wake_ms, task = scheduler.daemon(wake_later, self, wake_ms) }
end

local function answer_later(self, request)
    scheduler.sleep(self.latency_ms / 1000)
    if self.server then
        attend(self, function()
            send(self, request, router.handle(self.state, request, self.next_fault))
            settle(self)
            self:pump()
        end)
    end
end

--- Takes what has arrived and sends what is ready.
function Handle:pump()
    local arrived = self.server:step()
    while arrived[1] do
        for _, request in ipairs(arrived) do
            if self.latency_ms then
                scheduler.daemon(answer_later, self, request)
            else
                send(self, request, router.handle(self.state, request, self.next_fault))
            end
        end
        settle(self)
        arrived = self.server:step()
    end
end

local function listen_task(self)
    while self.server and scheduler.await(scheduler.engine:await(self.server:fd())) do
        if self.server then
            attend(self, function()
                self:pump()
            end)
        end
    end
    close(self)
end

--- Stops listening and closes every connection; those without an answer get none.
function Handle:stop()
    close(self)
    self.task:cancel()
end

--- Starts the mock as a task of the current scope. options: address (default 127.0.0.1), port (default 0: any free
--- one), phone_log (a file to append to), faults (rates by kind, each 0 to 1), latency_ms, rate (true: the vendors'
--- limits hold), seed (default 1), token_after_disconnect ("new_contact", the default, or "same_contact"), settings
--- (see settings.lua), now_ms (the clock; default: the time). Returns a handle with port, log and stop(); or nil and
--- a message. A wrong option raises. It answers while tasks run: inside outdial.run, or while the engine is stepped.
function mock.start(options)
    options = options or {}
    check_options(options)
    -- Where this Lua has no web server, the module or listen says so.
    local httpd = require("outdial.httpd")
    local log, message
    if options.phone_log then
        log, message = phone_log.open(options.phone_log)
        if not log then
            return nil, message
        end
    else
        log = phone_log.new()
    end
    local self = setmetatable({ log = log, hanging = {}, parked = {}, state = new_state(options, log) }, Handle)
    self.latency_ms = options.latency_ms and options.latency_ms > 0 and options.latency_ms or nil
    self.next_fault = options.faults and faults.new(options.faults, options.seed or 1) or nil
    local server
    server, message = httpd.listen({ address = options.address or "127.0.0.1", port = options.port or 0 })
    if not server then
        log.close()
        return nil, message
    end
    self.server = server
    self.port = self.server:port()
    self.task = scheduler.daemon(listen_task, self)
    return self
end

--- Runs the mock until outdial.stop() is called. Options as for start, and on_listening, called with the handle once
--- the port is open. Returns true, or nil and a message where it cannot start.
function mock.serve(options)
    options = options or {}
    check_options(options)
    return scheduler.run(function()
        local handle, message = mock.start(options)
        if not handle then
            return nil, message
        end
        if options.on_listening then
            options.on_listening(handle)
        end
        while not scheduler.stopping() do
            if handle.failure then
                error(handle.failure, 0)
            end
            scheduler.sleep(STOP_CHECK_SECONDS)
        end
        handle:stop()
        return true
    end)
end

return mock
