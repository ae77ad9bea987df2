/* Calls that are followed or taken back, and operations that wait: rows of tests/vectors/vendors/VENDOR/following.json and
 * withdrawing.json, each what is asked, answered and heard, and what becomes of it. With purpose settle and an operation
 * it is about what that operation asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/memory.h"
#include "vector_rows.h"

#define NOW_MS INT64_C(1700000000000)

/* What one row of a following.json has come to. */
typedef struct follower {
    const vector_row *r;
    const od_value *options, *call;
    od_purpose purpose;
    const od_following *how;
    const od_operation *asked;
    od_value *params, *memory;
    od_report report;
    od_error error;
} follower;

static void follower_clear_report(follower *f) {
    od_value_unref(f->report.call);
    od_value_unref(f->report.raw);
    f->report = (od_report){ 0 };
}

static void fill_failure(od_error *failure, const od_value *said) {
    for (int code = OD_VALIDATION; code <= OD_INTERNAL; code++)
        if (strcmp(od_status_name((od_status)code), vector_text(said, "code")) == 0)
            failure->code = (od_status)code;
    assert_int_not_equal(failure->code, OD_OK);
    failure->retryable = od_value_boolean(od_value_get(said, "retryable"));
    if (vector_text(said, "message"))
        snprintf(failure->message, sizeof failure->message, "%s", vector_text(said, "message"));
    if (vector_text(said, "vendor_code"))
        snprintf(failure->vendor_code, sizeof failure->vendor_code, "%s", vector_text(said, "vendor_code"));
    if (od_value_get(said, "retry_after_ms"))
        failure->retry_after_ms = od_value_integer(od_value_get(said, "retry_after_ms"));
}

static od_status follow_ask(follower *f, const od_followed *about) {
    od_value_unref(f->params);
    f->asked = NULL;
    f->params = NULL;
    return f->how->ask(about, f->memory, &f->asked, &f->params, &f->error);
}

/* One step: { ask }, { answer }, { failure }, { time } (nothing was asked) or { event = { channel, data } }. */
static od_status follow_step(follower *f, const od_value *step) {
    const od_value *at = od_value_get(step, "now_ms"), *event = od_value_get(step, "event");
    const od_value *said = od_value_get(step, "failure"), *answer = od_value_get(step, "answer");
    const od_followed about = { .vendor = f->r->vendor, .options = f->options, .purpose = f->purpose, .call = f->call,
                                .now_ms = at ? od_value_integer(at) : NOW_MS };
    follower_clear_report(f);
    if (event) {
        f->report.again_ms = -1;
        return f->how->hear(&about, vector_text(event, "channel"), od_value_get(event, "data"), &f->memory, &f->report,
                            &f->error);
    }
    if (od_value_get(step, "time"))
        f->asked = NULL;
    else if (!said && !answer)
        return follow_ask(f, &about);
    od_error failure = OD_ERROR_INIT;
    if (said)
        fill_failure(&failure, said);
    return f->how->learn(&about, &(od_reply){ .operation = f->asked, .result = said ? NULL : answer,
                                               .failure = said ? &failure : NULL }, &f->memory, &f->report, &f->error);
}

static void assert_followed(const follower *f, const od_value *step) {
    const od_report *report = &f->report;
    const od_value *outcome = od_value_get(step, "outcome"), *found = od_value_get(step, "found");
    const od_value *ask = od_value_get(step, "ask"), *again = od_value_get(step, "again_ms");
    if (ask && od_value_type(ask) == OD_TYPE_OBJECT) {
        assert_string_equal(f->asked ? f->asked->name : "(nothing)", vector_text(ask, "operation"));
        assert_false(od__operation_rings(f->asked, f->params));
        assert_json_equal(f->params, od_value_get(ask, "params"));
    } else if (ask) {
        assert_null(f->asked);
    }
    const od_value *settled = od_value_get(step, "settled"), *withdrawn = od_value_get(step, "withdrawn");
    assert_int_equal(report->done, outcome || found || settled || withdrawn);
    if (withdrawn) {
        assert_int_equal(report->withdrawn, od_value_boolean(od_value_get(withdrawn, "withdrawn")));
        assert_int_equal(report->rang_maybe, od_value_boolean(od_value_get(withdrawn, "placed")));
        assert_string_equal(report->why, vector_text(withdrawn, "why") ? vector_text(withdrawn, "why") : "");
    } else if (settled) {
        assert_json_equal(report->raw, settled);
    } else if (outcome) {
        assert_string_equal(od__outcome_name(report->kind), vector_text(outcome, "kind"));
        assert_string_equal(od__rang_name(report->rang), vector_text(outcome, "rang"));
        assert_int_equal(report->lives_on, od_value_boolean(od_value_get(outcome, "lives_on")));
        assert_int_equal(report->at_ms, od_value_integer(od_value_get(outcome, "at_ms")));
        if (od_value_get(outcome, "raw"))
            assert_json_equal(report->raw, od_value_get(outcome, "raw"));
    } else if (found) {
        assert_int_equal(report->found, od_value_type(found) == OD_TYPE_OBJECT);
        if (report->found)
            assert_json_equal(report->call, found);
    } else if (again) {
        assert_int_equal(report->again_ms, od_value_integer(again));
    } else if (!ask) {
        assert_int_equal(report->again_ms, -1);
    }
}

/* Plays a row to its end, or to the first failure; checked is false where memory runs out somewhere. */
static od_status follow_row(const vector_row *r, const od_value *options, bool checked) {
    const od_value *steps = od_value_get(r->value, "steps");
    follower f = {
        .r = r, .options = options, .call = od_value_get(r->value, "call"), .error = OD_ERROR_INIT,
        .purpose = strcmp(vector_text(r->value, "purpose"), "find") == 0 ? OD_PURPOSE_FIND : OD_PURPOSE_TRACK,
        .how = r->vendor->following,
    };
    if (strcmp(vector_text(r->value, "purpose"), "settle") == 0) {
        f.purpose = OD_PURPOSE_SETTLE;
        f.asked = od_operation_find(r->vendor, vector_text(r->value, "operation"));
        f.how = f.asked->settling->following;
    } else if (strcmp(vector_text(r->value, "purpose"), "withdraw") == 0) {
        f.purpose = OD_PURPOSE_WITHDRAW;
        f.how = r->vendor->withdrawing;
    }
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(steps); i++) {
        const od_value *step = od_value_at(steps, i);
        status = follow_step(&f, step);
        if (checked && vector_text(step, "error")) {
            assert_int_equal(status, f.error.code);
            assert_error_text(&f.error, vector_text(step, "error"));
            assert_int_equal(i, od_value_length(steps) - 1);
        } else if (checked) {
            if (status != OD_OK)
                assert_error_text(&f.error, "no error");
            assert_followed(&f, step);
        }
    }
    follower_clear_report(&f);
    od_value_unref(f.params);
    od_value_unref(f.memory);
    return status;
}

static void run_following(void **state) {
    const vector_row *r = *state;
    od_value *options = vector_options(r);
    assert_true(od_value_length(od_value_get(r->value, "steps")) > 0);
    follow_row(r, options, true);
    od_value_unref(options);
}

static void run_following_without_memory(void **state) {
    const vector_row *r = *state;
    od_value *options = vector_options(r);
    od_status whole = follow_row(r, options, true);
    bool enough = false;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < VECTOR_ALLOCATIONS);
        od__memory_fail_at(n);
        od_status status = follow_row(r, options, false);
        enough = od__memory_fail_at(0) < n;
        if (enough || status != OD_OUT_OF_MEMORY) /* what failed was tried again */
            assert_int_equal(status, whole);
    }
    od_value_unref(options);
}

int main(void) {
    static struct CMUnitTest tests[2 * VECTOR_ROWS];
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    size_t count = 0;
    const od_vendor *vendor;
    for (size_t v = 0; (vendor = od_vendor_at(v)) != NULL; v++) {
        vector_rows_load(vendor, NULL, "following");
        vector_rows_load(vendor, NULL, "withdrawing");
    }
    for (size_t i = 0; i < vector_row_count; i++) {
        vector_row *row = &vector_rows[i];
        tests[count++] = (struct CMUnitTest){ row->name, run_following, NULL, NULL, row };
        tests[count++] = (struct CMUnitTest){ row->name, run_following_without_memory, NULL, NULL, row };
    }
    int failed = _cmocka_run_group_tests("following", tests, count, NULL, NULL);
    vector_rows_free();
    return failed;
}
