/* Symbee Connect through a client: what is repeated after a lost answer, what a search adds, and a record from its
 * placement to its outcome. Fields, complaints and answers are data: see test_vendors.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/memory.h"
#include "client_rig.h"
#include "json/value.h"
#include "vendors/vendors.h"

#define SYMBEE                                                                                                      \
    "\"company_code\":\"abc\",\"environment\":\"prod\",\"campaign_region\":\"us-east-1\",\"campaign_name\":\"C\","   \
    "\"api_key\":\"k\""
#define ANSWER(status, error) "{\"campaignName\":\"C\",\"previewResult\":{\"previewResultStatus\":\"" status "\",\"error\":" error "}}"
#define SUCCEEDED ANSWER("SUCCESS", "null")
#define GONE ANSWER("NORECORDFOUND", "null")
#define DATA "\"previewRecordData\":{\"Name\":\"K\"}"
#define REMOVE "{\"clientId\":\"1\",\"previewRecordStateEnum\":\"REMOVED\"}"
#define COMPLETE "{\"clientId\":\"1\",\"previewRecordStateEnum\":\"COMPLETED\"}"
#define REQUEUE "{\"clientId\":\"1\",\"previewRecordStateEnum\":\"NOTWORKED\"}"
#define RESCHEDULE "{\"clientId\":\"1\",\"previewRecordStateEnum\":\"WORKED\",\"nextEarliestWorkTimeUTC\":1636121700000}"
#define MOVE "{\"clientId\":\"1\",\"transferToCampaign\":\"D\"}"

/* ---- after a lost answer ---- */

typedef enum loss { LOST, REFUSED_CONNECTION, OUT_OF_SERVICE } loss;

static void lose(rig *r, loss how) {
    od_exchange *exchange = r->network.first;
    if (how == OUT_OF_SERVICE) {
        fake_answer(&r->network, exchange, 503, "", "");
    } else {
        if (how == LOST)
            fake_leave(&r->network, exchange);
        fake_break(&r->network, exchange, OD_NETWORK, how == LOST ? "cut off" : "refused");
    }
    step(r);
    pass_ms(r, 100); /* longer than the pause of a first repetition */
}

static const struct {
    const char *operation, *parameters;
    loss how;
    bool repeated;
    od_placement placement;  /* of the failure, where it is not repeated */
} loss_rows[] = {
    { "search_preview_campaign", "{\"clientId\":\"1\"}", LOST, true, OD_PLACEMENT_NONE },
    { "search_preview_campaign", "{\"clientId\":\"1\"}", OUT_OF_SERVICE, true, OD_PLACEMENT_NONE },
    { "delete_record_from_campaign", "{\"clientId\":\"1\"}", LOST, true, OD_PLACEMENT_NONE },
    { "delete_record_from_campaign", "{\"clientId\":\"1\"}", OUT_OF_SERVICE, true, OD_PLACEMENT_NONE },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\"," DATA "}", LOST, true, OD_PLACEMENT_NONE },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\"," DATA "}", OUT_OF_SERVICE, true, OD_PLACEMENT_NONE },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\",\"previewRecordId\":\"r\",\"allow_record_id\":true," DATA "}",
      LOST, false, OD_PLACEMENT_UNKNOWN },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\",\"previewRecordId\":\"r\",\"allow_record_id\":true," DATA "}",
      OUT_OF_SERVICE, false, OD_PLACEMENT_UNKNOWN },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\",\"previewRecordId\":\"r\",\"allow_record_id\":true," DATA "}",
      REFUSED_CONNECTION, true, OD_PLACEMENT_NONE },
    { "change_campaign_record_status", REQUEUE, LOST, false, OD_PLACEMENT_UNKNOWN },
    { "change_campaign_record_status", REQUEUE, OUT_OF_SERVICE, false, OD_PLACEMENT_UNKNOWN },
    { "change_campaign_record_status", REQUEUE, REFUSED_CONNECTION, true, OD_PLACEMENT_NONE },
    { "change_campaign_record_status", RESCHEDULE, LOST, false, OD_PLACEMENT_UNKNOWN },
    { "change_campaign_record_status", REMOVE, LOST, true, OD_PLACEMENT_NONE },
    { "change_campaign_record_status", REMOVE, OUT_OF_SERVICE, true, OD_PLACEMENT_NONE },
    { "change_campaign_record_status", COMPLETE, LOST, true, OD_PLACEMENT_NONE },
    { "transfer_campaign_record", MOVE, LOST, false, OD_PLACEMENT_UNKNOWN },
    { "transfer_campaign_record", MOVE, OUT_OF_SERVICE, false, OD_PLACEMENT_UNKNOWN },
    { "transfer_campaign_record", MOVE, REFUSED_CONNECTION, true, OD_PLACEMENT_NONE },
};

static void what_is_repeated_after_a_lost_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(loss_rows) / sizeof(loss_rows[0]); i++) {
        rig r;
        rig_client(&r, "symbee", "{" SYMBEE "}");
        od_request *request = submit(&r, loss_rows[i].operation, loss_rows[i].parameters, NULL);
        lose(&r, loss_rows[i].how);
        if (loss_rows[i].repeated) {
            assert_int_equal(r.network.sent_count, 2);
            assert_int_equal(fake_waiting(&r.network), 1);
            fake_answer(&r.network, r.network.first, 200, "", SUCCEEDED);
            step(&r);
            assert_true(od_request_finished(request));
            assert_int_equal(od_request_status(request), OD_OK);
        } else {
            assert_int_equal(r.network.sent_count, 1);
            assert_failed(request,
                          loss_rows[i].how == LOST ? "network: cut off" : "unavailable: HTTP 503 without a message",
                          loss_rows[i].placement);
        }
        od_request_unref(request);
        rig_close(&r);
    }
}

/* A late addOrUpdate would bring back a record that was worked or removed meanwhile (R2's window is its too). */
static void an_upsert_is_not_repeated_late(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE ",\"timeout\":10}");
    od_request *request = submit(&r, "add_or_update_campaign_record", "{\"clientId\":\"1\"," DATA "}", NULL);
    fake_leave(&r.network, r.network.first);
    pass_ms(&r, 3000);
    fake_break(&r.network, r.network.first, OD_TIMEOUT, "no answer");
    step(&r);
    pass_ms(&r, 10000);
    assert_failed(request, "timeout: no answer", OD_PLACEMENT_UNKNOWN);
    assert_int_equal(r.network.sent_count, 1);
    od_request_unref(request);
    rig_close(&r);
}

static const struct {
    loss how;
    const char *answer, *error;  /* error NULL: success */
} deletion_rows[] = {
    { LOST, GONE, NULL },
    { LOST, ANSWER("FAILED", "\"NORECORDFOUND\""), NULL },
    { OUT_OF_SERVICE, GONE, NULL },
    { REFUSED_CONNECTION, GONE, "not_found: NORECORDFOUND: HTTP 200 without a message" },
    { LOST, ANSWER("FAILED", "\"m\""), "rejected: FAILED: m" },
};

static void a_repeated_deletion_that_finds_nothing_has_succeeded(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(deletion_rows) / sizeof(deletion_rows[0]); i++) {
        rig r;
        rig_client(&r, "symbee", "{" SYMBEE "}");
        od_request *request = submit(&r, "delete_record_from_campaign", "{\"clientId\":\"1\"}", NULL);
        lose(&r, deletion_rows[i].how);
        fake_answer(&r.network, r.network.first, 200, "", deletion_rows[i].answer);
        step(&r);
        if (deletion_rows[i].error != NULL)
            assert_failed(request, deletion_rows[i].error, OD_PLACEMENT_NONE);
        else
            assert_value(od_request_result(request), deletion_rows[i].answer);
        od_request_unref(request);
        rig_close(&r);
    }
}

static void an_operation_tells_its_rules_and_when_it_rings_nobody(void **state) {
    (void)state;
    const od_vendor *vendor = od_vendor_find("symbee");
    static const struct {
        const char *name, *rules, *quiet;
        bool rings;
    } rows[] = {
        { "add_or_update_campaign_record",
          "[\"previewRecordId only with allow_record_id\",\"each key once, none that of clientIdFieldName; Highlight and "
          "Hidden name keys that are there\"]", NULL, true },
        { "search_preview_campaign", "[\"clientId, previewRecordId or criteria\"]", NULL, false },
        { "change_campaign_record_status", "[\"clientId or previewRecordId\",\"WORKED needs nextEarliestWorkTimeUTC\"]",
          "{\"field\":\"previewRecordStateEnum\",\"values\":[\"COMPLETED\",\"REMOVED\"]}", true },
        { "transfer_campaign_record", "[\"clientId or previewRecordId\",\"another campaign, or a skillQueue\"]", NULL,
          true },
        { "delete_record_from_campaign", "[\"clientId or previewRecordId\"]", NULL, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_value *described = NULL;
        assert_int_equal(od_operation_describe(od_operation_find(vendor, rows[i].name), &described, NULL), OD_OK);
        assert_int_equal(od_value_boolean(od_value_get(described, "rings")), rows[i].rings);
        assert_value(od_value_get(described, "rules"), rows[i].rules);
        if (rows[i].quiet != NULL)
            assert_value(od_value_get(described, "quiet"), rows[i].quiet);
        else
            assert_null(od_value_get(described, "quiet"));
        od_value_unref(described);
    }
}

static void the_fields_of_the_data_are_described(void **state) {
    (void)state;
    const od_vendor *vendor = od_vendor_find("symbee");
    static const char *const names[][4] = { { "add_or_update_campaign_record", "key", "value", "displayOrder" },
                                            { "search_preview_campaign", "key", "value", "condition" } };
    for (size_t i = 0; i < 2; i++) {
        od_value *described = NULL;
        assert_int_equal(od_operation_describe(od_operation_find(vendor, names[i][0]), &described, NULL), OD_OK);
        const od_value *fields = od_value_get(described, "fields"), *data = NULL;
        for (size_t k = 0; k < od_value_length(fields); k++)
            if (strcmp(od_value_string(od_value_get(od_value_at(fields, k), "name")), "previewRecordData") == 0)
                data = od_value_get(od_value_at(fields, k), "fields");
        assert_int_equal(od_value_length(data), 3);
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(od_value_string(od_value_get(od_value_at(data, k), "name")), names[i][k + 1]);
        od_value_unref(described);
    }
}

/* ---- searching ---- */

/* The vendor stops at 1000 records unless told otherwise, and does not say that it did. */
static void a_search_at_its_limit_says_so(void **state) {
    (void)state;
    static const struct { size_t count; const char *parameters; bool truncated; } rows[] = {
        { 999, "{\"previewRecordData\":{\"a\":\"1\"}}", false },
        { 1000, "{\"previewRecordData\":{\"a\":\"1\"}}", true },
        { 1000, "{\"previewRecordData\":{\"a\":\"1\"},\"maxRecords\":1001}", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_client(&r, "symbee", "{" SYMBEE "}");
        od_request *request = submit(&r, "search_preview_campaign", rows[i].parameters, NULL);
        od_buffer body;
        od__buffer_init(&body, 1 << 20);
        od__buffer_add_text(&body, "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\"},\"previewRecordClientData\":[{}");
        for (size_t n = 1; n < rows[i].count; n++)
            od__buffer_add_text(&body, ",{}");
        od__buffer_add_text(&body, "]}");
        fake_answer(&r.network, r.network.first, 200, "", od__buffer_text(&body));
        step(&r);
        const od_value *result = od_request_result(request);
        assert_int_equal(od_value_length(od_value_get(result, "previewRecordClientData")), rows[i].count);
        assert_int_equal(od_value_boolean(od_value_get(result, "truncated")), rows[i].truncated);
        od__buffer_clear(&body);
        od_request_unref(request);
        rig_close(&r);
    }
}

#define RECORD(more)                                                                                                \
    "{\"previewResult\":{\"previewResultStatus\":\"SUCCESS\",\"error\":null},\"previewRecordClientData\":["           \
    "{\"previewRecordID\":\"r1\",\"clientId\":\"7\"," more ",\"previewRecordData\":["                                \
    "{\"key\":\"outdial_attempt\",\"value\":\"t1\",\"displayOrder\":0}]}]}"

/* ---- from placement to outcome ---- */

static void a_placed_record_is_tracked_to_its_outcome(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE ",\"work_codes\":{\"Sale\":\"answered\"}}");
    od_value *call = parse("{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t1\"}");
    od_request *placed = NULL, *tracked = NULL;
    assert_int_equal(od_client_place(r.client, call, NULL, &placed, NULL), OD_OK);
    fake_answer(&r.network, r.network.first, 200, "", GONE); /* the person is new to the campaign */
    step(&r);
    fake_answer(&r.network, r.network.first, 200, "", SUCCEEDED);
    step(&r);
    assert_value(od_request_result(placed), "{\"id\":\"7\",\"state\":\"handed_off\",\"vendor\":\"symbee\",\"token\":\"t1\","
                                            "\"to\":\"+15550100123\",\"response\":" SUCCEEDED "}");
    (void)fake_sent(&r.network);
    assert_int_equal(od_client_track(r.client, od_request_result(placed), 0, &tracked, NULL), OD_OK);
    step(&r);
    assert_non_null(strstr(fake_sent(&r.network),
                           "\"region\":\"us-east-1\",\"campaignName\":\"C\",\"clientId\":\"7\"}\n"));
    fake_answer(&r.network, r.network.first, 200, "", RECORD("\"workedState\":\"NOTWORKED\",\"workAttempts\":0"));
    step(&r);
    pass_ms(&r, 4999);
    assert_int_equal(fake_waiting(&r.network), 0);
    pass_ms(&r, 1);
    fake_answer(&r.network, r.network.first, 200, "",
                RECORD("\"workedState\":\"WORKED\",\"workAttempts\":1,\"lastAttemptTime\":\"2021-11-03 21:28:17.000\","
                       "\"workCodes\":[{\"key\":\"G\",\"value\":\"Sale\"}]"));
    step(&r);
    assert_true(od_request_finished(tracked));
    assert_value(od_request_result(tracked),
                 "{\"kind\":\"answered\",\"rang\":\"yes\",\"raw\":{\"workedState\":\"WORKED\",\"workAttempts\":1,"
                 "\"workCodes\":[{\"key\":\"G\",\"value\":\"Sale\"}]},\"at\":1635974897,\"lives_on\":true}");
    od_value_unref(call);
    od_request_unref(placed);
    od_request_unref(tracked);
    rig_close(&r);
}

static void a_lost_placement_is_found_by_its_record(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "symbee", "{" SYMBEE "}");
    od_value *call = parse("{\"to\":\"+15550100123\",\"contact\":\"7\",\"token\":\"t1\",\"at\":1440938160}");
    od_request *found = NULL;
    assert_int_equal(od_client_find(r.client, call, &found, NULL), OD_OK);
    step(&r);
    fake_answer(&r.network, r.network.first, 200, "", RECORD("\"workedState\":\"NOTWORKED\",\"workAttempts\":0"));
    step(&r);
    assert_value(od_request_result(found),
                 "{\"placement\":\"placed\",\"call\":{\"id\":\"7\",\"state\":\"handed_off\",\"vendor\":\"symbee\","
                 "\"token\":\"t1\",\"to\":\"+15550100123\",\"contact\":\"7\",\"at\":1440938160}}");
    od_value_unref(call);
    od_request_unref(found);
    rig_close(&r);
}

/* ---- memory ---- */

#define SEARCHED                                                                                                    \
    RECORD("\"createdTime\":\"2021-11-03 05:01:05.120\",\"lastUpdatedTime\":\"2021-11-03 21:28:17.035\"")

/* What a search adds to its answer takes memory: where there is none, the search fails. */
static void a_search_without_memory_fails(void **state) {
    (void)state;
    const od_operation *search = od_operation_find(od_vendor_find("symbee"), "search_preview_campaign");
    od_value *params = parse("{\"previewRecordData\":[]}");
    bool enough = false;
    size_t failures = 0;
    for (size_t n = 1; !enough; n++) {
        od_value *result = parse(n % 2 == 0 ? SEARCHED : "{}");
        od_error error = OD_ERROR_INIT;
        od__memory_fail_at((n + 1) / 2);
        od_status status = search->refine(params, result, &error);
        enough = od__memory_fail_at(0) < (n + 1) / 2 && n % 2 == 0;
        failures += status != OD_OK;
        if (status != OD_OK)
            assert_int_equal(error.code, OD_OUT_OF_MEMORY);
        od_value_unref(result);
    }
    assert_true(failures >= 4);
    od_value_unref(params);
}

static const struct {
    const char *operation, *parameters;
} memory_rows[] = {
    { "search_preview_campaign",
      "{\"previewRecordData\":[[\"a\",1],[\"sys_worked_attempts\",\"LESSTHAN\",2.5e0],"
      "{\"key\":\"c\",\"value\":3,\"condition\":\"EQUALS\"}]}" },
    { "search_preview_campaign", "{\"previewRecordData\":{\"a\":1,\"b\":null,\"c\":\"x\"}}" },
    { "add_or_update_campaign_record", "{\"clientId\":\"1\",\"previewRecordData\":[[\"a\",1.5],[\"Hidden\",\"a\"]]}" },
    { "change_campaign_record_status", RESCHEDULE },
    { "transfer_campaign_record", MOVE },
    { "delete_record_from_campaign", "{\"PreviewRecordId\":\"r\"}" },
};

static void checking_without_memory_fails(void **state) {
    (void)state;
    od_value *options = parse("{" SYMBEE ",\"allow_record_id\":true}");
    for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]); i++) {
        const od_operation *operation = od_operation_find(od_vendor_find("symbee"), memory_rows[i].operation);
        od_value *params = parse(memory_rows[i].parameters);
        od_error error = OD_ERROR_INIT;
        od_status whole = od_operation_check(operation, options, params, &error);
        bool enough = false;
        for (size_t n = 1; !enough; n++) {
            assert_true(n < 1000);
            od__memory_fail_at(n);
            od_status status = od_operation_check(operation, options, params, NULL);
            enough = od__memory_fail_at(0) < n;
            if (enough || status != OD_OUT_OF_MEMORY) /* what failed was tried again */
                assert_int_equal(status, whole);
        }
        od_value_unref(params);
    }
    od_value_unref(options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_repeated_after_a_lost_answer),
        cmocka_unit_test(an_upsert_is_not_repeated_late),
        cmocka_unit_test(a_repeated_deletion_that_finds_nothing_has_succeeded),
        cmocka_unit_test(an_operation_tells_its_rules_and_when_it_rings_nobody),
        cmocka_unit_test(the_fields_of_the_data_are_described),
        cmocka_unit_test(a_search_at_its_limit_says_so),
        cmocka_unit_test(a_placed_record_is_tracked_to_its_outcome),
        cmocka_unit_test(a_lost_placement_is_found_by_its_record),
        cmocka_unit_test(a_search_without_memory_fails),
        cmocka_unit_test(checking_without_memory_fails),
    };
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
