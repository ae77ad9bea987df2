/* The samples of the vendor's own pages, from the request over the answer to the events: "Dial" and "AddRecord". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "client.h"
#include "client_rig.h"

#define OPTIONS(more) "{\"base_url\":\"https://gws.example.com\",\"username\":\"u\",\"password\":\"p\"" more "}"
#define SUCCESS "{\"statusCode\":0}"

#define DEVICE "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
/* "Dial", first and second sample: the call's id, connection, user data and what the event has of it. */
#define DIALING(id, connection, data)                                                                               \
    "{\"messageType\":\"CallStateChangeMessage\",\"notificationType\":\"StatusChange\",\"extensions\":"             \
    "{\"WrapUpTime\":0,\"BusinessCall\":0},\"call\":{\"id\":\"" id "\",\"connId\":\"" connection "\",\"state\":"    \
    "\"Dialing\",\"callUuid\":\"" id "\",\"deviceUri\":\"http://127.0.0.1:8080/api/v2/devices/" DEVICE "\",\"uri\":" \
    "\"http://127.0.0.1:8080/api/v2/me/calls/" id "\",\"participants\":[\"5001\"],\"participantsInfo\":[{\"digits\":" \
    "\"5001\",\"e164Number\":\"5001\",\"formattedPhoneNumber\":\"5001\"}],\"dnis\":\"5001\",\"callType\":"          \
    "\"Internal\",\"capabilities\":[\"DeleteUserDataPair\",\"AttachUserData\",\"Hangup\",\"DeleteUserData\","       \
    "\"SendDtmf\",\"UpdateUserData\"]," data "\"duration\":\"0\",\"mute\":\"Off\",\"supervisorListeningIn\":false,"  \
    "\"monitoredUserMuted\":false},\"phoneNumber\":\"5005\"}"
#define FIRST DIALING("013V08JRL498H1OI04000VTAES00000G", "0072026cb98d140f", "")
#define SECOND DIALING("01NOSKNPB8AT3D4MUTCJ82LAES000111", "0072026cb98d140e", "\"userData\":{\"CustomerSegment\":\"Gold\"},")
#define MARKED                                                                                                      \
    DIALING("01NOSKNPB8AT3D4MUTCJ82LAES000111", "0072026cb98d140e",                                                 \
            "\"userData\":{\"CustomerSegment\":\"Gold\",\"outdial\":\"t-1\"},")

/* "AddRecord": the acknowledgement, the server's own event, the reply of the connect, in one answer. */
#define ACKNOWLEDGED                                                                                                \
    "{\"record\":{\"devicePath\":\"/devices/4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\",\"callingList\":"                \
    "\"CallingList1\",\"applicationId\":134,\"campaignName\":\"Campaign1\"},\"notificationType\":"                  \
    "\"AddRecordAcknowledge\",\"messageType\":\"OutboundRecordMessage\",\"referenceId\":\"123456789\"}"
#define SERVER_EVENT                                                                                                \
    "{\"metrics\":{\"eventProcessing\":{\"serverGenerationTimestamp\":1433915479448,\"nodeProcessingTimeNanos\":"    \
    "4615078,\"serverProcessingTimeTotalMs\":4}},\"userData\":{\"GSW_APPLICATION_ID\":134,\"GSW_USER_EVENT\":"      \
    "\"AddRecordAcknowledge\",\"GSW_CALLING_LIST\":\"CallingList1\",\"GSW_PHONE\":\"12345\",\"GSW_CAMPAIGN_NAME\":" \
    "\"Campaign1\",\"GSW_CHAIN_N\":0,\"GSW_CHAIN_ID\":2},\"deviceId\":\"4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\","     \
    "\"messageType\":\"DeviceUserEventMessage\"}"
#define CONNECTED                                                                                                   \
    "{\"successful\":true,\"advice\":{\"interval\":0,\"timeout\":30000,\"reconnect\":\"retry\"},\"id\":\"%d\","      \
    "\"channel\":\"/meta/connect\"}"

static od_exchange *waits_for(const rig *r, const char *text) {
    for (od_exchange *exchange = r->network.first; exchange != NULL; exchange = exchange->next)
        if (strstr(od__buffer_text(&exchange->request.body), text) != NULL)
            return exchange;
    fail_msg("nothing waits that has %s", text);
    return NULL;
}

static void answer(rig *r, const char *request, const char *body) {
    fake_answer(&r->network, waits_for(r, request), 200, "", body);
    step(r);
}

static void answer_connect(rig *r, const char *events) {
    char body[8192];
    const od_exchange *connect = waits_for(r, "/meta/connect");
    int id = atoi(strstr(od__buffer_text(&connect->request.body), "\"id\":\"") + 6);
    int length = snprintf(body, sizeof(body), "[%s" CONNECTED "]", events, id);
    assert_true(length > 0 && (size_t)length < sizeof(body));
    answer(r, "/meta/connect", body);
}

/* A subscription to one channel that stands, with a connect that waits. */
static od_subscription *stand(rig *r, const char *channel) {
    char text[256];
    snprintf(text, sizeof(text), "[\"%s\"]", channel);
    od_value *channels = parse(text);
    od_subscription *subscription = NULL;
    assert_int_equal(od_client_subscribe(r->client, channels, &subscription, NULL), OD_OK);
    od_value_unref(channels);
    step(r);
    fake_answer(&r->network, r->network.first, 200, "", SUCCESS);
    step(r);
    answer(r, "/meta/handshake", "[{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"c\"}]");
    int id = atoi(strstr(od__buffer_text(&waits_for(r, "/meta/subscribe")->request.body), "\"id\":\"") + 6);
    snprintf(text, sizeof(text), "[{\"channel\":\"/meta/subscribe\",\"successful\":true,\"id\":\"%d\",\"subscription\":\"%s\"}]",
             id, channel);
    answer(r, "/meta/subscribe", text);
    answer_connect(r, "");
    (void)fake_sent(&r->network);
    return subscription;
}

static void assert_next(rig *r, od_subscription *subscription, const char *event) {
    od_request *request = NULL;
    assert_int_equal(od_subscription_next(subscription, &request, NULL), OD_OK);
    step(r);
    assert_value(od_request_result(request), event);
    od_request_unref(request);
}

static const struct { const char *parameters, *body, *event; } dial_rows[] = {
    { "{\"deviceId\":\"" DEVICE "\",\"destination\":{\"phoneNumber\":\"5001\"}}",
      "{\"operationName\":\"Dial\",\"destination\":{\"phoneNumber\":\"5001\"}}", FIRST },
    { "{\"deviceId\":\"" DEVICE "\",\"destination\":{\"phoneNumber\":\"5001\"},\"userData\":{\"CustomerSegment\":\"Gold\"}}",
      "{\"operationName\":\"Dial\",\"destination\":{\"phoneNumber\":\"5001\"},\"userData\":{\"CustomerSegment\":\"Gold\"}}",
      SECOND },
};

static void dial(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig r;
        char event[4096], expected[4096], sent[1024];
        rig_client(&r, "genesys", OPTIONS(""));
        od_subscription *subscription = stand(&r, "/v2/me/calls");
        assert_next(&r, subscription, "{\"channel\":\"/meta/subscribe\"}");
        od_request *request = submit(&r, "dial", dial_rows[i].parameters, NULL);
        snprintf(sent, sizeof(sent), "POST https://gws.example.com/api/v2/me/devices/" DEVICE "/calls\n"
                 "Content-Type: application/json\nAuthorization: Basic dTpw\n\n%s\n---\n", dial_rows[i].body);
        assert_string_equal(fake_sent(&r.network), sent);
        answer(&r, "Dial", SUCCESS);
        assert_value(od_request_result(request), SUCCESS);
        snprintf(event, sizeof(event), "{\"data\":%s,\"channel\":\"/v2/me/calls\"},", dial_rows[i].event);
        answer_connect(&r, event);
        snprintf(expected, sizeof(expected), "{\"channel\":\"/v2/me/calls\",\"data\":%s}", dial_rows[i].event);
        assert_next(&r, subscription, expected);
        od_request_unref(request);
        od_subscription_free(subscription);
        rig_close(&r);
    }
}

/* R19: Dial, its event, its answer, in each order; the answer may be lost. */
static const char *const orders[] = { "answer event", "event answer", "event lost", "lost event" };

static void R19_a_dial_and_its_event_in_every_order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        rig r;
        rig_client(&r, "genesys", OPTIONS(",\"device_id\":\"" DEVICE "\",\"retry\":false"));
        od_subscription *subscription = stand(&r, "/v2/me/calls");
        od_value *call = parse("{\"to\":\"5001\",\"token\":\"t-1\",\"attributes\":{\"CustomerSegment\":\"Gold\"}}");
        od_request *request = NULL;
        assert_int_equal(od_client_place(r.client, call, NULL, &request, NULL), OD_OK);
        char words[32];
        strcpy(words, orders[i]);
        for (char *word = words, *end; *word != '\0'; word = end) {
            end = word + strcspn(word, " ");
            if (strncmp(word, "event", 5) == 0) {
                answer_connect(&r, "{\"channel\":\"/v2/me/calls\",\"data\":" MARKED "},");
            } else if (strncmp(word, "answer", 6) == 0) {
                answer(&r, "Dial", SUCCESS);
                assert_int_equal(od_request_status(request), OD_OK);
            } else {
                od_exchange *exchange = waits_for(&r, "Dial");
                fake_leave(&r.network, exchange);
                fake_break(&r.network, exchange, OD_NETWORK, "cut off");
                step(&r);
                assert_failed(request, "network: cut off", OD_PLACEMENT_UNKNOWN);
            }
            end += *end == ' ';
        }
        od_request_unref(request);
        assert_int_equal(od_client_find(r.client, call, &request, NULL), OD_OK);
        od_exchange *look = r.network.last;
        assert_non_null(strstr(od__buffer_text(&look->request.url), "/api/v2/me?subresources=calls"));
        fake_answer(&r.network, look, 200, "", "{\"statusCode\":0,\"user\":{\"calls\":[]}}");
        step(&r);
        assert_value(od_request_result(request),
                     "{\"placement\":\"placed\",\"call\":{\"id\":\"01NOSKNPB8AT3D4MUTCJ82LAES000111\",\"state\":"
                     "\"placed\",\"vendor\":\"genesys\",\"token\":\"t-1\",\"to\":\"5001\","
                     "\"attributes\":{\"CustomerSegment\":\"Gold\"}}}");
        od_request_unref(request);
        od_value_unref(call);
        od_subscription_free(subscription);
        rig_close(&r);
    }
}

/* A subscription that stands only in the middle of a call has not heard what came before. */
static void R19_ears_that_come_late_guess_nothing(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", OPTIONS(""));
    od_value *call = parse("{\"token\":\"t-1\"}");
    od_request *request = NULL;
    assert_int_equal(od_client_track(r.client, call, 0, &request, NULL), OD_OK);
    od_value_unref(call);
    fake_answer(&r.network, r.network.first, 200, "",
                "{\"statusCode\":0,\"user\":{\"calls\":[{\"id\":\"C1\",\"state\":\"Dialing\",\"userData\":"
                "{\"outdial\":\"t-1\"}}]}}");
    step(&r);
    od_subscription *subscription = stand(&r, "/v2/me/calls");
    assert_non_null(strstr(od__buffer_text(&r.network.last->request.url), "subresources=calls")); /* a look at once */
    answer_connect(&r, "{\"channel\":\"/v2/me/calls\",\"data\":{\"messageType\":\"CallStateChangeMessage\",\"call\":"
                       "{\"id\":\"C1\",\"state\":\"Released\"}}},");
    assert_string_equal(od_value_string(od_value_get(od_request_result(request), "kind")), "unreported");
    od_request_unref(request);
    od_subscription_free(subscription);
    rig_close(&r);
}

static void add_record(void **state) {
    (void)state;
    rig r;
    rig_client(&r, "genesys", OPTIONS(""));
    od_subscription *subscription = stand(&r, "/v2/me/outbound");
    od_request *request = submit(&r, "add_record",
                                 "{\"chainId\":2,\"from\":0,\"devicePath\":\"/devices/4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\","
                                 "\"operationName\":\"AddRecord\",\"phoneNumber\":\"12345\",\"phoneType\":"
                                 "\"InstantMessaging\",\"campaignName\":\"Campaign1\",\"timeZone\":\"GMT\","
                                 "\"callingList\":\"CallingList1\",\"applicationId\":134,\"until\":86339,"
                                 "\"referenceId\":\"123456789\",\"wait\":true}", NULL);
    assert_string_equal(fake_sent(&r.network),
                        "POST https://gws.example.com/api/v2/me/outbound-records\nContent-Type: application/json\n"
                        "Authorization: Basic dTpw\n\n{\"operationName\":\"AddRecord\",\"applicationId\":134,"
                        "\"campaignName\":\"Campaign1\",\"callingList\":\"CallingList1\",\"phoneNumber\":\"12345\","
                        "\"timeZone\":\"GMT\",\"phoneType\":\"InstantMessaging\",\"from\":0,\"until\":86339,\"devicePath\":"
                        "\"/devices/4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\",\"chainId\":2,\"referenceId\":\"123456789\"}\n---\n");
    answer(&r, "AddRecord", SUCCESS);
    assert_false(od_request_finished(request));
    answer_connect(&r, "{\"data\":" ACKNOWLEDGED ",\"channel\":\"/v2/me/outbound\"},"
                       "{\"data\":" SERVER_EVENT ",\"channel\":\"/me/internal\"},");
    assert_value(od_request_result(request),
                 "{\"statusCode\":0,\"referenceId\":\"123456789\",\"event\":" ACKNOWLEDGED ",\"chainId\":2}");
    assert_next(&r, subscription, "{\"channel\":\"/meta/subscribe\"}");
    assert_next(&r, subscription, "{\"channel\":\"/v2/me/outbound\",\"data\":" ACKNOWLEDGED "}");
    od_request_unref(request);
    od_subscription_free(subscription);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dial),
        cmocka_unit_test(R19_a_dial_and_its_event_in_every_order),
        cmocka_unit_test(R19_ears_that_come_late_guess_nothing),
        cmocka_unit_test(add_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
