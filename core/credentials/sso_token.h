/* credentials/sso_token: the cached token of a login: its file, what is in it, and writing a renewed one back. */
#ifndef OD_CREDENTIALS_SSO_TOKEN_H
#define OD_CREDENTIALS_SSO_TOKEN_H

#include "credentials/internal.h"

#pragma GCC visibility push(hidden)

typedef struct od_sso_token {
    od_value *document;                    /* the file's JSON; NULL: none. Owned */
    const char *access_token;              /* borrowed from it, as the next ones */
    const char *refresh_token, *client_id, *client_secret;  /* NULL: not there */
    int64_t expires_ms, registration_expires_ms;            /* Unix time; 0: not said */
} od_sso_token;

/* Writes the file's name for a session's name (or a start URL). Errors: authentication, internal. */
od_status od__sso_token_path(const od_credential_setup *setup, const char *login, const char *source,
                             char out[OD_CREDENTIAL_PATH_BYTES], od_error *err);
/* Errors: authentication, protocol (what is wrong with the file), out_of_memory. */
od_status od__sso_token_read(const char *path, const char *source, od_sso_token *out, od_error *err);
/* Puts a renewed token in place of the old one. refresh_token NULL: the old one stays. Errors: out_of_memory, protocol. */
od_status od__sso_token_renew(od_sso_token *token, const char *access_token, const char *refresh_token,
                              int64_t expires_ms, od_error *err);
/* Writes the file anew, whole or not at all, for its owner's eyes only. Errors: authentication, out_of_memory. */
od_status od__sso_token_write(const od_sso_token *token, const char *path, const char *source, od_error *err);
void od__sso_token_clear(od_sso_token *token);

#pragma GCC visibility pop

#endif
