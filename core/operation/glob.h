/* operation/glob: matching a vendor's text with a pattern in which '*' stands for any run; nothing else is special. */
#ifndef OD_OPERATION_GLOB_H
#define OD_OPERATION_GLOB_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

bool od__glob_match(const char *pattern, const char *text);

#pragma GCC visibility pop

#endif
