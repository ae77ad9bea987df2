/* One request and its answer, whatever they say; and who is told. */
#include "notifications/cometd_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define LOG_BYTES 640

/* ---- telling ---- */

void od__cometd_log(const od_cometd *self, od_log_level level, const char *what, const od_error *error, int64_t pause_ms) {
    char why[LOG_BYTES] = "", text[2 * LOG_BYTES];
    if (error != NULL)
        od_error_format(error, why, sizeof(why));
    if (pause_ms >= 0)
        snprintf(text, sizeof(text), "notifications: %s failed, again in %" PRId64 " ms: %s", what, pause_ms, why);
    else
        snprintf(text, sizeof(text), "notifications: %s%s%s", what, why[0] != '\0' ? ": " : "", why);
    self->setup.log(self->setup.context, level, text);
}

void od__cometd_set_connected(od_cometd *self, bool connected) {
    self->connected = connected;
    self->setup.changed(self->setup.context);
}

/* ---- asking ---- */

void od__cometd_next_id(od_cometd *self, char out[OD_BAYEUX_ID_BYTES]) {
    snprintf(out, OD_BAYEUX_ID_BYTES, "%" PRIu64, ++self->last_id);
}

od_buffer *od__cometd_begin(od_exchange *exchange) {
    od__exchange_init(exchange);
    od_buffer *body = &exchange->request.body;
    exchange->request.has_body = true;
    od__bayeux_begin(body);
    return body;
}

/* Sends what begin began. On failure nothing is on its way, and exchange->error says why. */
od_status od__cometd_send(od_cometd *self, od_exchange *exchange, int64_t timeout_ms,
                      void (*finished)(void *context, od_exchange *exchange)) {
    od_http_request *request = &exchange->request;
    od_error *err = &exchange->error;
    od__bayeux_end(&request->body);
    memcpy(request->method, "POST", sizeof("POST"));
    od__buffer_add_text(&request->url, self->url);
    od_status status = request->url.failed || request->body.failed ? od__error_no_memory(err) : OD_OK;
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Content-Type", "application/json;charset=UTF-8", false, err);
    if (status == OD_OK)
        status = od__http_request_set_header(request, "Accept", "application/json", false, err);
    if (status != OD_OK)
        return status;
    exchange->long_poll = true;
    exchange->timeout_ms = timeout_ms;
    /* Without the extension an answer may carry events that a second one does not: then libcurl must not ask twice
     * unseen. */
    exchange->repeat = self->acknowledges ? OD_REPEAT_SAFE : OD_REPEAT_NEVER;
    od__exchange_push(exchange, finished, self);
    od__transport_send(self->setup.transport, exchange);
    return OD_OK;
}

/* Reads what came and lets the exchange go. */
void od__cometd_read_answer(od_exchange *exchange, od_cometd_answer *out) {
    const od_http_response *response = &exchange->response;
    memset(out, 0, sizeof(*out));
    od__error_clear(&out->error);
    out->sent = exchange->sent;
    out->generation = exchange->auth_generation;
    int http = response->status;
    out->wrong_user = exchange->error.code == OD_AUTHENTICATION;
    out->refused = http == 401 || http == 403 || out->wrong_user;
    if (exchange->error.code != OD_OK)
        out->error = exchange->error;
    else if (out->refused)
        od__error_set(&out->error, OD_AUTHENTICATION, "the server refused the session (HTTP %d)", http);
    else if (http != 200)
        od__error_set(&out->error, OD_UNAVAILABLE, "the server answered HTTP %d", http);
    else
        (void)od__bayeux_parse(od__buffer_text(&response->body), response->body.length, &out->messages, &out->error);
    out->error.http_status = http;
    od__exchange_clear(exchange);
}

/* An error for a reply that was not successful. */
void od__cometd_set_refusal(od_error *error, const od_bayeux_message *reply, const char *what) {
    od_status code = OD_REJECTED;
    if (reply->error_number == 401)
        code = OD_AUTHENTICATION;
    else if (reply->error_number == 403)
        code = OD_PERMISSION;
    od__error_set(error, code, "%s: %s", what, reply->error_text[0] != '\0' ? reply->error_text : "not successful");
    if (reply->error_number != 0)
        snprintf(error->vendor_code, sizeof(error->vendor_code), "%d", reply->error_number);
}

/* The server does not know us: told by the advice, by 402, or, as faye does, by 401 and our id. */
bool od__cometd_is_lost(const od_cometd *self, const od_bayeux_message *reply) {
    if (reply->successful)
        return false;
    return (reply->has_advice && reply->advice.reconnect == OD_BAYEUX_REHANDSHAKE) ||
           reply->error_number == OD_BAYEUX_UNKNOWN_CLIENT ||
           (reply->error_number == 401 && strcmp(reply->error_arguments, self->client_id) == 0);
}

void od__cometd_tell_resync(od_cometd *self) {
    if (!self->gap)
        return;
    self->gap = false;
    od__cometd_log(self, OD_LOG_WARNING, "events may have been lost", NULL, -1);
    self->setup.resync(self->setup.context);
}

/* Returns whether there were events. */
bool od__cometd_tell_events(od_cometd *self, const od_cometd_answer *a) {
    bool any = false;
    od_bayeux_message message;
    for (size_t i = 0; i < od_value_length(a->messages); i++) {
        od__bayeux_read(a->messages, i, &message);
        if (message.kind != OD_BAYEUX_EVENT)
            continue;
        od__cometd_tell_resync(self);
        any = true;
        self->setup.event(self->setup.context, message.channel, message.data);
    }
    return any;
}

