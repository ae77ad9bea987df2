/* Genesys: dialling and what can be done with a live call. Wire facts: the vendor's pages "Dial", "Hangup", "Attach User
 * Data", "Update User Data" and the others of its Voice API; where no page could be read, the field's summary says so. */
#include "base/error.h"
#include "vendors/genesys.h"

/* ---- dial ---- */

const char *const od_genesys_device_aliases[] = { "id", "device_id", NULL };

static const od_shape dialled_number = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .expected = "a number or extension"
};
static const od_field destination_fields[] = {
    { .name = "phoneNumber", .summary = "number or extension to dial", .shape = &dialled_number, .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_destination = { .kind = OD_KIND_STRUCT, .fields = destination_fields };

static const od_field dial_fields[] = {
    OD_GENESYS_DEVICE_ID("device that dials"),
    OD_GENESYS_OPERATION_NAME("Dial"),
    { .name = "destination", .summary = "whom to call", .shape = &od_genesys_destination, .required = true },
    { .name = "location", .summary = "location attribute of the telephony request", .shape = &od_shape_filled,
      .option = "location" },
    { .name = "userData", .summary = "keys and values attached to the call", .shape = &od_shape_json_object },
    { .name = "outboundCallerId", .summary = "number shown to the called party", .shape = &od_shape_filled,
      .option = "outbound_caller_id" },
    OD_FIELDS_END
};
const od_shape od_genesys_dial_input = { .kind = OD_KIND_STRUCT, .fields = dial_fields };

/* ---- a live call ---- */

static const char *const call_aliases[] = { "id", "call_id", NULL };

#define CALL_ID                                                                                              \
    { .name = "callId", .summary = "id of the live call", .shape = &od_shape_filled, .required = true,       \
      .place = OD_PLACE_PATH, .aliases = call_aliases }

/* An operation that takes the call alone. */
#define CALL_ALONE(name, text)                                                                               \
    static const od_field name##_fields[] = { CALL_ID, OD_GENESYS_OPERATION_NAME(text), OD_FIELDS_END };      \
    const od_shape od_genesys_##name##_input = { .kind = OD_KIND_STRUCT, .fields = name##_fields };

CALL_ALONE(answer, "Answer")
CALL_ALONE(hangup, "Hangup")
CALL_ALONE(hold, "Hold")
CALL_ALONE(retrieve, "Retrieve")
CALL_ALONE(complete_transfer, "CompleteTransfer")
CALL_ALONE(complete_conference, "CompleteConference")
CALL_ALONE(start_recording, "StartCallRecording")
CALL_ALONE(stop_recording, "StopCallRecording")
CALL_ALONE(pause_recording, "PauseCallRecording")
CALL_ALONE(resume_recording, "ResumeCallRecording")

static const od_field send_dtmf_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("SendDtmf"),
    { .name = "digits", .summary = "keys to press; the name is from the vendor's sample program, not its reference",
      .shape = &od_shape_filled, .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_send_dtmf_input = { .kind = OD_KIND_STRUCT, .fields = send_dtmf_fields };

/* ---- user data ---- */

static const od_field attach_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("AttachUserData"),
    { .name = "userData", .summary = "keys and values to add; a key that is there already is doubled",
      .shape = &od_shape_json_object, .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_attach_user_data_input = { .kind = OD_KIND_STRUCT, .fields = attach_fields };

static const od_field update_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("UpdateUserData"),
    { .name = "userData", .summary = "keys and their new values; other keys stay", .shape = &od_shape_json_object,
      .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_update_user_data_input = { .kind = OD_KIND_STRUCT, .fields = update_fields };

/* What these two take besides the call is not established, so fields of any name are passed on. */
static const od_field delete_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("DeleteUserData"),
    OD_FIELDS_END
};
const od_shape od_genesys_delete_user_data_input = { .kind = OD_KIND_STRUCT, .fields = delete_fields, .open = true };

static const od_field delete_pair_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("DeleteUserDataPair"),
    { .name = "key", .summary = "key to delete; the vendor's name of this field is not established, others pass",
      .shape = &od_shape_filled },
    OD_FIELDS_END
};

static od_status rule_which_pair(od_value *params, const char *path, od_error *err) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (od_value_next(params, &cursor, &key, &member)) {
        const od_field *field = od__shape_field(&od_genesys_delete_user_data_pair_input, key);
        if (field == NULL || field == &delete_pair_fields[2])
            return OD_OK;
    }
    return od__vendor_refuse(err, path, "key", "expected the key to delete, got nothing");
}
static const od_rule delete_pair_rules[] = { { "key, or a field that names it", rule_which_pair }, OD_RULES_END };
const od_shape od_genesys_delete_user_data_pair_input = {
    .kind = OD_KIND_STRUCT, .fields = delete_pair_fields, .rules = delete_pair_rules, .open = true
};

/* ---- a second party ---- */

/* An operation that calls somebody else in. */
#define CALL_AND_DESTINATION(its, text, what)                                                                \
    static const od_field its##_fields[] = {                                                                \
        CALL_ID,                                                                                             \
        OD_GENESYS_OPERATION_NAME(text),                                                                     \
        { .name = "destination", .summary = what, .shape = &od_genesys_destination, .required = true },      \
        OD_FIELDS_END                                                                                        \
    };                                                                                                       \
    const od_shape od_genesys_##its##_input = { .kind = OD_KIND_STRUCT, .fields = its##_fields };

CALL_AND_DESTINATION(initiate_transfer, "InitiateTransfer", "whom to call before the transfer")
CALL_AND_DESTINATION(single_step_transfer, "SingleStepTransfer", "whom to give the call to")
CALL_AND_DESTINATION(initiate_conference, "InitiateConference", "whom to call before the conference")
CALL_AND_DESTINATION(single_step_conference, "SingleStepConference", "whom to call into the conference")

static const od_field swap_fields[] = {
    CALL_ID,
    OD_GENESYS_OPERATION_NAME("SwapCalls"),
    { .name = "otherCallUri", .summary = "address of the call to go to", .shape = &od_shape_filled, .required = true },
    OD_FIELDS_END
};
const od_shape od_genesys_swap_calls_input = { .kind = OD_KIND_STRUCT, .fields = swap_fields };

/* ---- disposition ---- */

static const od_field disposition_fields[] = {
    OD_GENESYS_DEVICE_ID("device of the call"),
    OD_GENESYS_OPERATION_NAME("SetCallDisposition"),
    { .name = "callUri", .summary = "address of the call", .shape = &od_shape_filled, .required = true },
    { .name = "callUuid", .summary = "the call's UUID", .shape = &od_shape_filled, .required = true },
    { .name = "disposition", .summary = "how it went, in the contact centre's own words", .shape = &od_shape_filled,
      .required = true },
    { .name = "dispositionKey", .summary = "key of the user data that takes it", .shape = &od_shape_filled },
    { .name = "userData", .summary = "keys and values to attach as well", .shape = &od_shape_json_object },
    OD_FIELDS_END
};
const od_shape od_genesys_disposition_input = { .kind = OD_KIND_STRUCT, .fields = disposition_fields };
