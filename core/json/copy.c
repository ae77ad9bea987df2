/* What is done to a value and all that is below it: copying, and wiping it out. */
#include "crypto/crypto.h"
#include "json/internal.h"

/* ---- copying ---- */

static od_value *copy(const od_value *from, int depth);

static od_value *copy_object(const od_object *from, int depth) {
    size_t key_bytes = 0;
    for (size_t i = 0; i < from->used; i++)
        key_bytes += from->members[i].value != NULL ? from->members[i].key_length + 1 : 0;
    od_value *to = od__value_new_object_for(from->count, key_bytes);
    for (size_t i = 0; to != NULL && i < from->used; i++) {
        const od_member *member = &from->members[i];
        if (member->value != NULL && !od__value_put_new(to, member->key, member->key_length, copy(member->value, depth))) {
            od_value_unref(to);
            to = NULL;
        }
    }
    return to;
}

static od_value *copy_array(const od_array *from, int depth) {
    od_value *to = od__value_new_array_for(from->count);
    for (size_t i = 0; to != NULL && i < from->count; i++) {
        if (od_value_add(to, copy(from->elements[i], depth), NULL) != OD_OK) {
            od_value_unref(to);
            to = NULL;
        }
    }
    return to;
}

static od_value *copy(const od_value *from, int depth) {
    if (depth > OD_JSON_WALK_DEPTH)
        return NULL;
    switch (od__type_of(from)) {
    case OD_TYPE_OBJECT: return copy_object(od__as_object(from), depth + 1);
    case OD_TYPE_ARRAY: return copy_array(od__as_array(from), depth + 1);
    case OD_TYPE_STRING: return od__value_text(od__as_string(from)->text, od__as_string(from)->length);
    case OD_TYPE_INTEGER: return od_value_new_integer(od_value_integer(from));
    case OD_TYPE_NUMBER: return od_value_new_number(od_value_number(from));
    case OD_TYPE_BOOLEAN:
    case OD_TYPE_NULL: break;
    }
    return od_value_ref(from); /* true, false and null are one static value each */
}

od_value *od__value_copy(const od_value *value) {
    return value == NULL ? NULL : copy(value, 0);
}

/* ---- wiping ---- */

static void wipe_strings(const od_value *value, int depth) {
    if (depth > OD_JSON_WALK_DEPTH)
        return;
    if (od__is(value, OD_TYPE_STRING)) {
        od_string *string = od__as_string(value);
        od__crypto_wipe(string->text, string->length);
    } else if (od__is(value, OD_TYPE_OBJECT)) {
        const od_object *object = od__as_object(value);
        for (size_t i = 0; i < object->used; i++)
            wipe_strings(object->members[i].value, depth + 1);
    } else if (od__is(value, OD_TYPE_ARRAY)) {
        const od_array *array = od__as_array(value);
        for (size_t i = 0; i < array->count; i++)
            wipe_strings(array->elements[i], depth + 1);
    }
}

void od__value_wipe(od_value *value) {
    wipe_strings(value, 0);
    od_value_unref(value);
}
