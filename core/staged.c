/* A placement in stages: a vendor may have to be asked before a call is placed, and told something after it, as its
 * od_staging says (R14). Only the placement itself has a result; what comes before it rings nobody, and once it is accepted
 * the call is never again said to be not placed. */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"

typedef enum stage { ASKING, PLACING, FOLLOWING_UP } stage;

struct od_staged {
    od_request base;            /* first: the kind's functions get this */
    od_client *client;          /* NULL once it is over */
    od_planned planned;
    od_submit_options options;
    stage stage;
    od_client_call *under_way;  /* NULL: none */
    od_value *memory;           /* what the first answer told */
    od_value *result;           /* of the placement, once it is accepted */
    od_staged *next, *previous;
};

/* ---- its end ---- */

static void list(od_client *client, od_staged *self) {
    self->next = client->staged;
    if (self->next != NULL)
        self->next->previous = self;
    client->staged = self;
}

static void unlist(od_staged *self) {
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->client->staged = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    self->next = self->previous = NULL;
}

static void release(od_staged *self) {
    if (self->under_way != NULL)
        od__client_drop(self->under_way);
    od_value_unref(self->planned.parameters);
    od__free(self->planned.placing.token);
    od_value_unref(self->memory);
    od_value_unref(self->result);
    self->under_way = NULL;
    self->planned.parameters = self->memory = self->result = NULL;
    self->planned.placing.token = NULL;
}

/* Ends it with result (taken), or with the error that the request has. */
static void finish(od_staged *self, od_value *result) {
    release(self);
    unlist(self);
    self->client = NULL;
    od__request_finish(&self->base, result);
}

static void fail(od_staged *self, od_placement placement) {
    self->base.error.placement = placement;
    finish(self, NULL);
}

/* What is known if it ends here, of a stage that did not end by itself. */
static od_placement drop_under_way(od_staged *self) {
    od_client_call *call = self->under_way;
    self->under_way = NULL;
    od_placement placement = call != NULL ? od__client_drop(call) : OD_PLACEMENT_NOT_PLACED;
    if (self->stage == ASKING)
        return OD_PLACEMENT_NOT_PLACED;
    return self->stage == PLACING ? placement : OD_PLACEMENT_UNKNOWN;
}

static void cancel_staged(od_request *request, od_status code) {
    od_staged *self = (od_staged *)request;
    od_placement placement = drop_under_way(self);
    od__error_set(&request->error, code, "%s", code == OD_CLOSED ? "the client or engine was closed"
                                                                 : "the request was canceled");
    fail(self, placement);
}

static void free_staged(od_request *request) {
    od_staged *self = (od_staged *)request;
    release(self);
    od__free(self);
}

static const od_request_kind staged_kind = { .cancel = cancel_staged, .free = free_staged };

/* ---- the stages ---- */

/* Adds what the first answer told and the call keeps. */
static od_status keep(const od_value *memory, od_value *result, od_error *err) {
    const od_value *kept = od_value_get(memory, "keep"), *member;
    void *cursor = NULL;
    const char *key;
    od_status status = OD_OK;
    while (status == OD_OK && kept != NULL && od_value_next(kept, &cursor, &key, &member))
        status = od_value_set(result, key, od_value_ref(member), err);
    return status;
}

static void end(od_staged *self) {
    od_value *result = self->result;
    self->result = NULL;
    if (keep(self->memory, result, &self->base.error) == OD_OK) {
        finish(self, result);
        return;
    }
    od_value_unref(result);
    fail(self, OD_PLACEMENT_UNKNOWN);
}

static void followed_up(void *context, od_value *result, const od_error *error) {
    od_staged *self = context;
    self->under_way = NULL;
    od_value_unref(result);
    if (error->code == OD_OK) {
        end(self);
        return;
    }
    self->base.error = *error;
    fail(self, OD_PLACEMENT_UNKNOWN);
}

static void follow_up(od_staged *self) {
    od_client *client = self->client;
    od_error *err = &self->base.error;
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    self->stage = FOLLOWING_UP;
    od_status status = client->vendor->staging->after(client->vendor, self->planned.parameters, self->memory,
                                                      od__clock_wall_ms(&client->engine->clock), &operation, &parameters,
                                                      err);
    if (status == OD_OK && operation == NULL)
        end(self);
    else if (status != OD_OK || od__client_ask(client, operation, parameters, NULL, &self->options, followed_up, self,
                                               &self->under_way, err) != OD_OK)
        fail(self, OD_PLACEMENT_UNKNOWN);
}

static void placed(void *context, od_value *result, const od_error *error) {
    od_staged *self = context;
    self->under_way = NULL;
    if (error->code != OD_OK) {
        od_value_unref(result);
        self->base.error = *error;
        fail(self, error->placement);
        return;
    }
    self->result = result;
    follow_up(self);
}

static void place(od_staged *self) {
    od_value *parameters = od__value_copy(self->planned.parameters);
    od_placing placing = { .token = od__strdup(self->planned.placing.token) };
    self->stage = PLACING;
    if (parameters == NULL || placing.token == NULL) {
        od_value_unref(parameters);
        od__free(placing.token);
        (void)od__error_no_memory(&self->base.error);
        fail(self, OD_PLACEMENT_NOT_PLACED);
    } else if (od__client_ask(self->client, self->planned.operation, parameters, &placing, &self->options, placed, self,
                              &self->under_way, &self->base.error) != OD_OK) {
        fail(self, OD_PLACEMENT_NOT_PLACED);
    }
}

/* The call is there already, from an earlier try with the same token: placing it again could make it twice. */
static void end_as_placed(od_staged *self) {
    const od_planned *planned = &self->planned;
    self->stage = FOLLOWING_UP;
    if (od__placing_result(self->client->vendor, planned->operation, 200, planned->parameters, NULL,
                           planned->placing.token, &self->result, &self->base.error) == OD_OK)
        end(self);
    else
        fail(self, OD_PLACEMENT_UNKNOWN);
}

static void answered(void *context, od_value *result, const od_error *error) {
    od_staged *self = context;
    od_error failure = *error;
    bool is_there = false;
    self->under_way = NULL;
    od_status status = self->client->vendor->staging->learn(self->planned.placing.token, result,
                                                            failure.code != OD_OK ? &failure : NULL, &self->memory,
                                                            &is_there, &self->base.error);
    od_value_unref(result);
    if (status != OD_OK)
        fail(self, OD_PLACEMENT_NOT_PLACED);
    else if (is_there)
        end_as_placed(self);
    else
        place(self);
}

/* ---- starting ---- */

/* What is wrong with the parameters is said at once, before anything is asked. */
static od_status check(od_client *client, const od_planned *planned, od_error *err) {
    od_value *copy = od__value_copy(planned->parameters);
    if (copy == NULL)
        return od__error_no_memory(err);
    od_http_request request;
    od__http_request_init(&request);
    od_status status = od__client_request(client, planned->operation, copy, &request, err);
    od__http_request_clear(&request);
    od_value_unref(copy);
    return status;
}

static od_status start(od_staged *self, od_error *err) {
    od_client *client = self->client;
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    od_status status = check(client, &self->planned, err);
    if (status == OD_OK)
        status = client->vendor->staging->before(client->vendor, self->planned.parameters, &operation, &parameters, err);
    if (status != OD_OK)
        return status;
    od_submit_options options = self->options;
    options.single_try = false; /* a read may be repeated */
    return od__client_ask(client, operation, parameters, NULL, &options, answered, self, &self->under_way, err);
}

od_status od__client_stage(od_client *client, od_planned *planned, const od_submit_options *options, od_request **out,
                           od_error *err) {
    od_staged *self = od__calloc(1, sizeof(*self));
    if (self == NULL) {
        od_value_unref(planned->parameters);
        od__free(planned->placing.token);
        return od__error_no_memory(err);
    }
    self->client = client;
    self->planned = *planned;
    self->options = (od_submit_options)OD_SUBMIT_OPTIONS_INIT;
    if (options != NULL)
        memcpy(&self->options, options, options->size < sizeof(*options) ? options->size : sizeof(*options));
    od_status status = start(self, err);
    if (status != OD_OK) {
        free_staged(&self->base);
        return status;
    }
    list(client, self);
    od__request_init(&self->base, &staged_kind, client->engine, self->options.context);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}

void od__staged_close(od_client *client, od_status code) {
    while (client->staged != NULL)
        cancel_staged(&client->staged->base, code);
}
