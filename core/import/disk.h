/* import/disk: regular files read in chunks and written whole; the one door of the room to the disk. No parsing. */
#ifndef OD_IMPORT_DISK_H
#define OD_IMPORT_DISK_H

#include <outdial.h>
#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* What tells one state of a file from another. */
typedef struct od_file_version {
    uint64_t device, inode;
    int64_t bytes;
    int64_t modified_ns;   /* Unix time */
} od_file_version;

/* Reads which version path has now. Errors: validation (no such file, not a regular one). */
od_status od__file_version(const char *path, od_file_version *out, od_error *err);
bool od__file_version_same(const od_file_version *a, const od_file_version *b);

/* Opens a regular file for reading. Errors: validation (no such file, a directory, not readable; its message names path). */
od_status od__disk_open(const char *path, int *fd, od_file_version *version, od_error *err);
/* Reads up to bytes; *count 0 is the end. Errors: unavailable. */
od_status od__disk_read(int fd, const char *path, char *out, size_t bytes, size_t *count, od_error *err);
/* Whether the file behind fd is still what it was. Errors: conflict. */
od_status od__disk_unchanged(int fd, const char *path, const od_file_version *version, od_error *err);
/* Makes or empties a file that only its owner may read. Errors: validation (cannot be made; it is the file `not`, whose
 * version that is). */
od_status od__disk_create(const char *path, const od_file_version *not, int *fd, od_error *err);
/* Writes all of buffer and empties it. Errors: unavailable. */
od_status od__disk_write(int fd, const char *path, od_buffer *buffer, od_error *err);
/* Closes a file; an error that shows only then is told. fd -1: nothing. Errors: unavailable. */
od_status od__disk_close(int fd, const char *path, od_error *err);

#pragma GCC visibility pop
#endif
