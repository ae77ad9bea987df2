/* Genesys: small readings of what events and answers hold, and what following one keeps in memory. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vendors/genesys.h"

const char *od__genesys_plain(const od_value *value, char scratch[OD_GENESYS_SCALAR_BYTES]) {
    if (od_value_type(value) != OD_TYPE_INTEGER)
        return od_value_string(value);
    snprintf(scratch, OD_GENESYS_SCALAR_BYTES, "%lld", (long long)od_value_integer(value));
    return scratch;
}

bool od__genesys_same(const od_value *a, const od_value *b) {
    char one[OD_GENESYS_SCALAR_BYTES], other[OD_GENESYS_SCALAR_BYTES];
    const char *left = od__genesys_plain(a, one), *right = od__genesys_plain(b, other);
    return left && right && *left && strcmp(left, right) == 0;
}

bool od__genesys_is(const od_value *value, const char *text) {
    const char *string = od_value_string(value);
    return string && strcmp(string, text) == 0;
}

od_status od__genesys_remember(od_value **memory, const char *key, od_value *member, od_error *err) {
    od_value *made = *memory ? od__value_copy(*memory) : od_value_new_object();
    if (!made) {
        od_value_unref(member);
        return od__error_no_memory(err);
    }
    od_status status = od_value_set(made, key, member, err);
    if (status != OD_OK) {
        od_value_unref(made);
        return status;
    }
    od_value_unref(*memory);
    *memory = made;
    return OD_OK;
}
