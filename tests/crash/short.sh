#!/bin/sh
# The short form of the crash tests: prints `ok NAME` or `not ok NAME`. Whatever it started ends with it.
set -u
build=${BUILD:-build}
status=0

# The words by which faults are asked for: in the one program, and not in the other.
if grep -aqE 'OUTDIAL_(FAULT|MUTANT|POWER|LEASE_MS)|od__(fault|mutant|tunable)|synchronous_off' "$build/outdial" ||
    ! grep -aq 'OUTDIAL_FAULT' "$build/faults/outdial"; then
    echo "not ok a build for users has no faults"
    status=1
else
    echo "ok a build for users has no faults"
fi

# A time that a run may replace is no good in an object that was built without.
missing=
for name in $(grep -rhoE 'od__tunable\("[A-Z_]+"' core | sed 's/.*"\(.*\)"/\1/' | sort -u); do
    grep -aq "$name" "$build/faults/outdial" || missing="$missing $name"
done
if [ -n "$missing" ]; then
    echo "not ok a build with faults has every tunable"
    echo "    not$missing"
    status=1
else
    echo "ok a build with faults has every tunable"
fi

timeout -s KILL "${CRASH_SECONDS:-1200}" lua5.4 tests/crash/crash.lua "$build" short 20261129 || status=1
exit $status
