/* The crypto room against published vectors: FIPS 180-4, RFC 4231, RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static void sha256_vectors(void **state) {
    (void)state;
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t hash[OD_SHA256_BYTES];
        char hex[OD_SHA256_HEX_BYTES];
        assert_true(od__crypto_sha256(rows[i].text, strlen(rows[i].text), hash));
        od__crypto_hex(hash, sizeof hash, hex);
        assert_string_equal(hex, rows[i].hex);
    }
    /* A million times "a". */
    char *many = malloc(1000000);
    memset(many, 'a', 1000000);
    uint8_t hash[OD_SHA256_BYTES];
    char hex[OD_SHA256_HEX_BYTES];
    assert_true(od__crypto_sha256(many, 1000000, hash));
    od__crypto_hex(hash, sizeof hash, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(many);
}

/* RFC 4231, section 4; each key and text is a run of one byte where text is NULL. */
static void *hash_often(void *good) {
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t hash[OD_SHA256_BYTES];
    char hex[OD_SHA256_HEX_BYTES];
    bool all = true;
    for (int i = 0; i < 5000; i++) {
        all = od__crypto_sha256("abc", 3, hash) && all;
        od__crypto_hex(hash, sizeof hash, hex);
        all = all && strcmp(hex, abc) == 0;
    }
    *(bool *)good = all;
    return NULL;
}

static void threads_hash_beside_one_another(void **state) {
    (void)state;
    pthread_t threads[4];
    bool good[4] = { false };
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &good[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_true(good[i]);
}

static void each_byte_has_its_two_digits(void **state) {
    (void)state;
    uint8_t bytes[256];
    char all[2 * sizeof bytes + 1], hex[5];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    od__crypto_hex(bytes, sizeof bytes, all);
    assert_int_equal(strlen(all), 512);
    for (int i = 0; i < 256; i++) {
        char expected[3];
        snprintf(expected, sizeof expected, "%02x", (unsigned)i);
        assert_memory_equal(all + 2 * i, expected, 2);
    }
    od__crypto_hex(bytes + 0xfe, 2, hex);
    assert_string_equal(hex, "feff");
    od__crypto_hex(bytes, 0, hex);
    assert_string_equal(hex, "");
}

static void hmac_vectors(void **state) {
    (void)state;
    static const struct {
        const char *key;
        uint8_t key_byte;
        size_t key_length;
        const char *text;
        uint8_t text_byte;
        size_t text_length;
        const char *hex;
    } rows[] = {
        {NULL, 0x0b, 20, "Hi There", 0, 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {NULL, 0xaa, 20, NULL, 0xdd, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 0, 25,
         NULL, 0xcd, 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {NULL, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {NULL, 0xaa, 131,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed before being used by the HMAC algorithm.",
         0, 152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {"", 0, 0, "", 0, 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t key[256], text[256], mac[OD_SHA256_BYTES];
        char hex[OD_SHA256_HEX_BYTES];
        memset(key, rows[i].key_byte, sizeof key);
        memset(text, rows[i].text_byte, sizeof text);
        if (rows[i].key != NULL)
            memcpy(key, rows[i].key, rows[i].key_length);
        if (rows[i].text != NULL)
            memcpy(text, rows[i].text, rows[i].text_length);
        assert_true(od__crypto_hmac_sha256(key, rows[i].key_length, text, rows[i].text_length, mac));
        od__crypto_hex(mac, sizeof mac, hex);
        assert_string_equal(hex, rows[i].hex);
        od_hmac *hmac = od__crypto_hmac_new(key, rows[i].key_length);
        assert_non_null(hmac);
        for (int again = 0; again < 2; again++) {
            memset(mac, 0, sizeof mac);
            assert_true(od__crypto_hmac(hmac, text, rows[i].text_length, mac));
            od__crypto_hex(mac, sizeof mac, hex);
            assert_string_equal(hex, rows[i].hex);
        }
        od__crypto_hmac_free(hmac);
    }
    /* Keys around the size of a block, which is 64: one is padded, the other hashed. */
    uint8_t key[65], hashed[OD_SHA256_BYTES], a[OD_SHA256_BYTES], b[OD_SHA256_BYTES];
    memset(key, 7, sizeof key);
    assert_true(od__crypto_sha256(key, 65, hashed));
    assert_true(od__crypto_hmac_sha256(key, 65, "x", 1, a));
    assert_true(od__crypto_hmac_sha256(hashed, sizeof hashed, "x", 1, b));
    assert_memory_equal(a, b, sizeof a);
    assert_true(od__crypto_sha256(key, 64, hashed));
    assert_true(od__crypto_hmac_sha256(key, 64, "x", 1, a));
    assert_true(od__crypto_hmac_sha256(hashed, sizeof hashed, "x", 1, b));
    assert_memory_not_equal(a, b, sizeof a);
}

static void base64_vectors(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *base64;
    } rows[] = {
        {"", 0, ""}, {"f", 1, "Zg=="}, {"fo", 2, "Zm8="}, {"foo", 3, "Zm9v"}, {"foob", 4, "Zm9vYg=="},
        {"fooba", 5, "Zm9vYmE="}, {"foobar", 6, "Zm9vYmFy"}, {"\xff\xfe\xfd", 3, "//79"}, {"\xfb\xef\xbe", 3, "++++"},
        {"\0", 1, "AA=="}, {"Aladdin:open sesame", 19, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        memset(out, '#', sizeof out);
        od__crypto_base64(rows[i].text, rows[i].length, out);
        assert_string_equal(out, rows[i].base64);
        assert_int_equal(out[4 * ((rows[i].length + 2) / 3) + 1], '#');
    }
}

static void hex_is_lower_case(void **state) {
    (void)state;
    char out[9];
    od__crypto_hex((const uint8_t *)"\x00\xa5\xff\x10", 4, out);
    assert_string_equal(out, "00a5ff10");
    od__crypto_hex(NULL, 0, out);
    assert_string_equal(out, "");
}

static void uuid_has_its_version_and_variant(void **state) {
    (void)state;
    char out[OD_UUID_BYTES];
    uint8_t random[16] = {0};
    od__crypto_uuid(random, out);
    assert_string_equal(out, "00000000-0000-4000-8000-000000000000");
    memset(random, 0xff, sizeof random);
    od__crypto_uuid(random, out);
    assert_string_equal(out, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    for (int i = 0; i < 16; i++)
        random[i] = (uint8_t)(0x10 * i + i);
    od__crypto_uuid(random, out);
    assert_string_equal(out, "00112233-4455-4677-8899-aabbccddeeff");
}

static void random_bytes_differ(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0}, zero[32] = {0};
    assert_true(od__crypto_random(a, sizeof a));
    assert_true(od__crypto_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, zero, sizeof a);
    assert_true(od__crypto_random(NULL, 0));
}

static void wiping_and_comparing(void **state) {
    (void)state;
    char secret[] = "hunter2";
    assert_true(od__crypto_equal(secret, "hunter2", 7));
    assert_false(od__crypto_equal(secret, "hunter3", 7));
    assert_true(od__crypto_equal(secret, "other", 0));
    od__crypto_wipe(secret, 3);
    assert_memory_equal(secret, "\0\0\0ter2", 8);
    od__crypto_wipe(NULL, 0);
    assert_int_equal(strncmp(od__crypto_library(), "OpenSSL 3.", 10), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(threads_hash_beside_one_another),
        cmocka_unit_test(each_byte_has_its_two_digits),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(uuid_has_its_version_and_variant),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(wiping_and_comparing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
