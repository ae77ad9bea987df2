/* client: one vendor account as a userdata: submit, place, prepare, find, track, and the log lines that the core has for it. */
#include "binding.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "client.h"
#include "json/value.h"

static od_lua_client *check_type(lua_State *L, int index) {
    return od__lua_handle_check(L, index, OD_LUA_CLIENT);
}

od_lua_client *od__lua_client_check(lua_State *L, int index) {
    od_lua_client *box = check_type(L, index);
    if (!box->client) luaL_error(L, "this client is closed");
    return box;
}

static const od_vendor *check_vendor(lua_State *L, int index) {
    const char *name = luaL_checkstring(L, index);
    const od_vendor *vendor = od_vendor_find(name);
    if (vendor) return vendor;
    const char *near = od_did_you_mean(NULL, name);
    if (near) luaL_error(L, "unknown vendor \"%s\", did you mean \"%s\"?", name, near);
    luaL_error(L, "unknown vendor \"%s\"", name);
    return NULL;
}

/* core.client_new(engine, vendor, options) -> client, or nil, err. Raises for an unknown vendor. */
int od__lua_client_new(lua_State *L) {
    od_lua_engine *engine = od__lua_engine_check(L, 1);
    const od_vendor *vendor = check_vendor(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    od_lua_client *box = od__lua_handle_new(L, sizeof *box, OD_LUA_CLIENT);
    od__lua_request_maker(L, 4, 1);
    od_error err = OD_ERROR_INIT;
    od_value *options;
    od_status status = od__lua_value_read(L, 3, &options, &err);
    if (status == OD_OK) {
        status = od_client_new(engine->core->engine, vendor, options, &box->client, &err);
        od__value_wipe(options); /* it held passwords and keys */
    }
    if (status != OD_OK) {
        box->client = NULL;
        return od__lua_fail(L, &err);
    }
    box->core = engine->core;
    box->core->references++;
    return 1;
}

static const char *check_operation(lua_State *L, const od_lua_client *box, int index) {
    const char *name = luaL_checkstring(L, index);
    const od_vendor *vendor = od_client_vendor(box->client);
    if (od_operation_find(vendor, name)) return name;
    const char *near = od_did_you_mean(vendor, name);
    if (near) luaL_error(L, "unknown operation \"%s\", did you mean \"%s\"?", name, near);
    luaL_error(L, "unknown operation \"%s\"", name);
    return NULL;
}

#define UNKNOWN_OPTION "unknown option \"%s\": a call takes send_before, timeout, single_try and unpaced"
#define NOT_SECONDS "%s: expected seconds, 0 or more"
#define NOT_A_FLAG "%s: expected true or false"

/* Reads the value on top, of an option, in milliseconds. Returns what is wrong with it (a format for its key), or NULL. */
static const char *read_seconds(lua_State *L, int64_t *out) {
    double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
    if (!(seconds >= 0 && seconds <= 1e12)) return NOT_SECONDS;
    int64_t ms = (int64_t)(seconds * 1000);
    *out = ms < 1 ? 1 : ms; /* 0 would mean no limit */
    return NULL;
}

static const char *read_flag(lua_State *L, bool *out) {
    if (lua_type(L, -1) != LUA_TBOOLEAN) return NOT_A_FLAG;
    *out = lua_toboolean(L, -1);
    return NULL;
}

static const char *read_option(lua_State *L, const char *key, od_submit_options *options, bool *unread) {
    switch (key[0]) { /* this is read for each call */
    case 's':
        if (strcmp(key, "send_before") == 0) return read_seconds(L, &options->send_before_ms);
        return strcmp(key, "single_try") == 0 ? read_flag(L, &options->single_try) : UNKNOWN_OPTION;
    case 't':
        return strcmp(key, "timeout") == 0 ? read_seconds(L, &options->timeout_ms) : UNKNOWN_OPTION;
    case 'u':
        if (strcmp(key, "unpaced") == 0) return read_flag(L, &options->unpaced);
        return unread && strcmp(key, "unread") == 0 ? read_flag(L, unread) : UNKNOWN_OPTION;
    default: return UNKNOWN_OPTION;
    }
}

/* Reads { send_before = seconds on engine:now(), timeout = seconds, single_try = flag, unpaced = flag } at index, a table; unread
 * (may be NULL): an option of that name as well. Returns what is wrong, or NULL; *wrong is then the key. */
static const char *find_send_options(lua_State *L, int index, od_submit_options *options, bool *unread, const char **wrong) {
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        *wrong = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        const char *problem = read_option(L, *wrong, options, unread);
        if (problem) return problem;
    }
    return NULL;
}

/* As find_send_options, raising what is wrong; nil: none of them. */
static void read_send_options(lua_State *L, int index, od_submit_options *options) {
    if (lua_isnoneornil(L, index)) return;
    luaL_checktype(L, index, LUA_TTABLE);
    const char *key;
    const char *problem = find_send_options(L, index, options, NULL, &key);
    if (problem) luaL_error(L, problem, key);
}

/* What is started: an operation with parameters, a call, or one that was prepared. */
typedef struct starting {
    const char *operation;  /* NULL: a call */
    od_prepared *prepared;  /* NULL: the table at index says what */
    int index;
} starting;

static od_status start_core(lua_State *L, const od_lua_client *box, const starting *what, const od_submit_options *options,
                            od_request **out, od_error *err) {
    if (what->prepared) return od_prepared_place(what->prepared, options, out, err);
    od_value *parameters;
    od_status status = od__lua_value_read(L, what->index, &parameters, err);
    if (status != OD_OK) return status;
    return what->operation ? od__client_submit_take(box->client, what->operation, parameters, options, out, err)
                           : od__client_place_take(box->client, parameters, options, out, err);
}

/* Starts it. The request is listed before it is started, so that nothing that was sent can be lost for want of memory. */
static int start(lua_State *L, od_lua_client *box, const starting *what, od_submit_options *options, bool unread) {
    int index = what->index;
    lua_settop(L, index);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, index + 1, box);
    od__lua_request_list(L, index + 1, index + 2, request);
    request->unread = unread;
    options->context = request;

    od_error err;
    od__error_init(&err); /* its texts are long, and this runs for each call */
    if (start_core(L, box, what, options, &request->request, &err) != OD_OK) {
        request->request = NULL;
        od__lua_request_delist(L, index + 1, request);
        return od__lua_fail(L, &err);
    }
    request->request->owner = box->core;
    box->pending++;
    return 1;
}

/* Starts it with the options after its index. */
static int start_with_options(lua_State *L, od_lua_client *box, const starting *what) {
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    read_send_options(L, what->index + 1, &options);
    return start(L, box, what, &options, false);
}

/* client:submit(operation, parameters [, options]) -> request, or nil, err. Raises for an unknown operation. */
static int client_submit(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    starting what = {.operation = check_operation(L, box, 2), .index = 3};
    luaL_checktype(L, 3, LUA_TTABLE);
    return start_with_options(L, box, &what);
}

/* client:place(call [, options]) -> request, or nil, err. */
static int client_place(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    return start_with_options(L, box, &(starting){.index = 2});
}

/* Reads options, or nil, of place_prepared at index; returns whether they are such. */
static bool are_options(lua_State *L, int index, od_submit_options *options, bool *unread) {
    const char *key;
    if (lua_isnoneornil(L, index)) return true;
    return lua_type(L, index) == LUA_TTABLE && !find_send_options(L, index, options, unread, &key);
}

/* client:place_prepared(prepared [, options]) -> request, or nil, err; nothing if it does not take these: its caller says why. With
 * { unread = true } its result is a value for another function of the core. */
static int client_place_prepared(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    bool unread = false;
    od_prepared *prepared = od__lua_prepared_find(L, 2, box->client);
    if (!prepared || !are_options(L, 3, &options, &unread)) return 0;
    return start(L, box, &(starting){.prepared = prepared, .index = 2}, &options, unread);
}

/* Follows the call (a table) at index 2. The request is listed before it is started, as in start. */
static int follow(lua_State *L, od_purpose purpose, int64_t timeout_ms) {
    od_lua_client *box = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    od__lua_get_attached(L, 1);
    od_lua_request *request = od__lua_request_new(L, 3, box);
    od__lua_request_list(L, 3, 4, request);
    od_error err = OD_ERROR_INIT;
    od_value *call;
    od_status status = od__lua_value_read(L, 2, &call, &err);
    if (status == OD_OK)
        status = od__client_follow_take(box->client, purpose, call, timeout_ms, request, &request->request, &err);
    if (status != OD_OK) {
        request->request = NULL;
        od__lua_request_delist(L, 3, request);
        return od__lua_fail(L, &err);
    }
    request->request->owner = box->core;
    box->pending++;
    return 1;
}

/* client:find(call) -> request for { placement = "placed", call } or { found = false }, or nil, err. */
static int client_find(lua_State *L) {
    return follow(L, OD_PURPOSE_FIND, 0);
}

/* client:track(call [, { timeout = seconds }]) -> request for { kind, rang, raw, at, lives_on }, or nil, err. */
static int client_track(lua_State *L) {
    od_submit_options options = OD_SUBMIT_OPTIONS_INIT;
    read_send_options(L, 3, &options);
    if (options.send_before_ms || options.single_try || options.unpaced)
        return luaL_error(L, "following a call takes timeout only");
    return follow(L, OD_PURPOSE_TRACK, options.timeout_ms);
}

/* client:withdraw(call) -> request for { withdrawn = true } or { withdrawn = false, why, placed }, or nil, err. */
static int client_withdraw(lua_State *L) {
    return follow(L, OD_PURPOSE_WITHDRAW, 0);
}

/* client:prepare(operation or "place_call", parameters) -> { method, url, headers, body } without secrets, or nil, err. */
static int client_prepare(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    const char *operation = luaL_checkstring(L, 2);
    if (strcmp(operation, "place_call") != 0) operation = check_operation(L, box, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    od_value **parameters = od__lua_value_box(L);
    od_value **prepared = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    if (od__lua_value_read(L, 3, parameters, &err) != OD_OK) return od__lua_fail(L, &err);
    if (od_client_prepare(box->client, operation, *parameters, prepared, &err) != OD_OK) return od__lua_fail(L, &err);
    od__lua_value_push(L, *prepared);
    return 1;
}

/* client:prepare_call(call) -> { operation, method, url, headers, body, token, account, bucket, per_second, burst, hands_off,
 * hands_off_unbounded }, or nil, err. */
static int client_prepare_call(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    od_value **described = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    od_value *call;
    od_prepared *prepared = NULL;
    od_status status = od__lua_value_read(L, 2, &call, &err);
    if (status == OD_OK) status = od__client_prepare_take(box->client, call, &prepared, &err);
    if (status == OD_OK) status = od_prepared_describe(prepared, described, &err);
    od_prepared_free(prepared);
    if (status != OD_OK) return od__lua_fail(L, &err);
    od__lua_value_push(L, *described);
    return 1;
}

/* client:rate_scope() -> whose rate it takes from, as text, or nil, err. */
static int client_rate_scope(lua_State *L) {
    char scope[4096];
    od_error err = OD_ERROR_INIT;
    if (od_client_rate_scope(od__lua_client_check(L, 1)->client, scope, sizeof(scope), &err) != OD_OK)
        return od__lua_fail(L, &err);
    lua_pushstring(L, scope);
    return 1;
}

/* client:share_rate(clients): so many take from that rate at present. */
static int client_share_rate(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    lua_Integer clients = luaL_checkinteger(L, 2);
    luaL_argcheck(L, clients >= 1 && clients <= INT_MAX, 2, "expected 1 or more");
    od_client_share_rate(box->client, (int)clients);
    return 0;
}

/* client:ending() -> the name of the operation that ends what is open at the vendor, or nil. */
static int client_ending(lua_State *L) {
    lua_pushstring(L, od_client_ending(od__lua_client_check(L, 1)->client));
    return 1;
}

static int client_vendor(lua_State *L) {
    lua_pushstring(L, od_vendor_name(od_client_vendor(od__lua_client_check(L, 1)->client)));
    return 1;
}

/* client:pending() -> how many of its requests engine:step has not handed over yet. */
static int client_pending(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_type(L, 1)->pending);
    return 1;
}

static void keep_line(void *context, od_log_level level, const char *text) {
    od_lua_log *log = context;
    if (log->count == OD_LUA_LOG_LINES) {
        log->first = (log->first + 1) % OD_LUA_LOG_LINES;
        log->count--;
        log->lost++;
    }
    size_t at = (log->first + log->count++) % OD_LUA_LOG_LINES;
    size_t length = strnlen(text, OD_LUA_LOG_BYTES - 1);
    memcpy(log->lines[at].text, text, length);
    log->lines[at].text[length] = '\0';
    log->lines[at].level = level;
}

/* client:keep_logs(): from now on log lines are kept until client:logs fetches them; the oldest give way. */
static int client_keep_logs(lua_State *L) {
    od_lua_client *box = od__lua_client_check(L, 1);
    if (box->log) return 0;
    box->log = od__calloc(1, sizeof *box->log);
    if (!box->log) return luaL_error(L, "out of memory");
    od_client_set_log(box->client, keep_line, box->log);
    return 0;
}

static const char *level_name(od_log_level level) {
    return level == OD_LOG_DEBUG ? "debug" : level == OD_LOG_INFO ? "info" : "warning";
}

static void push_line(lua_State *L, const char *level, const char *text) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, level);
    lua_setfield(L, -2, "level");
    lua_pushstring(L, text);
    lua_setfield(L, -2, "text");
}

/* client:logs() -> list of { level = "debug" | "info" | "warning", text = }, or nil if there is nothing new. */
static int client_logs(lua_State *L) {
    od_lua_log *log = check_type(L, 1)->log;
    if (!log || log->count == 0) return 0;
    int count = 0;
    lua_createtable(L, (int)log->count + 1, 0);
    if (log->lost) {
        lua_pushfstring(L, "%d earlier lines were dropped", (int)log->lost);
        push_line(L, "warning", lua_tostring(L, -1));
        lua_rawseti(L, -3, ++count);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < log->count; i++) {
        size_t at = (log->first + i) % OD_LUA_LOG_LINES;
        push_line(L, level_name(log->lines[at].level), log->lines[at].text);
        lua_rawseti(L, -2, ++count);
    }
    log->first = log->count = log->lost = 0;
    return 1;
}

/* client:close(): what is under way finishes as `closed`; closing twice does nothing. */
static int client_close(lua_State *L) {
    od_lua_client *box = check_type(L, 1);
    od_client *client = box->client;
    od_lua_core *core = box->core;
    box->client = NULL;
    box->core = NULL;
    od_client_free(client);
    od__lua_core_unref(core);
    return 0;
}

static int client_free(lua_State *L) {
    od_lua_client *box = check_type(L, 1);
    client_close(L);
    od__free(box->log);
    box->log = NULL;
    return 0;
}

void od__lua_open_client(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"submit", client_submit}, {"place", client_place},         {"prepare", client_prepare},
        {"prepare_call", client_prepare_call}, {"prepare_placing", od__lua_client_prepare_placing},
        {"account_of", od__lua_client_account_of},
        {"place_prepared", client_place_prepared}, {"misuse", od__lua_client_misuse},
        {"find", client_find},     {"track", client_track},         {"withdraw", client_withdraw},
        {"subscribe", od__lua_client_subscribe}, {"unsubscribe", od__lua_client_unsubscribe},
        {"rate_scope", client_rate_scope}, {"share_rate", client_share_rate},
        {"ending", client_ending}, {"vendor", client_vendor},
        {"pending", client_pending},     {"keep_logs", client_keep_logs},
        {"logs", client_logs},     {"close", client_close},         {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", client_free}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_CLIENT, methods, metamethods);
    lua_pushcfunction(L, od__lua_client_new);
    lua_setfield(L, -2, "client_new");
}
