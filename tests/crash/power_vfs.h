/* A power cut for SQLite: what was written to a file since its last sync is kept in the process, and only a sync hands it to
 * the file. A process that is killed thus leaves what a disk is sure to hold after the power went. Reads see what was written.
 * A cut file is cut at once, and what a file has when it is closed stays. The shared memory of the WAL is the real one: it
 * tells others of a transaction only after the sync that makes it last. */
#ifndef OUTDIAL_POWER_VFS_H
#define OUTDIAL_POWER_VFS_H

/* Makes it the way in which this process opens databases. */
void power_vfs_register(void);

#endif
