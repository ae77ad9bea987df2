#include "base/error.h"
#include "operation/operation.h"
#include "operation/options.h"

static const char *repeat_name(od_repeat repeat) {
    switch (repeat) {
    case OD_REPEAT_NEVER: return "never";
    case OD_REPEAT_SAFE: return "safe";
    case OD_REPEAT_TOKEN: break;
    }
    return "token";
}

static od_status put_text(od_value *to, const char *key, const char *text, od_error *err) {
    return text == NULL ? OD_OK : od_value_set(to, key, od_value_new_string(text), err);
}

static od_status put_shape(od_value *to, const char *key, const od_shape *shape, od_error *err) {
    od_value *fields;
    od_status status;
    if (shape != NULL)
        status = od__shape_describe(shape, &fields, err);
    else
        status = (fields = od_value_new_array()) != NULL ? OD_OK : od__error_no_memory(err);
    return status == OD_OK ? od_value_set(to, key, fields, err) : status;
}

/* { field, values }: with one of these values in this field it does not ring. */
static od_status put_quiet(od_value *to, const od_operation *operation, od_error *err) {
    if (operation->quiet_field == NULL)
        return OD_OK;
    od_value *quiet = od_value_new_object(), *values = od_value_new_array();
    od_status status = quiet != NULL && values != NULL ? put_text(quiet, "field", operation->quiet_field, err)
                                                       : od__error_no_memory(err);
    for (const char *const *value = operation->quiet_values; status == OD_OK && *value != NULL; value++)
        status = od_value_add(values, od_value_new_string(*value), err);
    if (status == OD_OK)
        status = od_value_set(quiet, "values", od_value_ref(values), err);
    if (status == OD_OK)
        status = od_value_set(to, "quiet", od_value_ref(quiet), err);
    od_value_unref(values);
    od_value_unref(quiet);
    return status;
}

static od_status put_pages(od_value *to, const od_paging *pages, od_error *err) {
    if (pages == NULL)
        return OD_OK;
    od_value *described = od_value_new_object();
    od_status status = described == NULL ? od__error_no_memory(err) : put_text(described, "items", pages->items, err);
    if (status == OD_OK)
        status = put_text(described, "next", pages->next, err);
    if (status == OD_OK)
        status = put_text(described, "parameter", pages->parameter, err);
    if (status == OD_OK)
        status = put_text(described, "total", pages->total, err);
    if (status == OD_OK)
        return od_value_set(to, "pages", described, err);
    od_value_unref(described);
    return status;
}

static od_status put_operation(od_value *to, const od_operation *operation, od_error *err) {
    od_status status = put_text(to, "name", operation->name, err);
    if (status == OD_OK)
        status = put_text(to, "vendor_name", operation->vendor_name, err);
    if (status == OD_OK)
        status = put_text(to, "summary", operation->summary, err);
    if (status == OD_OK)
        status = put_text(to, "method", operation->method, err);
    if (status == OD_OK)
        status = put_text(to, "path", operation->path, err);
    if (status == OD_OK)
        status = od_value_set(to, "rings", od_value_new_boolean(operation->rings), err);
    if (status == OD_OK)
        status = put_quiet(to, operation, err);
    if (status == OD_OK)
        status = put_text(to, "repeat", repeat_name(operation->repeat), err);
    if (status == OD_OK)
        status = put_text(to, "repeat_field", operation->repeat_field, err);
    if (status == OD_OK)
        status = put_text(to, "source", operation->source, err);
    if (status == OD_OK)
        status = put_shape(to, "fields", operation->input, err);
    if (status == OD_OK)
        status = od__shape_put_rules(operation->input, to, err);
    if (status == OD_OK)
        status = put_pages(to, operation->pages, err);
    return status == OD_OK ? put_shape(to, "result", operation->output, err) : status;
}

od_status od_operation_describe(const od_operation *operation, od_value **out, od_error *err) {
    *out = NULL;
    od_value *described = od_value_new_object();
    od_status status = described == NULL ? od__error_no_memory(err) : put_operation(described, operation, err);
    if (status != OD_OK) {
        od_value_unref(described);
        return status;
    }
    *out = described;
    return OD_OK;
}

od_status od_vendor_options(const od_vendor *vendor, od_value **out, od_error *err) {
    *out = NULL;
    od_merged_options merged;
    od_status status = od__options_merge(vendor, &merged, err);
    return status == OD_OK ? od__shape_describe(&merged.shape, out, err) : status;
}

/* ---- a vendor ---- */

/* The channel that some operation has to be heard on before it is sent; NULL: none has. */
static const char *ears_of(const od_vendor *vendor) {
    const od_operation *operation = vendor->operations;
    while (operation->name != NULL && operation->ears == NULL)
        operation++;
    return operation->name != NULL ? operation->ears : NULL;
}

static od_status put_flag(od_value *to, const char *key, bool flag, od_error *err) {
    return od_value_set(to, key, od_value_new_boolean(flag), err);
}

static od_status put_integer(od_value *to, const char *key, int64_t integer, od_error *err) {
    return od_value_set(to, key, od_value_new_integer(integer), err);
}

static od_status put_seats(od_value *to, const od_vendor *vendor, od_error *err) {
    if (vendor->seats_option == NULL)
        return OD_OK;
    od_value *seats = od_value_new_object();
    od_status status = seats == NULL ? od__error_no_memory(err) : put_text(seats, "option", vendor->seats_option, err);
    if (status == OD_OK)
        status = put_text(seats, "field", vendor->seat_field, err);
    if (status == OD_OK)
        return od_value_set(to, "seats", seats, err);
    od_value_unref(seats);
    return status;
}

static od_status put_vendor(od_value *to, const od_vendor *vendor, od_error *err) {
    od_status status = put_text(to, "name", vendor->name, err);
    if (status == OD_OK)
        status = put_text(to, "title", vendor->title, err);
    if (status == OD_OK)
        status = put_flag(to, "finds", vendor->following != NULL, err);
    if (status == OD_OK)
        status = put_integer(to, "look_after_ms",
                             vendor->look_after_ms > 0 ? vendor->look_after_ms : OD_DEFAULT_LOOK_AFTER_MS, err);
    if (status == OD_OK)
        status = put_flag(to, "hands_off", vendor->handoff != NULL, err);
    if (status == OD_OK)
        status = put_flag(to, "withdraws", vendor->withdrawing != NULL, err);
    if (status == OD_OK && vendor->max_open > 0)
        status = put_integer(to, "max_open", vendor->max_open, err);
    if (status == OD_OK)
        status = put_seats(to, vendor, err);
    return status == OD_OK ? put_text(to, "ears", ears_of(vendor), err) : status;
}

od_status od_vendor_describe(const od_vendor *vendor, od_value **out, od_error *err) {
    *out = NULL;
    od_value *described = od_value_new_object();
    od_status status = described == NULL ? od__error_no_memory(err) : put_vendor(described, vendor, err);
    if (status != OD_OK) {
        od_value_unref(described);
        return status;
    }
    *out = described;
    return OD_OK;
}
