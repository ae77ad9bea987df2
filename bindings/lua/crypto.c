/* crypto: hashing, hexadecimal and randomness for scripts. */
#include "binding.h"

#include "crypto/crypto.h"

#define RANDOM_BYTES_MAX 65536

static int sha256(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    uint8_t digest[OD_SHA256_BYTES];
    if (!od__crypto_sha256(text, length, digest)) return luaL_error(L, "SHA-256 is not to be had from OpenSSL");
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static int hmac_sha256(lua_State *L) {
    size_t key_length, length;
    const char *key = luaL_checklstring(L, 1, &key_length);
    const char *text = luaL_checklstring(L, 2, &length);
    uint8_t digest[OD_SHA256_BYTES];
    if (!od__crypto_hmac_sha256(key, key_length, text, length, digest))
        return luaL_error(L, "HMAC-SHA-256 is not to be had from OpenSSL");
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static int hex(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    char *out = lua_newuserdata(L, 2 * length + 1);
    od__crypto_hex((const uint8_t *)text, length, out);
    lua_pushlstring(L, out, 2 * length);
    return 1;
}

static int random_bytes(lua_State *L) {
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_argcheck(L, count >= 0 && count <= RANDOM_BYTES_MAX, 1, "expected 0 to 65536 bytes");
    char *out = lua_newuserdata(L, (size_t)count + 1);
    if (!od__crypto_random(out, (size_t)count)) return luaL_error(L, "no randomness is to be had");
    lua_pushlstring(L, out, (size_t)count);
    od__crypto_wipe(out, (size_t)count);
    return 1;
}

void od__lua_open_crypto(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"sha256", sha256}, {"hmac_sha256", hmac_sha256}, {"hex", hex}, {"random", random_bytes}, {NULL, NULL}};
    od__lua_register(L, functions);
}
