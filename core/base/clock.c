#include "base/clock.h"

#include <string.h>
#include <time.h>
#include <outdial.h>
#include "crypto/crypto.h"

static int64_t system_now_us(void *context) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_wall_ms(void *context) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool system_random(void *context, void *out, size_t bytes) {
    (void)context;
    return od__crypto_random(out, bytes);
}

void od__clock_init(od_clock *clock, const od_engine_options *options) {
    /* A program compiled against a shorter struct leaves the rest to the system. */
    od_engine_options given = OD_ENGINE_OPTIONS_INIT;
    if (options != NULL) memcpy(&given, options, options->size < sizeof given ? options->size : sizeof given);
    clock->now_us = given.now_us != NULL ? given.now_us : system_now_us;
    clock->wall_ms = given.wall_ms != NULL ? given.wall_ms : system_wall_ms;
    clock->random = given.random != NULL ? given.random : system_random;
    clock->context = given.context;
    clock->is_system = given.now_us == NULL;
}

int64_t od__clock_now_us(const od_clock *clock) {
    return clock->now_us(clock->context);
}

int64_t od__clock_wall_ms(const od_clock *clock) {
    return clock->wall_ms(clock->context);
}

bool od__clock_random(const od_clock *clock, void *out, size_t bytes) {
    return clock->random(clock->context, out, bytes);
}

double od__clock_random_unit(const od_clock *clock) {
    uint64_t bits;
    if (!od__clock_random(clock, &bits, sizeof bits)) return 0.5;
    return (double)(bits >> 11) * 0x1p-53; /* the 53 bits that a double holds exactly */
}
