/* loop/poller: the one place that knows which system call waits for descriptors; it remembers nothing itself. */
#ifndef OD_LOOP_POLLER_H
#define OD_LOOP_POLLER_H

#include <stdint.h>
#include <outdial.h>

#pragma GCC visibility push(hidden)

typedef struct od_poll_event {
    int fd;
    uint32_t tag;    /* as given when the interest was set */
    unsigned ready;  /* OD_LOOP_READ | OD_LOOP_WRITE */
    bool failed;     /* an error or a hang-up */
} od_poll_event;

/* Opens a poller, which is one pollable descriptor. Errors: internal. */
od_status od__poller_open(int *out, od_error *err);
/* Tells the kernel what fd is watched for. known: it probably has fd already (a guess that costs one more call when
 * wrong). Returns 0, or the errno of the refusal. */
int od__poller_set(int poller, int fd, unsigned interest, uint32_t tag, bool known);
/* Returns 0, or the errno of the refusal (the descriptor was closed meanwhile). */
int od__poller_remove(int poller, int fd);
/* Returns how many events were written, 0 when the time passed or a signal came, -1 (errno is set) on failure. */
int od__poller_wait(int poller, int timeout_ms, od_poll_event *events, int count);

#pragma GCC visibility pop
#endif
