/* The life of one call: fill, validate, build, send, judge each try, finish. */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"

static void release_call(od_client_call *call) {
    od__exchange_clear(&call->exchange);
    od_value_unref(call->parameters);
    od_value_unref(call->answer);
    od__placing_clear(&call->placing);
    call->parameters = call->answer = NULL;
}

static void list_call(od_client *client, od_client_call *call) {
    call->next = client->calls;
    if (call->next != NULL)
        call->next->previous = call;
    client->calls = call;
}

static void unlist_call(od_client_call *call) {
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        call->client->calls = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    call->next = call->previous = NULL;
}

/* Every error of an operation that rings says whether it may have rung; only what is proven is called not placed. So an
 * answer that was good and got lost here, for want of memory, is in doubt for the caller. */
static od_placement failed_placement(const od_client_call *call) {
    if (!call->exchange.rings)
        return OD_PLACEMENT_NONE;
    return call->exchange.placement == OD_PLACEMENT_NOT_PLACED ? OD_PLACEMENT_NOT_PLACED : OD_PLACEMENT_UNKNOWN;
}

/* A session whose start was sent and not answered may be open. */
static void note_session(const od_client_call *call) {
    const od_exchange *exchange = &call->exchange;
    bool done = exchange->error.code == OD_OK, in_doubt = exchange->sent && exchange->response.status == 0;
    if (call->operation->session == OD_SESSION_STARTS && (done || in_doubt))
        call->client->in_session = true;
    else if (call->operation->session == OD_SESSION_ENDS && done)
        call->client->in_session = false;
}

/* What a good answer means to who asked; fails only for want of memory, and then the exchange says so. */
static od_value *take_result(od_client_call *call) {
    od_exchange *exchange = &call->exchange;
    od_value *result = NULL;
    if (exchange->error.code == OD_OK && call->is_placing) {
        (void)od__placing_result(call->client->vendor, call->operation, exchange->response.status, call->parameters,
                                 call->answer, &call->placing, &result, &exchange->error);
    } else if (exchange->error.code == OD_OK) {
        result = call->answer;
        call->answer = NULL;
    }
    return result;
}

static void finish_call(od_client_call *call) {
    note_session(call);
    od_value *result = take_result(call);
    if (call->exchange.error.code != OD_OK) {
        call->base.error = call->exchange.error;
        call->base.error.placement = failed_placement(call);
    }
    unlist_call(call);
    call->client = NULL;
    release_call(call);
    od__request_finish(&call->base, result);
}

static void finish_question(od_client_call *call) {
    note_session(call);
    od_value *result = take_result(call);
    od_error error = call->exchange.error;
    if (error.code != OD_OK)
        error.placement = failed_placement(call);
    void (*answered)(void *context, od_value *result, const od_error *error) = call->answered;
    void *context = call->answered_context;
    release_call(call);
    od__free(call);
    answered(context, result, &error);
}

static void exchange_finished(void *context, od_exchange *exchange) {
    (void)exchange;
    od_client_call *call = context;
    if (call->answered != NULL)
        finish_question(call);
    else
        finish_call(call);
}

static void judge_try(void *context, od_exchange *exchange) {
    od_client_call *call = context;
    od_value_unref(call->answer);
    call->answer = NULL;
    od_status status = od__operation_read(call->client->vendor, call->operation, exchange, &call->answer);
    if (status == OD_OK && call->answer != NULL && call->operation->refine != NULL)
        (void)call->operation->refine(call->parameters, call->answer, &exchange->error);
    if (exchange->error.code != OD_OK && exchange->auth_refreshed)
        exchange->error.retryable = true;
}

static void cancel_call(od_request *request, od_status code) {
    od_client_call *call = (od_client_call *)request;
    od__exchange_cancel(&call->exchange, code, code == OD_CLOSED ? "the client or engine was closed"
                                                                 : "the request was canceled");
    finish_call(call);
}

static void free_call(od_request *request) {
    od_client_call *call = (od_client_call *)request;
    if (call->client != NULL) /* not finished, or never started */
        release_call(call);
    od__free(call);
}

static const od_request_kind call_kind = { .cancel = cancel_call, .free = free_call };

static bool random_bytes(void *context, void *out, size_t bytes) {
    return od__clock_random(context, out, bytes);
}

od_status od__client_request(od_client *client, const od_operation *operation, od_value *parameters,
                             od_http_request *request, od_error *err) {
    od_status status = od__shape_fill(operation->input, parameters, client->options, random_bytes,
                                      &client->engine->clock, err);
    if (status == OD_OK)
        status = od__shape_validate(operation->input, parameters, "", err);
    if (status == OD_OK)
        status = od__shape_check_ahead(operation->input, parameters, od__clock_wall_ms(&client->engine->clock), err);
    if (status == OD_OK)
        status = od__operation_build(operation, od__client_plan_url(&client->plan, operation), client->options,
                                     parameters, request, err);
    return status;
}

/* A token makes a repetition safe only if it is there, and while it may be used (R2). */
static od_repeat repeat_rule(const od_client *client, const od_operation *operation, const od_value *parameters) {
    if (operation->repeat_unless != NULL && od_value_get(parameters, operation->repeat_unless) != NULL)
        return OD_REPEAT_NEVER;
    if (operation->repeat == OD_REPEAT_TOKEN &&
        (client->plan.resend_within_ms == 0 || operation->repeat_field == NULL ||
         od_value_get(parameters, operation->repeat_field) == NULL))
        return OD_REPEAT_NEVER;
    bool quiet = operation->rings && !od__operation_rings(operation, parameters);
    return quiet ? OD_REPEAT_SAFE : operation->repeat;
}

static od_status guard_ears(void *context, const od_exchange *exchange, od_error *err) {
    const od_client_call *call = context;
    return od__hearing_allows(call->client, call->operation->ears, exchange->auth_generation, err);
}

static void set_up_exchange(od_client_call *call, const od_submit_options *options) {
    od_client *client = call->client;
    od_exchange *exchange = &call->exchange;
    exchange->rings = od__operation_rings(call->operation, call->parameters);
    exchange->repeat = repeat_rule(client, call->operation, call->parameters);
    exchange->resend_within_ms = client->plan.resend_within_ms;
    exchange->send_before_us =
        options->send_before_ms > INT64_MAX / 1000 ? INT64_MAX : options->send_before_ms * 1000;
    exchange->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : client->plan.timeout_ms;
    exchange->single_try = options->single_try;
    exchange->unpaced = options->unpaced;
    exchange->anonymous = call->operation->unsigned_request;
    exchange->bucket = call->operation->rate;
    if (call->operation->service != NULL)
        exchange->signing_name = call->operation->service->signing_name;
    exchange->judge = judge_try;
    exchange->guard = call->operation->ears != NULL ? guard_ears : NULL;
    exchange->context = call;
}

/* Parameters that were refused placed nothing: that holds for whatever goes wrong before the exchange is sent. */
static od_status refused(const od_operation *operation, od_status status, od_error *err) {
    if (err != NULL && operation->rings && err->code == status)
        err->placement = OD_PLACEMENT_NOT_PLACED;
    return status;
}

/* The request is made of them; after that only who reads the answer by them needs the parameters. They are many small
 * blocks, which are cheap to get and give back only while few calls hold theirs. */
static void let_parameters_go(od_client_call *call) {
    if (call->is_placing || call->operation->refine != NULL)
        return;
    od_value_unref(call->parameters);
    call->parameters = NULL;
}

void od__making_clear(const od_making *making) {
    od_value_unref(making->parameters);
    if (making->placing != NULL)
        od__placing_clear(making->placing);
    if (making->request != NULL)
        od__http_request_clear(making->request);
}

static od_status make_request(od_client_call *call, const od_making *making, od_error *err) {
    od_http_request *request = &call->exchange.request;
    if (making->original != NULL)
        return od__http_request_copy(request, making->original, err);
    if (making->request == NULL)
        return od__client_request(call->client, call->operation, call->parameters, request, err);
    od__http_request_move(request, making->request);
    return OD_OK;
}

/* Makes a call that is ready to be sent. Takes what it is made of, also when it fails. */
static od_status make_call(od_client *client, const od_making *making, const od_submit_options *options,
                           od_client_call **out, od_error *err) {
    const od_operation *operation = making->operation;
    od_client_call *call = od__alloc(sizeof(*call));
    if (call == NULL) {
        od__making_clear(making);
        (void)od__error_no_memory(err);
        return refused(operation, OD_OUT_OF_MEMORY, err);
    }
    call->client = client;
    call->operation = operation;
    call->parameters = making->parameters;
    call->answer = NULL;
    call->is_placing = making->placing != NULL;
    call->placing = making->placing != NULL ? *making->placing : (od_placing){ 0 };
    call->answered = NULL;
    call->answered_context = NULL;
    call->next = call->previous = NULL;
    od__exchange_init(&call->exchange);
    od_status status = make_request(call, making, err);
    if (status != OD_OK) {
        free_call(&call->base);
        return refused(operation, status, err);
    }
    set_up_exchange(call, options);
    let_parameters_go(call);
    od__exchange_push(&call->exchange, exchange_finished, call);
    *out = call;
    return OD_OK;
}

static bool is_to_wait(const od_value *parameters) {
    const od_value *wait = od_value_get(parameters, "wait");
    od_type type = od_value_type(wait);
    return wait != NULL && type != OD_TYPE_NULL && (type != OD_TYPE_BOOLEAN || od_value_boolean(wait));
}

od_status od__client_start(od_client *client, const od_making *making, const od_submit_options *options, od_request **out,
                           od_error *err) {
    od_submit_options given = OD_SUBMIT_OPTIONS_INIT;
    if (options != NULL)
        memcpy(&given, options, options->size < sizeof(given) ? options->size : sizeof(given));
    if (making->operation->settling != NULL && is_to_wait(making->parameters))
        return od__client_settle_take(client, making, &given, out, err);
    od_client_call *call = NULL;
    od_status status = make_call(client, making, &given, &call, err);
    if (call == NULL)
        return status;
    list_call(client, call);
    od__request_init(&call->base, &call_kind, client->engine, given.context);
    od__transport_send(client->retry, &call->exchange);
    od__request_hand_out(&call->base, out);
    return OD_OK;
}

/* ---- questions of other requests ---- */

od_status od__client_ask(od_client *client, const od_making *making, const od_submit_options *options,
                         void (*answered)(void *context, od_value *result, const od_error *error), void *context,
                         od_client_call **out, od_error *err) {
    const od_submit_options plain = OD_SUBMIT_OPTIONS_INIT;
    od_client_call *call = NULL;
    od_status status = make_call(client, making, options != NULL ? options : &plain, &call, err);
    if (call == NULL)
        return status;
    call->answered = answered;
    call->answered_context = context;
    if (options == NULL)
        call->exchange.poll_share = od__client_poll_share(client, making->operation);
    *out = call;
    od__transport_send(client->retry, &call->exchange);
    return OD_OK;
}

od_placement od__client_drop(od_client_call *call) {
    od__exchange_cancel(&call->exchange, OD_CANCELED, "nobody waits for the answer");
    note_session(call);
    od_placement placement = failed_placement(call);
    release_call(call);
    od__free(call);
    return placement;
}

/* ---- what is open at the vendor ---- */

const char *od_client_ending(const od_client *client) {
    const od_operation *operation = client->vendor->operations;
    while (client->in_session && operation->name != NULL && operation->session != OD_SESSION_ENDS)
        operation++;
    return client->in_session ? operation->name : NULL;
}

/* ---- by name ---- */

od_status od__client_operation(const od_client *client, const char *name, const od_operation **out, od_error *err) {
    *out = od__operation_find(client->vendor, name);
    if (*out != NULL)
        return OD_OK;
    const char *near = od_did_you_mean(client->vendor, name);
    return near != NULL
               ? od__error_set(err, OD_VALIDATION, "%s has no operation \"%s\", did you mean \"%s\"?",
                               client->vendor->name, name, near)
               : od__error_set(err, OD_VALIDATION, "%s has no operation \"%s\"", client->vendor->name, name);
}

od_status od__client_submit_take(od_client *client, const char *operation, od_value *parameters,
                                 const od_submit_options *options, od_request **out, od_error *err) {
    if (out != NULL)
        *out = NULL;
    const od_operation *found;
    od_status status = od__client_operation(client, operation, &found, err);
    if (found == NULL) {
        od_value_unref(parameters);
        return status;
    }
    const od_making making = { .operation = found, .parameters = parameters };
    return od__client_start(client, &making, options, out, err);
}

od_status od_client_submit(od_client *client, const char *operation, const od_value *parameters,
                           const od_submit_options *options, od_request **out, od_error *err) {
    if (out != NULL)
        *out = NULL;
    const od_operation *found;
    od_status status = od__client_operation(client, operation, &found, err);
    if (found == NULL)
        return status;
    od_value *copy = parameters != NULL ? od__value_copy(parameters) : od_value_new_object();
    if (copy == NULL)
        return refused(found, od__error_no_memory(err), err);
    const od_making making = { .operation = found, .parameters = copy };
    return od__client_start(client, &making, options, out, err);
}
