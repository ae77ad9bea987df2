/* check: parameters judged before there is a client. */
#include "binding.h"

#include "json/value.h"

/* core.check(vendor, operation or nil for a neutral call, options, parameters) -> true, or nil, err. What the options do
 * not say yet is not missed. Raises for an unknown vendor or operation. */
static int check(lua_State *L) {
    const od_vendor *vendor = od_vendor_find(luaL_checkstring(L, 1));
    if (!vendor) return luaL_error(L, "unknown vendor \"%s\"", lua_tostring(L, 1));
    const char *name = luaL_optstring(L, 2, NULL);
    const od_operation *operation = name ? od_operation_find(vendor, name) : NULL;
    if (name && !operation) return luaL_error(L, "unknown operation \"%s\"", name);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_settop(L, 4);
    od_value **options = od__lua_value_box(L);
    od_value **parameters = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    od_status status = od__lua_value_read(L, 3, options, &err);
    if (status == OD_OK) status = od__lua_value_read(L, 4, parameters, &err);
    if (status == OD_OK) {
        status = operation ? od_operation_check(operation, *options, *parameters, &err)
                           : od_call_check(vendor, *options, *parameters, &err);
    }
    od__value_wipe(*options); /* they may hold passwords and keys */
    *options = NULL;
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

void od__lua_open_check(lua_State *L) {
    static const luaL_Reg functions[] = {{"check", check}, {NULL, NULL}};
    od__lua_register(L, functions);
}
