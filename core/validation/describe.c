#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/limits.h"
#include "json/value.h"
#include "validation/shape.h"

#define DESCRIBE_DEPTH 8    /* a shape may hold itself */
#define LIMIT_TEXT_BYTES (8u * 1024)

static od_status describe(const od_shape *shape, int depth, od_value **out, od_error *err);

static const char *plain_type(const od_shape *shape) {
    switch (shape->kind) {
    case OD_KIND_STRING: return "string";
    case OD_KIND_INTEGER: return "integer";
    case OD_KIND_NUMBER: return "number";
    case OD_KIND_BOOLEAN: return "boolean";
    case OD_KIND_STRUCT:
    case OD_KIND_CHOICE: return "object";
    case OD_KIND_MAP: return "map";
    case OD_KIND_LIST: return "list";
    case OD_KIND_ANY: break;
    }
    return "any";
}

static od_value *new_type(const od_shape *shape) {
    char text[64];
    if ((shape->kind == OD_KIND_MAP || shape->kind == OD_KIND_LIST) && shape->element != NULL)
        (void)snprintf(text, sizeof text, "%s of %s", plain_type(shape), plain_type(shape->element));
    else
        (void)snprintf(text, sizeof text, "%s", plain_type(shape));
    return od_value_new_string(text);
}

/* What is counted or ranged over, after the numbers: "1..100 characters"; integers have a bare range. */
static const char *unit(const od_shape *shape) {
    switch (shape->kind) {
    case OD_KIND_STRING: return shape->max == 1 ? " character" : " characters";
    case OD_KIND_MAP: return shape->max == 1 ? " key" : " keys";
    case OD_KIND_LIST: return shape->max == 1 ? " element" : " elements";
    default: return "";
    }
}

static void add_part(od_buffer *text, const char *part) {
    if (text->length > 0)
        od__buffer_add_text(text, "; ");
    od__buffer_add_text(text, part);
}

static void add_range(od_buffer *text, const od_shape *shape) {
    char range[96] = "";
    if (shape->kind == OD_KIND_NUMBER) {
        if (shape->number_min != 0 || shape->number_max != 0)
            (void)snprintf(range, sizeof range, "%.15g..%.15g", shape->number_min, shape->number_max);
    } else if (shape->min != 0 || shape->max != 0) {
        bool counts = shape->kind != OD_KIND_INTEGER;
        if (shape->max < shape->min || shape->max == INT64_MAX)
            (void)snprintf(range, sizeof range, "at least %" PRId64 "%s", shape->min, unit(shape));
        else if (counts && shape->min == 0)
            (void)snprintf(range, sizeof range, "at most %" PRId64 "%s", shape->max, unit(shape));
        else if (shape->min == shape->max)
            (void)snprintf(range, sizeof range, "%" PRId64 "%s", shape->max, unit(shape));
        else
            (void)snprintf(range, sizeof range, "%" PRId64 "..%" PRId64 "%s", shape->min, shape->max, unit(shape));
    }
    if (range[0] != '\0')
        add_part(text, range);
}

static void add_rules(od_buffer *text, const od_shape *shape) {
    for (const od_rule *rule = shape->rules; rule != NULL && rule->fn != NULL; rule++)
        add_part(text, rule->summary);
}

/* Everything that bounds the value, as "1..100 characters" or "one of A, B"; NULL (with *none) if nothing does. */
static od_value *new_limit(const od_shape *shape, bool *none) {
    od_buffer text;
    od__buffer_init(&text, LIMIT_TEXT_BYTES);
    add_range(&text, shape);
    for (size_t i = 0; shape->choices != NULL && shape->choices[i] != NULL; i++) {
        if (i == 0)
            add_part(&text, "one of ");
        else
            od__buffer_add_text(&text, ", ");
        od__buffer_add_text(&text, shape->choices[i]);
    }
    if (shape->check != NULL)
        add_part(&text, shape->check->name);
    add_rules(&text, shape);
    if (shape->element != NULL)
        add_rules(&text, shape->element);
    *none = text.length == 0 && !text.failed;
    od_value *limit = text.failed || *none ? NULL : od_value_new_string(od__buffer_text(&text));
    od__buffer_clear(&text);
    return limit;
}

static od_value *new_default(const od_field *field) {
    char text[128];
    if (field->constant != NULL)
        return od_value_new_string(field->constant);
    if (field->option != NULL) {
        (void)snprintf(text, sizeof text, "option %s", field->option);
        return od_value_new_string(text);
    }
    if (field->variable != NULL) {
        (void)snprintf(text, sizeof text, "%s of the environment", field->variable);
        return od_value_new_string(text);
    }
    if (field->make_uuid)
        return od_value_new_string("a random UUID");
    if (field->has_default_integer)
        return od_value_new_integer(field->default_integer);
    return od_value_new_string(field->default_text);
}

static const char *place_name(od_place place) {
    switch (place) {
    case OD_PLACE_BODY: return "body";
    case OD_PLACE_PATH: return "path";
    case OD_PLACE_QUERY: return "query";
    case OD_PLACE_HEADER: return "header";
    case OD_PLACE_NOWHERE: break;
    }
    return "nowhere";
}

static od_status put_below(od_value *to, const od_shape *shape, int depth, od_error *err) {
    bool holds = shape->kind == OD_KIND_LIST || shape->kind == OD_KIND_MAP || shape->kind == OD_KIND_ANY;
    const od_shape *inner = holds && shape->element != NULL ? shape->element : shape;
    if ((inner->kind != OD_KIND_STRUCT && inner->kind != OD_KIND_CHOICE) || depth >= DESCRIBE_DEPTH)
        return OD_OK;
    od_value *fields;
    od_status status = describe(inner, depth + 1, &fields, err);
    return status != OD_OK ? status : od_value_set(to, "fields", fields, err);
}

static od_status put_limit(od_value *to, const od_shape *shape, od_error *err) {
    bool none;
    od_value *limit = new_limit(shape, &none);
    return none ? OD_OK : od_value_set(to, "limit", limit, err);
}

static od_status put_field(od_value *to, const od_field *field, int depth, od_error *err) {
    od_status status = od_value_set(to, "name", od_value_new_string(field->name), err);
    if (status == OD_OK)
        status = od_value_set(to, "type", new_type(field->shape), err);
    if (status == OD_OK)
        status = put_limit(to, field->shape, err);
    if (status == OD_OK)
        status = od_value_set(to, "required", od_value_new_boolean(field->required), err);
    if (status == OD_OK)
        status = od_value_set(to, "place", od_value_new_string(place_name(field->place)), err);
    if (status == OD_OK &&
        (field->constant != NULL || field->option != NULL || field->make_uuid || field->has_default_integer ||
         field->default_text != NULL || field->variable != NULL))
        status = od_value_set(to, "default", new_default(field), err);
    if (status == OD_OK && field->summary != NULL)
        status = od_value_set(to, "summary", od_value_new_string(field->summary), err);
    return status == OD_OK ? put_below(to, field->shape, depth, err) : status;
}

static od_status describe_struct(const od_shape *shape, int depth, od_value *list, od_error *err) {
    od_status status = OD_OK;
    for (const od_field *field = shape->fields; status == OD_OK && field != NULL && field->name != NULL; field++) {
        od_value *row = od_value_new_object();
        status = row == NULL ? od__error_no_memory(err) : put_field(row, field, depth, err);
        if (status == OD_OK)
            status = od_value_add(list, row, err);
        else
            od_value_unref(row);
    }
    return status;
}

od_status od__shape_put_rules(const od_shape *shape, od_value *to, od_error *err) {
    if (shape->rules == NULL || shape->rules[0].fn == NULL)
        return OD_OK;
    od_value *rules = od_value_new_array();
    od_status status = rules == NULL ? od__error_no_memory(err) : OD_OK;
    for (const od_rule *rule = shape->rules; status == OD_OK && rule->fn != NULL; rule++)
        status = od_value_add(rules, od_value_new_string(rule->summary), err);
    if (status == OD_OK)
        return od_value_set(to, "rules", rules, err);
    od_value_unref(rules);
    return status;
}

static od_status put_kind(od_value *to, const od_variant *variant, int depth, od_error *err) {
    od_status status = od_value_set(to, "value", od_value_new_string(variant->value), err);
    if (status == OD_OK && variant->summary != NULL)
        status = od_value_set(to, "summary", od_value_new_string(variant->summary), err);
    od_value *fields;
    if (status == OD_OK)
        status = describe(variant->shape, depth + 1, &fields, err);
    if (status == OD_OK)
        status = od_value_set(to, "fields", fields, err);
    return status == OD_OK ? od__shape_put_rules(variant->shape, to, err) : status;
}

static od_status new_kinds(const od_shape *shape, int depth, od_value **out, od_error *err) {
    od_value *kinds = od_value_new_array();
    od_status status = kinds == NULL ? od__error_no_memory(err) : OD_OK;
    for (const od_variant *variant = shape->variants; status == OD_OK && variant->value != NULL; variant++) {
        od_value *row = od_value_new_object();
        status = row == NULL ? od__error_no_memory(err) : put_kind(row, variant, depth, err);
        if (status == OD_OK)
            status = od_value_add(kinds, row, err);
        else
            od_value_unref(row);
    }
    if (status != OD_OK) {
        od_value_unref(kinds);
        kinds = NULL;
    }
    *out = kinds;
    return status;
}

/* A choice is one field, its chooser, with what each value of it makes of the rest. */
static od_status put_chooser(od_value *to, const od_shape *shape, int depth, od_error *err) {
    const od_field *field = od__shape_field(shape->variants[0].shape, shape->chooser);
    od_status status = OD_OK;
    if (field != NULL) {
        od_field chooser = *field;
        chooser.constant = NULL; /* each variant has its own */
        chooser.required = chooser.option == NULL;
        status = put_field(to, &chooser, depth, err);
    } else {
        status = od_value_set(to, "name", od_value_new_string(shape->chooser), err);
    }
    od_value *kinds;
    if (status == OD_OK)
        status = new_kinds(shape, depth, &kinds, err);
    return status == OD_OK ? od_value_set(to, "kinds", kinds, err) : status;
}

static od_status describe(const od_shape *shape, int depth, od_value **out, od_error *err) {
    *out = NULL;
    od_value *list = od_value_new_array();
    if (list == NULL)
        return od__error_no_memory(err);
    od_status status = OD_OK;
    if (shape->kind == OD_KIND_CHOICE) {
        od_value *row = od_value_new_object();
        status = row == NULL ? od__error_no_memory(err) : put_chooser(row, shape, depth, err);
        if (status == OD_OK)
            status = od_value_add(list, row, err);
        else
            od_value_unref(row);
    } else {
        status = describe_struct(shape, depth, list, err);
    }
    if (status != OD_OK) {
        od_value_unref(list);
        return status;
    }
    *out = list;
    return OD_OK;
}

od_status od__shape_describe(const od_shape *shape, od_value **out, od_error *err) {
    return describe(shape, 0, out, err);
}
