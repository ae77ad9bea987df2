/* curl_internal: what the files of the curl layer share: the multi handle, a client's layer, one transfer's slot. */
#ifndef OD_TRANSPORT_CURL_INTERNAL_H
#define OD_TRANSPORT_CURL_INTERNAL_H

#include <curl/curl.h>

#include "transport/curl_result.h"
#include "transport/transport.h"

#pragma GCC visibility push(hidden)

typedef struct od_curl_slot od_curl_slot;
typedef struct od_curl_transport od_curl_transport;

/* Lines that libcurl would add by itself and that are suppressed: Expect, Accept, Content-Type. */
#define OD_CURL_OWN_LINES 3
/* Only before a body of a MiB or more libcurl asks the server whether it wants it. */
#define OD_CURL_UNEXPECTING_BYTES (64u * 1024)
/* Idle easy handles that a client keeps. */
#define OD_CURL_IDLE_SLOTS 128
/* Receive and send buffer of one easy handle: answers and requests are small, and hundreds may be under way. libcurl
 * allocates the first anew for each transfer, and up to a KiB that costs the allocator next to nothing. */
#define OD_CURL_RECEIVE_BYTES 1024L
#define OD_CURL_SEND_BYTES 16384L

struct od_network {
    od_loop *loop;
    CURLM *multi;
    od_timer timer;       /* may be earlier than due_us, never later */
    int64_t due_us;       /* when libcurl wants to be called; -1: not at all */
    od_job kick;          /* libcurl wants to be called at once */
    bool inside;          /* in curl_multi_socket_action */
    od_job fail;          /* finishes `failed` from the loop */
    od_exchange *failed_first, *failed_last;
};

/* One easy handle and what it is doing. */
struct od_curl_slot {
    CURL *easy;
    od_curl_transport *owner;
    od_exchange *exchange;           /* NULL while idle */
    od_curl_slot *next, *previous;   /* in the owner's busy or idle list */
    int asked;                       /* how often libcurl was about to send this try */
    od_curl_stop stop;
    size_t header_bytes;             /* of all header lines of this try, trailers and 1xx too */
    bool headers_done;
    od_job give_up;                  /* ends a transfer whose socket cannot be watched */
    struct curl_slist lines[OD_LIMIT_HEADERS + OD_CURL_OWN_LINES]; /* of the exchange's request */
    /* What the handle is set to, so that only differences are told. */
    CURLU *url;                      /* url_text, parsed; unused where it cannot be: then the transfer fails by the text */
    char *url_text;
    char method[sizeof(((od_http_request *)0)->method)];
    bool has_body, rings, tls;
    char text[CURL_ERROR_SIZE];
};

struct od_curl_transport {
    od_transport base;
    od_network *network;
    CURLSH *cookies;                 /* NULL: none are kept */
    char *ca_file;
    int64_t connect_timeout_ms;
    size_t response_limit_bytes;
    bool direct;                     /* never through a proxy */
    bool (*allow_address)(const char *address); /* NULL: any */
    od_curl_slot *busy, *idle;
    size_t idle_count;
};

/* ---- curl_network.c ---- */

/* Finishes an exchange that could not be started, from the loop; its error is set. */
void od__network_fail_later(od_network *network, od_exchange *exchange);

/* ---- curl_slot.c ---- */

/* Makes an easy handle for this client with everything set that never changes. NULL when memory ran out. */
od_curl_slot *od__curl_slot_new(od_curl_transport *owner);
void od__curl_slot_free(od_curl_slot *slot);
/* Sets the handle up for one exchange. Errors: out_of_memory, internal. */
od_status od__curl_slot_prepare(od_curl_slot *slot, od_exchange *exchange, od_error *err);

/* ---- curl_transport.c ---- */

/* Ends the transfer of a busy slot: takes the handle off the network, gives the slot back, reads result or failure into
 * its exchange and finishes that. Only from the loop. */
void od__curl_slot_finish(od_curl_slot *slot, CURLcode code);

#pragma GCC visibility pop
#endif
