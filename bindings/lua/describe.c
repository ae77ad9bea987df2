/* describe: what vendors, operations and options there are, as Lua tables made from the descriptors. */
#include "binding.h"

#include "base/nearest.h"

static const od_vendor *check_vendor(lua_State *L, int index) {
    const char *name = luaL_checkstring(L, index);
    const od_vendor *vendor = od_vendor_find(name);
    if (!vendor) luaL_error(L, "unknown vendor \"%s\"", name);
    return vendor;
}


/* core.vendor_load(description) -> the vendor's name, or nil, err. */
static int vendor_load(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    od_error err = OD_ERROR_INIT;
    od_value *description;
    const od_vendor *vendor = NULL;
    od_status status = od__lua_value_read(L, 1, &description, &err);
    if (status == OD_OK) {
        status = od_vendor_load(description, &vendor, &err);
        od_value_unref(description);
    }
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_pushstring(L, od_vendor_name(vendor));
    return 1;
}

/* core.operations(vendor) -> list of names. */
static int operations(lua_State *L) {
    const od_vendor *vendor = check_vendor(L, 1);
    const od_operation *operation;
    lua_newtable(L);
    for (int i = 0; (operation = od_operation_at(vendor, (size_t)i)) != NULL; i++) {
        lua_pushstring(L, od_operation_name(operation));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int push_described(lua_State *L, od_value *const *box, od_status status, const od_error *err) {
    if (status != OD_OK) {
        od__lua_error_push(L, err);
        return lua_error(L);
    }
    od__lua_value_push(L, *box);
    return 1;
}

/* core.vendors() -> list of { name, title, finds, look_after_ms, hands_off, withdraws, max_open, seats = { option, field }, ears }. */
static int vendors(lua_State *L) {
    const od_vendor *vendor;
    lua_newtable(L);
    for (int i = 0; (vendor = od_vendor_at((size_t)i)) != NULL; i++) {
        od_value **box = od__lua_value_box(L);
        od_error err = OD_ERROR_INIT;
        push_described(L, box, od_vendor_describe(vendor, box, &err), &err);
        lua_rawseti(L, -3, i + 1);
        lua_pop(L, 1); /* the box */
    }
    return 1;
}

/* core.describe(vendor, operation) -> table; raises for an unknown one. */
static int describe(lua_State *L) {
    const od_vendor *vendor = check_vendor(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const od_operation *operation = od_operation_find(vendor, name);
    if (!operation) return luaL_error(L, "unknown operation \"%s\"", name);
    od_value **box = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    return push_described(L, box, od_operation_describe(operation, box, &err), &err);
}

/* core.options(vendor) -> list of { name, type, limit, required, summary, default }. */
static int options(lua_State *L) {
    const od_vendor *vendor = check_vendor(L, 1);
    od_value **box = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    return push_described(L, box, od_vendor_options(vendor, box, &err), &err);
}

/* core.did_you_mean(vendor or nil, name) -> the nearest operation's (or vendor's) name, or nil. */
static int did_you_mean(lua_State *L) {
    const od_vendor *vendor = lua_isnoneornil(L, 1) ? NULL : check_vendor(L, 1);
    lua_pushstring(L, od_did_you_mean(vendor, luaL_checkstring(L, 2)));
    return 1;
}

/* core.nearest(name, list of names) -> the nearest of them, or nil. */
static int nearest(lua_State *L) {
    od_nearest search = {.wanted = luaL_checkstring(L, 1)};
    luaL_checktype(L, 2, LUA_TTABLE);
    int count = (int)od__lua_length(L, 2);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 2, i);
        if (lua_type(L, -1) == LUA_TSTRING) od__nearest_offer(&search, lua_tostring(L, -1));
        lua_pop(L, 1); /* the list still holds the text */
    }
    lua_pushstring(L, search.best);
    return 1;
}

static int version(lua_State *L) {
    lua_pushstring(L, od_version());
    return 1;
}

void od__lua_open_describe(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"vendors", vendors}, {"vendor_load", vendor_load},
        {"operations", operations}, {"describe", describe}, {"options", options},
        {"nearest", nearest}, {"did_you_mean", did_you_mean}, {"version", version},   {NULL, NULL}};
    od__lua_register(L, functions);
}
