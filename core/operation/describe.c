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
        status = put_text(to, "repeat", repeat_name(operation->repeat), err);
    if (status == OD_OK)
        status = put_text(to, "repeat_field", operation->repeat_field, err);
    if (status == OD_OK)
        status = put_text(to, "source", operation->source, err);
    if (status == OD_OK)
        status = put_shape(to, "fields", operation->input, err);
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
