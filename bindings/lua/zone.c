/* zone: time zones for scripts: whether the system has one, what its clock shows, and when it shows that. */
#include "binding.h"

#include "time/zone.h"

static od_status find(lua_State *L, od_zones **zones, od_zone **out, od_error *err) {
    const char *name = luaL_checkstring(L, 1);
    *zones = NULL;
    od_status status = od__zones_new(NULL, zones, err);
    return status == OD_OK ? od__zones_get(*zones, name, out, err) : status;
}

/* core.zone(name) -> true, or nil, err: validation with what may have been meant. */
static int zone(lua_State *L) {
    od_error err = OD_ERROR_INIT;
    od_zones *zones;
    od_zone *found;
    od_status status = find(L, &zones, &found, &err);
    od__zones_free(zones);
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static void set_integer(lua_State *L, const char *key, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

/* core.zone_clock(name, unix seconds) -> { year, month, day, hour, minute, weekday (1: Monday) }, or nil, err */
static int zone_clock(lua_State *L) {
    lua_Number at_s = luaL_checknumber(L, 2);
    luaL_argcheck(L, at_s >= (lua_Number)OD_ZONE_MIN_S && at_s < (lua_Number)OD_ZONE_MAX_S, 2, "expected a time");
    od_error err = OD_ERROR_INIT;
    od_zones *zones;
    od_zone *found;
    od_civil civil;
    od_status status = find(L, &zones, &found, &err);
    if (status == OD_OK) od__zone_civil(found, (int64_t)at_s, &civil);
    od__zones_free(zones);
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_newtable(L);
    set_integer(L, "year", civil.year);
    set_integer(L, "month", civil.month);
    set_integer(L, "day", civil.day);
    set_integer(L, "hour", civil.hour);
    set_integer(L, "minute", civil.minute);
    set_integer(L, "weekday", civil.weekday + 1);
    return 1;
}

/* core.zone_instant(name, year, month, day, minute of the day) -> unix seconds at which the clock first shows that, or nil,
 * err. Days and minutes out of their range are carried over. */
static int zone_instant(lua_State *L) {
    od_civil civil = {.year = (int)luaL_checkinteger(L, 2),
                      .month = (int)luaL_checkinteger(L, 3),
                      .day = (int)luaL_checkinteger(L, 4),
                      .minute = (int)luaL_checkinteger(L, 5)};
    od_error err = OD_ERROR_INIT;
    od_zones *zones;
    od_zone *found;
    int64_t earliest_s, latest_s;
    od_status status = find(L, &zones, &found, &err);
    if (status == OD_OK) od__zone_instant(found, &civil, &earliest_s, &latest_s);
    od__zones_free(zones);
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_pushnumber(L, (lua_Number)earliest_s);
    return 1;
}

void od__lua_open_zone(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"zone", zone}, {"zone_clock", zone_clock}, {"zone_instant", zone_instant}, {NULL, NULL}};
    od__lua_register(L, functions);
}
