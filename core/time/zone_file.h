/* time/zone_file: a file of the zones' directory, read whole; no parsing. */
#ifndef OD_TIME_ZONE_FILE_H
#define OD_TIME_ZONE_FILE_H

#include <stddef.h>

#include <outdial.h>

#include "base/file_version.h"

#pragma GCC visibility push(hidden)

/* Reads a regular file into *bytes (od__free); NULL: there is none of this name, which is no error by itself. Errors:
 * unavailable (it cannot be read, or is longer than limit_bytes), out_of_memory. */
od_status od__zone_file_read(const char *path, size_t limit_bytes, char **bytes, size_t *length, od_file_version *version,
                             od_error *err);
/* Reads which version there is now; one that cannot be asked counts as none. */
od_file_version od__zone_file_version(const char *path);

#pragma GCC visibility pop
#endif
