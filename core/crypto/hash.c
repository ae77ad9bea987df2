#include "crypto/crypto.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define BLOCK_BYTES 64 /* of SHA-256 */

/* Fetched once: an implicit fetch on each call costs as much as hashing 300 bytes. */
static EVP_MD *sha256;
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void release(void) {
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

bool od__crypto_sha256(const void *data, size_t length, uint8_t out[OD_SHA256_BYTES]) {
    const EVP_MD *md = digest();
    return md != NULL && EVP_Digest(data, length, out, NULL, md, NULL) == 1;
}

/* One half of RFC 2104: the hash of a padded key and what follows it. */
static bool hash_after_pad(EVP_MD_CTX *context, const EVP_MD *md, const uint8_t pad[BLOCK_BYTES], const void *data,
                           size_t length, uint8_t out[OD_SHA256_BYTES]) {
    return EVP_DigestInit_ex2(context, md, NULL) == 1 && EVP_DigestUpdate(context, pad, BLOCK_BYTES) == 1 &&
           EVP_DigestUpdate(context, data, length) == 1 && EVP_DigestFinal_ex(context, out, NULL) == 1;
}

/* HMAC is two plain hashes; OpenSSL's own EVP_MAC takes twice the time of that for texts as short as ours. */
bool od__crypto_hmac_sha256(const void *key, size_t key_length, const void *data, size_t length,
                            uint8_t out[OD_SHA256_BYTES]) {
    const EVP_MD *md = digest();
    if (md == NULL)
        return false;
    uint8_t block[BLOCK_BYTES] = {0};
    if (key_length > BLOCK_BYTES) {
        if (!od__crypto_sha256(key, key_length, block))
            return false;
    } else if (key_length > 0) {
        memcpy(block, key, key_length);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t inner[OD_SHA256_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= 0x36;
    bool good = context != NULL && hash_after_pad(context, md, block, data, length, inner);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= 0x36 ^ 0x5c;
    good = good && hash_after_pad(context, md, block, inner, sizeof inner, out);
    EVP_MD_CTX_free(context);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(inner, sizeof inner);
    return good;
}

bool od__crypto_sha1(const void *data, size_t length, uint8_t out[OD_SHA1_BYTES]) {
    return EVP_Digest(data, length, out, NULL, EVP_sha1(), NULL) == 1;
}
