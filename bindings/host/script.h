/* host/script: the only seam between the program and Lua; arguments go in, an exit code comes out. Knows no command. */
#ifndef OD_HOST_SCRIPT_H
#define OD_HOST_SCRIPT_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* What a command ends with; Lua returns the same numbers. */
enum {
    HOST_DONE = 0,
    HOST_FAILED = 1,
    HOST_MISUSE = 2,
    HOST_DOUBTS = 3,  /* nothing is left but attempts in doubt or held */
    HOST_STOPPED = 4, /* a signal came before the end */
};

typedef struct host_script host_script;

/* Makes a Lua with the standard libraries, outdial's own in place, and the descriptor that becomes readable when a signal
 * came (kept, not closed). NULL when memory runs out. */
host_script *script_new(int signal_fd, int (*signals)(void));
/* Runs the command that the arguments name, under one protected call; an error goes to stderr with its traceback.
 * Returns the exit code. */
int script_run(host_script *script, int argc, char **argv);
/* Whether the command has done something, or was to: its exit code tells of that, whoever reads what it writes. */
bool script_acts(const host_script *script);
/* Ends Lua: finalizers run. NULL is fine. */
void script_free(host_script *script);

#pragma GCC visibility pop
#endif
