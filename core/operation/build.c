#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "json/value.h"
#include "json/writer.h"
#include "operation/operation.h"

#define SCALAR_BYTES 32

/* Text of a value that travels outside of the body: borrowed from the value, or written into scratch. NULL for an
 * object, an array or null. */
static const char *plain_text(const od_value *value, char scratch[SCALAR_BYTES], size_t *length) {
    const char *text = scratch;
    switch (od_value_type(value)) {
    case OD_TYPE_STRING:
        *length = od_value_length(value);
        return od_value_string(value);
    case OD_TYPE_BOOLEAN: text = od_value_boolean(value) ? "true" : "false"; break;
    case OD_TYPE_INTEGER: (void)snprintf(scratch, SCALAR_BYTES, "%" PRId64, od_value_integer(value)); break;
    case OD_TYPE_NUMBER: (void)snprintf(scratch, SCALAR_BYTES, "%.15g", od_value_number(value)); break;
    default: return NULL;
    }
    *length = strlen(text);
    return text;
}

static const char *wire_name(const od_field *field) {
    return field->wire_name != NULL ? field->wire_name : field->name;
}

static od_status refuse(const od_field *field, const char *message, od_error *err) {
    char path[OD_ERROR_PATH_BYTES] = "";
    od__path_add(path, sizeof path, field->name);
    return od__error_at(err, OD_VALIDATION, path, "%s", message);
}

/* ---- URL ---- */

/* One segment of the path. What is empty or only dots would make another path of it. */
static od_status add_segment(od_buffer *url, const od_field *field, const od_value *value, od_error *err) {
    char scratch[SCALAR_BYTES];
    size_t length;
    const char *text = plain_text(value, scratch, &length);
    if (text == NULL)
        return refuse(field, "expected text for the path, got nothing", err);
    if (length == 0 || (length == 1 && text[0] == '.') || (length == 2 && text[0] == '.' && text[1] == '.')) {
        char message[64];
        (void)snprintf(message, sizeof message, "expected text for the path, got \"%s\"", text);
        return refuse(field, message, err);
    }
    od__uri_encode(url, text, length);
    return OD_OK;
}

static const od_field *field_named(const od_shape *shape, const char *name, size_t length) {
    for (const od_field *field = shape->fields; field->name != NULL; field++) {
        if (strncmp(field->name, name, length) == 0 && field->name[length] == '\0')
            return field;
    }
    return NULL;
}

/* The template with each {name} replaced by that field. */
static od_status add_path(od_buffer *url, const char *path, const od_shape *shape, const od_value *params, od_error *err) {
    for (;;) {
        size_t plain = strcspn(path, "{");
        od__buffer_add(url, path, plain);
        path += plain;
        if (*path == '\0')
            return OD_OK;
        size_t length = strcspn(++path, "}");
        const od_field *field = field_named(shape, path, length);
        if (field == NULL || path[length] == '\0')
            return od__error_set(err, OD_INTERNAL, "the path has {%.*s}, which is no field", (int)length, path);
        od_status status = add_segment(url, field, od_value_get(params, field->name), err);
        if (status != OD_OK)
            return status;
        path += length + 1;
    }
}

static od_status add_pair(od_buffer *url, const od_field *field, const od_value *value, char *before, od_error *err) {
    char scratch[SCALAR_BYTES];
    size_t length;
    const char *text = plain_text(value, scratch, &length);
    if (text == NULL)
        return refuse(field, "expected a plain value for the query", err);
    od__buffer_add_byte(url, *before);
    *before = '&';
    od__uri_encode(url, wire_name(field), strlen(wire_name(field)));
    od__buffer_add_byte(url, '=');
    od__uri_encode(url, text, length);
    return OD_OK;
}

/* A list is its name once for each element. */
static od_status add_query(od_buffer *url, const od_field *field, const od_value *value, char *before, od_error *err) {
    if (od_value_type(value) != OD_TYPE_ARRAY)
        return add_pair(url, field, value, before, err);
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && i < od_value_length(value); i++)
        status = add_pair(url, field, od_value_at(value, i), before, err);
    return status;
}

/* ---- headers ---- */

static od_status set_header(od_http_request *request, const od_field *field, const char *prefix, const od_value *value,
                            od_error *err) {
    char scratch[SCALAR_BYTES];
    size_t length;
    const char *text = plain_text(value, scratch, &length);
    if (text == NULL)
        return refuse(field, "expected a plain value for a header", err);
    if (strlen(text) != length)
        return refuse(field, "expected text without NUL characters", err);
    bool secret = field->shape != NULL && field->shape->sensitive;
    if (prefix == NULL)
        return od__http_request_set_header(request, wire_name(field), text, secret, err);
    od_buffer joined;
    od__buffer_init(&joined, OD_LIMIT_RESPONSE_HEADER_BYTES);
    od__buffer_add_text(&joined, prefix);
    od__buffer_add(&joined, text, length);
    const char *line = od__buffer_text(&joined);
    od_status status = joined.failed ? od__error_no_memory(err)
                                     : od__http_request_set_header(request, wire_name(field), line, secret, err);
    od__buffer_wipe(&joined);
    return status;
}

/* Headers that the operation has whatever its parameters are: constants and client options. */
static od_status add_fixed_headers(od_http_request *request, const od_field *headers, const od_value *options,
                                   od_error *err) {
    od_status status = OD_OK;
    for (const od_field *field = headers; status == OD_OK && field != NULL && field->name != NULL; field++) {
        const od_value *option = field->option != NULL ? od_value_get(options, field->option) : NULL;
        if (field->constant != NULL)
            status = od__http_request_set_header(request, wire_name(field), field->constant, false, err);
        else if (option != NULL)
            status = set_header(request, field, field->option_prefix, option, err);
        else if (field->required)
            status = refuse(field, "expected a value for a header, got nothing", err);
    }
    return status;
}

/* ---- body ---- */

/* Where a request's fields go, and what comes before the next pair of the query and the next member of the body. */
typedef struct building {
    od_http_request *request;
    od_json_writer body;
    char query, member;
} building;

/* Writes what comes before a member; name_quote: and the quote before its name. */
static void begin_member(building *to, bool name_quote) {
    const char begin[] = { to->member, '"' };
    od__json_raw(&to->body, begin, name_quote ? 2 : 1);
    to->member = ',';
}

/* Names of fields are ours, and need no escaping. */
static od_status add_member(building *to, const char *name, const od_value *value, od_error *err) {
    begin_member(to, true);
    od__json_raw(&to->body, name, strlen(name));
    od__json_raw(&to->body, "\":", 2);
    return od__json_value(&to->body, value, err);
}

/* Keys that are no field come from the caller. */
static od_status add_open_members(building *to, const od_shape *shape, const od_value *params, od_error *err) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    od_status status = OD_OK;
    while (status == OD_OK && od_value_next(params, &cursor, &key, &member)) {
        if (od__shape_field(shape, key) != NULL)
            continue;
        begin_member(to, false);
        od__json_string(&to->body, key, strlen(key));
        od__json_raw(&to->body, ":", 1);
        status = od__json_value(&to->body, member, err);
    }
    return status;
}

/* ---- all of it ---- */

static od_status add_field(building *to, const od_field *field, const od_value *value, od_error *err) {
    switch (field->place) {
    case OD_PLACE_BODY: return to->request->has_body ? add_member(to, wire_name(field), value, err) : OD_OK;
    case OD_PLACE_QUERY: return add_query(&to->request->url, field, value, &to->query, err);
    case OD_PLACE_HEADER: return set_header(to->request, field, NULL, value, err);
    case OD_PLACE_PATH:
    case OD_PLACE_NOWHERE: break;
    }
    return OD_OK;
}

/* A body over its limit is the caller's doing; only then is it no lack of memory. */
static od_status check_buffers(const od_http_request *request, od_error *err) {
    if (request->url.over_limit)
        return od__error_set(err, OD_VALIDATION, "the URL is longer than %u bytes", OD_LIMIT_URL_BYTES);
    if (request->body.over_limit)
        return od__error_set(err, OD_VALIDATION, "the request body is longer than %u bytes", OD_LIMIT_REQUEST_BYTES);
    return request->url.failed || request->body.failed ? od__error_no_memory(err) : OD_OK;
}

static od_status add_fields(building *to, const od_shape *shape, const od_value *params, od_error *err) {
    const od_value *values[OD_LIMIT_FIELDS];
    od_status status = OD_OK;
    od__shape_gather(shape, params, values);
    for (size_t i = 0; status == OD_OK && i < OD_LIMIT_FIELDS && shape->fields[i].name != NULL; i++) {
        if (values[i] != NULL)
            status = add_field(to, &shape->fields[i], values[i], err);
    }
    if (status == OD_OK && to->request->has_body) {
        if (shape->open)
            status = add_open_members(to, shape, params, err);
        if (to->member == '{')
            od__json_raw(&to->body, "{", 1);
        od__json_raw(&to->body, "}", 1);
    }
    return status;
}

static od_status place_fields(od_http_request *request, const od_shape *shape, const od_value *params, od_error *err) {
    building to; /* set one by one: its writer has a kilobyte that needs no zeroing */
    to.request = request;
    to.query = strchr(od__buffer_text(&request->url), '?') != NULL ? '&' : '?';
    to.member = '{';
    od_error own; /* a full buffer says out_of_memory; check_buffers knows better */
    od__error_init(&own);
    od__json_begin(&to.body, &request->body);
    od_status status = add_fields(&to, shape, params, &own);
    od__json_end(&to.body);
    if (status == OD_OK || status == OD_OUT_OF_MEMORY) {
        od_status full = check_buffers(request, err);
        if (full != OD_OK)
            return full;
    }
    if (status != OD_OK)
        (void)od__error_at(err, own.code, own.path, "%s", own.message);
    return status;
}

od_status od__operation_build(const od_operation *operation, const char *base_url, const od_value *options,
                              const od_value *params, od_http_request *request, od_error *err) {
    const od_shape *shape = od__shape_chosen(operation->input, params);
    if (shape == NULL)
        return od__error_set(err, OD_INTERNAL, "the parameters choose no kind of %s", operation->name);
    memcpy(request->method, operation->method, strnlen(operation->method, sizeof request->method - 1));
    od__buffer_add_text(&request->url, base_url);
    od_status status = add_path(&request->url, operation->path, shape, params, err);
    if (status == OD_OK && operation->content_type != NULL) {
        request->has_body = true;
        status = od__http_request_set_header(request, "Content-Type", operation->content_type, false, err);
    }
    if (status == OD_OK)
        status = add_fixed_headers(request, operation->headers, options, err);
    return status == OD_OK ? place_fields(request, shape, params, err) : status;
}
