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
