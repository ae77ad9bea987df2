/* How often a client tries: its option, else what the environment says, else the profile of the shared AWS files, for vendors
 * of which these tell. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "credentials/profile_value.h"
#include "json/value.h"

#define ATTEMPTS_MAX 100
#define SHOWN_BYTES 40

static const char expected_attempts[] = "an integer from 1 to 100";
static const char expected_mode[] = "legacy, standard or adaptive";

/* ---- the option ---- */

static od_status refuse(const char *path, const char *expected, const od_value *value, od_error *err) {
    char got[64] = "nothing";
    if (value != NULL)
        od__value_describe(value, got, sizeof(got));
    return od__error_at(err, OD_VALIDATION, path, "expected %s, got %s", expected, got);
}

static od_status read_option(const od_value *retry, od_client_plan *plan, od_error *err) {
    const char *mode = od_value_string(od_value_get(retry, "mode"));
    const od_value *attempts = od_value_get(retry, "max_attempts");
    if (mode != NULL)
        plan->adaptive = strcmp(mode, "adaptive") == 0;
    if (attempts == NULL)
        return OD_OK;
    if (od_value_type(attempts) != OD_TYPE_INTEGER || od_value_integer(attempts) < 1 ||
        od_value_integer(attempts) > ATTEMPTS_MAX)
        return refuse("/retry/max_attempts", expected_attempts, attempts, err);
    plan->max_attempts = (int)od_value_integer(attempts);
    return OD_OK;
}

/* ---- what stands elsewhere ---- */

static od_status refuse_text(const char *where, const char *expected, const char *text, od_error *err) {
    return od__error_set(err, OD_VALIDATION, "%s: expected %s, got \"%.*s\"", where, expected, SHOWN_BYTES, text);
}

static od_status take_attempts(const char *where, const char *text, od_client_plan *plan, od_error *err) {
    char *end;
    long attempts = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || attempts < 1 || attempts > ATTEMPTS_MAX)
        return refuse_text(where, expected_attempts, text, err);
    plan->max_attempts = (int)attempts;
    return OD_OK;
}

/* What AWS calls legacy differs in which errors it repeats; here only errors that the vendor's table calls passing are
 * repeated, in every mode, since a call that may have been placed is never. */
static od_status take_mode(const char *where, const char *text, od_client_plan *plan, od_error *err) {
    bool adaptive = strcmp(text, "adaptive") == 0;
    if (!adaptive && strcmp(text, "standard") != 0 && strcmp(text, "legacy") != 0)
        return refuse_text(where, expected_mode, text, err);
    plan->adaptive = adaptive;
    return OD_OK;
}

typedef od_status take_fn(const char *where, const char *text, od_client_plan *plan, od_error *err);

typedef struct setting {
    const char *variable, *key;
    take_fn *take;
} setting;

static const setting settings[] = {
    { "AWS_MAX_ATTEMPTS", "max_attempts", take_attempts },
    { "AWS_RETRY_MODE", "retry_mode", take_mode },
};

/* Where keys are given, no file is read. */
static od_status take_of_profile(const setting *one, const od_value *options, const char *(*get_env)(const char *name),
                                 od_client_plan *plan, od_error *err) {
    char text[OD_PROFILE_SETTING_BYTES], where[64];
    const od_credential_setup setup = { .get_env = get_env };
    if (od_value_get(options, "credentials") != NULL)
        return OD_OK;
    od_status status = od__aws_profile_value(&setup, od_value_string(od_value_get(options, "profile")), one->key, text, err);
    snprintf(where, sizeof(where), "%s of the profile", one->key);
    return status == OD_OK && text[0] != '\0' ? one->take(where, text, plan, err) : status;
}

static od_status take_setting(const setting *one, const od_value *options, const char *(*get_env)(const char *name),
                              od_client_plan *plan, od_error *err) {
    const char *text = get_env(one->variable);
    return text != NULL && text[0] != '\0' ? one->take(one->variable, text, plan, err)
                                           : take_of_profile(one, options, get_env, plan, err);
}

od_status od__client_plan_retry(const od_vendor *vendor, const od_value *options, const char *(*get_env)(const char *name),
                                od_client_plan *plan, od_error *err) {
    const od_value *retry = od_value_get(options, "retry");
    if (retry != NULL && od_value_type(retry) == OD_TYPE_BOOLEAN && !od_value_boolean(retry)) {
        plan->max_attempts = 1;
        return OD_OK;
    }
    if (retry != NULL && od_value_type(retry) != OD_TYPE_OBJECT)
        return refuse("/retry", "false or { max_attempts, mode }", retry, err);
    od_status status = OD_OK;
    if (get_env == NULL)
        get_env = od__client_environment;
    static const char *const members[] = { "max_attempts", "mode" };
    for (size_t i = 0; vendor->aws_retry_settings && status == OD_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
        if (od_value_get(retry, members[i]) == NULL)
            status = take_setting(&settings[i], options, get_env, plan, err);
    return status == OD_OK && retry != NULL ? read_option(retry, plan, err) : status;
}
