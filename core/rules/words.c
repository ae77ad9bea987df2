/* What the judge says about what it saw. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "rules/internal.h"

void od__say(char *text, size_t text_bytes, const char *format, ...) {
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + length, text_bytes - length, format, arguments);  /* what does not fit is cut */
    va_end(arguments);
}

void od__say_text(char *text, size_t text_bytes, const char *more) {
    size_t length = strlen(text), room = text_bytes - 1 - length, added = strlen(more);
    if (added > room)
        added = room;  /* what does not fit is cut */
    memcpy(text + length, more, added);
    text[length + added] = '\0';
}

void od__say_number(char *text, size_t text_bytes, int64_t number) {
    char digits[OD_DECIMAL_BYTES];
    od__say_text(text, text_bytes, od__decimal(number, digits));
}

void od__say_duration(char *text, size_t text_bytes, int64_t ms) {
    static const struct { int64_t ms; const char *name; } units[] = {
        {OD_MS_PER_DAY, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"},
    };
    size_t unit = 0;
    while (ms % units[unit].ms != 0)
        unit++;
    od__say_number(text, text_bytes, ms / units[unit].ms);
    od__say_text(text, text_bytes, " ");
    od__say_text(text, text_bytes, units[unit].name);
}

void od__say_instant(char *text, size_t text_bytes, int64_t unix_ms) {
    size_t length = strlen(text);
    if (length < text_bytes)
        od__iso8601_format(unix_ms, text + length, text_bytes - length); /* what does not fit is cut */
}

void od__say_clock(char *text, size_t text_bytes, od_zone *zone, int64_t unix_s) {
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    od_civil civil;
    od__zone_civil(zone, unix_s, &civil);
    od__say(text, text_bytes, "%s %02d:%02d in %s", names[civil.weekday], civil.hour, civil.minute, od__zone_name(zone));
}

static bool same_day(const od_day *a, const od_day *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->windows[i].begin != b->windows[i].begin || a->windows[i].end != b->windows[i].end)
            return false;
    }
    return true;
}

void od__say_week(const od_day week[7], char *text, size_t text_bytes) {
    text[0] = '\0';
    for (int day = 0, last; day < 7; day = last + 1) {
        last = day;
        while (last < 6 && same_day(&week[day], &week[last + 1]))
            last++;
        if (week[day].count == 0)
            continue;
        od__say(text, text_bytes, "%s%s", text[0] != '\0' ? ", " : "", od__day_names[day]);
        if (last > day)
            od__say(text, text_bytes, "-%s", od__day_names[last]);
        for (size_t i = 0; i < week[day].count; i++) {
            const od_window *w = &week[day].windows[i];
            od__say(text, text_bytes, " %02d:%02d-%02d:%02d", w->begin / 60, w->begin % 60, w->end / 60, w->end % 60);
        }
    }
    if (text[0] == '\0')
        od__say(text, text_bytes, "never");
}
