/* bare_sqlite: the least that SQLite costs by itself, without anything of outdial: the floors under a campaign's contact and
 * under an import.
 *
 *   bare_sqlite calls COUNT FILE     a list whose people are each called once: CPU time per call in microseconds
 *   bare_sqlite rows COUNT FILE      rows of a list with two numbers each, as they come, in random order: rows per second, and
 *                                    CPU time per row in microseconds
 *
 * WAL, synchronous=FULL, prepared statements. calls: what any program has to keep so that a death at any moment neither loses
 * a person nor calls one twice, in batches of 100: one transaction takes those who are due, and inserts for each what is about
 * to be sent, found by person and by number; the next says what became of it, and of the person. The list is there beforehand.
 * rows: batches of 1000, unique by id and found by number. */
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

typedef struct person {
    long id;
    char number[16];
} person;

static void make_list(long count) {
    char name[32], number[16];
    sqlite3_stmt *insert = prepare("INSERT INTO contact(id, external, number, zone, state, due_ms)"
                                   " VALUES(?1, ?2, ?3, 'America/New_York', 0, 1700000000000)");
    run("BEGIN");
    for (long i = 1; i <= count; i++) {
        snprintf(name, sizeof(name), "C%07ld", i * 7919 % 10000000);
        snprintf(number, sizeof(number), "+1206%07ld", i % 10000000);
        sqlite3_bind_int64(insert, 1, i);
        sqlite3_bind_text(insert, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, number, -1, SQLITE_STATIC);
        step(insert);
    }
    run("COMMIT");
    sqlite3_finalize(insert);
}

/* Returns how many are due, at most BATCH. */
static int take(sqlite3_stmt *select, person *taken) {
    int count = 0, code;
    sqlite3_bind_int64(select, 1, 1700000000000);
    while ((code = sqlite3_step(select)) == SQLITE_ROW) {
        taken[count].id = (long)sqlite3_column_int64(select, 0);
        snprintf(taken[count++].number, sizeof(taken->number), "%s", (const char *)sqlite3_column_text(select, 1));
    }
    must(code, SQLITE_DONE);
    must(sqlite3_reset(select), SQLITE_OK);
    return count;
}

static void set_state(sqlite3_stmt *update, long id, int state) {
    sqlite3_bind_int64(update, 1, id);
    sqlite3_bind_int(update, 2, state);
    step(update);
}

static void insert_intent(sqlite3_stmt *insert, long id, const person *who, const char *request) {
    char token[40];
    snprintf(token, sizeof(token), "%032ld", id);
    sqlite3_bind_int64(insert, 1, id);
    sqlite3_bind_int64(insert, 2, who->id);
    sqlite3_bind_text(insert, 3, who->number, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, token, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, request, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 6, 1700000000000 + id);
    step(insert);
}

static void measure_calls(long count) {
    enum { DUE, CALLED, DONE };
    run("CREATE TABLE contact(id INTEGER PRIMARY KEY, external TEXT NOT NULL UNIQUE, number TEXT NOT NULL, zone TEXT NOT NULL,"
        " state INTEGER NOT NULL, due_ms INTEGER NOT NULL);"
        "CREATE INDEX contact_due ON contact(due_ms) WHERE state = 0;"
        "CREATE TABLE leg(id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL, number TEXT NOT NULL, token TEXT NOT NULL,"
        " request TEXT NOT NULL, state INTEGER NOT NULL, at_ms INTEGER NOT NULL, call TEXT);"
        "CREATE INDEX leg_contact ON leg(contact_id); CREATE INDEX leg_number ON leg(number);"
        "CREATE INDEX leg_open ON leg(at_ms) WHERE state = 0;");
    make_list(count);
    char request[331] = ""; /* as long as a call's */
    memset(request, 'x', sizeof(request) - 1);
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *select = prepare("SELECT id, number FROM contact WHERE state = 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT 100");
    sqlite3_stmt *move = prepare("UPDATE contact SET state = ?2 WHERE id = ?1");
    sqlite3_stmt *insert = prepare("INSERT INTO leg(id, contact_id, number, token, request, state, at_ms)"
                                   " VALUES(?1, ?2, ?3, ?4, ?5, 0, ?6)");
    sqlite3_stmt *update = prepare("UPDATE leg SET state = 1, call = ?2 WHERE id = ?1");
    double before = cpu_us();
    for (long done = 0; done < count;) {
        person taken[BATCH];
        step(begin);
        int n = take(select, taken);
        for (int i = 0; i < n; i++) {
            set_state(move, taken[i].id, CALLED);
            insert_intent(insert, done + i + 1, &taken[i], request);
        }
        step(commit);
        step(begin);
        for (int i = 0; i < n; i++) {
            sqlite3_bind_int64(update, 1, done + i + 1);
            sqlite3_bind_text(update, 2, "{\"id\":\"11111111-2222-4333-8444-555555555555\"}", -1, SQLITE_STATIC);
            step(update);
            set_state(move, taken[i].id, DONE);
        }
        step(commit);
        done += n;
    }
    printf("%.2f\n", (cpu_us() - before) / (double)count);
    sqlite3_stmt *all[] = { begin, commit, select, move, insert, update };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        sqlite3_finalize(all[i]);
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
