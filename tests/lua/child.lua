-- What specs share that start programs: the program itself, a mock as a process of its own, the files they hand over.

local child = {}

child.BUILD = os.getenv("OUTDIAL_BUILD") or "build"

function child.read_file(name)
    local file = assert(io.open(name, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

function child.write_file(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end

--- The text as one word of a shell.
function child.quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a shell command in which $OUTDIAL is the program; before is a line that sets up its environment. Returns its
--- output, its errors and its exit code.
function child.shell(command, before)
    local errors = os.tmpname()
    -- A sanitized program brings its sanitizer; the one that this process was started with is not for its tools.
    local line = "OUTDIAL=%s/outdial; unset NO_COLOR LD_PRELOAD; %s\n{ %s\n} 2>%s; echo \"code $?\""
    local pipe = io.popen(line:format(child.BUILD, before or "", command, errors))
    local text = pipe:read("*a")
    pipe:close()
    local out, code = text:match("^(.*)code (%d+)\n$")
    local err = child.read_file(errors)
    os.remove(errors)
    return out, err, tonumber(code)
end

-- The Lua that runs this.
local function interpreter()
    local index = -1
    while arg[index - 1] do
        index = index - 1
    end
    return arg[index]
end

--- Starts a mock with options written as Lua. Returns its address, and stop() to end it.
function child.mock(options)
    local script = ("require('mock').serve({ on_listening = function(handle) print(handle.port) io.stdout:flush() end, "
        .. "%s })"):format(options or "")
    local pipe = assert(io.popen(("echo $$; exec env LUA_PATH=%s LUA_CPATH=%s %s -e %s 2>&1"):format(
        child.quote(package.path), child.quote(package.cpath), child.quote(interpreter()), child.quote(script))))
    local pid, port = pipe:read("*l"), pipe:read("*l")
    local function stop()
        os.execute("kill " .. pid .. " 2>/dev/null")
        pipe:close()
    end
    if not (port and port:find("^%d+$")) then
        stop()
        error(port or "the mock did not start")
    end
    return "http://127.0.0.1:" .. port, stop
end

return child
