/* When keys are fetched, who waits, whose failure counts; and the chain that a client gets without options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing/authorizing.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials_rig.h"
#include "json/value.h"

#define MINUTE 60000
#define HOUR (60 * MINUTE)

/* ---- a source that is told what to give ---- */

typedef struct told_source {
    od_credential_source base;
    cred_rig *rig;
    bool later;              /* makes who asks wait */
    bool fetching, done;
    int asked;               /* fetches begun */
    int generation;          /* of the keys it gives: "K1 S1 T1", ... */
    int64_t life_ms;         /* of keys; 0: for ever */
    const char *error;       /* instead of keys; NULL: keys */
    bool configured;
    int freed;
} told_source;

static od_status told_result(told_source *self, od_credentials *out, bool *configured, od_error *err) {
    *configured = self->configured;
    /* A failing source may have written half of its keys already. */
    snprintf(out->access_key_id, sizeof(out->access_key_id), "K%d", self->generation + 1);
    if (self->error != NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s", self->error);
    self->generation++;
    snprintf(out->secret_access_key, sizeof(out->secret_access_key), "S%d", self->generation);
    snprintf(out->session_token, sizeof(out->session_token), "T%d", self->generation);
    out->expires_ms = self->life_ms != 0 ? self->rig->clock.wall_ms + self->life_ms : 0;
    return OD_OK;
}

static od_status told_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                          od_error *err) {
    told_source *self = (told_source *)base;
    *configured = true;
    *waiting = false;
    if (self->done) {
        self->done = false;
        return told_result(self, out, configured, err);
    }
    if (!self->fetching)
        self->asked++;
    if (!self->later)
        return told_result(self, out, configured, err);
    self->fetching = *waiting = true;
    return OD_OK;
}

static void told_free(od_credential_source *base) {
    ((told_source *)base)->freed++;
}

static void finish(told_source *self) {
    assert_true(self->fetching);
    self->fetching = false;
    self->done = true;
    self->base.ready(self->base.ready_context);
}

static void open_cached(cred_rig *r, told_source *told, bool stable) {
    cred_open(r);
    *told = (told_source){ .base = { .name = "told", .get = told_get, .free = told_free }, .rig = r, .life_ms = HOUR,
                           .configured = true };
    assert_int_equal(od__credentials_cached_new(&r->setup, &told->base, stable, &r->source, NULL), OD_OK);
    cred_listen(r);
}

static void close_cached(cred_rig *r, told_source *told) {
    cred_close(r);
    assert_int_equal(told->freed, 1);
}

static void expect(cred_rig *r, int generation, int64_t expires_ms) {
    char text[64];
    snprintf(text, sizeof(text), "K%d S%d T%d", generation, generation, generation);
    cred_expect_keys(r, text, expires_ms);
}

static void keys_are_fetched_once(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    int64_t end = r.clock.wall_ms + HOUR;
    for (int i = 0; i < 3; i++)
        expect(&r, 1, end);
    cred_pass(&r, 45 * MINUTE - 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 1);
    cred_pass(&r, 1);
    expect(&r, 2, r.clock.wall_ms + HOUR);
    assert_int_equal(told.asked, 2);
    close_cached(&r, &told);
}

static void keys_without_an_end_are_kept(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.life_ms = 0;
    expect(&r, 1, 0);
    cred_pass(&r, INT64_C(1000) * 24 * HOUR);
    expect(&r, 1, 0);
    assert_int_equal(told.asked, 1);
    close_cached(&r, &told);
}

static void all_wait_for_one_fetch(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.later = true;
    for (int i = 0; i < 5; i++)
        cred_expect_wait(&r);
    assert_int_equal(told.asked, 1);
    assert_int_equal(r.ready, 0);
    finish(&told);
    assert_int_equal(r.ready, 1);
    for (int i = 0; i < 5; i++)
        expect(&r, 1, r.clock.wall_ms + HOUR);
    assert_int_equal(told.asked, 1);
    close_cached(&r, &told);
}

/* In the last fifteen minutes the old keys are given while new ones are fetched beside. */
static void nobody_waits_for_an_early_fetch(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    int64_t end = r.clock.wall_ms + HOUR;
    expect(&r, 1, end);
    told.later = true;
    cred_pass(&r, 45 * MINUTE);
    for (int i = 0; i < 3; i++)
        expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    finish(&told);
    expect(&r, 2, r.clock.wall_ms + HOUR);
    assert_int_equal(told.asked, 2);
    close_cached(&r, &told);
}

static void an_early_fetch_may_fail(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    int64_t end = r.clock.wall_ms + HOUR;
    expect(&r, 1, end);
    told.later = true;
    told.error = "told: no";
    cred_pass(&r, 45 * MINUTE);
    expect(&r, 1, end);
    finish(&told);
    assert_string_equal(r.warned, "new keys did not come, the old ones are used on: told: no");
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    /* Not again before a minute has passed. */
    cred_pass(&r, MINUTE - 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    cred_pass(&r, 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 3);
    finish(&told);
    close_cached(&r, &told);
}

/* In the last ten everybody waits, and the error stands. */
static void a_late_fetch_may_not_fail(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    int64_t end = r.clock.wall_ms + HOUR;
    expect(&r, 1, end);
    told.later = true;
    told.error = "told: no";
    cred_pass(&r, 50 * MINUTE - 1);
    expect(&r, 1, end);
    cred_pass(&r, 1);
    cred_expect_wait(&r); /* the fetch that began a moment ago */
    assert_int_equal(told.asked, 2);
    finish(&told);
    assert_int_equal(r.ready, 1);
    /* Those who did not hear of it ask anew. */
    cred_expect_wait(&r);
    assert_int_equal(told.asked, 3);
    told.later = false;
    finish(&told);
    cred_expect_error(&r, true, "authentication: told: no");
    assert_int_equal(told.asked, 4);
    told.error = NULL;
    expect(&r, 2, r.clock.wall_ms + HOUR);
    close_cached(&r, &told);
}

/* Who waited asks from inside ready. */
typedef struct asker {
    cred_rig *rig;
    int times;
    cred_answer answers[3];
} asker;

static void ask_in_ready(void *context) {
    asker *self = context;
    for (int i = 0; i < 3; i++)
        self->answers[i] = cred_get(self->rig);
    self->times++;
}

static void all_who_waited_hear_of_one_failure(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    static asker who;
    open_cached(&r, &told, false);
    memset(&who, 0, sizeof(who));
    who.rig = &r;
    r.source->ready = ask_in_ready;
    r.source->ready_context = &who;
    told.later = true;
    told.error = "told: no";
    cred_expect_wait(&r);
    finish(&told);
    assert_int_equal(who.times, 1);
    for (int i = 0; i < 3; i++)
        assert_string_equal(cred_error_text(&who.answers[i].error), "authentication: told: no");
    assert_int_equal(told.asked, 1);
    /* And of one success. */
    told.error = NULL;
    cred_expect_wait(&r);
    finish(&told);
    for (int i = 0; i < 3; i++)
        assert_string_equal(who.answers[i].keys.session_token, "T1");
    assert_int_equal(told.asked, 2);
    close_cached(&r, &told);
}

static void what_fails_leaves_no_half_of_a_generation(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    int64_t end = r.clock.wall_ms + HOUR;
    expect(&r, 1, end);
    told.error = "told: no"; /* after it wrote the next key's id */
    cred_pass(&r, 45 * MINUTE);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    close_cached(&r, &told);
}

static void keys_that_live_shortly_are_used_too(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.life_ms = 6 * MINUTE;
    int64_t end = r.clock.wall_ms + 6 * MINUTE;
    expect(&r, 1, end);
    told.later = true;
    cred_pass(&r, 3 * MINUTE - 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 1);
    cred_pass(&r, 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    cred_pass(&r, MINUTE);
    cred_expect_wait(&r);
    finish(&told);
    expect(&r, 2, r.clock.wall_ms + 6 * MINUTE);
    close_cached(&r, &told);
}

static void keys_that_come_expired_are_an_error(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.life_ms = -1;
    cred_expect_error(&r, true, "authentication: told: the keys that came were expired already");
    close_cached(&r, &told);
}

static void a_source_that_is_not_configured_is_not_kept(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.error = "told: nothing here";
    told.configured = false;
    cred_expect_error(&r, false, "authentication: told: nothing here");
    told.error = NULL;
    told.configured = true;
    expect(&r, 1, r.clock.wall_ms + HOUR);
    close_cached(&r, &told);
}

/* Keys of the metadata service go on being used while it fails. */
static void stable_keys_outlive_their_end(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, true);
    int64_t end = r.clock.wall_ms + HOUR;
    expect(&r, 1, end);
    told.error = "told: no";
    cred_pass(&r, 2 * HOUR);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    assert_string_equal(r.warned, "new keys did not come, the old ones are used on: told: no");
    /* Between five and ten minutes later it is asked again. */
    cred_pass(&r, 5 * MINUTE - 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 2);
    cred_pass(&r, 5 * MINUTE + 1);
    expect(&r, 1, end);
    assert_int_equal(told.asked, 3);
    /* Keys that are over already are taken too, and so are good ones. */
    told.error = NULL;
    told.life_ms = -MINUTE;
    cred_pass(&r, 10 * MINUTE);
    expect(&r, 2, r.clock.wall_ms - MINUTE);
    assert_string_equal(r.warned, "keys are used past their end: told");
    assert_int_equal(told.asked, 4);
    expect(&r, 2, r.clock.wall_ms - MINUTE);
    assert_int_equal(told.asked, 4);
    told.life_ms = HOUR;
    cred_pass(&r, 10 * MINUTE);
    expect(&r, 3, r.clock.wall_ms + HOUR);
    close_cached(&r, &told);
}

static void stable_keys_must_come_once(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, true);
    told.error = "told: no";
    cred_expect_error(&r, true, "authentication: told: no");
    close_cached(&r, &told);
}

static void rejected_keys_are_given_to_nobody(void **state) {
    (void)state;
    cred_rig r;
    told_source told;
    open_cached(&r, &told, false);
    told.life_ms = 0;
    expect(&r, 1, 0);
    told.later = true;
    r.source->rejected(r.source);
    cred_expect_wait(&r);
    r.source->rejected(r.source); /* the fetch that goes on is not begun again */
    cred_expect_wait(&r);
    assert_int_equal(told.asked, 2);
    finish(&told);
    expect(&r, 2, 0);
    close_cached(&r, &told);
}

/* ---- the chain that a client gets ---- */

static void open_default(cred_rig *r, const char *options) {
    cred_open(r);
    od_value *given = NULL;
    if (options != NULL)
        assert_int_equal(od_value_parse(options, strlen(options), &given, NULL), OD_OK);
    assert_int_equal(od__credentials_default_new(given, &r->setup, &r->source, NULL), OD_OK);
    od_value_unref(given);
    cred_listen(r);
}

#define PROFILE_KEYS "[default]\naws_access_key_id = PK\naws_secret_access_key = PS\n"

static void the_first_place_wins(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    (void)cred_file(&r, ".aws/credentials", PROFILE_KEYS);
    cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    cred_env("AWS_ACCESS_KEY_ID", "EK");
    cred_env("AWS_SECRET_ACCESS_KEY", "ES");
    cred_expect_keys(&r, "EK ES -", 0);
    cred_env("AWS_ACCESS_KEY_ID", "EK2"); /* the environment is read each time */
    cred_expect_keys(&r, "EK2 ES -", 0);
    cred_env("AWS_ACCESS_KEY_ID", NULL);
    cred_expect_error(&r, true, "authentication: environment: AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not");
    cred_env("AWS_SECRET_ACCESS_KEY", NULL);
    cred_expect_keys(&r, "PK PS -", 0);
    assert_int_equal(r.network.sent_count, 0);
    cred_close(&r);
}

static void the_environment_may_say_more(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    cred_env("AWS_ACCESS_KEY_ID", "EK");
    cred_env("AWS_SECRET_ACCESS_KEY", "ES");
    cred_env("AWS_SECURITY_TOKEN", "old");
    cred_expect_keys(&r, "EK ES old", 0);
    cred_env("AWS_SESSION_TOKEN", "new");
    cred_env("AWS_CREDENTIAL_EXPIRATION", "2015-08-30T13:36:00Z");
    cred_expect_keys(&r, "EK ES new", 1440938160000 + HOUR);
    cred_env("AWS_CREDENTIAL_EXPIRATION", "later");
    cred_expect_error(&r, true, "authentication: environment: AWS_CREDENTIAL_EXPIRATION is no time");
    cred_close(&r);
}

static void a_web_identity_comes_before_a_profile(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    (void)cred_file(&r, ".aws/credentials", PROFILE_KEYS);
    cred_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent");
    cred_expect_error(&r, true, "authentication: web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    cred_close(&r);
}

static void a_bad_profile_is_not_passed_over(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    cred_env("AWS_PROFILE", "missing");
    cred_expect_error(&r, true, "authentication: profile: there is no profile \"missing\"");
    assert_int_equal(r.network.sent_count, 0);
    cred_close(&r);
}

static void a_container_comes_before_the_instance(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    cred_expect_wait(&r);
    assert_int_equal(strncmp(fake_sent(&r.network), "GET http://169.254.170.2/x\n", 27), 0);
    cred_reply(&r, 500, "", "");
    cred_pass(&r, 20000);
    cred_reply(&r, 500, "", "");
    cred_pass(&r, 20000);
    cred_reply(&r, 500, "", "");
    assert_int_equal(r.ready, 1);
    cred_close(&r);
}

#define IMDS_KEYS "{\"Code\":\"Success\",\"AccessKeyId\":\"IK\",\"SecretAccessKey\":\"IS\",\"Token\":\"IT\"," \
                  "\"Expiration\":\"2015-08-30T13:36:00Z\"}"

static void the_instance_comes_last_and_is_stable(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, NULL);
    cred_expect_wait(&r);
    assert_int_equal(strncmp(fake_sent(&r.network), "PUT http://169.254.169.254/latest/api/token\n", 44), 0);
    cred_reply(&r, 200, "", "TOKEN");
    cred_reply(&r, 200, "", "role");
    cred_reply(&r, 200, "", IMDS_KEYS);
    assert_int_equal(r.ready, 1);
    cred_expect_keys(&r, "IK IS IT", 1440938160000 + HOUR);
    assert_int_equal(r.network.sent_count, 3);
    /* The service is gone: the keys are used on. */
    cred_pass(&r, 2 * HOUR);
    cred_expect_wait(&r);
    cred_break(&r, OD_TIMEOUT, "no connection to 169.254.169.254 within 1000 ms");
    cred_pass(&r, 1000);
    cred_break(&r, OD_TIMEOUT, "no connection to 169.254.169.254 within 1000 ms");
    cred_expect_keys(&r, "IK IS IT", 1440938160000 + HOUR);
    assert_string_equal(r.warned, "new keys did not come, the old ones are used on: imds: no connection to 169.254.169.254 "
                                  "within 1000 ms");
    cred_close(&r);
}

static const char nothing[] =
    "authentication: no AWS credentials: give credentials = { access_key_id, secret_access_key } or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY (imds: no connection to 169.254.169.254 within 1000 ms)";

static void nothing_anywhere_is_told(void **state) {
    (void)state;
    cred_rig r;
    static asker who;
    open_default(&r, NULL);
    memset(&who, 0, sizeof(who));
    who.rig = &r;
    r.source->ready = ask_in_ready;
    r.source->ready_context = &who;
    cred_expect_wait(&r);
    cred_break(&r, OD_TIMEOUT, "no connection to 169.254.169.254 within 1000 ms");
    cred_pass(&r, 1000);
    cred_break(&r, OD_TIMEOUT, "no connection to 169.254.169.254 within 1000 ms");
    assert_int_equal(who.times, 1);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(cred_error_text(&who.answers[i].error), nothing);
        assert_false(who.answers[i].configured);
    }
    assert_int_equal(r.network.sent_count, 2);
    cred_env("AWS_EC2_METADATA_DISABLED", "true");
    cred_expect_error(&r, false,
                      "authentication: no AWS credentials: give credentials = { access_key_id, secret_access_key } or set "
                      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (imds: AWS_EC2_METADATA_DISABLED is true)");
    assert_int_equal(r.network.sent_count, 2);
    cred_close(&r);
}

static void options_go_before_everything(void **state) {
    (void)state;
    cred_rig r;
    open_default(&r, "{\"credentials\":{\"access_key_id\":\"OK\",\"secret_access_key\":\"OS\"},\"profile\":\"a\"}");
    cred_env("AWS_ACCESS_KEY_ID", "EK");
    cred_env("AWS_SECRET_ACCESS_KEY", "ES");
    cred_expect_keys(&r, "OK OS -", 0);
    cred_close(&r);

    open_default(&r, "{\"profile\":\"a\"}");
    cred_env("AWS_ACCESS_KEY_ID", "EK");
    cred_env("AWS_SECRET_ACCESS_KEY", "ES");
    cred_env("AWS_PROFILE", "b");
    cred_expect_error(&r, true, "authentication: profile: there is no profile \"a\"");
    (void)cred_file(&r, ".aws/config", "[profile a]\naws_access_key_id = PK\naws_secret_access_key = PS\n");
    cred_expect_keys(&r, "PK PS -", 0);
    cred_close(&r);
}

static void a_chain_survives_every_lack_of_memory(void **state) {
    (void)state;
    cred_rig r;
    cred_open(&r);
    od_status status = OD_OUT_OF_MEMORY;
    for (size_t n = 1; status != OD_OK; n++) {
        od__memory_fail_at(n);
        status = od__credentials_default_new(NULL, &r.setup, &r.source, NULL);
        od__memory_fail_at(0);
        assert_true(status == OD_OK ? n > 10 : status == OD_OUT_OF_MEMORY);
    }
    cred_close(&r);
}

/* ---- through the signer ---- */

static void a_resumed(void *context, od_exchange *exchange) {
    (void)exchange;
    ++*(int *)context;
}

/* Keys of a role that the vendor calls expired are fetched anew before their time. */
static void a_signer_fetches_what_was_called_expired(void **state) {
    (void)state;
    cred_rig r;
    cred_open(&r);
    (void)cred_file(&r, ".aws/config", "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/R\nsource_profile = b\n"
                                       "[profile b]\naws_access_key_id = AK\naws_secret_access_key = SK\n");
    const char *text = "{\"region\":\"us-east-1\",\"profile\":\"a\"}";
    od_value *options = NULL;
    assert_int_equal(od_value_parse(text, strlen(text), &options, NULL), OD_OK);
    const od_authorizer_setup setup = {
        .options = options, .base_url = "https://c.example.com", .loop = r.loop, .clock = &r.od,
        .network = &r.network.base, .make_transport = r.setup.make_transport, .make_transport_context = &r,
        .get_env = cred_get_env,
    };
    od_authorizer *signer = NULL;
    assert_int_equal(od_authorizer_sigv4_connect.make(&od_authorizer_sigv4_connect, &setup, &signer, NULL), OD_OK);
    int resumed = 0;
    signer->resume = a_resumed;
    signer->resume_context = &resumed;
    od_exchange exchange;
    od__exchange_init(&exchange);
    strcpy(exchange.request.method, "PUT");
    od__buffer_add_text(&exchange.request.url, "https://c.example.com/x");
    assert_int_equal(signer->apply(signer, &exchange), OD_APPLY_WAITING);
    static const char keys[] = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s"
                               "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2015-08-30T13:36:00Z"
                               "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    char body[512];
    snprintf(body, sizeof(body), keys, "ONE");
    cred_reply(&r, 200, "", body);
    assert_int_equal(resumed, 1);
    assert_int_equal(signer->apply(signer, &exchange), OD_APPLY_READY);
    assert_non_null(strstr(od__http_request_header(&exchange.request, "Authorization"), "Credential=ONE/"));
    assert_string_equal(od__http_request_header(&exchange.request, "X-Amz-Security-Token"), "t");

    exchange.response.status = 403;
    od__buffer_add_text(&exchange.response.headers, "x-amzn-errortype: ExpiredTokenException\n");
    assert_true(signer->rejected(signer, &exchange));
    assert_int_equal(signer->apply(signer, &exchange), OD_APPLY_WAITING);
    snprintf(body, sizeof(body), keys, "TWO");
    cred_reply(&r, 200, "", body);
    assert_int_equal(resumed, 2);
    assert_int_equal(signer->apply(signer, &exchange), OD_APPLY_READY);
    assert_non_null(strstr(od__http_request_header(&exchange.request, "Authorization"), "Credential=TWO/"));
    od__exchange_clear(&exchange);
    od__authorizer_free(signer);
    od_value_unref(options);
    cred_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_fetched_once),
        cmocka_unit_test(keys_without_an_end_are_kept),
        cmocka_unit_test(all_wait_for_one_fetch),
        cmocka_unit_test(nobody_waits_for_an_early_fetch),
        cmocka_unit_test(an_early_fetch_may_fail),
        cmocka_unit_test(a_late_fetch_may_not_fail),
        cmocka_unit_test(all_who_waited_hear_of_one_failure),
        cmocka_unit_test(what_fails_leaves_no_half_of_a_generation),
        cmocka_unit_test(keys_that_live_shortly_are_used_too),
        cmocka_unit_test(keys_that_come_expired_are_an_error),
        cmocka_unit_test(a_source_that_is_not_configured_is_not_kept),
        cmocka_unit_test(stable_keys_outlive_their_end),
        cmocka_unit_test(stable_keys_must_come_once),
        cmocka_unit_test(rejected_keys_are_given_to_nobody),
        cmocka_unit_test(the_first_place_wins),
        cmocka_unit_test(the_environment_may_say_more),
        cmocka_unit_test(a_web_identity_comes_before_a_profile),
        cmocka_unit_test(a_bad_profile_is_not_passed_over),
        cmocka_unit_test(a_container_comes_before_the_instance),
        cmocka_unit_test(the_instance_comes_last_and_is_stable),
        cmocka_unit_test(nothing_anywhere_is_told),
        cmocka_unit_test(options_go_before_everything),
        cmocka_unit_test(a_chain_survives_every_lack_of_memory),
        cmocka_unit_test(a_signer_fetches_what_was_called_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
