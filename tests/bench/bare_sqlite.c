/* bare_sqlite: the least that SQLite costs by itself, without anything of outdial: the floors under a campaign's contact and
 * under an import.
 *
 *   bare_sqlite calls COUNT FILE     a call that must not be made twice: CPU time per call in microseconds
 *   bare_sqlite rows COUNT FILE      rows of a list with two numbers each, as they come, in random order: rows per second, and
 *                                    CPU time per row in microseconds
 *
 * WAL, synchronous=FULL, prepared statements. calls: batches of 100; one transaction inserts the intents of a batch, with an
 * index on who is called, the next says what became of them. rows: batches of 1000, unique by id and found by number. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 100
#define ROWS_OF_BATCH 1000

static sqlite3 *database;

static double read_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double cpu_us(void) {
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

static double now_us(void) {
    return read_us(CLOCK_MONOTONIC);
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

static void open_file(const char *path) {
    must(sqlite3_open(path, &database), SQLITE_OK);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
}

/* ---- calls ---- */

static void insert_intent(sqlite3_stmt *insert, long i) {
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

static void measure_calls(long count) {
    run("CREATE TABLE leg(id INTEGER PRIMARY KEY, person TEXT NOT NULL, number TEXT NOT NULL, token TEXT NOT NULL,"
        " state INTEGER NOT NULL, at_ms INTEGER NOT NULL, call TEXT);"
        "CREATE INDEX leg_person ON leg(person);");
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *insert = prepare("INSERT INTO leg(id, person, number, token, state, at_ms) VALUES(?1, ?2, ?3, ?4, 0, ?5)");
    sqlite3_stmt *update = prepare("UPDATE leg SET state = 1, call = ?2 WHERE id = ?1");
    double before = cpu_us();
    for (long done = 0; done < count; done += BATCH) {
        step(begin);
        for (long i = done + 1; i <= done + BATCH; i++)
            insert_intent(insert, i);
        step(commit);
        step(begin);
        for (long i = done + 1; i <= done + BATCH; i++) {
            sqlite3_bind_int64(update, 1, i);
            sqlite3_bind_text(update, 2, "{\"id\":\"11111111-2222-4333-8444-555555555555\"}", -1, SQLITE_STATIC);
            step(update);
        }
        step(commit);
    }
    printf("%.2f\n", (cpu_us() - before) / (double)count);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    sqlite3_finalize(update);
}

/* ---- rows ---- */

static unsigned long long random_state = 0x9e3779b97f4a7c15u;

static unsigned long long random_number(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void insert_row(sqlite3_stmt *contact, sqlite3_stmt *number, long i) {
    char external[40], numbers[2][16], data[160];
    snprintf(external, sizeof(external), "C%016llx%04lx", random_number(), i & 0xffff);
    for (int n = 0; n < 2; n++)
        snprintf(numbers[n], sizeof(numbers[n]), "+1%03llu%07llu", 201 + random_number() % 8, random_number() % 10000000);
    snprintf(data, sizeof(data), "{\"name\":\"Person %llu, of somewhere\"}", random_number() % 1000000);
    sqlite3_bind_int64(contact, 1, i);
    sqlite3_bind_text(contact, 2, external, -1, SQLITE_STATIC);
    sqlite3_bind_text(contact, 3, data, -1, SQLITE_STATIC);
    step(contact);
    for (int n = 0; n < 2; n++) {
        sqlite3_bind_text(number, 1, numbers[n], -1, SQLITE_STATIC);
        sqlite3_bind_int64(number, 2, i);
        step(number);
    }
}

static void measure_rows(long count) {
    run("CREATE TABLE contact(id INTEGER PRIMARY KEY, external TEXT NOT NULL UNIQUE, data TEXT NOT NULL);"
        "CREATE TABLE number(number TEXT NOT NULL, contact_id INTEGER NOT NULL, PRIMARY KEY(number, contact_id)) WITHOUT ROWID;");
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *contact = prepare("INSERT INTO contact(id, external, data) VALUES(?1, ?2, ?3)");
    sqlite3_stmt *number = prepare("INSERT OR IGNORE INTO number(number, contact_id) VALUES(?1, ?2)");
    double before = now_us(), cpu_before = cpu_us();
    for (long i = 0; i < count; i++) {
        if (i % ROWS_OF_BATCH == 0)
            step(begin);
        insert_row(contact, number, i + 1);
        if (i % ROWS_OF_BATCH == ROWS_OF_BATCH - 1 || i == count - 1)
            step(commit);
    }
    printf("%.0f %.2f\n", (double)count / (now_us() - before) * 1e6, (cpu_us() - cpu_before) / (double)count);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(contact);
    sqlite3_finalize(number);
}

int main(int argc, char **argv) {
    bool calls = argc == 4 && strcmp(argv[1], "calls") == 0, rows = argc == 4 && strcmp(argv[1], "rows") == 0;
    long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    if (count < BATCH || (!calls && !rows)) {
        fprintf(stderr, "usage: bare_sqlite calls|rows COUNT (%d or more) FILE\n", BATCH);
        return 2;
    }
    open_file(argv[3]);
    if (calls)
        measure_calls(count / BATCH * BATCH);
    else
        measure_rows(count);
    sqlite3_close(database);
    return 0;
}
