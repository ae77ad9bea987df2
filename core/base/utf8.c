#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#include "base/word.h"

size_t od__utf8_length(const unsigned char *text, size_t left) {
    unsigned char first = text[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 || length > left) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    if (first == 0xe0 && text[1] < 0xa0) return 0;
    if (first == 0xed && text[1] > 0x9f) return 0;
    if (first == 0xf0 && text[1] < 0x90) return 0;
    if (first == 0xf4 && text[1] > 0x8f) return 0;
    return length;
}

/* Mostly all of it is ASCII, which ends with its last word. */
bool od__utf8_is_valid(const char *text, size_t length) {
    size_t at = 0;
    while (at < length) {
        uint64_t word = length - at >= sizeof word ? od__word_at(text + at) : od__last_word(text, length);
        if ((word & OD_EACH_BYTE * 0x80) == 0) {
            at += sizeof word;
            continue;
        }
        if ((unsigned char)text[at] < 0x80) {
            at++;
            continue;
        }
        size_t sequence = od__utf8_length((const unsigned char *)text + at, length - at);
        if (sequence == 0) return false;
        at += sequence;
    }
    return true;
}

bool od__utf8_is_text(const char *text, size_t length) {
    for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
        uint64_t word = length - at >= sizeof word ? od__word_at(text + at) : od__last_word(text, length);
        /* A byte that is 0 or above 0x7f, or perhaps one behind such a byte. */
        if (((word | (word - OD_EACH_BYTE)) & OD_EACH_BYTE * 0x80) != 0)
            return memchr(text, '\0', length) == NULL && od__utf8_is_valid(text, length);
    }
    return true;
}
