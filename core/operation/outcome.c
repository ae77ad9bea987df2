/* Whether a phone rang, what a literal of a vendor means, and what a failed question about a call means. */
#include <string.h>

#include "operation/operation.h"

const char *od__rang_name(od_rang rang) {
    switch (rang) {
    case OD_RANG_YES: return "yes";
    case OD_RANG_NO: return "no";
    case OD_RANG_UNKNOWN: break;
    }
    return "unknown";
}

const od_outcome_row *od__outcome_row(const od_outcome_row *table, const char *literal) {
    while (table->literal != NULL && (literal == NULL || strcmp(table->literal, literal) != 0))
        table++;
    return table;
}

od_status od__following_failed(const od_error *failure, int64_t wait_ms, od_report *report, od_error *err) {
    /* One answer that cannot be read says nothing of the next. */
    if (failure->retryable || failure->code == OD_PROTOCOL) {
        report->again_ms = failure->retry_after_ms > wait_ms ? failure->retry_after_ms : wait_ms;
        return OD_OK;
    }
    if (err != NULL && err->code == OD_OK)
        *err = *failure;
    return failure->code;
}

od_status od__finding_failed(const od_error *failure, od_error *err) {
    if (err && err->code == OD_OK)
        *err = *failure;
    return failure->code;
}
