#include "store/lists.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "import/file.h"
#include "store/campaign.h"
#include "store/journal.h"

#define LIST_SLICE 100000
#define DAY_MS INT64_C(86400000)

/* ---- which version of a file the table has ---- */

/* A file that is read in another way says something else. */
#define READING_BYTES (2 * 800 + 16) /* names of 200 characters */

static void describe_reading(const od_dnc_options *options, char out[READING_BYTES]) {
    snprintf(out, READING_BYTES, "%.800s/%.800s", options->country != NULL ? options->country : "",
             options->column != NULL ? options->column : "");
}

/* Rows that were skipped are no reason to read it again only where they may be skipped. */
static od_status is_current(od_work *work, const od_dnc_options *options, const od_file_version *version, bool *current,
                            od_error *err) {
    char reading[READING_BYTES];
    od_query query;
    *current = false;
    describe_reading(options, reading);
    od__query(&query, work->database, err,
              "SELECT inode = ?2 AND bytes = ?3 AND changed_ns = ?4 AND reading = ?5 AND (skipped = 0 OR ?6) FROM list"
              " WHERE path = ?1", "tiiiti", options->path, (int64_t)version->inode, version->bytes, version->modified_ns,
              reading, (int64_t)options->skip_bad);
    if (od__query_row(&query))
        *current = od__query_integer(&query, 0) != 0;
    return od__query_end(&query);
}

static od_status write_version(od_work *work, const od_dnc_options *options, const od_file_version *version,
                               const od_dnc_report *report, od_error *err) {
    char reading[READING_BYTES];
    describe_reading(options, reading);
    return od__execute(
        work->database, err,
        "INSERT INTO list(path, inode, bytes, changed_ns, read_ms, entries, skipped, reading) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
        " ?8) ON CONFLICT(path) DO UPDATE SET inode = excluded.inode, bytes = excluded.bytes, changed_ns = excluded.changed_ns,"
        " read_ms = excluded.read_ms, entries = excluded.entries, skipped = excluded.skipped, reading = excluded.reading",
        "tiiiiiit", options->path, (int64_t)version->inode, version->bytes, version->modified_ns, work->wall_ms,
        report->numbers, report->bad, reading);
}

/* ---- reading one ---- */

typedef struct reading {
    od_work *work;
    const char *path;
} reading;

/* Entries only grow (R16): one that was lifted by a person stays lifted while the file says nothing new of it. */
static od_status add_listed(void *context, int64_t row, const od_phone *phone, od_error *err) {
    (void)row;
    const reading *self = context;
    self->work->listed = OD_ROWS_SOME;
    return od__execute(self->work->database, err,
                       "INSERT INTO listed(number, source, since_ms) VALUES(?1, ?2, ?3) ON CONFLICT(number) DO NOTHING", "tti",
                       phone->e164, self->path, self->work->wall_ms);
}

static od_status read_list(od_work *work, od_dnc_file *file, const char *path, od_error *err) {
    reading self = { .work = work, .path = path };
    bool done = false;
    od_status status = OD_OK;
    while (status == OD_OK && !done)
        status = od__dnc_file_step(file, LIST_SLICE, add_listed, &self, &done, err);
    return status;
}

/* Of a path, or of what is said of one, which may be long. */
#define SHOWN_BYTES 301

static const char *shown(const char *text, char out[SHOWN_BYTES]) {
    od__error_clean(out, SHOWN_BYTES, text, strlen(text));
    return out;
}

static od_status journal_skipped(od_work *work, const char *path, const od_dnc_report *report, od_error *err) {
    if (report->bad == 0)
        return OD_OK;
    char text[512], name[SHOWN_BYTES];
    snprintf(text, sizeof(text), "%s: %lld %s skipped", shown(path, name), (long long)report->bad,
             report->bad == 1 ? "row that is no number was" : "rows that are no number were");
    return od__journal(work, &(od_entry){ .event = "do_not_call_rows_skipped", .text = text }, err);
}

/* version: of the file as it is now. */
static od_status load(od_work *work, const od_value *list, od_file_version *version, od_error *err) {
    const od_dnc_options options = {
        .path = od__param_text(list, "path"), .country = od__param_text(list, "country"),
        .column = od__param_text(list, "column"), .skip_bad = od__param_is(list, "skip_bad"),
    };
    bool current = false;
    od_status status = od__file_version(options.path, version, err);
    if (status == OD_OK)
        status = is_current(work, &options, version, &current, err);
    if (status != OD_OK || current)
        return status;
    od_dnc_file *file = NULL;
    status = od__dnc_file_open(&options, &file, err);
    if (status == OD_OK)
        status = read_list(work, file, options.path, err);
    if (status == OD_OK)
        status = write_version(work, &options, od__dnc_file_version(file), od__dnc_file_report(file), err);
    if (status == OD_OK)
        *version = *od__dnc_file_version(file);
    if (status == OD_OK)
        status = journal_skipped(work, options.path, od__dnc_file_report(file), err);
    od__dnc_file_close(file);
    return status;
}

od_status od__list_load(od_work *work, const od_value *list, od_error *err) {
    od_file_version version;
    return load(work, list, &version, err);
}

/* ---- how old one may be ---- */

static int64_t age_ms(const od_work *work, const od_file_version *version) {
    return work->wall_ms - version->modified_ns / 1000000;
}

static od_status refuse_old(const od_work *work, const char *path, const od_file_version *version, od_error *err) {
    if (age_ms(work, version) <= OD_LIMIT_LIST_DAYS * DAY_MS)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, "/do_not_call/path",
                        "%s is %lld days old: a do-not-call list of more than %d days may be used no more", path,
                        (long long)(age_ms(work, version) / DAY_MS), OD_LIMIT_LIST_DAYS);
}

od_status od__list_check_age(od_work *work, const char *path, char *warning, size_t warning_bytes, od_error *err) {
    od_file_version version;
    warning[0] = '\0';
    od_status status = od__file_version(path, &version, err);
    if (status == OD_OK)
        status = refuse_old(work, path, &version, err);
    if (status != OD_OK)
        return status;
    int64_t days = age_ms(work, &version) / DAY_MS;
    char name[SHOWN_BYTES];
    if (age_ms(work, &version) > OD_LIST_WARN_DAYS * DAY_MS)
        snprintf(warning, warning_bytes, "%s is %lld days old: a do-not-call list should not be older than %d days",
                 shown(path, name), (long long)days, OD_LIST_WARN_DAYS);
    return OD_OK;
}

od_status od__list_read_ms(od_work *work, int64_t campaign_id, int64_t *out, od_error *err) {
    od_query query;
    *out = 0;
    od__query(&query, work->database, err,
              "SELECT read_ms FROM list WHERE path = (SELECT list ->> 'path' FROM campaign WHERE id = ?1)", "i", campaign_id);
    if (od__query_row(&query))
        *out = od__query_integer(&query, 0);
    return od__query_end(&query);
}

/* ---- before intents ---- */

static od_status read_options(od_work *work, int64_t campaign_id, od_value **out, od_error *err) {
    od_query query;
    od_status status = OD_OK;
    *out = NULL;
    od__query(&query, work->database, err, "SELECT list FROM campaign WHERE id = ?1", "i", campaign_id);
    if (od__query_row(&query) && !od__query_is_null(&query, 0)) {
        const char *text = od__query_text(&query, 0);
        status = od_value_parse(text, strlen(text), out, err);
    }
    od_status ended = od__query_end(&query);
    return status == OD_OK ? ended : status;
}

od_status od__lists_refresh(od_work *work, int64_t campaign_id, const char **held, od_error *err) {
    *held = NULL;
    if (work->list_campaign_id == campaign_id)
        return OD_OK;
    od_value *list = NULL;
    od_file_version version;
    od_error problem = OD_ERROR_INIT;
    od_status status = read_options(work, campaign_id, &list, err);
    if (status != OD_OK || list == NULL)
        return status;
    /* What a list that is refused had added already goes with it. */
    status = od__execute(work->database, err, "SAVEPOINT list", "");
    od_status loaded = status == OD_OK ? load(work, list, &version, &problem) : status;
    *held = loaded == OD_OK ? "do_not_call_too_old" : "do_not_call_unreadable";
    if (loaded == OD_OK) /* a run may go on for weeks */
        loaded = refuse_old(work, od__param_text(list, "path"), &version, &problem);
    od_value_unref(list);
    if (status == OD_OK && loaded != OD_OK)
        status = od__execute(work->database, err, "ROLLBACK TO list", "");
    if (status == OD_OK)
        status = od__execute(work->database, err, "RELEASE list", "");
    if (status != OD_OK)
        return status;
    if (loaded == OD_OK) {
        *held = NULL;
        work->list_campaign_id = campaign_id;
        return OD_OK;
    }
    char why[sizeof("do_not_call: ") + OD_ERROR_MESSAGE_BYTES];
    snprintf(why, sizeof(why), "do_not_call: %s", problem.message);
    return od__campaign_set(work, campaign_id, "held", why, NULL, err);
}
