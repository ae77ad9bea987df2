/* The store's verbs, told as stories: each file of tests/vectors/store is a list of stories, each story a test, which begins
 * with the steps of its setting (settings.json; "plain" if it names none). A step names
 * a worker ("as": its own connection to the one file), and
 *   verb, with           a verb and its parameters; "$name" stands for what an earlier step kept
 *   dial, with           takes the contact with this id and intends to call it; keeps $leg, $attempt, $token
 *   gives                members that the result has, to the letter; those of an object also where it is a JSON text
 *   is                   the whole result, to the letter
 *                        ("$folder", "$pid" and "$host" are where it plays, and this process)
 *   fails                the whole error as one line, where it is to fail
 *   keep                 { name: JSON pointer into the result }
 *   together             a list of such verbs, which are one transaction
 *   advance_s, jump_s    both clocks go on; only the wall clock does
 *   close                the worker's process dies: its connection closes, its lock is free
 *   file, text, age_s    writes a file beside the store, last changed so many seconds ago
 *   file, bytes          compares a file beside the store with this text, to the byte
 *   sql, refused         what another program does to the store's file; the database's words where that is to fail
 *   load                 makes the store's file of this file of SQL, as an older outdial has left it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/memory.h"
#include "fake.h"
#include "json/value.h"
#include "validation/shape.h"

#define STORIES "tests/vectors/store"
#define MAX_STORIES 400
#define MAX_WORKERS 4

typedef struct story {
    const od_value *value;
    char name[200];
} story;

typedef struct theatre {
    fake_clock clock;
    od_engine *engine;
    struct {
        char name[16];
        od_store *store;
    } workers[MAX_WORKERS];
    od_value *kept;
    char folder[64], path[96];
} theatre;

static story stories[MAX_STORIES];
static od_value *settings;
static size_t story_count;

static const char *text_of(const od_value *object, const char *key) {
    const od_value *member = od_value_get(object, key);
    return member != NULL ? od_value_string(member) : NULL;
}

/* ---- values ---- */

static od_value *substitute(const theatre *t, const od_value *value) {
    if (value == NULL)
        return od_value_new_object();
    if (od_value_type(value) == OD_TYPE_STRING && od_value_string(value)[0] == '$') {
        const char *name = od_value_string(value) + 1;
        if (strcmp(name, "folder") == 0)
            return od_value_new_string(t->folder);
        if (strcmp(name, "pid") == 0)
            return od_value_new_integer(getpid());
        if (strcmp(name, "host") == 0) {
            char host[256] = "";
            assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
            return od_value_new_string(host);
        }
        if (strncmp(name, "folder/", 7) == 0) {
            char path[256];
            snprintf(path, sizeof(path), "%s/%s", t->folder, name + 7);
            return od_value_new_string(path);
        }
        const od_value *kept = od_value_get(t->kept, name);
        if (kept == NULL)
            fail_msg("nothing was kept as $%s", name);
        return od_value_ref(kept);
    }
    if (od_value_type(value) == OD_TYPE_ARRAY) {
        od_value *array = od_value_new_array();
        for (size_t i = 0; i < od_value_length(value); i++)
            assert_int_equal(od_value_add(array, substitute(t, od_value_at(value, i)), NULL), OD_OK);
        return array;
    }
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return od_value_ref(value);
    od_value *object = od_value_new_object();
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (od_value_next(value, &cursor, &key, &member))
        assert_int_equal(od_value_set(object, key, substitute(t, member), NULL), OD_OK);
    return object;
}

static char *json_of(const od_value *value) {
    char *text = NULL;
    if (value == NULL)
        return od__strdup("nothing");
    assert_int_equal(od_value_format(value, &text, NULL, NULL), OD_OK);
    return text;
}

/* The folder's name is another each time: errors say "$folder" for it. */
static void hide_folder(const theatre *t, char *line) {
    static const char name[] = "$folder";
    size_t length = strlen(t->folder);
    for (char *at = line; (at = strstr(at, t->folder)) != NULL; at += sizeof(name) - 1) {
        memcpy(at, name, sizeof(name) - 1);
        memmove(at + sizeof(name) - 1, at + length, strlen(at + length) + 1);
    }
}

/* Objects may have more members than are expected; everything else is the same to the letter. */
static void assert_has(const theatre *t, const od_value *got, const od_value *expected, const char *where) {
    if (expected != NULL && od_value_type(expected) == OD_TYPE_OBJECT && got != NULL &&
        od_value_type(got) == OD_TYPE_OBJECT) {
        void *cursor = NULL;
        const char *key;
        const od_value *member;
        while (od_value_next(expected, &cursor, &key, &member)) {
            char path[512];
            snprintf(path, sizeof(path), "%s/%s", where, key);
            assert_has(t, od_value_get(got, key), member, path);
        }
        return;
    }
    if (expected != NULL && od_value_type(expected) == OD_TYPE_OBJECT && got != NULL && od_value_type(got) == OD_TYPE_STRING) {
        od_value *read = NULL;
        if (od_value_parse(od_value_string(got), od_value_length(got), &read, NULL) != OD_OK)
            fail_msg("%s: not a JSON text: %s", where, od_value_string(got));
        assert_has(t, read, expected, where);
        od_value_unref(read);
        return;
    }
    if (expected != NULL && od_value_type(expected) == OD_TYPE_ARRAY && got != NULL && od_value_type(got) == OD_TYPE_ARRAY &&
        od_value_length(got) == od_value_length(expected)) {
        for (size_t i = 0; i < od_value_length(expected); i++) {
            char path[512];
            snprintf(path, sizeof(path), "%s/%zu", where, i);
            assert_has(t, od_value_at(got, i), od_value_at(expected, i), path);
        }
        return;
    }
    if (expected != NULL && od_value_type(expected) == OD_TYPE_NULL && got == NULL)
        return; /* null: it is not there */
    od_value *real = substitute(t, expected);
    char *a = json_of(got), *b = json_of(real);
    hide_folder(t, a);
    hide_folder(t, b);
    if (strcmp(a, b) != 0)
        fail_msg("%s: expected %s, got %s", where, b, a);
    od_text_free(a);
    od_text_free(b);
    od_value_unref(real);
}

/* ---- steps ---- */

static od_store *worker(theatre *t, const char *name) {
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        if (t->workers[i].store != NULL && strcmp(t->workers[i].name, name) == 0)
            return t->workers[i].store;
    }
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        if (t->workers[i].store != NULL)
            continue;
        snprintf(t->workers[i].name, sizeof(t->workers[i].name), "%s", name);
        assert_int_equal(od_store_open(t->engine, t->path, true, &t->workers[i].store, NULL), OD_OK);
        return t->workers[i].store;
    }
    fail_msg("too many workers");
    return NULL;
}

static void close_worker(theatre *t, const char *name) {
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        if (t->workers[i].store == NULL || strcmp(t->workers[i].name, name) != 0)
            continue;
        od_store_free(t->workers[i].store);
        t->workers[i].store = NULL;
    }
}

/* How a verb that is over went; NULL where it failed, then err says how. */
static od_request *answer(od_request *request, od_error *err) {
    if (od_request_status(request) == OD_OK)
        return request;
    *err = *od_request_error(request);
    od_request_unref(request);
    return NULL;
}

/* Runs one verb to its end. */
static od_request *ask(theatre *t, const char *as, const char *verb, const od_value *params, od_error *err) {
    od_request *request = NULL;
    if (od_store_submit(worker(t, as), verb, params, NULL, &request, err) != OD_OK)
        return NULL;
    assert_int_equal(od_request_wait(request, 1000, NULL), OD_OK);
    return answer(request, err);
}

static void set_all(od_value *object, const od_value *members) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (members != NULL && od_value_next(members, &cursor, &key, &member))
        assert_int_equal(od_value_set(object, key, od_value_ref(member), NULL), OD_OK);
}

static od_value *made_dial(theatre *t, const od_value *step, const char *as) {
    const char *id = text_of(step, "dial");
    od_error err = OD_ERROR_INIT;
    od_value *take = NULL;
    assert_int_equal(od_value_parse("{\"campaign\":\"c\",\"limit\":100}", 28, &take, NULL), OD_OK);
    od_request *taken = ask(t, as, "take", take, &err);
    od_value_unref(take);
    if (taken == NULL)
        fail_msg("take: %s", err.message);
    const od_value *contacts = od_value_get(od_request_result(taken), "contacts"), *view = NULL;
    for (size_t i = 0; i < od_value_length(contacts); i++) {
        if (strcmp(text_of(od_value_at(contacts, i), "id"), id) == 0)
            view = od_value_at(contacts, i);
    }
    if (view == NULL)
        fail_msg("contact %s is not due", id);
    static const char base[] = "{\"client\":\"connect\",\"vendor\":\"amazon_connect\",\"timeout_ms\":15000,\"call\":{"
                               "\"account\":\"AKID us-east-1\",\"record\":\"{\\\"request\\\":{\\\"method\\\":\\\"PUT\\\",\\\"url\\\":\\\"https://x/contact\\\","
                               "\\\"body\\\":\\\"{}\\\"},\\\"call\\\":{}}\"}}";
    od_value *params = NULL;
    assert_int_equal(od_value_parse(base, sizeof(base) - 1, &params, NULL), OD_OK);
    const char *keys[] = { "contact", "version", "token" };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(od_value_set(params, keys[i], od_value_ref(od_value_get(view, keys[i])), NULL), OD_OK);
    od_value *call = od_value_ref(od_value_get(params, "call"));
    assert_int_equal(od_value_set(call, "number", od_value_ref(od_value_get(view, "to")), NULL), OD_OK);
    assert_int_equal(od_value_set(params, "number_index", od_value_ref(od_value_get(view, "number")), NULL), OD_OK);
    assert_int_equal(od_value_set(t->kept, "token", od_value_ref(od_value_get(view, "token")), NULL), OD_OK);
    od_value *with = substitute(t, od_value_get(step, "with"));
    set_all(call, od_value_get(with, "call"));
    set_all(params, with);
    assert_int_equal(od_value_set(params, "call", call, NULL), OD_OK);
    od_value_unref(with);
    od_request_unref(taken);
    return params;
}

static void keep(theatre *t, const od_value *step, const od_value *result) {
    void *cursor = NULL;
    const char *name;
    const od_value *pointer;
    const od_value *names = od_value_get(step, "keep");
    while (names != NULL && od_value_next(names, &cursor, &name, &pointer)) {
        const od_value *found = od_value_find(result, od_value_string(pointer));
        if (found == NULL)
            fail_msg("there is no %s to keep", od_value_string(pointer));
        assert_int_equal(od_value_set(t->kept, name, od_value_ref(found), NULL), OD_OK);
    }
    const char *dialled[] = { "leg", "attempt" };
    for (size_t i = 0; i < 2 && text_of(step, "dial") != NULL; i++) {
        if (od_value_get(result, dialled[i]) != NULL)
            assert_int_equal(od_value_set(t->kept, dialled[i], od_value_ref(od_value_get(result, dialled[i])), NULL), OD_OK);
    }
}

/* request NULL: it failed. */
static void check_answer(theatre *t, const od_value *step, od_request *request, const od_error *err, const char *where) {
    const char *verb = text_of(step, "dial") != NULL ? "intend" : text_of(step, "verb");
    const char *fails = text_of(step, "fails");
    if (request == NULL) {
        char line[1024];
        od_error_format(err, line, sizeof(line));
        hide_folder(t, line);
        if (fails == NULL || strcmp(fails, line) != 0)
            fail_msg("%s %s: expected %s, got the error %s", where, verb, fails != NULL ? fails : "a result", line);
        return;
    }
    if (fails != NULL) {
        char *json = json_of(od_request_result(request));
        fail_msg("%s %s: expected the error %s, got %s", where, verb, fails, json);
    }
    keep(t, step, od_request_result(request));
    if (od_value_get(step, "is") != NULL) {
        od_value *expected = substitute(t, od_value_get(step, "is"));
        char *a = json_of(expected), *b = json_of(od_request_result(request));
        assert_string_equal(b, a);
        od_text_free(a);
        od_text_free(b);
        od_value_unref(expected);
    }
    if (od_value_get(step, "gives") != NULL)
        assert_has(t, od_request_result(request), od_value_get(step, "gives"), where);
    od_request_unref(request);
}

static void run_verb(theatre *t, const od_value *step, const char *where) {
    const char *as = text_of(step, "as") != NULL ? text_of(step, "as") : "a";
    const char *verb = text_of(step, "dial") != NULL ? "intend" : text_of(step, "verb");
    od_value *params = text_of(step, "dial") != NULL ? made_dial(t, step, as) : substitute(t, od_value_get(step, "with"));
    od_error err = OD_ERROR_INIT;
    od_request *request = ask(t, as, verb, params, &err);
    od_value_unref(params);
    check_answer(t, step, request, &err, where);
}

#define MAX_TOGETHER 8

static void run_together(theatre *t, const od_value *steps, const char *where) {
    od_request *requests[MAX_TOGETHER];
    size_t count = od_value_length(steps);
    assert_in_range(count, 1, MAX_TOGETHER);
    for (size_t i = 0; i < count; i++) {
        const od_value *step = od_value_at(steps, i);
        od_value *params = substitute(t, od_value_get(step, "with"));
        assert_int_equal(od_store_submit(worker(t, "a"), text_of(step, "verb"), params, NULL, &requests[i], NULL), OD_OK);
        od_value_unref(params);
    }
    for (size_t i = 0; i < count; i++) {
        od_error err = OD_ERROR_INIT;
        assert_int_equal(od_request_wait(requests[i], 1000, NULL), OD_OK);
        check_answer(t, od_value_at(steps, i), answer(requests[i], &err), &err, where);
    }
}

static void set_age(const theatre *t, const char *path, double age_s) {
    int64_t changed_ms = t->clock.wall_ms - (int64_t)(age_s * 1000);
    const struct timespec changed = { .tv_sec = (time_t)(changed_ms / 1000), .tv_nsec = changed_ms % 1000 * 1000000 };
    const struct timespec times[2] = { changed, changed };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void compare_file(const theatre *t, const char *name, const char *bytes) {
    char path[256], got[4096];
    snprintf(path, sizeof(path), "%s/%s", t->folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(got, 1, sizeof(got) - 1, file);
    assert_int_equal(fclose(file), 0);
    got[length] = '\0';
    assert_string_equal(got, bytes);
}

static void run_sql(const theatre *t, const char *sql, const char *refused) {
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(t->path, &other), SQLITE_OK);
    (void)sqlite3_exec(other, sql, NULL, NULL, NULL);
    assert_string_equal(sqlite3_errmsg(other), refused != NULL ? refused : "not an error");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void load_sql(const theatre *t, const char *name) {
    static char sql[1 << 16];
    char path[256];
    snprintf(path, sizeof(path), STORIES "/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(sql, 1, sizeof(sql) - 1, file);
    assert_int_equal(fclose(file), 0);
    sql[length] = '\0';
    run_sql(t, sql, NULL);
}

static void write_file(const theatre *t, const char *name, const char *text, double age_s) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", t->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    set_age(t, path, age_s);
}

static void run_step(theatre *t, const od_value *step, size_t index) {
    char where[64];
    snprintf(where, sizeof(where), "step %zu:", index + 1);
    if (od_value_get(step, "advance_s") != NULL) {
        int64_t ms = (int64_t)(od_value_number(od_value_get(step, "advance_s")) * 1000);
        t->clock.now_us += ms * 1000;
        t->clock.wall_ms += ms;
    }
    if (od_value_get(step, "jump_s") != NULL)
        t->clock.wall_ms += (int64_t)(od_value_number(od_value_get(step, "jump_s")) * 1000);
    if (text_of(step, "close") != NULL)
        close_worker(t, text_of(step, "close"));
    if (text_of(step, "file") != NULL && text_of(step, "text") != NULL)
        write_file(t, text_of(step, "file"), text_of(step, "text"), od_value_number(od_value_get(step, "age_s")));
    if (text_of(step, "sql") != NULL)
        run_sql(t, text_of(step, "sql"), text_of(step, "refused"));
    if (text_of(step, "load") != NULL)
        load_sql(t, text_of(step, "load"));
    if (text_of(step, "verb") != NULL || text_of(step, "dial") != NULL)
        run_verb(t, step, where);
    if (od_value_get(step, "together") != NULL)
        run_together(t, od_value_get(step, "together"), where);
    if (text_of(step, "file") != NULL && text_of(step, "bytes") != NULL)
        compare_file(t, text_of(step, "file"), text_of(step, "bytes"));
}

/* ---- stories ---- */

static void remove_folder(const char *folder) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

static void run_steps(theatre *t, const od_value *steps) {
    for (size_t i = 0; i < od_value_length(steps); i++)
        run_step(t, od_value_at(steps, i), i);
}

static void run_story(void **state) {
    const story *told = *state;
    theatre t = { .clock = FAKE_CLOCK_INIT };
    snprintf(t.folder, sizeof(t.folder), "/tmp/outdial-store-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(t.path, sizeof(t.path), "%s/store.db", t.folder);
    const char *at = text_of(told->value, "at");
    assert_true(od__iso8601_parse(at != NULL ? at : "2026-11-30T18:00:00Z", &t.clock.wall_ms)); /* a Monday */
    od_engine_options options = fake_engine_options(&t.clock);
    assert_int_equal(od_engine_new(&options, &t.engine, NULL), OD_OK);
    t.kept = od_value_new_object();
    const char *setting = text_of(told->value, "setting");
    run_steps(&t, od_value_get(settings, setting != NULL ? setting : "plain"));
    run_steps(&t, od_value_get(told->value, "steps"));
    for (size_t i = 0; i < MAX_WORKERS; i++)
        od_store_free(t.workers[i].store);
    od_engine_free(t.engine);
    od_value_unref(t.kept);
    remove_folder(t.folder);
}

static od_value *files[64];
static size_t file_count;

static od_value *parse_file(const char *name) {
    char path[512];
    static char text[1 << 20];
    snprintf(path, sizeof(path), STORIES "/%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return NULL;
    size_t length = fread(text, 1, sizeof(text), stream);
    fclose(stream);
    od_error err = OD_ERROR_INIT;
    od_value *value = NULL;
    if (length == sizeof(text) || od_value_parse(text, length, &value, &err) != OD_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        exit(1);
    }
    return value;
}

static void load(const char *name) {
    od_value *value = parse_file(name);
    files[file_count++] = value;
    for (size_t i = 0; i < od_value_length(value); i++) {
        story *told = &stories[story_count++];
        told->value = od_value_at(value, i);
        snprintf(told->name, sizeof(told->name), "%.60s %.130s", name, text_of(told->value, "story"));
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void) {
    static struct CMUnitTest tests[MAX_STORIES];
    char *names[64];
    size_t name_count = 0;
    DIR *dir = opendir(STORIES);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL && name_count < 64) {
        if (strstr(entry->d_name, ".json") != NULL && strcmp(entry->d_name, "settings.json") != 0)
            names[name_count++] = od__strdup(entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    qsort(names, name_count, sizeof(names[0]), by_name);
    settings = parse_file("settings.json");
    for (size_t i = 0; i < name_count; i++) {
        load(names[i]);
        od__free(names[i]);
    }
    for (size_t i = 0; i < story_count; i++)
        tests[i] = (struct CMUnitTest){ stories[i].name, run_story, NULL, NULL, &stories[i] };
    int failed = _cmocka_run_group_tests("store", tests, story_count, NULL, NULL);
    while (file_count > 0)
        od_value_unref(files[--file_count]);
    od_value_unref(settings);
    return failed;
}
