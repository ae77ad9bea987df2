/* base/utf8: which bytes are UTF-8; no characters beyond that. */
#ifndef OD_BASE_UTF8_H
#define OD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Returns the length of the UTF-8 sequence at text, 0 if there is none (stray, overlong, surrogate, cut off); left > 0. */
size_t od__utf8_length(const unsigned char *text, size_t left);
/* Whether all of text is UTF-8. */
bool od__utf8_is_valid(const char *text, size_t length);
/* Whether all of text is UTF-8 without NUL. */
bool od__utf8_is_text(const char *text, size_t length);

#pragma GCC visibility pop
#endif
