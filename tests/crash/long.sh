#!/bin/sh
# The long form of the crash tests: all points, all stages, and many deaths at random. SEED repeats a run.
exec timeout -s KILL "${CRASH_SECONDS:-7200}" lua5.4 tests/crash/crash.lua "${BUILD:-build}" long "${SEED:-}"
