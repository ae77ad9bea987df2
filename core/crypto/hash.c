#include "crypto/crypto.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define BLOCK_BYTES 64 /* of SHA-256 */

/* Fetched once: an implicit fetch on each call costs as much as hashing 300 bytes. */
static EVP_MD *sha256;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

/* A context that nobody uses now: making one for each text costs as much as hashing 64 bytes. Of what it hashed last it has
 * the hash only. */
static _Atomic(EVP_MD_CTX *) idle;

static void release(void) {
    EVP_MD_CTX_free(atomic_exchange(&idle, NULL));
    EVP_MD_free(sha256);
    sha256 = NULL;
}

static void fetch(void) {
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    /* Also keeps this code loaded until OpenSSL has called it. If that cannot be had, nothing is ever released. */
    if (sha256 != NULL)
        (void)OPENSSL_atexit(release);
}

static const EVP_MD *digest(void) {
    (void)pthread_once(&fetch_once, fetch);
    return sha256;
}

static bool go_on(EVP_MD_CTX *context, const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]) {
    return EVP_DigestUpdate(context, data, length) == 1 && EVP_DigestFinal_ex(context, out, NULL) == 1;
}

bool od__crypto_sha256(const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]) {
    const EVP_MD *md = digest();
    EVP_MD_CTX *context = atomic_exchange(&idle, NULL);
    if (context == NULL)
        context = EVP_MD_CTX_new();
    bool good = md != NULL && context != NULL && EVP_DigestInit_ex2(context, md, NULL) == 1 &&
                go_on(context, data, length, out);
    EVP_MD_CTX *rest = good ? atomic_exchange(&idle, context) : context;
    EVP_MD_CTX_free(rest);
    return good;
}

/* The two hashes of RFC 2104, as they are after the padded key; OpenSSL's own EVP_MAC takes twice the time for texts as short
 * as ours. */
struct od_hmac {
    EVP_MD_CTX *inner, *outer, *at_work;
};

static bool begin(EVP_MD_CTX **context, const EVP_MD *md, const uint8_t key[BLOCK_BYTES], uint8_t pad) {
    uint8_t block[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    *context = EVP_MD_CTX_new();
    bool good = *context != NULL && EVP_DigestInit_ex2(*context, md, NULL) == 1 &&
                EVP_DigestUpdate(*context, block, sizeof block) == 1;
    OPENSSL_cleanse(block, sizeof block);
    return good;
}

static bool begin_both(od_hmac *hmac, const void *key, size_t key_length) {
    const EVP_MD *md = digest();
    uint8_t block[BLOCK_BYTES] = {0};
    /* The hash of a long key is a key, and stays nowhere. */
    if (md == NULL || (key_length > BLOCK_BYTES && EVP_Digest(key, key_length, block, NULL, md, NULL) != 1))
        return false;
    if (key_length > 0 && key_length <= BLOCK_BYTES)
        memcpy(block, key, key_length);
    bool good = begin(&hmac->inner, md, block, 0x36) && begin(&hmac->outer, md, block, 0x5c);
    OPENSSL_cleanse(block, sizeof block);
    return good;
}

static void end_both(od_hmac *hmac) {
    EVP_MD_CTX_free(hmac->inner);
    EVP_MD_CTX_free(hmac->outer);
}

od_hmac *od__crypto_hmac_new(const void *key, size_t key_length) {
    od_hmac *hmac = OPENSSL_zalloc(sizeof *hmac);
    if (hmac == NULL)
        return NULL;
    hmac->at_work = EVP_MD_CTX_new();
    if (hmac->at_work != NULL && begin_both(hmac, key, key_length))
        return hmac;
    od__crypto_hmac_free(hmac);
    return NULL;
}

void od__crypto_hmac_free(od_hmac *hmac) {
    if (hmac == NULL)
        return;
    end_both(hmac);
    EVP_MD_CTX_free(hmac->at_work);
    OPENSSL_free(hmac);
}

bool od__crypto_hmac(od_hmac *hmac, const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]) {
    uint8_t inner[OD_SHA256_BYTES];
    bool good = EVP_MD_CTX_copy_ex(hmac->at_work, hmac->inner) == 1 && go_on(hmac->at_work, data, length, inner) &&
                EVP_MD_CTX_copy_ex(hmac->at_work, hmac->outer) == 1 && go_on(hmac->at_work, inner, sizeof inner, out);
    OPENSSL_cleanse(inner, sizeof inner);
    return good;
}

bool od__crypto_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                            uint8_t out[OD_SHA256_BYTES]) {
    od_hmac hmac = {0};
    uint8_t inner[OD_SHA256_BYTES];
    bool good = begin_both(&hmac, key, key_length) && go_on(hmac.inner, data, length, inner) &&
                go_on(hmac.outer, inner, sizeof inner, out);
    end_both(&hmac);
    OPENSSL_cleanse(inner, sizeof inner);
    return good;
}

bool od__crypto_sha1(const void *data, size_t length, uint8_t out[OD_SHA1_BYTES]) {
    return EVP_Digest(data, length, out, NULL, EVP_sha1(), NULL) == 1;
}
