/* Everything but sending: what a call would look like on the wire, without what is secret. */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "json/value.h"

/* An authorization is all secret and may need the network, so none is made here. */
static od_status describe_headers(const od_http_request *request, od_value **out, od_error *err) {
    od_value *headers = od_value_new_object();
    od_status status = headers != NULL ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; i < request->header_count && status == OD_OK; i++) {
        const od_header *header = &request->headers[i];
        if (!header->secret)
            status = od_value_set(headers, header->name, od_value_new_string(header->value), err);
    }
    if (status != OD_OK) {
        od_value_unref(headers);
        return status;
    }
    *out = headers;
    return OD_OK;
}

static od_status describe_body(const od_operation *operation, const od_http_request *request, od_value **out,
                               od_error *err) {
    const char *text = od__buffer_text(&request->body);
    if (operation->content_type != NULL && strstr(operation->content_type, "json") != NULL)
        return od_value_parse(text, request->body.length, out, err);
    *out = od_value_new_string_n(text, request->body.length);
    return *out != NULL ? OD_OK : od__error_no_memory(err);
}

static od_status describe(const od_operation *operation, const od_http_request *request, od_value **out, od_error *err) {
    od_value *result = od_value_new_object(), *headers = NULL, *body = NULL;
    od_status status = result != NULL ? OD_OK : od__error_no_memory(err);
    if (status == OD_OK)
        status = od_value_set(result, "method", od_value_new_string(request->method), err);
    if (status == OD_OK)
        status = od_value_set(result, "url", od_value_new_string(od__buffer_text(&request->url)), err);
    if (status == OD_OK)
        status = describe_headers(request, &headers, err);
    if (status == OD_OK)
        status = od_value_set(result, "headers", headers, err);
    if (status == OD_OK && request->has_body && request->body.length > 0) {
        status = describe_body(operation, request, &body, err);
        if (status == OD_OK)
            status = od_value_set(result, "body", body, err);
    }
    if (status != OD_OK) {
        od_value_unref(result);
        return status;
    }
    *out = result;
    return OD_OK;
}

/* parameters are changed. */
static od_status prepare(od_client *client, const od_operation *operation, od_value *parameters, od_value **out,
                         od_error *err) {
    od_http_request request;
    od__http_request_init(&request);
    od_status status = od__client_request(client, operation, parameters, &request, err);
    if (status == OD_OK)
        status = describe(operation, &request, out, err);
    od__http_request_clear(&request);
    return status;
}

/* A neutral call: also which operation it comes to, and the token that it would have. */
static od_status prepare_call(od_client *client, od_value *call, od_value **out, od_error *err) {
    od_placing placing;
    const od_operation *operation = NULL;
    od_value *parameters = NULL, *made = NULL;
    od_status status = od__client_read_call(client, call, &placing, &operation, &parameters, err);
    if (status != OD_OK)
        return status;
    status = prepare(client, operation, parameters, &made, err);
    if (status == OD_OK)
        status = od_value_set(made, "operation", od_value_new_string(operation->name), err);
    if (status == OD_OK)
        status = od_value_set(made, "token", od_value_new_string(placing.token), err);
    od_value_unref(parameters);
    od__placing_clear(&placing);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    *out = made;
    return OD_OK;
}

od_status od_client_prepare(od_client *client, const char *operation, const od_value *parameters, od_value **out,
                            od_error *err) {
    const od_operation *found = NULL;
    bool neutral = strcmp(operation, "place_call") == 0;
    od_status status = neutral ? OD_OK : od__client_operation(client, operation, &found, err);
    if (status != OD_OK)
        return status;
    od_value *copy = parameters != NULL ? od__value_copy(parameters) : od_value_new_object();
    if (copy == NULL)
        return od__error_no_memory(err);
    status = neutral ? prepare_call(client, copy, out, err) : prepare(client, found, copy, out, err);
    od_value_unref(copy);
    return status;
}
