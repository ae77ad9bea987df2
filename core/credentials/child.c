#include "credentials/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "credentials/process.h"
#include "crypto/crypto.h"

#define CHUNK_BYTES 4096

extern char **environ;

/* ---- its end ---- */

/* Looks whether it has ended, and if so forgets it. Only this child is waited for: others are somebody else's. */
static bool reap(od_child *child) {
    int status = 0;
    pid_t pid;
    do
        pid = waitpid(child->pid, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return false;
    /* ECHILD: the program we live in ignores SIGCHLD, or waits for every child; how this one ended cannot be known then. */
    child->known = pid == child->pid;
    child->wait_status = status;
    child->pid = 0;
    return true;
}

static void stop_watching_end(od_child *child) {
    od__loop_timer_stop(child->loop, &child->poll);
    if (child->end < 0)
        return;
    (void)od__loop_watch(child->loop, child->end, 0, NULL, NULL, NULL);
    close(child->end);
    child->end = -1;
}

static void close_stream(od_child *child, struct od_child_stream *stream) {
    if (stream->fd < 0)
        return;
    (void)od__loop_watch(child->loop, stream->fd, 0, NULL, NULL, NULL);
    close(stream->fd);
    stream->fd = -1;
}

/* Reads what is there; returns false once there is too much. */
static bool drain(od_child *child, struct od_child_stream *stream) {
    char chunk[CHUNK_BYTES];
    bool good = true;
    while (good && stream->fd >= 0) {
        ssize_t count = read(stream->fd, chunk, sizeof(chunk));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (count <= 0) {
            close_stream(child, stream);
            break;
        }
        size_t room = stream->into->limit_bytes - stream->into->length;
        size_t taken = stream->cut && (size_t)count > room ? room : (size_t)count;
        od__buffer_add(stream->into, chunk, taken);
        good = stream->cut || !stream->into->failed;
    }
    od__crypto_wipe(chunk, sizeof(chunk));
    return good;
}

static void tell(od_child *child) {
    void (*ended)(void *context) = child->ended;
    child->ended = NULL;
    if (ended != NULL)
        ended(child->context);
}

static void on_output(void *context, int fd, unsigned ready) {
    struct od_child_stream *stream = context;
    od_child *child = stream->child;
    (void)fd, (void)ready;
    if (drain(child, stream))
        return;
    child->too_much = true;
    tell(child);
}

/* What it wrote before its end is still in the pipes. A grandchild may hold them open; it is not waited for. The child's
 * owner may be gone after this. */
static void has_ended(od_child *child) {
    stop_watching_end(child);
    for (int i = 0; i < 2; i++) {
        if (!drain(child, &child->streams[i]))
            child->too_much = true;
        close_stream(child, &child->streams[i]);
    }
    tell(child);
}

static void on_pidfd(void *context, int fd, unsigned ready) {
    (void)fd, (void)ready;
    if (reap(context))
        has_ended(context);
}

static void on_poll(void *context) {
    od_child *child = context;
    if (reap(child))
        has_ended(child);
    else
        (void)od__loop_timer_start(child->loop, &child->poll,
                                   od__loop_now_us(child->loop) + OD_PROCESS_POLL_MS * INT64_C(1000), NULL);
}

static od_status watch_end(od_child *child, od_error *err) {
    child->end = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->end >= 0)
        return od__loop_watch(child->loop, child->end, OD_LOOP_READ, on_pidfd, child, err);
    child->poll = (od_timer){ .fn = on_poll, .context = child };
    return od__loop_timer_start(child->loop, &child->poll,
                                od__loop_now_us(child->loop) + OD_PROCESS_POLL_MS * INT64_C(1000), err);
}

/* ---- its beginning ---- */

/* A descriptor above the three standard ones, so that setting those up in the child overwrites none that is needed. */
static int above_standard(int fd) {
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

static bool open_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    ends[0] = above_standard(ends[0]);
    ends[1] = above_standard(ends[1]);
    return ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Returns an errno, 0 if it runs. Signals are as a program expects them, whatever the host has set. */
static int spawn(od_child *child, char *const *words, int output, int complaint) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, complaint, 2);
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
    if (failed == 0)
        failed = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
#endif
    pid_t pid = 0;
    if (failed == 0)
        failed = posix_spawnp(&pid, words[0], &actions, &attributes, words, environ);
    child->pid = failed == 0 ? pid : 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static od_status watch_streams(od_child *child, od_error *err) {
    od_status status = OD_OK;
    for (int i = 0; i < 2 && status == OD_OK; i++)
        status = od__loop_watch(child->loop, child->streams[i].fd, OD_LOOP_READ, on_output, &child->streams[i], err);
    return status;
}

od_status od__child_start(od_child *child, od_loop *loop, char *const *words, od_buffer *output, od_buffer *complaint,
                          void (*ended)(void *context), void *context, od_error *err) {
    int out[2] = { -1, -1 }, bad[2] = { -1, -1 };
    *child = (od_child){ .loop = loop, .end = -1, .ended = ended, .context = context };
    child->streams[0] = (struct od_child_stream){ .child = child, .fd = -1, .into = output };
    child->streams[1] = (struct od_child_stream){ .child = child, .fd = -1, .into = complaint, .cut = true };
    od_status status = OD_OK;
    if (!open_pipe(out) || !open_pipe(bad))
        status = od__error_set(err, OD_INTERNAL, "no pipe for a program: %s", strerror(errno));
    if (status == OD_OK) {
        int failed = spawn(child, words, out[1], bad[1]);
        if (failed != 0)
            status = od__error_set(err, OD_AUTHENTICATION, "cannot run \"%.200s\": %s", words[0], strerror(failed));
    }
    close_end(&out[1]);
    close_end(&bad[1]);
    if (status != OD_OK) {
        close_end(&out[0]);
        close_end(&bad[0]);
        return status;
    }
    child->streams[0].fd = out[0];
    child->streams[1].fd = bad[0];
    status = watch_streams(child, err);
    if (status == OD_OK)
        status = watch_end(child, err);
    if (status != OD_OK)
        od__child_close(child, OD_PROCESS_LAST_WAIT_MS);
    return status;
}

/* ---- ending it ---- */

void od__child_stop(od_child *child) {
    child->ended = NULL;
    if (child->loop == NULL)
        return;
    for (int i = 0; i < 2; i++)
        close_stream(child, &child->streams[i]);
    if (child->pid != 0)
        (void)kill(-child->pid, SIGKILL);
}

bool od__child_lingers(const od_child *child) {
    return child->pid != 0;
}

void od__child_close(od_child *child, int wait_ms) {
    od__child_stop(child);
    if (child->loop == NULL)
        return;
    if (child->pid != 0 && !reap(child) && child->end >= 0) {
        struct pollfd end = { .fd = child->end, .events = POLLIN };
        (void)poll(&end, 1, wait_ms);
        (void)reap(child);
    }
    for (int waited_ms = 0; child->pid != 0 && child->end < 0 && waited_ms < wait_ms && !reap(child); waited_ms++) {
        const struct timespec moment = { .tv_nsec = 1000000 };
        (void)nanosleep(&moment, NULL);
    }
    stop_watching_end(child);
    child->loop = NULL;
}
