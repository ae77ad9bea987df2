/* TZif files (RFC 9636): the 64-bit block of version 2 and later, and the footer. Nothing of a file is believed unchecked. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "time/internal.h"

#define HEADER_BYTES 44
#define TIME_BYTES 8
#define TYPE_BYTES 6

/* Transitions lie after this (some files have one at the beginning of the universe) and before OD_ZONE_MAX_S. */
#define TIME_MIN_S (-(INT64_C(1) << 60))

typedef struct counts {
    size_t is_ut, is_std, leaps, times, types, chars;
} counts;

typedef struct cursor {
    const unsigned char *at;
    size_t left;
} cursor;

static od_status damaged(od_error *err, const char *what) {
    return od__error_set(err, OD_PROTOCOL, "%s", what);
}

static uint32_t big_endian_32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t big_endian_64(const unsigned char *at) {
    return (int64_t)((uint64_t)big_endian_32(at) << 32 | big_endian_32(at + 4));
}

/* Steps over bytes and gives where they begin; false when there are fewer. */
static bool take(cursor *from, size_t bytes, const unsigned char **out) {
    if (bytes > from->left)
        return false;
    *out = from->at;
    from->at += bytes;
    from->left -= bytes;
    return true;
}

bool od__tzif_is(const unsigned char *bytes, size_t length) {
    return length >= 4 && memcmp(bytes, "TZif", 4) == 0;
}

/* Reads a header. Its counts are bounded by what a file can hold, so that they may be multiplied and summed. */
static bool read_header(cursor *from, counts *out, unsigned char *version) {
    const unsigned char *header;
    if (!take(from, HEADER_BYTES, &header) || !od__tzif_is(header, HEADER_BYTES))
        return false;
    size_t numbers[6];
    for (int i = 0; i < 6; i++) {
        numbers[i] = big_endian_32(header + 20 + 4 * i);
        if (numbers[i] > OD_LIMIT_ZONE_FILE_BYTES)
            return false;
    }
    *out = (counts){numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
    *version = header[4];
    return true;
}

static bool skip_block(cursor *from, const counts *n, size_t time_bytes) {
    const unsigned char *skipped;
    return take(from, n->times * time_bytes + n->times + n->types * TYPE_BYTES + n->chars +
                          n->leaps * (time_bytes + 4) + n->is_std + n->is_ut, &skipped);
}

static od_status read_transitions(od_zone *zone, cursor *from, const counts *n, od_error *err) {
    const unsigned char *times, *types;
    if (!take(from, n->times * TIME_BYTES, &times) || !take(from, n->times, &types))
        return damaged(err, "it ends within the transitions");
    zone->transitions = od__calloc(n->times, sizeof *zone->transitions);
    zone->type_after = od__calloc(n->times, 1);
    if (zone->transitions == NULL || zone->type_after == NULL)
        return od__error_no_memory(err);
    for (size_t i = 0; i < n->times; i++) {
        int64_t at = big_endian_64(times + i * TIME_BYTES);
        if (at > OD_ZONE_MAX_S || at < TIME_MIN_S)
            return damaged(err, "a transition is out of all time");
        if (i > 0 && at <= zone->transitions[i - 1])
            return damaged(err, "the transitions are not in order");
        if (types[i] >= n->types)
            return damaged(err, "a transition goes to a type that is not there");
        zone->transitions[i] = at;
        zone->type_after[i] = types[i];
    }
    zone->transition_count = n->times;
    return OD_OK;
}

static od_status read_types(od_zone *zone, cursor *from, const counts *n, od_error *err) {
    const unsigned char *types, *chars;
    if (!take(from, n->types * TYPE_BYTES, &types) || !take(from, n->chars, &chars))
        return damaged(err, "it ends within the types");
    memcpy(zone->abbreviations, chars, n->chars);  /* what follows is zero already */
    if (chars[n->chars - 1] != '\0')
        return damaged(err, "the abbreviations do not end");
    for (size_t i = 0; i < n->types; i++, types += TYPE_BYTES) {
        int64_t offset_s = (int32_t)big_endian_32(types);
        if (offset_s < OD_OFFSET_MIN_S || offset_s > OD_OFFSET_MAX_S)
            return damaged(err, "an offset is more than a day");
        if (types[4] > 1)
            return damaged(err, "a type is neither standard nor daylight-saving time");
        if (types[5] >= n->chars)
            return damaged(err, "a type has no abbreviation");
        zone->types[i] = (od_zone_type){.offset_s = (int32_t)offset_s, .is_dst = types[4] == 1, .abbreviation = types[5]};
    }
    zone->type_count = n->types;
    return OD_OK;
}

static od_status read_footer(od_zone *zone, cursor *from, od_error *err) {
    if (from->left < 2 || from->at[0] != '\n' || from->at[from->left - 1] != '\n')
        return damaged(err, "it ends without a footer");
    const char *text = (const char *)from->at + 1;
    size_t length = from->left - 2;
    if (length == 0)
        return OD_OK;
    if (!od__posix_tz_parse(text, length, &zone->footer))
        return damaged(err, "its footer is no TZ string");
    zone->has_footer = true;
    return OD_OK;
}

static od_status parse(od_zone *zone, cursor from, od_error *err) {
    counts n;
    unsigned char version;
    if (!read_header(&from, &n, &version))
        return damaged(err, "it has no TZif header");
    if (version < '2')
        return damaged(err, "version 1 has no 64-bit times");
    if (!skip_block(&from, &n, 4) || !read_header(&from, &n, &version))
        return damaged(err, "it ends before the 64-bit block");
    if (n.types == 0 || n.types > sizeof zone->types / sizeof zone->types[0])
        return damaged(err, "it has no types, or more than 256");
    if (n.chars == 0 || n.chars > 256)
        return damaged(err, "it has no abbreviations, or more than 256 bytes of them");
    if (n.leaps != 0)
        return damaged(err, "it counts leap seconds, which Unix time does not");
    if ((n.is_ut != 0 && n.is_ut != n.types) || (n.is_std != 0 && n.is_std != n.types))
        return damaged(err, "it has indicators for some of its types only");
    od_status status = read_transitions(zone, &from, &n, err);
    if (status == OD_OK)
        status = read_types(zone, &from, &n, err);
    const unsigned char *indicators;  /* for those who interpret TZ strings without rules */
    if (status == OD_OK && !take(&from, n.is_std + n.is_ut, &indicators))
        status = damaged(err, "it ends within the indicators");
    return status == OD_OK ? read_footer(zone, &from, err) : status;
}

od_status od__tzif_parse(const unsigned char *bytes, size_t length, od_zone **out, od_error *err) {
    *out = NULL;
    od_zone *zone = od__calloc(1, sizeof *zone);
    if (zone == NULL)
        return od__error_no_memory(err);
    od_status status = parse(zone, (cursor){bytes, length}, err);
    if (status != OD_OK) {
        od__zone_free(zone);
        return status;
    }
    *out = zone;
    return OD_OK;
}

void od__zone_free(od_zone *zone) {
    if (zone == NULL)
        return;
    od__free(zone->transitions);
    od__free(zone->type_after);
    od__free(zone);
}
