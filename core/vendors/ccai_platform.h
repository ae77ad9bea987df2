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

/* ---- the rest ---- */
extern const od_operation od__ccai_operations[];
extern const od_following od__ccai_following;
extern const od_following od__ccai_withdrawing;  /* by cancel_scheduled_call */

#pragma GCC visibility pop

#endif
