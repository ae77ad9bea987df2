/* import: how fast a list of random contacts comes into a store, and how long the store's reports take afterwards.
 *
 *   import ROWS DIRECTORY [again]
 *
 * Writes DIRECTORY/contacts.csv (5 columns, two of them numbers, in random order of ids) and imports it into a new
 * DIRECTORY/bench.db; with `again` once more, when nothing has changed. Prints lines `NAME VALUE`. */
#include <outdial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static od_engine *engine;
static od_store *store;

static void die(const char *what, const od_error *err) {
    char line[1024] = "";
    if (err != NULL)
        od_error_format(err, line, sizeof(line));
    fprintf(stderr, "import: %s: %s\n", what, line);
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- the list ---- */

static uint64_t seed = 88172645463325252u;

static uint64_t random_number(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* As people write them. */
static void write_number(FILE *file, const char *area) {
    unsigned exchange = 200 + (unsigned)random_number(800), line = (unsigned)random_number(10000);
    switch (random_number(4)) {
    case 0: fprintf(file, "+1%s%03u%04u", area, exchange, line); break;
    case 1: fprintf(file, "(%s) %03u-%04u", area, exchange, line); break;
    case 2: fprintf(file, "%s-%03u-%04u", area, exchange, line); break;
    default: fprintf(file, "001 %s %03u %04u", area, exchange, line); break;
    }
}

static void write_list(const char *path, long rows) {
    static const char *const areas[] = { "212", "305", "415", "617", "702", "808", "907", "303" };
    FILE *file = fopen(path, "w");
    if (file == NULL)
        die(path, NULL);
    fputs("customer_no,name,mobile,home,zone\n", file);
    for (long i = 0; i < rows; i++) {
        fprintf(file, "C%08llx%04lx,\"Person %llu, of somewhere\",", (unsigned long long)random_number(1u << 31) << 1, i & 0xffff,
                (unsigned long long)random_number(1000000));
        write_number(file, areas[random_number(8)]);
        fputc(',', file);
        write_number(file, areas[random_number(8)]);
        fputs(",America/New_York\n", file);
    }
    if (fclose(file) != 0)
        die(path, NULL);
}

/* ---- the store ---- */

static const od_value *run(const char *verb, const char *json, od_request **request) {
    od_error err = OD_ERROR_INIT;
    od_value *params = NULL;
    if (od_value_parse(json, strlen(json), &params, &err) != OD_OK ||
        od_store_submit(store, verb, params, NULL, request, &err) != OD_OK ||
        od_request_wait(*request, -1, &err) != OD_OK)
        die(verb, &err);
    od_value_unref(params);
    if (od_request_status(*request) != OD_OK)
        die(verb, od_request_error(*request));
    return od_request_result(*request);
}

static void run_quietly(const char *verb, const char *json) {
    od_request *request;
    (void)run(verb, json, &request);
    od_request_unref(request);
}

static void measure_import(const char *list, long rows, const char *name) {
    char params[2048];
    od_request *request;
    snprintf(params, sizeof(params),
             "{\"campaign\":\"bench\",\"path\":\"%s\",\"map\":{\"id\":\"customer_no\",\"zone\":\"zone\",\"country\":\"US\","
             "\"numbers\":[\"mobile\",\"home\"]}}", list);
    double from_s = now_s(), from_cpu_s = cpu_s();
    const od_value *result = run("import", params, &request);
    double took_s = now_s() - from_s;
    char *text = NULL;
    od_error err = OD_ERROR_INIT;
    if (od_value_format(result, &text, NULL, &err) != OD_OK)
        die("format", &err);
    fprintf(stderr, "%s\n", text);
    od_text_free(text);
    printf("%s_s %.2f\n%s_cpu_s %.2f\n%s_rows_per_s %.0f\n", name, took_s, name, cpu_s() - from_cpu_s, name,
           (double)rows / took_s);
    od_request_unref(request);
}

static void measure_verb(const char *verb, const char *json) {
    double from_s = now_s();
    run_quietly(verb, json);
    printf("%s_ms %.1f\n", verb, (now_s() - from_s) * 1000);
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: import ROWS DIRECTORY [again]\n");
        return 2;
    }
    char list[1024], path[1024];
    long rows = strtol(arguments[1], NULL, 10);
    snprintf(list, sizeof(list), "%s/contacts.csv", arguments[2]);
    snprintf(path, sizeof(path), "%s/bench.db", arguments[2]);
    write_list(list, rows);
    od_error err = OD_ERROR_INIT;
    if (od_engine_new(NULL, &engine, &err) != OD_OK || od_store_open(engine, path, true, &store, &err) != OD_OK)
        die("the store", &err);
    run_quietly("campaign", "{\"name\":\"bench\",\"script\":\"none\",\"ruleset\":{\"hours\":{\"mon\":[\"09:00-17:00\"]}}}");
    measure_import(list, rows, "import");
    if (count > 3)
        measure_import(list, rows, "again");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("import_rss_kib %ld\n", usage.ru_maxrss);
    measure_verb("status", "{}");
    measure_verb("forecast", "{\"campaign\":\"bench\"}");
    od_store_free(store);
    od_engine_free(engine);
    return 0;
}
