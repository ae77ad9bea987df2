#include "loop/internal.h"

#include <string.h>
#include "base/error.h"
#include "base/memory.h"

#define FIRST_COUNT 64

static od_status reserve(od_watches *watches, int fd, od_error *err) {
    if (fd < 0) return od__error_set(err, OD_INTERNAL, "descriptor %d cannot be watched", fd);
    if (fd < watches->count) return OD_OK;
    size_t count = watches->count > 0 ? (size_t)watches->count : FIRST_COUNT;
    while (count <= (size_t)fd) count *= 2;
    od_watch *table = od__realloc(watches->table, count * sizeof *table);
    if (table == NULL) return od__error_no_memory(err);
    memset(table + watches->count, 0, (count - (size_t)watches->count) * sizeof *table);
    watches->table = table;
    watches->count = (int)count;
    return OD_OK;
}

static void list(od_watches *watches, int fd) {
    od_watch *watch = &watches->table[fd];
    if (watch->listed) return;
    watch->listed = true;
    watch->next_listed = watches->first_listed;
    watches->first_listed = fd;
}

/* The kernel is not told now: most descriptors that nobody watches are closed next (which tells it), or watched again
 * (which tells it anew). Only if one makes itself heard meanwhile is it taken out. */
static void forget(od_watch *watch) {
    watch->fn = NULL;
    watch->context = NULL;
    watch->wanted = 0;
    watch->told = 0;
    watch->tag++;
}

od_status od__loop_watch(od_loop *loop, int fd, unsigned interest, od_watch_fn *fn, void *context, od_error *err) {
    od_watches *watches = &loop->watches;
    if (interest == 0) {
        if (fd >= 0 && fd < watches->count && watches->table[fd].wanted != 0) forget(&watches->table[fd]);
        return OD_OK;
    }
    od_status status = reserve(watches, fd, err);
    if (status != OD_OK) return status;
    od_watch *watch = &watches->table[fd];
    watch->fn = fn;
    watch->context = context;
    watch->wanted = interest;
    if (watch->told != interest) {
        list(watches, fd);
        od__loop_changed(loop);
    }
    return OD_OK;
}

od_status od__loop_attach(od_loop *loop, int fd, unsigned interest, od_watch_fn *fn, void *context, od_error *err) {
    od_status status = reserve(&loop->watches, fd, err);
    if (status != OD_OK) return status;
    od_watch *watch = &loop->watches.table[fd];
    if (watch->wanted != 0) return od__error_set(err, OD_INTERNAL, "descriptor %d is watched already", fd);
    int refusal = od__poller_set(loop->poller, fd, interest, watch->tag, watch->known);
    if (refusal != 0) {
        return od__error_set(err, OD_INTERNAL, "descriptor %d cannot be watched: %s", fd, strerror(refusal));
    }
    watch->fn = fn;
    watch->context = context;
    watch->wanted = watch->told = interest;
    watch->known = true;
    return OD_OK;
}

void od__loop_detach(od_loop *loop, int fd) {
    if (fd < 0 || fd >= loop->watches.count) return;
    od_watch *watch = &loop->watches.table[fd];
    forget(watch);
    if (!watch->known) return;
    od__poller_remove(loop->poller, fd); /* a refusal means that it was closed and has left by itself */
    watch->known = false;
}

void od__watches_flush(od_loop *loop) {
    od_watches *watches = &loop->watches;
    int fd = watches->first_listed;
    watches->first_listed = -1;
    while (fd >= 0) {
        od_watch *watch = &watches->table[fd];
        int next = watch->next_listed;
        watch->listed = false;
        if (watch->wanted != 0 && watch->told != watch->wanted) {
            watch->known = od__poller_set(loop->poller, fd, watch->wanted, watch->tag, watch->known) == 0;
            watch->told = watch->known ? watch->wanted : 0;
            if (!watch->known) list(watches, fd);
        }
        fd = next;
    }
    watches->refused = watches->first_listed >= 0;
}

void od__watches_dispatch(od_loop *loop, const od_poll_event *event) {
    if (event->fd < 0 || event->fd >= loop->watches.count) return;
    od_watch *watch = &loop->watches.table[event->fd];
    if (watch->wanted == 0) {
        if (watch->known) od__poller_remove(loop->poller, event->fd);
        watch->known = false;
        return;
    }
    if (event->tag != watch->tag) return;
    unsigned ready = event->failed ? OD_LOOP_READ | OD_LOOP_WRITE : event->ready & watch->wanted;
    if (ready != 0) watch->fn(watch->context, event->fd, ready);
}

void od__watches_dispatch_refused(od_loop *loop) {
    od_watches *watches = &loop->watches;
    if (!watches->refused) return;
    watches->first_refused = watches->first_listed;
    watches->first_listed = -1;
    while (watches->first_refused >= 0) {
        int fd = watches->first_refused;
        od_watch *watch = &watches->table[fd];
        watches->first_refused = watch->next_listed;
        watch->listed = false;
        if (watch->wanted == 0) continue;
        list(watches, fd); /* it is tried again, and reported again, until its owner lets go of it */
        watch->fn(watch->context, fd, OD_LOOP_READ | OD_LOOP_WRITE);
    }
}
