#include "import/rejects.h"

#include <string.h>

static bool needs_quotes(od_span field, char delimiter) {
    for (size_t i = 0; i < field.length; i++) {
        char byte = field.at[i];
        if (byte == delimiter || byte == '"' || byte == '\r' || byte == '\n')
            return true;
    }
    return false;
}

static void add_field(od_buffer *out, od_span field, char delimiter) {
    if (!needs_quotes(field, delimiter)) {
        od__buffer_add(out, field.at, field.length);
        return;
    }
    od__buffer_add_byte(out, '"');
    for (const char *at = field.at, *end = at + field.length; at < end;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *stop = quote != NULL ? quote + 1 : end;
        od__buffer_add(out, at, (size_t)(stop - at));
        if (quote != NULL)
            od__buffer_add_byte(out, '"');
        at = stop;
    }
    od__buffer_add_byte(out, '"');
}

static void add_rest(od_buffer *out, char delimiter, const od_span *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        od__buffer_add_byte(out, delimiter);
        add_field(out, fields[i], delimiter);
    }
    od__buffer_add_byte(out, '\n');
}

void od__rejects_header(od_buffer *out, char delimiter, const od_span *names, size_t count) {
    od__buffer_addf(out, "row%creason", delimiter);
    add_rest(out, delimiter, names, count);
}

void od__rejects_row(od_buffer *out, char delimiter, int64_t row, const char *reason, const od_span *fields, size_t count) {
    od__buffer_addf(out, "%lld%c", (long long)row, delimiter);
    add_field(out, (od_span){.at = reason, .length = strlen(reason)}, delimiter);
    add_rest(out, delimiter, fields, count);
}
