/* fake_clock: time and randomness that a test sets by hand. */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include <string.h>
#include "base/clock.h"

typedef struct fake_clock {
    od_clock clock;      /* hand this to what is tested */
    int64_t now_us;
    uint64_t random;     /* what each 8 random bytes are; UINT64_MAX: as near to 1 as a unit gets */
    bool no_random;
} fake_clock;

static inline int64_t fake_now_us(void *context) {
    return ((fake_clock *)context)->now_us;
}

static inline int64_t fake_wall_ms(void *context) {
    return 1700000000000 + ((fake_clock *)context)->now_us / 1000;
}

static inline bool fake_random(void *context, void *out, size_t bytes) {
    const fake_clock *fake = context;
    if (fake->no_random) return false;
    for (size_t i = 0; i < bytes; i++) ((unsigned char *)out)[i] = (unsigned char)(fake->random >> (i % 8 * 8));
    return true;
}

static inline void fake_clock_init(fake_clock *fake) {
    *fake = (fake_clock){ .now_us = 1000000, .random = UINT64_MAX };
    fake->clock = (od_clock){ .now_us = fake_now_us, .wall_ms = fake_wall_ms, .random = fake_random, .context = fake };
}

#endif
