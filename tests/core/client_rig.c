#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client_rig.h"

od_value *parse(const char *text) {
    od_value *value = NULL;
    if (text != NULL)
        assert_int_equal(od_value_parse(text, strlen(text), &value, NULL), OD_OK);
    return value;
}

static void keep_log(void *context, od_log_level level, const char *text) {
    rig *r = context;
    size_t length = strlen(r->log);
    snprintf(r->log + length, sizeof(r->log) - length, "%d %s\n", (int)level, text);
}

void rig_open(rig *r) {
    memset(r, 0, sizeof(*r));
    r->clock = (fake_clock)FAKE_CLOCK_INIT;
    od_engine_options options = fake_engine_options(&r->clock);
    assert_int_equal(od_engine_new(&options, &r->engine, NULL), OD_OK);
    fake_network_init(&r->network, r->engine->loop);
    fake_network_use(&r->network, r->engine);
}

void rig_client_of(rig *r, const od_vendor *vendor, const char *options) {
    rig_open(r);
    od_value *given = parse(options);
    od_error error = OD_ERROR_INIT;
    if (od_client_new(r->engine, vendor, given, &r->client, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    od_client_set_log(r->client, keep_log, r);
}

void rig_client(rig *r, const char *vendor, const char *options) {
    rig_client_of(r, od_vendor_find(vendor), options);
}

void rig_close(rig *r) {
    od_client_free(r->client);
    assert_int_equal(r->network.made, r->network.freed);
    fake_network_clear(&r->network);
    od_engine_free(r->engine);
}

void step(rig *r) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(od_engine_step(r->engine, 0, NULL), OD_OK);
}

void pass_ms(rig *r, int64_t ms) {
    r->clock.now_us += ms * 1000;
    step(r);
}

od_request *submit(rig *r, const char *operation, const char *parameters, const od_submit_options *options) {
    od_value *given = parse(parameters);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_submit(r->client, operation, given, options, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    return request;
}

void assert_error(const od_error *error, const char *expected) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    assert_string_equal(text, expected);
}

void assert_value(const od_value *value, const char *expected) {
    char *text = NULL;
    assert_non_null(value);
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    assert_string_equal(text, expected);
    od_text_free(text);
}

void assert_failed(od_request *request, const char *error, od_placement placement) {
    assert_true(od_request_finished(request));
    assert_error(od_request_error(request), error);
    assert_int_equal(od_request_error(request)->placement, placement);
    assert_null(od_request_result(request));
}

od_status made_up_url(const od_value *options, char *out, size_t out_bytes, od_error *err) {
    (void)options;
    (void)err;
    snprintf(out, out_bytes, "https://made.up");
    return OD_OK;
}

void made_up_read(const od_operation *operation, const od_http_response *response, const od_value *body, od_answer *out) {
    (void)operation;
    *out = (od_answer){ .success = response->status == 200, .enveloped = body != NULL, .retry_after_ms = -1 };
}
