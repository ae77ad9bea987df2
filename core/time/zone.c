/* Answers from a parsed zone: which stretch an instant is in, what its wall clock shows, and when it shows something. */
#include <string.h>

#include "base/calendar.h"
#include "time/internal.h"

#define DAY_S 86400

/* Ranges further apart than this cannot show the same reading. */
#define APART_S (OD_OFFSET_MAX_S - OD_OFFSET_MIN_S)

static int64_t clamp(int64_t unix_s) {
    return unix_s < OD_ZONE_MIN_S ? OD_ZONE_MIN_S : unix_s > OD_ZONE_MAX_S ? OD_ZONE_MAX_S : unix_s;
}

static int64_t floor_days(int64_t seconds) {
    return (seconds >= 0 ? seconds : seconds - (DAY_S - 1)) / DAY_S;
}

/* The index of the first transition after unix_s. */
static size_t transition_after(const od_zone *zone, int64_t unix_s) {
    size_t low = 0, high = zone->transition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* All of a range but what is read once. */
static void plain_range(const od_zone *zone, int64_t unix_s, od_zone_range *out) {
    size_t count = zone->transition_count, next = transition_after(zone, unix_s);
    if (next == count && zone->has_footer) {
        od__posix_tz_range(&zone->footer, unix_s, out);
        if (count > 0 && out->begin_s < zone->transitions[count - 1])
            out->begin_s = zone->transitions[count - 1];
        return;
    }
    const od_zone_type *type = &zone->types[next == 0 ? 0 : zone->type_after[next - 1]];
    out->begin_s = next == 0 ? INT64_MIN : zone->transitions[next - 1];
    out->end_s = next == count ? INT64_MAX : zone->transitions[next];
    out->offset_s = type->offset_s;
    out->is_dst = type->is_dst;
    out->abbreviation = zone->abbreviations + type->abbreviation;
}

/* Leaves out of what is read once whatever the ranges around read too. */
static void find_once(const od_zone *zone, od_zone_range *range) {
    int64_t begin = range->begin_s, end = range->end_s;
    od_zone_range other = *range;
    while (other.begin_s != INT64_MIN && other.begin_s > range->begin_s - APART_S) {
        plain_range(zone, other.begin_s - 1, &other);
        int64_t read_until = other.end_s + other.offset_s - range->offset_s;
        if (read_until > begin)
            begin = read_until;
    }
    other = *range;
    while (other.end_s != INT64_MAX && other.end_s < range->end_s + APART_S) {
        plain_range(zone, other.end_s, &other);
        int64_t read_from = other.begin_s + other.offset_s - range->offset_s;
        if (read_from < end)
            end = read_from;
    }
    range->once_begin_s = begin < range->end_s ? begin : range->end_s;
    range->once_end_s = end > range->once_begin_s ? end : range->once_begin_s;
}

/* The range around unix_s, which is clamped: the one kept, or else found and kept. */
static const od_zone_range *range_of(od_zone *zone, int64_t unix_s) {
    od_zone_range *last = &zone->last;
    if (!zone->has_last || unix_s < last->begin_s || unix_s >= last->end_s) {
        plain_range(zone, unix_s, last);
        find_once(zone, last);
        zone->has_last = true;
    }
    return last;
}

const char *od__zone_name(const od_zone *zone) {
    return zone->name;
}

void od__zone_range(od_zone *zone, int64_t unix_s, od_zone_range *out) {
    *out = *range_of(zone, clamp(unix_s));
}

bool od__zone_reads_once(od_zone *zone, int64_t unix_s) {
    unix_s = clamp(unix_s);
    const od_zone_range *range = range_of(zone, unix_s);
    return unix_s >= range->once_begin_s && unix_s < range->once_end_s;
}

int64_t od__zone_next_transition(od_zone *zone, int64_t unix_s) {
    od_zone_range here = *range_of(zone, clamp(unix_s)), next = here;
    while (next.end_s <= OD_ZONE_MAX_S) {
        plain_range(zone, next.end_s, &next);
        if (next.offset_s != here.offset_s || next.is_dst != here.is_dst || strcmp(next.abbreviation, here.abbreviation) != 0)
            return next.begin_s;
    }
    return INT64_MAX;
}

void od__zone_civil(od_zone *zone, int64_t unix_s, od_civil *out) {
    unix_s = clamp(unix_s);
    const od_zone_range *range = range_of(zone, unix_s);
    int64_t local_s = unix_s + range->offset_s, days = floor_days(local_s);
    int second = (int)(local_s - days * DAY_S);
    od__date_from_days(days, &out->year, &out->month, &out->day);
    out->hour = second / 3600;
    out->minute = second / 60 % 60;
    out->second = second % 60;
    out->weekday = (int)(((days + 3) % 7 + 7) % 7);
    out->yday = (int)(days - od__days_from_date(out->year, 1, 1));
    out->offset_s = range->offset_s;
    out->is_dst = range->is_dst;
    out->abbreviation = range->abbreviation;
}

/* Seconds that a clock of UTC would show so. */
static int64_t local_seconds(const od_civil *civil) {
    int64_t months = (int64_t)civil->year * 12 + civil->month - 1;
    int64_t year = (months >= 0 ? months : months - 11) / 12;
    int64_t days = od__days_from_date(year, (int)(months - year * 12) + 1, 1) + civil->day - 1;
    return clamp(days * DAY_S + (int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 + civil->second);
}

od_reading od__zone_instant(od_zone *zone, const od_civil *civil, int64_t *earliest_s, int64_t *latest_s) {
    int64_t local_s = local_seconds(civil);
    if (zone->has_last) {
        int64_t at = local_s - zone->last.offset_s;
        if (at >= zone->last.once_begin_s && at < zone->last.once_end_s) {
            *earliest_s = *latest_s = at;
            return OD_READING_ONCE;
        }
    }
    /* Every range that could show it, in order; between two that do not, the clock may have jumped over it. */
    int found = 0;
    int64_t jump = 0;
    bool jumped = false, before = false;
    od_zone_range range;
    for (int64_t at = local_s - OD_OFFSET_MAX_S; at <= local_s - OD_OFFSET_MIN_S; at = range.end_s) {
        plain_range(zone, at, &range);
        int64_t here = local_s - range.offset_s;
        if (here >= range.begin_s && here < range.end_s) {
            if (found++ == 0)
                *earliest_s = here;
            *latest_s = here;
        }
        if (before && !jumped && here < range.begin_s) {
            jumped = true;
            jump = range.begin_s;
        }
        before = range.end_s != INT64_MAX && here >= range.end_s;
        if (range.end_s == INT64_MAX)
            break;
    }
    if (found > 0)
        return found > 1 ? OD_READING_TWICE : OD_READING_ONCE;
    *earliest_s = *latest_s = jump;
    return OD_READING_GAP;
}
