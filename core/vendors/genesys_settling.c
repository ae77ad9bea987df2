/* Genesys: how it shows that what was asked for was done. An operation on records or campaigns: by an event with its
 * referenceId, and the outbound server's own event beside it has the chain of a new record. The start of a session at the
 * switch: by a device whose agent is not logged out any more. */
#include <string.h>

#include "base/error.h"
#include "vendors/genesys.h"

#define WAIT_MS 30000
#define LONGEST_WAIT_S 3600
#define CHAIN_MS 250        /* the chain comes right after the acknowledgement, or not at all */
#define LOOK_MS 2000

/* ---- the field ---- */

static od_check_fn check_wait;
static const od_check wait_check = { "true, or seconds", check_wait, "true, or a number of seconds above 0, up to 3600" };

static od_status check_wait(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    od_type type = od_value_type(value);
    bool number = type == OD_TYPE_INTEGER || type == OD_TYPE_NUMBER;
    bool good = type == OD_TYPE_BOOLEAN ||
                (number && od_value_number(value) > 0 && od_value_number(value) <= LONGEST_WAIT_S);
    return good ? OD_OK : od__check_fail(&wait_check, value, path, err);
}

const od_shape od_genesys_wait = { .kind = OD_KIND_ANY, .check = &wait_check };

/* ---- small readings ---- */

static bool same_text(const od_value *a, const od_value *b) {
    const char *one = od_value_string(a), *other = od_value_string(b);
    return one && other && strcmp(one, other) == 0;
}

static od_status set_ref(od_value *object, const char *key, const od_value *member, od_error *err) {
    return member ? od_value_set(object, key, od_value_ref(member), err) : OD_OK;
}

/* Puts members of the object `over` that the report's result shall have into it; takes `over`. */
static od_status report_result(od_report *report, const od_value *answer, od_value *over, od_error *err) {
    od_value *made = answer ? od__value_copy(answer) : od_value_new_object();
    od_status status = made && over ? od__vendor_merge(made, over, err) : od__error_no_memory(err);
    od_value_unref(over);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    report->done = true;
    report->raw = made;
    return OD_OK;
}

/* ---- records and campaigns ---- */

static od_status ask_nothing(const od_followed *about, const od_value *memory, const od_operation **operation,
                             od_value **params, od_error *err) {
    (void)about;
    (void)memory;
    (void)operation;
    (void)params;
    (void)err;
    return OD_OK;
}

static od_status report_acknowledged(const od_value *call, const od_value *memory, od_report *report, od_error *err) {
    od_value *over = od_value_new_object();
    od_status status = over ? set_ref(over, "referenceId", od_value_get(call, "referenceId"), err)
                            : od__error_no_memory(err);
    if (status == OD_OK)
        status = set_ref(over, "event", od_value_get(memory, "event"), err);
    if (status == OD_OK)
        status = set_ref(over, "chainId", od_value_get(memory, "chain"), err);
    if (status == OD_OK)
        status = set_ref(over, "records", od_value_get(memory, "records"), err);
    if (status == OD_OK)
        return report_result(report, od_value_get(memory, "answer"), over, err);
    od_value_unref(over);
    return status;
}

static bool adds_record(const od_value *call) {
    return od__genesys_is(od_value_get(call, "operationName"), "AddRecord");
}

/* What is known may be all that can be. */
static od_status judge(const od_value *call, const od_value *memory, bool time_passed, od_report *report, od_error *err) {
    if (!od_value_get(memory, "event") || !od_value_get(memory, "answered"))
        return OD_OK;
    if (!adds_record(call) || od_value_get(memory, "chain") || time_passed)
        return report_acknowledged(call, memory, report, err);
    report->again_ms = CHAIN_MS;
    return OD_OK;
}

static od_status learn_acknowledged(const od_followed *about, const od_reply *reply, od_value **memory,
                                    od_report *report, od_error *err) {
    od_status status = OD_OK;
    report->again_ms = -1;
    if (reply->operation)
        status = od__genesys_remember(memory, "answered", od_value_new_boolean(true), err);
    if (status == OD_OK && reply->result)
        status = od__genesys_remember(memory, "answer", od_value_ref(reply->result), err);
    return status == OD_OK ? judge(about->call, *memory, reply->operation == NULL, report, err) : status;
}

/* How the vendor tells of a refusal is not established: any name with Error in it, and a text where one may be. */
static od_status refuse(const od_value *data, od_error *err) {
    static const char *const places[] = { "/errorMessage", "/statusMessage", "/record/userData/GSW_ERROR",
                                          "/userData/GSW_ERROR", "/notificationType" };
    char text[OD_ERROR_MESSAGE_BYTES] = "";
    for (size_t i = 0; !text[0] && i < sizeof places / sizeof places[0]; i++)
        od__vendor_answer_text(text, sizeof text, od_value_find(data, places[i]));
    return od__error_set(err, OD_REJECTED, "%s", text);
}

static od_status add_chained(const od_value *data, od_value **memory, od_error *err) {
    const od_value *known = od_value_get(*memory, "records"), *record = od_value_get(data, "record");
    od_value *records = known ? od__value_copy(known) : od_value_new_array();
    od_status status = records ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK && record)
        status = od_value_add(records, od_value_ref(record), err);
    if (status == OD_OK)
        return od__genesys_remember(memory, "records", records, err);
    od_value_unref(records);
    return status;
}

static od_status hear_outbound(const od_value *call, const od_value *data, od_value **memory, od_report *report,
                               od_error *err) {
    const od_value *type = od_value_get(data, "notificationType");
    if (!same_text(od_value_get(data, "referenceId"), od_value_get(call, "referenceId")))
        return OD_OK;
    if (od_value_string(type) && strstr(od_value_string(type), "Error"))
        return refuse(data, err);
    if (od__genesys_is(od_value_get(call, "operationName"), "GetChainedRecord") &&
        !od__genesys_is(type, "ChainedRecordsDataEnd"))
        return add_chained(data, memory, err);
    if (od_value_get(*memory, "event"))
        return OD_OK;
    od_status status = od__genesys_remember(memory, "event", od_value_ref(data), err);
    return status == OD_OK ? judge(call, *memory, false, report, err) : status;
}

/* The server's event has no reference of ours: it comes right after the acknowledgement, and is of this record. */
static od_status hear_chain(const od_value *call, const od_value *data, od_value **memory, od_report *report,
                            od_error *err) {
    const od_value *told = od_value_get(data, "userData"), *chain = od_value_get(told, "GSW_CHAIN_ID");
    bool ours = adds_record(call) && chain && od_value_get(*memory, "event") && !od_value_get(*memory, "chain") &&
                od__genesys_is(od_value_get(told, "GSW_USER_EVENT"), "AddRecordAcknowledge") &&
                same_text(od_value_get(told, "GSW_PHONE"), od_value_get(call, "phoneNumber")) &&
                same_text(od_value_get(told, "GSW_CALLING_LIST"), od_value_get(call, "callingList")) &&
                same_text(od_value_get(told, "GSW_CAMPAIGN_NAME"), od_value_get(call, "campaignName"));
    if (!ours)
        return OD_OK;
    od_status status = od__genesys_remember(memory, "chain", od_value_ref(chain), err);
    return status == OD_OK ? judge(call, *memory, false, report, err) : status;
}

static od_status hear_acknowledged(const od_followed *about, const char *channel, const od_value *data,
                                   od_value **memory, od_report *report, od_error *err) {
    if (strcmp(channel, OD_GENESYS_OUTBOUND) == 0)
        return hear_outbound(about->call, data, memory, report, err);
    return strcmp(channel, OD_GENESYS_INTERNAL) == 0 ? hear_chain(about->call, data, memory, report, err) : OD_OK;
}

static const od_following acknowledged = {
    .ask = ask_nothing, .learn = learn_acknowledged, .hear = hear_acknowledged
};
const od_settling od_genesys_acknowledged = {
    .channel = OD_GENESYS_OUTBOUND, .wait_ms = WAIT_MS, .following = &acknowledged
};

/* ---- the start of a session ---- */

static od_status ask_devices(const od_followed *about, const od_value *memory, const od_operation **operation,
                             od_value **params, od_error *err) {
    (void)memory;
    od_status status = od__vendor_operation(about->vendor, "get_devices", operation, err);
    if (status != OD_OK)
        return status;
    *params = od_value_new_object();
    return *params ? od__vendor_set_text(*params, "fields", "*", err) : od__error_no_memory(err);
}

/* The device that the session was asked for; NULL: any of the agent's. */
static const char *wanted_device(const od_value *options, const od_value *call) {
    const char *path = od_value_string(od_value_get(call, "devicePath"));
    return path ? path + strlen(OD_GENESYS_DEVICE_PREFIX) : od__vendor_option(options, "device_id", NULL);
}

static const od_value *logged_in(const od_value *devices, const od_value *wanted) {
    for (size_t i = 0; od_value_type(devices) == OD_TYPE_ARRAY && i < od_value_length(devices); i++) {
        const od_value *device = od_value_at(devices, i);
        const od_value *state = od_value_find(device, "/userState/state");
        if (od_value_string(state) && !od__genesys_is(state, "LoggedOut") &&
            (!wanted || same_text(od_value_get(device, "id"), wanted)))
            return device;
    }
    return NULL;
}

static od_status report_device(const od_value *device, const od_value *memory, od_report *report, od_error *err) {
    od_value *over = od_value_new_object();
    od_status status = over ? set_ref(over, "device", device, err) : od__error_no_memory(err);
    if (status == OD_OK)
        return report_result(report, od_value_get(memory, "answer"), over, err);
    od_value_unref(over);
    return status;
}

/* Where the channel of calls was not started, no device will log in because of it. */
static bool voice_failed(const od_value *result) {
    const od_value *failed = od_value_get(result, "failed");
    for (size_t i = 0; od_value_type(failed) == OD_TYPE_ARRAY && i < od_value_length(failed); i++)
        if (od__genesys_is(od_value_get(od_value_at(failed, i), "channel"), "voice"))
            return true;
    return false;
}

static od_status learn_devices(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                               od_error *err) {
    const od_value *result = reply->result;
    if (!result)
        return od__following_failed(reply->failure, LOOK_MS, report, err);
    if (reply->operation->session == OD_SESSION_STARTS) {
        const char *wanted = wanted_device(about->options, about->call);
        od_status status = od__genesys_remember(memory, "answer", od_value_ref(result), err);
        if (status == OD_OK && wanted)
            status = od__genesys_remember(memory, "device", od_value_new_string(wanted), err);
        if (status == OD_OK && voice_failed(result))
            return report_result(report, result, od_value_new_object(), err);
        return status;
    }
    const od_value *device = logged_in(od_value_get(result, "devices"), od_value_get(*memory, "device"));
    report->again_ms = LOOK_MS;
    return device ? report_device(device, *memory, report, err) : OD_OK;
}

static od_status hear_devices(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                              od_report *report, od_error *err) {
    (void)about;
    if (strcmp(channel, OD_GENESYS_DEVICES) != 0 || !od_value_get(*memory, "answer"))
        return OD_OK;
    const od_value *device = logged_in(od_value_get(data, "devices"), od_value_get(*memory, "device"));
    return device ? report_device(device, *memory, report, err) : OD_OK;
}

static const od_following devices = { .ask = ask_devices, .learn = learn_devices, .hear = hear_devices };
const od_settling od_genesys_logged_in = { .wait_ms = WAIT_MS, .following = &devices };
