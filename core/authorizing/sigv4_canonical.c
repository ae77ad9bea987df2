/* Stage 1 of a signature: path, query, headers and body in the one form that both sides can compute. */
#include "authorizing/sigv4.h"

#include <string.h>

#include "base/error.h"

#define QUERY_PARAMETERS 128

static bool is_unreserved(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void add_encoded(od_buffer *out, unsigned char byte) {
    static const char digits[] = "0123456789ABCDEF";
    char text[3] = { '%', digits[byte >> 4], digits[byte & 15] };
    od__buffer_add(out, text, sizeof(text));
}

static void add_encoded_text(od_buffer *out, const char *text, size_t length) {
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        if (is_unreserved((unsigned char)text[i]))
            continue;
        od__buffer_add(out, text + start, i - start);
        add_encoded(out, (unsigned char)text[i]);
        start = i + 1;
    }
    od__buffer_add(out, text + start, length - start);
}

/* Drops empty and dot segments, and encodes what is encoded already once more: `%3A` on the wire becomes `%253A`. */
static void add_path(od_buffer *out, const char *path, size_t length) {
    size_t start = out->length;
    for (size_t i = 0; i < length;) {
        const char *segment = path + i;
        const char *slash = memchr(segment, '/', length - i);
        size_t segment_length = slash != NULL ? (size_t)(slash - segment) : length - i;
        i += segment_length + 1;
        if (segment_length == 0 || (segment_length == 1 && segment[0] == '.'))
            continue;
        if (segment_length == 2 && segment[0] == '.' && segment[1] == '.') {
            size_t end = out->length;
            while (end > start && out->data[end - 1] != '/')
                end--;
            od__buffer_truncate(out, end > start ? end - 1 : start);
            continue;
        }
        od__buffer_add_byte(out, '/');
        add_encoded_text(out, segment, segment_length);
    }
    if (out->length == start || path[length - 1] == '/')
        od__buffer_add_byte(out, '/');
}

typedef struct query_part {
    size_t at, length;
} query_part;

typedef struct query_parameter {
    query_part name, value;  /* places in the buffer of encoded text */
} query_parameter;

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes and encodes again, so that `a`, `%61` and lower-case digits all become one form. */
static query_part recode(od_buffer *out, const char *text, size_t length) {
    query_part part = { .at = out->length };
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            byte = (unsigned char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        if (is_unreserved(byte))
            od__buffer_add_byte(out, (char)byte);
        else
            add_encoded(out, byte);
    }
    part.length = out->length - part.at;
    return part;
}

static int compare_parts(const od_buffer *text, query_part a, query_part b) {
    int order = memcmp(text->data + a.at, text->data + b.at, a.length < b.length ? a.length : b.length);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static bool comes_before(const od_buffer *text, const query_parameter *a, const query_parameter *b) {
    int order = compare_parts(text, a->name, b->name);
    return (order != 0 ? order : compare_parts(text, a->value, b->value)) < 0;
}

static od_status add_query(od_buffer *out, const char *query, size_t length, od_error *err) {
    query_parameter parameters[QUERY_PARAMETERS];
    size_t count = 0;
    od_buffer text;
    od__buffer_init(&text, OD_SIGV4_STAGE_BYTES);
    od__buffer_add(&text, "", 0);
    for (size_t i = 0; i < length;) {
        const char *piece = query + i;
        const char *end = memchr(piece, '&', length - i);
        size_t piece_length = end != NULL ? (size_t)(end - piece) : length - i;
        i += piece_length + 1;
        if (piece_length == 0)
            continue;
        if (count == QUERY_PARAMETERS) {
            od__buffer_clear(&text);
            return od__error_set(err, OD_INTERNAL, "more than %d query parameters to sign", QUERY_PARAMETERS);
        }
        const char *equals = memchr(piece, '=', piece_length);
        size_t name_length = equals != NULL ? (size_t)(equals - piece) : piece_length;
        query_parameter parameter = { .name = recode(&text, piece, name_length) };
        if (equals != NULL)
            parameter.value = recode(&text, equals + 1, piece_length - name_length - 1);
        else
            parameter.value = (query_part){ .at = text.length };
        if (text.failed)
            break;
        size_t place = count++;
        for (; place > 0 && comes_before(&text, &parameter, &parameters[place - 1]); place--)
            parameters[place] = parameters[place - 1];
        parameters[place] = parameter;
    }
    for (size_t i = 0; i < count && !text.failed; i++) {
        if (i > 0)
            od__buffer_add_byte(out, '&');
        od__buffer_add(out, text.data + parameters[i].name.at, parameters[i].name.length);
        od__buffer_add_byte(out, '=');
        od__buffer_add(out, text.data + parameters[i].value.at, parameters[i].value.length);
    }
    bool failed = text.failed;
    od__buffer_clear(&text);
    return failed ? od__error_no_memory(err) : OD_OK;
}

static unsigned char lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static int compare_names(const char *a, const char *b) {
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return (int)lower(*a) - (int)lower(*b);
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void add_name(od_buffer *out, const char *name) {
    char text[64];
    size_t length = 0;
    for (; *name != '\0'; name++) {
        text[length++] = (char)lower(*name);
        if (length == sizeof(text)) {
            od__buffer_add(out, text, length);
            length = 0;
        }
    }
    od__buffer_add(out, text, length);
}

/* Trims, and makes one space of every run of blanks, also inside quotes and where a line was continued. */
static void add_value(od_buffer *out, const char *value) {
    bool first = true;
    for (;;) {
        while (is_blank(*value))
            value++;
        if (*value == '\0')
            return;
        const char *start = value;
        while (*value != '\0' && !is_blank(*value))
            value++;
        if (!first)
            od__buffer_add_byte(out, ' ');
        first = false;
        od__buffer_add(out, start, (size_t)(value - start));
    }
}

static void add_headers(od_buffer *out, od_buffer *names, const od_sigv4_header *headers, size_t count) {
    /* Stable, and one pass over what is in order already, as the usual set is. */
    const od_sigv4_header *sorted[OD_SIGV4_HEADERS];
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        for (; place > 0 && compare_names(headers[i].name, sorted[place - 1]->name) < 0; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = &headers[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) == 0) {
            od__buffer_add_byte(out, ',');
        } else {
            if (i > 0) {
                od__buffer_add_byte(out, '\n');
                od__buffer_add_byte(names, ';');
            }
            size_t start = out->length;
            add_name(out, sorted[i]->name);
            if (!out->failed)
                od__buffer_add(names, out->data + start, out->length - start);
            od__buffer_add_byte(out, ':');
        }
        add_value(out, sorted[i]->value);
    }
    if (count > 0)
        od__buffer_add_byte(out, '\n');
}

od_status od__sigv4_canonical_request(const od_sigv4_request *request, od_buffer *canonical, od_buffer *signed_headers,
                                      od_error *err) {
    if (request->header_count > OD_SIGV4_HEADERS)
        return od__error_set(err, OD_INTERNAL, "more than %d headers to sign", OD_SIGV4_HEADERS);
    uint8_t hash[OD_SHA256_BYTES];
    char hex[OD_SHA256_HEX_BYTES];
    if (!od__crypto_sha256(request->body, request->body_bytes, hash))
        return od__error_set(err, OD_INTERNAL, "the hash of the body could not be computed");
    od__crypto_hex(hash, sizeof(hash), hex);

    od__sigv4_restart(canonical);
    od__sigv4_restart(signed_headers);
    od__buffer_add_text(canonical, request->method);
    od__buffer_add_byte(canonical, '\n');
    add_path(canonical, request->path, request->path_bytes);
    od__buffer_add_byte(canonical, '\n');
    if (request->query_bytes > 0) {
        od_status status = add_query(canonical, request->query, request->query_bytes, err);
        if (status != OD_OK)
            return status;
    }
    od__buffer_add_byte(canonical, '\n');
    add_headers(canonical, signed_headers, request->headers, request->header_count);
    od__buffer_add_byte(canonical, '\n');
    od__buffer_add_text(canonical, od__buffer_text(signed_headers));
    od__buffer_add_byte(canonical, '\n');
    od__buffer_add(canonical, hex, sizeof(hex) - 1);
    if (canonical->over_limit || signed_headers->over_limit)
        return od__error_set(err, OD_INTERNAL, "the canonical request is longer than %u bytes", OD_SIGV4_STAGE_BYTES);
    if (canonical->failed || signed_headers->failed)
        return od__error_no_memory(err);
    return OD_OK;
}
