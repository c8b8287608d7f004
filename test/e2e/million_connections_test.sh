#!/usr/bin/env bash
# A million connections in the table: all of them listed, again and again, while a worker forwards 200,000 packets of
# theirs; none is lost and no connection is missing from a list.
. "$(dirname "$0")/harness.sh"

flood() { # PACKETS PER_SECOND
  spawn client "$build/test/e2e/flood" "$vip" "$1" "$2" 9 198.51.100.100 > "$dir/flood.out"
  local pid=$spawned
  [ $# -eq 2 ] || return 0
  wait "$pid" || fail "flood: $(cat "$dir/flood.out")"
}
counted() { show services | json "d[0]['$1']"; }
has() { [ "$(counted "$1")" = "$2" ]; }
arrived() { on s1 nstat -asz IpInReceives | awk '/IpInReceives/ { print $2 }'; }

lab 1
sink s1 9
read -r driver _ <<< "$devices"
options='timeouts: {udp: 60m}' service sink 9 udp rr 9 1 | capacity=1100k start_director "$driver"
flood 1000000 30000
until_true 20 has packets_in 1000000 || fail "$(counted packets_in) packets of 1,000,000"
expect "connections" 1000000 "$(counted connections)"
expect "in the table" 1000000 "$(show table | json 'd["used"]')"

before=$(arrived)
flood 200000 10000 meanwhile
sender=$spawned lists=0
while running "$sender"; do
  show connections > "$dir/list"
  # The first and the last line are brackets.
  [ "$(wc -l < "$dir/list")" = 1000002 ] || fail "a list of $(($(wc -l < "$dir/list") - 2)) connections"
  lists=$((lists + 1))
done
wait "$sender" || fail "flood: $(cat "$dir/flood.out")"
check "$lists whole lists while packets were forwarded" [ "$lists" -gt 0 ]
expect "different connections in the last one" 1000000 "$(grep -o '"client":"[^"]*"' "$dir/list" | sort -u | wc -l)"
until_true 20 has packets_in 1200000 || fail "$(counted packets_in) packets of 1,200,000"
expect "packets that arrived at the server meanwhile" 200000 $(($(arrived) - before))
expect "drops" '{}' "$(show drops | json '{k: v for k, v in d.items() if v > 0}')"
expect "one of the million" 1 "$(show connections --client 198.51.100.110:50000 | json 'len(d)')"
expect "the first of them" 3 "$(show connections --limit 3 | json 'len(d)')"
stop_director
