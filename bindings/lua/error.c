/* error: od_error as a Lua table that reads like text: __tostring and __concat. */
#include "binding.h"

#include <string.h>

static void set_text(lua_State *L, const char *key, const char *text) {
    if (text[0] == '\0') return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

void od__lua_error_push(lua_State *L, const od_error *error) {
    luaL_checkstack(L, 4, "an error needs room");
    lua_createtable(L, 0, 8);
    set_text(L, "code", od_status_name(error->code));
    set_text(L, "message", error->message);
    set_text(L, "path", error->path);
    set_text(L, "vendor_code", error->vendor_code);
    set_text(L, "request_id", error->request_id);
    set_text(L, "placement", od_placement_name(error->placement));
    lua_pushboolean(L, error->retryable);
    lua_setfield(L, -2, "retryable");
    if (error->http_status) {
        lua_pushinteger(L, error->http_status);
        lua_setfield(L, -2, "http_status");
    }
    if (error->retry_after_ms >= 0) {
        lua_pushnumber(L, (lua_Number)error->retry_after_ms / 1000);
        lua_setfield(L, -2, "retry_after");
    }
    luaL_getmetatable(L, OD_LUA_ERROR);
    lua_setmetatable(L, -2);
}

int od__lua_fail(lua_State *L, const od_error *error) {
    lua_pushnil(L);
    od__lua_error_push(L, error);
    return 2;
}

/* Copies a text field of the table at index into out; another type counts as absent. */
static void get_text(lua_State *L, int index, const char *key, char *out, size_t out_bytes) {
    lua_pushstring(L, key);
    lua_rawget(L, index);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    size_t length = strnlen(text, out_bytes - 1);
    memcpy(out, text, length);
    out[length] = '\0';
    lua_pop(L, 1);
}

/* Pushes the line of the error table at index (absolute): `code[ path]: [vendor_code: ]message`. */
static void push_line(lua_State *L, int index) {
    char code[OD_ERROR_CODE_BYTES], path[OD_ERROR_PATH_BYTES], vendor_code[OD_ERROR_CODE_BYTES];
    char message[OD_ERROR_MESSAGE_BYTES];
    get_text(L, index, "code", code, sizeof code);
    get_text(L, index, "path", path, sizeof path);
    get_text(L, index, "vendor_code", vendor_code, sizeof vendor_code);
    get_text(L, index, "message", message, sizeof message);
    lua_pushfstring(L, "%s%s%s: %s%s%s", code, path[0] ? " " : "", path, vendor_code, vendor_code[0] ? ": " : "", message);
}

static bool is_error(lua_State *L, int index) {
    if (!lua_istable(L, index) || !lua_getmetatable(L, index)) return false;
    luaL_getmetatable(L, OD_LUA_ERROR);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static int error_tostring(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    push_line(L, 1);
    return 1;
}

static int error_concat(lua_State *L) {
    lua_settop(L, 2);
    for (int i = 1; i <= 2; i++) {
        if (is_error(L, i)) push_line(L, i);
        else if (lua_isstring(L, i)) lua_pushvalue(L, i);
        else return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
    }
    lua_concat(L, 2);
    return 1;
}

void od__lua_open_error(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__tostring", error_tostring}, {"__concat", error_concat}, {NULL, NULL}};
    luaL_newmetatable(L, OD_LUA_ERROR);
    od__lua_register(L, metamethods);
    lua_setfield(L, -2, "error_metatable");
}
