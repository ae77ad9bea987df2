/* credentials/endpoint: where the AWS services are that give credentials and secrets: by region and partition, or as told. Pure but for
 * the environment that it is given. */
#ifndef OD_CREDENTIALS_ENDPOINT_H
#define OD_CREDENTIALS_ENDPOINT_H

#include "credentials/credentials.h"
#include "credentials/profile_parser.h"

#pragma GCC visibility push(hidden)

#define OD_ENDPOINT_BYTES 1024
#define OD_REGION_BYTES 64

typedef enum od_aws_service { OD_AWS_STS, OD_AWS_SSO, OD_AWS_SSO_OIDC, OD_AWS_SECRETS_MANAGER } od_aws_service;

/* Writes the base URL, without a slash at its end: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, then endpoint_url in the
 * services section of profile and in profile itself (unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS), else the service's own in
 * region (of FIPS, for STS, if AWS_USE_FIPS_ENDPOINT). profiles and profile may be NULL. Errors: authentication. */
od_status od__aws_endpoint(const od_credential_setup *setup, const od_profiles *profiles,
                           const od_profile_section *profile, od_aws_service service, const char *region,
                           const char *source, char out[OD_ENDPOINT_BYTES], od_error *err);
/* Whether the environment or the profile (may be NULL) says that no endpoint of theirs counts. */
bool od__aws_endpoints_ignored(const od_credential_setup *setup, const od_profile_section *profile);
/* endpoint_url in the block of a service ("sts") of the profile's services section, else in the profile itself; NULL if
 * neither says one. Both may be NULL. In block, or borrowed from the profile. */
const char *od__aws_endpoint_of_profile(const od_profiles *profiles, const od_profile_section *profile,
                                        const char *service, char block[OD_ENDPOINT_BYTES]);
/* Writes the region of STS: setup's, AWS_REGION, AWS_DEFAULT_REGION, the profile's (which may be NULL), us-east-1. Errors:
 * authentication (it is none). */
od_status od__aws_region(const od_credential_setup *setup, const od_profile_section *profile, const char *source,
                         char out[OD_REGION_BYTES], od_error *err);

#pragma GCC visibility pop

#endif
