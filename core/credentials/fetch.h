/* credentials/fetch: one HTTP exchange at a time for one source, over a transport of its own, repeated where that helps.
 * What an answer means is the source's to say. */
#ifndef OD_CREDENTIALS_FETCH_H
#define OD_CREDENTIALS_FETCH_H

#include "credentials/credentials.h"

#pragma GCC visibility push(hidden)

typedef struct od_fetch_options {
    int64_t connect_timeout_ms, timeout_ms;        /* of one try */
    int max_attempts;
    bool direct;                                   /* never through a proxy */
    bool (*allow_address)(const char *address);    /* NULL: any */
    /* Says whether an answer that is neither 429 nor 5xx may be better next time; may be NULL. */
    bool (*is_transient)(const od_http_response *response);
} od_fetch_options;

/* Embedded in its source. Zero-initialised nothing is open. */
typedef struct od_fetch {
    od_fetch_options options;
    od_transport *network, *retry;
    od_exchange exchange;
    bool running;
    void (*done)(void *context);                   /* from the loop, once for each send */
    void *context;
} od_fetch;

/* Begins an exchange: makes the transports if they are not there yet and empties what was. options is copied at the first
 * time. Errors: out_of_memory, internal. */
od_status od__fetch_begin(od_fetch *fetch, const od_credential_setup *setup, const od_fetch_options *options,
                          const char *method, const char *url, od_http_request **request, od_error *err);
/* Sends it; repeat says whether it may be sent twice. done is called later. */
void od__fetch_send(od_fetch *fetch, od_repeat repeat, void (*done)(void *context), void *context);
/* After done: whether an answer came, of whatever status. If not: writes "source: why" and returns false. */
bool od__fetch_answered(const od_fetch *fetch, const char *source, od_error *err);
/* What a status that is not 200 means, with a text of the answer if there is one ("" or NULL: none). Returns its code. */
od_status od__fetch_refused(const od_fetch *fetch, const char *source, const char *vendor_code, const char *message,
                            od_error *err);
/* Takes a running exchange back, wipes the last one and frees the transports. */
void od__fetch_close(od_fetch *fetch);

#pragma GCC visibility pop

#endif
