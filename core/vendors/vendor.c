#include "vendors/vendor.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define RAW_MESSAGE_BYTES 200      /* more plain text than this is a page, not a message */
#define DNS_LABEL_BYTES 63
#define DNS_NAME_BYTES 253
#define REGION_BYTES 32
#define MERGE_DEPTH 4              /* deeper than any struct that place makes */

/* ---- reading an answer ---- */

void od__vendor_answer_text(char *out, size_t out_bytes, const od_value *text) {
    const char *string = od_value_string(text);
    if (string)
        od__error_clean(out, out_bytes, string, od_value_length(text));
}

void od__vendor_answer_raw(od_answer *out, const od_http_response *response) {
    const char *text = response->body.data;
    size_t length = response->body.length;
    while (length > 0 && isspace((unsigned char)*text))
        text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (out->message[0] || length == 0 || length > RAW_MESSAGE_BYTES || strchr("<{[", text[0]))
        return;
    od__error_clean(out->message, sizeof out->message, text, length);
}

void od__vendor_answer_lacks(od_answer *out, const char *what) {
    snprintf(out->message, sizeof out->message, "the answer has no %s", what);
}

bool od__vendor_http_success(int http_status) {
    return http_status >= 200 && http_status <= 299;
}

/* ---- neutral call -> parameters ---- */

od_status od__vendor_set(od_value *object, const char *key, const od_value *text, od_error *err) {
    return text ? od__value_put(object, key, od_value_ref(text), err) : OD_OK;
}

od_status od__vendor_set_text(od_value *object, const char *key, const char *text, od_error *err) {
    return text ? od_value_set(object, key, od_value_new_string(text), err) : OD_OK;
}

static od_status merge(od_value *into, const od_value *over, int depth, od_error *err) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    while (od_value_next(over, &cursor, &key, &member)) {
        /* What `into` holds was made for this call, so that its objects may be changed in place. */
        od_value *mine = (od_value *)(uintptr_t)od_value_get(into, key);
        od_status status;
        if (depth < MERGE_DEPTH && mine && od_value_type(mine) == OD_TYPE_OBJECT &&
            od_value_type(member) == OD_TYPE_OBJECT)
            status = merge(mine, member, depth + 1, err);
        else
            status = od_value_set(into, key, od__value_copy(member), err);
        if (status != OD_OK)
            return status;
    }
    return OD_OK;
}

od_status od__vendor_merge(od_value *into, const od_value *over, od_error *err) {
    return over ? merge(into, over, 0, err) : OD_OK;
}

od_status od__vendor_keep(const od_value *value, const char *text, const char *path, od_error *err) {
    const char *other = od_value_string(value);
    if (other != NULL && strcmp(other, text) == 0)
        return OD_OK;
    char shown[OD_ERROR_MESSAGE_BYTES / 2];
    od__error_clean(shown, sizeof(shown), other != NULL ? other : "", other != NULL ? od_value_length(value) : 0);
    return od__error_at(err, OD_VALIDATION, path, "expected what the call says, \"%s\", got %s%s%s", text,
                        other != NULL ? "\"" : "something else", shown, other != NULL ? "\"" : "");
}

/* What mine, which was made of the call, is to stay: the number or the token. NULL: neither. */
static const char *fixed_text(const od_value *mine, const od_call *call) {
    const char *text = od_value_string(mine);
    if (text == NULL)
        return NULL;
    if (call->to != NULL && strcmp(text, call->to) == 0)
        return call->to;
    return call->token != NULL && strcmp(text, call->token) == 0 ? call->token : NULL;
}

static od_status keep_fixed(const od_value *made, const od_value *over, const od_call *call, const char *path, int depth,
                            od_error *err) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    od_status status = OD_OK;
    while (status == OD_OK && over != NULL && od_value_next(over, &cursor, &key, &member)) {
        const od_value *mine = od_value_get(made, key);
        const char *text = fixed_text(mine, call);
        char at[OD_ERROR_PATH_BYTES];
        snprintf(at, sizeof(at), "%s", path);
        od__path_add(at, sizeof(at), key);
        if (text != NULL)
            status = od__vendor_keep(member, text, at, err);
        else if (depth < MERGE_DEPTH && od_value_type(mine) == OD_TYPE_OBJECT && od_value_type(member) == OD_TYPE_OBJECT)
            status = keep_fixed(mine, member, call, at, depth + 1, err);
    }
    return status;
}

static od_status keep_limits(const od_call *call, const char *const *limits, od_error *err) {
    bool limited = call->not_before_ms != 0 || call->not_after_ms != 0;
    for (; limited && limits != NULL && *limits != NULL; limits++) {
        if (od_value_get(call->fields, *limits) != NULL)
            return od__vendor_refuse(err, "", *limits, "expected nothing: the hours of the campaign say when it may ring");
    }
    return OD_OK;
}

od_status od__vendor_merge_fields(od_value *made, const od_call *call, const char *const *limits, od_error *err) {
    od_status status = call->judged ? keep_fixed(made, call->fields, call, "", 0, err) : OD_OK;
    if (status == OD_OK && call->judged)
        status = keep_limits(call, limits, err);
    return status == OD_OK ? od__vendor_merge(made, call->fields, err) : status;
}

od_status od__vendor_mark(od_value *params, const char *map, const char *key, const od_value *token, od_error *err) {
    const od_value *there = od_value_get(params, map);
    if (!token || (od_value_type(there) != OD_TYPE_OBJECT && od_value_type(there) != OD_TYPE_NULL))
        return OD_OK;
    od_value *marked = od_value_type(there) == OD_TYPE_OBJECT ? od_value_ref(there) : od_value_new_object();
    od_status status = marked ? od__vendor_set(marked, key, token, err) : od__error_no_memory(err);
    if (status == OD_OK)
        return od__value_put(params, map, marked, err);
    od_value_unref(marked);
    return status;
}

od_status od__vendor_place_end(od_status status, od_value *made, od_value **params) {
    if (status == OD_OK)
        *params = made;
    else
        od_value_unref(made);
    return status;
}

od_status od__vendor_found(const od_followed *about, const char *key, const od_value *known_by, const char *state,
                           od_report *report, od_error *err) {
    report->done = report->found = true;
    report->call = od_value_new_object();
    od_status status = report->call ? od__vendor_set(report->call, key, known_by, err) : od__error_no_memory(err);
    if (status == OD_OK)
        status = od__vendor_set_text(report->call, "state", state, err);
    if (status == OD_OK)
        status = od__vendor_set_text(report->call, "vendor", about->vendor->name, err);
    return status == OD_OK ? od__vendor_set(report->call, "token", od_value_get(about->call, "token"), err) : status;
}

od_status od__vendor_found_id(const od_followed *about, const char *id, const char *state, od_report *report, od_error *err) {
    od_value *known_by = od_value_new_string(id);
    od_status status = known_by ? od__vendor_found(about, "id", known_by, state, report, err) : od__error_no_memory(err);
    od_value_unref(known_by);
    return status;
}

od_status od__vendor_operation(const od_vendor *vendor, const char *name, const od_operation **operation,
                               od_error *err) {
    *operation = od__operation_find(vendor, name);
    return *operation ? OD_OK : od__error_set(err, OD_INTERNAL, "%s has no operation %s", vendor->name, name);
}

/* ---- taking a call back ---- */

void od__vendor_not_withdrawn(od_report *report, bool made, const char *format, ...) {
    char raw[OD_REPORT_WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    od__error_clean(report->why, sizeof report->why, raw, strlen(raw));
    report->done = true;
    report->withdrawn = false;
    report->rang_maybe = made;
}

od_status od__vendor_remember_step(od_value **memory, const char *step, int64_t looks, od_error *err) {
    od_value *made = od_value_new_object();
    od_status status = made ? od__vendor_set_text(made, "step", step, err) : od__error_no_memory(err);
    if (status == OD_OK && looks)
        status = od_value_set(made, "looks", od_value_new_integer(looks), err);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    od_value_unref(*memory);
    *memory = made;
    return OD_OK;
}

/* ---- complaints and checks ---- */

od_status od__vendor_refuse(od_error *err, const char *path, const char *field, const char *message) {
    char at[OD_ERROR_PATH_BYTES];
    snprintf(at, sizeof at, "%s", path);
    od__path_add(at, sizeof at, field);
    return od__error_at(err, OD_VALIDATION, at, "%s", message);
}

const char *od__vendor_option(const od_value *options, const char *name, const char *otherwise) {
    const char *text = options ? od_value_string(od_value_get(options, name)) : NULL;
    return text && *text ? text : otherwise;
}

od_status od__vendor_url_end(int length, size_t out_bytes, od_error *err) {
    if (length < 0 || (size_t)length >= out_bytes)
        return od__error_set(err, OD_VALIDATION, "the vendor's address is longer than %zu bytes", out_bytes - 1);
    return OD_OK;
}

static od_status check_aws_region(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    size_t length = od_value_length(value);
    bool good = length >= 4 && length <= REGION_BYTES && islower((unsigned char)text[0]) &&
                isdigit((unsigned char)text[length - 1]) && strchr(text, '-') != NULL;
    for (size_t i = 0; good && i < length; i++)
        good = islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]) ||
               (text[i] == '-' && text[i + 1] != '-');
    return good ? OD_OK : od__check_fail(&od_check_aws_region, value, path, err);
}

static bool is_label(const char *text, size_t length) {
    if (length == 0 || length > DNS_LABEL_BYTES || text[0] == '-' || text[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return false;
    return true;
}

static od_status check_dns_label(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return is_label(od_value_string(value), od_value_length(value))
               ? OD_OK
               : od__check_fail(&od_check_dns_label, value, path, err);
}

static od_status check_host_name(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *rest = od_value_string(value);
    bool good = od_value_length(value) <= DNS_NAME_BYTES;
    while (good && rest) {
        size_t length = strcspn(rest, ".");
        good = is_label(rest, length);
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return good ? OD_OK : od__check_fail(&od_check_host_name, value, path, err);
}

static od_status check_basic_user(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    for (size_t i = 0; i < od_value_length(value); i++)
        if (text[i] == ':' || iscntrl((unsigned char)text[i]))
            return od__check_fail(&od_check_basic_user, value, path, err);
    return OD_OK;
}

static const od_check url_path_check;

static od_status check_url_path(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    const char *text = od_value_string(value);
    bool good = text[0] == '/' && strlen(text) == od_value_length(value);
    for (; good && *text; text++)
        good = *text > ' ' && *text < 0x7f && !strchr("?#\"<>\\^`{|}", *text);
    return good ? OD_OK : od__check_fail(&url_path_check, value, path, err);
}

static const od_check url_path_check = { "path of a URL", check_url_path, "a path that begins with /" };

const od_check od_check_aws_region = { "AWS region", check_aws_region, "an AWS region such as us-east-1" };
const od_check od_check_dns_label = {
    "one host name label", check_dns_label, "one label of a host name (letters, digits, hyphens)"
};
const od_check od_check_host_name = { "host name", check_host_name, "a host name such as uc1.example.com" };
const od_check od_check_basic_user = {
    "no colon", check_basic_user, "a user name without colon and control characters"
};

const od_shape od_shape_filled = { .kind = OD_KIND_STRING, .empty_is_absent = true };
const od_shape od_shape_header_value = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_header_text
};
const od_shape od_shape_secret = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_header_text, .sensitive = true
};
const od_shape od_shape_aws_region = {
    .kind = OD_KIND_STRING, .empty_is_absent = true, .check = &od_check_aws_region
};
const od_shape od_shape_url_path = {
    .kind = OD_KIND_STRING, .max = 1024, .empty_is_absent = true, .check = &url_path_check
};
static const od_field aws_credential_fields[] = {
    { .name = "access_key_id", .summary = "access key id", .shape = &od_shape_header_value, .required = true },
    { .name = "secret_access_key", .summary = "secret access key", .shape = &od_shape_secret, .required = true },
    { .name = "session_token", .summary = "session token of temporary credentials", .shape = &od_shape_secret },
    OD_FIELDS_END
};
const od_shape od_shape_aws_credentials = { .kind = OD_KIND_STRUCT, .fields = aws_credential_fields };
const od_shape od_shape_seats = { .kind = OD_KIND_LIST, .min = 1, .max = OD_LIMIT_SEATS, .element = &od_shape_filled };
const od_shape od_shape_per_seat = { .kind = OD_KIND_INTEGER, .min = 1, .max = OD_LIMIT_SEATS };
const od_shape od_shape_json_object = { .kind = OD_KIND_MAP, .element = &od_shape_any };
