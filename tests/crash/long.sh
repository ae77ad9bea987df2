#!/bin/sh
# The long form of the crash tests: all points, all stages, and many deaths at random. SEED repeats a run, ONLY chooses
# rounds by a part of their names ("genesys: stopped"), CRASH_JOBS says how many go on at once.
exec lua5.4 tests/crash/crash.lua "${BUILD:-build}" long "${SEED:-}" "${ONLY:-}"
