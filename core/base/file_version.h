/* base/file_version: what tells one state of a file from another; who reads the file asks the system for it. */
#ifndef OD_BASE_FILE_VERSION_H
#define OD_BASE_FILE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct stat;

/* All 0: there is no file. */
typedef struct od_file_version {
    uint64_t device, inode;
    int64_t bytes;
    int64_t modified_ns;   /* Unix time */
} od_file_version;

od_file_version od__file_version_of(const struct stat *file);
bool od__file_version_same(const od_file_version *a, const od_file_version *b);

#pragma GCC visibility pop
#endif
