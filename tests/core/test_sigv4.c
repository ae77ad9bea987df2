/* Signatures as data: each folder of tests/vectors/sigv4 is one request and the stages of its signature, computed by
 * another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authorizing/sigv4.h"
#include "base/memory.h"

#define VECTORS "tests/vectors/sigv4"
#define VECTOR_COUNT 41
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

typedef struct stages {
    od_buffer canonical, signed_headers, string_to_sign, authorization;
    char signature[OD_SHA256_HEX_BYTES];
} stages;

static void stages_init(stages *made) {
    od__buffer_init(&made->canonical, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&made->signed_headers, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&made->string_to_sign, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&made->authorization, OD_SIGV4_STAGE_BYTES);
    made->signature[0] = '\0';
}

static void stages_clear(stages *made) {
    od__buffer_wipe(&made->canonical);
    od__buffer_wipe(&made->signed_headers);
    od__buffer_wipe(&made->string_to_sign);
    od__buffer_wipe(&made->authorization);
}

/* A key that is at hand signs as the bytes do. */
static void check_kept_key(const uint8_t key[OD_SHA256_BYTES], const stages *made) {
    char signature[OD_SHA256_HEX_BYTES];
    od_hmac *kept = od__crypto_hmac_new(key, OD_SHA256_BYTES);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(od__sigv4_sign(kept, &made->string_to_sign, signature, NULL), OD_OK);
        assert_string_equal(signature, made->signature);
    }
    od__crypto_hmac_free(kept);
}

static od_status sign(const od_sigv4_request *request, const od_sigv4_scope *scope, const char *key_id,
                      const char *secret, stages *made, od_error *err) {
    uint8_t key[OD_SHA256_BYTES];
    od_status status = od__sigv4_signing_key(secret, scope, key, err);
    if (status == OD_OK)
        status = od__sigv4_canonical_request(request, &made->canonical, &made->signed_headers, err);
    if (status == OD_OK)
        status = od__sigv4_string_to_sign(scope, &made->canonical, &made->string_to_sign, err);
    if (status == OD_OK)
        status = od__sigv4_signature(key, &made->string_to_sign, made->signature, err);
    if (status == OD_OK)
        check_kept_key(key, made);
    if (status == OD_OK)
        status = od__sigv4_authorization(scope, key_id, &made->signed_headers, made->signature, &made->authorization,
                                         err);
    return status;
}

/* ---- vectors ---- */

static char *read_text(const char *folder, const char *name) {
    static char texts[6][16384];
    static int next;
    char *text = texts[next++ % 6];
    char path[512];
    snprintf(path, sizeof(path), VECTORS "/%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    size_t length = fread(text, 1, sizeof(texts[0]) - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static const char *text_of(const od_value *value, const char *key) {
    return od_value_string(od_value_get(value, key));
}

static void check_vector(const char *folder) {
    const char *json = read_text(folder, "request.json");
    od_value *vector = NULL;
    assert_int_equal(od_value_parse(json, strlen(json), &vector, NULL), OD_OK);
    od_sigv4_header headers[OD_SIGV4_HEADERS];
    const od_value *list = od_value_get(vector, "headers");
    for (size_t i = 0; i < od_value_length(list); i++) {
        const od_value *pair = od_value_at(list, i);
        headers[i] = (od_sigv4_header){ od_value_string(od_value_at(pair, 0)), od_value_string(od_value_at(pair, 1)) };
    }
    od_sigv4_request request = {
        .method = text_of(vector, "method"),
        .path = text_of(vector, "path"), .path_bytes = od_value_length(od_value_get(vector, "path")),
        .query = text_of(vector, "query"), .query_bytes = od_value_length(od_value_get(vector, "query")),
        .headers = headers, .header_count = od_value_length(list),
        .body = text_of(vector, "body"), .body_bytes = od_value_length(od_value_get(vector, "body")),
    };
    od_sigv4_scope scope = { .region = text_of(vector, "region"), .service = text_of(vector, "service") };
    strcpy(scope.date, text_of(vector, "date"));
    stages made;
    stages_init(&made);
    assert_int_equal(sign(&request, &scope, text_of(vector, "access_key_id"), text_of(vector, "secret_access_key"),
                          &made, NULL), OD_OK);
    assert_string_equal(od__buffer_text(&made.canonical), read_text(folder, "canonical_request.txt"));
    assert_string_equal(od__buffer_text(&made.string_to_sign), read_text(folder, "string_to_sign.txt"));
    assert_string_equal(made.signature, read_text(folder, "signature.txt"));
    assert_string_equal(od__buffer_text(&made.authorization), read_text(folder, "authorization.txt"));
    stages_clear(&made);
    od_value_unref(vector);
}

static void each_vector_has_its_stages(void **state) {
    (void)state;
    DIR *directory = opendir(VECTORS);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        print_message("    %s\n", entry->d_name);
        check_vector(entry->d_name);
        count++;
    }
    closedir(directory);
    assert_int_equal(count, VECTOR_COUNT);
}

/* ---- keys ---- */

static const od_sigv4_scope day = { .date = "20150830T123600Z", .region = "us-east-1", .service = "service" };

static void derived_keys_have_their_check_values(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        { "service", "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75" },
        { "iam", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9" },
        { "connect", "12f234796e30066e0c6dbd720d99b9117612389457cc509acaf91834f93d8f7c" },
        { "secretsmanager", "a8647fdf0a842ccff61df909a34525b9a41242ab8562e430eb0421d125466a37" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        od_sigv4_scope scope = day;
        scope.service = rows[i][0];
        uint8_t key[OD_SHA256_BYTES];
        char hex[OD_SHA256_HEX_BYTES];
        assert_int_equal(od__sigv4_signing_key(SECRET, &scope, key, NULL), OD_OK);
        od__crypto_hex(key, sizeof(key), hex);
        assert_string_equal(hex, rows[i][1]);
    }
}

static od_hmac *get_key(od_sigv4_keys *keys, const char *key_id, const char *secret, const od_sigv4_scope *scope) {
    uint8_t identity[OD_SHA256_BYTES];
    od_hmac *key = NULL;
    assert_int_equal(od__sigv4_identity(key_id, secret, identity, NULL), OD_OK);
    assert_int_equal(od__sigv4_keys_get(keys, identity, secret, scope, &key, NULL), OD_OK);
    return key;
}

static void keys_are_kept_for_day_region_service_and_identity(void **state) {
    (void)state;
    od_sigv4_keys keys = { 0 };
    const od_hmac *first = get_key(&keys, "AKID", SECRET, &day);
    assert_int_equal(keys.derived, 1);
    od_sigv4_scope later = day;
    strcpy(later.date, "20150830T235959Z");
    assert_ptr_equal(get_key(&keys, "AKID", SECRET, &later), first);
    assert_int_equal(keys.derived, 1);

    od_sigv4_scope tomorrow = day, region = day, service = day;
    strcpy(tomorrow.date, "20150831T000000Z");
    region.region = "us-east-2";
    service.service = "connect";
    (void)get_key(&keys, "AKID", SECRET, &tomorrow);
    (void)get_key(&keys, "AKID", SECRET, &region);
    (void)get_key(&keys, "AKID", SECRET, &service);
    (void)get_key(&keys, "AKIE", SECRET, &day);
    (void)get_key(&keys, "AKID", SECRET "2", &day);
    assert_int_equal(keys.derived, 6);
    assert_ptr_equal(get_key(&keys, "AKID", SECRET, &day), first);
    assert_int_equal(keys.derived, 6);
    od__sigv4_keys_wipe(&keys);
}

static void a_kept_key_is_the_derived_one(void **state) {
    (void)state;
    od_sigv4_keys keys = { 0 };
    uint8_t derived[OD_SHA256_BYTES];
    char kept[OD_SHA256_HEX_BYTES], own[OD_SHA256_HEX_BYTES];
    od_buffer text;
    od__buffer_init(&text, 100);
    od__buffer_add_text(&text, "to sign");
    assert_int_equal(od__sigv4_signing_key(SECRET, &day, derived, NULL), OD_OK);
    assert_int_equal(od__sigv4_signature(derived, &text, own, NULL), OD_OK);
    assert_int_equal(od__sigv4_sign(get_key(&keys, "AKID", SECRET, &day), &text, kept, NULL), OD_OK);
    assert_string_equal(kept, own);
    assert_null(memmem(&keys, sizeof(keys), derived, sizeof(derived)));
    od__buffer_clear(&text);
    od__sigv4_keys_wipe(&keys);
}

static void a_key_that_cannot_be_derived_leaves_its_place_empty(void **state) {
    (void)state;
    char secret[300];
    memset(secret, 's', sizeof(secret) - 1);
    secret[sizeof(secret) - 1] = '\0';
    od_sigv4_keys keys = { 0 };
    uint8_t identity[OD_SHA256_BYTES] = { 0 };
    od_hmac *key = NULL;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__sigv4_keys_get(&keys, identity, secret, &day, &key, &error), OD_INTERNAL);
    assert_string_equal(error.message, "the secret access key is longer than 256 bytes");
    assert_null(key);
    od_sigv4_keys nothing = { 0 };
    assert_memory_equal(&keys, &nothing, sizeof(keys));
    (void)get_key(&keys, "AKID", SECRET, &day);
    od__sigv4_keys_wipe(&keys);
}

static void an_evicted_key_is_wiped(void **state) {
    (void)state;
    od_sigv4_keys keys = { 0 };
    (void)get_key(&keys, "AKID", SECRET, &day);
    char first[sizeof(keys.keys[0].day)];
    memcpy(first, keys.keys[0].day, sizeof(first));
    for (int i = 1; i <= OD_SIGV4_KEYS; i++) {
        od_sigv4_scope scope = day;
        strcpy(scope.date, "20150900T000000Z");
        scope.date[7] = (char)('0' + i);
        (void)get_key(&keys, "AKID", SECRET, &scope);
    }
    assert_null(memmem(&keys, sizeof(keys), first, sizeof(first)));
    assert_string_equal(keys.keys[0].day, "20150908");
    (void)get_key(&keys, "AKID", SECRET, &day);
    assert_int_equal(keys.derived, OD_SIGV4_KEYS + 2);

    od_sigv4_keys nothing = { 0 };
    od__sigv4_keys_wipe(&keys);
    assert_memory_equal(&keys, &nothing, sizeof(keys));
}

static void a_cached_key_is_no_copy_of_the_secret(void **state) {
    (void)state;
    od_sigv4_keys keys = { 0 };
    (void)get_key(&keys, "AKID", SECRET, &day);
    assert_null(memmem(&keys, sizeof(keys), SECRET, strlen(SECRET)));
    od__sigv4_keys_wipe(&keys);
}

static void scopes_that_are_too_long_are_refused(void **state) {
    (void)state;
    char region[OD_SIGV4_SCOPE_PART_BYTES + 1];
    memset(region, 'r', sizeof(region) - 1);
    region[sizeof(region) - 1] = '\0';
    od_sigv4_scope scope = day;
    scope.region = region;
    od_sigv4_keys keys = { 0 };
    uint8_t identity[OD_SHA256_BYTES] = { 0 };
    od_hmac *key;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__sigv4_keys_get(&keys, identity, SECRET, &scope, &key, &error), OD_INTERNAL);
    assert_string_equal(error.message, "a region or service to sign for is longer than 63 bytes");
}

/* ---- dates ---- */

static void dates_are_utc(void **state) {
    (void)state;
    static const struct {
        int64_t unix_ms;
        const char *date;
    } rows[] = {
        { 0, "19700101T000000Z" },
        { 999, "19700101T000000Z" },
        { 1000, "19700101T000001Z" },
        { -1, "19691231T235959Z" },
        { INT64_C(1440938160000), "20150830T123600Z" },
        { INT64_C(1709251199999), "20240229T235959Z" },
        { INT64_C(4102444800000), "21000101T000000Z" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char date[OD_SIGV4_DATE_BYTES];
        od__sigv4_date(rows[i].unix_ms, date);
        assert_string_equal(date, rows[i].date);
    }
}

/* ---- limits ---- */

static const od_sigv4_header host_only[] = { { "host", "example.com" } };

static void more_headers_than_the_limit_are_refused(void **state) {
    (void)state;
    od_sigv4_header headers[OD_SIGV4_HEADERS + 1];
    for (size_t i = 0; i < OD_SIGV4_HEADERS + 1; i++)
        headers[i] = host_only[0];
    od_sigv4_request request = { .method = "GET", .path = "/", .path_bytes = 1, .headers = headers,
                                 .header_count = OD_SIGV4_HEADERS + 1, .body = "" };
    stages made;
    stages_init(&made);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, &error), OD_INTERNAL);
    assert_string_equal(error.message, "more than 32 headers to sign");
    stages_clear(&made);
}

static void more_query_parameters_than_the_limit_are_refused(void **state) {
    (void)state;
    char query[129 * 2];
    for (size_t i = 0; i < 129; i++)
        memcpy(query + 2 * i, "a&", 2);
    od_sigv4_request request = { .method = "GET", .path = "/", .path_bytes = 1, .query = query,
                                 .query_bytes = sizeof(query), .headers = host_only, .header_count = 1, .body = "" };
    stages made;
    stages_init(&made);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, &error), OD_INTERNAL);
    assert_string_equal(error.message, "more than 128 query parameters to sign");
    request.query_bytes -= 2;
    assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, NULL), OD_OK);
    stages_clear(&made);
}

static void a_canonical_request_beyond_its_limit_is_refused_and_forgotten(void **state) {
    (void)state;
    static char value[OD_SIGV4_STAGE_BYTES + 1];
    memset(value, 'v', sizeof(value) - 1);
    od_sigv4_header headers[] = { { "host", "example.com" }, { "x-amz-security-token", value } };
    od_sigv4_request request = { .method = "GET", .path = "/", .path_bytes = 1, .headers = headers, .header_count = 2,
                                 .body = "" };
    stages made;
    stages_init(&made);
    od_error error = OD_ERROR_INIT;
    assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, &error), OD_INTERNAL);
    assert_string_equal(error.message, "the canonical request is longer than 65536 bytes");
    request.header_count = 1;
    assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, NULL), OD_OK);
    assert_string_equal(od__buffer_text(&made.signed_headers), "host");
    stages_clear(&made);
}

static void a_secret_longer_than_its_place_is_refused(void **state) {
    (void)state;
    char secret[258];
    memset(secret, 's', sizeof(secret) - 1);
    secret[sizeof(secret) - 1] = '\0';
    uint8_t key[OD_SHA256_BYTES];
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__sigv4_signing_key(secret, &day, key, &error), OD_INTERNAL);
    assert_string_equal(error.message, "the secret access key is longer than 256 bytes");
}

/* Every allocation fails once: an error each time, and the same buffers work afterwards. */
static void each_failing_allocation_is_an_error(void **state) {
    (void)state;
    od_sigv4_request request = { .method = "GET", .path = "/a", .path_bytes = 2, .query = "b=1&a=2", .query_bytes = 7,
                                 .headers = host_only, .header_count = 1, .body = "" };
    stages made;
    stages_init(&made);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        stages_clear(&made);
        od_error error = OD_ERROR_INIT;
        od__memory_fail_at(n);
        od_status status = sign(&request, &day, "AKID", SECRET, &made, &error);
        od__memory_fail_at(0);
        if (status == OD_OK)
            break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        assert_int_equal(error.code, OD_OUT_OF_MEMORY);
        assert_int_equal(sign(&request, &day, "AKID", SECRET, &made, NULL), OD_OK);
        failures++;
    }
    assert_true(failures >= 5);
    stages_clear(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector_has_its_stages),
        cmocka_unit_test(derived_keys_have_their_check_values),
        cmocka_unit_test(a_kept_key_is_the_derived_one),
        cmocka_unit_test(a_key_that_cannot_be_derived_leaves_its_place_empty),
        cmocka_unit_test(keys_are_kept_for_day_region_service_and_identity),
        cmocka_unit_test(an_evicted_key_is_wiped),
        cmocka_unit_test(a_cached_key_is_no_copy_of_the_secret),
        cmocka_unit_test(scopes_that_are_too_long_are_refused),
        cmocka_unit_test(dates_are_utc),
        cmocka_unit_test(more_headers_than_the_limit_are_refused),
        cmocka_unit_test(more_query_parameters_than_the_limit_are_refused),
        cmocka_unit_test(a_canonical_request_beyond_its_limit_is_refused_and_forgotten),
        cmocka_unit_test(a_secret_longer_than_its_place_is_refused),
        cmocka_unit_test(each_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
