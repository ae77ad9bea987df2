/* A vendor's key from AWS Secrets Manager: read once for all, kept for an hour, read again when it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "authorizing/secrets_manager.h"
#include "authorizing_rig.h"
#include "base/error.h"
#include "base/memory.h"

#define AWS_KEYS                                                                                                    \
    "\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\",\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}"
#define STORED "{" AWS_KEYS "}"
#define ASK_BODY "{\"SecretId\":\"SYMBEE_CONNECT_API_KEY\"}"
#define ASKED(url, region, signature)                                                                              \
    "POST " url "\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: secretsmanager.GetSecretValue\n"         \
    "X-Amz-Date: 20150830T123600Z\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/" region          \
    "/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" signature    \
    "\n\n" ASK_BODY "\n---\n"
#define ASKED_HERE                                                                                                 \
    ASKED("https://secretsmanager.us-east-1.amazonaws.com/", "us-east-1",                                          \
          "0ce7316cd5f499deaa87de54148eefe91aea0090dbbd9e96b209c33874239fde")
#define URL "https://symbeeconnect.com:9443/add"
#define SENT(key) "POST " URL "\nContent-Type: application/json\nX-sc-company-api-key: " key "\n\n{}\n---\n"
#define SECRET(key)                                                                                                \
    "{\"ARN\":\"arn:aws:secretsmanager:us-east-1:1:secret:x\",\"Name\":\"SYMBEE_CONNECT_API_KEY\",\"VersionId\":"   \
    "\"v\",\"SecretString\":\"" key "\",\"VersionStages\":[\"AWSCURRENT\"],\"CreatedDate\":1.52E9}"
#define HOUR_US (INT64_C(3600) * 1000000)

static void clean_environment(void) {
    static const char *const names[] = { "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_USE_FIPS_ENDPOINT",
                                         "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
}

/* Answers the question for the secret, which must be the oldest that waits. */
static void tell(auth_rig *r, int status, const char *headers, const char *body) {
    assert_non_null(strstr(od__buffer_text(&r->network.first->request.body), "SecretId"));
    fake_answer(&r->network, r->network.first, status, headers, body);
    auth_step(r);
}

static void answer_vendor(auth_rig *r, auth_one *o, int status) {
    fake_answer(&r->network, &o->exchange, status, "", "{}");
    auth_step(r);
}

static void drop(auth_one *o) {
    if (!o->finished)
        od__exchange_cancel(&o->exchange, OD_CLOSED, "closed");
    od__exchange_clear(&o->exchange);
}

static void the_key_is_read_once_for_all(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one a, b, c;
    auth_send(&r, &a, "POST", URL, "{}");
    auth_send(&r, &b, "POST", URL, "{}");
    assert_string_equal(fake_sent(&r.network), ASKED_HERE);
    tell(&r, 200, "", SECRET("k-1"));
    assert_string_equal(fake_sent(&r.network), SENT("k-1") SENT("k-1"));
    auth_send(&r, &c, "POST", URL, "{}");
    assert_string_equal(fake_sent(&r.network), SENT("k-1"));
    auth_one *all[] = { &a, &b, &c };
    for (size_t i = 0; i < 3; i++) {
        assert_true(all[i]->exchange.request.headers[1].secret);
        answer_vendor(&r, all[i], 200);
        assert_int_equal(all[i]->finished, 1);
        assert_int_equal(all[i]->exchange.error.code, OD_OK);
        drop(all[i]);
    }
    auth_close(&r);
}

static void a_key_of_the_options_asks_nobody(void **state) {
    (void)state;
    static const int statuses[] = { 401, 403 };
    for (size_t i = 0; i < 2; i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_secret_key, "{\"api_key\":\"k\"," AWS_KEYS "}");
        auth_one o;
        auth_send(&r, &o, "POST", URL, "{}");
        answer_vendor(&r, &o, statuses[i]);
        assert_string_equal(fake_sent(&r.network), SENT("k"));
        assert_int_equal(o.finished, 1);
        assert_int_equal(o.exchange.response.status, statuses[i]);
        drop(&o);
        auth_close(&r);
    }
}

static const struct {
    const char *options, *variable, *value, *url;
} place_rows[] = {
    { "{" AWS_KEYS ",\"secrets_region\":\"eu-north-1\"}", NULL, NULL, "https://secretsmanager.eu-north-1.amazonaws.com/" },
    { "{" AWS_KEYS ",\"region\":\"us-west-2\"}", NULL, NULL, "https://secretsmanager.us-east-1.amazonaws.com/" },
    { "{" AWS_KEYS ",\"secrets_region\":\"cn-north-1\"}", NULL, NULL,
      "https://secretsmanager.cn-north-1.amazonaws.com.cn/" },
    { "{" AWS_KEYS ",\"secrets_region\":\"us-gov-west-1\"}", NULL, NULL,
      "https://secretsmanager.us-gov-west-1.amazonaws.com/" },
    { "{" AWS_KEYS ",\"secrets_endpoint\":\"http://127.0.0.1:8080\"}", NULL, NULL, "http://127.0.0.1:8080/" },
    { "{" AWS_KEYS ",\"secrets_endpoint\":\"http://127.0.0.1:8080//\"}", NULL, NULL, "http://127.0.0.1:8080/" },
    { STORED, "AWS_USE_FIPS_ENDPOINT", "true", "https://secretsmanager-fips.us-east-1.amazonaws.com/" },
    { STORED, "AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localhost:1/", "http://localhost:1/" },
    { STORED, "AWS_ENDPOINT_URL", "http://localhost:2", "http://localhost:2/" },
    { "{" AWS_KEYS ",\"secrets_endpoint\":\"http://127.0.0.1:8080\"}", "AWS_ENDPOINT_URL", "http://localhost:2",
      "http://127.0.0.1:8080/" },
};

static void where_the_secret_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(place_rows) / sizeof(place_rows[0]); i++) {
        auth_rig r;
        if (place_rows[i].variable != NULL)
            setenv(place_rows[i].variable, place_rows[i].value, 1);
        auth_make(&r, &od_authorizer_secret_key, place_rows[i].options);
        auth_one o;
        auth_send(&r, &o, "POST", URL, "{}");
        assert_string_equal(od__buffer_text(&r.network.first->request.url), place_rows[i].url);
        drop(&o);
        auth_close(&r);
        clean_environment();
    }
}

static void a_profile_may_say_where_the_secret_is(void **state) {
    (void)state;
    static const char config[] = "[default]\naws_access_key_id = a\naws_secret_access_key = s\nservices = here\n"
                                 "[services here]\nsecrets_manager =\n  endpoint_url = http://localhost:3\n";
    char file[] = "/tmp/outdial-secrets-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, config, sizeof(config) - 1), sizeof(config) - 1);
    close(fd);
    setenv("AWS_CONFIG_FILE", file, 1);
    static const struct { const char *options, *url; } rows[] = {
        { "{}", "http://localhost:3/" },
        { "{\"secrets_endpoint\":\"http://localhost:4\"}", "http://localhost:4/" },
        { STORED, "https://secretsmanager.us-east-1.amazonaws.com/" }, /* keys are given: no file is read */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_secret_key, rows[i].options);
        auth_one o;
        auth_send(&r, &o, "POST", URL, "{}");
        assert_string_equal(od__buffer_text(&r.network.first->request.url), rows[i].url);
        drop(&o);
        auth_close(&r);
    }
    clean_environment();
    unlink(file);
}

static void the_signature_is_of_the_secrets_region(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key,
              "{" AWS_KEYS ",\"secrets_region\":\"eu-north-1\",\"secrets_endpoint\":\"http://127.0.0.1:8080\"}");
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    assert_string_equal(fake_sent(&r.network),
                        ASKED("http://127.0.0.1:8080/", "eu-north-1",
                              "c3478d6cdeebdd9a67974076de916db47a57a00af2650735e9014815a26541a3"));
    drop(&o);
    auth_close(&r);
}

static const struct {
    const char *options, *variable, *value, *error;
} refused_rows[] = {
    { "{\"credentials\":{\"access_key_id\":\"A\"}}", NULL, NULL,
      "validation /credentials/secret_access_key: expected text, got nothing" },
    { STORED, "AWS_ENDPOINT_URL", "nowhere",
      "authentication: Secrets Manager: the endpoint of secrets_manager is no URL of scheme and host: \"nowhere\"" },
};

static void what_no_client_can_be_made_of(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
        auth_rig r;
        auth_open(&r);
        if (refused_rows[i].variable != NULL)
            setenv(refused_rows[i].variable, refused_rows[i].value, 1);
        od_error error = OD_ERROR_INIT;
        assert_int_not_equal(auth_try(&r, &od_authorizer_secret_key, refused_rows[i].options, &error), OD_OK);
        auth_error(&error, refused_rows[i].error);
        assert_null(r.authorizer);
        auth_close(&r);
        clean_environment();
    }
}

/* ---- how long it is kept ---- */

static void a_key_is_kept_for_an_hour_and_no_longer(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one a, b, c;
    auth_send(&r, &a, "POST", URL, "{}");
    tell(&r, 200, "", SECRET("k-1"));
    (void)fake_sent(&r.network);
    r.clock.now_us += HOUR_US - 1;
    auth_send(&r, &b, "POST", URL, "{}");
    assert_string_equal(fake_sent(&r.network), SENT("k-1"));
    r.clock.now_us += 1;
    auth_send(&r, &c, "POST", URL, "{}");
    assert_string_equal(fake_sent(&r.network), ASKED_HERE);
    drop(&a);
    drop(&b);
    tell(&r, 200, "", SECRET("k-2"));
    assert_string_equal(fake_sent(&r.network), SENT("k-2"));
    drop(&c);
    auth_close(&r);
}

static void a_refused_key_is_read_again_once(void **state) {
    (void)state;
    static const int statuses[] = { 401, 403 };
    for (size_t i = 0; i < 2; i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_secret_key, STORED);
        auth_one o;
        auth_send(&r, &o, "POST", URL, "{}");
        tell(&r, 200, "", SECRET("old"));
        answer_vendor(&r, &o, statuses[i]);
        assert_int_equal(o.finished, 0);
        assert_string_equal(fake_sent(&r.network), ASKED_HERE SENT("old") ASKED_HERE);
        tell(&r, 200, "", SECRET("new"));
        assert_string_equal(fake_sent(&r.network), SENT("new"));
        answer_vendor(&r, &o, statuses[i]);
        assert_int_equal(o.finished, 1);
        assert_int_equal(o.exchange.response.status, statuses[i]);
        assert_string_equal(fake_sent(&r.network), "");
        drop(&o);
        auth_close(&r);
    }
}

static const int other_statuses[] = { 200, 400, 404, 407, 429, 500, 503 };

static void other_answers_say_nothing_of_the_key(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(other_statuses) / sizeof(other_statuses[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_secret_key, STORED);
        auth_one a, b;
        auth_send(&r, &a, "POST", URL, "{}");
        tell(&r, 200, "", SECRET("k"));
        answer_vendor(&r, &a, other_statuses[i]);
        assert_int_equal(a.finished, 1);
        (void)fake_sent(&r.network);
        auth_send(&r, &b, "POST", URL, "{}");
        assert_string_equal(fake_sent(&r.network), SENT("k"));
        drop(&a);
        drop(&b);
        auth_close(&r);
    }
}

/* Two went out with the old key. The second refusal comes when the new key is there already: it is not thrown away. */
static void a_late_refusal_leaves_the_new_key(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one a, b;
    auth_send(&r, &a, "POST", URL, "{}");
    auth_send(&r, &b, "POST", URL, "{}");
    tell(&r, 200, "", SECRET("old"));
    answer_vendor(&r, &a, 403);
    (void)fake_sent(&r.network);
    /* b waits at the vendor still, before the question for the secret. */
    fake_answer(&r.network, r.network.last, 200, "", SECRET("new"));
    auth_step(&r);
    assert_string_equal(fake_sent(&r.network), SENT("new"));
    answer_vendor(&r, &b, 403);
    assert_string_equal(fake_sent(&r.network), SENT("new"));
    drop(&a);
    drop(&b);
    auth_close(&r);
}

static void refusals_at_once_are_one_question(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one a, b;
    auth_send(&r, &a, "POST", URL, "{}");
    auth_send(&r, &b, "POST", URL, "{}");
    tell(&r, 200, "", SECRET("old"));
    (void)fake_sent(&r.network);
    answer_vendor(&r, &a, 401);
    answer_vendor(&r, &b, 401);
    assert_string_equal(fake_sent(&r.network), ASKED_HERE);
    tell(&r, 200, "", SECRET("new"));
    assert_string_equal(fake_sent(&r.network), SENT("new") SENT("new"));
    drop(&a);
    drop(&b);
    auth_close(&r);
}

/* ---- failures ---- */

#define TYPE(type) "{\"__type\":\"" type "\",\"message\":\"m\"}"
#define DENIED(code, type) code ": " type ": Secrets Manager did not give SYMBEE_CONNECT_API_KEY: " type ": m"

/* tries: how often the question is asked. */
static const struct {
    int status;
    const char *headers, *body, *error;
    int tries;
} failure_rows[] = {
    { 400, "", TYPE("ResourceNotFoundException"), DENIED("authentication", "ResourceNotFoundException"), 1 },
    { 400, "", TYPE("InvalidParameterException"), DENIED("authentication", "InvalidParameterException"), 1 },
    { 400, "", TYPE("InvalidRequestException"), DENIED("authentication", "InvalidRequestException"), 1 },
    { 400, "", TYPE("DecryptionFailure"), DENIED("authentication", "DecryptionFailure"), 1 },
    { 400, "", TYPE("UnrecognizedClientException"), DENIED("authentication", "UnrecognizedClientException"), 1 },
    { 400, "", TYPE("InvalidSignatureException"), DENIED("authentication", "InvalidSignatureException"), 1 },
    { 400, "", TYPE("AccessDeniedException"), DENIED("permission", "AccessDeniedException"), 1 },
    { 400, "", TYPE("ThrottlingException"), DENIED("throttled", "ThrottlingException"), 3 },
    { 500, "", TYPE("InternalServiceError"), DENIED("unavailable", "InternalServiceError"), 3 },
    /* The type decides, not the status. */
    { 500, "", TYPE("ResourceNotFoundException"), DENIED("authentication", "ResourceNotFoundException"), 1 },
    { 400, "", TYPE("InternalServiceError"), DENIED("unavailable", "InternalServiceError"), 3 },
    { 400, "", "{\"__type\":\"com.amazonaws.secretsmanager#DecryptionFailure\",\"Message\":\"m\"}",
      DENIED("authentication", "DecryptionFailure"), 1 },
    { 400, "x-amzn-errortype: AccessDeniedException:http://internal.amazon.com/\n", "{\"message\":\"m\"}",
      DENIED("permission", "AccessDeniedException"), 1 },
    { 400, "x-amzn-errortype: ThrottlingException\n", TYPE("AccessDeniedException"),
      DENIED("permission", "AccessDeniedException"), 1 },
    { 400, "", "{\"__type\":\"DecryptionFailure\"}",
      "authentication: DecryptionFailure: Secrets Manager did not give SYMBEE_CONNECT_API_KEY: DecryptionFailure", 1 },
    { 400, "", TYPE("NewException"), DENIED("authentication", "NewException"), 1 },
    { 502, "", TYPE("NewException"), DENIED("unavailable", "NewException"), 3 },
    { 503, "", "<html>", "unavailable: Secrets Manager did not give SYMBEE_CONNECT_API_KEY: HTTP 503", 3 },
    { 403, "", "<html>", "protocol: Secrets Manager did not give SYMBEE_CONNECT_API_KEY: HTTP 403", 1 },
    { 302, "", "", "protocol: Secrets Manager did not give SYMBEE_CONNECT_API_KEY: HTTP 302", 1 },
    { 200, "", "", "protocol: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY has no SecretString", 1 },
    { 200, "", "[]", "protocol: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY has no SecretString", 1 },
    { 200, "", "{\"SecretBinary\":\"a2V5\"}",
      "protocol: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY has no SecretString", 1 },
    { 200, "", "{\"SecretString\":7}",
      "protocol: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY has no SecretString", 1 },
    { 200, "", SECRET(""),
      "authentication: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY is empty, too long, or no single line", 1 },
    { 200, "", SECRET("a\\nX-evil: 1"),
      "authentication: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY is empty, too long, or no single line", 1 },
    { 200, "", SECRET("a\\u007fb"),
      "authentication: Secrets Manager: the secret SYMBEE_CONNECT_API_KEY is empty, too long, or no single line", 1 },
    { 200, "", "{\"SecretString\":\"a", "protocol: Secrets Manager: the answer for SYMBEE_CONNECT_API_KEY is no JSON", 1 },
    { 200, "", SECRET("a\\u0000b"), "protocol: Secrets Manager: the answer for SYMBEE_CONNECT_API_KEY is no JSON", 1 },
};

/* Each pause between tries is at most a few seconds; then the next one goes. */
static void let_pauses_pass(auth_rig *r) {
    r->clock.now_us += 30 * INT64_C(1000000);
    auth_step(r);
}

/* error NULL: any. */
static void assert_not_placed(const auth_one *o, const char *error) {
    assert_int_equal(o->finished, 1);
    if (error != NULL)
        auth_error(&o->exchange.error, error);
    assert_int_equal(o->exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    assert_int_equal(o->exchange.again, OD_AGAIN_NO);
}

static void a_failure_is_everybodys_and_names_the_service(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(failure_rows) / sizeof(failure_rows[0]); i++) {
        auth_rig r;
        auth_make(&r, &od_authorizer_secret_key, STORED);
        auth_one a, b, c;
        auth_send(&r, &a, "POST", URL, "{}");
        auth_send(&r, &b, "POST", URL, "{}");
        for (int n = 1; n <= failure_rows[i].tries; n++) {
            assert_int_equal(r.network.sent_count, n);
            tell(&r, failure_rows[i].status, failure_rows[i].headers, failure_rows[i].body);
            if (n < failure_rows[i].tries)
                let_pauses_pass(&r);
        }
        assert_not_placed(&a, failure_rows[i].error);
        assert_not_placed(&b, failure_rows[i].error);
        assert_int_equal(a.exchange.error.http_status, failure_rows[i].status);
        assert_int_equal(a.exchange.error.retryable, failure_rows[i].tries > 1);
        /* The next request asks anew. */
        auth_send(&r, &c, "POST", URL, "{}");
        assert_int_equal(r.network.sent_count, failure_rows[i].tries + 1);
        tell(&r, 200, "", SECRET("k"));
        answer_vendor(&r, &c, 200);
        assert_int_equal(c.finished, 1);
        drop(&a);
        drop(&b);
        drop(&c);
        auth_close(&r);
    }
}

static void a_question_that_recovers_is_no_failure(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    tell(&r, 500, "", TYPE("InternalServiceError"));
    let_pauses_pass(&r);
    (void)fake_sent(&r.network);
    tell(&r, 200, "", SECRET("k"));
    assert_string_equal(fake_sent(&r.network), SENT("k"));
    drop(&o);
    auth_close(&r);
}

static void a_network_failure_names_the_service(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    for (int n = 0; n < 3; n++) {
        fake_break(&r.network, r.network.first, OD_NETWORK, "connection refused");
        auth_step(&r);
        if (n < 2)
            let_pauses_pass(&r);
    }
    assert_not_placed(&o, "network: Secrets Manager did not give SYMBEE_CONNECT_API_KEY: connection refused");
    assert_true(o.exchange.error.retryable);
    drop(&o);
    auth_close(&r);
}

/* The vendor refused the old key, and there is no new one: what is told is why. */
static void a_key_that_cannot_be_read_again_is_the_error(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    tell(&r, 200, "", SECRET("old"));
    answer_vendor(&r, &o, 401);
    tell(&r, 400, "x-amzn-requestid: r-1\n", TYPE("ResourceNotFoundException"));
    assert_not_placed(&o, DENIED("authentication", "ResourceNotFoundException"));
    assert_string_equal(o.exchange.error.request_id, "r-1");
    assert_int_equal(o.exchange.response.status, 0);
    drop(&o);
    auth_close(&r);
}

/* Nobody has AWS keys: said at the first request, not before, since a program may get them later. */
static void without_aws_keys_nothing_is_asked(void **state) {
    (void)state;
    static const char *const set[][2] = {
        { "AWS_EC2_METADATA_DISABLED", "true" }, { "AWS_CONFIG_FILE", "/nonexistent/config" },
        { "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials" },
    };
    static const char *const unset[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN",
                                         "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                         "AWS_CONTAINER_CREDENTIALS_FULL_URI" };
    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
        unsetenv(unset[i]);
    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
        setenv(set[i][0], set[i][1], 1);
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, "{}");
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    auth_step(&r);
    assert_int_equal(r.network.sent_count, 0);
    assert_int_equal(o.exchange.error.code, OD_AUTHENTICATION);
    static const char start[] = "Secrets Manager did not give SYMBEE_CONNECT_API_KEY: no AWS credentials";
    assert_memory_equal(o.exchange.error.message, start, sizeof(start) - 1);
    assert_not_placed(&o, NULL);
    drop(&o);
    auth_close(&r);
    for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
        unsetenv(set[i][0]);
}

static void a_waiting_one_can_be_taken_back(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one a, b;
    auth_send(&r, &a, "POST", URL, "{}");
    auth_send(&r, &b, "POST", URL, "{}");
    od__exchange_cancel(&a.exchange, OD_CANCELED, "taken back");
    assert_int_equal(a.exchange.placement, OD_PLACEMENT_NOT_PLACED);
    od__exchange_clear(&a.exchange);
    (void)fake_sent(&r.network);
    tell(&r, 200, "", SECRET("k"));
    assert_string_equal(fake_sent(&r.network), SENT("k"));
    assert_int_equal(a.finished, 0);
    drop(&b);
    auth_close(&r);
}

static void a_client_may_go_while_the_key_is_read(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    drop(&o);
    assert_int_equal(fake_waiting(&r.network), 1);
    auth_close(&r);
}

static void or_between_two_tries(void **state) {
    (void)state;
    auth_rig r;
    auth_make(&r, &od_authorizer_secret_key, STORED);
    auth_one o;
    auth_send(&r, &o, "POST", URL, "{}");
    tell(&r, 500, "", TYPE("InternalServiceError"));
    assert_int_equal(fake_waiting(&r.network), 0);
    drop(&o);
    auth_close(&r);
}

/* ---- memory ---- */

/* One request from making the authorizer to the vendor's answer; where an allocation fails, nothing is placed. Returns
 * whether the n-th allocation was reached. */
static bool try_without(size_t n) {
    auth_rig r;
    auth_one o;
    auth_open(&r);
    memset(&o, 0, sizeof(o));
    o.rig = &r;
    od__exchange_init(&o.exchange);
    strcpy(o.exchange.request.method, "POST");
    od__buffer_add_text(&o.exchange.request.url, URL);
    od__buffer_add_text(&r.network.sent, "");
    o.exchange.rings = true;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od_value_parse(STORED, strlen(STORED), &r.options, NULL), OD_OK);
    od_authorizer_setup setup = {
        .options = r.options, .base_url = "https://symbeeconnect.com:9443", .loop = r.loop, .clock = &r.od,
        .network = &r.network.base, .timeout_ms = 15000,
    };
    const struct od_authorizer_kind *kind = &od_authorizer_secret_key;
    od__memory_fail_at(n);
    od_status status = kind->make(kind, &setup, &r.authorizer, &error);
    if (status == OD_OK)
        status = od__authorizing_transport_new(r.loop, r.authorizer, &r.network.base, &r.layer, &error);
    if (status == OD_OK) {
        od__exchange_push(&o.exchange, auth_finished, &o);
        od__transport_send(r.layer, &o.exchange);
        od_exchange *question = r.network.first;
        if (question != NULL) {
            fake_answer(&r.network, question, 200, "", SECRET("k"));
            if (question->response.body.failed)
                question->error.code = OD_OUT_OF_MEMORY;
        }
        for (int k = 0; k < 4; k++)
            (void)od__loop_step(r.loop, 0, NULL);
    }
    bool hit = od__memory_fail_at(0) >= n;
    if (status != OD_OK) {
        assert_int_equal(error.code, OD_OUT_OF_MEMORY);
    } else if (o.finished) {
        /* jansson calls a string that it has no memory for an invalid token. */
        if (o.exchange.error.code != OD_OUT_OF_MEMORY)
            auth_error(&o.exchange.error, "protocol: Secrets Manager: the answer for SYMBEE_CONNECT_API_KEY is no JSON");
        assert_int_equal(o.exchange.error.placement, OD_PLACEMENT_NOT_PLACED);
    } else {
        assert_ptr_equal(r.network.first, &o.exchange);
        od__exchange_cancel(&o.exchange, OD_CLOSED, "closed");
    }
    od__exchange_clear(&o.exchange);
    auth_close(&r);
    return hit;
}

static void each_failing_allocation_is_an_error_and_places_nothing(void **state) {
    (void)state;
    size_t n = 1;
    while (try_without(n))
        n++;
    assert_true(n > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_read_once_for_all),
        cmocka_unit_test(a_key_of_the_options_asks_nobody),
        cmocka_unit_test(where_the_secret_is_read),
        cmocka_unit_test(a_profile_may_say_where_the_secret_is),
        cmocka_unit_test(the_signature_is_of_the_secrets_region),
        cmocka_unit_test(what_no_client_can_be_made_of),
        cmocka_unit_test(a_key_is_kept_for_an_hour_and_no_longer),
        cmocka_unit_test(a_refused_key_is_read_again_once),
        cmocka_unit_test(other_answers_say_nothing_of_the_key),
        cmocka_unit_test(a_late_refusal_leaves_the_new_key),
        cmocka_unit_test(refusals_at_once_are_one_question),
        cmocka_unit_test(a_failure_is_everybodys_and_names_the_service),
        cmocka_unit_test(a_question_that_recovers_is_no_failure),
        cmocka_unit_test(a_network_failure_names_the_service),
        cmocka_unit_test(a_key_that_cannot_be_read_again_is_the_error),
        cmocka_unit_test(without_aws_keys_nothing_is_asked),
        cmocka_unit_test(a_waiting_one_can_be_taken_back),
        cmocka_unit_test(a_client_may_go_while_the_key_is_read),
        cmocka_unit_test(or_between_two_tries),
        cmocka_unit_test(each_failing_allocation_is_an_error_and_places_nothing),
    };
    json_set_alloc_funcs(od__alloc, od__free); /* so that the allocations of values can fail too */
    clean_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
