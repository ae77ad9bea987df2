/* credentials/imds_endpoint: where the metadata service of an instance is. Pure. */
#ifndef OD_CREDENTIALS_IMDS_ENDPOINT_H
#define OD_CREDENTIALS_IMDS_ENDPOINT_H

#include <stddef.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_IMDS_V4 "http://169.254.169.254"
#define OD_IMDS_V6 "http://[fd00:ec2::254]"
#define OD_IMDS_URL_BYTES 512

/* What may be said of it; NULL or "": nothing. An endpoint beats a mode, the environment a profile. */
typedef struct od_imds_settings {
    const char *env_endpoint, *profile_endpoint, *env_mode, *profile_mode;
} od_imds_settings;

/* Writes the base URL, without a slash at its end. Errors: authentication. */
od_status od__imds_endpoint(const od_imds_settings *settings, const char *source, char out[OD_IMDS_URL_BYTES],
                            od_error *err);

#pragma GCC visibility pop

#endif
