/* list: what a row of a list costs from the file to a contact (5 columns, 2 numbers), against finding its line ends.
 *
 *   list ROWS FILE
 *
 * Writes FILE, reads it, and prints two numbers: CPU time per row, and per row of looking for line ends, in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "import/file.h"

#define ROW_BYTES 96

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void must(bool good) {
    if (!good) {
        fprintf(stderr, "list: failed\n");
        exit(1);
    }
}

static size_t write_list(char *text, long rows, const char *path) {
    size_t length = (size_t)snprintf(text, ROW_BYTES, "customer_no,name,mobile,home,zone\n");
    for (long i = 0; i < rows; i++)
        length += (size_t)snprintf(text + length, ROW_BYTES + 1, "C%08ld,\"Ann \"\"B\"\" %ld\",+1 (%d) 555-%04ld,030 %ld,America/New_York\n",
                                   i * 7919 % 100000000, i, i % 2 ? 202 : 305, i % 10000, 10000000 + i);
    FILE *file = fopen(path, "wb");
    must(file != NULL && fwrite(text, 1, length, file) == length && fclose(file) == 0);
    return length;
}

static od_status count(void *context, int64_t row, const od_contact *contact, od_error *err) {
    (void)row, (void)err;
    *(long *)context += contact->number_count == 2 && contact->data.length > 0;
    return OD_OK;
}

static double read_list(const char *path, const od_value *map, long rows) {
    od_import_options options = {.path = path, .map = map};
    od_import_file *file = NULL;
    long counted = 0;
    const od_import_sink sink = {.contact = count, .context = &counted};
    bool done = false;
    double before = cpu_us();
    must(od__import_file_open(&options, &file, NULL) == OD_OK);
    while (!done)
        must(od__import_file_step(file, 1000, &sink, &done, NULL) == OD_OK);
    od__import_file_close(file);
    must(counted == rows);
    return (cpu_us() - before) / (double)rows;
}

int main(int argc, char **argv) {
    static const char map_text[] =
        "{\"id\":\"customer_no\",\"numbers\":[\"mobile\",\"home\"],\"zone\":\"zone\",\"country\":\"DE\"}";
    must(argc == 3);
    long rows = strtol(argv[1], NULL, 10), found = 0;
    must(rows > 0 && rows <= 1000000);
    char *text = malloc((size_t)(rows + 1) * ROW_BYTES);
    od_value *map = NULL;
    must(text != NULL && od_value_parse(map_text, sizeof map_text - 1, &map, NULL) == OD_OK);
    size_t length = write_list(text, rows, argv[2]);
    double cost = read_list(argv[2], map, rows);
    double before = cpu_us();
    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        found++;
    double scan = (cpu_us() - before) / (double)rows;
    must(found == rows + 1);
    printf("%.3f %.3f\n", cost, scan);
    od_value_unref(map);
    free(text);
    return 0;
}
