#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "json/value.h"

/* Where in a text something is, as jansson counts it: both from 1, columns in characters. */
typedef struct position {
    size_t line, column;
} position;

static position position_of(const char *text, size_t offset) {
    position at = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

/* Returns the offset of the bracket that nests too deep, or length. jansson's own ceiling, 2048, is too high to walk a
 * value by recursion on a small stack, so brackets outside of strings are counted before it sees the text. */
static size_t too_deep_at(const char *text, size_t length) {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        if (in_string) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                in_string = false;
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > OD_LIMIT_JSON_DEPTH)
                return i;
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
    }
    return length;
}

od_status od_value_parse(const char *text, size_t length_bytes, od_value **out, od_error *err) {
    *out = NULL;
    if (text == NULL)
        length_bytes = 0;
    size_t deep = too_deep_at(text, length_bytes);
    if (deep < length_bytes) {
        position at = position_of(text, deep);
        return od__error_set(err, OD_PROTOCOL, "line %zu, column %zu: nesting deeper than %d", at.line, at.column,
                             OD_LIMIT_JSON_DEPTH);
    }
    json_error_t why;
    json_t *json = json_loadb(text == NULL ? "" : text, length_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (json != NULL) {
        *out = (od_value *)json;
        return OD_OK;
    }
    if (why.text[0] == '\0' || json_error_code(&why) == json_error_out_of_memory)
        return od__error_no_memory(err);
    /* jansson ends some texts with what it read last; that may be a piece of a secret. */
    char *near = strstr(why.text, " near '");
    if (near != NULL)
        *near = '\0';
    return od__error_set(err, OD_PROTOCOL, "line %d, column %d: %s", why.line, why.column, why.text);
}
