#!/usr/bin/env bash
# 500,000 packets to closed ports of the director: 20 of 20 pings to it are answered meanwhile, and the service works.
. "$(dirname "$0")/harness.sh"

lab 1
webs
for driver in $devices; do
  service web 80 tcp rr 8080 1 | start_director "$driver"
  spawn client "$build/test/e2e/flood" 198.51.100.1 500000 25000 > "$dir/flood.out"
  sleep 0.2
  on client ping -n -c 20 -i 0.5 -W 2 198.51.100.1 > "$dir/ping.out" || true
  running "$spawned" || fail "the flood ended before the pings"
  expect "$driver: pings answered during the flood" 20 "$(grep -c 'bytes from' "$dir/ping.out")"
  wait "$spawned" || fail "flood: $(cat "$dir/flood.out")"
  expect "$driver: packets sent" 500000 "$(cat "$dir/flood.out")"
  load 10 2
  echo "  $driver: the service serves all"
  stop_director
done
