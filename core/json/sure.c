#include "json/sure.h"

#include <string.h>

#include "base/limits.h"

#define MOST_MEMBERS 32 /* of one object: each key is compared with those before it */

typedef struct reading {
    const char *at, *end;
    int depth;
} reading;

typedef struct piece {
    const char *text;
    size_t length;
} piece;

static void skip_blanks(reading *self) {
    while (self->at < self->end && (*self->at == ' ' || *self->at == '\n' || *self->at == '\t' || *self->at == '\r'))
        self->at++;
}

/* Steps over byte and the blanks around it, if it comes next. */
static bool take(reading *self, char byte) {
    skip_blanks(self);
    if (self->at == self->end || *self->at != byte)
        return false;
    self->at++;
    skip_blanks(self);
    return true;
}

/* Steps over a string; \u may be half of a character, or NUL. */
static bool take_string(reading *self, piece *out, bool *escaped) {
    const char *at = self->at, *end = self->end;
    if (at == end || *at++ != '"')
        return false;
    out->text = at;
    *escaped = false;
    while (at < end && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return false;
        if (*at++ != '\\')
            continue;
        *escaped = true;
        if (at == end || *at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
            return false;
        at++;
    }
    if (at == end)
        return false;
    out->length = (size_t)(at - out->text);
    self->at = at + 1;
    return true;
}

static size_t take_digits(reading *self) {
    const char *start = self->at;
    while (self->at < self->end && *self->at >= '0' && *self->at <= '9')
        self->at++;
    return (size_t)(self->at - start);
}

/* Few digits: surely in range. */
static bool take_number(reading *self) {
    if (self->at < self->end && *self->at == '-')
        self->at++;
    bool zero = self->at < self->end && *self->at == '0';
    size_t digits = take_digits(self);
    if (digits == 0 || digits > 15 || (zero && digits > 1))
        return false;
    if (self->at == self->end || *self->at != '.')
        return self->at == self->end || strchr("eE", *self->at) == NULL;
    self->at++;
    digits = take_digits(self);
    return digits > 0 && digits <= 20 && (self->at == self->end || strchr("eE", *self->at) == NULL);
}

static bool take_word(reading *self, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(self->end - self->at) < length || memcmp(self->at, word, length) != 0)
        return false;
    self->at += length;
    return true;
}

static bool take_value(reading *self);

static bool is_one_of(const piece *keys, size_t count, const piece *key) {
    for (size_t i = 0; i < count; i++) {
        if (keys[i].length == key->length && memcmp(keys[i].text, key->text, key->length) == 0)
            return true;
    }
    return false;
}

static bool is_wanted(const char *const *members, const piece *key) {
    for (; *members != NULL; members++) {
        if (strlen(*members) == key->length && memcmp(*members, key->text, key->length) == 0)
            return true;
    }
    return false;
}

/* Steps over an object; *found becomes how many of its members are named in members, all of which must be objects. */
static bool take_object(reading *self, const char *const *members, size_t *found) {
    piece keys[MOST_MEMBERS];
    size_t count = 0;
    bool escaped;
    *found = 0;
    if (self->depth == OD_LIMIT_JSON_DEPTH || !take(self, '{'))
        return false;
    self->depth++;
    while (!take(self, '}')) {
        if ((count > 0 && !take(self, ',')) || count == MOST_MEMBERS || !take_string(self, &keys[count], &escaped) || escaped ||
            is_one_of(keys, count, &keys[count]) || !take(self, ':'))
            return false;
        bool wanted = is_wanted(members, &keys[count++]);
        if ((wanted && (self->at == self->end || *self->at != '{')) || !take_value(self))
            return false;
        *found += wanted ? 1 : 0;
    }
    self->depth--;
    return true;
}

static bool take_array(reading *self) {
    if (self->depth == OD_LIMIT_JSON_DEPTH || !take(self, '['))
        return false;
    self->depth++;
    for (bool first = true; !take(self, ']'); first = false) {
        if ((!first && !take(self, ',')) || !take_value(self))
            return false;
    }
    self->depth--;
    return true;
}

static bool take_value(reading *self) {
    static const char *const none[] = { NULL };
    piece text;
    bool escaped;
    size_t found;
    switch (self->at < self->end ? *self->at : '\0') {
    case '{': return take_object(self, none, &found);
    case '[': return take_array(self);
    case '"': return take_string(self, &text, &escaped);
    case 't': return take_word(self, "true");
    case 'f': return take_word(self, "false");
    case 'n': return take_word(self, "null");
    default: return take_number(self);
    }
}

bool od__json_is_surely(const char *text, size_t length, const char *const *members) {
    reading self = { .at = text, .end = text + length };
    size_t found = 0, wanted = 0;
    while (members[wanted] != NULL)
        wanted++;
    return take_object(&self, members, &found) && self.at == self.end && found == wanted;
}
