#include "store/judged.h"

#include <string.h>

#include "base/join.h"
#include "store/journal.h"

static bool write_place(const od_facts *facts, char out[OD_LIMIT_JUDGED_PLACE_BYTES]) {
    const char *zones = facts->zones != NULL ? facts->zones : "", *country = facts->country != NULL ? facts->country : "";
    const char *const parts[] = { zones, "|", country, NULL };
    return od__join(out, OD_LIMIT_JUDGED_PLACE_BYTES, parts) < OD_LIMIT_JUDGED_PLACE_BYTES;
}

bool od__judged_begin(const od_campaign_row *campaign, int64_t list_read_ms, const od_facts *facts, od_judged *out) {
    bool known = facts->history_count > 0 || facts->person_whole_from_ms != 0 || facts->number_whole_from_ms != 0 ||
                 facts->number_listed || facts->person_listed || facts->person_open || facts->number_open;
    out->campaign_id = campaign->id;
    out->revision = campaign->revision;
    out->list_read_ms = list_read_ms;
    out->ring_timeout_ms = facts->ring_timeout_ms;
    out->is_callback = facts->is_callback;
    return !known && write_place(facts, out->place);
}

static bool is_same(const od_judged *a, const od_judged *b) {
    return a->campaign_id == b->campaign_id && a->revision == b->revision && a->list_read_ms == b->list_read_ms &&
           a->ring_timeout_ms == b->ring_timeout_ms && a->is_callback == b->is_callback && strcmp(a->place, b->place) == 0;
}

/* Where it is, or goes. */
static od_judged *slot_of(od_work *work, const od_judged *judged) {
    for (size_t i = 0; i < work->judged_count && i < OD_LIMIT_JUDGED; i++) {
        od_judged *row = od__rulebook_judged(work, i);
        if (is_same(row, judged))
            return row;
    }
    return od__rulebook_judged(work, work->judged_count++ % OD_LIMIT_JUDGED);
}

od_status od__judged_find(od_work *work, od_judged *judged, bool *found, od_error *err) {
    int64_t after;
    od_status status = od__journal_last(work, &after, err);
    *found = false;
    for (size_t i = 0; status == OD_OK && !*found && i < work->judged_count && i < OD_LIMIT_JUDGED; i++) {
        const od_judged *row = od__rulebook_judged(work, i);
        *found = row->after == after && is_same(row, judged);
        if (*found)
            *judged = *row;
    }
    return status;
}

od_status od__judged_write(od_work *work, od_judged *judged, bool shared, const char *data, od_error *err) {
    od_status status = od__journal_last(work, &judged->after, err);
    if (status == OD_OK)
        status = od__execute(work->database, err, "INSERT INTO judgement(after, data) VALUES(?1, ?2)", "it", judged->after, data);
    if (status != OD_OK)
        return status;
    judged->id = od__database_last_id(work->database);
    if (shared)
        *slot_of(work, judged) = *judged;
    return OD_OK;
}

void od__judged_forget(od_work *work) {
    work->judged_count = 0;
}
