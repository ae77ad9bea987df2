#include "loop/poller.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include "base/error.h"
#include "base/limits.h"
#include "loop/loop.h"

od_status od__poller_open(int *out, od_error *err) {
    *out = epoll_create1(EPOLL_CLOEXEC);
    if (*out < 0) return od__error_set(err, OD_INTERNAL, "epoll_create1: %s", strerror(errno));
    return OD_OK;
}

int od__poller_set(int poller, int fd, unsigned interest, uint32_t tag, bool known) {
    struct epoll_event event = { 0 };
    if (interest & OD_LOOP_READ) event.events |= EPOLLIN;
    if (interest & OD_LOOP_WRITE) event.events |= EPOLLOUT;
    event.data.u64 = (uint64_t)tag << 32 | (uint32_t)fd;
    /* A descriptor that was closed has left the set by itself, and its number may be another file by now: the kernel
     * alone knows, and says so. */
    if (epoll_ctl(poller, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    if (errno != (known ? ENOENT : EEXIST)) return errno;
    if (epoll_ctl(poller, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return errno;
}

int od__poller_remove(int poller, int fd) {
    struct epoll_event event = { 0 }; /* ignored, but old kernels want one */
    return epoll_ctl(poller, EPOLL_CTL_DEL, fd, &event) == 0 ? 0 : errno;
}

int od__poller_wait(int poller, int timeout_ms, od_poll_event *events, int count) {
    struct epoll_event ready[OD_LIMIT_LOOP_EVENTS];
    if (count > OD_LIMIT_LOOP_EVENTS) count = OD_LIMIT_LOOP_EVENTS;
    int found = epoll_wait(poller, ready, count, timeout_ms);
    if (found < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < found; i++) {
        uint32_t bits = ready[i].events;
        events[i].fd = (int)(uint32_t)ready[i].data.u64;
        events[i].tag = (uint32_t)(ready[i].data.u64 >> 32);
        events[i].failed = (bits & (EPOLLERR | EPOLLHUP)) != 0;
        events[i].ready = (bits & EPOLLIN ? OD_LOOP_READ : 0u) | (bits & EPOLLOUT ? OD_LOOP_WRITE : 0u);
    }
    return found;
}
