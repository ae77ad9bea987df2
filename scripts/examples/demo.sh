#!/bin/sh
# What `make demo` runs once everything is built: starts the mock vendors, with faults, and runs the campaign of demo.lua
# over contacts.csv. Store and phone log are kept in build/demo. Whoever stops it half-way, even by kill -9, leaves the
# mock running, as real vendors would; the same command then goes on where it was.
set -eu
build=${BUILD:-build}
here=$(dirname "$0")
demo=$build/demo
lifetime=900 # seconds after which a mock that was left alone ends by itself
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY

mock_lives() {
    [ -s "$demo/mock.pid" ] && [ -s "$demo/endpoint" ] && [ -d "/proc/$(cat "$demo/mock.pid")" ] &&
        tr '\0' ' ' < "/proc/$(cat "$demo/mock.pid")/cmdline" | grep -q 'outdial mock'
}

end_mock() {
    mock_lives && kill "$(cat "$demo/mock.pid")"
    rm -f "$demo/mock.pid"
}

if [ "${1:-}" = clean ]; then
    end_mock || true
    rm -rf "$demo"
    exit
fi

if mock_lives && [ -s "$demo/demo.db" ]; then
    echo "going on with the campaign in $demo/demo.db, which was stopped half-way (make demo-clean: start anew)"
else
    end_mock || true
    rm -rf "$demo"
    mkdir -p "$demo"
    : > "$demo/phones.jsonl"
    # Of a session of its own, so that what ends this script does not end it.
    setsid -f sh -c 'echo $$ > "$1"; shift; exec "$@"' mock "$demo/mock.pid" \
        timeout $lifetime "$build/outdial" mock --listen 127.0.0.1:0 --rate on --seed 7 --speed 10 --dial-records 500 \
        --phone-log "$demo/phones.jsonl" --fault throttle=0.05,error_500=0.005,drop_before=0.005,drop_after=0.005 \
        > "$demo/mock.out" 2>&1 < /dev/null
    tries=0
    until grep -q 'listening on' "$demo/mock.out" 2> /dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { cat "$demo/mock.out" >&2; exit 1; }
        sleep 0.1
    done
    sed 's/.*listening on //' "$demo/mock.out" > "$demo/endpoint"
    echo "mock vendors on $(cat "$demo/endpoint"), with throttling, failures and cut connections"
fi

# A record that Genesys dialled while nobody listened stays handed off: only events tell of one, and outdial takes nothing
# for ended because time went by. Once nothing else is left, and nothing was heard for 20 s, the demo is over.
watch_silence() {
    heard= since=0
    while sleep 2 && kill -0 $$ 2> /dev/null; do
        now=$("$build/outdial" status "$demo/demo.db" --json 2> /dev/null | tr -d ' \n') || continue
        [ "$now" = "$heard" ] || since=0
        heard=$now since=$((since + 2))
        case $now in
        *'"open":'[1-9]*'"ready":0,'*'"waiting":0}'*)
            [ $since -lt 20 ] || { touch "$demo/silent"; kill "$(cat "$demo/run.pid")"; return; } ;;
        esac
    done
}

trap : INT TERM # the campaign sees them as well, and ends in order
rm -f "$demo/silent"
watch_silence &
watch=$!
code=0
sh -c 'echo $$ > "$1"; shift; exec "$@"' run "$demo/run.pid" \
    "$build/outdial" run "$here/demo.lua" "$(cat "$demo/endpoint")" "$here/contacts.csv" "$demo/demo.db" || code=$?
kill $watch 2> /dev/null || true
if [ -e "$demo/silent" ]; then
    echo "what is handed off was dialled while nobody listened; nobody is called again because of it"
elif [ $code -ne 0 ] && [ $code -ne 3 ]; then
    echo "stopped half-way; the mock goes on, as vendors would. make demo: go on; make demo-clean: end it"
    exit $code
fi
echo
"$build/outdial" run "$here/demo_report.lua" "$demo/demo.db" "$demo/phones.jsonl"
end_mock
cat <<END

Read $here/demo.lua: that was all of it. Next:
    $build/outdial status $demo/demo.db                how it stands; --json for programs
    $build/outdial explain $demo/demo.db 1010          why a contact was called, and when
    $build/outdial export $demo/demo.db > calls.csv    every call as a row
    $build/outdial mock --listen 127.0.0.1:8080             the same vendors for your own script
END
