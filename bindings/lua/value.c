/* value: Lua values to od_value and back. */
#include "binding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "json/value.h"

/* Reading calls no Lua function that may raise, since a half-made od_value would leak: the stack is reserved
 * beforehand, keys are never converted, nothing is pushed but by lua_next and lua_rawgeti. A C function has
 * LUA_MINSTACK (20) slots for the asking; what is nested deeper makes reading stop, reserve more and start anew. */
#define SLOTS_PER_LEVEL 3
#define SLOTS_AT_END 2 /* for finding out what a userdata is */
#define LEVELS_FOR_FREE 3
#define LEVELS_MAX OD_LIMIT_JSON_DEPTH
#define MEMBERS_ON_STACK 32

typedef struct reader {
    lua_State *L;
    od_error *err;
    int levels, levels_reserved;
    bool needs_room;
    const void *tables[LEVELS_MAX]; /* those being read, outermost first: a cycle leads back into one of them */
} reader;

typedef struct member {
    const char *key; /* anchored by the table, which nobody changes meanwhile */
    size_t key_length;
    od_value *value;
} member;

typedef struct members {
    member *list; /* `few`, or a block of its own */
    size_t count, capacity, key_bytes;
    member few[MEMBERS_ON_STACK];
} members;

static od_value *read_value(reader *r, int index);

static od_value *refuse(reader *r, const char *expected, const char *got) {
    od__error_set(r->err, OD_VALIDATION, "expected %s, got %s", expected, got);
    return NULL;
}

static od_value *refuse_type(reader *r, const char *expected, int index) {
    od__error_set(r->err, OD_VALIDATION, "expected %s, got a %s", expected, luaL_typename(r->L, index));
    return NULL;
}

static od_value *no_memory(reader *r) {
    od__error_no_memory(r->err);
    return NULL;
}

/* Puts "/key" in front of the path of the error under way, escaped as in a JSON pointer. */
static void prefix_path(od_error *err, const char *key) {
    if (err->code != OD_VALIDATION) return;
    char path[OD_ERROR_PATH_BYTES];
    size_t at = 0;
    path[at++] = '/';
    for (; *key && at < sizeof path - 2; key++) {
        if (*key == '~' || *key == '/') {
            path[at++] = '~';
            path[at++] = *key == '~' ? '0' : '1';
        } else {
            path[at++] = *key;
        }
    }
    for (const char *rest = err->path; *rest && at < sizeof path - 1; rest++) path[at++] = *rest;
    path[at] = '\0';
    memcpy(err->path, path, at + 1);
}

static od_value *read_string(reader *r, int index) {
    size_t length;
    const char *text = lua_tolstring(r->L, index, &length);
    if (!od__utf8_is_text(text, length)) {
        if (memchr(text, '\0', length)) return refuse(r, "text without zero bytes", "some");
        return refuse(r, "UTF-8 text", "other bytes");
    }
    od_value *value = od__value_text(text, length);
    return value ? value : no_memory(r);
}

static od_value *read_number(reader *r, int index) {
    int64_t integer;
    od_value *value;
    if (od__lua_integer(r->L, index, &integer)) {
        value = od_value_new_integer(integer);
    } else {
        double number = lua_tonumber(r->L, index);
        if (!isfinite(number)) return refuse(r, "a number", isnan(number) ? "nan" : "infinity");
        value = od_value_new_number(number);
    }
    return value ? value : no_memory(r);
}

static od_value *read_list(reader *r, int index) {
    lua_State *L = r->L;
    size_t length = od__lua_length(L, index), count = 0;
    int top = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), count++) {
        int64_t position;
        if (lua_type(L, -2) != LUA_TNUMBER) refuse(r, "an object or a list", "a table with both kinds of keys");
        else if (!od__lua_integer(L, -2, &position) || position < 1 || (uint64_t)position > length)
            refuse(r, "a list with keys 1 to n", "a table with gaps or other keys");
        else continue;
        lua_settop(L, top);
        return NULL;
    }
    if (count != length) return refuse(r, "a list with keys 1 to n", "a table with gaps or other keys");

    od_value *array = od__value_new_array_for(length);
    if (!array) return no_memory(r);
    for (size_t i = 1; i <= length; i++) {
        lua_rawgeti(L, index, (int)i);
        od_value *element = read_value(r, top + 1);
        lua_settop(L, top);
        if (!element) {
            char key[24];
            snprintf(key, sizeof key, "%zu", i - 1);
            prefix_path(r->err, key);
            od_value_unref(array);
            return NULL;
        }
        if (od_value_add(array, element, r->err) != OD_OK) {
            od_value_unref(array);
            return NULL;
        }
    }
    return array;
}

/* Reads the key at index. */
static bool read_key(reader *r, int index, member *into) {
    int type = lua_type(r->L, index);
    if (type != LUA_TSTRING) {
        if (type == LUA_TNUMBER) refuse(r, "an object or a list", "a table with both kinds of keys");
        else refuse_type(r, "keys of text", index);
        return false;
    }
    into->key = lua_tolstring(r->L, index, &into->key_length);
    if (od__utf8_is_text(into->key, into->key_length)) return true;
    refuse(r, "keys of UTF-8 text without zero bytes", "other bytes");
    return false;
}

static bool has_room(members *all) {
    if (all->count < all->capacity) return true;
    bool first = all->list == all->few;
    member *more = od__realloc(first ? NULL : all->list, sizeof(member) * all->capacity * 2);
    if (!more) return false;
    if (first) memcpy(more, all->few, sizeof all->few);
    all->list = more;
    all->capacity *= 2;
    return true;
}

/* Reads the members in any order. The first key and value lie on top of the stack; they are gone afterwards. */
static bool read_members(reader *r, int index, members *all) {
    lua_State *L = r->L;
    int top = lua_gettop(L) - 2;
    do {
        if (!has_room(all)) {
            no_memory(r);
            break;
        }
        member *next = &all->list[all->count];
        if (!read_key(r, top + 1, next)) break;
        next->value = read_value(r, top + 2);
        if (!next->value) {
            prefix_path(r->err, next->key);
            break;
        }
        all->count++;
        all->key_bytes += next->key_length + 1;
        lua_settop(L, top + 1);
        if (!lua_next(L, index)) return true;
    } while (true);
    lua_settop(L, top);
    return false;
}

static bool comes_before(const member *a, const member *b) {
    unsigned char first = (unsigned char)a->key[0], other = (unsigned char)b->key[0];
    return first != other ? first < other : strcmp(a->key, b->key) < 0;
}

static int compare_members(const void *a, const void *b) {
    return strcmp(((const member *)a)->key, ((const member *)b)->key);
}

/* Members go in alphabetical order: a table has none of its own, and the same call must be the same bytes each time. */
static void sort_members(members *all) {
    if (all->list != all->few) {
        qsort(all->list, all->count, sizeof(member), compare_members);
        return;
    }
    for (size_t i = 1; i < all->count; i++) {
        member moving = all->few[i];
        size_t at = i;
        for (; at > 0 && comes_before(&moving, &all->few[at - 1]); at--) all->few[at] = all->few[at - 1];
        all->few[at] = moving;
    }
}

/* The first key and value lie on top of the stack; they are gone afterwards. */
static od_value *read_object(reader *r, int index) {
    members all;
    all.list = all.few;
    all.count = all.key_bytes = 0;
    all.capacity = MEMBERS_ON_STACK;
    bool read = read_members(r, index, &all);
    od_value *object = read ? od__value_new_object_for(all.count, all.key_bytes) : NULL;
    bool good = object != NULL;
    if (good) sort_members(&all);
    for (size_t i = 0; i < all.count; i++) {
        if (good) good = od__value_put_new(object, all.list[i].key, all.list[i].key_length, all.list[i].value);
        else od_value_unref(all.list[i].value);
    }
    if (all.list != all.few) od__free(all.list);
    if (good) return object;
    od_value_unref(object);
    return read ? no_memory(r) : NULL;
}

static od_value *read_table(reader *r, int index) {
    lua_State *L = r->L;
    const void *table = lua_topointer(L, index);
    for (int i = 0; i < r->levels; i++) {
        if (r->tables[i] == table) return refuse(r, "a tree", "a table that contains itself");
    }
    if (r->levels == LEVELS_MAX) {
        od__error_set(r->err, OD_VALIDATION, "expected at most %d levels of nesting, got more", LEVELS_MAX);
        return NULL;
    }
    if (r->levels == r->levels_reserved) {
        r->needs_room = true;
        return NULL;
    }
    r->tables[r->levels++] = table;
    lua_pushnil(L);
    od_value *value;
    if (!lua_next(L, index)) {
        value = od_value_new_object();
        if (!value) no_memory(r);
    } else if (lua_type(L, -2) == LUA_TNUMBER) {
        lua_pop(L, 2);
        value = read_list(r, index);
    } else {
        value = read_object(r, index);
    }
    r->levels--;
    return value;
}

/* What is read may be changed by whoever gets it. */
static od_value *read_userdata(reader *r, int index) {
    od_value *value, **unread = od__lua_handle_find(r->L, index, OD_LUA_VALUE);
    if (!unread) return od__lua_prepared_value(r->L, index, &value, r->err) == OD_OK ? value : NULL;
    value = od__value_copy(*unread);
    return value ? value : no_memory(r);
}

static od_value *read_value(reader *r, int index) {
    lua_State *L = r->L;
    od_value *value;
    switch (lua_type(L, index)) {
    case LUA_TSTRING: return read_string(r, index);
    case LUA_TNUMBER: return read_number(r, index);
    case LUA_TTABLE: return read_table(r, index);
    case LUA_TUSERDATA: return read_userdata(r, index);
    case LUA_TBOOLEAN: value = od_value_new_boolean(lua_toboolean(L, index)); break;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index)) return refuse_type(r, "what JSON can hold", index);
        value = od_value_new_null();
        break;
    default: return refuse_type(r, "what JSON can hold", index);
    }
    return value ? value : no_memory(r);
}

static od_value *read_from_top(reader *r, lua_State *L, int index, int levels_reserved, od_error *err) {
    r->L = L;
    r->err = err;
    r->levels = 0;
    r->levels_reserved = levels_reserved;
    r->needs_room = false;
    return read_value(r, index);
}

od_status od__lua_value_read(lua_State *L, int index, od_value **out, od_error *err) {
    reader r; /* set one by one: of its tables nobody reads more than it says */
    *out = read_from_top(&r, L, index, LEVELS_FOR_FREE, err);
    if (!*out && r.needs_room) {
        od__error_clear(err); /* the path of where it stopped */
        luaL_checkstack(L, LEVELS_MAX * SLOTS_PER_LEVEL + SLOTS_AT_END, "a nested table needs room");
        *out = read_from_top(&r, L, index, LEVELS_MAX, err);
    }
    return *out ? OD_OK : err->code;
}

static void push_integer(lua_State *L, int64_t integer) {
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)integer);
#else
    const int64_t exact = (int64_t)OD_LUA_EXACT;
    if (integer >= -exact && integer <= exact) {
        lua_pushnumber(L, (lua_Number)integer);
    } else {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)integer);
        lua_pushstring(L, text);
    }
#endif
}

static void push_array(lua_State *L, const od_value *array) {
    size_t count = od_value_length(array);
    luaL_checkstack(L, SLOTS_PER_LEVEL, "a nested value needs room");
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        od__lua_value_push(L, od_value_at(array, i));
        lua_rawseti(L, -2, (int)(i + 1));
    }
}

static void push_object(lua_State *L, const od_value *object) {
    void *cursor = NULL;
    const char *key;
    size_t key_length;
    const od_value *value;
    luaL_checkstack(L, SLOTS_PER_LEVEL, "a nested value needs room");
    lua_createtable(L, 0, (int)od_value_length(object));
    while ((value = od__value_next_n(object, &cursor, &key, &key_length)) != NULL) {
        if (od_value_type(value) == OD_TYPE_NULL) continue;
        lua_pushlstring(L, key, key_length);
        od__lua_value_push(L, value);
        lua_rawset(L, -3);
    }
}

void od__lua_value_push(lua_State *L, const od_value *value) {
    switch (od_value_type(value)) {
    case OD_TYPE_NULL: lua_pushlightuserdata(L, NULL); break;
    case OD_TYPE_BOOLEAN: lua_pushboolean(L, od_value_boolean(value)); break;
    case OD_TYPE_INTEGER: push_integer(L, od_value_integer(value)); break;
    case OD_TYPE_NUMBER: lua_pushnumber(L, od_value_number(value)); break;
    case OD_TYPE_STRING: lua_pushlstring(L, od_value_string(value), od_value_length(value)); break;
    case OD_TYPE_ARRAY: push_array(L, value); break;
    case OD_TYPE_OBJECT: push_object(L, value); break;
    }
}

od_value **od__lua_value_box(lua_State *L) {
    return od__lua_handle_new(L, sizeof(od_value *), OD_LUA_VALUE);
}

static int value_free(lua_State *L) {
    od_value **box = luaL_checkudata(L, 1, OD_LUA_VALUE);
    od_value_unref(*box);
    *box = NULL;
    return 0;
}

/* value:get(key) -> a member of an unread object, or nil. */
static int value_get(lua_State *L) {
    od_value **box = luaL_checkudata(L, 1, OD_LUA_VALUE);
    const od_value *found = od_value_get(*box, luaL_checkstring(L, 2));
    if (!found) return 0;
    od__lua_value_push(L, found);
    return 1;
}

/* value:read() -> all of it as what Lua has for it. */
static int value_read(lua_State *L) {
    od_value **box = luaL_checkudata(L, 1, OD_LUA_VALUE);
    od__lua_value_push(L, *box);
    return 1;
}

/* core.round_trip(value) -> the value as it comes back from the core, or nil, err: what conversion does to a value. */
static int round_trip(lua_State *L) {
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    od_value **box = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    if (od__lua_value_read(L, 1, box, &err) != OD_OK) return od__lua_fail(L, &err);
    od__lua_value_push(L, *box);
    return 1;
}

/* core.to_json(value) -> the JSON text that the core makes of it, or nil, err. */
static int to_json(lua_State *L) {
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    od_value **box = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    char *text;
    size_t length;
    if (od__lua_value_read(L, 1, box, &err) != OD_OK) return od__lua_fail(L, &err);
    if (od_value_format(*box, &text, &length, &err) != OD_OK) return od__lua_fail(L, &err);
    /* The text is owned by nobody that Lua knows; as a string value it is. */
    od_value *string = od_value_new_string_n(text, length);
    od_text_free(text);
    if (!string) {
        od__error_no_memory(&err);
        return od__lua_fail(L, &err);
    }
    od_value_unref(*box);
    *box = string;
    lua_pushlstring(L, od_value_string(string), od_value_length(string));
    return 1;
}

/* core.from_json(text) -> the value of a JSON text, or nil, err. */
static int from_json(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    od_value **box = od__lua_value_box(L);
    od_error err = OD_ERROR_INIT;
    if (od_value_parse(text, length, box, &err) != OD_OK) return od__lua_fail(L, &err);
    od__lua_value_push(L, *box);
    return 1;
}

void od__lua_open_value(lua_State *L) {
    static const luaL_Reg methods[] = {{"get", value_get}, {"read", value_read}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", value_free}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"round_trip", round_trip}, {"to_json", to_json}, {"from_json", from_json}, {NULL, NULL}};
    od__lua_handle_type(L, OD_LUA_VALUE, methods, metamethods);
    od__lua_register(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
