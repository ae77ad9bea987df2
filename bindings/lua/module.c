/* module: makes the table of outdial.core, the private C part of the Lua library. */
#include "binding.h"

/* The HTTP server of the mock vendors; absent where the module is built without it. */
__attribute__((weak)) int luaopen_outdial_httpd(lua_State *L);

OD_API int luaopen_outdial_core(lua_State *L);

static void preload(lua_State *L, const char *name, lua_CFunction open) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

int luaopen_outdial_core(lua_State *L) {
    lua_newtable(L);
    od__lua_open_error(L);
    od__lua_open_value(L);
    od__lua_open_engine(L);
    od__lua_open_client(L);
    od__lua_open_request(L);
    od__lua_open_describe(L);
    od__lua_open_check(L);
    od__lua_open_crypto(L);
    if (luaopen_outdial_httpd) preload(L, "outdial.httpd", luaopen_outdial_httpd);
    return 1;
}
