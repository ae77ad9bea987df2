-- What people do to a store beside its workers: commands of the program.

local process = require "process"

local person = { LOCKED = "another process has kept it locked" } -- the words

local HANDED_OFF = 3
local BUSY_MS = 2000

-- person.command(self, row, words, fault) -> process. words: of the command, without the store, which comes
-- after the first, or after the second where there are subcommands.
function person.command(self, row, words, fault)
    local line = { self.options.build .. "/faults/outdial" }
    for i, word in ipairs(words) do
        line[#line + 1] = word
        if i == row.before_store then line[#line + 1] = self.place.store end
    end
    return process.start(line, { OUTDIAL_FAULT = fault, OUTDIAL_BUSY_MS = BUSY_MS }, self.place.log)
end

local function in_doubt(self)
    for _, leg in ipairs((self:read()).legs) do
        if leg.state == "in_doubt" then return leg.id end
    end
end

-- words; undone: what takes it back, if the campaign is to go on.
person.commands = {
    { name = "pause", verb = "campaign_set", before_store = 1, words = { "pause", "c" }, undone = { "resume", "c" } },
    { name = "contact hold", verb = "contact_set", before_store = 2, words = { "contact", "hold", "p24" },
        undone = { "contact", "release", "p24" } },
    { name = "dnc add", verb = "dnc_add", before_store = 2, words = { "dnc", "add", "+12065550023" } },
    { name = "doubts resolve", verb = "resolve", before_store = 2,
        words = { "doubts", "resolve", in_doubt, "write_off", "--by", "a person",
            "--because", "nobody knows" } },
}

-- person.words(self, words): with what only the store can tell
function person.words(self, words)
    local told = {}
    for i, word in ipairs(words) do told[i] = type(word) == "function" and word(self) or word end
    return told
end

local function count_handed_off(self)
    local count = 0
    for _, leg in ipairs((self:read()).legs) do
        if leg.state == "handed_off" then count = count + 1 end
    end
    return count
end

-- Lists every number as not to be called, as soon as a few calls are handed off or the worker does nothing any more;
-- the agents who work them off begin only then.
function person.lists_all(self, worker)
    local last_s = process.now_s() + self:patience()
    repeat
        local idle = worker:ended() or worker:state() == "T" or process.now_s() > last_s
        local waits = not idle and count_handed_off(self) < HANDED_OFF
        if waits then process.sleep(0.05) end
    until not waits
    local words = { "dnc", "add" }
    for i = 1, self.stage.contacts do words[#words + 1] = ("+1206555%04d"):format(i) end
    local how, code = person.command(self, { before_store = 2 }, words):wait()
    self.place:begin_agents()
    if how == "exit" and code == 0 then return end
    -- One that was stopped while it writes keeps people from writing, too.
    if self.options.kind ~= "stopped" or not self:log(true):find(person.LOCKED, 1, true) then
        self:find(("dnc add ended by %s %s: %s"):format(how, code, self:log()))
    end
end

return person
