/* Amazon Connect: what start_outbound_voice_contact takes and gives. Wire facts: the service's own API model. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/amazon_connect.h"

#define ATTRIBUTES_BYTES 32768     /* of UTF-8, all keys and values of one contact together */
#define RING_TIMEOUT_SECONDS 25    /* sent always: the vendor's own default would ring for a minute (R24) */

static const od_shape contact_flow_id = { .kind = OD_KIND_STRING, .min = 1, .max = 500 };

static od_check_fn check_attribute_key;
static const od_check attribute_key_check = {
    "letters, digits, - and _", check_attribute_key, "a key of letters, digits, - and _"
};

static od_status check_attribute_key(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *key = od_value_string(value);
    for (size_t i = 0, length = od_value_length(value); i < length; i++)
        if (!isalnum((unsigned char)key[i]) && key[i] != '-' && key[i] != '_')
            return od__check_fail(&attribute_key_check, value, path, err);
    return OD_OK;
}

static const od_shape attribute_key = {
    .kind = OD_KIND_STRING, .min = 1, .max = 32767, .check = &attribute_key_check
};
static const od_shape attribute_value = { .kind = OD_KIND_STRING, .min = 0, .max = 32767 };
const od_shape od__connect_attributes = { .kind = OD_KIND_MAP, .key = &attribute_key, .element = &attribute_value };

/* The types that the vendor takes when a contact is made; the others exist on contacts only. */
static const char *const reference_types[] = { "URL", "NUMBER", "STRING", "DATE", "EMAIL", NULL };
static const char *const reference_states[] = {
    "AVAILABLE", "DELETED", "APPROVED", "REJECTED", "PROCESSING", "FAILED", NULL
};
static const od_shape reference_type = { .kind = OD_KIND_STRING, .choices = reference_types };
static const od_shape reference_state = { .kind = OD_KIND_STRING, .choices = reference_states };
static const od_shape text_0_4096 = { .kind = OD_KIND_STRING, .min = 0, .max = 4096 };
static const od_shape text_0_100 = { .kind = OD_KIND_STRING, .min = 0, .max = 100 };
static const od_shape arn = { .kind = OD_KIND_STRING, .min = 20, .max = 256 };
static const od_field reference_fields[] = {
    { .name = "Type", .summary = "kind of reference; a DATE has Unix time as its Value", .shape = &reference_type,
      .required = true },
    { .name = "Value", .summary = "what the agent sees", .shape = &text_0_4096 },
    { .name = "Status", .summary = "state of an attachment", .shape = &reference_state },
    { .name = "Arn", .summary = "ARN of the reference", .shape = &arn },
    { .name = "StatusReason", .summary = "why it has that state", .shape = &text_0_100 },
    OD_FIELDS_END
};
static const od_shape reference = { .kind = OD_KIND_STRUCT, .fields = reference_fields };
static const od_shape reference_key = { .kind = OD_KIND_STRING, .min = 1, .max = 4096 };
static const od_shape references = { .kind = OD_KIND_MAP, .key = &reference_key, .element = &reference };

static const od_field amd_fields[] = {
    { .name = "EnableAnswerMachineDetection", .summary = "detect answering machines", .shape = &od_shape_boolean },
    { .name = "AwaitAnswerMachinePrompt", .summary = "wait for the end of the machine's greeting",
      .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_shape amd = { .kind = OD_KIND_STRUCT, .fields = amd_fields };

static const od_shape duration = { .kind = OD_KIND_INTEGER, .min = 0, .max = INT32_MAX };
static const od_field timeout_fields[] = {
    { .name = "DurationInSeconds", .summary = "seconds after the agent accepted", .shape = &duration,
      .required = true },
    OD_FIELDS_END
};
static const od_shape timeout_config = { .kind = OD_KIND_STRUCT, .fields = timeout_fields };
static const char *const preview_actions[] = { "CALL", "DISCARD", NULL };
static const od_shape preview_action = { .kind = OD_KIND_STRING, .choices = preview_actions };
static const od_shape preview_action_list = { .kind = OD_KIND_LIST, .element = &preview_action };
static const od_field preview_fields[] = {
    { .name = "PostAcceptTimeoutConfig", .summary = "how long the preview lasts", .shape = &timeout_config,
      .required = true },
    { .name = "AllowedUserActions", .summary = "what the agent may do in the preview", .shape = &preview_action_list,
      .required = true },
    OD_FIELDS_END
};
static const od_shape preview = { .kind = OD_KIND_STRUCT, .fields = preview_fields };
static const od_field agent_first_fields[] = {
    { .name = "Preview", .summary = "preview before dialling", .shape = &preview },
    OD_FIELDS_END
};
static const od_shape agent_first = { .kind = OD_KIND_STRUCT, .fields = agent_first_fields };
static const od_field strategy_config_fields[] = {
    { .name = "AgentFirst", .summary = "settings of AGENT_FIRST", .shape = &agent_first },
    OD_FIELDS_END
};
static const od_shape strategy_config = { .kind = OD_KIND_STRUCT, .fields = strategy_config_fields };
static const char *const strategy_types[] = { "AGENT_FIRST", NULL };
static const od_shape strategy_type = { .kind = OD_KIND_STRING, .choices = strategy_types };
static const od_field strategy_fields[] = {
    { .name = "Type", .summary = "the one strategy there is", .shape = &strategy_type, .required = true },
    { .name = "Config", .summary = "settings of the strategy", .shape = &strategy_config },
    OD_FIELDS_END
};
static const od_shape strategy = { .kind = OD_KIND_STRUCT, .fields = strategy_fields };

static const od_shape client_token = { .kind = OD_KIND_STRING, .min = 1, .max = 500 };
static const od_shape contact_name = { .kind = OD_KIND_STRING, .min = 0, .max = 1024, .sensitive = true };
static const od_shape description = { .kind = OD_KIND_STRING, .min = 0, .max = 4096, .sensitive = true };
static const od_shape campaign_id = { .kind = OD_KIND_STRING, .min = 1, .max = 100 };
static const char *const traffic_types[] = { "GENERAL", "CAMPAIGN", NULL };
static const od_shape traffic_type = { .kind = OD_KIND_STRING, .choices = traffic_types };
const od_shape od__connect_ring_timeout = { .kind = OD_KIND_INTEGER, .min = 15, .max = 60 };

static const od_field start_fields[] = {
    { .name = "DestinationPhoneNumber", .summary = "number to call", .shape = &od_shape_e164, .required = true },
    { .name = "ContactFlowId", .summary = "flow that runs when the call is answered", .shape = &contact_flow_id,
      .required = true, .option = "contact_flow_id" },
    { .name = "InstanceId", .summary = "Amazon Connect instance", .shape = &od__connect_instance_id, .required = true,
      .option = "instance_id" },
    { .name = "SourcePhoneNumber", .summary = "number shown, one of the instance's; required without QueueId",
      .shape = &od_shape_e164, .option = "source_phone_number" },
    { .name = "QueueId", .summary = "queue of the call, whose number is shown; required without "
      "SourcePhoneNumber", .shape = &od_shape_filled,
      .option = "queue_id" },
    { .name = "ClientToken", .summary = "makes a repetition the same call; made when absent", .shape = &client_token,
      .make_uuid = true },
    { .name = "Attributes", .summary = "contact attributes for the flow; keys of letters, digits, - and _; at most "
      "32768 bytes together", .shape = &od__connect_attributes },
    { .name = "Name", .summary = "title of the contact, shown to the agent", .shape = &contact_name },
    { .name = "Description", .summary = "description of the contact, shown to the agent", .shape = &description },
    { .name = "References", .summary = "links and notes shown to the agent, by name", .shape = &references },
    { .name = "RelatedContactId", .summary = "contact whose attributes are copied to this one", .shape = &od__connect_contact_id },
    { .name = "AnswerMachineDetectionConfig", .summary = "answering machine detection; needs TrafficType CAMPAIGN",
      .shape = &amd },
    { .name = "CampaignId", .summary = "campaign the call belongs to", .shape = &campaign_id },
    { .name = "TrafficType", .summary = "GENERAL (the vendor's default), or CAMPAIGN with answering machine detection",
      .shape = &traffic_type },
    { .name = "OutboundStrategy", .summary = "preview dialling; only the vendor's own campaigns may use it",
      .shape = &strategy },
    { .name = "RingTimeoutInSeconds", .summary = "how long it rings before the call fails", .shape = &od__connect_ring_timeout,
      .has_default_integer = true, .default_integer = RING_TIMEOUT_SECONDS },
    OD_FIELDS_END
};

od_status od__connect_rule_attributes(od_value *params, const char *path, od_error *err) {
    const od_value *map = od_value_get(params, "Attributes"), *member;
    size_t bytes = 0;
    void *cursor = NULL;
    const char *key;
    while (map && od_value_next(map, &cursor, &key, &member))
        bytes += strlen(key) + od_value_length(member);
    if (bytes <= ATTRIBUTES_BYTES)
        return OD_OK;
    char message[96];
    snprintf(message, sizeof message, "expected at most %d bytes over all keys and values, got %zu", ATTRIBUTES_BYTES,
             bytes);
    return od__vendor_refuse(err, path, "Attributes", message);
}

/* The vendor takes the number to show from one of the two; what the flow's own queue is cannot be seen from here. */
static od_status rule_shown_number(od_value *params, const char *path, od_error *err) {
    if (od_value_get(params, "SourcePhoneNumber") != NULL || od_value_get(params, "QueueId") != NULL)
        return OD_OK;
    return od__vendor_refuse(err, path, "SourcePhoneNumber", "expected a number to show, or a QueueId, got neither");
}

static od_status rule_traffic(od_value *params, const char *path, od_error *err) {
    const char *traffic = od_value_string(od_value_get(params, "TrafficType"));
    bool campaign = traffic && strcmp(traffic, "CAMPAIGN") == 0;
    const od_value *detection = od_value_get(params, "AnswerMachineDetectionConfig");
    bool detect = od_value_boolean(od_value_get(detection, "EnableAnswerMachineDetection"));
    if (detect && !campaign)
        return od__vendor_refuse(err, path, "TrafficType",
                                 traffic ? "expected CAMPAIGN (answering machine detection is enabled), got \"GENERAL\""
                                         : "expected CAMPAIGN (answering machine detection is enabled), got nothing");
    if (campaign && !detect)
        return od__vendor_refuse(err, path, "TrafficType",
                                 "expected GENERAL (answering machine detection is not enabled), got \"CAMPAIGN\"");
    return OD_OK;
}

static const od_rule start_rules[] = {
    { "SourcePhoneNumber or QueueId", rule_shown_number },
    { "at most 32768 bytes of attributes", od__connect_rule_attributes },
    { "TrafficType CAMPAIGN exactly when answering machine detection is enabled", rule_traffic },
    OD_RULES_END
};
const od_shape od__connect_start_input = { .kind = OD_KIND_STRUCT, .fields = start_fields, .rules = start_rules };

static const od_field start_output_fields[] = {
    { .name = "ContactId", .summary = "id of the contact that was started", .shape = &od__connect_contact_id, .required = true },
    OD_FIELDS_END
};
const od_shape od__connect_start_output = { .kind = OD_KIND_STRUCT, .fields = start_output_fields, .open = true };
