-- The loop of luv (libuv) for outdial.attach: require("outdial.loop_luv")([on_error]) -> adapter. The loop is luv's
-- default one; it runs on while outdial has something under way.
local uv = require "luv"

return function(on_error)
    local poll
    return {
        start = function(fd, on_ready)
            poll = poll or assert(uv.new_poll(fd))
            assert(poll:start("r", function(problem)
                if problem then error("outdial: luv cannot watch the engine: " .. problem) end
                on_ready()
            end))
        end,
        -- Closed, not only stopped: the descriptor must not stay in the loop when the engine goes.
        stop = function()
            poll:close()
            poll = nil
        end,
        on_error = on_error,
    }
end
