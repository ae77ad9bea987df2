#!/bin/sh
# Measures what a call costs, as CPU time and as a ratio to a bare libcurl client in the same run on the same machine.
# The runs of all programs alternate, and the median of each counts, because a shared machine is never quiet. Where there
# are two processors, the servers have the first and whatever is measured the last, and the server that answers at once does
# not sleep: else who sends pays for waking it, and that depends on how much it has to do.
#
#   BENCH_ROUNDS    how many runs of each (5)             BENCH_CALLS  calls in each run (20000)
#   BENCH_CONTACTS  of the largest campaign (100000);     BENCH_ROWS   of the list that is imported (1000000)
#                   the others have a tenth of them
set -u
BUILD=${BUILD:-build}
rounds=${BENCH_ROUNDS:-5}
calls=${BENCH_CALLS:-20000}
contacts=${BENCH_CONTACTS:-100000}
rows=${BENCH_ROWS:-1000000}
here=tests/bench
dir=$(mktemp -d)
trap 'exec 8>&- 9>&-; rm -rf "$dir"' EXIT INT TERM

last=$(($(nproc) - 1))
on_first= on_last= awake=
if [ "$last" -gt 0 ] && taskset -c "0,$last" true 2> /dev/null; then
    on_first="taskset -c 0" on_last="taskset -c $last" awake=awake
fi

done_runs=0
all_runs=$((rounds * 21 + 2))
progress() {
    done_runs=$((done_runs + 1))
    if [ -t 2 ]; then
        printf '\rbench %d/%d: %-48s' "$done_runs" "$all_runs" "$1" >&2
    elif [ $((done_runs % 10)) -eq 1 ]; then
        echo "bench $done_runs/$all_runs: $1" >&2
    fi
}

fail() {
    echo "bench: $1" >&2
    exit 1
}

# measure NAME PROGRAM...: one run; its number goes to the list of that name.
measure() {
    name=$1
    shift
    progress "$name"
    $on_last "$@" > "$dir/out" 2> "$dir/err" || { cat "$dir/err" >&2; fail "$name failed"; }
    cat "$dir/out" >> "$dir/$name"
}

median() { # NAME [COLUMN]
    awk -v c="${2:-1}" '{ print $c }' "$dir/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# The better mode of the bare client.
bare() { # LOAD
    poll=$(median "bare_poll_$1")
    epoll=$(median "bare_epoll_$1")
    awk -v a="$poll" -v b="$epoll" 'BEGIN { print a < b ? a : b }'
}

# What each call in flight holds, in KiB.
held() { # NAME
    awk -v many="$(median "$1_256" 2)" -v one="$(median "$1_1" 2)" 'BEGIN { print (many - one) / 255 }'
}
bare_held() {
    awk -v a="$(held bare_poll)" -v b="$(held bare_epoll)" 'BEGIN { print a < b ? a : b }'
}

wait_for_port() {
    tries=0
    while [ ! -s "$1" ]; do
        tries=$((tries + 1))
        [ $tries -lt 1000 ] || fail "static_server did not start"
        sleep 0.01
    done
    cat "$1"
}

# write_contacts COUNT: a list of so many, each with numbers of its own, in no order.
write_contacts() {
    awk -v n="$1" 'BEGIN {
        print "no,mobile,home,zone"
        for (i = 0; i < n; i++)
            printf "C%07d,+1206%07d,+1305%07d,America/New_York\n", i * 7919 % 10000000, 2000000 + i, 3000000 + i
    }'
}

# campaign NAME LIST: calls everyone on the list once, 100 at a time.
campaign() {
    measure "$1" "$BUILD/outdial" run $here/campaign_calls.lua "$instant" "$2" "$dir/campaign.db" 100
    rm -f "$dir"/campaign.db*
}

ulimit -n 4096 2> /dev/null || true
mkfifo "$dir/in8" "$dir/in9"
$on_first "$BUILD/bench/static_server" 0 "$dir/request" $awake < "$dir/in8" > "$dir/port8" &
exec 8> "$dir/in8"
$on_first "$BUILD/bench/static_server" 50 < "$dir/in9" > "$dir/port9" 8>&- &
exec 9> "$dir/in9"
instant=$(wait_for_port "$dir/port8")
slow=$(wait_for_port "$dir/port9")

# The bare client sends the very bytes that outdial sends.
"$BUILD/outdial" run $here/outdial_calls.lua "$instant" 1 1 > /dev/null || fail "outdial_calls.lua failed"

write_contacts $((contacts / 10)) > "$dir/few.csv"
write_contacts "$contacts" > "$dir/many.csv"

round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    for load in 64:$instant 256:$slow; do
        n=${load%%:*}
        port=${load##*:}
        measure "bare_poll_$n" "$BUILD/bench/bare_client" poll "$port" "$n" "$calls" "$dir/request"
        measure "outdial_$n" "$BUILD/outdial" run $here/outdial_calls.lua "$port" "$n" "$calls"
        measure "bare_epoll_$n" "$BUILD/bench/bare_client" epoll "$port" "$n" "$calls" "$dir/request"
        measure "c_transport_$n" "$BUILD/bench/c_client" transport "$port" "$n" "$calls"
        measure "c_client_$n" "$BUILD/bench/c_client" client "$port" "$n" "$calls"
    done
    measure sigv4 "$BUILD/bench/sigv4" $((calls * 5))
    measure list "$BUILD/bench/list" $((calls * 5)) "$dir/contacts.csv"
    measure rules "$BUILD/bench/rules" $((calls * 20))
    # What a contact cannot cost less than: as many calls at once, and as many rows in one transaction.
    measure bare_poll_100 "$BUILD/bench/bare_client" poll "$instant" 100 "$calls" "$dir/request"
    measure bare_epoll_100 "$BUILD/bench/bare_client" epoll "$instant" 100 "$calls" "$dir/request"
    measure bare_sqlite "$BUILD/bench/bare_sqlite" calls "$calls" "$dir/bare.db"
    rm -f "$dir"/bare.db*
    campaign campaign "$dir/few.csv"
    campaign campaign_many "$dir/many.csv"
    # Next to nothing in flight: what is held then is the program itself.
    measure bare_poll_1 "$BUILD/bench/bare_client" poll "$slow" 1 20 "$dir/request"
    measure bare_epoll_1 "$BUILD/bench/bare_client" epoll "$slow" 1 20 "$dir/request"
    measure outdial_1 "$BUILD/outdial" run $here/outdial_calls.lua "$slow" 1 20
done
measure bare_rows "$BUILD/bench/bare_sqlite" rows "$rows" "$dir/bare.db"
rm -f "$dir"/bare.db*
measure import "$BUILD/bench/import" "$rows" "$dir"
[ -t 2 ] && printf '\r%72s\r' '' >&2

row() { # NAME FLOOR COST GOAL
    awk -v n="$1" -v f="$2" -v c="$3" -v g="$4" \
        'BEGIN { printf "%-58s %8.2f %8.2f %7.2fx  %s\n", n, f, c, c / f, g }'
}
echo "median of $rounds runs of $calls calls"
printf '%-58s %8s %8s %8s  %s\n' 'CPU per call' 'floor us' 'us' 'ratio' 'goal'
row 'Lua task, 64 in flight, instant server' "$(bare 64)" "$(median outdial_64)" '1.35x'
row 'Lua task, 256 in flight, server that takes 50 ms' "$(bare 256)" "$(median outdial_256)" '1.35x'
row 'C client, 64 in flight, instant server' "$(bare 64)" "$(median c_client_64)" ''
row 'C client, 256 in flight, server that takes 50 ms' "$(bare 256)" "$(median c_client_256)" ''
row 'transport alone, 64 in flight, instant server' "$(bare 64)" "$(median c_transport_64)" ''
row 'transport alone, 256 in flight, server that takes 50 ms' "$(bare 256)" "$(median c_transport_256)" ''
row 'one signature, cached key, 330-byte body (floor: hashing)' "$(median sigv4 2)" "$(median sigv4 1)" '2.5 us'
row 'one row of a list, 2 numbers (floor: finding line ends)' "$(median list 2)" "$(median list 1)" '1.5 us'
printf '%-58s %8s %8.2f %8s  %s\n' 'one judgement, 5 caps, 2 gaps, 10 attempts' '' "$(median rules 1)" '' '3 us'
printf '%-58s %8s %8.2f %8s  %s\n' 'one refusal, with its words and the next time' '' "$(median rules 2)" '' ''
printf '\n%-58s %8s %8s %8s\n' 'memory per call in flight' 'KiB' 'KiB' 'ratio'
row 'Lua task, 256 in flight' "$(bare_held)" "$(held outdial)" '1.5x'

# A line of what import printed.
imported() { # NAME
    awk -v n="$1" '$1 == n { print $2 }' "$dir/import"
}
floor=$(awk -v http="$(bare 100)" -v sqlite="$(median bare_sqlite)" 'BEGIN { print http + sqlite }')
printf '\n%-58s %8s %8s %8s  %s\n' "campaign of $((contacts / 10)) and $contacts contacts, CPU per contact" 'floor us' 'us' 'ratio' 'goal'
row 'a contact, called once (floor: bare HTTP and bare SQLite)' "$floor" "$(median campaign)" '3x'
row "the same, of $contacts" "$floor" "$(median campaign_many)" '3x'
row "memory, KiB (floor: with $((contacts / 10)))" "$(median campaign 4)" "$(median campaign_many 4)" 'flat'

cpu=$(awk -v s="$(imported import_cpu_s)" -v n="$rows" 'BEGIN { print s * 1e6 / n }')
printf '\n%-58s %8s %8s %8s  %s\n' "import of $rows random rows" 'obvious' 'outdial' 'ratio' 'goal'
row 'rows per second (obvious: inserted as they come)' "$(median bare_rows 1)" "$(imported import_rows_per_s)" '60000'
row 'CPU per row, us' "$(median bare_rows 2)" "$cpu" ''
printf '%-58s %8s %8.0f %8s  %s\n' 'memory, MiB' '' "$(awk -v k="$(imported import_rss_kib)" 'BEGIN { print k / 1024 }')" '' '64 MiB'
