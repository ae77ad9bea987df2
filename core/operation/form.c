#include "operation/form.h"

#include <string.h>

#include "base/error.h"
#include "json/value.h"

#define NO_CONTENT 204
#define RENAME_DEPTH 8 /* deeper than any output that is declared */
#define INTEGER_DIGITS 18

/* ---- does it fit ---- */

static bool is_object(const od_value *value) {
    return value != NULL && od_value_type(value) == OD_TYPE_OBJECT;
}

static bool is_array(const od_value *value) {
    return value != NULL && od_value_type(value) == OD_TYPE_ARRAY;
}

/* The one element of an array of one, where it stands for the array. */
static const od_value *unwrapped(const od_answer_form *form, const od_value *body) {
    bool one = form->single && is_array(body) && od_value_length(body) == 1;
    return one && is_object(od_value_at(body, 0)) ? od_value_at(body, 0) : body;
}

bool od__form_fits(const od_operation *operation, int http_status, const od_value *body) {
    static const od_answer_form plain = {.list = NULL};
    const od_answer_form *form = operation->form != NULL ? operation->form : &plain;
    if (body == NULL)
        return !form->required || (form->no_content != NULL && http_status == NO_CONTENT);
    if (form->list != NULL && is_array(body))
        return true;
    return is_object(unwrapped(form, body)) && (form->list == NULL || !form->required);
}

/* ---- members from headers ---- */

/* Only what the vendor's documents promise of such a header: anything else counts as absent. */
static bool read_integer(const char *text, size_t length, int64_t *out) {
    *out = 0;
    if (length == 0 || length > INTEGER_DIGITS)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

static bool is_ascii(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
            return false;
    }
    return true;
}

/* *out stays NULL where the header is not what it should be. */
static od_status header_value(const od_field *field, const char *text, size_t length, od_value **out, od_error *err) {
    int64_t integer;
    if (field->shape->kind == OD_KIND_INTEGER) {
        if (!read_integer(text, length, &integer))
            return OD_OK;
        *out = od_value_new_integer(integer);
        return *out != NULL ? OD_OK : od__error_no_memory(err);
    }
    if (!is_ascii(text, length))
        return OD_OK;
    od_value *value = od_value_new_string_n(text, length), *replacement = NULL;
    if (value == NULL)
        return od__error_no_memory(err);
    od_error unfit = OD_ERROR_INIT;
    od_status status = field->shape->check != NULL ? field->shape->check->fn(value, "", &replacement, &unfit) : OD_OK;
    if (status == OD_OK)
        *out = od_value_ref(replacement != NULL ? replacement : value);
    od_value_unref(replacement);
    od_value_unref(value);
    return status == OD_OUT_OF_MEMORY ? od__error_no_memory(err) : OD_OK;
}

static od_status add_headers(const od_field *headers, const od_http_response *response, od_value *result,
                             od_error *err) {
    for (const od_field *field = headers; field != NULL && field->name != NULL; field++) {
        size_t length = 0;
        const char *name = field->wire_name != NULL ? field->wire_name : field->name;
        const char *text = od__http_response_header(response, name, &length);
        od_value *value = NULL;
        od_status status = text != NULL ? header_value(field, text, length, &value, err) : OD_OK;
        if (status == OD_OK && value != NULL)
            status = od_value_set(result, field->name, value, err);
        if (status != OD_OK)
            return status;
    }
    return OD_OK;
}

/* ---- one spelling ---- */

static od_status rename_member(const od_field *field, od_value *object, od_error *err) {
    for (const char *const *alias = field->aliases; alias != NULL && *alias != NULL; alias++) {
        const od_value *member = od_value_get(object, *alias);
        if (member == NULL || od_value_get(object, field->name) != NULL)
            continue;
        od_status status = od_value_set(object, field->name, od_value_ref(member), err);
        if (status != OD_OK)
            return status;
        od__value_remove(object, *alias);
    }
    return OD_OK;
}

/* The answer is ours alone, so it is changed in place; what is not of the declared kind is left as it came. */
static od_status rename_below(const od_shape *shape, const od_value *value, int depth, od_error *err) {
    od_status status = OD_OK;
    if (shape == NULL || value == NULL || depth == 0)
        return OD_OK;
    if (shape->kind == OD_KIND_LIST && is_array(value)) {
        for (size_t i = 0; status == OD_OK && i < od_value_length(value); i++)
            status = rename_below(shape->element, od_value_at(value, i), depth - 1, err);
        return status;
    }
    if (shape->kind != OD_KIND_STRUCT || !is_object(value))
        return OD_OK;
    for (const od_field *field = shape->fields; status == OD_OK && field->name != NULL; field++) {
        status = rename_member(field, (od_value *)(uintptr_t)value, err);
        if (status == OD_OK && field->shape->kind >= OD_KIND_STRUCT)
            status = rename_below(field->shape, od_value_get(value, field->name), depth - 1, err);
    }
    return status;
}

/* ---- the result ---- */

/* Takes body. */
static od_status frame(const od_answer_form *form, int http_status, od_value *body, od_value **out, od_error *err) {
    const od_value *inner = unwrapped(form, body);
    if (inner != body) {
        *out = od_value_ref(inner);
        od_value_unref(body);
        return OD_OK;
    }
    if (body != NULL && !(form->list != NULL && is_array(body))) {
        *out = body;
        return OD_OK;
    }
    *out = od_value_new_object();
    if (*out == NULL) {
        od_value_unref(body);
        return od__error_no_memory(err);
    }
    if (body != NULL)
        return od_value_set(*out, form->list, body, err);
    bool says = form->no_content != NULL && http_status == NO_CONTENT;
    return says ? od_value_set(*out, form->no_content, od_value_new_boolean(true), err) : OD_OK;
}

od_status od__form_result(const od_operation *operation, const od_http_response *response, od_value *body,
                          od_value **out, od_error *err) {
    const od_answer_form *form = operation->form;
    *out = NULL;
    if (form == NULL) {
        *out = body != NULL ? body : od_value_new_object();
        return *out != NULL ? OD_OK : od__error_no_memory(err);
    }
    od_value *result = NULL;
    od_status status = frame(form, response->status, body, &result, err);
    if (status == OD_OK && is_object(result))
        status = add_headers(form->headers, response, result, err);
    if (status == OD_OK)
        status = rename_below(operation->output, result, RENAME_DEPTH, err);
    if (status != OD_OK) {
        od_value_unref(result);
        return status;
    }
    *out = result;
    return OD_OK;
}
