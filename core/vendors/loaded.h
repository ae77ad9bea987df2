/* vendors/loaded: vendors that a program describes by a value at run time: the same descriptors, made of data. */
#ifndef OD_VENDORS_LOADED_H
#define OD_VENDORS_LOADED_H

#include "vendors/vendor.h"

#pragma GCC visibility push(hidden)

#define OD_LOADED_DEPTH 8        /* objects and lists of fields within fields */
#define OD_LOADED_ERRORS 256     /* rows of a vendor's own error table */

/* What a description must look like. */
extern const od_shape od__loaded_shape;

/* Descriptors in the making. Everything that they are made of is kept in one chain, and lives or goes together. */
typedef struct od_loading {
    struct od_kept *kept;
    od_error *err;
} od_loading;

/* Zeroed memory that lives as long as what is loaded; NULL: err says out_of_memory. */
void *od__loading_keep(od_loading *to, size_t count, size_t bytes);
void od__loading_drop(od_loading *to);
/* A list of field descriptions, checked by od__loaded_shape, as fields; path is that of the list, for what only a whole list
 * can be wrong in. Texts are borrowed from the list. NULL: err is set. */
const od_field *od__loading_fields(od_loading *to, const od_value *list, const char *path, int depth);
/* The same as a STRUCT. */
const od_shape *od__loading_struct(od_loading *to, const od_value *list, const char *path, bool open);

#pragma GCC visibility pop

#endif
