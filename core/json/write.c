#include <jansson.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "json/value.h"

/* jansson's own writer checks every string's UTF-8 again and every object for loops; all strings here were checked when
 * they were made, and the depth limit ends a loop, so this one takes a third of the time. */

#define WRITE_DEPTH (4 * OD_LIMIT_JSON_DEPTH)
#define WRITE_LIMIT_BYTES (256u * 1024 * 1024)
#define NUMBER_BYTES 64

static void write_string(od_buffer *out, const char *text, size_t length)
{
    od__buffer_add_byte(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        od__buffer_add(out, text + start, i - start);
        start = i + 1;
        char escape[8] = {'\\', (char)byte, '\0'};
        switch (byte) {
        case '"':
        case '\\': break;
        case '\b': escape[1] = 'b'; break;
        case '\f': escape[1] = 'f'; break;
        case '\n': escape[1] = 'n'; break;
        case '\r': escape[1] = 'r'; break;
        case '\t': escape[1] = 't'; break;
        default: (void)snprintf(escape, sizeof escape, "\\u%04X", byte);
        }
        od__buffer_add_text(out, escape);
    }
    od__buffer_add(out, text + start, length - start);
    od__buffer_add_byte(out, '"');
}

static void write_integer(od_buffer *out, int64_t integer)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (integer < 0)
        *--at = '-';
    od__buffer_add(out, at, (size_t)(digits + sizeof digits - at));
}

/* Left to jansson, which knows the traps: the locale's decimal point, ".0" for whole numbers, exponents. */
static bool write_number(od_buffer *out, const json_t *number)
{
    char text[NUMBER_BYTES];
    size_t length = json_dumpb(number, text, sizeof text, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (length == 0 || length > sizeof text)
        return false;
    od__buffer_add(out, text, length);
    return true;
}

static od_status write_value(json_t *json, od_buffer *out, int depth, od_error *err);

static od_status write_object(json_t *json, od_buffer *out, int depth, od_error *err)
{
    char before = '{';
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
        const char *key = json_object_iter_key(at);
        od__buffer_add_byte(out, before);
        before = ',';
        write_string(out, key, strlen(key));
        od__buffer_add_byte(out, ':');
        od_status status = write_value(json_object_iter_value(at), out, depth, err);
        if (status != OD_OK)
            return status;
    }
    if (before == '{')
        od__buffer_add_byte(out, '{');
    od__buffer_add_byte(out, '}');
    return OD_OK;
}

static od_status write_array(json_t *json, od_buffer *out, int depth, od_error *err)
{
    od__buffer_add_byte(out, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i > 0)
            od__buffer_add_byte(out, ',');
        od_status status = write_value(json_array_get(json, i), out, depth, err);
        if (status != OD_OK)
            return status;
    }
    od__buffer_add_byte(out, ']');
    return OD_OK;
}

static od_status write_value(json_t *json, od_buffer *out, int depth, od_error *err)
{
    if (depth > WRITE_DEPTH)
        return od__error_set(err, OD_INTERNAL, "nesting deeper than %d cannot be written", WRITE_DEPTH);
    switch (json_typeof(json)) {
    case JSON_OBJECT: return write_object(json, out, depth + 1, err);
    case JSON_ARRAY: return write_array(json, out, depth + 1, err);
    case JSON_STRING: write_string(out, json_string_value(json), json_string_length(json)); break;
    case JSON_INTEGER: write_integer(out, json_integer_value(json)); break;
    case JSON_REAL:
        if (!write_number(out, json))
            return od__error_no_memory(err);
        break;
    case JSON_TRUE: od__buffer_add_text(out, "true"); break;
    case JSON_FALSE: od__buffer_add_text(out, "false"); break;
    case JSON_NULL: od__buffer_add_text(out, "null"); break;
    }
    return out->failed ? od__error_no_memory(err) : OD_OK;
}

od_status od__value_write(const od_value *value, od_buffer *out, od_error *err)
{
    if (value == NULL)
        return od__error_no_memory(err); /* what a builder returns when memory runs out */
    od_status status = write_value((json_t *)(uintptr_t)value, out, 0, err);
    if (status == OD_OK && out->failed)
        status = od__error_no_memory(err);
    return status;
}

od_status od_value_format(const od_value *value, char **out, size_t *length_bytes, od_error *err)
{
    *out = NULL;
    od_buffer buffer;
    od__buffer_init(&buffer, WRITE_LIMIT_BYTES);
    od_status status = od__value_write(value, &buffer, err);
    if (status == OD_OK) {
        if (length_bytes != NULL)
            *length_bytes = buffer.length;
        *out = od__buffer_take(&buffer);
        if (*out == NULL)
            status = od__error_no_memory(err);
    }
    od__buffer_clear(&buffer);
    return status;
}

void od_text_free(char *text)
{
    od__free(text);
}
