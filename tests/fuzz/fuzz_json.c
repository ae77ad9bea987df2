/* Any bytes: parsing takes what jansson takes, to the same value, and never does worse than refuse; what was parsed is written
 * to a text that is read back and written to the same text again. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

/* As jansson writes what it has read; the largest numbers are told otherwise by us. */
static void compare(const uint8_t *data, size_t size, const char *text) {
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    must(json != NULL);
    char *expected = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    must(expected != NULL && (strcmp(text, expected) == 0 || strstr(text, "e308") != NULL));
    free(expected);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    od_error err = OD_ERROR_INIT;
    od_value *value, *again;
    char *text, *same, shown[256];
    size_t text_bytes, same_bytes;
    if (od_value_parse((const char *)data, size, &value, &err) != OD_OK) {
        must(err.code == OD_PROTOCOL && value == NULL && strncmp(err.message, "line ", 5) == 0);
        json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        must(json == NULL || strstr(err.message, "nesting deeper") != NULL);
        json_decref(json);
        return 0;
    }
    od__value_describe(value, shown, sizeof shown);
    must(od_value_format(value, &text, &text_bytes, &err) == OD_OK);
    compare(data, size, text);
    must(od_value_parse(text, text_bytes, &again, &err) == OD_OK);
    must(od_value_format(again, &same, &same_bytes, &err) == OD_OK);
    must(text_bytes == same_bytes && memcmp(text, same, text_bytes) == 0);
    od_text_free(same);
    od_value_unref(again);

    again = od__value_copy(value);
    must(od_value_format(again, &same, &same_bytes, &err) == OD_OK);
    must(text_bytes == same_bytes && memcmp(text, same, text_bytes) == 0);
    od_text_free(same);
    od_text_free(text);
    od__value_wipe(again);
    od_value_unref(value);
    return 0;
}
