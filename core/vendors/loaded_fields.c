/* Fields and shapes made of their descriptions. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "vendors/loaded.h"

struct od_kept {
    struct od_kept *next;
    max_align_t bytes[];
};

void *od__loading_keep(od_loading *to, size_t count, size_t bytes) {
    struct od_kept *kept = od__calloc(1, sizeof(*kept) + count * bytes);
    if (kept == NULL) {
        (void)od__error_no_memory(to->err);
        return NULL;
    }
    kept->next = to->kept;
    to->kept = kept;
    return kept->bytes;
}

void od__loading_drop(od_loading *to) {
    while (to->kept != NULL) {
        struct od_kept *kept = to->kept;
        to->kept = kept->next;
        od__free(kept);
    }
}

static const char *text_of(const od_value *object, const char *key) {
    return od_value_string(od_value_get(object, key));
}

static bool is_on(const od_value *object, const char *key) {
    return od_value_boolean(od_value_get(object, key));
}

static od_kind kind_named(const char *type) {
    static const struct { const char *name; od_kind kind; } kinds[] = {
        { "string", OD_KIND_STRING }, { "integer", OD_KIND_INTEGER }, { "number", OD_KIND_NUMBER },
        { "boolean", OD_KIND_BOOLEAN }, { "object", OD_KIND_STRUCT }, { "list", OD_KIND_LIST }, { "map", OD_KIND_MAP },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, type) == 0)
            return kinds[i].kind;
    return OD_KIND_ANY;
}

static const od_check *check_named(const char *name) {
    static const struct { const char *name; const od_check *check; } checks[] = {
        { "e164", &od_check_e164 }, { "e164_tolerant", &od_check_e164_tolerant }, { "uuid", &od_check_uuid },
        { "iso8601", &od_check_iso8601 }, { "url", &od_check_absolute_url }, { "header_text", &od_check_header_text },
    };
    for (size_t i = 0; name != NULL && i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcmp(checks[i].name, name) == 0)
            return checks[i].check;
    return NULL;
}

static bool set_choices(od_loading *to, const od_value *list, od_shape *shape) {
    if (list == NULL)
        return true;
    const char **choices = od__loading_keep(to, od_value_length(list) + 1, sizeof(*choices));
    for (size_t i = 0; choices != NULL && i < od_value_length(list); i++)
        choices[i] = od_value_string(od_value_at(list, i));
    shape->choices = choices;
    return choices != NULL;
}

static const od_shape *make_shape(od_loading *to, const od_value *spec, const char *path, int depth);

static bool set_inside(od_loading *to, const od_value *spec, const char *path, int depth, od_shape *shape) {
    char at[OD_ERROR_PATH_BYTES];
    snprintf(at, sizeof(at), "%s", path);
    const od_value *fields = od_value_get(spec, "fields"), *element = od_value_get(spec, "element");
    if (shape->kind == OD_KIND_STRUCT && fields != NULL) {
        od__path_add(at, sizeof(at), "fields");
        shape->fields = od__loading_fields(to, fields, at, depth + 1);
        return shape->fields != NULL;
    }
    if (shape->kind == OD_KIND_STRUCT) { /* of which nothing is known */
        shape->kind = OD_KIND_MAP;
        shape->element = &od_shape_any;
    } else if ((shape->kind == OD_KIND_LIST || shape->kind == OD_KIND_MAP) && element != NULL) {
        od__path_add(at, sizeof(at), "element");
        shape->element = make_shape(to, element, at, depth + 1);
        return shape->element != NULL;
    } else if (shape->kind == OD_KIND_LIST || shape->kind == OD_KIND_MAP) {
        shape->element = &od_shape_any;
    }
    return true;
}

static void set_limits(const od_value *spec, od_shape *shape) {
    const od_value *min = od_value_get(spec, "min"), *max = od_value_get(spec, "max");
    if (min == NULL && max == NULL)
        return;
    shape->min = min != NULL ? od_value_integer(min) : shape->kind == OD_KIND_INTEGER ? INT64_MIN : 0;
    shape->max = max != NULL ? od_value_integer(max) : INT64_MAX;
    if (shape->kind == OD_KIND_NUMBER) {
        shape->number_min = min != NULL ? od_value_number(min) : -1e300;
        shape->number_max = max != NULL ? od_value_number(max) : 1e300;
    }
}

static const od_shape *make_shape(od_loading *to, const od_value *spec, const char *path, int depth) {
    if (depth > OD_LOADED_DEPTH) {
        (void)od__error_at(to->err, OD_VALIDATION, path, "expected at most %d levels of fields", OD_LOADED_DEPTH);
        return NULL;
    }
    od_shape *shape = od__loading_keep(to, 1, sizeof(*shape));
    if (shape == NULL)
        return NULL;
    shape->kind = kind_named(text_of(spec, "type"));
    shape->sensitive = is_on(spec, "sensitive");
    set_limits(spec, shape);
    if (shape->kind == OD_KIND_STRING) {
        shape->check = check_named(text_of(spec, "check"));
        if (shape->check == NULL && shape->sensitive)
            shape->check = &od_check_header_text; /* secrets travel in headers */
        shape->empty_is_absent = shape->sensitive;
        if (!set_choices(to, od_value_get(spec, "choices"), shape))
            return NULL;
    }
    return set_inside(to, spec, path, depth, shape) ? shape : NULL;
}

static od_place place_named(const char *name) {
    static const struct { const char *name; od_place place; } places[] = {
        { "path", OD_PLACE_PATH }, { "query", OD_PLACE_QUERY }, { "header", OD_PLACE_HEADER },
        { "nowhere", OD_PLACE_NOWHERE },
    };
    for (size_t i = 0; name != NULL && i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(places[i].name, name) == 0)
            return places[i].place;
    return OD_PLACE_BODY;
}

static od_status set_default(od_loading *to, const od_value *spec, const char *path, od_field *field) {
    const od_value *value = od_value_get(spec, "default");
    od_kind kind = field->shape->kind;
    if (value == NULL)
        return OD_OK;
    if (kind == OD_KIND_INTEGER && od_value_type(value) == OD_TYPE_INTEGER) {
        field->has_default_integer = true;
        field->default_integer = od_value_integer(value);
    } else if (kind == OD_KIND_BOOLEAN && od_value_type(value) == OD_TYPE_BOOLEAN) {
        field->default_text = od_value_boolean(value) ? "true" : "false";
    } else if (kind == OD_KIND_STRING && od_value_string(value) != NULL) {
        field->default_text = od_value_string(value);
    } else {
        return od__vendor_refuse(to->err, path, "default", "expected a value of the field's own type: a text, an integer or "
                                 "a boolean");
    }
    return OD_OK;
}

static od_status set_field(od_loading *to, const od_value *spec, const char *path, int depth, od_field *field) {
    field->name = text_of(spec, "name");
    field->summary = text_of(spec, "summary");
    if (field->summary == NULL)
        field->summary = "";
    field->required = is_on(spec, "required");
    field->place = place_named(text_of(spec, "place"));
    field->wire_name = text_of(spec, "wire_name");
    field->constant = text_of(spec, "constant");
    field->option = text_of(spec, "option");
    field->make_uuid = is_on(spec, "uuid");
    field->shape = make_shape(to, spec, path, depth);
    if (field->shape == NULL)
        return to->err != NULL ? to->err->code : OD_OUT_OF_MEMORY;
    return set_default(to, spec, path, field);
}

const od_field *od__loading_fields(od_loading *to, const od_value *list, const char *path, int depth) {
    size_t count = list != NULL ? od_value_length(list) : 0;
    od_field *fields = od__loading_keep(to, count + 1, sizeof(*fields));
    for (size_t i = 0; fields != NULL && i < count; i++) {
        char at[OD_ERROR_PATH_BYTES], index[24];
        snprintf(at, sizeof(at), "%s", path);
        snprintf(index, sizeof(index), "%zu", i);
        od__path_add(at, sizeof(at), index);
        if (set_field(to, od_value_at(list, i), at, depth, &fields[i]) != OD_OK)
            return NULL;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(fields[k].name, fields[i].name) == 0) {
                (void)od__vendor_refuse(to->err, at, "name", "expected a name of its own, got one that is there already");
                return NULL;
            }
        }
    }
    return fields;
}

const od_shape *od__loading_struct(od_loading *to, const od_value *list, const char *path, bool open) {
    od_shape *shape = od__loading_keep(to, 1, sizeof(*shape));
    if (shape == NULL)
        return NULL;
    shape->kind = OD_KIND_STRUCT;
    shape->open = open;
    shape->fields = od__loading_fields(to, list, path, 1);
    return shape->fields != NULL ? shape : NULL;
}
