#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "operation/operation.h"
#include "vendors/vendors.h"

static const od_vendor *const vendors[] = {
#define OD_VENDOR_ADDRESS(name) &od_vendor_##name,
    OD_VENDORS(OD_VENDOR_ADDRESS)
#undef OD_VENDOR_ADDRESS
};

#define VENDOR_COUNT (sizeof vendors / sizeof vendors[0])

/* Those that were added: written under the lock and never taken away, so that whoever sees the count may read them. */
static const od_vendor *loaded[OD_LIMIT_LOADED_VENDORS];
static atomic_size_t loaded_count;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

const od_vendor *od_vendor_at(size_t index) {
    if (index < VENDOR_COUNT)
        return vendors[index];
    size_t beyond = index - VENDOR_COUNT;
    return beyond < atomic_load_explicit(&loaded_count, memory_order_acquire) ? loaded[beyond] : NULL;
}

const od_vendor *od_vendor_find(const char *name) {
    const od_vendor *vendor;
    for (size_t i = 0; name != NULL && (vendor = od_vendor_at(i)) != NULL; i++) {
        if (strcmp(vendor->name, name) == 0)
            return vendor;
    }
    return NULL;
}

static od_status add(const od_vendor *vendor, od_error *err) {
    size_t count = atomic_load_explicit(&loaded_count, memory_order_relaxed);
    if (od_vendor_find(vendor->name) != NULL)
        return od__error_at(err, OD_VALIDATION, "/name", "there is a vendor %s already", vendor->name);
    if (count == OD_LIMIT_LOADED_VENDORS)
        return od__error_set(err, OD_VALIDATION, "more than %d vendors were loaded", OD_LIMIT_LOADED_VENDORS);
    loaded[count] = vendor;
    atomic_store_explicit(&loaded_count, count + 1, memory_order_release);
    return OD_OK;
}

od_status od__registry_add(const od_vendor *vendor, od_error *err) {
    (void)pthread_mutex_lock(&adding);
    od_status status = add(vendor, err);
    (void)pthread_mutex_unlock(&adding);
    return status;
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
        const od_vendor *known;
        for (size_t i = 0; (known = od_vendor_at(i)) != NULL; i++)
            od__nearest_offer(&nearest, known->name);
    } else {
        for (const od_operation *operation = vendor->operations; operation->name != NULL; operation++)
            od__nearest_offer(&nearest, operation->name);
    }
    return nearest.best;
}
