-- What a store and a phone log have, read from outside: by ledger.c, and line by line.

local process = require "process"

local ledger = {}

local STATES = { contact = { [0] = "ready", "waiting", "open", "held", "blocked", "done", "exhausted", "suppressed" },
    leg = { [0] = "intent", "in_doubt", "handed_off", "placed", "ended", "not_placed", "void", "written_off" } }

local readers = {}

function readers.integrity(words, into)
    if words[1] ~= "ok" then into.broken = words[1] end
end

function readers.locked(_, into)
    into.locked = true
end

function readers.contact(words, into)
    into.contacts[#into.contacts + 1] = { id = words[1], number = words[2], why = words[4],
        state = STATES.contact[tonumber(words[3])] }
end

function readers.leg(words, into)
    local state = STATES.leg[tonumber(words[4])]
    into.legs[#into.legs + 1] = { id = words[1], token = words[2], number = words[3], state = state,
        at_ms = tonumber(words[5]), says = words[6], lives_on = state == "ended" and words[7] == "1" }
end

function readers.listed(words, into)
    into.listed[words[1]] = tonumber(words[2])
end

-- ledger.read(program, store) -> { contacts, legs, listed (when, by number), broken, locked }; locked: it could not
-- be read
function ledger.read(program, store)
    local into = { contacts = {}, legs = {}, listed = {} }
    local file = io.open(store)
    if not file then return { contacts = {}, legs = {}, listed = {}, locked = true } end -- nobody has made it yet
    file:close()
    for _, line in ipairs(process.lines({ program, store })) do
        local words = {}
        for word in line:gmatch("[^\t]+") do words[#words + 1] = word end
        readers[table.remove(words, 1)](words, into)
    end
    return into
end

-- ledger.rings(path) -> list of { vendor, to, token, at_ms }
function ledger.rings(path)
    local rings = {}
    local file = io.open(path)
    if not file then return rings end
    for line in file:lines("L") do
        if line:sub(-1) ~= "\n" then break end -- it is being written
        rings[#rings + 1] = { vendor = line:match('"vendor":"(.-)"'), to = line:match('"to":"(.-)"'),
            token = line:match('"token":"(.-)"'), at_ms = tonumber(line:match('"at_ms":(%d+)')) }
    end
    file:close()
    return rings
end

return ledger
