/* rules: what one judgement costs.
 *
 *   rules COUNT
 *
 * Prints two numbers, CPU time in microseconds: an allowed call with 5 caps, 2 gaps, 10 rows of history and one zone; and
 * the same call refused, with the words for it and the next time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/rules.h"

static const char text[] =
    "{\"hours\":{\"mon\":[\"10:00-20:00\"],\"tue\":[\"10:00-20:00\"],\"wed\":[\"10:00-20:00\"],\"thu\":[\"10:00-20:00\"],"
    "\"fri\":[\"10:00-20:00\"],\"sat\":[\"10:00-18:00\"]},\"holidays\":[\"2026-12-25\"],"
    "\"caps\":[{\"name\":\"a\",\"limit\":2,\"per\":\"person\",\"kind\":\"rolling\",\"ms\":86400000},"
    "{\"name\":\"b\",\"limit\":20,\"per\":\"person\",\"kind\":\"rolling\",\"ms\":604800000},"
    "{\"name\":\"c\",\"limit\":20,\"per\":\"person\",\"kind\":\"days\",\"days\":30},"
    "{\"name\":\"d\",\"limit\":20,\"per\":\"person\",\"kind\":\"month\"},"
    "{\"name\":\"e\",\"limit\":20,\"per\":\"number\",\"kind\":\"lifetime\"}],"
    "\"gaps\":[{\"name\":\"f\",\"ms\":14400000,\"per\":\"person\"},"
    "{\"name\":\"g\",\"ms\":604800000,\"per\":\"person\",\"after\":\"answered\"}]}";

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void must(bool good) {
    if (!good) {
        fprintf(stderr, "rules: failed\n");
        exit(1);
    }
}

int main(int argc, char **argv) {
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    od_value *value;
    od_zones *zones;
    od_ruleset *ruleset;
    must(od_value_parse(text, sizeof text - 1, &value, NULL) == OD_OK && od__zones_new(NULL, &zones, NULL) == OD_OK);
    must(od__ruleset_new(value, zones, &ruleset, NULL) == OD_OK);
    const int64_t now_ms = INT64_C(1796065200000);  /* Mon 2026-11-30 12:00 in Phoenix */
    od_past past[10];
    for (int i = 0; i < 10; i++)
        past[i] = (od_past){.at_ms = now_ms - (i + 1) * INT64_C(43200000) - 1, .of_person = true, .of_number = true,
                            .same_campaign = true, .same_subject = true, .counts = true, .has_outcome = true,
                            .kind = OD_OUTCOME_no_answer};
    od_facts facts = {.zones = "America/Phoenix", .country = "US", .history = past, .history_count = 10};
    od_judgement got;
    for (int turn = 0; turn < 2; turn++) {
        double before = cpu_us();
        for (long i = 0; i < count; i++)
            must(od__rules_judge(ruleset, zones, &facts, now_ms, &got, NULL, NULL) == OD_OK && got.allowed == (turn == 0));
        printf("%s%.3f", turn > 0 ? " " : "", (cpu_us() - before) / (double)count);
        past[0].at_ms += 36000000;
        past[1].at_ms += 36000000;
    }
    printf("\n");
    od__ruleset_free(ruleset);
    od__zones_free(zones);
    od_value_unref(value);
    return 0;
}
