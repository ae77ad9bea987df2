#include "store/numbers.h"

#include <string.h>

/* Reads a JSON string; returns what follows it, NULL if there is none. */
static const char *read_string(const char *at, const char **text, size_t *length) {
    if (at == NULL || *at != '"')
        return NULL;
    *text = ++at;
    for (; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (*at == '\0')
            return NULL;
    }
    *length = (size_t)(at - *text);
    return at + 1;
}

static const char *expect(const char *at, char what) {
    return at != NULL && *at == what ? at + 1 : NULL;
}

/* A number and a country have nothing that JSON would write otherwise. */
static const char *read_plain(const char *at, char *out, size_t out_bytes) {
    const char *text;
    size_t length;
    at = read_string(at, &text, &length);
    if (at == NULL || length >= out_bytes)
        return NULL;
    memcpy(out, text, length);
    out[length] = '\0';
    return at;
}

bool od__numbers_next(const char **at, od_number_entry *out) {
    const char *text, *next = **at == '[' || **at == ',' ? *at + 1 : NULL;
    size_t length = 0;
    next = read_string(expect(next, '['), &text, &length);
    if (next == NULL)
        return false;
    out->column = text - 1;
    out->column_length = length + 2;
    next = read_plain(expect(next, ','), out->number, sizeof(out->number));
    next = read_plain(expect(next, ','), out->country, sizeof(out->country));
    next = expect(next, ']');
    if (next == NULL)
        return false;
    *at = next;
    return true;
}

bool od__numbers_at(const char *numbers, int64_t index, od_number_entry *out) {
    bool found = index > 0;
    for (int64_t i = 0; i < index && found; i++)
        found = od__numbers_next(&numbers, out);
    return found;
}

bool od__numbers_whole(const char *numbers) {
    od_number_entry entry;
    const char *at = numbers;
    while (od__numbers_next(&at, &entry))
        continue;
    return at == numbers ? strcmp(numbers, "[]") == 0 : strcmp(at, "]") == 0;
}
