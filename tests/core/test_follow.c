/* Following a call to what became of it: a made-up vendor says what to ask, the driver asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "client.h"
#include "client_rig.h"

/* ---- a made-up vendor: its answers say what is to be learned of them ---- */

static const od_shape text_shape = { .kind = OD_KIND_STRING }, number_shape = { .kind = OD_KIND_INTEGER };
static const od_field look_fields[] = {
    { .name = "id", .shape = &text_shape, .required = true, .place = OD_PLACE_PATH },
    { .name = "n", .shape = &number_shape, .place = OD_PLACE_QUERY }, OD_FIELDS_END
};
static const od_shape look_input = { .kind = OD_KIND_STRUCT, .fields = look_fields };
static const od_field no_fields[] = { OD_FIELDS_END };
static const od_shape nothing = { .kind = OD_KIND_STRUCT, .fields = no_fields };
static const od_operation operations[] = {
    { .name = "look", .vendor_name = "Look", .method = "GET", .path = "/calls/{id}", .input = &look_input,
      .repeat = OD_REPEAT_SAFE },
    { .name = "ring", .vendor_name = "Ring", .method = "POST", .path = "/ring", .input = &nothing,
      .content_type = "application/json", .rings = true },
    { .name = NULL },
};
static const od_error_row errors[] = { { .code = OD_OK } };
static const od_outcome_row outcomes[] = {
    { "HUNG_UP", OD_OUTCOME_answered, OD_RANG_YES }, { "BUSY", OD_OUTCOME_busy, OD_RANG_UNKNOWN },
    { "NO_LINE", OD_OUTCOME_failed, OD_RANG_NO }, { NULL, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};

static int64_t asked_at_ms;

/* The id says what to ask; memory is how often an answer came. */
static od_status ask(const od_followed *about, const od_value *memory, const od_operation **operation,
                     od_value **params, od_error *err) {
    asked_at_ms = about->now_ms;
    const char *id = od_value_string(od_value_get(about->call, "id"));
    if (id == NULL)
        return od__error_at(err, OD_VALIDATION, "/id", "expected the id of a call, got nothing");
    if (strcmp(id, "quiet") == 0 || (strcmp(id, "later") == 0 && memory != NULL))
        return OD_OK;
    *operation = od__operation_find(about->vendor, strcmp(id, "bell") == 0 ? "ring" : "look");
    *params = od_value_new_object();
    if (*params == NULL)
        return od__error_no_memory(err);
    od_status status = OD_OK;
    if (strcmp(id, "bad") != 0 && strcmp(id, "bell") != 0)
        status = od_value_set(*params, "id", od_value_new_string(id), err);
    if (status == OD_OK && memory != NULL)
        status = od_value_set(*params, "n", od_value_ref(memory), err);
    return status;
}

/* { code, at } ends it; { again } plans; { call } is evidence; {} is none. Taken back: { code } says why not. */
static od_status read_said(const od_value *said, od_report *report, od_error *err) {
    const od_value *code = od_value_get(said, "code"), *again = od_value_get(said, "again");
    const od_value *call = od_value_get(said, "call");
    if (again != NULL) {
        report->again_ms = od_value_integer(again);
        return OD_OK;
    }
    if (od_value_get(said, "nonsense") != NULL)
        return od__error_set(err, OD_PROTOCOL, "the answer makes no sense");
    report->done = true;
    report->found = report->withdrawn = call != NULL;
    report->rang_maybe = od_value_get(said, "at") != NULL;
    snprintf(report->why, sizeof(report->why), "%s", od_value_string(code) != NULL ? od_value_string(code) : "");
    report->call = call != NULL && od_value_type(call) == OD_TYPE_OBJECT ? od_value_ref(call) : NULL;
    const od_outcome_row *row = od__outcome_row(outcomes, od_value_string(code));
    report->kind = row->kind;
    report->rang = row->rang;
    report->raw = code != NULL ? od_value_ref(code) : NULL;
    report->at_ms = od_value_integer(od_value_get(said, "at"));
    return OD_OK;
}

static od_status learn(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                       od_error *err) {
    (void)about;
    assert_string_equal(reply->operation->name, "look");
    assert_true((reply->result == NULL) == (reply->failure != NULL));
    if (reply->failure != NULL)
        return od__following_failed(reply->failure, 250, report, err);
    od_value *count = od_value_new_integer(od_value_integer(*memory) + 1);
    if (count == NULL)
        return od__error_no_memory(err);
    od_value_unref(*memory);
    *memory = count;
    return read_said(reply->result, report, err);
}

static od_status hear(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                      od_report *report, od_error *err) {
    (void)memory;
    const char *id = od_value_string(od_value_get(data, "id"));
    const char *own = od_value_string(od_value_get(about->call, "id"));
    assert_int_equal(report->again_ms, -1);
    if (strcmp(channel, "/calls") != 0 || id == NULL || strcmp(id, own) != 0)
        return OD_OK;
    return read_said(data, report, err);
}

static const od_following deaf = { .ask = ask, .learn = learn };
static const od_following hearing = { .ask = ask, .learn = learn, .hear = hear };

#define VENDOR(follows)                                                                                              \
    { .name = "made_up", .title = "Made up", .options = &nothing, .operations = operations, .errors = errors,         \
      .base_url = made_up_url, .read = made_up_read, .following = (follows) }
static const od_vendor polled = VENDOR(&deaf), told = VENDOR(&hearing), silent = VENDOR(NULL);
static const od_vendor taking = { .name = "made_up", .title = "Made up", .options = &nothing, .operations = operations,
                                  .errors = errors, .base_url = made_up_url, .read = made_up_read, .withdrawing = &deaf };

static od_status start(od_client *client, od_purpose purpose, const od_value *call, int64_t timeout_ms,
                       od_request **request, od_error *error) {
    return purpose == OD_PURPOSE_FIND    ? od_client_find(client, call, request, error)
           : purpose == OD_PURPOSE_TRACK ? od_client_track(client, call, timeout_ms, request, error)
                                         : od_client_withdraw(client, call, request, error);
}

#define NO_RETRY "{\"retry\":false}"

static od_request *follow(rig *r, od_purpose purpose, const char *call, int64_t timeout_ms) {
    od_value *given = parse(call);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (start(r->client, purpose, given, timeout_ms, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    return request;
}

static void answer(rig *r, int status, const char *body) {
    assert_non_null(r->network.first);
    fake_answer(&r->network, r->network.first, status, "", body);
    step(r);
}

/* ---- what becomes of one answer ---- */

static const struct {
    od_purpose purpose;
    int status;
    const char *answer, *result, *error;
} answer_rows[] = {
    { OD_PURPOSE_TRACK, 200, "{\"code\":\"HUNG_UP\",\"at\":1440938160000}",
      "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":\"HUNG_UP\",\"at\":1440938160}", NULL },
    { OD_PURPOSE_TRACK, 200, "{\"code\":\"BUSY\",\"at\":1440938160250}",
      "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\",\"at\":1440938160.25}", NULL },
    { OD_PURPOSE_TRACK, 200, "{\"code\":\"NO_LINE\"}", "{\"kind\":\"failed\",\"rang\":\"no\",\"raw\":\"NO_LINE\"}", NULL },
    { OD_PURPOSE_TRACK, 200, "{\"code\":\"NEW_WORD\"}",
      "{\"kind\":\"unclassified\",\"rang\":\"unknown\",\"raw\":\"NEW_WORD\"}", NULL },
    { OD_PURPOSE_TRACK, 200, "{}", "{\"kind\":\"unclassified\",\"rang\":\"unknown\"}", NULL },
    { OD_PURPOSE_TRACK, 200, "{\"nonsense\":1}", NULL, "protocol: the answer makes no sense" },
    { OD_PURPOSE_TRACK, 200, "{\"again\":-1}", NULL, "internal: made_up waits for an event, and has none" },
    { OD_PURPOSE_TRACK, 404, "{}", NULL, "not_found: HTTP 404 without a message" },
    { OD_PURPOSE_FIND, 200, "{\"call\":{\"id\":\"7\",\"state\":\"placed\"}}",
      "{\"placement\":\"placed\",\"call\":{\"id\":\"7\",\"state\":\"placed\"}}", NULL },
    { OD_PURPOSE_FIND, 200, "{}", "{\"found\":false}", NULL },
    { OD_PURPOSE_FIND, 200, "{\"call\":7}", NULL, "internal: found, but no call" },
    { OD_PURPOSE_FIND, 403, "{}", NULL, "permission: HTTP 403 without a message" },
};

static void an_answer_ends_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(answer_rows) / sizeof(answer_rows[0]); i++) {
        rig r;
        rig_client_of(&r, &polled, NO_RETRY);
        od_request *request = follow(&r, answer_rows[i].purpose, "{\"id\":\"7\"}", 0);
        assert_int_equal(asked_at_ms, 1440938160000);
        assert_string_equal(fake_sent(&r.network), "GET https://made.up/calls/7\n\n\n---\n");
        assert_false(od_request_finished(request));
        assert_int_equal(od_engine_pending(r.engine), 1);
        answer(&r, answer_rows[i].status, answer_rows[i].answer);
        if (answer_rows[i].error != NULL)
            assert_failed(request, answer_rows[i].error, OD_PLACEMENT_NONE);
        else
            assert_value(od_request_result(request), answer_rows[i].result);
        /* It is delivered, and the question is not. */
        od_request *delivered = od_engine_take(r.engine);
        assert_ptr_equal(delivered, request);
        assert_null(od_engine_take(r.engine));
        assert_int_equal(od_engine_pending(r.engine), 0);
        od_request_unref(delivered);
        od_request_unref(request);
        pass_ms(&r, 100000);
        assert_int_equal(r.network.sent_count, 1);
        rig_close(&r);
    }
}

static const struct { const char *answer, *result; } withdrawn_rows[] = {
    { "{\"call\":{},\"code\":\"BUSY\",\"at\":1}", "{\"withdrawn\":true}" },
    { "{\"code\":\"BUSY\"}", "{\"withdrawn\":false,\"why\":\"BUSY\"}" },
    { "{\"code\":\"BUSY\",\"at\":1}", "{\"withdrawn\":false,\"why\":\"BUSY\",\"placed\":true}" },
};

static void taking_back_ends_with_proof_or_why_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(withdrawn_rows) / sizeof(withdrawn_rows[0]); i++) {
        rig r;
        rig_client_of(&r, &taking, NO_RETRY);
        od_request *request = follow(&r, OD_PURPOSE_WITHDRAW, "{\"id\":\"7\"}", 0);
        step(&r);
        answer(&r, 200, "{\"again\":1000}");
        pass_ms(&r, 1000);
        answer(&r, 200, withdrawn_rows[i].answer);
        assert_value(od_request_result(request), withdrawn_rows[i].result);
        od_request_unref(request);
        request = follow(&r, OD_PURPOSE_WITHDRAW, "{\"id\":\"bell\"}", 0);
        step(&r);
        assert_failed(request, "internal: ring rings, and following a call never does", OD_PLACEMENT_NONE);
        od_request_unref(request);
        rig_close(&r);
    }
}

/* ---- asking again ---- */

static void it_asks_again_when_it_was_told_to(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &polled, NO_RETRY);
    od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\",\"vendor\":\"made_up\",\"at\":1440938160.5}", 0);
    static const struct { const char *answer; int status; int64_t pause_ms; const char *next; } rows[] = {
        { "{\"again\":1000}", 200, 1000, "GET https://made.up/calls/7?n=1\n\n\n---\n" },
        { "{\"again\":0}", 200, 0, "GET https://made.up/calls/7?n=2\n\n\n---\n" },
        { "", 503, 250, "GET https://made.up/calls/7?n=2\n\n\n---\n" },
        { "{\"again\":15000}", 200, 15000, "GET https://made.up/calls/7?n=3\n\n\n---\n" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)fake_sent(&r.network);
        answer(&r, rows[i].status, rows[i].answer);
        if (rows[i].pause_ms > 0) {
            pass_ms(&r, rows[i].pause_ms - 1);
            assert_string_equal(fake_sent(&r.network), "");
            pass_ms(&r, 1);
        }
        assert_string_equal(fake_sent(&r.network), rows[i].next);
    }
    assert_int_equal(od_engine_pending(r.engine), 1);
    answer(&r, 200, "{\"code\":\"BUSY\"}");
    assert_value(od_request_result(request), "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\"}");
    od_request_unref(request);
    rig_close(&r);
}

static void the_vendors_own_hint_lengthens_the_pause(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &polled, NO_RETRY);
    od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 0);
    fake_answer(&r.network, r.network.first, 503, "Retry-After: 2\n", "");
    step(&r);
    pass_ms(&r, 1999);
    assert_int_equal(r.network.sent_count, 1);
    pass_ms(&r, 1);
    assert_int_equal(r.network.sent_count, 2);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- what ends it otherwise ---- */

static const char *const phases[] = { "asking", "waiting" };

static void bring_to(rig *r, const char *phase) {
    if (strcmp(phase, "waiting") == 0)
        answer(r, 200, "{\"again\":60000}");
}

static void a_timeout_ends_it(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_client_of(&r, &polled, NO_RETRY);
        od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 5000);
        bring_to(&r, phases[i]);
        pass_ms(&r, 4999);
        assert_false(od_request_finished(request));
        pass_ms(&r, 1);
        assert_failed(request, "timeout: the call has not ended within 5000 ms", OD_PLACEMENT_NONE);
        assert_true(od_request_error(request)->retryable);
        assert_int_equal(fake_waiting(&r.network), 0);
        pass_ms(&r, 60000);
        assert_int_equal(r.network.sent_count, 1);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void canceling_ends_it(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_client_of(&r, &polled, NO_RETRY);
        od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 5000);
        bring_to(&r, phases[i]);
        od_request_cancel(request);
        assert_false(od_request_finished(request));
        step(&r);
        assert_failed(request, "canceled: the request was canceled", OD_PLACEMENT_NONE);
        assert_int_equal(fake_waiting(&r.network), 0);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void closing_the_client_ends_all(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &told, NO_RETRY);
    od_request *requests[4] = {
        follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 5000), follow(&r, OD_PURPOSE_FIND, "{\"id\":\"8\"}", 0),
        follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"quiet\"}", 0), follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"9\"}", 0),
    };
    bring_to(&r, "waiting");
    od_client_free(r.client);
    r.client = NULL;
    for (size_t i = 0; i < 4; i++) {
        assert_failed(requests[i], "closed: the client or engine was closed", OD_PLACEMENT_NONE);
        od_request_unref(requests[i]);
    }
    assert_int_equal(od_engine_pending(r.engine), 0);
    pass_ms(&r, 60000);
    rig_close(&r);
}

static void an_engine_that_goes_first_ends_all(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &polled, NO_RETRY);
    od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 5000);
    request->kind->cancel(request, OD_CLOSED);
    assert_failed(request, "closed: the client or engine was closed", OD_PLACEMENT_NONE);
    od_request_unref(request);
    rig_close(&r);
}

static void one_that_nobody_wants_any_more_ends_by_itself(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &polled, NO_RETRY);
    od_request_unref(follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 0));
    answer(&r, 200, "{\"code\":\"BUSY\"}");
    assert_int_equal(od_engine_pending(r.engine), 0);
    assert_null(od_engine_take(r.engine));
    od_value *call = parse("{\"id\":\"8\"}");
    assert_int_equal(od_client_track(r.client, call, 0, NULL, NULL), OD_OK);
    od_value_unref(call);
    answer(&r, 200, "{\"code\":\"BUSY\"}");
    od_request *delivered = od_engine_take(r.engine);
    assert_value(od_request_result(delivered), "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\"}");
    od_request_unref(delivered);
    rig_close(&r);
}

/* ---- what is refused at once ---- */

static const struct {
    const od_vendor *vendor;
    od_purpose purpose;
    const char *call, *error;
} refused_rows[] = {
    { &silent, OD_PURPOSE_FIND, "{}", "validation: calls of made_up cannot be looked up" },
    { &silent, OD_PURPOSE_TRACK, "{}", "validation: calls of made_up cannot be tracked" },
    { &silent, OD_PURPOSE_WITHDRAW, "{}", "validation: calls of made_up cannot be taken back" },
    { &polled, OD_PURPOSE_WITHDRAW, "{\"id\":\"7\"}", "validation: calls of made_up cannot be taken back" },
    { &taking, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", "validation: calls of made_up cannot be tracked" },
    { &taking, OD_PURPOSE_WITHDRAW, "{\"id\":\"7\",\"vendor\":\"symbee\"}",
      "validation /vendor: expected a call of made_up, got one of symbee" },
    { &polled, OD_PURPOSE_TRACK, NULL, "validation /id: expected the id of a call, got nothing" },
    { &polled, OD_PURPOSE_TRACK, "[]", "validation: expected an object, got an array" },
    { &polled, OD_PURPOSE_TRACK, "{\"id\":null}", "validation /id: expected the id of a call, got nothing" },
    { &polled, OD_PURPOSE_FIND, "{\"id\":\"7\",\"at\":\"now\"}",
      "validation /at: expected a time in Unix seconds, got a string" },
    { &polled, OD_PURPOSE_FIND, "{\"id\":\"7\",\"at\":-1}", "validation /at: expected a time in Unix seconds, got -1" },
    { &polled, OD_PURPOSE_FIND, "{\"id\":\"7\",\"token\":7}", "validation /token: expected a string, got an integer" },
    { &polled, OD_PURPOSE_TRACK, "{\"id\":\"7\",\"vendor\":\"symbee\"}",
      "validation /vendor: expected a call of made_up, got one of symbee" },
    { &polled, OD_PURPOSE_TRACK, "{\"id\":\"bad\"}", "validation /id: expected a string, got nothing" },
    { &polled, OD_PURPOSE_TRACK, "{\"id\":\"bell\"}", "internal: ring rings, and following a call never does" },
    { &polled, OD_PURPOSE_TRACK, "{\"id\":\"quiet\"}",
      "internal: made_up has nothing to ask, and no event will tell" },
};

static void what_cannot_be_followed_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
        rig r;
        rig_client_of(&r, refused_rows[i].vendor, NO_RETRY);
        od_value *call = parse(refused_rows[i].call);
        od_request *request = (od_request *)&r;
        od_error error = OD_ERROR_INIT;
        assert_int_not_equal(start(r.client, refused_rows[i].purpose, call, 5000, &request, &error), OD_OK);
        assert_error(&error, refused_rows[i].error);
        assert_null(request);
        assert_int_equal(r.network.sent_count, 0);
        assert_int_equal(od_engine_pending(r.engine), 0);
        pass_ms(&r, 6000);
        od_value_unref(call);
        rig_close(&r);
    }
}

/* A call that rings only after the first answer does not ring either. */
static void a_later_question_may_not_ring_or_be_bad(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &polled, NO_RETRY);
    od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"later\"}", 0);
    answer(&r, 200, "{\"again\":10}");
    pass_ms(&r, 10);
    assert_failed(request, "internal: made_up has nothing to ask, and no event will tell", OD_PLACEMENT_NONE);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- events ---- */

static od_value *event(const char *text) {
    return parse(text);
}

static void tell(rig *r, const char *channel, const char *text) {
    od_value *data = event(text);
    od__follow_hear(r->client, channel, data);
    od_value_unref(data);
    step(r);
}

static void an_event_may_tell_the_end(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &told, NO_RETRY);
    od_request *quiet = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"quiet\"}", 0);
    od_request *asking = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 0);
    od_request *waiting = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"8\"}", 0);
    fake_answer(&r.network, r.network.last, 200, "", "{\"again\":60000}");
    step(&r);
    assert_int_equal(r.network.sent_count, 2);
    tell(&r, "/devices", "{\"id\":\"7\",\"code\":\"BUSY\"}");
    tell(&r, "/calls", "{\"id\":\"77\",\"code\":\"BUSY\"}");
    assert_false(od_request_finished(quiet) || od_request_finished(asking) || od_request_finished(waiting));
    tell(&r, "/calls", "{\"id\":\"quiet\",\"code\":\"HUNG_UP\"}");
    tell(&r, "/calls", "{\"id\":\"7\",\"code\":\"BUSY\"}");
    tell(&r, "/calls", "{\"id\":\"8\",\"nonsense\":1}");
    assert_value(od_request_result(quiet), "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":\"HUNG_UP\"}");
    assert_value(od_request_result(asking), "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\"}");
    assert_failed(waiting, "protocol: the answer makes no sense", OD_PLACEMENT_NONE);
    assert_int_equal(fake_waiting(&r.network), 0);
    tell(&r, "/calls", "{\"id\":\"7\",\"code\":\"BUSY\"}");
    pass_ms(&r, 60000);
    assert_int_equal(r.network.sent_count, 2);
    od_request_unref(quiet);
    od_request_unref(asking);
    od_request_unref(waiting);
    rig_close(&r);
}

static void an_event_may_bring_the_next_question_nearer(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &told, NO_RETRY);
    od_request *request = follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 0);
    tell(&r, "/calls", "{\"id\":\"7\",\"again\":0}"); /* a question is under way already */
    assert_int_equal(r.network.sent_count, 1);
    answer(&r, 200, "{\"again\":60000}");
    tell(&r, "/calls", "{\"id\":\"9\",\"again\":0}");
    pass_ms(&r, 30000);
    assert_int_equal(r.network.sent_count, 1);
    tell(&r, "/calls", "{\"id\":\"7\",\"again\":20}");
    pass_ms(&r, 19);
    assert_int_equal(r.network.sent_count, 1);
    pass_ms(&r, 1);
    assert_int_equal(r.network.sent_count, 2);
    answer(&r, 200, "{\"again\":-1}");
    pass_ms(&r, 1000000);
    assert_int_equal(r.network.sent_count, 2);
    tell(&r, "/calls", "{\"id\":\"7\",\"again\":0}");
    assert_int_equal(r.network.sent_count, 3);
    answer(&r, 200, "{\"code\":\"BUSY\"}");
    assert_value(od_request_result(request), "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\"}");
    od_request_unref(request);
    rig_close(&r);
}

static void a_vendor_without_ears_hears_nothing(void **state) {
    (void)state;
    const od_vendor *const vendors[] = { &polled, &silent };
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_client_of(&r, vendors[i], NO_RETRY);
        od_request *request = i == 0 ? follow(&r, OD_PURPOSE_TRACK, "{\"id\":\"7\"}", 0) : NULL;
        tell(&r, "/calls", "{\"id\":\"7\",\"code\":\"BUSY\"}");
        assert_true(request == NULL || !od_request_finished(request));
        od_request_unref(request);
        rig_close(&r);
    }
}

/* ---- the words ---- */

static void outcomes_have_the_names_they_are_written_with(void **state) {
    (void)state;
    static const char *const names[] = { "answered", "machine", "fax", "no_answer", "busy", "declined", "abandoned",
                                         "invalid_number", "blocked", "expired", "failed", "canceled", "unreported",
                                         "unclassified" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_string_equal(od__outcome_name((od_outcome_kind)i), names[i]);
    assert_int_equal(OD_OUTCOME_unclassified, 13);
    assert_string_equal(od__rang_name(OD_RANG_YES), "yes");
    assert_string_equal(od__rang_name(OD_RANG_NO), "no");
    assert_string_equal(od__rang_name(OD_RANG_UNKNOWN), "unknown");
    assert_ptr_equal(od__outcome_row(outcomes, "BUSY"), &outcomes[1]);
    assert_ptr_equal(od__outcome_row(outcomes, "busy"), &outcomes[3]);
    assert_ptr_equal(od__outcome_row(outcomes, NULL), &outcomes[3]);
}

/* ---- memory ---- */

static const struct { od_purpose purpose; const char *last; } memory_rows[] = {
    { OD_PURPOSE_TRACK, "{\"code\":\"BUSY\",\"at\":1440938160250}" },
    { OD_PURPOSE_FIND, "{\"call\":{\"id\":\"7\"}}" },
    { OD_PURPOSE_FIND, "{}" },
};

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    for (size_t row = 0; row < sizeof(memory_rows) / sizeof(memory_rows[0]); row++) {
        size_t failures = 0;
        for (size_t n = 1;; n++) {
            rig r;
            rig_client_of(&r, &polled, NO_RETRY);
            od_value *call = parse("{\"id\":\"7\",\"at\":1440938160}");
            od_request *request = NULL;
            od_error error = OD_ERROR_INIT;
            od__memory_fail_at(n);
            od_status status = memory_rows[row].purpose == OD_PURPOSE_FIND
                                   ? od_client_find(r.client, call, &request, &error)
                                   : od_client_track(r.client, call, 60000, &request, &error);
            static const char *const again = "{\"again\":1000}";
            const char *const answers[] = { again, memory_rows[row].last };
            for (size_t i = 0; i < 2 && status == OD_OK; i++) {
                if (r.network.first != NULL)
                    fake_answer(&r.network, r.network.first, 200, "", answers[i]);
                step(&r);
                pass_ms(&r, 1000);
            }
            bool enough = od__memory_fail_at(0) < n;
            if (status != OD_OK) {
                assert_int_equal(status, OD_OUT_OF_MEMORY);
                assert_int_equal(error.code, OD_OUT_OF_MEMORY);
                assert_null(request);
                assert_int_equal(od_engine_pending(r.engine), 0);
                failures++;
            } else {
                const od_error *why = od_request_error(request);
                /* A failed allocation ends it, or meets a layer that tries again by itself: then it is just not over. */
                if (od_request_finished(request) && why->code != OD_OK) {
                    /* jansson calls a string that it has no memory for a syntax error. */
                    assert_true(why->code == OD_OUT_OF_MEMORY ||
                                (why->code == OD_PROTOCOL && strstr(why->message, "HTTP 200 with an unreadable body")));
                    failures++;
                }
                if (enough)
                    assert_int_equal(od_request_status(request), OD_OK);
                od_request_unref(request);
            }
            od_value_unref(call);
            rig_close(&r);
            if (enough)
                break;
        }
        assert_true(failures > 10);
    }
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_it),
        cmocka_unit_test(taking_back_ends_with_proof_or_why_not),
        cmocka_unit_test(it_asks_again_when_it_was_told_to),
        cmocka_unit_test(the_vendors_own_hint_lengthens_the_pause),
        cmocka_unit_test(a_timeout_ends_it),
        cmocka_unit_test(canceling_ends_it),
        cmocka_unit_test(closing_the_client_ends_all),
        cmocka_unit_test(an_engine_that_goes_first_ends_all),
        cmocka_unit_test(one_that_nobody_wants_any_more_ends_by_itself),
        cmocka_unit_test(what_cannot_be_followed_is_refused),
        cmocka_unit_test(a_later_question_may_not_ring_or_be_bad),
        cmocka_unit_test(an_event_may_tell_the_end),
        cmocka_unit_test(an_event_may_bring_the_next_question_nearer),
        cmocka_unit_test(a_vendor_without_ears_hears_nothing),
        cmocka_unit_test(outcomes_have_the_names_they_are_written_with),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
