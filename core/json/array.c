/* Arrays. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/internal.h"

#define FEW_ELEMENTS 4

od_value *od__value_new_array_for(size_t elements) {
    if (elements > SIZE_MAX / sizeof(od_value *) / 2)
        return NULL;
    od_array *array = (od_array *)od__value_block(OD_TYPE_ARRAY, sizeof *array + elements * sizeof(od_value *));
    if (array == NULL)
        return NULL;
    array->count = 0;
    array->capacity = elements;
    array->elements = array->first;
    return &array->holder.head;
}

od_value *od_value_new_array(void) {
    return od__value_new_array_for(FEW_ELEMENTS);
}

void od__array_clear(od_array *array) {
    if (array->elements != array->first)
        od__free(array->elements);
}

static bool make_room(od_array *array) {
    if (array->count < array->capacity)
        return true;
    size_t capacity = array->capacity > 0 ? 2 * array->capacity : FEW_ELEMENTS;
    bool inside = array->elements == array->first;
    od_value **elements = od__realloc(inside ? NULL : array->elements, capacity * sizeof(od_value *));
    if (elements == NULL)
        return false;
    if (inside)
        memcpy(elements, array->first, array->count * sizeof(od_value *));
    array->elements = elements;
    array->capacity = capacity;
    return true;
}

od_status od_value_add(od_value *value, od_value *element, od_error *err) {
    if (element == NULL)
        return od__error_no_memory(err);
    od_array *array = od__as_array(value);
    if (array == NULL || value == element) {
        od_value_unref(element);
        return od__error_set(err, OD_INTERNAL, "an element cannot be added to %s",
                             value == element ? "itself" : od__value_type_name(value));
    }
    if (!make_room(array)) {
        od_value_unref(element);
        return od__error_no_memory(err);
    }
    array->elements[array->count++] = element;
    return OD_OK;
}

const od_value *od_value_at(const od_value *value, size_t index) {
    const od_array *array = od__as_array(value);
    return array != NULL && index < array->count ? array->elements[index] : NULL;
}

bool od__value_replace_element(od_value *value, size_t index, od_value *element) {
    od_array *array = od__as_array(value);
    if (array == NULL || index >= array->count || element == NULL) {
        od_value_unref(element);
        return false;
    }
    od_value *before = array->elements[index];
    array->elements[index] = element;
    od_value_unref(before);
    return true;
}
