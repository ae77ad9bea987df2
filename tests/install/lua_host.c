/* A program with an engine of its own and a Lua state on it: both place a call at the mock, each hears of its own only.
 * usage: lua_host ENDPOINT */
#include <lauxlib.h>
#include <lualib.h>
#include <outdial/lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char script[] =
    "local endpoint = ...\n"
    "local client = outdial.ccai_platform { endpoint = endpoint, subdomain = 'acme', domain = 'x.example',\n"
    "    api_token = 'token', agent_email = 'lua@x' }\n"
    "outdial.spawn(function()\n"
    "    outdial.sleep(0.01)\n"
    "    local call, err = client:place_call { to = '+14155550123' }\n"
    "    lua_said = call and call.state or tostring(err)\n"
    "    client:close()\n"
    "end)\n";

static void die(const char *what) {
    fprintf(stderr, "lua_host: %s\n", what);
    exit(1);
}

static od_client *new_client(od_engine *engine, const char *endpoint) {
    char text[512];
    od_value *options = NULL;
    od_client *client = NULL;
    snprintf(text, sizeof text, "{\"endpoint\":\"%s\",\"subdomain\":\"acme\",\"domain\":\"x.example\",\"api_token\":\"token\","
             "\"agent_email\":\"c@x\"}", endpoint);
    if (od_value_parse(text, strlen(text), &options, NULL) != OD_OK ||
        od_client_new(engine, od_vendor_find("ccai_platform"), options, &client, NULL) != OD_OK)
        die("no client");
    od_value_unref(options);
    return client;
}

int main(int argc, char **argv) {
    od_engine *engine = NULL;
    lua_State *L = luaL_newstate();
    if (argc != 2 || !L || od_engine_new(NULL, &engine, NULL) != OD_OK)
        die("usage: lua_host ENDPOINT");
    luaL_openlibs(L);
    od_lua_open(L, engine);
    lua_setglobal(L, "outdial");
    if (luaL_loadstring(L, script) != LUA_OK)
        die(lua_tostring(L, -1));
    lua_pushstring(L, argv[1]);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        die(lua_tostring(L, -1));

    od_client *client = new_client(engine, argv[1]);
    od_value *call = NULL;
    if (od_value_parse("{\"to\":\"+14155550124\"}", 21, &call, NULL) != OD_OK ||
        od_client_place(client, call, NULL, NULL, NULL) != OD_OK)
        die("no call");
    od_value_unref(call);
    int taken = 0;
    const char *said = NULL;
    while (taken == 0 || said == NULL) {
        if (luaL_dostring(L, "outdial.engine:step(1)") != LUA_OK)
            die(lua_tostring(L, -1));
        for (od_request *request; (request = od_engine_take(engine)) != NULL; od_request_unref(request)) {
            taken++;
            if (od_request_status(request) != OD_OK)
                die(od_request_error(request)->message);
            printf("C: %s\n", od_value_string(od_value_find(od_request_result(request), "/state")));
        }
        lua_getglobal(L, "lua_said");
        said = lua_tostring(L, -1); /* the global keeps it */
        lua_pop(L, 1);
    }
    printf("Lua: %s\n%d taken\n", said, taken);
    lua_close(L);
    od_client_free(client);
    od_engine_free(engine);
    return 0;
}
