#include "validation/shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "json/value.h"
#include "validation/complain.h"

/* The way down to the value under comparison, as links on the stack: it becomes text only when something is wrong. */
typedef struct step {
    const struct step *up;
    const char *key;  /* NULL: index */
    size_t index;
} step;

typedef struct walk {
    const char *top;   /* the pointer of the value where the walk began */
    const step *where; /* NULL: there */
    od_error *err;
} walk;

static od_status walk_value(walk *at, const od_shape *shape, od_value *value, od_value **replacement);

/* Values below an object that may be changed in place may be changed as well; the accessors lend them as const. */
static od_value *changeable(const od_value *value) {
    return (od_value *)(uintptr_t)value;
}

static void write_steps(const step *where, char path[OD_ERROR_PATH_BYTES]) {
    char digits[24];
    if (where == NULL)
        return;
    write_steps(where->up, path);
    if (where->key == NULL)
        (void)snprintf(digits, sizeof digits, "%zu", where->index);
    od__path_add(path, OD_ERROR_PATH_BYTES, where->key == NULL ? digits : where->key);
}

/* Writes the path of the value under comparison; key (may be NULL) goes one step further down. Returns path. */
static const char *write_path(const walk *at, const char *key, char path[OD_ERROR_PATH_BYTES]) {
    size_t length = strnlen(at->top, OD_ERROR_PATH_BYTES - 1);
    memcpy(path, at->top, length);
    path[length] = '\0';
    write_steps(at->where, path);
    if (key != NULL)
        od__path_add(path, OD_ERROR_PATH_BYTES, key);
    return path;
}

static od_status complain_kind(const walk *at, const od_shape *shape, const od_value *value) {
    char path[OD_ERROR_PATH_BYTES];
    return od__complain_kind(shape, value, write_path(at, NULL, path), at->err);
}

/* Most names differ early, and to see that costs less than to call somebody. */
static bool is_name(const char *own, const char *name) {
    return own[0] == name[0] && (own[0] == '\0' || own[1] == name[1]) && strcmp(own, name) == 0;
}

static bool has_name(const od_field *field, const char *name) {
    if (is_name(field->name, name))
        return true;
    for (const char *const *alias = field->aliases; alias != NULL && *alias != NULL; alias++) {
        if (is_name(*alias, name))
            return true;
    }
    return false;
}

void od__shape_gather(const od_shape *shape, const od_value *object, const od_value *out[OD_LIMIT_FIELDS]) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    for (size_t i = 0; i < OD_LIMIT_FIELDS; i++)
        out[i] = NULL;
    while (od_value_next(object, &cursor, &key, &member)) {
        const od_field *field = od__shape_field(shape, key);
        if (field != NULL && field - shape->fields < OD_LIMIT_FIELDS)
            out[field - shape->fields] = member;
    }
}

const od_field *od__shape_field(const od_shape *shape, const char *name) {
    for (const od_field *field = shape->fields; field != NULL && field->name != NULL; field++) {
        if (has_name(field, name))
            return field;
    }
    return NULL;
}

static const od_variant *chosen_variant(const od_shape *shape, const od_value *chooser) {
    const char *text = od_value_string(chooser);
    for (const od_variant *variant = shape->variants; text != NULL && variant->value != NULL; variant++) {
        if (strcmp(variant->value, text) == 0)
            return variant;
        for (const char *const *alias = variant->aliases; alias != NULL && *alias != NULL; alias++) {
            if (strcmp(*alias, text) == 0)
                return variant;
        }
    }
    return NULL;
}

const od_shape *od__shape_chosen(const od_shape *shape, const od_value *value) {
    if (shape->kind != OD_KIND_CHOICE)
        return shape;
    const od_variant *variant = chosen_variant(shape, od_value_get(value, shape->chooser));
    return variant == NULL ? NULL : variant->shape;
}

/* ---- structs ---- */

static od_status complain_unknown(const walk *at, const od_shape *shape, const char *key) {
    char path[OD_ERROR_PATH_BYTES];
    od_nearest nearest = {.wanted = key};
    for (const od_field *field = shape->fields; field->name != NULL; field++)
        od__nearest_offer(&nearest, field->name);
    (void)write_path(at, key, path);
    if (nearest.best != NULL)
        return od__error_at(at->err, OD_VALIDATION, path, "unknown field, did you mean \"%s\"?", nearest.best);
    return od__error_at(at->err, OD_VALIDATION, path, "unknown field");
}

static bool is_empty(const od_shape *shape, const od_value *value) {
    return shape->empty_is_absent && od_value_type(value) == OD_TYPE_STRING && od_value_length(value) == 0;
}

/* What an object holds, by the index of the field it belongs to: one pass over the members instead of a look-up for each
 * field. Keys are borrowed from the object. */
typedef struct members {
    uint64_t given;  /* a bit for each field: only then are the others set */
    const od_value *value[OD_LIMIT_FIELDS];
    const char *key[OD_LIMIT_FIELDS];
} members;

_Static_assert(OD_LIMIT_FIELDS <= 64, "each field has a bit");

static bool is_given(const members *found, size_t field) {
    return (found->given >> field & 1) != 0;
}

static od_status complain_shape(const walk *at) {
    return od__error_set(at->err, OD_INTERNAL, "a shape has more than %d fields", OD_LIMIT_FIELDS);
}

static od_status match_one(walk *at, const od_shape *shape, od_value *object, const char *key, const od_value *member,
                           members *found) {
    const od_field *field = od__shape_field(shape, key);
    if (field == NULL && !shape->open)
        return complain_unknown(at, shape, key);
    if (od_value_type(member) == OD_TYPE_NULL || (field != NULL && is_empty(field->shape, member))) {
        od__value_remove(object, key);
        return OD_OK;
    }
    if (field == NULL)
        return OD_OK;
    size_t i = (size_t)(field - shape->fields);
    if (i >= OD_LIMIT_FIELDS)
        return complain_shape(at);
    if (is_given(found, i)) {
        char path[OD_ERROR_PATH_BYTES];
        return od__error_at(at->err, OD_VALIDATION, write_path(at, key, path), "given twice, also as \"%s\"", found->key[i]);
    }
    found->given |= UINT64_C(1) << i;
    found->value[i] = member;
    found->key[i] = key;
    return OD_OK;
}

static od_status match(walk *at, const od_shape *shape, od_value *object, members *found) {
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    od_status status = OD_OK;
    bool more = od_value_next(object, &cursor, &key, &member);
    while (status == OD_OK && more) {
        const char *this_key = key;
        const od_value *this_member = member;
        /* One step ahead, since what counts as absent leaves the object. */
        more = od_value_next(object, &cursor, &key, &member);
        status = match_one(at, shape, object, this_key, this_member, found);
    }
    return status;
}

static od_status walk_field(walk *at, const od_field *field, od_value *object, const od_value *member, const char *key) {
    step here = {.up = at->where, .key = field->name};
    od_status status = OD_OK;
    at->where = &here;
    if (member == NULL) {
        status = complain_kind(at, field->shape, NULL);
    } else {
        od_value *replacement = NULL;
        status = walk_value(at, field->shape, changeable(member), &replacement);
        bool renamed = field->aliases != NULL && strcmp(key, field->name) != 0;
        if (status == OD_OK && renamed) {
            if (replacement == NULL)
                replacement = od_value_ref(member);
            od__value_remove(object, key);
        }
        if (status == OD_OK && replacement != NULL)
            status = od_value_set(object, field->name, replacement, at->err);
        else
            od_value_unref(replacement);
    }
    at->where = here.up;
    return status;
}

static od_status walk_struct(walk *at, const od_shape *shape, od_value *value) {
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return complain_kind(at, shape, value);
    char path[OD_ERROR_PATH_BYTES];
    members found;
    found.given = 0;
    od_status status = match(at, shape, value, &found);
    const od_field *field = shape->fields;
    for (size_t i = 0; status == OD_OK && field->name != NULL; i++, field++) {
        if (i >= OD_LIMIT_FIELDS)
            status = complain_shape(at);
        else if (is_given(&found, i))
            status = walk_field(at, field, value, found.value[i], found.key[i]);
        else if (field->required)
            status = walk_field(at, field, value, NULL, NULL);
    }
    if (shape->rules != NULL)
        (void)write_path(at, NULL, path);
    for (const od_rule *rule = shape->rules; status == OD_OK && rule != NULL && rule->fn != NULL; rule++)
        status = rule->fn(value, path, at->err);
    return status;
}

static od_status walk_choice(walk *at, const od_shape *shape, od_value *value) {
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return complain_kind(at, shape, value);
    const od_value *chooser = od_value_get(value, shape->chooser);
    const od_variant *variant = chosen_variant(shape, chooser);
    if (variant == NULL) {
        const char *values[OD_LIMIT_FIELDS + 1] = {NULL};
        for (size_t i = 0; i < OD_LIMIT_FIELDS && shape->variants[i].value != NULL; i++)
            values[i] = shape->variants[i].value;
        char path[OD_ERROR_PATH_BYTES];
        if (od_value_type(chooser) == OD_TYPE_NULL)
            chooser = NULL;
        return od__complain_choice(shape, values, chooser, write_path(at, shape->chooser, path), at->err);
    }
    if (strcmp(variant->value, od_value_string(chooser)) != 0) {
        od_status status = od_value_set(value, shape->chooser, od_value_new_string(variant->value), at->err);
        if (status != OD_OK)
            return status;
    }
    return walk_struct(at, variant->shape, value);
}

/* ---- maps and lists ---- */

static od_status check_count(const walk *at, const od_shape *shape, size_t count, const char *counted) {
    bool limited = shape->min != 0 || shape->max != 0;
    bool bounded = shape->max >= shape->min;
    if (!limited || ((int64_t)count >= shape->min && (!bounded || (int64_t)count <= shape->max)))
        return OD_OK;
    char path[OD_ERROR_PATH_BYTES];
    return od__complain_count(shape, count, counted, write_path(at, NULL, path), at->err);
}

static od_status walk_pair(walk *at, const od_shape *shape, od_value *map, void *cursor, const char *key,
                           const od_value *member) {
    step here = {.up = at->where, .key = key};
    od_status status = OD_OK;
    at->where = &here;
    if (shape->key != NULL) {
        od_value *text = od__value_text(key, strlen(key));
        od_value *replacement = NULL;
        status = text == NULL ? od__error_no_memory(at->err) : walk_value(at, shape->key, text, &replacement);
        od_value_unref(replacement); /* keys stay as they came */
        od_value_unref(text);
    }
    if (status == OD_OK && shape->element != NULL) {
        od_value *replacement = NULL;
        status = walk_value(at, shape->element, changeable(member), &replacement);
        if (status != OD_OK)
            od_value_unref(replacement);
        else if (replacement != NULL && !od__value_replace_member(map, cursor, replacement))
            status = od__error_no_memory(at->err);
    }
    at->where = here.up;
    return status;
}

static od_status walk_map(walk *at, const od_shape *shape, od_value *value) {
    if (od_value_type(value) != OD_TYPE_OBJECT)
        return complain_kind(at, shape, value);
    void *cursor = NULL;
    const char *key;
    const od_value *member;
    bool more = od_value_next(value, &cursor, &key, &member);
    while (more) {
        od_status status = OD_OK;
        const char *this_key = key;
        void *this_cursor = cursor;
        const od_value *this_member = member;
        /* One step ahead, since a null leaves the object. */
        more = od_value_next(value, &cursor, &key, &member);
        if (od_value_type(this_member) == OD_TYPE_NULL)
            od__value_remove(value, this_key);
        else
            status = walk_pair(at, shape, value, this_cursor, this_key, this_member);
        if (status != OD_OK)
            return status;
    }
    return check_count(at, shape, od_value_length(value), "key");
}

static od_status walk_list(walk *at, const od_shape *shape, od_value *value, od_value **replacement) {
    od_type type = od_value_type(value);
    if (type == OD_TYPE_OBJECT && od_value_length(value) == 0) {
        *replacement = od_value_new_array(); /* languages with one kind of table cannot tell them apart */
        if (*replacement == NULL)
            return od__error_no_memory(at->err);
    } else if (type != OD_TYPE_ARRAY) {
        return complain_kind(at, shape, value);
    }
    size_t count = od_value_length(value);
    od_status status = check_count(at, shape, count, "element");
    for (size_t i = 0; status == OD_OK && shape->element != NULL && i < count; i++) {
        step here = {.up = at->where, .index = i};
        at->where = &here;
        od_value *better = NULL;
        status = walk_value(at, shape->element, changeable(od_value_at(value, i)), &better);
        if (status != OD_OK)
            od_value_unref(better);
        else if (better != NULL && !od__value_replace_element(value, i, better))
            status = od__error_no_memory(at->err);
        at->where = here.up;
    }
    return status;
}

/* ---- plain values ---- */

static bool is_choice(const char *const *choices, const char *text) {
    for (; *choices != NULL; choices++) {
        if ((*choices)[0] == text[0] && strcmp(*choices, text) == 0)
            return true;
    }
    return false;
}

static od_status walk_string(const walk *at, const od_shape *shape, const od_value *value) {
    char path[OD_ERROR_PATH_BYTES];
    if (od_value_type(value) != OD_TYPE_STRING)
        return complain_kind(at, shape, value);
    const char *text = od_value_string(value);
    size_t bytes = od_value_length(value);
    /* Everything behind here may take it as a C string. */
    if (memchr(text, '\0', bytes) != NULL)
        return od__error_at(at->err, OD_VALIDATION, write_path(at, NULL, path), "expected text without NUL characters");
    /* A character has one to four bytes, so most texts need no counting. */
    bool bounded = shape->max >= shape->min;
    bool surely_long_enough = shape->min <= 0 || (int64_t)(bytes / 4) >= shape->min;
    bool surely_short_enough = !bounded || (int64_t)bytes <= shape->max;
    if ((shape->min != 0 || shape->max != 0) && !(surely_long_enough && surely_short_enough)) {
        size_t count = 0;
        for (size_t i = 0; i < bytes; i++)
            count += ((unsigned char)text[i] & 0xc0) != 0x80;
        od_status status = check_count(at, shape, count, "character");
        if (status != OD_OK)
            return status;
    }
    if (shape->choices != NULL && !is_choice(shape->choices, text))
        return od__complain_choice(shape, shape->choices, value, write_path(at, NULL, path), at->err);
    return OD_OK;
}

#define TWO_TO_63 9223372036854775808.0 /* itself no int64_t; its negative is the least */

static od_status walk_integer(walk *at, const od_shape *shape, const od_value *value, od_value **replacement) {
    int64_t integer;
    if (od_value_type(value) == OD_TYPE_INTEGER) {
        integer = od_value_integer(value);
    } else {
        double number = od_value_number(value);
        /* A Lua without integers, and much JSON, says 15.0 for 15. */
        if (od_value_type(value) != OD_TYPE_NUMBER || number != floor(number) || number < -TWO_TO_63 ||
            number >= TWO_TO_63)
            return complain_kind(at, shape, value);
        integer = (int64_t)number;
        *replacement = od_value_new_integer(integer);
        if (*replacement == NULL)
            return od__error_no_memory(at->err);
    }
    bool limited = shape->min != 0 || shape->max != 0;
    bool bounded = shape->max >= shape->min;
    if (limited && (integer < shape->min || (bounded && integer > shape->max)))
        return complain_kind(at, shape, value);
    return OD_OK;
}

static od_status walk_number(walk *at, const od_shape *shape, const od_value *value) {
    od_type type = od_value_type(value);
    if (type != OD_TYPE_INTEGER && type != OD_TYPE_NUMBER)
        return complain_kind(at, shape, value);
    double number = od_value_number(value);
    bool limited = shape->number_min != 0 || shape->number_max != 0;
    if (limited && (number < shape->number_min || number > shape->number_max))
        return complain_kind(at, shape, value);
    return OD_OK;
}

static od_status run_check(const walk *at, const od_shape *shape, const od_value *value, od_value **replacement) {
    const od_value *current = *replacement != NULL ? *replacement : value;
    od_value *better = NULL;
    /* Most values are good, so the path is not written before it is known that one is not. */
    od_status status = shape->check->fn(current, "", &better, NULL);
    if (status == OD_OUT_OF_MEMORY)
        return od__error_no_memory(at->err);
    if (status != OD_OK) {
        od_value_unref(better);
        better = NULL;
        char path[OD_ERROR_PATH_BYTES];
        /* A check shows the value in its message, which a sensitive one must not be. */
        if (status == OD_VALIDATION && shape->sensitive)
            return complain_kind(at, shape, value);
        status = shape->check->fn(current, write_path(at, NULL, path), &better, at->err);
    }
    if (status != OD_OK) {
        od_value_unref(better);
        return status;
    }
    if (better != NULL) {
        od_value_unref(*replacement);
        *replacement = better;
    }
    return OD_OK;
}

/* Compares one value. *replacement, NULL at first, becomes what is to take its place; the caller unrefs it on failure. */
static od_status walk_value(walk *at, const od_shape *shape, od_value *value, od_value **replacement) {
    od_status status = OD_OK;
    switch (shape->kind) {
    case OD_KIND_STRING: status = walk_string(at, shape, value); break;
    case OD_KIND_INTEGER: status = walk_integer(at, shape, value, replacement); break;
    case OD_KIND_NUMBER: status = walk_number(at, shape, value); break;
    case OD_KIND_BOOLEAN:
        if (od_value_type(value) != OD_TYPE_BOOLEAN)
            status = complain_kind(at, shape, value);
        break;
    case OD_KIND_STRUCT: status = walk_struct(at, shape, value); break;
    case OD_KIND_CHOICE: status = walk_choice(at, shape, value); break;
    case OD_KIND_MAP: status = walk_map(at, shape, value); break;
    case OD_KIND_LIST: status = walk_list(at, shape, value, replacement); break;
    case OD_KIND_ANY: break;
    }
    if (status == OD_OK && shape->check != NULL)
        status = run_check(at, shape, value, replacement);
    return status;
}

od_status od__shape_validate(const od_shape *shape, od_value *value, const char *path, od_error *err) {
    walk at = {.top = path, .err = err};
    od_value *replacement = NULL;
    od_status status = walk_value(&at, shape, value, &replacement);
    od_value_unref(replacement); /* the value at the top has no place where another could be put */
    return status;
}
