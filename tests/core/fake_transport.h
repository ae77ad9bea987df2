/* fake_transport: a bottom layer that keeps what it is sent until the test answers it. */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "base/error.h"
#include "transport/transport.h"

#define FAKE_TRANSPORT_MOST 64

typedef struct fake_transport {
    od_transport base;
    od_exchange *held[FAKE_TRANSPORT_MOST];
    int held_count;
    int sent_count;  /* how many ever came */
    int unparked;    /* how many were taken back */
} fake_transport;

static inline void fake_unpark(void *context, od_exchange *exchange) {
    fake_transport *fake = context;
    int kept = 0;
    for (int i = 0; i < fake->held_count; i++) {
        if (fake->held[i] != exchange) fake->held[kept++] = fake->held[i];
    }
    fake->held_count = kept;
    fake->unparked++;
}

static inline void fake_send(od_transport *transport, od_exchange *exchange) {
    fake_transport *fake = (fake_transport *)transport;
    fake->sent_count++;
    fake->held[fake->held_count++] = exchange;
    od__exchange_park(exchange, fake_unpark, fake);
}

static inline void fake_free(od_transport *transport) {
    (void)transport;
}

static inline void fake_transport_init(fake_transport *fake) {
    *fake = (fake_transport){ .base = { .send = fake_send, .free = fake_free } };
}

/* Finishes the one held longest, as a try whose first byte left at first_byte_us (0: none left). */
static inline void fake_answer(fake_transport *fake, int64_t first_byte_us, int http_status, od_status code,
                               const char *message) {
    od_exchange *exchange = fake->held[0];
    fake->held_count--;
    for (int i = 0; i < fake->held_count; i++) fake->held[i] = fake->held[i + 1];
    od__exchange_unpark(exchange);
    exchange->sent = first_byte_us != 0;
    if (exchange->first_byte_us == 0) exchange->first_byte_us = first_byte_us;
    exchange->response.status = http_status;
    if (code != OD_OK) od__error_set(&exchange->error, code, "%s", message);
    od__exchange_finish(exchange);
}

#endif
