/* From a profile over its source profiles to where the first keys come from. */
#include "credentials/profile_plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

typedef struct walk {
    const od_profiles *profiles;
    const od_profile_section *visited[OD_PROFILE_CHAIN + 1];
    size_t count;
} walk;

static const char *const base_names[] = {
    [OD_PROFILE_NOTHING] = "nothing",         [OD_PROFILE_KEYS] = "keys",
    [OD_PROFILE_PROCESS] = "process",         [OD_PROFILE_WEB_IDENTITY] = "web_identity",
    [OD_PROFILE_SSO] = "sso",                 [OD_PROFILE_ENVIRONMENT] = "environment",
    [OD_PROFILE_IMDS] = "imds",               [OD_PROFILE_CONTAINER] = "container",
};

const char *od__profile_base_name(od_profile_base base) {
    return base_names[base];
}

static od_status wrong(const od_profile_section *section, const char *what, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": %s", section->name, what);
}

/* ---- roles ---- */

/* What is no whole number counts as not written. */
static int read_duration(const char *text) {
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    char *end;
    long seconds = strtol(text, &end, 10);
    if (*end != '\0')
        return 0;
    return seconds > OD_STS_DURATION_MAX ? OD_STS_DURATION_MAX + 1 : (int)seconds;
}

static od_status read_role(const od_profile_section *section, od_sts_role *role, od_error *err) {
    *role = (od_sts_role){
        .role_arn = od__profile_filled(section, "role_arn"),
        .session_name = od__profile_filled(section, "role_session_name"),
        .external_id = od__profile_filled(section, "external_id"),
        .token_file = od__profile_filled(section, "web_identity_token_file"),
        .duration_seconds = read_duration(od__profile_filled(section, "duration_seconds")),
    };
    if (od__profile_filled(section, "mfa_serial") != NULL)
        return wrong(section, "mfa_serial needs somebody to type a code, which cannot be asked for here", err);
    const char *fault = od__sts_role_fault(role);
    return fault == NULL ? OD_OK : wrong(section, fault, err);
}

/* ---- where the chain ends ---- */

static od_status check_keys(const od_profile_section *section, bool *has_keys, od_error *err) {
    const char *key = od__profile_filled(section, "aws_access_key_id");
    const char *secret = od__profile_filled(section, "aws_secret_access_key");
    *has_keys = key != NULL && secret != NULL;
    if (key != NULL && secret == NULL)
        return wrong(section, "aws_access_key_id is there but aws_secret_access_key is not", err);
    if (key == NULL && secret != NULL)
        return wrong(section, "aws_secret_access_key is there but aws_access_key_id is not", err);
    return OD_OK;
}

static od_status read_named_source(const od_profile_section *section, const char *name, od_profile_plan *plan,
                                   od_error *err) {
    static const struct { const char *name; od_profile_base base; } sources[] = {
        { "Environment", OD_PROFILE_ENVIRONMENT },
        { "Ec2InstanceMetadata", OD_PROFILE_IMDS },
        { "EcsContainer", OD_PROFILE_CONTAINER },
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcasecmp(name, sources[i].name) == 0) {
            plan->base = sources[i].base;
            return OD_OK;
        }
    }
    return od__error_set(err, OD_AUTHENTICATION,
                         "profile \"%.100s\": credential_source \"%.40s\" is none of Environment, Ec2InstanceMetadata and "
                         "EcsContainer", section->name, name);
}

/* The same thing may be written in the profile and in its session, but not differently. */
static bool differ(const od_profile_section *a, const od_profile_section *b, const char *name) {
    const char *one = od__profile_filled(a, name), *other = od__profile_filled(b, name);
    return one != NULL && other != NULL && strcmp(one, other) != 0;
}

static od_status read_sso(const walk *self, const od_profile_section *section, od_profile_plan *plan, od_error *err) {
    const char *session = od__profile_filled(section, "sso_session");
    const od_profile_section *where = section;
    plan->base = OD_PROFILE_SSO;
    if (session != NULL) {
        where = plan->sso_session = od__profiles_find(self->profiles, OD_SECTION_SSO_SESSION, session);
        if (where == NULL)
            return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": there is no [sso-session %.100s]",
                                 section->name, session);
        if (differ(section, where, "sso_start_url"))
            return wrong(section, "its sso_start_url is another than its sso-session's", err);
        if (differ(section, where, "sso_region"))
            return wrong(section, "its sso_region is another than its sso-session's", err);
    }
    static const char *const in_profile[] = { "sso_account_id", "sso_role_name" };
    static const char *const in_session[] = { "sso_region", "sso_start_url" };
    for (size_t i = 0; i < 2; i++)
        if (od__profile_filled(section, in_profile[i]) == NULL)
            return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": SSO needs %s", section->name,
                                 in_profile[i]);
    for (size_t i = 0; i < 2; i++)
        if (od__profile_filled(where, in_session[i]) == NULL)
            return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": SSO needs %s%s", section->name,
                                 in_session[i], session != NULL ? " in its sso-session" : "");
    return OD_OK;
}

static bool says_sso(const od_profile_section *section) {
    static const char *const names[] = { "sso_session", "sso_account_id", "sso_role_name", "sso_start_url" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (od__profile_filled(section, names[i]) != NULL)
            return true;
    return false;
}

static od_status read_base(const walk *self, const od_profile_section *section, od_profile_plan *plan, od_error *err) {
    plan->section = section;
    if (od__profile_filled(section, "web_identity_token_file") != NULL) {
        if (od__profile_filled(section, "role_arn") == NULL)
            return wrong(section, "web_identity_token_file needs a role_arn", err);
        plan->base = OD_PROFILE_WEB_IDENTITY;
        return read_role(section, &plan->web_identity, err);
    }
    const char *source = od__profile_filled(section, "credential_source");
    if (source != NULL)
        return read_named_source(section, source, plan, err);
    if (says_sso(section))
        return read_sso(self, section, plan, err);
    bool has_keys;
    od_status status = check_keys(section, &has_keys, err);
    if (status != OD_OK)
        return status;
    plan->base = has_keys                                                      ? OD_PROFILE_KEYS
                 : od__profile_filled(section, "credential_process") != NULL ? OD_PROFILE_PROCESS
                                                                               : OD_PROFILE_NOTHING;
    if (plan->base == OD_PROFILE_NOTHING && self->count > 1)
        return wrong(section, "it has no credentials, though another profile takes them from it", err);
    return OD_OK;
}

/* ---- the way there ---- */

static od_status add_role(od_profile_plan *plan, const od_profile_section *section, od_error *err) {
    if (plan->role_count == OD_PROFILE_CHAIN)
        return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": more than %d roles on the way to credentials",
                             section->name, OD_PROFILE_CHAIN);
    return read_role(section, &plan->roles[plan->role_count++], err);
}

/* Visits one profile. *next is the one to go on with, NULL at the end. */
static od_status visit(walk *self, const od_profile_section *section, od_profile_plan *plan, const char **next,
                       od_error *err) {
    *next = NULL;
    for (size_t i = 0; i < self->count; i++)
        if (self->visited[i] == section)
            return wrong(section, "its source_profile leads back to itself", err);
    self->visited[self->count++] = section;
    if (self->count > 1) {
        /* Keys end the way, whatever else is written beside them. */
        bool has_keys;
        od_status status = check_keys(section, &has_keys, err);
        if (status != OD_OK || has_keys) {
            plan->base = OD_PROFILE_KEYS;
            plan->section = section;
            return status;
        }
    }
    bool is_role = od__profile_filled(section, "role_arn") != NULL &&
                   od__profile_filled(section, "web_identity_token_file") == NULL;
    if (!is_role)
        return read_base(self, section, plan, err);
    const char *profile = od__profile_filled(section, "source_profile");
    const char *source = od__profile_filled(section, "credential_source");
    if (profile != NULL && source != NULL)
        return wrong(section, "role_arn takes source_profile or credential_source, not both", err);
    if (profile == NULL && source == NULL)
        return wrong(section, "role_arn needs source_profile or credential_source", err);
    od_status status = add_role(plan, section, err);
    if (status != OD_OK)
        return status;
    if (source != NULL)
        return read_base(self, section, plan, err);
    if (strcmp(profile, section->name) != 0 || self->count > 1) {
        *next = profile;
        return OD_OK;
    }
    /* The profile that was asked for may name itself: then its own keys assume its role. */
    bool has_keys;
    status = check_keys(section, &has_keys, err);
    if (status == OD_OK && !has_keys)
        return wrong(section, "it is its own source_profile, but has no keys", err);
    plan->base = OD_PROFILE_KEYS;
    plan->section = section;
    return status;
}

od_status od__profile_plan(const od_profiles *profiles, const char *name, od_profile_plan *out, od_error *err) {
    memset(out, 0, sizeof(*out));
    walk self = { .profiles = profiles };
    const char *asked_by = NULL;
    while (name != NULL) {
        const od_profile_section *section = od__profiles_find(profiles, OD_SECTION_PROFILE, name);
        if (section == NULL)
            return asked_by == NULL
                       ? od__error_set(err, OD_AUTHENTICATION, "there is no profile \"%.100s\"", name)
                       : od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\": there is no profile \"%.100s\", its "
                                       "source_profile", asked_by, name);
        asked_by = section->name;
        od_status status = visit(&self, section, out, &name, err);
        if (status != OD_OK)
            return status;
    }
    /* They were met from the last to the first. */
    for (size_t i = 0; i < out->role_count / 2; i++) {
        od_sts_role last = out->roles[i];
        out->roles[i] = out->roles[out->role_count - 1 - i];
        out->roles[out->role_count - 1 - i] = last;
    }
    return OD_OK;
}
