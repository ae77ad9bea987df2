-- Points in time as the vendors spell them, from and to milliseconds since 1970 in UTC. Pure, and
-- without the C library's time zone, which belongs to the process.

local times = {}

local MS_PER_DAY = 86400000
local DAY_NAMES = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTH_NAMES = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

local function days_of_month(year, month)
    if month == 2 then
        local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
        return leap and 29 or 28
    end
    return (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
end

-- Days since 1970-01-01 of a day in the proleptic Gregorian calendar, counted in years from March.
local function days_from_civil(year, month, day)
    if month <= 2 then
        year = year - 1
    end
    local era = math.floor(year / 400)
    local year_of_era = year - era * 400
    local day_of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
    local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100)
        + day_of_year
    return era * 146097 + day_of_era - 719468
end

local function civil_from_days(days)
    local shifted = days + 719468
    local era = math.floor(shifted / 146097)
    local day_of_era = shifted - era * 146097
    local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
        + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
    local day_of_year = day_of_era
        - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
    local from_march = math.floor((5 * day_of_year + 2) / 153)
    local day = day_of_year - math.floor((153 * from_march + 2) / 5) + 1
    local month = from_march < 10 and from_march + 3 or from_march - 9
    local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
    return year, month, day
end

local function split(ms)
    local whole = math.floor(ms)
    local days = math.floor(whole / MS_PER_DAY)
    local rest = whole - days * MS_PER_DAY
    local year, month, day = civil_from_days(days)
    local seconds = math.floor(rest / 1000)
    return {
        year = year, month = month, day = day,
        hour = math.floor(seconds / 3600), minute = math.floor(seconds / 60) % 60, second = seconds % 60,
        ms = rest % 1000, weekday = (days + 4) % 7 + 1,
    }
end

local function join(year, month, day, hour, minute, second)
    if month < 1 or month > 12 or day < 1 or day > days_of_month(year, month) or hour > 23 or minute > 59
        or second > 59 then
        return nil
    end
    return (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * 1000
end

--- AWS's compact form, 20150830T123600Z.
function times.amz(ms)
    local at = split(ms)
    return string.format("%04d%02d%02dT%02d%02d%02dZ", at.year, at.month, at.day, at.hour, at.minute, at.second)
end

--- Milliseconds of AWS's compact form, or nil where the text is no such time.
function times.parse_amz(text)
    local year, month, day, hour, minute, second =
        text:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
    if not year then
        return nil
    end
    return join(tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
end

--- HTTP's form, Sun, 30 Aug 2015 12:36:00 GMT.
function times.http(ms)
    local at = split(ms)
    return string.format("%s, %02d %s %04d %02d:%02d:%02d GMT", DAY_NAMES[at.weekday], at.day,
        MONTH_NAMES[at.month], at.year, at.hour, at.minute, at.second)
end

--- ISO 8601 with milliseconds, 2019-06-07T01:27:30.406Z.
function times.iso(ms)
    local at = split(ms)
    return string.format("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year, at.month, at.day, at.hour,
        at.minute, at.second, at.ms)
end

--- Milliseconds of an ISO 8601 date and time with a zone (Z or an offset), or nil.
function times.parse_iso(text)
    local year, month, day, hour, minute, second, rest =
        text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(.+)$")
    if not year then
        return nil
    end
    local fraction, zone = rest:match("^%.(%d+)(.+)$")
    if not fraction then
        fraction, zone = "0", rest
    end
    local offset_minutes = 0
    if zone ~= "Z" then
        local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
        if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
            return nil
        end
        offset_minutes = (tonumber(hours) * 60 + tonumber(minutes)) * (sign == "-" and -1 or 1)
    end
    local ms = join(tonumber(year), tonumber(month), tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
    if not ms then
        return nil
    end
    return ms + math.floor(tonumber("0." .. fraction) * 1000) - offset_minutes * 60000
end

--- Symbee's form, UTC without saying so: 2021-11-03 05:01:05.120.
function times.symbee(ms)
    local at = split(ms)
    return string.format("%04d-%02d-%02d %02d:%02d:%02d.%03d", at.year, at.month, at.day, at.hour, at.minute,
        at.second, at.ms)
end

return times
