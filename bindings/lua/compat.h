/* compat: one C source for Lua 5.1, LuaJIT, 5.3 and 5.4. Not a compatibility library: only what this binding uses.
 *
 * LuaJIT takes the build that was made for 5.1, and its own headers declare several later functions although their
 * LUA_VERSION_NUM is 501. So nothing is defined here under a name that any lua.h may have as a function. */
#ifndef OD_LUA_COMPAT_H
#define OD_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#if LUA_VERSION_NUM < 502
/* An environment must be a table, so this binding only ever attaches tables. */
#define od__lua_set_attached(L, index) ((void)lua_setfenv(L, index))
#define od__lua_get_attached(L, index) lua_getfenv(L, index)
#define od__lua_length(L, index) lua_objlen(L, index)
#else
#define od__lua_set_attached(L, index) ((void)lua_setuservalue(L, index))
#define od__lua_get_attached(L, index) ((void)lua_getuservalue(L, index))
#define od__lua_length(L, index) lua_rawlen(L, index)
#endif

#define OD_LUA_EXACT 9007199254740992.0 /* 2^53: up to here a double holds every integer */

/* Reads a number as an integer if it is one: of the integer subtype, or a whole float within 2^53. */
static inline bool od__lua_integer(lua_State *L, int index, int64_t *out) {
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *out = lua_tointeger(L, index);
        return true;
    }
#endif
    lua_Number number = lua_tonumber(L, index);
    if (!(number >= -OD_LUA_EXACT && number <= OD_LUA_EXACT) || number != (lua_Number)(int64_t)number) return false;
    *out = (int64_t)number;
    return true;
}

#endif
