/* base/clock: where time and randomness come from, so that tests can be their own clock; no calendar arithmetic. */
#ifndef OD_BASE_CLOCK_H
#define OD_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct od_engine_options;

typedef struct od_clock {
    int64_t (*now_us)(void *context);                        /* monotonic, counts suspension */
    int64_t (*wall_ms)(void *context);                       /* Unix time */
    bool (*random)(void *context, void *out, size_t bytes);
    void *context;
    bool is_system;                                          /* now_us is the kernel's: waiting may be left to it */
} od_clock;

/* Fills clock from options (NULL, or NULL members: the system's CLOCK_BOOTTIME, CLOCK_REALTIME and OpenSSL's random). */
void od__clock_init(od_clock *clock, const struct od_engine_options *options);
int64_t od__clock_now_us(const od_clock *clock);
int64_t od__clock_wall_ms(const od_clock *clock);
/* Returns false when no randomness is to be had. */
bool od__clock_random(const od_clock *clock, void *out, size_t bytes);
/* Returns a number in [0, 1) from the clock's randomness; 0.5 when there is none. */
double od__clock_random_unit(const od_clock *clock);

#pragma GCC visibility pop
#endif
