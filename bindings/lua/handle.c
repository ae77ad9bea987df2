/* handle: the userdata boxes of the binding, born valid but closed. */
#include "binding.h"

#include "request.h"

#include <string.h>

#include "base/memory.h"

/* A metatable has its type at MARK: asking Lua by the type's name is half of a method's way into C. */
#define MARK 1

static void push_metatable(lua_State *L, const char *type) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

void *od__lua_handle_new(lua_State *L, size_t bytes, const char *type) {
    void *box = lua_newuserdata(L, bytes);
    memset(box, 0, bytes);
    push_metatable(L, type);
    lua_setmetatable(L, -2);
    return box;
}

void *od__lua_handle_find(lua_State *L, int index, const char *type) {
    void *box = lua_touserdata(L, index);
    if (!box || !lua_getmetatable(L, index)) return NULL;
    lua_rawgeti(L, -1, MARK);
    bool is_it = lua_touserdata(L, -1) == (void *)(uintptr_t)type;
    lua_pop(L, 2);
    return is_it ? box : NULL;
}

void *od__lua_handle_check(lua_State *L, int index, const char *type) {
    void *box = od__lua_handle_find(L, index, type);
    if (box) return box;
    return luaL_checkudata(L, index, type); /* also finds the name where the linker has it twice; raises in Lua's words */
}

void od__lua_register(lua_State *L, const luaL_Reg *functions) {
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

void od__lua_handle_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *metamethods) {
    luaL_newmetatable(L, type);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_rawseti(L, -2, MARK);
    od__lua_register(L, metamethods);
    lua_newtable(L);
    od__lua_register(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void od__lua_core_unref(od_lua_core *core) {
    if (!core || --core->references > 0) return;
    if (core->borrowed)
        for (od_request *request; (request = od__engine_take_of(core->engine, core)) != NULL;) od_request_unref(request);
    else
        od_engine_free(core->engine);
    od__free(core);
}
