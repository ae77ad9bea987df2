/* A client's checked options, turned into what its layers want. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/profile_endpoint.h"
#include "json/value.h"

#define SECONDS_MAX 518400.0          /* six days: the longest that any option may ask for */
#define RATE_PER_SECOND_MAX 100000.0
#define RATE_BURST_MAX 100000

static od_status refuse(const char *path, const char *expected, const od_value *value, od_error *err) {
    char got[64] = "nothing";
    if (value != NULL)
        od__value_describe(value, got, sizeof(got));
    return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s", expected, got);
}

static bool is_number(const od_value *value) {
    return value != NULL && (od_value_type(value) == OD_TYPE_NUMBER || od_value_type(value) == OD_TYPE_INTEGER);
}

static bool is_false(const od_value *value) {
    return value != NULL && od_value_type(value) == OD_TYPE_BOOLEAN && !od_value_boolean(value);
}

/* Reads option `name` in seconds into *out_ms, which keeps its default when the option is absent. */
static od_status read_seconds(const od_value *options, const char *name, double least, int64_t *out_ms, od_error *err) {
    const od_value *value = od_value_get(options, name);
    if (value == NULL)
        return OD_OK;
    double seconds = od_value_number(value);
    if (!is_number(value) || !(seconds >= least) || seconds > SECONDS_MAX) {
        char path[64], expected[96];
        snprintf(path, sizeof(path), "/%s", name);
        snprintf(expected, sizeof(expected), "a number of seconds from %g to %.0f", least, SECONDS_MAX);
        return refuse(path, expected, value, err);
    }
    *out_ms = (int64_t)(seconds * 1000 + 0.5);
    return OD_OK;
}

static od_status read_rate(const od_value *options, od_client_plan *plan, od_error *err) {
    const od_value *value = od_value_get(options, "rate");
    if (value == NULL)
        return OD_OK;
    if (is_false(value)) {
        plan->rate_off = true;
        return OD_OK;
    }
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return refuse("/rate", "false or { per_second, burst }", value, err);
    const od_value *per_second = od_value_get(value, "per_second"), *burst = od_value_get(value, "burst");
    double rate = per_second != NULL ? od_value_number(per_second) : 0;
    if (!is_number(per_second) || !(rate > 0) || rate > RATE_PER_SECOND_MAX)
        return refuse("/rate/per_second", "a number above 0 and at most 100000", per_second, err);
    if (burst != NULL && (od_value_type(burst) != OD_TYPE_INTEGER || od_value_integer(burst) < 1 ||
                          od_value_integer(burst) > RATE_BURST_MAX))
        return refuse("/rate/burst", "an integer from 1 to 100000", burst, err);
    plan->rate_given = true;
    plan->rate = (od_rate){ .per_second = rate, .burst = burst != NULL ? (int)od_value_integer(burst) : 1 };
    return OD_OK;
}

/* Where a token still means the same contact after its end, it may be repeated as long as the vendor keeps it (R2). */
static od_status read_resend(const od_value *options, od_client_plan *plan, od_error *err) {
    const od_value *reading = od_value_get(options, "token_after_disconnect");
    const char *text = reading != NULL ? od_value_string(reading) : NULL;
    if (text != NULL && strcmp(text, "same_contact") == 0)
        plan->resend_within_ms = (int64_t)SECONDS_MAX * 1000;
    return read_seconds(options, "resend_within", 0, &plan->resend_within_ms, err);
}

static void lower_origin(char *url) {
    char *stop = strstr(url, "://");
    stop = stop != NULL ? stop + 3 + strcspn(stop + 3, "/") : url;
    for (char *c = url; c < stop; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
}

const char *od__client_environment(const char *name) {
    return getenv(name);
}

od_status od__client_options_fill(const od_vendor *vendor, od_value *options, const char *(*get_env)(const char *name),
                                  od_error *err) {
    od_status status = OD_OK;
    if (od_value_type(options) != OD_TYPE_OBJECT)
        return OD_OK; /* which the check says better */
    for (const od_field *field = vendor->options->fields; status == OD_OK && field->name != NULL; field++) {
        if (field->variable == NULL || od_value_get(options, field->name) != NULL)
            continue;
        const char *text = get_env != NULL ? get_env(field->variable) : od__client_environment(field->variable);
        if (text != NULL && text[0] != '\0')
            status = od_value_set(options, field->name, od_value_new_string(text), err);
    }
    return status;
}

/* What the profile says that keys may come from: where they are given, no file is read. *out: in place, or NULL. */
static od_status find_in_profile(const od_vendor *vendor, const od_service *service, const od_value *options,
                                 const char *(*get_env)(const char *name), char place[OD_ENDPOINT_BYTES],
                                 const char **out, od_error *err) {
    if (vendor->check_profile_url == NULL || od_value_get(options, "credentials") != NULL)
        return OD_OK;
    const od_credential_setup setup = { .get_env = get_env };
    const char *profile = od_value_string(od_value_get(options, "profile"));
    od_status status = od__aws_profile_endpoint(&setup, profile, service->id, place, err);
    if (status != OD_OK || place[0] == '\0')
        return status;
    *out = place;
    return vendor->check_profile_url("endpoint_url of the profile", place, options, err);
}

/* The option, else what the environment says, else the profile; NULL: none. *out may be in place. */
static od_status find_endpoint(const od_vendor *vendor, const od_service *service, const od_value *options,
                               const char *(*get_env)(const char *name), char place[OD_ENDPOINT_BYTES],
                               const char **out, od_error *err) {
    *out = od_value_string(od_value_get(options, "endpoint"));
    if (*out != NULL || service == NULL || vendor->environment_url == NULL)
        return OD_OK;
    if (get_env == NULL)
        get_env = od__client_environment;
    od_status status = vendor->environment_url(service, options, get_env, out, err);
    return status == OD_OK && *out == NULL ? find_in_profile(vendor, service, options, get_env, place, out, err) : status;
}

/* The address of the vendor, or of a part of it. Lower case in scheme and host, because a signature covers the host as it is
 * sent. */
static od_status read_url(const od_vendor *vendor, const od_service *part, const od_value *options,
                          const char *(*get_env)(const char *name), char **out, od_error *err) {
    char own[OD_LIMIT_URL_BYTES], url[OD_LIMIT_URL_BYTES], place[OD_ENDPOINT_BYTES];
    const char *text = NULL;
    od_status status = part != NULL ? vendor->service_url(part, options, own, sizeof(own), err)
                       : vendor->base_url != NULL
                           ? vendor->base_url(options, own, sizeof(own), err)
                           : od__url_of_template(vendor->url_template, options, own, sizeof(own), err);
    if (status == OD_OK)
        status = find_endpoint(vendor, part != NULL ? part : vendor->service, options, get_env, place, &text, err);
    if (status != OD_OK)
        return status;
    if (text != NULL) {
        status = od__uri_replace_origin(own, text, url, sizeof(url), err);
        if (status != OD_OK)
            return status;
    } else {
        memcpy(url, own, strlen(own) + 1);
    }
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        url[--length] = '\0';
    lower_origin(url);
    *out = od__strdup(url);
    return *out != NULL ? OD_OK : od__error_no_memory(err);
}

/* One address for each part of the vendor that some operation names. */
static od_status read_services(const od_vendor *vendor, const od_value *options,
                               const char *(*get_env)(const char *name), od_client_plan *plan, od_error *err) {
    size_t count = 0;
    od_status status = OD_OK;
    for (const od_operation *operation = vendor->operations; status == OD_OK && operation->name != NULL; operation++) {
        size_t i = 0;
        while (i < count && plan->services[i].service != operation->service)
            i++;
        if (operation->service == NULL || i < count)
            continue;
        if (count == OD_CLIENT_SERVICES)
            return od__error_set(err, OD_INTERNAL, "%s has more than %d parts", vendor->name, OD_CLIENT_SERVICES);
        status = read_url(vendor, operation->service, options, get_env, &plan->services[count].base_url, err);
        if (status == OD_OK)
            plan->services[count++].service = operation->service;
    }
    return status;
}

const char *od__client_plan_url(const od_client_plan *plan, const od_operation *operation) {
    for (size_t i = 0; operation->service != NULL && i < OD_CLIENT_SERVICES; i++)
        if (plan->services[i].service == operation->service)
            return plan->services[i].base_url;
    return plan->base_url;
}

od_status od__client_plan_read(const od_vendor *vendor, const od_value *options, const char *(*get_env)(const char *name),
                               od_client_plan *plan, od_error *err) {
    *plan = (od_client_plan){
        .timeout_ms = OD_DEFAULT_TIMEOUT_MS,
        .connect_timeout_ms = OD_DEFAULT_CONNECT_TIMEOUT_MS,
        .resend_within_ms = OD_DEFAULT_RESEND_WITHIN_MS,
        .max_attempts = OD_DEFAULT_MAX_ATTEMPTS,
    };
    const od_value *ca_file = od_value_get(options, "ca_file");
    plan->ca_file = ca_file != NULL ? od_value_string(ca_file) : NULL;
    od_status status = read_seconds(options, "timeout", 0.001, &plan->timeout_ms, err);
    if (status == OD_OK)
        status = read_seconds(options, "connect_timeout", 0.001, &plan->connect_timeout_ms, err);
    if (status == OD_OK)
        status = read_rate(options, plan, err);
    if (status == OD_OK)
        status = od__client_plan_retry(vendor, options, get_env, plan, err);
    if (status == OD_OK)
        status = read_resend(options, plan, err);
    if (status == OD_OK)
        status = read_url(vendor, NULL, options, get_env, &plan->base_url, err);
    if (status == OD_OK)
        status = read_services(vendor, options, get_env, plan, err);
    return status;
}

void od__client_plan_clear(od_client_plan *plan) {
    od__free(plan->base_url);
    plan->base_url = NULL;
    for (size_t i = 0; i < OD_CLIENT_SERVICES; i++) {
        od__free(plan->services[i].base_url);
        plan->services[i].base_url = NULL;
    }
}
