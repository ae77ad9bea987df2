#include "authorizing/clock_skew.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_MS (15 * 60 * INT64_C(1000))
#define LARGE_MS (4 * 60 * INT64_C(1000))
#define DATE_BYTES 29

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of a month (1 to 12). */
static int64_t days_before(int year, int month) {
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t years = year - 1;
    int64_t days = years * 365 + years / 4 - years / 100 + years / 400 - 719162;
    return days + before[month - 1] + (month > 2 && is_leap(year));
}

bool od__http_date_parse(const char *text, size_t length_bytes, int64_t *unix_ms) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    char copy[DATE_BYTES + 1], name[4];
    int day, year, hour, minute, second, end = 0;
    if (length_bytes != DATE_BYTES)
        return false;
    memcpy(copy, text, DATE_BYTES);
    copy[DATE_BYTES] = '\0';
    if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, name, &year, &hour, &minute, &second,
               &end) != 6 || end != DATE_BYTES)
        return false;
    const char *at = strstr(months, name);
    if (at == NULL || (at - months) % 3 != 0 || strlen(name) != 3)
        return false;
    int month = (int)(at - months) / 3 + 1;
    bool leap_day = month == 2 && is_leap(year);
    if (year < 1970 || day < 1 || day > lengths[month - 1] + leap_day || hour > 23 || minute > 59 || second > 60 ||
        hour < 0 || minute < 0 || second < 0)
        return false;
    *unix_ms = ((days_before(year, month) + day - 1) * 86400 + hour * 3600 + minute * 60 + second) * 1000;
    return true;
}

bool od__clock_skew_read(const od_http_response *response, int64_t sent_ms, int64_t received_ms, int64_t *skew_ms) {
    size_t length;
    int64_t date_ms;
    if (received_ms < sent_ms || received_ms - sent_ms > LONGEST_MS ||
        od__http_response_header(response, "Age", &length) != NULL)
        return false;
    const char *date = od__http_response_header(response, "Date", &length);
    if (date == NULL || !od__http_date_parse(date, length, &date_ms))
        return false;
    *skew_ms = date_ms - (sent_ms + (received_ms - sent_ms) / 2);
    return true;
}

bool od__clock_skew_is_large(int64_t skew_ms) {
    return skew_ms > LARGE_MS || skew_ms < -LARGE_MS;
}
