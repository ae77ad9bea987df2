/* json/value: what the other rooms may do with od_value beyond the public functions; the only room that knows how a value lies
 * in memory, and jansson, which reads the texts that are not plain and writes numbers with a fraction.
 * An od_value is immutable once another room may see it, but for the functions here that say "in place". */
#ifndef OD_JSON_VALUE_H
#define OD_JSON_VALUE_H

#include <string.h>

#include "base/buffer.h"
#include <outdial.h>

#pragma GCC visibility push(hidden)

/* Copies a value so that it shares no object, array or string with the original; NULL when memory runs out. */
od_value *od__value_copy(const od_value *value);
/* As od_value_set and od_value_new_string_n, for an object, a key and a text that are known to be such and UTF-8: they are not
 * looked at again. */
od_status od__value_put(od_value *object, const char *key, od_value *member, od_error *err);
od_value *od__value_text(const char *text, size_t length_bytes);
/* As od__value_put, for a key without NUL that the object does not have yet. Returns false when memory runs out (also when
 * member is NULL). */
bool od__value_put_new(od_value *object, const char *key, size_t key_length, od_value *member);
static inline bool od__value_put_member(od_value *object, const char *key, od_value *member) {
    return od__value_put_new(object, key, strlen(key), member);
}
/* An empty object or array with room for so many members, whose keys take key_bytes with a NUL each, or elements; it may grow
 * further. NULL when memory runs out. */
od_value *od__value_new_object_for(size_t members, size_t key_bytes);
od_value *od__value_new_array_for(size_t elements);
/* As od_value_next, with the key's length; returns the member, NULL at the end. */
const od_value *od__value_next_n(const od_value *object, void **cursor, const char **key, size_t *key_length);
/* Removes object[key] in place; nothing happens if it is absent. Safe while iterating; the key stays valid as long as the
 * object. */
void od__value_remove(od_value *object, const char *key);
/* Overwrites every string below value (in place) and unrefs it: for values that held secrets and are not shared. */
void od__value_wipe(od_value *value);
/* Replaces, in place, the member that od_value_next returned with that cursor; takes member. Safe while iterating. Returns
 * false when member is NULL. */
bool od__value_replace_member(od_value *object, void *cursor, od_value *member);
/* Replaces array[index] in place; takes element. Returns false when element is NULL or there is no such place. */
bool od__value_replace_element(od_value *array, size_t index, od_value *element);
/* Appends value as compact JSON to out. Errors: out_of_memory (also over the buffer's limit), internal (nested deeper
 * than any value that was parsed: built as a loop). */
od_status od__value_write(const od_value *value, od_buffer *out, od_error *err);
/* Returns "an object", "a string", "null", ...: the type as error texts call it. */
const char *od__value_type_name(const od_value *value);
/* Writes value as it may appear in an error text: short, quoted if a string, cut with "..." at 40 characters; "nothing"
 * for NULL. */
void od__value_describe(const od_value *value, char *out, size_t out_bytes);
/* Returns the jansson version as "jansson/2.14"; static. */
const char *od__value_library(void);

#pragma GCC visibility pop
#endif
