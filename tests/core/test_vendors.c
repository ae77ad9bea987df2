/* The vendors' descriptors against tests/vectors/vendors: each row of a file there is one test.
 *
 *   VENDOR/options.json               client options: refused, or their base URL and what checking made of them
 *   VENDOR/following.json             what is asked, answered and heard of a call -> what becomes of it; with purpose
 *                                     settle and an operation: of what that operation asked for
 *   VENDOR/OPERATION/requests.json    parameters -> the exact request
 *   VENDOR/OPERATION/refused.json     parameters -> the exact complaint, nothing sent
 *   VENDOR/OPERATION/answers.json     an HTTP answer -> placed or handed off, the result, or the exact error
 *   VENDOR/OPERATION/place.json       a neutral call -> operation, parameters and the exact body
 *
 * A row of requests or refused may say when it is judged: `now`, ISO 8601 (1970 if absent).
 * `options` beside `cases` are the client options of all rows that have none of their own. */
#include <dirent.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/memory.h"
#include "json/value.h"
#include "vendors/vendors.h"

#define VECTORS "tests/vectors/vendors"
#define ROWS 4096
#define FILES 1024
#define ALLOCATIONS 5000

static const od_vendor *const vendors[] = {
#define VENDOR(name) &od_vendor_##name,
    OD_VENDORS(VENDOR)
#undef VENDOR
};
#define VENDOR_COUNT (sizeof vendors / sizeof vendors[0])

typedef struct row {
    const od_vendor *vendor;
    const od_operation *operation;
    const char *file;
    const od_value *options, *value;
    char name[256];
} row;

static row rows[ROWS];
static size_t row_count;
static od_value *files[FILES];
static size_t file_count;

/* ---- small helpers ---- */

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

static char *json_of(const od_value *value) {
    char *text = NULL;
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    return text;
}

static void assert_json_equal(const od_value *got, const od_value *expected) {
    char *a = json_of(got), *b = json_of(expected);
    assert_string_equal(a, b);
    od_text_free(a);
    od_text_free(b);
}

static bool counting_random(void *context, void *out, size_t bytes) {
    (void)context;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)i;
    return true;
}

static void assert_error(const od_error *err, const char *expected) {
    char line[1024];
    od_error_format(err, line, sizeof line);
    assert_string_equal(line, expected);
}

static od_value *checked_options(const row *r) {
    od_value *options = od__value_copy(r->options);
    od_error err = OD_ERROR_INIT;
    if (od__options_validate(r->vendor, options, &err) != OD_OK)
        assert_error(&err, "no complaint about the options");
    return options;
}

static od_status build(const row *r, const od_operation *operation, const od_value *options, od_value *params,
                       od_http_request *request, od_error *err) {
    char url[512];
    od_status status = od__shape_fill(operation->input, params, options, counting_random, NULL, err);
    if (status == OD_OK)
        status = od__shape_validate(operation->input, params, "", err);
    int64_t now_ms = 0;
    if (text_of(r->value, "now"))
        assert_true(od__iso8601_parse(text_of(r->value, "now"), &now_ms));
    if (status == OD_OK)
        status = od__shape_check_ahead(operation->input, params, now_ms, err);
    if (status == OD_OK)
        status = operation->service ? r->vendor->service_url(operation->service, options, url, sizeof url, err)
                                    : r->vendor->base_url(options, url, sizeof url, err);
    if (status == OD_OK)
        status = od__operation_build(operation, url, options, params, request, err);
    return status;
}

/* ---- one function per kind of file ---- */

static void assert_has(const od_value *object, const od_value *members) {
    const od_value *member;
    void *cursor = NULL;
    const char *key;
    while (members && od_value_next(members, &cursor, &key, &member))
        assert_json_equal(od_value_get(object, key), member);
}

static void run_options(void **state) {
    const row *r = *state;
    od_value *options = od__value_copy(od_value_get(r->value, "options"));
    od_error err = OD_ERROR_INIT;
    od_status status = od__options_validate(r->vendor, options, &err);
    char url[512];
    if (status == OD_OK)
        status = r->vendor->base_url(options, url, sizeof url, &err);
    if (text_of(r->value, "error")) {
        assert_int_not_equal(status, OD_OK);
        assert_error(&err, text_of(r->value, "error"));
    } else {
        if (status != OD_OK)
            assert_error(&err, "no error");
        assert_string_equal(url, text_of(r->value, "base_url"));
        assert_has(options, od_value_get(r->value, "has"));
    }
    od_value_unref(options);
}

static void run_options_without_memory(void **state) {
    const row *r = *state;
    bool refused = text_of(r->value, "error") != NULL, enough = false;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < ALLOCATIONS);
        od_value *options = od__value_copy(od_value_get(r->value, "options"));
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = od__options_validate(r->vendor, options, &err);
        enough = od__memory_fail_at(0) < n;
        if (!enough && status == OD_OK) /* what failed was tried again */
            assert_has(options, od_value_get(r->value, "has"));
        else if (!enough && !(refused && status == OD_VALIDATION))
            assert_int_equal(status, OD_OUT_OF_MEMORY);
        od_value_unref(options);
    }
}

/* A sample body as the vendor's document prints it is the body, but for blanks between. */
static void assert_document(const od_http_request *request, const char *document) {
    od_value *printed = NULL;
    if (!document)
        return;
    assert_int_equal(od_value_parse(document, strlen(document), &printed, NULL), OD_OK);
    char *text = json_of(printed);
    assert_string_equal(od__buffer_text(&request->body), text);
    od_text_free(text);
    od_value_unref(printed);
}

static void run_requests(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r), *params = od__value_copy(od_value_get(r->value, "params"));
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    if (build(r, r->operation, options, params, &request, &err) != OD_OK)
        assert_error(&err, "no error");
    assert_string_equal(request.method, r->operation->method);
    assert_string_equal(od__buffer_text(&request.url), text_of(r->value, "url"));
    assert_string_equal(od__buffer_text(&request.body), text_of(r->value, "body"));
    assert_document(&request, text_of(r->value, "document"));
    const od_value *headers = od_value_get(r->value, "headers"), *member;
    void *cursor = NULL;
    const char *key;
    size_t count = 0;
    while (headers && od_value_next(headers, &cursor, &key, &member)) {
        const char *sent = od__http_request_header(&request, key);
        assert_string_equal(sent ? sent : "(no such header)", od_value_string(member));
        count++;
    }
    assert_int_equal(request.header_count, count);
    od__http_request_clear(&request);
    od_value_unref(params);
    od_value_unref(options);
}

static void run_refused(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r), *params = od__value_copy(od_value_get(r->value, "params"));
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    assert_int_equal(build(r, r->operation, options, params, &request, &err), OD_VALIDATION);
    assert_error(&err, text_of(r->value, "error"));
    od__http_request_clear(&request);
    od_value_unref(params);
    od_value_unref(options);
}

static void fill_response(od_http_response *response, const od_value *value) {
    od__http_response_init(response);
    response->status = (int)od_value_integer(od_value_get(value, "status"));
    const od_value *headers = od_value_get(value, "headers"), *body = od_value_get(value, "body"), *member;
    void *cursor = NULL;
    const char *key;
    while (headers && od_value_next(headers, &cursor, &key, &member))
        od__buffer_addf(&response->headers, "%s: %s\n", key, od_value_string(member));
    if (od_value_string(body)) {
        od__buffer_add(&response->body, od_value_string(body), od_value_length(body));
    } else if (body) {
        char *text = json_of(body);
        od__buffer_add_text(&response->body, text);
        od_text_free(text);
    }
}

/* What is expected of an error: code, retryable and, if the operation rings, placement always; the rest where it is not
 * empty. */
static void assert_error_is(const od_exchange *exchange, const od_value *expected) {
    static const char *const agains[] = { "no", "transient", "throttled" };
    const od_error *err = &exchange->error;
    assert_string_equal(od_status_name(err->code), text_of(expected, "code"));
    const char *placement = text_of(expected, "placement");
    assert_string_equal(od_placement_name(exchange->try_placement), placement ? placement : "");
    assert_int_equal(err->retryable, od_value_boolean(od_value_get(expected, "retryable")));
    const char *again = text_of(expected, "again");
    assert_string_equal(agains[exchange->again], again ? again : "no");
    const char *code = text_of(expected, "vendor_code"), *id = text_of(expected, "request_id");
    assert_string_equal(err->vendor_code, code ? code : "");
    assert_string_equal(err->request_id, id ? id : "");
    assert_string_equal(err->message, text_of(expected, "message"));
    const od_value *after = od_value_get(expected, "retry_after_ms");
    assert_int_equal(err->retry_after_ms, after ? od_value_integer(after) : -1);
    assert_int_equal(err->http_status, exchange->response.status);
}

static void run_answers(void **state) {
    const row *r = *state;
    od_exchange exchange;
    od__exchange_init(&exchange);
    exchange.rings = od__operation_rings(r->operation, od_value_get(r->value, "params"));
    exchange.sent_before = od_value_boolean(od_value_get(r->value, "sent_before"));
    fill_response(&exchange.response, r->value);
    od_value *result = NULL;
    od_status status = od__operation_read(r->vendor, r->operation, &exchange, &result);
    if (status == OD_OK && r->operation->refine)
        status = r->operation->refine(od_value_get(r->value, "params"), result, &exchange.error);
    const od_value *expected = od_value_get(r->value, "error");
    if (expected) {
        assert_int_not_equal(status, OD_OK);
        assert_error_is(&exchange, expected);
    } else {
        if (status != OD_OK)
            assert_error(&exchange.error, "no error");
        if (r->operation->refine)
            assert_int_equal(r->operation->refine(od_value_get(r->value, "params"), result, NULL), OD_OK);
        if (od_value_get(r->value, "result"))
            assert_json_equal(result, od_value_get(r->value, "result"));
    }
    if (!expected && (r->operation->rings || !od_value_get(r->value, "result"))) {
        od_value *id = NULL;
        bool placed = r->vendor->placed(r->operation, exchange.response.status, od_value_get(r->value, "params"),
                                        result, &id);
        assert_string_equal(placed ? "placed" : "handed_off", text_of(r->value, "state"));
        const char *expected_id = text_of(r->value, "id");
        assert_string_equal(id ? od_value_string(id) : "(none)", expected_id ? expected_id : "(none)");
        od_value_unref(id);
    }
    od_value_unref(result);
    od__exchange_clear(&exchange);
}

static od_status place_and_build(const row *r, const od_value *options, const od_operation **operation,
                                 od_value **params, const char **dropped, od_http_request *request, od_error *err) {
    const od_value *value = od_value_get(r->value, "call");
    od_call call = {
        .to = text_of(value, "to"), .from = text_of(value, "from"), .contact = text_of(value, "contact"),
        .token = text_of(value, "token"), .attributes = od_value_get(value, "attributes"),
        .fields = od_value_get(value, "fields"),
    };
    od_status status = r->vendor->place(r->vendor, options, &call, operation, params, dropped, err);
    return status == OD_OK ? build(r, *operation, options, *params, request, err) : status;
}

static void run_place(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r), *params = NULL;
    char *before = json_of(r->value);
    const od_operation *operation = NULL;
    const char *dropped = NULL;
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    od_status status = place_and_build(r, options, &operation, &params, &dropped, &request, &err);
    assert_string_equal(operation->name, text_of(r->value, "operation") ? text_of(r->value, "operation")
                                                                         : r->operation->name);
    if (text_of(r->value, "error")) {
        assert_int_not_equal(status, OD_OK);
        assert_error(&err, text_of(r->value, "error"));
    } else {
        if (status != OD_OK)
            assert_error(&err, "no error");
        assert_string_equal(od__buffer_text(&request.body), text_of(r->value, "body"));
        if (text_of(r->value, "url"))
            assert_string_equal(od__buffer_text(&request.url), text_of(r->value, "url"));
    }
    const char *expected = text_of(r->value, "dropped");
    assert_string_equal(dropped ? dropped : "(nothing)", expected ? expected : "(nothing)");
    /* The caller's own values are untouched, whatever validation replaced. */
    char *after = json_of(r->value);
    assert_string_equal(after, before);
    od_text_free(after);
    od_text_free(before);
    od__http_request_clear(&request);
    od_value_unref(params);
    od_value_unref(options);
}

/* Every allocation on the way from call to request fails once. */
static void run_place_without_memory(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r);
    bool refused = text_of(r->value, "error") != NULL, enough = false;
    size_t failures = 0;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < ALLOCATIONS);
        od_value *params = NULL;
        const od_operation *operation = NULL;
        const char *dropped = NULL;
        od_error err = OD_ERROR_INIT;
        od_http_request request;
        od__http_request_init(&request);
        od__memory_fail_at(n);
        od_status status = place_and_build(r, options, &operation, &params, &dropped, &request, &err);
        enough = od__memory_fail_at(0) < n;
        failures += status == OD_OUT_OF_MEMORY;
        if (enough)
            assert_int_equal(status, refused ? OD_VALIDATION : OD_OK);
        else if (status == OD_OK) /* what failed was tried again */
            assert_string_equal(od__buffer_text(&request.body), text_of(r->value, "body"));
        else if (!refused || status != OD_VALIDATION)
            assert_int_equal(status, OD_OUT_OF_MEMORY);
        od__http_request_clear(&request);
        od_value_unref(params);
    }
    assert_true(failures >= 4); /* or the allocations do not go through the door that this test holds */
    od_value_unref(options);
}

/* ---- a call that is followed ---- */

#define NOW_MS INT64_C(1700000000000)

/* What one row of a following.json has come to. */
typedef struct follower {
    const row *r;
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
        if (strcmp(od_status_name((od_status)code), text_of(said, "code")) == 0)
            failure->code = (od_status)code;
    assert_int_not_equal(failure->code, OD_OK);
    failure->retryable = od_value_boolean(od_value_get(said, "retryable"));
    if (text_of(said, "message"))
        snprintf(failure->message, sizeof failure->message, "%s", text_of(said, "message"));
    if (text_of(said, "vendor_code"))
        snprintf(failure->vendor_code, sizeof failure->vendor_code, "%s", text_of(said, "vendor_code"));
    if (od_value_get(said, "retry_after_ms"))
        failure->retry_after_ms = od_value_integer(od_value_get(said, "retry_after_ms"));
}

static od_status follow_ask(follower *f, int64_t now_ms) {
    const od_vendor *vendor = f->r->vendor;
    od_value_unref(f->params);
    f->asked = NULL;
    f->params = NULL;
    return f->how->ask(vendor, f->options, f->purpose, f->call, f->memory, now_ms, &f->asked, &f->params, &f->error);
}

/* One step: { ask }, { answer }, { failure }, { time } (nothing was asked) or { event = { channel, data } }. */
static od_status follow_step(follower *f, const od_value *step) {
    const od_vendor *vendor = f->r->vendor;
    const od_value *at = od_value_get(step, "now_ms"), *event = od_value_get(step, "event");
    const od_value *said = od_value_get(step, "failure"), *answer = od_value_get(step, "answer");
    int64_t now_ms = at ? od_value_integer(at) : NOW_MS;
    follower_clear_report(f);
    if (event) {
        f->report.again_ms = -1;
        return f->how->hear(vendor, f->purpose, f->call, text_of(event, "channel"), od_value_get(event, "data"), now_ms,
                            &f->memory, &f->report, &f->error);
    }
    if (od_value_get(step, "time"))
        f->asked = NULL;
    else if (!said && !answer)
        return follow_ask(f, now_ms);
    od_error failure = OD_ERROR_INIT;
    if (said)
        fill_failure(&failure, said);
    return f->how->learn(vendor, f->options, f->purpose, f->call, f->asked, said ? NULL : answer,
                         said ? &failure : NULL, now_ms, &f->memory, &f->report, &f->error);
}

static void assert_followed(const follower *f, const od_value *step) {
    const od_report *report = &f->report;
    const od_value *outcome = od_value_get(step, "outcome"), *found = od_value_get(step, "found");
    const od_value *ask = od_value_get(step, "ask"), *again = od_value_get(step, "again_ms");
    if (ask && od_value_type(ask) == OD_TYPE_OBJECT) {
        assert_string_equal(f->asked ? f->asked->name : "(nothing)", text_of(ask, "operation"));
        assert_false(f->asked->rings);
        assert_json_equal(f->params, od_value_get(ask, "params"));
    } else if (ask) {
        assert_null(f->asked);
    }
    const od_value *settled = od_value_get(step, "settled");
    assert_int_equal(report->done, outcome || found || settled);
    if (settled) {
        assert_json_equal(report->raw, settled);
    } else if (outcome) {
        assert_string_equal(od__outcome_name(report->kind), text_of(outcome, "kind"));
        assert_string_equal(od__rang_name(report->rang), text_of(outcome, "rang"));
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
static od_status follow_row(const row *r, const od_value *options, bool checked) {
    const od_value *steps = od_value_get(r->value, "steps");
    follower f = {
        .r = r, .options = options, .call = od_value_get(r->value, "call"), .error = OD_ERROR_INIT,
        .purpose = strcmp(text_of(r->value, "purpose"), "find") == 0 ? OD_PURPOSE_FIND : OD_PURPOSE_TRACK,
        .how = r->vendor->following,
    };
    if (strcmp(text_of(r->value, "purpose"), "settle") == 0) {
        f.purpose = OD_PURPOSE_SETTLE;
        f.asked = od_operation_find(r->vendor, text_of(r->value, "operation"));
        f.how = f.asked->settling->following;
    }
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(steps); i++) {
        const od_value *step = od_value_at(steps, i);
        status = follow_step(&f, step);
        if (checked && text_of(step, "error")) {
            assert_int_equal(status, f.error.code);
            assert_error(&f.error, text_of(step, "error"));
            assert_int_equal(i, od_value_length(steps) - 1);
        } else if (checked) {
            if (status != OD_OK)
                assert_error(&f.error, "no error");
            assert_followed(&f, step);
        }
    }
    follower_clear_report(&f);
    od_value_unref(f.params);
    od_value_unref(f.memory);
    return status;
}

static void run_following(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r);
    assert_true(od_value_length(od_value_get(r->value, "steps")) > 0);
    follow_row(r, options, true);
    od_value_unref(options);
}

static void run_following_without_memory(void **state) {
    const row *r = *state;
    od_value *options = checked_options(r);
    od_status whole = follow_row(r, options, true);
    bool enough = false;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < ALLOCATIONS);
        od__memory_fail_at(n);
        od_status status = follow_row(r, options, false);
        enough = od__memory_fail_at(0) < n;
        if (enough || status != OD_OUT_OF_MEMORY) /* what failed was tried again */
            assert_int_equal(status, whole);
    }
    od_value_unref(options);
}

/* ---- what the tables promise as a whole ---- */

static void assert_fields_told(const od_shape *shape, int depth) {
    if (!shape || depth > 6)
        return;
    assert_fields_told(shape->element, depth + 1);
    for (const od_variant *variant = shape->variants; variant && variant->value; variant++) {
        assert_non_null(variant->summary);
        assert_fields_told(variant->shape, depth + 1);
    }
    for (const od_rule *rule = shape->rules; rule && rule->fn; rule++)
        assert_non_null(rule->summary);
    for (const od_field *field = shape->fields; field && field->name; field++) {
        if (!field->summary || strchr(field->summary, '\n') || strlen(field->summary) > 120)
            fail_msg("field %s needs one line of summary", field->name);
        assert_fields_told(field->shape, depth + 1);
    }
}

static void descriptors_are_complete(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        assert_fields_told(vendors[v]->options, 0);
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++) {
            assert_non_null(operation->summary);
            assert_non_null(operation->source);
            assert_true(operation->method && operation->path[0] == '/');
            assert_fields_told(operation->input, 0);
            assert_fields_told(operation->output, 0);
            if (operation->repeat == OD_REPEAT_TOKEN)
                assert_non_null(od__shape_field(operation->input, operation->repeat_field));
            if (operation->repeat_unless)
                assert_non_null(od__shape_field(operation->input, operation->repeat_unless));
        }
    }
}

static void R13_error_tables_are_total(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        const od_error_row *last = NULL;
        for (const od_error_row *error = vendors[v]->errors; error->code != OD_OK; error++) {
            assert_true(error->placement == OD_PLACEMENT_NOT_PLACED || error->placement == OD_PLACEMENT_UNKNOWN);
            /* An answer that proves nothing is never repeated as throttled, and what may be repeated is retryable. */
            if (error->again == OD_AGAIN_SKEWED) /* it proves nothing by itself: only with what the answer's Date says */
                assert_true(!error->retryable && error->placement == OD_PLACEMENT_NOT_PLACED);
            else if (error->again != OD_AGAIN_NO)
                assert_true(error->retryable && (error->code == OD_THROTTLED || error->code == OD_UNAVAILABLE));
            last = error;
        }
        assert_non_null(last);
        assert_true(last->http_status == 0 && !last->vendor_code && !last->message && last->enveloped == 0);
        assert_int_equal(last->placement, OD_PLACEMENT_UNKNOWN);
    }
}

/* No HTTP status, with or without the vendor's envelope, is read as proof where R13 sees none. */
static void R13_outside_the_envelope_nothing_is_proven(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++) {
            for (int status = 200; status <= 599; status++) {
                od_exchange exchange;
                od__exchange_init(&exchange);
                exchange.rings = operation->rings;
                exchange.response.status = status;
                od__buffer_add_text(&exchange.response.body, "<html>of a proxy</html>");
                od_value *result = NULL;
                assert_int_not_equal(od__operation_read(vendors[v], operation, &exchange, &result), OD_OK);
                assert_null(result);
                assert_int_equal(exchange.try_placement,
                                 operation->rings ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NONE);
                od__exchange_clear(&exchange);
            }
        }
    }
}

static bool has_rows(const od_operation *operation, const char *file) {
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].operation == operation && strcmp(rows[i].file, file) == 0)
            return true;
    return false;
}

static void every_operation_has_vectors(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++)
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++)
            if (!has_rows(operation, "requests") || !has_rows(operation, "answers") || !has_rows(operation, "refused"))
                fail_msg("%s.%s needs requests, answers and refused", vendors[v]->name, operation->name);
}

/* Whether some request of the operation has the field in what it sends or is given. */
static bool field_is_sent(const od_operation *operation, const od_field *field) {
    for (size_t i = 0; i < row_count; i++) {
        const od_value *params = od_value_get(rows[i].value, "params");
        if (rows[i].operation != operation || strcmp(rows[i].file, "requests") != 0)
            continue;
        char key[80];
        snprintf(key, sizeof key, "\"%s\":", field->name);
        if (od_value_get(params, field->name) || strstr(text_of(rows[i].value, "body"), key))
            return true;
    }
    return false;
}

static void every_field_has_a_request(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++) {
            const od_variant whole = { .shape = operation->input }, none = { .shape = NULL };
            const od_variant single[] = { whole, none };
            const od_variant *variant = operation->input->variants ? operation->input->variants : single;
            for (; variant->shape; variant++)
                for (const od_field *field = variant->shape->fields; field->name; field++)
                    if (!field_is_sent(operation, field))
                        fail_msg("no request of %s.%s has %s", vendors[v]->name, operation->name, field->name);
        }
    }
}

static void every_error_row_has_an_answer(void **state) {
    (void)state;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        for (const od_error_row *error = vendors[v]->errors; error->code != OD_OK; error++) {
            bool found = !error->vendor_code && !error->message;
            for (size_t i = 0; !found && i < row_count; i++) {
                const od_value *expected = od_value_get(rows[i].value, "error");
                if (rows[i].vendor != vendors[v] || strcmp(rows[i].file, "answers") != 0 || !expected)
                    continue;
                const char *code = text_of(expected, "vendor_code");
                found = (!error->vendor_code || (code && strcasecmp(code, error->vendor_code) == 0)) &&
                        (!error->message || fnmatch(error->message, text_of(expected, "message"), 0) == 0) &&
                        strcmp(text_of(expected, "code"), od_status_name(error->code)) == 0;
            }
            if (!found)
                fail_msg("%s: no answer for %s %s", vendors[v]->name, error->vendor_code ? error->vendor_code : "",
                         error->message ? error->message : "");
        }
    }
}

/* ---- loading ---- */

static void load(const od_vendor *vendor, const od_operation *operation, const char *file) {
    char path[512];
    if (operation)
        snprintf(path, sizeof path, VECTORS "/%s/%s/%s.json", vendor->name, operation->name, file);
    else
        snprintf(path, sizeof path, VECTORS "/%s/%s.json", vendor->name, file);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return;
    static char text[1 << 20];
    size_t length = fread(text, 1, sizeof text, stream);
    fclose(stream);
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    if (length == sizeof text || file_count == sizeof files / sizeof files[0] ||
        od_value_parse(text, length, &value, &err) != OD_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(1);
    }
    files[file_count++] = value;
    const od_value *cases = od_value_get(value, "cases");
    for (size_t i = 0; i < od_value_length(cases) && row_count < ROWS; i++) {
        row *r = &rows[row_count++];
        r->vendor = vendor;
        r->operation = operation;
        r->file = file;
        r->value = od_value_at(cases, i);
        r->options = od_value_get(r->value, "options");
        if (!r->options)
            r->options = od_value_get(value, "options");
        snprintf(r->name, sizeof r->name, "%s%s%s %s: %s", vendor->name, operation ? "." : "",
                 operation ? operation->name : "", file, text_of(r->value, "name"));
    }
}

static const struct kind {
    const char *file;
    CMUnitTestFunction run, again;
} kinds[] = {
    { "options", run_options, run_options_without_memory },
    { "following", run_following, run_following_without_memory },
    { "requests", run_requests, NULL },
    { "refused", run_refused, NULL },
    { "answers", run_answers, NULL },
    { "place", run_place, run_place_without_memory },
};

int main(void) {
    static struct CMUnitTest tests[2 * ROWS + 16] = {
        cmocka_unit_test(descriptors_are_complete),
        cmocka_unit_test(R13_error_tables_are_total),
        cmocka_unit_test(R13_outside_the_envelope_nothing_is_proven),
        cmocka_unit_test(every_operation_has_vectors),
        cmocka_unit_test(every_field_has_a_request),
        cmocka_unit_test(every_error_row_has_an_answer),
    };
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    size_t count = 6;
    for (size_t v = 0; v < VENDOR_COUNT; v++) {
        load(vendors[v], NULL, "options");
        load(vendors[v], NULL, "following");
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++)
            for (size_t k = 2; k < sizeof kinds / sizeof kinds[0]; k++)
                load(vendors[v], operation, kinds[k].file);
    }
    for (size_t i = 0; i < row_count; i++) {
        const struct kind *kind = kinds;
        while (strcmp(kind->file, rows[i].file) != 0)
            kind++;
        tests[count++] = (struct CMUnitTest){ rows[i].name, kind->run, NULL, NULL, &rows[i] };
        if (kind->again)
            tests[count++] = (struct CMUnitTest){ rows[i].name, kind->again, NULL, NULL, &rows[i] };
    }
    int failed = _cmocka_run_group_tests("vendors", tests, count, NULL, NULL);
    for (size_t i = 0; i < file_count; i++)
        od_value_unref(files[i]);
    return failed;
}
