#include "credentials/xml.h"

#include <stdint.h>
#include <string.h>

typedef struct name {
    const char *start;
    size_t length;
} name;

typedef struct reader {
    const char *at, *end;
    name open[OD_XML_DEPTH];
    size_t depth;
    bool had_root;
    const char *path;
    bool wanted;       /* inside the element, not in a child of it */
    bool found, too_long;
    char *out;
    size_t used, out_bytes;
} reader;

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_name_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte == ':' || byte == '-' || byte == '.';
}

static bool starts(const reader *self, const char *text) {
    size_t length = strlen(text);
    return (size_t)(self->end - self->at) >= length && memcmp(self->at, text, length) == 0;
}

static bool step_over(reader *self, const char *text) {
    if (!starts(self, text))
        return false;
    self->at += strlen(text);
    return true;
}

static void skip_blanks(reader *self) {
    while (self->at < self->end && is_blank(*self->at))
        self->at++;
}

/* Goes on behind the next `text`; false if it never comes. */
static bool skip_past(reader *self, const char *text) {
    while (self->at < self->end && !starts(self, text))
        self->at++;
    return step_over(self, text);
}

static bool read_name(reader *self, name *out) {
    out->start = self->at;
    while (self->at < self->end && is_name_byte(*self->at))
        self->at++;
    out->length = (size_t)(self->at - out->start);
    return out->length > 0 && !(*out->start >= '0' && *out->start <= '9') && *out->start != '-' && *out->start != '.';
}

static void keep(reader *self, char byte) {
    if (!self->wanted)
        return;
    if (self->used + 1 >= self->out_bytes)
        self->too_long = true;
    else
        self->out[self->used++] = byte;
}

/* Is what is open the path? */
static bool is_at_path(const reader *self) {
    const char *path = self->path;
    for (size_t i = 0; i < self->depth; i++) {
        size_t length = strcspn(path, "/");
        if (length != self->open[i].length || memcmp(path, self->open[i].start, length) != 0)
            return false;
        path += length;
        if (*path == '/')
            path++;
        else if (i + 1 < self->depth)
            return false;
    }
    return *path == '\0' && self->depth > 0;
}

static void keep_code_point(reader *self, uint32_t point) {
    if (point < 0x80) {
        keep(self, (char)point);
    } else if (point < 0x800) {
        keep(self, (char)(0xc0 | point >> 6));
        keep(self, (char)(0x80 | (point & 0x3f)));
    } else if (point < 0x10000) {
        keep(self, (char)(0xe0 | point >> 12));
        keep(self, (char)(0x80 | (point >> 6 & 0x3f)));
        keep(self, (char)(0x80 | (point & 0x3f)));
    } else {
        keep(self, (char)(0xf0 | point >> 18));
        keep(self, (char)(0x80 | (point >> 12 & 0x3f)));
        keep(self, (char)(0x80 | (point >> 6 & 0x3f)));
        keep(self, (char)(0x80 | (point & 0x3f)));
    }
}

static int digit_of(char byte, uint32_t base) {
    int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                             : -1;
    return digit < (int)base ? digit : -1;
}

static bool read_number(reader *self) {
    uint32_t base = step_over(self, "x") ? 16 : 10, point = 0;
    const char *start = self->at;
    int digit;
    while (self->at < self->end && (digit = digit_of(*self->at, base)) >= 0) {
        point = point * base + (uint32_t)digit;
        if (point > 0x10ffff)
            return false;
        self->at++;
    }
    bool is_character = point >= 0x20 || point == '\t' || point == '\n' || point == '\r';
    if (self->at == start || !is_character || (point >= 0xd800 && point < 0xe000) || !step_over(self, ";"))
        return false;
    keep_code_point(self, point);
    return true;
}

static bool read_entity(reader *self) {
    static const struct { const char *text; char byte; } entities[] = {
        { "amp;", '&' }, { "lt;", '<' }, { "gt;", '>' }, { "quot;", '"' }, { "apos;", '\'' },
    };
    self->at++;
    if (step_over(self, "#"))
        return read_number(self);
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (step_over(self, entities[i].text)) {
            keep(self, entities[i].byte);
            return true;
        }
    }
    return false;
}

static bool skip_attributes(reader *self) {
    for (;;) {
        bool blank = self->at < self->end && is_blank(*self->at);
        skip_blanks(self);
        if (self->at < self->end && (*self->at == '>' || *self->at == '/'))
            return true;
        name attribute;
        if (!blank || !read_name(self, &attribute))
            return false;
        skip_blanks(self);
        if (!step_over(self, "="))
            return false;
        skip_blanks(self);
        if (self->at >= self->end || (*self->at != '"' && *self->at != '\''))
            return false;
        char quote = *self->at++;
        while (self->at < self->end && *self->at != quote && *self->at != '<')
            self->at++;
        if (self->at >= self->end || *self->at != quote)
            return false;
        self->at++;
    }
}

static void close_element(reader *self) {
    if (self->wanted)
        self->found = true;
    self->depth--;
    /* Text behind a child still belongs to its parent. */
    self->wanted = !self->found && is_at_path(self);
}

static bool read_start(reader *self) {
    if ((self->depth == 0 && self->had_root) || self->depth == OD_XML_DEPTH)
        return false;
    self->had_root = true;
    if (!read_name(self, &self->open[self->depth++]) || !skip_attributes(self))
        return false;
    self->wanted = !self->found && is_at_path(self);
    if (step_over(self, "/>")) {
        close_element(self);
        return true;
    }
    return step_over(self, ">");
}

static bool read_end(reader *self) {
    name closed;
    if (self->depth == 0 || !read_name(self, &closed))
        return false;
    const name *open = &self->open[self->depth - 1];
    if (closed.length != open->length || memcmp(closed.start, open->start, closed.length) != 0)
        return false;
    skip_blanks(self);
    close_element(self);
    return step_over(self, ">");
}

static bool read_cdata(reader *self) {
    if (self->depth == 0)
        return false;
    while (self->at < self->end && !starts(self, "]]>"))
        keep(self, *self->at++);
    return step_over(self, "]]>");
}

static bool read_markup(reader *self) {
    if (step_over(self, "<!--"))
        return skip_past(self, "-->");
    if (step_over(self, "<![CDATA["))
        return read_cdata(self);
    if (step_over(self, "</"))
        return read_end(self);
    return step_over(self, "<") && read_start(self);
}

static bool read_document(reader *self) {
    skip_blanks(self);
    if (step_over(self, "<?xml") && !skip_past(self, "?>"))
        return false;
    while (self->at < self->end) {
        bool good = true;
        if (*self->at == '<')
            good = read_markup(self);
        else if (self->depth == 0)
            good = is_blank(*self->at++);
        else if (*self->at == '&')
            good = read_entity(self);
        else if (*self->at == '\0')
            good = false;
        else
            keep(self, *self->at++);
        if (!good)
            return false;
    }
    return self->had_root && self->depth == 0;
}

od_xml od__xml_find(const char *text, size_t length_bytes, const char *path, char *out, size_t out_bytes) {
    reader self = { .at = text, .end = text + length_bytes, .path = path, .out = out, .out_bytes = out_bytes };
    bool good = read_document(&self);
    size_t start = 0;
    while (self.used > 0 && is_blank(out[self.used - 1]))
        self.used--;
    while (start < self.used && is_blank(out[start]))
        start++;
    memmove(out, out + start, self.used - start);
    out[self.used - start] = '\0';
    if (!good || !self.found)
        out[0] = '\0';
    return !good ? OD_XML_MALFORMED : !self.found ? OD_XML_ABSENT : self.too_long ? OD_XML_TOO_LONG : OD_XML_FOUND;
}
