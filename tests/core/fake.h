/* fake: a clock that stands still until told, and a bottom layer that sends nothing: tests say what leaves and what
 * comes back, and read what was sent as exact text. */
#ifndef TESTS_CORE_FAKE_H
#define TESTS_CORE_FAKE_H

#include <stdbool.h>

#include "engine.h"
#include "transport/transport.h"

typedef struct fake_clock {
    int64_t now_us;
    int64_t wall_ms;
    unsigned char next_random;  /* random bytes count up from here */
    bool no_random;
} fake_clock;

#define FAKE_CLOCK_INIT { .now_us = 1000000, .wall_ms = 1440938160000 } /* 2015-08-30T12:36:00Z */

/* Options of an engine that lives by clock. */
od_engine_options fake_engine_options(fake_clock *clock);
/* The same as an od_clock, for rooms below the engine. */
od_clock fake_od_clock(fake_clock *clock);

typedef struct fake_network {
    od_transport base;
    od_loop *loop;
    int made, freed;             /* how many transports were made on it and given back */
    od_exchange *first, *last;   /* sent and not answered yet, oldest first */
    od_exchange *ready;          /* answered: finished by the job */
    od_job job;
    od_buffer sent;              /* every request as text: "PUT url\nName: value\n\nbody\n---\n" */
    size_t sent_count;
    bool cookies;                /* what the last transport was made with */
    int64_t connect_timeout_ms;
} fake_network;

void fake_network_init(fake_network *network, od_loop *loop);
void fake_network_clear(fake_network *network);
/* Makes engine's clients use network, which must be initialised with the engine's loop. */
void fake_network_use(fake_network *network, od_engine *engine);
/* How many wait for an answer. */
size_t fake_waiting(const fake_network *network);
/* The text of all requests since the last call of this; static until then. */
const char *fake_sent(fake_network *network);
/* Says that the first byte of this exchange leaves now. Past its send_before it finishes as libcurl's layer does. */
void fake_leave(fake_network *network, od_exchange *exchange);
/* Lets it leave (if it has not), and answers; headers are lines with LF between, may be "". */
void fake_answer(fake_network *network, od_exchange *exchange, int status, const char *headers, const char *body);
/* Breaks it off with a network error; whether a byte had left is as fake_leave said. */
void fake_break(fake_network *network, od_exchange *exchange, od_status code, const char *message);

#endif
