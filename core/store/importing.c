#include "store/importing.h"

#include "base/memory.h"

od_importing *od__importing_new(int64_t campaign_id) {
    od_importing *importing = od__calloc(1, sizeof(*importing));
    if (importing == NULL)
        return NULL;
    atomic_init(&importing->holders, 1);
    atomic_init(&importing->over, false);
    importing->campaign_id = campaign_id;
    return importing;
}

od_importing *od__importing_hold(od_importing *importing) {
    atomic_fetch_add(&importing->holders, 1);
    return importing;
}

void od__importing_release(od_importing *importing) {
    if (importing != NULL && atomic_fetch_sub(&importing->holders, 1) == 1)
        od__free(importing);
}

void od__importing_make(od_work *work, od_maker *maker) {
    const od_importing *importing = work->core->importing;
    if (importing == NULL || atomic_load(&importing->over))
        return;
    od_maker inner;
    od_query query;
    od_value *made = NULL;
    od__make(&inner, maker->err);
    od__query(&query, work->database, maker->err, "SELECT name FROM campaign WHERE id = ?1", "i", importing->campaign_id);
    if (od__query_row(&query))
        od__make_column(&inner, "campaign", &query, 0);
    od__make_failed(&inner, od__query_end(&query));
    od__make_integer(&inner, "bytes_done", importing->bytes_done);
    od__make_integer(&inner, "bytes_total", importing->bytes_total);
    od__make_integer(&inner, "rows", importing->rows);
    od__make_integer(&inner, "merged", importing->merged);
    od__make_failed(maker, od__made(&inner, &made));
    if (made != NULL)
        od__make_value(maker, "importing", made);
}
