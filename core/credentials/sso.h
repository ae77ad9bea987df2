/* credentials/sso: keys for whoever has logged in to IAM Identity Center: the token that the login left in a file, and the
 * portal that gives a role's keys for it. */
#ifndef OD_CREDENTIALS_SSO_H
#define OD_CREDENTIALS_SSO_H

#include "credentials/credentials.h"
#include "credentials/profile_plan.h"

#pragma GCC visibility push(hidden)

#define OD_SSO_REFRESH_MS (15 * 60 * 1000)   /* a session's token is renewed this long before its end */
#define OD_SSO_TOKEN_BYTES 8192              /* of an access token */

/* A source for what plan (whose base is OD_PROFILE_SSO) says; copied. Errors: authentication, out_of_memory. */
od_status od__credentials_sso_new(const od_credential_setup *setup, const od_profiles *profiles,
                                  const od_profile_plan *plan, od_credential_source **out, od_error *err);

#pragma GCC visibility pop

#endif
