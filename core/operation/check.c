#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/value.h"
#include "operation/operation.h"

/* Parameters are judged here before there is a client, so what a client option could still supply may be absent: a shape
 * is copied as far as it has fields with an option, and the copy does not ask for them. */
#define RELAX_DEPTH 16

/* A copy of a shape; all copies of one check are chained, to be freed together. */
typedef struct relaxed {
    struct relaxed *next;
    od_shape shape;
    od_variant variant[2];
    od_field fields[];
} relaxed;

typedef struct relaxing {
    relaxed *copies;
    bool no_memory;
} relaxing;

static relaxed *copy_shape(relaxing *with, const od_shape *shape, size_t fields) {
    relaxed *copy = od__calloc(1, sizeof *copy + fields * sizeof(od_field));
    if (copy == NULL) {
        with->no_memory = true;
        return NULL;
    }
    copy->shape = *shape;
    copy->next = with->copies;
    with->copies = copy;
    return copy;
}

static const od_shape *relax(relaxing *with, const od_shape *shape, const od_value *value, int depth);

/* A rule may ask for one of several fields, so rules wait until no option could add one. */
static const od_shape *relax_struct(relaxing *with, const od_shape *shape, const od_value *value, int depth) {
    size_t count = 0;
    bool waits = false, below = false;
    for (const od_field *field = shape->fields; field->name != NULL; field++, count++) {
        waits = waits || (field->option != NULL && od_value_get(value, field->name) == NULL);
        below = below || field->shape->kind >= OD_KIND_STRUCT;
    }
    if (!waits && !below)
        return shape;
    relaxed *copy = copy_shape(with, shape, count + 1);
    if (copy == NULL)
        return shape;
    for (size_t i = 0; i < count; i++) {
        copy->fields[i] = shape->fields[i];
        if (shape->fields[i].option != NULL)
            copy->fields[i].required = false;
        const od_value *member = od_value_get(value, shape->fields[i].name);
        copy->fields[i].shape = relax(with, shape->fields[i].shape, member, depth);
    }
    copy->shape.fields = copy->fields;
    if (waits)
        copy->shape.rules = NULL;
    return &copy->shape;
}

/* Only the variant that is chosen is looked at; without one the complaint is about the chooser. */
static const od_shape *relax_choice(relaxing *with, const od_shape *shape, const od_value *value, int depth) {
    const od_shape *chosen = od__shape_chosen(shape, value);
    const od_variant *variant = shape->variants;
    while (chosen != NULL && variant->value != NULL && variant->shape != chosen)
        variant++;
    if (chosen == NULL || variant->value == NULL)
        return shape;
    relaxed *copy = copy_shape(with, shape, 0);
    if (copy == NULL)
        return shape;
    copy->variant[0] = *variant;
    copy->variant[0].shape = relax(with, chosen, value, depth);
    copy->shape.variants = copy->variant;
    return &copy->shape;
}

static const od_shape *relax(relaxing *with, const od_shape *shape, const od_value *value, int depth) {
    if (depth == 0 || value == NULL || od_value_type(value) != OD_TYPE_OBJECT)
        return shape;
    if (shape->kind == OD_KIND_STRUCT)
        return relax_struct(with, shape, value, depth - 1);
    if (shape->kind == OD_KIND_CHOICE)
        return relax_choice(with, shape, value, depth - 1);
    return shape;
}

/* A token that is made later is as good as any here. */
static bool no_random(void *context, void *out, size_t bytes) {
    (void)context;
    memset(out, 0, bytes);
    return true;
}

/* parameters are changed. */
static od_status check(const od_operation *operation, const od_value *options, od_value *parameters, od_error *err) {
    od_status status = od__shape_fill(operation->input, parameters, options, no_random, NULL, err);
    if (status != OD_OK)
        return status;
    relaxing with = {0};
    const od_shape *shape = relax(&with, operation->input, parameters, RELAX_DEPTH);
    status = with.no_memory ? od__error_no_memory(err) : od__shape_validate(shape, parameters, "", err);
    while (with.copies != NULL) {
        relaxed *next = with.copies->next;
        od__free(with.copies);
        with.copies = next;
    }
    return status;
}

od_status od_operation_check(const od_operation *operation, const od_value *options, const od_value *parameters,
                             od_error *err) {
    od_value *copy = od__value_copy(parameters);
    if (copy == NULL)
        return od__error_no_memory(err);
    od_status status = check(operation, options, copy, err);
    od_value_unref(copy);
    return status;
}

od_status od_call_check(const od_vendor *vendor, const od_value *options, const od_value *call, od_error *err) {
    od_value *copy = od__value_copy(call);
    if (copy == NULL)
        return od__error_no_memory(err);
    od_value *given = options != NULL ? od_value_ref(options) : od_value_new_object();
    od_value *parameters = NULL;
    const od_operation *operation = NULL;
    const char *dropped = NULL;
    od_status status = given == NULL ? od__error_no_memory(err) : od__shape_validate(&od_shape_call, copy, "", err);
    if (status == OD_OK) {
        od_call neutral;
        od__call_read(copy, &neutral);
        status = vendor->place(vendor, given, &neutral, &operation, &parameters, &dropped, err);
    }
    if (status == OD_OK)
        status = check(operation, given, parameters, err);
    od_value_unref(parameters);
    od_value_unref(given);
    od_value_unref(copy);
    return status;
}
