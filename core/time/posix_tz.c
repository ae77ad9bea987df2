/* TZ strings as in the footers of TZif files: "EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0". */
#include <string.h>

#include "base/ascii.h"
#include "base/calendar.h"
#include "time/internal.h"

#define DAY_S 86400
#define HOURS_OF_OFFSET 24
#define HOURS_OF_TIME 167  /* from version 3 on a time may be that many hours before or after midnight */

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool read_byte(cursor *from, char byte) {
    if (from->at == from->end || *from->at != byte)
        return false;
    from->at++;
    return true;
}

/* Reads a number of one to three digits, min to max. */
static bool read_number(cursor *from, int min, int max, int *out) {
    int digits = 0, number = 0;
    for (; from->at < from->end && is_digit(*from->at) && digits < 4; from->at++, digits++)
        number = number * 10 + (*from->at - '0');
    *out = number;
    return digits > 0 && digits < 4 && number >= min && number <= max;
}

/* A name is three letters or more, or in angle brackets also digits and signs. */
static bool read_name(cursor *from, char out[OD_LIMIT_ABBREVIATION_BYTES]) {
    bool quoted = read_byte(from, '<');
    size_t length = 0;
    for (; from->at < from->end; from->at++) {
        char byte = *from->at;
        if (!od__is_letter(byte) && !(quoted && (is_digit(byte) || byte == '+' || byte == '-')))
            break;
        if (length == OD_LIMIT_ABBREVIATION_BYTES - 1)
            return false;
        out[length++] = byte;
    }
    out[length] = '\0';
    return length >= 3 && (!quoted || read_byte(from, '>'));
}

/* [+-]hh[:mm[:ss]] as seconds. */
static bool read_time(cursor *from, int max_hours, int32_t *out) {
    int sign = 1, hours, minutes = 0, seconds = 0;
    if (read_byte(from, '-'))
        sign = -1;
    else
        (void)read_byte(from, '+');  /* it may be left out */
    if (!read_number(from, 0, max_hours, &hours))
        return false;
    if (read_byte(from, ':')) {
        if (!read_number(from, 0, 59, &minutes))
            return false;
        if (read_byte(from, ':') && !read_number(from, 0, 59, &seconds))
            return false;
    }
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

/* ,date[/time] */
static bool read_yearly(cursor *from, od_yearly *out) {
    bool fits;
    if (!read_byte(from, ','))
        return false;
    if (read_byte(from, 'J')) {
        out->kind = OD_YEARLY_JULIAN;
        fits = read_number(from, 1, 365, &out->day);
    } else if (read_byte(from, 'M')) {
        out->kind = OD_YEARLY_WEEKDAY;
        fits = read_number(from, 1, 12, &out->month) && read_byte(from, '.') && read_number(from, 1, 5, &out->week) &&
               read_byte(from, '.') && read_number(from, 0, 6, &out->day);
    } else {
        out->kind = OD_YEARLY_ZERO_BASED;
        fits = read_number(from, 0, 365, &out->day);
    }
    out->time_s = 2 * 3600;
    return fits && (!read_byte(from, '/') || read_time(from, HOURS_OF_TIME, &out->time_s));
}

/* In a TZ string offsets count west of Greenwich. */
static bool read_offset(cursor *from, int32_t *out) {
    if (!read_time(from, HOURS_OF_OFFSET, out))
        return false;
    *out = -*out;
    return *out >= OD_OFFSET_MIN_S && *out <= OD_OFFSET_MAX_S;
}

bool od__posix_tz_parse(const char *text, size_t length, od_posix_tz *out) {
    cursor from = {text, text + length};
    memset(out, 0, sizeof *out);
    if (!read_name(&from, out->std_name) || !read_offset(&from, &out->std_offset_s))
        return false;
    if (from.at == from.end)
        return true;
    out->has_dst = true;
    if (!read_name(&from, out->dst_name))
        return false;
    out->dst_offset_s = out->std_offset_s + 3600;
    if (from.at < from.end && *from.at != ',' && !read_offset(&from, &out->dst_offset_s))
        return false;
    return out->dst_offset_s <= OD_OFFSET_MAX_S && read_yearly(&from, &out->dst_begin) &&
           read_yearly(&from, &out->dst_end) && from.at == from.end;
}

/* The instant of a yearly change, while the clock has offset_s. */
static int64_t yearly_instant(const od_yearly *yearly, int64_t year, int32_t offset_s) {
    int64_t first = od__days_from_date(year, 1, 1), days = first + yearly->day;
    bool leap = od__days_in_month((int)year, 2) == 29;
    if (yearly->kind == OD_YEARLY_JULIAN) {
        days = first + yearly->day - 1 + (leap && yearly->day >= 60);
    } else if (yearly->kind == OD_YEARLY_WEEKDAY) {
        int64_t month = od__days_from_date(year, yearly->month, 1);
        int weekday = (int)(((month + 4) % 7 + 7) % 7);  /* of the first, 0 is Sunday: day 0 was a Thursday */
        int day = (yearly->day - weekday + 7) % 7 + 7 * (yearly->week - 1);
        if (day >= od__days_in_month((int)year, yearly->month))
            day -= 7;
        days = month + day;
    }
    return days * DAY_S + yearly->time_s - offset_s;
}

void od__posix_tz_range(const od_posix_tz *tz, int64_t unix_s, od_zone_range *out) {
    *out = (od_zone_range){.begin_s = INT64_MIN, .end_s = INT64_MAX, .offset_s = tz->std_offset_s, .abbreviation = tz->std_name};
    if (!tz->has_dst)
        return;
    int64_t local_s = unix_s + tz->std_offset_s;
    int year, month, day;
    od__date_from_days((local_s >= 0 ? local_s : local_s - (DAY_S - 1)) / DAY_S, &year, &month, &day);
    /* The changes of three years in order. Two at one instant (daylight-saving time all year is written so) are nothing:
     * the later one of them, by year, is what holds. */
    enum { CHANGES = 6 };
    struct { int64_t at; bool to_dst; } changes[CHANGES] = {{0, false}};
    for (int count = 0; count < CHANGES; count++) {
        int64_t of_year = (int64_t)year - 1 + count / 2;
        bool to_dst = count % 2 == 0;
        int64_t at = to_dst ? yearly_instant(&tz->dst_begin, of_year, tz->std_offset_s)
                            : yearly_instant(&tz->dst_end, of_year, tz->dst_offset_s);
        int place = count;
        for (; place > 0 && changes[place - 1].at > at; place--)
            changes[place] = changes[place - 1];
        changes[place].at = at;
        changes[place].to_dst = to_dst;
    }
    bool is_dst = !changes[0].to_dst;
    out->end_s = changes[0].at;
    for (int i = 0; i < CHANGES && changes[i].at <= unix_s; i++) {
        is_dst = changes[i].to_dst;
        out->begin_s = changes[i].at;
        out->end_s = i + 1 < CHANGES ? changes[i + 1].at : INT64_MAX;
    }
    if (is_dst) {
        out->is_dst = true;
        out->offset_s = tz->dst_offset_s;
        out->abbreviation = tz->dst_name;
    }
}
