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
    [ -s "$demo/mock.pid" ] && [ -s "$demo/endpoint" ] &&
        tr '\0' ' ' < "/proc/$(cat "$demo/mock.pid")/cmdline" 2> /dev/null | grep -q 'outdial mock'
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
    setsid timeout $lifetime "$build/outdial" mock --listen 127.0.0.1:0 --rate on --seed 7 --speed 10 --dial-records 500 \
        --phone-log "$demo/phones.jsonl" --fault throttle=0.05,error_500=0.005,drop_before=0.005,drop_after=0.005 \
        > "$demo/mock.out" 2>&1 < /dev/null &
    echo $! > "$demo/mock.pid"
    tries=0
    until grep -q 'listening on' "$demo/mock.out"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { cat "$demo/mock.out" >&2; exit 1; }
        sleep 0.1
    done
    sed 's/.*listening on //' "$demo/mock.out" > "$demo/endpoint"
    echo "mock vendors on $(cat "$demo/endpoint"), with throttling, failures and cut connections"
fi

trap : INT TERM # the campaign sees them as well, and ends in order
code=0
"$build/outdial" run "$here/demo.lua" "$(cat "$demo/endpoint")" "$here/contacts.csv" "$demo/demo.db" || code=$?
if [ $code -ne 0 ] && [ $code -ne 3 ]; then
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
