/* curl_result: what one libcurl result means: code, message, whether again, what is known about the placement. Pure: no
 * handle is touched here. */
#ifndef OD_TRANSPORT_CURL_RESULT_H
#define OD_TRANSPORT_CURL_RESULT_H

#include <curl/curl.h>

#include "transport/transport.h"

#pragma GCC visibility push(hidden)

/* Why this layer itself ended a transfer; stronger than libcurl's code. */
typedef enum od_curl_stop {
    OD_CURL_STOP_NONE,
    OD_CURL_STOP_LATE,     /* send_before had passed */
    OD_CURL_STOP_REPEAT,   /* libcurl was about to send a second time by itself */
    OD_CURL_STOP_ADDRESS,  /* the host's address is not one that is allowed */
    OD_CURL_STOP_TIMEOUT,  /* the time for this try is over */
    OD_CURL_STOP_HEADERS,  /* the answer's headers are over the limit */
    OD_CURL_STOP_BODY,     /* the answer's body is over the limit */
    OD_CURL_STOP_MEMORY,   /* memory ran out */
} od_curl_stop;

/* All that is known about a try that failed. */
typedef struct od_curl_facts {
    CURLcode code;
    od_curl_stop stop;
    int os_errno;                /* of the last failing connect; 0: none */
    const char *host;            /* "host[:port]" */
    const char *text;            /* libcurl's own words; "" if none */
    int64_t timeout_ms;          /* of the try */
    int64_t connect_timeout_ms;
    size_t limit_bytes;          /* of the body */
} od_curl_facts;

/* Fills error (which must be empty), try_placement and again of exchange from facts, exchange->sent, rings and repeat. */
void od__curl_result(const od_curl_facts *facts, od_exchange *exchange);

/* Writes "host[:port]" of an absolute URL, cleaned for a message: no user, path or query. "?" if there is none. */
void od__curl_host(const char *url, char *out, size_t out_bytes);

#pragma GCC visibility pop
#endif
