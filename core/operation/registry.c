#include <string.h>

#include "base/nearest.h"
#include "operation/operation.h"
#include "vendors/vendors.h"

static const od_vendor *const vendors[] = {
#define OD_VENDOR_ADDRESS(name) &od_vendor_##name,
    OD_VENDORS(OD_VENDOR_ADDRESS)
#undef OD_VENDOR_ADDRESS
};

#define VENDOR_COUNT (sizeof vendors / sizeof vendors[0])

const od_vendor *od_vendor_at(size_t index) {
    return index < VENDOR_COUNT ? vendors[index] : NULL;
}

const od_vendor *od_vendor_find(const char *name) {
    for (size_t i = 0; name != NULL && i < VENDOR_COUNT; i++) {
        if (strcmp(vendors[i]->name, name) == 0)
            return vendors[i];
    }
    return NULL;
}

const char *od_vendor_name(const od_vendor *vendor) {
    return vendor->name;
}

const char *od_vendor_title(const od_vendor *vendor) {
    return vendor->title;
}

const od_operation *od__operation_find(const od_vendor *vendor, const char *name) {
    for (const od_operation *operation = vendor->operations; operation->name != NULL; operation++) {
        if (strcmp(operation->name, name) == 0 || strcmp(operation->vendor_name, name) == 0)
            return operation;
    }
    return NULL;
}

bool od__operation_rings(const od_operation *operation, const od_value *params) {
    const char *text = operation->quiet_field != NULL ? od_value_string(od_value_get(params, operation->quiet_field))
                                                      : NULL;
    for (size_t i = 0; text != NULL && operation->quiet_values[i] != NULL; i++) {
        if (strcmp(operation->quiet_values[i], text) == 0)
            return false;
    }
    return operation->rings;
}

const od_operation *od_operation_find(const od_vendor *vendor, const char *name) {
    return vendor == NULL || name == NULL ? NULL : od__operation_find(vendor, name);
}

const od_operation *od_operation_at(const od_vendor *vendor, size_t index) {
    /* Step by step, since the end is a row and not a count. */
    for (size_t i = 0; vendor->operations[i].name != NULL; i++) {
        if (i == index)
            return &vendor->operations[i];
    }
    return NULL;
}

const char *od_operation_name(const od_operation *operation) {
    return operation->name;
}

const char *od_did_you_mean(const od_vendor *vendor, const char *name) {
    od_nearest nearest = {.wanted = name};
    if (name == NULL)
        return NULL;
    if (vendor == NULL) {
        for (size_t i = 0; i < VENDOR_COUNT; i++)
            od__nearest_offer(&nearest, vendors[i]->name);
    } else {
        for (const od_operation *operation = vendor->operations; operation->name != NULL; operation++)
            od__nearest_offer(&nearest, operation->name);
    }
    return nearest.best;
}
