/* store/fault: named points at which tests let the process die or stop. In a build for users there are none. */
#ifndef OD_STORE_FAULT_H
#define OD_STORE_FAULT_H

#ifdef OD_FAULTS
#pragma GCC visibility push(hidden)
/* Called whenever the point where_name ("after_intend") is passed. */
void od__fault(const char *name, const char *where);
#pragma GCC visibility pop
#else
#define od__fault(name, where) ((void)0)
#endif

#endif
