#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "json/value.h"
#include "validation/shape.h"

od_status od__shape_check_ahead(const od_shape *shape, const od_value *value, int64_t now_ms, od_error *err) {
    const od_shape *chosen = od__shape_chosen(shape, value);
    for (const od_field *field = chosen != NULL ? chosen->fields : NULL; field != NULL && field->name != NULL; field++) {
        const char *text = field->ahead_ms != 0 ? od_value_string(od_value_get(value, field->name)) : NULL;
        int64_t at_ms;
        if (text == NULL || (od__iso8601_parse(text, &at_ms) && at_ms >= now_ms + field->ahead_ms))
            continue;
        char path[OD_ERROR_PATH_BYTES] = "", got[64];
        od__path_add(path, sizeof path, field->name);
        od__value_describe(od_value_get(value, field->name), got, sizeof got);
        return od__error_at(err, OD_VALIDATION, path, "expected a time at least %" PRId64 " s from now, got %s",
                            field->ahead_ms / 1000, got);
    }
    return OD_OK;
}
