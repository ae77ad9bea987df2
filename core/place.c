/* The neutral call: into the vendor's operation on the way out, and back into one result for all vendors. */
#include "client.h"

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "json/value.h"

/* ---- preparing ---- */

/* The call's own token, or a new one. */
static od_status make_token(const od_client *client, const od_value *call, od_value **out, od_error *err) {
    char uuid[OD_UUID_BYTES];
    uint8_t random[16];
    const od_value *given = od_value_get(call, "token");
    if (given != NULL) {
        *out = od_value_ref(given);
        return OD_OK;
    }
    if (!od__clock_random(&client->engine->clock, random, sizeof(random)))
        return od__error_set(err, OD_INTERNAL, "no randomness is to be had for a token");
    od__crypto_uuid(random, uuid);
    *out = od_value_new_string(uuid);
    return *out != NULL ? OD_OK : od__error_no_memory(err);
}

void od__placing_clear(od_placing *placing) {
    od_value_unref(placing->token);
    od_value_unref(placing->to);
    *placing = (od_placing){ 0 };
}

/* Turns the call, which was checked, into what the vendor is asked. */
static od_status plan(od_prepared *self, od_error *err) {
    const od_client *client = self->client;
    const od_vendor *vendor = client->vendor;
    if (vendor->place == NULL)
        return od__error_set(err, OD_VALIDATION, "%s cannot place a call", vendor->name);
    od_status status = make_token(client, self->call, &self->placing.token, err);
    if (status != OD_OK)
        return status;
    self->placing.to = od_value_ref(od_value_get(self->call, "to"));
    od_call neutral;
    od__call_read(self->call, &neutral);
    neutral.token = od_value_string(self->placing.token);
    neutral.token_value = self->placing.token;
    return vendor->place(vendor, client->options, &neutral, &self->operation, &self->parameters, &self->dropped, err);
}

od_status od__prepared_plan(od_prepared *self, od_client *client, od_value *call, od_error *err) {
    self->client = client;
    self->operation = NULL;
    self->call = call;
    self->parameters = NULL;
    self->placing = (od_placing){ 0 };
    od__http_request_init(&self->request);
    self->dropped = NULL;
    self->next = self->previous = NULL;
    od_status status = od__shape_validate(&od_shape_call, call, "", err);
    if (status == OD_OK)
        status = plan(self, err);
    if (status != OD_OK)
        od__prepared_clear(self);
    return status;
}

od_status od__prepared_make(od_prepared *self, od_client *client, od_value *call, od_error *err) {
    od_status status = od__prepared_plan(self, client, call, err);
    if (status != OD_OK)
        return status;
    status = od__client_request(client, self->operation, self->parameters, &self->request, err);
    if (status != OD_OK)
        od__prepared_clear(self);
    return status;
}

void od__prepared_clear(od_prepared *self) {
    od_value_unref(self->call);
    od_value_unref(self->parameters);
    od__placing_clear(&self->placing);
    od__http_request_clear(&self->request);
    self->call = self->parameters = NULL;
}

static od_value *copy_of(const od_value *call) {
    return call != NULL ? od__value_copy(call) : od_value_new_object();
}

od_status od__client_prepare_take(od_client *client, od_value *call, od_prepared **out, od_error *err) {
    *out = NULL;
    od_prepared *self = od__alloc(sizeof(*self));
    if (self == NULL) {
        od_value_unref(call);
        return od__error_no_memory(err);
    }
    od_status status = od__prepared_make(self, client, call, err);
    if (status != OD_OK) {
        od__free(self);
        return status;
    }
    self->next = client->prepared;
    if (self->next != NULL)
        self->next->previous = self;
    client->prepared = self;
    *out = self;
    return OD_OK;
}

od_status od_client_prepare_place(od_client *client, const od_value *call, od_prepared **out, od_error *err) {
    *out = NULL;
    od_value *copy = copy_of(call);
    return copy != NULL ? od__client_prepare_take(client, copy, out, err) : od__error_no_memory(err);
}

static void leave_client(od_prepared *self) {
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        self->client->prepared = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    self->client = NULL;
    od__prepared_clear(self);
}

void od__prepared_close(od_client *client) {
    while (client->prepared != NULL)
        leave_client(client->prepared);
}

void od_prepared_free(od_prepared *self) {
    if (self != NULL && self->client != NULL)
        leave_client(self);
    od__free(self);
}

od_status od__prepared_check(const od_prepared *self, od_error *err) {
    return self->client != NULL ? OD_OK : od__error_set(err, OD_CLOSED, "the client was closed");
}

/* ---- placing ---- */

static od_status not_placed(od_status status, od_error *err) {
    if (status != OD_OK && err != NULL && err->code == status)
        err->placement = OD_PLACEMENT_NOT_PLACED;
    return status;
}

static od_status start(const od_prepared *self, const od_making *making, const od_submit_options *options,
                       od_request **out, od_error *err) {
    od_client *client = self->client;
    od_status status = client->vendor->stages != NULL
                           ? od__client_stage(client, making->operation, making->parameters, making->placing, options, out,
                                              err)
                           : od__client_start(client, making, options, out, err);
    if (status == OD_OK && self->dropped != NULL)
        od__client_log(client, OD_LOG_WARNING, "%s: %s", self->operation->name, self->dropped);
    return status;
}

od_status od__client_place_take(od_client *client, od_value *call, const od_submit_options *options, od_request **out,
                                od_error *err) {
    if (out != NULL)
        *out = NULL;
    od_prepared self;
    od_status status = od__prepared_make(&self, client, call, err);
    if (status != OD_OK)
        return not_placed(status, err);
    const od_making making = { .operation = self.operation, .parameters = self.parameters, .placing = &self.placing,
                               .request = &self.request };
    self.parameters = NULL;
    status = start(&self, &making, options, out, err);
    self.placing = (od_placing){ 0 };
    od__prepared_clear(&self);
    return not_placed(status, err);
}

od_status od_client_place(od_client *client, const od_value *call, const od_submit_options *options, od_request **out,
                          od_error *err) {
    od_value *copy = copy_of(call);
    if (copy != NULL)
        return od__client_place_take(client, copy, options, out, err);
    if (out != NULL)
        *out = NULL;
    return not_placed(od__error_no_memory(err), err);
}

/* What is placed may be placed again, and stays as it is. Stages change their parameters; a time that was ahead may have come
 * meanwhile. */
od_status od_prepared_place(od_prepared *self, const od_submit_options *options, od_request **out, od_error *err) {
    if (out != NULL)
        *out = NULL;
    od_status status = od__prepared_check(self, err);
    if (status == OD_OK)
        status = od__shape_check_ahead(self->operation->input, self->parameters,
                                       od__clock_wall_ms(&self->client->engine->clock), err);
    if (status != OD_OK)
        return not_placed(status, err);
    od_value *parameters = self->client->vendor->stages != NULL ? od__value_copy(self->parameters)
                                                                : od_value_ref(self->parameters);
    if (parameters == NULL)
        return not_placed(od__error_no_memory(err), err);
    od_placing placing = { .token = od_value_ref(self->placing.token), .to = od_value_ref(self->placing.to) };
    const od_making making = { .operation = self->operation, .parameters = parameters, .placing = &placing,
                               .original = &self->request };
    return not_placed(start(self, &making, options, out, err), err);
}

/* ---- what came of it ---- */

od_status od__placing_result(const od_vendor *vendor, const od_operation *operation, int http_status,
                             const od_value *parameters, const od_value *response, const od_placing *placing,
                             od_value **out, od_error *err) {
    od_value *id = NULL;
    const char *state = vendor->placed(operation, http_status, parameters, response, &id) ? "placed" : "handed_off";
    od_value *result = od__value_new_object_for(6, sizeof("id state vendor token to response"));
    bool good = result != NULL;
    if (good && id != NULL)
        good = od__value_put_member(result, "id", id);
    else
        od_value_unref(id);
    good = good && od__value_put_member(result, "state", od__value_text(state, strlen(state))) &&
           od__value_put_member(result, "vendor", od_value_new_string(vendor->name)) &&
           od__value_put_member(result, "token", od_value_ref(placing->token)) &&
           od__value_put_member(result, "to", od_value_ref(placing->to)) &&
           (response == NULL || od__value_put_member(result, "response", od_value_ref(response)));
    if (!good) {
        od_value_unref(result);
        return od__error_no_memory(err);
    }
    *out = result;
    return OD_OK;
}
