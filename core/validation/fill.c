#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/crypto.h"
#include "json/value.h"
#include "validation/shape.h"

typedef struct filling {
    const od_value *options;
    bool (*random)(void *context, void *out, size_t bytes);
    void *random_context;
    od_error *err;
} filling;

static od_status fill(const filling *with, const od_shape *shape, od_value *value, const char *path);

static const od_value *present(const od_field *field, const od_value *object) {
    const od_value *value = od_value_get(object, field->name);
    for (const char *const *alias = field->aliases; value == NULL && alias != NULL && *alias != NULL; alias++)
        value = od_value_get(object, *alias);
    if (value == NULL || od_value_type(value) == OD_TYPE_NULL)
        return NULL;
    if (field->shape->empty_is_absent && od_value_type(value) == OD_TYPE_STRING && od_value_length(value) == 0)
        return NULL;
    return value;
}

/* What a text of the table is as a value of the field. */
static od_value *new_of_text(const od_field *field, const char *text) {
    switch (field->shape->kind) {
    case OD_KIND_BOOLEAN: return od_value_new_boolean(strcmp(text, "true") == 0);
    case OD_KIND_INTEGER: return od_value_new_integer(strtoll(text, NULL, 10));
    default: return od_value_new_string(text);
    }
}

static bool is_constant(const od_field *field, const od_value *value) {
    switch (field->shape->kind) {
    case OD_KIND_BOOLEAN:
        return od_value_type(value) == OD_TYPE_BOOLEAN &&
               od_value_boolean(value) == (strcmp(field->constant, "true") == 0);
    case OD_KIND_INTEGER:
        return od_value_type(value) != OD_TYPE_STRING &&
               od_value_number(value) == (double)strtoll(field->constant, NULL, 10);
    default:
        return od_value_type(value) == OD_TYPE_STRING && strcmp(od_value_string(value), field->constant) == 0;
    }
}

static od_status refuse_other(const filling *with, const od_field *field, const od_value *value, const char *path) {
    char at[OD_ERROR_PATH_BYTES], got[192];
    memcpy(at, path, strlen(path) + 1);
    od__path_add(at, sizeof at, field->name);
    if (field->shape->sensitive)
        return od__error_at(with->err, OD_VALIDATION, at, "expected the fixed value, got another value");
    od__value_describe(value, got, sizeof got);
    const char *quote = field->shape->kind == OD_KIND_BOOLEAN || field->shape->kind == OD_KIND_INTEGER ? "" : "\"";
    return od__error_at(with->err, OD_VALIDATION, at, "expected %s%s%s, got %s", quote, field->constant, quote, got);
}

/* Another text than the option's, where the option's goes elsewhere too and the two must agree? */
static bool differs_from_option(const filling *with, const od_field *field, const od_value *value) {
    const char *option = field->option_only ? od_value_string(od_value_get(with->options, field->option)) : NULL;
    const char *text = od_value_string(value);
    return option != NULL && text != NULL && strcmp(option, text) != 0;
}

static od_status refuse_other_than_option(const filling *with, const od_field *field, const od_value *value,
                                          const char *path) {
    char at[OD_ERROR_PATH_BYTES], expected[192], got[192];
    memcpy(at, path, strlen(path) + 1);
    od__path_add(at, sizeof at, field->name);
    if (field->shape->sensitive)
        return od__error_at(with->err, OD_VALIDATION, at, "expected the option %s, got another value", field->option);
    od__value_describe(od_value_get(with->options, field->option), expected, sizeof expected);
    od__value_describe(value, got, sizeof got);
    return od__error_at(with->err, OD_VALIDATION, at, "expected %s, the option %s, got %s", expected, field->option, got);
}

/* The option's value as this field takes it; NULL when memory runs out. */
static od_value *from_option(const od_field *field, const od_value *option) {
    od_type type = od_value_type(option);
    if (type == OD_TYPE_OBJECT || type == OD_TYPE_ARRAY)
        return od__value_copy(option); /* validation changes it in place */
    if (field->option_prefix == NULL || type != OD_TYPE_STRING)
        return od_value_ref(option);
    od_buffer text;
    od__buffer_init(&text, OD_LIMIT_REQUEST_BYTES);
    od__buffer_add_text(&text, field->option_prefix);
    od__buffer_add(&text, od_value_string(option), od_value_length(option));
    od_value *joined = text.failed ? NULL : od_value_new_string_n(od__buffer_text(&text), text.length);
    od__buffer_clear(&text);
    return joined;
}

static od_status set_uuid(const filling *with, const od_field *field, od_value *object) {
    uint8_t random[16];
    char text[OD_UUID_BYTES];
    if (!with->random(with->random_context, random, sizeof random))
        return od__error_set(with->err, OD_INTERNAL, "no randomness is to be had for %s", field->name);
    od__crypto_uuid(random, text);
    return od__value_put(object, field->name, od__value_text(text, sizeof text - 1), with->err);
}

static od_status fill_absent(const filling *with, const od_field *field, od_value *object) {
    if (field->constant != NULL)
        return od__value_put(object, field->name, new_of_text(field, field->constant), with->err);
    const od_value *option = field->option == NULL ? NULL : od_value_get(with->options, field->option);
    if (option != NULL && od_value_type(option) != OD_TYPE_NULL)
        return od__value_put(object, field->name, from_option(field, option), with->err);
    if (field->make_uuid && with->random != NULL)
        return set_uuid(with, field, object);
    if (field->has_default_integer)
        return od__value_put(object, field->name, od_value_new_integer(field->default_integer), with->err);
    if (field->default_text != NULL)
        return od__value_put(object, field->name, new_of_text(field, field->default_text), with->err);
    return OD_OK;
}

static bool is_struct(const od_shape *shape) {
    return shape->kind == OD_KIND_STRUCT || shape->kind == OD_KIND_CHOICE;
}

/* What a value of shape is, or each element of it, where that has fields to be filled; NULL: nothing there has any. */
static const od_shape *struct_below(const od_shape *shape) {
    if (is_struct(shape))
        return shape;
    bool holds = shape->kind == OD_KIND_LIST && shape->element != NULL && is_struct(shape->element);
    return holds ? shape->element : NULL;
}

/* Fills structs inside of a field that is there and may have some. */
static od_status fill_below(const filling *with, const od_field *field, const od_value *member, const char *path) {
    const od_shape *inner = struct_below(field->shape);
    bool is_list = inner != field->shape;
    char at[OD_ERROR_PATH_BYTES];
    memcpy(at, path, strlen(path) + 1);
    od__path_add(at, sizeof at, field->name);
    if (!is_list)
        return fill(with, inner, (od_value *)(uintptr_t)member, at);
    size_t length = strlen(at);
    od_status status = OD_OK;
    for (size_t i = 0; status == OD_OK && od_value_type(member) == OD_TYPE_ARRAY && i < od_value_length(member); i++) {
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        od__path_add(at + length, sizeof at - length, index);
        status = fill(with, inner, (od_value *)(uintptr_t)od_value_at(member, i), at);
        at[length] = '\0';
    }
    return status;
}

/* Gives a choice its chooser: what an option says, or the one kind there is. */
static od_status fill_chooser(const filling *with, const od_shape *shape, od_value *value) {
    for (const od_variant *variant = shape->variants; variant->value != NULL; variant++) {
        const od_field *field = od__shape_field(variant->shape, shape->chooser);
        if (field == NULL || present(field, value) != NULL)
            continue;
        const od_value *option = field->option == NULL ? NULL : od_value_get(with->options, field->option);
        if (option != NULL && od_value_type(option) == OD_TYPE_STRING)
            return od_value_set(value, shape->chooser, od_value_ref(option), with->err);
        if (field->constant != NULL && shape->variants[1].value == NULL)
            return od_value_set(value, shape->chooser, od_value_new_string(variant->value), with->err);
    }
    return OD_OK;
}

/* Puts the chooser's own spelling in place of an alias, so that it agrees with the variant's constant. */
static od_status settle_chooser(const filling *with, const od_shape *shape, const od_shape *chosen, od_value *value) {
    const char *text = od_value_string(od_value_get(value, shape->chooser));
    for (const od_variant *variant = shape->variants; variant->value != NULL; variant++) {
        if (variant->shape == chosen && text != NULL && strcmp(text, variant->value) == 0)
            return OD_OK;
    }
    for (const od_variant *variant = shape->variants; variant->value != NULL; variant++) {
        for (const char *const *alias = variant->aliases; alias != NULL && *alias != NULL; alias++) {
            if (text != NULL && strcmp(*alias, text) == 0)
                return od_value_set(value, shape->chooser, od_value_new_string(variant->value), with->err);
        }
    }
    return OD_OK;
}

static od_status fill(const filling *with, const od_shape *shape, od_value *value, const char *path) {
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return OD_OK; /* validation says so */
    od_status status = OD_OK;
    if (shape->kind == OD_KIND_CHOICE) {
        status = fill_chooser(with, shape, value);
        const od_shape *chosen = od__shape_chosen(shape, value);
        if (status != OD_OK || chosen == NULL)
            return status;
        status = settle_chooser(with, shape, chosen, value);
        shape = chosen;
    }
    for (const od_field *field = shape->fields; status == OD_OK && field->name != NULL; field++) {
        bool fills = field->constant != NULL || field->option != NULL || field->make_uuid ||
                     field->has_default_integer || field->default_text != NULL;
        bool holds = struct_below(field->shape) != NULL;
        if (!fills && !holds)
            continue;
        const od_value *member = present(field, value);
        if (member == NULL)
            status = fill_absent(with, field, value);
        else if (field->constant != NULL && !is_constant(field, member))
            status = refuse_other(with, field, member, path);
        else if (differs_from_option(with, field, member))
            status = refuse_other_than_option(with, field, member, path);
        else if (holds)
            status = fill_below(with, field, member, path);
    }
    return status;
}

od_status od__shape_fill(const od_shape *shape, od_value *value, const od_value *options,
                         bool (*random)(void *context, void *out, size_t bytes), void *random_context, od_error *err) {
    filling with = {.options = options, .random = random, .random_context = random_context, .err = err};
    return fill(&with, shape, value, "");
}
