/* validation/complain: the words of a complaint about one value, for the walker; decides nothing. */
#ifndef OD_VALIDATION_COMPLAIN_H
#define OD_VALIDATION_COMPLAIN_H

#include "validation/shape.h"

#pragma GCC visibility push(hidden)

/* `expected <what the shape asks for>, got <value>`: of the wrong kind, refused by its check, or (value NULL) absent. */
od_status od__complain_kind(const od_shape *shape, const od_value *value, const char *path, od_error *err);
/* `expected 1 to 100 characters, got 0`: counted is the singular of what is counted. */
od_status od__complain_count(const od_shape *shape, size_t count, const char *counted, const char *path, od_error *err);
/* `expected one of A, B, got "X", did you mean "A"?`: choices ends with NULL. */
od_status od__complain_choice(const od_shape *shape, const char *const *choices, const od_value *value,
                              const char *path, od_error *err);

#pragma GCC visibility pop

#endif
