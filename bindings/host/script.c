#include "script.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "heap.h"
#include "library.h"

int luaopen_outdial_httpd(lua_State *L);

struct host_script {
    lua_State *lua;
    heap heap;          /* the Lua's memory */
    bool warns, warning; /* warnings are shown; one is being written */
    bool acts;
    int signal_fd;
    int (*signals)(void);
};

/* ---- outdial.host: what the commands ask of the program they run in ---- */

/* host.signals() -> how many signals asked to stop */
static int host_signals(lua_State *L) {
    const host_script *script = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushinteger(L, script->signals());
    return 1;
}

/* host.acts(): the command does more than to show something */
static int host_acts(lua_State *L) {
    host_script *script = lua_touserdata(L, lua_upvalueindex(1));
    script->acts = true;
    return 0;
}

/* host.terminal(fd) -> is it a terminal, its columns or nil */
static int host_terminal(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    lua_pushboolean(L, isatty(fd));
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        lua_pushinteger(L, size.ws_col);
    else
        lua_pushnil(L);
    return 2;
}

static int open_host(lua_State *L) {
    const host_script *script = lua_touserdata(L, lua_upvalueindex(1));
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, script->signal_fd);
    lua_setfield(L, -2, "signal_fd");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, host_signals, 1);
    lua_setfield(L, -2, "signals");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, host_acts, 1);
    lua_setfield(L, -2, "acts");
    lua_pushcfunction(L, host_terminal);
    lua_setfield(L, -2, "terminal");
    return 1;
}

/* ---- the library ---- */

static void add_preloads(lua_State *L, host_script *script) {
    library_add(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_outdial_httpd);
    lua_setfield(L, -2, "outdial.httpd");
    lua_pushlightuserdata(L, script);
    lua_pushcclosure(L, open_host, 1);
    lua_setfield(L, -2, "outdial.host");
    lua_pop(L, 1);
}

/* ---- running ---- */

/* An error that was made with a traceback keeps it; another gets one here, where the stack still stands. */
static int add_traceback(lua_State *L) {
    const char *message = luaL_tolstring(L, 1, NULL);
    if (!strstr(message, "\nstack traceback:"))
        luaL_traceback(L, L, message, 1);
    return 1;
}

typedef struct host_arguments {
    host_script *script;
    int argc;
    char **argv;
} host_arguments;

/* The one function under the protected call: sets Lua up and calls outdial.commands.main{ argument... }. */
static int run_protected(lua_State *L) {
    const host_arguments *arguments = lua_touserdata(L, 1);
    luaL_openlibs(L);
    add_preloads(L, arguments->script);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "outdial.commands");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    lua_createtable(L, arguments->argc, 0);
    for (int i = 1; i < arguments->argc; i++) {
        lua_pushstring(L, arguments->argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    int is_integer = 0;
    lua_Integer code = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || code < HOST_DONE || code > HOST_STOPPED)
        return luaL_error(L, "a command returned %s as its exit code", luaL_tolstring(L, -1, NULL));
    lua_pushinteger(L, code);
    return 1;
}

/* For an error that no protected call is there to catch: a defect of this program. */
static int on_panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "outdial: %s\n", message ? message : "an error that is no text");
    return 0; /* Lua aborts */
}

/* warn() of a script: as in lua, silent until warn("@on"). */
static void on_warning(void *context, const char *message, int to_continue) {
    host_script *script = context;
    if (!script->warning && !to_continue && message[0] == '@') {
        if (strcmp(message, "@on") == 0 || strcmp(message, "@off") == 0)
            script->warns = message[2] == 'n';
        return;
    }
    if (script->warns)
        fprintf(stderr, "%s%s%s", script->warning ? "" : "Lua warning: ", message, to_continue ? "" : "\n");
    script->warning = to_continue;
}

host_script *script_new(int signal_fd, int (*signals)(void)) {
    host_script *script = od__calloc(1, sizeof(*script));
    if (!script)
        return NULL;
    script->signal_fd = signal_fd;
    script->signals = signals;
    script->lua = lua_newstate(heap_allocate, &script->heap);
    if (!script->lua) {
        heap_clear(&script->heap);
        od__free(script);
        return NULL;
    }
    lua_atpanic(script->lua, on_panic);
    lua_setwarnf(script->lua, on_warning, script);
    return script;
}

int script_run(host_script *script, int argc, char **argv) {
    lua_State *L = script->lua;
    host_arguments arguments = {.script = script, .argc = argc, .argv = argv};
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, &arguments);
    int code = HOST_FAILED;
    if (lua_pcall(L, 1, 1, 1) == LUA_OK)
        code = (int)lua_tointeger(L, -1);
    else
        fprintf(stderr, "outdial: %s\n", lua_tostring(L, -1));
    lua_settop(L, 0);
    return code;
}

bool script_acts(const host_script *script) {
    return script->acts;
}

void script_free(host_script *script) {
    if (!script)
        return;
    lua_close(script->lua);
    heap_clear(&script->heap);
    od__free(script);
}
