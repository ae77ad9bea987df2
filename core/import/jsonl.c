#include "import/jsonl.h"

#include <stdio.h>
#include <string.h>
#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "json/value.h"

struct od_jsonl {
    int64_t row;
    od_buffer line;      /* the beginning of a line whose end has not come */
    bool is_handed_over; /* its bytes belong to the line before */
    bool is_too_long;
    od_value *object;
    char reason[OD_ROW_REASON_BYTES];
};

od_jsonl *od__jsonl_new(void) {
    od_jsonl *jsonl = od__calloc(1, sizeof *jsonl);
    if (jsonl == NULL)
        return NULL;
    jsonl->row = 1;
    od__buffer_init(&jsonl->line, OD_LIMIT_ROW_BYTES);
    return jsonl;
}

void od__jsonl_free(od_jsonl *jsonl) {
    if (jsonl == NULL)
        return;
    od__buffer_clear(&jsonl->line);
    od_value_unref(jsonl->object);
    od__free(jsonl);
}

static void let_go(od_jsonl *jsonl) {
    od_value_unref(jsonl->object);
    jsonl->object = NULL;
    if (jsonl->is_handed_over)
        od__buffer_truncate(&jsonl->line, 0);
    jsonl->is_handed_over = false;
}

/* Keeps what a line has before the end of the bytes; what is beyond the limit is dropped. */
static bool keep(od_jsonl *jsonl, const char *bytes, size_t length) {
    size_t room = OD_LIMIT_ROW_BYTES - jsonl->line.length;
    if (length > room)
        jsonl->is_too_long = true;
    od__buffer_add(&jsonl->line, bytes, length > room ? room : length);
    return !jsonl->line.failed;
}

static bool is_blank(od_span text) {
    for (size_t i = 0; i < text.length; i++) {
        if (strchr(" \t\r", text.at[i]) == NULL || text.at[i] == '\0')
            return false;
    }
    return true;
}

/* jansson counts lines too, and each of these is its first. */
static const char *without_line(const char *message) {
    static const char first[] = "line 1, ";
    return strncmp(message, first, sizeof first - 1) == 0 ? message + sizeof first - 1 : message;
}

static od_csv_event read_object(od_jsonl *jsonl, od_jsonl_line *out) {
    if (memchr(out->text.at, '\0', out->text.length) != NULL) {
        out->error = "a NUL byte";
        return OD_CSV_RECORD;
    }
    od_error err = OD_ERROR_INIT;
    od_status status = od_value_parse(out->text.at, out->text.length, &jsonl->object, &err);
    if (status == OD_OUT_OF_MEMORY)
        return OD_CSV_NO_MEMORY;
    if (status != OD_OK) {
        (void)snprintf(jsonl->reason, sizeof jsonl->reason, "%.200s", without_line(err.message));
        out->error = jsonl->reason;
    } else if (od_value_type(jsonl->object) != OD_TYPE_OBJECT) {
        (void)snprintf(jsonl->reason, sizeof jsonl->reason, "expected an object, got %s",
                       od__value_type_name(jsonl->object));
        out->error = jsonl->reason;
    } else {
        out->object = jsonl->object;
    }
    return OD_CSV_RECORD;
}

/* A whole line: OD_CSV_MORE if it is blank. */
static od_csv_event end_line(od_jsonl *jsonl, od_span text, od_jsonl_line *out) {
    static const char mark[] = "\xef\xbb\xbf";
    bool was_too_long = jsonl->is_too_long;
    *out = (od_jsonl_line){.row = jsonl->row++};
    jsonl->is_too_long = false;
    if (out->row == 1 && text.length >= sizeof mark - 1 && memcmp(text.at, mark, sizeof mark - 1) == 0) {
        text.at += sizeof mark - 1;
        text.length -= sizeof mark - 1;
    }
    if (text.length > 0 && text.at[text.length - 1] == '\r')
        text.length--;
    out->text = text;
    if (was_too_long || text.length > OD_LIMIT_ROW_BYTES) {
        (void)snprintf(jsonl->reason, sizeof jsonl->reason, "the row is longer than %u bytes", OD_LIMIT_ROW_BYTES);
        out->error = jsonl->reason;
        return OD_CSV_RECORD;
    }
    return is_blank(text) ? OD_CSV_MORE : read_object(jsonl, out);
}

od_csv_event od__jsonl_read(od_jsonl *jsonl, const char **at, const char *end, od_jsonl_line *out) {
    let_go(jsonl);
    while (*at < end) {
        size_t left = (size_t)(end - *at);
        const char *line_end = memchr(*at, '\n', left);
        od_span text = {.at = *at, .length = line_end != NULL ? (size_t)(line_end - *at) : left};
        bool is_whole = line_end != NULL && jsonl->line.length == 0 && !jsonl->is_too_long;
        if (!is_whole && !keep(jsonl, text.at, text.length))
            return OD_CSV_NO_MEMORY;
        *at += text.length + (line_end != NULL);
        if (line_end == NULL)
            break;
        if (!is_whole)
            text = (od_span){.at = od__buffer_text(&jsonl->line), .length = jsonl->line.length};
        jsonl->is_handed_over = !is_whole;
        od_csv_event event = end_line(jsonl, text, out);
        if (event != OD_CSV_MORE)
            return event;
        let_go(jsonl);
    }
    return OD_CSV_MORE;
}

od_csv_event od__jsonl_finish(od_jsonl *jsonl, od_jsonl_line *out) {
    let_go(jsonl);
    if (jsonl->line.length == 0)
        return OD_CSV_MORE;
    jsonl->is_handed_over = true;
    return end_line(jsonl, (od_span){.at = od__buffer_text(&jsonl->line), .length = jsonl->line.length}, out);
}
