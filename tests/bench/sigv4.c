/* sigv4: what a signature with a cached key costs, against the hashing in it alone.
 *
 *   sigv4 COUNT
 *
 * Prints two numbers: CPU time per signature, and per hashing of the same bytes, in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authorizing/sigv4.h"

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void must(bool good) {
    if (!good) {
        fprintf(stderr, "sigv4: failed\n");
        exit(1);
    }
}

int main(int argc, char **argv) {
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    static char body[331];
    memset(body, 'b', sizeof(body) - 1);
    const od_sigv4_header headers[] = {
        { "content-type", "application/json" },
        { "host", "connect.us-east-1.amazonaws.com" },
        { "x-amz-date", "20260101T000000Z" },
    };
    const od_sigv4_request request = {
        .method = "PUT", .path = "/contact/outbound-voice", .path_bytes = 23, .headers = headers, .header_count = 3,
        .body = body, .body_bytes = sizeof(body) - 1,
    };
    od_sigv4_scope scope = { .date = "20260101T000000Z", .region = "us-east-1", .service = "connect" };
    od_sigv4_keys keys = { .next = 0 };
    uint8_t identity[OD_SHA256_BYTES], hash[OD_SHA256_BYTES] = { 0 };
    char signature[OD_SHA256_HEX_BYTES];
    od_buffer canonical, names, to_sign, authorization;
    od_buffer *const buffers[] = { &canonical, &names, &to_sign, &authorization };
    for (size_t i = 0; i < 4; i++)
        od__buffer_init(buffers[i], OD_SIGV4_STAGE_BYTES);
    must(od__sigv4_identity("AKIDEXAMPLE", "secret", identity, NULL) == OD_OK);
    double before = cpu_us();
    for (long i = 0; i < count; i++) {
        od_hmac *key = NULL;
        must(od__sigv4_canonical_request(&request, &canonical, &names, NULL) == OD_OK);
        must(od__sigv4_string_to_sign(&scope, &canonical, &to_sign, NULL) == OD_OK);
        must(od__sigv4_keys_get(&keys, identity, "secret", &scope, &key, NULL) == OD_OK);
        must(od__sigv4_sign(key, &to_sign, signature, NULL) == OD_OK);
        must(od__sigv4_authorization(&scope, "AKIDEXAMPLE", &names, signature, &authorization, NULL) == OD_OK);
    }
    double signing = (cpu_us() - before) / (double)count;
    must(keys.derived == 1);
    od_hmac *hmac = od__crypto_hmac_new(hash, sizeof(hash));
    must(hmac != NULL);
    before = cpu_us();
    for (long i = 0; i < count; i++) {
        must(od__crypto_sha256(body, sizeof(body) - 1, hash));
        must(od__crypto_sha256(canonical.data, canonical.length, hash));
        must(od__crypto_hmac(hmac, to_sign.data, to_sign.length, hash));
    }
    printf("%.3f %.3f\n", signing, (cpu_us() - before) / (double)count);
    for (size_t i = 0; i < 4; i++)
        od__buffer_clear(buffers[i]);
    od__crypto_hmac_free(hmac);
    od__sigv4_keys_wipe(&keys);
    return 0;
}
