/* transport/http: one HTTP request and its answer as plain data. Nothing here sends or parses. */
#ifndef OD_TRANSPORT_HTTP_H
#define OD_TRANSPORT_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/limits.h"
#include <outdial.h>

#pragma GCC visibility push(hidden)

typedef struct od_header {
    char *name;
    char *line;        /* "Name: value", or "Name;" for one without a value: as libcurl takes it */
    const char *value; /* in line */
    bool secret;  /* wiped when freed; left out of od_client_prepare and of logs */
} od_header;

#define OD_HTTP_ROOM_BYTES 640  /* enough for the headers of a signed request */

/* It is never assigned: its headers may point into it. */
typedef struct od_http_request {
    char method[8];
    od_buffer url;    /* absolute; path and query already percent-encoded */
    od_header headers[OD_LIMIT_HEADERS];
    size_t header_count;
    size_t room_used;
    char room[OD_HTTP_ROOM_BYTES];  /* for the texts of the first headers; those of later ones are on the heap */
    od_buffer body;
    bool has_body;    /* an empty body is sent with Content-Length: 0 */
} od_http_request;

typedef struct od_http_response {
    int status;       /* 0: there was no answer */
    od_buffer headers;/* "Name: value" lines as they came, LF between; of the last answer only (no 1xx) */
    od_buffer body;
} od_http_response;

void od__http_request_init(od_http_request *request);
void od__http_request_clear(od_http_request *request);
/* Makes `to` (initialised, and empty) what from is, which is empty afterwards. */
void od__http_request_move(od_http_request *to, od_http_request *from);
/* The same, and from stays as it is. Errors: out_of_memory; then `to` is empty. */
od_status od__http_request_copy(od_http_request *to, const od_http_request *from, od_error *err);
/* Sets a header, replacing one of the same name (without regard to case). name and value are copied; refuses (as
 * validation) CR, LF, NUL and other control bytes in either. Errors: validation, out_of_memory. */
od_status od__http_request_set_header(od_http_request *request, const char *name, const char *value, bool secret,
                                      od_error *err);
void od__http_request_remove_header(od_http_request *request, const char *name);
const char *od__http_request_header(const od_http_request *request, const char *name); /* borrowed; NULL if absent */

void od__http_response_init(od_http_response *response);
void od__http_response_clear(od_http_response *response);
/* Finds a header's value (the first of that name, without regard to case), without surrounding blanks; NULL if absent.
 * Borrowed, not NUL-terminated: *length_bytes long. */
const char *od__http_response_header(const od_http_response *response, const char *name, size_t *length_bytes);
/* The same, copied into out (cut to fit, NUL-terminated); returns false if absent. */
bool od__http_response_copy_header(const od_http_response *response, const char *name, char *out, size_t out_bytes);

#pragma GCC visibility pop
#endif
