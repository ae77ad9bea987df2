-- Runs one round of the crash tests: lua5.4 tests/crash/round.lua BUILD SEED NAME [TIMES] Prints `ok NAME`, or
-- `not ok NAME` and what did not hold, and a line of counts. TIMES: until it fails, with the seeds that follow.
package.path = "tests/crash/?.lua;" .. package.path

local process = require "process"
local rounds = require "rounds"

local build, seed, name, times = arg[1], tonumber(arg[2]), arg[3], tonumber(arg[4] or 1)
local _, by_name = rounds.of "long"
if not seed or not by_name[name] then
    io.stderr:write("usage: round.lua BUILD SEED NAME [TIMES]; the names are those that crash.lua prints\n")
    os.exit(2)
end

io.stdout:setvbuf("full", 65536)

for i = 0, times - 1 do
    local began_s = process.now_s()
    local passed, lines, counts = rounds.run(by_name[name], build, seed + i)
    counts.ms = math.floor((process.now_s() - began_s) * 1000)
    local words = {}
    for key, count in pairs(counts) do words[#words + 1] = ("%s=%d"):format(key, count) end
    table.sort(words)
    lines[#lines + 1] = "counts " .. table.concat(words, " ")
    io.stdout:write(table.concat(lines, "\n"), "\n")
    io.stdout:flush()
    if not passed then os.exit(false) end
    _, by_name = rounds.of "long"
end
