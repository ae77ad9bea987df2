/* base/ascii: what a character is, whatever the locale. */
#ifndef OD_BASE_ASCII_H
#define OD_BASE_ASCII_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

static inline bool od__is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#pragma GCC visibility pop
#endif
