/* module: makes the table of outdial.core, the private C part of the Lua library. */
#include <dlfcn.h>

#include "binding.h"

/* The HTTP server of the mock vendors; absent where the module is built without it. */
__attribute__((weak)) int luaopen_outdial_httpd(lua_State *L);

OD_API int luaopen_outdial_core(lua_State *L);

/* A Lua unloads its modules when it closes, but the core leaves functions behind that OpenSSL calls when the process
 * ends. So the module stays in memory; where it is part of the program there is nothing to do. */
static void stay_loaded(void) {
    static const char here;
    Dl_info info;
    if (!dladdr(&here, &info)) return;
    void *module = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    if (module) dlclose(module);
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

int luaopen_outdial_core(lua_State *L) {
    stay_loaded();
    lua_newtable(L);
    od__lua_open_error(L);
    od__lua_open_value(L);
    od__lua_open_engine(L);
    od__lua_open_client(L);
    od__lua_open_request(L);
    od__lua_open_prepared(L);
    od__lua_open_store(L);
    od__lua_open_subscription(L);
    od__lua_open_describe(L);
    od__lua_open_check(L);
    od__lua_open_crypto(L);
    od__lua_open_sigv4(L);
    od__lua_open_zone(L);
    if (luaopen_outdial_httpd) preload(L, "outdial.httpd", luaopen_outdial_httpd);
    return 1;
}
