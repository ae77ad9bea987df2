#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "operation/operation.h"

/* RFC 3986: letters, digits and these stand for themselves. */
static bool is_unreserved(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void od__uri_encode(od_buffer *out, const char *text, size_t length_bytes) {
    static const char digits[] = "0123456789ABCDEF";
    size_t start = 0;
    for (size_t i = 0; i < length_bytes; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_unreserved(byte))
            continue;
        od__buffer_add(out, text + start, i - start);
        start = i + 1;
        const char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        od__buffer_add(out, encoded, sizeof encoded);
    }
    od__buffer_add(out, text + start, length_bytes - start);
}

/* Returns what follows scheme, host and port: "" or a text that begins with '/', '?' or '#'. NULL if there is no host. */
static const char *after_origin(const char *url) {
    const char *colon = strstr(url, "://");
    if (colon == NULL || colon == url)
        return NULL;
    const char *host = colon + 3;
    size_t length = strcspn(host, "/?#");
    return length == 0 ? NULL : host + length;
}

/* What a host's name, a port or a segment of a path may be made of: no option may lead elsewhere than the template. */
static bool is_plain(const char *text) {
    size_t i = 0;
    while (isalnum((unsigned char)text[i]) || (text[i] != '\0' && strchr("-._:", text[i]) != NULL))
        i++;
    return i > 0 && text[i] == '\0';
}

od_status od__url_of_template(const char *template, const od_value *options, char *out, size_t out_bytes, od_error *err) {
    od_buffer url;
    od__buffer_init(&url, out_bytes);
    od_status status = OD_OK;
    for (const char *at = template; status == OD_OK && *at != '\0';) {
        size_t plain = strcspn(at, "{");
        od__buffer_add(&url, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        char path[OD_ERROR_PATH_BYTES];
        size_t length = strcspn(at, "}");
        snprintf(path, sizeof path, "/%.*s", (int)length - 1, at + 1);
        const char *value = od_value_string(od_value_get(options, path + 1));
        if (value == NULL || !is_plain(value))
            status = od__error_at(err, OD_VALIDATION, path, "expected part of an address (letters, digits, - . _ :)");
        else
            od__buffer_add_text(&url, value);
        at += length + 1;
    }
    if (status == OD_OK && url.failed)
        status = url.over_limit ? od__error_set(err, OD_VALIDATION, "the vendor's address is longer than %zu bytes", out_bytes - 1)
                                : od__error_no_memory(err);
    if (status == OD_OK)
        snprintf(out, out_bytes, "%s", od__buffer_text(&url));
    od__buffer_clear(&url);
    return status;
}

od_status od__uri_replace_origin(const char *url, const char *endpoint, char *out, size_t out_bytes, od_error *err) {
    const char *rest = after_origin(url);
    if (rest == NULL || after_origin(endpoint) == NULL)
        return od__error_set(err, OD_VALIDATION, "expected a URL with scheme and host, got \"%.100s\"",
                             rest == NULL ? url : endpoint);
    size_t kept = strlen(endpoint);
    while (kept > 0 && endpoint[kept - 1] == '/')
        kept--;
    int length = snprintf(out, out_bytes, "%.*s%s", (int)kept, endpoint, rest);
    if (length < 0 || (size_t)length >= out_bytes)
        return od__error_set(err, OD_VALIDATION, "a URL is longer than %zu bytes", out_bytes - 1);
    return OD_OK;
}
