#include "credentials/profile_value.h"

#include <string.h>

#include "base/error.h"
#include "credentials/profile_files.h"

#define SOURCE "profile"

static od_status copy(const od_profile_section *profile, const char *key, const char *value,
                      char out[OD_PROFILE_SETTING_BYTES], od_error *err) {
    if (strlen(value) >= OD_PROFILE_SETTING_BYTES)
        return od__error_set(err, OD_AUTHENTICATION, SOURCE " \"%.100s\": %s is longer than %d bytes", profile->name, key,
                             OD_PROFILE_SETTING_BYTES - 1);
    memcpy(out, value, strlen(value) + 1);
    return OD_OK;
}

od_status od__aws_profile_value(const od_credential_setup *setup, const char *profile, const char *key,
                                char out[OD_PROFILE_SETTING_BYTES], od_error *err) {
    od_profiles profiles = { 0 };
    out[0] = '\0';
    od_status status = od__profiles_load(setup, SOURCE, &profiles, err);
    const od_profile_section *section =
        status == OD_OK ? od__profiles_find(&profiles, OD_SECTION_PROFILE, od__profile_name(setup, profile)) : NULL;
    const char *value = section != NULL ? od__profile_filled(section, key) : NULL;
    if (value != NULL)
        status = copy(section, key, value, out, err);
    od__profiles_clear(&profiles);
    return status;
}
