/* outdial.httpd: the Lua module over server.c.
 *
 *     server = httpd.listen{ address = "127.0.0.1", port = 0 }   -- or nil, message
 *     server:fd()  server:port()  server:step() -> requests  server:close()
 *     request.method .path .query .headers .header .body .remote
 *     request:respond(status, headers, body)  request:drop()
 */
#include <lauxlib.h>
#include <lua.h>

#include "server.h"

#if LUA_VERSION_NUM < 502
/* A userdata's own table is its environment there. */
#define lua_setuservalue lua_setfenv
#define lua_getuservalue lua_getfenv
#define lua_rawlen lua_objlen
#endif

__attribute__((visibility("default"))) int luaopen_outdial_httpd(lua_State *L);

#ifdef OD_HTTPD_BUILT
#include <string.h>

#define SERVER_TYPE "outdial.httpd.server"
#define REQUEST_TYPE "outdial.httpd.request"

/* What a request userdata holds: NULL once it was answered, dropped, or its server closed. */
typedef struct request_handle {
    httpd_request *request;
    bool closed; /* the server went first */
} request_handle;

static httpd_server *check_server(lua_State *L) {
    httpd_server *server = luaL_checkudata(L, 1, SERVER_TYPE);
    if (!server->daemon)
        luaL_error(L, "the server is closed");
    return server;
}

/* ---- requests ---- */

static void forget(void *holder) {
    request_handle *handle = holder;
    handle->request = NULL;
    handle->closed = true;
}

static void set_text(lua_State *L, const char *key, const char *text, size_t bytes) {
    lua_pushlstring(L, text, bytes);
    lua_setfield(L, -2, key);
}

/* Sets .headers and .header of the table at the top. */
static void set_headers(lua_State *L, const httpd_request *request) {
    lua_createtable(L, (int)request->header_count, 0);
    lua_createtable(L, 0, (int)request->header_count);
    for (size_t i = 0; i < request->header_count; i++) {
        const httpd_header *header = &request->headers[i];
        lua_createtable(L, 2, 0);
        lua_pushstring(L, header->name);
        lua_rawseti(L, -2, 1);
        lua_pushstring(L, header->value);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -3, (int)i + 1);

        luaL_Buffer name;
        luaL_buffinit(L, &name);
        for (const char *c = header->name; *c; c++)
            luaL_addchar(&name, (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c));
        luaL_pushresult(&name);
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushstring(L, header->value);
        } else {
            lua_pushfstring(L, "%s,%s", lua_tostring(L, -1), header->value);
            lua_remove(L, -2);
        }
        lua_rawset(L, -3);
    }
    lua_setfield(L, -3, "header");
    lua_setfield(L, -2, "headers");
}

/* Pushes a userdata for the request at the head of the queue. The request leaves the queue last, so that running out of
 * memory before loses nothing. */
static void push_request(lua_State *L, httpd_server *server) {
    httpd_request *request = server->arrived;
    request_handle *handle = lua_newuserdata(L, sizeof(*handle));
    *handle = (request_handle){0};
    luaL_getmetatable(L, REQUEST_TYPE);
    lua_setmetatable(L, -2);

    lua_createtable(L, 0, 8);
    set_text(L, "method", request->method, strlen(request->method));
    const char *query = strchr(request->uri, '?');
    set_text(L, "path", request->uri, query ? (size_t)(query - request->uri) : strlen(request->uri));
    set_text(L, "query", query ? query + 1 : "", query ? strlen(query + 1) : 0);
    set_text(L, "body", od__buffer_text(&request->body), request->body.length);
    set_text(L, "remote", request->remote, strlen(request->remote));
    set_headers(L, request);
    lua_setuservalue(L, -2);

    handle->request = request;
    request->holder = handle;
    od__httpd_take(server);
}

static int request_index(lua_State *L) {
    luaL_checkudata(L, 1, REQUEST_TYPE);
    lua_getuservalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/* Returns 0, or the number of the first header line that cannot be sent. Raises nothing. */
static int add_headers(lua_State *L, int index, struct MHD_Response *response, const od_mhd *mhd) {
    int count = (int)lua_rawlen(L, index);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        if (!lua_istable(L, -1))
            return i;
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        /* Only strings: converting a number could raise here, and leak the response. */
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            return i;
        size_t name_bytes = 0, value_bytes = 0;
        const char *name = lua_tolstring(L, -2, &name_bytes);
        const char *value = lua_tolstring(L, -1, &value_bytes);
        if (strlen(name) != name_bytes || strlen(value) != value_bytes ||
            mhd->add_response_header(response, name, value) != MHD_YES)
            return i;
        lua_pop(L, 3);
    }
    return 0;
}

/* request:respond(status, headers, body) */
static int request_respond(lua_State *L) {
    request_handle *handle = luaL_checkudata(L, 1, REQUEST_TYPE);
    lua_Integer status = luaL_checkinteger(L, 2);
    luaL_argcheck(L, status >= 200 && status <= 599, 2, "expected a status from 200 to 599");
    if (!lua_isnoneornil(L, 3))
        luaL_checktype(L, 3, LUA_TTABLE);
    size_t body_bytes = 0;
    const char *body = luaL_optlstring(L, 4, "", &body_bytes);
    if (handle->closed) {
        lua_pushnil(L);
        lua_pushliteral(L, "the server is closed");
        return 2;
    }
    if (!handle->request)
        return luaL_error(L, "the request was answered already");

    const od_mhd *mhd = handle->request->server->mhd;
    struct MHD_Response *response =
        mhd->create_response_from_buffer(body_bytes, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return luaL_error(L, "not enough memory");
    int wrong = lua_istable(L, 3) ? add_headers(L, 3, response, mhd) : 0;
    if (wrong) {
        mhd->destroy_response(response);
        return luaL_error(L, "header %d cannot be sent: expected { name, value }, both strings; Content-Length is made", wrong);
    }
    od__httpd_answer(handle->request, (unsigned)status, response);
    handle->request = NULL;
    lua_pushboolean(L, 1);
    return 1;
}

/* request:drop() */
static int request_drop(lua_State *L) {
    request_handle *handle = luaL_checkudata(L, 1, REQUEST_TYPE);
    if (!handle->request && !handle->closed)
        return luaL_error(L, "the request was answered already");
    if (handle->request)
        od__httpd_drop(handle->request);
    handle->request = NULL;
    return 0;
}

static int request_gc(lua_State *L) {
    request_handle *handle = luaL_checkudata(L, 1, REQUEST_TYPE);
    if (handle->request)
        od__httpd_drop(handle->request);
    handle->request = NULL;
    return 0;
}

/* ---- servers ---- */

static int server_fd(lua_State *L) {
    lua_pushinteger(L, check_server(L)->fd);
    return 1;
}

static int server_port(lua_State *L) {
    lua_pushinteger(L, check_server(L)->port);
    return 1;
}

static int server_step(lua_State *L) {
    httpd_server *server = check_server(L);
    od__httpd_run(server);
    lua_newtable(L);
    for (int i = 1; server->arrived; i++) {
        push_request(L, server);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

static int server_close(lua_State *L) {
    od__httpd_close(luaL_checkudata(L, 1, SERVER_TYPE));
    return 0;
}

/* httpd.listen{ address =, port = } */
static int listen_at(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "address");
    lua_getfield(L, 1, "port");
    const char *address = lua_isnil(L, 2) ? "127.0.0.1" : lua_tostring(L, 2);
    lua_Integer port = lua_tointeger(L, 3);
    luaL_argcheck(L, address, 1, "address: expected a string");
    luaL_argcheck(L, (lua_isnil(L, 3) || lua_isnumber(L, 3)) && port >= 0 && port <= 65535, 1,
                  "port: expected 0 to 65535");

    const char *why = NULL;
    const od_mhd *mhd = od__mhd(&why);
    char message[HTTPD_MESSAGE_BYTES];
    httpd_server *server = lua_newuserdata(L, sizeof(*server));
    *server = (httpd_server){.fd = -1, .wake_fd = -1, .forget = forget};
    luaL_getmetatable(L, SERVER_TYPE);
    lua_setmetatable(L, -2);
    if (!mhd || !od__httpd_listen(server, mhd, address, (int)port, message)) {
        lua_pushnil(L);
        lua_pushstring(L, mhd ? message : why);
        return 2;
    }
    return 1;
}

/* ---- the module ---- */

static void set_functions(lua_State *L, const luaL_Reg *functions) {
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

static void make_types(lua_State *L) {
    static const luaL_Reg server_methods[] = {
        {"fd", server_fd}, {"port", server_port}, {"step", server_step}, {"close", server_close}, {NULL, NULL},
    };
    static const luaL_Reg request_methods[] = {
        {"respond", request_respond}, {"drop", request_drop}, {NULL, NULL},
    };
    if (luaL_newmetatable(L, SERVER_TYPE)) {
        set_functions(L, server_methods);
        lua_pushvalue(L, -1);
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, server_close);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    if (luaL_newmetatable(L, REQUEST_TYPE)) {
        lua_newtable(L);
        set_functions(L, request_methods);
        lua_pushcclosure(L, request_index, 1);
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, request_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
}
#else
static int listen_at(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushnil(L);
    lua_pushliteral(L, "built without libmicrohttpd");
    return 2;
}

static void make_types(lua_State *L) {
    (void)L;
}
#endif

int luaopen_outdial_httpd(lua_State *L) {
    make_types(L);
    lua_newtable(L);
    lua_pushcfunction(L, listen_at);
    lua_setfield(L, -2, "listen");
    return 1;
}
