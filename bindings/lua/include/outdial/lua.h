/* outdial/lua.h: outdial for a program's own Lua 5.4 states. Link liboutdial-lua5.4 (pkg-config outdial-lua5.4); the Lua
 * library is in it as text, no file is looked for. */
#ifndef OUTDIAL_LUA_H
#define OUTDIAL_LUA_H

#include <lua.h>
#include <outdial.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes `require "outdial"` work in L, pushes what it gives (the table outdial) and returns 1, as a lua_CFunction would;
 * like one it may raise, so call it under lua_pcall where that matters. L must have the standard library (luaL_openlibs).
 *
 * engine NULL: the state gets an engine of its own, freed with it. Otherwise its tasks and clients use engine, which is
 * borrowed and must outlive L. Each side hears of its own requests only: od_engine_take gives none that Lua began. So the
 * program calls outdial.engine:step(0) in L when the engine's descriptor is readable (instead of od_engine_step, or after
 * it), and od_engine_take for its own. */
OD_API int od_lua_open(lua_State *L, od_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
