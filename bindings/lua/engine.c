/* engine: the event loop as a userdata. engine:step hands over what finished; nothing else calls back into Lua. */
#include "binding.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "request.h"

#define MANUAL_WALL_S 1700000000.0 /* where the wall clock of a manual engine starts unless told */

static od_lua_engine *check_type(lua_State *L, int index) {
    return od__lua_handle_check(L, index, OD_LUA_ENGINE);
}

od_lua_engine *od__lua_engine_check(lua_State *L, int index) {
    od_lua_engine *box = check_type(L, index);
    if (!box->core) luaL_error(L, "this engine is closed");
    return box;
}

static int64_t manual_now_us(void *context) {
    return ((od_lua_core *)context)->now_us;
}

static int64_t manual_wall_ms(void *context) {
    return ((od_lua_core *)context)->wall_ms;
}

static void advance_manual(od_lua_core *core, int64_t us) {
    int64_t before_ms = core->now_us / 1000;
    core->now_us += us;
    core->wall_ms += core->now_us / 1000 - before_ms;
}

/* Reads the options table at index: { clock = "manual", wall = Unix seconds }. */
static bool read_options(lua_State *L, int index, double *wall_s) {
    bool manual = false;
    *wall_s = MANUAL_WALL_S;
    if (lua_isnoneornil(L, index)) return false;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (strcmp(key, "clock") == 0) {
            const char *clock = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
            if (strcmp(clock, "manual") != 0) luaL_error(L, "the only other clock is \"manual\"");
            manual = true;
        } else if (strcmp(key, "wall") == 0 && lua_type(L, -1) == LUA_TNUMBER) {
            *wall_s = lua_tonumber(L, -1);
        } else {
            luaL_error(L, "unknown engine option \"%s\"", key);
        }
    }
    return manual;
}

static const char given_engine = 0; /* its address is the key in the registry */

void od__lua_engine_give(lua_State *L, od_engine *engine) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&given_engine);
    lua_pushlightuserdata(L, engine);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static od_engine *find_given(lua_State *L) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&given_engine);
    lua_rawget(L, LUA_REGISTRYINDEX);
    od_engine *engine = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return engine;
}

/* core.engine_new([{ clock = "manual", wall = seconds }]) -> engine, or nil, err. A manual clock is for tests without a
 * network: it moves by engine:advance, and a step that has nothing to do but wait moves it to the next timer. */
int od__lua_engine_new(lua_State *L) {
    double wall_s;
    bool manual = read_options(L, 1, &wall_s);
    od_engine *given = lua_isnoneornil(L, 1) ? find_given(L) : NULL;
    od_lua_engine *box = od__lua_handle_new(L, sizeof *box, OD_LUA_ENGINE);
    int index = lua_gettop(L);
    lua_createtable(L, 4, 0);
    lua_newtable(L);
    lua_rawseti(L, -2, OD_LUA_SLOT_PENDING);
    lua_newtable(L);
    lua_rawseti(L, -2, OD_LUA_SLOT_READY);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, OD_LUA_SLOT_ENGINE);
    od__lua_set_attached(L, index);

    od_error err = OD_ERROR_INIT;
    od_lua_core *core = od__calloc(1, sizeof *core);
    if (!core) {
        od__error_no_memory(&err);
        return od__lua_fail(L, &err);
    }
    core->references = 1;
    core->manual = manual;
    core->wall_ms = (int64_t)(wall_s * 1000);
    od_engine_options options = OD_ENGINE_OPTIONS_INIT;
    if (manual) {
        options.now_us = manual_now_us;
        options.wall_ms = manual_wall_ms;
        options.context = core;
    }
    core->borrowed = given != NULL;
    core->engine = given;
    if (!given && od_engine_new(&options, &core->engine, &err) != OD_OK) {
        od__free(core);
        return od__lua_fail(L, &err);
    }
    box->core = core;
    return 1;
}

/* Reads seconds as milliseconds, rounded up. */
static int64_t check_ms(lua_State *L, int index) {
    double ms = luaL_checknumber(L, index) * 1000;
    luaL_argcheck(L, ms >= 0 && ms <= 1e12, index, "expected seconds, 0 or more");
    int64_t whole = (int64_t)ms;
    return (double)whole < ms ? whole + 1 : whole;
}

static int to_timeout_ms(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) return -1;
    int64_t ms = check_ms(L, index);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static bool take(od_lua_engine *box) {
    od_lua_core *core = box->core;
    if (!box->taken && core->borrowed) box->taken = od__engine_take_of(core->engine, core);
    /* In an engine of its own there is nobody else to take anything. */
    if (!box->taken && !core->borrowed) box->taken = od__engine_take_any(core->engine);
    return box->taken != NULL;
}

static od_status step_manual(od_lua_engine *box, int timeout_ms, od_error *err) {
    od_status status = od_engine_step(box->core->engine, 0, err);
    if (status != OD_OK || timeout_ms == 0 || take(box)) return status;
    int next_ms = od_engine_timeout_ms(box->core->engine);
    if (next_ms > 0 && (timeout_ms < 0 || next_ms <= timeout_ms)) timeout_ms = next_ms;
    if (timeout_ms > 0) advance_manual(box->core, (int64_t)timeout_ms * 1000);
    return od_engine_step(box->core->engine, 0, err);
}

/* Moves what is finished to the table ready at index, which keeps it if memory runs out on the way. */
static void collect(lua_State *L, od_lua_engine *box, int pending, int ready) {
    int count = (int)od__lua_length(L, ready);
    while (take(box)) {
        /* A client's request carries the address of its userdata, the engine's own are listed by their own. */
        void *key = od_request_context(box->taken);
        if (!key) key = box->taken;
        lua_pushlightuserdata(L, key);
        lua_rawget(L, pending);
        od_lua_request *request = lua_touserdata(L, -1);
        if (request) {
            lua_rawseti(L, ready, ++count);
            lua_pushlightuserdata(L, key);
            lua_pushnil(L);
            lua_rawset(L, pending);
            if (request->client) request->client->pending--;
        } else {
            lua_pop(L, 1);
        }
        od_request_unref(box->taken);
        box->taken = NULL;
    }
}

/* engine:step(max_wait in seconds, nil: no limit) -> list of the requests that finished, each once. */
static int engine_step(lua_State *L) {
    od_lua_engine *box = od__lua_engine_check(L, 1);
    int timeout_ms = to_timeout_ms(L, 2);
    lua_settop(L, 1);
    od__lua_get_attached(L, 1);
    lua_rawgeti(L, 2, OD_LUA_SLOT_PENDING);
    lua_rawgeti(L, 2, OD_LUA_SLOT_READY);
    lua_createtable(L, 4, 0); /* before anything is taken */
    if (od__lua_length(L, 4) > 0) timeout_ms = 0;

    od_error err = OD_ERROR_INIT;
    od_status status = box->core->manual ? step_manual(box, timeout_ms, &err)
                                         : od_engine_step(box->core->engine, timeout_ms, &err);
    if (status != OD_OK) {
        od__lua_error_push(L, &err);
        return lua_error(L);
    }
    collect(L, box, 3, 4);
    lua_rawseti(L, 2, OD_LUA_SLOT_READY);
    return 1; /* the table that was the ready one */
}

static int engine_fd(lua_State *L) {
    lua_pushinteger(L, od_engine_fd(od__lua_engine_check(L, 1)->core->engine));
    return 1;
}

static int engine_timeout(lua_State *L) {
    int ms = od_engine_timeout_ms(od__lua_engine_check(L, 1)->core->engine);
    if (ms < 0) lua_pushnil(L);
    else lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

static int engine_pending(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)od_engine_pending(od__lua_engine_check(L, 1)->core->engine));
    return 1;
}

static int engine_now(lua_State *L) {
    lua_pushnumber(L, (lua_Number)od_engine_now_ms(od__lua_engine_check(L, 1)->core->engine) / 1000);
    return 1;
}

static int tell_now(lua_State *L) {
    const od_lua_engine *box = lua_touserdata(L, lua_upvalueindex(1));
    if (!box->core) return luaL_error(L, "this engine is closed");
    lua_pushnumber(L, (lua_Number)od_engine_now_ms(box->core->engine) / 1000);
    return 1;
}

/* engine:clock() -> function that returns what engine:now() does, whatever it is given: for those who ask often. */
static int engine_clock(lua_State *L) {
    od__lua_engine_check(L, 1);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, tell_now, 1);
    return 1;
}

static int engine_wall(lua_State *L) {
    lua_pushnumber(L, (lua_Number)od_engine_wall_ms(od__lua_engine_check(L, 1)->core->engine) / 1000);
    return 1;
}

static int engine_wake(lua_State *L) {
    od_engine_wake(od__lua_engine_check(L, 1)->core->engine);
    return 0;
}

static int finish_start(lua_State *L, const od_lua_engine *box, od_lua_request *request, od_status status,
                        const od_error *err) {
    if (status != OD_OK) return od__lua_fail(L, err);
    request->request->owner = box->core;
    od__lua_request_list(L, 2, 3, request->request);
    return 1;
}

/* engine:sleep(seconds) -> request, or nil, err. */
static int engine_sleep(lua_State *L) {
    od_lua_engine *box = od__lua_engine_check(L, 1);
    int64_t delay_ms = check_ms(L, 2);
    lua_settop(L, 1);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 2, NULL);
    od_error err = OD_ERROR_INIT;
    return finish_start(L, box, request, od_engine_sleep(box->core->engine, delay_ms, &request->request, &err), &err);
}

/* engine:await(descriptor) -> request that finishes once the descriptor is readable, or nil, err. */
static int engine_await(lua_State *L) {
    od_lua_engine *box = od__lua_engine_check(L, 1);
    int descriptor = (int)luaL_checkinteger(L, 2);
    luaL_argcheck(L, descriptor >= 0, 2, "expected a descriptor");
    lua_settop(L, 1);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 2, NULL);
    od_error err = OD_ERROR_INIT;
    return finish_start(L, box, request, od_engine_await(box->core->engine, descriptor, &request->request, &err), &err);
}

/* engine:advance(seconds): moves a manual clock; what is due finishes in the next step. */
static int engine_advance(lua_State *L) {
    od_lua_engine *box = od__lua_engine_check(L, 1);
    int64_t ms = check_ms(L, 2);
    if (!box->core->manual) return luaL_error(L, "this engine goes by the system's clock");
    advance_manual(box->core, ms * 1000);
    return 0;
}

static int engine_close(lua_State *L) {
    od_lua_engine *box = check_type(L, 1);
    od_lua_core *core = box->core;
    box->core = NULL;
    if (box->taken) od_request_unref(box->taken);
    box->taken = NULL;
    od__lua_core_unref(core);
    return 0;
}

void od__lua_open_engine(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"step", engine_step},   {"fd", engine_fd},       {"timeout", engine_timeout}, {"pending", engine_pending},
        {"now", engine_now},     {"clock", engine_clock}, {"wall", engine_wall},   {"wake", engine_wake},       {"sleep", engine_sleep},
        {"await", engine_await}, {"advance", engine_advance}, {"close", engine_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", engine_close}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_ENGINE, methods, metamethods);
    lua_pushcfunction(L, od__lua_engine_new);
    lua_setfield(L, -2, "engine_new");
}
