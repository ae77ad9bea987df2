/* subscription: a client's subscription as a userdata: the next event as a request, close. */
#include "binding.h"

#include "client.h"

typedef struct od_lua_subscription {
    od_subscription *subscription; /* NULL: closed */
    const void *owner;             /* of its requests */
} od_lua_subscription;

static od_lua_subscription *check_type(lua_State *L) {
    return od__lua_handle_check(L, 1, OD_LUA_SUBSCRIPTION);
}

/* client:subscribe(list of channels) -> subscription, or nil, err. */
int od__lua_client_subscribe(lua_State *L) {
    od_lua_client *client = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    od_lua_subscription *box = od__lua_handle_new(L, sizeof *box, OD_LUA_SUBSCRIPTION);
    od__lua_get_attached(L, 1); /* it pins the client and the engine */
    od__lua_set_attached(L, 3);
    od_value **channels = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    od_status status = od__lua_value_read(L, 2, channels, &err);
    if (status == OD_OK) status = od_client_subscribe(client->client, *channels, &box->subscription, &err);
    if (status != OD_OK) return od__lua_fail(L, &err);
    box->owner = client->core;
    lua_settop(L, 3);
    return 1;
}

static int start(lua_State *L, const void *owner, od_lua_request *request, od_status status, const od_error *err) {
    if (status != OD_OK) return od__lua_fail(L, err);
    request->request->owner = owner;
    od__lua_request_list(L, 2, 3, request->request);
    return 1;
}

/* subscription:next() -> request for the next event, or nil, err. */
static int subscription_next(lua_State *L) {
    od_lua_subscription *box = check_type(L);
    if (!box->subscription) return luaL_error(L, "this subscription is closed");
    lua_settop(L, 1);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 2, NULL);
    od_error err = OD_ERROR_INIT;
    return start(L, box->owner, request, od_subscription_next(box->subscription, &request->request, &err), &err);
}

/* client:unsubscribe() -> request that finishes when the vendor has been told that nobody listens any more; nil if it was
 * never told otherwise; or nil, err. */
int od__lua_client_unsubscribe(lua_State *L) {
    od_lua_client *client = od__lua_client_check(L, 1);
    lua_settop(L, 1);
    if (!client->client->hearing) {
        lua_pushnil(L);
        return 1;
    }
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 2, NULL);
    od_error err = OD_ERROR_INIT;
    return start(L, client->core, request, od_client_unsubscribe(client->client, &request->request, &err), &err);
}

/* subscription:close(): events that were not taken are dropped; closing twice does nothing. */
static int subscription_close(lua_State *L) {
    od_lua_subscription *box = check_type(L);
    od_subscription *subscription = box->subscription;
    box->subscription = NULL;
    od_subscription_free(subscription);
    return 0;
}

void od__lua_open_subscription(lua_State *L) {
    static const luaL_Reg methods[] = {{"next", subscription_next}, {"close", subscription_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", subscription_close}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_SUBSCRIPTION, methods, metamethods);
}
