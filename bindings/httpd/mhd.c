#include "mhd.h"

#ifdef OD_HTTPD_BUILT
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static od_mhd table;
static const char *failure;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    static const struct {
        const char *symbol;
        size_t offset;
    } rows[] = {
#define OD_MHD_ROW(name) {"MHD_" #name, offsetof(od_mhd, name)},
        OD_MHD_MAP(OD_MHD_ROW)
#undef OD_MHD_ROW
    };
    /* Stays open until the process ends: a Lua that is closed and opened again finds it ready. */
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        failure = "libmicrohttpd is not installed (apt-get install libmicrohttpd12)";
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *function = dlsym(library, rows[i].symbol);
        if (!function) {
            failure = "libmicrohttpd is too old (0.9.75 is needed)";
            dlclose(library);
            return;
        }
        /* ISO C has no conversion from a data pointer to a function pointer, POSIX has the same bytes in both. */
        memcpy((char *)&table + rows[i].offset, &function, sizeof(function));
    }
}

const od_mhd *od__mhd(const char **why) {
    pthread_once(&once, open_library);
    *why = failure;
    return failure ? NULL : &table;
}
#else
/* ISO C wants a declaration in each file. */
typedef int od_mhd_not_built;
#endif
