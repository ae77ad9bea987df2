#include "store/journal.h"

/* The row id of something, NULL for 0. */
#define ID(n) "nullif(?" #n ", 0)"

od_status od__journal(od_work *work, const od_entry *entry, od_error *err) {
    return od__journal_execute(work, err,
                       "INSERT INTO journal(at_ms, campaign_id, contact_id, attempt_id, leg_id, event, by_whom, data)"
                       " VALUES(?1, " ID(2) ", " ID(3) ", " ID(4) ", " ID(5) ", ?6, ?7,"
                       " CASE WHEN ?8 IS NULL THEN ?9 ELSE json_object('text', ?8) END)",
                       "iiiiitttt", work->wall_ms, entry->campaign_id, entry->contact_id, entry->attempt_id, entry->leg_id,
                       entry->event, entry->by, entry->text, entry->data);
}

void od__journal_forget(od_work *work) {
    work->journal_known = false;
}

od_status od__journal_last(od_work *work, int64_t *out, od_error *err) {
    od_status status = OD_OK;
    if (!work->journal_known) {
        od_query query;
        work->journal_last = 0;
        od__query(&query, work->database, err, "SELECT coalesce(max(id), 0) FROM journal", "");
        if (od__query_row(&query))
            work->journal_last = od__query_integer(&query, 0);
        status = od__query_end(&query);
        work->journal_known = status == OD_OK;
    }
    *out = work->journal_last;
    return status;
}
