#include "operation/glob.h"

#include <stddef.h>

/* Only the last '*' is ever given more: what an earlier one took is already the shortest that can do. */
bool od__glob_match(const char *pattern, const char *text) {
    const char *after_star = NULL, *star_text = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            after_star = ++pattern;
            star_text = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (after_star != NULL) {
            pattern = after_star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
