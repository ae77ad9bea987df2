/* CCAI Platform: following a call by the list of calls, the only read that the vendor documents. A call is known by its
 * id, and a lost one by its ticket alone: the list does not tell the number (R10). */
#include "vendors/ccai_platform.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define OVERLAP_MS 60000        /* a change may become visible late, and an intent may be written late */
#define LOOK_BACK_MS 86400000   /* how far back a call is looked for of which no time is known */
#define POLL_LEAST_MS 5000
#define POLL_MOST_MS 60000
#define POLL_SCHEDULED_MS 300000
#define PAGE_PAUSE_MS 200       /* half of the tenant's rate: the other half is for placing calls (R21) */
#define PAGES_AT_MOST 1000

/* ---- small things ---- */

static bool time_of(const od_value *call, const char *key, int64_t *unix_ms) {
    const char *text = od_value_string(od_value_get(call, key));
    return text && od__iso8601_parse(text, unix_ms);
}

static int64_t integer_of(const od_value *object, const char *key, int64_t otherwise) {
    const od_value *member = od_value_get(object, key);
    return member && od_value_type(member) == OD_TYPE_INTEGER ? od_value_integer(member) : otherwise;
}

static od_status set_integer(od_value *object, const char *key, int64_t value, od_error *err) {
    return od_value_set(object, key, od_value_new_integer(value), err);
}

/* ---- the question: one page of the calls that changed since then ---- */

static od_status ask_page(const od_vendor *vendor, int64_t since_ms, int64_t page, const od_operation **operation,
                          od_value **params, od_error *err) {
    od_status status = od__vendor_operation(vendor, "list_calls", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    char since[32];
    od__iso8601_format(since_ms > 0 ? since_ms : 0, since, sizeof since);
    status = od__vendor_set_text(made, "updated_at_from", since, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "sort_column", "updated_at", err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "sort_direction", "ASC", err);
    if (status == OD_OK)
        status = set_integer(made, "page", page, err);
    return od__vendor_place_end(status, made, params);
}

/* When the latest change of a page was, on the vendor's clock; 0 if it does not tell. */
static int64_t latest_change(const od_value *calls) {
    int64_t latest = 0, at_ms;
    for (size_t i = 0; i < od_value_length(calls); i++)
        if (time_of(od_value_at(calls, i), "updated_at", &at_ms) && at_ms > latest)
            latest = at_ms;
    return latest;
}

/* Goes on to the next page, or back to the first at the end of a round: says so in *round_over. A call that changes
 * meanwhile moves to the end of the list and lets another slip over the border of two pages, unseen; so the rest is asked
 * for by the time of the last change seen, and by the page's number only where that does not lead on. The header that
 * names the next page is missing at times, then the count of all calls decides. */
static od_status turn_page(od_value *memory, int64_t since_ms, const od_value *result, bool *round_over,
                           od_error *err) {
    const od_value *calls = od_value_get(result, "calls");
    int64_t page = integer_of(memory, "page", 1), pages = integer_of(memory, "pages", 0) + 1;
    int64_t seen = integer_of(memory, "seen", 0) + (int64_t)od_value_length(calls);
    int64_t next = integer_of(result, "next", 0), from = latest_change(calls) - 1;
    if (next <= page)
        next = 0; /* a link that leads back would never end */
    if (next == 0 && od_value_length(calls) > 0 && integer_of(result, "total", 0) > seen)
        next = page + 1;
    *round_over = next == 0;
    if (pages > PAGES_AT_MOST)
        return od__error_set(err, OD_PROTOCOL, "the list of calls has more than %d pages", PAGES_AT_MOST);
    bool by_time = next != 0 && from > integer_of(memory, "from", since_ms);
    bool by_number = next != 0 && !by_time;
    od_status status = set_integer(memory, "page", by_number ? next : 1, err);
    if (status == OD_OK)
        status = set_integer(memory, "seen", by_number ? seen : 0, err);
    if (status == OD_OK)
        status = set_integer(memory, "pages", *round_over ? 0 : pages, err);
    if (status == OD_OK && by_number)
        status = set_integer(memory, "numbered", 1, err);
    if (status == OD_OK && by_time)
        status = set_integer(memory, "from", from, err);
    if (status == OD_OK && *round_over)
        od__value_remove(memory, "from");
    return status;
}

/* ---- finding a lost call: by its ticket, type and time, exactly one ---- */

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

static int64_t earliest(const od_value *call) {
    return (int64_t)(od_value_number(od_value_get(call, "at")) * 1000) - OVERLAP_MS;
}

static od_status ask_find(const od_vendor *vendor, const od_value *call, const od_value *memory,
                          const od_operation **operation, od_value **params, od_error *err) {
    char ticket[OD_CCAI_ID_BYTES];
    if (!ticket_of(call, ticket))
        return od__error_set(err, OD_VALIDATION, "a CCAI call without a ticket cannot be looked up");
    if (!od__ccai_is_set(call, "at"))
        return od__error_at(err, OD_VALIDATION, "/at", "expected a time in Unix seconds, got nothing");
    return ask_page(vendor, integer_of(memory, "from", earliest(call)), integer_of(memory, "page", 1), operation, params,
                    err);
}

static bool is_hit(const od_value *wanted, const char *ticket, const od_value *listed) {
    int64_t created_ms;
    char theirs[OD_CCAI_ID_BYTES];
    const char *type = od__ccai_call_type(od_value_string(od_value_get(listed, "call_type")));
    return od__ccai_id_text(od_value_get(listed, "out_ticket_id"), theirs) && strcmp(theirs, ticket) == 0 && type &&
           strcmp(type, type_of(wanted)) == 0 && time_of(listed, "created_at", &created_ms) &&
           created_ms >= earliest(wanted);
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

static od_status make_found(const od_vendor *vendor, const od_value *wanted, const od_value *hits, od_report *report,
                            od_error *err) {
    void *cursor = NULL;
    const char *id;
    const od_value *state;
    (void)od_value_next(hits, &cursor, &id, &state);
    od_value *found = od_value_new_object();
    if (!found)
        return od__error_no_memory(err);
    bool dialled = od__ccai_dialled(type_of(wanted), od_value_string(state));
    od_status status = od__vendor_set_text(found, "id", id, err);
    if (status == OD_OK)
        status = od__vendor_set_text(found, "state", dialled ? "placed" : "handed_off", err);
    if (status == OD_OK)
        status = od__vendor_set_text(found, "vendor", vendor->name, err);
    if (status == OD_OK)
        status = od__vendor_set_text(found, "token", od_value_string(od_value_get(wanted, "token")), err);
    report->found = true;
    return od__vendor_place_end(status, found, &report->call);
}

static od_status learn_find(const od_vendor *vendor, const od_value *wanted, const od_value *result, od_value *memory,
                            od_report *report, od_error *err) {
    bool over = false;
    od_status status = OD_OK;
    if (!od_value_get(memory, "hits"))
        status = od_value_set(memory, "hits", od_value_new_object(), err);
    if (status == OD_OK)
        status = add_hits(memory, wanted, od_value_get(result, "calls"), err);
    if (status == OD_OK)
        status = turn_page(memory, earliest(wanted), result, &over, err);
    if (status != OD_OK || !over) {
        report->again_ms = PAGE_PAUSE_MS;
        return status;
    }
    const od_value *hits = od_value_get(memory, "hits");
    report->done = true;
    return od_value_length(hits) == 1 ? make_found(vendor, wanted, hits, report, err) : OD_OK;
}

/* ---- tracking a call, and the calls that the platform makes in its place ---- */

/* By the vendor's clock or by ours, whichever is earlier: what is asked for too early is only more to read. */
static int64_t first_since(const od_value *call, int64_t now_ms) {
    int64_t created_ms, since_ms = now_ms - LOOK_BACK_MS;
    bool created = time_of(od_value_get(call, "response"), "created_at", &created_ms);
    bool meant = od__ccai_is_set(call, "at");
    if (created)
        since_ms = created_ms - OVERLAP_MS;
    return meant && (!created || earliest(call) < since_ms) ? earliest(call) : since_ms;
}

static od_status ask_track(const od_vendor *vendor, const od_value *call, const od_value *memory, int64_t now_ms,
                           const od_operation **operation, od_value **params, od_error *err) {
    char id[OD_CCAI_ID_BYTES];
    if (!od__ccai_id_text(od_value_get(call, "id"), id))
        return od__error_at(err, OD_VALIDATION, "/id",
                            "expected the id of a call, got nothing (an agent has to act first)");
    int64_t since = integer_of(memory, "since", first_since(call, now_ms));
    return ask_page(vendor, integer_of(memory, "from", since), integer_of(memory, "page", 1), operation, params, err);
}

static const char *const kept_members[] = {
    "id", "parent_id", "status", "sub_status", "fail_reason", "fail_details", "finish_reason", "disconnected_by",
    "scheduled_at", "connected_at", "ends_at", "call_duration", NULL
};

/* What of a call tells how it ended: new, or NULL when memory runs out. */
static od_value *gist_of(const od_value *call) {
    od_value *gist = od_value_new_object();
    for (const char *const *key = kept_members; gist && *key; key++) {
        if (od__ccai_is_set(call, *key) && od_value_set(gist, *key, od_value_ref(od_value_get(call, *key)), NULL) != OD_OK) {
            od_value_unref(gist);
            gist = NULL;
        }
    }
    return gist;
}

/* Puts a listed call into the family if it belongs there: under its id what it tells. */
static od_status add_relative(od_value *family, const od_value *listed, bool *grew, od_error *err) {
    char id[OD_CCAI_ID_BYTES], parent[OD_CCAI_ID_BYTES];
    if (!od__ccai_id_text(od_value_get(listed, "id"), id))
        return OD_OK;
    bool known = od_value_get(family, id) != NULL;
    if (!known && !(od__ccai_id_text(od_value_get(listed, "parent_id"), parent) && od_value_get(family, parent)))
        return OD_OK;
    *grew = *grew || !known;
    return od_value_set(family, id, gist_of(listed), err);
}

static od_status add_relatives(od_value *memory, const od_value *calls, od_error *err) {
    od_value *family = (od_value *)(uintptr_t)od_value_get(memory, "family");
    od_status status = OD_OK;
    bool grew = true;
    while (status == OD_OK && grew) { /* a child may be listed before its parent */
        grew = false;
        for (size_t i = 0; status == OD_OK && i < od_value_length(calls); i++)
            status = add_relative(family, od_value_at(calls, i), &grew, err);
    }
    return status;
}

/* The next round begins a while before the latest change of this one, by the vendor's own clock; but where pages were
 * asked for by number a call may have slipped through, and all is read again. */
static od_status end_round(od_value *memory, od_error *err) {
    int64_t since = integer_of(memory, "newest", 0) - OVERLAP_MS;
    bool numbered = integer_of(memory, "numbered", 0) != 0;
    od__value_remove(memory, "numbered");
    return !numbered && since > integer_of(memory, "since", 0) ? set_integer(memory, "since", since, err) : OD_OK;
}

static od_status begin_track(od_value *memory, const od_value *call, int64_t now_ms, od_error *err) {
    if (od_value_get(memory, "family"))
        return OD_OK;
    od_value *family = od_value_new_object();
    char id[OD_CCAI_ID_BYTES];
    (void)od__ccai_id_text(od_value_get(call, "id"), id);
    od_status status = family ? od_value_set(family, id, od_value_new_object(), err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(memory, "family", od_value_ref(family), err);
    od_value_unref(family);
    if (status == OD_OK)
        status = set_integer(memory, "began", now_ms, err);
    return status == OD_OK ? set_integer(memory, "since", first_since(call, now_ms), err) : status;
}

/* How the family stands: the member that decides, and whether all is over. */
typedef struct standing {
    const od_value *live, *ended, *failed; /* the latest of each, NULL if there is none */
    int64_t failures;
} standing;

static standing stand(const od_value *family) {
    standing all = { .live = NULL };
    int64_t latest[OD_CCAI_UNSURE] = { -1, -1, -1 };
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (od_value_next(family, &cursor, &key, &member)) {
        od_ccai_phase phase = od__ccai_phase(member);
        int64_t id = integer_of(member, "id", 0);
        all.failures += phase == OD_CCAI_FAILED;
        if (id < latest[phase])
            continue;
        latest[phase] = id;
        *(phase == OD_CCAI_LIVE ? &all.live : phase == OD_CCAI_ENDED ? &all.ended : &all.failed) = member;
    }
    return all;
}

static od_status tell(const od_value *member, od_report *report, od_error *err) {
    od_outcome_row outcome = od__ccai_outcome(member);
    report->done = true;
    report->kind = outcome.kind;
    report->rang = outcome.rang;
    if (!time_of(member, "ends_at", &report->at_ms))
        report->at_ms = 0;
    report->raw = od__value_copy(member);
    return report->raw ? OD_OK : od__error_no_memory(err);
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

/* The longer it takes, the seldomer it is asked; before its time a scheduled call can only be canceled. */
static int64_t pause_before_next_round(const od_value *memory, const od_value *live, int64_t now_ms) {
    int64_t due_ms, pause = clamp((now_ms - integer_of(memory, "began", now_ms)) / 10, POLL_LEAST_MS, POLL_MOST_MS);
    char word[OD_CCAI_WORD_BYTES];
    od__ccai_word(od_value_get(live, "status"), word);
    if (strcmp(word, "scheduled") != 0 || !time_of(live, "scheduled_at", &due_ms) || due_ms <= now_ms)
        return pause;
    return clamp(due_ms - now_ms, POLL_LEAST_MS, POLL_SCHEDULED_MS);
}

/* A call that failed may be made again by the platform: for a while its end is not told (R23). */
static od_status wait_for_child(const od_value *options, const standing *all, int64_t now_ms, od_value *memory,
                                od_report *report, od_error *err) {
    int64_t wait_ms = integer_of(options, "redial_within", OD_CCAI_REDIAL_S) * 1000, since_ms = now_ms;
    od_status status = OD_OK;
    if (integer_of(memory, "failures", 0) == all->failures)
        since_ms = integer_of(memory, "failed", now_ms);
    else if ((status = set_integer(memory, "failures", all->failures, err)) == OD_OK)
        status = set_integer(memory, "failed", now_ms, err);
    if (status != OD_OK)
        return status;
    if (now_ms >= since_ms + wait_ms)
        return tell(all->failed, report, err);
    int64_t pause = pause_before_next_round(memory, NULL, now_ms), left = since_ms + wait_ms - now_ms;
    report->again_ms = pause < left ? pause : left;
    return OD_OK;
}

static od_status judge(const od_value *options, int64_t now_ms, od_value *memory, od_report *report, od_error *err) {
    const standing all = stand(od_value_get(memory, "family"));
    if (all.live) {
        report->again_ms = pause_before_next_round(memory, all.live, now_ms);
        return OD_OK;
    }
    return all.ended ? tell(all.ended, report, err) : wait_for_child(options, &all, now_ms, memory, report, err);
}

static od_status learn_track(const od_value *options, const od_value *call, const od_value *result, int64_t now_ms,
                             od_value *memory, od_report *report, od_error *err) {
    const od_value *calls = od_value_get(result, "calls");
    bool over = false;
    od_status status = begin_track(memory, call, now_ms, err);
    if (status == OD_OK)
        status = add_relatives(memory, calls, err);
    int64_t newest = integer_of(memory, "newest", 0), here = latest_change(calls);
    if (status == OD_OK && here > newest)
        status = set_integer(memory, "newest", here, err);
    if (status == OD_OK)
        status = turn_page(memory, integer_of(memory, "since", 0), result, &over, err);
    if (status != OD_OK || !over) {
        report->again_ms = PAGE_PAUSE_MS;
        return status;
    }
    status = end_round(memory, err);
    return status == OD_OK ? judge(options, now_ms, memory, report, err) : status;
}

/* ---- the two together ---- */

static od_status ask(const od_vendor *vendor, const od_value *options, od_purpose purpose, const od_value *call,
                     const od_value *memory, int64_t now_ms, const od_operation **operation, od_value **params,
                     od_error *err) {
    (void)options;
    return purpose == OD_PURPOSE_FIND ? ask_find(vendor, call, memory, operation, params, err)
                                      : ask_track(vendor, call, memory, now_ms, operation, params, err);
}

static od_status learn(const od_vendor *vendor, const od_value *options, od_purpose purpose, const od_value *call,
                       const od_operation *operation, const od_value *result, const od_error *failure, int64_t now_ms,
                       od_value **memory, od_report *report, od_error *err) {
    (void)operation;
    if (failure && purpose == OD_PURPOSE_TRACK)
        return od__following_failed(failure, POLL_LEAST_MS, report, err);
    if (failure)
        return od__finding_failed(failure, err);
    od_value *learned = *memory ? od__value_copy(*memory) : od_value_new_object();
    if (!learned)
        return od__error_no_memory(err);
    od_status status = purpose == OD_PURPOSE_FIND
                           ? learn_find(vendor, call, result, learned, report, err)
                           : learn_track(options, call, result, now_ms, learned, report, err);
    if (status != OD_OK) {
        od_value_unref(learned);
        return status;
    }
    od_value_unref(*memory);
    *memory = learned;
    return OD_OK;
}

const od_following od__ccai_following = { .ask = ask, .learn = learn };
