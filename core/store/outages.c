/* Vendors that were out of order when a worker last asked, so that the next run does not begin by flooding them. */
#include "base/error.h"
#include "store/verbs.h"

#define PREFIX "outage:"

static od_status write_outage(od_work *work, const od_value *params, od_error *err) {
    const char *vendor = od__param_text(params, "vendor");
    int64_t until_ms = od__param_integer(params, "until_ms", 0);
    if (until_ms == 0)
        return od__execute(work->database, err, "DELETE FROM meta WHERE key = '" PREFIX "' || ?1", "t", vendor);
    return od__execute(work->database, err,
                       "INSERT OR REPLACE INTO meta(key, value) VALUES('" PREFIX "' || ?1, json_object('until_ms', ?2,"
                       " 'pause_ms', ?3))",
                       "tii", vendor, until_ms, od__param_integer(params, "pause_ms", 0));
}

static od_status read_outages(od_work *work, od_value *outages, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    od__query(&query, work->database, err,
              "SELECT substr(key, length('" PREFIX "') + 1), value ->> 'until_ms', value ->> 'pause_ms' FROM meta"
              " WHERE key >= '" PREFIX "' AND key < 'outage;'", ""); /* ';' comes after ':' */
    while (status == OD_OK && od__query_row(&query)) {
        od_value *made = NULL;
        od_maker maker;
        od__make(&maker, err);
        od__make_integer_column(&maker, "until_ms", &query, 1);
        od__make_integer_column(&maker, "pause_ms", &query, 2);
        status = od__made(&maker, &made);
        if (status == OD_OK)
            status = od_value_set(outages, od__query_text(&query, 0), made, err);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

od_status od__verb_outages(od_work *work, const od_value *params, od_value **result, od_error *err) {
    od_value *outages = od_value_new_object();
    od_status status = outages != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK && od__param_text(params, "vendor") != NULL)
        status = write_outage(work, params, err);
    if (status == OD_OK)
        status = read_outages(work, outages, err);
    if (status != OD_OK) {
        od_value_unref(outages);
        return status;
    }
    od_maker maker;
    od__make(&maker, err);
    od__make_value(&maker, "outages", outages);
    return od__made(&maker, result);
}
