/* A web identity of the environment: a token in a file (as a Kubernetes pod has it), exchanged at STS for a role's keys. */
#include "credentials/internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "credentials/endpoint.h"
#include "credentials/sts.h"

#define FILE_VARIABLE "AWS_WEB_IDENTITY_TOKEN_FILE"
#define ROLE_VARIABLE "AWS_ROLE_ARN"
#define SESSION_VARIABLE "AWS_ROLE_SESSION_NAME"

typedef struct web_identity_source {
    od_credential_source base;
    od_credential_setup setup;
    od_credential_source *sts;   /* of the fetch under way; NULL: none */
} web_identity_source;

static void sts_ready(void *context) {
    web_identity_source *self = context;
    if (self->base.ready != NULL)
        self->base.ready(self->base.ready_context);
}

static od_status make_sts(web_identity_source *self, const od_sts_role *role, od_error *err) {
    char region[OD_REGION_BYTES], endpoint[OD_ENDPOINT_BYTES];
    od_status status = od__aws_region(&self->setup, NULL, self->base.name, region, err);
    if (status == OD_OK)
        status = od__aws_endpoint(&self->setup, NULL, NULL, OD_AWS_STS, region, self->base.name, endpoint, err);
    if (status == OD_OK)
        status = od__credentials_sts_new(&self->setup, self->base.name, role, endpoint, region, NULL, &self->sts, err);
    if (status != OD_OK)
        return status;
    self->sts->ready = sts_ready;
    self->sts->ready_context = self;
    return OD_OK;
}

/* The environment is read anew for each fetch. */
static od_status begin(web_identity_source *self, bool *configured, od_error *err) {
    const od_sts_role role = {
        .token_file = od__credentials_env(&self->setup, FILE_VARIABLE),
        .role_arn = od__credentials_env(&self->setup, ROLE_VARIABLE),
        .session_name = od__credentials_env(&self->setup, SESSION_VARIABLE),
    };
    const char *name = self->base.name;
    *configured = role.token_file != NULL;
    if (!*configured)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " FILE_VARIABLE " is not set", name);
    if (role.role_arn == NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: " FILE_VARIABLE " is set but " ROLE_VARIABLE " is not", name);
    const char *fault = od__sts_role_fault(&role);
    if (fault != NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: %s", name, fault);
    return make_sts(self, &role, err);
}

static od_status web_identity_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                                  od_error *err) {
    web_identity_source *self = (web_identity_source *)base;
    *waiting = false;
    *configured = true;
    if (self->sts == NULL) {
        od_status status = begin(self, configured, err);
        if (status != OD_OK)
            return status;
    }
    od_status status = self->sts->get(self->sts, out, configured, waiting, err);
    if (!*waiting) {
        od__credential_source_free(self->sts);
        self->sts = NULL;
    }
    return status;
}

static void web_identity_free(od_credential_source *base) {
    web_identity_source *self = (web_identity_source *)base;
    od__credential_source_free(self->sts);
    od__free(self);
}

od_status od__credentials_web_identity_new(const od_credential_setup *setup, od_credential_source **out, od_error *err) {
    web_identity_source *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->base = (od_credential_source){ .name = "web identity", .get = web_identity_get, .free = web_identity_free };
    self->setup = *setup;
    *out = &self->base;
    return OD_OK;
}
