/* Calls that are asked for together: a made-up vendor lists what changed, the driver makes rounds of it. */
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
#include "json/value.h"

#define NOW_S INT64_C(1440938160) /* of the rig's clock */
#define GAP_MS 5000
#define PAUSE_MS 200

/* ---- a made-up vendor: its answers say what is to be learned of them ---- */

static const od_shape number_shape = { .kind = OD_KIND_INTEGER };
static const od_field list_fields[] = {
    { .name = "since", .shape = &number_shape, .required = true, .place = OD_PLACE_QUERY },
    { .name = "page", .shape = &number_shape, .place = OD_PLACE_QUERY }, OD_FIELDS_END
};
static const od_shape list_input = { .kind = OD_KIND_STRUCT, .fields = list_fields };
static const od_field no_fields[] = { OD_FIELDS_END };
static const od_shape nothing = { .kind = OD_KIND_STRUCT, .fields = no_fields };
static const od_operation operations[] = {
    { .name = "list", .vendor_name = "List", .method = "GET", .path = "/calls", .input = &list_input,
      .repeat = OD_REPEAT_SAFE },
    { .name = "ring", .vendor_name = "Ring", .method = "POST", .path = "/ring", .input = &nothing,
      .content_type = "application/json", .rings = true },
    { .name = NULL },
};
static const od_error_row errors[] = { { .code = OD_OK } };

/* A call says how many seconds it has to be read back, from a time or from now; later it is when it last learned. */
static od_status since(const od_followed *about, const od_value *memory, int64_t *since_ms, od_error *err) {
    if (od_value_get(about->call, "id") == NULL)
        return od__error_at(err, OD_VALIDATION, "/id", "expected the id of a call, got nothing");
    const od_value *at = od_value_get(about->call, "at");
    int64_t from_ms = at != NULL ? od_value_integer(at) * 1000 : about->now_ms;
    int64_t back_ms = od_value_integer(od_value_get(about->call, "back")) * 1000;
    *since_ms = memory != NULL ? od_value_integer(memory) : from_ms - back_ms;
    return OD_OK;
}

static bool it_rings, it_is_bad;

static od_status ask(const od_vendor *vendor, int64_t since_ms, const od_value *round, const od_operation **operation,
                     od_value **params, od_error *err) {
    *operation = od__operation_find(vendor, it_rings ? "ring" : "list");
    *params = od_value_new_object();
    if (*params == NULL)
        return od__error_no_memory(err);
    od_status status = it_rings || it_is_bad ? OD_OK
                                             : od_value_set(*params, "since", od_value_new_integer(since_ms / 1000), err);
    if (status == OD_OK && round != NULL)
        status = od_value_set(*params, "page", od_value_ref(od_value_get(round, "page")), err);
    if (status != OD_OK) {
        od_value_unref(*params);
        *params = NULL;
    }
    return status;
}

/* { page } says that there is another; { nonsense } is none of all this. */
static od_status turn(int64_t since_ms, const od_value *result, od_value **round, bool *over, od_error *err) {
    (void)since_ms;
    if (od_value_get(result, "nonsense") != NULL)
        return od__error_set(err, OD_INTERNAL, "the answer makes no sense");
    od_value *copy = od__value_copy(result);
    if (copy == NULL)
        return od__error_no_memory(err);
    od_value_unref(*round);
    *round = copy;
    *over = od_value_get(result, "page") == NULL;
    return OD_OK;
}

/* { ID: "BUSY" } ends that call, { ID: "WRONG" } fails it; any other is asked for again after its `again` seconds. */
static od_status learn(const od_followed *about, const od_value *round, bool over, const od_error *failure,
                       od_value **memory, od_report *report, od_error *err) {
    if (failure != NULL)
        return od__following_failed(failure, 250, report, err);
    const od_value *said = od_value_get(round, od_value_string(od_value_get(about->call, "id")));
    if (said != NULL && strcmp(od_value_string(said), "WRONG") == 0)
        return od__error_set(err, OD_PROTOCOL, "this call makes no sense");
    report->done = said != NULL;
    report->kind = OD_OUTCOME_busy;
    report->raw = said != NULL ? od_value_ref(said) : NULL;
    report->again_ms = od_value_integer(od_value_get(about->call, "again")) * 1000;
    if (!over || od_value_get(about->call, "stays") != NULL)
        return OD_OK;
    od_value *known = od_value_new_integer(about->now_ms);
    if (known == NULL)
        return od__error_no_memory(err);
    od_value_unref(*memory);
    *memory = known;
    return OD_OK;
}

static od_status ask_alone(const od_followed *about, const od_value *memory, const od_operation **operation,
                           od_value **params, od_error *err) {
    (void)memory;
    assert_int_equal(about->purpose, OD_PURPOSE_FIND);
    return ask(about->vendor, 0, NULL, operation, params, err);
}

static od_status learn_alone(const od_followed *about, const od_reply *reply, od_value **memory, od_report *report,
                             od_error *err) {
    (void)about;
    (void)memory;
    report->done = true;
    return reply->failure != NULL ? od__finding_failed(reply->failure, err) : OD_OK;
}

/* { id, again } tells the end of a call, or when it is to be asked for. */
static od_status hear(const od_followed *about, const char *channel, const od_value *data, od_value **memory,
                      od_report *report, od_error *err) {
    (void)channel;
    (void)memory;
    (void)err;
    if (strcmp(od_value_string(od_value_get(data, "id")), od_value_string(od_value_get(about->call, "id"))) != 0)
        return OD_OK;
    report->done = od_value_get(data, "again") == NULL;
    report->again_ms = od_value_integer(od_value_get(data, "again"));
    report->kind = OD_OUTCOME_declined;
    return OD_OK;
}

static const od_rounds rounds = { .gap_ms = GAP_MS, .pause_ms = PAUSE_MS, .since = since, .ask = ask, .turn = turn,
                                  .learn = learn };
static const od_following following = { .ask = ask_alone, .learn = learn_alone, .rounds = &rounds };
static const od_following hearing = { .ask = ask_alone, .learn = learn_alone, .hear = hear, .rounds = &rounds };

#define VENDOR(follows)                                                                                              \
    { .name = "made_up", .title = "Made up", .options = &nothing, .operations = operations, .errors = errors,         \
      .base_url = made_up_url, .read = made_up_read, .following = (follows) }
static const od_vendor listing = VENDOR(&following), telling = VENDOR(&hearing);

/* ---- helpers ---- */

static void open_rig(rig *r) {
    it_rings = it_is_bad = false;
    rig_client_of(r, &listing, "{\"retry\":false}");
}

static od_request *track(rig *r, const char *call, int64_t timeout_ms) {
    od_value *given = parse(call);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_track(r->client, given, timeout_ms, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(given);
    return request;
}

/* What was sent since then: "since=1 since=2&page=3 ", from NOW_S on. */
static const char *asked(rig *r) {
    static char text[4096];
    size_t length = 0;
    text[0] = '\0';
    for (const char *at = fake_sent(&r->network); (at = strstr(at, "?since=")) != NULL; at++) {
        long long seconds = 0;
        char page[64] = "";
        assert_true(sscanf(at, "?since=%lld%63[^\n]", &seconds, page) >= 1);
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%lld%s ", seconds - (long long)NOW_S, page);
    }
    return text;
}

static void answer(rig *r, int status, const char *body) {
    assert_non_null(r->network.first);
    fake_answer(&r->network, r->network.first, status, "", body);
    step(r);
}

static void assert_busy(od_request *request) {
    assert_true(od_request_finished(request));
    assert_value(od_request_result(request), "{\"kind\":\"busy\",\"rang\":\"unknown\",\"raw\":\"BUSY\"}");
    od_request_unref(request);
}

static void assert_ended(od_request *request, const char *error) {
    assert_failed(request, error, OD_PLACEMENT_NONE);
    od_request_unref(request);
}

#define CANCELED "canceled: the request was canceled"

/* Both clocks. */
static void pass_time(rig *r, int64_t ms) {
    r->clock.wall_ms += ms;
    pass_ms(r, ms);
}

/* ---- one question for all ---- */

static void one_question_serves_all_and_each_learns_its_own(void **state) {
    (void)state;
    rig r;
    od_request *requests[100];
    open_rig(&r);
    for (int i = 0; i < 100; i++) {
        char call[64];
        snprintf(call, sizeof(call), "{\"id\":\"c%d\",\"again\":5,\"back\":%d}", i, i == 40 ? 90 : 60);
        requests[i] = track(&r, call, 0);
    }
    step(&r);
    assert_string_equal(asked(&r), "-90 "); /* as far back as the one that needs most */
    answer(&r, 200, "{\"c7\":\"BUSY\",\"c40\":\"BUSY\",\"c71\":\"BUSY\",\"c100\":\"BUSY\"}");
    assert_busy(requests[7]);
    assert_busy(requests[40]);
    assert_busy(requests[71]);
    for (int i = 0; i < 100; i++)
        if (i != 7 && i != 40 && i != 71)
            assert_false(od_request_finished(requests[i])); /* not being there proves nothing */
    pass_time(&r, 4999);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{\"c0\":\"BUSY\"}");
    assert_busy(requests[0]);
    for (int i = 1; i < 100; i++)
        if (i != 7 && i != 40 && i != 71)
            od_request_unref(requests[i]);
    rig_close(&r);
}

static void rounds_keep_their_distance_and_take_all_along(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *often = track(&r, "{\"id\":\"often\",\"again\":6}", 0);
    od_request *seldom = track(&r, "{\"id\":\"seldom\",\"again\":60}", 0);
    step(&r);
    assert_string_equal(asked(&r), "0 ");
    od_request *late = track(&r, "{\"id\":\"late\",\"again\":60}", 0); /* the round has begun without it */
    step(&r);
    answer(&r, 200, "{\"late\":\"BUSY\"}");
    assert_false(od_request_finished(late));
    pass_time(&r, 4999);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1); /* the distance: nobody is asked for by then but late, and all are read for */
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{}");
    pass_time(&r, 5999);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "5 ");
    answer(&r, 200, "{\"seldom\":\"BUSY\"}");
    assert_busy(seldom);
    od_request_cancel(often);
    step(&r);
    pass_time(&r, 59999); /* late's time is counted from the last answer */
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "11 ");
    answer(&r, 200, "{\"late\":\"BUSY\"}");
    assert_busy(late);
    assert_ended(often, CANCELED);
    pass_time(&r, 600000);
    assert_string_equal(asked(&r), "");
    rig_close(&r);
}

static void whoever_is_alone_is_asked_for_at_once(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    for (int i = 0; i < 3; i++) {
        od_request *request = track(&r, "{\"id\":\"a\",\"again\":1}", 0);
        step(&r);
        assert_string_equal(asked(&r), "0 ");
        answer(&r, 200, "{}");
        pass_ms(&r, 1000);
        assert_string_equal(asked(&r), "0 ");
        answer(&r, 200, "{\"a\":\"BUSY\"}");
        assert_busy(request);
    }
    rig_close(&r);
}

static void a_round_of_pages_is_learned_page_by_page(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *first = track(&r, "{\"id\":\"a\",\"again\":5}", 0), *last = track(&r, "{\"id\":\"b\",\"again\":5}", 0);
    step(&r);
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{\"page\":2,\"a\":\"BUSY\"}");
    assert_busy(first);
    od_request *late = track(&r, "{\"id\":\"c\",\"again\":5}", 0);
    pass_time(&r, PAUSE_MS - 1);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "0&page=2 ");
    answer(&r, 200, "{\"page\":3,\"c\":\"BUSY\"}");
    assert_false(od_request_finished(last) || od_request_finished(late));
    pass_time(&r, PAUSE_MS);
    assert_string_equal(asked(&r), "0&page=3 ");
    answer(&r, 200, "{\"b\":\"BUSY\"}");
    assert_busy(last);
    pass_time(&r, GAP_MS - 2 * PAUSE_MS - 1);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "5 ");
    answer(&r, 200, "{\"page\":2,\"c\":\"BUSY\"}"); /* that was the last one who wanted to know */
    assert_busy(late);
    pass_time(&r, 600000);
    assert_string_equal(asked(&r), "");
    assert_int_equal(fake_waiting(&r.network), 0);
    rig_close(&r);
}

/* ---- one does not disturb the others ---- */

static void one_that_goes_leaves_the_others_alone(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *stays = track(&r, "{\"id\":\"a\",\"again\":5}", 0), *goes = track(&r, "{\"id\":\"b\",\"again\":5}", 0);
    od_request *times_out = track(&r, "{\"id\":\"c\",\"again\":5}", 1000);
    step(&r);
    od_request_cancel(goes);
    pass_time(&r, 1000);
    assert_ended(goes, CANCELED);
    assert_ended(times_out, "timeout: the call has not ended within 1000 ms");
    assert_int_equal(fake_waiting(&r.network), 1);
    answer(&r, 200, "{\"page\":2}");
    od_request *waits = track(&r, "{\"id\":\"d\",\"again\":5}", 0);
    od_request_cancel(waits); /* it was not in the round yet */
    step(&r);
    assert_ended(waits, CANCELED);
    pass_time(&r, PAUSE_MS);
    answer(&r, 200, "{\"a\":\"BUSY\"}");
    assert_busy(stays);
    assert_string_equal(asked(&r), "0 0&page=2 ");
    pass_time(&r, 600000);
    assert_string_equal(asked(&r), "");
    rig_close(&r);
}

/* Nobody waits for the answer any more. */
static void the_last_one_that_goes_takes_the_question_along(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *goes = track(&r, "{\"id\":\"a\",\"again\":5}", 0);
    step(&r);
    od_request *next = track(&r, "{\"id\":\"b\",\"again\":5}", 0);
    od_request_cancel(goes);
    step(&r);
    assert_ended(goes, CANCELED);
    assert_int_equal(fake_waiting(&r.network), 0);
    pass_time(&r, GAP_MS);
    assert_string_equal(asked(&r), "0 5 ");
    answer(&r, 200, "{\"page\":2}");
    od_request_cancel(next); /* between two questions */
    step(&r);
    assert_ended(next, CANCELED);
    pass_time(&r, 600000);
    assert_string_equal(asked(&r), "");
    rig_close(&r);
}

static void a_call_that_makes_no_sense_fails_alone(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *good = track(&r, "{\"id\":\"a\",\"again\":5}", 0), *bad = track(&r, "{\"id\":\"b\",\"again\":5}", 0);
    step(&r);
    answer(&r, 200, "{\"a\":\"BUSY\",\"b\":\"WRONG\"}");
    assert_busy(good);
    assert_ended(bad, "protocol: this call makes no sense");
    rig_close(&r);
}

/* ---- what goes wrong goes wrong for all of the round ---- */

static const struct {
    int status;
    const char *answer, *error; /* NULL: it is asked again */
} failure_rows[] = {
    { 503, "", NULL },
    { 404, "{}", "not_found: HTTP 404 without a message" },
    { 200, "{\"nonsense\":1}", "internal: the answer makes no sense" },
};

static void a_failure_is_everybodys(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(failure_rows) / sizeof(failure_rows[0]); i++) {
        for (int page = 1; page <= 2; page++) {
            rig r;
            open_rig(&r);
            od_request *both[2] = { track(&r, "{\"id\":\"a\",\"again\":5}", 0), track(&r, "{\"id\":\"b\",\"again\":5}", 0) };
            step(&r);
            if (page == 2) {
                answer(&r, 200, "{\"page\":2}");
                pass_time(&r, PAUSE_MS);
            }
            (void)asked(&r);
            answer(&r, failure_rows[i].status, failure_rows[i].answer);
            pass_time(&r, GAP_MS);
            if (failure_rows[i].error != NULL) {
                assert_string_equal(asked(&r), "");
                assert_ended(both[0], failure_rows[i].error);
                assert_ended(both[1], failure_rows[i].error);
            } else {
                assert_string_equal(asked(&r), "5 "); /* from the first page */
                answer(&r, 200, "{\"a\":\"BUSY\",\"b\":\"BUSY\"}");
                assert_busy(both[0]);
                assert_busy(both[1]);
            }
            rig_close(&r);
        }
    }
}

static void a_question_that_cannot_be_asked_ends_all(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        rig r;
        open_rig(&r);
        it_rings = i == 0;
        it_is_bad = i == 1;
        od_request *both[2] = { track(&r, "{\"id\":\"a\"}", 0), track(&r, "{\"id\":\"b\"}", 0) };
        step(&r);
        for (int j = 0; j < 2; j++)
            assert_ended(both[j], i == 0 ? "internal: ring rings, and following a call never does"
                                         : "validation /since: expected an integer, got nothing");
        assert_int_equal(r.network.sent_count, 0);
        rig_close(&r);
    }
}

static void what_cannot_be_asked_about_is_refused_at_once(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_value *call = parse("{\"back\":7}");
    od_request *request = (od_request *)&r;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_track(r.client, call, 5000, &request, &error), OD_VALIDATION);
    assert_error(&error, "validation /id: expected the id of a call, got nothing");
    assert_null(request);
    od_value_unref(call);
    pass_time(&r, 6000);
    assert_int_equal(r.network.sent_count, 0);
    assert_int_equal(od_engine_pending(r.engine), 0);
    rig_close(&r);
}

/* ---- lanes ---- */

static const struct {
    int back_s, other_s;
    const char *asked;
} lane_rows[] = {
    { 0, 240, "-240 " },
    { 0, 241, "-241 0 " },
    { 241, 960, "-960 " },
    { 960, 961, "-961 -960 " },
    { 961, 3840, "-3840 " },
    { 3840, 3841, "-3841 -3840 " },
    { 3841, 15360, "-15360 " },
    { 15360, 15361, "-15361 -15360 " },
    { 15361, 61440, "-61440 " },
    { 61440, 61441, "-61441 -61440 " },
    { 61441, 864000, "-864000 " },
    { -3600, 0, "3600 " }, /* a clock that was set back */
};

static void those_with_a_longer_past_read_it_by_themselves(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(lane_rows) / sizeof(lane_rows[0]); i++) {
        rig r;
        char far[64], near[64];
        open_rig(&r);
        snprintf(far, sizeof(far), "{\"id\":\"a\",\"back\":%d}", lane_rows[i].other_s);
        snprintf(near, sizeof(near), "{\"id\":\"b\",\"back\":%d}", lane_rows[i].back_s);
        od_request *both[2] = { track(&r, far, 0), track(&r, near, 0) };
        step(&r);
        if (lane_rows[i].back_s < 0)
            assert_string_equal(asked(&r), "0 ");
        else
            assert_string_equal(asked(&r), lane_rows[i].asked);
        od_request_unref(both[0]);
        od_request_unref(both[1]);
        rig_close(&r);
    }
}

static void a_long_past_does_not_make_the_others_wait(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *far = track(&r, "{\"id\":\"far\",\"back\":86400,\"again\":5}", 0);
    od_request *near = track(&r, "{\"id\":\"near\",\"again\":5}", 0);
    step(&r);
    assert_string_equal(asked(&r), "-86400 0 ");
    od_exchange *past = r.network.first;
    fake_answer(&r.network, r.network.last, 200, "", "{}");
    step(&r);
    pass_time(&r, GAP_MS);
    assert_string_equal(asked(&r), "0 ");
    fake_answer(&r.network, r.network.last, 200, "", "{\"near\":\"BUSY\",\"far\":\"BUSY\"}");
    step(&r);
    assert_busy(near);
    assert_false(od_request_finished(far)); /* that page was not for it */
    fake_answer(&r.network, past, 200, "", "{}");
    step(&r);
    pass_time(&r, GAP_MS);
    assert_string_equal(asked(&r), "5 "); /* it has caught up */
    answer(&r, 200, "{\"far\":\"BUSY\"}");
    assert_busy(far);
    rig_close(&r);
}

/* While it waits for its lane it has come to need more, and goes with those that read as far: once. */
static void one_that_waits_may_go_with_another_lane(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *first = track(&r, "{\"id\":\"a\",\"again\":600}", 0);
    step(&r);
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{}");
    od_request *waits = track(&r, "{\"id\":\"b\",\"again\":60,\"at\":1440938160,\"back\":239}", 0);
    pass_time(&r, 2000);
    assert_string_equal(asked(&r), "");
    od_request *far = track(&r, "{\"id\":\"c\",\"again\":60,\"at\":1440938160,\"back\":500}", 0);
    step(&r);
    assert_string_equal(asked(&r), "-500 ");
    answer(&r, 200, "{}");
    pass_time(&r, 59999);
    assert_string_equal(asked(&r), "");
    pass_time(&r, 1);
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{\"a\":\"BUSY\",\"b\":\"BUSY\",\"c\":\"BUSY\"}");
    assert_busy(first);
    assert_busy(waits);
    assert_busy(far);
    rig_close(&r);
}

/* ---- other ways to the end ---- */

static void finding_asks_for_one_call(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *tracked = track(&r, "{\"id\":\"a\",\"again\":5}", 0), *found = NULL;
    od_value *call = parse("{\"id\":\"b\"}");
    assert_int_equal(od_client_find(r.client, call, &found, NULL), OD_OK);
    od_value_unref(call);
    step(&r);
    assert_int_equal(r.network.sent_count, 2);
    answer(&r, 200, "{\"a\":\"BUSY\"}"); /* the find's, which was sent at once */
    assert_value(od_request_result(found), "{\"found\":false}");
    assert_false(od_request_finished(tracked));
    answer(&r, 200, "{\"a\":\"BUSY\"}");
    assert_busy(tracked);
    od_request_unref(found);
    rig_close(&r);
}

static void tell(rig *r, const char *event) {
    od_value *data = parse(event);
    od__follow_hear(r->client, "/calls", data);
    od_value_unref(data);
    step(r);
}

static void an_event_may_end_one_of_a_round(void **state) {
    (void)state;
    rig r;
    rig_client_of(&r, &telling, "{\"retry\":false}");
    od_request *heard = track(&r, "{\"id\":\"a\",\"again\":60}", 0), *asking = track(&r, "{\"id\":\"b\",\"again\":60}", 0);
    step(&r);
    tell(&r, "{\"id\":\"a\"}");
    assert_value(od_request_result(heard), "{\"kind\":\"declined\",\"rang\":\"unknown\"}");
    tell(&r, "{\"id\":\"b\",\"again\":0}"); /* a question is under way already */
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{}");
    tell(&r, "{\"id\":\"b\",\"again\":0}");
    pass_time(&r, GAP_MS);
    assert_string_equal(asked(&r), "0 ");
    answer(&r, 200, "{\"b\":\"BUSY\"}");
    assert_busy(asking);
    od_request_unref(heard);
    od_request *knows = track(&r, "{\"id\":\"a\"}", 0); /* what was heard before */
    step(&r);
    assert_value(od_request_result(knows), "{\"kind\":\"declined\",\"rang\":\"unknown\"}");
    od_request_unref(knows);
    rig_close(&r);
}

static void closing_the_client_ends_every_round(void **state) {
    (void)state;
    rig r;
    open_rig(&r);
    od_request *requests[3] = { track(&r, "{\"id\":\"a\"}", 0), track(&r, "{\"id\":\"b\",\"back\":86400}", 0), NULL };
    step(&r);
    requests[2] = track(&r, "{\"id\":\"c\"}", 0);
    od_client_free(r.client);
    r.client = NULL;
    for (int i = 0; i < 3; i++)
        assert_ended(requests[i], "closed: the client or engine was closed");
    assert_int_equal(od_engine_pending(r.engine), 0);
    assert_int_equal(fake_waiting(&r.network), 0);
    pass_time(&r, 600000);
    rig_close(&r);
}

/* ---- memory ---- */

/* Whatever cannot be had, every call comes to an end, or is asked for again. */
static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    size_t failures = 0;
    bool enough = false;
    for (size_t n = 1; !enough; n++) {
        rig r;
        od_request *requests[3] = { NULL };
        od_error error = OD_ERROR_INIT;
        open_rig(&r);
        od_value *calls[3] = { parse("{\"id\":\"a\",\"again\":5}"), parse("{\"id\":\"b\",\"again\":5}"),
                               parse("{\"id\":\"c\",\"again\":5}") };
        od__memory_fail_at(n);
        for (int i = 0; i < 2; i++)
            (void)od_client_track(r.client, calls[i], 60000, &requests[i], &error);
        step(&r);
        (void)od_client_track(r.client, calls[2], 60000, &requests[2], &error);
        static const char *const answers[] = { "{\"page\":2}", "{}", "{\"a\":\"BUSY\",\"b\":\"BUSY\",\"c\":\"BUSY\"}" };
        for (int i = 0; i < 3; i++) {
            if (r.network.first != NULL)
                fake_answer(&r.network, r.network.first, 200, "", answers[i]);
            step(&r);
            pass_time(&r, i == 0 ? PAUSE_MS : GAP_MS);
        }
        enough = od__memory_fail_at(0) < n;
        pass_time(&r, 60000); /* nobody waits beyond that */
        for (int i = 0; i < 3; i++) {
            od_value_unref(calls[i]);
            if (requests[i] == NULL) {
                assert_int_equal(error.code, OD_OUT_OF_MEMORY);
                failures++;
                continue;
            }
            assert_true(od_request_finished(requests[i]));
            od_status status = od_request_status(requests[i]);
            assert_true(status == OD_OK || (!enough && (status == OD_OUT_OF_MEMORY || status == OD_TIMEOUT ||
                                                        status == OD_PROTOCOL)));
            failures += status != OD_OK;
            od_request_unref(requests[i]);
        }
        assert_int_equal(od_engine_pending(r.engine), 0);
        rig_close(&r);
    }
    assert_true(failures > 20);
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_question_serves_all_and_each_learns_its_own),
        cmocka_unit_test(rounds_keep_their_distance_and_take_all_along),
        cmocka_unit_test(whoever_is_alone_is_asked_for_at_once),
        cmocka_unit_test(a_round_of_pages_is_learned_page_by_page),
        cmocka_unit_test(one_that_goes_leaves_the_others_alone),
        cmocka_unit_test(the_last_one_that_goes_takes_the_question_along),
        cmocka_unit_test(a_call_that_makes_no_sense_fails_alone),
        cmocka_unit_test(a_failure_is_everybodys),
        cmocka_unit_test(a_question_that_cannot_be_asked_ends_all),
        cmocka_unit_test(what_cannot_be_asked_about_is_refused_at_once),
        cmocka_unit_test(those_with_a_longer_past_read_it_by_themselves),
        cmocka_unit_test(a_long_past_does_not_make_the_others_wait),
        cmocka_unit_test(one_that_waits_may_go_with_another_lane),
        cmocka_unit_test(finding_asks_for_one_call),
        cmocka_unit_test(an_event_may_end_one_of_a_round),
        cmocka_unit_test(closing_the_client_ends_every_round),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
