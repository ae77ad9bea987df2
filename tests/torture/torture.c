/* Every allocation of a call's whole life fails once: from the client's options to the result, at each vendor, for each
 * row of tests/vectors/vendors that says what a request or an answer is like. Whatever fails, nothing may crash or leak
 * (run it under AddressSanitizer), every call ends exactly once, and no call whose request has left is called not placed
 * unless the vendor said so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "base/memory.h"
#include "client_rig.h"
#include "vector_rows.h"

#define ROUNDS 12          /* of answers; a call with its session and tries needs fewer */
#define PAUSE_MS 30000     /* longer than any pause between tries */

static const od_vendor *const vendors[] = {
#define VENDOR(name) &od_vendor_##name,
    OD_VENDORS(VENDOR)
#undef VENDOR
};

/* What the vendor says to everything that is asked in this life. */
typedef struct answer {
    int status;
    char headers[512], body[4096];
} answer;

static void read_answer(const vector_row *row, answer *out) {
    const od_value *headers = od_value_get(row->value, "headers"), *body = od_value_get(row->value, "body"), *member;
    void *cursor = NULL;
    const char *key;
    *out = (answer){ .status = (int)od_value_integer(od_value_get(row->value, "status")) };
    while (headers != NULL && od_value_next(headers, &cursor, &key, &member)) {
        size_t length = strlen(out->headers);
        snprintf(out->headers + length, sizeof(out->headers) - length, "%s: %s\n", key, od_value_string(member));
    }
    if (od_value_string(body) != NULL) {
        snprintf(out->body, sizeof(out->body), "%s", od_value_string(body));
    } else if (body != NULL) {
        char *text = vector_json(body);
        snprintf(out->body, sizeof(out->body), "%s", text);
        od_text_free(text);
    }
}

/* A row of answers has the parameters that belong to it, or none. */
static bool is_request(const vector_row *row) {
    return strcmp(row->file, "requests") == 0 || strcmp(row->file, "place") == 0;
}

/* The credentials that no row needs to name, where the vendor takes them as an option. */
static od_value *options_of(const vector_row *row) {
    od_value *options = od__value_copy(row->options);
    if (strcmp(row->vendor->name, "amazon_connect") == 0 && od_value_get(options, "credentials") == NULL)
        assert_int_equal(od_value_set(options, "credentials",
                                      parse("{\"access_key_id\":\"AKIDEXAMPLE\",\"secret_access_key\":\"s\"}"), NULL),
                         OD_OK);
    return options;
}

typedef struct life {
    rig r;
    od_value *options, *given;  /* parameters, or a neutral call */
    const vector_row *row;
    const answer *says;
    bool prepared;              /* a neutral call is prepared first, and placed as it was prepared */
    bool taken;                 /* a request that may ring has gone out, and was not refused */
    size_t failures;            /* of calls, for want of memory */
} life;

static od_status begin_prepared(life *l, od_request **request, od_error *err) {
    od_prepared *prepared = NULL;
    char *record = NULL;
    od_status status = od_client_prepare_place(l->r.client, l->given, &prepared, err);
    if (status == OD_OK)
        status = od_prepared_record(prepared, &record, err);
    if (status == OD_OK)
        status = od_prepared_place(prepared, NULL, request, err);
    od_text_free(record);
    od_prepared_free(prepared);
    return status;
}

static od_status begin(life *l, od_request **request, od_error *err) {
    if (l->prepared)
        return begin_prepared(l, request, err);
    return strcmp(l->row->file, "place") == 0
               ? od_client_place(l->r.client, l->given, NULL, request, err)
               : od_client_submit(l->r.client, l->row->operation->name, l->given, NULL, request, err);
}

static void answer_all(life *l) {
    for (int i = 0; i < ROUNDS && l->r.network.first != NULL; i++) {
        od_exchange *exchange = l->r.network.first;
        l->taken = l->taken || (exchange->rings && l->says->status < 300);
        fake_answer(&l->r.network, exchange, l->says->status, l->says->headers, l->says->body);
        step(&l->r);
        (void)fake_sent(&l->r.network);
    }
}

static void check_end(life *l, od_request *request) {
    const od_error *error = od_request_error(request);
    assert_true(od_request_finished(request));
    if (od_request_status(request) != OD_OUT_OF_MEMORY)
        return;
    l->failures++;
    /* What came back was lost here. */
    if (l->taken)
        assert_int_not_equal(error->placement, OD_PLACEMENT_NOT_PLACED);
}

/* One life in which the n-th allocation fails; 0: none. Returns whether it was long enough for that. */
static bool live(life *l, size_t n) {
    od_error error = OD_ERROR_INIT;
    od_request *request = NULL;
    rig_open(&l->r);
    l->taken = false;
    od__memory_fail_at(n);
    od_status status = od_client_new(l->r.engine, l->row->vendor, l->options, &l->r.client, &error);
    if (status == OD_OK)
        status = begin(l, &request, &error);
    if (status == OD_OK) {
        for (int i = 0; i < ROUNDS && !od_request_finished(request); i++) {
            answer_all(l);
            if (!od_request_finished(request))
                pass_ms(&l->r, PAUSE_MS);
        }
    }
    bool enough = od__memory_fail_at(0) < n || n == 0;
    if (request == NULL) {
        if (!enough && status == OD_OUT_OF_MEMORY)
            l->failures++;
        else if (status != OD_VALIDATION)
            assert_error(&error, "a complaint about the parameters, or none");
    } else {
        if (!od_request_finished(request))
            od_request_cancel(request);
        check_end(l, request);
        assert_ptr_equal(od_engine_take(l->r.engine), request);
        assert_null(od_engine_take(l->r.engine));
        od_request_unref(request);
        od_request_unref(request);
    }
    rig_close(&l->r);
    return enough;
}

static void each_allocation_fails(const vector_row *row, const od_value *given, const answer *says, bool prepared) {
    life l = { .row = row, .says = says, .options = options_of(row), .given = (od_value *)(uintptr_t)given,
               .prepared = prepared };
    (void)live(&l, 0);
    size_t n = 1;
    while (!live(&l, n)) {
        assert_true(n < VECTOR_ALLOCATIONS);
        n++;
    }
    assert_true(l.failures > 0); /* or the allocations do not go through the door that is held here */
    od_value_unref(l.options);
}

static void run_request(void **state) {
    const vector_row *row = *state;
    static const answer fine = { 200, "x-amzn-RequestId: r\nSet-Cookie: JSESSIONID=1\nX-CSRF-HEADER: X-CSRF\nX-CSRF-TOKEN: t\n",
                                 "{\"ContactId\":\"c\",\"Contact\":{},\"Contacts\":[],\"Attributes\":{\"a\":\"b\"},\"statusCode\":0,"
                                 "\"id\":1,\"status\":\"assigned\",\"responseStatus\":\"SUCCESS\",\"previewResult\":{}}" };
    bool neutral = strcmp(row->file, "place") == 0;
    const od_value *given = od_value_get(row->value, neutral ? "call" : "params");
    each_allocation_fails(row, given, &fine, false);
    if (neutral)
        each_allocation_fails(row, given, &fine, true);
}

/* The parameters of the operation's first good request. */
static const od_value *some_parameters(const vector_row *row) {
    for (size_t i = 0; i < vector_row_count; i++)
        if (vector_rows[i].operation == row->operation && strcmp(vector_rows[i].file, "requests") == 0)
            return od_value_get(vector_rows[i].value, "params");
    return NULL;
}

static void run_answer(void **state) {
    vector_row row = *(const vector_row *)*state;
    answer says;
    read_answer(&row, &says);
    for (size_t i = 0; i < vector_row_count; i++) {
        if (vector_rows[i].operation == row.operation && strcmp(vector_rows[i].file, "requests") == 0) {
            row.options = vector_rows[i].options;
            break;
        }
    }
    each_allocation_fails(&row, some_parameters(&row), &says, false);
}

static size_t add(struct CMUnitTest *tests, size_t count, vector_row *row) {
    bool request = is_request(row);
    if (!request && (strcmp(row->file, "answers") != 0 || some_parameters(row) == NULL))
        return count;
    tests[count] = (struct CMUnitTest){ .name = row->name, .test_func = request ? run_request : run_answer,
                                        .initial_state = row };
    return count + 1;
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

/* The text that jansson's parser gathers grows by doubling, and jansson goes on when that fails, past the end of its block;
 * so what may be that text does not fail here. */
static void *json_alloc(size_t bytes) {
    bool may_be_text = bytes >= 32 && (bytes & (bytes - 1)) == 0;
    return may_be_text ? malloc(bytes) : od__alloc(bytes);
}

int main(void) {
    static struct CMUnitTest tests[VECTOR_ROWS];
    static const char *const files[] = { "requests", "place", "answers" };
    json_set_alloc_funcs(json_alloc, od__free);
    for (size_t v = 0; v < sizeof(vendors) / sizeof(vendors[0]); v++)
        for (const od_operation *operation = vendors[v]->operations; operation->name != NULL; operation++)
            for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                vector_rows_load(vendors[v], operation, files[i]);
    size_t count = 0;
    for (size_t i = 0; i < vector_row_count; i++)
        count = add(tests, count, &vector_rows[i]);
    int failed = _cmocka_run_group_tests("torture", tests, count, NULL, NULL);
    vector_rows_free();
    return failed;
}
