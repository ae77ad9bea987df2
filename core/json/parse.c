#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "json/internal.h"

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

/* Nearly every answer is plain: no escapes, whole numbers. Such a text is read here, into the value itself.
 * Whatever is not plain, or wrong, is left to jansson from the beginning, which alone says what is wrong: so this may give up
 * anywhere, and must only never read what jansson would not, or read it otherwise. */

#define PLAIN_DIGITS 18 /* surely in an int64_t */

typedef struct plain {
    const char *at, *end;
    bool no_memory;         /* why it was given up */
} plain;

static od_value *made(plain *text, od_value *value) {
    text->no_memory = text->no_memory || value == NULL;
    return value;
}

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

/* Reads what is between quotes; NULL: it is not plain. */
static const char *take_string(plain *text, size_t *length) {
    if (text->at == text->end || *text->at != '"')
        return NULL;
    const char *start = ++text->at;
    *length = od__json_plain_run(start, (size_t)(text->end - start));
    text->at += *length;
    if (text->at == text->end || *text->at != '"' || !od__utf8_is_valid(start, *length))
        return NULL;
    text->at++;
    return start;
}

static od_value *read_plain(plain *text, int depth);

static od_value *read_plain_string(plain *text) {
    size_t length;
    const char *start = take_string(text, &length);
    return start == NULL ? NULL : made(text, od__value_text(start, length));
}

static od_value *read_plain_integer(plain *text) {
    bool negative = *text->at == '-';
    const char *start = negative ? ++text->at : text->at;
    int64_t number = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && text->at - start < PLAIN_DIGITS)
        number = number * 10 + (*text->at++ - '0');
    ptrdiff_t digits = text->at - start;
    bool goes_on = text->at < text->end && strchr(".eE0123456789", *text->at) != NULL;
    if (digits == 0 || (*start == '0' && digits > 1) || goes_on)
        return NULL;
    return made(text, od_value_new_integer(negative ? -number : number));
}

static od_value *read_plain_word(plain *text, const char *word, od_value *value) {
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return NULL;
    text->at += length;
    return value;
}

static bool read_plain_member(plain *text, od_value *object, int depth) {
    size_t length;
    const char *key = take_string(text, &length);
    if (key == NULL || !take_byte(text, ':') || od__object_find(od__as_object(object), key, length) != NULL)
        return false;
    od_value *value = read_plain(text, depth);
    if (value == NULL)
        return false;
    text->no_memory = !od__value_put_new(object, key, length, value);
    return !text->no_memory;
}

static bool read_plain_element(plain *text, od_value *array, int depth) {
    od_value *value = read_plain(text, depth);
    if (value == NULL)
        return false;
    text->no_memory = od_value_add(array, value, NULL) != OD_OK;
    return !text->no_memory;
}

/* What was read may be a piece of a secret. */
static od_value *give_up(od_value *value) {
    od__value_wipe(value);
    return NULL;
}

/* Reads the members or elements that list is to hold, up to its closing bracket. */
static od_value *read_plain_list(plain *text, od_value *list, int depth) {
    char close = *text->at == '{' ? '}' : ']';
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

static od_value *read_plain(plain *text, int depth) {
    if (text->at == text->end)
        return NULL;
    switch (*text->at) {
    case '{': return read_plain_list(text, made(text, od_value_new_object()), depth);
    case '[': return read_plain_list(text, made(text, od_value_new_array()), depth);
    case '"': return read_plain_string(text);
    case 't': return read_plain_word(text, "true", od_value_new_boolean(true));
    case 'f': return read_plain_word(text, "false", od_value_new_boolean(false));
    case 'n': return read_plain_word(text, "null", od_value_new_null());
    default: return read_plain_integer(text);
    }
}

static od_value *read_plain_text(const char *bytes, size_t length, bool *no_memory) {
    plain text = { .at = bytes, .end = bytes + length };
    skip_blanks(&text);
    od_value *value = read_plain(&text, 0);
    skip_blanks(&text);
    *no_memory = text.no_memory;
    return text.at == text.end ? value : give_up(value);
}

/* ---- what jansson has read ---- */

/* What goes back to jansson may have been a secret. */
static void wipe_text(const json_t *string) {
    od__crypto_wipe((void *)(uintptr_t)json_string_value(string), json_string_length(string));
}

/* Makes a value of json, which is as deep as a text may be, and wipes the strings in it; NULL when memory runs out. */
static od_value *convert(json_t *json) {
    od_value *value = NULL;
    bool good = true;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        value = od__value_new_object_for(json_object_size(json), 0);
        good = value != NULL;
        for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
            od_value *member = convert(json_object_iter_value(at));
            const char *key = json_object_iter_key(at);
            if (good)
                good = od__value_put_member(value, key, member);
            else
                od_value_unref(member);
        }
        break;
    case JSON_ARRAY:
        value = od__value_new_array_for(json_array_size(json));
        good = value != NULL;
        for (size_t i = 0; i < json_array_size(json); i++) {
            od_value *element = convert(json_array_get(json, i));
            if (good)
                good = od_value_add(value, element, NULL) == OD_OK;
            else
                od_value_unref(element);
        }
        break;
    case JSON_STRING:
        value = od__value_text(json_string_value(json), json_string_length(json));
        wipe_text(json);
        break;
    case JSON_INTEGER: return od_value_new_integer(json_integer_value(json));
    case JSON_REAL: return od_value_new_number(json_real_value(json));
    case JSON_TRUE:
    case JSON_FALSE: return od_value_new_boolean(json_is_true(json));
    case JSON_NULL: return od_value_new_null();
    }
    return good ? value : give_up(value);
}

/* ---- any text ---- */

static od_status read_any(const char *text, size_t length, od_value **out, od_error *err) {
    json_error_t why;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (json != NULL) {
        *out = convert(json);
        json_decref(json);
        return *out != NULL ? OD_OK : od__error_no_memory(err);
    }
    if (why.text[0] == '\0' || json_error_code(&why) == json_error_out_of_memory)
        return od__error_no_memory(err);
    /* jansson ends some texts with what it read last; that may be a piece of a secret. */
    char *near = strstr(why.text, " near '");
    if (near != NULL)
        *near = '\0';
    return od__error_set(err, OD_PROTOCOL, "line %d, column %d: %s", why.line, why.column, why.text);
}

od_status od_value_parse(const char *text, size_t length_bytes, od_value **out, od_error *err) {
    bool no_memory = false;
    if (text == NULL)
        length_bytes = 0;
    *out = length_bytes > 0 ? read_plain_text(text, length_bytes, &no_memory) : NULL;
    if (*out != NULL)
        return OD_OK;
    if (no_memory)
        return od__error_no_memory(err);
    size_t deep = too_deep_at(text, length_bytes);
    if (deep < length_bytes) {
        position at = position_of(text, deep);
        return od__error_set(err, OD_PROTOCOL, "line %zu, column %zu: nesting deeper than %d", at.line, at.column,
                             OD_LIMIT_JSON_DEPTH);
    }
    return read_any(text == NULL ? "" : text, length_bytes, out, err);
}

const char *od__value_library(void) {
    return "jansson/" JANSSON_VERSION;
}
