#!/bin/sh
# The short form of the crash tests: prints `ok NAME` or `not ok NAME`. Whatever it started ends with it.
exec timeout -s KILL "${CRASH_SECONDS:-300}" lua5.4 tests/crash/crash.lua "${BUILD:-build}" short 20261129
