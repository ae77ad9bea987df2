/* Any bytes: a TZif file is refused, or answers consistently for any instant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void ask(od_zone *zone, int64_t t) {
    od_zone_range range;
    od_civil civil;
    int64_t earliest, latest;
    od__zone_range(zone, t, &range);
    must(range.begin_s <= t && t < range.end_s && range.once_begin_s <= range.once_end_s);
    must(range.once_begin_s >= range.begin_s && range.once_end_s <= range.end_s);
    od__zone_civil(zone, t, &civil);
    bool once = od__zone_reads_once(zone, t);
    od_reading reading = od__zone_instant(zone, &civil, &earliest, &latest);
    must(reading != OD_READING_GAP && earliest <= t && t <= latest);
    must(!once || (reading == OD_READING_ONCE && earliest == t && latest == t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    od_zone *zone;
    od_posix_tz tz;
    od_zone_tab tab;
    od_error err = OD_ERROR_INIT;
    (void)od__posix_tz_parse((const char *)data, size, &tz);
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    if (od__zone_tab_parse(text, size, &tab, &err) == OD_OK)
        od__zone_tab_clear(&tab);
    err = (od_error)OD_ERROR_INIT;
    if (od__tzif_parse(data, size, &zone, &err) != OD_OK) {
        must(err.code == OD_PROTOCOL && err.message[0] != '\0' && zone == NULL);
        return 0;
    }
    for (size_t i = 0; i < zone->transition_count && i < 64; i++) {
        int64_t at = zone->transitions[i];
        for (int64_t t = at - 1; t <= at + 1; t++) {
            if (t > OD_ZONE_MIN_S + 200000 && t < OD_ZONE_MAX_S - 200000)
                ask(zone, t);
        }
    }
    for (int64_t t = INT64_C(-3000000000); t < INT64_C(9000000000); t += 250000001)
        ask(zone, t);
    od__zone_free(zone);
    return 0;
}
