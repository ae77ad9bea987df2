/* How a good answer becomes a result: lists, single objects, headers, spellings; and times that must be to come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "operation/form.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- a made-up operation ---- */

static od_status check_even(const od_value *value, const char *path, od_value **replacement, od_error *err);
static const od_check even = { "even", check_even, NULL };

/* Takes a text of even length, and makes that length of it; "mine" passes as it is. */
static od_status check_even(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    if (od_value_length(value) % 2 != 0)
        return od__check_fail(&even, value, path, err);
    if (strcmp(od_value_string(value), "mine") == 0)
        return OD_OK;
    *replacement = od_value_new_integer((int64_t)od_value_length(value));
    return *replacement ? OD_OK : od__error_no_memory(err);
}

static const od_shape checked = { .kind = OD_KIND_STRING, .check = &even };
static const char *const id_spellings[] = { "Id", "ID", NULL };
static const od_field inner_fields[] = {
    { .name = "id", .shape = &od_shape_text, .aliases = id_spellings }, OD_FIELDS_END
};
static const od_shape inner = { .kind = OD_KIND_STRUCT, .fields = inner_fields, .open = true };
static const od_shape inners = { .kind = OD_KIND_LIST, .element = &inner };
static const od_field outer_fields[] = {
    { .name = "id", .shape = &od_shape_text, .aliases = id_spellings },
    { .name = "one", .shape = &inner }, { .name = "many", .shape = &inners }, OD_FIELDS_END
};
static const od_shape outer = { .kind = OD_KIND_STRUCT, .fields = outer_fields };
static const od_field headers[] = {
    { .name = "total", .shape = &od_shape_integer },
    { .name = "where", .wire_name = "Location", .shape = &od_shape_text },
    { .name = "length", .wire_name = "X-Even", .shape = &checked }, OD_FIELDS_END
};

static const od_answer_form plain = { .list = NULL }, single = { .single = true, .required = true },
                            list = { .list = "many", .headers = headers }, strict = { .list = "many", .required = true },
                            empty = { .required = true, .no_content = "already", .headers = headers };
static const struct { const char *name; const od_answer_form *form; } forms[] = {
    { "none", NULL }, { "plain", &plain }, { "single", &single }, { "list", &list }, { "strict", &strict },
    { "empty", &empty },
};

static od_operation operation_of(const char *form) {
    od_operation operation = { .name = "made_up", .output = &outer };
    for (size_t i = 0; i < ROWS(forms); i++)
        if (strcmp(forms[i].name, form) == 0)
            operation.form = forms[i].form;
    return operation;
}

static const struct row {
    const char *form;
    int status;
    const char *headers, *body, *result; /* result NULL: it does not fit */
} rows[] = {
    { "none", 200, "Location: /x\n", "{\"Id\":\"1\"}", "{\"Id\":\"1\"}" },
    { "none", 200, "", NULL, "{}" },
    { "none", 200, "", "[1]", NULL },
    { "plain", 200, "Location: /x\n", "{\"Id\":\"1\"}", "{\"id\":\"1\"}" },
    { "plain", 200, "", "{\"ID\":\"1\",\"Id\":\"2\",\"x\":null}", "{\"ID\":\"1\",\"x\":null,\"id\":\"2\"}" },
    { "plain", 200, "", "{\"id\":null,\"Id\":\"2\"}", "{\"id\":null,\"Id\":\"2\"}" },
    { "plain", 200, "", "{\"one\":{\"ID\":\"1\"},\"many\":[{\"Id\":\"2\"},7,null,{\"id\":\"3\"}]}",
      "{\"one\":{\"id\":\"1\"},\"many\":[{\"id\":\"2\"},7,null,{\"id\":\"3\"}]}" },
    { "plain", 200, "", "{\"one\":[{\"ID\":\"1\"}],\"many\":{\"Id\":\"2\"}}", "{\"one\":[{\"ID\":\"1\"}],\"many\":{\"Id\":\"2\"}}" },
    { "plain", 204, "", NULL, "{}" },
    { "plain", 200, "", "7", NULL },
    { "plain", 200, "", "null", NULL },
    { "plain", 200, "", "[{}]", NULL },
    { "single", 200, "", "{\"Id\":\"1\"}", "{\"id\":\"1\"}" },
    { "single", 200, "", "[{\"Id\":\"1\"}]", "{\"id\":\"1\"}" },
    { "single", 200, "", "[]", NULL },
    { "single", 200, "", "[{},{}]", NULL },
    { "single", 200, "", "[7]", NULL },
    { "single", 200, "", NULL, NULL },
    { "single", 204, "", NULL, NULL },
    { "list", 200, "", "[{\"Id\":\"1\"}]", "{\"many\":[{\"id\":\"1\"}]}" },
    { "list", 200, "TOTAL:  12 \nlocation: /x\nx-even: abcd\n", "[]", "{\"many\":[],\"total\":12,\"where\":\"/x\",\"length\":4}" },
    { "list", 200, "Total: -1\nLocation: \nX-Even: abc\n", "[]", "{\"many\":[],\"where\":\"\"}" },
    { "list", 200, "Total: 999999999999999999\nX-Even: mine\n", "[]", "{\"many\":[],\"total\":999999999999999999,\"length\":\"mine\"}" },
    { "list", 200, "Total: 9999999999999999999\nLocation: /\xc3\xa4\n", "[]", "{\"many\":[]}" },
    { "list", 200, "Total:\nTotal: 3\nLocation: /\x01\n", "[]", "{\"many\":[]}" },
    { "list", 200, "Total: 3\n", "{\"total\":7}", "{\"total\":3}" },
    { "list", 200, "Total: 3\n", NULL, "{\"total\":3}" },
    { "list", 200, "", "7", NULL },
    { "strict", 200, "", "[7]", "{\"many\":[7]}" },
    { "strict", 200, "", "{}", NULL },
    { "strict", 200, "", NULL, NULL },
    { "strict", 204, "", NULL, NULL },
    { "empty", 204, "Location: /x\n", NULL, "{\"already\":true,\"where\":\"/x\"}" },
    { "empty", 200, "", NULL, NULL },
    { "empty", 200, "", "{\"Id\":\"1\"}", "{\"id\":\"1\"}" },
};

static od_value *body_of(const struct row *row) {
    od_value *body = NULL;
    if (row->body)
        assert_int_equal(od_value_parse(row->body, strlen(row->body), &body, NULL), OD_OK);
    return body;
}

static void assert_written(const od_value *value, const char *expected) {
    char *text;
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    assert_string_equal(text, expected);
    od_text_free(text);
}

static void an_answer_becomes_a_result(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_operation operation = operation_of(rows[i].form);
        od_http_response response;
        od__http_response_init(&response);
        response.status = rows[i].status;
        od__buffer_add_text(&response.headers, rows[i].headers);
        od_value *body = body_of(&rows[i]), *result = NULL;
        if (od__form_fits(&operation, rows[i].status, body) != (rows[i].result != NULL))
            fail_msg("%s: %s fits, or not", rows[i].form, rows[i].body ? rows[i].body : "nothing");
        if (rows[i].result) {
            assert_int_equal(od__form_result(&operation, &response, body, &result, NULL), OD_OK);
            assert_written(result, rows[i].result);
            od_value_unref(result);
        } else {
            od_value_unref(body);
        }
        od__http_response_clear(&response);
    }
}

static void running_out_of_memory(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool enough = rows[i].result == NULL;
        for (size_t n = 1; !enough; n++) {
            od_operation operation = operation_of(rows[i].form);
            od_http_response response;
            od__http_response_init(&response);
            response.status = rows[i].status;
            od__buffer_add_text(&response.headers, rows[i].headers);
            od_value *body = body_of(&rows[i]), *result = NULL;
            od_error err = OD_ERROR_INIT;
            od__memory_fail_at(n);
            od_status status = od__form_result(&operation, &response, body, &result, &err);
            enough = od__memory_fail_at(0) < n;
            assert_int_equal(status, enough ? OD_OK : OD_OUT_OF_MEMORY);
            assert_int_equal(result != NULL, enough);
            assert_string_equal(err.message, enough ? "" : "memory ran out");
            failures += !enough;
            if (enough)
                assert_written(result, rows[i].result);
            od_value_unref(result);
            od__http_response_clear(&response);
        }
    }
    assert_true(failures > 15);
}

/* ---- pages, as they are described ---- */

static void pages_are_described(void **state) {
    (void)state;
    const od_operation *operation = od_operation_find(od_vendor_find("ccai_platform"), "list_calls");
    od_value *described = NULL;
    assert_int_equal(od_operation_describe(operation, &described, NULL), OD_OK);
    assert_written(od_value_get(described, "pages"),
                   "{\"items\":\"calls\",\"next\":\"next\",\"parameter\":\"page\",\"total\":\"total\"}");
    od_value_unref(described);
    operation = od_operation_find(od_vendor_find("ccai_platform"), "create_call");
    assert_int_equal(od_operation_describe(operation, &described, NULL), OD_OK);
    assert_null(od_value_get(described, "pages"));
    od_value_unref(described);
}

/* ---- times to come ---- */

static const od_field time_fields[] = {
    { .name = "at", .shape = &od_shape_text, .ahead_ms = 5000 }, { .name = "any", .shape = &od_shape_text }, OD_FIELDS_END
};
static const od_shape times = { .kind = OD_KIND_STRUCT, .fields = time_fields };

static void a_time_must_be_ahead(void **state) {
    (void)state;
    static const struct { const char *value, *error; } time_rows[] = {
        { "{}", NULL },
        { "{\"any\":\"1970-01-01T00:00:00Z\"}", NULL },
        { "{\"at\":null}", NULL },
        { "{\"at\":7}", NULL },
        { "{\"at\":\"2001-09-09T01:46:45Z\"}", NULL },
        { "{\"at\":\"2001-09-09T01:46:44.999Z\"}",
          "validation /at: expected a time at least 5 s from now, got \"2001-09-09T01:46:44.999Z\"" },
        { "{\"at\":\"soon\"}", "validation /at: expected a time at least 5 s from now, got \"soon\"" },
    };
    for (size_t i = 0; i < ROWS(time_rows); i++) {
        od_value *value = NULL;
        od_error err = OD_ERROR_INIT;
        char line[512];
        assert_int_equal(od_value_parse(time_rows[i].value, strlen(time_rows[i].value), &value, NULL), OD_OK);
        od_status status = od__shape_check_ahead(&times, value, INT64_C(1000000000000), &err);
        od_error_format(&err, line, sizeof line);
        assert_int_equal(status, time_rows[i].error ? OD_VALIDATION : OD_OK);
        assert_string_equal(line, time_rows[i].error ? time_rows[i].error : "ok");
        od_value_unref(value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_becomes_a_result),
        cmocka_unit_test(running_out_of_memory),
        cmocka_unit_test(pages_are_described),
        cmocka_unit_test(a_time_must_be_ahead),
    };
    json_set_alloc_funcs(od__alloc, od__free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
