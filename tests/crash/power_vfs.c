#include "power_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fault.h"

#define PATH_BYTES 4096

/* The file of the system's own VFS lies behind it. */
typedef struct power_file {
    sqlite3_file base;
    int notes;                     /* -1: it has none, as what is temporary */
} power_file;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs power_vfs;
static char power_folder[PATH_BYTES];

static sqlite3_file *real(sqlite3_file *file) {
    return (sqlite3_file *)((power_file *)file + 1);
}

static void name_in_folder(char out[2 * PATH_BYTES], const char *name) {
    const char *slash = strrchr(name, '/');
    snprintf(out, 2 * PATH_BYTES, "%s/%s", power_folder, slash != NULL ? slash + 1 : name);
}

void power_off(void) {
    char path[2 * PATH_BYTES];
    if (power_folder[0] == '\0')
        return;
    name_in_folder(path, "off");
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* ---- notes ---- */

static void end_all(const char *what) {
    fprintf(stderr, "power_vfs: %s: %s\n", what, strerror(errno));
    abort();
}

/* One process at a time notes and writes, or syncs; none while the power is off. */
static void lock(const power_file *self) {
    char path[2 * PATH_BYTES];
    while (flock(self->notes, LOCK_EX) != 0) {
        if (errno != EINTR)
            end_all("flock");
    }
    name_in_folder(path, "off");
    if (access(path, F_OK) == 0)
        raise(SIGKILL);
}

static void unlock(const power_file *self) {
    flock(self->notes, LOCK_UN);
}

static void append(const power_file *self, const void *bytes, size_t length) {
    if (write(self->notes, bytes, length) != (ssize_t)length)
        end_all("a note cannot be written");
}

static void note(power_file *self, const void *bytes, int64_t length, int64_t at, int64_t cut_to) {
    sqlite3_file *file = real(&self->base);
    sqlite3_int64 size = 0;
    char *before = calloc(1, (size_t)length + 1);
    if (before == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        end_all("a file cannot be asked");
    if (at < size)
        (void)file->pMethods->xRead(file, before, (int)(at + length > size ? size - at : length), at);
    append(self, &(power_note){ .at = at, .length = length, .size = size, .cut_to = cut_to }, sizeof(power_note));
    append(self, before, (size_t)length);
    if (cut_to < 0)
        append(self, bytes, (size_t)length);
    free(before);
}

/* The power may go when the first half of what was written is on the disk. */
static void forget_half(const power_file *self) {
    off_t end = lseek(self->notes, 0, SEEK_END), at = 0, count = 0;
    power_note one;
    off_t half = 0;
    while (pread(self->notes, &one, sizeof(one), at) == (ssize_t)sizeof(one)) {
        at += (off_t)sizeof(one) + one.length * (one.cut_to < 0 ? 2 : 1);
        count++;
    }
    at = 0;
    for (off_t i = 0; i < count / 2 && pread(self->notes, &one, sizeof(one), at) == (ssize_t)sizeof(one); i++)
        half = at += (off_t)sizeof(one) + one.length * (one.cut_to < 0 ? 2 : 1);
    char *rest = malloc((size_t)(end - half) + 1);
    if (rest == NULL || pread(self->notes, rest, (size_t)(end - half), half) != end - half || ftruncate(self->notes, 0) != 0)
        end_all("notes cannot be read");
    append(self, rest, (size_t)(end - half));
    free(rest);
}

/* ---- what is done otherwise ---- */

static int power_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at) {
    power_file *self = (power_file *)file;
    if (self->notes < 0)
        return real(file)->pMethods->xWrite(real(file), bytes, length, at);
    lock(self);
    note(self, bytes, length, at, -1);
    int code = real(file)->pMethods->xWrite(real(file), bytes, length, at);
    unlock(self);
    return code;
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 to) {
    power_file *self = (power_file *)file;
    if (self->notes < 0)
        return real(file)->pMethods->xTruncate(real(file), to);
    lock(self);
    sqlite3_int64 size = 0;
    int code = real(file)->pMethods->xFileSize(real(file), &size);
    if (code == SQLITE_OK && size > to)
        note(self, NULL, size - to, to, to);
    if (code == SQLITE_OK)
        code = real(file)->pMethods->xTruncate(real(file), to);
    unlock(self);
    return code;
}

static int power_sync(sqlite3_file *file, int flags) {
    power_file *self = (power_file *)file;
    (void)flags; /* no machine loses its power here: what the file has is safe */
    od__fault("sync", "before");
    if (self->notes < 0) {
        od__fault("sync", "during");
    } else {
        lock(self);
        forget_half(self);
        od__fault("sync", "during");
        if (ftruncate(self->notes, 0) != 0)
            end_all("notes cannot be forgotten");
        unlock(self);
    }
    od__fault("sync", "after");
    return SQLITE_OK;
}

static int power_close(sqlite3_file *file) {
    power_file *self = (power_file *)file;
    if (self->notes >= 0)
        close(self->notes);
    return real(file)->pMethods->xClose(real(file));
}

static int power_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
    char path[2 * PATH_BYTES];
    (void)vfs;
    if (power_folder[0] != '\0') {
        name_in_folder(path, "off");
        if (access(path, F_OK) == 0)
            raise(SIGKILL);
        name_in_folder(path, name);
        unlink(path);
    }
    return system_vfs->xDelete(system_vfs, name, sync_folder);
}

/* ---- what the system's own does as it is ---- */

static int power_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 from) {
    return real(file)->pMethods->xRead(real(file), bytes, length, from);
}

static int power_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int power_lock(sqlite3_file *file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
}

static int power_unlock(sqlite3_file *file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int power_reserved(sqlite3_file *file, int *reserved) {
    return real(file)->pMethods->xCheckReservedLock(real(file), reserved);
}

static int power_control(sqlite3_file *file, int operation, void *argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int power_sector(sqlite3_file *file) {
    return real(file)->pMethods->xSectorSize(real(file));
}

static int power_device(sqlite3_file *file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int power_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int power_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void power_shm_barrier(sqlite3_file *file) {
    real(file)->pMethods->xShmBarrier(real(file));
}

static int power_shm_unmap(sqlite3_file *file, int forget) {
    return real(file)->pMethods->xShmUnmap(real(file), forget);
}

/* ---- opening ---- */

static int open_notes(const char *name) {
    char path[2 * PATH_BYTES];
    if (name == NULL || power_folder[0] == '\0')
        return -1;
    name_in_folder(path, name);
    int notes = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (notes < 0)
        end_all(path);
    return notes;
}

static int power_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    static const sqlite3_io_methods methods = {
        .iVersion = 2, .xClose = power_close, .xRead = power_read, .xWrite = power_write, .xTruncate = power_truncate,
        .xSync = power_sync, .xFileSize = power_size, .xLock = power_lock, .xUnlock = power_unlock,
        .xCheckReservedLock = power_reserved, .xFileControl = power_control, .xSectorSize = power_sector,
        .xDeviceCharacteristics = power_device, .xShmMap = power_shm_map, .xShmLock = power_shm_lock,
        .xShmBarrier = power_shm_barrier, .xShmUnmap = power_shm_unmap,
    };
    power_file *self = (power_file *)file;
    self->base.pMethods = NULL;
    self->notes = -1;
    int code = system_vfs->xOpen(system_vfs, name, real(file), flags, out_flags);
    if (real(file)->pMethods == NULL)
        return code;
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0)
        self->notes = open_notes(name);
    self->base.pMethods = &methods;
    return code;
}

void power_vfs_register(const char *folder) {
    snprintf(power_folder, sizeof(power_folder), "%s", folder != NULL ? folder : "");
    system_vfs = sqlite3_vfs_find(NULL);
    if (system_vfs == NULL || system_vfs == &power_vfs)
        return;
    power_vfs = *system_vfs;
    power_vfs.zName = "power";
    power_vfs.szOsFile = (int)sizeof(power_file) + system_vfs->szOsFile;
    power_vfs.xOpen = power_open;
    power_vfs.xDelete = power_delete;
    if (sqlite3_vfs_register(&power_vfs, 1) != SQLITE_OK)
        abort();
}
