/* authorizing/secrets_manager: one secret of AWS Secrets Manager, read when somebody needs it, for all who wait at once, and
 * kept for an hour at most. What it is used for is the caller's. */
#ifndef OD_AUTHORIZING_SECRETS_MANAGER_H
#define OD_AUTHORIZING_SECRETS_MANAGER_H

#include "authorizing/authorizing.h"

#pragma GCC visibility push(hidden)

#define OD_SECRET_KEPT_US (INT64_C(3600) * 1000 * 1000)
#define OD_SECRET_BYTES 65536   /* the most that the service keeps */

typedef struct od_stored_secret od_stored_secret;

/* id names the secret (static text). Of setup's options it takes secrets_region, secrets_endpoint and those of the keys that
 * sign. ready(context) is called from the loop when what od__stored_secret_get waited for is there, or failed. Errors: validation,
 * authentication (an endpoint of the environment that is none), out_of_memory. */
od_status od__stored_secret_new(const od_authorizer_setup *setup, const char *id, void (*ready)(void *context), void *context,
                         od_stored_secret **out, od_error *err);
/* READY: *value is the secret's text, borrowed until the loop goes on, and *generation which fetch it is of. WAITING: it is
 * being read. FAILED: err says why; only from inside ready, or where reading could not begin. */
od_apply od__stored_secret_get(od_stored_secret *secret, const char **value, unsigned *generation, od_error *err);
/* That generation was refused: it is forgotten, unless a later one is here already. */
void od__stored_secret_refuse(od_stored_secret *secret, unsigned generation);
void od__stored_secret_free(od_stored_secret *secret);  /* NULL is fine */

#pragma GCC visibility pop

#endif
