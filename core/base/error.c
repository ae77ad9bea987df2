#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

void od__error_clean(char *out, size_t out_bytes, const char *text, size_t length_bytes) {
    if (out_bytes == 0) return;
    const unsigned char *bytes = (const unsigned char *)text;
    size_t used = 0;
    for (size_t at = 0; at < length_bytes;) {
        size_t length = od__utf8_length(bytes + at, length_bytes - at);
        if (length > out_bytes - 1 - used || used + 1 >= out_bytes) break;
        if (length == 0) { /* not UTF-8: whoever prints the message shall not stumble over it */
            out[used++] = '?';
            at++;
        } else if (length == 1) {
            out[used++] = bytes[at] < 0x20 || bytes[at] == 0x7f ? ' ' : (char)bytes[at];
            at++;
        } else if (length == 2 && bytes[at] == 0xc2 && bytes[at + 1] < 0xa0) { /* C1 controls move terminals too */
            out[used++] = ' ';
            at += length;
        } else {
            memcpy(out + used, bytes + at, length);
            used += length;
            at += length;
        }
    }
    out[used] = '\0';
}

/* Longer than the message, so that cleaning is what cuts. */
#define TEXT_BYTES (2 * OD_ERROR_MESSAGE_BYTES)

/* path NULL: it is about no parameter, or its path is known already. */
static od_status store(od_error *err, od_status code, const char *path, const char *text) {
    err->code = code;
    od__error_clean(err->message, sizeof err->message, text, strlen(text));
    if (path != NULL) od__error_clean(err->path, sizeof err->path, path, strlen(path));
    return code;
}

od_status od__error_set(od_error *err, od_status code, const char *format, ...) {
    if (err == NULL || err->code != OD_OK) return code;
    char text[TEXT_BYTES];
    text[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return store(err, code, NULL, text);
}

od_status od__error_at(od_error *err, od_status code, const char *path, const char *format, ...) {
    if (err == NULL || err->code != OD_OK) return code;
    char text[TEXT_BYTES];
    text[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return store(err, code, path, text);
}

od_status od__error_no_memory(od_error *err) {
    return od__error_set(err, OD_OUT_OF_MEMORY, "memory ran out");
}

void od__error_clear(od_error *err) {
    /* Member by member: this runs several times in each call, and the texts are long. */
    if (err->size == 0) err->size = sizeof *err;
    err->code = OD_OK;
    err->http_status = 0;
    err->retryable = false;
    err->placement = OD_PLACEMENT_NONE;
    err->retry_after_ms = -1;
    err->path[0] = err->vendor_code[0] = err->request_id[0] = err->message[0] = '\0';
    memset(err->reserved, 0, sizeof err->reserved);
}

void od__error_init(od_error *err) {
    err->size = sizeof *err;
    od__error_clear(err);
}

size_t od_error_format(const od_error *error, char *out, size_t out_bytes) {
    bool has_text = error->message[0] != '\0' || error->vendor_code[0] != '\0';
    int length = snprintf(out, out_bytes, "%s%s%s%s%s%s%s", od_status_name(error->code), error->path[0] ? " " : "",
                          error->path, has_text ? ": " : "", error->vendor_code,
                          error->vendor_code[0] != '\0' && error->message[0] != '\0' ? ": " : "", error->message);
    return length > 0 ? (size_t)length : 0;
}
