/* What a store has, read without any of the store's own code: lines of words with tabs between.
 *
 *   ledger STORE
 *
 *   integrity  ok, or what is broken;
 *
 * and, once a worker has made the tables:
 *
 *   contact    id, number, state, why
 *   leg        id, token, number, state, when it was meant (ms), what its attempt's outcome says of a phone that rang, and
 *              whether it is open: an ended one is while its vendor may call again
 *   listed     a number that is not to be called, since when (ms)
 *
 *
 * or only `locked`, while a process that was stopped keeps all others from reading: one that makes the store.
 *
 * The WAL is left as it is: the next worker is to recover from it by itself. */
#include <sqlite3.h>
#include <stdio.h>

#define BUSY_MS 1000

static sqlite3 *database;

static int show(const char *sql) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *text = sqlite3_column_text(statement, i);
            printf("%s%s", i > 0 ? "\t" : "", text != NULL ? (const char *)text : "-");
        }
        putchar('\n');
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    if (code == SQLITE_DONE)
        return 0;
    fprintf(stderr, "ledger: %s\n", sqlite3_errmsg(database));
    return 1;
}

/* Whether a worker got as far as making the tables. */
static int has_tables(void) {
    sqlite3_stmt *statement = NULL;
    int has = sqlite3_prepare_v2(database, "SELECT 1 FROM sqlite_schema WHERE name = 'leg'", -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return has;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: ledger STORE\n");
        return 2;
    }
    int failed = sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK;
    if (!failed) {
        sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_busy_timeout(database, BUSY_MS);
        int begun = sqlite3_exec(database, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
        if (begun == SQLITE_BUSY) {
            puts("locked");
            sqlite3_close(database);
            return 0;
        }
        failed = show("SELECT 'integrity', integrity_check FROM pragma_integrity_check");
    }
    if (!failed && has_tables()) {
        failed = show("SELECT 'contact', external, numbers ->> '$[0][1]', state, why FROM contact") ||
                 show("SELECT 'leg', l.id, l.token, coalesce(l.number, a.number), l.state, l.at_ms, a.rang, l.open FROM leg l"
                      " JOIN attempt a ON a.id = l.attempt_id ORDER BY l.id") ||
                 show("SELECT 'listed', number, since_ms FROM listed WHERE lifted_ms IS NULL");
    }
    sqlite3_close(database);
    return failed;
}
