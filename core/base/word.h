/* base/word: looking at text eight bytes at a time, in no particular order. */
#ifndef OD_BASE_WORD_H
#define OD_BASE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC visibility push(hidden)

#define OD_EACH_BYTE UINT64_C(0x0101010101010101)

static inline uint64_t od__word_at(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

static inline uint64_t od__half_word_at(const char *text) {
    uint32_t half;
    memcpy(&half, text, sizeof half);
    return half;
}

/* The end of a text that is not empty: its last eight bytes, or all of a shorter one, some of them twice. */
static inline uint64_t od__last_word(const char *text, size_t length) {
    if (length >= sizeof(uint64_t))
        return od__word_at(text + length - sizeof(uint64_t));
    if (length >= sizeof(uint32_t))
        return od__half_word_at(text) | od__half_word_at(text + length - sizeof(uint32_t)) << 32;
    uint64_t first = (unsigned char)text[0], middle = (unsigned char)text[length / 2], last = (unsigned char)text[length - 1];
    return first * (OD_EACH_BYTE << 16) | middle << 8 | last;
}

/* As memcmp for whether they are the same, for texts that are mostly short. */
static inline bool od__same_bytes(const char *a, const char *b, size_t length) {
    if (length == 0 || length > 2 * sizeof(uint64_t))
        return memcmp(a, b, length) == 0;
    bool ends_same = od__last_word(a, length) == od__last_word(b, length);
    return ends_same && (length <= sizeof(uint64_t) || od__word_at(a) == od__word_at(b));
}

#pragma GCC visibility pop
#endif
