/* sigv4: the stages of an AWS signature, for looking at them. Calls sign by themselves; this is no part of their way. */
#include "binding.h"

#include <string.h>

#include "authorizing/sigv4.h"
#include "base/error.h"

#define OD_LUA_SIGNATURE "outdial.signature"

/* What the stages are written into: a userdata, so that nothing is lost when Lua runs out of memory. */
typedef struct stages {
    od_buffer canonical, signed_headers, string_to_sign, authorization;
    uint8_t key[OD_SHA256_BYTES];
    bool open;
} stages;

static int free_stages(lua_State *L) {
    stages *self = luaL_checkudata(L, 1, OD_LUA_SIGNATURE);
    if (!self->open) return 0;
    od__buffer_wipe(&self->canonical);
    od__buffer_wipe(&self->signed_headers);
    od__buffer_wipe(&self->string_to_sign);
    od__buffer_wipe(&self->authorization);
    od__crypto_wipe(self->key, sizeof self->key);
    self->open = false;
    return 0;
}

static stages *new_stages(lua_State *L) {
    stages *self = od__lua_handle_new(L, sizeof *self, OD_LUA_SIGNATURE);
    od__buffer_init(&self->canonical, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->signed_headers, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->string_to_sign, OD_SIGV4_STAGE_BYTES);
    od__buffer_init(&self->authorization, OD_SIGV4_STAGE_BYTES);
    self->open = true;
    return self;
}

/* Text member of the table at 1; it stays on the stack, and so alive. */
static const char *check_text(lua_State *L, const char *key, size_t *length) {
    lua_getfield(L, 1, key);
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "%s: expected text", key);
    return lua_tolstring(L, -1, length);
}

/* The list of { name, value } in member headers; its texts stay alive in it. */
static size_t check_headers(lua_State *L, od_sigv4_header *headers) {
    lua_getfield(L, 1, "headers");
    if (!lua_istable(L, -1)) luaL_error(L, "headers: expected a list");
    size_t count = od__lua_length(L, -1);
    if (count > OD_SIGV4_HEADERS) luaL_error(L, "headers: at most %d can be signed", OD_SIGV4_HEADERS);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        if (!lua_istable(L, -1)) luaL_error(L, "headers: expected pairs of name and value");
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "headers: expected pairs of name and value");
        headers[i] = (od_sigv4_header){ lua_tostring(L, -2), lua_tostring(L, -1) };
        lua_pop(L, 3);
    }
    return count;
}

static void set_text(lua_State *L, const char *key, const od_buffer *text) {
    lua_pushlstring(L, od__buffer_text(text), text->length);
    lua_setfield(L, -2, key);
}

/* core.sigv4{ method, path, query, headers, body, date = "YYYYMMDDTHHMMSSZ", region, service, access_key_id,
 * secret_access_key } -> { canonical_request, signed_headers, string_to_sign, signature, authorization }, or nil, err. query
 * false: none. */
static int sigv4(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    od_sigv4_header headers[OD_SIGV4_HEADERS];
    od_sigv4_request request = { .headers = headers };
    od_sigv4_scope scope;
    size_t date_bytes;
    request.method = check_text(L, "method", NULL);
    request.path = check_text(L, "path", &request.path_bytes);
    lua_getfield(L, 1, "query");
    if (lua_toboolean(L, -1)) request.query = check_text(L, "query", &request.query_bytes);
    request.body = check_text(L, "body", &request.body_bytes);
    request.header_count = check_headers(L, headers);
    const char *date = check_text(L, "date", &date_bytes);
    if (date_bytes != OD_SIGV4_DATE_BYTES - 1) return luaL_error(L, "date: expected YYYYMMDDTHHMMSSZ");
    memcpy(scope.date, date, OD_SIGV4_DATE_BYTES);
    scope.region = check_text(L, "region", NULL);
    scope.service = check_text(L, "service", NULL);
    const char *access_key_id = check_text(L, "access_key_id", NULL);
    const char *secret = check_text(L, "secret_access_key", NULL);

    stages *self = new_stages(L);
    char signature[OD_SHA256_HEX_BYTES];
    od_error err = OD_ERROR_INIT;
    od_status status = od__sigv4_canonical_request(&request, &self->canonical, &self->signed_headers, &err);
    if (status == OD_OK) status = od__sigv4_string_to_sign(&scope, &self->canonical, &self->string_to_sign, &err);
    if (status == OD_OK) status = od__sigv4_signing_key(secret, &scope, self->key, &err);
    if (status == OD_OK) status = od__sigv4_signature(self->key, &self->string_to_sign, signature, &err);
    if (status == OD_OK)
        status = od__sigv4_authorization(&scope, access_key_id, &self->signed_headers, signature, &self->authorization,
                                         &err);
    if (status != OD_OK) return od__lua_fail(L, &err);
    lua_createtable(L, 0, 5);
    set_text(L, "canonical_request", &self->canonical);
    set_text(L, "signed_headers", &self->signed_headers);
    set_text(L, "string_to_sign", &self->string_to_sign);
    lua_pushstring(L, signature);
    lua_setfield(L, -2, "signature");
    set_text(L, "authorization", &self->authorization);
    return 1;
}

void od__lua_open_sigv4(lua_State *L) {
    static const luaL_Reg none[] = {{NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", free_stages}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"sigv4", sigv4}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_SIGNATURE, none, metamethods);
    od__lua_register(L, functions);
}
