/* credentials/child: one child process: started without a shell, its output read and its end heard of on the loop. It knows
 * nothing of what the child says. */
#ifndef OD_CREDENTIALS_CHILD_H
#define OD_CREDENTIALS_CHILD_H

#include <sys/types.h>

#include "base/buffer.h"
#include "loop/loop.h"

#pragma GCC visibility push(hidden)

/* Embedded in its owner. Zero-initialised there is none. */
typedef struct od_child {
    od_loop *loop;
    pid_t pid;                 /* 0: none, or it has been waited for */
    int end;                   /* a pidfd; -1: the kernel has none, and poll looks instead */
    od_timer poll;
    struct od_child_stream {
        struct od_child *child;
        int fd;                /* -1: closed */
        od_buffer *into;
        bool cut;              /* what is too much is dropped; else it ends the child */
    } streams[2];              /* standard output and error */
    bool too_much;
    bool known;                /* the way it ended is */
    int wait_status;
    void (*ended)(void *context);  /* from the loop, once: it has ended, or wrote too much */
    void *context;
} od_child;

/* Starts words[0] with words as its arguments; output and complaint (borrowed) get what it writes, as far as it fits.
 * Errors: authentication (it cannot be run), internal, out_of_memory. */
od_status od__child_start(od_child *child, od_loop *loop, char *const *words, od_buffer *output, od_buffer *complaint,
                          void (*ended)(void *context), void *context, od_error *err);
/* Stops listening and kills the group of a child that still runs; ended is not called any more. It is waited for by the
 * loop. */
void od__child_stop(od_child *child);
/* Returns whether a child of before is still there to be waited for. */
bool od__child_lingers(const od_child *child);
/* As od__child_stop, and waits for the killed child at most wait_ms. */
void od__child_close(od_child *child, int wait_ms);

#pragma GCC visibility pop

#endif
