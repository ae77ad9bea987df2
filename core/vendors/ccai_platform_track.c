/* CCAI Platform: tracking calls, and those that the platform makes in their place: all are read out of one list. */
#include "vendors/ccai_platform.h"

#include <string.h>

#include "base/error.h"

#define LOOK_BACK_MS 86400000   /* how far back a call is looked for of which no time is known */
#define GAP_MS 1000             /* between rounds, while calls keep coming */
#define POLL_LEAST_MS 5000
#define POLL_MOST_MS 60000
#define POLL_SCHEDULED_MS 300000

/* ---- the questions of a round ---- */

/* By the vendor's clock or by ours, whichever is earlier: what is asked for too early is only more to read. */
static int64_t first_since(const od_value *call, int64_t now_ms) {
    int64_t created_ms, since_ms = now_ms - LOOK_BACK_MS;
    bool created = od__ccai_time(od_value_get(call, "response"), "created_at", &created_ms);
    bool meant = od__ccai_is_set(call, "at");
    if (created)
        since_ms = created_ms - OD_CCAI_OVERLAP_MS;
    return meant && (!created || od__ccai_earliest(call) < since_ms) ? od__ccai_earliest(call) : since_ms;
}

static od_status since_of(const od_followed *about, const od_value *memory, int64_t *since_ms, od_error *err) {
    char id[OD_CCAI_ID_BYTES];
    if (!od__ccai_id_text(od_value_get(about->call, "id"), id))
        return od__error_at(err, OD_VALIDATION, "/id",
                            "expected the id of a call, got nothing (an agent has to act first)");
    *since_ms = od__ccai_integer(memory, "since", first_since(about->call, about->now_ms));
    return OD_OK;
}

/* ---- what a page tells: of each call under its id, and under that of the call in whose place it was made ---- */

static od_value *part_of(const od_value *object, const char *key) {
    return (od_value *)(uintptr_t)od_value_get(object, key);
}

static od_status enter_child(od_value *children, const char *parent, const char *id, od_error *err) {
    od_value *siblings = part_of(children, parent);
    od_status status = OD_OK;
    if (!siblings) {
        siblings = od_value_new_array();
        status = siblings ? od_value_set(children, parent, siblings, err) : od__error_no_memory(err);
    }
    return status == OD_OK ? od_value_add(siblings, od_value_new_string(id), err) : status;
}

static od_status enter_call(od_value *round, const od_value *listed, od_error *err) {
    char id[OD_CCAI_ID_BYTES], parent[OD_CCAI_ID_BYTES];
    if (!od__ccai_id_text(od_value_get(listed, "id"), id))
        return OD_OK;
    od_status status = od_value_set(part_of(round, "calls"), id, od_value_ref(listed), err);
    if (status == OD_OK && od__ccai_id_text(od_value_get(listed, "parent_id"), parent))
        status = enter_child(part_of(round, "children"), parent, id, err);
    return status;
}

static od_status enter_page(od_value *round, const od_value *calls, od_error *err) {
    od_status status = od_value_set(round, "calls", od_value_new_object(), err);
    if (status == OD_OK)
        status = od_value_set(round, "children", od_value_new_object(), err);
    for (size_t i = 0; status == OD_OK && i < od_value_length(calls); i++)
        status = enter_call(round, od_value_at(calls, i), err);
    return status;
}

/* A round that has too many pages is cut short: those calls for which its first page had to be read, too, can hope for no more;
 * `first` tells them apart. */
static od_status turn(int64_t since_ms, const od_value *result, od_value **memory, bool *over, od_error *err) {
    const od_value *calls = od_value_get(result, "calls");
    int64_t latest = od__ccai_latest_change(calls);
    if (!*memory && !(*memory = od_value_new_object()))
        return od__error_no_memory(err);
    od_value *round = *memory;
    od_status status = enter_page(round, calls, err);
    if (status == OD_OK && od__ccai_integer(round, "pages", 0) == 0)
        status = od__ccai_set_integer(round, "first", latest, err);
    if (status == OD_OK && latest > od__ccai_integer(round, "newest", 0))
        status = od__ccai_set_integer(round, "newest", latest, err);
    if (status == OD_OK)
        status = od__ccai_turn_page(round, since_ms, result, over, err);
    bool cut = od__ccai_too_many_pages(round);
    *over = *over || cut;
    return status == OD_OK && cut ? od__ccai_set_integer(round, "cut", 1, err) : status;
}

/* ---- what a call learns ---- */

static const char *const kept_members[] = {
    "id", "parent_id", "status", "sub_status", "fail_reason", "fail_details", "finish_reason", "disconnected_by",
    "scheduled_at", "connected_at", "ends_at", "call_duration", NULL
};

/* What of a call tells how it ended: new, or NULL when memory runs out. */
static od_value *gist_of(const od_value *call) {
    od_value *gist = od_value_new_object();
    for (const char *const *key = kept_members; gist && *key; key++) {
        const od_value *member = od_value_get(call, *key);
        if (od__ccai_is_set(call, *key) && od_value_set(gist, *key, od_value_ref(member), NULL) != OD_OK) {
            od_value_unref(gist);
            gist = NULL;
        }
    }
    return gist;
}

/* Whether the page has anything of a family. */
static bool tells_of(const od_value *round, const od_value *family) {
    void *cursor = NULL;
    const char *id;
    const od_value *member;
    while (od_value_next(family, &cursor, &id, &member))
        if (od_value_get(od_value_get(round, "calls"), id) || od_value_get(od_value_get(round, "children"), id))
            return true;
    return false;
}

/* Adds the ids of the calls that were made in place of this one, where the family does not have them. */
static od_status add_children(const od_value *round, const char *id, od_value *family, od_value *ids, od_error *err) {
    const od_value *children = od_value_get(od_value_get(round, "children"), id);
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(children); i++) {
        const od_value *child = od_value_at(children, i);
        if (od_value_get(family, od_value_string(child)))
            continue;
        status = od_value_set(family, od_value_string(child), od_value_new_object(), err);
        if (status == OD_OK)
            status = od_value_add(ids, od_value_ref(child), err);
    }
    return status;
}

static od_value *ids_of(const od_value *family) {
    od_value *ids = od_value_new_array();
    void *cursor = NULL;
    const char *id;
    const od_value *member;
    while (ids && od_value_next(family, &cursor, &id, &member)) {
        if (od_value_add(ids, od_value_new_string(id), NULL) != OD_OK) {
            od_value_unref(ids);
            ids = NULL;
        }
    }
    return ids;
}

/* Notes what the page tells of the family, and of those that it finds to belong to it. */
static od_status add_relatives(od_value *family, const od_value *round, od_error *err) {
    od_value *ids = ids_of(family);
    od_status status = ids ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; status == OD_OK && i < od_value_length(ids); i++) {
        const char *id = od_value_string(od_value_at(ids, i));
        const od_value *listed = od_value_get(od_value_get(round, "calls"), id);
        if (listed)
            status = od_value_set(family, id, gist_of(listed), err);
        if (status == OD_OK)
            status = add_children(round, id, family, ids, err);
    }
    od_value_unref(ids);
    return status;
}

/* The next round begins a while before the latest change of this one, by the vendor's own clock; but where pages were
 * asked for by number a call may have slipped through, and all is read again. */
static od_status end_round(od_value *memory, const od_value *round, od_error *err) {
    int64_t since = od__ccai_integer(round, "newest", 0) - OD_CCAI_OVERLAP_MS;
    bool numbered = od__ccai_integer(round, "numbered", 0) != 0;
    return !numbered && since > od__ccai_integer(memory, "since", 0) ? od__ccai_set_integer(memory, "since", since, err) : OD_OK;
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
        status = od__ccai_set_integer(memory, "began", now_ms, err);
    return status == OD_OK ? od__ccai_set_integer(memory, "since", first_since(call, now_ms), err) : status;
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
        int64_t id = od__ccai_integer(member, "id", 0);
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
    if (!od__ccai_time(member, "ends_at", &report->at_ms))
        report->at_ms = 0;
    report->raw = od__value_copy(member);
    return report->raw ? OD_OK : od__error_no_memory(err);
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

/* The longer it takes, the seldomer it is asked; before its time a scheduled call can only be canceled. */
static int64_t pause_before_next_round(const od_value *memory, const od_value *live, int64_t now_ms) {
    int64_t due_ms, pause = clamp((now_ms - od__ccai_integer(memory, "began", now_ms)) / 10, POLL_LEAST_MS, POLL_MOST_MS);
    char word[OD_CCAI_WORD_BYTES];
    od__ccai_word(od_value_get(live, "status"), word);
    if (strcmp(word, "scheduled") != 0 || !od__ccai_time(live, "scheduled_at", &due_ms) || due_ms <= now_ms)
        return pause;
    return clamp(due_ms - now_ms, POLL_LEAST_MS, POLL_SCHEDULED_MS);
}

/* A call that failed may be made again by the platform: for a while its end is not told (R23). */
static od_status wait_for_child(const od_value *options, const standing *all, int64_t now_ms, od_value *memory,
                                od_report *report, od_error *err) {
    int64_t wait_ms = od__ccai_integer(options, "redial_within", OD_CCAI_REDIAL_S) * 1000, since_ms = now_ms;
    od_status status = OD_OK;
    if (od__ccai_integer(memory, "failures", 0) == all->failures)
        since_ms = od__ccai_integer(memory, "failed", now_ms);
    else if ((status = od__ccai_set_integer(memory, "failures", all->failures, err)) == OD_OK)
        status = od__ccai_set_integer(memory, "failed", now_ms, err);
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

/* Of a round that was cut short. */
static od_status go_without(const od_value *memory, const od_value *round, od_report *report, od_error *err) {
    int64_t first = od__ccai_integer(round, "first", 0);
    report->again_ms = POLL_LEAST_MS;
    return first == 0 || od__ccai_integer(memory, "since", 0) <= first ? od__ccai_refuse_pages(err) : OD_OK;
}

static od_status learn_page(const od_followed *about, const od_value *round, bool over, od_value *memory,
                            od_report *report, od_error *err) {
    od_status status = begin_track(memory, about->call, about->now_ms, err);
    if (status == OD_OK)
        status = add_relatives(part_of(memory, "family"), round, err);
    if (status != OD_OK || !over)
        return status;
    if (od__ccai_integer(round, "cut", 0) != 0)
        return go_without(memory, round, report, err);
    status = end_round(memory, round, err);
    return status == OD_OK ? judge(about->options, about->now_ms, memory, report, err) : status;
}

static od_status learn_track(const od_followed *about, const od_value *round, bool over, const od_error *failure,
                             od_value **memory, od_report *report, od_error *err) {
    if (failure)
        return od__following_failed(failure, POLL_LEAST_MS, report, err);
    if (!over && *memory && !tells_of(round, od_value_get(*memory, "family")))
        return OD_OK;
    od_value *learned = *memory ? od__value_copy(*memory) : od_value_new_object();
    if (!learned)
        return od__error_no_memory(err);
    return od__ccai_keep(learn_page(about, round, over, learned, report, err), learned, memory);
}

const od_rounds od__ccai_rounds = { .gap_ms = GAP_MS, .pause_ms = OD_CCAI_PAGE_PAUSE_MS, .since = since_of,
                                  .ask = od__ccai_ask_page, .turn = turn, .learn = learn_track };
