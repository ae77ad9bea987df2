/* credentials/sts: the Security Token Service: a role's keys for other keys, or for a web identity's token. */
#ifndef OD_CREDENTIALS_STS_H
#define OD_CREDENTIALS_STS_H

#include "credentials/credentials.h"

#pragma GCC visibility push(hidden)

#define OD_STS_ROLE_ARN_MIN 20
#define OD_STS_ROLE_ARN_MAX 2048
#define OD_STS_SESSION_NAME_MIN 2
#define OD_STS_SESSION_NAME_MAX 64
#define OD_STS_EXTERNAL_ID_MIN 2
#define OD_STS_EXTERNAL_ID_MAX 1224
#define OD_STS_DURATION_MIN 900     /* seconds */
#define OD_STS_DURATION_MAX 43200
#define OD_STS_TOKEN_MIN 4

typedef struct od_sts_role {
    const char *role_arn;
    const char *session_name;  /* NULL: made of the time */
    const char *external_id;   /* NULL: none */
    const char *token_file;    /* of a web identity; NULL: the role is assumed with keys */
    int duration_seconds;      /* 0: the service's own */
} od_sts_role;

/* Returns what is wrong with a role's texts, NULL if nothing is. Static. */
const char *od__sts_role_fault(const od_sts_role *role);
/* A source that assumes role (copied) with inner's keys (taken, also when it fails; NULL for a web identity). endpoint is
 * the service's URL, region the one to sign for; both copied. name is for error texts, static. Errors: out_of_memory. */
od_status od__credentials_sts_new(const od_credential_setup *setup, const char *name, const od_sts_role *role,
                                  const char *endpoint, const char *region, od_credential_source *inner,
                                  od_credential_source **out, od_error *err);

#pragma GCC visibility pop

#endif
