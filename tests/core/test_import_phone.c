/* Telephone numbers: each line of tests/vectors/import/phones.tsv, and what the tables of countries must keep to. R16: no
 * emergency number and no short code gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "import/country_codes.h"
#include "import/phone.h"

#define ROWS "tests/vectors/import/phones.tsv"
#define FIELDS 4

static const char *nothing_if_dash(const char *text) {
    return strcmp(text, "-") == 0 ? "" : text;
}

/* country, text, E.164 or !reason, country of the number. */
static void run_row(char *fields[FIELDS]) {
    const char *country = nothing_if_dash(fields[0]), *text = fields[1], *expected = fields[2];
    od_phone phone = {"untouched", "??"};
    char why[OD_PHONE_REASON_BYTES] = "", reason[2 * OD_PHONE_REASON_BYTES];
    bool ok = od__phone_normalise(text, strlen(text), country, &phone, why);
    assert_int_equal(od__phone_normalise(text, strlen(text), country[0] != '\0' ? country : NULL, &phone, NULL), ok);
    if (expected[0] == '!') {
        assert_false(ok);
        snprintf(reason, sizeof reason, "\"%s\": %s", text, expected + 1);
        assert_string_equal(why, reason);
        assert_string_equal(phone.e164, "untouched");
        return;
    }
    assert_string_equal(why, "");
    assert_true(ok);
    assert_string_equal(phone.e164, expected);
    assert_string_equal(phone.country, nothing_if_dash(fields[3]));
    assert_true(od__phone_is_dialable(phone.e164, why));
    od_phone again;
    assert_true(od__phone_normalise(phone.e164, strlen(phone.e164), phone.country, &again, why));
    assert_string_equal(again.e164, phone.e164);
    assert_string_equal(again.country, phone.country);
}

static char current[256];

static int tell_row(void **state) {
    (void)state;
    if (current[0] != '\0')
        print_message("           the row was %s\n", current);
    current[0] = '\0';
    return 0;
}

static void numbers_are_normalised_or_refused_with_a_reason(void **state) {
    (void)state;
    FILE *stream = fopen(ROWS, "rb");
    assert_non_null(stream);
    char line[256];
    size_t rows = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        memcpy(current, line, sizeof current);
        char *fields[FIELDS] = {line, "", "", ""}, *at = line;
        for (size_t i = 1; i < FIELDS && (at = strchr(at, '\t')) != NULL; i++) {
            *at++ = '\0';
            fields[i] = at;
        }
        run_row(fields);
        rows++;
    }
    fclose(stream);
    current[0] = '\0';
    assert_true(rows >= 280);
}

static void a_long_text_is_cut_in_the_reason(void **state) {
    (void)state;
    char text[4096], why[OD_PHONE_REASON_BYTES];
    od_phone phone;
    memset(text, 'z', sizeof text);
    assert_false(od__phone_normalise(text, sizeof text, NULL, &phone, why));
    assert_string_equal(why, "\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz...\": letters");
    assert_false(od__phone_normalise("1\n\x1b[2J", 6, "US", &phone, why));
    assert_string_equal(why, "\"1  [2J\": expected digits, spaces and + - . / ( ) only");
    assert_false(od__phone_normalise("+1202\0005550100", 13, NULL, &phone, why)); /* not a text that ends at the NUL */
    assert_string_equal(why, "\"+1202 5550100\": expected digits, spaces and + - . / ( ) only");
}

static void R16_the_last_look_refuses_what_is_no_number_to_call(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"", "\"\": expected E.164"},
        {"+", "\"+\": expected E.164"},
        {"911", "\"911\": expected E.164"},
        {"12025550100", "\"12025550100\": expected E.164"},
        {"+1 2025550100", "\"+1 2025550100\": expected E.164"},
        {"+1911", "\"+1911\": emergency numbers and short codes are never called"},
        {"+1", "\"+1\": emergency numbers and short codes are never called"},
        {"+44999", "\"+44999\": emergency numbers and short codes are never called"},
        {"+49116117", "\"+49116117\": emergency numbers and short codes are never called"},
        {"+19115550100", "\"+19115550100\": 911 is no area code of +1"},
        {"+120255501000", "\"+120255501000\": expected 10 digits after +1, got 11"},
        {"+4930123", "\"+4930123\": expected 8 to 15 digits after +, got 7"},
        {"+6839110", "\"+6839110\": emergency numbers and short codes are never called"},
        {"+690112", "\"+690112\": emergency numbers and short codes are never called"},
        {"+2901234", "\"+2901234\": emergency numbers and short codes are never called"},
        {"+4912345678901234", "\"+4912345678901234\": expected 8 to 15 digits after +, got 16"},
        {"+4402079460958", "\"+4402079460958\": no number of GB begins with 0 after its calling code"},
        {"+9991234567", "\"+9991234567\": no country has a calling code that +9991 begins with"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[OD_PHONE_REASON_BYTES] = "";
        assert_false(od__phone_is_dialable(rows[i][0], why));
        assert_string_equal(why, rows[i][1]);
        assert_false(od__phone_is_dialable(rows[i][0], NULL));
    }
    assert_true(od__phone_is_dialable("+12025550100", NULL));
    assert_true(od__phone_is_dialable("+390612345678", NULL));
    assert_true(od__phone_is_dialable("+6837012", NULL));
}

/* Whatever is dialled in three digits somewhere, in every country and spelling: none gets through. */
static void R16_no_three_digits_get_through_in_any_country(void **state) {
    (void)state;
    for (size_t i = 0; i < od__country_count; i++) {
        const od_country *country = &od__countries[i];
        for (int digits = 0; digits < 1000; digits++) {
            char text[4][32];
            od_phone phone;
            snprintf(text[0], sizeof text[0], "%03d", digits);
            snprintf(text[1], sizeof text[1], "+%d%03d", country->code, digits);
            snprintf(text[2], sizeof text[2], "00%d%03d", country->code, digits);
            snprintf(text[3], sizeof text[3], "%s%03d", country->trunk, digits);
            for (size_t k = 0; k < 4; k++)
                assert_false(od__phone_normalise(text[k], strlen(text[k]), country->iso, &phone, NULL));
            assert_false(od__phone_is_dialable(text[1], NULL));
        }
    }
}

static void the_tables_are_in_order_and_agree(void **state) {
    (void)state;
    for (size_t i = 0; i < od__country_count; i++) {
        const od_country *country = &od__countries[i];
        assert_true(i == 0 || strcmp(od__countries[i - 1].iso, country->iso) < 0);
        assert_ptr_equal(od__country_find(country->iso, 2), country);
        assert_true(country->shortest > 0 && country->shortest <= country->longest && country->longest <= 13);
        char digits[8];
        size_t code_digits = 0;
        snprintf(digits, sizeof digits, "%d", country->code);
        const od_calling_code *code = od__calling_code_of(digits, strlen(digits), &code_digits);
        assert_non_null(code);
        assert_int_equal(code->code, country->code);
        assert_int_equal(code_digits, strlen(digits));
    }
    for (size_t i = 0; i < od__calling_code_count; i++) {
        const od_calling_code *code = &od__calling_codes[i];
        assert_true(i == 0 || od__calling_codes[i - 1].code < code->code);
        /* No code begins with another, or the shorter one would hide the longer. */
        assert_true(code->code < 10 || (od__calling_codes[0].code != code->code / 10 && code->code / 100 != 1 && code->code / 100 != 7));
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(od__calling_codes[k].code, code->code / 10);
        assert_true(code->iso[0] == '\0' || od__country_find(code->iso, 2) != NULL);
    }
}

/* Every country that the system's own list has. */
static void every_country_of_the_system_is_known(void **state) {
    (void)state;
    FILE *stream = fopen("/usr/share/zoneinfo/iso3166.tab", "rb");
    if (stream == NULL)
        skip();
    char line[256];
    size_t count = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        if (line[0] == '#')
            continue;
        count++;
        if (od__phone_country(line, 2) == NULL)
            fail_msg("%.2s is missing", line);
    }
    fclose(stream);
    assert_true(count > 200);
}

static void countries_are_two_letters_in_either_case(void **state) {
    (void)state;
    assert_string_equal(od__phone_country("us", 2), "US");
    assert_string_equal(od__phone_country("Gb", 2), "GB");
    assert_null(od__phone_country("UK", 2));
    assert_null(od__phone_country("USA", 3));
    assert_null(od__phone_country("", 0));
    assert_null(od__phone_country("1", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(numbers_are_normalised_or_refused_with_a_reason, tell_row),
        cmocka_unit_test(a_long_text_is_cut_in_the_reason),
        cmocka_unit_test(R16_the_last_look_refuses_what_is_no_number_to_call),
        cmocka_unit_test(R16_no_three_digits_get_through_in_any_country),
        cmocka_unit_test(the_tables_are_in_order_and_agree),
        cmocka_unit_test(every_country_of_the_system_is_known),
        cmocka_unit_test(countries_are_two_letters_in_either_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
