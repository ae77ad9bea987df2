/* draw: numbers by chance that are the same in every run. */
#ifndef TESTS_CORE_DRAW_H
#define TESTS_CORE_DRAW_H

#include <stdint.h>

/* Returns one from 0 to below - 1. */
static inline int draw(uint64_t *seed, int below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((*seed >> 33) % (uint64_t)below);
}

#endif
