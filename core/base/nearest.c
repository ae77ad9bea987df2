#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>
#include "base/limits.h"

/* Below this many characters a common beginning says nothing. */
#define PREFIX_LENGTH 3

/* Copies name without `_` and `-` and in lower case; returns its length, or past the limit if it is too long. */
static size_t simplify(const char *name, char out[OD_LIMIT_NEAREST_BYTES]) {
    size_t length = 0;
    for (; *name != '\0'; name++) {
        if (*name == '_' || *name == '-') continue;
        if (length == OD_LIMIT_NEAREST_BYTES) return length + 1;
        out[length++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
    }
    return length;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edit distance in which two neighbours that changed places count as one mistake, because fingers make it as one. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][OD_LIMIT_NEAREST_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++) above[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = smaller(best, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = smaller(best, before[j - 2] + 1);
            row[j] = best;
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_length];
}

void od__nearest_offer(od_nearest *nearest, const char *candidate) {
    char wanted[OD_LIMIT_NEAREST_BYTES], offered[OD_LIMIT_NEAREST_BYTES];
    size_t wanted_length = simplify(nearest->wanted, wanted);
    size_t offered_length = simplify(candidate, offered);
    if (wanted_length == 0 || offered_length == 0) return;
    if (wanted_length > OD_LIMIT_NEAREST_BYTES || offered_length > OD_LIMIT_NEAREST_BYTES) return;
    size_t distance = edit_distance(wanted, wanted_length, offered, offered_length);
    size_t shorter = smaller(wanted_length, offered_length);
    bool begins = shorter >= PREFIX_LENGTH && memcmp(wanted, offered, shorter) == 0;
    if (distance > wanted_length / 3 && !begins) return;
    if (nearest->best != NULL && nearest->distance <= distance) return;
    nearest->best = candidate;
    nearest->distance = distance;
}
