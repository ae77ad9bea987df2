/* A power cut for SQLite: a process writes as ever, and all others see it, but what a file was before anything that is not synced
 * yet is noted beside it. After a cut, power_cut makes the files again what a disk is sure to hold, or might.
 *
 * The notes are in one folder for all processes of a store: a file for each of its files, emptied by whoever syncs that. While
 * the power is off (a file `off` is in the folder) a process that writes, syncs or deletes dies of it. That a file was made,
 * or deleted, is on the disk at once. */
#ifndef OUTDIAL_POWER_VFS_H
#define OUTDIAL_POWER_VFS_H

#include <stdint.h>

/* Makes it the way in which this process opens databases. NULL: nothing is noted, and there are only the points before, during
 * and after a sync. */
void power_vfs_register(const char *folder);
/* Turns the power off, for all. */
void power_off(void);

/* A note: this, what the file had there (zeros where it had less), and what was written. */
typedef struct power_note {
    int64_t at, length;
    int64_t size;                  /* of the file, before */
    int64_t cut_to;                /* -1: it was written; else it was cut to this size, and nothing was written */
} power_note;

#endif
