#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "credentials_rig.h"

#define VARIABLES 16

static struct { const char *name, *value; } environment[VARIABLES];

void cred_env(const char *name, const char *value) {
    for (size_t i = 0; i < VARIABLES; i++) {
        if (environment[i].name == NULL || strcmp(environment[i].name, name) == 0) {
            environment[i].name = name;
            environment[i].value = value;
            return;
        }
    }
    fail_msg("more than %d variables", VARIABLES);
}

const char *cred_get_env(const char *name) {
    for (size_t i = 0; i < VARIABLES && environment[i].name != NULL; i++)
        if (strcmp(environment[i].name, name) == 0)
            return environment[i].value;
    return NULL;
}

static od_status make_transport(void *context, const od_curl_options *options, od_transport **out, od_error *err) {
    cred_rig *r = context;
    (void)err;
    r->network.made++;
    r->transport = *options;
    *out = &r->network.base;
    return OD_OK;
}

static void warned(void *context, const char *text) {
    cred_rig *r = context;
    snprintf(r->warned, sizeof(r->warned), "%s", text);
}

void cred_open(cred_rig *r) {
    memset(r, 0, sizeof(*r));
    memset(environment, 0, sizeof(environment));
    r->clock = (fake_clock)FAKE_CLOCK_INIT;
    r->od = fake_od_clock(&r->clock);
    assert_int_equal(od__loop_new(&r->od, &r->loop, NULL), OD_OK);
    fake_network_init(&r->network, r->loop);
    strcpy(r->home, "/tmp/outdial_credentials_XXXXXX");
    assert_non_null(mkdtemp(r->home));
    cred_env("HOME", r->home);
    r->setup = (od_credential_setup){
        .loop = r->loop, .clock = &r->od, .region = "us-east-1", .get_env = cred_get_env,
        .make_transport = make_transport, .make_transport_context = r, .warn = warned, .warn_context = r,
    };
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void cred_close(cred_rig *r) {
    od__credential_source_free(r->source);
    assert_int_equal(fake_waiting(&r->network), 0);
    assert_int_equal(r->network.made, r->network.freed);
    fake_network_clear(&r->network);
    od__loop_free(r->loop);
    assert_int_equal(nftw(r->home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void note_ready(void *context) {
    ((cred_rig *)context)->ready++;
}

void cred_listen(cred_rig *r) {
    r->source->ready = note_ready;
    r->source->ready_context = r;
}

const char *cred_file_n(cred_rig *r, const char *name, const char *text, size_t length) {
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", r->home, name);
    for (char *slash = path + strlen(r->home) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *cred_file(cred_rig *r, const char *name, const char *text) {
    return cred_file_n(r, name, text, strlen(text));
}

void cred_step(cred_rig *r) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(od__loop_step(r->loop, 0, NULL), OD_OK);
}

void cred_wait(cred_rig *r) {
    assert_int_equal(od__loop_step(r->loop, 10, NULL), OD_OK);
    r->clock.now_us += 1000;
}

void cred_wait_ready(cred_rig *r) {
    int before = r->ready;
    while (r->ready == before)
        cred_wait(r);
}

void cred_pass(cred_rig *r, int64_t ms) {
    r->clock.now_us += ms * 1000;
    r->clock.wall_ms += ms;
    cred_step(r);
}

cred_answer cred_get(cred_rig *r) {
    cred_answer answer = { .error = OD_ERROR_INIT, .keys.session_token = "of an earlier time" };
    answer.status = r->source->get(r->source, &answer.keys, &answer.configured, &answer.waiting, &answer.error);
    if (answer.status != OD_OK)
        assert_false(answer.waiting);
    return answer;
}

void cred_expect_wait(cred_rig *r) {
    cred_answer answer = cred_get(r);
    assert_string_equal(cred_error_text(&answer.error), "ok");
    assert_true(answer.waiting);
    assert_true(answer.configured);
}

void cred_reply(cred_rig *r, int status, const char *headers, const char *body) {
    assert_non_null(r->network.first);
    fake_answer(&r->network, r->network.first, status, headers, body);
    cred_step(r);
}

void cred_break(cred_rig *r, od_status code, const char *message) {
    assert_non_null(r->network.first);
    fake_break(&r->network, r->network.first, code, message);
    cred_step(r);
}

void cred_expect_keys(cred_rig *r, const char *expected, int64_t expires_ms) {
    cred_answer answer = cred_get(r);
    assert_string_equal(cred_error_text(&answer.error), "ok");
    assert_false(answer.waiting);
    assert_true(answer.configured);
    char text[OD_CREDENTIAL_TOKEN_BYTES + 512];
    snprintf(text, sizeof(text), "%s %s %s", answer.keys.access_key_id, answer.keys.secret_access_key,
             answer.keys.session_token[0] != '\0' ? answer.keys.session_token : "-");
    assert_string_equal(text, expected);
    assert_int_equal(answer.keys.expires_ms, expires_ms);
}

void cred_expect_error(cred_rig *r, bool configured, const char *expected) {
    cred_answer answer = cred_get(r);
    assert_string_equal(cred_error_text(&answer.error), expected);
    assert_int_equal(answer.status, answer.error.code);
    assert_int_equal(answer.configured, configured);
}

od_value *cred_rows(const char *name) {
    char path[256];
    snprintf(path, sizeof(path), "tests/vectors/credentials/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char text[1 << 17];
    size_t length = fread(text, 1, sizeof(text), file);
    assert_true(length < sizeof(text));
    fclose(file);
    od_value *rows = NULL;
    od_error error = OD_ERROR_INIT;
    if (od_value_parse(text, length, &rows, &error) != OD_OK)
        fail_msg("%s: %s", path, error.message);
    assert_true(od_value_length(rows) > 0);
    return rows;
}

const char *cred_text(const od_value *row, const char *name) {
    const od_value *member = od_value_get(row, name);
    return member != NULL ? od_value_string(member) : NULL;
}

const char *cred_error_text(const od_error *error) {
    static char text[1024];
    od_error_format(error, text, sizeof(text));
    return text;
}
