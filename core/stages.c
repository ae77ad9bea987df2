/* A placement of several requests: what the vendor's od_stages asks before the one that place has made, and what must follow
 * it. Which requests those are is the vendor's; their order, and what is known of the placement at each point, is here. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"

#define ACCEPTED 200 /* the HTTP status of an answer that was good */

typedef enum od_stage { LOOKING, PLACING, FOLLOWING_UP } od_stage;

struct od_staged {
    od_request base;               /* first: the kind's functions get this */
    od_client *client;             /* NULL once it is over */
    const od_operation *operation; /* that places */
    od_value *parameters;          /* its */
    od_placing placing;
    od_submit_options options;
    od_value *notes;
    od_value *result;              /* of the placing, once it is done */
    od_stage stage;
    od_client_call *question;      /* under way; NULL: none */
    const od_operation *asked;     /* what question is */
    od_job go_on;
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
    od_value_unref(self->parameters);
    od_value_unref(self->notes);
    od_value_unref(self->result);
    od__placing_clear(&self->placing);
    self->parameters = self->notes = self->result = NULL;
}

/* result is taken; the error of the request is set already if there is one. */
static void finish(od_staged *self, od_value *result) {
    od__loop_unpost(self->client->engine->loop, &self->go_on);
    release(self);
    unlist(self);
    self->client = NULL;
    od__request_finish(&self->base, result);
}

/* What is known at a stage whose own request was refused or lost: looking rings nobody, and what was placed already may
 * ring though it was not followed up. */
static od_placement placement_at(od_stage stage, od_placement of_placing) {
    return stage == LOOKING ? OD_PLACEMENT_NOT_PLACED : stage == PLACING ? of_placing : OD_PLACEMENT_UNKNOWN;
}

/* Ends it with the error that the request has; a request beside the placing is named. */
static void fail(od_staged *self, od_placement of_placing) {
    od_error *err = &self->base.error;
    char text[sizeof err->message];
    if (self->stage != PLACING && self->asked != NULL) {
        snprintf(text, sizeof text, "%s", err->message);
        snprintf(err->message, sizeof err->message, "%s: %.*s", self->asked->name, (int)(sizeof text - 80), text);
    }
    err->placement = placement_at(self->stage, of_placing);
    finish(self, NULL);
}

static void cancel_staged(od_request *request, od_status code) {
    od_staged *self = (od_staged *)request;
    od_placement of_placing = OD_PLACEMENT_NOT_PLACED;
    if (self->question != NULL)
        of_placing = od__client_drop(self->question);
    self->question = NULL;
    self->asked = NULL;
    od__error_set(&request->error, code, "%s", code == OD_CLOSED ? "the client or engine was closed"
                                                                 : "the request was canceled");
    fail(self, of_placing);
}

static void free_staged(od_request *request) {
    release((od_staged *)request);
    od__free(request);
}

static const od_request_kind staged_kind = { .cancel = cancel_staged, .free = free_staged };

/* Notes are members of the result: what was seen before is part of what a caller keeps. */
static void succeed(od_staged *self) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    od_value *result = self->result;
    od_status status = OD_OK;
    self->result = NULL;
    while (status == OD_OK && od_value_next(self->notes, &cursor, &key, &member))
        status = od_value_set(result, key, od_value_ref(member), &self->base.error);
    if (status == OD_OK) {
        finish(self, result);
        return;
    }
    od_value_unref(result);
    self->asked = NULL;
    self->stage = FOLLOWING_UP; /* it was placed */
    fail(self, OD_PLACEMENT_UNKNOWN);
}

/* ---- one after the other ---- */

static void answered(void *context, od_value *result, const od_error *error);

static od_status ask(od_staged *self, const od_operation *operation, od_value *parameters, od_placing *placing) {
    self->asked = operation;
    const od_making making = { .operation = operation, .parameters = parameters, .placing = placing };
    return od__client_ask(self->client, &making, &self->options, answered, self, &self->question, &self->base.error);
}

static od_status look(od_staged *self, od_error *err) {
    const od_vendor *vendor = self->client->vendor;
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    od_status status = vendor->stages->look(vendor, self->parameters, &operation, &parameters, err);
    if (status != OD_OK)
        return status;
    self->asked = operation;
    od_submit_options options = self->options;
    options.single_try = false; /* a read may be repeated */
    const od_making making = { .operation = operation, .parameters = parameters };
    return od__client_ask(self->client, &making, &options, answered, self, &self->question, err);
}

static od_status place_now(od_staged *self) {
    od_value *copy = od__value_copy(self->parameters);
    if (copy == NULL)
        return od__error_no_memory(&self->base.error);
    od_placing placing = self->placing;
    self->placing = (od_placing){ 0 };
    return ask(self, self->operation, copy, &placing);
}

static od_status follow_up(od_staged *self, bool *over) {
    const od_vendor *vendor = self->client->vendor;
    const od_operation *operation = NULL;
    od_value *parameters = NULL;
    od_status status = vendor->stages->follow_up(vendor, self->parameters, self->notes, &operation, &parameters,
                                                 &self->base.error);
    *over = status == OD_OK && operation == NULL;
    return status == OD_OK && !*over ? ask(self, operation, parameters, NULL) : status;
}

static void go_on(void *context) {
    od_staged *self = context;
    bool over = false;
    self->asked = NULL;
    od_status status = self->stage == PLACING ? place_now(self) : follow_up(self, &over);
    if (status != OD_OK)
        fail(self, OD_PLACEMENT_NOT_PLACED);
    else if (over)
        succeed(self);
}

static void enter(od_staged *self, od_stage stage) {
    self->stage = stage;
    od__loop_post(self->client->engine->loop, &self->go_on);
}

/* An earlier try with the same token has placed it: once more could be twice. */
static void end_as_placed(od_staged *self) {
    self->asked = NULL;
    self->stage = FOLLOWING_UP;
    if (od__placing_result(self->client->vendor, self->operation, ACCEPTED, self->parameters, NULL, &self->placing,
                           &self->result, &self->base.error) == OD_OK)
        succeed(self);
    else
        fail(self, OD_PLACEMENT_UNKNOWN);
}

static void seen(od_staged *self, const od_value *result, const od_error *failure) {
    od_client *client = self->client;
    bool is_there = false;
    od_status status = client->vendor->stages->seen(result, failure, od__clock_wall_ms(&client->engine->clock),
                                                    self->parameters, self->notes, &is_there, &self->base.error);
    if (status != OD_OK)
        fail(self, OD_PLACEMENT_NOT_PLACED);
    else if (is_there)
        end_as_placed(self);
    else
        enter(self, PLACING);
}

static void answered(void *context, od_value *result, const od_error *error) {
    od_staged *self = context;
    self->question = NULL;
    if (self->stage == LOOKING) {
        seen(self, result, result != NULL ? NULL : error);
    } else if (result == NULL) {
        self->base.error = *error;
        fail(self, error->placement);
    } else if (self->stage == PLACING) {
        self->result = od_value_ref(result);
        enter(self, FOLLOWING_UP);
    } else {
        succeed(self);
    }
    od_value_unref(result);
}

/* ---- starting ---- */

static od_staged *new_staged(od_client *client, const od_operation *operation, od_value *parameters, od_placing *placing) {
    od_staged *self = od__calloc(1, sizeof(*self));
    od_value *notes = self != NULL ? od_value_new_object() : NULL;
    if (notes == NULL) {
        od__free(self);
        od_value_unref(parameters);
        od__placing_clear(placing);
        return NULL;
    }
    self->client = client;
    self->operation = operation;
    self->parameters = parameters;
    self->placing = *placing;
    self->notes = notes;
    self->go_on = (od_job){ .fn = go_on, .context = self };
    return self;
}

od_status od__client_stage(od_client *client, const od_operation *operation, od_value *parameters, od_placing *placing,
                           const od_submit_options *options, od_request **out, od_error *err) {
    od_staged *self = new_staged(client, operation, parameters, placing);
    if (self == NULL)
        return od__error_no_memory(err);
    self->options = (od_submit_options)OD_SUBMIT_OPTIONS_INIT;
    if (options != NULL)
        memcpy(&self->options, options, options->size < sizeof self->options ? options->size : sizeof self->options);
    od_status status = look(self, err);
    if (status != OD_OK) {
        free_staged(&self->base);
        return status;
    }
    list(client, self);
    od__request_init(&self->base, &staged_kind, client->engine, self->options.context);
    od__request_hand_out(&self->base, out);
    return OD_OK;
}

void od__stages_close(od_client *client, od_status code) {
    while (client->staged != NULL)
        cancel_staged(&client->staged->base, code);
}
