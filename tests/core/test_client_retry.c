/* How often a client tries: its option, the environment, the profile of the shared AWS files; and what each may say. */
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

#include "base/memory.h"
#include "client_rig.h"

static const char *const *variables;
static char config_file[64];
static size_t failing, made; /* allocations of making a client: which fails (0: none), and how many there were */

static const char *get_env(const char *name) {
    size_t length = strlen(name);
    if (strcmp(name, "AWS_CONFIG_FILE") == 0)
        return config_file;
    if (strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0)
        return "/dev/null";
    for (const char *const *at = variables; *at != NULL; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            return *at + length + 1;
    return NULL;
}

#define PROFILED "\"region\":\"us-east-1\",\"instance_id\":\"i-1\",\"contact_flow_id\":\"f-1\"," \
                 "\"source_phone_number\":\"+15555550199\""
#define GIVEN ",\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\",\"secret_access_key\":\"s\"}"
#define EIGHT "[default]\nmax_attempts = 8\nretry_mode = adaptive\n"

static const struct {
    const char *environment[3];
    const char *config;     /* the text of the config file */
    const char *options;    /* after those of PROFILED */
    int attempts;
    bool adaptive;
    const char *error;
} rows[] = {
    { { NULL }, "", "", 3, false, NULL },
    { { "AWS_MAX_ATTEMPTS=5", NULL }, "", "", 5, false, NULL },
    { { "AWS_MAX_ATTEMPTS=1", NULL }, "", "", 1, false, NULL },
    { { "AWS_MAX_ATTEMPTS=100", NULL }, "", "", 100, false, NULL },
    { { NULL }, EIGHT, "", 8, true, NULL },
    { { "AWS_MAX_ATTEMPTS=5", NULL }, EIGHT, "", 5, true, NULL },
    { { "AWS_MAX_ATTEMPTS=5", "AWS_RETRY_MODE=standard", NULL }, EIGHT, "", 5, false, NULL },
    { { "AWS_MAX_ATTEMPTS=", "AWS_RETRY_MODE=", NULL }, EIGHT, "", 8, true, NULL },
    { { "AWS_RETRY_MODE=adaptive", NULL }, "", "", 3, true, NULL },
    { { "AWS_RETRY_MODE=legacy", NULL }, "", "", 3, false, NULL }, /* taken as standard */
    { { NULL }, EIGHT "[profile p]\nmax_attempts = 2\n", ",\"profile\":\"p\"", 2, false, NULL },
    { { "AWS_PROFILE=p", NULL }, EIGHT "[profile p]\nmax_attempts = 2\n", "", 2, false, NULL },
    { { NULL }, EIGHT, ",\"profile\":\"nobody\"", 3, false, NULL },
    /* what the option says of one of them says nothing of the other */
    { { "AWS_MAX_ATTEMPTS=5", "AWS_RETRY_MODE=adaptive", NULL }, "", ",\"retry\":{\"max_attempts\":2}", 2, true, NULL },
    { { "AWS_MAX_ATTEMPTS=5", "AWS_RETRY_MODE=adaptive", NULL }, "", ",\"retry\":{\"mode\":\"standard\"}", 5, false, NULL },
    { { "AWS_MAX_ATTEMPTS=none", "AWS_RETRY_MODE=none", NULL }, "", ",\"retry\":{\"max_attempts\":2,\"mode\":\"adaptive\"}", 2,
      true, NULL },
    { { "AWS_MAX_ATTEMPTS=5", NULL }, EIGHT, ",\"retry\":false", 1, false, NULL },
    /* where keys are given, no file is read; the environment counts */
    { { NULL }, EIGHT, GIVEN, 3, false, NULL },
    { { "AWS_MAX_ATTEMPTS=5", NULL }, "no section\n", GIVEN, 5, false, NULL },
    { { "AWS_MAX_ATTEMPTS=0", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \"0\"" },
    { { "AWS_MAX_ATTEMPTS=101", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \"101\"" },
    { { "AWS_MAX_ATTEMPTS=-1", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \"-1\"" },
    { { "AWS_MAX_ATTEMPTS= 3", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \" 3\"" },
    { { "AWS_MAX_ATTEMPTS=3x", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \"3x\"" },
    { { "AWS_MAX_ATTEMPTS=99999999999999999999999999999999999999999999", NULL }, "", "", 0, false,
      "validation: AWS_MAX_ATTEMPTS: expected an integer from 1 to 100, got \"9999999999999999999999999999999999999999\"" },
    { { "AWS_RETRY_MODE=Standard", NULL }, "", "", 0, false,
      "validation: AWS_RETRY_MODE: expected legacy, standard or adaptive, got \"Standard\"" },
    { { NULL }, "[default]\nmax_attempts = many\n", "", 0, false,
      "validation: max_attempts of the profile: expected an integer from 1 to 100, got \"many\"" },
    { { NULL }, "[default]\nretry_mode = bold\n", "", 0, false,
      "validation: retry_mode of the profile: expected legacy, standard or adaptive, got \"bold\"" },
};

static od_status make_client(rig *r, size_t row, od_error *error) {
    char options[1024];
    snprintf(config_file, sizeof(config_file), "/tmp/outdial-retry-XXXXXX");
    int fd = mkstemp(config_file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rows[row].config, strlen(rows[row].config)), strlen(rows[row].config));
    close(fd);
    rig_open(r);
    variables = rows[row].environment;
    r->engine->get_env = get_env;
    snprintf(options, sizeof(options), "{" PROFILED "%s}", rows[row].options);
    od_value *given = parse(options);
    od__memory_fail_at(failing);
    od_status status = od_client_new(r->engine, od_vendor_find("amazon_connect"), given, &r->client, error);
    made = od__memory_fail_at(0);
    od_value_unref(given);
    unlink(config_file);
    return status;
}

static void attempts_and_mode_have_their_order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        od_error error = OD_ERROR_INIT;
        od_status status = make_client(&r, i, &error);
        if (rows[i].error != NULL) {
            assert_error(&error, rows[i].error);
        } else {
            if (status != OD_OK)
                assert_error(&error, "no error");
            if (r.client->plan.max_attempts != rows[i].attempts || r.client->plan.adaptive != rows[i].adaptive)
                fail_msg("row %zu: %d attempts, adaptive %d", i, r.client->plan.max_attempts, r.client->plan.adaptive);
        }
        rig_close(&r);
    }
}

static void other_vendors_know_nothing_of_it(void **state) {
    (void)state;
    static const char *const environment[] = { "AWS_MAX_ATTEMPTS=none", "AWS_RETRY_MODE=none", NULL };
    rig r;
    rig_open(&r);
    variables = environment;
    config_file[0] = '\0';
    r.engine->get_env = get_env;
    od_value *given = parse("{\"subdomain\":\"demo\",\"domain\":\"uc1.ccaiplatform.com\",\"api_token\":\"t\"}");
    assert_int_equal(od_client_new(r.engine, od_vendor_find("ccai_platform"), given, &r.client, NULL), OD_OK);
    od_value_unref(given);
    assert_int_equal(r.client->plan.max_attempts, 3);
    rig_close(&r);
}

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    const size_t row = 4; /* both from the profile */
    for (size_t n = 1;; n++) {
        rig r;
        od_error error = OD_ERROR_INIT;
        failing = n;
        od_status status = make_client(&r, row, &error);
        bool enough = made < n;
        if (status != OD_OK)
            assert_int_equal(error.code, OD_OUT_OF_MEMORY);
        rig_close(&r);
        if (enough) {
            assert_int_equal(status, OD_OK);
            break;
        }
    }
    failing = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_and_mode_have_their_order),
        cmocka_unit_test(other_vendors_know_nothing_of_it),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
