/* crypto: hashing, HMAC, encodings, randomness and wiping; the only room that knows OpenSSL. No protocol is here. */
#ifndef OD_CRYPTO_CRYPTO_H
#define OD_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define OD_SHA1_BYTES 20
#define OD_SHA256_BYTES 32
#define OD_SHA256_HEX_BYTES 65 /* with the final NUL */
#define OD_UUID_BYTES 37       /* with the final NUL */

/* All return false when OpenSSL fails (out of memory, or a provider is missing). */
bool od__crypto_sha256(const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]);
bool od__crypto_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                            uint8_t out[OD_SHA256_BYTES]);
/* The same of one key for many texts, without hashing the key again for each; one thread at a time. NULL when OpenSSL fails. */
typedef struct od_hmac od_hmac;
od_hmac *od__crypto_hmac_new(const void *key, size_t key_length);
void od__crypto_hmac_free(od_hmac *hmac); /* NULL is fine; overwrites it */
bool od__crypto_hmac(od_hmac *hmac, const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]);
/* For names of files only, where others have chosen it: it protects nothing. */
bool od__crypto_sha1(const void *data, size_t length, uint8_t out[OD_SHA1_BYTES]);
bool od__crypto_random(void *out, size_t bytes);
/* Lower-case hexadecimal, NUL-terminated; out holds 2 * length + 1 bytes. */
void od__crypto_hex(const uint8_t *data, size_t length, char *out);
/* Base64 with padding, NUL-terminated; out holds 4 * ((length + 2) / 3) + 1 bytes. */
void od__crypto_base64(const void *data, size_t length, char *out);
/* Formats 16 random bytes as a version 4 UUID in lower case. */
void od__crypto_uuid(const uint8_t random[16], char out[OD_UUID_BYTES]);
/* Overwrites memory in a way that the compiler keeps. */
void od__crypto_wipe(void *data, size_t bytes);
/* Compares without telling by its duration where the difference is. */
bool od__crypto_equal(const void *a, const void *b, size_t bytes);
/* Returns "OpenSSL 3.0.x"; static. */
const char *od__crypto_library(void);

#pragma GCC visibility pop
#endif
