/* The operation room with a made-up vendor: options, building requests, reading answers by table (R13), describing; and
 * the registry with the vendors that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "operation/glob.h"
#include "operation/operation.h"
#include "values.h"

/* ---- the vendor ---- */

static const od_shape secret = {.kind = OD_KIND_STRING, .sensitive = true};
static const od_shape texts = {.kind = OD_KIND_LIST, .element = &od_shape_text};

static const od_field option_fields[] = {
    {.name = "tenant", .summary = "which account", .shape = &od_shape_text, .required = true},
    {.name = "api_key", .shape = &secret},
    {.name = "level", .shape = &od_shape_integer, .default_integer = 3, .has_default_integer = true},
    OD_FIELDS_END,
};
static const od_shape options_shape = {.kind = OD_KIND_STRUCT, .fields = option_fields};

static const od_field call_fields[] = {
    {.name = "Verb", .shape = &od_shape_text, .constant = "Dial"},
    {.name = "To", .shape = &od_shape_e164, .required = true, .wire_name = "destination"},
    {.name = "Data", .shape = &od_shape_any},
    {.name = "Line", .shape = &od_shape_any, .place = OD_PLACE_PATH},
    {.name = "Page", .shape = &od_shape_any, .place = OD_PLACE_QUERY},
    {.name = "Tags", .shape = &texts, .place = OD_PLACE_QUERY, .wire_name = "tag[]"},
    {.name = "Trace", .shape = &od_shape_any, .place = OD_PLACE_HEADER, .wire_name = "X-Trace"},
    {.name = "Pin", .shape = &secret, .place = OD_PLACE_HEADER, .wire_name = "X-Pin"},
    {.name = "Hint", .shape = &od_shape_text, .place = OD_PLACE_NOWHERE},
    OD_FIELDS_END,
};
static const od_shape call_input = {.kind = OD_KIND_STRUCT, .fields = call_fields};
static const od_shape open_input = {.kind = OD_KIND_STRUCT, .fields = call_fields, .open = true};
static const od_field result_fields[] = {{.name = "id", .summary = "the call", .shape = &od_shape_text}, OD_FIELDS_END};
static const od_shape result_shape = {.kind = OD_KIND_STRUCT, .fields = result_fields};

static const od_field headers[] = {
    {.name = "Accept", .constant = "application/json"},
    {.name = "Key", .wire_name = "X-Key", .shape = &secret, .option = "api_key", .option_prefix = "Key "},
    {.name = "Tenant", .shape = &od_shape_text, .option = "tenant", .required = true},
    OD_FIELDS_END,
};

static const od_variant variants[] = {{.value = "Dial", .summary = "dials", .shape = &call_input}, OD_VARIANTS_END};
static const od_shape choice_input = {.kind = OD_KIND_CHOICE, .chooser = "Verb", .variants = variants};

static const od_operation operations[] = {
    {.name = "dial_number", .vendor_name = "DialNumber", .summary = "dials", .source = "the manual, 1", .method = "POST",
     .path = "/calls", .input = &call_input, .output = &result_shape, .content_type = "application/json", .rings = true,
     .repeat = OD_REPEAT_TOKEN, .repeat_field = "Token"},
    {.name = "get_line", .vendor_name = "GetLine", .summary = "reads", .method = "GET", .path = "/lines/{Line}/state?v=2",
     .input = &call_input, .headers = headers, .repeat = OD_REPEAT_SAFE},
    {.name = "open_call", .vendor_name = "OpenCall", .summary = "any", .method = "PATCH", .path = "/{Line}",
     .input = &open_input, .content_type = "application/json; charset=utf-8"},
    {.name = "choose", .vendor_name = "Choose", .summary = "chooses", .method = "PUT", .path = "/c",
     .input = &choice_input, .content_type = "application/json"},
    {.name = "broken_path", .vendor_name = "BrokenPath", .summary = "defect", .method = "GET", .path = "/{Nothing}",
     .input = &call_input},
    {.name = "open_brace", .vendor_name = "OpenBrace", .summary = "defect", .method = "GET", .path = "/{Line",
     .input = &call_input},
    {.name = NULL},
};

static const od_error_row errors[] = {
    {.http_status = 400, .vendor_code = "AgentBusy", .message = "Agent * is not available*", .enveloped = 1,
     .code = OD_REJECTED, .placement = OD_PLACEMENT_NOT_PLACED, .retryable = true, .retry_after_ms = 30000},
    {.http_status = 5, .vendor_code = "slowdown", .code = OD_THROTTLED, .placement = OD_PLACEMENT_NOT_PLACED,
     .retryable = true, .again = OD_AGAIN_THROTTLED},
    {.http_status = 200, .vendor_code = "7", .code = OD_UNAVAILABLE, .placement = OD_PLACEMENT_UNKNOWN},
    {.http_status = 401, .enveloped = -1, .code = OD_AUTHENTICATION, .placement = OD_PLACEMENT_NOT_PLACED},
    {.code = OD_OK},
};

/* { "ok": bool, "code": text, "message": text, "id": text, "wait_ms": integer } is this vendor's envelope. */
static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    (void)operation;
    const char *code = od_value_string(od_value_get(body, "code"));
    const char *message = od_value_string(od_value_get(body, "message"));
    out->enveloped = code != NULL;
    out->success = response->status == 200 && code == NULL;
    (void)snprintf(out->vendor_code, sizeof out->vendor_code, "%s", code == NULL ? "" : code);
    (void)snprintf(out->message, sizeof out->message, "%s", message == NULL ? "" : message);
    (void)od__http_response_copy_header(response, "X-Request-Id", out->request_id, sizeof out->request_id);
    if (od_value_get(body, "wait_ms") != NULL)
        out->retry_after_ms = od_value_integer(od_value_get(body, "wait_ms"));
}

static const od_vendor vendor = {.name = "made_up", .title = "Made Up", .options = &options_shape,
                                 .operations = operations, .errors = errors, .read = read_answer};

/* ---- building ---- */

static void building(void **state) {
    (void)state;
    static const struct {
        const char *operation, *params, *options;
        const char *url, *headers, *body; /* body NULL: none */
    } rows[] = {
        {"dial_number", "{\"Data\":{\"b\":[1,2.5,null,true],\"a\":\"x\\ny\"},\"To\":\"+49301\",\"Verb\":\"Dial\"}", "{}",
         "https://h.example/base/calls", "Content-Type: application/json\n",
         "{\"Verb\":\"Dial\",\"destination\":\"+49301\",\"Data\":{\"b\":[1,2.5,null,true],\"a\":\"x\\ny\"}}"},
        {"dial_number", "{}", "{}", "https://h.example/base/calls", "Content-Type: application/json\n", "{}"},
        {"dial_number", "{\"Hint\":\"x\",\"Page\":5,\"Trace\":\"t\",\"Pin\":\"1234\"}", "{}",
         "https://h.example/base/calls?Page=5", "Content-Type: application/json\nX-Trace: t\nX-Pin: 1234 (secret)\n", "{}"},
        {"get_line", "{\"Line\":\"a/b c\xc3\xa9~-._%\",\"To\":\"+49301\"}", "{\"tenant\":\"T\",\"api_key\":\"k\"}",
         "https://h.example/base/lines/a%2Fb%20c%C3%A9~-._%25/state?v=2",
         "Accept: application/json\nX-Key: Key k (secret)\nTenant: T\n", NULL},
        {"get_line", "{\"Line\":-7,\"Page\":true,\"Tags\":[\"a&b\",\"c=d\",\"\"]}", "{\"tenant\":\"T\"}",
         "https://h.example/base/lines/-7/state?v=2&Page=true&tag%5B%5D=a%26b&tag%5B%5D=c%3Dd&tag%5B%5D=",
         "Accept: application/json\nTenant: T\n", NULL},
        {"get_line", "{\"Line\":\"...\",\"Page\":2.5,\"Tags\":[]}", "{\"tenant\":\"T\"}",
         "https://h.example/base/lines/.../state?v=2&Page=2.5", "Accept: application/json\nTenant: T\n", NULL},
        {"open_call", "{\"zeta\":1,\"Line\":\"L\",\"To\":\"+49301\",\"q\\\"k\":[2],\"Hint\":\"x\"}", "{}",
         "https://h.example/base/L", "Content-Type: application/json; charset=utf-8\n",
         "{\"destination\":\"+49301\",\"zeta\":1,\"q\\\"k\":[2]}"},
        {"choose", "{\"Verb\":\"Dial\",\"To\":\"+49301\"}", "{}", "https://h.example/base/c",
         "Content-Type: application/json\n", "{\"Verb\":\"Dial\",\"destination\":\"+49301\"}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *params = parsed(rows[i].params), *options = parsed(rows[i].options);
        const od_operation *operation = od__operation_find(&vendor, rows[i].operation);
        od_http_request request;
        od__http_request_init(&request);
        od_error err = OD_ERROR_INIT;
        if (od__operation_build(operation, "https://h.example/base", options, params, &request, &err) != OD_OK)
            fail_msg("%s: %s", rows[i].operation, err.message);
        char lines[512] = "";
        for (size_t h = 0; h < request.header_count; h++) {
            size_t at = strlen(lines);
            (void)snprintf(lines + at, sizeof lines - at, "%s: %s%s\n", request.headers[h].name,
                           request.headers[h].value, request.headers[h].secret ? " (secret)" : "");
        }
        assert_string_equal(request.method, operation->method);
        assert_string_equal(od__buffer_text(&request.url), rows[i].url);
        assert_string_equal(lines, rows[i].headers);
        assert_int_equal(request.has_body, rows[i].body != NULL);
        assert_string_equal(od__buffer_text(&request.body), rows[i].body == NULL ? "" : rows[i].body);
        od__http_request_clear(&request);
        od_value_unref(params);
        od_value_unref(options);
    }
}

static void what_cannot_be_built(void **state) {
    (void)state;
    static const struct {
        const char *operation, *params, *options;
        od_status status;
        const char *path, *message;
    } rows[] = {
        {"get_line", "{}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Line", "expected text for the path, got nothing"},
        {"get_line", "{\"Line\":\"\"}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Line",
         "expected text for the path, got \"\""},
        {"get_line", "{\"Line\":\".\"}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Line",
         "expected text for the path, got \".\""},
        {"get_line", "{\"Line\":\"..\"}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Line",
         "expected text for the path, got \"..\""},
        {"get_line", "{\"Line\":[1]}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Line",
         "expected text for the path, got nothing"},
        {"get_line", "{\"Line\":\"L\",\"Page\":{}}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Page",
         "expected a plain value for the query"},
        {"get_line", "{\"Line\":\"L\",\"Tags\":[\"a\",[]]}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Tags",
         "expected a plain value for the query"},
        {"get_line", "{\"Line\":\"L\",\"Trace\":[]}", "{\"tenant\":\"T\"}", OD_VALIDATION, "/Trace",
         "expected a plain value for a header"},
        {"get_line", "{\"Line\":\"L\",\"Trace\":\"a\\r\\nb\"}", "{\"tenant\":\"T\"}", OD_VALIDATION, "",
         "the value of header X-Trace has a control character"},
        {"get_line", "{\"Line\":\"L\"}", "{\"tenant\":\"T\\n\"}", OD_VALIDATION, "",
         "the value of header Tenant has a control character"},
        {"get_line", "{\"Line\":\"L\"}", "{}", OD_VALIDATION, "/Tenant", "expected a value for a header, got nothing"},
        {"broken_path", "{}", "{}", OD_INTERNAL, "", "the path has {Nothing}, which is no field"},
        {"open_brace", "{\"Line\":\"L\"}", "{}", OD_INTERNAL, "", "the path has {Line}, which is no field"},
        {"choose", "{}", "{}", OD_INTERNAL, "", "the parameters choose no kind of choose"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *params = parsed(rows[i].params), *options = parsed(rows[i].options);
        od_http_request request;
        od__http_request_init(&request);
        od_error err = OD_ERROR_INIT;
        const od_operation *operation = od__operation_find(&vendor, rows[i].operation);
        od_status status = od__operation_build(operation, "https://h", options, params, &request, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].status);
        od__http_request_clear(&request);
        od_value_unref(params);
        od_value_unref(options);
    }
}

static void nul_in_a_header(void **state) {
    (void)state;
    od_value *params = parsed("{\"Line\":\"L\"}"), *options = parsed("{\"tenant\":\"T\"}");
    assert_int_equal(od_value_set(params, "Trace", od_value_new_string_n("a\0b", 3), NULL), OD_OK);
    od_http_request request;
    od__http_request_init(&request);
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__operation_build(&operations[1], "https://h", options, params, &request, &err), OD_VALIDATION);
    assert_string_equal(err.path, "/Trace");
    assert_string_equal(err.message, "expected text without NUL characters");
    od__http_request_clear(&request);
    od_value_unref(params);
    od_value_unref(options);
}

static void what_is_too_large(void **state) {
    (void)state;
    static const struct {
        const char *operation, *field;
        size_t length;
        od_status status;
        const char *message;
    } rows[] = {
        {"dial_number", "Data", OD_LIMIT_REQUEST_BYTES - 11, OD_OK, ""}, /* {"Data":""} */
        {"dial_number", "Data", OD_LIMIT_REQUEST_BYTES - 10, OD_VALIDATION,
         "the request body is longer than 4194304 bytes"},
        {"dial_number", "Data", 2 * OD_LIMIT_REQUEST_BYTES, OD_VALIDATION,
         "the request body is longer than 4194304 bytes"},
        {"open_brace", "Page", 1, OD_INTERNAL, "the path has {Line}, which is no field"},
        {"dial_number", "Page", OD_LIMIT_URL_BYTES - 21, OD_OK, ""}, /* https://h/calls?Page= */
        {"dial_number", "Page", OD_LIMIT_URL_BYTES - 20, OD_VALIDATION, "the URL is longer than 8192 bytes"},
        {"dial_number", "Page", 10 * OD_LIMIT_URL_BYTES, OD_VALIDATION, "the URL is longer than 8192 bytes"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char *text = malloc(rows[i].length);
        memset(text, 'x', rows[i].length);
        od_value *params = od_value_new_object();
        od_value *member = od_value_new_string_n(text, rows[i].length);
        assert_int_equal(od_value_set(params, rows[i].field, member, NULL), OD_OK);
        od_http_request request;
        od__http_request_init(&request);
        od_error err = OD_ERROR_INIT;
        const od_operation *operation = od__operation_find(&vendor, rows[i].operation);
        od_status status = od__operation_build(operation, "https://h", NULL, params, &request, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(status, rows[i].status);
        od__http_request_clear(&request);
        od_value_unref(params);
        free(text);
    }
}

static void encoding(void **state) {
    (void)state;
    od_buffer out;
    od__buffer_init(&out, 4096);
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    od__uri_encode(&out, all, sizeof all);
    assert_int_equal(out.length, 66 + 3 * (256 - 66));
    assert_int_equal(strncmp(od__buffer_text(&out), "%00%01%02", 9), 0);
    assert_non_null(strstr(od__buffer_text(&out), "%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40ABC"));
    assert_non_null(strstr(od__buffer_text(&out), "XYZ%5B%5C%5D%5E_%60abc"));
    assert_non_null(strstr(od__buffer_text(&out), "xyz%7B%7C%7D~%7F%80"));
    od__buffer_clear(&out);
    od__uri_encode(&out, "", 0);
    assert_int_equal(out.length, 0);
    od__buffer_clear(&out);
}

static void replacing_the_origin(void **state) {
    (void)state;
    static const struct {
        const char *url, *endpoint, *replaced, *message;
    } rows[] = {
        {"https://connect.us-east-1.amazonaws.com", "http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
        {"https://gws.example.com/base", "http://[::1]:9", "http://[::1]:9/base", ""},
        {"https://gws.example.com/base/x", "http://h/pre/", "http://h/pre/base/x", ""},
        {"https://gws.example.com?x=1", "http://h/", "http://h?x=1", ""},
        {"https://a", "http://h//", "http://h", ""},
        {"nothing", "http://h", NULL, "expected a URL with scheme and host, got \"nothing\""},
        {"https://a", "h:80", NULL, "expected a URL with scheme and host, got \"h:80\""},
        {"https://a", "http:///x", NULL, "expected a URL with scheme and host, got \"http:///x\""},
        {"https://a/0123456789012345678901234567", "http://h", NULL, "a URL is longer than 31 bytes"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char out[32];
        od_error err = OD_ERROR_INIT;
        od_status status = od__uri_replace_origin(rows[i].url, rows[i].endpoint, out, sizeof out, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(status, rows[i].replaced != NULL ? OD_OK : OD_VALIDATION);
        if (rows[i].replaced != NULL)
            assert_string_equal(out, rows[i].replaced);
    }
}

/* ---- reading ---- */

static void answer(od_exchange *exchange, bool rings, int status, const char *header_lines, const char *body) {
    od__http_request_init(&exchange->request);
    memset((char *)exchange + sizeof exchange->request, 0, sizeof *exchange - sizeof exchange->request);
    od__http_response_init(&exchange->response);
    exchange->error = (od_error)OD_ERROR_INIT;
    exchange->server_delay_ms = -1;
    exchange->rings = rings;
    exchange->response.status = status;
    od__buffer_add_text(&exchange->response.headers, header_lines);
    od__buffer_add_text(&exchange->response.body, body);
}

static void clear(od_exchange *exchange) {
    od__http_request_clear(&exchange->request);
    od__http_response_clear(&exchange->response);
}

/* R13, for an operation that rings and one that does not. */
static void R13_every_answer_says_what_it_proves(void **state) {
    (void)state;
    enum { NO = OD_AGAIN_NO, TRANSIENT = OD_AGAIN_TRANSIENT, THROTTLED = OD_AGAIN_THROTTLED };
    enum { NOT = OD_PLACEMENT_NOT_PLACED, UNKNOWN = OD_PLACEMENT_UNKNOWN, PLACED = OD_PLACEMENT_PLACED };
    static const struct {
        int status;
        const char *headers, *body;
        od_status code;
        int placement;
        bool retryable;
        int again;
        int64_t retry_after_ms, server_delay_ms;
        const char *vendor_code, *message, *result;
    } rows[] = {
        {200, "X-Request-Id: r1\n", "{\"id\":\"c1\"}", OD_OK, PLACED, false, NO, -1, -1, "", "", "{\"id\":\"c1\"}"},
        {200, "", "", OD_OK, PLACED, false, NO, -1, -1, "", "", "{}"},
        {200, "", " \r\n", OD_OK, PLACED, false, NO, -1, -1, "", "", "{}"},
        {200, "", "[1]", OD_OK, PLACED, false, NO, -1, -1, "", "", "[1]"},

        /* the vendor's own rows */
        {400, "", "{\"code\":\"agentbusy\",\"message\":\"Agent 7 is not available to take this call\"}", OD_REJECTED, NOT,
         true, NO, 30000, -1, "agentbusy", "Agent 7 is not available to take this call", NULL},
        {400, "Retry-After: 7\n", "{\"code\":\"AgentBusy\",\"message\":\"Agent 7 is not available\"}", OD_REJECTED, NOT,
         true, NO, 7000, 7000, "AgentBusy", "Agent 7 is not available", NULL},
        {400, "Retry-After: 7\n", "{\"code\":\"AgentBusy\",\"message\":\"Agent 7 is not available\",\"wait_ms\":250}",
         OD_REJECTED, NOT, true, NO, 250, 250, "AgentBusy", "Agent 7 is not available", NULL},
        {400, "", "{\"code\":\"AgentBusy\",\"message\":\"no such agent\"}", OD_REJECTED, NOT, false, NO, -1, -1,
         "AgentBusy", "no such agent", NULL},
        {503, "", "{\"code\":\"SlowDown\",\"message\":\"\"}", OD_THROTTLED, NOT, true, THROTTLED, -1, -1, "SlowDown",
         "HTTP 503 without a message", NULL},
        {200, "", "{\"code\":\"7\",\"message\":\"out of service\"}", OD_UNAVAILABLE, UNKNOWN, false, NO, -1, -1, "7",
         "out of service", NULL},
        {401, "", "<html>", OD_AUTHENTICATION, NOT, false, NO, -1, -1, "", "HTTP 401 without a message", NULL},

        /* the general rows */
        {200, "", "{\"code\":\"8\",\"message\":\"odd\"}", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "8", "odd", NULL},
        {202, "", "{}", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 202 without a message", NULL},
        {200, "", "{\"id\":", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "",
         "HTTP 200 with an unreadable body: line 1, column 6: unexpected token near end of file", NULL},
        {200, "", "<html>", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "",
         "HTTP 200 with an unreadable body: line 1, column 1: invalid token", NULL},
        {204, "", "x", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "",
         "HTTP 204 with an unreadable body: line 1, column 1: invalid token", NULL},
        {302, "", "", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 302 without a message", NULL},
        {304, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "x", "m", NULL},
        {400, "", "{\"code\":\"Bad\",\"message\":\"two\\nlines\"}", OD_REJECTED, NOT, false, NO, -1, -1, "Bad", "two lines",
         NULL},
        {400, "", "", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 400 without a message", NULL},
        {401, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_AUTHENTICATION, NOT, false, NO, -1, -1, "x", "m", NULL},
        {403, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_PERMISSION, NOT, false, NO, -1, -1, "x", "m", NULL},
        {403, "", "Forbidden", OD_PERMISSION, UNKNOWN, false, NO, -1, -1, "", "HTTP 403 without a message", NULL},
        {404, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_NOT_FOUND, NOT, false, NO, -1, -1, "x", "m", NULL},
        {404, "", "", OD_NOT_FOUND, UNKNOWN, false, NO, -1, -1, "", "HTTP 404 without a message", NULL},
        {408, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_TIMEOUT, UNKNOWN, true, NO, -1, -1, "x", "m", NULL},
        {409, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_CONFLICT, UNKNOWN, false, NO, -1, -1, "x", "m", NULL},
        {425, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_UNAVAILABLE, UNKNOWN, true, NO, -1, -1, "x", "m", NULL},
        {429, "Retry-After: 2\n", "{\"code\":\"x\",\"message\":\"m\"}", OD_THROTTLED, NOT, true, THROTTLED, 2000, 2000, "x",
         "m", NULL},
        {429, "retry-after: 99999999999999999999\n", "", OD_THROTTLED, UNKNOWN, true, THROTTLED, 86400000, 86400000, "",
         "HTTP 429 without a message", NULL},
        {418, "", "{\"code\":\"x\",\"message\":\"m\"}", OD_REJECTED, NOT, false, NO, -1, -1, "x", "m", NULL},
        {500, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\n", "{\"code\":\"x\",\"message\":\"m\"}", OD_UNAVAILABLE,
         UNKNOWN, true, TRANSIENT, -1, -1, "x", "m", NULL},
        {501, "", "", OD_UNAVAILABLE, UNKNOWN, true, NO, -1, -1, "", "HTTP 501 without a message", NULL},
        {502, "", "", OD_UNAVAILABLE, UNKNOWN, true, TRANSIENT, -1, -1, "", "HTTP 502 without a message", NULL},
        {503, "Retry-After: \n", "", OD_UNAVAILABLE, UNKNOWN, true, TRANSIENT, -1, -1, "", "HTTP 503 without a message",
         NULL},
        {504, "", "", OD_UNAVAILABLE, UNKNOWN, true, TRANSIENT, -1, -1, "", "HTTP 504 without a message", NULL},
        {101, "", "", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 101 without a message", NULL},
        {600, "", "", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 600 without a message", NULL},
        {999, "", "", OD_PROTOCOL, UNKNOWN, false, NO, -1, -1, "", "HTTP 999 without a message", NULL},
    };
    for (size_t i = 0; i < 2 * ROWS(rows); i++) {
        size_t row = i / 2;
        bool rings = i % 2 == 0;
        od_exchange exchange;
        answer(&exchange, rings, rows[row].status, rows[row].headers, rows[row].body);
        od_value *result;
        od_status status = od__operation_read(&vendor, &operations[rings ? 0 : 1], &exchange, &result);
        assert_string_equal(exchange.error.message, rows[row].message);
        assert_int_equal(status, rows[row].code);
        assert_int_equal(exchange.error.code, rows[row].code);
        assert_int_equal(exchange.try_placement, rings ? rows[row].placement : 0);
        assert_int_equal(exchange.again, rows[row].again);
        assert_int_equal(exchange.server_delay_ms, rows[row].server_delay_ms);
        assert_int_equal(exchange.error.retry_after_ms, rows[row].retry_after_ms);
        assert_string_equal(exchange.error.vendor_code, rows[row].vendor_code);
        assert_int_equal(exchange.error.retryable, rows[row].retryable);
        if (rows[row].code != OD_OK) {
            assert_int_equal(exchange.error.http_status, rows[row].status);
            assert_int_equal(exchange.error.placement, rings ? rows[row].placement : 0);
            assert_null(result);
        } else {
            assert_written(result, rows[row].result);
        }
        od_value_unref(result);
        clear(&exchange);
    }
}

static void the_request_id_is_kept(void **state) {
    (void)state;
    od_exchange exchange;
    od_value *result;
    answer(&exchange, true, 400, "x-request-id:  r-42 \n", "{\"code\":\"Bad\",\"message\":\"m\"}");
    assert_int_equal(od__operation_read(&vendor, &operations[0], &exchange, &result), OD_REJECTED);
    assert_string_equal(exchange.error.request_id, "r-42");
    char line[256];
    od_error_format(&exchange.error, line, sizeof line);
    assert_string_equal(line, "rejected: Bad: m");
    clear(&exchange);
}

static void what_the_network_said_stands(void **state) {
    (void)state;
    od_exchange exchange;
    od_value *result;
    answer(&exchange, true, 0, "", "");
    od__error_set(&exchange.error, OD_TIMEOUT, "no answer within 15000 ms");
    exchange.try_placement = OD_PLACEMENT_UNKNOWN;
    exchange.again = OD_AGAIN_TRANSIENT;
    assert_int_equal(od__operation_read(&vendor, &operations[0], &exchange, &result), OD_TIMEOUT);
    assert_string_equal(exchange.error.message, "no answer within 15000 ms");
    assert_int_equal(exchange.try_placement, OD_PLACEMENT_UNKNOWN);
    assert_int_equal(exchange.again, OD_AGAIN_TRANSIENT);
    assert_null(result);
    clear(&exchange);

    /* A layer may have judged an answer before: its word stands too. */
    answer(&exchange, true, 200, "", "{}");
    od__error_set(&exchange.error, OD_AUTHENTICATION, "no session");
    exchange.try_placement = OD_PLACEMENT_NOT_PLACED;
    assert_int_equal(od__operation_read(&vendor, &operations[0], &exchange, &result), OD_AUTHENTICATION);
    assert_int_equal(exchange.try_placement, OD_PLACEMENT_NOT_PLACED);
    assert_null(result);
    clear(&exchange);
}

static void globs(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"abc", "abc", true}, {"abc", "abd", false},
        {"abc", "ab", false}, {"ab", "abc", false}, {"a*", "abc", true}, {"*c", "abc", true}, {"*b*", "abc", true},
        {"a*c", "abbbc", true}, {"a*c", "abbb", false}, {"a*b*c", "a-b-b-c", true}, {"*aab", "aaaab", true},
        {"**a**", "bab", true}, {"?", "a", false}, {"[a]", "a", false},
        {"Device * is not registered.", "Device x*y is not registered.", true},
        {"*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (od__glob_match(rows[i].pattern, rows[i].text) != rows[i].matches)
            fail_msg("%s against %s", rows[i].pattern, rows[i].text);
    }
}

/* ---- options ---- */

static void options(void **state) {
    (void)state;
    static const struct {
        const char *options, *after, *path, *message;
    } rows[] = {
        {"{\"tenant\":\"T\"}", "{\"tenant\":\"T\",\"level\":3}", "", ""},
        {"{\"tenant\":\"T\",\"level\":4.0,\"timeout\":1.5,\"connect_timeout\":3600,\"rate\":false,\"retry\":false,"
         "\"endpoint\":\"http://127.0.0.1:8080\",\"ca_file\":\"/etc/ca.pem\"}",
         "{\"tenant\":\"T\",\"level\":4,\"timeout\":1.5,\"connect_timeout\":3600,\"rate\":false,\"retry\":false,"
         "\"endpoint\":\"http://127.0.0.1:8080\",\"ca_file\":\"/etc/ca.pem\"}", "", ""},
        {"{\"tenant\":\"T\",\"level\":3,\"rate\":{\"per_second\":0.5,\"burst\":2.0},\"retry\":{\"max_attempts\":10.0}}",
         "{\"tenant\":\"T\",\"level\":3,\"rate\":{\"per_second\":0.5,\"burst\":2},\"retry\":{\"max_attempts\":10}}", "", ""},
        {"{}", NULL, "/tenant", "expected a string, got nothing"},
        {"{\"tenant\":\"T\",\"tenat\":1}", NULL, "/tenat", "unknown field, did you mean \"tenant\"?"},
        {"{\"tenant\":\"T\",\"time_out\":1}", NULL, "/time_out", "unknown field, did you mean \"timeout\"?"},
        {"{\"tenant\":\"T\",\"timeout\":0}", NULL, "/timeout", "expected a number of seconds above 0, up to 3600, got 0"},
        {"{\"tenant\":\"T\",\"connect_timeout\":3601}", NULL, "/connect_timeout",
         "expected a number of seconds above 0, up to 3600, got 3601"},
        {"{\"tenant\":\"T\",\"timeout\":\"5\"}", NULL, "/timeout",
         "expected a number of seconds above 0, up to 3600, got a string"},
        {"{\"tenant\":\"T\",\"endpoint\":\"localhost\"}", NULL, "/endpoint",
         "expected http(s)://host[:port][/path], got \"localhost\""},
        {"{\"tenant\":\"T\",\"rate\":true}", NULL, "/rate",
         "expected an object with per_second and burst, or false, got true"},
        {"{\"tenant\":\"T\",\"rate\":{}}", NULL, "/rate/per_second", "expected a number above 0, up to 10000, got nothing"},
        {"{\"tenant\":\"T\",\"rate\":{\"per_second\":0}}", NULL, "/rate/per_second",
         "expected a number above 0, up to 10000, got 0"},
        {"{\"tenant\":\"T\",\"rate\":{\"per_second\":1,\"burst\":0}}", NULL, "/rate/burst",
         "expected an integer from 1 to 10000, got 0"},
        {"{\"tenant\":\"T\",\"rate\":{\"per_second\":1,\"bursts\":1}}", NULL, "/rate/bursts",
         "unknown field, did you mean \"burst\"?"},
        {"{\"tenant\":\"T\",\"retry\":3}", NULL, "/retry", "expected an object with max_attempts or mode, or false, got 3"},
        {"{\"tenant\":\"T\",\"retry\":{\"max_attempts\":0}}", NULL, "/retry/max_attempts",
         "expected an integer from 1 to 10, got 0"},
        {"{\"tenant\":\"T\",\"retry\":{\"max_attempts\":11}}", NULL, "/retry/max_attempts",
         "expected an integer from 1 to 10, got 11"},
        {"{\"tenant\":\"T\",\"ca_file\":\"\"}", NULL, "/ca_file", "expected 1 to 4096 characters, got 0"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].options);
        od_error err = OD_ERROR_INIT;
        od_status status = od__options_validate(&vendor, value, &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].after != NULL ? OD_OK : OD_VALIDATION);
        if (rows[i].after != NULL)
            assert_written(value, rows[i].after);
        od_value_unref(value);
    }
}

static void too_many_options(void **state) {
    (void)state;
    static od_field many[OD_LIMIT_FIELDS + 2];
    static char names[OD_LIMIT_FIELDS + 1][8];
    size_t common = 0;
    while (od_common_options[common].name != NULL)
        common++;
    for (size_t i = 0; i <= OD_LIMIT_FIELDS; i++) {
        (void)snprintf(names[i], sizeof names[i], "o%zu", i);
        many[i] = (od_field){.name = names[i], .shape = &od_shape_any};
    }
    static const od_shape shape = {.kind = OD_KIND_STRUCT, .fields = many};
    const od_vendor greedy = {.name = "greedy", .options = &shape};
    od_value *value = parsed("{}");
    for (int i = 0; i < 2; i++) {
        od_error err = OD_ERROR_INIT;
        assert_int_equal(od__options_validate(&greedy, value, &err), OD_INTERNAL);
        assert_string_equal(err.message, "greedy has more than 64 options");
        many[OD_LIMIT_FIELDS - common + 1].name = NULL;
    }
    many[OD_LIMIT_FIELDS - common].name = NULL;
    assert_int_equal(od__options_validate(&greedy, value, NULL), OD_OK);
    /* An option that the vendor has under a common name is the vendor's. */
    many[0].name = "timeout";
    many[0].shape = &od_shape_text;
    od_value_unref(value);
    value = parsed("{\"timeout\":\"soon\"}");
    assert_int_equal(od__options_validate(&greedy, value, NULL), OD_OK);
    od_value_unref(value);
}

static void neutral_calls(void **state) {
    (void)state;
    static const struct {
        const char *call, *path, *message;
    } rows[] = {
        {"{\"to\":\"7001\"}", "", ""},
        {"{\"to\":\"+1\",\"from\":\"+2\",\"contact\":\"c\",\"attributes\":{\"a\":\"\"},\"token\":\"t\",\"fields\":{\"X\":[]}}", "",
         ""},
        {"{}", "/to", "expected a string, got nothing"},
        {"{\"to\":\"\"}", "/to", "expected 1 to 500 characters, got 0"},
        {"{\"to\":\"1\",\"attribute\":{}}", "/attribute", "unknown field, did you mean \"attributes\"?"},
        {"{\"to\":\"1\",\"attributes\":{\"a\":1}}", "/attributes/a", "expected a string, got an integer"},
        {"{\"to\":\"1\",\"fields\":[]}", "/fields", "expected an object, got an array"},
        {"{\"to\":\"1\",\"not_before\":1.5,\"not_after\":2,\"zone\":\"America/Port-au-Prince\",\"ring_timeout\":600}", "",
         ""},
        {"{\"to\":\"1\",\"not_before\":1768500000000}", "/not_before",
         "expected a time in Unix seconds, got 1768500000000"},
        {"{\"to\":\"1\",\"not_after\":\"soon\"}", "/not_after", "expected a time in Unix seconds, got a string"},
        {"{\"to\":\"1\",\"not_before\":2,\"not_after\":2}", "/not_after",
         "expected a time after not_before (2), got 2"},
        {"{\"to\":\"1\",\"zone\":\"+01:00\"}", "/zone",
         "expected an IANA time zone such as America/Chicago, got \"+01:00\""},
        {"{\"to\":\"1\",\"ring_timeout\":0}", "/ring_timeout", "expected an integer from 1 to 600, got 0"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        od_value *value = parsed(rows[i].call);
        od_error err = OD_ERROR_INIT;
        od_status status = od__shape_validate(&od_shape_call, value, "", &err);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.path, rows[i].path);
        assert_int_equal(status, rows[i].message[0] == '\0' ? OD_OK : OD_VALIDATION);
        od_value_unref(value);
    }
}

/* ---- describing and finding ---- */

static void describing(void **state) {
    (void)state;
    od_value *out;
    assert_int_equal(od_operation_describe(&operations[0], &out, NULL), OD_OK);
    od__value_remove(out, "fields");
    assert_written(out, "{\"name\":\"dial_number\",\"vendor_name\":\"DialNumber\",\"summary\":\"dials\",\"method\":\"POST\","
                        "\"path\":\"/calls\",\"rings\":true,\"repeat\":\"token\",\"repeat_field\":\"Token\","
                        "\"source\":\"the manual, 1\",\"result\":[{\"name\":\"id\",\"type\":\"string\",\"required\":false,"
                        "\"place\":\"body\",\"summary\":\"the call\"}]}");
    od_value_unref(out);
    assert_int_equal(od_operation_describe(&operations[3], &out, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_find(out, "/fields/0/kinds/0/value")), "Dial");
    assert_string_equal(od_value_string(od_value_find(out, "/repeat")), "never");
    assert_int_equal(od_value_length(od_value_find(out, "/result")), 0);
    od_value_unref(out);
    assert_int_equal(od_operation_describe(&operations[1], &out, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_find(out, "/repeat")), "safe");
    od_value_unref(out);

    assert_int_equal(od_vendor_options(&vendor, &out, NULL), OD_OK);
    assert_int_equal(od_value_length(out), 9);
    assert_written(od_value_at(out, 0), "{\"name\":\"tenant\",\"type\":\"string\",\"required\":true,\"place\":\"body\","
                                        "\"summary\":\"which account\"}");
    assert_string_equal(od_value_string(od_value_find(out, "/3/name")), "endpoint");
    assert_string_equal(od_value_string(od_value_find(out, "/3/limit")), "base URL");
    assert_string_equal(od_value_string(od_value_find(out, "/6/limit")), "{ per_second, burst } or false");
    od_value_unref(out);
}

static void finding(void **state) {
    (void)state;
    assert_ptr_equal(od_operation_find(&vendor, "dial_number"), &operations[0]);
    assert_ptr_equal(od_operation_find(&vendor, "GetLine"), &operations[1]);
    assert_null(od_operation_find(&vendor, "getline"));
    assert_null(od_operation_find(&vendor, NULL));
    assert_null(od_operation_find(NULL, "dial_number"));
    assert_ptr_equal(od_operation_at(&vendor, 5), &operations[5]);
    assert_null(od_operation_at(&vendor, 6));
    assert_null(od_operation_at(&vendor, 1000));
    assert_string_equal(od_operation_name(&operations[1]), "get_line");
    assert_string_equal(od_did_you_mean(&vendor, "dial_nubmer"), "dial_number");
    assert_string_equal(od_did_you_mean(&vendor, "GetLines"), "get_line");
    assert_null(od_did_you_mean(&vendor, "something else"));
    assert_null(od_did_you_mean(&vendor, NULL));

    static const char *const names[] = {"amazon_connect", "genesys", "ccai_platform", "symbee"};
    for (size_t i = 0; i < ROWS(names); i++) {
        assert_string_equal(od_vendor_name(od_vendor_at(i)), names[i]);
        assert_ptr_equal(od_vendor_find(names[i]), od_vendor_at(i));
        assert_true(strlen(od_vendor_title(od_vendor_at(i))) > 0);
    }
    assert_null(od_vendor_at(ROWS(names)));
    assert_null(od_vendor_find("amazon"));
    assert_null(od_vendor_find(NULL));
    assert_string_equal(od_did_you_mean(NULL, "amazon-connect"), "amazon_connect");
    assert_string_equal(od_did_you_mean(NULL, "genesis"), "genesys");
    assert_null(od_did_you_mean(NULL, "xyz"));
}

static od_status build_and_read(const od_value *given, const od_value *params, od_error *err) {
    od_http_request request;
    od__http_request_init(&request);
    od_status status = od__operation_build(&operations[1], "https://h", given, params, &request, err);
    od_value *described = NULL;
    if (status == OD_OK)
        status = od_vendor_options(&vendor, &described, err);
    od__http_request_clear(&request);
    od_value_unref(described);
    return status;
}

static void running_out_of_memory(void **state) {
    (void)state;
    od_value *params = parsed("{\"Line\":\"L\",\"Trace\":\"t\",\"Page\":1,\"To\":\"+49301\"}");
    od_value *given = parsed("{\"tenant\":\"T\",\"api_key\":\"k\"}");
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        od_error err = OD_ERROR_INIT;
        (void)od__memory_fail_at(n);
        od_status status = build_and_read(given, params, &err);
        (void)od__memory_fail_at(0);
        if (status == OD_OK)
            break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_string_equal(err.message, "memory ran out");
        failures++;
    }
    assert_true(failures > 5);
    od_value_unref(params);
    od_value_unref(given);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building),
        cmocka_unit_test(what_cannot_be_built),
        cmocka_unit_test(nul_in_a_header),
        cmocka_unit_test(what_is_too_large),
        cmocka_unit_test(encoding),
        cmocka_unit_test(replacing_the_origin),
        cmocka_unit_test(R13_every_answer_says_what_it_proves),
        cmocka_unit_test(the_request_id_is_kept),
        cmocka_unit_test(what_the_network_said_stands),
        cmocka_unit_test(globs),
        cmocka_unit_test(options),
        cmocka_unit_test(too_many_options),
        cmocka_unit_test(neutral_calls),
        cmocka_unit_test(describing),
        cmocka_unit_test(finding),
        cmocka_unit_test(running_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
