/* A profile of the shared files: what it leads to is made into sources for each fetch, and they are asked. */
#include "credentials/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/endpoint.h"
#include "credentials/process.h"
#include "credentials/profile_files.h"
#include "credentials/profile_plan.h"
#include "credentials/sso.h"
#include "credentials/sts.h"

typedef struct profile_source {
    od_credential_source base;
    od_credential_setup setup;
    char *profile;                 /* NULL: the environment's, or "default" */
    od_credential_source *inner;   /* of the fetch under way; NULL: none */
} profile_source;

static void inner_ready(void *context) {
    profile_source *self = context;
    if (self->base.ready != NULL)
        self->base.ready(self->base.ready_context);
}

/* ---- keys written in a profile ---- */

typedef struct written_keys {
    od_credential_source base;
    od_credentials keys;
} written_keys;

static od_status written_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                             od_error *err) {
    (void)err;
    *out = ((written_keys *)base)->keys;
    *configured = true;
    *waiting = false;
    return OD_OK;
}

static void written_free(od_credential_source *base) {
    od__credentials_wipe(&((written_keys *)base)->keys);
    od__free(base);
}

static od_status copy_keys(const od_profile_section *section, od_credentials *out, od_error *err) {
    const char *token = od__profile_filled(section, "aws_session_token");
    if (token == NULL)
        token = od__profile_filled(section, "aws_security_token");
    char source[OD_CREDENTIAL_KEY_BYTES];
    snprintf(source, sizeof(source), "profile \"%.100s\"", section->name);
    const struct { const char *name, *text; char *out; size_t out_bytes; } copies[] = {
        { "aws_access_key_id", od__profile_filled(section, "aws_access_key_id"), out->access_key_id,
          sizeof(out->access_key_id) },
        { "aws_secret_access_key", od__profile_filled(section, "aws_secret_access_key"), out->secret_access_key,
          sizeof(out->secret_access_key) },
        { "aws_session_token", token != NULL ? token : "", out->session_token, sizeof(out->session_token) },
    };
    od_status status = OD_OK;
    for (size_t i = 0; i < 3 && status == OD_OK; i++)
        status = od__credentials_copy(copies[i].out, copies[i].out_bytes, copies[i].text, source, copies[i].name,
                                      err);
    return status;
}

static od_status written_new(const od_profile_section *section, od_credential_source **out, od_error *err) {
    written_keys *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "profile", .get = written_get, .free = written_free };
    od_status status = copy_keys(section, &self->keys, err);
    if (status != OD_OK) {
        written_free(&self->base);
        return status;
    }
    *out = &self->base;
    return OD_OK;
}

/* ---- what a plan asks for ---- */

/* profile: the one that was asked for, whose settings of region and endpoint count. */
static od_status add_sts(const profile_source *self, const od_profiles *profiles, const od_profile_section *profile,
                         const char *name, const od_sts_role *role, od_credential_source *inner,
                         od_credential_source **out, od_error *err) {
    char region[OD_REGION_BYTES], endpoint[OD_ENDPOINT_BYTES];
    od_status status = od__aws_region(&self->setup, profile, self->base.name, region, err);
    if (status == OD_OK)
        status = od__aws_endpoint(&self->setup, profiles, profile, OD_AWS_STS, region, self->base.name, endpoint, err);
    if (status != OD_OK) {
        od__credential_source_free(inner);
        return status;
    }
    return od__credentials_sts_new(&self->setup, name, role, endpoint, region, inner, out, err);
}

static od_status make_base(const profile_source *self, const od_profiles *profiles, const od_profile_section *profile,
                           const od_profile_plan *plan, od_credential_source **out, od_error *err) {
    switch (plan->base) {
    case OD_PROFILE_KEYS:
        return written_new(plan->section, out, err);
    case OD_PROFILE_PROCESS:
        return od__credentials_process_new(&self->setup, od__profile_filled(plan->section, "credential_process"), out,
                                           err);
    case OD_PROFILE_WEB_IDENTITY:
        return add_sts(self, profiles, profile, "web identity", &plan->web_identity, NULL, out, err);
    case OD_PROFILE_SSO:
        return od__credentials_sso_new(&self->setup, profiles, plan, out, err);
    case OD_PROFILE_ENVIRONMENT:
        return od__credentials_environment_new(self->setup.get_env, out, err);
    case OD_PROFILE_IMDS:
        return od__credentials_imds_new(&self->setup, profile->name, out, err);
    case OD_PROFILE_CONTAINER:
        return od__credentials_container_new(&self->setup, out, err);
    case OD_PROFILE_NOTHING:
        break;
    }
    return od__error_set(err, OD_AUTHENTICATION, "profile \"%.100s\" has no credentials", profile->name);
}

static od_status make_inner(profile_source *self, const od_profiles *profiles, const od_profile_section *profile,
                            const od_profile_plan *plan, od_error *err) {
    od_credential_source *source = NULL;
    od_status status = make_base(self, profiles, profile, plan, &source, err);
    for (size_t i = 0; i < plan->role_count && status == OD_OK; i++) {
        od_credential_source *outer = NULL;
        status = add_sts(self, profiles, profile, "sts", &plan->roles[i], source, &outer, err);
        source = outer;
    }
    if (status != OD_OK || source == NULL)
        return status;
    source->ready = inner_ready;
    source->ready_context = self;
    self->inner = source;
    return OD_OK;
}

/* A profile that was named must be there; "default" need not, nor need the files. */
static od_status plan_and_make(profile_source *self, const od_profiles *profiles, bool *configured, od_error *err) {
    const char *name = od__profile_name(&self->setup, self->profile);
    const od_profile_section *section = od__profiles_find(profiles, OD_SECTION_PROFILE, name);
    od_profile_plan plan;
    if (section == NULL) {
        *configured = self->profile != NULL || strcmp(name, "default") != 0;
        return od__error_set(err, OD_AUTHENTICATION, "profile: there is no profile \"%.100s\"", name);
    }
    od_status status = od__profile_plan(profiles, name, &plan, err);
    if (status != OD_OK)
        return status;
    if (plan.base == OD_PROFILE_NOTHING)
        *configured = self->profile != NULL;
    return make_inner(self, profiles, section, &plan, err);
}

static od_status begin(profile_source *self, bool *configured, od_error *err) {
    od_profiles profiles = { .sections = NULL };
    od_status status = od__profiles_load(&self->setup, self->base.name, &profiles, err);
    if (status == OD_OK)
        status = plan_and_make(self, &profiles, configured, err);
    od__profiles_clear(&profiles);
    return status;
}

static od_status profile_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                             od_error *err) {
    profile_source *self = (profile_source *)base;
    *waiting = false;
    *configured = true;
    if (self->inner == NULL) {
        od_status status = begin(self, configured, err);
        if (status != OD_OK)
            return status;
    }
    bool here;
    od_status status = self->inner->get(self->inner, out, &here, waiting, err);
    if (!*waiting) {
        od__credential_source_free(self->inner);
        self->inner = NULL;
    }
    return status;
}

static void profile_free(od_credential_source *base) {
    profile_source *self = (profile_source *)base;
    od__credential_source_free(self->inner);
    od__free(self->profile);
    od__free(self);
}

od_status od__credentials_profile_new(const od_credential_setup *setup, const char *profile, od_credential_source **out,
                                      od_error *err) {
    profile_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "profile", .get = profile_get, .free = profile_free };
    self->setup = *setup;
    if (profile != NULL) {
        self->profile = od__strdup(profile);
        if (self->profile == NULL) {
            profile_free(&self->base);
            return od__error_no_memory(err);
        }
    }
    *out = &self->base;
    return OD_OK;
}
