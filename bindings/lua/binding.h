/* binding: the inside of outdial.core, the C part of the Lua library: its userdata and what its files share.
 *
 * Rules that hold in every file here. Nothing stores a lua_State, and nothing of the core calls back into Lua: what the
 * core has to tell is fetched by engine:step and client:logs. A Lua error never leaks: memory of Lua comes first, the
 * resource second, and it is owned by a userdata before anything that may raise. A userdata is closed when its pointer
 * is NULL, which is how it is born. */
#ifndef OD_LUA_BINDING_H
#define OD_LUA_BINDING_H

#include <outdial.h>

#include "compat.h"

#pragma GCC visibility push(hidden)

/* ---- handle.c: userdata boxes ---- */

#define OD_LUA_ENGINE "outdial.engine"
#define OD_LUA_CLIENT "outdial.client"
#define OD_LUA_REQUEST "outdial.request"
#define OD_LUA_PREPARED "outdial.prepared"
#define OD_LUA_SUBSCRIPTION "outdial.subscription"
#define OD_LUA_STORE "outdial.store"
#define OD_LUA_VALUE "outdial.value"
#define OD_LUA_ERROR "outdial.error"

/* An engine outlives the userdata that made it until its last client is closed, in whatever order they are collected. */
typedef struct od_lua_core {
    od_engine *engine;
    int references;
    bool borrowed;     /* the engine is the program's */
    bool manual;       /* the clock below is the engine's: for tests */
    int64_t now_us;
    int64_t wall_ms;
} od_lua_core;

typedef struct od_lua_engine {
    od_lua_core *core;      /* NULL: closed */
    od_request *taken;      /* from od_engine_take, not handed over yet (memory ran out in between) */
} od_lua_engine;

#define OD_LUA_LOG_LINES 64
#define OD_LUA_LOG_BYTES 512

typedef struct od_lua_log {
    size_t first, count, lost;
    struct {
        od_log_level level;
        char text[OD_LUA_LOG_BYTES];
    } lines[OD_LUA_LOG_LINES];
} od_lua_log;

typedef struct od_lua_client {
    od_lua_core *core;
    od_client *client;      /* NULL: closed */
    od_lua_log *log;        /* NULL: nobody asked for lines */
    size_t pending;         /* requests submitted and not delivered by engine:step yet */
} od_lua_client;

typedef struct od_lua_store {
    od_lua_core *core;
    od_store *store;        /* NULL: closed */
} od_lua_store;

typedef struct od_lua_request {
    od_request *request;    /* NULL: never started, or taken */
    bool taken;             /* its result was handed over and let go */
    bool unread;            /* its result is handed over as a value, not as a table */
    od_lua_client *client;  /* pinned by what is attached; NULL: a request of a store or the engine */
} od_lua_request;

/* What is attached to an engine, a client, a store and a request: a table with these slots. It pins what the object needs. */
enum {
    OD_LUA_SLOT_PENDING = 1, /* key of a request (light userdata) -> its userdata; of the engine */
    OD_LUA_SLOT_READY = 2,   /* finished requests that engine:step returns next; of the engine only */
    OD_LUA_SLOT_ENGINE = 3,
    OD_LUA_SLOT_MAKER = 4,   /* the client or store itself, for its requests */
    OD_LUA_SLOT_SPARE = 5,   /* list of its requests that were taken, to be used again; not of the engine */
};

#define OD_LUA_SPARE_REQUESTS 128 /* that one client or store keeps */

/* Pushes a new userdata of bytes, all zero, with the metatable of type, and returns it. */
void *od__lua_handle_new(lua_State *L, size_t bytes, const char *type);
/* The userdata of type at index; NULL: it is another thing. type is the very text that od__lua_handle_type was given. Raises
 * nothing. */
void *od__lua_handle_find(lua_State *L, int index, const char *type);
/* luaL_checkudata for these types. */
void *od__lua_handle_check(lua_State *L, int index, const char *type);
/* Makes the metatable of type from methods (its __index) and metamethods. */
void od__lua_handle_type(lua_State *L, const char *type, const luaL_Reg *methods, const luaL_Reg *metamethods);
/* Sets each function in the table on top of the stack. */
void od__lua_register(lua_State *L, const luaL_Reg *functions);
/* Gives up one reference to core; the last one frees the engine, if it is not the program's. */
void od__lua_core_unref(od_lua_core *core);

/* ---- value.c ---- */

/* Makes an od_value (new) of the Lua value at index (absolute). Raises only before anything is acquired. A table with
 * keys 1..n is an array, one with text keys an object with its keys in alphabetical order, an empty one an empty object;
 * core.null is null, a prepared call what a store is told of it, an unread value a copy of itself. Errors: validation (what
 * JSON has no place for; path names it), out_of_memory. */
od_status od__lua_value_read(lua_State *L, int index, od_value **out, od_error *err);
/* Pushes value (borrowed). Integers that a Lua without integers cannot hold become decimal strings; null members of
 * objects are left out, null elements are core.null. */
void od__lua_value_push(lua_State *L, const od_value *value);
/* Pushes a userdata that will own a value, and returns where to put it. */
od_value **od__lua_value_box(lua_State *L);

/* ---- error.c ---- */

/* Pushes an error as a table { code, message, retryable, http_status, retry_after, placement, path, vendor_code,
 * request_id } with the metatable of outdial's errors. */
void od__lua_error_push(lua_State *L, const od_error *error);
/* Pushes nil and the error; returns 2. */
int od__lua_fail(lua_State *L, const od_error *error);

/* ---- engine.c, client.c, prepared.c, request.c ---- */

/* Return the object at index, raising if it is another thing or closed. */
od_lua_engine *od__lua_engine_check(lua_State *L, int index);
od_lua_client *od__lua_client_check(lua_State *L, int index);
/* Attaches to the client or store at index, made for the engine at engine (absolute), what its requests need. */
void od__lua_request_maker(lua_State *L, int index, int engine);
/* Pushes a request, a spare one of those in the table at attached (absolute) or a new one with that attached; nothing is under
 * way yet. client: whose it is, if a client's. */
od_lua_request *od__lua_request_new(lua_State *L, int attached, od_lua_client *client);
/* Lists (or delists) the request at index as pending under key in the table attached (absolute indexes). */
void od__lua_request_list(lua_State *L, int attached, int index, const void *key);
void od__lua_request_delist(lua_State *L, int attached, const void *key);

/* Returns the prepared call of client at index; NULL: it is another thing, another client's or dropped. Without raising. */
od_prepared *od__lua_prepared_find(lua_State *L, int index, const od_client *client);

/* Makes the value (new) of the prepared call at index, od__prepared_call, without raising. Errors: validation (it is another
 * thing, or dropped), closed, out_of_memory. */
od_status od__lua_prepared_value(lua_State *L, int index, od_value **out, od_error *err);

/* Has engines that core.engine_new makes without options be this one, which the program keeps. */
void od__lua_engine_give(lua_State *L, od_engine *engine);
int od__lua_engine_new(lua_State *L);
int od__lua_client_new(lua_State *L);
int od__lua_client_prepare_placing(lua_State *L);
int od__lua_client_account_of(lua_State *L);
int od__lua_client_misuse(lua_State *L);
int od__lua_client_subscribe(lua_State *L);
int od__lua_client_unsubscribe(lua_State *L);

/* Each makes the types of its file; the table of the module is on top of the stack. */
void od__lua_open_error(lua_State *L);
void od__lua_open_value(lua_State *L);
void od__lua_open_engine(lua_State *L);
void od__lua_open_client(lua_State *L);
void od__lua_open_request(lua_State *L);
void od__lua_open_prepared(lua_State *L);
void od__lua_open_store(lua_State *L);
void od__lua_open_subscription(lua_State *L);
void od__lua_open_describe(lua_State *L);
void od__lua_open_check(lua_State *L);
void od__lua_open_crypto(lua_State *L);
void od__lua_open_sigv4(lua_State *L);

#pragma GCC visibility pop

#endif
