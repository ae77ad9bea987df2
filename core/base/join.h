/* base/join: texts one after the other in a place of a given size, where a format would be read for each call. */
#ifndef OD_BASE_JOIN_H
#define OD_BASE_JOIN_H

#include <stddef.h>
#include <string.h>

#pragma GCC visibility push(hidden)

/* Writes texts, which end with NULL, into out (at least one byte), cut to fit and NUL-terminated. Returns the length that all of
 * them have. */
static inline size_t od__join(char *out, size_t out_bytes, const char *const *texts) {
    size_t whole = 0, used = 0;
    for (; *texts != NULL; texts++) {
        size_t length = strlen(*texts), room = out_bytes - 1 - used, taken = length < room ? length : room;
        memcpy(out + used, *texts, taken);
        used += taken;
        whole += length;
    }
    out[used] = '\0';
    return whole;
}

#pragma GCC visibility pop
#endif
