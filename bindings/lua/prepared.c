/* prepared: a call that is ready to be placed as a userdata, which a store takes as it is. */
#include "binding.h"

#include "base/error.h"
#include "client.h"

typedef struct od_lua_prepared {
    od_prepared *prepared;  /* NULL: dropped, or never made */
} od_lua_prepared;

static od_lua_prepared *check_type(lua_State *L, int index) {
    return od__lua_handle_check(L, index, OD_LUA_PREPARED);
}

static const char *what_is_wrong(const od_lua_prepared *own, const od_client *client) {
    if (!own->prepared) return "this call was dropped";
    return own->prepared->client == client ? NULL : "this call was prepared by another client";
}

od_prepared *od__lua_prepared_find(lua_State *L, int index, const od_client *client) {
    const od_lua_prepared *own = od__lua_handle_find(L, index, OD_LUA_PREPARED);
    return own && !what_is_wrong(own, client) ? own->prepared : NULL;
}

/* client:misuse(prepared) -> what is wrong with having client place it, or nil. */
int od__lua_client_misuse(lua_State *L) {
    const od_client *client = od__lua_client_check(L, 1)->client;
    const od_lua_prepared *own = od__lua_handle_find(L, 2, OD_LUA_PREPARED);
    if (own)
        lua_pushstring(L, what_is_wrong(own, client));
    else
        lua_pushfstring(L, "expected what prepare_placing gave, got %s", lua_isnoneornil(L, 2) ? "nothing" : luaL_typename(L, 2));
    return 1;
}

od_status od__lua_prepared_value(lua_State *L, int index, od_value **out, od_error *err) {
    const od_lua_prepared *own = od__lua_handle_find(L, index, OD_LUA_PREPARED);
    if (!own) return od__error_set(err, OD_VALIDATION, "expected what JSON can hold, got a userdata");
    if (!own->prepared) return od__error_set(err, OD_VALIDATION, "expected a call that is prepared, got one that was dropped");
    return od__prepared_call(own->prepared, out, err);
}

static od_prepared *check_kept(lua_State *L, int index) {
    od_lua_prepared *own = check_type(L, index);
    if (!own->prepared) luaL_error(L, "this call was dropped");
    return own->prepared;
}

/* client:prepare_placing(call) -> prepared, or nil, err: for place_prepared, and the `call` of the store's verb intend. */
int od__lua_client_prepare_placing(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    od_lua_prepared *own = od__lua_handle_new(L, sizeof *own, OD_LUA_PREPARED);
    od_error err = OD_ERROR_INIT;
    od_value *call;
    if (od__lua_value_read(L, 2, &call, &err) != OD_OK ||
        od__client_prepare_take(box->client, call, &own->prepared, &err) != OD_OK)
        return od__lua_fail(L, &err);
    return 1;
}

/* client:account_of(call) -> the account that the call would go to now, and where in it, or nil, err. */
int od__lua_client_account_of(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    char account[OD_LIMIT_ACCOUNT_BYTES];
    od_error err = OD_ERROR_INIT;
    od_value *call;
    if (od__lua_value_read(L, 2, &call, &err) != OD_OK ||
        od__client_account_of(box->client, call, account, &err) != OD_OK)
        return od__lua_fail(L, &err);
    lua_pushstring(L, account);
    return 1;
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_true(lua_State *L, const char *key) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, key);
}

/* prepared:facts() -> { operation, to, token, account, bucket, per_second, burst, hands_off, hands_off_unbounded }, or nil,
 * err: how it counts. */
static int prepared_facts(lua_State *L) {
    const od_prepared *prepared = check_kept(L, 1);
    od_prepared_facts facts;
    od_error err = OD_ERROR_INIT;
    if (od__prepared_facts(prepared, &facts, &err) != OD_OK) return od__lua_fail(L, &err);
    lua_createtable(L, 0, 9);
    set_text(L, "operation", prepared->operation->name);
    set_text(L, "to", od_value_string(prepared->placing.to));
    set_text(L, "token", od_value_string(prepared->placing.token));
    set_text(L, "account", facts.account);
    set_text(L, "bucket", facts.bucket);
    if (facts.has_rate) {
        lua_pushnumber(L, facts.rate.per_second);
        lua_setfield(L, -2, "per_second");
        lua_pushinteger(L, facts.rate.burst);
        lua_setfield(L, -2, "burst");
    }
    if (facts.handoff != OD_HANDOFF_NONE) set_true(L, "hands_off");
    if (facts.handoff == OD_HANDOFF_UNBOUNDED) set_true(L, "hands_off_unbounded");
    return 1;
}

/* prepared:is_handed_off() -> whether the vendor decides when it rings. */
static int prepared_is_handed_off(lua_State *L) {
    lua_pushboolean(L, od__prepared_handoff(check_kept(L, 1)) != OD_HANDOFF_NONE);
    return 1;
}

/* prepared:read() -> { operation, method, url, headers, body, token }, to be read: the body is a value; or nil, err. */
static int prepared_read(lua_State *L) {
    const od_prepared *prepared = check_kept(L, 1);
    od_value **read = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    if (od__prepared_read(prepared, read, &err) != OD_OK) return od__lua_fail(L, &err);
    od__lua_value_push(L, *read);
    return 1;
}

/* prepared:drop(): gives back what it holds; what was placed of it goes on. Also when it is collected. */
static int prepared_drop(lua_State *L) {
    od_lua_prepared *own = check_type(L, 1);
    od_prepared *prepared = own->prepared;
    own->prepared = NULL;
    od_prepared_free(prepared);
    return 0;
}

void od__lua_open_prepared(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"facts", prepared_facts}, {"is_handed_off", prepared_is_handed_off}, {"read", prepared_read}, {"drop", prepared_drop},
        {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", prepared_drop}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_PREPARED, methods, metamethods);
}
