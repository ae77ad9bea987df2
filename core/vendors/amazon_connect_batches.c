/* Amazon Connect outbound campaigns: batches of dial requests, version 1 and 2. A batch is answered item by item. */
#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "vendors/amazon_connect.h"

#define BATCH_ITEMS 25
#define RING_TIMEOUT_SECONDS 25  /* sent always (R24) */

/* ---- checks ---- */

static od_check_fn check_token, check_phone, check_campaign_name, check_campaign_arn;
static const od_check token_check = { "letters, digits, _ - and .", check_token, "letters, digits, _ - and ." };
static const od_check phone_check = { "digits, - and +", check_phone, "digits, - and +" };
static const od_check campaign_check = { "no blanks", check_campaign_name, "the id of a campaign, without blanks" };
static const od_check campaign_arn_check = {
    "letters, digits, - : and /", check_campaign_arn, "the id or ARN of a campaign (letters, digits, - : and /)"
};

static od_status check_bytes(const od_check *check, const char *more, bool letters, const od_value *value,
                             const char *path, od_error *err) {
    const char *text = od_value_string(value);
    for (size_t i = 0; i < od_value_length(value); i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '\0' || (!(letters ? isalnum(byte) : isdigit(byte)) && strchr(more, byte) == NULL))
            return od__check_fail(check, value, path, err);
    }
    return OD_OK;
}

static od_status check_token(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return check_bytes(&token_check, "_-.", true, value, path, err);
}

static od_status check_phone(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return check_bytes(&phone_check, "-+", false, value, path, err);
}

static od_status check_campaign_arn(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return check_bytes(&campaign_arn_check, "-:/", true, value, path, err);
}

static od_status check_campaign_name(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    for (size_t i = 0; i < od_value_length(value); i++)
        if (isspace((unsigned char)text[i]))
            return od__check_fail(&campaign_check, value, path, err);
    return OD_OK;
}

/* ---- what both versions have ---- */

static const od_shape client_token = { .kind = OD_KIND_STRING, .min = 1, .max = 200, .check = &token_check };
static const od_shape phone = { .kind = OD_KIND_STRING, .min = 1, .max = 20, .check = &phone_check };
static const od_shape expiration = { .kind = OD_KIND_STRING, .check = &od_check_iso8601 };

#define TOKEN                                                                                                \
    { .name = "clientToken", .summary = "names the item in the answer, and makes a repetition the same item", \
      .shape = &client_token, .required = true }
#define EXPIRATION                                                                                           \
    { .name = "expirationTime", .summary = "no call after this, ISO 8601 with zone", .shape = &expiration,   \
      .required = true }

/* Two items with one token could not be told apart in the answer. */
static od_status rule_tokens(const od_value *list, const char *name, const char *path, od_error *err) {
    for (size_t i = 1; i < od_value_length(list); i++) {
        const char *token = od_value_string(od_value_get(od_value_at(list, i), "clientToken"));
        for (size_t k = 0; k < i; k++)
            if (strcmp(token, od_value_string(od_value_get(od_value_at(list, k), "clientToken"))) == 0)
                return od__vendor_refuse(err, path, name, "expected a clientToken of its own for each item");
    }
    return OD_OK;
}

/* ---- version 1 ---- */

static const od_field dial_fields[] = {
    TOKEN,
    { .name = "phoneNumber", .summary = "number to call", .shape = &phone, .required = true },
    EXPIRATION,
    { .name = "attributes", .summary = "contact attributes for the flow", .shape = &od__connect_attributes,
      .required = true },
    OD_FIELDS_END
};
static const od_shape dial = { .kind = OD_KIND_STRUCT, .fields = dial_fields };
static const od_shape dial_list = { .kind = OD_KIND_LIST, .min = 1, .max = BATCH_ITEMS, .element = &dial };
static const od_shape campaign = { .kind = OD_KIND_STRING, .min = 1, .max = 256, .check = &campaign_check };
static const od_field dial_batch_fields[] = {
    { .name = "id", .summary = "campaign", .shape = &campaign, .required = true, .place = OD_PLACE_PATH },
    { .name = "dialRequests", .summary = "1 to 25 calls", .shape = &dial_list, .required = true },
    OD_FIELDS_END
};

static od_status rule_dial_tokens(od_value *params, const char *path, od_error *err) {
    return rule_tokens(od_value_get(params, "dialRequests"), "dialRequests", path, err);
}

static const od_rule dial_batch_rules[] = { { "a clientToken of its own for each item", rule_dial_tokens }, OD_RULES_END };
const od_shape od__connect_dial_batch_input = {
    .kind = OD_KIND_STRUCT, .fields = dial_batch_fields, .rules = dial_batch_rules
};

/* ---- version 2 ---- */

static const od_shape source = { .kind = OD_KIND_STRING, .min = 0, .max = 100 };
static const od_field detection_fields[] = {
    { .name = "enableAnswerMachineDetection", .summary = "detect answering machines", .shape = &od_shape_boolean,
      .required = true },
    { .name = "awaitAnswerMachinePrompt", .summary = "wait for the end of the machine's greeting",
      .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_shape detection = { .kind = OD_KIND_STRUCT, .fields = detection_fields };
static const od_field telephony_fields[] = {
    { .name = "destinationPhoneNumber", .summary = "number to call", .shape = &phone, .required = true },
    { .name = "attributes", .summary = "contact attributes for the flow", .shape = &od__connect_attributes,
      .required = true },
    { .name = "connectSourcePhoneNumber", .summary = "number shown", .shape = &source },
    { .name = "answerMachineDetectionConfig", .summary = "answering machine detection", .shape = &detection },
    { .name = "ringTimeout", .summary = "how long it rings before the call fails, in seconds",
      .shape = &od__connect_ring_timeout, .has_default_integer = true, .default_integer = RING_TIMEOUT_SECONDS },
    OD_FIELDS_END
};
static const od_shape telephony = { .kind = OD_KIND_STRUCT, .fields = telephony_fields };
static const od_field channel_fields[] = {
    { .name = "telephony", .summary = "a call", .shape = &telephony },
    { .name = "sms", .summary = "a text message, as the vendor has it", .shape = &od_shape_json_object },
    { .name = "email", .summary = "an e-mail, as the vendor has it", .shape = &od_shape_json_object },
    { .name = "whatsApp", .summary = "a WhatsApp message, as the vendor has it", .shape = &od_shape_json_object },
    OD_FIELDS_END
};

static od_status rule_channel(od_value *params, const char *path, od_error *err) {
    if (od_value_length(params) == 1)
        return OD_OK;
    return od__error_at(err, OD_VALIDATION, path, "expected exactly one of telephony, sms, email, whatsApp");
}

static const od_rule channel_rules[] = { { "exactly one of telephony, sms, email, whatsApp", rule_channel }, OD_RULES_END };
static const od_shape channel = { .kind = OD_KIND_STRUCT, .fields = channel_fields, .rules = channel_rules };
static const od_field outbound_fields[] = {
    TOKEN, EXPIRATION,
    { .name = "channelSubtypeParameters", .summary = "how the person is reached", .shape = &channel, .required = true },
    OD_FIELDS_END
};
static const od_shape outbound = { .kind = OD_KIND_STRUCT, .fields = outbound_fields };
static const od_shape outbound_list = { .kind = OD_KIND_LIST, .min = 1, .max = BATCH_ITEMS, .element = &outbound };
static const od_shape campaign_arn = { .kind = OD_KIND_STRING, .min = 1, .max = 256, .check = &campaign_arn_check };
static const od_field outbound_batch_fields[] = {
    { .name = "id", .summary = "campaign, by id or ARN", .shape = &campaign_arn, .required = true,
      .place = OD_PLACE_PATH },
    { .name = "outboundRequests", .summary = "1 to 25 requests", .shape = &outbound_list, .required = true },
    OD_FIELDS_END
};

static od_status rule_outbound_tokens(od_value *params, const char *path, od_error *err) {
    return rule_tokens(od_value_get(params, "outboundRequests"), "outboundRequests", path, err);
}

static const od_rule outbound_batch_rules[] = {
    { "a clientToken of its own for each item", rule_outbound_tokens }, OD_RULES_END
};
const od_shape od__connect_outbound_batch_input = {
    .kind = OD_KIND_STRUCT, .fields = outbound_batch_fields, .rules = outbound_batch_rules
};

/* ---- answers ---- */

static const od_field item_fields[] = {
    { .name = "clientToken", .summary = "which item", .shape = &od_shape_text, .required = true },
    { .name = "state", .summary = "handed_off: the campaign took it", .shape = &od_shape_text },
    { .name = "id", .summary = "id of the contact to come", .shape = &od_shape_text },
    { .name = "placement", .summary = "of one that it did not take: not_placed or unknown", .shape = &od_shape_text },
    { .name = "code", .summary = "what went wrong, as an error's code", .shape = &od_shape_text },
    { .name = "failureCode", .summary = "the vendor's own word for it", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape item = { .kind = OD_KIND_STRUCT, .fields = item_fields, .open = true };
static const od_shape item_list = { .kind = OD_KIND_LIST, .element = &item };
static const od_shape raw_list = { .kind = OD_KIND_LIST, .element = &od_shape_json_object };
static const od_field batch_output_fields[] = {
    { .name = "successfulRequests", .summary = "items taken", .shape = &raw_list },
    { .name = "failedRequests", .summary = "items refused", .shape = &raw_list },
    { .name = "items", .summary = "what became of each request, in their order", .shape = &item_list },
    OD_FIELDS_END
};
const od_shape od__connect_batch_output = { .kind = OD_KIND_STRUCT, .fields = batch_output_fields, .open = true };

/* What one item's failure proves (R13). The last row is for a word of no row, and for a token that the answer lacks. */
static const struct failure { const char *literal; od_status code; od_placement placement; } failures[] = {
    { "InvalidInput", OD_REJECTED, OD_PLACEMENT_NOT_PLACED },
    { "RequestThrottled", OD_THROTTLED, OD_PLACEMENT_NOT_PLACED },
    { "BufferLimitExceeded", OD_THROTTLED, OD_PLACEMENT_NOT_PLACED },
    { "UnknownError", OD_UNAVAILABLE, OD_PLACEMENT_UNKNOWN },
    { NULL, OD_PROTOCOL, OD_PLACEMENT_UNKNOWN },
};

static const od_value *find_item(const od_value *list, const char *token) {
    for (size_t i = 0; i < od_value_length(list) && od_value_type(list) == OD_TYPE_ARRAY; i++) {
        const od_value *candidate = od_value_at(list, i);
        const char *its = od_value_string(od_value_get(candidate, "clientToken"));
        if (its != NULL && strcmp(its, token) == 0)
            return candidate;
    }
    return NULL;
}

static od_status describe_taken(od_value *described, const od_value *taken, od_error *err) {
    od_status status = od_value_set(described, "state", od_value_new_string("handed_off"), err);
    const char *id = od_value_string(od_value_get(taken, "id"));
    return status == OD_OK ? od__vendor_set_text(described, "id", id, err) : status;
}

static od_status describe_failed(od_value *described, const char *literal, od_error *err) {
    const struct failure *row = failures;
    while (row->literal != NULL && (literal == NULL || strcmp(row->literal, literal) != 0))
        row++;
    od_status status = od_value_set(described, "placement", od_value_new_string(od_placement_name(row->placement)), err);
    if (status == OD_OK)
        status = od_value_set(described, "code", od_value_new_string(od_status_name(row->code)), err);
    return status == OD_OK ? od__vendor_set_text(described, "failureCode", literal, err) : status;
}

/* One that is told as taken and as failed is in doubt. */
static od_status describe_item(od_value *described, const char *token, const od_value *result, od_error *err) {
    const od_value *taken = find_item(od_value_get(result, "successfulRequests"), token);
    const od_value *failed = find_item(od_value_get(result, "failedRequests"), token);
    od_status status = od__vendor_set_text(described, "clientToken", token, err);
    if (status != OD_OK)
        return status;
    if (taken != NULL && failed == NULL)
        return describe_taken(described, taken, err);
    bool told = failed != NULL && taken == NULL;
    return describe_failed(described, told ? od_value_string(od_value_get(failed, "failureCode")) : NULL, err);
}

static od_status refine(const od_value *requests, od_value *result, od_error *err) {
    od_value *items = od_value_new_array();
    od_status status = items != NULL ? OD_OK : od__error_no_memory(err);
    for (size_t i = 0; status == OD_OK && i < od_value_length(requests); i++) {
        const char *token = od_value_string(od_value_get(od_value_at(requests, i), "clientToken"));
        od_value *described = od_value_new_object();
        status = described != NULL ? describe_item(described, token, result, err) : od__error_no_memory(err);
        if (status == OD_OK)
            status = od_value_add(items, described, err);
        else
            od_value_unref(described);
    }
    if (status == OD_OK)
        return od_value_set(result, "items", items, err);
    od_value_unref(items);
    return status;
}

od_status od__connect_refine_dial_batch(const od_value *params, od_value *result, od_error *err) {
    return refine(od_value_get(params, "dialRequests"), result, err);
}

od_status od__connect_refine_outbound_batch(const od_value *params, od_value *result, od_error *err) {
    return refine(od_value_get(params, "outboundRequests"), result, err);
}
