/* host/library: the Lua library that is text in the program, and the core that it stands on, for a Lua state. */
#ifndef OD_HOST_LIBRARY_H
#define OD_HOST_LIBRARY_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Makes `require` find the modules outdial.* in the program, before any installed ones. May raise. */
void library_add(lua_State *L);

#pragma GCC visibility pop
#endif
