#!/usr/bin/env bash
# 500,000 packets to closed ports of the director, and as many of which half wait for a server that nobody has ever seen:
# no health check fails meanwhile, though one failure would be enough to take a server out.
. "$(dirname "$0")/harness.sh"

asked() { wc -l < "$dir/s1/health.log"; }
asked_since() { [ "$(asked)" -gt "$1" ]; }
dropped() { show drops | json "'yes' if d['$1'] > 0 else 'no'"; }

flood() { # ADDRESS
  local before
  before=$(asked)
  spawn client "$build/test/e2e/flood" "$1" 500000 25000 > "$dir/flood.out"
  wait "$spawned" || fail "flood: $(cat "$dir/flood.out")"
  expect "$driver: packets sent to $1" 500000 "$(cat "$dir/flood.out")"
  check "$driver: $(($(asked) - before)) checks of a server meanwhile" asked_since "$before"
}

lab 2
webs
for driver in $devices; do
  {
    health='{http: {path: /health, body: healthy}, interval: 500ms, timeout: 2s, fall: 1, rise: 100}' \
      service web 80 tcp rr 8080 1 1
    service nobody 9 udp rr 9 1 | sed 's/10\.0\.0\.11/10.0.0.99/'
  } | start_director "$driver"
  become up up
  flood 198.51.100.1
  expect "$driver: it was held back" yes "$(dropped kernel_rate_local)"
  flood "$vip"
  expect "$driver: it waited in vain" yes "$(dropped no_next_hop)"
  until_true 10 asked_since "$(asked)" || fail "no check after the flood"
  expect "$driver: frames of checks that were held back" no "$(dropped kernel_rate_health)"
  expect "$driver: failed checks" 0 "$(grep -c ': down: ' "$dir/director.log" || true)"
  expect "$driver: states" "up up" "$(states)"
  stop_director
done
