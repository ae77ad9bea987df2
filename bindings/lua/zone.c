/* zone: whether the system has a time zone, for options that name one. */
#include "binding.h"

#include "time/zone.h"

/* core.zone(name) -> true, or nil, err: validation with what may have been meant. */
static int zone(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    od_error err = OD_ERROR_INIT;
    od_zones *zones = NULL;
    od_zone *found;
    od_status status = od__zones_new(NULL, &zones, &err);
    if (status == OD_OK) status = od__zones_get(zones, name, &found, &err);
    od__zones_free(zones);
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

void od__lua_open_zone(lua_State *L) {
    static const luaL_Reg functions[] = {{"zone", zone}, {NULL, NULL}};
    od__lua_register(L, functions);
}
