#!/bin/sh
# What `make demo` runs once everything is built: starts the mock vendors, with faults, calls everyone on contacts.csv
# through them with demo.lua, and stops the mock again.
set -eu
build=${BUILD:-build}
here=$(dirname "$0")
work=$(mktemp -d)
mock=
trap '[ -n "$mock" ] && kill "$mock" 2>/dev/null; rm -rf "$work"' EXIT INT TERM

mkfifo "$work/out"
: > "$work/phones"
"$build/outdial" mock --listen 127.0.0.1:0 --rate on --seed 7 --phone-log "$work/phones" \
    --fault throttle=0.05,error_500=0.02,drop_before=0.01,drop_after=0.01 > "$work/out" &
mock=$!
exec 3< "$work/out"
read -r line <&3
endpoint=${line##*listening on }

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
echo "mock vendors on $endpoint, with throttling, failures and cut connections"
"$build/outdial" run "$here/demo.lua" "$endpoint" "$here/contacts.csv" "$work/phones"
cat <<END

Read $here/demo.lua: that was all of it. Next:
    $build/outdial operations                          what can be called, field by field
    $build/outdial mock --listen 127.0.0.1:8080        the same vendors for your own script
    $build/outdial call amazon_connect.start_outbound_voice_contact DestinationPhoneNumber=555
END
