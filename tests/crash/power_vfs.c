#include "power_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

typedef struct piece {
    struct piece *next;
    sqlite3_int64 at;
    int length;
    char bytes[];
} piece;

/* The file of the system's own VFS lies behind it. */
typedef struct power_file {
    sqlite3_file base;
    piece *first, **last;        /* what was written and not synced, in order */
    int count;
} power_file;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs power_vfs;
static bool keeps_back;

static sqlite3_file *real(sqlite3_file *file) {
    return (sqlite3_file *)((power_file *)file + 1);
}

/* ---- what is not synced ---- */

static void drop(power_file *self) {
    for (piece *at = self->first, *next; at != NULL; at = next) {
        next = at->next;
        free(at);
    }
    self->first = NULL;
    self->last = &self->first;
    self->count = 0;
}

/* Hands everything over, in order. The power may go when half of it has been. */
static int hand_over(power_file *self) {
    sqlite3_file *file = real(&self->base);
    int done = 0;
    if (self->count == 0)
        od__fault("sync", "during");
    for (const piece *at = self->first; at != NULL; at = at->next) {
        if (done++ == self->count / 2)
            od__fault("sync", "during");
        int code = file->pMethods->xWrite(file, at->bytes, at->length, at->at);
        if (code != SQLITE_OK)
            return code;
    }
    drop(self);
    return SQLITE_OK;
}

static int power_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at) {
    power_file *self = (power_file *)file;
    if (!keeps_back)
        return real(file)->pMethods->xWrite(real(file), bytes, length, at);
    piece *one = malloc(sizeof(*one) + (size_t)length);
    if (one == NULL)
        return SQLITE_IOERR_NOMEM;
    one->next = NULL;
    one->at = at;
    one->length = length;
    memcpy(one->bytes, bytes, (size_t)length);
    *self->last = one;
    self->last = &one->next;
    self->count++;
    return SQLITE_OK;
}

static sqlite3_int64 end_of(const power_file *self) {
    sqlite3_int64 end = 0;
    for (const piece *at = self->first; at != NULL; at = at->next) {
        if (at->at + at->length > end)
            end = at->at + at->length;
    }
    return end;
}

static int power_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 from) {
    power_file *self = (power_file *)file;
    int code = real(file)->pMethods->xRead(real(file), bytes, length, from); /* fills up with zeros when short */
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return code;
    for (const piece *at = self->first; at != NULL; at = at->next) {
        sqlite3_int64 begin = at->at > from ? at->at : from;
        sqlite3_int64 end = at->at + at->length < from + length ? at->at + at->length : from + length;
        if (begin < end)
            memcpy((char *)bytes + (begin - from), at->bytes + (begin - at->at), (size_t)(end - begin));
    }
    return code == SQLITE_IOERR_SHORT_READ && end_of(self) >= from + length ? SQLITE_OK : code;
}

static int power_sync(sqlite3_file *file, int flags) {
    (void)flags; /* the process dies, not the machine: what the file has is safe */
    od__fault("sync", "before");
    int code = hand_over((power_file *)file);
    od__fault("sync", "after");
    return code;
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 size) {
    power_file *self = (power_file *)file;
    for (piece **at = &self->first; *at != NULL;) {
        piece *one = *at;
        if (one->at + one->length > size)
            one->length = one->at < size ? (int)(size - one->at) : 0;
        if (one->length > 0) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one);
        self->count--;
    }
    self->last = &self->first;
    while (*self->last != NULL)
        self->last = &(*self->last)->next;
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int power_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = real(file)->pMethods->xFileSize(real(file), size);
    sqlite3_int64 end = end_of((power_file *)file);
    if (code == SQLITE_OK && end > *size)
        *size = end;
    return code;
}

static int power_close(sqlite3_file *file) {
    power_file *self = (power_file *)file;
    int code = hand_over(self);
    drop(self);
    int closed = real(file)->pMethods->xClose(real(file));
    return code == SQLITE_OK ? closed : code;
}

/* ---- what the system's own does as it is ---- */

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
    memset(self, 0, sizeof(*self));
    self->last = &self->first;
    int code = system_vfs->xOpen(system_vfs, name, real(file), flags, out_flags);
    if (real(file)->pMethods != NULL)
        self->base.pMethods = &methods;
    return code;
}

void power_vfs_register(bool cut) {
    keeps_back = cut;
    system_vfs = sqlite3_vfs_find(NULL);
    if (system_vfs == NULL || system_vfs == &power_vfs)
        return;
    power_vfs = *system_vfs;
    power_vfs.zName = "power";
    power_vfs.szOsFile = (int)sizeof(power_file) + system_vfs->szOsFile;
    power_vfs.xOpen = power_open;
    if (sqlite3_vfs_register(&power_vfs, 1) != SQLITE_OK)
        abort();
}
