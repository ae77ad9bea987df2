/* credentials/internal: what the sources share: files, the environment, a fetch's result kept until it is asked for, and
 * reading keys out of JSON. Only for files of this room. */
#ifndef OD_CREDENTIALS_INTERNAL_H
#define OD_CREDENTIALS_INTERNAL_H

#include "base/buffer.h"
#include "credentials/copy.h"
#include "credentials/credentials.h"

#pragma GCC visibility push(hidden)

#define OD_CREDENTIAL_FILE_BYTES (1024u * 1024)       /* a shared file, or a cached SSO token's */
#define OD_CREDENTIAL_TOKEN_FILE_BYTES (20u * 1024)   /* a web identity or container token */
#define OD_CREDENTIAL_ANSWER_BYTES (64u * 1024)       /* one HTTP answer */
#define OD_CREDENTIAL_PATH_BYTES 1024                 /* a file's name with its directory */

/* A variable of the environment; NULL if it is not set or empty. */
const char *od__credentials_env(const od_credential_setup *setup, const char *name);
bool od__credentials_env_is_true(const od_credential_setup *setup, const char *name);

/* Writes path with a leading "~/" replaced by HOME. Errors: authentication (no HOME, or too long). */
od_status od__credentials_expand(const od_credential_setup *setup, const char *path, const char *source,
                                 char out[OD_CREDENTIAL_PATH_BYTES], od_error *err);
/* Replaces what is in out by a regular file's bytes; /dev/null counts as an empty one. out is made anew: wipe it. absent
 * (may be NULL) becomes whether there is no such file, which then is no error. Errors: authentication (source, path and
 * what was wrong), out_of_memory. */
od_status od__credentials_read_file(const char *path, size_t limit_bytes, const char *source, od_buffer *out, bool *absent,
                                    od_error *err);

/* Hands why on as err, all of it, unless err has something already. Returns its code. */
od_status od__credentials_pass_error(od_error *err, const od_error *why);

/* What a fetch led to. Zero-initialised nothing is under way. */
typedef struct od_pending {
    enum { OD_PENDING_NOTHING, OD_PENDING_FETCHING, OD_PENDING_DONE } state;
    bool configured;         /* of a failure */
    od_error error;          /* code OD_OK: keys are good */
    od_credentials keys;
} od_pending;

/* Answers a get from what is under way or done; returns false if a fetch has to be started. */
bool od__pending_get(od_pending *pending, od_credentials *out, bool *configured, bool *waiting, od_error *err,
                     od_status *status);
/* A fetch begins: empties keys and error. */
void od__pending_start(od_pending *pending);
/* The fetch has ended, with keys or error filled: says so to who waits, who may free the source at once. Only from the
 * loop, and the last that is done there. */
void od__pending_finish(od_pending *pending, od_credential_source *source);

/* Under which names a document has what. */
typedef struct od_document_names {
    const char *access_key_id, *secret_access_key, *session_token, *expiration;
    bool needs_token, needs_expiration;
    bool expiration_is_ms;   /* a number of milliseconds; else ISO 8601 */
} od_document_names;

/* Parses JSON that must be an object; *out is new: od__value_wipe it. what names it ("the answer"). Errors: protocol,
 * out_of_memory. */
od_status od__credentials_parse_object(const char *text, size_t length_bytes, const char *source, const char *what,
                                       od_value **out, od_error *err);
/* Reads keys out of an object. Errors: authentication, protocol. */
od_status od__credentials_read_document(const od_value *document, const od_document_names *names, const char *source,
                                        od_credentials *out, od_error *err);
/* The text of a member, NULL if it is absent, empty, no text, or has a NUL in it. */
const char *od__credentials_member(const od_value *object, const char *name);

#pragma GCC visibility pop

#endif
