/* credentials: where AWS keys come from; one file per source, one small vtable, key, secret and token always together. */
#ifndef OD_CREDENTIALS_CREDENTIALS_H
#define OD_CREDENTIALS_CREDENTIALS_H

#include <stdint.h>
#include <outdial.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "transport/transport.h"

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
    /* Returns OD_OK with *out filled; authentication if this source has none or they are wrong, and what else went wrong on
     * the way to them (timeout, network, unavailable, ...); the message names the source and what was wrong. *configured
     * tells "nothing here" (false) from "wrong" (true). If the keys are still being fetched, returns OD_OK with *waiting
     * true and calls ready(context) later, from the loop: get then has the keys or the error. */
    od_status (*get)(od_credential_source *self, od_credentials *out, bool *configured, bool *waiting, od_error *err);
    void (*free)(od_credential_source *self);
    /* The vendor called the keys of the last get expired: the next get fetches others, if the source can. NULL: it cannot. */
    void (*rejected)(od_credential_source *self);
    void (*ready)(void *context);  /* set by who asks */
    void *ready_context;
};

/* How the sources reach the world; all that is pointed to is borrowed for their life. */
typedef struct od_credential_setup {
    od_loop *loop;
    const od_clock *clock;
    const char *region;                             /* of STS; NULL: the environment's, the profile's, us-east-1 */
    const char *ca_file;                            /* PEM, for what is asked over TLS; NULL: the system's */
    const char *(*get_env)(const char *name);       /* NULL: getenv */
    /* Makes the bottom layer for one source's plain HTTP. */
    od_status (*make_transport)(void *context, const od_curl_options *options, od_transport **out, od_error *err);
    void *make_transport_context;
    void (*warn)(void *context, const char *text);  /* hears of what went wrong and was tolerated; NULL: nobody */
    void *warn_context;
} od_credential_setup;

void od__credentials_wipe(od_credentials *credentials);
void od__credential_source_free(od_credential_source *source); /* NULL is fine */

/* What a client's options ask for: keys in `credentials`, else the profile in `profile` alone, else the chain: environment,
 * web identity of the environment, shared files, container, instance metadata. options may be NULL; setup is copied.
 * Errors: validation (the path names the option), out_of_memory. */
od_status od__credentials_default_new(const od_value *options, const od_credential_setup *setup,
                                      od_credential_source **out, od_error *err);

/* options.credentials = { access_key_id, secret_access_key, session_token }, copied. */
od_status od__credentials_static_new(const od_value *given, od_credential_source **out, od_error *err);
/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or AWS_SECURITY_TOKEN), AWS_CREDENTIAL_EXPIRATION; read at
 * each get. get_env NULL: getenv. */
od_status od__credentials_environment_new(const char *(*get_env)(const char *name), od_credential_source **out,
                                          od_error *err);
/* AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME; the token is read at each fetch. */
od_status od__credentials_web_identity_new(const od_credential_setup *setup, od_credential_source **out, od_error *err);
/* A profile of the shared config and credentials files, whatever it leads to. profile (copied) NULL: AWS_PROFILE,
 * AWS_DEFAULT_PROFILE, "default". The files are read at each fetch. */
od_status od__credentials_profile_new(const od_credential_setup *setup, const char *profile, od_credential_source **out,
                                      od_error *err);
/* The endpoint of an ECS task or EKS pod, from AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI. */
od_status od__credentials_container_new(const od_credential_setup *setup, od_credential_source **out, od_error *err);
/* The metadata service of an EC2 instance, version 2 only. profile as above: whose ec2_metadata settings count. */
od_status od__credentials_imds_new(const od_credential_setup *setup, const char *profile, od_credential_source **out,
                                   od_error *err);

/* The first configured source wins; a configured source that fails is the error. Takes the sources (also when it fails). A
 * source that gave keys, or is fetching them, is asked alone from then on, until it says that nothing is there. */
od_status od__credentials_chain_new(od_credential_source **sources, size_t count, od_credential_source **out,
                                    od_error *err);

/* Keeps inner's keys until they are near their end: one fetch for all who ask. In the last 15 minutes a fetch goes on beside
 * and may fail; in the last 10 everybody waits for it and its error stands (both are less for keys that live less than
 * half an hour). Takes inner (also when it fails). stable: where a fetch fails, or gives keys whose time is over, the old
 * ones go on being used, and the next fetch is 5 to 10 minutes later. */
od_status od__credentials_cached_new(const od_credential_setup *setup, od_credential_source *inner, bool stable,
                                     od_credential_source **out, od_error *err);

#pragma GCC visibility pop
#endif
