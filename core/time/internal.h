/* time/internal: what the files of this room share: a parsed zone and the parsers. */
#ifndef OD_TIME_INTERNAL_H
#define OD_TIME_INTERNAL_H

#include "base/limits.h"
#include "time/zone.h"

#pragma GCC visibility push(hidden)

/* Offsets that RFC 9636 allows, in seconds east of UTC. */
#define OD_OFFSET_MIN_S (-89999)
#define OD_OFFSET_MAX_S 93599

/* One day a year and a time of that day. */
typedef struct od_yearly {
    enum { OD_YEARLY_JULIAN, OD_YEARLY_ZERO_BASED, OD_YEARLY_WEEKDAY } kind;
    int month, week, day;  /* JULIAN: day 1..365, never 29 February; ZERO_BASED: day 0..365; WEEKDAY: week 5 is the last, day 0
                              is Sunday */
    int32_t time_s;        /* after midnight by the offset until then; may be negative, or days */
} od_yearly;

/* A TZ string as POSIX has it, with the extensions of TZif version 3. */
typedef struct od_posix_tz {
    bool has_dst;
    int32_t std_offset_s, dst_offset_s;
    char std_name[OD_LIMIT_ABBREVIATION_BYTES], dst_name[OD_LIMIT_ABBREVIATION_BYTES];
    od_yearly dst_begin, dst_end;
} od_posix_tz;

typedef struct od_zone_type {
    int32_t offset_s;
    bool is_dst;
    unsigned char abbreviation;  /* index of its first byte */
} od_zone_type;

struct od_zone {
    char name[OD_LIMIT_ZONE_NAME_BYTES];
    int64_t *transitions;        /* strictly ascending */
    unsigned char *type_after;   /* of each transition */
    size_t transition_count;
    od_zone_type types[256];
    size_t type_count;           /* at least one; the first is for what precedes all transitions */
    char abbreviations[257];
    bool has_footer;
    od_posix_tz footer;          /* for what follows the last transition */
    bool has_last;
    od_zone_range last;          /* what od__zone_range found before */
};

/* Parses a whole TZif file (RFC 9636, version 2 or later) into a new zone without a name. Errors: protocol (what is wrong
 * with the bytes), out_of_memory. */
od_status od__tzif_parse(const unsigned char *bytes, size_t length, od_zone **out, od_error *err);
/* Whether the bytes begin as a TZif file does. */
bool od__tzif_is(const unsigned char *bytes, size_t length);
void od__zone_free(od_zone *zone);

/* Parses a TZ string of length bytes; false if it is none. */
bool od__posix_tz_parse(const char *text, size_t length, od_posix_tz *out);
/* Gives the stretch around an instant from begin, end, offset, is_dst and abbreviation; once_* are left alone. */
void od__posix_tz_range(const od_posix_tz *tz, int64_t unix_s, od_zone_range *out);

/* The lines of zone.tab. */
typedef struct od_zone_tab {
    char *text;                  /* the file, cut into names */
    const char **names;          /* by country, within it in the file's order */
    char (*countries)[2];        /* of each name */
    size_t count;
} od_zone_tab;

/* Parses a zone.tab; takes text (od__free), also on failure. Errors: protocol (a line that is none: were it left out, a
 * country would seem to have fewer zones), out_of_memory. */
od_status od__zone_tab_parse(char *text, size_t length, od_zone_tab *out, od_error *err);
void od__zone_tab_clear(od_zone_tab *tab);
/* The names of a country ("US", any case); returns how many. */
size_t od__zone_tab_find(const od_zone_tab *tab, const char *country, const char *const **names);

#pragma GCC visibility pop
#endif
