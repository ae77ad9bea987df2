/* credentials/profile_endpoint: what the shared files say of where AWS services are. Reads the files. */
#ifndef OD_CREDENTIALS_PROFILE_ENDPOINT_H
#define OD_CREDENTIALS_PROFILE_ENDPOINT_H

#include "credentials/endpoint.h"

#pragma GCC visibility push(hidden)

/* Writes what a profile (NULL: the environment's, or "default") says of a service, named as in AWS_ENDPOINT_URL_<id>
 * ("CONNECT"); "" if it says nothing or there is no such profile. Only get_env of setup is used. Errors: authentication (a
 * file cannot be read, or an address does not fit), out_of_memory. */
od_status od__aws_profile_endpoint(const od_credential_setup *setup, const char *profile, const char *service_id,
                                   char out[OD_ENDPOINT_BYTES], od_error *err);
/* As od__aws_endpoint, with what the shared files say. */
od_status od__aws_endpoint_by_files(const od_credential_setup *setup, const char *profile, od_aws_service service,
                                    const char *region, const char *source, char out[OD_ENDPOINT_BYTES], od_error *err);

#pragma GCC visibility pop

#endif
