#!/bin/sh
# Checks what users install: `make install` into a tree of its own, the C example built against it with pkg-config and
# run against the mock, the installed Lua library, the rockspec's file lists, and `luarocks make`.
set -u
BUILD=${BUILD:-build}
root=$(pwd)
work=$(mktemp -d)
status=0
mock=
trap '[ -n "$mock" ] && kill "$mock" 2>/dev/null; rm -rf "$work"' EXIT

# check NAME COMMAND...: prints ok or not ok, with the command's output where it failed.
check() {
    name=$1
    shift
    if "$@" > "$work/out" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        cat "$work/out"
        status=1
    fi
}

prefix=$work/usr
check "make install" make --no-print-directory install BUILD="$BUILD" PREFIX="$prefix"
check "make install with DESTDIR" make --no-print-directory install BUILD="$BUILD" PREFIX=/opt/outdial DESTDIR="$work/stage"
check "DESTDIR holds the whole tree" test -f "$work/stage/opt/outdial/lib/pkgconfig/outdial.pc"
check "outdial.pc names the final prefix" grep -q '^prefix=/opt/outdial$' "$work/stage/opt/outdial/lib/pkgconfig/outdial.pc"

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
build_example() { gcc -Wall -Wextra -Werror scripts/examples/epoll_host.c $(pkg-config --cflags --libs outdial) -o "$work/epoll_host"; }
build_static() {
    gcc scripts/examples/epoll_host.c -I"$prefix/include" "$prefix/lib/liboutdial.a" $(pkg-config --libs libcurl jansson libcrypto sqlite3) \
        -pthread -ldl -o "$work/epoll_static"
}
build_cxx() { printf '#include <outdial.h>\nint main() { return od_version() == 0; }\n' | gcc -x c -std=c99 -pedantic -Werror -I"$prefix/include" -fsyntax-only -; }
check "the C example builds with pkg-config" build_example
check "the C example builds with the static library" build_static
check "the header is plain C99" build_cxx
short_enough() { [ "$(wc -l < scripts/examples/epoll_host.c)" -le 80 ]; }
check "the C example has at most 80 lines" short_enough

# The mock prints its address once it listens; the fifo stays open so that it may print more.
mkfifo "$work/mock"
"$prefix/bin/outdial" mock --listen 127.0.0.1:0 --phone-log "$work/phones" > "$work/mock" 2>&1 &
mock=$!
exec 3< "$work/mock"
read -r address <&3
address=${address##*listening on }
run_example() { "$1" "$address" +14155550123 | grep -qE '^placed [0-9a-f-]{36}$'; }
check "the C example places a call" env LD_LIBRARY_PATH="$prefix/lib" sh -c "'$work/epoll_host' '$address' +14155550123 | grep -E '^placed .+'"
check "the static C example places a call" run_example "$work/epoll_static"
refused() { env LD_LIBRARY_PATH="$prefix/lib" "$work/epoll_host" "$address" 555 2>&1 | grep -q '^validation /DestinationPhoneNumber: expected E.164 '; }
check "the C example refuses a bad number" refused
rings() { [ "$(grep -c '"to":"+14155550123"' "$work/phones")" -eq 2 ]; }
check "each call rang once" rings
build_lua_host() {
    gcc -Wall -Wextra -Werror tests/install/lua_host.c $(pkg-config --cflags outdial-lua5.4) $(pkg-config --libs outdial-lua5.4) \
        -o "$work/lua_host"
}
check "a program with a Lua of its own builds with pkg-config" build_lua_host
lua_host() {
    said=$(cd "$work" && "$work/lua_host" "$address") || { echo "$said"; return 1; }
    [ "$(echo "$said" | sort | tr '\n' ' ')" = "1 taken C: placed Lua: placed " ] || { echo "$said"; return 1; }
}
check "its engine serves C and Lua, each its own" lua_host
exports() {
    nm -D --defined-only "$prefix/lib/liboutdial.so" | awk '$2 ~ /[TDRB]/ { print $3 }' | grep -v '^od_[a-z]' && return 1
    nm -D --defined-only "$prefix/lib/liboutdial.so" | grep -q ' T od_engine_new$' || return 1
    ! nm -D "$prefix/lib/liboutdial.so" | grep -q ' lua_'
}
check "the shared library exports od_* alone and needs no Lua" exports
module_exports() { [ "$(nm -D --defined-only "$BUILD/lua5.4/outdial/core.so" | awk '$2 == "T" { print $3 }' | grep -cv '^luaopen_outdial_')" -eq 0 ]; }
check "the Lua module exports luaopen_* alone" module_exports

installed_lua() {
    LUA_PATH="$prefix/share/lua/$2/?.lua;$prefix/share/lua/$2/?/init.lua;;" LUA_CPATH="$prefix/lib/lua/$2/?.so;;" \
        "$1" -e 'local o = require "outdial"; assert(o._VERSION == "outdial 0.1.0", o._VERSION)'
}
check "lua5.4 loads the installed library" installed_lua lua5.4 5.4
check "lua5.3 loads the installed library" installed_lua lua5.3 5.3
check "lua5.1 loads the installed library" installed_lua lua5.1 5.1
check "luajit loads the installed library" installed_lua luajit 5.1

check "the rockspec lists the files of the tree" lua5.4 tests/install/rockspec.lua
check "luarocks lint" luarocks lint rockspec/outdial-scm-1.rockspec
# The built-in back-end leaves objects beside the sources, so a copy is built.
copy() { mkdir -p "$work/copy" && tar cf - core bindings scripts rockspec LICENSE README.md --exclude='*.o' | tar xf - -C "$work/copy"; }
check "a copy of the sources" copy
for version in 5.4 5.1; do
    check "luarocks make for Lua $version" sh -c "cd '$work/copy' && luarocks --lua-version=$version --tree '$work/rock$version' make"
    case $version in 5.4) luas="lua5.4" ;; *) luas="lua5.1 luajit" ;; esac
    for lua in $luas; do
        rock() {
            cd "$work" && LUA_PATH="$work/rock$version/share/lua/$version/?.lua;$work/rock$version/share/lua/$version/?/init.lua;;" \
                LUA_CPATH="$work/rock$version/lib/lua/$version/?.so;;" "$lua" "$root/tests/install/rock.lua" "$address"
        }
        check "the rock places a call in $lua" rock
        cd "$root" || exit 1
    done
done

check "make uninstall" make --no-print-directory uninstall PREFIX="$prefix"
gone() { [ -z "$(find "$prefix" -type f -o -type l)" ]; }
check "uninstall leaves nothing" gone
exit $status
