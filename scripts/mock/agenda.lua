-- What is to happen at which time: functions in order of their times. It has no clock; somebody runs it.

local agenda = {}

--- An empty agenda.
function agenda.new()
    local items = {}
    local list = {}

    --- Has fn(at_ms) called once the time has come; those of one time run in the order they were added.
    function list.add(at_ms, fn)
        local index = #items
        while index > 0 and items[index].at_ms > at_ms do
            items[index + 1] = items[index]
            index = index - 1
        end
        items[index + 1] = { at_ms = at_ms, fn = fn }
    end

    --- Calls all that is due, with what becomes due by it.
    function list.run(now_ms)
        while items[1] and items[1].at_ms <= now_ms do
            local item = table.remove(items, 1)
            item.fn(item.at_ms)
        end
    end

    --- When the next function is due, or nil.
    function list.next_ms()
        return items[1] and items[1].at_ms
    end

    return list
end

return agenda
