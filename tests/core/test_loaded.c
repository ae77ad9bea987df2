/* Vendors that a program describes itself: what a description may be, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "client_rig.h"

#define FIELDS                                                                                                       \
    "{\"name\":\"queue\",\"type\":\"string\",\"place\":\"path\",\"default\":\"main\"},"                             \
    "{\"name\":\"phone\",\"type\":\"string\",\"check\":\"e164\",\"required\":true,\"wire_name\":\"to\"},"           \
    "{\"name\":\"caller\",\"type\":\"string\",\"option\":\"caller_id\"},"                                            \
    "{\"name\":\"ref\",\"type\":\"string\",\"uuid\":true,\"max\":40},"                                               \
    "{\"name\":\"data\",\"type\":\"map\",\"element\":{\"type\":\"string\",\"max\":10}},"                             \
    "{\"name\":\"ring\",\"type\":\"integer\",\"min\":10,\"max\":60,\"default\":25},"                                 \
    "{\"name\":\"urgent\",\"type\":\"boolean\",\"default\":false},"                                                   \
    "{\"name\":\"when\",\"type\":\"object\",\"fields\":[{\"name\":\"at\",\"type\":\"string\",\"check\":\"iso8601\"}]}," \
    "{\"name\":\"tags\",\"type\":\"list\",\"max\":2,\"element\":{\"type\":\"string\",\"choices\":[\"a\",\"b\"]}},"   \
    "{\"name\":\"weight\",\"type\":\"number\",\"min\":0,\"max\":1}"
#define OPERATIONS                                                                                                   \
    "\"operations\":[{\"name\":\"start_call\",\"method\":\"POST\",\"path\":\"/v1/{queue}/calls\",\"summary\":\"calls\"," \
    "\"rings\":true,\"repeat\":\"token\",\"repeat_field\":\"ref\",\"rate\":{\"per_second\":5,\"burst\":2},"          \
    "\"fields\":[" FIELDS "],\"result\":[{\"name\":\"call\",\"type\":\"object\",\"required\":true}]},"               \
    "{\"name\":\"get_call\",\"vendor_name\":\"GetCall\",\"method\":\"GET\",\"path\":\"/v1/calls/{id}\",\"summary\":\"reads\"," \
    "\"repeat\":\"safe\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"place\":\"path\",\"required\":true},"    \
    "{\"name\":\"trace\",\"type\":\"string\",\"place\":\"header\",\"wire_name\":\"X-Trace\"}]}]"
#define REST                                                                                                         \
    "\"errors\":[{\"vendor_code\":\"BUSY\",\"code\":\"rejected\",\"placement\":\"not_placed\",\"retryable\":true,"   \
    "\"retry_after\":30},{\"http_status\":422,\"message\":\"bad *\",\"code\":\"validation\",\"placement\":\"not_placed\"}]," \
    "\"answers\":{\"vendor_code\":\"/error/code\",\"message\":\"/error/text\",\"request_id\":\"X-Id\"},"             \
    "\"place\":{\"operation\":\"start_call\",\"to\":\"phone\",\"from\":\"caller\",\"token\":\"ref\",\"attributes\":\"data\"," \
    "\"id\":\"/call/id\",\"state\":\"placed\"}"
#define OPTIONS                                                                                                      \
    "\"options\":[{\"name\":\"tenant\",\"type\":\"string\",\"required\":true},"                                      \
    "{\"name\":\"key\",\"type\":\"string\",\"required\":true,\"sensitive\":true},"                                    \
    "{\"name\":\"user\",\"type\":\"string\"},{\"name\":\"caller_id\",\"type\":\"string\",\"check\":\"e164\"}]"
#define HEADER "\"authorization\":{\"type\":\"header\",\"header\":\"X-Key\",\"option\":\"key\",\"prefix\":\"Key \"}"
#define BASIC "\"authorization\":{\"type\":\"basic\",\"username\":\"user\",\"password\":\"key\"}"
#define HEAD(name) "{\"name\":\"" name "\",\"title\":\"Acme\",\"base_url\":\"https://{tenant}.acme.example/api\","
#define ACME(name) HEAD(name) OPTIONS "," HEADER "," OPERATIONS "," REST "}"
#define CLIENT "{\"tenant\":\"t1\",\"key\":\"s3cret\",\"user\":\"u\",\"caller_id\":\"+15555550199\",\"retry\":false}"

static const od_vendor *load(const char *text) {
    od_value *description = parse(text);
    const od_vendor *vendor = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_vendor_load(description, &vendor, &error) != OD_OK)
        assert_error(&error, "no error");
    od_value_unref(description);
    return vendor;
}

static void a_loaded_vendor_is_one_of_all(void **state) {
    (void)state;
    const od_vendor *vendor = load(ACME("acme"));
    assert_string_equal(od_vendor_name(vendor), "acme");
    assert_string_equal(od_vendor_title(vendor), "Acme");
    assert_ptr_equal(od_vendor_find("acme"), vendor);
    assert_ptr_equal(od_vendor_at(4), vendor);
    assert_null(od_vendor_at(5));
    assert_string_equal(od_did_you_mean(NULL, "acmee"), "acme");
    assert_string_equal(od_operation_name(od_operation_find(vendor, "GetCall")), "get_call");
    od_value *described = NULL;
    assert_int_equal(od_operation_describe(od_operation_find(vendor, "start_call"), &described, NULL), OD_OK);
    assert_string_equal(od_value_string(od_value_find(described, "/fields/5/limit")), "10..60");
    od_value_unref(described);
}

static void a_call_leaves_as_described(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "acme", CLIENT);
    od_request *request = submit(&r, "start_call", "{\"phone\":\"+15555550100\",\"ref\":\"r-1\",\"when\":{\"at\":"
                                 "\"2026-01-02T03:04:05+01:00\"},\"tags\":[\"a\"],\"weight\":0.5}", NULL);
    assert_string_equal(fake_sent(&r.network),
                        "POST https://t1.acme.example/api/v1/main/calls\nContent-Type: application/json\n"
                        "X-Key: Key s3cret\n\n{\"to\":\"+15555550100\",\"caller\":\"+15555550199\",\"ref\":\"r-1\",\"ring\":25,"
                        "\"urgent\":false,\"when\":{\"at\":\"2026-01-02T02:04:05Z\"},\"tags\":[\"a\"],\"weight\":0.5}\n---\n");
    fake_answer(&r.network, r.network.first, 200, "", "{\"call\":{\"id\":1}}");
    step(&r);
    assert_value(od_request_result(request), "{\"call\":{\"id\":1}}");
    od_request_unref(request);
    request = submit(&r, "get_call", "{\"id\":\"a/b\",\"trace\":\"t\"}", NULL);
    assert_string_equal(fake_sent(&r.network), "GET https://t1.acme.example/api/v1/calls/a%2Fb\nX-Key: Key s3cret\n"
                        "X-Trace: t\n\n\n---\n");
    od_request_unref(request);
    rig_close(&r);
}

static void basic_authorization_takes_its_options(void **state) {
    (void)state;
    load(HEAD("acme_basic") OPTIONS "," BASIC "," OPERATIONS "}");
    rig r;
    rig_client(&r, "acme_basic", CLIENT);
    od_request *request = submit(&r, "get_call", "{\"id\":\"1\"}", NULL);
    assert_non_null(strstr(fake_sent(&r.network), "\nAuthorization: Basic dTpzM2NyZXQ=\n"));
    od_request_unref(request);
    rig_close(&r);
}

static const struct { int status; const char *headers, *body, *error; od_placement placement; } answers[] = {
    { 400, "X-Id: i-1\n", "{\"error\":{\"code\":\"BUSY\",\"text\":\"later\"}}", "rejected: BUSY: later", OD_PLACEMENT_NOT_PLACED },
    { 422, "", "{\"error\":{\"text\":\"bad phone\"}}", "validation: bad phone", OD_PLACEMENT_NOT_PLACED },
    { 422, "", "{\"error\":{\"text\":\"other\"}}", "rejected: other", OD_PLACEMENT_NOT_PLACED },
    { 404, "", "{\"error\":{\"code\":7}}", "not_found: 7: HTTP 404 without a message", OD_PLACEMENT_NOT_PLACED },
    /* R13: outside of the vendor's own form nothing is proven. */
    { 422, "", "bad gateway", "rejected: bad gateway", OD_PLACEMENT_UNKNOWN },
    { 400, "", "", "rejected: HTTP 400 without a message", OD_PLACEMENT_UNKNOWN },
    { 409, "", "{\"error\":{\"text\":\"x\"}}", "conflict: x", OD_PLACEMENT_UNKNOWN },
    { 503, "", "{\"error\":{\"text\":\"x\"}}", "unavailable: x", OD_PLACEMENT_UNKNOWN },
    { 200, "", "{}", "protocol: the answer has no call", OD_PLACEMENT_UNKNOWN },
    { 200, "", "", "protocol: the answer has no call", OD_PLACEMENT_UNKNOWN },
};

static void R13_answers_are_judged_by_its_table_and_the_general_one(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        rig r;
        rig_client(&r, "acme", CLIENT);
        od_request *request = submit(&r, "start_call", "{\"phone\":\"+15555550100\"}", NULL);
        fake_answer(&r.network, r.network.first, answers[i].status, answers[i].headers, answers[i].body);
        step(&r);
        assert_failed(request, answers[i].error, answers[i].placement);
        if (i == 0) {
            const od_error *error = od_request_error(request);
            assert_string_equal(error->request_id, "i-1");
            assert_true(error->retryable);
            assert_int_equal(error->retry_after_ms, 30000);
        }
        od_request_unref(request);
        rig_close(&r);
    }
}

static void a_neutral_call_is_mapped(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "acme", CLIENT);
    od_value *call = parse("{\"to\":\"+15555550100\",\"from\":\"+15555550101\",\"contact\":\"c\",\"token\":\"t-1\","
                           "\"attributes\":{\"a\":\"b\"},\"fields\":{\"ring\":30}}");
    od_request *request = NULL;
    assert_int_equal(od_client_place(r.client, call, NULL, &request, NULL), OD_OK);
    assert_non_null(strstr(fake_sent(&r.network), "{\"to\":\"+15555550100\",\"caller\":\"+15555550101\",\"ref\":\"t-1\","
                           "\"data\":{\"a\":\"b\"},\"ring\":30,\"urgent\":false}"));
    fake_answer(&r.network, r.network.first, 201, "", "{\"call\":{\"id\":12}}");
    step(&r);
    assert_value(od_request_result(request), "{\"id\":\"12\",\"state\":\"placed\",\"vendor\":\"acme\",\"token\":\"t-1\",\"to\":\"+15555550100\","
                 "\"response\":{\"call\":{\"id\":12}}}");
    od_request_unref(request);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_find(r.client, call, &request, &error), OD_VALIDATION);
    od_value_unref(call);
    rig_close(&r);
}

static void an_option_leads_nowhere_else(void **state) {
    (void)state;
    static const char *const tenants[] = { "evil.example/", "a@b", "a#", "", "a b", "a?b" };
    for (size_t i = 0; i < sizeof(tenants) / sizeof(tenants[0]); i++) {
        rig r;
        rig_open(&r);
        char options[128];
        snprintf(options, sizeof(options), "{\"tenant\":\"%s\",\"key\":\"k\"}", tenants[i]);
        od_value *given = parse(options);
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od_client_new(r.engine, od_vendor_find("acme"), given, &r.client, &error), OD_VALIDATION);
        assert_error(&error, "validation /tenant: expected part of an address (letters, digits, - . _ :)");
        od_value_unref(given);
        rig_close(&r);
    }
}

/* ---- what is wrong with a description ---- */

#define ONE(operation) "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"https://h\",\"operations\":[" operation "]}"
#define GET(more) "{\"name\":\"a\",\"method\":\"GET\",\"path\":\"/a\",\"summary\":\"s\"" more "}"
#define WITH(more) "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"https://h\",\"operations\":[" GET(",\"rings\":true") "]," more "}"

static const struct { const char *description, *error; } wrong[] = {
    { "{}", "validation /name: expected a name of small letters, digits and _ that begins with a letter, got nothing" },
    { "[]", "validation: expected an object, got an array" },
    { ACME("acme"), "validation /name: there is a vendor acme already" },
    { ACME("genesys"), "validation /name: there is a vendor genesys already" },
    { ACME("Acme"), "validation /name: expected a name of small letters, digits and _ that begins with a letter, got \"Acme\"" },
    { "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"ftp://h\",\"operations\":[" GET("") "]}",
      "validation /base_url: expected http(s)://host[:port][/path], {option} within, got \"ftp://h\"" },
    { "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"https://{h\",\"operations\":[" GET("") "]}",
      "validation /base_url: expected http(s)://host[:port][/path], {option} within, got \"https://{h\"" },
    { "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"https://{h}\",\"operations\":[" GET("") "]}",
      "validation /base_url: {h} is no option" },
    { ONE(""), "validation /operations: expected 1 to 64 elements, got 0" },
    { ONE(GET(",\"patth\":1")), "validation /operations/0/patth: unknown field, did you mean \"path\"?" },
    { ONE(GET("") "," GET("")), "validation /operations/1: there is an operation a already" },
    { ONE("{\"name\":\"close\",\"method\":\"GET\",\"path\":\"/a\",\"summary\":\"s\"}"),
      "validation /operations/0/name: every client has a method close already" },
    { ONE("{\"name\":\"a\",\"method\":\"GET\",\"path\":\"a\",\"summary\":\"s\"}"),
      "validation /operations/0/path: expected a path that begins with /, {field} within, got \"a\"" },
    { ONE("{\"name\":\"a\",\"method\":\"GET\",\"path\":\"/{x}\",\"summary\":\"s\"}"),
      "validation /operations/0/path: {x} is no field with place = path" },
    { ONE(GET(",\"fields\":[{\"name\":\"x\",\"type\":\"string\",\"place\":\"path\"}]")),
      "validation /operations/0/fields: x has place = path and is not in the path" },
    { ONE(GET(",\"fields\":[{\"name\":\"x\",\"type\":\"string\"}]")),
      "validation /operations/0/fields: x: this method has no body, its fields need a place: path, query or header" },
    { ONE(GET(",\"fields\":[{\"name\":\"x\",\"type\":\"string\",\"place\":\"query\",\"option\":\"o\"}]")),
      "validation /operations/0/fields: o is no option" },
    { ONE(GET(",\"fields\":[{\"name\":\"x\\\"\",\"type\":\"string\"}]")),
      "validation /operations/0/fields/0/name: expected a name of letters, digits, _ - and ., got \"x\"\"" },
    { ONE(GET(",\"fields\":[{\"name\":\"x\",\"type\":\"text\"}]")),
      "validation /operations/0/fields/0/type: expected one of string, integer, number, boolean, object, list, map, any, got "
      "\"text\"" },
    { ONE(GET(",\"result\":[{\"name\":\"x\",\"type\":\"any\"},{\"name\":\"x\",\"type\":\"any\"}]")),
      "validation /operations/0/result/1/name: expected a name of its own, got one that is there already" },
    { ONE(GET(",\"result\":[{\"name\":\"x\",\"type\":\"integer\",\"default\":\"1\"}]")),
      "validation /operations/0/result/0/default: expected a value of the field's own type: a text, an integer or a boolean" },
    { ONE(GET(",\"repeat\":\"token\"")),
      "validation /operations/0/repeat_field: expected the field that makes a repetition the same, got nothing" },
    { ONE(GET(",\"repeat\":\"token\",\"repeat_field\":\"x\"")),
      "validation /operations/0/repeat_field: expected the field that makes a repetition the same, got one that is not there" },
    { WITH("\"errors\":[{\"code\":\"rejected\",\"placement\":\"not_placed\"}]"),
      "validation /errors/0: expected http_status, vendor_code or message, got none of them" },
    { WITH("\"errors\":[{\"code\":\"rejected\",\"placement\":\"not_placed\",\"http_status\":500,\"message\":\"x\"}]"),
      "validation /errors/0/placement: expected unknown (this status proves nothing), got \"not_placed\"" },
    { WITH("\"errors\":[{\"code\":\"rejected\",\"placement\":\"not_placed\",\"http_status\":409}]"),
      "validation /errors/0/placement: expected unknown (this status proves nothing), got \"not_placed\"" },
    { WITH("\"authorization\":{\"type\":\"basic\"}"),
      "validation /authorization/username: expected the name of an option that is a string, got nothing" },
    { WITH("\"authorization\":{\"type\":\"header\",\"option\":\"key\"}"),
      "validation /authorization/option: expected the name of an option that is a string, got key" },
    { WITH("\"options\":[{\"name\":\"key\",\"type\":\"string\"}],\"authorization\":{\"type\":\"header\",\"option\":\"key\"}"),
      "validation /authorization/header: expected the name of a header, got nothing" },
    { WITH("\"place\":{\"operation\":\"b\",\"to\":\"x\"}"),
      "validation /place/operation: expected the name of an operation that rings, got b" },
    { WITH("\"place\":{\"operation\":\"a\",\"to\":\"x\"}"), "validation /place/to: the operation has no field x" },
};

static void what_is_wrong_with_a_description_is_said(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        od_value *description = parse(wrong[i].description);
        const od_vendor *vendor = od_vendor_find("acme");
        od_error error = OD_ERROR_INIT;
        assert_int_equal(od_vendor_load(description, &vendor, &error), OD_VALIDATION);
        assert_error(&error, wrong[i].error);
        assert_null(vendor);
        od_value_unref(description);
    }
    assert_null(od_vendor_find("bad"));
}

static void fields_nest_only_so_deep(void **state) {
    (void)state;
    char text[2048] = "{\"name\":\"bad\",\"title\":\"t\",\"base_url\":\"https://h\",\"options\":[{\"name\":\"o\",\"type\":\"list\"";
    for (int i = 0; i < 8; i++)
        strcat(text, ",\"element\":{\"type\":\"list\"");
    for (int i = 0; i < 8; i++)
        strcat(text, "}");
    strcat(text, "}],\"operations\":[" GET("") "]}");
    od_value *description = parse(text);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_vendor_load(description, NULL, &error), OD_VALIDATION);
    assert_error(&error, "validation /options/0/element/element/element/element/element/element/element/element: expected at "
                 "most 8 levels of fields");
    od_value_unref(description);
}

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    od_value *description = parse(ACME("acme_last"));
    for (size_t n = 1;; n++) {
        od_error error = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = od_vendor_load(description, NULL, &error);
        bool enough = od__memory_fail_at(0) < n;
        assert_int_equal(status, enough ? OD_OK : OD_OUT_OF_MEMORY);
        assert_int_equal(error.code, status);
        if (enough)
            break;
        assert_null(od_vendor_find("acme_last"));
    }
    od_value_unref(description);
}

/* Last of all: from then on no other fits. */
static void so_many_may_be_loaded(void **state) {
    (void)state;
    od_error error = OD_ERROR_INIT;
    od_status status = OD_OK;
    for (int i = 0; status == OD_OK && i < 100; i++) {
        char text[256];
        snprintf(text, sizeof(text), "{\"name\":\"many_%d\",\"title\":\"t\",\"base_url\":\"https://h\",\"operations\":[" GET("") "]}", i);
        od_value *description = parse(text);
        status = od_vendor_load(description, NULL, &error);
        od_value_unref(description);
    }
    assert_error(&error, "validation: more than 64 vendors were loaded");
    assert_null(od_vendor_at(4 + 64));
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_vendor_is_one_of_all),
        cmocka_unit_test(a_call_leaves_as_described),
        cmocka_unit_test(basic_authorization_takes_its_options),
        cmocka_unit_test(R13_answers_are_judged_by_its_table_and_the_general_one),
        cmocka_unit_test(a_neutral_call_is_mapped),
        cmocka_unit_test(an_option_leads_nowhere_else),
        cmocka_unit_test(what_is_wrong_with_a_description_is_said),
        cmocka_unit_test(fields_nest_only_so_deep),
        cmocka_unit_test(each_failing_allocation_is_an_error),
        cmocka_unit_test(so_many_may_be_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
