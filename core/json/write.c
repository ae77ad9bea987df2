#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/word.h"
#include "crypto/crypto.h"
#include "json/internal.h"
#include "json/writer.h"

/* All strings were checked when they were made, and the depth limit ends a loop: nothing here looks at either again. */

#define WRITE_LIMIT_BYTES (256u * 1024 * 1024)
#define NUMBER_BYTES 64

void od__json_begin(od_json_writer *writer, od_buffer *out) {
    writer->out = out;
    writer->used = 0;
}

static void flush(od_json_writer *writer) {
    if (writer->used == 0)
        return;
    od__buffer_add(writer->out, writer->chunk, writer->used);
    od__crypto_wipe(writer->chunk, writer->used);
    writer->used = 0;
}

void od__json_end(od_json_writer *writer) {
    flush(writer);
}

void od__json_raw(od_json_writer *writer, const char *bytes, size_t length) {
    if (length > sizeof writer->chunk - writer->used) {
        flush(writer);
        if (length > sizeof writer->chunk) {
            od__buffer_add(writer->out, bytes, length);
            return;
        }
    }
    memcpy(writer->chunk + writer->used, bytes, length);
    writer->used += length;
}

static void write_byte(od_json_writer *writer, char byte) {
    if (writer->used == sizeof writer->chunk)
        flush(writer);
    writer->chunk[writer->used++] = byte;
}

/* Whether one of eight bytes is below 0x20, a quote or a backslash. Subtracting from a byte that is smaller borrows into
 * its top bit, which was not set before; a borrow may also reach the next byte, so a yes can be wrong and a no cannot.
 * With its second bit turned over, a quote is 0x20, and no other byte from 0x20 on is below 0x21. */
static bool may_need_escape(uint64_t eight) {
    uint64_t turned = eight ^ OD_EACH_BYTE * 2, backslash = eight ^ OD_EACH_BYTE * '\\';
    uint64_t low_or_quote = turned - OD_EACH_BYTE * 0x21;
    uint64_t is_backslash = backslash - OD_EACH_BYTE;
    return ((low_or_quote | is_backslash) & ~eight & OD_EACH_BYTE * 0x80) != 0;
}

size_t od__json_plain_run(const char *text, size_t length) {
    size_t i = 0;
    while (i < length) {
        bool whole = length - i >= sizeof(uint64_t);
        if (!may_need_escape(whole ? od__word_at(text + i) : od__last_word(text, length))) {
            i += sizeof(uint64_t);
            continue;
        }
        for (size_t end = whole ? i + sizeof(uint64_t) : length; i < end; i++) {
            unsigned char byte = (unsigned char)text[i];
            if (byte < 0x20 || byte == '"' || byte == '\\')
                return i;
        }
    }
    return length;
}

/* The letter that stands for byte behind a backslash; NUL: it has none, and goes by its number. */
static char escape_letter(unsigned char byte) {
    switch (byte) {
    case '"':
    case '\\': return (char)byte;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
    }
}

static void write_escape(od_json_writer *writer, unsigned char byte) {
    char letter = escape_letter(byte), number[8];
    write_byte(writer, '\\');
    if (letter != '\0') {
        write_byte(writer, letter);
    } else {
        int length = snprintf(number, sizeof number, "u%04X", byte);
        od__json_raw(writer, number, (size_t)length);
    }
}

/* Copies fewer than eight bytes, as od__last_word reads them; returns true. */
static bool copy_few(char *to, const char *text, size_t length) {
    if (length >= sizeof(uint32_t)) {
        memcpy(to, text, sizeof(uint32_t));
        memcpy(to + length - sizeof(uint32_t), text + length - sizeof(uint32_t), sizeof(uint32_t));
    } else {
        to[0] = text[0];
        to[length / 2] = text[length / 2];
        to[length - 1] = text[length - 1];
    }
    return true;
}

/* Copies text unless something in it may need an escape. */
static bool copy_plain(char *to, const char *text, size_t length) {
    if (length < sizeof(uint64_t))
        return length == 0 || (!may_need_escape(od__last_word(text, length)) && copy_few(to, text, length));
    for (size_t at = 0; at < length - sizeof(uint64_t); at += sizeof(uint64_t)) {
        if (may_need_escape(od__word_at(text + at)))
            return false;
        memcpy(to + at, text + at, sizeof(uint64_t));
    }
    const char *last = text + length - sizeof(uint64_t);
    memcpy(to + (last - text), last, sizeof(uint64_t));
    return !may_need_escape(od__word_at(last));
}

void od__json_string(od_json_writer *writer, const char *text, size_t length) {
    char *to = writer->chunk + writer->used;
    if (sizeof writer->chunk - writer->used >= length + 2 && copy_plain(to + 1, text, length)) {
        to[0] = to[length + 1] = '"';
        writer->used += length + 2;
        return;
    }
    write_byte(writer, '"');
    for (;;) {
        size_t run = od__json_plain_run(text, length);
        od__json_raw(writer, text, run);
        if (run == length)
            break;
        write_escape(writer, (unsigned char)text[run]);
        text += run + 1;
        length -= run + 1;
    }
    write_byte(writer, '"');
}

void od__json_integer(od_json_writer *writer, int64_t integer) {
    char digits[OD_DECIMAL_BYTES];
    const char *at = od__decimal(integer, digits);
    od__json_raw(writer, at, (size_t)(digits + sizeof digits - 1 - at));
}

/* Left to jansson, which knows the traps: the locale's decimal point, ".0" for whole numbers, exponents. Fifteen digits,
 * so that 0.1 stays 0.1; but the largest numbers, rounded to them, would be beyond what a double can hold. */
static bool write_number(od_json_writer *writer, double number) {
    char text[NUMBER_BYTES];
    size_t digits = fabs(number) > 1.79769313486231e308 ? 17 : 15;
    json_t *json = json_real(number);
    size_t length = json_dumpb(json, text, sizeof text, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
    json_decref(json);
    if (length == 0 || length > sizeof text)
        return false;
    od__json_raw(writer, text, length);
    return true;
}

static od_status write_value(od_json_writer *writer, const od_value *value, int depth, od_error *err);

static od_status write_object(od_json_writer *writer, const od_object *object, int depth, od_error *err) {
    char before = '{';
    for (const od_member *member = object->members, *end = member + object->used; member < end; member++) {
        if (member->value == NULL)
            continue;
        write_byte(writer, before);
        before = ',';
        od__json_string(writer, member->key, member->key_length);
        write_byte(writer, ':');
        od_status status = write_value(writer, member->value, depth, err);
        if (status != OD_OK)
            return status;
    }
    if (before == '{')
        write_byte(writer, '{');
    write_byte(writer, '}');
    return OD_OK;
}

static od_status write_array(od_json_writer *writer, const od_array *array, int depth, od_error *err) {
    write_byte(writer, '[');
    for (size_t i = 0; i < array->count; i++) {
        if (i > 0)
            write_byte(writer, ',');
        od_status status = write_value(writer, array->elements[i], depth, err);
        if (status != OD_OK)
            return status;
    }
    write_byte(writer, ']');
    return OD_OK;
}

static od_status write_value(od_json_writer *writer, const od_value *value, int depth, od_error *err) {
    if (depth > OD_JSON_WALK_DEPTH)
        return od__error_set(err, OD_INTERNAL, "nesting deeper than %d cannot be written", OD_JSON_WALK_DEPTH);
    switch (od__type_of(value)) {
    case OD_TYPE_OBJECT: return write_object(writer, (const od_object *)value, depth + 1, err);
    case OD_TYPE_ARRAY: return write_array(writer, (const od_array *)value, depth + 1, err);
    case OD_TYPE_STRING: od__json_string(writer, ((const od_string *)value)->text, ((const od_string *)value)->length); break;
    case OD_TYPE_INTEGER: od__json_integer(writer, od_value_integer(value)); break;
    case OD_TYPE_NUMBER:
        if (!write_number(writer, od_value_number(value)))
            return od__error_no_memory(err);
        break;
    case OD_TYPE_BOOLEAN: od__json_raw(writer, value->boolean ? "true" : "false", value->boolean ? 4 : 5); break;
    case OD_TYPE_NULL: od__json_raw(writer, "null", 4); break;
    }
    /* A buffer that is full stays full: no use in walking on. */
    return writer->out->failed ? od__error_no_memory(err) : OD_OK;
}

od_status od__json_value(od_json_writer *writer, const od_value *value, od_error *err) {
    if (value == NULL)
        return od__error_no_memory(err); /* what a builder returns when memory runs out */
    return write_value(writer, value, 0, err);
}

od_status od__value_write(const od_value *value, od_buffer *out, od_error *err) {
    od_json_writer writer;
    od__json_begin(&writer, out);
    od_status status = od__json_value(&writer, value, err);
    od__json_end(&writer);
    if (status == OD_OK && out->failed)
        status = od__error_no_memory(err);
    return status;
}

od_status od_value_format(const od_value *value, char **out, size_t *length_bytes, od_error *err) {
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

void od_text_free(char *text) {
    od__free(text);
}
