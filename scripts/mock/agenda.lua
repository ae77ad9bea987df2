-- What is to happen at which time: functions in order of their times, in a heap, so that many thousand at once cost
-- little. It has no clock; somebody runs it.

local agenda = {}

-- Whether one item comes before another; of two for one time, the one that was added first.
local function before(a, b)
    if a.at_ms ~= b.at_ms then
        return a.at_ms < b.at_ms
    end
    return a.number < b.number
end

local function rise(heap, item)
    local place = #heap + 1
    while place > 1 do
        local parent = math.floor(place / 2)
        if not before(item, heap[parent]) then
            break
        end
        heap[place] = heap[parent]
        place = parent
    end
    heap[place] = item
end

-- Puts an item in the first one's place and lets it sink to its own.
local function sink(heap, item)
    local place, count = 1, #heap
    while 2 * place <= count do
        local child = 2 * place
        if child < count and before(heap[child + 1], heap[child]) then
            child = child + 1
        end
        if not before(heap[child], item) then
            break
        end
        heap[place] = heap[child]
        place = child
    end
    heap[place] = item
end

--- An empty agenda.
function agenda.new()
    local heap, added = {}, 0
    local list = {}

    --- Has fn(at_ms) called once the time has come; those of one time run in the order they were added.
    function list.add(at_ms, fn)
        added = added + 1
        rise(heap, { at_ms = at_ms, number = added, fn = fn })
    end

    --- Calls all that is due, with what becomes due by it.
    function list.run(now_ms)
        while heap[1] and heap[1].at_ms <= now_ms do
            local item, last = heap[1], table.remove(heap)
            if heap[1] then
                sink(heap, last)
            end
            item.fn(item.at_ms)
        end
    end

    --- When the next function is due, or nil.
    function list.next_ms()
        return heap[1] and heap[1].at_ms
    end

    return list
end

return agenda
