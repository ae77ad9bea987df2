/* Stages 2 to 4 of a signature, and the cache of signing keys. */
#include "authorizing/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DAY_BYTES 8
#define SECRET_BYTES 256

static od_status hash_failed(od_error *err) {
    return od__error_set(err, OD_INTERNAL, "the signature could not be computed");
}

static od_status buffer_status(const od_buffer *buffer, od_error *err) {
    if (buffer->over_limit)
        return od__error_set(err, OD_INTERNAL, "a stage of the signature is longer than %zu bytes",
                             buffer->limit_bytes);
    return buffer->failed ? od__error_no_memory(err) : OD_OK;
}

void od__sigv4_restart(od_buffer *buffer) {
    if (buffer->failed)
        od__buffer_wipe(buffer);
    else
        od__buffer_truncate(buffer, 0);
}

void od__sigv4_date(int64_t unix_ms, char out[OD_SIGV4_DATE_BYTES]) {
    int64_t seconds = unix_ms / 1000 - (unix_ms % 1000 < 0);
    time_t moment = (time_t)seconds;
    struct tm parts;
    gmtime_r(&moment, &parts);
    strftime(out, OD_SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &parts);
}

static void add_scope(od_buffer *out, const od_sigv4_scope *scope) {
    od__buffer_add(out, scope->date, DAY_BYTES);
    od__buffer_add_byte(out, '/');
    od__buffer_add_text(out, scope->region);
    od__buffer_add_byte(out, '/');
    od__buffer_add_text(out, scope->service);
    od__buffer_add_text(out, "/aws4_request");
}

od_status od__sigv4_string_to_sign(const od_sigv4_scope *scope, const od_buffer *canonical, od_buffer *out,
                                   od_error *err) {
    uint8_t hash[OD_SHA256_BYTES];
    char hex[OD_SHA256_HEX_BYTES];
    if (!od__crypto_sha256(canonical->data, canonical->length, hash))
        return hash_failed(err);
    od__crypto_hex(hash, sizeof(hash), hex);
    od__sigv4_restart(out);
    od__buffer_add_text(out, ALGORITHM "\n");
    od__buffer_add(out, scope->date, OD_SIGV4_DATE_BYTES - 1);
    od__buffer_add_byte(out, '\n');
    add_scope(out, scope);
    od__buffer_add_byte(out, '\n');
    od__buffer_add(out, hex, sizeof(hex) - 1);
    return buffer_status(out, err);
}

od_status od__sigv4_signing_key(const char *secret, const od_sigv4_scope *scope, uint8_t out[OD_SHA256_BYTES],
                                od_error *err) {
    char first[4 + SECRET_BYTES + 1];
    int length = snprintf(first, sizeof(first), "AWS4%s", secret);
    if (length < 0 || (size_t)length >= sizeof(first)) {
        od__crypto_wipe(first, sizeof(first));
        return od__error_set(err, OD_INTERNAL, "the secret access key is longer than %d bytes", SECRET_BYTES);
    }
    uint8_t day[OD_SHA256_BYTES], region[OD_SHA256_BYTES], service[OD_SHA256_BYTES];
    bool fine = od__crypto_hmac_sha256(first, (size_t)length, scope->date, DAY_BYTES, day) &&
                od__crypto_hmac_sha256(day, sizeof(day), scope->region, strlen(scope->region), region) &&
                od__crypto_hmac_sha256(region, sizeof(region), scope->service, strlen(scope->service), service) &&
                od__crypto_hmac_sha256(service, sizeof(service), "aws4_request", 12, out);
    od__crypto_wipe(first, sizeof(first));
    od__crypto_wipe(day, sizeof(day));
    od__crypto_wipe(region, sizeof(region));
    od__crypto_wipe(service, sizeof(service));
    return fine ? OD_OK : hash_failed(err);
}

od_status od__sigv4_signature(const uint8_t key[OD_SHA256_BYTES], const od_buffer *string_to_sign,
                              char out[OD_SHA256_HEX_BYTES], od_error *err) {
    uint8_t signature[OD_SHA256_BYTES];
    if (!od__crypto_hmac_sha256(key, OD_SHA256_BYTES, string_to_sign->data, string_to_sign->length, signature))
        return hash_failed(err);
    od__crypto_hex(signature, sizeof(signature), out);
    return OD_OK;
}

od_status od__sigv4_sign(od_hmac *key, const od_buffer *string_to_sign, char out[OD_SHA256_HEX_BYTES], od_error *err) {
    uint8_t signature[OD_SHA256_BYTES];
    if (!od__crypto_hmac(key, string_to_sign->data, string_to_sign->length, signature))
        return hash_failed(err);
    od__crypto_hex(signature, sizeof(signature), out);
    return OD_OK;
}

od_status od__sigv4_authorization(const od_sigv4_scope *scope, const char *access_key_id,
                                  const od_buffer *signed_headers, const char *signature, od_buffer *out,
                                  od_error *err) {
    od__sigv4_restart(out);
    od__buffer_add_text(out, ALGORITHM " Credential=");
    od__buffer_add_text(out, access_key_id);
    od__buffer_add_byte(out, '/');
    add_scope(out, scope);
    od__buffer_add_text(out, ", SignedHeaders=");
    od__buffer_add_text(out, od__buffer_text(signed_headers));
    od__buffer_add_text(out, ", Signature=");
    od__buffer_add_text(out, signature);
    return buffer_status(out, err);
}

od_status od__sigv4_identity(const char *access_key_id, const char *secret, uint8_t out[OD_SHA256_BYTES],
                             od_error *err) {
    if (!od__crypto_hmac_sha256(secret, strlen(secret), access_key_id, strlen(access_key_id), out))
        return hash_failed(err);
    return OD_OK;
}

static bool key_fits(const od_sigv4_key *key, const uint8_t *identity, const od_sigv4_scope *scope) {
    return key->key != NULL && memcmp(key->day, scope->date, DAY_BYTES) == 0 && strcmp(key->region, scope->region) == 0 &&
           strcmp(key->service, scope->service) == 0 && memcmp(key->identity, identity, OD_SHA256_BYTES) == 0;
}

static void wipe_key(od_sigv4_key *key) {
    od__crypto_hmac_free(key->key);
    od__crypto_wipe(key, sizeof(*key));
}

static od_status derive_key(const char *secret, const od_sigv4_scope *scope, od_hmac **out, od_error *err) {
    uint8_t key[OD_SHA256_BYTES];
    od_status status = od__sigv4_signing_key(secret, scope, key, err);
    *out = status == OD_OK ? od__crypto_hmac_new(key, sizeof(key)) : NULL;
    od__crypto_wipe(key, sizeof(key));
    return status == OD_OK && *out == NULL ? hash_failed(err) : status;
}

od_status od__sigv4_keys_get(od_sigv4_keys *keys, const uint8_t identity[OD_SHA256_BYTES], const char *secret,
                             const od_sigv4_scope *scope, od_hmac **out, od_error *err) {
    for (size_t i = 0; i < OD_SIGV4_KEYS; i++) {
        if (key_fits(&keys->keys[i], identity, scope)) {
            *out = keys->keys[i].key;
            return OD_OK;
        }
    }
    if (strlen(scope->region) >= OD_SIGV4_SCOPE_PART_BYTES || strlen(scope->service) >= OD_SIGV4_SCOPE_PART_BYTES)
        return od__error_set(err, OD_INTERNAL, "a region or service to sign for is longer than %d bytes",
                             OD_SIGV4_SCOPE_PART_BYTES - 1);
    od_sigv4_key *key = &keys->keys[keys->next];
    wipe_key(key);
    od_status status = derive_key(secret, scope, &key->key, err);
    if (status != OD_OK)
        return status;
    memcpy(key->day, scope->date, DAY_BYTES);
    memcpy(key->region, scope->region, strlen(scope->region) + 1);
    memcpy(key->service, scope->service, strlen(scope->service) + 1);
    memcpy(key->identity, identity, OD_SHA256_BYTES);
    keys->next = (keys->next + 1) % OD_SIGV4_KEYS;
    keys->derived++;
    *out = key->key;
    return OD_OK;
}

void od__sigv4_keys_wipe(od_sigv4_keys *keys) {
    for (size_t i = 0; i < OD_SIGV4_KEYS; i++)
        wipe_key(&keys->keys[i]);
    od__crypto_wipe(keys, sizeof(*keys));
}
