/* What a beat finds of time zones whose files have changed: read again, journaled, told; over a directory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_clock.h"
#include "store/owner.h"
#include "store/rulebook.h"
#include "store/schema.h"
#include "store/verbs.h"

typedef struct stage {
    fake_clock clock;
    od_store_core core;
    char folder[64];
} stage;

static void write_zone(const stage *s, const char *name, const char *tz) {
    char path[128];
    unsigned char head[44 + 44 + 6 + 4] = "TZif2", *block = head + 44;
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    memcpy(block, "TZif2", 5);
    block[39] = 1; /* one type, four bytes of abbreviations */
    block[43] = 4;
    memcpy(head + 94, "AAA", 4);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, sizeof head, file), sizeof head);
    assert_true(fprintf(file, "\n%s\n", tz) > 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    static stage s;
    char path[128];
    s = (stage){ .folder = "/tmp/outdial-rulebook-XXXXXX" };
    fake_clock_init(&s.clock);
    assert_non_null(mkdtemp(s.folder));
    snprintf(path, sizeof path, "%s/store.db", s.folder);
    s.core = (od_store_core){ .clock = &s.clock.clock, .zone_directory = s.folder };
    assert_int_equal(od__database_open(path, true, &s.core.database, NULL), OD_OK);
    assert_int_equal(od__schema_open(&s.core, true, NULL), OD_OK);
    *state = &s;
    return 0;
}

static int tear_down(void **state) {
    stage *s = *state;
    char line[128];
    od__owner_free(s->core.owner);
    od__rulebook_free(s->core.rulebook);
    od__database_close(s->core.database);
    snprintf(line, sizeof line, "rm -r %s", s->folder);
    return system(line);
}

static void assert_gives(stage *s, od_verb_fn *verb, int64_t advance_s, const char *member, const char *expected) {
    od_value *result = NULL;
    char *json = NULL;
    s->clock.now_us += advance_s * 1000000;
    od_work work = { .core = &s->core, .database = s->core.database, .now_ms = s->clock.now_us / 1000,
                     .wall_ms = fake_wall_ms(&s->clock) };
    assert_int_equal(od__database_begin(s->core.database, true, NULL), OD_OK);
    assert_int_equal(verb(&work, NULL, &result, NULL), OD_OK);
    assert_int_equal(od__database_commit(s->core.database, NULL), OD_OK);
    if (od_value_get(result, member) != NULL)
        assert_int_equal(od_value_format(od_value_get(result, member), &json, NULL, NULL), OD_OK);
    assert_string_equal(json != NULL ? json : "nothing", expected);
    od_text_free(json);
    od_value_unref(result);
}

static int32_t offset_of(stage *s, const char *name) {
    od_work work = { .core = &s->core, .database = s->core.database };
    od_zones *zones;
    od_zone *zone;
    od_zone_range range;
    assert_int_equal(od__rulebook_zones(&work, &zones, NULL), OD_OK);
    assert_int_equal(od__zones_get(zones, name, &zone, NULL), OD_OK);
    od__zone_range(zone, 0, &range);
    return range.offset_s;
}

static void test_R24_a_beat_reads_zones_that_have_changed(void **state) {
    stage *s = *state;
    write_zone(s, "A", "AAA-1");
    write_zone(s, "B", "AAA-1");
    assert_gives(s, od__verb_register, 0, "owner", "1");
    assert_gives(s, od__verb_beat, 60, "zones", "nothing"); /* none was asked for yet */
    assert_int_equal(offset_of(s, "A"), 3600);
    assert_int_equal(offset_of(s, "B"), 3600);
    assert_gives(s, od__verb_beat, 60, "zones", "nothing");
    write_zone(s, "A", "AAA-2:30");
    write_zone(s, "B", "what it is not");
    assert_gives(s, od__verb_beat, 15, "zones", "nothing");
    assert_gives(s, od__verb_beat, 45, "zones", "[{\"zone\":\"B\",\"kept\":\"time zone B cannot be used: its footer is no TZ string\"},"
                 "{\"zone\":\"A\"}]");
    assert_int_equal(offset_of(s, "A"), 9000);
    assert_int_equal(offset_of(s, "B"), 3600);
    assert_gives(s, od__verb_beat, 60, "zones", "nothing");

    static const char *const lines[] = {
        "zone_kept {\"text\":\"B has changed, and is kept as it was: time zone B cannot be used: its footer is no TZ string\"}",
        "zone_read_again {\"text\":\"A has changed, and was read again\"}",
    };
    od_query query;
    size_t count = 0;
    od__query(&query, s->core.database, NULL, "SELECT event || ' ' || data FROM journal ORDER BY id", "");
    while (od__query_row(&query)) {
        assert_in_range(count, 0, 1);
        assert_string_equal(od__query_text(&query, 0), lines[count++]);
    }
    assert_int_equal(od__query_end(&query), OD_OK);
    assert_int_equal(count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_R24_a_beat_reads_zones_that_have_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
