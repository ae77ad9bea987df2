/* bare_sqlite: the least that a call which must not be made twice costs in SQLite, by itself: the floor under a campaign's
 * contact.
 *
 *   bare_sqlite CALLS FILE
 *
 * WAL and synchronous=FULL, prepared statements, batches of 100 (one transaction inserts the intents of a batch, with an
 * index on who is called, the next says what became of them). Prints the CPU time per call in microseconds. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH 100

static sqlite3 *database;

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void must(int code, int expected) {
    if (code == expected)
        return;
    fprintf(stderr, "bare_sqlite: %s\n", sqlite3_errmsg(database));
    exit(1);
}

static void run(const char *sql) {
    must(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    must(sqlite3_step(statement), SQLITE_DONE);
    must(sqlite3_reset(statement), SQLITE_OK);
}

int main(int argc, char **argv) {
    long calls = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (calls < BATCH) {
        fprintf(stderr, "usage: bare_sqlite CALLS (%d or more) FILE\n", BATCH);
        return 2;
    }
    must(sqlite3_open(argv[2], &database), SQLITE_OK);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE leg(id INTEGER PRIMARY KEY, person TEXT NOT NULL, number TEXT NOT NULL, token TEXT NOT NULL,"
        " state INTEGER NOT NULL, at_ms INTEGER NOT NULL, call TEXT);"
        "CREATE INDEX leg_person ON leg(person);");
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *insert = prepare("INSERT INTO leg(id, person, number, token, state, at_ms) VALUES(?1, ?2, ?3, ?4, 0, ?5)");
    sqlite3_stmt *update = prepare("UPDATE leg SET state = 1, call = ?2 WHERE id = ?1");
    double before = cpu_us();
    for (long done = 0; done + BATCH <= calls; done += BATCH) {
        step(begin);
        for (long i = done + 1; i <= done + BATCH; i++) {
            char person[32], number[16], token[40];
            snprintf(person, sizeof(person), "campaign/bench:C%08ld", i * 7919 % 100000000);
            snprintf(number, sizeof(number), "+1206%07ld", i % 10000000);
            snprintf(token, sizeof(token), "%032ld", i);
            sqlite3_bind_int64(insert, 1, i);
            sqlite3_bind_text(insert, 2, person, -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 3, number, -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 4, token, -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 5, 1700000000000 + i);
            step(insert);
        }
        step(commit);
        step(begin);
        for (long i = done + 1; i <= done + BATCH; i++) {
            sqlite3_bind_int64(update, 1, i);
            sqlite3_bind_text(update, 2, "{\"id\":\"11111111-2222-4333-8444-555555555555\"}", -1, SQLITE_STATIC);
            step(update);
        }
        step(commit);
    }
    printf("%.2f\n", (cpu_us() - before) / (double)(calls / BATCH * BATCH));
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    sqlite3_finalize(update);
    sqlite3_close(database);
    return 0;
}
