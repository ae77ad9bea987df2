#include "json/value.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "crypto/crypto.h"

/* An od_value is a json_t under another name: nobody else may know. jansson reads some values through pointers that are
 * not const, but changes nothing by reading. */
static json_t *inside(const od_value *value) {
    return (json_t *)(uintptr_t)value;
}

static od_value *outside(json_t *json) {
    return (od_value *)json;
}

/* ---- building ---- */

od_value *od_value_new_object(void) {
    return outside(json_object());
}

od_value *od_value_new_array(void) {
    return outside(json_array());
}

od_value *od_value_new_string(const char *text) {
    return text == NULL ? NULL : od_value_new_string_n(text, strlen(text));
}

/* UTF-8 is checked here, and once: jansson looks at each byte by itself. */
od_value *od_value_new_string_n(const char *text, size_t length_bytes) {
    return text == NULL || !od__utf8_is_valid(text, length_bytes) ? NULL
                                                                  : outside(json_stringn_nocheck(text, length_bytes));
}

od_value *od_value_new_integer(int64_t integer) {
    return outside(json_integer(integer));
}

od_value *od_value_new_number(double number) {
    return outside(json_real(number));
}

od_value *od_value_new_boolean(bool boolean) {
    return outside(json_boolean(boolean));
}

od_value *od_value_new_null(void) {
    return outside(json_null());
}

od_value *od_value_ref(const od_value *value) {
    return outside(json_incref(inside(value)));
}

void od_value_unref(od_value *value) {
    json_decref(inside(value));
}

od_status od_value_set(od_value *object, const char *key, od_value *member, od_error *err) {
    if (member == NULL)
        return od__error_no_memory(err);
    if (!json_is_object(inside(object)) || key == NULL || object == member) {
        od_value_unref(member);
        return od__error_set(err, OD_INTERNAL, "a member cannot be set in %s",
                             object == member ? "itself" : od__value_type_name(object));
    }
    if (!od__utf8_is_valid(key, strlen(key))) {
        od_value_unref(member);
        return od__error_set(err, OD_INTERNAL, "a key that is not UTF-8 cannot be set");
    }
    return json_object_set_new_nocheck(inside(object), key, inside(member)) == 0 ? OD_OK : od__error_no_memory(err);
}

od_status od_value_add(od_value *array, od_value *element, od_error *err) {
    if (element == NULL)
        return od__error_no_memory(err);
    if (!json_is_array(inside(array)) || array == element) {
        od_value_unref(element);
        return od__error_set(err, OD_INTERNAL, "an element cannot be added to %s",
                             array == element ? "itself" : od__value_type_name(array));
    }
    if (json_array_append_new(inside(array), inside(element)) != 0)
        return od__error_no_memory(err);
    return OD_OK;
}

/* ---- reading ---- */

od_type od_value_type(const od_value *value) {
    if (value == NULL)
        return OD_TYPE_NULL;
    switch (json_typeof(inside(value))) {
    case JSON_OBJECT: return OD_TYPE_OBJECT;
    case JSON_ARRAY: return OD_TYPE_ARRAY;
    case JSON_STRING: return OD_TYPE_STRING;
    case JSON_INTEGER: return OD_TYPE_INTEGER;
    case JSON_REAL: return OD_TYPE_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE: return OD_TYPE_BOOLEAN;
    case JSON_NULL: break;
    }
    return OD_TYPE_NULL;
}

bool od_value_boolean(const od_value *value) {
    return json_is_true(inside(value));
}

int64_t od_value_integer(const od_value *value) {
    return json_integer_value(inside(value));
}

double od_value_number(const od_value *value) {
    return json_number_value(inside(value));
}

const char *od_value_string(const od_value *value) {
    return json_string_value(inside(value));
}

size_t od_value_length(const od_value *value) {
    switch (od_value_type(value)) {
    case OD_TYPE_STRING: return json_string_length(inside(value));
    case OD_TYPE_ARRAY: return json_array_size(inside(value));
    case OD_TYPE_OBJECT: return json_object_size(inside(value));
    default: return 0;
    }
}

const od_value *od_value_at(const od_value *array, size_t index) {
    return outside(json_array_get(inside(array), index));
}

const od_value *od_value_get(const od_value *object, const char *key) {
    return key == NULL ? NULL : outside(json_object_get(inside(object), key));
}

bool od_value_next(const od_value *object, void **cursor, const char **key, const od_value **member) {
    json_t *json = inside(object);
    void *next = *cursor == NULL ? json_object_iter(json) : json_object_iter_next(json, *cursor);
    if (next == NULL)
        return false;
    *cursor = next;
    if (key != NULL)
        *key = json_object_iter_key(next);
    if (member != NULL)
        *member = outside(json_object_iter_value(next));
    return true;
}

/* Writes the pointer's next token unescaped; returns where it ends, NULL for a malformed "~" or a token too long to be
 * any key. */
static const char *pointer_token(const char *from, char *out, size_t out_bytes) {
    size_t length = 0;
    for (; *from != '\0' && *from != '/'; from++) {
        char byte = *from;
        if (byte == '~') {
            from++;
            if (*from != '0' && *from != '1')
                return NULL;
            byte = *from == '0' ? '~' : '/';
        }
        if (length + 1 >= out_bytes)
            return NULL;
        out[length++] = byte;
    }
    out[length] = '\0';
    return from;
}

/* Reads an array index as RFC 6901 has it: digits without a leading zero. */
static bool pointer_index(const char *token, size_t *index) {
    if (token[0] == '\0' || (token[0] == '0' && token[1] != '\0') || strlen(token) > 9)
        return false;
    *index = 0;
    for (; *token != '\0'; token++) {
        if (*token < '0' || *token > '9')
            return false;
        *index = *index * 10 + (size_t)(*token - '0');
    }
    return true;
}

#define POINTER_TOKEN_BYTES 1024

const od_value *od_value_find(const od_value *value, const char *pointer) {
    char token[POINTER_TOKEN_BYTES];
    while (value != NULL && pointer != NULL && *pointer != '\0') {
        if (*pointer != '/')
            return NULL;
        pointer = pointer_token(pointer + 1, token, sizeof token);
        if (pointer == NULL)
            return NULL;
        size_t index;
        if (od_value_type(value) == OD_TYPE_ARRAY)
            value = pointer_index(token, &index) ? od_value_at(value, index) : NULL;
        else
            value = od_value_get(value, token);
    }
    return pointer == NULL ? NULL : value;
}

/* ---- for the other rooms ---- */

/* Values from outside are at most OD_LIMIT_JSON_DEPTH deep; the library wraps them a few levels further. */
#define COPY_DEPTH (4 * OD_LIMIT_JSON_DEPTH)

static json_t *copy(json_t *from, int depth) {
    if (depth > COPY_DEPTH)
        return NULL;
    if (json_is_string(from))
        return json_stringn_nocheck(json_string_value(from), json_string_length(from));
    if (json_is_integer(from))
        return json_integer(json_integer_value(from));
    if (json_is_real(from))
        return json_real(json_real_value(from));
    if (json_is_object(from)) {
        json_t *to = json_object();
        for (void *at = json_object_iter(from); to != NULL && at != NULL; at = json_object_iter_next(from, at)) {
            json_t *member = copy(json_object_iter_value(at), depth + 1);
            if (json_object_set_new_nocheck(to, json_object_iter_key(at), member) != 0) {
                json_decref(to);
                to = NULL;
            }
        }
        return to;
    }
    if (json_is_array(from)) {
        json_t *to = json_array();
        for (size_t i = 0; to != NULL && i < json_array_size(from); i++) {
            if (json_array_append_new(to, copy(json_array_get(from, i), depth + 1)) != 0) {
                json_decref(to);
                to = NULL;
            }
        }
        return to;
    }
    return json_incref(from); /* true, false and null are one static object each */
}

od_value *od__value_copy(const od_value *value) {
    return value == NULL ? NULL : outside(copy(inside(value), 0));
}

od_status od__value_put(od_value *object, const char *key, od_value *member, od_error *err) {
    if (member == NULL || json_object_set_new_nocheck(inside(object), key, inside(member)) != 0)
        return od__error_no_memory(err);
    return OD_OK;
}

od_value *od__value_text(const char *text, size_t length_bytes) {
    return outside(json_stringn_nocheck(text, length_bytes));
}

void od__value_remove(od_value *object, const char *key) {
    (void)json_object_del(inside(object), key);
}

bool od__value_replace_member(od_value *object, void *cursor, od_value *member) {
    return json_object_iter_set_new(inside(object), cursor, inside(member)) == 0;
}

bool od__value_replace_element(od_value *array, size_t index, od_value *element) {
    return json_array_set_new(inside(array), index, inside(element)) == 0;
}

static void wipe_strings(json_t *json, int depth) {
    if (depth > COPY_DEPTH)
        return;
    if (json_is_string(json)) {
        /* jansson owns these bytes and gives them out as const; nobody reads them again. */
        od__crypto_wipe((void *)(uintptr_t)json_string_value(json), json_string_length(json));
    } else if (json_is_object(json)) {
        for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at))
            wipe_strings(json_object_iter_value(at), depth + 1);
    } else {
        for (size_t i = 0; i < json_array_size(json); i++)
            wipe_strings(json_array_get(json, i), depth + 1);
    }
}

void od__value_wipe(od_value *value) {
    wipe_strings(inside(value), 0);
    od_value_unref(value);
}

const char *od__value_library(void) {
    return "jansson/" JANSSON_VERSION;
}
