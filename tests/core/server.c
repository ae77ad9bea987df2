/* server: see server.h. */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define MAX_REQUESTS 4096
#define MAX_REQUEST_BYTES (8u * 1024 * 1024)

typedef struct connection {
    test_server *server;
    const server_step *script;
    int fd;             /* -1: closed */
    pthread_t thread;
    char *bytes;        /* read and not yet part of a request */
    size_t length, capacity;
} connection;

struct test_server {
    const server_step *const *scripts;
    size_t script_count;
    const server_step *answering[1];
    server_step answering_steps[4];
    void (*notice)(void *context);
    void *context;
    int listener;
    int port;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool released, stopping;
    connection connections[MAX_CONNECTIONS];
    size_t connection_count;
    char *requests[MAX_REQUESTS];
    size_t request_count;
};

static void die(const char *what) {
    fprintf(stderr, "test server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void tell(test_server *server) {
    if (server->notice != NULL)
        server->notice(server->context);
}

/* Where the first request in bytes ends; 0: it is not whole yet. */
static size_t request_length(const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - bytes) + 4;
    size_t body = 0;
    for (const char *line = bytes; line < end; line++) {
        if (strncasecmp(line, "\r\ncontent-length:", 17) == 0)
            body = strtoul(line + 17, NULL, 10);
        if (strncasecmp(line, "\r\ntransfer-encoding:", 20) == 0) {
            fprintf(stderr, "test server: requests in chunks are not understood\n");
            exit(1);
        }
    }
    return head + body <= length ? head + body : 0;
}

static void record(connection *c, size_t length) {
    test_server *server = c->server;
    char *copy = strndup(c->bytes, length);
    if (copy == NULL)
        die("strndup");
    c->length -= length;
    memmove(c->bytes, c->bytes + length, c->length);
    pthread_mutex_lock(&server->lock);
    if (server->request_count == MAX_REQUESTS) {
        fprintf(stderr, "test server: too many requests\n");
        exit(1);
    }
    server->requests[server->request_count++] = copy;
    pthread_mutex_unlock(&server->lock);
    tell(server);
}

static bool read_request(connection *c) {
    for (;;) {
        size_t length = c->length > 0 ? request_length(c->bytes, c->length) : 0;
        if (length > 0) {
            record(c, length);
            return true;
        }
        if (c->length == c->capacity) {
            c->capacity = c->capacity > 0 ? c->capacity * 2 : 4096;
            if (c->capacity > MAX_REQUEST_BYTES || (c->bytes = realloc(c->bytes, c->capacity)) == NULL)
                die("a request is too large");
        }
        ssize_t n = recv(c->fd, c->bytes + c->length, c->capacity - c->length, 0);
        if (n <= 0)
            return false;
        c->length += (size_t)n;
    }
}

static bool send_bytes(int fd, const char *bytes) {
    size_t left = strlen(bytes);
    while (left > 0) {
        ssize_t n = send(fd, bytes, left, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        bytes += n;
        left -= (size_t)n;
    }
    return true;
}

static void hold(test_server *server) {
    pthread_mutex_lock(&server->lock);
    while (!server->released && !server->stopping)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

static void play(connection *c) {
    for (const server_step *step = c->script; step->kind != STEP_END; step++) {
        switch (step->kind) {
        case STEP_READ:
            if (!read_request(c))
                return;
            break;
        case STEP_SEND:
            if (!send_bytes(c->fd, step->bytes))
                return;
            break;
        case STEP_FLOOD:
            while (send_bytes(c->fd, step->bytes))
                ;
            return;
        case STEP_HOLD:
            hold(c->server);
            break;
        case STEP_RESET: {
            struct linger linger = { .l_onoff = 1, .l_linger = 0 };
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
            return;
        }
        case STEP_REPEAT:
            step = c->script - 1;
            break;
        case STEP_END:
            break;
        }
    }
}

static void *serve(void *context) {
    connection *c = context;
    play(c);
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->server->lock);
    tell(c->server);
    return NULL;
}

static void *accept_all(void *context) {
    test_server *server = context;
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL; /* server_free shut it down */
        pthread_mutex_lock(&server->lock);
        if (server->connection_count == MAX_CONNECTIONS)
            die("too many connections");
        size_t index = server->connection_count++;
        connection *c = &server->connections[index];
        size_t script = index < server->script_count ? index : server->script_count - 1;
        *c = (connection){ .server = server, .script = server->scripts[script], .fd = fd };
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            die("pthread_create");
        pthread_mutex_unlock(&server->lock);
    }
}

static test_server *new_server(void (*notice)(void *context), void *context) {
    test_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        die("calloc");
    server->notice = notice;
    server->context = context;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server->listener, MAX_CONNECTIONS) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    server->port = ntohs(address.sin_port);
    return server;
}

static void run_server(test_server *server, const server_step *const *scripts, size_t count) {
    server->scripts = scripts;
    server->script_count = count;
    if (pthread_create(&server->acceptor, NULL, accept_all, server) != 0)
        die("pthread_create");
}

test_server *server_start(const server_step *const *scripts, size_t count, void (*notice)(void *context), void *context) {
    test_server *server = new_server(notice, context);
    run_server(server, scripts, count);
    return server;
}

test_server *server_start_answering(const char *answer, void (*notice)(void *context), void *context) {
    test_server *server = new_server(notice, context);
    server->answering_steps[0] = (server_step){ STEP_READ, NULL };
    server->answering_steps[1] = (server_step){ STEP_SEND, answer };
    server->answering_steps[2] = (server_step){ STEP_REPEAT, NULL };
    server->answering[0] = server->answering_steps;
    run_server(server, server->answering, 1);
    return server;
}

int server_port(const test_server *server) {
    return server->port;
}

size_t server_requests(test_server *server) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

size_t server_connections(test_server *server) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const char *server_request(test_server *server, size_t index) {
    pthread_mutex_lock(&server->lock);
    const char *bytes = index < server->request_count ? server->requests[index] : "";
    pthread_mutex_unlock(&server->lock);
    return bytes;
}

void server_release(test_server *server) {
    pthread_mutex_lock(&server->lock);
    server->released = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void server_free(test_server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->changed);
    for (size_t i = 0; i < server->connection_count; i++)
        if (server->connections[i].fd >= 0)
            shutdown(server->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->connection_count; i++) {
        pthread_join(server->connections[i].thread, NULL);
        free(server->connections[i].bytes);
    }
    close(server->listener);
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
