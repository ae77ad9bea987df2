/* client: one configured vendor account, and the life of one of its calls: fill -> validate -> build -> authorize -> send
 * -> decode. It knows no vendor by name: what differs between vendors is data in their descriptors. */
#ifndef OD_CLIENT_H
#define OD_CLIENT_H

#include <string.h>

#include "authorizing/authorizing.h"
#include "json/value.h"
#include "operation/operation.h"
#include "request.h"

#pragma GCC visibility push(hidden)

typedef struct od_client_call od_client_call;
typedef struct od_follow od_follow;
typedef struct od_lane od_lane;
typedef struct od_staged od_staged;
typedef struct od_hearing od_hearing;
typedef struct od_heard od_heard;

#define OD_CLIENT_SERVICES 4      /* parts of one vendor with addresses of their own */

/* A client's options once they are checked, as the layers want them. */
typedef struct od_client_plan {
    char *base_url;             /* owned; scheme and host in lower case, `endpoint` applied, no final slash */
    struct {
        const od_service *service;
        char *base_url;         /* likewise */
    } services[OD_CLIENT_SERVICES]; /* ends with service NULL, if it is not full */
    const char *ca_file;        /* borrowed from the options; NULL: the system's */
    int64_t timeout_ms, connect_timeout_ms;
    int64_t resend_within_ms;   /* R2; 0: an operation with a token is never repeated in doubt */
    int max_attempts;           /* 1: `retry` is off */
    bool adaptive;              /* `retry.mode` */
    bool rate_off;
    bool rate_given;            /* `rate` replaces every operation's own */
    od_rate rate;
} od_client_plan;

struct od_client {
    od_engine *engine;
    const od_vendor *vendor;
    od_value *options;          /* checked; wiped at the end */
    od_client_plan plan;
    od_authorizer *authorizer;
    od_transport *network, *authorizing, *rate, *adaptive, *retry;  /* the chain, from the bottom up; rate and adaptive
                                                                       may be NULL */
    od_client_call *calls;      /* under way; doubly linked */
    od_staged *staged;          /* placements of several requests under way; doubly linked */
    od_hearing *hearing;        /* its notifications; NULL: it never subscribed */
    od_follow *follows;         /* look-ups and outcomes under way; doubly linked */
    od_lane *lanes;             /* in which those that are asked for together have their rounds; NULL: none yet */
    od_heard *heard;            /* its latest events; NULL: none */
    od_prepared *prepared;      /* calls that were prepared, and may be placed; doubly linked */
    int rate_shared_by;         /* so many clients take from the same rate, this one included; 0: nobody has said */
    bool in_session;            /* something is open at the vendor, or may be */
    void (*log)(void *context, od_log_level level, const char *text);
    void *log_context;
};

/* Gives options, before they are checked, what the environment says of those that are absent. get_env NULL: getenv. Errors:
 * out_of_memory. */
od_status od__client_options_fill(const od_vendor *vendor, od_value *options, const char *(*get_env)(const char *name),
                                  od_error *err);
/* Reads checked options into plan; get_env is the environment, NULL: getenv. Errors: validation (the path names the
 * option), out_of_memory. */
od_status od__client_plan_read(const od_vendor *vendor, const od_value *options, const char *(*get_env)(const char *name),
                               od_client_plan *plan, od_error *err);
/* The part of it that says how often is tried (client_retry.c). */
od_status od__client_plan_retry(const od_vendor *vendor, const od_value *options, const char *(*get_env)(const char *name),
                                od_client_plan *plan, od_error *err);
/* getenv under a type that promises not to change what it lends. */
const char *od__client_environment(const char *name);
/* The address that an operation goes to; borrowed. */
const char *od__client_plan_url(const od_client_plan *plan, const od_operation *operation);
void od__client_plan_clear(od_client_plan *plan);

/* Tells the client's listener, if there is one; the text is cut to one line of 512 bytes. */
void od__client_log(const od_client *client, od_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As od_client_submit, but takes parameters (also when it fails) and changes them in place: nobody else may hold them. */
od_status od__client_submit_take(od_client *client, const char *operation, od_value *parameters,
                                 const od_submit_options *options, od_request **out, od_error *err);
/* As od_client_place, but takes call in the same way. */
od_status od__client_place_take(od_client *client, od_value *call, const od_submit_options *options, od_request **out,
                                od_error *err);

/* As od_client_find and od_client_track, but takes call (also when it fails); context is what od_request_context gives. */
od_status od__client_follow_take(od_client *client, od_purpose purpose, od_value *call, int64_t timeout_ms, void *context,
                                 od_request **out, od_error *err);
/* Tells everybody who follows a call of this client what its notifications say. Both borrowed. */
void od__follow_hear(od_client *client, const char *channel, const od_value *data);
/* Makes the result of a request that found, tracked or took back call. Errors: out_of_memory, internal (the report makes no
 * sense). */
od_status od__follow_result(od_purpose purpose, const od_value *call, const od_report *report, od_value **out,
                            od_error *err);
/* Finishes all that is followed, with code, and forgets what was heard. */
void od__follow_close(od_client *client, od_status code);

/* Remembers an event; without memory for it, none before it either. Both borrowed. */
void od__heard_add(od_client *client, const char *channel, const od_value *data);
/* How many events there have been. */
uint64_t od__heard_count(const od_client *client);
/* Gives the next event that is remembered from *index on, and steps over it; false: none before end. data may be NULL. */
bool od__heard_next(const od_client *client, uint64_t *index, uint64_t end, const char **channel, const od_value **data);
void od__heard_free(od_client *client);

/* Says whether an operation that needs ears for channel may be sent: if the client has subscribed to it, only while its
 * events arrive, in the very session (generation) with which it is sent (R19). Errors: unavailable. */
od_status od__hearing_allows(const od_client *client, const char *channel, unsigned generation, od_error *err);
/* Whether a subscription of the client, which need not stand yet, covers channel. */
bool od__hearing_covers(const od_client *client, const char *channel);
/* Ends the notifications at once; the client is being freed. */
void od__hearing_free(od_client *client);

/* ---- between client.c, place.c, stages.c and follow.c ---- */

/* Finds an operation. Errors: validation (with "did you mean"). */
od_status od__client_operation(const od_client *client, const char *name, const od_operation **out, od_error *err);
/* Parameters to request: fill, validate, build. parameters is changed in place. Errors: validation, out_of_memory. */
od_status od__client_request(od_client *client, const od_operation *operation, od_value *parameters,
                             od_http_request *request, od_error *err);

/* What makes a call a placement: its result is made from the vendor's. Both owned. */
typedef struct od_placing {
    od_value *token, *to;
} od_placing;

void od__placing_clear(od_placing *placing);

/* A neutral call with all that will be sent for it: converted, checked, planned and built once, however often it is told or
 * placed. What it holds is never changed. */
struct od_prepared {
    od_client *client;          /* NULL: it was freed */
    const od_operation *operation;
    od_value *call;             /* as it was given */
    od_value *parameters;
    od_placing placing;
    od_http_request request;
    const char *dropped;        /* what of the call has no place there; NULL: nothing */
    od_prepared *next, *previous;
};

/* As od__prepared_make, but makes no request of it: whether one could be made is not asked. */
od_status od__prepared_plan(od_prepared *self, od_client *client, od_value *call, od_error *err);
/* Prepares a call (taken, also when it fails, and changed in place) on the spot. Errors: as od_client_place reports at once;
 * then self is empty. */
od_status od__prepared_make(od_prepared *self, od_client *client, od_value *call, od_error *err);
/* As od_client_prepare_place, but takes call in the same way. */
od_status od__client_prepare_take(od_client *client, od_value *call, od_prepared **out, od_error *err);
/* Gives back what it holds. */
void od__prepared_clear(od_prepared *self);
/* Empties those of a client that is being freed. */
void od__prepared_close(od_client *client);
/* Complains if its client is gone. Errors: closed. */
od_status od__prepared_check(const od_prepared *self, od_error *err);

/* ---- whose rate a request takes from, and how much of it (R21; rates.c) ---- */

#define OD_LIMIT_BUCKET_BYTES (OD_LIMIT_RATE_SCOPE_BYTES + OD_LIMIT_ACCOUNT_BYTES)

/* Writes which account of its vendor the client is, as the environment has it now; its vendor's name if nothing tells one
 * from another. Errors: validation (longer than out). */
od_status od__client_account(const od_client *client, char out[OD_LIMIT_ACCOUNT_BYTES], od_error *err);
/* Writes the name of the bucket that an operation of that account takes from. Errors: validation (longer than out). */
od_status od__client_bucket(const od_client *client, const od_operation *operation, const char *account,
                            char out[OD_LIMIT_BUCKET_BYTES], od_error *err);
/* What placements by the operation may take that come out of the store's bucket. Returns false if they are held to no rate. */
bool od__client_placing_rate(const od_client *client, const od_operation *operation, od_rate *out);
/* What part of its bucket's rate a look-up or poll may take. */
double od__client_poll_share(const od_client *client, const od_operation *operation);

/* How a call that is prepared counts. */
typedef struct od_prepared_facts {
    char account[OD_LIMIT_ACCOUNT_BYTES];     /* see od__client_account; and where in it the call goes */
    char bucket[OD_LIMIT_BUCKET_BYTES];       /* see od__client_bucket */
    bool has_rate;
    od_rate rate;                             /* what placements may take of it */
    od_handoff handoff;
} od_prepared_facts;

/* Writes the account of a call as it would be prepared now, though its time may have gone by; takes call. Errors: as
 * od__prepared_plan, and od__prepared_facts. */
od_status od__client_account_of(od_client *client, od_value *call, char out[OD_LIMIT_ACCOUNT_BYTES], od_error *err);
/* Who decides when it rings; of a call whose client is gone nobody (OD_HANDOFF_NONE). */
od_handoff od__prepared_handoff(const od_prepared *self);
/* Errors: validation (longer than out), closed. */
od_status od__prepared_facts(const od_prepared *self, od_prepared_facts *out, od_error *err);
/* Makes { operation, method, url, headers, body, token } as a person reads it: the body is a value. Errors: closed,
 * out_of_memory. */
od_status od__prepared_read(const od_prepared *self, od_value **out, od_error *err);
/* Makes { number, account, rate, hands_off, hands_off_unbounded, record }, the `call` of the store's verb intend, as a value that
 * nobody changes; what does not apply is absent, and record is what od_prepared_record promises. Errors: as od__prepared_facts,
 * and out_of_memory. */
od_status od__prepared_call(const od_prepared *self, od_value **out, od_error *err);

/* What a call is made of. Whoever starts it takes all of it, also when that fails. */
typedef struct od_making {
    const od_operation *operation;
    od_value *parameters;
    od_placing *placing;        /* its contents; NULL: it is no placement */
    od_http_request *request;   /* its contents, made of the parameters before; NULL: it is made now */
    const od_http_request *original; /* instead: what is copied, and not taken */
} od_making;

/* One call under way. */
struct od_client_call {
    od_request base;              /* first: the kind's functions get this */
    od_client *client;
    const od_operation *operation;
    od_exchange exchange;
    od_value *parameters;         /* NULL once nobody needs them any more */
    od_value *answer;             /* of the last try, if it succeeded */
    bool is_placing;
    od_placing placing;
    /* A question that another request asks on its way: told here, once, and never listed or delivered; the call is freed
     * before. result is taken over, NULL where error tells of a failure. NULL: an ordinary call. */
    void (*answered)(void *context, od_value *result, const od_error *error);
    void *answered_context;
    od_client_call *next, *previous;
};

/* Starts a call. Errors: validation, out_of_memory. */
od_status od__client_start(od_client *client, const od_making *making, const od_submit_options *options, od_request **out,
                           od_error *err);
/* Starts a call whose end only answered hears of; options NULL: it is a look-up or a poll, which leaves at least half of what
 * it shares with placements to them (R21). *out is lent until then, for od__client_drop. Errors: as od__client_start. */
od_status od__client_ask(od_client *client, const od_making *making, const od_submit_options *options,
                         void (*answered)(void *context, od_value *result, const od_error *error), void *context,
                         od_client_call **out, od_error *err);
/* Starts an operation that has been asked to wait until what it asks for has come about. As od__client_start. */
od_status od__client_settle_take(od_client *client, const od_making *making, const od_submit_options *options,
                                 od_request **out, od_error *err);
/* Gives back what od_making holds, for who starts nothing with it. */
void od__making_clear(const od_making *making);
/* Starts a placement with what its vendor's od_stages has before and after. What is asked before may change what is sent, so
 * that the request is made anew, of the parameters (taken, also when it fails, as are the contents of placing), which were
 * checked. Errors: as od__client_start. */
od_status od__client_stage(od_client *client, const od_operation *operation, od_value *parameters, od_placing *placing,
                           const od_submit_options *options, od_request **out, od_error *err);
/* Finishes all such placements, with code. */
void od__stages_close(od_client *client, od_status code);
/* Takes a call of od__client_ask back and frees it; answered is not called any more. Returns what its error would say of placement. */
od_placement od__client_drop(od_client_call *call);
/* Makes { id, state, vendor, token, to, response } of a vendor's answer. response is borrowed. Errors: out_of_memory. */
od_status od__placing_result(const od_vendor *vendor, const od_operation *operation, int http_status,
                             const od_value *parameters, const od_value *response, const od_placing *placing,
                             od_value **out, od_error *err);

#pragma GCC visibility pop

#endif
