#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/credentials.h"

/* ---- the environment, as rows ---- */

static const char *env_key, *env_secret, *env_token;

static const char *fake_env(const char *name) {
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return env_key;
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return env_secret;
    return strcmp(name, "AWS_SESSION_TOKEN") == 0 ? env_token : NULL;
}

typedef struct environment_row {
    const char *key, *secret, *token;
    bool configured;
    const char *error;  /* "": the keys come */
} environment_row;

static const environment_row environment_rows[] = {
    { "AKID", "secret", NULL, true, "" },
    { "AKID", "secret", "token", true, "" },
    { "AKID", "secret", "", true, "" },
    { NULL, NULL, NULL, false, "authentication: environment: AWS_ACCESS_KEY_ID is not set" },
    { "", "", "", false, "authentication: environment: AWS_ACCESS_KEY_ID is not set" },
    { NULL, NULL, "token", false, "authentication: environment: AWS_ACCESS_KEY_ID is not set" },
    { "AKID", NULL, NULL, true,
      "authentication: environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not" },
    { "AKID", "", "token", true,
      "authentication: environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not" },
    { NULL, "secret", NULL, true,
      "authentication: environment: AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not" },
    { "AK\nID", "secret", NULL, true, "authentication: environment: AWS_ACCESS_KEY_ID has a control character in it" },
    { "AKID", "secret\r", NULL, true,
      "authentication: environment: AWS_SECRET_ACCESS_KEY has a control character in it" },
};

static void assert_error(const od_error *error, const char *expected) {
    char text[1024];
    od_error_format(error, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void environment_reads_each_row(void **state) {
    (void)state;
    od_credential_source *source;
    assert_int_equal(od__credentials_environment_new(fake_env, &source, NULL), OD_OK);
    for (size_t i = 0; i < sizeof(environment_rows) / sizeof(environment_rows[0]); i++) {
        const environment_row *row = &environment_rows[i];
        env_key = row->key;
        env_secret = row->secret;
        env_token = row->token;
        od_credentials keys = { .session_token = "of an earlier time" };
        bool configured, waiting;
        od_error error = OD_ERROR_INIT;
        od_status status = source->get(source, &keys, &configured, &waiting, &error);
        assert_int_equal(configured, row->configured);
        assert_false(waiting);
        if (row->error[0] != '\0') {
            assert_int_equal(status, OD_AUTHENTICATION);
            assert_error(&error, row->error);
            continue;
        }
        assert_int_equal(status, OD_OK);
        assert_string_equal(keys.access_key_id, row->key);
        assert_string_equal(keys.secret_access_key, row->secret);
        assert_string_equal(keys.session_token, row->token != NULL ? row->token : "");
        assert_int_equal(keys.expires_ms, 0);
    }
    od__credential_source_free(source);
}

static void environment_is_read_at_each_get(void **state) {
    (void)state;
    od_credential_source *source;
    assert_int_equal(od__credentials_environment_new(fake_env, &source, NULL), OD_OK);
    od_credentials keys;
    bool configured, waiting;
    env_key = "one";
    env_secret = "secret";
    env_token = NULL;
    assert_int_equal(source->get(source, &keys, &configured, &waiting, NULL), OD_OK);
    assert_string_equal(keys.access_key_id, "one");
    env_key = "two";
    assert_int_equal(source->get(source, &keys, &configured, &waiting, NULL), OD_OK);
    assert_string_equal(keys.access_key_id, "two");
    od__credential_source_free(source);
}

static void environment_refuses_what_is_too_long(void **state) {
    (void)state;
    char key[OD_CREDENTIAL_KEY_BYTES + 1];
    memset(key, 'A', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    od_credential_source *source;
    assert_int_equal(od__credentials_environment_new(fake_env, &source, NULL), OD_OK);
    env_key = key;
    env_secret = "secret";
    env_token = NULL;
    od_credentials keys;
    bool configured, waiting;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(source->get(source, &keys, &configured, &waiting, &error), OD_AUTHENTICATION);
    assert_error(&error, "authentication: environment: AWS_ACCESS_KEY_ID is longer than 159 bytes");
    key[sizeof(key) - 2] = '\0';
    assert_int_equal(source->get(source, &keys, &configured, &waiting, NULL), OD_OK);
    assert_string_equal(keys.access_key_id, key);
    od__credential_source_free(source);
}

/* ---- keys in the options, as rows ---- */

static const struct {
    const char *given, *error;
} static_rows[] = {
    { "{\"access_key_id\":\"AKID\",\"secret_access_key\":\"s\"}", "" },
    { "{\"access_key_id\":\"AKID\",\"secret_access_key\":\"s\",\"session_token\":\"t\"}", "" },
    { "{\"secret_access_key\":\"s\"}", "validation /credentials/access_key_id: expected text, got nothing" },
    { "{\"access_key_id\":\"AKID\"}", "validation /credentials/secret_access_key: expected text, got nothing" },
    { "{\"access_key_id\":\"AKID\",\"secret_access_key\":\"\"}",
      "validation /credentials/secret_access_key: expected text, got nothing" },
    { "{\"access_key_id\":\"AKID\",\"secret_access_key\":7}", "validation /credentials/secret_access_key: expected text" },
    { "{\"access_key_id\":\"AKID\",\"secret_access_key\":\"a\\u000ab\"}",
      "authentication: credentials: secret_access_key has a control character in it" },
};

static void static_keys_come_back_or_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(static_rows) / sizeof(static_rows[0]); i++) {
        od_value *given = NULL;
        assert_int_equal(od_value_parse(static_rows[i].given, strlen(static_rows[i].given), &given, NULL), OD_OK);
        od_credential_source *source = NULL;
        od_error error = OD_ERROR_INIT;
        od_status status = od__credentials_static_new(given, &source, &error);
        if (static_rows[i].error[0] != '\0') {
            assert_int_not_equal(status, OD_OK);
            assert_error(&error, static_rows[i].error);
            assert_null(source);
            od_value_unref(given);
            continue;
        }
        assert_int_equal(status, OD_OK);
        od_credentials keys = { .session_token = "of an earlier time" };
        bool configured, waiting;
        assert_int_equal(source->get(source, &keys, &configured, &waiting, NULL), OD_OK);
        assert_true(configured);
        assert_false(waiting);
        assert_string_equal(keys.access_key_id, "AKID");
        assert_string_equal(keys.secret_access_key, "s");
        const od_value *token = od_value_get(given, "session_token");
        assert_string_equal(keys.session_token, token != NULL ? od_value_string(token) : "");
        od__credential_source_free(source);
        od_value_unref(given);
    }
}

static void static_keys_end_nowhere_early(void **state) {
    (void)state;
    od_value *given = od_value_new_object();
    assert_int_equal(od_value_set(given, "access_key_id", od_value_new_string_n("AK\0ID", 5), NULL), OD_OK);
    od_credential_source *source = NULL;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__credentials_static_new(given, &source, &error), OD_VALIDATION);
    assert_error(&error, "validation /credentials/access_key_id: expected text without NUL bytes");
    od_value_unref(given);
}

/* ---- the chain ---- */

typedef struct fake_source {
    od_credential_source base;
    const char *key;          /* NULL: nothing here */
    bool broken, waits, dry;  /* dry: out of memory */
    int asked, freed;
} fake_source;

static od_status fake_get(od_credential_source *base, od_credentials *out, bool *configured, bool *waiting,
                          od_error *err) {
    fake_source *self = (fake_source *)base;
    self->asked++;
    *configured = self->key != NULL || self->broken;
    *waiting = self->waits;
    if (self->dry)
        return od__error_no_memory(err);
    if (self->broken)
        return od__error_set(err, OD_AUTHENTICATION, "%s: broken", base->name);
    if (self->key == NULL)
        return od__error_set(err, OD_AUTHENTICATION, "%s: nothing here", base->name);
    strcpy(out->access_key_id, self->key);
    return OD_OK;
}

static void fake_free(od_credential_source *base) {
    ((fake_source *)base)->freed++;
}

static void prepare(fake_source *source, const char *name, const char *key) {
    *source = (fake_source){ .base = { .name = name, .get = fake_get, .free = fake_free }, .key = key };
}

static od_status ask_chain(fake_source *a, fake_source *b, od_credentials *keys, bool *configured, bool *waiting,
                           od_error *err) {
    od_credential_source *sources[] = { &a->base, &b->base };
    od_credential_source *chain;
    assert_int_equal(od__credentials_chain_new(sources, 2, &chain, NULL), OD_OK);
    od_status status = chain->get(chain, keys, configured, waiting, err);
    od__credential_source_free(chain);
    assert_int_equal(a->freed, 1);
    assert_int_equal(b->freed, 1);
    return status;
}

static void chain_takes_the_first_that_is_configured(void **state) {
    (void)state;
    fake_source a, b;
    od_credentials keys;
    bool configured, waiting;
    prepare(&a, "a", "A");
    prepare(&b, "b", "B");
    assert_int_equal(ask_chain(&a, &b, &keys, &configured, &waiting, NULL), OD_OK);
    assert_string_equal(keys.access_key_id, "A");
    assert_int_equal(b.asked, 0);

    prepare(&a, "a", NULL);
    prepare(&b, "b", "B");
    assert_int_equal(ask_chain(&a, &b, &keys, &configured, &waiting, NULL), OD_OK);
    assert_string_equal(keys.access_key_id, "B");
    assert_true(configured);
}

static void chain_does_not_pass_over_a_source_that_fails(void **state) {
    (void)state;
    fake_source a, b;
    od_credentials keys;
    bool configured, waiting;
    od_error error = OD_ERROR_INIT;
    prepare(&a, "a", NULL);
    prepare(&b, "b", "B");
    a.broken = true;
    assert_int_equal(ask_chain(&a, &b, &keys, &configured, &waiting, &error), OD_AUTHENTICATION);
    assert_error(&error, "authentication: a: broken");
    assert_true(configured);
    assert_int_equal(b.asked, 0);

    od__error_clear(&error);
    prepare(&a, "a", NULL);
    prepare(&b, "b", "B");
    a.dry = true;
    assert_int_equal(ask_chain(&a, &b, &keys, &configured, &waiting, &error), OD_OUT_OF_MEMORY);
    assert_int_equal(b.asked, 0);
}

static void chain_of_nothing_says_what_to_do(void **state) {
    (void)state;
    fake_source a, b;
    od_credentials keys;
    bool configured = true, waiting = true;
    od_error error = OD_ERROR_INIT;
    prepare(&a, "a", NULL);
    prepare(&b, "b", NULL);
    assert_int_equal(ask_chain(&a, &b, &keys, &configured, &waiting, &error), OD_AUTHENTICATION);
    assert_error(&error, "authentication: no AWS credentials: give credentials = { access_key_id, secret_access_key } or "
                         "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (b: nothing here)");
    assert_false(configured);
    assert_false(waiting);
}

static void note_ready(void *context) {
    ++*(int *)context;
}

static void chain_passes_on_that_a_source_is_ready(void **state) {
    (void)state;
    fake_source a;
    prepare(&a, "a", "A");
    a.waits = true;
    od_credential_source *sources[] = { &a.base };
    od_credential_source *chain;
    assert_int_equal(od__credentials_chain_new(sources, 1, &chain, NULL), OD_OK);
    int ready = 0;
    a.base.ready(a.base.ready_context); /* nobody listens yet */
    chain->ready = note_ready;
    chain->ready_context = &ready;
    od_credentials keys;
    bool configured, waiting;
    assert_int_equal(chain->get(chain, &keys, &configured, &waiting, NULL), OD_OK);
    assert_true(waiting);
    a.base.ready(a.base.ready_context);
    assert_int_equal(ready, 1);
    od__credential_source_free(chain);
}

/* ---- memory ---- */

static void a_chain_that_gets_no_memory_frees_its_sources(void **state) {
    (void)state;
    fake_source a;
    prepare(&a, "a", "A");
    od_credential_source *sources[] = { &a.base };
    od_credential_source *chain = NULL;
    od_error error = OD_ERROR_INIT;
    od__memory_fail_at(1);
    assert_int_equal(od__credentials_chain_new(sources, 1, &chain, &error), OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
    assert_null(chain);
    assert_int_equal(a.freed, 1);
    od__memory_fail_at(1);
    assert_int_equal(od__credentials_environment_new(NULL, &chain, NULL), OD_OUT_OF_MEMORY);
    od__memory_fail_at(1);
    assert_int_equal(od__credentials_static_new(NULL, &chain, NULL), OD_OUT_OF_MEMORY);
    od__memory_fail_at(0);
}

static void a_chain_has_a_limit(void **state) {
    (void)state;
    fake_source all[9];
    od_credential_source *sources[9];
    for (size_t i = 0; i < 9; i++) {
        prepare(&all[i], "a", NULL);
        sources[i] = &all[i].base;
    }
    od_credential_source *chain = NULL;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__credentials_chain_new(sources, 9, &chain, &error), OD_INTERNAL);
    assert_error(&error, "internal: more than 8 credential sources");
    assert_null(chain);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(all[i].freed, 1);
}

static void wiping_leaves_nothing(void **state) {
    (void)state;
    od_credentials keys, nothing;
    memset(&nothing, 0, sizeof(nothing));
    memset(&keys, 'x', sizeof(keys));
    od__credentials_wipe(&keys);
    assert_memory_equal(&keys, &nothing, sizeof(keys));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_reads_each_row),
        cmocka_unit_test(environment_is_read_at_each_get),
        cmocka_unit_test(environment_refuses_what_is_too_long),
        cmocka_unit_test(static_keys_come_back_or_are_refused),
        cmocka_unit_test(static_keys_end_nowhere_early),
        cmocka_unit_test(chain_takes_the_first_that_is_configured),
        cmocka_unit_test(chain_does_not_pass_over_a_source_that_fails),
        cmocka_unit_test(chain_of_nothing_says_what_to_do),
        cmocka_unit_test(chain_passes_on_that_a_source_is_ready),
        cmocka_unit_test(a_chain_that_gets_no_memory_frees_its_sources),
        cmocka_unit_test(a_chain_has_a_limit),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
