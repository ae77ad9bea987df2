/* Where an AWS client's requests go: option, environment, profile, partition; and what they are signed for. */
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

/* The environment: "NAME=value" of the row at hand. */
static const char *const *variables;

static const char *get_env(const char *name) {
    size_t length = strlen(name);
    for (const char *const *at = variables; *at != NULL; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            return *at + length + 1;
    return NULL;
}

#define AWS "https://connect.us-east-1.amazonaws.com"
#define CAMPAIGNS "https://connect-campaigns.us-east-1.amazonaws.com"

static const struct {
    const char *environment[5];
    const char *options;         /* after those of CONNECT */
    const char *own, *v1, *v2;   /* of the client's operations, and of campaigns in both versions */
    const char *error;
} rows[] = {
    { { NULL }, "", AWS, CAMPAIGNS, CAMPAIGNS, NULL },
    { { "AWS_ENDPOINT_URL=http://all:1", NULL }, "", "http://all:1", "http://all:1", "http://all:1", NULL },
    { { "AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_CONNECT=", NULL }, "", AWS, CAMPAIGNS, CAMPAIGNS, NULL },
    { { "AWS_ENDPOINT_URL_CONNECT=http://own", "AWS_ENDPOINT_URL=http://all/p/", NULL }, "", "http://own", "http://all/p",
      "http://all/p", NULL },
    { { "AWS_ENDPOINT_URL_CONNECT=http://own", NULL }, "", "http://own", CAMPAIGNS, CAMPAIGNS, NULL },
    { { "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS=http://one", "AWS_ENDPOINT_URL_CONNECTCAMPAIGNSV2=http://two", NULL }, "", AWS,
      "http://one", "http://two", NULL },
    { { "AWS_ENDPOINT_URL_CONNECT=http://own", "AWS_ENDPOINT_URL=http://all", NULL }, ",\"endpoint\":\"http://mine:8\"",
      "http://mine:8", "http://mine:8", "http://mine:8", NULL },
    { { "AWS_ENDPOINT_URL_CONNECT=http://own", "AWS_ENDPOINT_URL=http://all",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", NULL }, "", AWS, CAMPAIGNS, CAMPAIGNS, NULL },
    { { "AWS_ENDPOINT_URL=http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE", NULL }, ",\"use_fips\":true",
      "https://connect-fips.us-east-1.amazonaws.com", "https://connect-campaigns-fips.us-east-1.amazonaws.com",
      "https://connect-campaigns-fips.us-east-1.amazonaws.com", NULL },
    { { "AWS_ENDPOINT_URL=http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", NULL }, "", "http://all",
      "http://all", "http://all", NULL },
    { { NULL }, ",\"use_dualstack\":true", "https://connect.us-east-1.api.aws", "https://connect-campaigns.us-east-1.api.aws",
      "https://connect-campaigns.us-east-1.api.aws", NULL },
    { { "AWS_ENDPOINT_URL=nowhere", NULL }, "", NULL, NULL, NULL,
      "validation: AWS_ENDPOINT_URL: expected http(s)://host[:port][/path], got \"nowhere\"" },
    { { "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS=http://h?q", NULL }, "", NULL, NULL, NULL,
      "validation: AWS_ENDPOINT_URL_CONNECTCAMPAIGNS: expected http(s)://host[:port][/path], got \"http://h?q\"" },
    { { "AWS_ENDPOINT_URL_CONNECT=http://own", NULL }, ",\"use_fips\":true", NULL, NULL, NULL,
      "validation /use_fips: expected false (AWS_ENDPOINT_URL_CONNECT gives an endpoint), got true" },
    { { "AWS_ENDPOINT_URL=http://all", NULL }, ",\"use_dualstack\":true", NULL, NULL, NULL,
      "validation /use_dualstack: expected false (AWS_ENDPOINT_URL gives an endpoint), got true" },
    { { NULL }, ",\"use_fips\":true,\"endpoint\":\"http://mine\"", NULL, NULL, NULL,
      "validation /use_fips: expected false (an endpoint is given), got true" },
};

#define ITEM "\"clientToken\":\"t\",\"expirationTime\":\"2026-11-22T11:00:00Z\""
static const struct { const char *operation, *parameters, *path, *service; } operations[] = {
    { START, CALL, "/contact/outbound-voice", "connect" },
    { "put_dial_request_batch", "{\"id\":\"c\",\"dialRequests\":[{" ITEM ",\"phoneNumber\":\"+1\",\"attributes\":{}}]}",
      "/campaigns/c/dial-requests", "connect-campaigns" },
    { "put_outbound_request_batch", "{\"id\":\"c\",\"outboundRequests\":[{" ITEM ",\"channelSubtypeParameters\":{\"sms\":{}}}]}",
      "/v2/campaigns/c/outbound-requests", "connect-campaigns" },
};

static od_status make_client(rig *r, size_t row, od_error *error) {
    char options[1024];
    variables = rows[row].environment;
    r->engine->get_env = get_env;
    snprintf(options, sizeof(options), "{" CONNECT "%s}", rows[row].options);
    od_value *given = parse(options);
    od_status status = od_client_new(r->engine, od_vendor_find("amazon_connect"), given, &r->client, error);
    od_value_unref(given);
    return status;
}

static void an_address_has_its_order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig r;
        rig_open(&r);
        od_error error = OD_ERROR_INIT;
        od_status status = make_client(&r, i, &error);
        const char *const expected[] = { rows[i].own, rows[i].v1, rows[i].v2 };
        if (rows[i].error != NULL) {
            assert_error(&error, rows[i].error);
            assert_null(r.client);
        } else if (status != OD_OK) {
            assert_error(&error, "no error");
        }
        for (size_t k = 0; rows[i].error == NULL && k < 3; k++) {
            char line[512];
            od_request *request = submit(&r, operations[k].operation, operations[k].parameters, NULL);
            const char *sent = fake_sent(&r.network);
            snprintf(line, sizeof(line), "PUT %s%s\n", expected[k], operations[k].path);
            assert_memory_equal(sent, line, strlen(line));
            snprintf(line, sizeof(line), "/20150830/us-east-1/%s/aws4_request, ", operations[k].service);
            assert_non_null(strstr(sent, line));
            od_request_unref(request);
        }
        rig_close(&r);
    }
}

/* ---- the region ---- */

static void the_environment_may_name_the_region(void **state) {
    (void)state;
    static const struct { const char *environment[3], *options, *url, *error; } region_rows[] = {
        { { "AWS_REGION=eu-west-2", NULL }, "{}", "https://connect.eu-west-2.amazonaws.com/contact/outbound-voice", NULL },
        { { "AWS_REGION=eu-west-2", NULL }, "{\"region\":\"us-west-2\"}",
          "https://connect.us-west-2.amazonaws.com/contact/outbound-voice", NULL },
        { { "AWS_REGION=", NULL }, "{}", NULL, "validation /region: expected an AWS region such as us-east-1, got nothing" },
        { { "AWS_REGION=not a region", NULL }, "{}", NULL,
          "validation /region: expected an AWS region such as us-east-1, got \"not a region\"" },
        { { "AWS_REGION=eu-west-2", NULL }, "[]", NULL, "validation: expected an object, got an array" },
    };
    for (size_t i = 0; i < sizeof(region_rows) / sizeof(region_rows[0]); i++) {
        rig r;
        rig_open(&r);
        od_error error = OD_ERROR_INIT;
        variables = region_rows[i].environment;
        r.engine->get_env = get_env;
        od_value *given = parse(region_rows[i].options), *prepared = NULL;
        od_status status = od_client_new(r.engine, od_vendor_find("amazon_connect"), given, &r.client, &error);
        od_value_unref(given);
        if (region_rows[i].error != NULL) {
            assert_error(&error, region_rows[i].error);
        } else {
            assert_int_equal(status, OD_OK);
            given = parse("{\"DestinationPhoneNumber\":\"+15555550100\",\"SourcePhoneNumber\":\"+15555550199\","
                          "\"ContactFlowId\":\"f\",\"InstanceId\":\"i\"}");
            assert_int_equal(od_client_prepare(r.client, START, given, &prepared, NULL), OD_OK);
            assert_string_equal(od_value_string(od_value_get(prepared, "url")), region_rows[i].url);
            od_value_unref(prepared);
            od_value_unref(given);
        }
        rig_close(&r);
    }
}

/* ---- by the shared files ---- */

#define PROFILED "\"region\":\"us-east-1\",\"instance_id\":\"i-1\",\"contact_flow_id\":\"f-1\"," \
                 "\"source_phone_number\":\"+15555550199\""
#define GIVEN ",\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\",\"secret_access_key\":\"s\"}"

static const struct {
    const char *config;          /* the text of the config file */
    const char *variables[3];    /* beside the file's name */
    const char *options;         /* after those of PROFILED */
    const char *own, *v2;        /* of the client's operations, and of campaigns in version 2 */
    const char *error;           /* %s: the file */
} profile_rows[] = {
    { "[default]\nendpoint_url = http://all:1/\n", { NULL }, "", "http://all:1", "http://all:1", NULL },
    { "[default]\nendpoint_url = http://all\nservices = s\n[services s]\nconnect =\n  endpoint_url = http://own\n", { NULL }, "",
      "http://own", "http://all", NULL },
    { "[default]\nservices = s\n[services s]\nconnectcampaignsv2 =\n  endpoint_url = http://two\n", { NULL }, "", AWS,
      "http://two", NULL },
    { "[default]\nendpoint_url = http://all\n[profile p]\nendpoint_url = http://p\n", { NULL }, ",\"profile\":\"p\"",
      "http://p", "http://p", NULL },
    { "[default]\nendpoint_url = http://all\n[profile p]\nendpoint_url = http://p\n", { "AWS_PROFILE=p", NULL }, "",
      "http://p", "http://p", NULL },
    { "[default]\nendpoint_url = http://all\n", { NULL }, ",\"profile\":\"nobody\"", AWS, CAMPAIGNS, NULL },
    { "[default]\nendpoint_url = http://all\n", { "AWS_ENDPOINT_URL_CONNECT=http://own", NULL }, "", "http://own", "http://all",
      NULL },
    { "[default]\nendpoint_url = http://all\n", { NULL }, ",\"endpoint\":\"http://mine\"", "http://mine", "http://mine", NULL },
    { "[default]\nendpoint_url = http://all\n", { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", NULL }, "", AWS, CAMPAIGNS, NULL },
    { "[default]\nendpoint_url = http://all\nignore_configured_endpoint_urls = true\n", { NULL }, "", AWS, CAMPAIGNS, NULL },
    { "[default]\nendpoint_url = http://all\n", { NULL }, GIVEN, AWS, CAMPAIGNS, NULL }, /* keys are given: no file is read */
    { "no section\n", { NULL }, GIVEN, AWS, CAMPAIGNS, NULL },
    { "[default]\nendpoint_url = nowhere\n", { NULL }, "", NULL, NULL,
      "validation: endpoint_url of the profile: expected http(s)://host[:port][/path], got \"nowhere\"" },
    { "[default]\nendpoint_url = http://all\n", { NULL }, ",\"use_fips\":true", NULL, NULL,
      "validation /use_fips: expected false (endpoint_url of the profile gives an endpoint), got true" },
    { "[default\n", { NULL }, "", NULL, NULL, "authentication: profile: %s line 1: a section has no \"]\" at its end" },
};

static char config_file[64], config_variable[96];

static void write_config(const char *text) {
    snprintf(config_file, sizeof(config_file), "/tmp/outdial-endpoints-XXXXXX");
    int fd = mkstemp(config_file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(config_variable, sizeof(config_variable), "AWS_CONFIG_FILE=%s", config_file);
}

static od_status make_profile_client(rig *r, size_t row, od_error *error) {
    static const char *environment[8];
    size_t count = 0;
    environment[count++] = config_variable;
    environment[count++] = "AWS_SHARED_CREDENTIALS_FILE=/dev/null";
    for (const char *const *variable = profile_rows[row].variables; *variable != NULL; variable++)
        environment[count++] = *variable;
    environment[count] = NULL;
    variables = environment;
    r->engine->get_env = get_env;
    char options[1024];
    snprintf(options, sizeof(options), "{" PROFILED "%s}", profile_rows[row].options);
    od_value *given = parse(options);
    od_status status = od_client_new(r->engine, od_vendor_find("amazon_connect"), given, &r->client, error);
    od_value_unref(given);
    return status;
}

static void assert_goes_to(rig *r, size_t operation, const char *expected) {
    char url[512];
    od_value *given = parse(operations[operation].parameters), *prepared = NULL;
    assert_int_equal(od_client_prepare(r->client, operations[operation].operation, given, &prepared, NULL), OD_OK);
    snprintf(url, sizeof(url), "%s%s", expected, operations[operation].path);
    assert_string_equal(od_value_string(od_value_get(prepared, "url")), url);
    od_value_unref(prepared);
    od_value_unref(given);
}

static void a_profile_has_a_say_too(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(profile_rows) / sizeof(profile_rows[0]); i++) {
        rig r;
        rig_open(&r);
        od_error error = OD_ERROR_INIT;
        write_config(profile_rows[i].config);
        od_status status = make_profile_client(&r, i, &error);
        if (profile_rows[i].error != NULL) {
            char expected[256];
            const char *file = strstr(profile_rows[i].error, "%s");
            snprintf(expected, sizeof(expected), "%.*s%s%s", file != NULL ? (int)(file - profile_rows[i].error) : 200,
                     profile_rows[i].error, file != NULL ? config_file : "", file != NULL ? file + 2 : "");
            assert_error(&error, expected);
        } else if (status != OD_OK) {
            assert_error(&error, "no error");
        }
        unlink(config_file); /* what it said is known by now */
        const char *const expected_urls[] = { profile_rows[i].own, NULL, profile_rows[i].v2 };
        for (size_t k = 0; status == OD_OK && k < 3; k += 2)
            assert_goes_to(&r, k, expected_urls[k]);
        rig_close(&r);
    }
}

static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t n = 1;; n++) {
            rig r;
            rig_open(&r);
            od_error error = OD_ERROR_INIT;
            char options[1024];
            variables = rows[i].environment;
            r.engine->get_env = get_env;
            snprintf(options, sizeof(options), "{" CONNECT "%s}", rows[i].options);
            od_value *given = parse(options);
            od__memory_fail_at(n);
            od_status status = od_client_new(r.engine, od_vendor_find("amazon_connect"), given, &r.client, &error);
            bool enough = od__memory_fail_at(0) < n;
            od_value_unref(given);
            if (enough)
                assert_int_equal(status, rows[i].error != NULL ? OD_VALIDATION : OD_OK);
            else
                assert_true(status == OD_OUT_OF_MEMORY || (rows[i].error != NULL && status == OD_VALIDATION));
            rig_close(&r);
            if (enough)
                break;
        }
    }
}

/* jansson's own door to the heap: opened here so that its allocations fail in their turn as well. */
void json_set_alloc_funcs(void *(*allocate)(size_t bytes), void (*release)(void *block));

int main(void) {
    json_set_alloc_funcs(od__alloc, od__free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_its_order),
        cmocka_unit_test(the_environment_may_name_the_region),
        cmocka_unit_test(a_profile_has_a_say_too),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
