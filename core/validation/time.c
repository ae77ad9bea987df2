#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "json/value.h"
#include "validation/shape.h"

#define MS_PER_DAY INT64_C(86400000)
#define YEAR_0 INT64_C(-62167219200000)      /* 0000-01-01T00:00:00Z */
#define YEAR_10000 INT64_C(253402300800000)  /* 10000-01-01T00:00:00Z */

/* Reads exactly count digits as a number from min to max and steps over them. */
static bool read_digits(const char **text, int count, int min, int max, int *out) {
    *out = 0;
    for (; count > 0; count--, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *out = *out * 10 + (**text - '0');
    }
    return *out >= min && *out <= max;
}

static bool read_byte(const char **text, char byte) {
    if (**text != byte)
        return false;
    (*text)++;
    return true;
}

static bool read_fraction(const char **text, int *ms) {
    int weight = 100;
    *ms = 0;
    if (**text != '.')
        return true;
    (*text)++;
    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; (*text)++, weight /= 10)
        *ms += (**text - '0') * weight; /* from the fourth digit on the weight is 0 */
    return true;
}

static bool read_zone(const char **text, int *minutes) {
    if (read_byte(text, 'Z') || read_byte(text, 'z')) {
        *minutes = 0;
        return true;
    }
    int sign = **text == '+' ? 1 : **text == '-' ? -1 : 0;
    if (sign == 0)
        return false;
    (*text)++;
    int hour, minute = 0;
    if (!read_digits(text, 2, 0, 23, &hour))
        return false;
    if (**text != '\0') {
        (void)read_byte(text, ':');
        if (!read_digits(text, 2, 0, 59, &minute))
            return false;
    }
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool od__iso8601_parse(const char *text, int64_t *unix_ms) {
    int year, month, day, hour, minute, second = 0, ms = 0, zone;
    bool date = read_digits(&text, 4, 0, 9999, &year) && read_byte(&text, '-') &&
                read_digits(&text, 2, 1, 12, &month) && read_byte(&text, '-') && read_digits(&text, 2, 1, 31, &day);
    if (!date || day > od__days_in_month(year, month))
        return false;
    if (!read_byte(&text, 'T') && !read_byte(&text, 't'))
        return false;
    if (!read_digits(&text, 2, 0, 23, &hour) || !read_byte(&text, ':') || !read_digits(&text, 2, 0, 59, &minute))
        return false;
    if (read_byte(&text, ':') && (!read_digits(&text, 2, 0, 59, &second) || !read_fraction(&text, &ms)))
        return false;
    if (!read_zone(&text, &zone) || *text != '\0')
        return false;
    int64_t minutes = hour * 60 + minute - zone;
    *unix_ms = od__days_from_date(year, month, day) * MS_PER_DAY + minutes * 60000 + second * 1000 + ms;
    return *unix_ms >= YEAR_0 && *unix_ms < YEAR_10000;
}

/* Writes so many digits and what follows them; returns where to go on. Every judgement writes some. */
static char *put_digits(char *at, int value, int count, char after) {
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[count] = after;
    return at + count + 1;
}

void od__iso8601_format(int64_t unix_ms, char *out, size_t out_bytes) {
    /* Outside of what four digits can say the nearest that they can say is written. */
    if (unix_ms < YEAR_0)
        unix_ms = YEAR_0;
    if (unix_ms >= YEAR_10000)
        unix_ms = YEAR_10000 - 1;
    int64_t days = unix_ms / MS_PER_DAY;
    int ms = (int)(unix_ms % MS_PER_DAY);
    if (ms < 0) {
        ms += (int)MS_PER_DAY;
        days--;
    }
    int year, month, day;
    od__date_from_days(days, &year, &month, &day);
    int second = ms / 1000;
    ms %= 1000;
    char text[sizeof("YYYY-MM-DDThh:mm:ss.mmmZ")], *at = text;
    at = put_digits(at, year, 4, '-');
    at = put_digits(at, month, 2, '-');
    at = put_digits(at, day, 2, 'T');
    at = put_digits(at, second / 3600, 2, ':');
    at = put_digits(at, second / 60 % 60, 2, ':');
    at = put_digits(at, second % 60, 2, ms != 0 ? '.' : 'Z');
    if (ms != 0)
        at = put_digits(at, ms, 3, 'Z');
    size_t length = (size_t)(at - text);
    if (out_bytes == 0)
        return;
    if (length >= out_bytes)
        length = out_bytes - 1;
    memcpy(out, text, length);
    out[length] = '\0';
}

static od_status check_iso8601(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    const char *text = od_value_string(value);
    int64_t unix_ms;
    if (text == NULL || strlen(text) != od_value_length(value) || !od__iso8601_parse(text, &unix_ms))
        return od__check_fail(&od_check_iso8601, value, path, err);
    char same[32];
    od__iso8601_format(unix_ms, same, sizeof same);
    if (strcmp(same, text) != 0) {
        *replacement = od_value_new_string(same);
        if (*replacement == NULL)
            return od__error_no_memory(err);
    }
    return OD_OK;
}

const od_check od_check_iso8601 = {"ISO 8601 with zone", check_iso8601,
                                   "ISO 8601 with a zone, as 2026-05-04T09:30:00Z"};
