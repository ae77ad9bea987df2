/* The pure parts of the credential sources against tests/vectors/credentials: each row of a file is one situation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/container.h"
#include "credentials/endpoint.h"
#include "credentials/imds_endpoint.h"
#include "credentials/profile_files.h"
#include "credentials/profile_plan.h"
#include "credentials/words.h"
#include "credentials/xml.h"
#include "credentials_rig.h"

static char current[160];  /* the row under way: told if its test fails */

static int tell_row(void **state) {
    (void)state;
    if (current[0] != '\0')
        print_message("           the row was %s\n", current);
    current[0] = '\0';
    return 0;
}

/* Runs one function for each row of a file; at least `least` of them must be there. */
static void each_row(const char *file, size_t least, void (*run)(const od_value *row)) {
    od_value *rows = cred_rows(file);
    assert_true(od_value_length(rows) >= least);
    for (size_t i = 0; i < od_value_length(rows); i++) {
        const od_value *row = od_value_at(rows, i);
        snprintf(current, sizeof(current), "%s: %s", file, cred_text(row, "name"));
        run(row);
    }
    current[0] = '\0';
    od_value_unref(rows);
}

/* The error text of a row that expects one; "" for a row that expects none. */
static const char *expected_error(const od_value *row) {
    const char *error = cred_text(row, "error");
    return error != NULL ? error : "";
}

/* ---- the grammar of profiles ---- */

static od_status parse(od_profiles *profiles, const od_value *row, od_error *err) {
    const char *config = cred_text(row, "config"), *credentials = cred_text(row, "credentials");
    od_status status = OD_OK;
    if (config != NULL)
        status = od__profiles_parse(profiles, config, strlen(config), false, "config", err);
    if (status == OD_OK && credentials != NULL)
        status = od__profiles_parse(profiles, credentials, strlen(credentials), true, "credentials", err);
    return status;
}

static size_t count_of(const od_profiles *profiles, od_section_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < profiles->count; i++)
        count += profiles->sections[i].kind == kind;
    return count;
}

static void compare_sections(const od_profiles *profiles, od_section_kind kind, const od_value *expected) {
    void *cursor = NULL;
    const char *name;
    const od_value *properties;
    if (expected == NULL)
        return;
    assert_int_equal(count_of(profiles, kind), od_value_length(expected));
    while (od_value_next(expected, &cursor, &name, &properties)) {
        const od_profile_section *section = od__profiles_find(profiles, kind, name);
        assert_non_null(section);
        assert_int_equal(section->count, od_value_length(properties));
        void *inner = NULL;
        const char *key;
        const od_value *value;
        while (od_value_next(properties, &inner, &key, &value)) {
            assert_non_null(od__profile_get(section, key));
            assert_string_equal(od__profile_get(section, key), od_value_string(value));
        }
    }
}

/* "profile NAME/PROPERTY/NESTED" or "services NAME/...": names in these rows have no slash. */
static void compare_nested(const od_profiles *profiles, const od_value *expected) {
    void *cursor = NULL;
    const char *where;
    const od_value *value;
    while (expected != NULL && od_value_next(expected, &cursor, &where, &value)) {
        char kind[16], name[16], property[16], nested[16], out[64] = "untouched";
        assert_int_equal(sscanf(where, "%15s %15[^/]/%15[^/]/%15s", kind, name, property, nested), 4);
        const od_profile_section *section =
            od__profiles_find(profiles, strcmp(kind, "services") == 0 ? OD_SECTION_SERVICES : OD_SECTION_PROFILE, name);
        assert_non_null(section);
        bool found = od__profile_nested(section, property, nested, out, sizeof(out));
        assert_int_equal(found, od_value_type(value) == OD_TYPE_STRING);
        assert_string_equal(out, found ? od_value_string(value) : "untouched");
    }
}

static void run_grammar(const od_value *row) {
    od_profiles profiles = { .sections = NULL };
    od_error error = OD_ERROR_INIT;
    od_status status = parse(&profiles, row, &error);
    assert_string_equal(error.message, expected_error(row));
    assert_int_equal(status, error.message[0] != '\0' ? OD_AUTHENTICATION : OD_OK);
    if (status == OD_OK) {
        compare_sections(&profiles, OD_SECTION_PROFILE, od_value_get(row, "profiles"));
        compare_sections(&profiles, OD_SECTION_SSO_SESSION, od_value_get(row, "sso_sessions"));
        compare_sections(&profiles, OD_SECTION_SERVICES, od_value_get(row, "services"));
        compare_nested(&profiles, od_value_get(row, "nested"));
    }
    od__profiles_clear(&profiles);
}

static void profiles_are_read_as_their_grammar_says(void **state) {
    (void)state;
    each_row("profile_grammar", 65, run_grammar);
}

static void profiles_have_limits(void **state) {
    (void)state;
    od_profiles profiles = { .sections = NULL };
    od_error error = OD_ERROR_INIT;
    assert_int_equal(od__profiles_parse(&profiles, "[a]\nx = y\0z", 11, true, "f", &error), OD_AUTHENTICATION);
    assert_string_equal(error.message, "f line 2: a NUL byte");
    od__profiles_clear(&profiles);

    od_buffer text;
    od__buffer_init(&text, 1 << 20);
    for (int i = 0; i < OD_PROFILE_SECTIONS; i++)
        od__buffer_addf(&text, "[p%d]\n", i);
    od__error_clear(&error);
    assert_int_equal(od__profiles_parse(&profiles, text.data, text.length, true, "f", &error), OD_OK);
    assert_int_equal(profiles.count, OD_PROFILE_SECTIONS);
    assert_int_equal(od__profiles_parse(&profiles, "[one more]\n[more]", 17, true, "f", &error), OD_AUTHENTICATION);
    assert_string_equal(error.message, "f line 2: more than 4096 sections");
    od__profiles_clear(&profiles);

    od__buffer_truncate(&text, 0);
    od__buffer_add_text(&text, "[p]\n");
    for (int i = 0; i < OD_PROFILE_PROPERTIES; i++)
        od__buffer_addf(&text, "k%d = v\n", i);
    od__error_clear(&error);
    assert_int_equal(od__profiles_parse(&profiles, text.data, text.length, true, "f", &error), OD_OK);
    assert_int_equal(od__profiles_parse(&profiles, "[p]\nk0 = w\nmore = v", 19, true, "f", &error), OD_AUTHENTICATION);
    assert_string_equal(error.message, "f line 3: more than 256 properties in a section");
    assert_string_equal(od__profile_get(&profiles.sections[0], "k0"), "w");
    od__profiles_clear(&profiles);
    od__buffer_clear(&text);
}

/* Each allocation fails once: nothing leaks, nothing is taken for a result. */
static void parsing_survives_every_lack_of_memory(void **state) {
    (void)state;
    static const char text[] = "[profile a]\nx = y\n z\nw =\n v = u\n[profile default]\nk = l\n[sso-session s]\nx = y\nx = z\n";
    od_status status = OD_OUT_OF_MEMORY;
    for (size_t n = 1; status != OD_OK; n++) {
        od_profiles profiles = { .sections = NULL };
        od__memory_fail_at(n);
        status = od__profiles_parse(&profiles, text, strlen(text), false, "f", NULL);
        od__memory_fail_at(0);
        assert_true(status == OD_OK || status == OD_OUT_OF_MEMORY);
        assert_true(n > 8 || status != OD_OK);
        od__profiles_clear(&profiles);
    }
}

/* ---- where a profile leads ---- */

static void compare_role(const od_sts_role *role, const od_value *expected) {
    const struct { const char *name, *value; } texts[] = {
        { "role_arn", role->role_arn }, { "session_name", role->session_name }, { "external_id", role->external_id },
    };
    for (size_t i = 0; i < 3; i++) {
        const char *text = cred_text(expected, texts[i].name);
        assert_string_equal(texts[i].value != NULL ? texts[i].value : "", text != NULL ? text : "");
    }
    const od_value *duration = od_value_get(expected, "duration_seconds");
    assert_int_equal(role->duration_seconds, duration != NULL ? od_value_integer(duration) : 0);
}

static void run_plan(const od_value *row) {
    od_profiles profiles = { .sections = NULL };
    od_profile_plan plan;
    od_error error = OD_ERROR_INIT;
    assert_int_equal(parse(&profiles, row, NULL), OD_OK);
    od_status status = od__profile_plan(&profiles, cred_text(row, "profile"), &plan, &error);
    assert_string_equal(error.message, expected_error(row));
    assert_int_equal(status, error.message[0] != '\0' ? OD_AUTHENTICATION : OD_OK);
    if (status == OD_OK) {
        const od_value *roles = od_value_get(row, "roles");
        assert_string_equal(od__profile_base_name(plan.base), cred_text(row, "base"));
        assert_string_equal(plan.section->name, cred_text(row, "at"));
        assert_int_equal(plan.role_count, od_value_length(roles));
        for (size_t i = 0; i < plan.role_count; i++)
            compare_role(&plan.roles[i], od_value_at(roles, i));
    }
    od__profiles_clear(&profiles);
}

static void roles_are_followed_to_their_keys(void **state) {
    (void)state;
    each_row("assume_role", 28, run_plan);
}

/* ---- addresses, endpoints, files, words, XML ---- */

static void run_container(const od_value *row) {
    static const char *const rules[] = { "refused", "allowed", "checked" };
    char url[OD_CONTAINER_URL_BYTES];
    od_container_rule rule;
    od_error error = OD_ERROR_INIT;
    od_status status = od__container_url(cred_text(row, "relative"), cred_text(row, "full"), "container", url, &rule,
                                         &error);
    assert_string_equal(error.message, expected_error(row));
    assert_int_equal(status, error.message[0] != '\0' ? OD_AUTHENTICATION : OD_OK);
    if (status != OD_OK)
        return;
    assert_string_equal(url, cred_text(row, "url"));
    assert_string_equal(rules[rule], cred_text(row, "rule"));
}

static void containers_have_few_addresses(void **state) {
    (void)state;
    each_row("container_addresses", 20, run_container);
    assert_false(od__container_allows("localhost"));
    assert_false(od__container_allows(""));
}

static void run_imds(const od_value *row) {
    const od_imds_settings settings = {
        .env_endpoint = cred_text(row, "env_endpoint"), .profile_endpoint = cred_text(row, "profile_endpoint"),
        .env_mode = cred_text(row, "env_mode"), .profile_mode = cred_text(row, "profile_mode"),
    };
    char url[OD_IMDS_URL_BYTES];
    od_error error = OD_ERROR_INIT;
    od_status status = od__imds_endpoint(&settings, "imds", url, &error);
    assert_string_equal(error.message, expected_error(row));
    assert_int_equal(status, error.message[0] != '\0' ? OD_AUTHENTICATION : OD_OK);
    if (status == OD_OK)
        assert_string_equal(url, cred_text(row, "url"));
}

static void the_metadata_service_is_where_it_is_said(void **state) {
    (void)state;
    each_row("imds_endpoints", 14, run_imds);
}

/* Sets the environment of a row, and nothing else. */
static void set_environment(cred_rig *r, const od_value *env) {
    void *cursor = NULL;
    const char *name;
    const od_value *value;
    cred_open(r);
    cred_env("HOME", NULL);
    while (od_value_next(env, &cursor, &name, &value))
        cred_env(name, od_value_string(value));
}

static void run_files(const od_value *row) {
    cred_rig r;
    set_environment(&r, od_value_get(row, "env"));
    char path[OD_CREDENTIAL_PATH_BYTES];
    od_error error = OD_ERROR_INIT;
    od_status status = od__shared_file_path(&r.setup, OD_SHARED_CONFIG, "profile", path, &error);
    assert_string_equal(error.message, expected_error(row));
    if (status == OD_OK) {
        assert_string_equal(path, cred_text(row, "config"));
        assert_int_equal(od__shared_file_path(&r.setup, OD_SHARED_CREDENTIALS, "profile", path, &error), OD_OK);
        assert_string_equal(path, cred_text(row, "credentials"));
    }
    cred_close(&r);
}

static void the_shared_files_are_where_they_are_said(void **state) {
    (void)state;
    each_row("file_locations", 9, run_files);
}

static void run_endpoint(const od_value *row) {
    static const struct { const char *name; od_aws_service service; } services[] = {
        { "sts", OD_AWS_STS }, { "sso", OD_AWS_SSO }, { "sso_oidc", OD_AWS_SSO_OIDC },
    };
    cred_rig r;
    set_environment(&r, od_value_get(row, "env"));
    od_profiles profiles = { .sections = NULL };
    assert_int_equal(parse(&profiles, row, NULL), OD_OK);
    size_t i = 0;
    while (strcmp(services[i].name, cred_text(row, "service")) != 0)
        assert_true(++i < 3);
    char url[OD_ENDPOINT_BYTES];
    od_error error = OD_ERROR_INIT;
    od_status status = od__aws_endpoint(&r.setup, &profiles, od__profiles_find(&profiles, OD_SECTION_PROFILE, "p"),
                                        services[i].service, cred_text(row, "region"), "test", url, &error);
    assert_string_equal(error.message, expected_error(row));
    if (status == OD_OK)
        assert_string_equal(url, cred_text(row, "url"));
    od__profiles_clear(&profiles);
    cred_close(&r);
}

static void services_are_where_region_and_settings_say(void **state) {
    (void)state;
    each_row("endpoints", 30, run_endpoint);
}

static void run_words(const od_value *row) {
    od_words words;
    od_error error = OD_ERROR_INIT;
    od_status status = od__words_split(cred_text(row, "command"), &words, &error);
    assert_string_equal(error.message, expected_error(row));
    if (status != OD_OK)
        return;
    const od_value *expected = od_value_get(row, "words");
    assert_int_equal(words.count, od_value_length(expected));
    for (size_t i = 0; i < words.count; i++)
        assert_string_equal(words.words[i], od_value_string(od_value_at(expected, i)));
    assert_null(words.words[words.count]);
    od__words_clear(&words);
}

static void commands_are_cut_as_a_shell_would(void **state) {
    (void)state;
    each_row("command_words", 20, run_words);
}

static void run_xml(const od_value *row) {
    static const char *const results[] = { "found", "absent", "malformed", "too long" };
    char out[64];
    const char *xml = cred_text(row, "xml");
    od_xml result = od__xml_find(xml, strlen(xml), cred_text(row, "path"), out,
                                 (size_t)od_value_integer(od_value_get(row, "room")));
    assert_string_equal(results[result], cred_text(row, "result"));
    assert_string_equal(out, cred_text(row, "text"));
}

static void xml_is_read_strictly(void **state) {
    (void)state;
    each_row("xml", 40, run_xml);
    char out[8];
    assert_int_equal(od__xml_find("<A>x\0</A>", 9, "A", out, sizeof(out)), OD_XML_MALFORMED);
    assert_string_equal(out, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(profiles_are_read_as_their_grammar_says, tell_row),
        cmocka_unit_test_teardown(profiles_have_limits, tell_row),
        cmocka_unit_test_teardown(parsing_survives_every_lack_of_memory, tell_row),
        cmocka_unit_test_teardown(roles_are_followed_to_their_keys, tell_row),
        cmocka_unit_test_teardown(containers_have_few_addresses, tell_row),
        cmocka_unit_test_teardown(the_metadata_service_is_where_it_is_said, tell_row),
        cmocka_unit_test_teardown(the_shared_files_are_where_they_are_said, tell_row),
        cmocka_unit_test_teardown(services_are_where_region_and_settings_say, tell_row),
        cmocka_unit_test_teardown(commands_are_cut_as_a_shell_would, tell_row),
        cmocka_unit_test_teardown(xml_is_read_strictly, tell_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
