/* store: the durable record of campaigns as a userdata: submit a verb, close. */
#include "store/store.h"

#include "base/error.h"
#include "binding.h"
#include "request.h"

static od_lua_store *check_type(lua_State *L, int index) {
    return od__lua_handle_check(L, index, OD_LUA_STORE);
}

/* core.store_open(engine, path, create) -> store, or nil, err. The file is opened by the first verb. */
static int store_open(lua_State *L) {
    od_lua_engine *engine = od__lua_engine_check(L, 1);
    const char *path = luaL_checkstring(L, 2);
    bool create = lua_toboolean(L, 3);
    lua_settop(L, 2);
    od_lua_store *box = od__lua_handle_new(L, sizeof *box, OD_LUA_STORE);
    od__lua_request_maker(L, 3, 1);
    od_error err = OD_ERROR_INIT;
    if (od_store_open(engine->core->engine, path, create, &box->store, &err) != OD_OK) {
        box->store = NULL;
        return od__lua_fail(L, &err);
    }
    box->core = engine->core;
    box->core->references++;
    return 1;
}

/* store:submit(verb, parameters) -> request, or nil, err. Raises for an unknown verb. The request is listed before it is
 * started, so that what was done cannot be lost for want of memory. */
static int store_submit(lua_State *L) {
    od_lua_store *box = check_type(L, 1);
    if (!box->store) return luaL_error(L, "this store is closed");
    const char *verb = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 4, NULL);
    od__lua_request_list(L, 4, 5, request);
    od_error err;
    od__error_init(&err);
    od_value *parameters;
    od_status status = od__lua_value_read(L, 3, &parameters, &err);
    if (status == OD_OK)
        status = od__store_submit_take(box->store, verb, parameters, request, &request->request, &err);
    if (status != OD_OK) {
        request->request = NULL;
        od__lua_request_delist(L, 4, request);
        return od__lua_fail(L, &err);
    }
    request->request->owner = box->core;
    return 1;
}

/* store:close(): waits for the verbs under way, and gives up what the store had as a worker. */
static int store_close(lua_State *L) {
    od_lua_store *box = check_type(L, 1);
    od_store *store = box->store;
    od_lua_core *core = box->core;
    box->store = NULL;
    box->core = NULL;
    od_store_free(store);
    if (core) od__lua_core_unref(core);
    return 0;
}

/* core.store_verbs() -> { name, ... } */
static int store_verbs(lua_State *L) {
    lua_newtable(L);
    const char *name;
    for (size_t i = 0; (name = od_store_verb_at(i)) != NULL; i++) {
        lua_pushstring(L, name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void od__lua_open_store(lua_State *L) {
    static const luaL_Reg methods[] = {{"submit", store_submit}, {"close", store_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", store_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"store_open", store_open}, {"store_verbs", store_verbs}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_STORE, methods, metamethods);
    od__lua_register(L, functions);
}
