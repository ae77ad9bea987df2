/* operation/options: a vendor's client options and the common ones as one shape; for validating and describing them. */
#ifndef OD_OPERATION_OPTIONS_H
#define OD_OPERATION_OPTIONS_H

#include "operation/operation.h"

#pragma GCC visibility push(hidden)

typedef struct od_merged_options {
    od_shape shape;                        /* borrows fields below: do not copy */
    od_field fields[OD_LIMIT_FIELDS + 1];
} od_merged_options;

/* The vendor's own options first; a common one that the vendor redefines is left out. Errors: internal (too many). */
od_status od__options_merge(const od_vendor *vendor, od_merged_options *out, od_error *err);

#pragma GCC visibility pop

#endif
