/* curl_rig: a loop, the network on it and exchanges, for tests of the curl layer without an engine. */
#ifndef TESTS_CORE_CURL_RIG_H
#define TESTS_CORE_CURL_RIG_H

#include <stdbool.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "transport/transport.h"

typedef struct curl_rig {
    od_clock clock;
    od_loop *loop;
    od_network *network;
} curl_rig;

/* One exchange and what became of it. */
typedef struct call {
    od_exchange exchange;
    bool finished;
    bool inside_send;  /* set while od__transport_send runs: finishing then is a defect, and ends the test */
    void (*then)(struct call *call); /* called when it finished; may be NULL */
    void *context;
} call;

#define CALL_TIMEOUT_MS 60000

void curl_rig_open(curl_rig *rig);
void curl_rig_close(curl_rig *rig);
/* A transport with default timeouts; ca_file may be NULL. */
od_transport *curl_rig_transport(curl_rig *rig, const char *ca_file, bool cookies);
/* Wakes the loop: for a server's notice; context is the rig. */
void curl_rig_notice(void *context);
/* Steps until *flag. */
void curl_rig_run(curl_rig *rig, const bool *flag);
/* Steps until every call is finished. */
void curl_rig_run_all(curl_rig *rig, call *const *calls, size_t count);

/* A new exchange; body NULL: none. Timeout CALL_TIMEOUT_MS, no repeat, not ringing. */
call *curl_call_new(const char *method, const char *url, const char *body);
/* The same with a URL made of port and path: "http://127.0.0.1:<port><path>". */
call *curl_call_local(const char *method, int port, const char *path, const char *body);
void curl_call_header(call *call, const char *name, const char *value);
void curl_call_send(call *call, od_transport *transport);
void curl_call_free(call *call);
/* The exchange's error as od_error_format writes it; static. */
const char *curl_call_error(const call *call);
const char *curl_call_body(const call *call);

#endif
