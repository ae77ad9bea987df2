/* credentials/profile_plan: what a profile leads to: keys, a program, SSO, ..., and the roles to assume on the way. Pure:
 * it follows names from section to section and fetches nothing. */
#ifndef OD_CREDENTIALS_PROFILE_PLAN_H
#define OD_CREDENTIALS_PROFILE_PLAN_H

#include "credentials/profile_parser.h"
#include "credentials/sts.h"

#pragma GCC visibility push(hidden)

#define OD_PROFILE_CHAIN 16   /* roles on the way */

typedef enum od_profile_base {
    OD_PROFILE_NOTHING,       /* the profile says nothing about credentials */
    OD_PROFILE_KEYS,
    OD_PROFILE_PROCESS,
    OD_PROFILE_WEB_IDENTITY,
    OD_PROFILE_SSO,
    OD_PROFILE_ENVIRONMENT,
    OD_PROFILE_IMDS,
    OD_PROFILE_CONTAINER,
} od_profile_base;

/* Everything borrowed from the profiles. */
typedef struct od_profile_plan {
    od_profile_base base;
    const od_profile_section *section;        /* where base is written */
    const od_profile_section *sso_session;    /* NULL: SSO of the old kind, or none */
    od_sts_role web_identity;                 /* for OD_PROFILE_WEB_IDENTITY */
    od_sts_role roles[OD_PROFILE_CHAIN];      /* in the order in which they are assumed */
    size_t role_count;
} od_profile_plan;

/* Follows profile name. Errors: authentication (which profile, and what is wrong with it). */
od_status od__profile_plan(const od_profiles *profiles, const char *name, od_profile_plan *out, od_error *err);
/* Returns "keys", "process", ...; static. */
const char *od__profile_base_name(od_profile_base base);

#pragma GCC visibility pop

#endif
