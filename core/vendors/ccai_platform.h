/* vendors/ccai_platform: what the files of this one vendor share: its calls, its other operations, and how a call is
 * followed. */
#ifndef OD_VENDORS_CCAI_PLATFORM_H
#define OD_VENDORS_CCAI_PLATFORM_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

#define OD_CCAI_REDIAL_S 900  /* how long a failed call may still be followed by the platform's own callback (R23) */
#define OD_CCAI_OUTBOUND "Voice Outbound (API)"
#define OD_CCAI_INBOUND "Voice Inbound (API)"
#define OD_CCAI_SCHEDULED "Voice Scheduled (API)"

/* ---- shapes of single values ---- */
extern const od_shape od__ccai_email;
extern const od_shape od__ccai_number;    /* as people write it; sent as bare E.164 */
extern const od_shape od__ccai_language;
extern const od_shape od__ccai_id;        /* an integer; never text */
extern const od_shape od__ccai_call_id;   /* an integer, or its digits as results of placing have them */
extern const od_shape od__ccai_instant;   /* ISO 8601 with a zone; sent in UTC */

/* ---- calls ---- */
extern const od_shape od__ccai_create_call;  /* three kinds, chosen by call_type */
extern const od_shape od__ccai_call;         /* the call object */
od_status od__ccai_place(const od_vendor *vendor, const od_value *options, const od_call *call,
                         const od_operation **operation, od_value **params, const char **dropped, od_error *err);
bool od__ccai_placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                     od_value **call_id);
od_handoff od__ccai_handoff(const od_operation *operation, const od_value *params);
/* Returns the long name of a call type, whichever of its names that is; the name itself if it is none of them. */
const char *od__ccai_call_type(const char *name);
/* Whether a call of that type (long name) and state has an agent, so that the number is dialled by now. Either may be
 * NULL. */
bool od__ccai_dialled(const char *call_type, const char *state);
#define OD_CCAI_ID_BYTES 128
/* Writes an id (a call's or a ticket's: an integer or text) as text; returns false, and "", if it is none. */
bool od__ccai_id_text(const od_value *id, char out[OD_CCAI_ID_BYTES]);

/* ---- how calls end ---- */

#define OD_CCAI_WORD_BYTES 64

typedef enum od_ccai_phase {
    OD_CCAI_LIVE,    /* under way, or waiting */
    OD_CCAI_ENDED,
    OD_CCAI_FAILED,  /* ended, but the platform may call again by itself (R23) */
    OD_CCAI_UNSURE,  /* in the table only: ended once there is a time of its end */
} od_ccai_phase;

/* Whether a member is there and not null. */
bool od__ccai_is_set(const od_value *call, const char *key);
/* Reads a state's or reason's word: documents print "Voicemail Received" where answers have voicemail_received. "" if
 * there is none. */
void od__ccai_word(const od_value *value, char out[OD_CCAI_WORD_BYTES]);
/* Where a call object says that the call is: never UNSURE. */
od_ccai_phase od__ccai_phase(const od_value *call);
/* What the end of a call means that is not live. */
od_outcome_row od__ccai_outcome(const od_value *call);

/* ---- the list of calls, page by page; memory says where one is in it ---- */

#define OD_CCAI_OVERLAP_MS 60000   /* a change may become visible late, and an intent may be written late */
#define OD_CCAI_PAGE_PAUSE_MS 200  /* half of the tenant's rate, where no rate is kept to (R21) */

/* Reads a time of a call: Unix time. Returns false if there is none. */
bool od__ccai_time(const od_value *call, const char *key, int64_t *unix_ms);
int64_t od__ccai_integer(const od_value *object, const char *key, int64_t otherwise);
od_status od__ccai_set_integer(od_value *object, const char *key, int64_t value, od_error *err);
/* From when on it may be listed, by the time of its intent. */
int64_t od__ccai_earliest(const od_value *call);
/* Puts what was learned in the place of what was known (both taken), unless status tells of a failure; returns status. */
od_status od__ccai_keep(od_status status, od_value *learned, od_value **memory);
/* Asks for the next page of the calls that changed since then. Errors: out_of_memory. */
od_status od__ccai_ask_page(const od_vendor *vendor, int64_t since_ms, const od_value *memory,
                            const od_operation **operation, od_value **params, od_error *err);
/* When the latest change of a page was, on the vendor's clock; 0 if it does not tell. */
int64_t od__ccai_latest_change(const od_value *calls);
/* Goes on to the page behind result; *over: there is none. Errors: out_of_memory. */
od_status od__ccai_turn_page(od_value *memory, int64_t since_ms, const od_value *result, bool *over, od_error *err);
bool od__ccai_too_many_pages(const od_value *memory);
/* Complains about that. Returns protocol. */
od_status od__ccai_refuse_pages(od_error *err);

/* ---- the rest ---- */
extern const od_operation od__ccai_operations[];
extern const od_following od__ccai_following;
extern const od_rounds od__ccai_rounds;          /* how calls are tracked */
extern const od_following od__ccai_withdrawing;  /* by cancel_scheduled_call */

#pragma GCC visibility pop

#endif
