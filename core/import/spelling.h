/* import/spelling: a telephone number as people write it, down to its digits; it knows no numbering plan. */
#ifndef OD_IMPORT_SPELLING_H
#define OD_IMPORT_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#define OD_SPELLED_DIGITS 24   /* a number of 15 with a calling prefix and a trunk prefix, and some to count how far it is off */

typedef struct od_spelled {
    char digits[OD_SPELLED_DIGITS];
    size_t count;
    bool has_plus;
    bool has_bracketed_zero;       /* "(0)", which is digits[bracketed_zero] */
    size_t bracketed_zero;
} od_spelled;

/* Reads text; returns NULL, or why it is no telephone number (static). */
const char *od__spelled_read(od_spelled *spelled, const char *text, size_t length);

#pragma GCC visibility pop
#endif
