/* base/nearest: "did you mean": which of some names is the nearest to a mistyped one. */
#ifndef OD_BASE_NEAREST_H
#define OD_BASE_NEAREST_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct od_nearest {
    const char *wanted;
    const char *best;   /* NULL while none is near enough */
    size_t distance;
} od_nearest;

/* Start with { .wanted = name }, offer each candidate (borrowed), read .best. Compares without regard to case, `_` and
 * `-`; near enough means an edit distance of at most a third of the length, and one name beginning with the other. */
void od__nearest_offer(od_nearest *nearest, const char *candidate);

#pragma GCC visibility pop
#endif
