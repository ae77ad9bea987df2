/* engine: ties loop, network, clock and the queue of finished requests together; the inside of od_engine. */
#ifndef OD_ENGINE_H
#define OD_ENGINE_H

#include "base/clock.h"
#include "loop/loop.h"
#include "transport/transport.h"

#pragma GCC visibility push(hidden)

struct od_engine {
    od_clock clock;
    od_loop *loop;
    od_network *network;
    od_request *pending;             /* doubly linked */
    od_request *finished, *finished_last;
    size_t pending_count;
    size_t clients;
    /* For tests: makes the bottom layer of each client; NULL: od__curl_transport_new. */
    od_status (*make_transport)(void *context, const od_curl_options *options, od_transport **out, od_error *err);
    void *make_transport_context;
    const char *(*get_env)(const char *name);  /* for tests: the environment; NULL: getenv */
};

#pragma GCC visibility pop
#endif
