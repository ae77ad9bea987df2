/* CCAI Platform: the list of calls, the only read of calls that the vendor documents: what changed since a time, page by
 * page. */
#include "vendors/ccai_platform.h"

#include "base/error.h"

#define PAGES_AT_MOST 1000

/* ---- small things ---- */

bool od__ccai_time(const od_value *call, const char *key, int64_t *unix_ms) {
    const char *text = od_value_string(od_value_get(call, key));
    return text && od__iso8601_parse(text, unix_ms);
}

int64_t od__ccai_integer(const od_value *object, const char *key, int64_t otherwise) {
    const od_value *member = od_value_get(object, key);
    return member && od_value_type(member) == OD_TYPE_INTEGER ? od_value_integer(member) : otherwise;
}

od_status od__ccai_set_integer(od_value *object, const char *key, int64_t value, od_error *err) {
    return od_value_set(object, key, od_value_new_integer(value), err);
}

int64_t od__ccai_earliest(const od_value *call) {
    return (int64_t)(od_value_number(od_value_get(call, "at")) * 1000) - OD_CCAI_OVERLAP_MS;
}

od_status od__ccai_keep(od_status status, od_value *learned, od_value **memory) {
    od_value_unref(status == OD_OK ? *memory : learned);
    if (status == OD_OK)
        *memory = learned;
    return status;
}

/* ---- pages ---- */

od_status od__ccai_ask_page(const od_vendor *vendor, int64_t since_ms, const od_value *memory,
                            const od_operation **operation, od_value **params, od_error *err) {
    int64_t from = od__ccai_integer(memory, "from", since_ms);
    od_status status = od__vendor_operation(vendor, "list_calls", operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (!made)
        return od__error_no_memory(err);
    char since[32];
    od__iso8601_format(from > 0 ? from : 0, since, sizeof since);
    status = od__vendor_set_text(made, "updated_at_from", since, err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "sort_column", "updated_at", err);
    if (status == OD_OK)
        status = od__vendor_set_text(made, "sort_direction", "ASC", err);
    if (status == OD_OK)
        status = od__ccai_set_integer(made, "page", od__ccai_integer(memory, "page", 1), err);
    return od__vendor_place_end(status, made, params);
}

int64_t od__ccai_latest_change(const od_value *calls) {
    int64_t latest = 0, at_ms;
    for (size_t i = 0; i < od_value_length(calls); i++)
        if (od__ccai_time(od_value_at(calls, i), "updated_at", &at_ms) && at_ms > latest)
            latest = at_ms;
    return latest;
}

/* A call that changes meanwhile moves to the end of the list and lets another slip over the border of two pages, unseen; so
 * the rest is asked for by the time of the last change seen, and by the page's number only where that does not lead on. The
 * header that names the next page is missing at times, then the count of all calls decides. */
od_status od__ccai_turn_page(od_value *memory, int64_t since_ms, const od_value *result, bool *over,
                             od_error *err) {
    const od_value *calls = od_value_get(result, "calls");
    int64_t page = od__ccai_integer(memory, "page", 1);
    int64_t seen = od__ccai_integer(memory, "seen", 0) + (int64_t)od_value_length(calls);
    int64_t next = od__ccai_integer(result, "next", 0), from = od__ccai_latest_change(calls) - 1;
    if (next <= page)
        next = 0; /* a link that leads back would never end */
    if (next == 0 && od_value_length(calls) > 0 && od__ccai_integer(result, "total", 0) > seen)
        next = page + 1;
    *over = next == 0;
    bool by_time = next != 0 && from > od__ccai_integer(memory, "from", since_ms);
    bool by_number = next != 0 && !by_time;
    od_status status = od__ccai_set_integer(memory, "page", by_number ? next : 1, err);
    if (status == OD_OK)
        status = od__ccai_set_integer(memory, "seen", by_number ? seen : 0, err);
    if (status == OD_OK && by_number)
        status = od__ccai_set_integer(memory, "numbered", 1, err);
    if (status == OD_OK && by_time)
        status = od__ccai_set_integer(memory, "from", from, err);
    if (status == OD_OK)
        status = od__ccai_set_integer(memory, "pages", od__ccai_integer(memory, "pages", 0) + 1, err);
    return status;
}

bool od__ccai_too_many_pages(const od_value *memory) {
    return od__ccai_integer(memory, "pages", 0) > PAGES_AT_MOST;
}

od_status od__ccai_refuse_pages(od_error *err) {
    return od__error_set(err, OD_PROTOCOL, "the list of calls has more than %d pages", PAGES_AT_MOST);
}
