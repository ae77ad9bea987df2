/* Lists from files: contacts.json and do_not_call.json of tests/vectors/import, in slices of every size; files that are none,
 * change, or cannot be written; memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "import/file.h"
#include "import_rig.h"

#define ALLOCATIONS 2000   /* more than any row makes */

/* ---- what comes out, as JSON ---- */

typedef struct collected {
    od_value *contacts, *rejected;
    od_import_file *file;
    const char *store_rejects;   /* the id that the store rejects; NULL: none */
    od_status fails_with;
} collected;

static od_value *span_value(od_span span) {
    assert_int_equal(strlen(span.at), span.length); /* as a store may take it */
    return od_value_new_string_n(span.at, span.length);
}

static od_value *numbers_value(const od_contact *contact) {
    od_value *numbers = od_value_new_array();
    for (size_t i = 0; i < contact->number_count; i++) {
        const od_contact_number *number = &contact->numbers[i];
        od_value *one = od_value_new_array();
        assert_int_equal(strlen(number->column), number->column_length);
        od_value_add(one, od_value_new_string(number->column), NULL);
        od_value_add(one, od_value_new_string(number->phone.e164), NULL);
        od_value_add(one, od_value_new_string(number->phone.country), NULL);
        od_value_add(numbers, one, NULL);
    }
    return numbers;
}

static od_value *notes_value(const od_contact *contact) {
    od_value *notes = od_value_new_array();
    for (size_t i = 0; i < contact->note_count; i++) {
        od_value *one = od_value_new_array();
        assert_int_equal(strlen(contact->notes[i].column), contact->notes[i].column_length);
        od_value_add(one, od_value_new_string(contact->notes[i].column), NULL);
        od_value_add(one, od_value_new_string(contact->notes[i].why), NULL);
        od_value_add(notes, one, NULL);
    }
    return notes;
}

static od_value *contact_value(int64_t row, const od_contact *contact) {
    od_value *value = od_value_new_object(), *data = NULL;
    assert_null(contact->reason);
    if (row > 0)
        od_value_set(value, "row", od_value_new_integer(row), NULL);
    od_value_set(value, "id", span_value(contact->id), NULL);
    if (contact->person.at != NULL)
        od_value_set(value, "person", span_value(contact->person), NULL);
    if (contact->zones.at != NULL)
        od_value_set(value, "zones", span_value(contact->zones), NULL);
    if (contact->country != NULL)
        od_value_set(value, "country", od_value_new_string(contact->country), NULL);
    od_value_set(value, "numbers", numbers_value(contact), NULL);
    if (contact->note_count > 0)
        od_value_set(value, "notes", notes_value(contact), NULL);
    assert_int_equal(strlen(contact->data.at), contact->data.length);
    assert_int_equal(od_value_parse(contact->data.at, contact->data.length, &data, NULL), OD_OK);
    char *compact = NULL;
    assert_int_equal(od_value_format(data, &compact, NULL, NULL), OD_OK);
    assert_int_equal(strlen(compact), contact->data.length); /* byte for byte as the library writes JSON */
    assert_memory_equal(compact, contact->data.at, contact->data.length);
    od_text_free(compact);
    od_value_set(value, "data", data, NULL);
    return value;
}

static od_status collect_contact(void *context, int64_t row, const od_contact *contact, od_error *err) {
    collected *all = context;
    if (all->fails_with != OD_OK)
        return od__error_set(err, all->fails_with, "the store says no");
    if (all->store_rejects != NULL && contact->id.length == strlen(all->store_rejects) &&
        memcmp(contact->id.at, all->store_rejects, contact->id.length) == 0) {
        od__import_file_reject(all->file, "another person\nhas this id");
        return OD_OK;
    }
    od_value_add(all->contacts, contact_value(row, contact), NULL);
    return OD_OK;
}

static od_status collect_reject(void *context, int64_t row, const char *reason, od_error *err) {
    (void)err;
    collected *all = context;
    od_value *one = od_value_new_array();
    od_value_add(one, od_value_new_integer(row), NULL);
    od_value_add(one, od_value_new_string(reason), NULL);
    od_value_add(all->rejected, one, NULL);
    return OD_OK;
}

static void begin(collected *all) {
    *all = (collected){.contacts = od_value_new_array(), .rejected = od_value_new_array()};
}

static void end(collected *all) {
    od_value_unref(all->contacts);
    od_value_unref(all->rejected);
}

static void assert_json(const od_value *got, const od_value *expected) {
    char *a = NULL, *b = NULL;
    assert_int_equal(od_value_format(got, &a, NULL, NULL), OD_OK);
    assert_int_equal(od_value_format(expected, &b, NULL, NULL), OD_OK);
    assert_string_equal(a, b);
    od_text_free(a);
    od_text_free(b);
}

/* The error with the path of the list as LIST. */
static void assert_list_error(const od_error *err, const char *list, const char *expected) {
    char line[1024], shown[1024];
    od_error_format(err, line, sizeof line);
    const char *at = strstr(line, list);
    if (at == NULL)
        snprintf(shown, sizeof shown, "%s", line);
    else
        snprintf(shown, sizeof shown, "%.*sLIST%s", (int)(at - line), line, at + strlen(list));
    assert_string_equal(shown, expected);
}

/* ---- contacts ---- */

static od_import_options options_of(const od_value *row, const char *list, const char *rejects) {
    const char *format = import_text(row, "format"), *delimiter = import_text(row, "delimiter");
    return (od_import_options){
        .path = list,
        .is_jsonl = format != NULL && strcmp(format, "jsonl") == 0,
        .delimiter = delimiter != NULL ? delimiter[0] : '\0',
        .map = od_value_get(row, "map"),
        .reject_path = rejects,
    };
}

static od_status run_slices(od_import_file *file, size_t slice, collected *all, od_error *err) {
    const od_import_sink sink = {.contact = collect_contact, .reject = collect_reject, .context = all};
    bool done = false;
    od_status status = OD_OK;
    while (status == OD_OK && !done)
        status = od__import_file_step(file, slice, &sink, &done, err);
    return status;
}

static void assert_rejects(const od_value *row) {
    const char *text = import_text(row, "rejects"), *hex = import_text(row, "rejects_hex");
    const char *got = import_read_file("rejects.csv");
    if (text != NULL)
        assert_string_equal(got, text);
    if (hex == NULL)
        return;
    assert_int_equal(strlen(got), strlen(hex) / 2);
    for (size_t i = 0; got[i] != '\0'; i++) {
        char spelled[4];
        snprintf(spelled, sizeof spelled, "%02x", (unsigned char)got[i]);
        assert_memory_equal(spelled, hex + 2 * i, 2);
    }
}

static void run_contacts(const od_value *row, const char *list, const char *rejects, size_t slice) {
    od_import_options options = options_of(row, list, rejects);
    const char *error = import_text(row, "error");
    od_import_file *file = NULL;
    od_error err = OD_ERROR_INIT;
    od_status status = od__import_file_open(&options, &file, &err);
    assert_list_error(&err, list, error != NULL ? error : "ok");
    assert_int_equal(status, error != NULL ? OD_VALIDATION : OD_OK);
    if (error != NULL) {
        assert_null(file);
        return;
    }
    collected all;
    begin(&all);
    assert_int_equal(run_slices(file, slice, &all, &err), OD_OK);
    assert_json(all.contacts, od_value_get(row, "contacts"));
    assert_json(all.rejected, od_value_get(row, "rejected"));
    const od_import_progress *progress = od__import_file_progress(file);
    assert_int_equal(progress->rows, od_value_length(all.contacts) + od_value_length(all.rejected));
    assert_int_equal(progress->rejected, od_value_length(all.rejected));
    assert_int_equal(progress->bytes_done, progress->bytes_total);
    assert_int_equal(od__import_file_version(file)->bytes, progress->bytes_total);
    end(&all);
    od__import_file_close(file);
    if (rejects != NULL)
        assert_rejects(row);
}

static void make_contacts(const od_value *row) {
    size_t length;
    const char *bytes = import_bytes(row, &length);
    char list[256], rejects[256];
    snprintf(list, sizeof list, "%s", import_write_file("list", bytes, length));
    snprintf(rejects, sizeof rejects, "%s", import_path("rejects.csv"));
    run_contacts(row, list, rejects, 1);
    run_contacts(row, list, rejects, 2);
    run_contacts(row, list, rejects, 1000);
    run_contacts(row, list, NULL, 1000);
}

static void contacts_are_made_from_lists(void **state) {
    (void)state;
    import_each("contacts", 55, make_contacts);
}

static od_status ignore_contact(void *context, int64_t row, const od_contact *contact, od_error *err) {
    (void)context, (void)row, (void)contact, (void)err;
    return OD_OK;
}

/* Each allocation fails once: an error and nothing leaks (the sanitizers say). */
static void run_out_of_memory(const od_value *row) {
    static const od_import_sink sink = {.contact = ignore_contact};
    size_t length;
    const char *bytes = import_bytes(row, &length);
    char list[256], rejects[256];
    snprintf(list, sizeof list, "%s", import_write_file("list", bytes, length));
    snprintf(rejects, sizeof rejects, "%s", import_path("rejects.csv"));
    od_import_options options = options_of(row, list, rejects);
    for (size_t n = 1;; n++) {
        od_import_file *file = NULL;
        od_error err = OD_ERROR_INIT;
        bool done = false;
        assert_true(n < ALLOCATIONS);
        od__memory_fail_at(n);
        od_status status = od__import_file_open(&options, &file, &err);
        while (status == OD_OK && !done)
            status = od__import_file_step(file, 2, &sink, &done, &err);
        bool was_reached = od__memory_fail_at(0) >= n;
        od__import_file_close(file);
        if (!was_reached)
            break;
        assert_int_equal(status, OD_OUT_OF_MEMORY);
        import_assert_error(&err, "out_of_memory: memory ran out");
    }
}

static void import_memory_may_run_out_anywhere(void **state) {
    (void)state;
    import_each("contacts", 55, run_out_of_memory);
}

/* ---- a small list to try things on ---- */

static char list_path[256], rejects_path[256];
static od_value *list_map;

static void write_list(const char *text) {
    snprintf(list_path, sizeof list_path, "%s", import_write_text("list", text));
    snprintf(rejects_path, sizeof rejects_path, "%s", import_path("rejects.csv"));
    static const char map[] = "{\"id\":\"id\",\"numbers\":[\"phone\"]}";
    assert_int_equal(od_value_parse(map, strlen(map), &list_map, NULL), OD_OK);
}

static od_import_file *open_list(const char *rejects, od_error *err) {
    od_import_options options = {.path = list_path, .map = list_map, .reject_path = rejects};
    od_import_file *file = NULL;
    (void)od__import_file_open(&options, &file, err);
    return file;
}

static int forget_list(void **state) {
    (void)state;
    od_value_unref(list_map);
    list_map = NULL;
    return 0;
}

static void the_store_may_reject_a_contact_too(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    collected all;
    write_list("id,phone\n7,+12025550100\n8,+12025550101\n9,+12025550102\n");
    begin(&all);
    all.file = open_list(rejects_path, &err);
    all.store_rejects = "8";
    assert_int_equal(run_slices(all.file, 10, &all, &err), OD_OK);
    assert_int_equal(od_value_length(all.contacts), 2);
    assert_int_equal(od__import_file_progress(all.file)->rows, 3);
    assert_int_equal(od__import_file_progress(all.file)->rejected, 1);
    od__import_file_close(all.file);
    end(&all);
    assert_string_equal(import_read_file("rejects.csv"),
                        "row,reason,id,phone\n3,another person has this id,8,+12025550101\n");
}

static void what_the_store_returns_stops_the_import(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    collected all;
    write_list("id,phone\n7,+12025550100\n8,+12025550101\n");
    begin(&all);
    all.file = open_list(NULL, &err);
    all.fails_with = OD_UNAVAILABLE;
    assert_int_equal(run_slices(all.file, 10, &all, &err), OD_UNAVAILABLE);
    import_assert_error(&err, "unavailable: the store says no");
    od__import_file_close(all.file);
    end(&all);
}

static void progress_is_told_between_slices(void **state) {
    (void)state;
    static const od_import_sink sink = {.contact = ignore_contact};
    od_error err = OD_ERROR_INIT;
    bool done = true;
    write_list("id,phone\n7,+12025550100\n8,n/a\n9,+12025550102\n");
    od_import_file *file = open_list(rejects_path, &err);
    const od_import_progress *progress = od__import_file_progress(file);
    assert_int_equal(progress->bytes_total, 45);
    assert_int_equal(od__import_file_step(file, 0, &sink, &done, &err), OD_OK);
    assert_false(done);
    assert_int_equal(progress->rows, 0);
    assert_int_equal(od__import_file_step(file, 2, &sink, &done, &err), OD_OK);
    assert_false(done);
    assert_int_equal(progress->rows, 2);
    assert_int_equal(progress->rejected, 1);
    assert_int_equal(progress->bytes_done, 30);
    assert_string_equal(import_read_file("rejects.csv"), "row,reason,id,phone\n3,\"phone: \"\"n/a\"\": letters\",8,n/a\n");
    assert_int_equal(od__import_file_step(file, 1, &sink, &done, &err), OD_OK);
    assert_false(done);   /* that nothing follows is not known yet */
    assert_int_equal(od__import_file_step(file, 1, &sink, &done, &err), OD_OK);
    assert_true(done);
    assert_int_equal(od__import_file_step(file, 1, &sink, &done, &err), OD_OK);
    assert_true(done);
    assert_int_equal(progress->bytes_done, 45);
    od__import_file_close(file);
}

static void a_list_that_changes_is_told(void **state) {
    (void)state;
    static const od_import_sink sink = {.contact = ignore_contact};
    for (int longer = 0; longer <= 1; longer++) {
        od_error err = OD_ERROR_INIT;
        bool done;
        write_list("id,phone\n7,+12025550100\n");
        od_import_file *file = open_list(NULL, &err);
        if (longer)
            import_write_text("list", "id,phone\n7,+12025550100\n8,+12025550101\n");
        else
            assert_int_equal(truncate(list_path, 3), 0);
        assert_int_equal(od__import_file_step(file, 10, &sink, &done, &err), OD_CONFLICT);
        assert_list_error(&err, list_path, "conflict: LIST changed while it was read");
        assert_false(done);
        od__import_file_close(file);
        od_value_unref(list_map);
    }
    list_map = NULL;
}

/* An editor that writes a new file and renames it leaves the old one, which is still open, as it was. */
static void a_list_that_is_replaced_is_read_as_it_was(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    collected all;
    write_list("id,phone\n7,+12025550100\n");
    begin(&all);
    all.file = open_list(NULL, &err);
    od_file_version before = *od__import_file_version(all.file), now;
    char new_path[256];
    snprintf(new_path, sizeof new_path, "%s", import_write_text("new", "id,phone\n"));
    assert_int_equal(rename(new_path, list_path), 0);
    assert_int_equal(run_slices(all.file, 10, &all, &err), OD_OK);
    assert_int_equal(od_value_length(all.contacts), 1);
    od__import_file_close(all.file);
    assert_int_equal(od__file_version(list_path, &now, &err), OD_OK);
    assert_false(od__file_version_same(&before, &now));
    assert_true(od__file_version_same(&now, &now));
    end(&all);
}

static void assert_cannot_open(const char *path, const char *rejects, const char *expected) {
    od_error err = OD_ERROR_INIT;
    od_import_options options = {.path = path, .map = list_map, .reject_path = rejects};
    od_import_file *file = NULL;
    assert_int_equal(od__import_file_open(&options, &file, &err), OD_VALIDATION);
    assert_null(file);
    import_assert_error(&err, expected);
}

static void what_is_no_list_is_refused(void **state) {
    (void)state;
    char fifo[256], expected[600];
    od_file_version version;
    write_list("id,phone\n");
    assert_cannot_open("/nowhere/list", NULL, "validation: /nowhere/list cannot be read: No such file or directory");
    assert_cannot_open("/tmp", NULL, "validation: /tmp is a directory");
    assert_cannot_open("/dev/null", NULL, "validation: /dev/null is no regular file");
    snprintf(fifo, sizeof fifo, "%s", import_path("fifo"));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    snprintf(expected, sizeof expected, "validation: %s is no regular file", fifo);
    assert_cannot_open(fifo, NULL, expected);   /* at once, though nobody writes */
    if (geteuid() != 0) {
        assert_int_equal(chmod(list_path, 0), 0);
        snprintf(expected, sizeof expected, "validation: %s cannot be read: Permission denied", list_path);
        assert_cannot_open(list_path, NULL, expected);
        assert_int_equal(chmod(list_path, 0600), 0);
    }
    od_error err = OD_ERROR_INIT;
    assert_int_equal(od__file_version("/nowhere/list", &version, &err), OD_VALIDATION);
    import_assert_error(&err, "validation: /nowhere/list cannot be read: No such file or directory");
}

static void rejects_go_to_a_file_of_their_own(void **state) {
    (void)state;
    char expected[600], other[256];
    write_list("id,phone\n7,+12025550100\n");
    snprintf(expected, sizeof expected, "validation: %s is the list itself", list_path);
    assert_cannot_open(list_path, list_path, expected);
    snprintf(other, sizeof other, "%s", import_path("other"));
    assert_int_equal(link(list_path, other), 0);
    snprintf(expected, sizeof expected, "validation: %s is the list itself", other);
    assert_cannot_open(list_path, other, expected);
    assert_string_equal(import_read_file("list"), "id,phone\n7,+12025550100\n");
    assert_cannot_open(list_path, "/nowhere/rejects", "validation: /nowhere/rejects cannot be written: No such file or directory");
    assert_cannot_open(list_path, "/tmp", "validation: /tmp cannot be written: Is a directory");
    assert_cannot_open(list_path, "/dev/full", "validation: /dev/full is no regular file");
}

/* Nobody but its owner reads who was on the list; an older file does not show through. */
static void rejects_are_private_and_begin_anew(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    collected all;
    struct stat file;
    write_list("id,phone\n7,x\n");
    (void)unlink(rejects_path);
    for (int i = 0; i < 2; i++) {
        begin(&all);
        all.file = open_list(rejects_path, &err);
        assert_int_equal(run_slices(all.file, 10, &all, &err), OD_OK);
        od__import_file_close(all.file);
        end(&all);
        assert_int_equal(stat(rejects_path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
        assert_string_equal(import_read_file("rejects.csv"), "row,reason,id,phone\n2,\"phone: \"\"x\"\": letters\",7,x\n");
        import_write_text("rejects.csv", "something much longer that was here before, and must not show through at all");
    }
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    collected all;
    char expected[600];
    struct rlimit before, small;
    write_list("id,phone\n7,x\n");
    begin(&all);
    all.file = open_list(rejects_path, &err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    od_status status = run_slices(all.file, 10, &all, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, OD_UNAVAILABLE);
    snprintf(expected, sizeof expected, "unavailable: %s cannot be written: File too large", rejects_path);
    import_assert_error(&err, expected);
    od__import_file_close(all.file);
    end(&all);
}

/* More than one chunk of the reader, records across its seams. */
static void a_list_of_many_chunks_is_read_whole(void **state) {
    (void)state;
    static char text[900000];
    size_t length = (size_t)snprintf(text, sizeof text, "id,phone\n");
    for (int i = 0; i < 20000; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "\"%d\n%d\",%s\n", i, i, i % 2 ? "+12025550100" : "x");
    snprintf(list_path, sizeof list_path, "%s", import_write_file("list", text, length));
    static const char map[] = "{\"id\":\"phone\",\"numbers\":[\"phone\"]}";
    assert_int_equal(od_value_parse(map, strlen(map), &list_map, NULL), OD_OK);
    od_error err = OD_ERROR_INIT;
    collected all;
    begin(&all);
    all.file = open_list(NULL, &err);
    assert_int_equal(run_slices(all.file, 777, &all, &err), OD_OK);
    assert_int_equal(od_value_length(all.contacts), 10000);
    assert_int_equal(od_value_length(all.rejected), 10000);
    assert_int_equal(od_value_integer(od_value_get(od_value_at(all.contacts, 9999), "row")), 40000);
    od__import_file_close(all.file);
    end(&all);
}

/* ---- contacts that are given ---- */

static void make_given(const od_value *row) {
    const od_value *given = od_value_get(row, "given");
    const char *rejected = import_text(row, "rejected");
    od_contacts *contacts = NULL;
    od_contact contact;
    assert_int_equal(od__contacts_new(NULL, &contacts, NULL), OD_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(od__contacts_given(contacts, given, &contact, NULL), OD_OK);
        assert_string_equal(contact.reason != NULL ? contact.reason : "", rejected != NULL ? rejected : "");
        if (rejected != NULL)
            continue;
        od_value *got = contact_value(0, &contact);
        assert_json(got, od_value_get(row, "contact"));
        od_value_unref(got);
    }
    od__contacts_free(contacts);
    for (size_t n = 1;; n++) {
        od_error err = OD_ERROR_INIT;
        assert_true(n < ALLOCATIONS);
        od__memory_fail_at(n);
        od_status status = od__contacts_new(NULL, &contacts, &err);
        if (status == OD_OK)
            status = od__contacts_given(contacts, given, &contact, &err);
        bool was_reached = od__memory_fail_at(0) >= n;
        od__contacts_free(contacts);
        assert_int_equal(status, was_reached ? OD_OUT_OF_MEMORY : OD_OK);
        if (!was_reached)
            break;
    }
}

static void contacts_are_made_from_what_a_script_gives(void **state) {
    (void)state;
    import_each("given", 15, make_given);
}

/* ---- do-not-call lists ---- */

static od_status collect_number(void *context, int64_t row, const od_phone *phone, od_error *err) {
    (void)err;
    od_value *one = od_value_new_array();
    od_value_add(one, od_value_new_integer(row), NULL);
    od_value_add(one, od_value_new_string(phone->e164), NULL);
    od_value_add(context, one, NULL);
    return OD_OK;
}

static void assert_report(const od_dnc_report *report, const od_value *row, const od_value *numbers) {
    const od_value *bad = od_value_get(row, "bad"), *count = od_value_get(row, "bad_count");
    size_t named = od_value_length(bad);
    assert_int_equal(report->numbers, od_value_length(numbers));
    assert_int_equal(report->bad, count != NULL ? od_value_integer(count) : (int64_t)named);
    for (size_t i = 0; i < named; i++) {
        assert_int_equal(report->rows[i].row, od_value_integer(od_value_at(od_value_at(bad, i), 0)));
        assert_string_equal(report->rows[i].reason, od_value_string(od_value_at(od_value_at(bad, i), 1)));
    }
}

static void run_list(const od_value *row, const char *list, size_t slice) {
    const char *error = import_text(row, "error");
    od_dnc_options options = {
        .path = list,
        .country = import_text(row, "country"),
        .column = import_text(row, "column"),
        .skip_bad = od_value_boolean(od_value_get(row, "skip_bad")),
    };
    od_dnc_file *file = NULL;
    od_error err = OD_ERROR_INIT;
    od_value *numbers = od_value_new_array();
    od_status status = od__dnc_file_open(&options, &file, &err);
    bool done = false;
    while (status == OD_OK && !done)
        status = od__dnc_file_step(file, slice, collect_number, numbers, &done, &err);
    assert_list_error(&err, list, error != NULL ? error : "ok");
    assert_int_equal(status, error != NULL ? OD_VALIDATION : OD_OK);
    assert_int_equal(done, error == NULL);
    if (od_value_get(row, "numbers") != NULL) {
        assert_json(numbers, od_value_get(row, "numbers"));
        assert_report(od__dnc_file_report(file), row, numbers);
        assert_true(od__dnc_file_version(file)->inode != 0);
    }
    od_value_unref(numbers);
    od__dnc_file_close(file);
}

static void read_list(const od_value *row) {
    size_t length;
    const char *bytes = import_bytes(row, &length);
    char list[256];
    snprintf(list, sizeof list, "%s", import_write_file("list", bytes, length));
    run_list(row, list, 1);
    run_list(row, list, 1000);
}

static void R16_do_not_call_lists_are_read_or_refused(void **state) {
    (void)state;
    import_each("do_not_call", 22, read_list);
}

static od_status ignore_number(void *context, int64_t row, const od_phone *phone, od_error *err) {
    (void)context, (void)row, (void)phone, (void)err;
    return OD_OK;
}

static od_status refuse_number(void *context, int64_t row, const od_phone *phone, od_error *err) {
    (void)context, (void)row, (void)phone;
    return od__error_set(err, OD_UNAVAILABLE, "the store says no");
}

static void R16_a_list_that_cannot_be_read_is_an_error(void **state) {
    (void)state;
    od_error err = OD_ERROR_INIT;
    od_dnc_file *file;
    bool done;
    od_dnc_options options = {.path = "/nowhere/dnc"};
    assert_int_equal(od__dnc_file_open(&options, &file, &err), OD_VALIDATION);
    import_assert_error(&err, "validation: /nowhere/dnc cannot be read: No such file or directory");
    assert_null(file);

    od__error_clear(&err);
    write_list("+12025550100\n");
    options.path = list_path;
    assert_int_equal(od__dnc_file_open(&options, &file, &err), OD_OK);
    import_write_text("list", "+12025550100\n+12025550101\n");
    assert_int_equal(od__dnc_file_step(file, 10, ignore_number, NULL, &done, &err), OD_CONFLICT);
    assert_list_error(&err, list_path, "conflict: LIST changed while it was read");
    assert_false(done);
    od__dnc_file_close(file);

    od__error_clear(&err);
    assert_int_equal(od__dnc_file_open(&options, &file, &err), OD_OK);
    assert_int_equal(od__dnc_file_step(file, 10, refuse_number, NULL, &done, &err), OD_UNAVAILABLE);
    import_assert_error(&err, "unavailable: the store says no");
    od__dnc_file_close(file);

    for (size_t n = 1;; n++) {
        od__error_clear(&err);
        assert_true(n < ALLOCATIONS);
        od__memory_fail_at(n);
        od_status status = od__dnc_file_open(&options, &file, &err);
        if (status == OD_OK)
            status = od__dnc_file_step(file, 10, ignore_number, NULL, &done, &err);
        bool was_reached = od__memory_fail_at(0) >= n;
        od__dnc_file_close(file);
        assert_int_equal(status, was_reached ? OD_OUT_OF_MEMORY : OD_OK);
        if (!was_reached)
            break;
    }
}

#define with_list(test) cmocka_unit_test_teardown(test, forget_list)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(contacts_are_made_from_lists, import_tell_row),
        cmocka_unit_test_teardown(import_memory_may_run_out_anywhere, import_tell_row),
        with_list(the_store_may_reject_a_contact_too),
        with_list(what_the_store_returns_stops_the_import),
        with_list(progress_is_told_between_slices),
        with_list(a_list_that_changes_is_told),
        with_list(a_list_that_is_replaced_is_read_as_it_was),
        with_list(what_is_no_list_is_refused),
        with_list(rejects_go_to_a_file_of_their_own),
        with_list(rejects_are_private_and_begin_anew),
        with_list(a_full_disk_is_told),
        with_list(a_list_of_many_chunks_is_read_whole),
        cmocka_unit_test_teardown(contacts_are_made_from_what_a_script_gives, import_tell_row),
        cmocka_unit_test_teardown(R16_do_not_call_lists_are_read_or_refused, import_tell_row),
        with_list(R16_a_list_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, import_make_directory, import_remove_directory);
}
