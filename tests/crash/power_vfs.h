/* A power cut for SQLite: what was written to a file since its last sync is kept in the process, and only a sync hands it to
 * the file. A process that is killed thus leaves what a disk is sure to hold after the power went. Reads see what was written.
 * A cut file is cut at once, and what a file has when it is closed stays.
 *
 * A cut is for one process at a time: of several each would sync only what it wrote itself. */
#ifndef OUTDIAL_POWER_VFS_H
#define OUTDIAL_POWER_VFS_H

#include <stdbool.h>

/* Makes it the way in which this process opens databases. Without cut nothing is kept back, and there are only the points
 * before, during and after a sync. */
void power_vfs_register(bool cut);

#endif
