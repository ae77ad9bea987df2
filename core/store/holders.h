/* store/holders: who keeps a store locked, as far as the machine tells. */
#ifndef OD_STORE_HOLDERS_H
#define OD_STORE_HOLDERS_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

#define OD_HOLDERS_BYTES 128

/* Writes " (pid 17)" or " (pids 17, 18)": the other processes that hold a lock for writing on the database at path or on
 * the index of its log. "" where that is not known, as on other systems than Linux. */
void od__holders(const char *path, char out[OD_HOLDERS_BYTES]);

#pragma GCC visibility pop
#endif
