/* Placements of several requests, with Symbee as the vendor that has them (R14): search, addOrUpdate, changeStatus; and what
 * is known of the placement wherever one of the three is refused, lost or taken back. */
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
#include "client_rig.h"
#include "json/value.h"

#define OPTIONS                                                                                                     \
    "{\"company_code\":\"abc\",\"environment\":\"prod\",\"campaign_region\":\"us-east-1\",\"campaign_name\":\"C\","   \
    "\"api_key\":\"k\",\"retry\":false,\"rate\":false}"
#define NEUTRAL "{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t2\"}"
#define SUCCEEDED "{\"campaignName\":\"C\",\"previewResult\":{\"previewResultStatus\":\"SUCCESS\",\"error\":null}}"
#define FAILED "{\"previewResult\":{\"previewResultStatus\":\"FAILED\",\"error\":\"no\"}}"
#define NO_KEY "{\"previewResult\":{\"previewResultStatus\":\"INVALIDRECORDDATAKEY\",\"error\":\"no\"}}"
#define GONE "{\"previewResult\":{\"previewResultStatus\":\"NORECORDFOUND\",\"error\":null}}"
#define NOTHING "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\"},\"previewRecordClientData\":null}"
#define RECORD(state, attempts)                                                                                     \
    "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\",\"error\":null},\"previewRecordClientData\":["           \
    "{\"previewRecordID\":\"r1\",\"clientId\":\"7\",\"workedState\":\"" state "\",\"workAttempts\":" attempts "}]}"

#define COMMON                                                                                                      \
    "\"platform\":\"AWS Connect\",\"companyCode\":\"abc\",\"environment\":\"prod\",\"region\":\"us-east-1\","         \
    "\"campaignName\":\"C\""
#define SEARCH "searchPreviewCampaign {" COMMON ",\"clientId\":\"7\"}\n"
#define PUT(extra, hidden, before)                                                                                  \
    "addOrUpdateCampaignRecord {" COMMON ",\"clientId\":\"7\"" extra ",\"previewRecordData\":["                       \
    "{\"key\":\"Name\",\"value\":\"7\"},{\"key\":\"phone\",\"value\":\"+15550100123\"},"                              \
    "{\"key\":\"outdial_attempt\",\"value\":\"t2\"},{\"key\":\"Hidden\",\"value\":\"outdial_attempt" hidden "\"}" before "]}\n"
#define PUT_AGAIN(earliest, attempts)                                                                               \
    PUT(",\"nextEarliestWorkTimeUTC\":" earliest, "|outdial_attempts_before",                                        \
        ",{\"key\":\"outdial_attempts_before\",\"value\":\"" attempts "\"}")
#define REQUEUE(earliest)                                                                                           \
    "changeCampaignRecordStatus {" COMMON ",\"clientId\":\"7\",\"nextEarliestWorkTimeUTC\":" earliest                  \
    ",\"previewRecordStateEnum\":\"NOTWORKED\"}\n"
#define NOW "1440938160000"

/* Each request sent since the last call of this, as "action body"; static. */
static const char *actions(rig *r) {
    static char out[4096];
    size_t length = 0;
    out[0] = '\0';
    for (const char *at = fake_sent(&r->network); (at = strstr(at, "PreviewContactServiceExternal/")) != NULL;) {
        const char *name = strchr(at, '/') + 1, *end = strchr(name, '\n'), *body = strstr(end, "\n\n") + 2;
        at = strchr(body, '\n');
        length += (size_t)snprintf(out + length, sizeof(out) - length, "%.*s %.*s\n", (int)(end - name), name,
                                   (int)(at - body), body);
    }
    return out;
}

static od_request *place(rig *r, const char *call, const od_submit_options *options) {
    od_value *value = parse(call);
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_client_place(r->client, value, options, &request, &error) != OD_OK)
        fail_msg("%s: %s", error.path, error.message);
    od_value_unref(value);
    step(r);
    return request;
}

static void answer(rig *r, const char *body) {
    fake_answer(&r->network, r->network.first, 200, "", body);
    step(r);
}

/* ---- what is sent, and what comes of it ---- */

static const struct {
    const char *call, *found, *put, *requeue, *more;
} rows[] = {
    { NEUTRAL, GONE, PUT("", "", ""), NULL, "" },
    { NEUTRAL, NOTHING, PUT("", "", ""), NULL, "" },
    { NEUTRAL, RECORD("NOTWORKED", "0"), PUT_AGAIN(NOW, "0"), NULL,
      ",\"work_attempts\":0,\"workedState\":\"NOTWORKED\"" },
    { NEUTRAL, RECORD("COMPLETED", "1"), PUT_AGAIN(NOW, "1"), REQUEUE(NOW),
      ",\"work_attempts\":1,\"workedState\":\"COMPLETED\"" },
    { NEUTRAL, RECORD("WORKED", "12"), PUT_AGAIN(NOW, "12"), REQUEUE(NOW),
      ",\"work_attempts\":12,\"workedState\":\"WORKED\"" },
    { NEUTRAL, RECORD("REMOVED", "0"), PUT_AGAIN(NOW, "0"), REQUEUE(NOW),
      ",\"work_attempts\":0,\"workedState\":\"REMOVED\"" },
    { "{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t2\",\"fields\":{\"nextEarliestWorkTimeUTC\":1636121700000}}",
      RECORD("COMPLETED", "1"), PUT_AGAIN("1636121700000", "1"), REQUEUE("1636121700000"),
      ",\"work_attempts\":1,\"workedState\":\"COMPLETED\"" },
};

static void R14_a_second_attempt_is_search_update_and_state(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        char expected[1024];
        rig_client(&r, "symbee", OPTIONS);
        od_request *request = place(&r, rows[i].call, NULL);
        assert_string_equal(actions(&r), SEARCH);
        answer(&r, rows[i].found);
        assert_string_equal(actions(&r), rows[i].put);
        answer(&r, SUCCEEDED);
        if (rows[i].requeue != NULL) {
            assert_false(od_request_finished(request));
            assert_string_equal(actions(&r), rows[i].requeue);
            answer(&r, SUCCEEDED);
        }
        assert_int_equal(r.network.sent_count, rows[i].requeue != NULL ? 3 : 2);
        snprintf(expected, sizeof(expected), "{\"id\":\"7\",\"state\":\"handed_off\",\"vendor\":\"symbee\",\"token\":\"t2\","
                 "\"to\":\"+15550100123\",\"response\":" SUCCEEDED "%s}", rows[i].more);
        assert_value(od_request_result(request), expected);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void a_record_by_the_vendors_id_stays_that_record(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", OPTIONS);
    od_request *request = place(&r, "{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t2\",\"fields\":{\"previewRecordId\":"
                                    "\"r1\",\"allow_record_id\":true,\"campaignName\":\"D\"}}", NULL);
    answer(&r, RECORD("COMPLETED", "1"));
    answer(&r, SUCCEEDED);
    answer(&r, SUCCEEDED);
    const char *sent = actions(&r), *change = strstr(sent, "changeCampaignRecordStatus");
    assert_non_null(strstr(sent, "searchPreviewCampaign {\"platform\":\"AWS Connect\",\"companyCode\":\"abc\",\"environment\":"
                                 "\"prod\",\"region\":\"us-east-1\",\"campaignName\":\"D\",\"previewRecordId\":\"r1\"}\n"));
    assert_non_null(strstr(change, "\"campaignName\":\"D\",\"previewRecordId\":\"r1\",\"nextEarliest"));
    assert_int_equal(od_request_status(request), OD_OK);
    od_request_unref(request);
    rig_close(&r);
}

/* ---- what is known where it breaks off ---- */

typedef enum end { ANSWERED, LOST, NEVER_LEFT } end;

static const struct {
    int stage;               /* 0 search, 1 addOrUpdate, 2 changeStatus */
    end how;
    const char *body, *error;
    od_placement placement;
} ends[] = {
    { 0, ANSWERED, FAILED, "rejected: FAILED: search_preview_campaign: no", OD_PLACEMENT_NOT_PLACED },
    { 0, LOST, NULL, "network: search_preview_campaign: cut off", OD_PLACEMENT_NOT_PLACED },
    { 0, NEVER_LEFT, NULL, "network: search_preview_campaign: cut off", OD_PLACEMENT_NOT_PLACED },
    { 1, ANSWERED, NO_KEY, "rejected: INVALIDRECORDDATAKEY: no", OD_PLACEMENT_NOT_PLACED },
    { 1, ANSWERED, FAILED, "rejected: FAILED: no", OD_PLACEMENT_UNKNOWN },
    { 1, LOST, NULL, "network: cut off", OD_PLACEMENT_UNKNOWN },
    { 1, NEVER_LEFT, NULL, "network: cut off", OD_PLACEMENT_NOT_PLACED },
    { 2, ANSWERED, GONE, "not_found: NORECORDFOUND: change_campaign_record_status: HTTP 200 without a message",
      OD_PLACEMENT_UNKNOWN },
    { 2, LOST, NULL, "network: change_campaign_record_status: cut off", OD_PLACEMENT_UNKNOWN },
    { 2, NEVER_LEFT, NULL, "network: change_campaign_record_status: cut off", OD_PLACEMENT_UNKNOWN },
};

/* Goes on until the request of that stage is under way. */
static od_request *reach(rig *r, int stage, const od_submit_options *options) {
    od_request *request = place(r, NEUTRAL, options);
    if (stage > 0)
        answer(r, RECORD("COMPLETED", "1"));
    if (stage > 1)
        answer(r, SUCCEEDED);
    return request;
}

static void R3_what_is_known_is_joined_over_the_three(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        rig r;
        rig_client(&r, "symbee", OPTIONS);
        od_request *request = reach(&r, ends[i].stage, NULL);
        if (ends[i].how == LOST)
            fake_leave(&r.network, r.network.first);
        if (ends[i].how == ANSWERED)
            fake_answer(&r.network, r.network.first, 200, "", ends[i].body);
        else
            fake_break(&r.network, r.network.first, OD_NETWORK, "cut off");
        step(&r);
        assert_failed(request, ends[i].error, ends[i].placement);
        assert_int_equal(fake_waiting(&r.network), 0);
        od_request_unref(request);
        rig_close(&r);
    }
}

static const od_placement when_canceled[][2] = { /* before, and after the first byte of the stage's request */
    { OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_NOT_PLACED },
    { OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_UNKNOWN },
    { OD_PLACEMENT_UNKNOWN, OD_PLACEMENT_UNKNOWN },
};

static void canceling_and_closing_say_what_is_known(void **state) {
    (void)state;
    for (int stage = 0; stage < 3; stage++) {
        for (int left = 0; left < 2; left++) {
            for (int close = 0; close < 2; close++) {
                rig r;
                rig_client(&r, "symbee", OPTIONS);
                od_request *request = reach(&r, stage, NULL);
                if (left)
                    fake_leave(&r.network, r.network.first);
                if (close) {
                    od_client_free(r.client);
                    r.client = NULL;
                } else {
                    od_request_cancel(request);
                }
                step(&r);
                assert_failed(request, close ? "closed: the client or engine was closed"
                                             : "canceled: the request was canceled", when_canceled[stage][left]);
                assert_int_equal(fake_waiting(&r.network), 0);
                od_request_unref(request);
                rig_close(&r);
            }
        }
    }
}

/* Between two requests nothing is under way, and yet it can be taken back. */
static void it_can_be_taken_back_between_two_requests(void **state) {
    (void)state;
    for (int stage = 0; stage < 2; stage++) {
        rig r;
        rig_client(&r, "symbee", OPTIONS);
        od_request *request = reach(&r, stage, NULL);
        fake_answer(&r.network, r.network.first, 200, "", stage == 0 ? RECORD("COMPLETED", "1") : SUCCEEDED);
        for (int i = 0; i < 4 && r.network.ready != NULL; i++)
            (void)od_engine_step(r.engine, 0, NULL);
        od_client_free(r.client);
        r.client = NULL;
        assert_true(od_request_finished(request));
        assert_int_equal(od_request_error(request)->placement, stage == 0 ? OD_PLACEMENT_NOT_PLACED : OD_PLACEMENT_UNKNOWN);
        od_request_unref(request);
        rig_close(&r);
    }
}

/* R4: past its time no byte of any of the three leaves. */
static void R4_each_of_the_three_has_the_same_limit(void **state) {
    (void)state;
    static const od_placement placements[] = { OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_NOT_PLACED, OD_PLACEMENT_UNKNOWN };
    for (int stage = 0; stage < 3; stage++) {
        rig r;
        rig_client(&r, "symbee", OPTIONS);
        od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
        options.send_before_ms = r.clock.now_us / 1000 + 5000;
        od_request *request = reach(&r, stage, &options);
        pass_ms(&r, 5001);
        fake_leave(&r.network, r.network.first);
        step(&r);
        assert_true(od_request_finished(request));
        assert_int_equal(od_request_error(request)->placement, placements[stage]);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void what_is_wrong_is_said_before_anything_is_asked(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", OPTIONS);
    od_value *call = parse("{\"to\":\"555\",\"contact\":\"7\"}");
    od_request *request = NULL;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_client_place(r.client, call, NULL, &request, &error), OD_VALIDATION);
    assert_error(&error, "validation /previewRecordData/1/value: expected E.164 (+ and up to 15 digits), got \"555\"");
    assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_null(request);
    assert_int_equal(fake_waiting(&r.network), 0);
    od_value_unref(call);
    rig_close(&r);
}

/* ---- memory ---- */

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    static const char *const answers[] = { RECORD("COMPLETED", "1"), SUCCEEDED, SUCCEEDED };
    od_value *call = parse(NEUTRAL);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        rig r;
        rig_client(&r, "symbee", OPTIONS);
        od__buffer_add_text(&r.network.sent, "");
        od_request *request = NULL;
        od_error error = OD_ERROR_INIT;
        bool put = false; /* addOrUpdate has left */
        od__memory_fail_at(n);
        od_status status = od_client_place(r.client, call, NULL, &request, &error);
        for (size_t i = 0; i < 8 && status == OD_OK; i++) {
            od_exchange *exchange = r.network.first;
            (void)od_engine_step(r.engine, 0, NULL);
            if (exchange == NULL)
                continue;
            const char *url = od__buffer_text(&exchange->request.url);
            size_t which = strstr(url, "search") != NULL ? 0 : strstr(url, "addOrUpdate") != NULL ? 1 : 2;
            put = put || which == 1;
            fake_answer(&r.network, exchange, 200, "", answers[which]);
            if (exchange->response.headers.failed || exchange->response.body.failed) {
                od__error_clear(&exchange->error);
                od__error_no_memory(&exchange->error);
                exchange->response.status = 0;
            }
        }
        bool hit = od__memory_fail_at(0) >= n;
        if (status != OD_OK) {
            assert_int_equal(error.code, OD_OUT_OF_MEMORY);
            assert_int_equal(error.placement, OD_PLACEMENT_NOT_PLACED);
        } else {
            assert_true(od_request_finished(request));
            const od_error *why = od_request_error(request);
            if (why->code != OD_OK)
                assert_int_equal(why->placement, put ? OD_PLACEMENT_UNKNOWN : OD_PLACEMENT_NOT_PLACED);
            else
                assert_non_null(od_request_result(request));
        }
        od_request_unref(request);
        rig_close(&r);
        if (!hit)
            break;
        failures++;
    }
    assert_true(failures > 140);
    od_value_unref(call);
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R14_a_second_attempt_is_search_update_and_state),
        cmocka_unit_test(a_record_by_the_vendors_id_stays_that_record),
        cmocka_unit_test(R3_what_is_known_is_joined_over_the_three),
        cmocka_unit_test(canceling_and_closing_say_what_is_known),
        cmocka_unit_test(it_can_be_taken_back_between_two_requests),
        cmocka_unit_test(R4_each_of_the_three_has_the_same_limit),
        cmocka_unit_test(what_is_wrong_is_said_before_anything_is_asked),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
