/* Everything but sending: what a call would look like on the wire, without what is secret. */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "base/join.h"
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

static od_status set_text(od_value *object, const char *key, const char *text, od_error *err) {
    return od_value_set(object, key, od_value_new_string(text), err);
}

static od_status describe_body(const od_operation *operation, const od_http_request *request, od_value **out,
                               od_error *err) {
    const char *text = od__buffer_text(&request->body);
    if (operation->content_type != NULL && strstr(operation->content_type, "json") != NULL)
        return od_value_parse(text, request->body.length, out, err);
    *out = od_value_new_string_n(text, request->body.length);
    return *out != NULL ? OD_OK : od__error_no_memory(err);
}

/* Adds { method, url, headers, body }; exact: the body is the very text that is sent. */
static od_status describe(const od_operation *operation, const od_http_request *request, bool exact, od_value *result,
                          od_error *err) {
    od_value *headers = NULL, *body = NULL;
    od_status status = set_text(result, "method", request->method, err);
    if (status == OD_OK)
        status = set_text(result, "url", od__buffer_text(&request->url), err);
    if (status == OD_OK)
        status = describe_headers(request, &headers, err);
    if (status == OD_OK)
        status = od_value_set(result, "headers", headers, err);
    if (status != OD_OK || !request->has_body || request->body.length == 0)
        return status;
    if (exact)
        body = od_value_new_string_n(od__buffer_text(&request->body), request->body.length);
    else
        status = describe_body(operation, request, &body, err);
    return status == OD_OK ? od_value_set(result, "body", body, err) : status;
}

static od_status finish(od_status status, od_value *result, od_value **out) {
    if (status == OD_OK)
        *out = result;
    else
        od_value_unref(result);
    return status;
}

/* ---- how a neutral call counts ---- */

/* The field is in the parameters once they are made into a request; before, it may come from the client's options. */
static const char *where_of(const od_prepared *self, const char *name) {
    const od_value *value = od_value_get(self->parameters, name);
    const od_field *field = value == NULL ? od__shape_field(self->operation->input, name) : NULL;
    if (field != NULL && field->option != NULL)
        value = od_value_get(self->client->options, field->option);
    return od_value_string(value);
}

/* A call that was sent to one place is not looked for in another (R22), which would prove nothing. */
static od_status add_where(const od_prepared *self, char account[OD_LIMIT_ACCOUNT_BYTES], od_error *err) {
    const char *const *field = self->client->vendor->where;
    for (size_t length = strlen(account); field != NULL && *field != NULL; field++) {
        const char *text = where_of(self, *field);
        const char *const texts[] = { " ", text, NULL };
        size_t added = text != NULL ? od__join(account + length, OD_LIMIT_ACCOUNT_BYTES - length, texts) : 0;
        length += added;
        if (length >= OD_LIMIT_ACCOUNT_BYTES)
            return od__error_set(err, OD_VALIDATION, "%s makes the account's name longer than %d bytes", *field,
                                 OD_LIMIT_ACCOUNT_BYTES - 1);
    }
    return OD_OK;
}

/* The environment may have another account by the next call. */
static od_status write_account(const od_prepared *self, od_prepared_facts *out, od_error *err) {
    od_status status = od__client_account(self->client, out->account, err);
    if (status == OD_OK)
        status = od__client_bucket(self->client, self->operation, out->account, out->bucket, err);
    return status == OD_OK ? add_where(self, out->account, err) : status;
}

od_status od__client_account_of(od_client *client, od_value *call, char out[OD_LIMIT_ACCOUNT_BYTES], od_error *err) {
    od_prepared planned;
    od_status status = od__prepared_plan(&planned, client, call, err);
    if (status != OD_OK)
        return status;
    status = od__client_account(client, out, err);
    if (status == OD_OK)
        status = add_where(&planned, out, err);
    od__prepared_clear(&planned);
    return status;
}

od_handoff od__prepared_handoff(const od_prepared *self) {
    const od_vendor *vendor = self->client != NULL ? self->client->vendor : NULL;
    return vendor != NULL && vendor->handoff != NULL ? vendor->handoff(self->operation, self->parameters) : OD_HANDOFF_NONE;
}

od_status od__prepared_facts(const od_prepared *self, od_prepared_facts *out, od_error *err) {
    od_status status = od__prepared_check(self, err);
    if (status != OD_OK)
        return status;
    out->has_rate = od__client_placing_rate(self->client, self->operation, &out->rate);
    out->handoff = od__prepared_handoff(self);
    return write_account(self, out, err);
}

static od_status describe_facts(const od_prepared_facts *facts, od_value *result, od_error *err) {
    od_status status = set_text(result, "account", facts->account, err);
    if (status == OD_OK)
        status = set_text(result, "bucket", facts->bucket, err);
    if (status == OD_OK && facts->has_rate)
        status = od_value_set(result, "per_second", od_value_new_number(facts->rate.per_second), err);
    if (status == OD_OK && facts->has_rate)
        status = od_value_set(result, "burst", od_value_new_integer(facts->rate.burst), err);
    if (status == OD_OK && facts->handoff != OD_HANDOFF_NONE)
        status = od_value_set(result, "hands_off", od_value_new_boolean(true), err);
    if (status == OD_OK && facts->handoff == OD_HANDOFF_UNBOUNDED)
        status = od_value_set(result, "hands_off_unbounded", od_value_new_boolean(true), err);
    return status;
}

/* ---- a neutral call that is prepared ---- */

static od_status set_operation(const od_prepared *self, od_value *result, od_error *err) {
    return set_text(result, "operation", self->operation->name, err);
}

static od_status set_token(const od_prepared *self, od_value *result, od_error *err) {
    return od_value_set(result, "token", od_value_ref(self->placing.token), err);
}

od_status od_prepared_describe(const od_prepared *self, od_value **out, od_error *err) {
    od_prepared_facts facts;
    od_status status = od__prepared_facts(self, &facts, err);
    if (status != OD_OK)
        return status;
    od_value *result = od_value_new_object();
    status = result != NULL ? set_operation(self, result, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = describe(self->operation, &self->request, true, result, err);
    if (status == OD_OK)
        status = set_token(self, result, err);
    if (status == OD_OK)
        status = describe_facts(&facts, result, err);
    return finish(status, result, out);
}

od_status od__prepared_read(const od_prepared *self, od_value **out, od_error *err) {
    od_status status = od__prepared_check(self, err);
    if (status != OD_OK)
        return status;
    od_value *result = od_value_new_object();
    status = result != NULL ? describe(self->operation, &self->request, false, result, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = set_operation(self, result, err);
    if (status == OD_OK)
        status = set_token(self, result, err);
    return finish(status, result, out);
}

static od_value *sent_text(const od_buffer *text) {
    return od__value_text(od__buffer_text(text), text->length);
}

static od_value *new_sent(const od_http_request *request) {
    bool has_body = request->has_body && request->body.length > 0;
    od_value *sent = od__value_new_object_for(3, sizeof("method") + sizeof("url") + sizeof("body"));
    if (sent != NULL && od__value_put_member(sent, "method", od__value_text(request->method, strlen(request->method))) &&
        od__value_put_member(sent, "url", sent_text(&request->url)) && (!has_body || od__value_put_member(sent, "body", sent_text(&request->body))))
        return sent;
    od_value_unref(sent);
    return NULL;
}

/* { request, call }; NULL when memory runs out. */
static od_value *new_record(const od_prepared *self) {
    od_value *record = od__value_new_object_for(2, sizeof("request") + sizeof("call"));
    if (record != NULL && od__value_put_member(record, "request", new_sent(&self->request)) &&
        od__value_put_member(record, "call", od_value_ref(self->call)))
        return record;
    od_value_unref(record);
    return NULL;
}

static od_value *new_rate(const od_prepared_facts *facts) {
    od_value *rate = od__value_new_object_for(3, sizeof("bucket") + sizeof("per_second") + sizeof("burst"));
    if (rate != NULL && od__value_put_member(rate, "bucket", od_value_new_string(facts->bucket)) &&
        od__value_put_member(rate, "per_second", od_value_new_number(facts->rate.per_second)) &&
        od__value_put_member(rate, "burst", od_value_new_integer(facts->rate.burst)))
        return rate;
    od_value_unref(rate);
    return NULL;
}

static bool put_counts(od_value *call, const od_prepared_facts *facts) {
    return od__value_put_member(call, "account", od_value_new_string(facts->account)) &&
           (!facts->has_rate || od__value_put_member(call, "rate", new_rate(facts))) &&
           (facts->handoff == OD_HANDOFF_NONE || od__value_put_member(call, "hands_off", od_value_new_boolean(true))) &&
           (facts->handoff != OD_HANDOFF_UNBOUNDED ||
            od__value_put_member(call, "hands_off_unbounded", od_value_new_boolean(true)));
}

od_status od__prepared_call(const od_prepared *self, od_value **out, od_error *err) {
    od_prepared_facts facts;
    od_status status = od__prepared_facts(self, &facts, err);
    if (status != OD_OK)
        return status;
    od_value *call = od__value_new_object_for(6, sizeof("number account rate hands_off hands_off_unbounded record"));
    if (call != NULL && od__value_put_member(call, "number", od_value_ref(self->placing.to)) && put_counts(call, &facts) &&
        od__value_put_member(call, "record", new_record(self))) {
        *out = call;
        return OD_OK;
    }
    od_value_unref(call);
    return od__error_no_memory(err);
}

od_status od_prepared_record(const od_prepared *self, char **out, od_error *err) {
    *out = NULL;
    od_value *record = NULL;
    od_status status = od__prepared_check(self, err);
    if (status == OD_OK && (record = new_record(self)) == NULL)
        status = od__error_no_memory(err);
    if (status != OD_OK)
        return status;
    size_t length = 0;
    status = od_value_format(record, out, &length, err);
    od_value_unref(record);
    if (status == OD_OK && length > OD_LIMIT_RECORD_BYTES) {
        od_text_free(*out);
        *out = NULL;
        return od__error_no_memory(err);
    }
    return status;
}

/* ---- by name ---- */

/* call is taken. */
static od_status prepare_call(od_client *client, od_value *call, od_value **out, od_error *err) {
    od_prepared prepared;
    od_status status = od__prepared_make(&prepared, client, call, err);
    if (status != OD_OK)
        return status;
    status = od__prepared_read(&prepared, out, err);
    od__prepared_clear(&prepared);
    return status;
}

/* parameters are taken. */
static od_status prepare(od_client *client, const od_operation *operation, od_value *parameters, od_value **out,
                         od_error *err) {
    od_http_request request;
    od__http_request_init(&request);
    od_status status = od__client_request(client, operation, parameters, &request, err);
    od_value *result = status == OD_OK ? od_value_new_object() : NULL;
    if (status == OD_OK)
        status = result != NULL ? describe(operation, &request, false, result, err) : od__error_no_memory(err);
    od__http_request_clear(&request);
    od_value_unref(parameters);
    return finish(status, result, out);
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
    return neutral ? prepare_call(client, copy, out, err) : prepare(client, found, copy, out, err);
}
