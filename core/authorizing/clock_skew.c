#include "authorizing/clock_skew.h"

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

/* The number that count digits make; -1 if one of them is none. */
static int number(const char *text, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* 1 to 12; 0 for what is no month. */
static int month_named(const char *text) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(months + (size_t)i * 3, text, 3) == 0)
            return i + 1;
    return 0;
}

/* Whether all but digits and names is as in the pattern. */
static bool has_form(const char *text) {
    static const char pattern[] = "***, ** *** **** **:**:** GMT";
    for (int i = 0; i < DATE_BYTES; i++)
        if (pattern[i] != '*' && pattern[i] != text[i])
            return false;
    return true;
}

bool od__http_date_parse(const char *text, size_t length_bytes, int64_t *unix_ms) {
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (length_bytes != DATE_BYTES || !has_form(text))
        return false;
    int day = number(text + 5, 2), month = month_named(text + 8), year = number(text + 12, 4);
    int hour = number(text + 17, 2), minute = number(text + 20, 2), second = number(text + 23, 2);
    if (month == 0 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    int days = lengths[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
    if (day < 1 || day > days)
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
