/* server: a small scripted HTTP/1.1 server on loopback for tests, on threads of its own. It understands requests only as
 * far as to know where they end. */
#ifndef TESTS_CORE_SERVER_H
#define TESTS_CORE_SERVER_H

#include <stddef.h>

typedef struct test_server test_server;

/* What a connection does, step by step; a script ends with { STEP_END }, which closes the connection. */
typedef enum step_kind {
    STEP_END,
    STEP_READ,    /* reads one whole request and records its bytes; a connection that the peer ended is closed */
    STEP_SEND,    /* sends bytes (NUL-terminated) */
    STEP_FLOOD,   /* sends bytes again and again until the peer ends the connection */
    STEP_HOLD,    /* waits until server_release (or server_free) */
    STEP_RESET,   /* closes with a TCP reset */
    STEP_REPEAT,  /* goes back to the first step */
} step_kind;

typedef struct server_step {
    step_kind kind;
    const char *bytes;
} server_step;

/* Starts a server on a free port of 127.0.0.1. scripts is an array of count scripts, borrowed for the server's life: the
 * i-th connection follows the i-th, later ones the last. notice (may be NULL) is called from the server's threads whenever
 * something was recorded. Never returns NULL: a failing system call ends the test program. */
test_server *server_start(const server_step *const *scripts, size_t count, void (*notice)(void *context), void *context);
/* Starts a server that answers every request with the same bytes. */
test_server *server_start_answering(const char *answer, void (*notice)(void *context), void *context);
int server_port(const test_server *server);
size_t server_requests(test_server *server);     /* whole requests read so far */
size_t server_connections(test_server *server);  /* accepted so far */
/* The bytes of the i-th request, NUL-terminated; borrowed, valid until server_free. */
const char *server_request(test_server *server, size_t index);
/* Lets all that hold, now and later, go on. */
void server_release(test_server *server);
/* Closes everything and joins the threads. */
void server_free(test_server *server);

#endif
