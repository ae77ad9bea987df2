#include "credentials/fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "credentials/internal.h"

static od_status open_transports(od_fetch *fetch, const od_credential_setup *setup, od_error *err) {
    if (setup->make_transport == NULL)
        return od__error_set(err, OD_INTERNAL, "there is no network for credentials");
    const od_curl_options options = {
        .ca_file = setup->ca_file,
        .connect_timeout_ms = fetch->options.connect_timeout_ms,
        .response_limit_bytes = OD_CREDENTIAL_ANSWER_BYTES,
        .direct = fetch->options.direct,
        .allow_address = fetch->options.allow_address,
    };
    od_status status = setup->make_transport(setup->make_transport_context, &options, &fetch->network, err);
    if (status != OD_OK)
        return status;
    od_retry_options retry = OD_RETRY_OPTIONS_INIT;
    retry.max_attempts = fetch->options.max_attempts;
    status = od__retry_transport_new(setup->loop, setup->clock, &retry, fetch->network, &fetch->retry, err);
    if (status != OD_OK) {
        od__transport_free(fetch->network);
        fetch->network = NULL;
    }
    return status;
}

od_status od__fetch_begin(od_fetch *fetch, const od_credential_setup *setup, const od_fetch_options *options,
                          const char *method, const char *url, od_http_request **request, od_error *err) {
    if (fetch->retry == NULL) {
        fetch->options = *options;
        od_status status = open_transports(fetch, setup, err);
        if (status != OD_OK)
            return status;
        od__exchange_init(&fetch->exchange);
    }
    od__exchange_clear(&fetch->exchange);
    od__exchange_init(&fetch->exchange);
    od_http_request *http = &fetch->exchange.request;
    snprintf(http->method, sizeof(http->method), "%s", method);
    od__buffer_add_text(&http->url, url);
    if (http->url.failed)
        return http->url.over_limit ? od__error_set(err, OD_AUTHENTICATION, "a URL is longer than %u bytes",
                                                    OD_LIMIT_URL_BYTES)
                                    : od__error_no_memory(err);
    *request = http;
    return OD_OK;
}

static void judge(void *context, od_exchange *exchange) {
    const od_fetch *fetch = context;
    int status = exchange->response.status;
    if (status == 0)
        return; /* the network has said what happened, and whether to try again */
    exchange->again = OD_AGAIN_NO;
    if (status == 429)
        exchange->again = OD_AGAIN_THROTTLED;
    else if (status >= 500 ||
             (fetch->options.is_transient != NULL && fetch->options.is_transient(&exchange->response)))
        exchange->again = OD_AGAIN_TRANSIENT;
    /* Only what has an error is tried again; what it is called is the source's to say. */
    if (exchange->again != OD_AGAIN_NO)
        od__error_set(&exchange->error, OD_UNAVAILABLE, "HTTP %d", status);
}

static void finished(void *context, od_exchange *exchange) {
    od_fetch *fetch = context;
    (void)exchange;
    fetch->running = false;
    fetch->done(fetch->context);
}

void od__fetch_send(od_fetch *fetch, od_repeat repeat, void (*done)(void *context), void *context) {
    od_exchange *exchange = &fetch->exchange;
    exchange->repeat = repeat;
    exchange->timeout_ms = fetch->options.timeout_ms;
    exchange->judge = judge;
    exchange->context = fetch;
    fetch->done = done;
    fetch->context = context;
    fetch->running = true;
    od__exchange_push(exchange, finished, fetch);
    od__transport_send(fetch->retry, exchange);
}

bool od__fetch_answered(const od_fetch *fetch, const char *source, od_error *err) {
    const od_exchange *exchange = &fetch->exchange;
    if (exchange->response.status != 0)
        return true;
    (void)od__error_set(err, exchange->error.code != OD_OK ? exchange->error.code : OD_PROTOCOL, "%s: %s", source,
                        exchange->error.message);
    if (err != NULL)
        err->retryable = exchange->error.retryable;
    return false;
}

od_status od__fetch_refused(const od_fetch *fetch, const char *source, const char *vendor_code, const char *message,
                            od_error *err) {
    int http = fetch->exchange.response.status;
    bool silent = message == NULL || message[0] == '\0';
    od_status code = http == 429 ? OD_THROTTLED : http >= 500 ? OD_UNAVAILABLE : OD_AUTHENTICATION;
    bool first = err != NULL && err->code == OD_OK;
    (void)od__error_set(err, code, "%s: HTTP %d%s%s%s%.300s", source, http,
                        vendor_code != NULL && vendor_code[0] != '\0' ? " " : "", vendor_code != NULL ? vendor_code : "",
                        silent ? "" : ": ", silent ? "" : message);
    if (first) {
        err->http_status = http;
        err->retryable = code != OD_AUTHENTICATION;
    }
    return code;
}

void od__fetch_close(od_fetch *fetch) {
    if (fetch->retry == NULL)
        return;
    if (fetch->running)
        od__exchange_cancel(&fetch->exchange, OD_CLOSED, "closed");
    od__exchange_clear(&fetch->exchange);
    od__transport_free(fetch->retry);
    od__transport_free(fetch->network);
    fetch->retry = fetch->network = NULL;
}
