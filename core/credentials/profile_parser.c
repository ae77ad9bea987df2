/* Line by line: a section, a property, a continuation, or nothing. */
#include "credentials/profile_parser.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/crypto.h"

/* Bytes of a line; not NUL-terminated. */
typedef struct piece {
    const char *start, *end;
} piece;

typedef struct parser {
    od_profiles *profiles;
    bool is_credentials_file;
    const char *file;
    size_t line;
    bool in_section;          /* some section has begun */
    size_t section;           /* its index */
    bool ignored;             /* it is one that does not count */
    bool in_property;         /* a property of it has begun */
    bool nested;              /* whose value is empty, so that what is indented is a block */
    od_profile_property *property;  /* NULL: the property does not count */
} parser;

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

static piece trim(piece text) {
    while (text.start < text.end && is_blank(*text.start))
        text.start++;
    while (text.end > text.start && (is_blank(text.end[-1]) || text.end[-1] == '\r'))
        text.end--;
    return text;
}

static size_t length_of(piece text) {
    return (size_t)(text.end - text.start);
}

static bool equals(piece text, const char *other) {
    return length_of(text) == strlen(other) && memcmp(text.start, other, length_of(text)) == 0;
}

/* Letters, digits and - _ / . % @ : + name sections and properties. */
static bool is_name(piece text) {
    for (const char *c = text.start; c < text.end; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!plain && (*c == '\0' || strchr("-_/.%@:+", *c) == NULL))
            return false;
    }
    return text.start < text.end;
}

static od_status wrong(const parser *self, const char *what, od_error *err) {
    return od__error_set(err, OD_AUTHENTICATION, "%s line %zu: %s", self->file, self->line, what);
}

/* ---- sections ---- */

static od_profile_section *find_section(const od_profiles *profiles, od_section_kind kind, piece name) {
    for (size_t i = 0; i < profiles->count; i++)
        if (profiles->sections[i].kind == kind && equals(name, profiles->sections[i].name))
            return &profiles->sections[i];
    return NULL;
}

static void clear_properties(od_profile_section *section) {
    for (size_t i = 0; i < section->count; i++) {
        od__free(section->properties[i].name);
        od__buffer_wipe(&section->properties[i].value);
    }
    section->count = 0;
}

/* Grows an array by half; the elements move, which is harmless: they only point to what is secret. */
static bool grow(void **array, size_t *capacity, size_t count, size_t element_bytes) {
    if (count < *capacity)
        return true;
    size_t more = *capacity + *capacity / 2 + 8;
    void *moved = od__realloc(*array, more * element_bytes);
    if (moved == NULL)
        return false;
    *array = moved;
    *capacity = more;
    return true;
}

static od_status add_section(parser *self, od_section_kind kind, piece name, bool prefixed, od_error *err) {
    od_profiles *profiles = self->profiles;
    od_profile_section *section = find_section(profiles, kind, name);
    if (section == NULL) {
        if (profiles->count == OD_PROFILE_SECTIONS)
            return od__error_set(err, OD_AUTHENTICATION, "%s line %zu: more than %d sections", self->file, self->line,
                                 OD_PROFILE_SECTIONS);
        void *sections = profiles->sections;
        char *copy = od__strndup(name.start, length_of(name));
        if (copy == NULL || !grow(&sections, &profiles->capacity, profiles->count, sizeof(*section))) {
            od__free(copy);
            return od__error_no_memory(err);
        }
        profiles->sections = sections;
        section = &profiles->sections[profiles->count++];
        *section = (od_profile_section){ .kind = kind, .name = copy, .prefixed = prefixed };
    } else if (prefixed && !section->prefixed) {
        /* What `[default]` said in this file counts for nothing once there is a `[profile default]`. */
        clear_properties(section);
        section->prefixed = true;
    }
    self->section = (size_t)(section - profiles->sections);
    self->ignored = !self->is_credentials_file && section->prefixed && !prefixed;
    return OD_OK;
}

static od_status read_config_section(parser *self, piece inside, od_error *err) {
    const char *stop = inside.start;
    while (stop < inside.end && !is_blank(*stop))
        stop++;
    piece prefix = { inside.start, stop }, name = trim((piece){ stop, inside.end });
    if (name.start == name.end)
        return equals(prefix, "default") ? add_section(self, OD_SECTION_PROFILE, prefix, false, err) : OD_OK;
    if (!is_name(name))
        return OD_OK;
    if (equals(prefix, "profile"))
        return add_section(self, OD_SECTION_PROFILE, name, true, err);
    if (equals(prefix, "sso-session"))
        return add_section(self, OD_SECTION_SSO_SESSION, name, true, err);
    return equals(prefix, "services") ? add_section(self, OD_SECTION_SERVICES, name, true, err) : OD_OK;
}

static od_status read_section(parser *self, piece line, od_error *err) {
    for (const char *c = line.start; c < line.end; c++)
        if (*c == '#' || *c == ';')
            line.end = c;
    line = trim(line);
    if (line.end[-1] != ']' || length_of(line) < 2)
        return wrong(self, "a section has no \"]\" at its end", err);
    piece inside = trim((piece){ line.start + 1, line.end - 1 });
    self->in_section = true;
    self->in_property = false;
    self->property = NULL;
    self->ignored = true; /* unless its name counts */
    if (!self->is_credentials_file)
        return read_config_section(self, inside, err);
    return is_name(inside) ? add_section(self, OD_SECTION_PROFILE, inside, false, err) : OD_OK;
}

/* ---- properties ---- */

static char lower(char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static od_status add_property(parser *self, piece name, piece value, od_error *err) {
    od_profile_section *section = &self->profiles->sections[self->section];
    char *copy = od__strndup(name.start, length_of(name));
    if (copy == NULL)
        return od__error_no_memory(err);
    for (char *c = copy; *c != '\0'; c++)
        *c = lower(*c);
    od_profile_property *property = NULL;
    for (size_t i = 0; i < section->count && property == NULL; i++)
        if (strcmp(section->properties[i].name, copy) == 0)
            property = &section->properties[i];
    if (property != NULL) {
        od__free(copy);
        od__buffer_wipe(&property->value);
    } else {
        void *properties = section->properties;
        bool full = section->count == OD_PROFILE_PROPERTIES;
        if (full || !grow(&properties, &section->capacity, section->count, sizeof(*property))) {
            od__free(copy);
            return full ? od__error_set(err, OD_AUTHENTICATION, "%s line %zu: more than %d properties in a section",
                                        self->file, self->line, OD_PROFILE_PROPERTIES)
                        : od__error_no_memory(err);
        }
        section->properties = properties;
        property = &section->properties[section->count++];
        property->name = copy;
        od__buffer_init(&property->value, OD_PROFILE_VALUE_BYTES);
    }
    od__buffer_add(&property->value, value.start, length_of(value));
    self->property = property;
    return property->value.failed ? od__error_no_memory(err) : OD_OK;
}

/* Cuts a line at its first "=". */
static bool split(piece line, piece *name, piece *value) {
    const char *sign = memchr(line.start, '=', length_of(line));
    if (sign == NULL)
        return false;
    *name = trim((piece){ line.start, sign });
    *value = trim((piece){ sign + 1, line.end });
    return true;
}

static od_status read_property(parser *self, piece line, od_error *err) {
    if (!self->in_section)
        return wrong(self, "a property before the first section", err);
    for (const char *c = line.start + 1; c < line.end; c++)
        if ((*c == '#' || *c == ';') && is_blank(c[-1]))
            line.end = c;
    piece name, value;
    if (!split(line, &name, &value))
        return wrong(self, "a line without \"=\"", err);
    if (name.start == name.end)
        return wrong(self, "a property without a name", err);
    self->in_property = true;
    self->nested = value.start == value.end;
    self->property = NULL;
    return self->ignored || !is_name(name) ? OD_OK : add_property(self, name, value, err);
}

static od_status read_continuation(parser *self, piece line, od_error *err) {
    if (!self->in_property)
        return wrong(self, "an indented line that continues nothing", err);
    piece name, value;
    if (self->nested && !split(line, &name, &value))
        return wrong(self, "a line without \"=\" in a nested block", err);
    if (self->nested && name.start == name.end)
        return wrong(self, "a property without a name in a nested block", err);
    if (self->property == NULL)
        return OD_OK;
    od_buffer *out = &self->property->value;
    od__buffer_add_byte(out, '\n');
    od__buffer_add(out, line.start, length_of(line));
    if (out->failed)
        return out->over_limit ? wrong(self, "a value that is too long", err) : od__error_no_memory(err);
    return OD_OK;
}

/* ---- a whole file ---- */

static od_status read_line(parser *self, piece line, od_error *err) {
    bool indented = line.start < line.end && is_blank(*line.start);
    piece trimmed = trim(line);
    if (trimmed.start == trimmed.end)
        return OD_OK;
    if (indented)
        return read_continuation(self, trimmed, err);
    if (*line.start == '#' || *line.start == ';')
        return OD_OK;
    return *line.start == '[' ? read_section(self, trimmed, err) : read_property(self, trimmed, err);
}

od_status od__profiles_parse(od_profiles *profiles, const char *text, size_t length_bytes, bool is_credentials_file,
                             const char *file, od_error *err) {
    parser self = { .profiles = profiles, .is_credentials_file = is_credentials_file, .file = file };
    const char *end = text + length_bytes;
    static const char mark[] = "\xef\xbb\xbf"; /* of byte order: some editors put it first */
    if (length_bytes >= 3 && memcmp(text, mark, 3) == 0)
        text += 3;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL)
            stop = end;
        self.line++;
        if (memchr(text, '\0', (size_t)(stop - text)) != NULL)
            return wrong(&self, "a NUL byte", err);
        od_status status = read_line(&self, (piece){ text, stop }, err);
        if (status != OD_OK)
            return status;
        text = stop < end ? stop + 1 : end;
    }
    return OD_OK;
}

void od__profiles_clear(od_profiles *profiles) {
    for (size_t i = 0; i < profiles->count; i++) {
        od_profile_section *section = &profiles->sections[i];
        clear_properties(section);
        od__free(section->properties);
        od__free(section->name);
    }
    od__free(profiles->sections);
    *profiles = (od_profiles){ .sections = NULL };
}

/* ---- asking ---- */

const od_profile_section *od__profiles_find(const od_profiles *profiles, od_section_kind kind, const char *name) {
    return find_section(profiles, kind, (piece){ name, name + strlen(name) });
}

const char *od__profile_get(const od_profile_section *section, const char *name) {
    for (size_t i = 0; section != NULL && i < section->count; i++)
        if (strcmp(section->properties[i].name, name) == 0)
            return od__buffer_text(&section->properties[i].value);
    return NULL;
}

const char *od__profile_filled(const od_profile_section *section, const char *name) {
    const char *value = od__profile_get(section, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool equals_lower(piece text, const char *other) {
    if (length_of(text) != strlen(other))
        return false;
    for (size_t i = 0; i < length_of(text); i++)
        if (lower(text.start[i]) != other[i])
            return false;
    return true;
}

bool od__profile_nested(const od_profile_section *section, const char *property, const char *name, char *out,
                        size_t out_bytes) {
    const char *text = od__profile_get(section, property);
    if (text == NULL || text[0] != '\n')
        return false;
    const char *end = text + strlen(text);
    bool found = false;
    while (text < end) {
        const char *stop = memchr(text + 1, '\n', (size_t)(end - text - 1));
        if (stop == NULL)
            stop = end;
        piece key, value;
        /* The last of a name wins, as outside of blocks. */
        if (split((piece){ text + 1, stop }, &key, &value) && equals_lower(key, name) && length_of(value) < out_bytes) {
            memcpy(out, value.start, length_of(value));
            out[length_of(value)] = '\0';
            found = true;
        }
        text = stop;
    }
    return found;
}
