#include "base/error.h"
#include "json/value.h"
#include "validation/shape.h"

static od_status check_duration(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return od_value_number(value) > 0 ? OD_OK : od__check_fail(&od_check_duration, value, path, err);
}

const od_check od_check_duration = {"seconds above 0", check_duration, "a number of seconds above 0"};

static od_status check_positive_integer(const od_value *value, const char *path, od_value **replacement, od_error *err) {
    (void)replacement;
    return od_value_integer(value) > 0 ? OD_OK : od__check_fail(&od_check_positive_integer, value, path, err);
}

const od_check od_check_positive_integer = {"above 0", check_positive_integer, "an integer above 0"};

/* ---- ready-made shapes ---- */

const od_shape od_shape_any = {.kind = OD_KIND_ANY};
const od_shape od_shape_text = {.kind = OD_KIND_STRING};
const od_shape od_shape_boolean = {.kind = OD_KIND_BOOLEAN};
const od_shape od_shape_integer = {.kind = OD_KIND_INTEGER};
const od_shape od_shape_e164 = {.kind = OD_KIND_STRING, .check = &od_check_e164};
const od_shape od_shape_string_map = {.kind = OD_KIND_MAP, .element = &od_shape_text};
