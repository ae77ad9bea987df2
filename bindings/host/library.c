#include "library.h"

#include <lauxlib.h>
#include <outdial/lua.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "embedded.h"

#define CHUNK_NAME_BYTES 256

int luaopen_outdial_core(lua_State *L);

static const host_embedded *find_embedded(const char *module) {
    for (const host_embedded *row = host_embedded_table; row->module; row++)
        if (strcmp(row->module, module) == 0)
            return row;
    return NULL;
}

/* A searcher of `require`: name -> loader, file. The chunk is named by its file, so that tracebacks say where. */
static int search_embedded(lua_State *L) {
    const host_embedded *row = find_embedded(luaL_checkstring(L, 1));
    if (!row) {
        lua_pushfstring(L, "no module '%s' in the program", lua_tostring(L, 1));
        return 1;
    }
    char chunk[CHUNK_NAME_BYTES];
    snprintf(chunk, sizeof(chunk), "@%s", row->file);
    if (luaL_loadbufferx(L, row->text, row->text_bytes, chunk, "t") != LUA_OK)
        return lua_error(L);
    lua_pushstring(L, row->file);
    return 2;
}

/* Puts the searcher right after package.preload: the program's own library wins over an installed one. */
static void add_searcher(lua_State *L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, 2);
    lua_pop(L, 2);
}

void library_add(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_outdial_core);
    lua_setfield(L, -2, "outdial.core");
    lua_pop(L, 1);
    add_searcher(L);
}

int od_lua_open(lua_State *L, od_engine *engine) {
    library_add(L);
    if (engine)
        od__lua_engine_give(L, engine);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "outdial");
    lua_call(L, 1, 1);
    return 1;
}
