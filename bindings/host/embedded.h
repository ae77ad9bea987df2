/* host/embedded: the Lua library as text inside the program; embed.lua writes the table when the program is built. */
#ifndef OD_HOST_EMBEDDED_H
#define OD_HOST_EMBEDDED_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct host_embedded {
    const char *module; /* "outdial.scheduler" */
    const char *file;   /* as tracebacks name it: "scripts/outdial/scheduler.lua" */
    const char *text;
    size_t text_bytes;
} host_embedded;

/* Ends with a row whose module is NULL. */
extern const host_embedded host_embedded_table[];

#pragma GCC visibility pop
#endif
