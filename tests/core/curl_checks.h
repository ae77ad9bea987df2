/* curl_checks: what tests of the curl layer share: the one rig of a test program, opened and closed with each test, a server
 * for it, and how an exchange ended. After cmocka.h. */
#ifndef TESTS_CORE_CURL_CHECKS_H
#define TESTS_CORE_CURL_CHECKS_H

#include <stdarg.h>
#include <stdio.h>

#include "curl_rig.h"
#include "server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

static curl_rig rig;

static inline int open_rig(void **state) {
    (void)state;
    curl_rig_open(&rig);
    return 0;
}

static inline int close_rig(void **state) {
    (void)state;
    curl_rig_close(&rig);
    return 0;
}

static inline test_server *answering(const char *answer) {
    return server_start_answering(answer, curl_rig_notice, &rig);
}

/* Steps until the server has read that many requests. */
static inline void run_until_read(test_server *server, size_t requests) {
    while (server_requests(server) < requests)
        assert_int_equal(od__loop_step(rig.loop, -1, NULL), OD_OK);
}

/* Sends and waits for the end. */
static inline void run_call(call *c, od_transport *transport) {
    curl_call_send(c, transport);
    curl_rig_run(&rig, &c->finished);
}

/* "<code>: <message with the server's port>" */
static inline void assert_error(const call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void assert_error(const call *c, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert_string_equal(curl_call_error(c), line);
}

#endif
