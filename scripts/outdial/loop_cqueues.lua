-- A controller of cqueues for outdial.attach: require("outdial.loop_cqueues")(controller [, on_error]) -> adapter. A
-- coroutine of the controller watches while outdial has something under way; so the controller can get empty.
local cqueues = require "cqueues"
local condition = require "cqueues.condition"

return function(controller, on_error)
    local watch -- of the coroutine that watches now; nil: there is none
    return {
        start = function(fd, on_ready)
            local own = { changed = condition.new(), ready = { pollfd = fd, events = "r" } }
            watch = own
            controller:wrap(function()
                while watch == own do
                    cqueues.poll(own.ready, own.changed)
                    if watch == own then on_ready() end
                end
            end)
        end,
        stop = function()
            watch.changed:signal()
            watch = nil
        end,
        on_error = on_error,
    }
end
