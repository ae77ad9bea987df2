/* request: something under way as a userdata: finished, result, cancel. */
#include "binding.h"

static od_lua_request *check(lua_State *L) {
    od_lua_request *box = od__lua_handle_check(L, 1, OD_LUA_REQUEST);
    if (!box->request && !box->taken) luaL_error(L, "this request was never started");
    return box;
}

/* A userdata that was used before costs a tenth of a new one, which has to be finalized, too, one day. */

void od__lua_request_maker(lua_State *L, int index, int engine) {
    lua_createtable(L, OD_LUA_SLOT_SPARE, 0);
    od__lua_get_attached(L, engine);
    lua_rawgeti(L, -1, OD_LUA_SLOT_PENDING);
    lua_rawseti(L, -3, OD_LUA_SLOT_PENDING);
    lua_pop(L, 1);
    lua_pushvalue(L, engine);
    lua_rawseti(L, -2, OD_LUA_SLOT_ENGINE);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, OD_LUA_SLOT_MAKER);
    lua_createtable(L, OD_LUA_SPARE_REQUESTS, 0); /* all of it now: taking a request must not fail for want of room here */
    lua_rawseti(L, -2, OD_LUA_SLOT_SPARE);
    od__lua_set_attached(L, index);
}

/* Pushes the list of spare requests in the table at attached and returns how many there are; -1 and nil where none are kept. */
static int push_spares(lua_State *L, int attached) {
    lua_rawgeti(L, attached, OD_LUA_SLOT_SPARE);
    return lua_isnil(L, -1) ? -1 : (int)od__lua_length(L, -1);
}

/* Pushes a spare request of those in the table at attached, or nothing. */
static od_lua_request *push_spare(lua_State *L, int attached) {
    int count = push_spares(L, attached);
    if (count <= 0) {
        lua_pop(L, 1);
        return NULL;
    }
    lua_rawgeti(L, -1, count);
    lua_pushnil(L);
    lua_rawseti(L, -3, count);
    lua_remove(L, -2);
    return lua_touserdata(L, -1);
}

/* Keeps the request at index 1, which nobody uses any more, for the next one of its client or store. */
static void keep_spare(lua_State *L) {
    od__lua_get_attached(L, 1);
    int count = push_spares(L, lua_gettop(L));
    if (count >= 0 && count < OD_LUA_SPARE_REQUESTS) {
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, count + 1);
    }
    lua_pop(L, 2);
}

od_lua_request *od__lua_request_new(lua_State *L, int attached, od_lua_client *client) {
    od_lua_request *spare = push_spare(L, attached);
    if (spare) {
        *spare = (od_lua_request){.client = client};
        return spare;
    }
    od_lua_request *box = od__lua_handle_new(L, sizeof *box, OD_LUA_REQUEST);
    box->client = client;
    lua_pushvalue(L, attached);
    od__lua_set_attached(L, -2);
    return box;
}

void od__lua_request_list(lua_State *L, int attached, int index, const void *key) {
    lua_rawgeti(L, attached, OD_LUA_SLOT_PENDING);
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_pushvalue(L, index);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void od__lua_request_delist(lua_State *L, int attached, const void *key) {
    lua_rawgeti(L, attached, OD_LUA_SLOT_PENDING);
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static int request_finished(lua_State *L) {
    od_lua_request *box = check(L);
    lua_pushboolean(L, box->taken || od_request_finished(box->request));
    return 1;
}

static int push_result(lua_State *L, const od_lua_request *box) {
    if (box->taken) return luaL_error(L, "the result of this request was taken already");
    if (!od_request_finished(box->request)) return luaL_error(L, "this request is still under way");
    if (od_request_status(box->request) != OD_OK) return od__lua_fail(L, od_request_error(box->request));
    const od_value *result = od_request_result(box->request);
    if (result && box->unread) *od__lua_value_box(L) = od_value_ref(result);
    else if (result) od__lua_value_push(L, result);
    else lua_pushboolean(L, true);
    return 1;
}

/* request:result() -> the result (true if there is none to tell), or nil, err. */
static int request_result(lua_State *L) {
    return push_result(L, check(L));
}

/* request:take() -> as result, once: what the core holds for the request is let go at once, not when it is collected, and
 * the request may become another one of its client's or store's: nobody may keep it. */
static int request_take(lua_State *L) {
    od_lua_request *box = check(L);
    int count = push_result(L, box);
    od_request *request = box->request;
    box->request = NULL;
    box->taken = true;
    od_request_unref(request);
    keep_spare(L);
    return count;
}

static int request_cancel(lua_State *L) {
    od_lua_request *box = check(L);
    if (!box->taken) od_request_cancel(box->request);
    return 0;
}

static int request_free(lua_State *L) {
    od_lua_request *box = od__lua_handle_check(L, 1, OD_LUA_REQUEST);
    od_request *request = box->request;
    box->request = NULL;
    if (request) od_request_unref(request);
    return 0;
}

void od__lua_open_request(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"finished", request_finished}, {"result", request_result}, {"take", request_take},
        {"cancel", request_cancel},     {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", request_free}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_REQUEST, methods, metamethods);
}
