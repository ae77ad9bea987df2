/* transport: sends one HTTP exchange; wrappers (rate, retry, authorizing) have the same face and wrap one another.
 *
 * A chain is retry -> rate -> authorizing -> curl. An exchange goes down by od__transport_send and comes back up by
 * od__exchange_finish: each layer that wants to see the answer pushes itself before it sends on. A layer that parks an
 * exchange (waits for a slot, a timer, the network) says how to take it out again, so od__exchange_cancel works
 * wherever it is. Nothing finishes from inside od__transport_send: completions come from the loop. */
#ifndef OD_TRANSPORT_TRANSPORT_H
#define OD_TRANSPORT_TRANSPORT_H

#include "transport/http.h"
#include "loop/loop.h"

#pragma GCC visibility push(hidden)

typedef struct od_transport od_transport;
typedef struct od_exchange od_exchange;

/* May this exchange be sent again, and why. Filled by the owner's judge after each try. */
typedef enum od_again {
    OD_AGAIN_NO,         /* the outcome stands */
    OD_AGAIN_TRANSIENT,  /* sending again may help */
    OD_AGAIN_THROTTLED,  /* sending again later may help */
    OD_AGAIN_SKEWED,     /* sending again helps if the answer showed a clock that is far off. Only in a table: a judged try is
                            TRANSIENT or NO */
} od_again;

/* When a request whose placement is unknown may be sent again. */
typedef enum od_repeat {
    OD_REPEAT_NEVER,   /* a second one may ring twice */
    OD_REPEAT_SAFE,    /* a second one changes nothing (a read, an absolute set) */
    OD_REPEAT_TOKEN,   /* a second one with the same token is the same, within resend_within_ms of the first byte (R2) */
} od_repeat;

#define OD_EXCHANGE_LAYERS 6

typedef struct od_layer {
    void (*finished)(void *context, od_exchange *exchange);
    void *context;
} od_layer;

struct od_exchange {
    /* What to send; set by the owner before od__transport_send. */
    od_http_request request;
    bool rings;                /* placement matters; a resend underneath is always refused (R1) */
    od_repeat repeat;
    int64_t resend_within_ms;  /* for OD_REPEAT_TOKEN, counted from the first byte of the first try */
    int64_t send_before_us;    /* on the loop's clock; past it no byte leaves; 0: none */
    int64_t timeout_ms;        /* of one try, from handing it to the network on */
    bool long_poll;            /* exempt from rate and retry */
    bool single_try;           /* exempt from retry, and from the repetition after a fresh authorization */
    bool unpaced;              /* exempt from rate and adaptive rate */
    double poll_share;         /* a look-up or poll: takes at most this part of its bucket's rate (R21); 0: none */
    bool anonymous;            /* goes past the authorizing layer as it is */
    const char *signing_name;  /* what it is signed for, where that is not the client's own; NULL: that. Static */
    /* Decides after every try (also a failed one) what came: reads response and error, sets error, try_placement and
     * again. Called once per try, by the owner's function; NULL: error stands, nothing is tried again. */
    void (*judge)(void *context, od_exchange *exchange);
    /* Asked each time that an authorized try is about to go out; an error ends it there, not placed. NULL: always OD_OK. */
    od_status (*guard)(void *context, const od_exchange *exchange, od_error *err);
    void *context;             /* the owner's */

    /* What came; valid once finished. */
    od_http_response response; /* of the last try */
    od_error error;            /* OD_OK if the judge was content */
    od_placement placement;    /* joined over all tries (R3); NONE if !rings */

    /* Of the try under way. */
    od_placement try_placement;
    od_again again;
    bool sent;                 /* a byte of this try may have left */
    int64_t first_byte_us;     /* when the first byte of the first try may have left; 0: not yet */
    int64_t server_delay_ms;   /* the vendor's own hint when to come again; -1: none */
    int attempts;              /* tries so far, this one included; counted by the retry layer */
    bool sent_before;          /* a byte of an earlier try may have left; set by the retry layer */

    /* For the layers. */
    od_layer layers[OD_EXCHANGE_LAYERS];
    size_t layer_count;
    void (*unpark)(void *context, od_exchange *exchange);  /* takes it out of where it waits; NULL: not parked */
    void *unpark_context;
    od_timer timer;            /* of the layer that has it parked */
    od_exchange *next, *previous; /* in the queue of the layer that has it parked */
    void *curl;                /* of the curl layer */
    bool auth_repeated;        /* of the authorizing layer: the one repetition is used up */
    bool auth_repeated_again;  /* and the second one, where the first was crossed by others */
    bool auth_refreshed;       /* of the authorizing layer: refused for its authorization, and the next one will be fresh */
    unsigned auth_generation;  /* of the authorizer: which token or session this try went out with */
    int64_t signed_ms;         /* of the authorizer: when this try was signed, Unix time of our clock */
    int64_t skew_ms;           /* of the authorizer: what was added to that */
    bool skew_taken;           /* of the authorizer: skew_ms is this exchange's own by now */
    bool clock_skewed;         /* of the authorizer: this try's answer showed that our clock is far from the vendor's */
    int64_t slot_us;           /* of the rate layer: when this try's slot came */
    uint64_t slot;             /* of the rate layer: which slot of its bucket that was */
    const void *bucket;        /* of the rate layer: which bucket (an od_rate *); NULL: the client's common one */
    int retry_cost;            /* of the retry layer: what the last repetition took from the quota; 0: never repeated */
};

struct od_transport {
    void (*send)(od_transport *self, od_exchange *exchange);
    void (*free)(od_transport *self);
};

void od__transport_send(od_transport *transport, od_exchange *exchange);
void od__transport_free(od_transport *transport);  /* NULL is fine; frees this layer only */

void od__exchange_init(od_exchange *exchange);
void od__exchange_clear(od_exchange *exchange);
/* Registers who hears of the end; the last registered hears first. */
void od__exchange_push(od_exchange *exchange, void (*finished)(void *context, od_exchange *exchange), void *context);
/* Hands the exchange to the next listener. Called by a layer, from the loop, never from inside a send. */
void od__exchange_finish(od_exchange *exchange);
/* Parks: unpark is called at most once, by od__exchange_cancel, and must undo everything (timer, queue, socket). */
void od__exchange_park(od_exchange *exchange, void (*unpark)(void *context, od_exchange *exchange), void *context);
void od__exchange_unpark(od_exchange *exchange);  /* the layer itself goes on with it */
/* Takes an exchange back wherever it is, sets error (canceled or closed, with placement unknown if a byte left), and
 * drops all layers without calling them: the caller owns it again at once. */
void od__exchange_cancel(od_exchange *exchange, od_status code, const char *message);
/* Returns whether send_before has passed at now_us (it is the first instant that is too late). */
bool od__exchange_is_late(const od_exchange *exchange, int64_t now_us);
/* Sets what R4 says of a try that was too late: timeout, "send_before passed before the first byte", not placed. */
void od__exchange_set_late(od_exchange *exchange);
/* Joins placements over tries: placed > unknown > not_placed > none (R3). */
od_placement od__placement_join(od_placement a, od_placement b);

/* -- the curl layer: libcurl multi on the loop -- */

typedef struct od_network od_network;  /* one per engine: the multi handle */

od_status od__network_new(od_loop *loop, od_network **out, od_error *err);
void od__network_free(od_network *network);
const char *od__network_library(void); /* "libcurl/7.88.1"; static */

typedef struct od_curl_options {
    const char *ca_file;         /* PEM; NULL: the system's. Copied. */
    int64_t connect_timeout_ms;
    size_t response_limit_bytes;
    bool cookies;                /* keep one cookie jar for everything this layer sends */
    bool direct;                 /* never through a proxy */
    /* Says whether a request may go to the host's numeric address; asked before its first byte. NULL: anywhere. */
    bool (*allow_address)(const char *address);
} od_curl_options;

/* Makes the bottom layer of one client: its own easy handles and cookie jar. network is borrowed.
 * Sets on each failed try: error (network, timeout, protocol), try_placement as far as the wire tells (not sent:
 * not_placed; sent: unknown; only for exchanges that ring) and again. */
od_status od__curl_transport_new(od_network *network, const od_curl_options *options, od_transport **out, od_error *err);

/* -- the rate layer: GCRA, one bucket per od_rate -- */

typedef struct od_rate {
    double per_second;  /* > 0 */
    int burst;          /* >= 1: how many may go at once after a pause */
} od_rate;

/* A part of a rate; one at a time may always go. */
od_rate od__rate_part(const od_rate *rate, double part);

/* Pure GCRA arithmetic. tat_us is the bucket's state (theoretical arrival time; 0 at the start). Returns the time at
 * which the next request may go (now_us: at once) and books it. */
int64_t od__gcra_take(int64_t *tat_us, const od_rate *rate, int64_t now_us);
/* Takes the last booking back. */
void od__gcra_give_back(int64_t *tat_us, const od_rate *rate);
/* Corrects the bucket by a request that left at left_us, later than its slot at slot_us, when `since` slots had been booked
 * from its own on: so that those that follow it do not reach the vendor sooner after it than the rate allows. */
void od__gcra_left(int64_t *tat_us, const od_rate *rate, int64_t slot_us, int64_t left_us, uint64_t since);

/* override: used for every bucket instead of its own rate; NULL: each od_rate its own (an exchange whose bucket is NULL
 * is not limited). Borrowed or copied: override is copied; buckets are keyed by pointer. inner is borrowed.
 * First come, first served in each bucket. A waiter takes its slot when it goes, so one that is canceled takes none and
 * those behind it move up. One whose send_before passes while it waits finishes then, late (R4). */
od_status od__rate_transport_new(od_loop *loop, const od_rate *override, od_transport *inner, od_transport **out,
                                 od_error *err);

/* For a layer below: sends on an exchange that had its slot, and was held up before it left, in a slot of its own again. Also
 * one that is unpaced: its slot was taken elsewhere, for a time that has gone by. */
void od__rate_transport_send_again(od_transport *transport, od_exchange *exchange);

/* -- the adaptive layer: a rate that is learned from the vendor's throttling -- */

/* Zeroed by od__adaptive_init. It limits nothing before the first throttling. */
typedef struct od_adaptive {
    bool enabled;
    double fill_rate, max_capacity, capacity;  /* tokens per second; tokens */
    double measured;                           /* answers per second, smoothed */
    double bucket_start;
    int count;
    double last_max, last_throttle, filled;
} od_adaptive;

/* Times are seconds on any one clock. */
void od__adaptive_init(od_adaptive *self, double now);
/* Returns how many seconds the next request has to wait; 0: it may go. */
double od__adaptive_wait(od_adaptive *self, double now);
/* Takes a request's token. */
void od__adaptive_take(od_adaptive *self);
/* Learns from an answer, good or bad. */
void od__adaptive_answered(od_adaptive *self, bool throttled, double now);

/* As the rate layer, for rates that are learned: one for each bucket, and one for the exchanges that have none. */
od_status od__adaptive_transport_new(od_loop *loop, od_transport *inner, od_transport **out, od_error *err);
/* Tells it what a try came to, as its judge said. */
void od__adaptive_transport_learn(od_transport *transport, const od_exchange *exchange);

/* -- the retry layer -- */

typedef struct od_retry_options {
    int max_attempts;            /* counts the first; 1: never again */
    int64_t base_transient_ms;   /* 50: full jitter over base * 2^n */
    int64_t base_throttled_ms;   /* 1000 */
    int64_t cap_ms;              /* 20000 */
    int quota;                   /* 500: shared by all exchanges of the client; */
    int cost_transient;          /* 14 */
    int cost_throttled;          /* 5 */
    void (*notice)(void *context, const od_exchange *exchange, int64_t delay_ms); /* before a repetition; may be NULL */
    void *notice_context;
    od_transport *adaptive;      /* hears what each try came to; NULL: there is none */
} od_retry_options;

#define OD_RETRY_OPTIONS_INIT                                                                                     \
    { .max_attempts = OD_DEFAULT_MAX_ATTEMPTS, .base_transient_ms = 50, .base_throttled_ms = 1000, .cap_ms = 20000, \
      .quota = 500, .cost_transient = 14, .cost_throttled = 5 }

/* Sends again what may be sent again: again != NO, attempts and quota left, send_before not passed at the new time, and
 * for an exchange that rings: the try was not_placed, or its repeat rule allows a second one (never after NEVER; TOKEN and
 * SAFE within resend_within_ms of the first byte). An earlier unknown counts as the try's own (R3), and narrows
 * send_before to the token's limit. One that does not ring and whose answer was lost is sent again unless its repeat is
 * NEVER (or TOKEN, past resend_within_ms). Calls the judge after each try, joins the placement, and when the joined
 * placement is stronger than the last try's, the error carries the joined one. */
od_status od__retry_transport_new(od_loop *loop, const od_clock *clock, const od_retry_options *options,
                                  od_transport *inner, od_transport **out, od_error *err);

#pragma GCC visibility pop
#endif
