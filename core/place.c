/* The neutral call: into the vendor's operation on the way out, and back into one result for all vendors. */
#include "client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "json/value.h"

/* The call's own token, or a new one. */
static od_status make_token(const od_client *client, const char *given, char **out, od_error *err) {
    char uuid[OD_UUID_BYTES];
    if (given == NULL) {
        uint8_t random[16];
        if (!od__clock_random(&client->engine->clock, random, sizeof(random)))
            return od__error_set(err, OD_INTERNAL, "no randomness is to be had for a token");
        od__crypto_uuid(random, uuid);
        given = uuid;
    }
    *out = od__strdup(given);
    return *out != NULL ? OD_OK : od__error_no_memory(err);
}

void od__placing_clear(od_placing *placing) {
    od__free(placing->token);
    od__free(placing->to);
    *placing = (od_placing){ 0 };
}

od_status od__client_plan_call(const od_client *client, const od_value *call, od_planned *out, od_error *err) {
    *out = (od_planned){ 0 };
    const od_vendor *vendor = client->vendor;
    if (vendor->place == NULL)
        return od__error_set(err, OD_VALIDATION, "%s cannot place a call", vendor->name);
    od_call neutral;
    od__call_read(call, &neutral);
    out->placing.to = od__strdup(neutral.to);
    od_status status = out->placing.to != NULL ? make_token(client, neutral.token, &out->placing.token, err)
                                               : od__error_no_memory(err);
    neutral.token = out->placing.token;
    if (status == OD_OK)
        status = vendor->place(vendor, client->options, &neutral, &out->operation, &out->parameters, &out->dropped, err);
    if (status != OD_OK)
        od__placing_clear(&out->placing);
    return status;
}

static od_status place(od_client *client, const od_value *call, const od_submit_options *options, od_request **out,
                       od_error *err) {
    od_planned planned;
    od_status status = od__client_plan_call(client, call, &planned, err);
    if (status != OD_OK)
        return status;
    const od_operation *operation = planned.operation;
    const char *dropped = planned.dropped;
    status = client->vendor->stages != NULL
                 ? od__client_stage(client, operation, planned.parameters, &planned.placing, options, out, err)
                 : od__client_start(client, operation, planned.parameters, &planned.placing, options, out, err);
    if (status == OD_OK && dropped != NULL)
        od__client_log(client, OD_LOG_WARNING, "%s: %s", operation->name, dropped);
    return status;
}

od_status od__client_place_take(od_client *client, od_value *call, const od_submit_options *options, od_request **out,
                                od_error *err) {
    if (out != NULL)
        *out = NULL;
    od_status status = od__shape_validate(&od_shape_call, call, "", err);
    if (status == OD_OK)
        status = place(client, call, options, out, err);
    od_value_unref(call);
    if (status != OD_OK && err != NULL && err->code == status)
        err->placement = OD_PLACEMENT_NOT_PLACED;
    return status;
}

od_status od_client_place(od_client *client, const od_value *call, const od_submit_options *options, od_request **out,
                          od_error *err) {
    od_value *copy = call != NULL ? od__value_copy(call) : od_value_new_object();
    if (copy != NULL)
        return od__client_place_take(client, copy, options, out, err);
    (void)od__error_no_memory(err);
    if (err != NULL && err->code == OD_OUT_OF_MEMORY)
        err->placement = OD_PLACEMENT_NOT_PLACED;
    return OD_OUT_OF_MEMORY;
}

od_status od__placing_result(const od_vendor *vendor, const od_operation *operation, int http_status,
                             const od_value *parameters, const od_value *response, const od_placing *placing,
                             od_value **out, od_error *err) {
    od_value *id = NULL;
    bool placed = vendor->placed(operation, http_status, parameters, response, &id);
    od_value *result = od_value_new_object();
    od_status status = result != NULL ? OD_OK : od__error_no_memory(err);
    if (id != NULL && status == OD_OK)
        status = od_value_set(result, "id", id, err);
    else
        od_value_unref(id);
    if (status == OD_OK)
        status = od_value_set(result, "state", od_value_new_string(placed ? "placed" : "handed_off"), err);
    if (status == OD_OK)
        status = od_value_set(result, "vendor", od_value_new_string(vendor->name), err);
    if (status == OD_OK)
        status = od_value_set(result, "token", od_value_new_string(placing->token), err);
    if (status == OD_OK)
        status = od_value_set(result, "to", od_value_new_string(placing->to), err);
    if (status == OD_OK && response != NULL)
        status = od_value_set(result, "response", od_value_ref(response), err);
    if (status != OD_OK) {
        od_value_unref(result);
        return status;
    }
    *out = result;
    return OD_OK;
}
