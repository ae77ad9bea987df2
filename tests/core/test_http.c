/* Requests and answers as plain data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/http.h"

static void sets_replaces_and_removes_headers(void **state) {
    (void)state;
    od_http_request request;
    od__http_request_init(&request);
    assert_null(od__http_request_header(&request, "Accept"));
    assert_int_equal(od__http_request_set_header(&request, "Accept", "application/json", false, NULL), OD_OK);
    assert_int_equal(od__http_request_set_header(&request, "Authorization", "Basic eA==", true, NULL), OD_OK);
    assert_int_equal(od__http_request_set_header(&request, "X-Empty", "", false, NULL), OD_OK);
    assert_int_equal(od__http_request_set_header(&request, "ACCEPT", "text/plain", false, NULL), OD_OK);
    assert_int_equal(request.header_count, 3);
    assert_string_equal(request.headers[0].name, "ACCEPT");
    assert_string_equal(od__http_request_header(&request, "accept"), "text/plain");
    assert_true(request.headers[1].secret);
    od__http_request_remove_header(&request, "authorization");
    od__http_request_remove_header(&request, "absent");
    assert_int_equal(request.header_count, 2);
    assert_null(od__http_request_header(&request, "Authorization"));
    assert_string_equal(od__http_request_header(&request, "X-Empty"), "");
    od__http_request_clear(&request);
    assert_int_equal(request.header_count, 0);
    od__http_request_clear(&request);
}

static void refuses_what_would_break_the_line(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *message;
    } rows[] = {
        { "", "x", "a header name has a character that cannot be sent" },
        { "A B", "x", "a header name has a character that cannot be sent" },
        { "A:", "x", "a header name has a character that cannot be sent" },
        { "A\r\n", "x", "a header name has a character that cannot be sent" },
        { "A\xc3\xa4", "x", "a header name has a character that cannot be sent" },
        { "A", "x\r\nB: y", "the value of header A has a control character" },
        { "A", "x\n", "the value of header A has a control character" },
        { "A", "\x01", "the value of header A has a control character" },
        { "A", "\x7f", "the value of header A has a control character" },
        { "A", "a\tb", "the value of header A has a control character" },
    };
    od_http_request request;
    od__http_request_init(&request);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_error err = OD_ERROR_INIT;
        assert_int_equal(od__http_request_set_header(&request, rows[i].name, rows[i].value, false, &err), OD_VALIDATION);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(request.header_count, 0);
    }
    /* Text above ASCII is somebody's name. */
    assert_int_equal(od__http_request_set_header(&request, "A", "M\xc3\xbcller", false, NULL), OD_OK);
    od__http_request_clear(&request);
}

static void refuses_more_headers_than_the_limit(void **state) {
    (void)state;
    od_http_request request;
    od__http_request_init(&request);
    char name[16];
    for (int i = 0; i < OD_LIMIT_HEADERS; i++) {
        snprintf(name, sizeof(name), "X-%d", i);
        assert_int_equal(od__http_request_set_header(&request, name, "v", false, NULL), OD_OK);
    }
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__http_request_set_header(&request, "X-More", "v", false, &err), OD_VALIDATION);
    assert_string_equal(err.message, "more than 48 headers");
    assert_int_equal(od__http_request_set_header(&request, "X-7", "w", false, NULL), OD_OK);
    assert_string_equal(od__http_request_header(&request, "x-7"), "w");
    od__http_request_clear(&request);
}

/* What follows has its texts on the heap. */
static void fill_room(od_http_request *request) {
    char value[OD_HTTP_ROOM_BYTES];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 6] = '\0';
    assert_int_equal(od__http_request_set_header(request, "X", value, false, NULL), OD_OK);
    assert_int_equal(request->room_used, sizeof request->room);
}

static void headers_outgrow_the_room(void **state) {
    (void)state;
    od_http_request request;
    od__http_request_init(&request);
    char value[64];
    for (int i = 0; i < 100; i++) {
        snprintf(value, sizeof value, "value %d of a header that is set anew", i);
        assert_int_equal(od__http_request_set_header(&request, i % 2 == 0 ? "Even" : "Odd", value, i % 3 == 0, NULL), OD_OK);
    }
    assert_int_equal(request.header_count, 2);
    assert_string_equal(od__http_request_header(&request, "Even"), "value 98 of a header that is set anew");
    assert_string_equal(od__http_request_header(&request, "Odd"), "value 99 of a header that is set anew");
    od__http_request_remove_header(&request, "Even");
    od__http_request_clear(&request);
    assert_int_equal(request.room_used, 0);
}

static void keeps_the_old_header_when_memory_runs_out(void **state) {
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        od_http_request request;
        od__http_request_init(&request);
        fill_room(&request);
        assert_int_equal(od__http_request_set_header(&request, "A", "old", true, NULL), OD_OK);
        od_error err = OD_ERROR_INIT;
        od__memory_fail_at(n);
        assert_int_equal(od__http_request_set_header(&request, "A", "new", true, &err), OD_OUT_OF_MEMORY);
        od__memory_fail_at(0);
        assert_int_equal(err.code, OD_OUT_OF_MEMORY);
        assert_string_equal(od__http_request_header(&request, "A"), "old");
        od__http_request_clear(&request);
    }
}

static void finds_headers_of_an_answer(void **state) {
    (void)state;
    static const struct {
        const char *name, *value; /* value NULL: absent */
    } rows[] = {
        { "Content-Type", "application/json" },
        { "content-type", "application/json" },
        { "X-Request-Id", "first" },
        { "Empty", "" },
        { "Last", "end" },
        { "Content", NULL },
        { "Type", NULL },
        { "Absent", NULL },
        { "No-Colon", NULL },
    };
    od_http_response response;
    od__http_response_init(&response);
    od__buffer_add_text(&response.headers, "Content-Type: \tapplication/json \n"
                                           "x-request-id:first\nX-Request-Id: second\nEmpty:\nNo-Colon\nLast: end");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = 99;
        const char *value = od__http_response_header(&response, rows[i].name, &length);
        char copy[64] = "untouched";
        assert_int_equal(od__http_response_copy_header(&response, rows[i].name, copy, sizeof(copy)), rows[i].value != NULL);
        if (rows[i].value == NULL) {
            assert_null(value);
            assert_string_equal(copy, "");
        } else {
            assert_int_equal(length, strlen(rows[i].value));
            assert_memory_equal(value, rows[i].value, length);
            assert_string_equal(copy, rows[i].value);
        }
    }
    char small[6];
    assert_true(od__http_response_copy_header(&response, "Content-Type", small, sizeof(small)));
    assert_string_equal(small, "appli");
    od__http_response_clear(&response);
    size_t length;
    assert_null(od__http_response_header(&response, "Last", &length));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_replaces_and_removes_headers),
        cmocka_unit_test(refuses_what_would_break_the_line),
        cmocka_unit_test(refuses_more_headers_than_the_limit),
        cmocka_unit_test(headers_outgrow_the_room),
        cmocka_unit_test(keeps_the_old_header_when_memory_runs_out),
        cmocka_unit_test(finds_headers_of_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
