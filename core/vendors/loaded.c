/* A vendor made of its description: checked as a whole, turned into descriptors, and what it does in the words of the
 * description. */
#include "vendors/loaded.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define BASIC_BYTES 160

typedef struct loaded_vendor {
    od_vendor vendor;              /* first: place gets this */
    od_loading loading;
    od_value *description;         /* what all texts are borrowed from */
    const od_value *answers, *place;
    od_authorizer_kind authorizer;
    char basic[BASIC_BYTES];       /* its parameter */
} loaded_vendor;

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

/* ---- what such a vendor does ---- */

/* The value at a pointer that the description gives under key; NULL if it gives none, or nothing is there. */
static const od_value *pointed(const od_value *where, const char *key, const od_value *body) {
    const char *pointer = text_of(where, key);
    return pointer != NULL && body != NULL ? od_value_find(body, pointer) : NULL;
}

static void copy_plain(char *out, size_t out_bytes, const od_value *value) {
    if (od_value_type(value) == OD_TYPE_INTEGER)
        snprintf(out, out_bytes, "%lld", (long long)od_value_integer(value));
    else
        od__vendor_answer_text(out, out_bytes, value);
}

/* Returns the first member that the result must have and the answer lacks; NULL if it has them all. */
static const char *missing(const od_shape *output, const od_value *body) {
    for (const od_field *field = output->fields; field->name != NULL; field++)
        if (field->required && od_value_type(od_value_get(body, field->name)) == OD_TYPE_NULL)
            return field->name;
    return NULL;
}

static void read_answer(const od_operation *operation, const od_http_response *response, const od_value *body,
                        od_answer *out) {
    const loaded_vendor *self = operation->own;
    const char *id = text_of(self->answers, "request_id");
    if (id != NULL)
        od__http_response_copy_header(response, id, out->request_id, sizeof(out->request_id));
    bool is_2xx = od__vendor_http_success(response->status);
    const char *lacks = is_2xx ? missing(operation->output, body) : NULL;
    out->success = out->enveloped = is_2xx && lacks == NULL;
    if (out->success)
        return;
    copy_plain(out->vendor_code, sizeof(out->vendor_code), pointed(self->answers, "vendor_code", body));
    copy_plain(out->message, sizeof(out->message), pointed(self->answers, "message", body));
    out->enveloped = out->vendor_code[0] != '\0' || out->message[0] != '\0';
    if (lacks != NULL)
        od__vendor_answer_lacks(out, lacks);
    od__vendor_answer_raw(out, response);
}

static od_status set_mapped(const od_value *place, od_value *made, const char *key, const char *text, od_error *err) {
    const char *field = text_of(place, key);
    return field != NULL ? od__vendor_set_text(made, field, text, err) : OD_OK;
}

static od_status place(const od_vendor *vendor, const od_value *options, const od_call *call,
                       const od_operation **operation, od_value **params, const char **dropped, od_error *err) {
    (void)options;
    const od_value *map = ((const loaded_vendor *)vendor)->place;
    od_status status = od__vendor_operation(vendor, text_of(map, "operation"), operation, err);
    if (status != OD_OK)
        return status;
    od_value *made = od_value_new_object();
    if (made == NULL)
        return od__error_no_memory(err);
    const struct { const char *key, *text; } texts[] = {
        { "to", call->to }, { "from", call->from }, { "contact", call->contact }, { "token", call->token },
    };
    for (size_t i = 0; status == OD_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
        status = set_mapped(map, made, texts[i].key, texts[i].text, err);
    const char *attributes = text_of(map, "attributes");
    if (status == OD_OK && call->attributes != NULL && attributes != NULL)
        status = od_value_set(made, attributes, od__value_copy(call->attributes), err);
    else if (call->attributes != NULL && attributes == NULL)
        *dropped = "attributes were left out, the vendor has no place for them";
    if (status == OD_OK)
        status = od__vendor_merge_fields(made, call, NULL, err);
    return od__vendor_place_end(status, made, params);
}

static od_value *plain_id(const od_value *value) {
    char text[24];
    if (od_value_type(value) != OD_TYPE_INTEGER)
        return od_value_string(value) != NULL ? od_value_ref(value) : NULL;
    snprintf(text, sizeof(text), "%lld", (long long)od_value_integer(value));
    return od_value_new_string(text);
}

static bool rings_at_once(const loaded_vendor *self) {
    const char *state = text_of(self->place, "state");
    return state != NULL && strcmp(state, "placed") == 0;
}

/* A description has no place for the times between which its vendor may ring. */
static od_handoff handoff(const od_operation *operation, const od_value *params) {
    (void)params;
    const loaded_vendor *self = operation->own;
    return self->place == NULL || rings_at_once(self) ? OD_HANDOFF_NONE : OD_HANDOFF_UNBOUNDED;
}

static bool placed(const od_operation *operation, int http_status, const od_value *params, const od_value *body,
                   od_value **id) {
    (void)http_status;
    (void)params;
    const loaded_vendor *self = operation->own;
    *id = NULL;
    if (self->place == NULL || strcmp(text_of(self->place, "operation"), operation->name) != 0)
        return false;
    *id = plain_id(pointed(self->place, "id", body));
    return rings_at_once(self);
}

/* ---- making its descriptors ---- */

/* Says what is wrong with the description, as printf does. */
#define COMPLAIN(self, path, ...) od__error_at((self)->loading.err, OD_VALIDATION, path, __VA_ARGS__)

/* Whether every {name} of a template is one of the fields (with that place, if one is asked for). bad: the one that is not. */
static bool names_fields(const char *template, const od_field *fields, const od_place *place, char bad[64]) {
    for (const char *brace = strchr(template, '{'); brace != NULL; brace = strchr(brace + 1, '{')) {
        size_t length = strcspn(brace + 1, "}");
        const od_field *field = fields;
        while (field->name != NULL && (strlen(field->name) != length || strncmp(field->name, brace + 1, length) != 0 ||
                                       (place != NULL && field->place != *place)))
            field++;
        if (field->name == NULL) {
            snprintf(bad, 64, "%.*s", (int)length, brace + 1);
            return false;
        }
    }
    return true;
}

static const od_field *field_of(const od_field *fields, const char *name) {
    while (fields->name != NULL && strcmp(fields->name, name) != 0)
        fields++;
    return fields->name != NULL ? fields : NULL;
}

static od_status check_fields(const loaded_vendor *self, const od_operation *made, const char *path) {
    char at[OD_ERROR_PATH_BYTES], bad[64];
    static const od_place in_path = OD_PLACE_PATH;
    snprintf(at, sizeof(at), "%s/path", path);
    if (!names_fields(made->path, made->input->fields, &in_path, bad))
        return COMPLAIN(self, at, "{%s} is no field with place = path", bad);
    snprintf(at, sizeof(at), "%s/fields", path);
    for (const od_field *field = made->input->fields; field->name != NULL; field++) {
        char braced[128];
        snprintf(braced, sizeof(braced), "{%s}", field->name);
        if (field->place == OD_PLACE_PATH && strstr(made->path, braced) == NULL)
            return COMPLAIN(self, at, "%s has place = path and is not in the path", field->name);
        if (field->place == OD_PLACE_BODY && made->content_type == NULL)
            return COMPLAIN(self, at, "%s: this method has no body, its fields need a place: path, query or header",
                            field->name);
        if (field->option != NULL && field_of(self->vendor.options->fields, field->option) == NULL)
            return COMPLAIN(self, at, "%s is no option", field->option);
    }
    return OD_OK;
}

static od_status set_repeat(const loaded_vendor *self, const od_value *spec, od_operation *made, const char *path) {
    const char *repeat = text_of(spec, "repeat");
    char at[OD_ERROR_PATH_BYTES];
    made->repeat = repeat == NULL || strcmp(repeat, "never") == 0 ? OD_REPEAT_NEVER
                   : strcmp(repeat, "safe") == 0                  ? OD_REPEAT_SAFE
                                                                  : OD_REPEAT_TOKEN;
    made->repeat_field = made->repeat == OD_REPEAT_TOKEN ? text_of(spec, "repeat_field") : NULL;
    snprintf(at, sizeof(at), "%s/repeat_field", path);
    if (made->repeat == OD_REPEAT_TOKEN &&
        (made->repeat_field == NULL || field_of(made->input->fields, made->repeat_field) == NULL))
        return COMPLAIN(self, at, "expected the field that makes a repetition the same, got %s",
                        made->repeat_field != NULL ? "one that is not there" : "nothing");
    return OD_OK;
}

static od_status set_rate(loaded_vendor *self, const od_value *spec, od_operation *made) {
    const od_value *given = od_value_get(spec, "rate"), *burst = od_value_get(given, "burst");
    if (given == NULL)
        return OD_OK;
    od_rate *rate = od__loading_keep(&self->loading, 1, sizeof(*rate));
    if (rate == NULL)
        return OD_OUT_OF_MEMORY;
    rate->per_second = od_value_number(od_value_get(given, "per_second"));
    rate->burst = burst != NULL ? (int)od_value_integer(burst) : 1;
    made->rate = rate;
    return OD_OK;
}

/* Names that methods of every client have. */
static bool is_taken(const char *name) {
    static const char *const taken[] = { "place_call", "find", "track", "subscribe", "prepare", "pages", "close" };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(taken[i], name) == 0)
            return true;
    return false;
}

static od_status make_operation(loaded_vendor *self, const od_value *spec, od_operation *made, const char *path,
                                const od_field *headers) {
    char at[OD_ERROR_PATH_BYTES];
    const char *vendor_name = text_of(spec, "vendor_name"), *source = text_of(spec, "source");
    bool rings = od_value_boolean(od_value_get(spec, "rings"));
    made->own = self;
    made->name = text_of(spec, "name");
    made->vendor_name = vendor_name != NULL ? vendor_name : made->name;
    made->summary = text_of(spec, "summary");
    made->source = source != NULL ? source : "";
    made->method = text_of(spec, "method");
    made->path = text_of(spec, "path");
    made->rings = rings;
    made->headers = headers;
    bool bare = strcmp(made->method, "GET") == 0 || strcmp(made->method, "DELETE") == 0;
    made->content_type = bare ? NULL : "application/json";
    snprintf(at, sizeof(at), "%s/name", path);
    if (is_taken(made->name))
        return COMPLAIN(self, at, "every client has a method %s already", made->name);
    snprintf(at, sizeof(at), "%s/fields", path);
    made->input = od__loading_struct(&self->loading, od_value_get(spec, "fields"), at, false);
    snprintf(at, sizeof(at), "%s/result", path);
    made->output = od__loading_struct(&self->loading, od_value_get(spec, "result"), at, true);
    if (made->input == NULL || made->output == NULL)
        return self->loading.err->code;
    od_status status = check_fields(self, made, path);
    if (status == OD_OK)
        status = set_repeat(self, spec, made, path);
    return status == OD_OK ? set_rate(self, spec, made) : status;
}

static od_status make_operations(loaded_vendor *self, const od_field *headers) {
    const od_value *list = od_value_get(self->description, "operations");
    size_t count = od_value_length(list);
    od_operation *made = od__loading_keep(&self->loading, count + 1, sizeof(*made));
    if (made == NULL)
        return OD_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/operations/%zu", i);
        od_status status = make_operation(self, od_value_at(list, i), &made[i], path, headers);
        for (size_t k = 0; status == OD_OK && k < i; k++)
            if (strcmp(made[k].name, made[i].name) == 0)
                status = COMPLAIN(self, path, "there is an operation %s already", made[i].name);
        if (status != OD_OK)
            return status;
    }
    self->vendor.operations = made;
    return OD_OK;
}

static const od_error_row general_errors[] = { OD_ERROR_ROWS_UNCERTAIN, OD_ERROR_ROWS_GENERAL };
#define GENERAL_COUNT (sizeof(general_errors) / sizeof(general_errors[0]))

static void make_error(const od_value *spec, od_error_row *row) {
    static const char *const agains[] = { "no", "transient", "throttled" };
    static const od_again values[] = { OD_AGAIN_NO, OD_AGAIN_TRANSIENT, OD_AGAIN_THROTTLED };
    const char *code = text_of(spec, "code"), *again = text_of(spec, "again");
    row->http_status = (int)od_value_integer(od_value_get(spec, "http_status"));
    row->vendor_code = text_of(spec, "vendor_code");
    row->message = text_of(spec, "message");
    row->enveloped = 1; /* a proxy's answer proves nothing, whatever its status */
    row->placement = strcmp(text_of(spec, "placement"), "not_placed") == 0 ? OD_PLACEMENT_NOT_PLACED
                                                                           : OD_PLACEMENT_UNKNOWN;
    row->retryable = od_value_boolean(od_value_get(spec, "retryable"));
    row->retry_after_ms = (int64_t)(od_value_number(od_value_get(spec, "retry_after")) * 1000);
    for (int status = OD_VALIDATION; status <= OD_INTERNAL; status++)
        if (strcmp(od_status_name((od_status)status), code) == 0)
            row->code = (od_status)status;
    for (size_t i = 0; again != NULL && i < sizeof(agains) / sizeof(agains[0]); i++)
        if (strcmp(agains[i], again) == 0)
            row->again = values[i];
}

static od_status make_errors(loaded_vendor *self) {
    const od_value *list = od_value_get(self->description, "errors");
    size_t count = list != NULL ? od_value_length(list) : 0;
    od_error_row *rows = od__loading_keep(&self->loading, count + GENERAL_COUNT, sizeof(*rows));
    if (rows == NULL)
        return OD_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++)
        make_error(od_value_at(list, i), &rows[i]);
    memcpy(rows + count, general_errors, sizeof(general_errors));
    self->vendor.errors = rows;
    return OD_OK;
}

static od_status expect_option(const loaded_vendor *self, const od_value *authorization, const char *key) {
    char at[64];
    const char *option = text_of(authorization, key);
    snprintf(at, sizeof(at), "/authorization/%s", key);
    const od_field *field = option != NULL ? field_of(self->vendor.options->fields, option) : NULL;
    if (field != NULL && field->shape->kind == OD_KIND_STRING)
        return OD_OK;
    return COMPLAIN(self, at, "expected the name of an option that is a string, got %s", option != NULL ? option : "nothing");
}

static od_status make_basic(loaded_vendor *self, const od_value *authorization) {
    od_status status = expect_option(self, authorization, "username");
    if (status == OD_OK)
        status = expect_option(self, authorization, "password");
    if (status != OD_OK)
        return status;
    snprintf(self->basic, sizeof(self->basic), "%s:%s", text_of(authorization, "username"), text_of(authorization, "password"));
    self->authorizer = od_authorizer_basic;
    self->authorizer.parameter = self->basic;
    self->vendor.authorizer = &self->authorizer;
    return OD_OK;
}

static od_status make_header(loaded_vendor *self, const od_value *authorization, const od_field **out) {
    od_status status = expect_option(self, authorization, "option");
    if (status != OD_OK)
        return status;
    if (text_of(authorization, "header") == NULL)
        return COMPLAIN(self, "/authorization/header", "expected the name of a header, got %s", "nothing");
    od_field *headers = od__loading_keep(&self->loading, 2, sizeof(*headers));
    if (headers == NULL)
        return OD_OUT_OF_MEMORY;
    headers[0] = (od_field){ .name = text_of(authorization, "header"), .summary = "authorization", .shape = &od_shape_secret,
                             .option = text_of(authorization, "option"), .required = true,
                             .option_prefix = text_of(authorization, "prefix") };
    *out = headers;
    return OD_OK;
}

static od_status make_authorization(loaded_vendor *self, const od_field **headers) {
    const od_value *authorization = od_value_get(self->description, "authorization");
    if (authorization == NULL)
        return OD_OK;
    return strcmp(text_of(authorization, "type"), "basic") == 0 ? make_basic(self, authorization)
                                                                : make_header(self, authorization, headers);
}

static od_status check_place(const loaded_vendor *self) {
    static const char *const mapped[] = { "to", "from", "contact", "token", "attributes" };
    if (self->place == NULL)
        return OD_OK;
    const od_operation *operation = od__operation_find(&self->vendor, text_of(self->place, "operation"));
    if (operation == NULL || !operation->rings)
        return COMPLAIN(self, "/place/operation", "expected the name of an operation that rings, got %s",
                        text_of(self->place, "operation"));
    for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
        char at[64];
        const char *field = text_of(self->place, mapped[i]);
        snprintf(at, sizeof(at), "/place/%s", mapped[i]);
        if (field != NULL && field_of(operation->input->fields, field) == NULL)
            return COMPLAIN(self, at, "the operation has no field %s", field);
    }
    return OD_OK;
}

static od_status make_vendor(loaded_vendor *self) {
    char bad[64];
    od_vendor *vendor = &self->vendor;
    const od_field *headers = NULL;
    vendor->name = text_of(self->description, "name");
    vendor->title = text_of(self->description, "title");
    vendor->url_template = text_of(self->description, "base_url");
    vendor->read = read_answer;
    self->answers = od_value_get(self->description, "answers");
    self->place = od_value_get(self->description, "place");
    vendor->place = self->place != NULL ? place : NULL;
    vendor->placed = placed;
    vendor->handoff = handoff;
    vendor->options = od__loading_struct(&self->loading, od_value_get(self->description, "options"), "/options", false);
    if (vendor->options == NULL)
        return self->loading.err->code;
    if (!names_fields(vendor->url_template, vendor->options->fields, NULL, bad))
        return COMPLAIN(self, "/base_url", "{%s} is no option", bad);
    od_status status = make_authorization(self, &headers);
    if (status == OD_OK)
        status = make_operations(self, headers);
    if (status == OD_OK)
        status = make_errors(self);
    return status == OD_OK ? check_place(self) : status;
}

static void drop(loaded_vendor *self) {
    od__loading_drop(&self->loading);
    od_value_unref(self->description);
    od__free(self);
}

static od_status load(const od_value *description, const od_vendor **out, od_error *err) {
    loaded_vendor *self = od__calloc(1, sizeof(*self));
    if (self == NULL)
        return od__error_no_memory(err);
    self->loading.err = err;
    self->description = od__value_copy(description);
    od_status status = self->description != NULL ? od__shape_validate(&od__loaded_shape, self->description, "", err)
                                                 : od__error_no_memory(err);
    if (status == OD_OK)
        status = make_vendor(self);
    if (status == OD_OK)
        status = od__registry_add(&self->vendor, err);
    if (status != OD_OK) {
        drop(self);
        return status;
    }
    self->loading.err = NULL;
    *out = &self->vendor;
    return OD_OK;
}

od_status od_vendor_load(const od_value *description, const od_vendor **out, od_error *err) {
    od_error own = OD_ERROR_INIT;
    const od_vendor *made = NULL;
    od_status status = load(description, &made, &own);
    if (out != NULL)
        *out = made;
    if (status != OD_OK && err != NULL && err->code == OD_OK)
        *err = own;
    return status;
}
