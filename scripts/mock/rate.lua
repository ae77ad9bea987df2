-- A token bucket on an injected clock: so many requests at once, so many per second after that. It judges
-- one request at a time and never waits.

local rate = {}

--- A limiter of PER_SECOND requests with room for BURST at once; keys (an account, a customer) do not share.
--- take(key, now_ms) returns true and counts the request, or false and counts nothing.
function rate.new(per_second, burst)
    local buckets = {}
    local limiter = {}
    function limiter.take(key, now_ms)
        local bucket = buckets[key]
        if not bucket then
            bucket = { tokens = burst, at_ms = now_ms }
            buckets[key] = bucket
        end
        local elapsed_ms = math.max(0, now_ms - bucket.at_ms)
        bucket.tokens = math.min(burst, bucket.tokens + elapsed_ms * per_second / 1000)
        bucket.at_ms = math.max(bucket.at_ms, now_ms)
        if bucket.tokens < 1 then
            return false
        end
        bucket.tokens = bucket.tokens - 1
        return true
    end
    return limiter
end

return rate
