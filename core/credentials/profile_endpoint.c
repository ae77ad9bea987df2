#include "credentials/profile_endpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "credentials/profile_files.h"

#define SOURCE "profile"
#define SERVICE_BYTES 64

/* section becomes NULL if there is no such profile. The caller clears profiles, also after a failure. */
static od_status load(const od_credential_setup *setup, const char *name, od_profiles *profiles,
                      const od_profile_section **section, od_error *err) {
    *section = NULL;
    od_status status = od__profiles_load(setup, SOURCE, profiles, err);
    if (status == OD_OK)
        *section = od__profiles_find(profiles, OD_SECTION_PROFILE, od__profile_name(setup, name));
    return status;
}

/* "SECRETS_MANAGER" -> "secrets_manager" */
static void lower(const char *id, char out[SERVICE_BYTES]) {
    size_t length = 0;
    for (; length < SERVICE_BYTES - 1 && id[length] != '\0'; length++)
        out[length] = (char)(id[length] >= 'A' && id[length] <= 'Z' ? id[length] + ('a' - 'A') : id[length]);
    out[length] = '\0';
}

static od_status copy(const od_profile_section *profile, const char *url, char out[OD_ENDPOINT_BYTES], od_error *err) {
    if (strlen(url) >= OD_ENDPOINT_BYTES)
        return od__error_set(err, OD_AUTHENTICATION, SOURCE " \"%.100s\": endpoint_url is longer than %d bytes",
                             profile->name, OD_ENDPOINT_BYTES - 1);
    memcpy(out, url, strlen(url) + 1);
    return OD_OK;
}

od_status od__aws_profile_endpoint(const od_credential_setup *setup, const char *profile, const char *service_id,
                                   char out[OD_ENDPOINT_BYTES], od_error *err) {
    out[0] = '\0';
    if (od__aws_endpoints_ignored(setup, NULL))
        return OD_OK;
    od_profiles profiles = { 0 };
    const od_profile_section *section;
    od_status status = load(setup, profile, &profiles, &section, err);
    if (status == OD_OK && section != NULL && !od__aws_endpoints_ignored(setup, section)) {
        char service[SERVICE_BYTES], block[OD_ENDPOINT_BYTES];
        lower(service_id, service);
        const char *url = od__aws_endpoint_of_profile(&profiles, section, service, block);
        if (url != NULL)
            status = copy(section, url, out, err);
    }
    od__profiles_clear(&profiles);
    return status;
}

od_status od__aws_endpoint_by_files(const od_credential_setup *setup, const char *profile, od_aws_service service,
                                    const char *region, const char *source, char out[OD_ENDPOINT_BYTES], od_error *err) {
    od_profiles profiles = { 0 };
    const od_profile_section *section;
    od_status status = load(setup, profile, &profiles, &section, err);
    if (status == OD_OK)
        status = od__aws_endpoint(setup, &profiles, section, service, region, source, out, err);
    od__profiles_clear(&profiles);
    return status;
}
