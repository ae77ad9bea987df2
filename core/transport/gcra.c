/* gcra: the arithmetic of a rate limiter, which needs one number per bucket: the time at which the bucket would be full
 * again if nothing more came. No queue and no clock are here. */
#include "transport/transport.h"

/* Far beyond any use, and far from where sums of times overflow. */
#define LONGEST_US (INT64_C(1) << 60)

static int64_t add(int64_t a, int64_t b) {
    return a > LONGEST_US - b ? LONGEST_US : a + b;
}

/* Rounded up: a microsecond too slow is within the rate, a microsecond too fast is not. */
static int64_t interval_us(const od_rate *rate) {
    double exact = 1e6 / rate->per_second;
    if (!(exact < (double)LONGEST_US)) return LONGEST_US;
    int64_t interval = (int64_t)exact;
    return (double)interval < exact || interval == 0 ? interval + 1 : interval;
}

static int64_t tolerance_us(const od_rate *rate, int64_t interval) {
    int64_t more = rate->burst > 1 ? rate->burst - 1 : 0;
    return more > 0 && interval > LONGEST_US / more ? LONGEST_US : more * interval;
}

od_rate od__rate_part(const od_rate *rate, double part) {
    int burst = (int)(rate->burst * part);
    return (od_rate){ .per_second = rate->per_second * part, .burst = burst > 1 ? burst : 1 };
}

int64_t od__gcra_take(int64_t *tat_us, const od_rate *rate, int64_t now_us) {
    int64_t interval = interval_us(rate);
    int64_t at_us = *tat_us - tolerance_us(rate, interval);
    if (at_us < now_us) at_us = now_us;
    *tat_us = add(*tat_us > at_us ? *tat_us : at_us, interval);
    return at_us;
}

void od__gcra_give_back(int64_t *tat_us, const od_rate *rate) {
    *tat_us -= interval_us(rate);
}

void od__gcra_left(int64_t *tat_us, const od_rate *rate, int64_t slot_us, int64_t left_us, uint64_t since) {
    /* Where one at a time goes, each would move the next, and the rate would never be reached. */
    if (left_us <= slot_us || rate->burst <= 1) return;
    int64_t interval = interval_us(rate);
    int64_t late_us = left_us - slot_us + OD_LIMIT_RATE_JITTER_US;
    if (late_us > interval) late_us = interval; /* one that hangs must not stop all others */
    int64_t rest = since > (uint64_t)(LONGEST_US / interval) ? LONGEST_US : (int64_t)since * interval;
    int64_t tat = add(slot_us + late_us, rest);
    if (tat > *tat_us) *tat_us = tat;
}
