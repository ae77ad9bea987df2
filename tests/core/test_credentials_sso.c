/* Keys for whoever has logged in: the cached token, its renewal, and the portal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials_rig.h"

/* The name of a file is the SHA-1 of the session's name, or of the start URL. */
#define SESSION_FILE ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
#define LEGACY_FILE ".aws/sso/cache/5704a5e0c559c0340bd143e05d05e5dd5d6dd749.json"

#define SESSION "[profile p]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = My Role\n" \
                "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://u.awsapps.com/start\n"
#define LEGACY "[profile p]\nsso_account_id = 123456789012\nsso_role_name = r\nsso_region = us-west-2\n" \
               "sso_start_url = https://u.awsapps.com/start\n"

#define TOKEN(expires, more) "{\"accessToken\":\"AT/1\",\"expiresAt\":\"" expires "\"" more "}"
#define RENEWABLE ",\"refreshToken\":\"RT\",\"clientId\":\"CI\",\"clientSecret\":\"CS\"," \
                  "\"registrationExpiresAt\":\"2015-09-30T00:00:00Z\",\"startUrl\":\"https://u\""

#define PORTAL_KEYS "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\",\"sessionToken\":\"TK\"," \
                    "\"expiration\":1440941760000}}"
#define PORTAL_REQUEST(token) "GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?" \
                              "role_name=My%20Role&account_id=123456789012\nAccept: application/json\n" \
                              "x-amz-sso_bearer_token: " token "\n\n\n---\n"
#define RENEW_REQUEST "POST https://oidc.eu-west-1.amazonaws.com/token\nContent-Type: application/json\n\n" \
                      "{\"clientId\":\"CI\",\"clientSecret\":\"CS\",\"grantType\":\"refresh_token\"," \
                      "\"refreshToken\":\"RT\"}\n---\n"

static void open_sso(cred_rig *r, const char *config, const char *file, const char *token) {
    cred_open(r);
    (void)cred_file(r, ".aws/config", config);
    if (token != NULL)
        (void)cred_file(r, file, token);
    assert_int_equal(od__credentials_profile_new(&r->setup, "p", &r->source, NULL), OD_OK);
    cred_listen(r);
}

static const char *file_text(cred_rig *r, const char *name) {
    static char text[2048];
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", r->home, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void a_token_is_taken_to_the_portal(void **state) {
    (void)state;
    cred_rig r;
    open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:51:01Z", ""));
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), PORTAL_REQUEST("AT/1"));
    assert_false(r.transport.direct);
    cred_reply(&r, 200, "", PORTAL_KEYS);
    assert_int_equal(r.ready, 1);
    cred_expect_keys(&r, "AK SK TK", 1440941760000);
    cred_close(&r);
}

static void a_token_of_the_old_kind(void **state) {
    (void)state;
    cred_rig r;
    /* An old tool wrote its time so; and such a token is never renewed, however near its end. */
    open_sso(&r, LEGACY, LEGACY_FILE, TOKEN("2015-08-30T12:36:01UTC", RENEWABLE));
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network),
                        "GET https://portal.sso.us-west-2.amazonaws.com/federation/credentials?role_name=r&"
                        "account_id=123456789012\nAccept: application/json\nx-amz-sso_bearer_token: AT/1\n\n\n---\n");
    cred_reply(&r, 401, "", "{\"message\":\"Session token not found or invalid\"}");
    cred_expect_error(&r, true, "authentication: sso: the login of start URL \"https://u.awsapps.com/start\" is over, log in "
                                "again: aws sso login");
    cred_pass(&r, 1000);
    cred_expect_error(&r, true, "authentication: sso: the login of start URL \"https://u.awsapps.com/start\" is over, log in "
                                "again: aws sso login");
    cred_close(&r);
}

static void a_token_near_its_end_is_renewed_and_kept(void **state) {
    (void)state;
    cred_rig r;
    open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:51:00Z", RENEWABLE));
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), RENEW_REQUEST);
    cred_reply(&r, 200, "", "{\"accessToken\":\"AT2\",\"expiresIn\":3600,\"refreshToken\":\"RT2\",\"tokenType\":\"Bearer\"}");
    assert_string_equal(fake_sent(&r.network), PORTAL_REQUEST("AT2"));
    cred_reply(&r, 200, "", PORTAL_KEYS);
    cred_expect_keys(&r, "AK SK TK", 1440941760000);
    assert_string_equal(file_text(&r, SESSION_FILE),
                        "{\"accessToken\":\"AT2\",\"expiresAt\":\"2015-08-30T13:36:00Z\",\"refreshToken\":\"RT2\","
                        "\"clientId\":\"CI\",\"clientSecret\":\"CS\",\"registrationExpiresAt\":\"2015-09-30T00:00:00Z\","
                        "\"startUrl\":\"https://u\"}");
    struct stat info;
    char path[256];
    snprintf(path, sizeof(path), "%s/" SESSION_FILE, r.home);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* The next fetch finds the new one. */
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), PORTAL_REQUEST("AT2"));
    cred_close(&r);
}

static void a_renewal_that_fails_is_tolerated_while_the_token_lives(void **state) {
    (void)state;
    cred_rig r;
    open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:51:00Z", RENEWABLE));
    cred_expect_wait(&r);
    (void)fake_sent(&r.network);
    cred_reply(&r, 400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid grant provided\"}");
    assert_string_equal(r.warned, "the token is used until its end: sso: renewing the token: HTTP 400: Invalid grant provided");
    assert_string_equal(fake_sent(&r.network), PORTAL_REQUEST("AT/1"));
    cred_reply(&r, 200, "", PORTAL_KEYS);
    cred_expect_keys(&r, "AK SK TK", 1440941760000);
    assert_string_equal(file_text(&r, SESSION_FILE), TOKEN("2015-08-30T12:51:00Z", RENEWABLE));

    /* Past its end it is not. */
    cred_pass(&r, 15 * 60 * 1000);
    cred_expect_wait(&r);
    cred_reply(&r, 400, "", "{\"error\":\"invalid_grant\"}");
    cred_expect_error(&r, true, "authentication: sso: renewing the token: HTTP 400: invalid_grant");
    cred_expect_wait(&r);
    cred_reply(&r, 200, "", "{\"accessToken\":\"AT2\"}");
    cred_expect_error(&r, true, "protocol: sso: there is no accessToken with expiresIn in the renewed token");
    cred_close(&r);
}

static void a_refresh_token_is_not_sent_twice(void **state) {
    (void)state;
    cred_rig r;
    open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:30:00Z", RENEWABLE));
    cred_expect_wait(&r);
    fake_leave(&r.network, r.network.first);
    cred_break(&r, OD_TIMEOUT, "no answer within 10000 ms");
    cred_pass(&r, 20000);
    assert_int_equal(r.network.sent_count, 1);
    cred_expect_error(&r, true, "timeout: sso: no answer within 10000 ms");
    cred_close(&r);
}

static void a_login_that_is_over_is_told(void **state) {
    (void)state;
    static const char over[] = "authentication: sso: the login of session \"corp\" is over, log in again: aws sso login";
    cred_rig r;
    open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:36:00Z", ""));
    cred_expect_error(&r, true, over);
    /* The registration of the client is over too. */
    (void)cred_file(&r, SESSION_FILE, TOKEN("2015-08-30T12:36:00Z", ",\"refreshToken\":\"RT\",\"clientId\":\"CI\","
                    "\"clientSecret\":\"CS\",\"registrationExpiresAt\":\"2015-08-30T12:36:00Z\""));
    cred_expect_error(&r, true, over);
    assert_int_equal(r.network.sent_count, 0);
    cred_close(&r);
}

static void expect_file_error(cred_rig *r, const char *text, const char *before, const char *after) {
    char expected[512];
    (void)cred_file(r, SESSION_FILE, text);
    snprintf(expected, sizeof(expected), "%s%s/" SESSION_FILE "%s", before, r->home, after);
    cred_expect_error(r, true, expected);
}

static void what_is_wrong_with_a_cached_token_is_told(void **state) {
    (void)state;
    cred_rig r;
    char expected[512];
    open_sso(&r, SESSION, SESSION_FILE, NULL);
    snprintf(expected, sizeof(expected), "authentication: sso: nobody has logged in: there is no %s/" SESSION_FILE, r.home);
    cred_expect_error(&r, true, expected);
    expect_file_error(&r, "", "protocol: sso: ", " is not JSON: line 1, column 0: unexpected token near end of file");
    expect_file_error(&r, "[]", "protocol: sso: ", " is not a JSON object");
    expect_file_error(&r, "{}", "protocol: sso: there is no accessToken in ", "");
    expect_file_error(&r, "{\"accessToken\":\"a\"}", "protocol: sso: expiresAt in ", " is no time");
    expect_file_error(&r, TOKEN("tomorrow", ""), "protocol: sso: expiresAt in ", " is no time");
    expect_file_error(&r, TOKEN("2015-08-30T13:00:00Z", ",\"registrationExpiresAt\":\"x\""),
                      "protocol: sso: registrationExpiresAt in ", " is no time");
    static char huge[(1 << 20) + 2];
    memset(huge, ' ', sizeof(huge) - 1);
    expect_file_error(&r, huge, "authentication: sso: ", " is larger than 1048576 bytes");
    (void)cred_file(&r, SESSION_FILE, TOKEN("2015-08-30T13:00:00Z", ""));
    cred_env("HOME", NULL);
    char config[256];
    snprintf(config, sizeof(config), "%s/.aws/config", r.home);
    cred_env("AWS_CONFIG_FILE", config);
    cred_answer answer = cred_get(&r);
    assert_int_equal(strncmp(answer.error.message, "sso: HOME is not set, which \"~/.aws/sso/cache/", 44), 0);
    cred_close(&r);
}

static void what_the_portal_does_wrong_is_told(void **state) {
    (void)state;
    static const struct { int status; const char *body, *error; } rows[] = {
        { 403, "{\"message\":\"No access\"}", "authentication: sso: portal: HTTP 403: No access" },
        { 404, "<html>", "authentication: sso: portal: HTTP 404" },
        { 200, "{}", "protocol: sso: there is no roleCredentials in the answer" },
        { 200, "{\"roleCredentials\":[]}", "protocol: sso: there is no roleCredentials in the answer" },
        { 200, "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\",\"sessionToken\":\"TK\"}}",
          "protocol: sso: there is no expiration in the answer" },
        { 200, "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\",\"sessionToken\":\"TK\","
          "\"expiration\":\"2015-08-30T13:00:00Z\"}}", "protocol: sso: expiration is no time" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cred_rig r;
        open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T13:36:00Z", ""));
        cred_expect_wait(&r);
        cred_reply(&r, rows[i].status, "", rows[i].body);
        cred_expect_error(&r, true, rows[i].error);
        cred_close(&r);
    }
}

static void a_renewal_survives_every_lack_of_memory(void **state) {
    (void)state;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        cred_rig r;
        open_sso(&r, SESSION, SESSION_FILE, TOKEN("2015-08-30T12:51:00Z", RENEWABLE));
        od__memory_fail_at(n);
        cred_answer answer = cred_get(&r);
        if (answer.waiting)
            cred_reply(&r, 200, "", "{\"accessToken\":\"AT2\",\"expiresIn\":3600}");
        if (fake_waiting(&r.network) > 0)
            cred_reply(&r, 200, "", PORTAL_KEYS);
        done = od__memory_fail_at(0) < n;
        if (answer.waiting)
            answer = cred_get(&r);
        /* The last is what the made-up network could not keep of an answer. */
        assert_true(answer.status == OD_OK || answer.status == OD_OUT_OF_MEMORY ||
                    strcmp(answer.error.message, "sso: the answer is not JSON: line 1, column 0: unexpected token near end of "
                           "file") == 0);
        cred_close(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_taken_to_the_portal),
        cmocka_unit_test(a_token_of_the_old_kind),
        cmocka_unit_test(a_token_near_its_end_is_renewed_and_kept),
        cmocka_unit_test(a_renewal_that_fails_is_tolerated_while_the_token_lives),
        cmocka_unit_test(a_refresh_token_is_not_sent_twice),
        cmocka_unit_test(a_login_that_is_over_is_told),
        cmocka_unit_test(what_is_wrong_with_a_cached_token_is_told),
        cmocka_unit_test(what_the_portal_does_wrong_is_told),
        cmocka_unit_test(a_renewal_survives_every_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
