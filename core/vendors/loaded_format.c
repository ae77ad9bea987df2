/* The form of a vendor's description, in the words that all parameters are checked with. */
#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "vendors/loaded.h"

/* ---- checks ---- */

static od_check_fn check_identifier, check_wire_name, check_template, check_path;
static const od_check identifier_check = { "small letters, digits and _", check_identifier,
                                           "a name of small letters, digits and _ that begins with a letter" };
static const od_check wire_check = { "letters, digits, _ - and .", check_wire_name, "a name of letters, digits, _ - and ." };
static const od_check template_check = { "URL with {options}", check_template, "http(s)://host[:port][/path], {option} within" };
static const od_check path_check = { "path with {fields}", check_path, "a path that begins with /, {field} within" };

static od_status check_identifier(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    bool good = islower((unsigned char)text[0]) != 0;
    for (size_t i = 0; good && i < od_value_length(value); i++)
        good = islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]) || text[i] == '_';
    return good ? OD_OK : od__check_fail(&identifier_check, value, path, err);
}

/* Names are written into JSON, URLs and headers as they are. */
static od_status check_wire_name(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    bool good = od_value_length(value) > 0;
    for (size_t i = 0; good && i < od_value_length(value); i++)
        good = text[i] != '\0' && (isalnum((unsigned char)text[i]) || strchr("_-.", text[i]) != NULL);
    return good ? OD_OK : od__check_fail(&wire_check, value, path, err);
}

/* Braces in pairs around names, and nothing that would end a path or a host. */
static bool is_template(const char *text, size_t length) {
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte >= 0x7f || strchr("?#@\"<>\\^`|", byte) != NULL)
            return false;
        if (byte == (inside ? '{' : '}') || (byte == '}' && text[i - 1] == '{'))
            return false;
        inside = byte == '{' || (inside && byte != '}');
    }
    return !inside;
}

static od_status check_template(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;
    bool good = scheme != 0 && text[scheme] != '\0' && text[scheme] != '/' && is_template(text, od_value_length(value));
    return good ? OD_OK : od__check_fail(&template_check, value, path, err);
}

static od_status check_path(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    return text[0] == '/' && is_template(text, od_value_length(value)) ? OD_OK
                                                                       : od__check_fail(&path_check, value, path, err);
}

/* ---- shapes ---- */

static const od_shape identifier = { .kind = OD_KIND_STRING, .max = 64, .check = &identifier_check };
static const od_shape wire_name = { .kind = OD_KIND_STRING, .max = 100, .check = &wire_check };
static const od_shape line = { .kind = OD_KIND_STRING, .min = 1, .max = 120, .check = &od_check_header_text };
static const od_shape prefix = { .kind = OD_KIND_STRING, .min = 1, .max = 100, .check = &od_check_header_text };
static const od_shape url_template = { .kind = OD_KIND_STRING, .max = 500, .check = &template_check };
static const od_shape path_template = { .kind = OD_KIND_STRING, .max = 500, .check = &path_check };
static const od_shape pointer = { .kind = OD_KIND_STRING, .min = 2, .max = 200 };
static const od_shape choice_list = { .kind = OD_KIND_LIST, .min = 1, .max = 100, .element = &od_shape_text };

static const char *const types[] = { "string", "integer", "number", "boolean", "object", "list", "map", "any", NULL };
static const char *const places[] = { "body", "path", "query", "header", "nowhere", NULL };
static const char *const checks[] = { "e164", "e164_tolerant", "uuid", "iso8601", "url", "header_text", NULL };
static const od_shape type = { .kind = OD_KIND_STRING, .choices = types };
static const od_shape place = { .kind = OD_KIND_STRING, .choices = places };
static const od_shape check = { .kind = OD_KIND_STRING, .choices = checks };

static const od_shape field_list, element;
#define KIND_FIELDS                                                                                                  \
    { .name = "type", .summary = "what it is", .shape = &type, .required = true },                                   \
    { .name = "check", .summary = "of a string: what it must look like", .shape = &check },                          \
    { .name = "choices", .summary = "of a string: what it may be", .shape = &choice_list },                          \
    { .name = "min", .summary = "least length, count or number", .shape = &od_shape_integer },                       \
    { .name = "max", .summary = "greatest length, count or number", .shape = &od_shape_integer },                    \
    { .name = "sensitive", .summary = "never shown", .shape = &od_shape_boolean },                                   \
    { .name = "fields", .summary = "of an object", .shape = &field_list },                                           \
    { .name = "element", .summary = "of a list or a map", .shape = &element }
static const od_field element_fields[] = { KIND_FIELDS, OD_FIELDS_END };
static const od_shape element = { .kind = OD_KIND_STRUCT, .fields = element_fields };
static const od_field field_fields[] = {
    { .name = "name", .summary = "as callers write it", .shape = &wire_name, .required = true },
    KIND_FIELDS,
    { .name = "summary", .summary = "one line of meaning", .shape = &line },
    { .name = "required", .summary = "without it nothing is sent", .shape = &od_shape_boolean },
    { .name = "place", .summary = "where it travels; body if absent", .shape = &place },
    { .name = "wire_name", .summary = "as it is sent; name if absent", .shape = &wire_name },
    { .name = "constant", .summary = "always this text", .shape = &od_shape_text },
    { .name = "default", .summary = "sent when absent: a text, an integer or a boolean", .shape = &od_shape_any },
    { .name = "option", .summary = "client option that is the default", .shape = &identifier },
    { .name = "uuid", .summary = "a random UUID is made when absent", .shape = &od_shape_boolean },
    OD_FIELDS_END
};
static const od_shape field = { .kind = OD_KIND_STRUCT, .fields = field_fields };
static const od_shape field_list = { .kind = OD_KIND_LIST, .min = 0, .max = OD_LIMIT_FIELDS - 12, .element = &field };

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };
static const char *const repeats[] = { "never", "safe", "token", NULL };
static const od_shape method = { .kind = OD_KIND_STRING, .choices = methods };
static const od_shape repeat = { .kind = OD_KIND_STRING, .choices = repeats };
static const od_shape per_second = { .kind = OD_KIND_NUMBER, .number_min = 0.0001, .number_max = 10000 };
static const od_shape burst = { .kind = OD_KIND_INTEGER, .min = 1, .max = 10000 };
static const od_field rate_fields[] = {
    { .name = "per_second", .summary = "in the long run", .shape = &per_second, .required = true },
    { .name = "burst", .summary = "at once after a pause; 1 if absent", .shape = &burst },
    OD_FIELDS_END
};
static const od_shape rate = { .kind = OD_KIND_STRUCT, .fields = rate_fields };
static const od_field operation_fields[] = {
    { .name = "name", .summary = "the method's name", .shape = &identifier, .required = true },
    { .name = "vendor_name", .summary = "the vendor's own; name if absent", .shape = &wire_name },
    { .name = "summary", .summary = "one line", .shape = &line, .required = true },
    { .name = "source", .summary = "the vendor's document", .shape = &line },
    { .name = "method", .summary = "of HTTP", .shape = &method, .required = true },
    { .name = "path", .summary = "below the base URL", .shape = &path_template, .required = true },
    { .name = "fields", .summary = "what it takes", .shape = &field_list },
    { .name = "result", .summary = "what it gives; without what is required here an answer is none", .shape = &field_list },
    { .name = "rings", .summary = "a phone may ring because of it", .shape = &od_shape_boolean },
    { .name = "repeat", .summary = "whether a second one changes nothing; never if absent", .shape = &repeat },
    { .name = "repeat_field", .summary = "of repeat = token: the field that makes it the same", .shape = &wire_name },
    { .name = "rate", .summary = "of this operation", .shape = &rate },
    OD_FIELDS_END
};
static const od_shape operation = { .kind = OD_KIND_STRUCT, .fields = operation_fields };
static const od_shape operation_list = { .kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_OPERATIONS, .element = &operation };

static const char *const codes[] = {
#define NAME(NAME_, number, text, meaning) text,
    OD_STATUS_MAP(NAME)
#undef NAME
    NULL
};
static const char *const placements[] = { "not_placed", "unknown", NULL };
static const char *const agains[] = { "no", "transient", "throttled", NULL };
static const od_shape http_status = { .kind = OD_KIND_INTEGER, .min = 200, .max = 599 };
static const od_shape code = { .kind = OD_KIND_STRING, .choices = codes };
static const od_shape placement = { .kind = OD_KIND_STRING, .choices = placements };
static const od_shape again = { .kind = OD_KIND_STRING, .choices = agains };
static const od_shape seconds = { .kind = OD_KIND_NUMBER, .number_min = 0, .number_max = 86400 };
static const od_field error_fields[] = {
    { .name = "http_status", .summary = "of the answer; any if absent", .shape = &http_status },
    { .name = "vendor_code", .summary = "the vendor's own code; any if absent", .shape = &line },
    { .name = "message", .summary = "the vendor's text, * for any run; any if absent", .shape = &line },
    { .name = "code", .summary = "what the error is called", .shape = &code, .required = true },
    { .name = "placement", .summary = "what it proves of a call", .shape = &placement, .required = true },
    { .name = "retryable", .summary = "the same may succeed later", .shape = &od_shape_boolean },
    { .name = "again", .summary = "whether it is tried again at once; no if absent", .shape = &again },
    { .name = "retry_after", .summary = "seconds to wait, where the vendor does not say", .shape = &seconds },
    OD_FIELDS_END
};

static od_status rule_error(od_value *row, const char *path, od_error *err) {
    bool told = od_value_get(row, "vendor_code") != NULL || od_value_get(row, "message") != NULL;
    if (!told && od_value_get(row, "http_status") == NULL)
        return od__error_at(err, OD_VALIDATION, path, "expected http_status, vendor_code or message, got none of them");
    int64_t status = od_value_integer(od_value_get(row, "http_status"));
    bool proves = strcmp(od_value_string(od_value_get(row, "placement")), "not_placed") == 0;
    bool refuses = status / 100 == 4 && status != 408 && status != 409 && status != 425;
    if (!proves || refuses || (told && status == 0) ||
        (told && strcmp(od_value_string(od_value_get(row, "code")), "throttled") == 0))
        return OD_OK;
    return od__vendor_refuse(err, path, "placement", "expected unknown (this status proves nothing), got \"not_placed\"");
}

static const od_rule error_rules[] = {
    { "some condition, and no proof from a status that is none", rule_error }, OD_RULES_END
};
static const od_shape error_row = { .kind = OD_KIND_STRUCT, .fields = error_fields, .rules = error_rules };
static const od_shape error_list = { .kind = OD_KIND_LIST, .min = 0, .max = OD_LOADED_ERRORS, .element = &error_row };

static const od_field answer_fields[] = {
    { .name = "vendor_code", .summary = "JSON pointer to the vendor's code in an error", .shape = &pointer },
    { .name = "message", .summary = "JSON pointer to the vendor's text in an error", .shape = &pointer },
    { .name = "request_id", .summary = "header with the request's id", .shape = &wire_name },
    OD_FIELDS_END
};
static const od_shape answers = { .kind = OD_KIND_STRUCT, .fields = answer_fields };

static const char *const authorizations[] = { "basic", "header", NULL };
static const od_shape authorization_type = { .kind = OD_KIND_STRING, .choices = authorizations };
static const od_field authorization_fields[] = {
    { .name = "type", .summary = "basic, or header", .shape = &authorization_type, .required = true },
    { .name = "username", .summary = "of basic: the option with the user's name", .shape = &identifier },
    { .name = "password", .summary = "of basic: the option with the password", .shape = &identifier },
    { .name = "header", .summary = "of header: its name", .shape = &wire_name },
    { .name = "option", .summary = "of header: the option with its value", .shape = &identifier },
    { .name = "prefix", .summary = "of header: put before the value", .shape = &prefix },
    OD_FIELDS_END
};
static const od_shape authorization = { .kind = OD_KIND_STRUCT, .fields = authorization_fields };

static const char *const states[] = { "placed", "handed_off", NULL };
static const od_shape state = { .kind = OD_KIND_STRING, .choices = states };
static const od_field place_fields[] = {
    { .name = "operation", .summary = "that places a call", .shape = &identifier, .required = true },
    { .name = "to", .summary = "field of the number called", .shape = &wire_name, .required = true },
    { .name = "from", .summary = "field of the number shown", .shape = &wire_name },
    { .name = "contact", .summary = "field of the caller's own id", .shape = &wire_name },
    { .name = "token", .summary = "field of the token", .shape = &wire_name },
    { .name = "attributes", .summary = "field of the attributes", .shape = &wire_name },
    { .name = "id", .summary = "JSON pointer to the call's id in the result", .shape = &pointer },
    { .name = "state", .summary = "what a success means; handed_off if absent", .shape = &state },
    OD_FIELDS_END
};
static const od_shape place_call = { .kind = OD_KIND_STRUCT, .fields = place_fields };

static const od_field vendor_fields[] = {
    { .name = "name", .summary = "of the vendor", .shape = &identifier, .required = true },
    { .name = "title", .summary = "as people call it", .shape = &line, .required = true },
    { .name = "base_url", .summary = "where it is", .shape = &url_template, .required = true },
    { .name = "options", .summary = "of its clients", .shape = &field_list },
    { .name = "authorization", .summary = "how requests say whose they are", .shape = &authorization },
    { .name = "operations", .summary = "what it offers", .shape = &operation_list, .required = true },
    { .name = "errors", .summary = "what its refusals mean; the first that fits", .shape = &error_list },
    { .name = "answers", .summary = "where its answers say what", .shape = &answers },
    { .name = "place", .summary = "how a call is placed the same way as at other vendors", .shape = &place_call },
    OD_FIELDS_END
};
const od_shape od__loaded_shape = { .kind = OD_KIND_STRUCT, .fields = vendor_fields };
