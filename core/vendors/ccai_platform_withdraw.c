/* CCAI Platform: taking back a call that waits for its time or its turn, by the id that it got. */
#include "vendors/ccai_platform.h"

#include <string.h>

#include "base/error.h"

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    (void)memory;
    char id[OD_CCAI_ID_BYTES];
    if (!od__ccai_id_text(od_value_get(about->call, "id"), id))
        return od__error_at(err, OD_VALIDATION, "/id",
                            "expected the id of a call, got nothing: an agent has to act first, and can decline");
    od_status status = od__vendor_operation(about->vendor, "cancel_scheduled_call", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    status = made ? od__vendor_set_text(made, "id", id, err) : od__error_no_memory(err);
    return od__vendor_place_end(status, made, params);
}

/* A refusal in the vendor's own words says that the call is beyond taking back; it does not say whether it rang. */
static bool is_refusal(const od_error *failure) {
    return failure->code == OD_REJECTED || failure->code == OD_CONFLICT || failure->code == OD_NOT_FOUND;
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    (void)about;
    const od_error *failure = reply->failure;
    (void)memory;
    if (failure && !is_refusal(failure))
        return od__finding_failed(failure, err);
    if (failure) {
        od__vendor_not_withdrawn(report, failure->code != OD_NOT_FOUND, "the vendor refused to cancel it: %s",
                                 failure->message);
        return OD_OK;
    }
    char state[OD_CCAI_WORD_BYTES];
    od__ccai_word(od_value_get(reply->result, "status"), state);
    if (od_value_boolean(od_value_get(reply->result, "already")) || strcmp(state, "cancelled") == 0)
        report->done = report->withdrawn = true;
    else if (strcmp(state, "completed") == 0)
        od__vendor_not_withdrawn(report, true, "the call had been dialled");
    else
        od__vendor_not_withdrawn(report, true, "the call is %s", state[0] ? state : "in a state that was not told");
    return OD_OK;
}

const od_following od__ccai_withdrawing = { .ask = ask, .learn = learn };
