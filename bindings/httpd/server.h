/* httpd/server: one listening libmicrohttpd daemon and the requests that arrived whole and wait for an answer; knows no
 * Lua, and no meaning of any request. */
#ifndef OD_HTTPD_SERVER_H
#define OD_HTTPD_SERVER_H

#include "mhd.h"

#ifdef OD_HTTPD_BUILT
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

#define HTTPD_BODY_BYTES (1024u * 1024)        /* body of one request; more is answered 413 */
#define HTTPD_DISCARD_BYTES (8u * 1024 * 1024) /* of a body that is too long: read this far for the 413, then cut off */
#define HTTPD_CONNECTION_BYTES (32u * 1024)    /* memory of one connection: bounds the header lines; more is answered 431 */
#define HTTPD_HEADERS 128                      /* header lines of one request; more is answered 431 */
#define HTTPD_CONNECTIONS 4096                 /* open connections; more wait in the backlog */
#define HTTPD_BACKLOG 1024
#define HTTPD_MESSAGE_BYTES 256

typedef struct httpd_server httpd_server;
typedef struct httpd_request httpd_request;

typedef struct httpd_header {
    const char *name;
    const char *value;
} httpd_header;

/* One request. Strings belong to it and are valid until it is answered or dropped. */
struct httpd_request {
    httpd_server *server;
    httpd_request *next, *previous;  /* all requests of the server */
    httpd_request *later;            /* in the queue of those that arrived */
    struct MHD_Connection *connection;
    struct MHD_Response *response;
    unsigned status;                 /* of the response */
    enum {
        HTTPD_RECEIVING,
        HTTPD_TOO_LONG,              /* receiving still, what comes is thrown away */
        HTTPD_WAITING,               /* arrived whole, its connection is suspended */
        HTTPD_ANSWERED,
        HTTPD_DROPPED,
    } state;
    char *uri;                       /* as it was sent */
    char *method;
    od_buffer body;
    size_t discarded_bytes;
    httpd_header *headers;           /* copies: one block, the strings behind the array */
    size_t header_count;
    char remote[64];
    void *holder;                    /* the owner's own handle, for `forget` */
};

struct httpd_server {
    const od_mhd *mhd;
    struct MHD_Daemon *daemon;
    int fd;                          /* an epoll descriptor over the daemon's and wake_fd; -1: not listening */
    int wake_fd;                     /* an eventfd: a request was answered or dropped, perhaps by the garbage collector */
    bool woken;
    int port;
    httpd_request *requests;
    httpd_request *arrived, *arrived_last;
    bool closing;                    /* nothing is let in any more */
    void (*forget)(void *holder);    /* called for a waiting request that the server's end drops */
};

/* Starts listening on a literal IPv4 or IPv6 address and port (0: any free one). On failure writes one line into message
 * and returns false. */
bool od__httpd_listen(httpd_server *server, const od_mhd *mhd, const char *address, int port,
                      char message[HTTPD_MESSAGE_BYTES]);
/* Lets libmicrohttpd do all that it can without waiting: what arrived is in the queue afterwards. */
void od__httpd_run(httpd_server *server);
/* Removes the first request of the queue; it stays alive, waiting, until it is answered or dropped. */
void od__httpd_take(httpd_server *server);
/* Answers a waiting request; the response passes to it. The bytes leave in the next run, for which fd becomes readable. */
void od__httpd_answer(httpd_request *request, unsigned status, struct MHD_Response *response);
/* Closes a waiting request's connection without a byte; in the next run, likewise. */
void od__httpd_drop(httpd_request *request);
/* Drops whatever waits and frees the daemon; does nothing to one that is not listening. */
void od__httpd_close(httpd_server *server);

#pragma GCC visibility pop
#endif
#endif
