/* outdial.h: the whole public C API of outdial, which places outbound calls through contact-centre vendors.
 *
 * A tour. An engine (`od_engine`) is one event loop; a client (`od_client`) is one vendor account on it; a request
 * (`od_request`) is one operation under way. Make an engine, make a client from options, submit an operation with its
 * parameters as an `od_value`, let the engine step until the request is finished, read result or error, let go:
 *
 *     od_error err = OD_ERROR_INIT;
 *     od_engine *engine;  od_client *client;  od_request *request;
 *     od_engine_new(NULL, &engine, &err);
 *     od_client_new(engine, od_vendor_find("amazon_connect"), options, &client, &err);
 *     od_client_submit(client, "start_outbound_voice_contact", parameters, NULL, &request, &err);
 *     od_request_wait(request, -1, &err);
 *     if (od_request_status(request) == OD_OK) ... od_request_result(request) ...
 *     od_request_unref(request);  od_client_free(client);  od_engine_free(engine);
 *
 * Rules that hold everywhere:
 * - Every function that can fail returns `od_status` and fills the caller's `od_error` (last parameter, NULL allowed).
 * - Ownership is in the verb: new/free, ref/unref, get borrows, take transfers. What is passed in is copied unless a
 *   comment says "takes".
 * - Text is UTF-8. Lengths are in bytes. Units are in the names (`_ms`, `_bytes`).
 * - One engine per thread, many per process. Nothing here may be called from two threads at once for the same engine,
 *   but for od_engine_wake.
 */
#ifndef OUTDIAL_H
#define OUTDIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OD_API __attribute__((visibility("default")))

/* ---- Version -------------------------------------------------------------------------------------------------- */

#define OD_VERSION_MAJOR 0
#define OD_VERSION_MINOR 1
#define OD_VERSION_PATCH 0
#define OD_VERSION "0.1.0"

/* Returns the version of the library that runs, and of the libraries it uses, as one line; static, never NULL.
 * Example: "outdial 0.1.0 (libcurl/7.88.1 OpenSSL 3.0.22 jansson/2.14)". */
OD_API const char *od_version(void);

/* ---- Errors --------------------------------------------------------------------------------------------------- */

/* XX(NAME, number, "name", "what it means"). The numbers are fixed for ever. */
#define OD_STATUS_MAP(XX)                                                                                          \
    XX(VALIDATION, 1, "validation", "a parameter or option is not what the operation takes; nothing was sent")     \
    XX(AUTHENTICATION, 2, "authentication", "credentials are missing, wrong or expired")                           \
    XX(PERMISSION, 3, "permission", "the credentials are good but may not do this")                                \
    XX(NOT_FOUND, 4, "not_found", "something the request names does not exist")                                    \
    XX(CONFLICT, 5, "conflict", "the request contradicts the state at the vendor")                                 \
    XX(THROTTLED, 6, "throttled", "the vendor asks for fewer requests")                                            \
    XX(REJECTED, 7, "rejected", "the vendor understood the request and refused it")                                \
    XX(UNAVAILABLE, 8, "unavailable", "the vendor failed or is out of service")                                    \
    XX(TIMEOUT, 9, "timeout", "no answer within the time allowed")                                                 \
    XX(NETWORK, 10, "network", "the connection could not be made or broke")                                        \
    XX(PROTOCOL, 11, "protocol", "the answer is not what the vendor documents")                                    \
    XX(CANCELED, 12, "canceled", "the caller took the request back")                                               \
    XX(CLOSED, 13, "closed", "the client or engine was closed first")                                              \
    XX(OUT_OF_MEMORY, 14, "out_of_memory", "memory ran out")                                                       \
    XX(INTERNAL, 15, "internal", "a defect in outdial, or a failing system call")

typedef enum od_status {
    OD_OK = 0,
#define OD_STATUS_ENUM(NAME, number, text, meaning) OD_##NAME = number,
    OD_STATUS_MAP(OD_STATUS_ENUM)
#undef OD_STATUS_ENUM
} od_status;

/* What is known about whether a request reached the vendor's telephony; ordered by strength (placed wins). */
typedef enum od_placement {
    OD_PLACEMENT_NONE = 0,       /* the operation does not ring, or is still under way */
    OD_PLACEMENT_NOT_PLACED = 1, /* proven: no phone rings because of it */
    OD_PLACEMENT_UNKNOWN = 2,    /* it may have reached the vendor: never send it again blindly */
    OD_PLACEMENT_PLACED = 3,     /* the vendor said so */
} od_placement;

#define OD_ERROR_PATH_BYTES 256
#define OD_ERROR_CODE_BYTES 128
#define OD_ERROR_MESSAGE_BYTES 512

/* One failure. Owned by the caller; nothing in it needs freeing. Initialise with OD_ERROR_INIT; the first failure
 * written into it stays. */
typedef struct od_error {
    size_t size;             /* sizeof(od_error), set by OD_ERROR_INIT */
    od_status code;          /* OD_OK while nothing failed */
    int http_status;         /* 0: no HTTP answer */
    bool retryable;          /* the same call may succeed later */
    od_placement placement;  /* for operations that ring */
    int64_t retry_after_ms;  /* the vendor's own hint; -1: none */
    char path[OD_ERROR_PATH_BYTES];        /* JSON pointer to the parameter complained about; "" if none */
    char vendor_code[OD_ERROR_CODE_BYTES]; /* the vendor's own code; "" if none */
    char request_id[OD_ERROR_CODE_BYTES];  /* the vendor's id of the request; "" if none */
    char message[OD_ERROR_MESSAGE_BYTES];  /* one line, no secret */
    unsigned char reserved[64];
} od_error;

#define OD_ERROR_INIT { .size = sizeof(od_error), .retry_after_ms = -1 }

/* Returns the short name of a status ("validation"); "ok" for OD_OK, "unknown_status" for a number that is none. */
OD_API const char *od_status_name(od_status status);
/* Returns the sentence that explains a status; static, never NULL. */
OD_API const char *od_status_meaning(od_status status);
/* Returns "", "not_placed", "unknown" or "placed"; static, never NULL. */
OD_API const char *od_placement_name(od_placement placement);
/* Writes an error as one line, `validation /DestinationPhoneNumber: expected ...`, into out; always ends it with NUL;
 * returns the length that the whole line has (as snprintf does). */
OD_API size_t od_error_format(const od_error *error, char *out, size_t out_bytes);

/* ---- Values --------------------------------------------------------------------------------------------------- */

/* A JSON value: object, array, string, integer (64 bit), number, boolean or null. Counted references; build a value,
 * hand it over, unref your own reference. Several threads may read, ref and unref the same value; none may change it
 * (set, add) while another can see it. Builders return NULL when memory runs out (or for a string that is not UTF-8),
 * and od_value_set and od_value_add accept that NULL and fail, so that calls may be nested unchecked. */
typedef struct od_value od_value;

typedef enum od_type {
    OD_TYPE_NULL, OD_TYPE_BOOLEAN, OD_TYPE_INTEGER, OD_TYPE_NUMBER, OD_TYPE_STRING, OD_TYPE_ARRAY, OD_TYPE_OBJECT,
} od_type;

/* Parses length_bytes of JSON text: strict, UTF-8, no duplicate keys, any value at the top, nesting at most 64.
 * *out is new. Errors: protocol (with line and column), out_of_memory. */
OD_API od_status od_value_parse(const char *text, size_t length_bytes, od_value **out, od_error *err);
/* Formats value as compact JSON in *out, which the caller frees with od_text_free; keys in order of insertion.
 * length_bytes may be NULL. Errors: out_of_memory. */
OD_API od_status od_value_format(const od_value *value, char **out, size_t *length_bytes, od_error *err);
OD_API void od_text_free(char *text);

OD_API od_value *od_value_new_object(void);
OD_API od_value *od_value_new_array(void);
OD_API od_value *od_value_new_string(const char *text);                      /* NUL-terminated */
OD_API od_value *od_value_new_string_n(const char *text, size_t length_bytes);
OD_API od_value *od_value_new_integer(int64_t integer);
OD_API od_value *od_value_new_number(double number);                         /* NULL for nan and infinities */
OD_API od_value *od_value_new_boolean(bool boolean);
OD_API od_value *od_value_new_null(void);
OD_API od_value *od_value_ref(const od_value *value);
OD_API void od_value_unref(od_value *value);                                 /* NULL is fine */

/* Sets object[key]; takes member (also when it fails). Errors: out_of_memory, internal (not an object). */
OD_API od_status od_value_set(od_value *object, const char *key, od_value *member, od_error *err);
/* Appends to an array; takes element (also when it fails). Errors: as od_value_set. */
OD_API od_status od_value_add(od_value *array, od_value *element, od_error *err);

OD_API od_type od_value_type(const od_value *value);
OD_API bool od_value_boolean(const od_value *value);               /* false for any other type */
OD_API int64_t od_value_integer(const od_value *value);            /* 0 for any other type */
OD_API double od_value_number(const od_value *value);              /* integers too; 0 for any other type */
OD_API const char *od_value_string(const od_value *value);         /* borrowed, NUL-terminated; NULL for any other type */
OD_API size_t od_value_length(const od_value *value);              /* bytes of a string, count of an array or object */
OD_API const od_value *od_value_at(const od_value *array, size_t index);        /* borrowed; NULL past the end */
OD_API const od_value *od_value_get(const od_value *object, const char *key);   /* borrowed; NULL if absent */
/* Follows a JSON pointer (RFC 6901): "" is the value itself, "/a/0/b". Borrowed; NULL if there is nothing. */
OD_API const od_value *od_value_find(const od_value *value, const char *pointer);
/* Iterates the members of an object in order of insertion: start with *cursor = NULL; returns false at the end. The
 * object must not change meanwhile. key and member are borrowed. */
OD_API bool od_value_next(const od_value *object, void **cursor, const char **key, const od_value **member);

/* ---- Vendors and operations: what can be asked of whom --------------------------------------------------------- */

typedef struct od_vendor od_vendor;
typedef struct od_operation od_operation;

/* Adds a vendor that description, an object, describes; it is there for all engines until the process ends. Its form:
 *
 *     { name, title, base_url: "https://{option}.example.com",
 *       options: [ FIELD ], authorization: { type: "basic", username, password } or { type: "header", header, option, prefix },
 *       operations: [ { name, vendor_name, summary, source, method, path: "/calls/{field}", fields: [ FIELD ],
 *                       result: [ FIELD ], rings, repeat: "never", "safe" or "token", repeat_field, rate: { per_second, burst } } ],
 *       errors: [ { http_status, vendor_code, message, code, placement, retryable, again, retry_after } ],
 *       answers: { vendor_code: "/error/code", message: "/error/message", request_id: "X-Request-Id" },
 *       place: { operation, to, from, contact, token, attributes, id: "/call/id", state: "placed" or "handed_off" } }
 *
 * where FIELD is { name, type, check, choices, min, max, sensitive, fields, element, summary, required, place, wire_name,
 * constant, default, option, uuid }. username, password and option name options; to, from, ... name fields of the operation.
 * What is not in errors is judged by its HTTP status. *out (may be NULL) is the vendor. Errors: validation (the path says
 * where the description is wrong; also for a name that is taken), out_of_memory. */
OD_API od_status od_vendor_load(const od_value *description, const od_vendor **out, od_error *err);
/* Finds a vendor by name ("amazon_connect", "genesys", "ccai_platform", "symbee", or one that was loaded); NULL if there is
 * none. */
OD_API const od_vendor *od_vendor_find(const char *name);
/* Iterates all vendors: returns the one at index, NULL past the end. */
OD_API const od_vendor *od_vendor_at(size_t index);
OD_API const char *od_vendor_name(const od_vendor *vendor);
OD_API const char *od_vendor_title(const od_vendor *vendor);
/* Describes what a campaign has to know of a vendor as a new value: { name, title, finds, look_after_ms, hands_off, withdraws,
 * max_open, seats = { option, field }, ears }. finds: od_client_find can be asked; not before look_after_ms after the call was
 * meant does it mean anything that it finds nothing. hands_off: of some calls it decides itself when they ring. withdraws:
 * od_client_withdraw can be. max_open: calls at once that it bears unless the account was given more; absent: none is known.
 * seats: the option that lists whom or what calls go through, one call each, and the member of a call's `fields` that names
 * one. ears: the channel that has to be heard before it dials. */
OD_API od_status od_vendor_describe(const od_vendor *vendor, od_value **out, od_error *err);
/* Describes a vendor's client options as a new value: an array of { name, type, limit, required, summary, default }. */
OD_API od_status od_vendor_options(const od_vendor *vendor, od_value **out, od_error *err);
/* Finds an operation by its snake_case name or the vendor's own name; NULL if there is none. */
OD_API const od_operation *od_operation_find(const od_vendor *vendor, const char *name);
OD_API const od_operation *od_operation_at(const od_vendor *vendor, size_t index); /* NULL past the end */
OD_API const char *od_operation_name(const od_operation *operation);
/* Describes an operation as a new value: { name, vendor_name, summary, method, path, rings, repeat, source, fields,
 * result }; fields is an array of { name, type, limit, required, place, default, summary, fields, kinds }. Where
 * fields depend on one another there is rules, an array of texts (so in each of kinds). An operation that rings only for
 * some parameters has quiet = { field, values }: with one of these values in this field no phone rings. One whose list may
 * come in pages has pages = { items, next, parameter, total }: the list's name in the result, that of what parameter
 * `parameter` is to be for the following page (absent on the last), and that of the count of all (may be absent). */
OD_API od_status od_operation_describe(const od_operation *operation, od_value **out, od_error *err);
/* Checks parameters against an operation before there is a client: what options (a client's, as far as they are known;
 * may be NULL) could still supply may be absent, and a time that has to be to come is not compared with any clock. Sends
 * nothing, changes nothing. Errors: as od_client_submit would report at once. */
OD_API od_status od_operation_check(const od_operation *operation, const od_value *options, const od_value *parameters,
                                    od_error *err);
/* The same for a neutral call, as od_client_place takes it. */
OD_API od_status od_call_check(const od_vendor *vendor, const od_value *options, const od_value *call, od_error *err);
/* Returns the nearest name among those a vendor or operation registry has, for "did you mean"; NULL if none is near.
 * vendor NULL: vendor names; else that vendor's operation names. Static. */
OD_API const char *od_did_you_mean(const od_vendor *vendor, const char *name);

/* ---- The engine: one event loop ------------------------------------------------------------------------------- */

typedef struct od_engine od_engine;
typedef struct od_client od_client;
typedef struct od_request od_request;

/* Where time and randomness come from; every function pointer may be NULL for the system's own. */
typedef struct od_engine_options {
    size_t size;                                            /* sizeof(od_engine_options) */
    int64_t (*now_us)(void *context);                       /* monotonic, counts suspension (CLOCK_BOOTTIME) */
    int64_t (*wall_ms)(void *context);                      /* Unix time in milliseconds */
    bool (*random)(void *context, void *out, size_t bytes); /* false: no randomness to be had */
    void *context;
} od_engine_options;

#define OD_ENGINE_OPTIONS_INIT { .size = sizeof(od_engine_options) }

/* Makes an engine; options may be NULL. Errors: out_of_memory, internal (the kernel refused a descriptor). */
OD_API od_status od_engine_new(const od_engine_options *options, od_engine **out, od_error *err);
/* Completes all that is pending as `closed`, then frees the engine. Its clients must have been freed. NULL is fine. */
OD_API void od_engine_free(od_engine *engine);
/* Runs what is ready; waits at most timeout_ms for something to be (0: not at all, -1: no limit, but never longer
 * than while something is pending). Returns OD_OK also when nothing happened. Errors: internal. */
OD_API od_status od_engine_step(od_engine *engine, int timeout_ms, od_error *err);
/* Returns one descriptor that is readable whenever od_engine_step(engine, 0) has work to do; for a host's own loop.
 * Owned by the engine. From the first call on the engine keeps its timers in the kernel as well. */
OD_API int od_engine_fd(od_engine *engine);
/* Returns the milliseconds until the next timer (rounded up), 0 if work is ready now, -1 if there is none. */
OD_API int od_engine_timeout_ms(od_engine *engine);
/* Returns how many requests are not finished yet. */
OD_API size_t od_engine_pending(const od_engine *engine);
/* Makes a running or the next od_engine_step return soon. The one function that any thread may call. */
OD_API void od_engine_wake(od_engine *engine);
/* Returns the next finished request that nobody has taken, or NULL. The reference that the engine held passes to the
 * caller: unref it once. Every request that was submitted is delivered here exactly once, except after
 * od_request_wait or od_request_unref of the caller's last reference before the end. */
OD_API od_request *od_engine_take(od_engine *engine);
/* Starts a request that finishes OD_OK after delay_ms: a timer to wait for like any other request. Same ownership as
 * od_client_submit. Errors: out_of_memory. */
OD_API od_status od_engine_sleep(od_engine *engine, int64_t delay_ms, od_request **out, od_error *err);
/* Starts a request that finishes OD_OK once descriptor is readable (it stays the caller's and must stay open). Errors:
 * out_of_memory, internal (the descriptor cannot be watched, or is watched already). */
OD_API od_status od_engine_await(od_engine *engine, int descriptor, od_request **out, od_error *err);
/* Returns the engine's clocks: monotonic milliseconds, and Unix time in milliseconds. */
OD_API int64_t od_engine_now_ms(od_engine *engine);
OD_API int64_t od_engine_wall_ms(od_engine *engine);

/* ---- Clients: one configured vendor account ------------------------------------------------------------------- */

/* Makes a client; options is an object as od_vendor_options describes (the same keys as in Lua), copied. Does no I/O.
 * Errors: validation (path names the option), out_of_memory. */
OD_API od_status od_client_new(od_engine *engine, const od_vendor *vendor, const od_value *options, od_client **out,
                               od_error *err);
/* Finishes its pending requests as `closed` and frees the client. NULL is fine. */
OD_API void od_client_free(od_client *client);
/* Returns the name of the operation, without parameters, that ends what this client has open at its vendor, or may have (an
 * agent's session); NULL if there is nothing. Whoever wants it ended submits that as the last request, after
 * od_client_unsubscribe and before od_client_free, which sends nothing. Static. */
OD_API const char *od_client_ending(const od_client *client);
OD_API const od_vendor *od_client_vendor(const od_client *client);
OD_API od_engine *od_client_engine(const od_client *client);

/* Writes whose rate this client's requests come out of: clients with the same text share it. Errors: validation (an option
 * that it needs is absent, or it is longer than out). */
OD_API od_status od_client_rate_scope(const od_client *client, char *out, size_t out_bytes, od_error *err);
/* Says how many clients, in whichever processes, take from that rate at present, and that what they place takes its slots from
 * a store: as the store's verb intend does, by the rate that od_prepared_describe tells. Its look-ups and polls
 * (od_client_find, od_client_track, od_client_withdraw) then take at most that part of each rate, and of one that placements
 * take from as well, that part of a quarter; three quarters of it are told to be the placements'. Until then look-ups and polls
 * take at most half of such a rate, and placements what is left. */
OD_API void od_client_share_rate(od_client *client, int clients);

typedef enum od_log_level { OD_LOG_DEBUG, OD_LOG_INFO, OD_LOG_WARNING } od_log_level;
/* Sets who hears what a client notices but no caller asked for (a retry, a dropped attribute). text is one line
 * without secrets, borrowed. The function must not call into the engine. NULL: nobody. */
OD_API void od_client_set_log(od_client *client, void (*log)(void *context, od_log_level level, const char *text),
                              void *context);

/* How one request is sent; all members optional. */
typedef struct od_submit_options {
    size_t size;            /* sizeof(od_submit_options) */
    int64_t send_before_ms; /* on od_engine_now_ms: past it no byte leaves (placement not_placed); 0: no limit */
    int64_t timeout_ms;     /* for this request; 0: the client's */
    void *context;          /* od_request_context gives it back */
    bool single_try;        /* sent once and never again by itself, whatever `retry` and its token allow; nor after a fresh
                               authorization, of which the error then says that the same call may succeed (retryable) */
    bool unpaced;           /* goes past this client's own rate limits: its slot was taken elsewhere (R21) */
} od_submit_options;

#define OD_SUBMIT_OPTIONS_INIT { .size = sizeof(od_submit_options) }

/* Starts an operation by name (snake_case or the vendor's own). parameters is an object, copied; options may be NULL.
 * *out is a reference of the caller's (out may be NULL: then only od_engine_take gives it). What is wrong with the
 * parameters is reported here and at once; whatever happens later finishes the request. Never sends from inside the
 * call. Errors: validation, closed, out_of_memory. */
OD_API od_status od_client_submit(od_client *client, const char *operation, const od_value *parameters,
                                  const od_submit_options *options, od_request **out, od_error *err);
/* Does everything but sending: *out becomes { method, url, headers, body } with the secrets left out. With "place_call" and a
 * call as od_client_place takes it, also { operation, token }: what is to be sent can be kept before it is. Where a vendor
 * is asked first, that is the request for a person who is new to it. */
OD_API od_status od_client_prepare(od_client *client, const char *operation, const od_value *parameters, od_value **out,
                                   od_error *err);
/* Places a call the same way at every vendor. call is { to, from, contact, attributes, token, not_before, not_after, zone,
 * ring_timeout, fields }; the result of the request is { id, state = "placed" | "handed_off", vendor, token, to, response },
 * all that od_client_track needs of it, also in another process. not_before and not_after (Unix seconds) and zone (IANA)
 * bound a call that the vendor makes later, as far as it has a place for them: Symbee's earliest time and zone; from, until
 * and timeZone of a Genesys record, in GMT and for every day, so that of limits past midnight GMT only the first day's part
 * is sent, and not_before is best the present; scheduled_at of a scheduled CCAI call. A vendor that rings at once leaves
 * them out. ring_timeout (seconds) is Amazon Connect's. Where the record is the person (Symbee) that is searched for first,
 * and set to be called again afterwards if it was worked before: the result has work_attempts, how many attempts of the
 * record were none of this call's. An error's placement is then what is known over all of these requests, and the options
 * hold for each. Otherwise as od_client_submit. */
OD_API od_status od_client_place(od_client *client, const od_value *call, const od_submit_options *options,
                                 od_request **out, od_error *err);

/* A call that is converted, checked and built: what od_client_place would send, to be kept before it is sent, and then sent to
 * the byte, as often as is wanted. */
typedef struct od_prepared od_prepared;

/* Does everything of od_client_place but sending; *out is the caller's (od_prepared_free). Errors: as od_client_place reports at
 * once. */
OD_API od_status od_client_prepare_place(od_client *client, const od_value *call, od_prepared **out, od_error *err);
/* Tells what is to be sent: *out becomes { operation, method, url, headers, body, token, account, bucket, per_second, burst,
 * hands_off, hands_off_unbounded }, without any secret. body is the very text that is sent (but where a person has a record at
 * Symbee already, that adds how often it was worked before, and its earliest time). account tells one account of the vendor
 * from another, as the environment has it now, bucket whose rate it takes a slot of (R21), per_second and burst that rate as
 * this client has it (absent: none). hands_off: true if the vendor rings later, when it likes; hands_off_unbounded: true if
 * besides the call has no place for not_before and not_after. Errors: validation (an account with too long a name), closed (the
 * client was freed), out_of_memory. */
OD_API od_status od_prepared_describe(const od_prepared *prepared, od_value **out, od_error *err);
/* Gives what the store's verb intend takes as call.record: the JSON text of { request = { method, url, body }, call }, call as it
 * was given; od_text_free it. Errors: closed, out_of_memory (also for more than 16 MiB). */
OD_API od_status od_prepared_record(const od_prepared *prepared, char **out, od_error *err);
/* Places it, as od_client_place does: authorized anew each time, not built again. Another time with the same token is a
 * repetition, which may ring twice: that is the caller's to judge (R2). Errors: validation (a time that was to come has), closed,
 * out_of_memory. */
OD_API od_status od_prepared_place(od_prepared *prepared, const od_submit_options *options, od_request **out, od_error *err);
/* Frees it; what was placed of it goes on. May be called after od_client_free, too. NULL is fine. */
OD_API void od_prepared_free(od_prepared *prepared);

/* Asks the vendor whether a call was placed whose answer was lost. call is { token, to, at, id ... }: what is known; at is
 * Unix seconds of when it was meant. The result is { placement = "placed", call } (the call as it was given, with id, state,
 * vendor and token as they were found), or { found = false }, which proves nothing by itself. Reads only, never rings.
 * Otherwise as od_client_submit. Errors: validation (the vendor cannot be asked about this call; at once, or of the request
 * where only an answer shows it), out_of_memory; of the request also what the vendor's operations give. */
OD_API od_status od_client_find(od_client *client, const od_value *call, od_request **out, od_error *err);
/* Follows a call (a result of od_client_place) to its end. The result is { kind, rang, raw, at, lives_on }: kind is one of
 * answered machine fax no_answer busy declined abandoned invalid_number blocked expired failed canceled unreported unclassified;
 * rang is "yes", "no" or "unknown"; raw the vendor's own words; at Unix seconds (absent if the vendor did not tell); lives_on
 * true where the vendor may make the call again of its own accord, unless it is taken back (else absent).
 * timeout_ms 0: no limit; past it the request ends as `timeout`. Reads only. Errors: as od_client_find. */
OD_API od_status od_client_track(od_client *client, const od_value *call, int64_t timeout_ms, od_request **out,
                                 od_error *err);

/* Takes back a call (a result of od_client_place, with what else is known of it) that its vendor accepted and has not made
 * yet (R6). The result is { withdrawn = true } where that is proven, else { withdrawn = false, why, placed }: why is one
 * line, and placed is true if the vendor has made the call, or may have. Symbee's record is removed, if it still carries this
 * call's token, and searched for; a CCAI call is canceled by its id; a Genesys record is canceled by its record_handle, which
 * the call or an event must have told, and the client must have subscribed to /v2/me/outbound. With `ended = true` in the call
 * its outcome is known already, and withdrawn says that it is not made again. Never rings. Errors: as
 * od_client_find (validation where this vendor or this call cannot be taken back). */
OD_API od_status od_client_withdraw(od_client *client, const od_value *call, od_request **out, od_error *err);

/* ---- Notifications: what a vendor tells unasked ---------------------------------------------------------------- */

typedef struct od_subscription od_subscription;

/* Subscribes to channels of the vendor's notifications: an array of 1 to 64 names ("/v2/me/calls") or patterns (a name
 * whose last segment is * or **: one more segment, or any number), copied. The first subscription of a client starts a
 * session with the vendor, which the client keeps up by itself, and makes anew when it was lost. Events are kept, in order,
 * until they are asked for; past 1000 of them no more are fetched until some are taken. A call whose course is told on a
 * channel that the client has subscribed to is refused (unavailable, not placed) while that channel is not heard. Sends
 * nothing from inside the call. Errors: validation (path names the channel; also for a vendor without notifications),
 * out_of_memory. */
OD_API od_status od_client_subscribe(od_client *client, const od_value *channels, od_subscription **out, od_error *err);
/* Starts a request whose result is the next event, { channel, data }; data is absent if the vendor sent none. Of channels
 * below /meta/ there are two, and they have no data: "/meta/subscribe" is always the first event: the subscription stands,
 * what happens from now on arrives; "/meta/resync": what happened before it may have been lost, read anew what you keep.
 * The request ends with an error when no event will come any more: permission, rejected (the vendor refuses a channel),
 * authentication, closed, or, before "/meta/subscribe", whatever failed three times. One such request at a time; one that
 * is canceled or let go of takes no event. Same ownership as od_client_submit. Errors: validation (one is under way
 * already), closed (the client was freed), out_of_memory. */
OD_API od_status od_subscription_next(od_subscription *subscription, od_request **out, od_error *err);
/* Ends the subscription: a request for its next event finishes as `closed`, events that were kept are dropped. May be
 * called after od_client_free, too. NULL is fine. */
OD_API void od_subscription_free(od_subscription *subscription);
/* Ends all subscriptions of a client, as if each were over (they are still to be freed), and starts a request that finishes
 * OD_OK when the vendor has been told, or after 10 s. Same ownership as od_client_submit. Errors: out_of_memory. */
OD_API od_status od_client_unsubscribe(od_client *client, od_request **out, od_error *err);

/* ---- The store: the durable record of campaigns ------------------------------------------------------------------- */

typedef struct od_store od_store;

/* Opens a store: one SQLite file, made if it is absent and create is true. The file is opened by the first verb, in a thread
 * of the store's own (where the engine goes by a clock of the caller's: on the engine's thread), so what is wrong with it is
 * the error of that verb: not_found, permission, unavailable (locked, disk), protocol (another program's file, or a newer
 * outdial's), validation (an address in place of a path). path is copied. Errors: out_of_memory, internal. */
OD_API od_status od_store_open(od_engine *engine, const char *path, bool create, od_store **out, od_error *err);
/* Starts a verb: one step that is carried out whole or not at all, and is on the disk when its request finishes. parameters
 * is an object (NULL: none), copied. The store's thread gets what was asked for in one go, when the engine has nothing else
 * ready and would wait: so it needs od_engine_step. All verbs that it gets during one commit are in the next one. A verb
 * that the thread has begun is not canceled any more. Otherwise as od_client_submit. Errors: validation (no such verb, or the
 * parameters; path names the member), out_of_memory; of the request also conflict (what was to be changed is not as it was
 * any more), not_found, unavailable (locked, disk full, its file removed, the worker's lease was lost), permission,
 * internal. */
OD_API od_status od_store_submit(od_store *store, const char *verb, const od_value *parameters, void *context,
                                 od_request **out, od_error *err);
/* Iterates the names of all verbs: NULL past the end. */
OD_API const char *od_store_verb_at(size_t index);
/* Describes what a verb takes as a new value: { name, summary, worker, fields }. Errors: validation, out_of_memory. */
OD_API od_status od_store_verb_describe(const char *verb, od_value **out, od_error *err);
/* Waits for the verbs under way, gives up what the store had as a worker, and frees it. NULL is fine. */
OD_API void od_store_free(od_store *store);

/* ---- Requests ------------------------------------------------------------------------------------------------- */

OD_API od_request *od_request_ref(od_request *request);
OD_API void od_request_unref(od_request *request);
OD_API bool od_request_finished(const od_request *request);
/* Returns OD_OK or what went wrong; OD_OK also while it is under way. */
OD_API od_status od_request_status(const od_request *request);
/* Returns the error of a request; borrowed, valid as long as the request; its code is OD_OK if there is none. */
OD_API const od_error *od_request_error(const od_request *request);
/* Returns the result; borrowed, NULL while there is none. */
OD_API const od_value *od_request_result(const od_request *request);
/* Returns the context given at submit. */
OD_API void *od_request_context(const od_request *request);
/* Takes the request back: it finishes as `canceled` in the next step, and is delivered. For an operation that rings
 * its error says whether a byte had left (unknown) or not (not_placed). Does nothing to a finished one. */
OD_API void od_request_cancel(od_request *request);
/* Steps the engine until this request is finished, or timeout_ms passed (-1: no limit). Others that finish meanwhile
 * stay to be taken; this one is not delivered by od_engine_take any more. Errors: timeout (it is still under way),
 * internal. */
OD_API od_status od_request_wait(od_request *request, int timeout_ms, od_error *err);

#ifdef __cplusplus
}
#endif
#endif
