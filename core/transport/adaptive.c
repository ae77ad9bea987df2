/* adaptive: the arithmetic of a rate limiter that learns its rate from how often the vendor throttles: cut to 0.7 at each
 * throttling, and grown back along a cubic curve, slowly around the rate that was too much. No queue and no clock are
 * here; times are seconds. */
#include "transport/transport.h"

#define BETA 0.7         /* what is left of the rate after a throttling */
#define SCALE 0.4        /* of the curve */
#define SMOOTHING 0.8    /* weight of the newest measurement */
#define LEAST_RATE 0.5
#define LEAST_CAPACITY 1.0
#define SHORTAGE 1e-9    /* less than this is none: waiting for it would spin */

#define ROOT_STEPS 200   /* far more than any number needs */

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

static double whole(double positive) {
    return (double)(int64_t)positive;
}

/* By Newton's steps, from above, so that they only fall: the library does without libm. */
static double cube_root(double positive) {
    double root = larger(positive, 1);
    for (int i = 0; positive > 0 && i < ROOT_STEPS; i++) {
        double next = (2 * root + positive / (root * root)) / 3;
        if (next >= root) return root;
        root = next;
    }
    return positive > 0 ? root : 0;
}

void od__adaptive_init(od_adaptive *self, double now) {
    *self = (od_adaptive){ .bucket_start = whole(now), .last_throttle = now, .filled = now };
}

static void refill(od_adaptive *self, double now) {
    if (now > self->filled)
        self->capacity = smaller(self->max_capacity, self->capacity + (now - self->filled) * self->fill_rate);
    self->filled = now;
}

double od__adaptive_wait(od_adaptive *self, double now) {
    if (!self->enabled)
        return 0;
    refill(self, now);
    double lacks = 1 - self->capacity;
    return lacks < SHORTAGE ? 0 : lacks / self->fill_rate;
}

void od__adaptive_take(od_adaptive *self) {
    if (self->enabled)
        self->capacity = larger(0, self->capacity - 1);
}

static void measure(od_adaptive *self, double now) {
    self->count++;
    double half = whole(now * 2) / 2;
    if (half <= self->bucket_start)
        return;
    double rate = self->count / (half - self->bucket_start);
    self->measured = rate * SMOOTHING + self->measured * (1 - SMOOTHING);
    self->count = 0;
    self->bucket_start = half;
}

void od__adaptive_answered(od_adaptive *self, bool throttled, double now) {
    double rate;
    measure(self, now);
    if (throttled) {
        self->last_max = self->enabled ? smaller(self->measured, self->fill_rate) : self->measured;
        self->last_throttle = now;
        rate = self->last_max * BETA;
    } else {
        double window = cube_root(self->last_max * (1 - BETA) / SCALE);
        double beyond = now - self->last_throttle - window;
        rate = SCALE * beyond * beyond * beyond + self->last_max;
    }
    refill(self, now); /* at the old rate */
    self->enabled = self->enabled || throttled;
    self->fill_rate = larger(smaller(rate, 2 * self->measured), LEAST_RATE);
    self->max_capacity = larger(self->fill_rate, LEAST_CAPACITY);
    self->capacity = smaller(self->capacity, self->max_capacity);
}
