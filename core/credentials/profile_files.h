/* credentials/profile_files: where the shared files are, and both of them read. */
#ifndef OD_CREDENTIALS_PROFILE_FILES_H
#define OD_CREDENTIALS_PROFILE_FILES_H

#include "credentials/internal.h"
#include "credentials/profile_parser.h"

#pragma GCC visibility push(hidden)

typedef enum od_shared_file { OD_SHARED_CONFIG, OD_SHARED_CREDENTIALS } od_shared_file;

/* Writes a shared file's name: AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE, else in .aws under HOME. "" where there is
 * neither. Errors: authentication (too long). */
od_status od__shared_file_path(const od_credential_setup *setup, od_shared_file file, const char *source,
                               char out[OD_CREDENTIAL_PATH_BYTES], od_error *err);
/* Reads what there is of both files into profiles, which the caller clears (also after a failure). Errors: authentication
 * (which file and what is wrong with it), out_of_memory. */
od_status od__profiles_load(const od_credential_setup *setup, const char *source, od_profiles *profiles, od_error *err);
/* The profile that counts: name, AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". Borrowed. */
const char *od__profile_name(const od_credential_setup *setup, const char *name);

#pragma GCC visibility pop

#endif
