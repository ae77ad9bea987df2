/* Bayeux messages: what is sent, byte for byte, and what is read of what comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "notifications/bayeux.h"
#include "notifications/topics.h"

/* ---- building ---- */

static void assert_built(od_buffer *out, const char *expected) {
    assert_false(out->failed);
    assert_string_equal(od__buffer_text(out), expected);
    od__buffer_clear(out);
    od__buffer_init(out, 4096);
}

static void messages_are_written_byte_for_byte(void **state) {
    (void)state;
    od_buffer out;
    od__buffer_init(&out, 4096);
    od__bayeux_begin(&out);
    od__bayeux_handshake(&out, "1");
    od__bayeux_end(&out);
    assert_built(&out, "[{\"id\":\"1\",\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"minimumVersion\":\"1.0\","
                       "\"supportedConnectionTypes\":[\"long-polling\"],\"ext\":{\"ack\":true}}]");
    od__bayeux_connect(&out, "2", "c\"1", true, -1);
    assert_built(&out, "{\"id\":\"2\",\"channel\":\"/meta/connect\",\"clientId\":\"c\\\"1\","
                       "\"connectionType\":\"long-polling\",\"advice\":{\"timeout\":0}}");
    od__bayeux_connect(&out, "3", "c1", false, 0);
    assert_built(&out, "{\"id\":\"3\",\"channel\":\"/meta/connect\",\"clientId\":\"c1\","
                       "\"connectionType\":\"long-polling\",\"ext\":{\"ack\":0}}");
    od__bayeux_connect(&out, "4", "c1", true, 9007199254740991);
    assert_built(&out, "{\"id\":\"4\",\"channel\":\"/meta/connect\",\"clientId\":\"c1\","
                       "\"connectionType\":\"long-polling\",\"advice\":{\"timeout\":0},"
                       "\"ext\":{\"ack\":9007199254740991}}");
    od__bayeux_begin(&out);
    od__bayeux_subscribe(&out, "5", "c1", "/v2/me/calls");
    od__bayeux_unsubscribe(&out, "6", "c1", "/v2/me/*");
    od__bayeux_end(&out);
    assert_built(&out, "[{\"id\":\"5\",\"channel\":\"/meta/subscribe\",\"clientId\":\"c1\","
                       "\"subscription\":\"/v2/me/calls\"},{\"id\":\"6\",\"channel\":\"/meta/unsubscribe\","
                       "\"clientId\":\"c1\",\"subscription\":\"/v2/me/*\"}]");
    od__bayeux_disconnect(&out, "7", "c1");
    assert_built(&out, "{\"id\":\"7\",\"channel\":\"/meta/disconnect\",\"clientId\":\"c1\"}");
}

/* ---- reading ---- */

static od_value *parsed(const char *text) {
    od_error err = OD_ERROR_INIT;
    od_value *messages;
    if (od__bayeux_parse(text, strlen(text), &messages, &err) != OD_OK)
        fail_msg("%s: %s", text, err.message);
    return messages;
}

static void what_is_no_answer_is_refused(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        { "", "protocol: line 1, column 0: unexpected token near end of file" },
        { "[", "protocol: line 1, column 1: ']' expected near end of file" },
        { "<html>", "protocol: line 1, column 1: invalid token" },
        { "[{\"channel\":\"/a\",\"channel\":\"/b\"}]", "protocol: line 1, column 26: duplicate object key" },
        { "7", "protocol: the answer is an integer, no Bayeux messages" },
        { "null", "protocol: the answer is null, no Bayeux messages" },
        { "[[]]", "protocol: message 0 of the answer is an array, no Bayeux message" },
        { "[{\"channel\":\"/a\"},\"x\"]", "protocol: message 1 of the answer is a string, no Bayeux message" },
        { "{}", "protocol: message 0 of the answer has no channel" },
        { "[{\"channel\":7}]", "protocol: message 0 of the answer has no channel" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_error err = OD_ERROR_INIT;
        od_value *messages = (od_value *)&err;
        char text[512];
        assert_int_equal(od__bayeux_parse(rows[i][0], strlen(rows[i][0]), &messages, &err), OD_PROTOCOL);
        assert_null(messages);
        od_error_format(&err, text, sizeof(text));
        if (strcmp(text, rows[i][1]) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i][0], text, rows[i][1]);
    }
}

static void no_answer_has_more_messages_than_the_limit(void **state) {
    (void)state;
    static const char message[] = ",{\"channel\":\"/a\"}";
    size_t count = OD_LIMIT_BAYEUX_MESSAGES + 1, each = sizeof(message) - 1;
    char *text = malloc(count * each + 2);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * each, message, each);
    text[0] = '[';
    text[count * each] = ']';
    od_error err = OD_ERROR_INIT;
    od_value *messages;
    assert_int_equal(od__bayeux_parse(text, count * each + 1, &messages, &err), OD_PROTOCOL);
    assert_string_equal(err.message, "the answer has more than 100000 messages");
    text[(count - 1) * each] = ']';
    assert_int_equal(od__bayeux_parse(text, (count - 1) * each + 1, &messages, NULL), OD_OK);
    assert_int_equal(od_value_length(messages), OD_LIMIT_BAYEUX_MESSAGES);
    od_value_unref(messages);
    free(text);
}

/* All that is read of one message, as text. */
static void describe(const od_bayeux_message *m, char *out, size_t out_bytes) {
    static const char *const kinds[] = { "event", "handshake", "connect", "subscribe", "unsubscribe", "disconnect", "other" };
    static const char *const reconnects[] = { "unsaid", "retry", "handshake", "none" };
    int n = snprintf(out, out_bytes, "%s %s", kinds[m->kind], m->channel);
    if (m->id[0] != '\0')
        n += snprintf(out + n, out_bytes - (size_t)n, " id=%s", m->id);
    if (m->successful)
        n += snprintf(out + n, out_bytes - (size_t)n, " ok");
    if (m->client_id != NULL)
        n += snprintf(out + n, out_bytes - (size_t)n, " client=%s", m->client_id);
    if (m->subscription != NULL)
        n += snprintf(out + n, out_bytes - (size_t)n, " to=%s", m->subscription);
    if (m->data != NULL) {
        char *text;
        assert_int_equal(od_value_format(m->data, &text, NULL, NULL), OD_OK);
        n += snprintf(out + n, out_bytes - (size_t)n, " data=%s", text);
        od_text_free(text);
    }
    if (m->has_advice)
        n += snprintf(out + n, out_bytes - (size_t)n, " advice=%s,%lld,%lld,%lld", reconnects[m->advice.reconnect],
                      (long long)m->advice.interval_ms, (long long)m->advice.timeout_ms,
                      (long long)m->advice.max_interval_ms);
    if (m->acknowledges)
        n += snprintf(out + n, out_bytes - (size_t)n, " ack=%lld", (long long)m->batch);
    if (m->without_long_polling)
        n += snprintf(out + n, out_bytes - (size_t)n, " no-long-polling");
    if (m->error_text[0] != '\0')
        snprintf(out + n, out_bytes - (size_t)n, " error=%d|%s|%s", m->error_number, m->error_arguments, m->error_text);
}

static const char *const reading_rows[][2] = {
    { "{\"channel\":\"/v2/me/calls\",\"data\":{\"a\":[1]},\"id\":\"9\"}", "event /v2/me/calls data={\"a\":[1]}" },
    { "{\"channel\":\"/a\"}", "event /a" },
    { "{\"channel\":\"/meta\"}", "event /meta" },
    { "{\"channel\":\"/meta/ping\",\"id\":\"1\"}", "other /meta/ping id=1" },
    { "{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":true,\"clientId\":\"c1\",\"version\":\"1.0\","
      "\"supportedConnectionTypes\":[\"websocket\",\"long-polling\"],\"advice\":{\"reconnect\":\"retry\",\"interval\":0,"
      "\"timeout\":30000,\"maxInterval\":10000},\"ext\":{\"ack\":true}}",
      "handshake /meta/handshake id=1 ok client=c1 advice=retry,0,30000,10000 ack=-1" },
    { "{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":\"\",\"supportedConnectionTypes\":[\"websocket\"]}",
      "handshake /meta/handshake ok no-long-polling" },
    { "{\"channel\":\"/meta/handshake\",\"successful\":true,\"clientId\":7,\"ext\":{\"ack\":{\"enabled\":true,\"batch\":4}}}",
      "handshake /meta/handshake ok ack=4" },
    { "{\"channel\":\"/meta/handshake\",\"ext\":{\"ack\":{\"enabled\":false}}}", "handshake /meta/handshake" },
    { "{\"channel\":\"/meta/handshake\",\"ext\":{\"ack\":false}}", "handshake /meta/handshake" },
    { "{\"channel\":\"/meta/handshake\",\"ext\":7}", "handshake /meta/handshake" },
    { "{\"channel\":\"/meta/connect\",\"id\":12,\"successful\":true,\"ext\":{\"ack\":17}}",
      "connect /meta/connect id=12 ok ack=17" },
    { "{\"channel\":\"/meta/connect\",\"id\":\"123456789012345678901234\",\"successful\":\"true\"}", "connect /meta/connect" },
    { "{\"channel\":\"/meta/connect\",\"ext\":{\"ack\":-1}}", "connect /meta/connect ack=-1" },
    { "{\"channel\":\"/meta/connect\",\"ext\":{\"ack\":1e300}}", "connect /meta/connect ack=-1" },
    { "{\"channel\":\"/meta/connect\",\"successful\":false,\"error\":\"402::Unknown client\","
      "\"advice\":{\"reconnect\":\"handshake\",\"interval\":0}}",
      "connect /meta/connect advice=handshake,0,60000,0 error=402||Unknown client" },
    { "{\"channel\":\"/meta/connect\",\"advice\":{\"reconnect\":\"none\",\"interval\":-1,\"timeout\":-5}}",
      "connect /meta/connect advice=none,-1,0,0" },
    { "{\"channel\":\"/meta/connect\",\"advice\":{\"reconnect\":\"later\",\"interval\":\"1\",\"timeout\":1e18,"
      "\"maxInterval\":2.9}}",
      "connect /meta/connect advice=unsaid,0,3600000,2" },
    { "{\"channel\":\"/meta/connect\",\"advice\":\"retry\"}", "connect /meta/connect" },
    { "{\"channel\":\"/meta/subscribe\",\"id\":\"3\",\"subscription\":\"/a\",\"successful\":true}",
      "subscribe /meta/subscribe id=3 ok to=/a" },
    { "{\"channel\":\"/meta/subscribe\",\"id\":\"3\",\"subscription\":[\"/a\"],\"error\":\"403:/a,/b:subscribe_denied\"}",
      "subscribe /meta/subscribe id=3 error=403|/a,/b|subscribe_denied" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":\"401:1f3c:Unknown client\"}",
      "subscribe /meta/subscribe error=401|1f3c|Unknown client" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":\"403::a:b\\nc\"}", "subscribe /meta/subscribe error=403||a:b c" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":\"4021::x\"}", "subscribe /meta/subscribe error=0||4021::x" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":\"402:x\"}", "subscribe /meta/subscribe error=0||402:x" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":\"no\"}", "subscribe /meta/subscribe error=0||no" },
    { "{\"channel\":\"/meta/subscribe\",\"error\":7}", "subscribe /meta/subscribe" },
    { "{\"channel\":\"/meta/unsubscribe\",\"successful\":true}", "unsubscribe /meta/unsubscribe ok" },
    { "{\"channel\":\"/meta/disconnect\",\"successful\":true}", "disconnect /meta/disconnect ok" },
};

static void messages_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(reading_rows) / sizeof(reading_rows[0]); i++) {
        char text[1024];
        od_bayeux_message message;
        od_value *messages = parsed(reading_rows[i][0]); /* one alone passes for an array of one */
        assert_int_equal(od_value_length(messages), 1);
        od__bayeux_read(messages, 0, &message);
        describe(&message, text, sizeof(text));
        assert_string_equal(text, reading_rows[i][1]);
        od_value_unref(messages);
    }
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    char *text = calloc(1, 65536);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* The vendor's own sample of the notification that follows AddRecord. */
static void the_vendors_sample_is_read(void **state) {
    (void)state;
    static const char *const expected[] = {
        "event /v2/me/outbound data={\"record\":{\"devicePath\":\"/devices/4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\","
        "\"callingList\":\"CallingList1\",\"applicationId\":134,\"campaignName\":\"Campaign1\"},"
        "\"notificationType\":\"AddRecordAcknowledge\",\"messageType\":\"OutboundRecordMessage\","
        "\"referenceId\":\"123456789\"}",
        "event /me/internal data={\"metrics\":{\"eventProcessing\":{\"serverGenerationTimestamp\":1433915479448,"
        "\"nodeProcessingTimeNanos\":4615078,\"serverProcessingTimeTotalMs\":4}},\"userData\":"
        "{\"GSW_APPLICATION_ID\":134,\"GSW_USER_EVENT\":\"AddRecordAcknowledge\",\"GSW_CALLING_LIST\":\"CallingList1\","
        "\"GSW_PHONE\":\"12345\",\"GSW_CAMPAIGN_NAME\":\"Campaign1\",\"GSW_CHAIN_N\":0,\"GSW_CHAIN_ID\":2},"
        "\"deviceId\":\"4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7\",\"messageType\":\"DeviceUserEventMessage\"}",
        "connect /meta/connect id=14 ok advice=retry,0,30000,0",
    };
    char *file = read_file("tests/vectors/bayeux/add_record_acknowledge.json");
    od_value *messages = parsed(file);
    assert_int_equal(od_value_length(messages), 3);
    for (size_t i = 0; i < 3; i++) {
        char text[2048];
        od_bayeux_message message;
        od__bayeux_read(messages, i, &message);
        describe(&message, text, sizeof(text));
        assert_string_equal(text, expected[i]);
    }
    od_value_unref(messages);
    free(file);
}

/* ---- channels ---- */

static void channels_are_told_from_other_texts(void **state) {
    (void)state;
    static const char *const good[] = { "/a", "/v2/me/calls", "/me/internal", "/*", "/**", "/a/*", "/a/b/**", "/metadata",
                                        "/a/\xc3\xa9" };
    static const char *const bad[] = { "", "/", "a", "a/b", "/a/", "//a", "/a//b", "/a b", "/a\n", "/a*", "/a/b*", "/*/a",
                                       "/a/***", "/a/*/**", "/meta/connect", "/meta/*" };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!od__bayeux_is_channel(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (od__bayeux_is_channel(bad[i]))
            fail_msg("%s", bad[i]);
    char name[OD_LIMIT_CHANNEL_BYTES + 1];
    memset(name, 'a', sizeof(name));
    name[0] = '/';
    name[OD_LIMIT_CHANNEL_BYTES] = '\0';
    assert_false(od__bayeux_is_channel(name));
    name[OD_LIMIT_CHANNEL_BYTES - 1] = '\0';
    assert_true(od__bayeux_is_channel(name));
}

static void a_pattern_covers_what_it_stands_for(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *channel;
        bool covers;
    } rows[] = {
        { "/a", "/a", true },          { "/a", "/b", false },          { "/a", "/a/b", false },
        { "/a/*", "/a/b", true },      { "/a/*", "/a/b/c", false },    { "/a/*", "/a", false },
        { "/a/*", "/a/*", true },      { "/a/*", "/a/**", false },     { "/a/*", "/ab", false },
        { "/a/**", "/a/b", true },     { "/a/**", "/a/b/c", true },    { "/a/**", "/a/*", true },
        { "/a/**", "/a", false },      { "/a/**", "/a/b/**", true },   { "/**", "/a", true },
        { "/**", "/v2/me/calls", true }, { "/*", "/a/b", false },      { "/b/**", "/a/b", false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (od__bayeux_covers(rows[i].pattern, rows[i].channel) != rows[i].covers)
            fail_msg("%s %s", rows[i].pattern, rows[i].channel);
}

/* What the server would be told, in order: "+" subscribe, "-" unsubscribe; and its answer, that it was done. */
static const char *decided(od_topics *topics) {
    static char text[256];
    text[0] = '\0';
    bool any = od__topics_decide(topics);
    for (od_topic *t = topics->first; t != NULL; t = t->next) {
        if (t->state != OD_TOPIC_ASKED && t->state != OD_TOPIC_LEAVING)
            continue;
        size_t length = strlen(text);
        assert_true(strlen(t->channel) + 3 < sizeof(text) - length);
        text[length] = t->state == OD_TOPIC_ASKED ? '+' : '-';
        strcat(strcpy(text + length + 1, t->channel), " ");
        t->state = t->state == OD_TOPIC_ASKED ? OD_TOPIC_STANDING : OD_TOPIC_NEW;
    }
    assert_int_equal(any, text[0] != '\0');
    return text;
}

static void want(od_topics *topics, const char *channel) {
    assert_int_equal(od__topics_want(topics, channel, NULL), OD_OK);
}

static void a_server_is_not_asked_twice_for_one_event(void **state) {
    (void)state;
    od_topics topics = { 0 };
    want(&topics, "/a/b");
    want(&topics, "/a/*");
    want(&topics, "/c");
    assert_string_equal(decided(&topics), "+/a/* +/c ");
    assert_true(od__topics_hear(&topics, "/a/b"));
    assert_false(od__topics_hear(&topics, "/a/b/c"));
    /* A wider one first stands, then the narrower is left. */
    want(&topics, "/**");
    assert_string_equal(decided(&topics), "+/** ");
    assert_string_equal(decided(&topics), "-/a/* -/c ");
    assert_string_equal(decided(&topics), "");
    /* What it covered stands by itself again before it is left. */
    od__topics_unwant(&topics, "/**");
    assert_string_equal(decided(&topics), "+/a/* +/c ");
    assert_string_equal(decided(&topics), "-/** ");
    od__topics_unwant(&topics, "/a/*");
    assert_string_equal(decided(&topics), "+/a/b ");
    assert_string_equal(decided(&topics), "-/a/* ");
    assert_string_equal(decided(&topics), "");
    assert_int_equal(topics.count, 2);
    od__topics_clear(&topics);
    assert_int_equal(topics.count, 0);
}

static void a_channel_is_left_by_the_last_who_wanted_it(void **state) {
    (void)state;
    od_topics topics = { 0 };
    want(&topics, "/a");
    want(&topics, "/a");
    assert_string_equal(decided(&topics), "+/a ");
    od__topics_unwant(&topics, "/a");
    assert_string_equal(decided(&topics), "");
    od__topics_unwant(&topics, "/a");
    od__topics_unwant(&topics, "/a");
    assert_false(od__topics_any_wanted(&topics));
    assert_string_equal(decided(&topics), "-/a ");
    assert_string_equal(decided(&topics), "");
    assert_null(topics.first);
    od__topics_unwant(&topics, "/a");
    assert_null(topics.first);
}

static void a_client_hears_so_many_channels_and_no_more(void **state) {
    (void)state;
    od_topics topics = { 0 };
    char name[16];
    for (int i = 0; i < OD_LIMIT_CHANNELS; i++) {
        snprintf(name, sizeof(name), "/a/%d", i);
        want(&topics, name);
    }
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__topics_want(&topics, "/b", &err), OD_VALIDATION);
    assert_string_equal(err.message, "a client hears at most 64 channels");
    want(&topics, "/a/0");
    od__topics_clear(&topics);
    od__memory_fail_at(1);
    assert_int_equal(od__topics_want(&topics, "/b", NULL), OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_written_byte_for_byte),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(no_answer_has_more_messages_than_the_limit),
        cmocka_unit_test(messages_are_read),
        cmocka_unit_test(the_vendors_sample_is_read),
        cmocka_unit_test(channels_are_told_from_other_texts),
        cmocka_unit_test(a_pattern_covers_what_it_stands_for),
        cmocka_unit_test(a_server_is_not_asked_twice_for_one_event),
        cmocka_unit_test(a_channel_is_left_by_the_last_who_wanted_it),
        cmocka_unit_test(a_client_hears_so_many_channels_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
