/* base/decimal: a number as text, where a format would be read for each call. */
#ifndef OD_BASE_DECIMAL_H
#define OD_BASE_DECIMAL_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

#define OD_DECIMAL_BYTES 21 /* a sign, 19 digits and the NUL */

/* Writes number at the end of text, and returns where it begins there. */
static inline const char *od__decimal(int64_t number, char text[OD_DECIMAL_BYTES]) {
    char *at = &text[OD_DECIMAL_BYTES - 1];
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    *at = '\0';
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--at = '-';
    return at;
}

#pragma GCC visibility pop
#endif
