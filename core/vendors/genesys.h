/* vendors/genesys: what the files of this one vendor share: the shapes of its operations and its table of outcomes. Other
 * rooms see od_vendor_genesys alone. */
#ifndef OD_VENDORS_GENESYS_H
#define OD_VENDORS_GENESYS_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

#define OD_GENESYS_DEVICE_PREFIX "/devices/"  /* of a devicePath */
#define OD_GENESYS_ATTEMPT_KEY "outdial"      /* of userData: the token of a call that place_call has dialled */
#define OD_GENESYS_CALLS "/v2/me/calls"       /* channels of the notifications */
#define OD_GENESYS_DEVICES "/v2/me/devices"
#define OD_GENESYS_OUTBOUND "/v2/me/outbound"
#define OD_GENESYS_INTERNAL "/me/internal"

/* A field that is always the same text, in the table of an operation. */
#define OD_GENESYS_OPERATION_NAME(text)                                                                        \
    { .name = "operationName", .summary = "always " text, .shape = &od_shape_text, .required = true,           \
      .constant = text }
/* The device of a path, by the name that the vendor's URL has or by that of the option. */
#define OD_GENESYS_DEVICE_ID(what)                                                                             \
    { .name = "deviceId", .summary = what, .shape = &od_shape_filled, .required = true, .place = OD_PLACE_PATH, \
      .option = "device_id", .aliases = od_genesys_device_aliases }

/* Asks for the end of the matter instead of the operation's answer. */
#define OD_GENESYS_WAIT(until)                                                                                 \
    { .name = "wait", .summary = "true, or for how many seconds: the request goes on until " until,            \
      .shape = &od_genesys_wait, .place = OD_PLACE_NOWHERE }

extern const char *const od_genesys_device_aliases[];
extern const char *const od_genesys_phone_types[];   /* all twelve */
extern const od_shape od_genesys_phone_type;
extern const od_shape od_genesys_device_path;        /* "/devices/" and an id */
extern const od_shape od_genesys_destination;        /* { phoneNumber } */
extern const od_shape od_genesys_wait;               /* true, or seconds */

/* ---- inputs: genesys_session.c, genesys_calls.c, genesys_records.c ---- */
extern const od_shape od_genesys_version_input, od_genesys_me_input, od_genesys_devices_input,
    od_genesys_start_session_input, od_genesys_end_session_input, od_genesys_ready_input, od_genesys_not_ready_input;
extern const od_shape od_genesys_dial_input, od_genesys_answer_input, od_genesys_hangup_input, od_genesys_hold_input,
    od_genesys_retrieve_input, od_genesys_send_dtmf_input, od_genesys_attach_user_data_input,
    od_genesys_update_user_data_input, od_genesys_delete_user_data_input, od_genesys_delete_user_data_pair_input,
    od_genesys_initiate_transfer_input, od_genesys_complete_transfer_input, od_genesys_single_step_transfer_input,
    od_genesys_initiate_conference_input, od_genesys_complete_conference_input,
    od_genesys_single_step_conference_input, od_genesys_swap_calls_input, od_genesys_start_recording_input,
    od_genesys_stop_recording_input, od_genesys_pause_recording_input, od_genesys_resume_recording_input,
    od_genesys_disposition_input;
extern const od_shape od_genesys_add_record_input, od_genesys_update_record_input, od_genesys_complete_record_input,
    od_genesys_reject_record_input, od_genesys_reschedule_record_input, od_genesys_do_not_call_record_input,
    od_genesys_chained_record_input, od_genesys_cancel_record_input, od_genesys_start_preview_input,
    od_genesys_end_preview_input, od_genesys_preview_record_input;

/* ---- outputs ---- */
extern const od_shape od_genesys_accepted;           /* { statusCode } */
extern const od_shape od_genesys_version_output, od_genesys_me_output, od_genesys_devices_output,
    od_genesys_partial_output;

/* ---- small readings: genesys_readings.c ---- */
#define OD_GENESYS_SCALAR_BYTES 32
/* User data has numbers as numbers or as texts: the text of either; NULL for anything else. */
const char *od__genesys_plain(const od_value *value, char scratch[OD_GENESYS_SCALAR_BYTES]);
/* Whether both have a plain text, the same and not an empty one. */
bool od__genesys_same(const od_value *a, const od_value *b);
bool od__genesys_is(const od_value *value, const char *text);
/* Puts a member into a copy of *memory (NULL: of nothing), which takes its place; takes member. */
od_status od__genesys_remember(od_value **memory, const char *key, od_value *member, od_error *err);

/* Marks an answer of which only a part was done: partial = true. Fits od_operation's refine. */
od_status od__genesys_mark_partial(const od_value *params, od_value *result, od_error *err);

extern const od_operation od_genesys_operations[];   /* ends with name NULL */
extern const od_outcome_row od_genesys_outcomes[];   /* by the number of GSW_CALL_RESULT as text */
extern const od_following od_genesys_following;
extern const od_following od_genesys_withdrawing;    /* by cancel_record */
extern const od_settling od_genesys_acknowledged;    /* by an event with the referenceId */
extern const od_settling od_genesys_logged_in;       /* by a device that is not logged out any more */

#pragma GCC visibility pop

#endif
