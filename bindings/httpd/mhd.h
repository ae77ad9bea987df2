/* httpd/mhd: libmicrohttpd as a table of functions, opened at run time; the only file that includes its header. Nothing of
 * a request is known here. */
#ifndef OD_HTTPD_MHD_H
#define OD_HTTPD_MHD_H

#if defined(__has_include)
#if __has_include(<microhttpd.h>)
#define OD_HTTPD_BUILT 1
#endif
#endif

#ifdef OD_HTTPD_BUILT
#include <microhttpd.h>

#pragma GCC visibility push(hidden)

/* XX(name): MHD_<name> of the library becomes mhd-><name>. */
#define OD_MHD_MAP(XX)           \
    XX(start_daemon)             \
    XX(stop_daemon)              \
    XX(run)                      \
    XX(get_timeout)              \
    XX(get_daemon_info)          \
    XX(get_connection_info)      \
    XX(get_connection_values)    \
    XX(lookup_connection_value)  \
    XX(suspend_connection)       \
    XX(resume_connection)        \
    XX(create_response_from_buffer) \
    XX(add_response_header)      \
    XX(queue_response)           \
    XX(destroy_response)

typedef struct od_mhd {
#define OD_MHD_MEMBER(name) __typeof__(&MHD_##name) name;
    OD_MHD_MAP(OD_MHD_MEMBER)
#undef OD_MHD_MEMBER
} od_mhd;

/* Opens the library once for the whole process and returns its table, or NULL with *why (static) if it is not installed or
 * lacks a function. */
const od_mhd *od__mhd(const char **why);

#pragma GCC visibility pop
#endif
#endif
