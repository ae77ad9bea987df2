-- The agent who works the records of Symbee's campaigns by a script: some time after a record may be worked it is
-- delivered, the phone rings where the agent dials, and later the record has a state and a work code. What happens to
-- records on delivery is read so: the attempt is counted then, and the state is WORKED until the agent is done.

local outcomes = require("mock.outcomes")

local agent = {}

local VENDOR = "symbee"

--- The value of the first item whose key passes the test, or nil.
function agent.data_value(record, test)
    for _, item in ipairs(record.data) do
        if test(item.key) then
            return item.value
        end
    end
end

--- The number of a record: of the first key that holds the word phone; "" where there is none.
function agent.number(record)
    return agent.data_value(record, function(key)
        return key:lower():find("phone", 1, true) ~= nil
    end) or ""
end

--- The attempt that a record was made for, as outdial marks it; "" where it is not marked.
function agent.token(record)
    return agent.data_value(record, function(key)
        return key == "outdial_attempt"
    end) or ""
end

local function pace(state, ms)
    return math.floor(ms / state.settings.contacts.speed)
end

local function complete(state, record, step, due_ms)
    local own = state.settings.symbee
    record.task, record.updated_ms = nil, due_ms
    record.state = step.state
    record.work_codes = step.code and { { key = own.work_code_group, value = step.code } } or {}
    if step.again then
        record.earliest_ms = due_ms + pace(state, own.again_ms)
        agent.plan(state, record, due_ms)
    end
end

local function deliver(state, record, step, due_ms)
    local contacts = state.settings.contacts
    local task = {}
    record.task, record.updated_ms = task, due_ms
    record.state, record.attempts, record.work_codes = "WORKED", record.attempts + 1, {}
    record.last_agent = record.preferred_agent ~= "" and record.preferred_agent or state.settings.symbee.agent
    record.last_attempt_ms = due_ms
    local number = agent.number(record)
    if step.rings and number ~= "" then
        state.phone_log.ring({ vendor = VENDOR, to = number, token = agent.token(record) }, due_ms)
    end
    state.at(due_ms + pace(state, contacts.ring_ms + contacts.talk_ms), function(done_ms)
        if record.task == task then
            complete(state, record, step, done_ms)
        end
    end)
end

--- Lets go of a record: nothing that was planned for it happens.
function agent.drop(record)
    record.plan, record.task = nil, nil
end

--- Plans a record's next delivery, never before its earliest time. One that is planned for the same time already stays;
--- a record that is done or being worked is left alone.
function agent.plan(state, record, now_ms)
    local own = state.settings.symbee
    local waits = record.state ~= "COMPLETED" and record.state ~= "REMOVED" and own.agent ~= ""
    if record.task or not waits or record.plan and record.plan.earliest_ms == record.earliest_ms then
        return
    end
    local plan = { earliest_ms = record.earliest_ms }
    record.plan = plan
    state.at(math.max(now_ms + pace(state, own.deliver_ms), record.earliest_ms or 0), function(due_ms)
        local steps = outcomes.find(state, agent.number(record), "symbee")
        if record.plan == plan and #steps > 0 then
            record.plan = nil
            deliver(state, record, steps[math.min(record.attempts + 1, #steps)], due_ms)
        end
    end)
end

return agent
