/* operation: descriptors of vendors and their operations as const data, finding them, and building a request from a
 * descriptor and checked parameters. No I/O, no vendor by name. */
#ifndef OD_OPERATION_OPERATION_H
#define OD_OPERATION_OPERATION_H

#include "base/outcomes.h"
#include "validation/shape.h"
#include "transport/transport.h"

#pragma GCC visibility push(hidden)

typedef struct od_client_settings od_client_settings;
typedef struct od_authorizer_kind od_authorizer_kind;

/* What an error of a vendor means. The first row that fits wins; the last rows of a table are general. */
typedef struct od_error_row {
    int http_status;          /* exact; 0: any. 400..599 may be given as a class: 4 = 4xx, 5 = 5xx */
    const char *vendor_code;  /* exact, without regard to case; NULL: any */
    const char *message;      /* a glob over the vendor's text ('*' any run); NULL: any */
    int enveloped;            /* 1: only in the vendor's own envelope, -1: only outside, 0: both */
    od_status code;
    od_placement placement;   /* what it proves for an operation that rings (R13); never NONE */
    bool retryable;           /* the same call may succeed later */
    od_again again;           /* the transport may repeat it */
    int64_t retry_after_ms;   /* advice when the vendor gave none; 0: none */
} od_error_row;

/* What a vendor's answer says, read by its `read` function from status, headers and body. */
typedef struct od_answer {
    bool success;             /* in the vendor's own terms */
    bool enveloped;           /* the answer has the vendor's own form */
    char vendor_code[OD_ERROR_CODE_BYTES];
    char message[OD_ERROR_MESSAGE_BYTES];
    char request_id[OD_ERROR_CODE_BYTES];
    int64_t retry_after_ms;   /* the vendor's hint; -1: none */
} od_answer;

/* How the result of a good answer is made. Without one it is the JSON body as it is, {} if there is none. Members whose
 * field in `output` has aliases get one spelling. */
typedef struct od_answer_form {
    const char *list;         /* a body that is an array becomes this member; NULL: bodies are objects */
    bool single;              /* an array of one object as the body is that object */
    bool required;            /* there is a body in every success but a 204 that no_content speaks of */
    const char *no_content;   /* member that is true in the result of a 204 (No Content); NULL: none */
    const od_field *headers;  /* members made of headers (wire_name): an integer, or text, which its check may replace. What
                                 does not pass counts as absent. Ends with name NULL; may be NULL */
} od_answer_form;

/* How to ask for the rest of a list: by member names of the result, and the parameter that takes `next`. */
typedef struct od_paging {
    const char *items;        /* the list */
    const char *next;         /* what parameter `parameter` is to be for the following page; absent on the last */
    const char *parameter;
    const char *total;        /* count of all items over all pages, if the vendor tells; may be NULL */
} od_paging;

/* A part of a vendor that has an address of its own. */
typedef struct od_service {
    const char *host;         /* first label of its host name */
    const char *signing_name; /* what its requests are signed for */
    const char *id;           /* its name in environment variables */
    bool gov_fips_is_plain;   /* AWS: in us-gov regions the FIPS host is the plain one */
} od_service;

typedef struct od_settling od_settling;

/* What an operation does to what a client has open at its vendor (an agent's session at the switch). */
typedef enum od_session {
    OD_SESSION_AS_IT_IS,
    OD_SESSION_STARTS,
    OD_SESSION_ENDS,              /* needs no parameters, and goes last: closing a client sends it */
} od_session;

struct od_operation {
    const char *name;             /* "start_outbound_voice_contact" */
    const char *vendor_name;      /* "StartOutboundVoiceContact" */
    const char *summary;          /* one line */
    const char *source;           /* vendor document and section */
    const char *method;
    const char *path;             /* "/contacts/{InstanceId}/{ContactId}" */
    const od_shape *input;        /* a STRUCT or CHOICE */
    const od_shape *output;       /* for documentation; answers are read leniently */
    const od_answer_form *form;   /* NULL: the body is the result */
    const od_paging *pages;       /* a list that may come in pages; NULL: none */
    const char *content_type;     /* of the body; NULL: no body */
    const od_field *headers;      /* constant or option-made headers; ends with name NULL; may be NULL */
    const od_service *service;    /* whose address and signing name it has; NULL: the vendor's own */
    const od_rate *rate;          /* default rate; operations that share the pointer share the bucket; NULL: none */
    bool rings;                   /* a phone may ring because of it, now or later */
    od_repeat repeat;
    const char *repeat_field;     /* TOKEN: the field that makes a second one the same. SAFE: none */
    const char *repeat_unless;    /* a field whose presence makes a repeat unsafe; may be NULL */
    bool unsigned_request;        /* no authorizer */
    /* One that rings only for some parameters: with one of quiet_values (NULL-ended) in quiet_field none does, and it may
     * be repeated like a read. NULL: it always rings, if it rings. */
    const char *quiet_field;
    const char *const *quiet_values;
    /* What a repetition says when an earlier try did the work (a deletion finds nothing): then it is a success. OD_OK:
     * nothing is read in this way. */
    od_status done_earlier;
    const char *done_code;        /* the vendor's code for what is done already: an answer with it in the vendor's own
                                     envelope is a success without a body; NULL: none */
    /* Adds to a good answer, in place, what can be read from it and the parameters; NULL: nothing. Errors:
     * out_of_memory. */
    od_status (*refine)(const od_value *params, od_value *result, od_error *err);
    od_session session;
    const od_settling *settling;  /* NULL: its answer is the end of it */
    const void *own;              /* of a vendor that was loaded: itself; else NULL */
    const char *ears;             /* a channel: once the client has subscribed to it, this goes out only while it is heard
                                     (R19); NULL: none */
};

/* A neutral call, already checked against od_shape_call. All borrowed; NULL or 0 if absent. */
typedef struct od_call {
    const char *to, *from, *contact, *token, *zone;
    const od_value *to_value, *from_value, *token_value; /* the same, to be held instead of copied */
    const od_value *attributes, *fields;
    int64_t not_before_ms, not_after_ms;  /* Unix time: limits for a vendor that rings later; one that rings at once
                                             leaves them out */
    int64_t ring_timeout_s;
} od_call;

/* Whether a phone rang for a call that ended. */
typedef enum od_rang { OD_RANG_UNKNOWN, OD_RANG_NO, OD_RANG_YES } od_rang;

/* What one literal of a vendor means. The table of a vendor ends with literal NULL, whose row is for what has no other. */
typedef struct od_outcome_row {
    const char *literal;
    od_outcome_kind kind;
    od_rang rang;
} od_outcome_row;

/* When a phone rings for a call that was accepted (R6). */
typedef enum od_handoff {
    OD_HANDOFF_NONE,       /* at once, as a rule */
    OD_HANDOFF_LATER,      /* when the vendor likes, within the limits that the call carries */
    OD_HANDOFF_UNBOUNDED,  /* when the vendor likes: the call has no place for limits */
} od_handoff;

/* What an account is known by, and what shares its rate (R21, R22): long enough for any address. */
#define OD_LIMIT_ACCOUNT_BYTES 1024
#define OD_LIMIT_RATE_SCOPE_BYTES (2 * OD_LIMIT_ACCOUNT_BYTES)
#define OD_DEFAULT_LOOK_AFTER_MS 600000

typedef enum od_purpose {
    OD_PURPOSE_FIND,   /* was it placed? after an answer was lost */
    OD_PURPOSE_TRACK,  /* how did it end? */
    OD_PURPOSE_SETTLE, /* has what an operation asked for come about? */
    OD_PURPOSE_WITHDRAW, /* take it back, and prove that */
} od_purpose;

#define OD_REPORT_WHY_BYTES 256

/* What the answers and events so far have told. Starts zeroed; what it owns is freed by the driver. */
typedef struct od_report {
    bool done;
    int64_t again_ms;       /* not done: ask again after this; 0: at once; -1: only an event will tell more. For hear it
                               starts as -1, which leaves what is planned as it is */
    bool found;             /* FIND: positive evidence */
    od_value *call;         /* FIND, found: new, as place gives it: { id, state, vendor, token } */
    od_outcome_kind kind;   /* TRACK */
    od_rang rang;
    od_value *raw;          /* TRACK: new, the vendor's own words (a string or an object); SETTLE: new, the result */
    int64_t at_ms;          /* TRACK: when it ended, Unix time; 0: unknown */
    bool lives_on;          /* TRACK: the vendor may make the call again of its own accord, unless it is taken back */
    bool withdrawn;         /* WITHDRAW: proven to be taken back, and no phone rang */
    bool rang_maybe;        /* WITHDRAW, not withdrawn: the vendor has made the call, or may have */
    bool none;              /* WITHDRAW, not withdrawn: the vendor has no such call, or none any more */
    char why[OD_REPORT_WHY_BYTES]; /* WITHDRAW, not withdrawn: in one line */
} od_report;

/* A call that is followed, as a vendor's functions see it. All borrowed. */
typedef struct od_followed {
    const od_vendor *vendor;
    const od_value *options;    /* the client's */
    od_purpose purpose;
    const od_value *call;       /* what the script has: { id, state, vendor, token, to, at (Unix seconds of the intent),
                                   response }, members may be absent; SETTLE: the operation's parameters */
    int64_t now_ms;             /* Unix time */
} od_followed;

/* What became of a question: result, or failure. All are NULL where there was nothing to ask and time has passed. */
typedef struct od_reply {
    const od_operation *operation;
    const od_value *result;
    const od_error *failure;
} od_reply;

/* How a vendor that lists what changed since a time is asked about many calls at once: in rounds of one question or more, whose
 * answers all their calls learn from. Pure functions, driven by core/rounds.c; memory and report as in od_following. What a
 * round knows is the vendor's own, and starts as NULL. */
typedef struct od_rounds {
    int64_t gap_ms;         /* from the beginning of one round to that of the next: who comes meanwhile shares it */
    int64_t pause_ms;       /* between the questions of a round */
    /* From when on it has to be read to learn of a call: Unix time. Errors: validation where it cannot be asked about. */
    od_status (*since)(const od_followed *about, const od_value *memory, int64_t *since_ms, od_error *err);
    /* The next question of a round that reads from since_ms on: *operation, a read, and *params (new). */
    od_status (*ask)(const od_vendor *vendor, int64_t since_ms, const od_value *round, const od_operation **operation,
                     od_value **params, od_error *err);
    /* Its answer: *round is made or changed, and has what its calls learn from; *over: there is nothing more to ask. An error ends the
     * round like a failure of the question. */
    od_status (*turn)(int64_t since_ms, const od_value *result, od_value **round, bool *over, od_error *err);
    /* What one of its calls learns: from the round, or that it came to an end by failure. Returning an error ends that call's
     * request only; unless the round is over, again_ms says nothing. */
    od_status (*learn)(const od_followed *about, const od_value *round, bool over, const od_error *failure,
                       od_value **memory, od_report *report, od_error *err);
} od_rounds;

/* How a vendor is asked about a call it may have accepted: pure functions, driven by core/follow.c. memory starts as NULL and
 * is the vendor's own: *memory is replaced (the old one unref'd) by learn and hear. For FIND with nothing to ask, learn is
 * called once it has heard of the events that came before. */
typedef struct od_following {
    /* Next question: *operation and *params (new), or *operation NULL: nothing to ask now (wait for an event).
     * Errors: validation where this call cannot be asked about (no id, no ticket, ...; the message says why). */
    od_status (*ask)(const od_followed *about, const od_value *memory, const od_operation **operation, od_value **params,
                     od_error *err);
    /* Its answer (a transient failure that should just be asked again is the vendor's to judge: set again_ms). Returning an
     * error ends the request with it. */
    od_status (*learn)(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err);
    /* An event of the client's notifications (NULL: this vendor has none). On channel "/meta/resync", without data: events
     * come again, and some may have been lost before. */
    od_status (*hear)(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                      od_report *report, od_error *err);
    const char *channel;    /* WITHDRAW: whose events tell of it: the client must have subscribed; NULL: answers tell */
    const od_rounds *rounds; /* TRACK: how calls are asked for together, instead of ask and learn; NULL: each by itself */
} od_following;

/* How an operation whose answer says only that it was passed on shows that it was done. It has a field "wait" that is sent
 * nowhere: with true, or a number of seconds, the request goes on until then. */
struct od_settling {
    const char *channel;    /* whose events tell of it: the client must have subscribed; NULL: asking tells, too */
    int64_t wait_ms;        /* for true: how long, from the operation's answer on */
    /* For purpose SETTLE. learn hears of the operation's own answer first, or, if it rings and the answer was lost, of that
     * failure; only then anything may be done. When there is nothing to ask, learn is called when time has passed. */
    const od_following *following;
};

/* What a placement needs beside the request that od_vendor.place makes: pure functions, driven by core/stages.c. notes, an
 * object, goes from one to the next, and its members into the result of the placement. */
typedef struct od_stages {
    /* What is asked before, a read: *operation and *params (new), for the checked parameters of the placing. */
    od_status (*look)(const od_vendor *vendor, const od_value *placing, const od_operation **operation, od_value **params,
                      od_error *err);
    /* Its answer: result, or failure (then result is NULL). May change placing. *is_there: this very call was placed by an
     * earlier try, and nothing more is sent. Returning an error ends it: nothing is placed. now_ms is Unix time. */
    od_status (*seen)(const od_value *result, const od_error *failure, int64_t now_ms, od_value *placing, od_value *notes,
                      bool *is_there, od_error *err);
    /* What is sent once it was placed; *operation NULL: nothing. If that fails, the placement is in doubt. */
    od_status (*follow_up)(const od_vendor *vendor, const od_value *placing, const od_value *notes,
                           const od_operation **operation, od_value **params, od_error *err);
} od_stages;

/* Where a vendor tells things unasked: CometD over HTTP long polling. */
typedef struct od_notifications {
    const char *path_option;      /* a client option that replaces the path; may be NULL */
    const char *path;             /* below the base URL: "/api/v2/notifications" */
} od_notifications;

struct od_vendor {
    const char *name;             /* "amazon_connect" */
    const char *title;            /* "Amazon Connect" */
    const od_shape *options;      /* the vendor's own client options: a STRUCT; common ones are added to it */
    const od_operation *operations;   /* ends with name NULL */
    const od_error_row *errors;       /* ends with code OD_OK; must be total: the last row fits anything */
    const od_authorizer_kind *authorizer;
    bool cookies;
    /* Writes "https://host[:port][/base]" for these options (endpoint not considered). */
    od_status (*base_url)(const od_value *options, char *out, size_t out_bytes, od_error *err);
    const char *url_template;     /* instead of base_url: an address with {option} in it; NULL where there is base_url */
    /* The same for a part of the vendor; NULL: no operation names one. */
    od_status (*service_url)(const od_service *service, const od_value *options, char *out, size_t out_bytes,
                             od_error *err);
    const od_service *service;    /* the vendor's own, for environment_url; NULL: it has none */
    /* What the environment says in place of those addresses where the option `endpoint` is silent: *out is borrowed, NULL if
     * it says nothing. Pure: get_env is the environment. NULL: the environment has no say. Errors: validation. */
    od_status (*environment_url)(const od_service *service, const od_value *options,
                                 const char *(*get_env)(const char *name), const char **out, od_error *err);
    /* Judges an address that a profile of the shared AWS files gives for the same; `where` names it. NULL: those files have
     * no say. Errors: validation. */
    od_status (*check_profile_url)(const char *where, const char *url, const od_value *options, od_error *err);
    bool aws_retry_settings;      /* AWS_MAX_ATTEMPTS, AWS_RETRY_MODE and their likes in a profile count for `retry` */
    /* Reads an answer; pure. body is NULL if it is not JSON (or empty). */
    void (*read)(const od_operation *operation, const od_http_response *response, const od_value *body, od_answer *out);
    /* Turns a neutral call into an operation and its parameters (*params new). Unknown fields are refused later, by the
     * operation's shape. Sets *dropped to a static text that on_log gets when something of the call has no place. */
    od_status (*place)(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err);
    /* After success: "placed" (true) or "handed off" (false), and the vendor's id as a new value (NULL: none). */
    bool (*placed)(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id);
    const od_stages *stages;      /* NULL: one request places */
    const od_following *following; /* NULL: its calls can be neither found nor tracked */
    const od_following *withdrawing; /* how a call that it has not made yet is taken back; NULL: it cannot be */
    /* Writes what tells one account of the vendor from another, as text without any secret. Pure: get_env is the environment.
     * NULL: nothing does. Errors: validation (longer than out). */
    od_status (*account)(const od_value *options, const char *(*get_env)(const char *name), char *out, size_t out_bytes,
                         od_error *err);
    /* Fields of a placing that say where in the account its call is to be found: they belong to what a call's account is known
     * by (R22), and not to its rate. Ends with NULL; NULL: none. */
    const char *const *where;
    /* The same as account for whom the vendor counts requests by; NULL: by account. */
    od_status (*rate_scope)(const od_value *options, char *out, size_t out_bytes, od_error *err);
    od_handoff (*handoff)(const od_operation *operation, const od_value *params); /* NULL: it always rings at once */
    int64_t look_after_ms;         /* so long after it was meant a call that is not found may yet become visible; 0:
                                      OD_DEFAULT_LOOK_AFTER_MS */
    int max_open;                  /* calls at once that the vendor bears by default; 0: no limit is known */
    const char *seats_option;      /* the option that lists whom or what calls go through, one call each (R17); NULL: none */
    const char *seat_field;        /* and the member of a call's `fields` that names one */
    const od_notifications *notifications; /* NULL: it tells nothing unasked */
};

/* "yes", "no", "unknown"; static. */
const char *od__rang_name(od_rang rang);
/* The row of a literal, or the table's last row. literal may be NULL. */
const od_outcome_row *od__outcome_row(const od_outcome_row *table, const char *literal);
/* What a failed question means where a vendor has nothing better to say: one that may pass (retryable, or an answer that
 * could not be read) is asked again after wait_ms, or after the vendor's own hint if that is longer; any other ends the
 * request with that failure, which is put into err and returned. */
od_status od__following_failed(const od_error *failure, int64_t wait_ms, od_report *report, od_error *err);
/* The same for FIND and WITHDRAW: a look-up has no time limit of its own, and the operation was repeated as far as is
 * sensible, so that any failure ends it. Puts it into err and returns it. */
od_status od__finding_failed(const od_error *failure, od_error *err);

/* Whether a phone may ring because of this operation with these parameters. */
bool od__operation_rings(const od_operation *operation, const od_value *params);

/* ---- registry ---- */
/* Adds a vendor for as long as the process lives. Errors: validation (there is one of that name, or there are too many). */
od_status od__registry_add(const od_vendor *vendor, od_error *err);
const od_operation *od__operation_find(const od_vendor *vendor, const char *name);
extern const od_shape od_shape_call;          /* { to, from, contact, attributes, token, not_before, ..., fields } */
void od__call_read(const od_value *call, od_call *out);
extern const od_field od_common_options[];    /* endpoint, timeout, connect_timeout, rate, retry, ca_file, ... */

/* Validates a vendor's client options (its own and the common ones) in place. */
od_status od__options_validate(const od_vendor *vendor, od_value *options, od_error *err);

/* ---- building ---- */

/* Writes an address from a vendor's url_template. Errors: validation (an option that no address can hold, or too long). */
od_status od__url_of_template(const char *template, const od_value *options, char *out, size_t out_bytes, od_error *err);
/* Builds method, URL, headers (without authorization) and body from checked parameters. base_url has no final slash.
 * Errors: validation (a header or path value that cannot be sent), out_of_memory. */
od_status od__operation_build(const od_operation *operation, const char *base_url, const od_value *options,
                              const od_value *params, od_http_request *request, od_error *err);
/* Appends text percent-encoded: unreserved bytes stay. */
void od__uri_encode(od_buffer *out, const char *text, size_t length_bytes);
/* Replaces scheme, host and port of url by those of endpoint (which may carry a path prefix); paths stay. */
od_status od__uri_replace_origin(const char *url, const char *endpoint, char *out, size_t out_bytes, od_error *err);

/* ---- reading ---- */

/* Turns an answer of the network into result or error by the vendor's read function and error table: fills
 * exchange->error, try_placement, again and server_delay_ms, and *result (new) on success. Implements R13's general rows
 * where the table has none. Without an answer (status 0), or if a layer below has set exchange->error, that stands. */
od_status od__operation_read(const od_vendor *vendor, const od_operation *operation, od_exchange *exchange,
                             od_value **result);

#pragma GCC visibility pop
#endif
