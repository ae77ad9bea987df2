#include "crypto/crypto.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

bool od__crypto_random(void *out, size_t bytes) {
    unsigned char *to = out;
    while (bytes > 0) {
        int part = bytes > INT_MAX ? INT_MAX : (int)bytes;
        if (RAND_bytes(to, part) != 1)
            return false;
        to += part;
        bytes -= (size_t)part;
    }
    return true;
}

void od__crypto_wipe(void *data, size_t bytes) {
    if (data != NULL && bytes > 0)
        OPENSSL_cleanse(data, bytes);
}

bool od__crypto_equal(const void *a, const void *b, size_t bytes) {
    return CRYPTO_memcmp(a, b, bytes) == 0;
}

static char library[32];
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void name_library(void) {
    (void)snprintf(library, sizeof library, "OpenSSL %u.%u.%u", OPENSSL_version_major(), OPENSSL_version_minor(),
                   OPENSSL_version_patch());
}

const char *od__crypto_library(void) {
    (void)pthread_once(&library_once, name_library);
    return library;
}
