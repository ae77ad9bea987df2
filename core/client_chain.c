/* A client as such: made of its options and a chain of layers, freed with what is pending, and what it says unasked. */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"

#define LOG_BYTES 512

/* ---- what a client says without being asked ---- */

void od_client_set_log(od_client *client, void (*log)(void *context, od_log_level level, const char *text),
                       void *context) {
    client->log = log;
    client->log_context = context;
}

void od__client_log(const od_client *client, od_log_level level, const char *format, ...) {
    if (client->log == NULL)
        return;
    char raw[LOG_BYTES], text[LOG_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    od__error_clean(text, sizeof(text), raw, strlen(raw));
    client->log(client->log_context, level, text);
}

static void notice_retry(void *context, const od_exchange *exchange, int64_t delay_ms) {
    const od_client *client = context;
    const od_client_call *call = exchange->context;
    char why[LOG_BYTES];
    if (client->log == NULL)
        return;
    od_error_format(&exchange->error, why, sizeof(why));
    od__client_log(client, OD_LOG_INFO, "%s: try %d failed, again in %lld ms: %s", call->operation->name,
                   exchange->attempts, (long long)delay_ms, why);
}

/* ---- clients ---- */

/* The bottom layer of whatever sends on this engine. */
static od_status make_network(void *context, const od_curl_options *options, od_transport **out, od_error *err) {
    const od_engine *engine = context;
    return engine->make_transport != NULL ? engine->make_transport(engine->make_transport_context, options, out, err)
                                          : od__curl_transport_new(engine->network, options, out, err);
}

static void warn(void *context, const char *text) {
    od__client_log(context, OD_LOG_WARNING, "credentials: %s", text);
}

static od_transport *below_learned(const od_client *client) {
    return client->rate != NULL ? client->rate : client->authorizing;
}

/* From the bottom up: curl, authorizing, rate, adaptive, retry. What is made already is in the client, to be freed with it. */
static od_status make_chain(od_client *client, od_error *err) {
    od_engine *engine = client->engine;
    const od_client_plan *plan = &client->plan;
    const od_curl_options network = {
        .ca_file = plan->ca_file,
        .connect_timeout_ms = plan->connect_timeout_ms,
        .response_limit_bytes = OD_LIMIT_RESPONSE_BYTES,
        .cookies = client->vendor->cookies,
    };
    od_status status = make_network(engine, &network, &client->network, err);
    if (status == OD_OK && client->vendor->authorizer != NULL) {
        const od_authorizer_setup setup = {
            .options = client->options, .base_url = plan->base_url, .loop = engine->loop, .clock = &engine->clock,
            .network = client->network, .timeout_ms = plan->timeout_ms,
            .make_transport = make_network, .make_transport_context = engine, .get_env = engine->get_env,
            .warn = warn, .warn_context = client,
        };
        status = client->vendor->authorizer->make(client->vendor->authorizer, &setup, &client->authorizer, err);
    }
    if (status == OD_OK)
        status = od__authorizing_transport_new(engine->loop, client->authorizer, client->network, &client->authorizing,
                                               err);
    if (status == OD_OK && !plan->rate_off)
        status = od__rate_transport_new(engine->loop, plan->rate_given ? &plan->rate : NULL, client->authorizing,
                                        &client->rate, err);
    if (status == OD_OK && client->rate != NULL)
        od__authorizing_transport_pace(client->authorizing, client->rate);
    if (status == OD_OK && plan->adaptive)
        status = od__adaptive_transport_new(engine->loop, below_learned(client), &client->adaptive, err);
    if (status == OD_OK) {
        od_retry_options retry = OD_RETRY_OPTIONS_INIT;
        retry.max_attempts = plan->max_attempts;
        retry.notice = notice_retry;
        retry.notice_context = client;
        retry.adaptive = client->adaptive;
        status = od__retry_transport_new(engine->loop, &engine->clock, &retry,
                                         client->adaptive != NULL ? client->adaptive : below_learned(client),
                                         &client->retry, err);
    }
    return status;
}

static void free_client(od_client *client) {
    od__transport_free(client->retry);
    od__transport_free(client->adaptive);
    od__transport_free(client->rate);
    od__transport_free(client->authorizing);
    od__authorizer_free(client->authorizer);
    od__transport_free(client->network);
    od__client_plan_clear(&client->plan);
    if (client->options != NULL)
        od__value_wipe(client->options);  /* and lets go of it */
    od__free(client);
}

od_status od_client_new(od_engine *engine, const od_vendor *vendor, const od_value *options, od_client **out,
                        od_error *err) {
    *out = NULL;
    if (vendor == NULL)
        return od__error_set(err, OD_VALIDATION, "no such vendor");
    od_client *client = od__calloc(1, sizeof(*client));
    if (client == NULL)
        return od__error_no_memory(err);
    client->engine = engine;
    client->vendor = vendor;
    client->options = options != NULL ? od__value_copy(options) : od_value_new_object();
    od_status status = client->options != NULL
                           ? od__client_options_fill(vendor, client->options, engine->get_env, err)
                           : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__options_validate(vendor, client->options, err);
    if (status == OD_OK)
        status = od__client_plan_read(vendor, client->options, engine->get_env, &client->plan, err);
    if (status == OD_OK)
        status = make_chain(client, err);
    if (status != OD_OK) {
        free_client(client);
        return status;
    }
    engine->clients++;
    *out = client;
    return OD_OK;
}

void od_client_free(od_client *client) {
    if (client == NULL)
        return;
    od__follow_close(client, OD_CLOSED);
    od__stages_close(client, OD_CLOSED);
    od__prepared_close(client);
    od__hearing_free(client);
    while (client->calls != NULL)
        client->calls->base.kind->cancel(&client->calls->base, OD_CLOSED);
    client->engine->clients--;
    free_client(client);
}

const od_vendor *od_client_vendor(const od_client *client) {
    return client->vendor;
}

od_engine *od_client_engine(const od_client *client) {
    return client->engine;
}
