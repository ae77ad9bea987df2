#include "cometd_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void tell(session *s, const char *a, const char *b, const char *c) {
    size_t length = strlen(s->told);
    snprintf(s->told + length, sizeof(s->told) - length, "%s%s%s\n", a, b, c);
}

static void on_event(void *context, const char *channel, const od_value *data) {
    char *text = NULL;
    if (data != NULL)
        (void)od_value_format(data, &text, NULL, NULL); /* fails where a test lets memory run out */
    tell(context, channel, " ", text != NULL ? text : "(none)");
    od_text_free(text);
}

static void on_resync(void *context) {
    tell(context, "resync", "", "");
}

static void on_changed(void *context) {
    session *s = context;
    bool hears = od__cometd_hears(s->cometd, "/a");
    if (hears != s->heard)
        tell(s, hears ? "hears" : "deaf", "", "");
    s->heard = hears;
}

static void on_refused(void *context, const char *channel, const od_error *error) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    tell(context, channel, " refused: ", text);
}

static void on_ended(void *context, const od_error *error) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    tell(context, "ended: ", text, "");
}

static bool is_full(void *context) {
    return ((session *)context)->full;
}

static void on_log(void *context, od_log_level level, const char *text) {
    session *s = context;
    size_t length = strlen(s->log);
    snprintf(s->log + length, sizeof(s->log) - length, "%d %s\n", (int)level, text);
}

void cometd_open(session *s) {
    memset(s, 0, sizeof(*s));
    s->clock = (fake_clock)FAKE_CLOCK_INIT;
    s->od = fake_od_clock(&s->clock);
    assert_int_equal(od__loop_new(&s->od, &s->loop, NULL), OD_OK);
    fake_network_init(&s->network, s->loop);
    const od_cometd_setup setup = {
        .loop = s->loop, .transport = &s->network.base, .url = COMETD_URL, .context = s, .event = on_event, .resync = on_resync,
        .changed = on_changed, .refused = on_refused, .ended = on_ended, .full = is_full, .log = on_log,
    };
    assert_int_equal(od__cometd_new(&setup, &s->cometd, NULL), OD_OK);
    assert_true(od__cometd_is_idle(s->cometd));
}

void cometd_close(session *s) {
    od__cometd_free(s->cometd);
    fake_network_clear(&s->network);
    od__loop_free(s->loop);
}

void cometd_run(session *s) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(od__loop_step(s->loop, 0, NULL), OD_OK);
}

void cometd_pass_ms(session *s, int64_t ms) {
    s->clock.now_us += ms * 1000;
    cometd_run(s);
}

const char *cometd_sent(session *s) {
    static char text[8192];
    const char *all = fake_sent(&s->network);
    text[0] = '\0';
    for (const char *at = all; (at = strstr(at, "\n\n")) != NULL;) {
        const char *stop = strstr(at, "\n---\n");
        size_t length = strlen(text);
        snprintf(text + length, sizeof(text) - length, "%.*s\n", (int)(stop - at - 2), at + 2);
        at = stop;
    }
    return text;
}

const char *cometd_told(session *s) {
    static char text[sizeof(s->told)];
    memcpy(text, s->told, sizeof(text));
    s->told[0] = '\0';
    return text;
}

const char *cometd_logged(session *s) {
    static char text[sizeof(s->log)];
    memcpy(text, s->log, sizeof(text));
    s->log[0] = '\0';
    return text;
}

void cometd_answer(session *s, const char *body) {
    assert_non_null(s->network.first);
    fake_answer(&s->network, s->network.first, 200, "", body);
    cometd_run(s);
}

void cometd_answer_http(session *s, int status, const char *body) {
    assert_non_null(s->network.first);
    fake_answer(&s->network, s->network.first, status, "", body);
    cometd_run(s);
}

void cometd_lose(session *s, bool left) {
    assert_non_null(s->network.first);
    if (left)
        fake_leave(&s->network, s->network.first);
    fake_break(&s->network, s->network.first, OD_NETWORK, "cut off");
    cometd_run(s);
}

void cometd_want(session *s, const char *channel) {
    assert_int_equal(od__cometd_want(s->cometd, channel, NULL), OD_OK);
    cometd_run(s);
}

void cometd_stand(session *s, const char *more) {
    char body[1024];
    cometd_want(s, "/a");
    snprintf(body, sizeof(body), "[{\"channel\":\"/meta/handshake\",\"id\":\"1\",\"successful\":true,\"clientId\":\"c1\"%s}]",
             more);
    cometd_answer(s, body);
    cometd_answer(s, "[" SUBSCRIBED("2", "/a") "]");
    cometd_answer(s, "[" CONNECTED("3", "") "]");
    (void)cometd_sent(s);
    assert_string_equal(cometd_told(s), "hears\n");
}
