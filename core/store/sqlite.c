#include "store/database.h"

#include <errno.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "store/holders.h"

#define WAL_AGAIN_MS 20
/* What a campaign works on is a few pages for each contact under way, however many there are; the rest is read once. Of
 * four times as much the process is 12 MiB larger and reads hardly less. */
#define CACHE_KIB 4096
/* 16 MiB of log. Of a fourth of it a page is written back more often; of four times as much nothing is saved. */
#define CHECKPOINT_PAGES 4000

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

struct od_statement {
    const char *sql;               /* static: the address is the key */
    sqlite3_stmt *prepared;
};

#define STATEMENT_SLOTS 256        /* a power of two above OD_LIMIT_STATEMENTS */

struct od_database {
    sqlite3 *handle;
    char *path;
    size_t count;
    od_statement statements[STATEMENT_SLOTS]; /* by address; free ones have no sql */
};

/* ---- errors ---- */

static od_status status_of(int code) {
    switch (code & 0xff) {
    case SQLITE_NOMEM: return OD_OUT_OF_MEMORY;
    case SQLITE_CONSTRAINT: return OD_CONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return OD_UNAVAILABLE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return OD_PERMISSION;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return OD_PROTOCOL;
    default: return OD_INTERNAL;
    }
}

static const char *in_words(int cause) {
    switch (cause) {
    case ENOSPC:
    case EDQUOT: return "the disk is full";
    case EROFS: return "it is on a read-only file system";
    case EACCES:
    case EPERM: return "this user may not write it, or not into its folder";
    case EMFILE:
    case ENFILE: return "too many files are open";
    case EISDIR: return "it is a folder";
    default: return NULL;
    }
}

/* What the system says of writing to the file, or into its folder; 0: nothing. */
static int why_not_written(const char *path) {
    if (access(path, W_OK) != 0 && errno != ENOENT)
        return errno;
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? od__strndup(path, (size_t)(slash - path) + 1) : od__strdup(".");
    int cause = folder != NULL && access(folder, W_OK) != 0 ? errno : 0;
    od__free(folder);
    return cause;
}

/* Through no link, as far as it could be opened: its log stands beside the file itself. */
static const char *file_of(const od_database *database) {
    const char *file = sqlite3_db_filename(database->handle, "main");
    return file != NULL && file[0] != '\0' ? file : database->path;
}

/* SQLite's words for what a file system refuses do not tell why ("unable to open database file"); the system's do, but where
 * SQLite has tried something else after that. NULL: there is nothing better than SQLite's. */
static const char *refusal(const od_database *database, int code) {
    int primary = code & 0xff;
    if (primary == SQLITE_FULL)
        return in_words(ENOSPC);
    if (primary != SQLITE_CANTOPEN && primary != SQLITE_IOERR && primary != SQLITE_READONLY)
        return NULL;
    const char *words = in_words(sqlite3_system_errno(database->handle));
    return words != NULL || primary == SQLITE_IOERR ? words : in_words(why_not_written(file_of(database)));
}

static od_status fail(const od_database *database, int code, od_error *err) {
    od_status status = status_of(code);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(err);
    char holders[OD_HOLDERS_BYTES] = "";
    if ((code & 0xff) == SQLITE_BUSY)
        od__holders(file_of(database), holders);
    const char *refused = refusal(database, code);
    const char *why = (code & 0xff) == SQLITE_BUSY ? "another process has kept it locked"
                      : refused != NULL            ? refused
                                                   : sqlite3_errmsg(database->handle);
    status = od__error_set(err, status, "the store %s: %s%s", database->path, why, holders);
    if (err != NULL && err->code == status)
        err->retryable = status == OD_UNAVAILABLE;
    return status;
}

/* ---- memory ---- */

static void *memory_take(int bytes) {
    return od__alloc((size_t)bytes);
}

static void *memory_resize(void *block, int bytes) {
    return od__realloc(block, (size_t)bytes);
}

static int memory_size(void *block) {
    return (int)malloc_usable_size(block);
}

static int memory_round_up(int bytes) {
    return (bytes + 7) & ~7;
}

static int memory_begin(void *unused) {
    (void)unused;
    return SQLITE_OK;
}

static void memory_end(void *unused) {
    (void)unused;
}

/* Each statement asks for the same few sizes and gives them back at its end; as many builds have it, without the store of
 * small blocks that SQLite has for that. */
void od__database_own_process(void) {
    static const sqlite3_mem_methods methods = {
        .xMalloc = memory_take, .xFree = od__free, .xRealloc = memory_resize, .xSize = memory_size,
        .xRoundup = memory_round_up, .xInit = memory_begin, .xShutdown = memory_end,
    };
    /* Either is refused once SQLite is in use: then it goes on as it was. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* ---- opening ---- */

/* Processes that make the same file at the same time stand in each other's way here, and SQLite does not wait then. Where it
 * would, it must not, or each of these tries is as long as all of them: called before there is a busy timeout. */
static int use_wal(const od_database *database) {
    int code, waited_ms = 0;
    while (((code = sqlite3_exec(database->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) & 0xff) == SQLITE_BUSY &&
           waited_ms < OD_LIMIT_BUSY_MS)
        waited_ms += sqlite3_sleep(WAL_AGAIN_MS);
    return code;
}

static od_status set_up(od_database *database, od_error *err) {
    sqlite3_extended_result_codes(database->handle, 1);
    int code = use_wal(database);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(database->handle, OD_LIMIT_BUSY_MS);
    if (code != SQLITE_OK)
        return fail(database, code, err);
    /* FULL: what was committed stays committed after a power cut, or a person could be called twice. */
    od_status status = od__database_run(database,
                                        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;"
                                        "PRAGMA temp_store = FILE; PRAGMA cache_size = -" TEXT(CACHE_KIB) ";"
                                        "PRAGMA wal_autocheckpoint = " TEXT(CHECKPOINT_PAGES) ";",
                                        err);
    if (status == OD_OK && od__mutant("synchronous_off"))
        status = od__database_run(database, "PRAGMA synchronous = OFF;", err);
    return status;
}

/* An address may have a password in it, which is not shown. */
static od_status check_path(const char *path, od_error *err) {
    const char *rest = strstr(path, "://");
    if (rest == NULL)
        return OD_OK;
    return od__error_set(err, OD_VALIDATION, "the store: expected the path of a file, got an address (%.*s://)",
                         (int)(rest - path), path);
}

od_status od__database_open(const char *path, bool create, od_database **out, od_error *err) {
    *out = NULL;
    if (check_path(path, err) != OD_OK)
        return OD_VALIDATION;
    od_database *database = od__calloc(1, sizeof(*database));
    if (database == NULL)
        return od__error_no_memory(err);
    database->path = od__strdup(path);
    od_status status = database->path != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK) {
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
        int code = sqlite3_open_v2(path, &database->handle, flags, NULL);
        if (code == SQLITE_CANTOPEN && !create && access(path, F_OK) != 0)
            status = od__error_set(err, OD_NOT_FOUND, "the store %s cannot be opened: is there such a file?", path);
        else if (code != SQLITE_OK)
            status = fail(database, code, err);
        else
            status = set_up(database, err);
    }
    if (status != OD_OK) {
        od__database_close(database);
        return status;
    }
    *out = database;
    return OD_OK;
}

void od__database_close(od_database *database) {
    if (database == NULL)
        return;
    for (size_t i = 0; i < STATEMENT_SLOTS; i++)
        sqlite3_finalize(database->statements[i].prepared);
    sqlite3_close(database->handle);
    od__free(database->path);
    od__free(database);
}

const char *od__database_path(const od_database *database) {
    return database->path;
}

const char *od__database_file(const od_database *database) {
    return sqlite3_db_filename(database->handle, "main");
}

od_status od__database_run(od_database *database, const char *sql, od_error *err) {
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OD_OK : fail(database, code, err);
}

od_status od__database_copy(od_database *database, const char *path, od_error *err) {
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup = code == SQLITE_OK ? sqlite3_backup_init(to, "main", database->handle, "main") : NULL;
    if (backup != NULL) {
        (void)sqlite3_backup_step(backup, -1); /* finish tells how it went */
        code = sqlite3_backup_finish(backup);
    } else if (code == SQLITE_OK) {
        code = sqlite3_extended_errcode(to);
    }
    od_status status = OD_OK;
    if (code != SQLITE_OK)
        status = od__error_set(err, status_of(code), "the copy %s cannot be written: %s", path, sqlite3_errstr(code));
    sqlite3_close(to);
    return status;
}

/* ---- transactions ---- */

/* Whoever removes or replaces the file leaves this process with one that nobody finds again: what is committed to it is lost,
 * and the next run would call everybody once more. */
static od_status still_there(od_database *database, od_error *err) {
    int moved = 0;
    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved)
        return OD_OK;
    return od__error_set(err, OD_UNAVAILABLE, "the store %s: " OD_DATABASE_GONE ": what is done now would be lost",
                         database->path);
}

od_status od__database_begin(od_database *database, bool write, od_error *err) {
    od_status status = write ? still_there(database, err) : OD_OK;
    return status == OD_OK ? od__execute(database, err, write ? "BEGIN IMMEDIATE" : "BEGIN", "") : status;
}

od_status od__database_commit(od_database *database, od_error *err) {
    return od__execute(database, err, "COMMIT", "");
}

void od__database_rollback(od_database *database) {
    if (od__database_in_transaction(database))
        (void)od__execute(database, NULL, "ROLLBACK", ""); /* what cannot be rolled back is, by the next opening */
}

bool od__database_in_transaction(od_database *database) {
    return sqlite3_get_autocommit(database->handle) == 0;
}

int64_t od__database_changes(od_database *database) {
    return sqlite3_changes(database->handle);
}

int64_t od__database_total_changes(od_database *database) {
    return sqlite3_total_changes64(database->handle);
}

int64_t od__database_last_id(od_database *database) {
    return sqlite3_last_insert_rowid(database->handle);
}

/* ---- queries ---- */

/* Where the statement of this text is, or goes. */
static od_statement *slot_of(od_database *database, const char *sql) {
    size_t at = (size_t)(((uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % STATEMENT_SLOTS;
    while (database->statements[at].sql != NULL && database->statements[at].sql != sql)
        at = (at + 1) % STATEMENT_SLOTS;
    return &database->statements[at];
}

static od_statement *prepare(od_database *database, const char *sql, od_error *err) {
    od_statement *statement = slot_of(database, sql);
    if (statement->sql != NULL)
        return statement;
    if (database->count == OD_LIMIT_STATEMENTS) {
        (void)od__error_set(err, OD_INTERNAL, "more than %d statements", OD_LIMIT_STATEMENTS);
        return NULL;
    }
    int code = sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL);
    if (code != SQLITE_OK) {
        (void)fail(database, code, err);
        return NULL;
    }
    statement->sql = sql;
    database->count++;
    return statement;
}

/* first: the number of the first parameter. */
static void bind(od_query *query, int first, const char *types, va_list arguments) {
    sqlite3_stmt *prepared = query->statement->prepared;
    int code = SQLITE_OK;
    for (int i = 0; types[i] != '\0' && code == SQLITE_OK; i++) {
        if (types[i] == 'i')
            code = sqlite3_bind_int64(prepared, first + i, va_arg(arguments, int64_t));
        else
            code = sqlite3_bind_text(prepared, first + i, va_arg(arguments, const char *), -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK)
        return;
    query->status = fail(query->database, code, query->err);
    sqlite3_reset(prepared);
    query->statement = NULL;
}

static void start(od_query *query, od_database *database, od_error *err, const char *sql, const char *types,
                  va_list arguments) {
    *query = (od_query){ .database = database, .err = err };
    query->statement = prepare(database, sql, err);
    if (query->statement != NULL)
        bind(query, 1, types, arguments);
    else
        query->status = err != NULL && err->code != OD_OK ? err->code : OD_INTERNAL;
}

void od__query(od_query *query, od_database *database, od_error *err, const char *sql, const char *types, ...) {
    va_list arguments;
    va_start(arguments, types);
    start(query, database, err, sql, types, arguments);
    va_end(arguments);
}

void od__query_more(od_query *query, int first, const char *types, ...) {
    if (query->statement == NULL)
        return;
    va_list arguments;
    va_start(arguments, types);
    bind(query, first, types, arguments);
    va_end(arguments);
}

bool od__query_row(od_query *query) {
    if (query->statement == NULL)
        return false;
    int code = sqlite3_step(query->statement->prepared);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        query->status = fail(query->database, code, query->err);
    sqlite3_reset(query->statement->prepared);
    query->statement = NULL;
    return false;
}

int64_t od__query_integer(const od_query *query, int column) {
    return sqlite3_column_int64(query->statement->prepared, column);
}

bool od__query_is_null(const od_query *query, int column) {
    return sqlite3_column_type(query->statement->prepared, column) == SQLITE_NULL;
}

const char *od__query_text(const od_query *query, int column) {
    return (const char *)sqlite3_column_text(query->statement->prepared, column);
}

od_status od__query_end(od_query *query) {
    if (query->statement != NULL) {
        sqlite3_reset(query->statement->prepared);
        query->statement = NULL;
    }
    return query->status;
}

od_status od__execute(od_database *database, od_error *err, const char *sql, const char *types, ...) {
    od_query query;
    va_list arguments;
    va_start(arguments, types);
    start(&query, database, err, sql, types, arguments);
    va_end(arguments);
    while (od__query_row(&query))
        continue;
    return od__query_end(&query);
}
