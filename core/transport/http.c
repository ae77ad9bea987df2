/* http: see http.h. */
#include "transport/http.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

/* ---- requests ---- */

void od__http_request_init(od_http_request *request) {
    /* What is past header_count and room_used is never read, so it needs no zeroing: this runs once for each call. */
    memset(request->method, 0, sizeof(request->method));
    od__buffer_init(&request->url, OD_LIMIT_URL_BYTES);
    request->header_count = request->room_used = 0;
    od__buffer_init(&request->body, OD_LIMIT_REQUEST_BYTES);
    request->has_body = false;
}

/* Room for a text in the request, or on the heap once that is full; NULL: no memory. */
static char *take_room(od_http_request *request, size_t bytes) {
    if (bytes > sizeof request->room - request->room_used)
        return od__alloc(bytes);
    char *taken = request->room + request->room_used;
    request->room_used += bytes;
    return taken;
}

static bool is_in_room(const od_http_request *request, const char *text) {
    uintptr_t at = (uintptr_t)text, room = (uintptr_t)request->room;
    return at >= room && at < room + sizeof request->room;
}

/* Room is given back with the request, not before. */
static void free_text(const od_http_request *request, char *text) {
    if (!is_in_room(request, text))
        od__free(text);
}

static void free_header(const od_http_request *request, od_header *header) {
    if (header->secret)
        od__crypto_wipe(header->line, strlen(header->line));
    free_text(request, header->name);
    free_text(request, header->line);
}

static char *put(char *at, const char *text, size_t length) {
    memcpy(at, text, length);
    return at + length;
}

/* Makes a header; false: no memory, and nothing is made. */
static bool make_header(od_http_request *request, const char *name, const char *value, size_t value_bytes, bool secret,
                        od_header *out) {
    size_t name_bytes = strlen(name);
    char *own_name = take_room(request, name_bytes + 1);
    char *line = own_name != NULL ? take_room(request, name_bytes + value_bytes + sizeof ": ") : NULL;
    if (line == NULL) {
        free_text(request, own_name);
        return false;
    }
    *put(own_name, name, name_bytes) = '\0';
    char *own_value = put(line, name, name_bytes);
    own_value = value_bytes > 0 ? put(own_value, ": ", 2) : put(own_value, ";", 1);
    *put(own_value, value, value_bytes) = '\0';
    *out = (od_header){ .name = own_name, .line = line, .value = own_value, .secret = secret };
    return true;
}

void od__http_request_clear(od_http_request *request) {
    for (size_t i = 0; i < request->header_count; i++)
        free_header(request, &request->headers[i]);
    od__buffer_wipe(&request->url);
    od__buffer_wipe(&request->body);
    od__http_request_init(request);
}

/* Where text, which from has, is once its room has moved. */
static char *moved(od_http_request *to, const od_http_request *from, char *text) {
    return is_in_room(from, text) ? to->room + (text - from->room) : text;
}

void od__http_request_move(od_http_request *to, od_http_request *from) {
    memcpy(to->method, from->method, sizeof to->method);
    to->url = from->url;
    to->body = from->body;
    to->has_body = from->has_body;
    to->header_count = from->header_count;
    to->room_used = from->room_used;
    memcpy(to->room, from->room, from->room_used);
    for (size_t i = 0; i < from->header_count; i++) {
        const od_header *header = &from->headers[i];
        char *line = moved(to, from, header->line);
        to->headers[i] = (od_header){ .name = moved(to, from, header->name), .line = line,
                                      .value = line + (header->value - header->line), .secret = header->secret };
    }
    od__crypto_wipe(from->room, from->room_used);
    od__http_request_init(from);
}

od_status od__http_request_copy(od_http_request *to, const od_http_request *from, od_error *err) {
    memcpy(to->method, from->method, sizeof to->method);
    od__buffer_add(&to->url, od__buffer_text(&from->url), from->url.length);
    od__buffer_add(&to->body, od__buffer_text(&from->body), from->body.length);
    to->has_body = from->has_body;
    bool whole = !to->url.failed && !to->body.failed;
    for (size_t i = 0; whole && i < from->header_count; i++) {
        const od_header *header = &from->headers[i];
        whole = make_header(to, header->name, header->value, strlen(header->value), header->secret, &to->headers[i]);
        to->header_count += whole ? 1 : 0;
    }
    if (whole)
        return OD_OK;
    od__http_request_clear(to);
    return od__error_no_memory(err);
}

static od_header *find_header(const od_http_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return (od_header *)&request->headers[i];
    return NULL;
}

/* RFC 9110: a field name is a token. */
static bool is_token(const char *name) {
    static const char others[] = "!#$%&'*+-.^_`|~0123456789";
    if (*name == '\0')
        return false;
    for (const char *c = name; *c != '\0'; c++) {
        if (!od__is_letter(*c) && *c != '-' && strchr(others, *c) == NULL)
            return false;
    }
    return true;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Whether one of eight bytes is below 0x20 or DEL. Subtracting from a byte that is smaller borrows into its top bit, which
 * was not set before; a borrow may also reach the next byte, so a yes can be wrong and a no cannot. */
static bool may_have_control(const char *bytes) {
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    uint64_t below = (eight - EACH_BYTE * 0x20) & ~eight, other = eight ^ EACH_BYTE * 0x7f;
    return ((below | ((other - EACH_BYTE) & ~other)) & EACH_BYTE * 0x80) != 0;
}

/* A value may hold blanks and bytes above ASCII, but nothing that could end its line. A tab is allowed by the RFC and
 * refused here: no vendor needs one, and signing would have to fold it. */
static bool is_line(const char *value, size_t length) {
    size_t at = 0;
    while (length - at >= sizeof(uint64_t) && !may_have_control(value + at))
        at += sizeof(uint64_t);
    for (; at < length; at++)
        if ((unsigned char)value[at] < 0x20 || value[at] == 0x7f)
            return false;
    return true;
}

od_status od__http_request_set_header(od_http_request *request, const char *name, const char *value, bool secret,
                                      od_error *err) {
    if (!is_token(name))
        return od__error_set(err, OD_VALIDATION, "a header name has a character that cannot be sent");
    size_t value_bytes = strlen(value);
    if (!is_line(value, value_bytes))
        return od__error_set(err, OD_VALIDATION, "the value of header %s has a control character", name);
    od_header *header = find_header(request, name);
    if (header == NULL && request->header_count == OD_LIMIT_HEADERS)
        return od__error_set(err, OD_VALIDATION, "more than %d headers", OD_LIMIT_HEADERS);
    od_header made;
    if (!make_header(request, name, value, value_bytes, secret, &made))
        return od__error_no_memory(err);
    if (header != NULL)
        free_header(request, header);
    else
        header = &request->headers[request->header_count++];
    *header = made;
    return OD_OK;
}

void od__http_request_remove_header(od_http_request *request, const char *name) {
    od_header *header = find_header(request, name);
    if (header == NULL)
        return;
    free_header(request, header);
    size_t index = (size_t)(header - request->headers);
    request->header_count--;
    memmove(header, header + 1, (request->header_count - index) * sizeof(*header));
}

const char *od__http_request_header(const od_http_request *request, const char *name) {
    const od_header *header = find_header(request, name);
    return header == NULL ? NULL : header->value;
}

/* ---- answers ---- */

void od__http_response_init(od_http_response *response) {
    response->status = 0;
    od__buffer_init(&response->headers, OD_LIMIT_RESPONSE_HEADER_BYTES);
    od__buffer_init(&response->body, OD_LIMIT_RESPONSE_BYTES);
}

void od__http_response_clear(od_http_response *response) {
    /* An answer may hold a token or a session. */
    od__buffer_wipe(&response->headers);
    od__buffer_wipe(&response->body);
    od__http_response_init(response);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

const char *od__http_response_header(const od_http_response *response, const char *name, size_t *length_bytes) {
    const char *line = od__buffer_text(&response->headers);
    const char *end = line + response->headers.length;
    size_t name_bytes = strlen(name);
    while (line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        const char *next = line_end == NULL ? end : line_end + 1;
        if (line_end == NULL)
            line_end = end;
        if ((size_t)(line_end - line) > name_bytes && line[name_bytes] == ':' &&
            strncasecmp(line, name, name_bytes) == 0) {
            const char *value = line + name_bytes + 1;
            while (value < line_end && is_blank(*value))
                value++;
            while (line_end > value && is_blank(line_end[-1]))
                line_end--;
            *length_bytes = (size_t)(line_end - value);
            return value;
        }
        line = next;
    }
    return NULL;
}

bool od__http_response_copy_header(const od_http_response *response, const char *name, char *out, size_t out_bytes) {
    size_t length = 0;
    const char *value = od__http_response_header(response, name, &length);
    if (out_bytes > 0)
        out[0] = '\0';
    if (value == NULL)
        return false;
    if (out_bytes == 0)
        return true;
    if (length > out_bytes - 1)
        length = out_bytes - 1;
    memcpy(out, value, length);
    out[length] = '\0';
    return true;
}
