/* credentials: where AWS keys come from; one file per source, one small vtable, key, secret and token always together. */
#ifndef OD_CREDENTIALS_CREDENTIALS_H
#define OD_CREDENTIALS_CREDENTIALS_H

#include <stdint.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

#define OD_CREDENTIAL_KEY_BYTES 160
#define OD_CREDENTIAL_SECRET_BYTES 256
#define OD_CREDENTIAL_TOKEN_BYTES 8192

/* One generation of keys. Wipe with od__credentials_wipe when done. */
typedef struct od_credentials {
    char access_key_id[OD_CREDENTIAL_KEY_BYTES];
    char secret_access_key[OD_CREDENTIAL_SECRET_BYTES];
    char session_token[OD_CREDENTIAL_TOKEN_BYTES];  /* "": none */
    int64_t expires_ms;                             /* Unix time; 0: never */
} od_credentials;

typedef struct od_credential_source od_credential_source;
struct od_credential_source {
    const char *name;  /* for error texts: "environment" */
    /* Returns OD_OK with *out filled; authentication if this source has none or they are wrong (message names the source
     * and what was wrong). *configured tells "nothing here" (false) from "wrong" (true). If the keys are still being
     * fetched, returns OD_OK with *waiting true and calls ready(context) later, from the loop. */
    od_status (*get)(od_credential_source *self, od_credentials *out, bool *configured, bool *waiting, od_error *err);
    void (*free)(od_credential_source *self);
    void (*ready)(void *context);  /* set by who asks */
    void *ready_context;
};

void od__credentials_wipe(od_credentials *credentials);
/* options.credentials = { access_key_id, secret_access_key, session_token }, copied. */
od_status od__credentials_static_new(const od_value *given, od_credential_source **out, od_error *err);
/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; read at each get. get_env NULL: getenv. */
od_status od__credentials_environment_new(const char *(*get_env)(const char *name), od_credential_source **out,
                                          od_error *err);
/* The first configured source wins; a configured source that fails is the error. Takes the sources. */
od_status od__credentials_chain_new(od_credential_source **sources, size_t count, od_credential_source **out,
                                    od_error *err);
void od__credential_source_free(od_credential_source *source); /* NULL is fine */

#pragma GCC visibility pop
#endif
