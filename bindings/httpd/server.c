#include "server.h"

#ifdef OD_HTTPD_BUILT
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

static void free_request(httpd_request *request) {
    httpd_server *server = request->server;
    if (request->previous)
        request->previous->next = request->next;
    else
        server->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    if (request->response)
        server->mhd->destroy_response(request->response);
    od__free(request->uri);
    od__free(request->method);
    od__free(request->headers);
    od__buffer_clear(&request->body);
    od__free(request);
}

/* ---- what libmicrohttpd calls: none of it may reach Lua ---- */

/* The first sight of a request: here alone the target is still as it was sent. NULL lets `handle` refuse it. */
static void *begin(void *context, const char *uri, struct MHD_Connection *connection) {
    httpd_server *server = context;
    httpd_request *request = od__calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->server = server;
    request->connection = connection;
    od__buffer_init(&request->body, HTTPD_BODY_BYTES);
    request->next = server->requests;
    if (request->next)
        request->next->previous = request;
    server->requests = request;
    request->uri = od__strdup(uri);
    return request;
}

static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

typedef struct header_walk {
    size_t count;
    size_t text_bytes;
    httpd_header *headers; /* NULL while measuring */
    char *text;
} header_walk;

static enum MHD_Result walk_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    header_walk *walk = context;
    (void)kind;
    size_t name_bytes = strlen(name) + 1;
    size_t value_bytes = value ? strlen(value) : 0;
    /* Blanks around a value are no part of it (RFC 9110, 5.5); those before it are gone already. */
    while (value_bytes > 0 && (value[value_bytes - 1] == ' ' || value[value_bytes - 1] == '\t'))
        value_bytes--;
    if (walk->headers) {
        httpd_header *header = &walk->headers[walk->count];
        header->name = memcpy(walk->text, name, name_bytes);
        header->value = walk->text + name_bytes;
        if (value_bytes > 0)
            memcpy(walk->text + name_bytes, value, value_bytes);
        walk->text[name_bytes + value_bytes] = '\0';
        walk->text += name_bytes + value_bytes + 1;
    }
    walk->count++;
    walk->text_bytes += name_bytes + value_bytes + 1;
    return MHD_YES;
}

/* Copies the header lines in order of arrival; false when memory runs out. */
static bool copy_headers(httpd_request *request) {
    const od_mhd *mhd = request->server->mhd;
    header_walk walk = {0};
    mhd->get_connection_values(request->connection, MHD_HEADER_KIND, walk_header, &walk);
    request->header_count = walk.count;
    if (walk.count == 0)
        return true;
    request->headers = od__alloc(walk.count * sizeof(httpd_header) + walk.text_bytes);
    if (!request->headers)
        return false;
    walk = (header_walk){.headers = request->headers, .text = (char *)(request->headers + walk.count)};
    mhd->get_connection_values(request->connection, MHD_HEADER_KIND, walk_header, &walk);
    return true;
}

static void copy_remote(httpd_request *request) {
    const union MHD_ConnectionInfo *info =
        request->server->mhd->get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return;
    const void *address = NULL;
    if (info->client_addr->sa_family == AF_INET)
        address = &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr;
    else if (info->client_addr->sa_family == AF_INET6)
        address = &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr;
    if (address)
        inet_ntop(info->client_addr->sa_family, address, request->remote, sizeof(request->remote));
}

/* Answers by itself, without Lua: what is refused because of its size. */
static enum MHD_Result refuse(httpd_request *request, unsigned status, const char *text) {
    const od_mhd *mhd = request->server->mhd;
    struct MHD_Response *response =
        mhd->create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = mhd->add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    if (result == MHD_YES)
        result = mhd->add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (result == MHD_YES)
        result = mhd->queue_response(request->connection, status, response);
    mhd->destroy_response(response);
    return result;
}

static enum MHD_Result refuse_body(httpd_request *request) {
    return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "the body is longer than 1048576 bytes\n");
}

/* The header lines are there, the body not yet. */
static enum MHD_Result start_receiving(httpd_request *request, const char *method) {
    request->method = od__strdup(method);
    if (!request->uri || !request->method || !copy_headers(request))
        return MHD_NO;
    if (request->header_count > HTTPD_HEADERS)
        return refuse(request, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "more than 128 header lines\n");
    copy_remote(request);
    const char *length = request->server->mhd->lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                                       MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length && strtoull(length, NULL, 10) > HTTPD_BODY_BYTES)
        return refuse_body(request);
    return MHD_YES;
}

static enum MHD_Result receive(httpd_request *request, const char *data, size_t bytes) {
    if (request->state == HTTPD_RECEIVING) {
        od__buffer_add(&request->body, data, bytes);
        if (request->body.over_limit) {
            od__buffer_clear(&request->body);
            request->state = HTTPD_TOO_LONG;
        } else if (request->body.failed) {
            return MHD_NO;
        }
    }
    if (request->state == HTTPD_TOO_LONG) {
        request->discarded_bytes += bytes;
        if (request->discarded_bytes > HTTPD_DISCARD_BYTES)
            return MHD_NO;
    }
    return MHD_YES;
}

static enum MHD_Result arrive(httpd_request *request) {
    httpd_server *server = request->server;
    if (server->closing)
        return MHD_NO;
    request->state = HTTPD_WAITING;
    if (server->arrived_last)
        server->arrived_last->later = request;
    else
        server->arrived = request;
    server->arrived_last = request;
    server->mhd->suspend_connection(request->connection);
    return MHD_YES;
}

/* Called once with the header lines, once for each piece of the body, once at its end, and once more after the connection
 * was resumed. MHD_NO closes the connection; before a response was queued, not a byte has been sent on it. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload_data, size_t *upload_data_size, void **request_slot) {
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    httpd_request *request = *request_slot;
    if (!request)
        return MHD_NO;
    if (!request->method)
        return start_receiving(request, method);
    if (*upload_data_size > 0) {
        size_t bytes = *upload_data_size;
        *upload_data_size = 0;
        return receive(request, upload_data, bytes);
    }
    switch (request->state) {
    case HTTPD_RECEIVING:
        return arrive(request);
    case HTTPD_TOO_LONG:
        return refuse_body(request);
    case HTTPD_ANSWERED:
        return request->server->mhd->queue_response(request->connection, request->status, request->response);
    case HTTPD_WAITING:
    case HTTPD_DROPPED:
        break;
    }
    return MHD_NO;
}

static void complete(void *context, struct MHD_Connection *connection, void **request_slot,
                     enum MHD_RequestTerminationCode why) {
    (void)context;
    (void)connection;
    (void)why;
    if (*request_slot)
        free_request(*request_slot);
    *request_slot = NULL;
}

/* ---- listening ---- */

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} socket_address;

/* Makes the listening socket here, so that a port in use can be reported by its name. Returns it, or -1 with message. */
static int open_socket(const char *address, int port, int *bound_port, bool *v6, char message[HTTPD_MESSAGE_BYTES]) {
    socket_address name = {0};
    socklen_t name_bytes = sizeof(name.v4);
    *v6 = false;
    if (inet_pton(AF_INET, address, &name.v4.sin_addr) == 1) {
        name.v4.sin_family = AF_INET;
        name.v4.sin_port = htons((uint16_t)port);
    } else if (inet_pton(AF_INET6, address, &name.v6.sin6_addr) == 1) {
        *v6 = true;
        name_bytes = sizeof(name.v6);
        name.v6.sin6_family = AF_INET6;
        name.v6.sin6_port = htons((uint16_t)port);
    } else {
        snprintf(message, HTTPD_MESSAGE_BYTES, "cannot listen on %.64s: expected an IPv4 or IPv6 address", address);
        return -1;
    }
    int listener = socket(name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(listener, &name.any, name_bytes) != 0 || listen(listener, HTTPD_BACKLOG) != 0 ||
        getsockname(listener, &name.any, &name_bytes) != 0) {
        snprintf(message, HTTPD_MESSAGE_BYTES, *v6 ? "cannot listen on [%.64s]:%d: %s" : "cannot listen on %.64s:%d: %s",
                 address, port, strerror(errno));
        if (listener >= 0)
            close(listener);
        return -1;
    }
    *bound_port = ntohs(*v6 ? name.v6.sin6_port : name.v4.sin_port);
    return listener;
}

static bool watch(int epoll_fd, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* libmicrohttpd's own descriptor does not become readable when a connection is resumed, so it gets company. */
static bool open_descriptors(httpd_server *server) {
    const union MHD_DaemonInfo *info = server->mhd->get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return info && server->fd >= 0 && server->wake_fd >= 0 && watch(server->fd, info->epoll_fd) &&
           watch(server->fd, server->wake_fd);
}

bool od__httpd_listen(httpd_server *server, const od_mhd *mhd, const char *address, int port,
                      char message[HTTPD_MESSAGE_BYTES]) {
    bool v6 = false;
    int listener = open_socket(address, port, &server->port, &v6, message);
    if (listener < 0)
        return false;
    server->mhd = mhd;
    server->daemon = mhd->start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (v6 ? MHD_USE_IPv6 : 0), 0, NULL, NULL, handle, server,
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_URI_LOG_CALLBACK, begin, server,
        MHD_OPTION_NOTIFY_COMPLETED, complete, server,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_LIMIT, HTTPD_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_CONNECTION_BYTES,
        MHD_OPTION_END);
    if (!server->daemon) {
        /* Some of libmicrohttpd's failing paths have closed the socket already, others have not. */
        if (fcntl(listener, F_GETFD) >= 0)
            close(listener);
        snprintf(message, HTTPD_MESSAGE_BYTES, "libmicrohttpd could not start on %.64s:%d", address, port);
        return false;
    }
    if (!open_descriptors(server)) {
        snprintf(message, HTTPD_MESSAGE_BYTES, "cannot watch the server: %s", strerror(errno));
        od__httpd_close(server);
        return false;
    }
    return true;
}

void od__httpd_run(httpd_server *server) {
    MHD_UNSIGNED_LONG_LONG wait_ms;
    uint64_t count;
    if (server->woken)
        server->woken = read(server->wake_fd, &count, sizeof(count)) < 0;
    /* Its descriptor is edge triggered inside: what one run leaves over would not make the descriptor readable again. Each
     * connection is suspended by its first whole request, so this ends. */
    do
        server->mhd->run(server->daemon);
    while (server->mhd->get_timeout(server->daemon, &wait_ms) == MHD_YES && wait_ms == 0);
}

void od__httpd_take(httpd_server *server) {
    httpd_request *request = server->arrived;
    server->arrived = request->later;
    if (!server->arrived)
        server->arrived_last = NULL;
    request->later = NULL;
}

static void resume(httpd_request *request) {
    httpd_server *server = request->server;
    const uint64_t one = 1;
    request->holder = NULL;
    server->mhd->resume_connection(request->connection);
    if (!server->woken)
        server->woken = write(server->wake_fd, &one, sizeof(one)) == sizeof(one);
}

void od__httpd_answer(httpd_request *request, unsigned status, struct MHD_Response *response) {
    request->response = response;
    request->status = status;
    request->state = HTTPD_ANSWERED;
    resume(request);
}

void od__httpd_drop(httpd_request *request) {
    request->state = HTTPD_DROPPED;
    resume(request);
}

void od__httpd_close(httpd_server *server) {
    if (!server->daemon)
        return;
    server->closing = true;
    server->arrived = server->arrived_last = NULL;
    for (httpd_request *request = server->requests; request; request = request->next) {
        if (request->state != HTTPD_WAITING)
            continue;
        if (request->holder)
            server->forget(request->holder);
        od__httpd_drop(request);
    }
    /* libmicrohttpd aborts the process if it is stopped with a suspended connection. */
    od__httpd_run(server);
    server->mhd->stop_daemon(server->daemon);
    server->daemon = NULL;
    if (server->fd >= 0)
        close(server->fd);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    server->fd = server->wake_fd = -1;
}
#else
typedef int od_httpd_server_not_built;
#endif
