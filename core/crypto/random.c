#include "crypto/crypto.h"

#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

static bool generate(void *out, size_t bytes) {
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

/* Small amounts come from a stock, because one call of RAND_bytes costs more than the rest of making a UUID. The stock
 * lives in a page that the kernel empties in a forked child, so that two processes never draw the same bytes; where
 * there is no such page, there is no stock. */
#define STOCK_BYTES 1024
#define STOCK_LARGEST 64

typedef struct stock {
    size_t left;
    unsigned char bytes[STOCK_BYTES];
} stock;

static stock *shared;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t shared_once = PTHREAD_ONCE_INIT;

static void map_stock(void) {
    void *page = mmap(NULL, sizeof(stock), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, sizeof(stock), MADV_WIPEONFORK) == 0)
        shared = page;
    else
        (void)munmap(page, sizeof(stock));
}

/* Caller holds the lock. Bytes that were given out are erased. */
static bool draw(void *out, size_t bytes) {
    if (shared->left < bytes) {
        if (!generate(shared->bytes, STOCK_BYTES))
            return false;
        shared->left = STOCK_BYTES;
    }
    shared->left -= bytes;
    memcpy(out, shared->bytes + shared->left, bytes);
    OPENSSL_cleanse(shared->bytes + shared->left, bytes);
    return true;
}

bool od__crypto_random(void *out, size_t bytes) {
    if (bytes == 0 || bytes > STOCK_LARGEST || pthread_once(&shared_once, map_stock) != 0 || shared == NULL)
        return generate(out, bytes);
    /* Never waits: the lock may be held by another thread, or for ever by one that a fork left behind. */
    if (pthread_mutex_trylock(&shared_lock) != 0)
        return generate(out, bytes);
    bool drawn = draw(out, bytes);
    (void)pthread_mutex_unlock(&shared_lock);
    return drawn;
}

void od__crypto_wipe(void *data, size_t bytes) {
    if (data != NULL && bytes > 0)
        explicit_bzero(data, bytes); /* OPENSSL_cleanse goes byte by byte where the processor could take 32 */
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
