/* What a client's options ask for, and the default chain where they ask for nothing. */
#include "credentials/credentials.h"

#include "base/error.h"
#include "base/memory.h"

#define MOST 5

static const char *option_text(const od_value *options, const char *name) {
    const od_value *value = options != NULL ? od_value_get(options, name) : NULL;
    const char *text = value != NULL ? od_value_string(value) : NULL;
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Keeps what a source gives; takes it, also when it fails. */
static od_status cache(const od_credential_setup *setup, od_status made, bool stable, od_credential_source **source,
                       od_error *err) {
    return made == OD_OK ? od__credentials_cached_new(setup, *source, stable, source, err) : made;
}

static od_status make_chain(const od_credential_setup *setup, od_credential_source **out, od_error *err) {
    od_credential_source *sources[MOST] = { NULL };
    od_status status = od__credentials_environment_new(setup->get_env, &sources[0], err);
    size_t count = status == OD_OK ? 1 : 0;
    if (status == OD_OK)
        status = cache(setup, od__credentials_web_identity_new(setup, &sources[1], err), false, &sources[1], err);
    count += status == OD_OK;
    if (status == OD_OK)
        status = cache(setup, od__credentials_profile_new(setup, NULL, &sources[2], err), false, &sources[2], err);
    count += status == OD_OK;
    if (status == OD_OK)
        status = cache(setup, od__credentials_container_new(setup, &sources[3], err), false, &sources[3], err);
    count += status == OD_OK;
    if (status == OD_OK)
        status = cache(setup, od__credentials_imds_new(setup, NULL, &sources[4], err), true, &sources[4], err);
    count += status == OD_OK;
    if (status == OD_OK)
        return od__credentials_chain_new(sources, MOST, out, err);
    for (size_t i = 0; i < count; i++)
        od__credential_source_free(sources[i]);
    return status;
}

od_status od__credentials_default_new(const od_value *options, const od_credential_setup *setup,
                                      od_credential_source **out, od_error *err) {
    const od_value *given = options != NULL ? od_value_get(options, "credentials") : NULL;
    if (given != NULL && od_value_type(given) == OD_TYPE_OBJECT)
        return od__credentials_static_new(given, out, err);
    const char *profile = option_text(options, "profile");
    if (profile == NULL)
        return make_chain(setup, out, err);
    od_status status = od__credentials_profile_new(setup, profile, out, err);
    return cache(setup, status, false, out, err);
}
