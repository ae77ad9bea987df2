/* static_server: answers every request on loopback with the same 200, at once or after a delay; one thread, epoll.
 *
 *   static_server [DELAY_MS [RECORD_FILE [awake]]]
 *
 * Prints its port as the first line and ends when its standard input does. With RECORD_FILE the first request is written
 * there, byte for byte. awake: it does not sleep while it has a connection. Who sends something to a server that sleeps pays
 * for waking it: the more, the less the server has to do. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define INPUT_BYTES 16384

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 52\r\n"
                             "x-amzn-RequestId: 7c9e6679-7425-40de-944b-e07fc1f90ae7\r\n\r\n"
                             "{\"ContactId\":\"11111111-2222-4333-8444-555555555555\"}";

typedef struct connection {
    char input[INPUT_BYTES];
    size_t length;
} connection;

/* A delayed answer; all delays are equal, so they are due in the order they were made. */
typedef struct pending {
    int fd;
    unsigned generation;
    int64_t due_us;
} pending;

static connection *connections[MAX_CONNECTIONS]; /* by descriptor */
static unsigned generations[MAX_CONNECTIONS];
static pending queue[MAX_CONNECTIONS * 4];
static size_t queue_first, queue_count;
static int64_t delay_us;
static const char *record_file;
static bool awake;
static size_t open_connections;

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void die(const char *what) {
    fprintf(stderr, "static_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void drop(int fd) {
    free(connections[fd]);
    connections[fd] = NULL;
    generations[fd]++;
    open_connections--;
    close(fd);
}

static void send_answer(int fd) {
    if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(answer) - 1)
        drop(fd);
}

static void record(const char *bytes, size_t length) {
    FILE *file = fopen(record_file, "w");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        die(record_file);
    record_file = NULL;
}

/* Answers each whole request in the input. */
static void answer_all(int fd) {
    connection *c = connections[fd];
    for (;;) {
        const char *end = memmem(c->input, c->length, "\r\n\r\n", 4);
        if (end == NULL)
            return;
        size_t whole = (size_t)(end - c->input) + 4;
        for (const char *line = c->input; line < end; line++)
            if (*line == '\r' && strncasecmp(line, "\r\ncontent-length:", 17) == 0)
                whole += strtoul(line + 17, NULL, 10);
        if (whole > c->length)
            return;
        if (record_file != NULL)
            record(c->input, whole);
        c->length -= whole;
        memmove(c->input, c->input + whole, c->length);
        if (delay_us == 0) {
            send_answer(fd);
            if (connections[fd] == NULL)
                return;
            continue;
        }
        if (queue_count == sizeof(queue) / sizeof(queue[0]))
            die("too many delayed answers");
        size_t at = (queue_first + queue_count++) % (sizeof(queue) / sizeof(queue[0]));
        queue[at] = (pending){ .fd = fd, .generation = generations[fd], .due_us = now_us() + delay_us };
    }
}

static void read_some(int fd) {
    connection *c = connections[fd];
    ssize_t n = recv(fd, c->input + c->length, sizeof(c->input) - c->length, 0);
    if (n <= 0) {
        drop(fd);
        return;
    }
    c->length += (size_t)n;
    answer_all(fd);
}

static int wait_ms(void) {
    if (awake && open_connections > 0)
        return 0;
    if (queue_count == 0)
        return -1;
    int64_t left_us = queue[queue_first].due_us - now_us();
    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

static void send_due(void) {
    int64_t now = queue_count > 0 ? now_us() : 0;
    while (queue_count > 0 && queue[queue_first].due_us <= now) {
        const pending *p = &queue[queue_first];
        if (connections[p->fd] != NULL && generations[p->fd] == p->generation)
            send_answer(p->fd);
        queue_first = (queue_first + 1) % (sizeof(queue) / sizeof(queue[0]));
        queue_count--;
    }
}

static void accept_one(int listener, int poller) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (fd >= MAX_CONNECTIONS)
        die("too many connections");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connections[fd] = calloc(1, sizeof(connection));
    if (connections[fd] == NULL)
        die("calloc");
    open_connections++;
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static int open_listener(void) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv) {
    delay_us = argc > 1 ? strtol(argv[1], NULL, 10) * INT64_C(1000) : 0;
    record_file = argc > 2 ? argv[2] : NULL;
    awake = argc > 3 && strcmp(argv[3], "awake") == 0;
    /* A connection for each call in flight, whatever the shell allows by default. */
    struct rlimit limit = { MAX_CONNECTIONS, MAX_CONNECTIONS };
    setrlimit(RLIMIT_NOFILE, &limit);
    int listener = open_listener();
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0)
        die("epoll_ctl");
    event = (struct epoll_event){ .events = EPOLLIN, .data.fd = 0 };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event) != 0)
        die("standard input must be a pipe");
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(poller, events, 64, wait_ms());
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == 0) {
                char rest[64];
                if (read(0, rest, sizeof(rest)) <= 0)
                    return 0;
            } else if (fd == listener) {
                accept_one(listener, poller);
            } else if (connections[fd] != NULL) {
                read_some(fd);
            }
        }
        send_due();
    }
}
