/* How the vendors' calls are looked up and followed, against tests/vectors/vendors: each row of a file is one test.
 *
 *   VENDOR/following/find.json      was the call placed whose answer was lost?
 *   VENDOR/following/track.json     how does a call end?
 *   VENDOR/following/outcomes.json  the same, a row for each of the vendor's words
 *
 * A row has `call`, perhaps `options`, and `steps`. A step says when it is (`now`, ISO 8601) and, unless an event comes,
 * what is asked: `asks`, an { operation, params }, or null for nothing; `refused`, the exact complaint. Then what comes: an
 * HTTP answer (`status`, `headers`, `body`), a `failure` of the network, or an event to `hear` ({ channel, data }). And
 * what is known then: `again` (milliseconds; -1: after an event), `found` (the call, or false), `outcome` ({ kind, rang,
 * raw, at }), or `error`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "vendors/vendors.h"

#define VECTORS "tests/vectors/vendors"
#define ROWS 2048
#define ALLOCATIONS 20000

static const od_vendor *const vendors[] = {
#define VENDOR(name) &od_vendor_##name,
    OD_VENDORS(VENDOR)
#undef VENDOR
};
#define VENDOR_COUNT (sizeof vendors / sizeof vendors[0])

typedef struct row {
    const od_vendor *vendor;
    od_purpose purpose;
    const od_value *options, *value;
    char name[256];
} row;

static row rows[ROWS];
static size_t row_count;
static od_value *files[3 * VENDOR_COUNT];
static size_t file_count;

/* ---- small helpers ---- */

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

static bool has(const od_value *object, const char *key) {
    return od_value_get(object, key) != NULL;
}

static void assert_json_equal(const od_value *got, const od_value *expected) {
    char *a = NULL, *b = NULL;
    assert_int_equal(od_value_format(got, &a, NULL, NULL), OD_OK);
    assert_int_equal(od_value_format(expected, &b, NULL, NULL), OD_OK);
    assert_string_equal(a, b);
    od_text_free(a);
    od_text_free(b);
}

static void assert_error(const od_error *err, const char *expected) {
    char line[1024];
    od_error_format(err, line, sizeof line);
    assert_string_equal(line, expected ? expected : "(no error)");
}

static bool no_random(void *context, void *out, size_t bytes) {
    (void)context;
    memset(out, 7, bytes);
    return true;
}

static int64_t now_of(const od_value *step) {
    int64_t now_ms = 0;
    if (!text_of(step, "now") || !od__iso8601_parse(text_of(step, "now"), &now_ms))
        fail_msg("a step says when it is: now");
    return now_ms;
}

/* ---- one run over a row; memory may run out anywhere on the way ---- */

typedef struct run {
    const row *row;
    od_value *options, *memory;
    od_value *round;    /* of a vendor that asks for calls together: this one is alone in it */
    int64_t since_ms;
    const od_operation *operation;
    /* Memory runs out at the failing-th allocation of one call of the vendor's functions; 0: never. */
    size_t starved_call, failing, calls;
    bool enough, cut; /* there were fewer allocations; the run ended because of it */
} run;

/* Around each call of the vendor's functions. */
static void begin_call(run *r) {
    od__memory_fail_at(r->failing > 0 && r->calls == r->starved_call ? r->failing : 0);
}

/* Returns whether the call failed as it had to, for want of memory. */
static bool end_call(run *r, od_status status) {
    size_t made = od__memory_fail_at(0);
    bool starved = r->failing > 0 && r->calls++ == r->starved_call;
    if (starved)
        r->enough = made < r->failing;
    r->cut = starved && status == OD_OUT_OF_MEMORY;
    assert_int_equal(status == OD_OUT_OF_MEMORY, r->cut && !r->enough);
    return r->cut;
}

/* A question can be sent as it is, and only reads. */
static void assert_can_be_asked(const run *r, const od_value *params) {
    od_value *copy = od__value_copy(params);
    od_error err = OD_ERROR_INIT;
    char url[512];
    od_http_request request;
    od__http_request_init(&request);
    if (od__shape_fill(r->operation->input, copy, r->options, no_random, NULL, &err) != OD_OK ||
        od__shape_validate(r->operation->input, copy, "", &err) != OD_OK ||
        r->row->vendor->base_url(r->options, url, sizeof url, &err) != OD_OK ||
        od__operation_build(r->operation, url, r->options, copy, &request, &err) != OD_OK)
        assert_error(&err, "no error");
    assert_false(r->operation->rings);
    od__http_request_clear(&request);
    od_value_unref(copy);
}

static const od_rounds *rounds_of(const run *r) {
    return r->row->purpose == OD_PURPOSE_TRACK ? r->row->vendor->following->rounds : NULL;
}

static od_followed seen(const run *r, int64_t now_ms) {
    return (od_followed){ .vendor = r->row->vendor, .options = r->options, .purpose = r->row->purpose,
                          .call = od_value_get(r->row->value, "call"), .now_ms = now_ms };
}

static od_status ask_round(run *r, const od_followed *about, od_value **params, od_error *err) {
    od_status status = OD_OK;
    if (r->round == NULL)
        status = rounds_of(r)->since(about, r->memory, &r->since_ms, err);
    return status == OD_OK ? rounds_of(r)->ask(r->row->vendor, r->since_ms, r->round, &r->operation, params, err) : status;
}

/* Returns false where the run is over. */
static bool ask(run *r, const od_value *step) {
    const od_followed about = seen(r, now_of(step));
    od_value *params = NULL;
    od_error err = OD_ERROR_INIT;
    r->operation = NULL;
    begin_call(r);
    od_status status = rounds_of(r) ? ask_round(r, &about, &params, &err)
                                    : about.vendor->following->ask(&about, r->memory, &r->operation, &params, &err);
    if (end_call(r, status))
        return false;
    if (text_of(step, "refused")) {
        assert_error(&err, text_of(step, "refused"));
        assert_null(params);
        return false;
    }
    if (status != OD_OK)
        assert_error(&err, "no error");
    const od_value *asks = od_value_get(step, "asks");
    if (od_value_type(asks) == OD_TYPE_NULL) {
        assert_null(r->operation);
        assert_null(params);
    } else {
        assert_non_null(r->operation);
        assert_string_equal(r->operation->name, text_of(asks, "operation"));
        assert_json_equal(params, od_value_get(asks, "params"));
        assert_can_be_asked(r, params);
    }
    od_value_unref(params);
    return true;
}

/* Reads the step's answer as the client does. */
static void answer_of(const run *r, const od_value *step, od_exchange *exchange, od_value **result) {
    od__exchange_init(exchange);
    const od_value *failure = od_value_get(step, "failure"), *body = od_value_get(step, "body"), *member;
    if (failure) {
        const char *name = text_of(failure, "code");
        for (int code = 1; code <= OD_INTERNAL; code++)
            if (strcmp(od_status_name((od_status)code), name) == 0)
                exchange->error.code = (od_status)code;
        assert_int_not_equal(exchange->error.code, OD_OK);
        exchange->error.retryable = od_value_boolean(od_value_get(failure, "retryable"));
        snprintf(exchange->error.message, sizeof exchange->error.message, "%s", text_of(failure, "message"));
        return;
    }
    exchange->response.status = (int)od_value_integer(od_value_get(step, "status"));
    void *cursor = NULL;
    const char *key;
    while (od_value_next(od_value_get(step, "headers"), &cursor, &key, &member))
        od__buffer_addf(&exchange->response.headers, "%s: %s\n", key, od_value_string(member));
    char *text = NULL;
    if (body && od_value_format(body, &text, NULL, NULL) == OD_OK)
        od__buffer_add_text(&exchange->response.body, text);
    od_text_free(text);
    (void)od__operation_read(r->row->vendor, r->operation, exchange, result);
}

static void assert_known(const run *r, const od_value *step, const od_report *report) {
    const od_value *outcome = od_value_get(step, "outcome"), *found = od_value_get(step, "found");
    assert_int_equal(report->done, outcome || found);
    if (!report->done) {
        assert_int_equal(report->again_ms, od_value_integer(od_value_get(step, "again")));
        return;
    }
    if (r->row->purpose == OD_PURPOSE_FIND) {
        assert_int_equal(report->found, od_value_type(found) == OD_TYPE_OBJECT);
        if (report->found)
            assert_json_equal(report->call, found);
        return;
    }
    assert_string_equal(od__outcome_name(report->kind), text_of(outcome, "kind"));
    assert_string_equal(od__rang_name(report->rang), text_of(outcome, "rang"));
    assert_int_equal(report->lives_on, od_value_boolean(od_value_get(outcome, "lives_on")));
    if (has(outcome, "raw"))
        assert_json_equal(report->raw, od_value_get(outcome, "raw"));
    assert_non_null(report->raw);
    int64_t at_ms = 0;
    if (text_of(outcome, "at"))
        assert_true(od__iso8601_parse(text_of(outcome, "at"), &at_ms));
    assert_int_equal(report->at_ms, at_ms);
}

static od_status learn_round(run *r, const od_followed *about, const od_reply *reply, od_report *report, od_error *err) {
    bool over = true;
    od_status status = reply->result ? rounds_of(r)->turn(r->since_ms, reply->result, &r->round, &over, err) : OD_OK;
    if (status == OD_OK)
        status = rounds_of(r)->learn(about, r->round, over, reply->failure, &r->memory, report, err);
    if (over) {
        od_value_unref(r->round);
        r->round = NULL;
    } else {
        assert_false(report->done);
        report->again_ms = rounds_of(r)->pause_ms;
    }
    return status;
}

/* Returns false where the run is over. */
static bool learn(run *r, const od_value *step, od_report *report) {
    const od_followed about = seen(r, now_of(step));
    const od_following *how = about.vendor->following;
    const od_value *event = od_value_get(step, "hear");
    od_error err = OD_ERROR_INIT;
    od_status status;
    if (event) {
        report->again_ms = -1;
        begin_call(r);
        status = how->hear(&about, text_of(event, "channel"), od_value_get(event, "data"), &r->memory, report, &err);
    } else {
        od_exchange exchange;
        od_value *result = NULL;
        answer_of(r, step, &exchange, &result);
        const od_reply reply = { .operation = r->operation, .result = result,
                                   .failure = result ? NULL : &exchange.error };
        begin_call(r);
        status = rounds_of(r) ? learn_round(r, &about, &reply, report, &err)
                              : how->learn(&about, &reply, &r->memory, report, &err);
        od_value_unref(result);
        od__exchange_clear(&exchange);
    }
    if (end_call(r, status))
        return false;
    if (text_of(step, "error")) {
        assert_int_not_equal(status, OD_OK);
        assert_error(&err, text_of(step, "error"));
        return false;
    }
    if (status != OD_OK)
        assert_error(&err, "no error");
    return true;
}

static void run_steps(run *r) {
    const od_value *steps = od_value_get(r->row->value, "steps");
    r->options = od__value_copy(r->row->options);
    od_error err = OD_ERROR_INIT;
    if (od__options_validate(r->row->vendor, r->options, &err) != OD_OK)
        assert_error(&err, "no complaint about the options");
    bool more = true;
    for (size_t i = 0; more && i < od_value_length(steps); i++) {
        const od_value *step = od_value_at(steps, i);
        od_report report = { .done = false };
        more = (!has(step, "asks") && !has(step, "refused")) || ask(r, step);
        bool comes = has(step, "status") || has(step, "failure") || has(step, "hear");
        more = more && comes && learn(r, step, &report);
        if (more)
            assert_known(r, step, &report);
        od_value_unref(report.call);
        od_value_unref(report.raw);
        /* A row that goes on behind its end shows nothing. */
        if (!r->cut && i + 1 < od_value_length(steps))
            assert_true(more || (has(step, "asks") && !comes));
    }
    od_value_unref(r->memory);
    od_value_unref(r->round);
    od_value_unref(r->options);
    r->memory = r->round = r->options = NULL;
}

static void run_row(void **state) {
    run r = { .row = *state };
    run_steps(&r);
}

/* Every allocation of every call of the vendor's functions fails once; what came before stays as it was. */
static void run_row_without_memory(void **state) {
    run r = { .row = *state };
    bool more = true;
    for (size_t call = 0; more; call++) {
        more = false;
        for (size_t n = 1; n < ALLOCATIONS; n++) {
            r = (run){ .row = *state, .starved_call = call, .failing = n };
            run_steps(&r);
            more = more || r.calls > call;
            if (r.calls <= call || r.enough)
                break;
        }
    }
}

/* ---- loading ---- */

static void load(const od_vendor *vendor, const char *file) {
    char path[512];
    snprintf(path, sizeof path, VECTORS "/%s/following/%s.json", vendor->name, file);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return;
    static char text[1 << 20];
    size_t length = fread(text, 1, sizeof text, stream);
    fclose(stream);
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    if (length == sizeof text || od_value_parse(text, length, &value, &err) != OD_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(1);
    }
    files[file_count++] = value;
    const od_value *cases = od_value_get(value, "cases");
    for (size_t i = 0; i < od_value_length(cases) && row_count < ROWS; i++) {
        row *r = &rows[row_count++];
        r->vendor = vendor;
        r->purpose = strcmp(file, "find") == 0 ? OD_PURPOSE_FIND : OD_PURPOSE_TRACK;
        r->value = od_value_at(cases, i);
        r->options = has(r->value, "options") ? od_value_get(r->value, "options") : od_value_get(value, "options");
        snprintf(r->name, sizeof r->name, "%s %s: %s", vendor->name, file, text_of(r->value, "name"));
    }
}

/* A vendor whose calls can be looked up and followed has rows for both, or for neither if its tests are elsewhere. */
static void no_half_is_left_out(void **state) {
    (void)state;
    assert_true(row_count > 0 && row_count < ROWS);
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        size_t finds = 0, tracks = 0;
        for (size_t i = 0; i < row_count; i++)
            *(rows[i].purpose == OD_PURPOSE_FIND ? &finds : &tracks) += rows[i].vendor == vendors[v];
        assert_int_equal(finds > 0, tracks > 0);
    }
}

int main(void) {
    static struct CMUnitTest tests[2 * ROWS + 1] = { cmocka_unit_test(no_half_is_left_out) };
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        load(vendors[v], "find");
        load(vendors[v], "track");
        load(vendors[v], "outcomes");
    }
    size_t count = 1;
    for (size_t i = 0; i < row_count; i++) {
        tests[count++] = (struct CMUnitTest){ rows[i].name, run_row, NULL, NULL, &rows[i] };
        tests[count++] = (struct CMUnitTest){ rows[i].name, run_row_without_memory, NULL, NULL, &rows[i] };
    }
    int failed = _cmocka_run_group_tests("following", tests, count, NULL, NULL);
    for (size_t i = 0; i < file_count; i++)
        od_value_unref(files[i]);
    return failed;
}
