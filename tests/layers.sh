#!/bin/sh
# Checks the fences between the rooms: each third-party header has one door, the core never sees Lua, parsers and
# vendors do no I/O, every internal header is hidden. Prints `ok NAME` or `not ok NAME` with the offending lines.
set -u
status=0

# fence NAME PATTERN WHERE...: no line below WHERE may match PATTERN.
fence() {
    name=$1 pattern=$2
    shift 2
    found=$(grep -rnE --include='*.c' --include='*.h' "$pattern" "$@" 2>/dev/null)
    if [ -n "$found" ]; then
        echo "not ok $name"
        echo "$found"
        status=1
    else
        echo "ok $name"
    fi
}

# door NAME PATTERN ROOM: only files below ROOM may match PATTERN.
door() {
    found=$(grep -rnE --include='*.c' --include='*.h' "$2" core bindings | grep -vE "^($3)")
    if [ -n "$found" ]; then
        echo "not ok $1"
        echo "$found"
        status=1
    else
        echo "ok $1"
    fi
}

door "libcurl enters through core/transport" '#include *<curl/' 'core/transport/'
door "OpenSSL enters through core/crypto" '#include *<openssl/' 'core/crypto/'
door "jansson enters through core/json" '#include *<jansson' 'core/json/'
door "libmicrohttpd enters through bindings/httpd" '#include *<microhttpd' 'bindings/httpd/'
door "SQLite and libpq enter through core/store" '#include *<(sqlite3|libpq-fe)' 'core/store/'
door "Lua enters through bindings" '#include *[<"](lua|lauxlib|lualib|luajit)\.h' 'bindings/'
door "the heap is entered through core/base/memory" '[^_a-z>.](malloc|calloc|realloc|strdup|strndup|free) *\(' \
    'core/base/(memory|spares).c|bindings/|[^:]*:[0-9]+: *(/?\*|//)|[^:]*\.h:'
fence "parsers and data do no input or output" \
    '[^_a-z>.](socket|connect|send|recv|read|write|open|fopen|getaddrinfo|poll|epoll_wait|getenv|time|clock_gettime) *\(' \
    core/validation core/vendors core/json core/operation core/crypto core/rules \
    core/time/tzif.c core/time/posix_tz.c core/time/zone_tab.c core/time/zone.c
fence "lists are parsed without input or output: only disk touches a file" \
    '[^_a-z>.](socket|connect|send|recv|read|write|open|fopen|close|stat|fstat|ftruncate|getenv|time|clock_gettime) *\(|#include *<(fcntl|unistd|sys/)' \
    $(ls core/import/*.c core/import/*.h | grep -v '^core/import/disk\.')
fence "lists know no store and no client" '#include *"(store|loop|transport|vendors|client|engine|request|rules)' core/import
fence "vendors know no transport beyond its plain data" '#include *"(loop|client|engine|request|credentials|authorizing/[^"]*_)' core/vendors
fence "rules and time know no vendor, no store and nothing of a request" \
    '#include *"(loop|client|engine|request|credentials|authorizing|transport|operation|vendors|notifications|store|import)' \
    core/rules core/time
fence "the process has no time zone" '[^_a-z](tzset|localtime|localtime_r|mktime|timelocal) *\(' core bindings
fence "the loop knows no transport and no request" '#include *"(transport|operation|vendors|authorizing|client|request|engine)' core/loop
fence "the transport parses no JSON and knows no operation" '#include *"(json|operation|validation|vendors|client|request|engine)' core/transport
fence "no vendor is named outside its own room" '"(amazon_connect|genesys|ccai_platform|symbee)"' \
    $(ls core/*.c core/operation/*.c core/transport/*.c core/validation/*.c core/authorizing/*.c bindings/*/*.c)
fence "unbounded string functions are not used" '[^_a-z](sprintf|strcpy|strcat|strncat|gets|strtok|atoi|alloca|setenv) *\(' core bindings

missing=
for header in $(find core bindings -name '*.h' ! -path '*/include/*' ! -name compat.h); do
    grep -q 'pragma GCC visibility push(hidden)' "$header" || missing="$missing $header"
done
if [ -n "$missing" ]; then
    echo "not ok internal headers are hidden:$missing"
    status=1
else
    echo "ok internal headers are hidden"
fi

over=$(find core bindings scripts tests \( -name '*.c' -o -name '*.h' -o -name '*.lua' \) -exec wc -l {} + |
    awk '$2 != "total" && $1 > 900 { print $2 " has " $1 " lines" }')
if [ -n "$over" ]; then
    echo "not ok no file is longer than 900 lines"
    echo "$over"
    status=1
else
    echo "ok no file is longer than 900 lines"
fi
exit $status
