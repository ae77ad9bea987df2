#include "base/outcomes.h"

#include <stddef.h>

const char *od__outcome_name(od_outcome_kind kind) {
    static const char *const names[] = {
#define OD_OUTCOME_NAME(name) #name,
        OD_OUTCOMES(OD_OUTCOME_NAME)
#undef OD_OUTCOME_NAME
    };
    size_t index = (size_t)kind;
    return index < sizeof names / sizeof names[0] ? names[index] : "unclassified";
}
