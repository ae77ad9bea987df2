-- Code that runs on every Lua: 5.1, LuaJIT, 5.3, 5.4.
std = "min"
max_line_length = 120
files["tests/lua"].std = "min+busted"
files["rockspec"].std = "+rockspec"
files["tests/crash"].std = "lua54"
