/* Genesys: the session of an agent and what can be read of it. Wire facts: the vendor's pages "StartContactCenterSession",
 * "EndContactCenterSession", "Agent State Operations", "Return Values" and the reads of /me. */
#include "base/error.h"
#include "vendors/genesys.h"

#define CHANNELS 32

/* ---- reads ---- */

static const od_field version_fields[] = { OD_FIELDS_END };
const od_shape od_genesys_version_input = { .kind = OD_KIND_STRUCT, .fields = version_fields };

static const od_field me_fields[] = {
    { .name = "subresources", .summary = "what to embed, with commas: features,devices,channels,calls,settings; *: all",
      .shape = &od_shape_filled, .place = OD_PLACE_QUERY },
    OD_FIELDS_END
};
const od_shape od_genesys_me_input = { .kind = OD_KIND_STRUCT, .fields = me_fields };

static const od_field devices_fields[] = {
    { .name = "fields", .summary = "*: whole devices; addresses alone without it", .shape = &od_shape_filled,
      .place = OD_PLACE_QUERY },
    OD_FIELDS_END
};
const od_shape od_genesys_devices_input = { .kind = OD_KIND_STRUCT, .fields = devices_fields };

/* ---- the contact centre session ---- */

static const od_shape channels = {
    .kind = OD_KIND_LIST, .min = 1, .max = CHANNELS, .element = &od_shape_filled, .expected = "the names of channels"
};

static const od_field start_session_fields[] = {
    OD_GENESYS_OPERATION_NAME("StartContactCenterSession"),
    { .name = "channels", .summary = "channels to log in to; voice alone when absent", .shape = &channels },
    { .name = "place", .summary = "place to work at; the agent's own when absent", .shape = &od_shape_filled },
    { .name = "loginCode", .summary = "login of the agent at the switch", .shape = &od_shape_filled },
    { .name = "queue", .summary = "queue to log in to", .shape = &od_shape_filled },
    { .name = "devicePath", .summary = "path of the device to use, where the place has several",
      .shape = &od_genesys_device_path },
    OD_GENESYS_WAIT("the agent's device is not logged out any more"),
    OD_FIELDS_END
};

static od_status rule_channels(od_value *params, const char *path, od_error *err) {
    (void)path;
    if (od_value_get(params, "channels"))
        return OD_OK;
    od_value *voice = od_value_new_array();
    od_status status = voice ? od_value_add(voice, od_value_new_string("voice"), err) : od__error_no_memory(err);
    if (status == OD_OK)
        return od_value_set(params, "channels", voice, err);
    od_value_unref(voice);
    return status;
}
static const od_rule start_session_rules[] = { { "channels: voice when absent", rule_channels }, OD_RULES_END };
const od_shape od_genesys_start_session_input = {
    .kind = OD_KIND_STRUCT, .fields = start_session_fields, .rules = start_session_rules
};

static const od_field end_session_fields[] = {
    OD_GENESYS_OPERATION_NAME("EndContactCenterSession"),
    OD_FIELDS_END
};
const od_shape od_genesys_end_session_input = { .kind = OD_KIND_STRUCT, .fields = end_session_fields };

/* ---- the agent's state ---- */

static const char *const workmodes[] = { "ManualIn", "AutoIn", NULL };
static const od_shape workmode = { .kind = OD_KIND_STRING, .choices = workmodes };

static const od_field ready_fields[] = {
    OD_GENESYS_OPERATION_NAME("Ready"),
    { .name = "workmode", .summary = "how the next call comes", .shape = &workmode },
    OD_FIELDS_END
};
const od_shape od_genesys_ready_input = { .kind = OD_KIND_STRUCT, .fields = ready_fields };

static const od_field not_ready_fields[] = {
    OD_GENESYS_OPERATION_NAME("NotReady"),
    OD_FIELDS_END
};
const od_shape od_genesys_not_ready_input = { .kind = OD_KIND_STRUCT, .fields = not_ready_fields };

/* ---- outputs ---- */

static const od_shape code = { .kind = OD_KIND_INTEGER };
static const od_shape user = { .kind = OD_KIND_MAP, .element = &od_shape_any };
static const od_shape uris = { .kind = OD_KIND_LIST, .element = &od_shape_text };

static const od_field user_state_fields[] = {
    { .name = "state", .summary = "LoggedOut, LoggedIn, Ready or NotReady", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape user_state = { .kind = OD_KIND_STRUCT, .fields = user_state_fields, .open = true };
static const od_field device_fields[] = {
    { .name = "id", .summary = "the device", .shape = &od_shape_text },
    { .name = "phoneNumber", .summary = "its number at the switch", .shape = &od_shape_text },
    { .name = "deviceState", .summary = "Active or Inactive", .shape = &od_shape_text },
    { .name = "userState", .summary = "state of the agent at it", .shape = &user_state },
    OD_FIELDS_END
};
static const od_shape device = { .kind = OD_KIND_STRUCT, .fields = device_fields, .open = true };
static const od_shape devices = { .kind = OD_KIND_LIST, .element = &device };

static const od_field version_answer[] = {
    { .name = "statusCode", .summary = "0", .shape = &code, .required = true },
    { .name = "version", .summary = "version of the web services", .shape = &od_shape_text },
    OD_FIELDS_END
};
const od_shape od_genesys_version_output = { .kind = OD_KIND_STRUCT, .fields = version_answer, .open = true };

static const od_field me_answer[] = {
    { .name = "statusCode", .summary = "0", .shape = &code, .required = true },
    { .name = "user", .summary = "the agent, with what was asked to be embedded", .shape = &user },
    OD_FIELDS_END
};
const od_shape od_genesys_me_output = { .kind = OD_KIND_STRUCT, .fields = me_answer, .open = true };

static const od_field devices_answer[] = {
    { .name = "statusCode", .summary = "0", .shape = &code, .required = true },
    { .name = "uris", .summary = "addresses of the devices, without fields", .shape = &uris },
    { .name = "devices", .summary = "the devices, with fields", .shape = &devices },
    OD_FIELDS_END
};
const od_shape od_genesys_devices_output = { .kind = OD_KIND_STRUCT, .fields = devices_answer, .open = true };

static const od_field channel_fields[] = {
    { .name = "channel", .summary = "which one", .shape = &od_shape_text },
    { .name = "statusCode", .summary = "0, or why it failed", .shape = &code },
    { .name = "statusMessage", .summary = "the vendor's words for a failure", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape channel = { .kind = OD_KIND_STRUCT, .fields = channel_fields, .open = true };
static const od_shape channel_list = { .kind = OD_KIND_LIST, .element = &channel };

static const od_field partial_answer[] = {
    { .name = "statusCode", .summary = "0: passed on, the rest is told by events; 7: a part was done", .shape = &code,
      .required = true },
    { .name = "partial", .summary = "true with 7: look at failed and succeeded", .shape = &od_shape_boolean },
    { .name = "failed", .summary = "with 7: what was not done, and why", .shape = &channel_list },
    { .name = "succeeded", .summary = "with 7: what was done", .shape = &channel_list },
    OD_FIELDS_END
};
const od_shape od_genesys_partial_output = { .kind = OD_KIND_STRUCT, .fields = partial_answer, .open = true };

od_status od__genesys_mark_partial(const od_value *params, od_value *result, od_error *err) {
    (void)params;
    if (od_value_integer(od_value_get(result, "statusCode")) == 0)
        return OD_OK;
    return od_value_set(result, "partial", od_value_new_boolean(true), err);
}
