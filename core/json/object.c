/* Objects: members in order of insertion. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "base/word.h"
#include "json/internal.h"

#define FEW_MEMBERS 8
#define FEW_KEY_BYTES 80
/* A search through so many keys costs about as much as one hash does. */
#define MEMBERS_WITHOUT_INDEX 64

/* ---- room ---- */

static od_object *new_object(size_t members, size_t key_bytes) {
    size_t bytes = sizeof(od_object) + members * sizeof(od_member) + sizeof(od_keys) + key_bytes;
    od_object *object = (od_object *)od__value_block(OD_TYPE_OBJECT, bytes);
    if (object == NULL)
        return NULL;
    object->count = object->used = 0;
    object->capacity = members;
    object->members = object->first;
    object->index = NULL;
    object->keys = (od_keys *)(object->first + members);
    *object->keys = (od_keys){ .capacity = key_bytes };
    return object;
}

/* Moves the members to a block with room for capacity of them, without the places of those that were removed. */
static bool move_members(od_object *object, size_t capacity) {
    od_member *members = od__alloc(capacity * sizeof *members);
    od_key_index *index = NULL;
    size_t used = 0;
    for (size_t i = 0; members != NULL && i < object->used; i++) {
        if (object->members[i].value != NULL)
            members[used++] = object->members[i];
    }
    if (members != NULL && capacity > MEMBERS_WITHOUT_INDEX)
        index = od__key_index_new(members, used, capacity);
    if (members == NULL || (index == NULL && capacity > MEMBERS_WITHOUT_INDEX)) {
        od__free(members);
        return false;
    }
    if (object->members != object->first)
        od__free(object->members);
    od__free(object->index);
    object->members = members;
    object->index = index;
    object->used = used;
    object->capacity = capacity;
    return true;
}

/* Copies a key to where it stays; NULL when memory runs out. */
static const char *keep_key(od_object *object, const char *key, size_t length) {
    od_keys *keys = object->keys;
    if (length >= keys->capacity - keys->used) {
        size_t capacity = 2 * keys->capacity > FEW_KEY_BYTES ? 2 * keys->capacity : FEW_KEY_BYTES;
        if (capacity <= length)
            capacity = length + 1;
        keys = od__alloc(sizeof *keys + capacity);
        if (keys == NULL)
            return NULL;
        *keys = (od_keys){ .next = object->keys, .capacity = capacity };
        object->keys = keys;
    }
    char *kept = keys->bytes + keys->used;
    memcpy(kept, key, length);
    kept[length] = '\0';
    keys->used += length + 1;
    return kept;
}

od_value *od__value_new_object_for(size_t members, size_t key_bytes) {
    if (members <= MEMBERS_WITHOUT_INDEX)
        return (od_value *)new_object(members, key_bytes);
    od_object *object = new_object(0, key_bytes);
    if (object != NULL && !move_members(object, members)) {
        od_value_unref(&object->holder.head);
        object = NULL;
    }
    return (od_value *)object;
}

od_value *od_value_new_object(void) {
    return (od_value *)new_object(FEW_MEMBERS, FEW_KEY_BYTES);
}

void od__object_clear(od_object *object) {
    if (object->members != object->first)
        od__free(object->members);
    od__free(object->index);
    for (od_keys *keys = object->keys, *next; (next = keys->next) != NULL; keys = next)
        od__free(keys);
}

/* ---- members ---- */

od_member *od__object_find(const od_object *object, const char *key, size_t key_length) {
    if (object->index != NULL)
        return od__key_index_find(object->index, object->members, key, key_length);
    for (od_member *member = object->members, *end = member + object->used; member < end; member++) {
        if (member->key_length == key_length && od__same_bytes(member->key, key, key_length) && member->value != NULL)
            return member;
    }
    return NULL;
}

bool od__value_put_new(od_value *value, const char *key, size_t key_length, od_value *member) {
    od_object *object = od__as_object(value);
    size_t more = object->count * 2 > FEW_MEMBERS ? object->count * 2 : FEW_MEMBERS;
    bool room = object->used < object->capacity || move_members(object, more);
    const char *kept = member != NULL && room ? keep_key(object, key, key_length) : NULL;
    if (kept == NULL) {
        od_value_unref(member);
        return false;
    }
    object->members[object->used] = (od_member){ .value = member, .key = kept, .key_length = key_length };
    if (object->index != NULL)
        od__key_index_add(object->index, object->members, object->used);
    object->used++;
    object->count++;
    return true;
}

static od_status put(od_object *object, const char *key, size_t key_length, od_value *member, od_error *err) {
    od_member *there = od__object_find(object, key, key_length);
    if (there == NULL)
        return od__value_put_new(&object->holder.head, key, key_length, member) ? OD_OK : od__error_no_memory(err);
    od_value *before = there->value;
    there->value = member;
    od_value_unref(before);
    return OD_OK;
}

od_status od_value_set(od_value *object, const char *key, od_value *member, od_error *err) {
    if (member == NULL)
        return od__error_no_memory(err);
    if (!od__is(object, OD_TYPE_OBJECT) || key == NULL || object == member) {
        od_value_unref(member);
        return od__error_set(err, OD_INTERNAL, "a member cannot be set in %s",
                             object == member ? "itself" : od__value_type_name(object));
    }
    size_t key_length = strlen(key);
    if (!od__utf8_is_valid(key, key_length)) {
        od_value_unref(member);
        return od__error_set(err, OD_INTERNAL, "a key that is not UTF-8 cannot be set");
    }
    return put(od__as_object(object), key, key_length, member, err);
}

od_status od__value_put(od_value *object, const char *key, od_value *member, od_error *err) {
    return member == NULL ? od__error_no_memory(err) : put(od__as_object(object), key, strlen(key), member, err);
}

void od__value_remove(od_value *value, const char *key) {
    od_object *object = od__as_object(value);
    od_member *there = object == NULL ? NULL : od__object_find(object, key, strlen(key));
    if (there == NULL)
        return;
    od_value *before = there->value;
    there->value = NULL;
    object->count--;
    od_value_unref(before);
}

const od_value *od_value_get(const od_value *value, const char *key) {
    const od_object *object = od__as_object(value);
    const od_member *there = object == NULL || key == NULL ? NULL : od__object_find(object, key, strlen(key));
    return there == NULL ? NULL : there->value;
}

/* ---- one after the other: a cursor is 1 + the place of the member that came last ---- */

static const od_member *next_member(const od_value *value, void **cursor) {
    const od_object *object = od__as_object(value);
    for (size_t i = (uintptr_t)*cursor; object != NULL && i < object->used; i++) {
        if (object->members[i].value != NULL) {
            *cursor = (void *)(i + 1);
            return &object->members[i];
        }
    }
    return NULL;
}

bool od_value_next(const od_value *object, void **cursor, const char **key, const od_value **member) {
    const od_member *next = next_member(object, cursor);
    if (next == NULL)
        return false;
    if (key != NULL)
        *key = next->key;
    if (member != NULL)
        *member = next->value;
    return true;
}

const od_value *od__value_next_n(const od_value *object, void **cursor, const char **key, size_t *key_length) {
    const od_member *next = next_member(object, cursor);
    if (next == NULL)
        return NULL;
    *key = next->key;
    *key_length = next->key_length;
    return next->value;
}

bool od__value_replace_member(od_value *value, void *cursor, od_value *member) {
    od_object *object = od__as_object(value);
    size_t place = (uintptr_t)cursor - 1;
    if (object == NULL || place >= object->used || member == NULL) {
        od_value_unref(member);
        return false;
    }
    od_value *before = object->members[place].value;
    object->members[place].value = member;
    od_value_unref(before);
    return true;
}
