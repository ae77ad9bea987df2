/* CCAI Platform: finding a lost call in the list of calls. It is known by its ticket alone: the list does not tell the number
 * (R10). */
#include "vendors/ccai_platform.h"

#include <string.h>

#include "base/error.h"

/* ---- what it is known by: its ticket, type and time; exactly one may have them ---- */

/* Returns false if the call has no ticket. */
static bool ticket_of(const od_value *call, char out[OD_CCAI_ID_BYTES]) {
    return od__ccai_id_text(od_value_find(call, "/fields/ticket_id"), out) ||
           od__ccai_id_text(od_value_find(call, "/ticket_id"), out) ||
           od__ccai_id_text(od_value_find(call, "/response/out_ticket_id"), out);
}

static const char *type_of(const od_value *call) {
    const char *type = od_value_string(od_value_find(call, "/fields/call_type"));
    return type ? od__ccai_call_type(type) : OD_CCAI_OUTBOUND;
}

static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    char ticket[OD_CCAI_ID_BYTES];
    if (!ticket_of(about->call, ticket))
        return od__error_set(err, OD_VALIDATION, "a CCAI call without a ticket cannot be looked up");
    if (!od__ccai_is_set(about->call, "at"))
        return od__error_at(err, OD_VALIDATION, "/at", "expected a time in Unix seconds, got nothing");
    return od__ccai_ask_page(about->vendor, od__ccai_earliest(about->call), memory, operation, params, err);
}

static bool is_hit(const od_value *wanted, const char *ticket, const od_value *listed) {
    int64_t created_ms;
    char theirs[OD_CCAI_ID_BYTES];
    const char *type = od__ccai_call_type(od_value_string(od_value_get(listed, "call_type")));
    return od__ccai_id_text(od_value_get(listed, "out_ticket_id"), theirs) && strcmp(theirs, ticket) == 0 && type &&
           strcmp(type, type_of(wanted)) == 0 && od__ccai_time(listed, "created_at", &created_ms) &&
           created_ms >= od__ccai_earliest(wanted);
}

/* Adds the hits of a page to those of the pages before; one may come twice, when the list moves meanwhile. */
static od_status add_hits(od_value *memory, const od_value *wanted, const od_value *calls, od_error *err) {
    char ticket[OD_CCAI_ID_BYTES], id[OD_CCAI_ID_BYTES];
    (void)ticket_of(wanted, ticket);
    od_value *hits = (od_value *)(uintptr_t)od_value_get(memory, "hits");
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(calls); i++) {
        const od_value *listed = od_value_at(calls, i), *state = od_value_get(listed, "status");
        if (is_hit(wanted, ticket, listed) && od__ccai_id_text(od_value_get(listed, "id"), id))
            status = od_value_set(hits, id, state ? od_value_ref(state) : od_value_new_null(), err);
    }
    return status;
}

static od_status make_found(const od_followed *about, const od_value *hits, od_report *report, od_error *err) {
    void *cursor = NULL;
    const char *id;
    const od_value *state;
    (void)od_value_next(hits, &cursor, &id, &state);
    bool dialled = od__ccai_dialled(type_of(about->call), od_value_string(state));
    return od__vendor_found_id(about, id, dialled ? "placed" : "handed_off", report, err);
}

static od_status learn_page(const od_followed *about, const od_value *result, od_value *memory, od_report *report,
                            od_error *err) {
    bool over = false;
    od_status status = OD_OK;
    if (!od_value_get(memory, "hits"))
        status = od_value_set(memory, "hits", od_value_new_object(), err);
    if (status == OD_OK)
        status = add_hits(memory, about->call, od_value_get(result, "calls"), err);
    if (status == OD_OK)
        status = od__ccai_turn_page(memory, od__ccai_earliest(about->call), result, &over, err);
    if (status == OD_OK && od__ccai_too_many_pages(memory))
        status = od__ccai_refuse_pages(err);
    if (status != OD_OK || !over) {
        report->again_ms = OD_CCAI_PAGE_PAUSE_MS;
        return status;
    }
    const od_value *hits = od_value_get(memory, "hits");
    report->done = true;
    return od_value_length(hits) == 1 ? make_found(about, hits, report, err) : OD_OK;
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    if (reply->failure)
        return od__finding_failed(reply->failure, err);
    od_value *learned = *memory ? od__value_copy(*memory) : od_value_new_object();
    if (!learned)
        return od__error_no_memory(err);
    return od__ccai_keep(learn_page(about, reply->result, learned, report, err), learned, memory);
}

const od_following od__ccai_following = { .ask = ask, .learn = learn, .rounds = &od__ccai_rounds };
