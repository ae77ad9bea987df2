#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
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

/* ---- plain text ---- */

/* Nearly every answer is plain: ASCII without escapes, whole numbers. Such a text is read here, in a third of the time that
 * jansson takes with its look at every byte from three sides. Whatever is not plain, or wrong, is left to jansson from the
 * beginning, which alone says what is wrong: so this may give up anywhere, and must only never read what jansson would not,
 * or read it otherwise. */

#define PLAIN_KEY_BYTES 128
#define PLAIN_DIGITS 18 /* surely in an int64_t */

typedef struct plain {
    const char *at, *end;
} plain;

static void skip_blanks(plain *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t' || *text->at == '\r'))
        text->at++;
}

/* Steps over byte and the blanks around it, if it comes next. */
static bool take_byte(plain *text, char byte) {
    skip_blanks(text);
    if (text->at == text->end || *text->at != byte)
        return false;
    text->at++;
    skip_blanks(text);
    return true;
}

static bool is_plain(char byte) {
    unsigned char code = (unsigned char)byte;
    return code >= 0x20 && code < 0x7f && byte != '"' && byte != '\\';
}

/* Reads what is between quotes; NULL: it is not plain. */
static const char *take_string(plain *text, size_t *length) {
    if (text->at == text->end || *text->at != '"')
        return NULL;
    const char *start = ++text->at;
    while (text->at < text->end && is_plain(*text->at))
        text->at++;
    if (text->at == text->end || *text->at != '"')
        return NULL;
    *length = (size_t)(text->at++ - start);
    return start;
}

static json_t *read_plain(plain *text, int depth);

static json_t *read_plain_string(plain *text) {
    size_t length;
    const char *start = take_string(text, &length);
    return start == NULL ? NULL : json_stringn_nocheck(start, length);
}

static json_t *read_plain_integer(plain *text) {
    bool negative = *text->at == '-';
    const char *start = negative ? ++text->at : text->at;
    json_int_t number = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && text->at - start < PLAIN_DIGITS)
        number = number * 10 + (*text->at++ - '0');
    ptrdiff_t digits = text->at - start;
    bool goes_on = text->at < text->end && strchr(".eE0123456789", *text->at) != NULL;
    if (digits == 0 || (*start == '0' && digits > 1) || goes_on)
        return NULL;
    return json_integer(negative ? -number : number);
}

static json_t *read_plain_word(plain *text, const char *word, json_t *value) {
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return NULL;
    text->at += length;
    return value;
}

static bool read_plain_member(plain *text, json_t *object, int depth) {
    char key[PLAIN_KEY_BYTES];
    size_t length;
    const char *start = take_string(text, &length);
    if (start == NULL || length >= sizeof key || !take_byte(text, ':'))
        return false;
    memcpy(key, start, length);
    key[length] = '\0';
    if (json_object_get(object, key) != NULL)
        return false;
    json_t *value = read_plain(text, depth);
    return value != NULL && json_object_set_new_nocheck(object, key, value) == 0;
}

static bool read_plain_element(plain *text, json_t *array, int depth) {
    json_t *value = read_plain(text, depth);
    return value != NULL && json_array_append_new(array, value) == 0;
}

/* What was read may be a piece of a secret. */
static json_t *give_up(json_t *json) {
    if (json != NULL)
        od__value_wipe((od_value *)json);
    return NULL;
}

/* Reads the members or elements that list is to hold, up to its closing bracket. */
static json_t *read_plain_list(plain *text, json_t *list, int depth) {
    char close = json_is_object(list) ? '}' : ']';
    text->at++;
    bool good = list != NULL && depth < OD_LIMIT_JSON_DEPTH;
    bool closed = good && take_byte(text, close);
    while (good && !closed) {
        skip_blanks(text);
        good = close == '}' ? read_plain_member(text, list, depth + 1) : read_plain_element(text, list, depth + 1);
        closed = good && take_byte(text, close);
        good = good && (closed || take_byte(text, ','));
    }
    return good ? list : give_up(list);
}

static json_t *read_plain(plain *text, int depth) {
    if (text->at == text->end)
        return NULL;
    switch (*text->at) {
    case '{': return read_plain_list(text, json_object(), depth);
    case '[': return read_plain_list(text, json_array(), depth);
    case '"': return read_plain_string(text);
    case 't': return read_plain_word(text, "true", json_true());
    case 'f': return read_plain_word(text, "false", json_false());
    case 'n': return read_plain_word(text, "null", json_null());
    default: return read_plain_integer(text);
    }
}

static json_t *read_plain_text(const char *bytes, size_t length) {
    plain text = { bytes, bytes + length };
    skip_blanks(&text);
    json_t *json = read_plain(&text, 0);
    skip_blanks(&text);
    return text.at == text.end ? json : give_up(json);
}

/* ---- any text ---- */

od_status od_value_parse(const char *text, size_t length_bytes, od_value **out, od_error *err) {
    if (text == NULL)
        length_bytes = 0;
    *out = length_bytes > 0 ? (od_value *)read_plain_text(text, length_bytes) : NULL;
    if (*out != NULL)
        return OD_OK;
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
