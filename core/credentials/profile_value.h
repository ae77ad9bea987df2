/* credentials/profile_value: a setting of a profile of the shared files. Reads the files. */
#ifndef OD_CREDENTIALS_PROFILE_VALUE_H
#define OD_CREDENTIALS_PROFILE_VALUE_H

#include "credentials/credentials.h"

#pragma GCC visibility push(hidden)

#define OD_PROFILE_SETTING_BYTES 256

/* Writes what a profile (NULL: the environment's, or "default") says under key; "" if it says nothing or there is no such
 * profile. Only get_env of setup is used. Errors: authentication (a file cannot be read, or the value does not fit),
 * out_of_memory. */
od_status od__aws_profile_value(const od_credential_setup *setup, const char *profile, const char *key,
                                char out[OD_PROFILE_SETTING_BYTES], od_error *err);

#pragma GCC visibility pop

#endif
