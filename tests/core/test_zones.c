/* Time zones: every zone of this machine against zdump, the odd ones by hand, damaged files, countries, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/memory.h"
#include "time/internal.h"

#define DAY_S INT64_C(86400)

static od_zones *zones;

static int open_zones(void **state) {
    (void)state;
    return od__zones_new(NULL, &zones, NULL) == OD_OK ? 0 : -1;
}

static int close_zones(void **state) {
    (void)state;
    od__zones_free(zones);
    return 0;
}

static od_zone *zone_of(const char *name) {
    od_zone *zone;
    od_error err = OD_ERROR_INIT;
    if (od__zones_get(zones, name, &zone, &err) != OD_OK)
        fail_msg("%s: %s", name, err.message);
    assert_string_equal(od__zone_name(zone), name);
    return zone;
}

static int64_t utc(int year, int month, int day, int hour, int minute, int second) {
    return od__days_from_date(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
}

/* `Sun 2026-03-08 03:00:00 EDT -14400 dst` */
static void assert_reads(od_zone *zone, int64_t unix_s, const char *expected) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    od_civil civil;
    char text[96];
    od__zone_civil(zone, unix_s, &civil);
    snprintf(text, sizeof text, "%s %04d-%02d-%02d %02d:%02d:%02d %s %d%s", days[civil.weekday], civil.year, civil.month,
             civil.day, civil.hour, civil.minute, civil.second, civil.abbreviation, (int)civil.offset_s,
             civil.is_dst ? " dst" : "");
    assert_string_equal(text, expected);
    assert_int_equal(civil.yday, od__days_from_date(civil.year, civil.month, civil.day) -
                                     od__days_from_date(civil.year, 1, 1));
}

static void assert_instant(od_zone *zone, od_civil civil, od_reading reading, int64_t earliest_s, int64_t latest_s) {
    int64_t earliest, latest;
    assert_int_equal(od__zone_instant(zone, &civil, &earliest, &latest), reading);
    assert_int_equal(earliest, earliest_s);
    assert_int_equal(latest, latest_s);
}

/* ---- against zdump ---- */

#define FILES 4096

typedef struct zone_file {
    char name[OD_LIMIT_ZONE_NAME_BYTES];
    uint64_t content, footer;  /* hashes: what is the same need not be asked twice */
} zone_file;

static zone_file zone_files[FILES];
static size_t zone_file_count;

static uint64_t hash_of(const char *bytes, size_t length) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static size_t read_bytes(const char *path, char *out, size_t limit) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return 0;
    size_t length = fread(out, 1, limit, stream);
    fclose(stream);
    return length;
}

static int collect(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts;
    (void)where;
    static char bytes[1 << 16];
    const char *name = path + strlen(OD_ZONE_DIRECTORY "/");
    if (kind != FTW_F || strncmp(name, "right/", 6) == 0 || zone_file_count == FILES)
        return 0;
    size_t length = read_bytes(path, bytes, sizeof bytes);
    if (length < 44 || memcmp(bytes, "TZif", 4) != 0 || strlen(name) >= OD_LIMIT_ZONE_NAME_BYTES)
        return 0;
    size_t footer = length - 1;
    while (footer > 0 && bytes[footer - 1] != '\n')
        footer--;
    zone_file *file = &zone_files[zone_file_count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->content = hash_of(bytes, length);
    file->footer = hash_of(bytes + footer, length - footer);
    return 0;
}

static int month_number(const char *name) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (strncmp(months + (ptrdiff_t)3 * i, name, 3) == 0)
            return i + 1;
    }
    return 0;
}

static size_t compare_with_zdump(const char *name, int from_year, int to_year) {
    char command[256], line[512], expected[96];
    snprintf(command, sizeof command, "zdump -v -c %d,%d %s", from_year, to_year, name);
    FILE *dump = popen(command, "r");
    assert_non_null(dump);
    od_zone *zone = zone_of(name);
    int64_t from = utc(from_year, 1, 1, 0, 0, 0), until = utc(to_year, 1, 1, 0, 0, 0), before = INT64_MIN;
    int64_t next = od__zone_next_transition(zone, from);
    size_t lines = 0;
    while (fgets(line, sizeof line, dump) != NULL) {
        char weekday[4], month[4], local_weekday[4], local_month[4], abbreviation[32];
        int day, hour, minute, second, year, local_day, local_hour, local_minute, local_second, local_year, is_dst, offset;
        if (strstr(line, " = NULL") != NULL)
            continue;
        assert_int_equal(sscanf(line + strlen(name), " %3s %3s %d %d:%d:%d %d UT = %3s %3s %d %d:%d:%d %d %31s isdst=%d gmtoff=%d",
                                weekday, month, &day, &hour, &minute, &second, &year, local_weekday, local_month, &local_day,
                                &local_hour, &local_minute, &local_second, &local_year, abbreviation, &is_dst, &offset), 17);
        int64_t at = utc(year, month_number(month), day, hour, minute, second);
        snprintf(expected, sizeof expected, "%s %04d-%02d-%02d %02d:%02d:%02d %s %d%s", local_weekday, local_year,
                 month_number(local_month), local_day, local_hour, local_minute, local_second, abbreviation, offset,
                 is_dst ? " dst" : "");
        assert_reads(zone, at, expected);
        if (at == before + 1 && at > from && at < until) {
            assert_int_equal(next, at);  /* none left out, none that is not there */
            next = od__zone_next_transition(zone, at);
        }
        before = at;
        lines++;
    }
    assert_int_equal(pclose(dump), 0);
    assert_true(next >= until);
    return lines;
}

static bool seen_before(size_t index, bool footer) {
    for (size_t i = 0; i < index; i++) {
        if (footer ? zone_files[i].footer == zone_files[index].footer : zone_files[i].content == zone_files[index].content)
            return true;
    }
    return false;
}

static void test_every_zone_of_this_machine_reads_as_zdump_says(void **state) {
    (void)state;
    if (system("command -v zdump > /dev/null 2>&1") != 0) {
        print_message("zdump is not here (it is in libc-bin): zones are not compared with it\n");
        skip();
    }
    zone_file_count = 0;
    assert_int_equal(nftw(OD_ZONE_DIRECTORY, collect, 16, 0), 0);
    assert_in_range(zone_file_count, 300, FILES - 1);
    size_t lines = 0;
    for (size_t i = 0; i < zone_file_count; i++) {
        if (!seen_before(i, false))
            lines += compare_with_zdump(zone_files[i].name, 1970, 2038);
        if (!seen_before(i, true))  /* from here on the files speak by their footers alone */
            lines += compare_with_zdump(zone_files[i].name, 2037, 2101);
    }
    assert_in_range(lines, 30000, 1000000);
}

/* Wherever a zone's clock is put forward or back, what it shows around is found again, once, never or twice. */
static void test_every_reading_around_a_transition_is_found_again(void **state) {
    (void)state;
    zone_file_count = 0;
    assert_int_equal(nftw(OD_ZONE_DIRECTORY, collect, 16, 0), 0);
    for (size_t i = 0; i < zone_file_count; i++) {
        if (seen_before(i, false))
            continue;
        od_zone *zone = zone_of(zone_files[i].name);
        for (int64_t at = utc(1970, 1, 1, 0, 0, 0); at < utc(2045, 1, 1, 0, 0, 0);) {
            at = od__zone_next_transition(zone, at);
            if (at > utc(2045, 1, 1, 0, 0, 0))
                break;
            for (int64_t t = at - 7201; t <= at + 7201; t += 1200) {
                od_civil civil;
                int64_t earliest, latest;
                od__zone_civil(zone, t, &civil);
                bool once = od__zone_reads_once(zone, t);
                od_reading reading = od__zone_instant(zone, &civil, &earliest, &latest);
                assert_int_equal(reading, once ? OD_READING_ONCE : OD_READING_TWICE);
                assert_true(once ? earliest == t && latest == t : earliest < latest && (t == earliest || t == latest));
            }
            od_zone_range before, after;
            od__zone_range(zone, at - 1, &before);
            od__zone_range(zone, at, &after);
            if (after.offset_s > before.offset_s) {
                od_civil skipped;
                od__zone_civil(zone, at - 1, &skipped);
                skipped.second++;  /* the first reading that does not happen */
                assert_instant(zone, skipped, OD_READING_GAP, at, at);
                skipped.second += after.offset_s - before.offset_s - 1;
                assert_instant(zone, skipped, OD_READING_GAP, at, at);
                skipped.second++;
                assert_instant(zone, skipped, OD_READING_ONCE, at, at);
            }
        }
    }
}

/* ---- the odd ones ---- */

static void test_new_york_in_the_nights_of_2026(void **state) {
    (void)state;
    od_zone *zone = zone_of("America/New_York");
    int64_t spring = utc(2026, 3, 8, 7, 0, 0), fall = utc(2026, 11, 1, 6, 0, 0);
    assert_reads(zone, spring - 1, "Sun 2026-03-08 01:59:59 EST -18000");
    assert_reads(zone, spring, "Sun 2026-03-08 03:00:00 EDT -14400 dst");
    assert_int_equal(od__zone_next_transition(zone, spring - 1), spring);
    assert_int_equal(od__zone_next_transition(zone, spring), fall);
    assert_instant(zone, (od_civil){2026, 3, 8, 2, 30, 0, .offset_s = 0}, OD_READING_GAP, spring, spring);
    assert_instant(zone, (od_civil){2026, 11, 1, 1, 30, 0, .offset_s = 0}, OD_READING_TWICE, fall - 1800, fall + 1800);
    assert_instant(zone, (od_civil){2026, 11, 1, 2, 0, 0, .offset_s = 0}, OD_READING_ONCE, fall + 3600, fall + 3600);
    assert_true(od__zone_reads_once(zone, fall - 3601));
    assert_false(od__zone_reads_once(zone, fall - 3600));
    assert_false(od__zone_reads_once(zone, fall + 3599));
    assert_true(od__zone_reads_once(zone, fall + 3600));
}

static void test_lord_howe_moves_by_half_an_hour(void **state) {
    (void)state;
    od_zone *zone = zone_of("Australia/Lord_Howe");
    int64_t back = utc(2026, 4, 4, 15, 0, 0), forward = utc(2026, 10, 3, 15, 30, 0);
    assert_reads(zone, back - 1, "Sun 2026-04-05 01:59:59 +11 39600 dst");
    assert_reads(zone, back, "Sun 2026-04-05 01:30:00 +1030 37800");
    assert_false(od__zone_reads_once(zone, back - 1800));
    assert_false(od__zone_reads_once(zone, back + 1799));
    assert_true(od__zone_reads_once(zone, back + 1800));
    assert_instant(zone, (od_civil){2026, 10, 4, 2, 15, 0, .offset_s = 0}, OD_READING_GAP, forward, forward);
    assert_instant(zone, (od_civil){2099, 10, 4, 2, 15, 0, .offset_s = 0}, OD_READING_GAP, utc(2099, 10, 3, 15, 30, 0),
                   utc(2099, 10, 3, 15, 30, 0));
}

static void test_dublin_saves_daylight_in_winter(void **state) {
    (void)state;
    od_zone *zone = zone_of("Europe/Dublin");
    assert_reads(zone, utc(2026, 7, 1, 12, 0, 0), "Wed 2026-07-01 13:00:00 IST 3600");
    assert_reads(zone, utc(2026, 12, 25, 12, 0, 0), "Fri 2026-12-25 12:00:00 GMT 0 dst");
    assert_reads(zone, utc(2090, 12, 25, 12, 0, 0), "Mon 2090-12-25 12:00:00 GMT 0 dst");
}

static void test_apia_had_no_30_december_2011(void **state) {
    (void)state;
    od_zone *zone = zone_of("Pacific/Apia");
    int64_t jump = utc(2011, 12, 30, 10, 0, 0);
    assert_reads(zone, jump - 1, "Thu 2011-12-29 23:59:59 -10 -36000 dst");
    assert_reads(zone, jump, "Sat 2011-12-31 00:00:00 +14 50400 dst");
    assert_instant(zone, (od_civil){2011, 12, 30, 0, 0, 0, .offset_s = 0}, OD_READING_GAP, jump, jump);
    assert_instant(zone, (od_civil){2011, 12, 30, 23, 59, 59, .offset_s = 0}, OD_READING_GAP, jump, jump);
    assert_true(od__zone_reads_once(zone, jump - 1) && od__zone_reads_once(zone, jump));
}

static void test_kwajalein_read_most_of_a_day_twice(void **state) {
    (void)state;
    /* It went from +11 to -12 across the date line. */
    od_zone *zone = zone_of("Pacific/Kwajalein");
    int64_t back = utc(1969, 9, 30, 13, 0, 0);
    assert_int_equal(od__zone_next_transition(zone, back - 1), back);
    assert_false(od__zone_reads_once(zone, back - 23 * 3600));
    assert_true(od__zone_reads_once(zone, back - 23 * 3600 - 1));
    assert_false(od__zone_reads_once(zone, back + 23 * 3600 - 1));
    assert_true(od__zone_reads_once(zone, back + 23 * 3600));
}

static void test_zones_without_change_have_no_next_transition(void **state) {
    (void)state;
    assert_reads(zone_of("Asia/Kathmandu"), utc(2026, 11, 29, 0, 0, 0), "Sun 2026-11-29 05:45:00 +0545 20700");
    assert_int_equal(od__zone_next_transition(zone_of("Asia/Kathmandu"), utc(2026, 1, 1, 0, 0, 0)), INT64_MAX);
    assert_int_equal(od__zone_next_transition(zone_of("Etc/UTC"), INT64_MIN), INT64_MAX);
}

static void test_instants_out_of_all_years_are_the_nearest_within(void **state) {
    (void)state;
    od_zone *zone = zone_of("America/New_York");
    assert_reads(zone, INT64_MAX, "Thu 9999-12-30 19:00:00 EST -18000");
    assert_reads(zone, INT64_MIN, "Mon 0001-01-01 19:03:58 LMT -17762");
    int64_t earliest, latest;
    od_civil civil = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, .offset_s = 0};
    assert_int_equal(od__zone_instant(zone, &civil, &earliest, &latest), OD_READING_ONCE);
    civil = (od_civil){INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, .offset_s = 0};
    assert_int_equal(od__zone_instant(zone, &civil, &earliest, &latest), OD_READING_ONCE);
    /* what is too many is carried over */
    assert_instant(zone, (od_civil){2025, 14, 29, 23, 60, 60, .offset_s = 0}, OD_READING_ONCE, utc(2026, 3, 2, 5, 1, 0),
                   utc(2026, 3, 2, 5, 1, 0));
}

/* ---- TZ strings ---- */

typedef struct tz_row {
    const char *text;
    bool good;
    int64_t at;
    int32_t offset_s;
    const char *abbreviation;
} tz_row;

static void test_tz_strings(void **state) {
    (void)state;
    const tz_row rows[] = {
        {"UTC0", true, 0, 0, "UTC"},
        {"<+1030>-10:30", true, 0, 37800, "+1030"},
        {"<-00>0", true, 0, 0, "-00"},
        {"EST5EDT,M3.2.0,M11.1.0", true, utc(2026, 3, 8, 6, 59, 59), -18000, "EST"},
        {"EST5EDT,M3.2.0,M11.1.0", true, utc(2026, 3, 8, 7, 0, 0), -14400, "EDT"},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true, utc(2026, 1, 1, 0, 0, 0), 39600, "+11"},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", true, utc(2026, 1, 1, 0, 0, 0), 0, "GMT"},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, utc(2026, 3, 29, 1, 0, 0), -3600, "-01"},      /* Nuuk: the evening before */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, utc(2026, 3, 29, 0, 59, 59), -7200, "-02"},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", true, utc(2026, 3, 27, 23, 59, 59), 7200, "EET"},     /* two days after a Thursday */
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", true, utc(2026, 3, 28, 0, 0, 0), 10800, "EEST"},
        {"XXX3EDT4,0/0,J365/23", true, utc(2026, 12, 31, 23, 0, 0), -14400, "EDT"},              /* all year */
        {"XXX3EDT4,0/0,J365/23", true, utc(2027, 1, 1, 3, 0, 0), -14400, "EDT"},
        {"AAA0BBB,J60/0,J61/0", true, utc(2024, 3, 1, 0, 0, 0), 3600, "BBB"},                    /* J60 is 1 March in any year */
        {"AAA0BBB,J60/0,J61/0", true, utc(2024, 2, 29, 12, 0, 0), 0, "AAA"},
        {"AAA0BBB,59/0,60/0", true, utc(2024, 2, 29, 12, 0, 0), 3600, "BBB"},                    /* 59 is 29 February in leap years */
        {"AAA0BBB,59/0,60/0", true, utc(2023, 3, 1, 12, 0, 0), 3600, "BBB"},
        {"AAA+3:04:05", true, 0, -11045, "AAA"},
        {"", false, 0, 0, NULL},
        {"UTC", false, 0, 0, NULL},
        {"UT0", false, 0, 0, NULL},
        {"<+1030-10:30", false, 0, 0, NULL},
        {"AAA25", false, 0, 0, NULL},
        {"AAA1:60", false, 0, 0, NULL},
        {"AAA0BBB", false, 0, 0, NULL},
        {"AAA0BBB,M3.2.0", false, 0, 0, NULL},
        {"AAA0BBB,M3.2.0,M11.1.0 ", false, 0, 0, NULL},
        {"AAA0BBB,M13.2.0,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,M3.6.0,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,M3.2.7,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,J0,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,366,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,M3.2.0/168,M11.1.0", false, 0, 0, NULL},
        {"AAA0BBB,M3.2.0/0000,M11.1.0", false, 0, 0, NULL},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0", false, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        od_posix_tz tz;
        bool good = od__posix_tz_parse(rows[i].text, strlen(rows[i].text), &tz);
        if (good != rows[i].good)
            fail_msg("\"%s\" is %s", rows[i].text, good ? "taken" : "refused");
        if (!good)
            continue;
        od_zone_range range;
        od__posix_tz_range(&tz, rows[i].at, &range);
        assert_string_equal(range.abbreviation, rows[i].abbreviation);
        assert_int_equal(range.offset_s, rows[i].offset_s);
        assert_true(range.begin_s <= rows[i].at && rows[i].at < range.end_s);
    }
}

/* ---- damaged files ---- */

static size_t read_zone_file(const char *name, char *out, size_t limit) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", OD_ZONE_DIRECTORY, name);
    size_t length = read_bytes(path, out, limit);
    assert_in_range(length, 100, limit - 1);
    return length;
}

static void test_every_prefix_of_a_file_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/UTC"};
    static char bytes[8192];
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        size_t length = read_zone_file(names[n], bytes, sizeof bytes);
        for (size_t i = 0; i <= length; i++) {
            od_error err = OD_ERROR_INIT;
            od_zone *zone;
            /* a copy, so that reading past its end is seen */
            unsigned char *copy = malloc(i > 0 ? i : 1);
            memcpy(copy, bytes, i);
            od_status status = od__tzif_parse(copy, i, &zone, &err);
            free(copy);
            if (i == length) {
                assert_int_equal(status, OD_OK);
                od__zone_free(zone);
            } else if (status != OD_PROTOCOL || zone != NULL || err.message[0] == '\0') {
                fail_msg("%s cut after %zu bytes is not refused", names[n], i);
            }
        }
    }
}

static void use(od_zone *zone) {
    for (int64_t t = utc(1900, 1, 1, 0, 0, 0); t < utc(2110, 1, 1, 0, 0, 0); t += 40 * DAY_S + 12345) {
        od_civil civil;
        int64_t earliest, latest;
        od__zone_civil(zone, t, &civil);
        (void)od__zone_reads_once(zone, t);
        assert_true(od__zone_next_transition(zone, t) > t);
        if (od__zone_instant(zone, &civil, &earliest, &latest) == OD_READING_GAP || earliest > t || latest < t)
            fail_msg("what is read at %lld is not found", (long long)t);
    }
}

static void test_flipped_bytes_are_refused_or_read_consistently(void **state) {
    (void)state;
    static char bytes[8192];
    size_t length = read_zone_file("America/New_York", bytes, sizeof bytes), refused = 0;
    for (size_t i = 0; i < length; i++) {
        static const char flips[] = {1, (char)0x80, (char)0xff};
        for (size_t f = 0; f < sizeof flips; f++) {
            od_zone *zone;
            bytes[i] = (char)(bytes[i] ^ flips[f]);
            if (od__tzif_parse((const unsigned char *)bytes, length, &zone, NULL) == OD_OK)
                use(zone);
            else
                refused++;
            od__zone_free(zone);
            bytes[i] = (char)(bytes[i] ^ flips[f]);
        }
    }
    assert_in_range(refused, 200, 3 * length);
}

/* A file with one type and one transition, then something of it changed. */
typedef struct tzif_row {
    size_t at;
    int byte;
    const char *message;
} tzif_row;

#define BLOCK_64 (44 + 44)  /* behind an empty first block; times, types, type, abbreviations, footer follow */

static size_t small_file(unsigned char *out) {
    static const unsigned char counts[24] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4};
    memset(out, 0, 128);
    memcpy(out, "TZif2", 5);
    memcpy(out + 44, "TZif2", 5);
    memcpy(out + 64, counts, sizeof counts);
    /* transition 0 at 1970, to type 0: one hour east, "AAA" */
    memcpy(out + BLOCK_64 + 9, "\0\0\x0e\x10\0\0" "AAA\0" "\nAAA-1\n", 17);
    return BLOCK_64 + 9 + 17;
}

static void test_what_is_wrong_with_a_file_is_said(void **state) {
    (void)state;
    static const tzif_row rows[] = {
        {4, 0, "version 1 has no 64-bit times"},
        {0, 'X', "it has no TZif header"},
        {44, 'X', "it ends before the 64-bit block"},
        {35, 200, "it ends before the 64-bit block"},
        {33, 200, "it has no TZif header"},                      /* 13 million transitions */
        {79, 200, "it ends within the transitions"},
        {83, 0, "it has no types, or more than 256"},
        {82, 4, "it has no types, or more than 256"},
        {83, 200, "it ends within the types"},
        {87, 0, "it has no abbreviations, or more than 256 bytes of them"},
        {75, 1, "it counts leap seconds, which Unix time does not"},
        {67, 2, "it has indicators for some of its types only"},
        {71, 1, "it ends without a footer"},                     /* the indicator takes its first byte */
        {BLOCK_64, 0x7f, "a transition is out of all time"},
        {BLOCK_64, 0x80, "a transition is out of all time"},
        {BLOCK_64 + 8, 1, "a transition goes to a type that is not there"},
        {BLOCK_64 + 9, 0x7f, "an offset is more than a day"},
        {BLOCK_64 + 13, 2, "a type is neither standard nor daylight-saving time"},
        {BLOCK_64 + 14, 4, "a type has no abbreviation"},
        {BLOCK_64 + 18, 'A', "the abbreviations do not end"},
        {BLOCK_64 + 19, 'A', "it ends without a footer"},
        {BLOCK_64 + 20, '1', "its footer is no TZ string"},
    };
    unsigned char bytes[128];
    od_zone *zone;
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__tzif_parse(bytes, small_file(bytes), &zone, &err), OD_OK);
    use(zone);
    od__zone_free(zone);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = small_file(bytes);
        bytes[rows[i].at] = (unsigned char)rows[i].byte;
        err = (od_error)OD_ERROR_INIT;
        assert_int_equal(od__tzif_parse(bytes, length, &zone, &err), OD_PROTOCOL);
        assert_string_equal(err.message, rows[i].message);
    }
}

/* ---- names ---- */

static void refused_name(const char *name, od_status code, const char *message) {
    od_zone *zone = NULL;
    for (int i = 0; i < 2; i++) {  /* the second time it is remembered */
        od_error err = OD_ERROR_INIT;
        assert_int_equal(od__zones_get(zones, name, &zone, &err), code);
        assert_null(zone);
        assert_string_equal(err.message, message);
        assert_int_equal(od__zones_get(zones, name, &zone, NULL), code);
    }
}

static void test_unknown_names(void **state) {
    (void)state;
    refused_name("Amerika/New_York", OD_VALIDATION, "unknown time zone \"Amerika/New_York\", did you mean \"America/New_York\"?");
    refused_name("america/new_york", OD_VALIDATION, "unknown time zone \"america/new_york\", did you mean \"America/New_York\"?");
    refused_name("utc", OD_VALIDATION, "unknown time zone \"utc\", did you mean \"UTC\"?");
    refused_name("Mars/Olympus_Mons", OD_VALIDATION, "unknown time zone \"Mars/Olympus_Mons\"");
    refused_name("", OD_VALIDATION, "unknown time zone \"\"");
    refused_name("America", OD_VALIDATION, "unknown time zone \"America\", did you mean \"America/Nuuk\"?");
    refused_name("zone.tab", OD_VALIDATION, "unknown time zone \"zone.tab\"");
    refused_name("leapseconds", OD_VALIDATION, "unknown time zone \"leapseconds\"");
    refused_name("../zoneinfo/UTC", OD_VALIDATION, "unknown time zone \"../zoneinfo/UTC\"");
    refused_name("/usr/share/zoneinfo/UTC", OD_VALIDATION, "unknown time zone \"/usr/share/zoneinfo/UTC\"");
    refused_name("Etc//UTC", OD_VALIDATION, "unknown time zone \"Etc//UTC\"");
    refused_name("UTC/", OD_VALIDATION, "unknown time zone \"UTC/\", did you mean \"UTC\"?");
    refused_name("UTC\n", OD_VALIDATION, "unknown time zone \"UTC \", did you mean \"UTC\"?");
    char path[128];
    snprintf(path, sizeof path, "%s/right/Etc/UTC", OD_ZONE_DIRECTORY);
    if (access(path, R_OK) == 0)
        refused_name("right/Etc/UTC", OD_UNAVAILABLE,
                     "time zone right/Etc/UTC cannot be used: it counts leap seconds, which Unix time does not");
}

static void test_unknown_names_are_not_remembered_without_end(void **state) {
    (void)state;
    for (int i = 0; i < 3 * OD_LIMIT_UNKNOWN_ZONES; i++) {
        char name[32];
        od_zone *zone;
        snprintf(name, sizeof name, "Nowhere/Place_%d", i);
        assert_int_equal(od__zones_get(zones, name, &zone, NULL), OD_VALIDATION);
    }
    assert_reads(zone_of("Etc/UTC"), 0, "Thu 1970-01-01 00:00:00 UTC 0");
}

static void write_file(const char *directory, const char *name, const void *bytes, size_t length) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

static void test_a_directory_of_ones_own(void **state) {
    (void)state;
    char directory[] = "/tmp/outdial-zones-XXXXXX", expected[512], path[256];
    assert_non_null(mkdtemp(directory));
    unsigned char bytes[128];
    size_t length = small_file(bytes);
    write_file(directory, "Good", bytes, length);
    write_file(directory, "Cut", bytes, length - 1);
    write_file(directory, "Empty", bytes, 0);
    static char large[OD_LIMIT_ZONE_FILE_BYTES + 1];
    write_file(directory, "Large", large, sizeof large);
    od_zones *own;
    od_zone *zone;
    od_error err = OD_ERROR_INIT;
    const char *const *names;
    size_t count;
    assert_int_equal(od__zones_new(directory, &own, NULL), OD_OK);
    assert_int_equal(od__zones_get(own, "Good", &zone, NULL), OD_OK);
    assert_reads(zone, 0, "Thu 1970-01-01 01:00:00 AAA 3600");
    assert_int_equal(od__zones_get(own, "Empty", &zone, NULL), OD_VALIDATION);
    assert_int_equal(od__zones_get(own, "Cut", &zone, &err), OD_UNAVAILABLE);
    assert_string_equal(err.message, "time zone Cut cannot be used: it ends without a footer");
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__zones_get(own, "Large", &zone, &err), OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "%s/Large is longer than 65536 bytes", directory);
    assert_string_equal(err.message, expected);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, &err), OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "cannot open %s/zone.tab: No such file or directory", directory);
    assert_string_equal(err.message, expected);
    assert_false(od__zones_is_of_a_country(own, "Good"));
    write_file(directory, "zone.tab", "#x\nUS\t+0+0\tGood\nUS\t+0+0\n", 24);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, &err), OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "%s/zone.tab is damaged: line 3: expected a country, coordinates and a zone", directory);
    assert_string_equal(err.message, expected);
    write_file(directory, "zone.tab", "US\t+0+0\tGood", 12);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, &err), OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "%s/zone.tab is damaged: line 1: it does not end", directory);
    assert_string_equal(err.message, expected);
    write_file(directory, "zone.tab", "US\t+0+0\tGood\tor not\nDE\t+0+0\tCut\nUS\t+0+0\tBad\n", 44);
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, NULL), OD_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "Good");
    assert_string_equal(names[1], "Bad");
    od__zones_free(own);

    static const char *const files[] = {"Good", "Cut", "Empty", "Large", "zone.tab"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(od__zones_new(directory, &own, NULL), OD_OK);
    err = (od_error)OD_ERROR_INIT;
    assert_int_equal(od__zones_get(own, "Good", &zone, &err), OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "no time zones: cannot open %s: No such file or directory", directory);
    assert_string_equal(err.message, expected);
    od__zones_free(own);
}

/* ---- files that change ---- */

#define MINUTE_MS INT64_C(60000)

static char seen[1024];

static void note(void *context, const char *name, const od_error *why) {
    size_t length = strlen(seen);
    snprintf(seen + length, sizeof seen - length, "%s: %s\n", name, why == NULL ? "read again" : why->message);
    assert_string_equal(context, "context");
}

/* What a look at this time tells, the directory being as DIR in it. */
static void assert_tells(od_zones *own, const char *directory, int64_t now_ms, const char *expected) {
    seen[0] = '\0';
    od__zones_refresh(own, now_ms, note, "context");
    for (char *at; (at = strstr(seen, directory)) != NULL;) {
        memcpy(at, "DIR", 3);
        memmove(at + 3, at + strlen(directory), strlen(at + strlen(directory)) + 1);
    }
    assert_string_equal(seen, expected);
}

static void test_R24_a_file_that_changes_is_read_again(void **state) {
    (void)state;
    char directory[] = "/tmp/outdial-zones-XXXXXX", path[256];
    unsigned char bytes[128];
    size_t length = small_file(bytes);
    od_zones *own;
    od_zone *zone, *again;
    const char *const *names;
    size_t count;
    assert_non_null(mkdtemp(directory));
    write_file(directory, "A", bytes, length);
    write_file(directory, "B", bytes, length);
    write_file(directory, "zone.tab", "US\t+0+0\tA\n", 10);
    assert_int_equal(od__zones_new(directory, &own, NULL), OD_OK);
    assert_int_equal(od__zones_get(own, "A", &zone, NULL), OD_OK);
    assert_int_equal(od__zones_get(own, "B", &again, NULL), OD_OK);
    assert_int_equal(od__zones_get(own, "New", &again, NULL), OD_VALIDATION);
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, NULL), OD_OK);
    assert_reads(zone, 0, "Thu 1970-01-01 01:00:00 AAA 3600");
    assert_tells(own, directory, 10 * MINUTE_MS, "");

    memcpy(bytes + BLOCK_64 + 9, "\0\0\x1c\x20\0\0" "BBB\0" "\nBBB-2\n", 17);
    write_file(directory, "A", bytes, length + 1);
    assert_tells(own, directory, 11 * MINUTE_MS - 1, ""); /* it is not looked at yet */
    assert_reads(zone, 0, "Thu 1970-01-01 01:00:00 AAA 3600");
    write_file(directory, "A", bytes, length);
    snprintf(path, sizeof path, "%s/A", directory);
    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0); /* the same size, in the same file: its time tells */
    assert_tells(own, directory, 11 * MINUTE_MS, "A: read again\n");
    assert_reads(zone, 0, "Thu 1970-01-01 02:00:00 BBB 7200");
    assert_string_equal(od__zone_name(zone), "A");
    assert_int_equal(od__zones_get(own, "A", &again, NULL), OD_OK);
    assert_ptr_equal(again, zone);
    assert_tells(own, directory, 12 * MINUTE_MS, "");

    /* Damaged, gone, unknown: kept as it was, and told once. */
    write_file(directory, "A", bytes, length - 1);
    assert_tells(own, directory, 13 * MINUTE_MS, "A: time zone A cannot be used: it ends without a footer\n");
    assert_tells(own, directory, 14 * MINUTE_MS, "");
    assert_int_equal(unlink(path), 0);
    assert_tells(own, directory, 15 * MINUTE_MS, "");
    snprintf(path, sizeof path, "%s/B", directory);
    assert_int_equal(unlink(path), 0);
    assert_tells(own, directory, 16 * MINUTE_MS, "B: DIR/B is no time zone any more\n");
    assert_reads(zone, 0, "Thu 1970-01-01 02:00:00 BBB 7200");
    write_file(directory, "A", bytes, length);
    write_file(directory, "B", bytes, length);
    assert_tells(own, directory, 17 * MINUTE_MS, "B: read again\nA: read again\n");

    /* Countries too; and what was no zone may be one now. */
    write_file(directory, "zone.tab", "US\t+0+0\tA\nUS\t+0+0", 17);
    assert_tells(own, directory, 18 * MINUTE_MS, "zone.tab: DIR/zone.tab is damaged: line 2: it does not end\n");
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, NULL), OD_OK);
    assert_int_equal(count, 1);
    write_file(directory, "New", bytes, length);
    assert_tells(own, directory, 19 * MINUTE_MS, "");
    assert_int_equal(od__zones_get(own, "New", &again, NULL), OD_VALIDATION);
    write_file(directory, "zone.tab", "US\t+0+0\tA\nUS\t+0+0\tNew\n", 22);
    assert_tells(own, directory, 20 * MINUTE_MS, "zone.tab: read again\n");
    assert_int_equal(od__zones_of_country(own, "US", &names, &count, NULL), OD_OK);
    assert_int_equal(count, 2);
    assert_int_equal(od__zones_get(own, "New", &again, NULL), OD_OK);

    static const char *const files[] = {"A", "B", "New", "zone.tab"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
    assert_tells(own, directory, 21 * MINUTE_MS, "zone.tab: cannot open DIR/zone.tab: No such file or directory\n"
                 "B: no time zones: cannot open DIR: No such file or directory\n"
                 "New: no time zones: cannot open DIR: No such file or directory\n"
                 "A: no time zones: cannot open DIR: No such file or directory\n");
    assert_reads(zone, 0, "Thu 1970-01-01 02:00:00 BBB 7200");
    od__zones_free(own);
}

/* ---- countries ---- */

static size_t zones_in(const char *country, const char *const **names) {
    size_t count;
    assert_int_equal(od__zones_of_country(zones, country, names, &count, NULL), OD_OK);
    return count;
}

static void test_R24_zones_of_a_country(void **state) {
    (void)state;
    const char *const *names;
    assert_in_range(zones_in("US", &names), 20, 60);
    assert_string_equal(names[0], "America/New_York");
    assert_int_equal(zones_in("de", &names), 2);
    assert_string_equal(names[0], "Europe/Berlin");
    assert_string_equal(names[1], "Europe/Busingen");
    assert_int_equal(zones_in("NP", &names), 1);
    assert_string_equal(names[0], "Asia/Kathmandu");
    assert_int_equal(zones_in("XX", &names), 0);
    assert_int_equal(zones_in("", &names), 0);
    assert_int_equal(zones_in("USA", &names), 0);
    assert_true(od__zones_is_of_a_country(zones, "Europe/Busingen"));
    assert_false(od__zones_is_of_a_country(zones, "Etc/UTC"));
}

/* ---- torture ---- */

static od_status use_everything(od_error *err) {
    od_zones *own;
    od_zone *zone;
    const char *const *names;
    size_t count;
    od_status status = od__zones_new(NULL, &own, err);
    if (status != OD_OK)
        return status;
    status = od__zones_get(own, "Europe/Berlin", &zone, err);
    if (status == OD_OK)
        status = od__zones_of_country(own, "US", &names, &count, err);
    if (status == OD_OK) {
        status = od__zones_get(own, "Europe/Berlinn", &zone, err);
        if (status == OD_VALIDATION) {
            assert_string_equal(err->message, "unknown time zone \"Europe/Berlinn\", did you mean \"Europe/Berlin\"?");
            status = OD_OK;
        }
    }
    od__zones_free(own);
    return status;
}

static void test_each_allocation_fails_once(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = use_everything(&err);
        bool enough = od__memory_fail_at(0) < n;
        if (enough) {
            assert_int_equal(status, OD_OK);
            assert_in_range(n, 10, 40);
            break;
        }
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_zone_of_this_machine_reads_as_zdump_says),
        cmocka_unit_test(test_every_reading_around_a_transition_is_found_again),
        cmocka_unit_test(test_new_york_in_the_nights_of_2026),
        cmocka_unit_test(test_lord_howe_moves_by_half_an_hour),
        cmocka_unit_test(test_dublin_saves_daylight_in_winter),
        cmocka_unit_test(test_apia_had_no_30_december_2011),
        cmocka_unit_test(test_kwajalein_read_most_of_a_day_twice),
        cmocka_unit_test(test_zones_without_change_have_no_next_transition),
        cmocka_unit_test(test_instants_out_of_all_years_are_the_nearest_within),
        cmocka_unit_test(test_tz_strings),
        cmocka_unit_test(test_every_prefix_of_a_file_is_refused),
        cmocka_unit_test(test_flipped_bytes_are_refused_or_read_consistently),
        cmocka_unit_test(test_what_is_wrong_with_a_file_is_said),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_unknown_names_are_not_remembered_without_end),
        cmocka_unit_test(test_a_directory_of_ones_own),
        cmocka_unit_test(test_R24_a_file_that_changes_is_read_again),
        cmocka_unit_test(test_R24_zones_of_a_country),
        cmocka_unit_test(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
