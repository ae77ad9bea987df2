#!/bin/sh
# Runs the suites named as arguments (layers core lua crash install valgrind torture), one progress line each, what failed
# in full, and ends with the one line `N passed, N failed` over all of them. Exit 1 if anything failed.
set -u
BUILD=${BUILD:-build}
LUAS=${LUAS:-lua5.4 luajit lua5.1 lua5.3}
SANITIZE=${SANITIZE:-}
passed=0
failed=0
logs=$BUILD/test-logs
mkdir -p "$logs"

# A sanitizer's runtime must be the first library of a Lua interpreter that loads a sanitized module.
preload=
case "$SANITIZE" in
*address*) preload=$(gcc -print-file-name=libasan.so) ;;
*undefined*) preload=$(gcc -print-file-name=libubsan.so) ;;
esac
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# It is not for the tools that specs start: curl and node hang under it.
if [ -n "$preload" ]; then
    mkdir -p "$logs/bin"
    for tool in curl node; do
        printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$(command -v $tool)" > "$logs/bin/$tool"
        chmod +x "$logs/bin/$tool"
    done
    PATH=$(cd "$logs/bin" && pwd):$PATH
fi

case "$SANITIZE $*" in
*sanitize* | *valgrind*) export OUTDIAL_FEW=1 ;;
esac

# AWS settings of whoever runs this are none of the tests'; who has no credentials is not to ask this machine's cloud for
# some.
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_EC2_METADATA_DISABLED=true

# report NAME PASSED FAILED STATUS LOG: counts one program's result; a program that failed without saying so counts as one.
report() {
    if [ "$4" -ne 0 ] && [ "$3" -eq 0 ]; then
        set -- "$1" "$2" 1 "$4" "$5"
    fi
    if [ "$4" -eq 0 ] && [ $(($2 + $3)) -eq 0 ] && ! grep -q '^\[  SKIPPED \]' "$5"; then
        set -- "$1" 0 1 1 "$5"
        echo "no test ran" >> "$5"
    fi
    printf '%-28s %4d passed, %d failed\n' "$1" "$2" "$3"
    passed=$((passed + $2))
    failed=$((failed + $3))
    if [ "$3" -ne 0 ]; then
        grep -vE '^\[ (RUN     |      OK) \]' "$5" | sed 's/^/    /' | tail -n 100
    fi
}

# last FILE SED-EXPRESSION: the last number that the expression finds, 0 if none.
last() {
    n=$(sed -n "$2" "$1" | tail -n 1)
    echo "${n:-0}"
}

run_cmocka() { # NAME PROGRAM...
    name=$1
    log=$logs/$name.log
    shift
    "$@" > "$log" 2>&1
    status=$?
    report "$name" "$(last "$log" 's/^\[  PASSED  \] \([0-9]*\) test(s)\..*/\1/p')" \
        "$(last "$log" 's/^\[  FAILED  \] \([0-9]*\) test(s), listed below.*/\1/p')" $status "$log"
}

suite_core() {
    for program in "$BUILD"/tests/test_*; do
        [ -x "$program" ] || continue
        ASAN_OPTIONS=detect_leaks=1 run_cmocka "$(basename "$program")" "$program"
    done
}

suite_valgrind() {
    for program in "$BUILD"/tests/test_*; do
        [ -x "$program" ] || continue
        run_cmocka "valgrind-$(basename "$program")" valgrind -q --error-exitcode=9 --leak-check=full \
            --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
            "$program"
    done
}

suite_torture() {
    ASAN_OPTIONS=detect_leaks=1 run_cmocka torture "$BUILD/torture/torture"
}

suite_lua() {
    for lua in $LUAS; do
        case $lua in
        luajit) version=5.1 ;;
        *) version=${lua#lua} ;;
        esac
        log=$logs/busted-$lua.log
        # Leaks are judged by the C tests: an interpreter that unloads modules at its end hides their frames.
        env ${preload:+LD_PRELOAD="$preload" ASAN_OPTIONS=detect_leaks=0} OUTDIAL_BUILD="$BUILD" \
            LUA_PATH='scripts/?.lua;scripts/?/init.lua;;' LUA_CPATH="$BUILD/lua$version/?.so;;" \
            busted --lua="$(command -v "$lua")" --output=plainTerminal --no-auto-insulate tests/lua > "$log" 2>&1
        status=$?
        ok=$(last "$log" 's/^\([0-9]*\) success.*/\1/p')
        bad=$(last "$log" 's/^[0-9]* success[a-z]* \/ \([0-9]*\) failure.*/\1/p')
        errors=$(last "$log" 's/^[0-9]* success.* \/ \([0-9]*\) error.*/\1/p')
        report "busted-$lua" "$ok" $((bad + errors)) $status "$log"
    done
}

# A script of checks: prints `ok NAME` or `not ok NAME` lines.
run_checks() { # NAME SCRIPT
    log=$logs/$1.log
    BUILD=$BUILD sh "$2" > "$log" 2>&1
    status=$?
    report "$1" "$(grep -c '^ok ' "$log")" "$(grep -c '^not ok ' "$log")" $status "$log"
}

suite_layers() { run_checks layers tests/layers.sh; }
suite_crash() { run_checks crash tests/crash/short.sh; }
suite_install() { run_checks install tests/install/run.sh; }

for suite in "$@"; do
    "suite_$suite"
done
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
