#include "credentials/profile_files.h"

#include "base/error.h"

static const struct { const char *variable, *usual; } files[] = {
    [OD_SHARED_CONFIG] = { "AWS_CONFIG_FILE", "~/.aws/config" },
    [OD_SHARED_CREDENTIALS] = { "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials" },
};

od_status od__shared_file_path(const od_credential_setup *setup, od_shared_file file, const char *source,
                               char out[OD_CREDENTIAL_PATH_BYTES], od_error *err) {
    const char *given = od__credentials_env(setup, files[file].variable);
    out[0] = '\0';
    if (given == NULL && od__credentials_env(setup, "HOME") == NULL)
        return OD_OK;
    return od__credentials_expand(setup, given != NULL ? given : files[file].usual, source, out, err);
}

static od_status load_one(const od_credential_setup *setup, od_shared_file file, const char *source,
                          od_profiles *profiles, od_error *err) {
    char path[OD_CREDENTIAL_PATH_BYTES];
    od_status status = od__shared_file_path(setup, file, source, path, err);
    if (status != OD_OK || path[0] == '\0')
        return status;
    od_buffer text;
    bool absent;
    status = od__credentials_read_file(path, OD_CREDENTIAL_FILE_BYTES, source, &text, &absent, err);
    if (status != OD_OK || absent)
        return status;
    od_error why = OD_ERROR_INIT;
    status = od__profiles_parse(profiles, od__buffer_text(&text), text.length, file == OD_SHARED_CREDENTIALS, path, &why);
    od__buffer_wipe(&text);
    return status == OD_OK ? OD_OK : od__error_set(err, status, "%s: %s", source, why.message);
}

od_status od__profiles_load(const od_credential_setup *setup, const char *source, od_profiles *profiles, od_error *err) {
    od_status status = load_one(setup, OD_SHARED_CONFIG, source, profiles, err);
    return status == OD_OK ? load_one(setup, OD_SHARED_CREDENTIALS, source, profiles, err) : status;
}

const char *od__profile_name(const od_credential_setup *setup, const char *name) {
    if (name == NULL)
        name = od__credentials_env(setup, "AWS_PROFILE");
    if (name == NULL)
        name = od__credentials_env(setup, "AWS_DEFAULT_PROFILE");
    return name != NULL ? name : "default";
}
