/* time: IANA time zones from the system's TZif files; no process-wide TZ, no answer where the wall clock has none or two.
 *
 * tzif.c, posix_tz.c and zone_tab.c parse bytes, zone.c answers from what was parsed, zone_file.c reads files, zones.c
 * keeps what was read. */
#ifndef OD_TIME_ZONE_H
#define OD_TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_ZONE_DIRECTORY "/usr/share/zoneinfo"

/* Instants are answered for the years 1 to 9999; those before or after are taken as the nearest of these. */
#define OD_ZONE_MIN_S INT64_C(-62135510400)
#define OD_ZONE_MAX_S INT64_C(253402214400)

#define OD_ZONES_LOOK_MS 60000     /* between two looks whether files have changed */

/* The zones of one directory, each read when it is first asked for and then kept, until a refresh. For one thread at a time, with everything that came out of it. */
typedef struct od_zones od_zones;
typedef struct od_zone od_zone;

/* A reading of the wall clock. */
typedef struct od_civil {
    int year, month, day;      /* month and day from 1 */
    int hour, minute, second;
    int weekday;               /* 0: Monday */
    int yday;                  /* 0: 1 January */
    int32_t offset_s;          /* east of UTC */
    bool is_dst;
    const char *abbreviation;  /* "EDT"; borrowed from the zone */
} od_civil;

/* A stretch of time with one offset. */
typedef struct od_zone_range {
    int64_t begin_s, end_s;    /* [begin, end); INT64_MIN, INT64_MAX: without one. The next may have the same offset */
    int64_t once_begin_s;      /* within [once_begin, once_end) every reading of the wall clock is the only one of its */
    int64_t once_end_s;        /* kind; outside, another range repeats it. The two may be equal: nothing is read once */
    int32_t offset_s;          /* east of UTC */
    bool is_dst;
    const char *abbreviation;  /* borrowed from the zone */
} od_zone_range;

typedef enum od_reading {
    OD_READING_ONCE,
    OD_READING_GAP,            /* the clock is put forward over it: it never happens */
    OD_READING_TWICE,          /* the clock is put back over it: it happens more than once */
} od_reading;

/* Opens directory (NULL: OD_ZONE_DIRECTORY; copied); reads nothing yet. Errors: out_of_memory. */
od_status od__zones_new(const char *directory, od_zones **out, od_error *err);
/* Frees the zones too. NULL is fine. */
void od__zones_free(od_zones *zones);

/* Finds a zone by name; borrowed until zones is freed. An unknown name is remembered too. err may be NULL, and then no
 * suggestion is looked for.
 * Errors: validation (`unknown time zone "Amerika/New_York", did you mean "America/New_York"?`), unavailable (the file
 * cannot be read, is no valid TZif file, or counts leap seconds), out_of_memory. */
od_status od__zones_get(od_zones *zones, const char *name, od_zone **out, od_error *err);
/* As od__zones_get, of the first length bytes of name. */
od_status od__zones_get_n(od_zones *zones, const char *name, size_t length, od_zone **out, od_error *err);

/* Gives the zones that zone.tab has for an ISO 3166 country ("US", in any case), in its order; borrowed until the next
 * refresh. No such country: OD_OK and none. Errors: unavailable (zone.tab cannot be read), out_of_memory. */
od_status od__zones_of_country(od_zones *zones, const char *country, const char *const **names, size_t *count,
                               od_error *err);
/* Whether zone.tab has the zone under this name for any country; false too where it cannot be read. */
bool od__zones_is_of_a_country(od_zones *zones, const char *name);

/* Of a file that has changed; why NULL: it was read again, else why what was read before is kept. */
typedef void od_zones_seen_fn(void *context, const char *name, const od_error *why);
/* At most once in OD_ZONES_LOOK_MS of the caller's clock: looks whether the files that were read are still the same, reads
 * those again that are not, and tells of each. Zones that were given out stay where they are, and answer anew. One that is
 * unreadable, damaged or gone is kept as it was and told of once. */
void od__zones_refresh(od_zones *zones, int64_t now_ms, od_zones_seen_fn *each, void *context);

/* The name it was asked for by; borrowed. */
const char *od__zone_name(const od_zone *zone);
/* Gives the stretch around an instant. The last one asked for is kept, so that asking again costs little. */
void od__zone_range(od_zone *zone, int64_t unix_s, od_zone_range *out);
/* Reads the zone's wall clock. */
void od__zone_civil(od_zone *zone, int64_t unix_s, od_civil *out);
/* Whether what the wall clock shows at this instant is shown exactly once (R24). */
bool od__zone_reads_once(od_zone *zone, int64_t unix_s);
/* Returns when after unix_s offset, is_dst or abbreviation change next; INT64_MAX: never. */
int64_t od__zone_next_transition(od_zone *zone, int64_t unix_s);
/* Finds the instants at which the wall clock shows year to second of civil (its other members are not read; numbers out
 * of their range are carried over, day 0 is the last of the month before). ONCE: both are that instant; TWICE: the first
 * and the last; GAP: both are the instant of the jump, the first one to show a later reading. */
od_reading od__zone_instant(od_zone *zone, const od_civil *civil, int64_t *earliest_s, int64_t *latest_s);

#pragma GCC visibility pop
#endif
