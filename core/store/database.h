/* store/database: one connection to the database behind a store, and statements that are prepared once; the only seam to a
 * database's own library. Knows no table.
 *
 * A query carries its own failure: after one, rows end and od__query_end returns it, so a run of steps is checked once. */
#ifndef OD_STORE_DATABASE_H
#define OD_STORE_DATABASE_H

#include <outdial.h>

#include "base/fault.h"

#pragma GCC visibility push(hidden)

#define OD_LIMIT_STATEMENTS 160       /* different SQL texts of one connection */
#define OD_LIMIT_BUSY_MS od__tunable("OUTDIAL_BUSY_MS", 10000) /* how long to wait for another process that writes */

typedef struct od_database od_database;
typedef struct od_statement od_statement;

typedef struct od_query {
    od_database *database;
    od_statement *statement;          /* NULL: it failed */
    od_error *err;                    /* the caller's */
    od_status status;
} od_query;

/* For a program of our own, before anything else: SQLite has its memory through base/memory, and counts none: it counts
 * each block, under a lock, for the whole process. A library leaves both to whose process it is. */
void od__database_own_process(void);

/* Opens the file at path (made if create and absent). Errors: not_found, permission (cannot be read or written),
 * unavailable (locked, or the disk fails), protocol (not a database of ours to be), validation (no path), out_of_memory. */
od_status od__database_open(const char *path, bool create, od_database **out, od_error *err);
void od__database_close(od_database *database); /* NULL is fine; rolls back */
/* The path it was opened with; borrowed. */
const char *od__database_path(const od_database *database);
/* The path of the file itself, from the root and through no link: what stands beside it is named by this; borrowed. */
const char *od__database_file(const od_database *database);

/* Writes all that this transaction sees into the file at path, which is made if it is absent. Errors: as opening it has. */
od_status od__database_copy(od_database *database, const char *path, od_error *err);
/* Runs one or more statements without parameters or rows. Errors: as od__query_end. */
od_status od__database_run(od_database *database, const char *sql, od_error *err);
/* What an error says when the path does not lead to the open file any more: nothing will mend that. */
#define OD_DATABASE_GONE "its file was removed, renamed or replaced"

/* Begins a transaction: to write (waits for other writers), or to read one state of all. Errors: as od__query_end; to write
 * also unavailable (OD_DATABASE_GONE). */
od_status od__database_begin(od_database *database, bool write, od_error *err);
od_status od__database_commit(od_database *database, od_error *err);
void od__database_rollback(od_database *database);
/* Whether a transaction is open: a grave failure ends it by itself. */
bool od__database_in_transaction(od_database *database);
/* How many rows the last write changed. */
int64_t od__database_changes(od_database *database);
/* How many rows all writes of this connection have changed, those rolled back too. */
int64_t od__database_total_changes(od_database *database);
/* The row id of the last insert. */
int64_t od__database_last_id(od_database *database);

/* Starts a query. sql is static and is the key of its prepared statement: a query must end before the same text is used
 * again. types has a letter for each parameter that follows: i (int64_t), t (const char *, NULL is NULL; copied not, must
 * stay until the query's end). err may be NULL. */
void od__query(od_query *query, od_database *database, od_error *err, const char *sql, const char *types, ...);
/* More parameters, of which `first` is the number of the first, for a query that has been started and not been stepped yet. */
void od__query_more(od_query *query, int first, const char *types, ...);
/* Steps to the next row; false at the end and after a failure. */
bool od__query_row(od_query *query);
int64_t od__query_integer(const od_query *query, int column);
bool od__query_is_null(const od_query *query, int column);
/* Borrowed until the next step; NULL for NULL. */
const char *od__query_text(const od_query *query, int column);
/* Ends the query. Errors: conflict (a unique index), unavailable (locked, disk full, input or output failed), permission
 * (read only), out_of_memory, internal. */
od_status od__query_end(od_query *query);
/* A query without rows: starts, steps, ends. */
od_status od__execute(od_database *database, od_error *err, const char *sql, const char *types, ...);

#pragma GCC visibility pop
#endif
