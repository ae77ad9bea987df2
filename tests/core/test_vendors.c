/* The vendors' descriptors against tests/vectors/vendors: each row of a file there is one test.
 *
 *   VENDOR/options.json               client options: refused, or their base URL and what checking made of them
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
#include "vector_rows.h"

static const od_vendor *const vendors[] = {
#define VENDOR(name) &od_vendor_##name,
    OD_VENDORS(VENDOR)
#undef VENDOR
};
#define VENDOR_COUNT (sizeof vendors / sizeof vendors[0])

/* ---- small helpers ---- */

static bool counting_random(void *context, void *out, size_t bytes) {
    (void)context;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)i;
    return true;
}

static od_status build(const vector_row *r, const od_operation *operation, const od_value *options, od_value *params,
                       od_http_request *request, od_error *err) {
    char url[512];
    od_status status = od__shape_fill(operation->input, params, options, counting_random, NULL, err);
    if (status == OD_OK)
        status = od__shape_validate(operation->input, params, "", err);
    int64_t now_ms = 0;
    if (vector_text(r->value, "now"))
        assert_true(od__iso8601_parse(vector_text(r->value, "now"), &now_ms));
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
    const vector_row *r = *state;
    od_value *options = od__value_copy(od_value_get(r->value, "options"));
    od_error err = OD_ERROR_INIT;
    od_status status = od__options_validate(r->vendor, options, &err);
    char url[512];
    if (status == OD_OK)
        status = r->vendor->base_url(options, url, sizeof url, &err);
    if (vector_text(r->value, "error")) {
        assert_int_not_equal(status, OD_OK);
        assert_error_text(&err, vector_text(r->value, "error"));
    } else {
        if (status != OD_OK)
            assert_error_text(&err, "no error");
        assert_string_equal(url, vector_text(r->value, "base_url"));
        assert_has(options, od_value_get(r->value, "has"));
    }
    od_value_unref(options);
}

static void run_options_without_memory(void **state) {
    const vector_row *r = *state;
    bool refused = vector_text(r->value, "error") != NULL, enough = false;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < VECTOR_ALLOCATIONS);
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
    char *text = vector_json(printed);
    assert_string_equal(od__buffer_text(&request->body), text);
    od_text_free(text);
    od_value_unref(printed);
}

static void run_requests(void **state) {
    const vector_row *r = *state;
    od_value *options = vector_options(r), *params = od__value_copy(od_value_get(r->value, "params"));
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    if (build(r, r->operation, options, params, &request, &err) != OD_OK)
        assert_error_text(&err, "no error");
    assert_string_equal(request.method, r->operation->method);
    assert_string_equal(od__buffer_text(&request.url), vector_text(r->value, "url"));
    assert_string_equal(od__buffer_text(&request.body), vector_text(r->value, "body"));
    assert_document(&request, vector_text(r->value, "document"));
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
    const vector_row *r = *state;
    od_value *options = vector_options(r), *params = od__value_copy(od_value_get(r->value, "params"));
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    assert_int_equal(build(r, r->operation, options, params, &request, &err), OD_VALIDATION);
    assert_error_text(&err, vector_text(r->value, "error"));
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
        char *text = vector_json(body);
        od__buffer_add_text(&response->body, text);
        od_text_free(text);
    }
}

/* What is expected of an error: code, retryable and, if the operation rings, placement always; the rest where it is not
 * empty. */
static void assert_error_is(const od_exchange *exchange, const od_value *expected) {
    static const char *const agains[] = { "no", "transient", "throttled" };
    const od_error *err = &exchange->error;
    assert_string_equal(od_status_name(err->code), vector_text(expected, "code"));
    const char *placement = vector_text(expected, "placement");
    assert_string_equal(od_placement_name(exchange->try_placement), placement ? placement : "");
    assert_int_equal(err->retryable, od_value_boolean(od_value_get(expected, "retryable")));
    const char *again = vector_text(expected, "again");
    assert_string_equal(agains[exchange->again], again ? again : "no");
    const char *code = vector_text(expected, "vendor_code"), *id = vector_text(expected, "request_id");
    assert_string_equal(err->vendor_code, code ? code : "");
    assert_string_equal(err->request_id, id ? id : "");
    assert_string_equal(err->message, vector_text(expected, "message"));
    const od_value *after = od_value_get(expected, "retry_after_ms");
    assert_int_equal(err->retry_after_ms, after ? od_value_integer(after) : -1);
    assert_int_equal(err->http_status, exchange->response.status);
}

static void run_answers(void **state) {
    const vector_row *r = *state;
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
            assert_error_text(&exchange.error, "no error");
        if (r->operation->refine)
            assert_int_equal(r->operation->refine(od_value_get(r->value, "params"), result, NULL), OD_OK);
        if (od_value_get(r->value, "result"))
            assert_json_equal(result, od_value_get(r->value, "result"));
    }
    if (!expected && (r->operation->rings || !od_value_get(r->value, "result"))) {
        od_value *id = NULL;
        bool placed = r->vendor->placed(r->operation, exchange.response.status, od_value_get(r->value, "params"),
                                        result, &id);
        assert_string_equal(placed ? "placed" : "handed_off", vector_text(r->value, "state"));
        const char *expected_id = vector_text(r->value, "id");
        assert_string_equal(id ? od_value_string(id) : "(none)", expected_id ? expected_id : "(none)");
        od_value_unref(id);
    }
    od_value_unref(result);
    od__exchange_clear(&exchange);
}

static od_status place_and_build(const vector_row *r, const od_value *options, const od_operation **operation,
                                 od_value **params, const char **dropped, od_http_request *request, od_error *err) {
    od_call call;
    od__call_read(od_value_get(r->value, "call"), &call);
    call.judged = od_value_boolean(od_value_get(r->value, "judged"));
    od_status status = r->vendor->place(r->vendor, options, &call, operation, params, dropped, err);
    return status == OD_OK ? build(r, *operation, options, *params, request, err) : status;
}

static void run_place(void **state) {
    const vector_row *r = *state;
    od_value *options = vector_options(r), *params = NULL;
    char *before = vector_json(r->value);
    const od_operation *operation = NULL;
    const char *dropped = NULL;
    od_error err = OD_ERROR_INIT;
    od_http_request request;
    od__http_request_init(&request);
    od_status status = place_and_build(r, options, &operation, &params, &dropped, &request, &err);
    assert_string_equal(operation->name, vector_text(r->value, "operation") ? vector_text(r->value, "operation")
                                                                         : r->operation->name);
    if (vector_text(r->value, "error")) {
        assert_int_not_equal(status, OD_OK);
        assert_error_text(&err, vector_text(r->value, "error"));
    } else {
        if (status != OD_OK)
            assert_error_text(&err, "no error");
        assert_string_equal(od__buffer_text(&request.body), vector_text(r->value, "body"));
        if (vector_text(r->value, "url"))
            assert_string_equal(od__buffer_text(&request.url), vector_text(r->value, "url"));
    }
    const char *expected = vector_text(r->value, "dropped");
    assert_string_equal(dropped ? dropped : "(nothing)", expected ? expected : "(nothing)");
    /* The caller's own values are untouched, whatever validation replaced. */
    char *after = vector_json(r->value);
    assert_string_equal(after, before);
    od_text_free(after);
    od_text_free(before);
    od__http_request_clear(&request);
    od_value_unref(params);
    od_value_unref(options);
}

/* Every allocation on the way from call to request fails once. */
static void run_place_without_memory(void **state) {
    const vector_row *r = *state;
    od_value *options = vector_options(r);
    bool refused = vector_text(r->value, "error") != NULL, enough = false;
    size_t failures = 0;
    for (size_t n = 1; !enough; n++) {
        assert_true(n < VECTOR_ALLOCATIONS);
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
            assert_string_equal(od__buffer_text(&request.body), vector_text(r->value, "body"));
        else if (!refused || status != OD_VALIDATION)
            assert_int_equal(status, OD_OUT_OF_MEMORY);
        od__http_request_clear(&request);
        od_value_unref(params);
    }
    assert_true(failures >= (refused ? 1 : 2)); /* or the allocations do not go through the door that this test holds */
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
                assert_true(error->retryable && (error->code == OD_THROTTLED || error->code == OD_UNAVAILABLE ||
                                                 (error->code == OD_TIMEOUT && error->again == OD_AGAIN_TRANSIENT)));
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
    for (size_t i = 0; i < vector_row_count; i++)
        if (vector_rows[i].operation == operation && strcmp(vector_rows[i].file, file) == 0)
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
    for (size_t i = 0; i < vector_row_count; i++) {
        const od_value *params = od_value_get(vector_rows[i].value, "params");
        if (vector_rows[i].operation != operation || strcmp(vector_rows[i].file, "requests") != 0)
            continue;
        char key[80];
        snprintf(key, sizeof key, "\"%s\":", field->name);
        if (od_value_get(params, field->name) || strstr(vector_text(vector_rows[i].value, "body"), key))
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
            for (size_t i = 0; !found && i < vector_row_count; i++) {
                const od_value *expected = od_value_get(vector_rows[i].value, "error");
                if (vector_rows[i].vendor != vendors[v] || strcmp(vector_rows[i].file, "answers") != 0 || !expected)
                    continue;
                const char *code = vector_text(expected, "vendor_code");
                found = (!error->vendor_code || (code && strcasecmp(code, error->vendor_code) == 0)) &&
                        (!error->message || fnmatch(error->message, vector_text(expected, "message"), 0) == 0) &&
                        strcmp(vector_text(expected, "code"), od_status_name(error->code)) == 0;
            }
            if (!found)
                fail_msg("%s: no answer for %s %s", vendors[v]->name, error->vendor_code ? error->vendor_code : "",
                         error->message ? error->message : "");
        }
    }
}

static const struct kind {
    const char *file;
    CMUnitTestFunction run, again;
} kinds[] = {
    { "options", run_options, run_options_without_memory },
    { "requests", run_requests, NULL },
    { "refused", run_refused, NULL },
    { "answers", run_answers, NULL },
    { "place", run_place, run_place_without_memory },
};

int main(void) {
    static struct CMUnitTest tests[2 * VECTOR_ROWS + 16] = {
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
        vector_rows_load(vendors[v], NULL, "options");
        for (const od_operation *operation = vendors[v]->operations; operation->name; operation++)
            for (size_t k = 1; k < sizeof kinds / sizeof kinds[0]; k++)
                vector_rows_load(vendors[v], operation, kinds[k].file);
    }
    for (size_t i = 0; i < vector_row_count; i++) {
        const struct kind *kind = kinds;
        while (strcmp(kind->file, vector_rows[i].file) != 0)
            kind++;
        tests[count++] = (struct CMUnitTest){ vector_rows[i].name, kind->run, NULL, NULL, &vector_rows[i] };
        if (kind->again)
            tests[count++] = (struct CMUnitTest){ vector_rows[i].name, kind->again, NULL, NULL, &vector_rows[i] };
    }
    int failed = _cmocka_run_group_tests("vendors", tests, count, NULL, NULL);
    vector_rows_free();
    return failed;
}
