-- Busted helper of the sanitized runs: the sanitizer's runtime, preloaded into this interpreter for the modules it loads, is
-- not for the tools that the specs start (curl hangs under it).
local popen, execute = io.popen, os.execute -- luacheck: ignore 122 142 143
local CLEAN = "unset LD_PRELOAD; "

function io.popen(command, mode) -- luacheck: ignore 122
    return popen(CLEAN .. command, mode)
end

function os.execute(command) -- luacheck: ignore 122
    return execute(command and CLEAN .. command)
end
