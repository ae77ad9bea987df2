/* Amazon Connect: operations on contacts that exist: stop, describe, search, read and write attributes. */
#include "base/error.h"
#include "vendors/amazon_connect.h"

#define INSTANCE                                                                                         \
    { .name = "InstanceId", .summary = "Amazon Connect instance", .shape = &od__connect_instance_id,     \
      .required = true, .option = "instance_id" }
#define INSTANCE_IN_PATH                                                                                 \
    { .name = "InstanceId", .summary = "Amazon Connect instance", .shape = &od__connect_instance_id,     \
      .required = true, .option = "instance_id", .place = OD_PLACE_PATH }

const od_shape od__connect_contact_id = { .kind = OD_KIND_STRING, .min = 1, .max = 256 };
static const od_field no_fields[] = { OD_FIELDS_END };

/* ---- stop ---- */

static const od_field reason_fields[] = {
    { .name = "Code", .summary = "why", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape reason = { .kind = OD_KIND_STRUCT, .fields = reason_fields };
static const od_field stop_fields[] = {
    { .name = "ContactId", .summary = "contact to end", .shape = &od__connect_contact_id, .required = true },
    INSTANCE,
    { .name = "DisconnectReason", .summary = "only the vendor's own campaigns may give one", .shape = &reason },
    OD_FIELDS_END
};
const od_shape od__connect_stop_input = { .kind = OD_KIND_STRUCT, .fields = stop_fields };
const od_shape od__connect_stop_output = { .kind = OD_KIND_STRUCT, .fields = no_fields, .open = true };

/* ---- describe ---- */

static const od_field describe_fields[] = {
    INSTANCE_IN_PATH,
    { .name = "ContactId", .summary = "contact to describe", .shape = &od__connect_contact_id, .required = true,
      .place = OD_PLACE_PATH },
    OD_FIELDS_END
};
const od_shape od__connect_describe_input = { .kind = OD_KIND_STRUCT, .fields = describe_fields };

static const od_field contact_fields[] = {
    { .name = "Id", .summary = "id of the contact", .shape = &od_shape_text },
    { .name = "InitialContactId", .summary = "the contact that it goes back to", .shape = &od_shape_text },
    { .name = "InitiationMethod", .summary = "how it began; API for those of start_outbound_voice_contact",
      .shape = &od_shape_text },
    { .name = "InitiationTimestamp", .summary = "when it was asked for, in Unix seconds", .shape = &od_shape_any },
    { .name = "ConnectedToSystemTimestamp", .summary = "when it was answered", .shape = &od_shape_any },
    { .name = "DisconnectTimestamp", .summary = "when it ended", .shape = &od_shape_any },
    { .name = "DisconnectReason", .summary = "why it ended", .shape = &od_shape_text },
    { .name = "AnsweringMachineDetectionStatus", .summary = "who or what answered", .shape = &od_shape_text },
    OD_FIELDS_END
};
static const od_shape contact = { .kind = OD_KIND_STRUCT, .fields = contact_fields, .open = true };
static const od_field describe_output_fields[] = {
    { .name = "Contact", .summary = "what is known of the contact", .shape = &contact, .required = true },
    { .name = "state", .summary = "dialling, answered or ended, read from the timestamps", .shape = &od_shape_text },
    OD_FIELDS_END
};
const od_shape od__connect_describe_output = {
    .kind = OD_KIND_STRUCT, .fields = describe_output_fields, .open = true
};

static bool is_there(const od_value *contact_value, const char *key) {
    return od_value_type(od_value_get(contact_value, key)) != OD_TYPE_NULL;
}

od_status od__connect_refine_described(const od_value *params, od_value *result, od_error *err) {
    (void)params;
    const od_value *described = od_value_get(result, "Contact");
    const char *state = is_there(described, "DisconnectTimestamp")          ? "ended"
                        : is_there(described, "ConnectedToSystemTimestamp") ? "answered"
                                                                            : "dialling";
    return od_value_set(result, "state", od_value_new_string(state), err);
}

/* ---- search ---- */

static const char *const time_types[] = {
    "INITIATION_TIMESTAMP", "SCHEDULED_TIMESTAMP", "CONNECTED_TO_AGENT_TIMESTAMP", "DISCONNECT_TIMESTAMP",
    "ENQUEUE_TIMESTAMP", NULL
};
static const char *const sort_fields[] = {
    "INITIATION_TIMESTAMP", "SCHEDULED_TIMESTAMP", "CONNECTED_TO_AGENT_TIMESTAMP", "DISCONNECT_TIMESTAMP",
    "INITIATION_METHOD", "CHANNEL", NULL
};
static const char *const orders[] = { "ASCENDING", "DESCENDING", NULL };
static const char *const matches_of_all[] = { "MATCH_ALL", "MATCH_ANY", NULL };
static const od_shape time_type = { .kind = OD_KIND_STRING, .choices = time_types };
static const od_shape unix_seconds = { .kind = OD_KIND_NUMBER, .number_min = 0, .number_max = 1e11,
                                       .expected = "a time in Unix seconds" };
static const od_field range_fields[] = {
    { .name = "Type", .summary = "which time of a contact counts", .shape = &time_type, .required = true },
    { .name = "StartTime", .summary = "not before, in Unix seconds", .shape = &unix_seconds, .required = true },
    { .name = "EndTime", .summary = "not after, in Unix seconds", .shape = &unix_seconds, .required = true },
    OD_FIELDS_END
};

static od_status rule_range(od_value *range, const char *path, od_error *err) {
    if (od_value_number(od_value_get(range, "StartTime")) < od_value_number(od_value_get(range, "EndTime")))
        return OD_OK;
    return od__vendor_refuse(err, path, "EndTime", "expected a time after StartTime");
}

static const od_rule range_rules[] = { { "EndTime after StartTime", rule_range }, OD_RULES_END };
static const od_shape range = { .kind = OD_KIND_STRUCT, .fields = range_fields, .rules = range_rules };

static const od_shape text_list = { .kind = OD_KIND_LIST, .min = 0, .max = 100, .element = &od_shape_text };
static const od_shape match_type = { .kind = OD_KIND_STRING, .choices = matches_of_all };
static const od_field attribute_fields[] = {
    { .name = "Key", .summary = "name of a searchable attribute", .shape = &od_shape_filled, .required = true },
    { .name = "Values", .summary = "what it may be", .shape = &text_list, .required = true },
    OD_FIELDS_END
};
static const od_shape attribute = { .kind = OD_KIND_STRUCT, .fields = attribute_fields };
static const od_shape attribute_list = { .kind = OD_KIND_LIST, .min = 1, .max = 15, .element = &attribute };
static const od_field searchable_fields[] = {
    { .name = "Criteria", .summary = "attributes to match", .shape = &attribute_list, .required = true },
    { .name = "MatchType", .summary = "whether all must match", .shape = &match_type },
    OD_FIELDS_END
};
static const od_shape searchable = { .kind = OD_KIND_STRUCT, .fields = searchable_fields };
static const od_field criteria_fields[] = {
    { .name = "AgentIds", .summary = "agents", .shape = &text_list },
    { .name = "Channels", .summary = "VOICE, CHAT, TASK, ...", .shape = &text_list },
    { .name = "InitiationMethods", .summary = "how contacts began; API for those of start_outbound_voice_contact",
      .shape = &text_list },
    { .name = "QueueIds", .summary = "queues", .shape = &text_list },
    { .name = "SearchableContactAttributes", .summary = "attributes that the instance made searchable",
      .shape = &searchable },
    OD_FIELDS_END
};
/* Open: what else the vendor can search by goes through as it is. */
static const od_shape criteria = { .kind = OD_KIND_STRUCT, .fields = criteria_fields, .open = true };

static const od_shape sort_field = { .kind = OD_KIND_STRING, .choices = sort_fields };
static const od_shape order = { .kind = OD_KIND_STRING, .choices = orders };
static const od_field sort_members[] = {
    { .name = "FieldName", .summary = "what to sort by", .shape = &sort_field, .required = true },
    { .name = "Order", .summary = "which way", .shape = &order, .required = true },
    OD_FIELDS_END
};
static const od_shape sort = { .kind = OD_KIND_STRUCT, .fields = sort_members };
static const od_shape max_results = { .kind = OD_KIND_INTEGER, .min = 1, .max = 100 };
static const od_field search_fields[] = {
    INSTANCE,
    { .name = "TimeRange", .summary = "when", .shape = &range, .required = true },
    { .name = "SearchCriteria", .summary = "which contacts", .shape = &criteria },
    { .name = "MaxResults", .summary = "contacts of one page", .shape = &max_results },
    { .name = "NextToken", .summary = "which page: NextToken of the one before", .shape = &od_shape_filled },
    { .name = "Sort", .summary = "order of the contacts", .shape = &sort },
    OD_FIELDS_END
};
const od_shape od__connect_search_input = { .kind = OD_KIND_STRUCT, .fields = search_fields };

static const od_shape contact_list = { .kind = OD_KIND_LIST, .element = &contact };
static const od_field search_output_fields[] = {
    { .name = "Contacts", .summary = "contacts found", .shape = &contact_list, .required = true },
    { .name = "NextToken", .summary = "of the following page; absent on the last", .shape = &od_shape_text },
    { .name = "TotalCount", .summary = "how many fit in all", .shape = &od_shape_integer },
    OD_FIELDS_END
};
const od_shape od__connect_search_output = { .kind = OD_KIND_STRUCT, .fields = search_output_fields, .open = true };

/* ---- attributes ---- */

static const od_field get_attributes_fields[] = {
    INSTANCE_IN_PATH,
    { .name = "InitialContactId", .summary = "the contact that the others go back to",
      .shape = &od__connect_contact_id, .required = true, .place = OD_PLACE_PATH },
    OD_FIELDS_END
};
const od_shape od__connect_get_attributes_input = { .kind = OD_KIND_STRUCT, .fields = get_attributes_fields };
static const od_field get_attributes_output_fields[] = {
    { .name = "Attributes", .summary = "the contact's attributes", .shape = &od_shape_string_map },
    OD_FIELDS_END
};
const od_shape od__connect_get_attributes_output = {
    .kind = OD_KIND_STRUCT, .fields = get_attributes_output_fields, .open = true
};

static const od_field update_attributes_fields[] = {
    { .name = "InitialContactId", .summary = "the contact that the others go back to",
      .shape = &od__connect_contact_id, .required = true },
    INSTANCE,
    { .name = "Attributes", .summary = "attributes to set; others stay; at most 32768 bytes together",
      .shape = &od__connect_attributes, .required = true },
    OD_FIELDS_END
};
static const od_rule update_attributes_rules[] = {
    { "at most 32768 bytes of attributes", od__connect_rule_attributes }, OD_RULES_END
};
const od_shape od__connect_update_attributes_input = {
    .kind = OD_KIND_STRUCT, .fields = update_attributes_fields, .rules = update_attributes_rules
};
const od_shape od__connect_update_attributes_output = { .kind = OD_KIND_STRUCT, .fields = no_fields, .open = true };
