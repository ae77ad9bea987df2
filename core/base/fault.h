/* base/fault: named points at which the crash tests let the process die or stop, and ways in which they break it on purpose,
 * to see that they notice. In a build for users there are none: tests/crash/fault.c is not a part of it. */
#ifndef OD_BASE_FAULT_H
#define OD_BASE_FAULT_H

#ifdef OD_FAULTS

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Called whenever the point where_name ("after_intend") is passed: the process may not come back from it. */
void od__fault(const char *name, const char *where);
/* Whether this run is broken in that way. */
bool od__mutant(const char *name);
/* A number that a run may replace by an environment variable. */
int od__tunable(const char *variable, int value);

#pragma GCC visibility pop
#else
#define od__fault(name, where) ((void)0)
#define od__mutant(name) false
#define od__tunable(variable, value) (value)
#endif

#endif
