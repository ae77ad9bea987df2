#include "import/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"

#define CHUNK_BYTES (64u * 1024)
#define WAITING_BYTES (64u * OD_LIMIT_ROW_BYTES)   /* rows that wait to be written; more is a defect */

static od_status complain(od_status code, const char *what, const char *path, od_error *err) {
    return od__error_set(err, code, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* Nothing but a regular file: a pipe could keep the reader waiting for ever, and has no version. */
static od_status check_regular(const struct stat *file, const char *path, od_error *err) {
    if (S_ISDIR(file->st_mode))
        return od__error_set(err, OD_VALIDATION, "%s is a directory", path);
    if (!S_ISREG(file->st_mode))
        return od__error_set(err, OD_VALIDATION, "%s is no regular file", path);
    return OD_OK;
}

od_status od__file_version(const char *path, od_file_version *out, od_error *err) {
    struct stat file;
    if (stat(path, &file) != 0)
        return complain(OD_VALIDATION, "read", path, err);
    *out = od__file_version_of(&file);
    return check_regular(&file, path, err);
}

/* ---- reading ---- */

od_status od__disk_reader_open(od_disk_reader *reader, const char *path, od_error *err) {
    *reader = (od_disk_reader){.fd = -1};
    reader->path = od__strdup(path);
    reader->chunk = od__alloc(CHUNK_BYTES);
    if (reader->path == NULL || reader->chunk == NULL)
        return od__error_no_memory(err);
    reader->at = reader->end = reader->chunk;
    /* Without waiting, or opening a pipe would. */
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat file;
    if (reader->fd < 0 || fstat(reader->fd, &file) != 0)
        return complain(OD_VALIDATION, "read", path, err);
    reader->version = od__file_version_of(&file);
    return check_regular(&file, path, err);
}

od_status od__disk_reader_fill(od_disk_reader *reader, od_error *err) {
    if (reader->at < reader->end || reader->is_ended)
        return OD_OK;
    ssize_t count;
    do {
        count = read(reader->fd, reader->chunk, CHUNK_BYTES);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return complain(OD_UNAVAILABLE, "read", reader->path, err);
    reader->at = reader->chunk;
    reader->end = reader->chunk + count;
    reader->is_ended = count == 0;
    reader->bytes_read += count;
    return OD_OK;
}

od_status od__disk_reader_unchanged(const od_disk_reader *reader, od_error *err) {
    struct stat file;
    if (fstat(reader->fd, &file) != 0)
        return complain(OD_UNAVAILABLE, "read", reader->path, err);
    od_file_version now = od__file_version_of(&file);
    if (!od__file_version_same(&now, &reader->version) || reader->bytes_read != now.bytes)
        return od__error_set(err, OD_CONFLICT, "%s changed while it was read", reader->path);
    return OD_OK;
}

void od__disk_reader_close(od_disk_reader *reader) {
    if (reader->fd >= 0)
        (void)close(reader->fd);
    od__free(reader->path);
    od__free(reader->chunk);
    *reader = (od_disk_reader){.fd = -1};
}

/* ---- writing ---- */

/* Emptied only once it is known to be no file that matters here. */
static od_status take_over(int fd, const char *path, const od_file_version *source, od_error *err) {
    struct stat file;
    if (fstat(fd, &file) != 0)
        return complain(OD_VALIDATION, "written", path, err);
    od_status status = check_regular(&file, path, err);
    if (status != OD_OK)
        return status;
    if ((uint64_t)file.st_dev == source->device && (uint64_t)file.st_ino == source->inode)
        return od__error_set(err, OD_VALIDATION, "%s is the list itself", path);
    return ftruncate(fd, 0) == 0 ? OD_OK : complain(OD_VALIDATION, "written", path, err);
}

od_status od__disk_writer_open(od_disk_writer *writer, const char *path, const od_file_version *source, od_error *err) {
    writer->fd = -1;
    od__buffer_init(&writer->waiting, WAITING_BYTES);
    writer->path = od__strdup(path);
    if (writer->path == NULL)
        return od__error_no_memory(err);
    writer->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR);
    if (writer->fd < 0)
        return complain(OD_VALIDATION, "written", path, err);
    return take_over(writer->fd, path, source, err);
}

od_status od__disk_writer_flush(od_disk_writer *writer, od_error *err) {
    if (writer->waiting.failed)
        return od__error_no_memory(err);
    for (size_t done = 0; done < writer->waiting.length;) {
        ssize_t count = write(writer->fd, writer->waiting.data + done, writer->waiting.length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return complain(OD_UNAVAILABLE, "written", writer->path, err);
        done += (size_t)count;
    }
    od__buffer_truncate(&writer->waiting, 0);
    return OD_OK;
}

od_status od__disk_writer_finish(od_disk_writer *writer, od_error *err) {
    od_status status = od__disk_writer_flush(writer, err);
    /* Some file systems tell of a full disk only now. */
    if (close(writer->fd) != 0 && errno != EINTR && status == OD_OK)
        status = complain(OD_UNAVAILABLE, "written", writer->path, err);
    writer->fd = -1;
    return status;
}

void od__disk_writer_close(od_disk_writer *writer) {
    if (writer->fd >= 0)
        (void)close(writer->fd);
    writer->fd = -1;
    od__buffer_clear(&writer->waiting);
    od__free(writer->path);
    writer->path = NULL;
}
