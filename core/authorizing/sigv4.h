/* authorizing/sigv4: AWS Signature Version 4 in its stages, each as bytes that can be looked at. Pure: no clock, no
 * credential source, no HTTP request; those are the authorizer's. */
#ifndef OD_AUTHORIZING_SIGV4_H
#define OD_AUTHORIZING_SIGV4_H

#include <stddef.h>
#include <stdint.h>
#include <outdial.h>

#include "base/buffer.h"
#include "crypto/crypto.h"

#pragma GCC visibility push(hidden)

#define OD_SIGV4_DATE_BYTES 17       /* "20150830T123600Z" with its NUL */
#define OD_SIGV4_SCOPE_PART_BYTES 64 /* region or service, with the NUL */
#define OD_SIGV4_HEADERS 32          /* headers of one signature */
#define OD_SIGV4_KEYS 8              /* signing keys that one cache holds */
#define OD_SIGV4_STAGE_BYTES (64u * 1024)

typedef struct od_sigv4_header {
    const char *name;   /* in any case */
    const char *value;
} od_sigv4_header;

/* What is signed; all borrowed. */
typedef struct od_sigv4_request {
    const char *method;               /* upper case */
    const char *path;                 /* as on the request line: percent-encoded once */
    size_t path_bytes;
    const char *query;                /* without the '?'; NULL: none */
    size_t query_bytes;
    const od_sigv4_header *headers;   /* those to sign; in order of arrival */
    size_t header_count;
    const void *body;
    size_t body_bytes;
} od_sigv4_request;

/* In whose name and when. */
typedef struct od_sigv4_scope {
    char date[OD_SIGV4_DATE_BYTES];   /* YYYYMMDDTHHMMSSZ */
    const char *region, *service;
} od_sigv4_scope;

/* Writes Unix time as YYYYMMDDTHHMMSSZ. */
void od__sigv4_date(int64_t unix_ms, char out[OD_SIGV4_DATE_BYTES]);

/* Empties a buffer that is used again and again: it keeps its memory, and forgets an earlier failure. */
void od__sigv4_restart(od_buffer *buffer);

/* Stage 1: replaces what is in canonical by the canonical request, and in signed_headers by "content-type;host;...".
 * Errors: internal (too many headers, over the limit, or the hash failed), out_of_memory. */
od_status od__sigv4_canonical_request(const od_sigv4_request *request, od_buffer *canonical, od_buffer *signed_headers,
                                      od_error *err);
/* Stage 2: replaces what is in out by the string to sign. Errors: as above. */
od_status od__sigv4_string_to_sign(const od_sigv4_scope *scope, const od_buffer *canonical, od_buffer *out,
                                   od_error *err);
/* Derives the key of a day, region and service. Wipe it when done. Errors: internal. */
od_status od__sigv4_signing_key(const char *secret, const od_sigv4_scope *scope, uint8_t out[OD_SHA256_BYTES],
                                od_error *err);
/* Stage 3: the signature in lower-case hexadecimal. Errors: internal. */
od_status od__sigv4_signature(const uint8_t key[OD_SHA256_BYTES], const od_buffer *string_to_sign,
                              char out[OD_SHA256_HEX_BYTES], od_error *err);
/* The same by a key that is at hand for many. */
od_status od__sigv4_sign(od_hmac *key, const od_buffer *string_to_sign, char out[OD_SHA256_HEX_BYTES], od_error *err);
/* Stage 4: replaces what is in out by the value of the Authorization header. Errors: internal, out_of_memory. */
od_status od__sigv4_authorization(const od_sigv4_scope *scope, const char *access_key_id,
                                  const od_buffer *signed_headers, const char *signature, od_buffer *out,
                                  od_error *err);

/* Signing keys kept for their day. Zero-initialised it is empty. */
typedef struct od_sigv4_key {
    char day[9];
    char region[OD_SIGV4_SCOPE_PART_BYTES], service[OD_SIGV4_SCOPE_PART_BYTES];
    uint8_t identity[OD_SHA256_BYTES];  /* of access key id and secret, so that the secret itself is not kept twice */
    od_hmac *key;                       /* NULL: there is none here */
} od_sigv4_key;

typedef struct od_sigv4_keys {
    od_sigv4_key keys[OD_SIGV4_KEYS];
    size_t next;        /* which one goes next */
    size_t derived;     /* how often a key had to be made */
} od_sigv4_keys;

/* Computes what a cached key is filed under besides its scope. Errors: internal. */
od_status od__sigv4_identity(const char *access_key_id, const char *secret, uint8_t out[OD_SHA256_BYTES],
                             od_error *err);
/* Returns the key for this scope, made from secret if it is not there; *out is borrowed until the next call. The oldest
 * is wiped for a new one. Errors: internal. */
od_status od__sigv4_keys_get(od_sigv4_keys *keys, const uint8_t identity[OD_SHA256_BYTES], const char *secret,
                             const od_sigv4_scope *scope, od_hmac **out, od_error *err);
void od__sigv4_keys_wipe(od_sigv4_keys *keys);

#pragma GCC visibility pop

#endif
