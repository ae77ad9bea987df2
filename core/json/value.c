/* Values as such: making them, counting their references, reading them. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "json/internal.h"

/* ---- making ---- */

od_value *od__value_block(od_type type, size_t bytes) {
    od_value *value = od__alloc(bytes);
    if (value == NULL)
        return NULL;
    value->type = (uint8_t)type;
    value->boolean = false;
    atomic_init(&value->references, 1);
    return value;
}

od_value *od__value_text(const char *text, size_t length_bytes) {
    if (length_bytes > SIZE_MAX / 2)
        return NULL;
    od_string *string = (od_string *)od__value_block(OD_TYPE_STRING, sizeof *string + length_bytes + 1);
    if (string == NULL)
        return NULL;
    string->length = length_bytes;
    memcpy(string->text, text, length_bytes);
    string->text[length_bytes] = '\0';
    return &string->head;
}

od_value *od_value_new_string_n(const char *text, size_t length_bytes) {
    return text == NULL || !od__utf8_is_valid(text, length_bytes) ? NULL : od__value_text(text, length_bytes);
}

od_value *od_value_new_string(const char *text) {
    return text == NULL ? NULL : od_value_new_string_n(text, strlen(text));
}

od_value *od_value_new_integer(int64_t integer) {
    if (integer >= INTPTR_MIN / 2 && integer <= INTPTR_MAX / 2)
        return (od_value *)((uintptr_t)integer << 1 | 1);
    od_number *value = (od_number *)od__value_block(OD_TYPE_INTEGER, sizeof *value);
    if (value != NULL)
        value->integer = integer;
    return (od_value *)value;
}

od_value *od_value_new_number(double number) {
    od_number *value = isfinite(number) ? (od_number *)od__value_block(OD_TYPE_NUMBER, sizeof *value) : NULL;
    if (value != NULL)
        value->number = number;
    return (od_value *)value;
}

od_value *od_value_new_boolean(bool boolean) {
    static const od_value yes = { .type = OD_TYPE_BOOLEAN, .boolean = true }, no = { .type = OD_TYPE_BOOLEAN };
    return od__own(boolean ? &yes : &no);
}

od_value *od_value_new_null(void) {
    static const od_value null = { .type = OD_TYPE_NULL };
    return od__own(&null);
}

/* ---- references ---- */

od_value *od_value_ref(const od_value *value) {
    od_value *own = od__own(value);
    if (own != NULL && !od__is_in_pointer(own) && atomic_load_explicit(&own->references, memory_order_relaxed) > 0)
        atomic_fetch_add_explicit(&own->references, 1, memory_order_relaxed);
    return own;
}

/* Gives up one reference; returns whether it was the last one. Who has the only reference needs no atomic step, since nobody
 * else can be counting. */
static bool give_up(od_value *value) {
    unsigned references = atomic_load_explicit(&value->references, memory_order_acquire);
    if (references <= 1)
        return references == 1;
    return atomic_fetch_sub_explicit(&value->references, 1, memory_order_acq_rel) == 1;
}

/* Frees the value, or puts it in front of those that hold others. */
static void bury(od_value *value, od_holder **dead) {
    if (value == NULL || od__is_in_pointer(value) || !give_up(value))
        return;
    if (value->type < OD_TYPE_ARRAY) {
        od__free(value);
        return;
    }
    od_holder *holder = (od_holder *)value;
    holder->next_dead = *dead;
    *dead = holder;
}

static void empty_array(od_array *array, od_holder **dead) {
    for (size_t i = 0; i < array->count; i++)
        bury(array->elements[i], dead);
    od__array_clear(array);
}

static void empty_object(od_object *object, od_holder **dead) {
    for (size_t i = 0; i < object->used; i++)
        bury(object->members[i].value, dead);
    od__object_clear(object);
}

/* By a list instead of recursion: what a program has built may be deeper than its stack. */
void od_value_unref(od_value *value) {
    od_holder *dead = NULL;
    bury(value, &dead);
    while (dead != NULL) {
        od_holder *holder = dead;
        dead = holder->next_dead;
        if (holder->head.type == OD_TYPE_ARRAY)
            empty_array((od_array *)holder, &dead);
        else
            empty_object((od_object *)holder, &dead);
        od__free(holder);
    }
}

/* ---- reading ---- */

od_type od_value_type(const od_value *value) {
    return od__type_of(value);
}

bool od_value_boolean(const od_value *value) {
    return od__is(value, OD_TYPE_BOOLEAN) && value->boolean;
}

int64_t od_value_integer(const od_value *value) {
    if (od__is_in_pointer(value))
        return (int64_t)((intptr_t)value >> 1);
    return od__is(value, OD_TYPE_INTEGER) ? ((const od_number *)value)->integer : 0;
}

double od_value_number(const od_value *value) {
    if (od__is(value, OD_TYPE_NUMBER))
        return ((const od_number *)value)->number;
    return (double)od_value_integer(value);
}

const char *od_value_string(const od_value *value) {
    const od_string *string = od__as_string(value);
    return string == NULL ? NULL : string->text;
}

size_t od_value_length(const od_value *value) {
    switch (od__type_of(value)) {
    case OD_TYPE_STRING: return ((const od_string *)value)->length;
    case OD_TYPE_ARRAY: return ((const od_array *)value)->count;
    case OD_TYPE_OBJECT: return ((const od_object *)value)->count;
    default: return 0;
    }
}
