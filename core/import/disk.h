/* import/disk: regular files read in chunks and written whole; the one door of the room to the disk. No parsing. */
#ifndef OD_IMPORT_DISK_H
#define OD_IMPORT_DISK_H

#include <outdial.h>
#include "base/buffer.h"
#include "base/file_version.h"

#pragma GCC visibility push(hidden)

/* Reads which version path has now. Errors: validation (no such file, not a regular one). */
od_status od__file_version(const char *path, od_file_version *out, od_error *err);

/* A file that is read from its beginning to its end. */
typedef struct od_disk_reader {
    int fd;                  /* -1: not open */
    char *path;              /* for messages */
    char *chunk;
    const char *at, *end;    /* read and not yet taken */
    bool is_ended;           /* nothing comes after them */
    od_file_version version; /* as it was opened */
    int64_t bytes_read;
} od_disk_reader;

/* Opens a regular file. Errors: validation (no such file, a directory, not readable), out_of_memory; close it all the same. */
od_status od__disk_reader_open(od_disk_reader *reader, const char *path, od_error *err);
/* Reads the next bytes once all were taken; sets is_ended where there are none. Errors: unavailable. */
od_status od__disk_reader_fill(od_disk_reader *reader, od_error *err);
/* Whether the file is still what it was when it was opened. Errors: conflict, unavailable. */
od_status od__disk_reader_unchanged(const od_disk_reader *reader, od_error *err);
void od__disk_reader_close(od_disk_reader *reader);

/* A file that is written from its beginning. */
typedef struct od_disk_writer {
    int fd;              /* -1: not open */
    char *path;
    od_buffer waiting;   /* to be written: append to it */
} od_disk_writer;

/* Makes or empties a regular file that only its owner may read; refuses the file that has the version `source`. Errors:
 * validation (it cannot be made), out_of_memory; close it all the same. */
od_status od__disk_writer_open(od_disk_writer *writer, const char *path, const od_file_version *source, od_error *err);
/* Writes what waits. Errors: unavailable, out_of_memory (it could not all be kept). */
od_status od__disk_writer_flush(od_disk_writer *writer, od_error *err);
/* Writes what waits and closes. Errors: as od__disk_writer_flush; the file is closed in any case. */
od_status od__disk_writer_finish(od_disk_writer *writer, od_error *err);
/* Closes without writing what waits. */
void od__disk_writer_close(od_disk_writer *writer);

#pragma GCC visibility pop
#endif
