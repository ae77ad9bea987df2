/* json/internal: how an od_value lies in memory; nobody outside this room looks in here.
 *
 * An integer is mostly in the pointer itself, which is odd then: nothing lies where it points to. Any other value is one
 * block: a head, then what its type needs. Arrays and small objects have their first elements or members in that block too,
 * so that most values cost one allocation; what outgrows it moves to a block of its own. Counting is atomic, so that two
 * threads may share a value that neither changes; the last reference is given up without an atomic step. */
#ifndef OD_JSON_INTERNAL_H
#define OD_JSON_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/limits.h"
#include "json/value.h"

#pragma GCC visibility push(hidden)

/* Values from outside are at most OD_LIMIT_JSON_DEPTH deep; the library wraps them a few levels further. */
#define OD_JSON_WALK_DEPTH (4 * OD_LIMIT_JSON_DEPTH)

struct od_value {
    uint8_t type;            /* an od_type */
    bool boolean;
    atomic_uint references;  /* 0: one of the static values, which are not counted */
};

typedef struct od_number {
    od_value head;
    union {
        int64_t integer;
        double number;
    };
} od_number;

typedef struct od_string {
    od_value head;
    size_t length;
    char text[];             /* ends with NUL */
} od_string;

/* What arrays and objects begin with. */
typedef struct od_holder {
    od_value head;
    struct od_holder *next_dead; /* of those that are about to be freed */
} od_holder;

typedef struct od_array {
    od_holder holder;
    size_t count, capacity;
    od_value **elements;     /* `first`, or a block of its own */
    od_value *first[];
} od_array;

typedef struct od_member {
    od_value *value;         /* NULL: there was a member here, until it was removed */
    const char *key;
    size_t key_length;
} od_member;

/* Room for the bytes of keys. They never move, and stay when their member is removed: a key is valid as long as its object. */
typedef struct od_keys {
    struct od_keys *next;    /* an older one; NULL: this one lies in the object's own block */
    size_t used, capacity;
    char bytes[];
} od_keys;

typedef struct od_object {
    od_holder holder;
    size_t count;            /* members there are */
    size_t used, capacity;   /* places in members, in order of insertion, removed ones included */
    od_member *members;      /* `first`, or a block of its own */
    od_keys *keys;
    struct od_key_index *index; /* NULL in an object that is small enough to be searched */
    od_member first[];
} od_object;

/* An integer that does not fit into a pointer lies in an od_number. */
static inline bool od__is_in_pointer(const od_value *value) {
    return ((uintptr_t)value & 1) != 0;
}

static inline od_type od__type_of(const od_value *value) {
    if (od__is_in_pointer(value))
        return OD_TYPE_INTEGER;
    return value == NULL ? OD_TYPE_NULL : (od_type)value->type;
}

/* The accessors lend values as const; who owns one may count its references and free it. */
static inline od_value *od__own(const od_value *value) {
    return (od_value *)(uintptr_t)value;
}

/* Whether value is a block of that type. */
static inline bool od__is(const od_value *value, od_type type) {
    return value != NULL && !od__is_in_pointer(value) && value->type == type;
}

static inline od_string *od__as_string(const od_value *value) {
    return od__is(value, OD_TYPE_STRING) ? (od_string *)od__own(value) : NULL;
}

static inline od_array *od__as_array(const od_value *value) {
    return od__is(value, OD_TYPE_ARRAY) ? (od_array *)od__own(value) : NULL;
}

static inline od_object *od__as_object(const od_value *value) {
    return od__is(value, OD_TYPE_OBJECT) ? (od_object *)od__own(value) : NULL;
}

/* Returns a block of bytes with one reference and the type set, nothing else; NULL when memory runs out. */
od_value *od__value_block(od_type type, size_t bytes);
/* Let go of what an array or object holds beyond its own block; its values were let go of already. */
void od__array_clear(od_array *array);
void od__object_clear(od_object *object);
/* Returns the member of that key; NULL if there is none. */
od_member *od__object_find(const od_object *object, const char *key, size_t key_length);

/* How many bytes from the start on may stand in a JSON string as they are (if they are UTF-8). */
size_t od__json_plain_run(const char *text, size_t length);

/* ---- key_index.c: which place of a large object a key is at ---- */

typedef struct od_key_index od_key_index;

/* Makes an index of the first `used` of members, all of which are there, with room for `capacity` of them; as hash keys are
 * drawn at random, nobody can choose keys that collide. NULL when memory or randomness runs out. */
od_key_index *od__key_index_new(const od_member *members, size_t used, size_t capacity);
/* Adds the key of members[place], which is in the index not yet. */
void od__key_index_add(od_key_index *index, const od_member *members, size_t place);
od_member *od__key_index_find(const od_key_index *index, od_member *members, const char *key, size_t key_length);

#pragma GCC visibility pop
#endif
