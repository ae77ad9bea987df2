/* The sources that ask over HTTP: what leaves byte for byte, and what each answer leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/container.h"
#include "credentials_rig.h"

#define HOUR_LATER (1440938160000 + 3600000)
#define ROLE "arn:aws:iam::123456789012:role/RoleA"

static const char sts_keys[] =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleResult>\n<AssumedRoleUser>"
    "<Arn>arn:x</Arn><AssumedRoleId>ARO:x</AssumedRoleId></AssumedRoleUser>\n<Credentials><AccessKeyId>ASIA</AccessKeyId>"
    "<SecretAccessKey>se/cr+et=</SecretAccessKey><SessionToken>tok&amp;en</SessionToken>"
    "<Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>\n";

static const char web_keys[] =
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
    "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2015-08-30T13:36:00Z"
    "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

#define STS_ERROR(code, message) \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message "</Message></Error>" \
    "<RequestId>1</RequestId></ErrorResponse>"

static void open_profile(cred_rig *r, const char *profile, const char *config, const char *credentials) {
    cred_open(r);
    if (config != NULL)
        (void)cred_file(r, ".aws/config", config);
    if (credentials != NULL)
        (void)cred_file(r, ".aws/credentials", credentials);
    assert_int_equal(od__credentials_profile_new(&r->setup, profile, &r->source, NULL), OD_OK);
    cred_listen(r);
}

/* ---- profiles ---- */

static void keys_of_a_profile(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, NULL, "[default]\naws_access_key_id = no\naws_secret_access_key = no\nregion = eu-west-1\n",
                 "[default]\naws_access_key_id = AK\naws_secret_access_key = S/K=\n[b]\naws_access_key_id = BK\n"
                 "aws_secret_access_key = BS\naws_session_token = BT\n");
    cred_expect_keys(&r, "AK S/K= -", 0);
    /* The files are read anew each time, and the environment too. */
    cred_env("AWS_PROFILE", "b");
    cred_expect_keys(&r, "BK BS BT", 0);
    cred_env("AWS_PROFILE", "");
    cred_env("AWS_DEFAULT_PROFILE", "b");
    cred_expect_keys(&r, "BK BS BT", 0);
    (void)cred_file(&r, ".aws/credentials", "[b]\naws_access_key_id=N\naws_secret_access_key=S\naws_security_token=old\n");
    cred_expect_keys(&r, "N S old", 0);
    assert_int_equal(r.network.made, 0);
    cred_close(&r);
}

static void nothing_is_there_unless_it_was_named(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, NULL, NULL, NULL);
    cred_expect_error(&r, false, "authentication: profile: there is no profile \"default\"");
    (void)cred_file(&r, ".aws/config", "[default]\nregion = eu-west-1\n[profile b]\nregion = x\n");
    cred_expect_error(&r, false, "authentication: profile \"default\" has no credentials");
    cred_env("AWS_PROFILE", "b");
    cred_expect_error(&r, false, "authentication: profile \"b\" has no credentials");
    cred_env("AWS_PROFILE", "c");
    cred_expect_error(&r, true, "authentication: profile: there is no profile \"c\"");
    cred_close(&r);

    open_profile(&r, "c", NULL, NULL);
    cred_expect_error(&r, true, "authentication: profile: there is no profile \"c\"");
    (void)cred_file(&r, ".aws/config", "[profile c]\nregion = eu-west-1\n");
    cred_expect_error(&r, true, "authentication: profile \"c\" has no credentials");
    cred_close(&r);
}

/* Expects an error that names a file below home. */
static void expect_file_error(cred_rig *r, const char *before, const char *name, const char *after) {
    char expected[512];
    snprintf(expected, sizeof(expected), "authentication: %s%s/%s%s", before, r->home, name, after);
    cred_expect_error(r, true, expected);
}

static void bad_files_are_told(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, NULL, "[default]\nrubbish\n", NULL);
    expect_file_error(&r, "profile: ", ".aws/config", " line 2: a line without \"=\"");
    (void)cred_file(&r, ".aws/config", "[default]\n");
    (void)cred_file(&r, ".aws/credentials", "[default\n");
    expect_file_error(&r, "profile: ", ".aws/credentials", " line 1: a section has no \"]\" at its end");
    (void)cred_file(&r, ".aws/credentials", "[default]\naws_access_key_id = AK\n");
    cred_expect_error(&r, true, "authentication: profile \"default\": aws_access_key_id is there but "
                                "aws_secret_access_key is not");
    (void)cred_file(&r, ".aws/credentials", "[default]\naws_access_key_id = A\tK\naws_secret_access_key = S");
    cred_expect_error(&r, true, "authentication: profile \"default\": aws_access_key_id has a control character in it");
    (void)cred_file(&r, ".aws/credentials", "[default]\naws_access_key_id =\n x = y\naws_secret_access_key = S");
    cred_expect_error(&r, true, "authentication: profile \"default\": aws_access_key_id has a control character in it");

    static char huge[(1 << 20) + 1];
    memset(huge, '#', sizeof(huge));
    (void)cred_file_n(&r, ".aws/config", huge, sizeof(huge));
    expect_file_error(&r, "profile: ", ".aws/config", " is larger than 1048576 bytes");
    (void)cred_file_n(&r, ".aws/config", huge, sizeof(huge) - 1);
    (void)cred_file(&r, ".aws/credentials", "[default]\naws_access_key_id = AK\naws_secret_access_key = S");
    cred_expect_keys(&r, "AK S -", 0);
    cred_close(&r);
}

static void files_that_are_none_are_told(void **state) {
    (void)state;
    cred_rig r;
    char name[128], expected[256];
    open_profile(&r, NULL, NULL, NULL);
    cred_env("AWS_CONFIG_FILE", "/dev/null");
    cred_env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/dir/file");
    cred_expect_error(&r, false, "authentication: profile: there is no profile \"default\"");
    cred_env("AWS_CONFIG_FILE", r.home);
    snprintf(expected, sizeof(expected), "authentication: profile: %s is not a regular file", r.home);
    cred_expect_error(&r, true, expected);
    cred_env("AWS_CONFIG_FILE", "/dev/zero");
    cred_expect_error(&r, true, "authentication: profile: /dev/zero is not a regular file");

    /* A pipe that nobody writes to keeps nobody waiting. */
    snprintf(name, sizeof(name), "%s/pipe", r.home);
    assert_int_equal(mkfifo(name, 0600), 0);
    cred_env("AWS_CONFIG_FILE", name);
    snprintf(expected, sizeof(expected), "authentication: profile: %s is not a regular file", name);
    cred_expect_error(&r, true, expected);

    snprintf(name, sizeof(name), "%s/loop", r.home);
    assert_int_equal(symlink("loop", name), 0);
    cred_env("AWS_CONFIG_FILE", name);
    snprintf(expected, sizeof(expected), "authentication: profile: cannot read %s: Too many levels of symbolic links", name);
    cred_expect_error(&r, true, expected);
    cred_close(&r);
}

static void rights_that_are_missing_are_told(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, NULL, "[default]\n", NULL);
    const char *path = cred_file(&r, ".aws/config", "[default]\n");
    char expected[512];
    snprintf(expected, sizeof(expected), "authentication: profile: cannot read %s: Permission denied", path);
    assert_int_equal(chmod(r.home, 0755), 0);
    assert_int_equal(chmod(path, 0000), 0);
    bool root = geteuid() == 0; /* who may read everything */
    if (root) {
        char directory[128];
        snprintf(directory, sizeof(directory), "%s/.aws", r.home);
        assert_int_equal(chmod(directory, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    cred_answer answer = cred_get(&r);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_string_equal(cred_error_text(&answer.error), expected);
    assert_true(answer.configured);
    cred_close(&r);
}

/* ---- roles ---- */

#define ASSUME "[profile a]\nrole_arn = " ROLE "\nsource_profile = b\nrole_session_name = me@x\nexternal_id = e x&t\n" \
               "duration_seconds = 3600\n[profile b]\naws_access_key_id = AKIDEXAMPLE\n" \
               "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"

static void a_role_is_assumed(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", ASSUME, NULL);
    cred_expect_wait(&r);
    cred_expect_wait(&r);
    assert_string_equal(
        fake_sent(&r.network),
        "POST https://sts.us-east-1.amazonaws.com/\n"
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
        "X-Amz-Date: 20150830T123600Z\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=0d4e689a2ea20e910568b9401cdae19de55e2ec8cb571d4b59e2c8638097d1db\n"
        "\n"
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FRoleA&"
        "RoleSessionName=me%40x&DurationSeconds=3600&ExternalId=e%20x%26t\n---\n");
    assert_false(r.transport.direct);
    assert_int_equal(r.transport.connect_timeout_ms, 3100);
    assert_int_equal(r.transport.response_limit_bytes, 65536);
    assert_int_equal(r.ready, 0);
    cred_reply(&r, 200, "", sts_keys);
    assert_int_equal(r.ready, 1);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    cred_close(&r);
}

static void roles_are_assumed_one_after_the_other(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\nsource_profile = b\n[profile b]\nrole_arn = " ROLE "B\n"
                          "source_profile = c\n[profile c]\naws_access_key_id = AK\naws_secret_access_key = SK\n"
                          "aws_session_token = TK\n", NULL);
    cred_expect_wait(&r);
    const char *sent = fake_sent(&r.network);
    assert_non_null(strstr(sent, "\nX-Amz-Security-Token: TK\n"));
    assert_non_null(strstr(sent, "Credential=AK/20150830/us-east-1/sts/aws4_request, "
                                 "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    assert_non_null(strstr(sent, "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FRoleAB&RoleSessionName=outdial-1440938160\n"));
    cred_reply(&r, 200, "", sts_keys);
    assert_int_equal(r.ready, 0);
    sent = fake_sent(&r.network);
    assert_non_null(strstr(sent, "\nX-Amz-Security-Token: tok&en\n"));
    assert_non_null(strstr(sent, "Credential=ASIA/20150830/us-east-1/sts/aws4_request"));
    assert_non_null(strstr(sent, "%3Arole%2FRoleA&RoleSessionName=outdial-1440938160\n"));
    cred_reply(&r, 200, "", sts_keys);
    assert_int_equal(r.ready, 1);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    cred_close(&r);
}

static const struct { int status; const char *body, *error; bool retryable; } sts_refusals[] = {
    { 403, STS_ERROR("AccessDenied", "User x is not authorized"),
      "permission: sts: HTTP 403 AccessDenied: User x is not authorized", false },
    { 403, STS_ERROR("InvalidClientTokenId", "The security token is invalid"),
      "authentication: sts: HTTP 403 InvalidClientTokenId: The security token is invalid", false },
    { 400, STS_ERROR("ExpiredTokenException", "too late"),
      "authentication: sts: HTTP 400 ExpiredTokenException: too late", false },
    { 403, STS_ERROR("RegionDisabledException", "not here"),
      "authentication: sts: HTTP 403 RegionDisabledException: not here", false },
    { 400, "", "authentication: sts: HTTP 400", false },
    { 404, "<html>", "authentication: sts: HTTP 404", false },
    { 302, "", "authentication: sts: HTTP 302", false },
    { 200, "", "protocol: sts: the answer is not well-formed XML", false },
    { 200, "{}", "protocol: sts: the answer is not well-formed XML", false },
    { 200, "<a/>", "protocol: sts: there is no AccessKeyId in the answer", false },
    { 200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey/>"
      "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
      "protocol: sts: there is no SecretAccessKey in the answer", false },
    { 200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>a&#10;b"
      "</SecretAccessKey></Credentials></AssumeRoleResult></AssumeRoleResponse>",
      "protocol: sts: SecretAccessKey has a control character in it", false },
    { 200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S"
      "</SecretAccessKey><SessionToken>T</SessionToken><Expiration>soon</Expiration></Credentials></AssumeRoleResult>"
      "</AssumeRoleResponse>", "protocol: sts: Expiration is no time", false },
};

static void what_sts_refuses_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(sts_refusals) / sizeof(sts_refusals[0]); i++) {
        cred_rig r;
        open_profile(&r, "a", ASSUME, NULL);
        cred_expect_wait(&r);
        cred_reply(&r, sts_refusals[i].status, "", sts_refusals[i].body);
        assert_int_equal(r.ready, 1);
        cred_expect_error(&r, true, sts_refusals[i].error);
        cred_close(&r);
    }
}

static void what_may_be_better_next_time_is_tried_again(void **state) {
    (void)state;
    static const struct { int status; const char *body; } rows[] = {
        { 500, "" }, { 503, "<html>" }, { 429, "" }, { 400, STS_ERROR("IDPCommunicationError", "x") },
        { 400, STS_ERROR("Throttling", "x") },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cred_rig r;
        open_profile(&r, "a", ASSUME, NULL);
        cred_expect_wait(&r);
        cred_reply(&r, rows[i].status, "", rows[i].body);
        assert_int_equal(r.ready, 0);
        cred_pass(&r, 1000);
        assert_int_equal(r.network.sent_count, 2);
        cred_reply(&r, 200, "", sts_keys);
        cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
        cred_close(&r);
    }
}

static void three_tries_are_all(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", ASSUME, NULL);
    cred_expect_wait(&r);
    for (int i = 0; i < 3; i++) {
        cred_reply(&r, 503, "", STS_ERROR("ServiceUnavailable", "tired"));
        cred_pass(&r, 20000);
    }
    assert_int_equal(r.network.sent_count, 3);
    cred_answer answer = cred_get(&r);
    assert_string_equal(cred_error_text(&answer.error), "unavailable: sts: HTTP 503 ServiceUnavailable: tired");
    assert_true(answer.error.retryable);
    assert_int_equal(answer.error.http_status, 503);
    /* And next time it is asked anew. */
    cred_expect_wait(&r);
    for (int i = 0; i < 3; i++) {
        fake_leave(&r.network, r.network.first); /* a role may be assumed twice */
        cred_break(&r, OD_TIMEOUT, "no answer within 10000 ms");
        cred_pass(&r, 20000);
    }
    assert_int_equal(r.network.sent_count, 6);
    cred_expect_error(&r, true, "timeout: sts: no answer within 10000 ms");
    cred_close(&r);
}

static void a_source_may_be_freed_while_it_asks(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", ASSUME, NULL);
    cred_expect_wait(&r);
    assert_int_equal(fake_waiting(&r.network), 1);
    cred_close(&r); /* asserts that nothing waits any more */
}

static void credential_source_environment(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\ncredential_source = Environment\n", NULL);
    cred_expect_error(&r, true, "authentication: environment: AWS_ACCESS_KEY_ID is not set");
    cred_env("AWS_ACCESS_KEY_ID", "EK");
    cred_env("AWS_SECRET_ACCESS_KEY", "ES");
    cred_expect_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "Credential=EK/20150830/us-east-1/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    cred_close(&r);
}

static void credential_source_container(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\ncredential_source = EcsContainer\n", NULL);
    cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), "GET http://169.254.170.2/x\nAccept: application/json\n\n\n---\n");
    cred_reply(&r, 200, "", "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Token\":\"CT\","
                            "\"Expiration\":\"2015-08-30T13:36:00Z\"}");
    assert_non_null(strstr(fake_sent(&r.network), "Credential=CK/20150830/us-east-1/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    cred_close(&r);
}

static void a_program_below_a_role(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\nsource_profile = b\n[profile b]\ncredential_process = /bin/echo "
                          "'{\"Version\":1,\"AccessKeyId\":\"PK\",\"SecretAccessKey\":\"PS\"}'\n", NULL);
    cred_expect_wait(&r);
    while (fake_waiting(&r.network) == 0)
        cred_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "Credential=PK/20150830/us-east-1/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    (void)cred_file(&r, ".aws/config", "[profile a]\nrole_arn = " ROLE "\nsource_profile = b\n"
                                       "[profile b]\ncredential_process = /bin/false\n");
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_error(&r, true, "authentication: process: the program failed with exit status 1");
    cred_close(&r);
}

static void regions_and_endpoints_of_sts(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", ASSUME "[profile c]\nregion = ap-south-1\n", NULL);
    r.setup.region = NULL;
    od__credential_source_free(r.source);
    assert_int_equal(od__credentials_profile_new(&r.setup, "a", &r.source, NULL), OD_OK);
    cred_listen(&r);
    cred_env("AWS_DEFAULT_REGION", "eu-west-1");
    cred_expect_wait(&r);
    const char *sent = fake_sent(&r.network);
    assert_int_equal(strncmp(sent, "POST https://sts.eu-west-1.amazonaws.com/\n", 42), 0);
    assert_non_null(strstr(sent, "/20150830/eu-west-1/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    (void)cred_get(&r);
    cred_env("AWS_REGION", "eu-west-2");
    cred_env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566/sts");
    cred_expect_wait(&r);
    sent = fake_sent(&r.network);
    assert_int_equal(strncmp(sent, "POST http://127.0.0.1:4566/sts\n", 31), 0);
    assert_non_null(strstr(sent, "/20150830/eu-west-2/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    (void)cred_get(&r);
    cred_env("AWS_REGION", "no/region");
    cred_expect_error(&r, true, "authentication: profile: \"no/region\" is no region");
    cred_close(&r);
}

/* Each allocation of a whole fetch fails once: nothing leaks, and it is out_of_memory or a result, nothing else. */
static void a_role_survives_every_lack_of_memory(void **state) {
    (void)state;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        cred_rig r;
        open_profile(&r, "a", ASSUME, NULL);
        od__memory_fail_at(n);
        cred_answer answer = cred_get(&r);
        done = od__memory_fail_at(0) < n && answer.waiting;
        if (answer.waiting) {
            od__memory_fail_at(done ? 0 : n);
            cred_reply(&r, 200, "", sts_keys);
            od__memory_fail_at(0);
            answer = cred_get(&r);
        }
        assert_true(answer.status == OD_OK || answer.status == OD_OUT_OF_MEMORY);
        assert_true(n > 20 || answer.status == OD_OUT_OF_MEMORY);
        cred_close(&r);
    }
}

/* ---- web identity ---- */

static void open_web_identity(cred_rig *r, const char *token) {
    static char path[512];
    cred_open(r);
    snprintf(path, sizeof(path), "%s", cred_file(r, "token", token));
    cred_env("AWS_WEB_IDENTITY_TOKEN_FILE", path);
    cred_env("AWS_ROLE_ARN", ROLE);
    assert_int_equal(od__credentials_web_identity_new(&r->setup, &r->source, NULL), OD_OK);
    cred_listen(r);
}

static void a_web_identity_is_exchanged(void **state) {
    (void)state;
    cred_rig r;
    open_web_identity(&r, "ey.one+/=\n");
    cred_env("AWS_ROLE_SESSION_NAME", "pod-1");
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network),
                        "POST https://sts.us-east-1.amazonaws.com/\n"
                        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n\n"
                        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
                        "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FRoleA&RoleSessionName=pod-1&"
                        "WebIdentityToken=ey.one%2B%2F%3D\n---\n");
    cred_reply(&r, 200, "", web_keys);
    cred_expect_keys(&r, "ASIA secret token", HOUR_LATER);
    /* The token is read anew for each fetch. */
    (void)cred_file(&r, "token", "ey.two");
    cred_env("AWS_ROLE_SESSION_NAME", NULL);
    cred_expect_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "RoleSessionName=outdial-1440938160&WebIdentityToken=ey.two\n"));
    cred_reply(&r, 400, "", STS_ERROR("ExpiredTokenException", "Token expired"));
    cred_expect_error(&r, true, "authentication: web identity: HTTP 400 ExpiredTokenException: Token expired");
    cred_expect_wait(&r);
    cred_reply(&r, 200, "", sts_keys); /* the other action's answer is none */
    cred_expect_error(&r, true, "protocol: web identity: there is no AccessKeyId in the answer");
    cred_close(&r);
}

static void a_web_identity_needs_file_role_and_token(void **state) {
    (void)state;
    cred_rig r;
    open_web_identity(&r, "");
    const char *file = cred_get_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    expect_file_error(&r, "web identity: there is no token in ", "token", "");
    (void)cred_file(&r, "token", "\n\n");
    expect_file_error(&r, "web identity: there is no token in ", "token", "");
    (void)cred_file_n(&r, "token", "abcd\0efgh", 9);
    expect_file_error(&r, "web identity: there is no token in ", "token", "");
    static char huge[20 * 1024 + 1];
    memset(huge, 'x', sizeof(huge));
    (void)cred_file_n(&r, "token", huge, sizeof(huge));
    expect_file_error(&r, "web identity: ", "token", " is larger than 20480 bytes");
    (void)cred_file_n(&r, "token", huge, sizeof(huge) - 1);
    cred_expect_wait(&r);
    cred_reply(&r, 200, "", web_keys);
    cred_expect_keys(&r, "ASIA secret token", HOUR_LATER);
    unlink(file);
    expect_file_error(&r, "web identity: cannot read ", "token", ": No such file or directory");
    cred_env("AWS_ROLE_ARN", NULL);
    cred_expect_error(&r, true, "authentication: web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    cred_env("AWS_ROLE_ARN", "short");
    cred_expect_error(&r, true, "authentication: web identity: role_arn must have 20 to 2048 characters");
    cred_env("AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
    cred_expect_error(&r, false, "authentication: web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    cred_close(&r);
}

static void a_web_identity_of_a_profile(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\nweb_identity_token_file = ~/token\nrole_session_name = me\n",
                 NULL);
    (void)cred_file(&r, "token", "ey.three");
    cred_expect_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "&RoleSessionName=me&WebIdentityToken=ey.three\n"));
    cred_reply(&r, 200, "", web_keys);
    cred_expect_keys(&r, "ASIA secret token", HOUR_LATER);
    cred_close(&r);
}

/* ---- containers ---- */

#define CONTAINER_KEYS "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Token\":\"CT\"," \
                       "\"Expiration\":\"2015-08-30T13:36:00Z\",\"RoleArn\":\"x\"}"

static void open_container(cred_rig *r) {
    cred_open(r);
    assert_int_equal(od__credentials_container_new(&r->setup, &r->source, NULL), OD_OK);
    cred_listen(r);
}

static void a_container_gives_keys(void **state) {
    (void)state;
    cred_rig r;
    open_container(&r);
    cred_expect_error(&r, false, "authentication: container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                                 "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    cred_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    cred_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc");
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), "GET http://169.254.170.23/v1/credentials\nAccept: application/json\n"
                                               "Authorization: Basic abc\n\n\n---\n");
    assert_true(r.transport.direct);
    assert_null(r.transport.allow_address);
    assert_int_equal(r.transport.connect_timeout_ms, 1000);
    cred_reply(&r, 200, "", CONTAINER_KEYS);
    cred_expect_keys(&r, "CK CS CT", HOUR_LATER);

    /* A file's token wins, and is read for each fetch. */
    cred_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", cred_file(&r, "token", "one"));
    cred_expect_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "\nAuthorization: one\n"));
    cred_reply(&r, 200, "", CONTAINER_KEYS);
    cred_expect_keys(&r, "CK CS CT", HOUR_LATER);
    (void)cred_file(&r, "token", "two");
    cred_expect_wait(&r);
    assert_non_null(strstr(fake_sent(&r.network), "\nAuthorization: two\n"));
    cred_reply(&r, 200, "", CONTAINER_KEYS);
    cred_close(&r);
}

static void a_name_is_asked_only_where_it_leads_to_an_allowed_address(void **state) {
    (void)state;
    cred_rig r;
    open_container(&r);
    cred_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:8080/x");
    cred_expect_wait(&r);
    assert_true(r.transport.allow_address == od__container_allows);
    cred_break(&r, OD_NETWORK, "the address of localhost:8080 is not one that may be asked");
    cred_pass(&r, 20000);
    cred_break(&r, OD_NETWORK, "the address of localhost:8080 is not one that may be asked");
    cred_pass(&r, 20000);
    cred_break(&r, OD_NETWORK, "the address of localhost:8080 is not one that may be asked");
    cred_expect_error(&r, true, "network: container: the address of localhost:8080 is not one that may be asked");
    cred_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://example.com/x");
    cred_expect_wait(&r);
    assert_null(r.transport.allow_address);
    cred_reply(&r, 200, "", CONTAINER_KEYS);
    cred_expect_keys(&r, "CK CS CT", HOUR_LATER);
    cred_close(&r);
}

static void what_a_container_does_wrong_is_told(void **state) {
    (void)state;
    static const struct { int status; const char *body, *error; } rows[] = {
        { 400, "{\"code\":\"InvalidToken\",\"message\":\"no such task\"}",
          "authentication: container: HTTP 400 InvalidToken: no such task" },
        { 404, "", "authentication: container: HTTP 404" },
        { 200, "", "protocol: container: the answer is not JSON: line 1, column 0: unexpected token near end of file" },
        { 200, "[]", "protocol: container: the answer is not a JSON object" },
        { 200, "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Expiration\":\"2015-08-30T13:36:00Z\"}",
          "protocol: container: there is no Token in the answer" },
        { 200, "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Token\":\"CT\"}",
          "protocol: container: there is no Expiration in the answer" },
        { 200, "{\"AccessKeyId\":\"CK\",\"SecretAccessKey\":\"CS\",\"Token\":\"CT\",\"Expiration\":7}",
          "protocol: container: Expiration is no time" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cred_rig r;
        open_container(&r);
        cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
        cred_expect_wait(&r);
        cred_reply(&r, rows[i].status, "", rows[i].body);
        cred_expect_error(&r, true, rows[i].error);
        cred_close(&r);
    }
}

static void what_is_wrong_with_a_container_token_is_told(void **state) {
    (void)state;
    cred_rig r;
    open_container(&r);
    cred_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/x");
    cred_expect_error(&r, true, "authentication: container: AWS_CONTAINER_CREDENTIALS_FULL_URI leads to 192.0.2.1, which "
                                "without https may only be this host or the address of a credential endpoint");
    cred_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    cred_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nHost: b");
    cred_expect_error(&r, true, "authentication: container: the token of AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break "
                                "in it");
    cred_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\tb");
    cred_expect_error(&r, true, "authentication: container: the token of AWS_CONTAINER_AUTHORIZATION_TOKEN has a control "
                                "character in it");
    cred_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", cred_file(&r, "token", "one\n"));
    expect_file_error(&r, "container: the token of ", "token", " has a line break in it");
    (void)cred_file(&r, "token", "");
    expect_file_error(&r, "container: there is no token in ", "token", "");
    static char huge[20 * 1024 + 1];
    memset(huge, 'x', sizeof(huge));
    (void)cred_file_n(&r, "token", huge, sizeof(huge));
    expect_file_error(&r, "container: ", "token", " is larger than 20480 bytes");
    assert_int_equal(r.network.sent_count, 0);
    cred_close(&r);
}

/* ---- instance metadata ---- */

#define TOKEN_LIFE "x-aws-ec2-metadata-token-ttl-seconds: 21600\n"
#define IMDS_KEYS "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"LastUpdated\":\"2015-08-30T12:00:00Z\"," \
                  "\"AccessKeyId\":\"IK\",\"SecretAccessKey\":\"IS\",\"Token\":\"IT\"," \
                  "\"Expiration\":\"2015-08-30T13:36:00Z\"}"
#define TOKEN_REQUEST "PUT http://169.254.169.254/latest/api/token\n" TOKEN_LIFE "\n\n---\n"
#define ROLE_REQUEST "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/\n" \
                     "x-aws-ec2-metadata-token: TOKEN==\n\n\n---\n"
#define KEYS_REQUEST "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role\n" \
                     "x-aws-ec2-metadata-token: TOKEN==\n\n\n---\n"

static void open_imds(cred_rig *r) {
    cred_open(r);
    assert_int_equal(od__credentials_imds_new(&r->setup, NULL, &r->source, NULL), OD_OK);
    cred_listen(r);
}

static void an_instance_gives_keys(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), TOKEN_REQUEST);
    assert_true(r.transport.direct);
    assert_int_equal(r.transport.connect_timeout_ms, 1000);
    assert_int_equal(r.network.first->timeout_ms, 1000);
    cred_reply(&r, 200, TOKEN_LIFE, "TOKEN==");
    assert_string_equal(fake_sent(&r.network), ROLE_REQUEST);
    cred_reply(&r, 200, "", " my-role \nanother\n");
    assert_string_equal(fake_sent(&r.network), KEYS_REQUEST);
    assert_int_equal(r.ready, 0);
    cred_reply(&r, 200, "", IMDS_KEYS);
    assert_int_equal(r.ready, 1);
    cred_expect_keys(&r, "IK IS IT", HOUR_LATER);

    /* The token is kept, until two minutes before its end. */
    cred_pass(&r, (21600 - 120) * 1000 - 1);
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), ROLE_REQUEST);
    cred_reply(&r, 200, "", "my-role");
    cred_reply(&r, 200, "", IMDS_KEYS);
    cred_expect_keys(&r, "IK IS IT", HOUR_LATER);
    cred_pass(&r, 1);
    (void)fake_sent(&r.network);
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), TOKEN_REQUEST);
    cred_close(&r);
}

static void a_token_lives_as_long_as_its_answer_says(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    cred_env("AWS_EC2_INSTANCE_PROFILE_NAME", "my role/x");
    cred_expect_wait(&r);
    cred_reply(&r, 200, "X-aws-ec2-metadata-token-ttl-seconds: 180\n", "TOKEN==");
    (void)fake_sent(&r.network);
    cred_reply(&r, 200, "", IMDS_KEYS);
    cred_expect_keys(&r, "IK IS IT", HOUR_LATER);
    cred_pass(&r, 59999);
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network),
                        "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my%20role%2Fx\n"
                        "x-aws-ec2-metadata-token: TOKEN==\n\n\n---\n");
    cred_reply(&r, 200, "", IMDS_KEYS);
    cred_expect_keys(&r, "IK IS IT", HOUR_LATER);
    cred_pass(&r, 1);
    cred_expect_wait(&r);
    assert_string_equal(fake_sent(&r.network), TOKEN_REQUEST);
    cred_close(&r);
}

static void a_token_that_is_refused_is_got_anew_once(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    cred_expect_wait(&r);
    cred_reply(&r, 200, TOKEN_LIFE, "OLD");
    cred_reply(&r, 200, "", "my-role");
    cred_reply(&r, 200, "", IMDS_KEYS);
    cred_expect_keys(&r, "IK IS IT", HOUR_LATER);
    cred_expect_wait(&r);
    cred_reply(&r, 200, "", "my-role");
    (void)fake_sent(&r.network);
    cred_reply(&r, 401, "", "");
    assert_string_equal(fake_sent(&r.network), TOKEN_REQUEST);
    cred_reply(&r, 200, TOKEN_LIFE, "TOKEN==");
    assert_string_equal(fake_sent(&r.network), KEYS_REQUEST);
    cred_reply(&r, 401, "", "");
    cred_expect_error(&r, true, "authentication: imds: HTTP 401");
    cred_close(&r);
}

static void version_1_is_not_spoken(void **state) {
    (void)state;
    static const struct { int status; const char *error; } rows[] = {
        { 400, "authentication: imds: HTTP 400: no token was given, and version 1 is not spoken" },
        { 403, "authentication: imds: HTTP 403: no token was given, and version 1 is not spoken" },
        { 404, "authentication: imds: HTTP 404: no token was given, and version 1 is not spoken" },
        { 405, "authentication: imds: HTTP 405: no token was given, and version 1 is not spoken" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cred_rig r;
        open_imds(&r);
        cred_expect_wait(&r);
        cred_reply(&r, rows[i].status, "", "");
        assert_int_equal(r.network.sent_count, 1);
        cred_expect_error(&r, true, rows[i].error);
        cred_close(&r);
    }
}

static void where_no_service_is_nothing_is_configured(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    cred_expect_wait(&r);
    for (int i = 0; i < 2; i++) {
        cred_break(&r, OD_TIMEOUT, "no connection to 169.254.169.254 within 1000 ms");
        cred_pass(&r, 1000);
    }
    assert_int_equal(r.network.sent_count, 2);
    cred_expect_error(&r, false, "authentication: imds: no connection to 169.254.169.254 within 1000 ms");
    cred_close(&r);
}

static void a_service_that_hangs_is_an_error(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    cred_expect_wait(&r);
    for (int i = 0; i < 2; i++) {
        fake_leave(&r.network, r.network.first);
        cred_break(&r, OD_TIMEOUT, "no answer within 1000 ms");
        cred_pass(&r, 1000);
    }
    assert_int_equal(r.network.sent_count, 2);
    cred_answer answer = cred_get(&r);
    assert_string_equal(cred_error_text(&answer.error), "timeout: imds: no answer within 1000 ms");
    assert_true(answer.configured);
    assert_true(answer.error.retryable);
    cred_close(&r);
}

static const struct { const char *token; int role_status; const char *role; int keys_status; const char *keys, *error;
                      bool configured; } imds_rows[] = {
    { "", 0, NULL, 0, NULL, "protocol: imds: what came for a token is none", true },
    { "a b", 0, NULL, 0, NULL, "protocol: imds: what came for a token is none", true },
    { "<html>\n", 0, NULL, 0, NULL, "protocol: imds: what came for a token is none", true },
    { "T", 404, "", 0, NULL, "authentication: imds: the instance has no role", false },
    { "T", 403, "", 0, NULL, "authentication: imds: HTTP 403", true },
    { "T", 200, "", 0, NULL, "protocol: imds: the name of the role is empty or longer than 255 bytes", true },
    { "T", 200, "\n \n", 0, NULL, "protocol: imds: the name of the role is empty or longer than 255 bytes", true },
    { "T", 200, "r", 404, "", "authentication: imds: HTTP 404", true },
    { "T", 200, "r", 200, "rubbish", "protocol: imds: the answer is not JSON: line 1, column 7: invalid token", true },
    { "T", 200, "r", 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}",
      "authentication: imds: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role", true },
    { "T", 200, "r", 200, "{\"Code\":\"Success\",\"AccessKeyId\":\"IK\"}",
      "protocol: imds: there is no SecretAccessKey in the answer", true },
};

static void what_an_instance_does_wrong_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(imds_rows) / sizeof(imds_rows[0]); i++) {
        cred_rig r;
        open_imds(&r);
        cred_expect_wait(&r);
        cred_reply(&r, 200, TOKEN_LIFE, imds_rows[i].token);
        if (imds_rows[i].role != NULL)
            cred_reply(&r, imds_rows[i].role_status, "", imds_rows[i].role);
        if (imds_rows[i].keys != NULL)
            cred_reply(&r, imds_rows[i].keys_status, "", imds_rows[i].keys);
        cred_expect_error(&r, imds_rows[i].configured, imds_rows[i].error);
        cred_close(&r);
    }
}

static void settings_of_the_metadata_service(void **state) {
    (void)state;
    cred_rig r;
    open_imds(&r);
    (void)cred_file(&r, ".aws/config", "[default]\nec2_metadata_service_endpoint_mode = IPv6\n"
                                       "[profile x]\nec2_metadata_service_endpoint = http://127.0.0.1:1338\n");
    cred_expect_wait(&r);
    assert_int_equal(strncmp(fake_sent(&r.network), "PUT http://[fd00:ec2::254]/latest/api/token\n", 44), 0);
    cred_reply(&r, 400, "", "");
    (void)cred_get(&r);
    cred_env("AWS_PROFILE", "x");
    cred_expect_wait(&r);
    assert_int_equal(strncmp(fake_sent(&r.network), "PUT http://127.0.0.1:1338/latest/api/token\n", 43), 0);
    cred_reply(&r, 400, "", "");
    (void)cred_get(&r);
    cred_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "gopher://x");
    cred_expect_error(&r, true, "authentication: imds: the metadata service's endpoint is no http URL: \"gopher://x\"");
    cred_env("AWS_EC2_METADATA_DISABLED", "TRUE");
    cred_expect_error(&r, false, "authentication: imds: AWS_EC2_METADATA_DISABLED is true");
    cred_env("AWS_EC2_METADATA_DISABLED", "false");
    cred_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    (void)cred_file(&r, ".aws/config", "rubbish");
    expect_file_error(&r, "imds: ", ".aws/config", " line 1: a property before the first section");
    cred_close(&r);
}

static void a_role_over_instance_metadata(void **state) {
    (void)state;
    cred_rig r;
    open_profile(&r, "a", "[profile a]\nrole_arn = " ROLE "\ncredential_source = Ec2InstanceMetadata\n", NULL);
    cred_env("AWS_EC2_METADATA_DISABLED", "true");
    cred_expect_error(&r, true, "authentication: imds: AWS_EC2_METADATA_DISABLED is true");
    cred_env("AWS_EC2_METADATA_DISABLED", NULL);
    cred_expect_wait(&r);
    cred_reply(&r, 200, TOKEN_LIFE, "TOKEN==");
    cred_reply(&r, 200, "", "my-role");
    cred_reply(&r, 200, "", IMDS_KEYS);
    assert_non_null(strstr(fake_sent(&r.network), "Credential=IK/20150830/us-east-1/sts/aws4_request"));
    cred_reply(&r, 200, "", sts_keys);
    cred_expect_keys(&r, "ASIA se/cr+et= tok&en", HOUR_LATER);
    cred_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_profile),
        cmocka_unit_test(nothing_is_there_unless_it_was_named),
        cmocka_unit_test(bad_files_are_told),
        cmocka_unit_test(files_that_are_none_are_told),
        cmocka_unit_test(rights_that_are_missing_are_told),
        cmocka_unit_test(a_role_is_assumed),
        cmocka_unit_test(roles_are_assumed_one_after_the_other),
        cmocka_unit_test(what_sts_refuses_is_told),
        cmocka_unit_test(what_may_be_better_next_time_is_tried_again),
        cmocka_unit_test(three_tries_are_all),
        cmocka_unit_test(a_source_may_be_freed_while_it_asks),
        cmocka_unit_test(credential_source_environment),
        cmocka_unit_test(credential_source_container),
        cmocka_unit_test(a_program_below_a_role),
        cmocka_unit_test(regions_and_endpoints_of_sts),
        cmocka_unit_test(a_role_survives_every_lack_of_memory),
        cmocka_unit_test(a_web_identity_is_exchanged),
        cmocka_unit_test(a_web_identity_needs_file_role_and_token),
        cmocka_unit_test(a_web_identity_of_a_profile),
        cmocka_unit_test(a_container_gives_keys),
        cmocka_unit_test(a_name_is_asked_only_where_it_leads_to_an_allowed_address),
        cmocka_unit_test(what_a_container_does_wrong_is_told),
        cmocka_unit_test(what_is_wrong_with_a_container_token_is_told),
        cmocka_unit_test(an_instance_gives_keys),
        cmocka_unit_test(a_token_lives_as_long_as_its_answer_says),
        cmocka_unit_test(a_token_that_is_refused_is_got_anew_once),
        cmocka_unit_test(version_1_is_not_spoken),
        cmocka_unit_test(where_no_service_is_nothing_is_configured),
        cmocka_unit_test(a_service_that_hangs_is_an_error),
        cmocka_unit_test(what_an_instance_does_wrong_is_told),
        cmocka_unit_test(settings_of_the_metadata_service),
        cmocka_unit_test(a_role_over_instance_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
