/* host/main: the `outdial` program: signals in, exit code out; what it does is decided in Lua (script.h). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "script.h"
#include "store/database.h"

/* The same signal again within this time is one: `timeout` sends it to a program and then to its group. */
#define ONE_SIGNAL_MS 200
/* Larger blocks go back to the system when they are freed. */
#define LARGE_BYTES (256 * 1024)

static volatile sig_atomic_t signal_count;
static volatile sig_atomic_t first_number;
static struct timespec first_signal;
static int signal_pipe[2];

static int count_signals(void) {
    return signal_count;
}

static bool is_the_first_again(int number) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t passed_ms = (now.tv_sec - first_signal.tv_sec) * 1000 + (now.tv_nsec - first_signal.tv_nsec) / 1000000;
    return number == first_number && passed_ms < ONE_SIGNAL_MS;
}

/* Runs at any time, inside Lua too: only what is safe then. The first asks for an orderly stop, the second is one. */
static void on_signal(int number) {
    int saved = errno;
    if (signal_count > 0) {
        if (!is_the_first_again(number))
            _exit(HOST_STOPPED);
        errno = saved;
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &first_signal);
    first_number = number;
    signal_count = 1;
    /* The pipe is empty at the first signal, so this neither blocks nor fails. */
    ssize_t written = write(signal_pipe[1], "!", 1);
    (void)written;
    errno = saved;
}

static bool watch_signals(void) {
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    /* A read or write that Lua is in goes on; the loop's wait returns in any case. */
    action.sa_flags = SA_RESTART;
    action.sa_handler = on_signal;
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return false;
    /* A reader that went away is an error of the write, not the end of the program. */
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL) == 0;
}

/* Whoever read the output wants no more of it: `outdial export STORE | head`. */
static bool reader_went_away(void) {
    struct pollfd output = { .fd = STDOUT_FILENO };
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* As programs do that do not watch this signal; one that has done something, or has more to tell, ends with its exit code. */
static int end_unread(int code, bool acts) {
    if (code == HOST_DONE && !acts) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return code;
}

/* Left to itself glibc learns from the first large block that is freed to keep all that are not larger: an import's buffers
 * of megabytes would then stay with the process for as long as the campaign runs. */
static void give_large_blocks_back(void) {
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* fails only for a threshold out of range */
#endif
}

int main(int argc, char **argv) {
    give_large_blocks_back();
    od__database_own_process();
    if (!watch_signals()) {
        fprintf(stderr, "outdial: cannot watch signals: %s\n", strerror(errno));
        return HOST_FAILED;
    }
    host_script *script = script_new(signal_pipe[0], count_signals);
    if (!script) {
        fputs("outdial: not enough memory\n", stderr);
        return HOST_FAILED;
    }
    int code = script_run(script, argc, argv);
    bool acts = script_acts(script);
    script_free(script);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int reason = errno;
        if (reader_went_away())
            return end_unread(code, acts);
        errno = reason;
        fprintf(stderr, "outdial: cannot write to the standard output: %s\n", strerror(errno));
        return code == HOST_DONE ? HOST_FAILED : code;
    }
    return code;
}
