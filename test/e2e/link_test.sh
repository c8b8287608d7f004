#!/usr/bin/env bash
# A port's kernel interface shows the port's link as its carrier, and the service works again when the link is back.
. "$(dirname "$0")/harness.sh"

carrier() { [ "$(on dir cat "/sys/class/net/$1/carrier")" = "$2" ]; }
# The peer of the inside port's interface goes down or up.
cable() { ip -n "sy-$$-sw" link set sy-up "$1"; }

lab 1
webs
for driver in $devices; do
  cable down  # already before the start
  service web 80 tcp rr 8080 1 | start_director "$driver"
  check "$driver: no cable at the start, no carrier" until_true 10 carrier inside 0
  check "$driver: the other port has its own" carrier outside 1
  cable up
  check "$driver: the cable is in, the carrier there" until_true 10 carrier inside 1
  load 10 1
  cable down
  check "$driver: the cable is out, the carrier gone" until_true 10 carrier inside 0
  cable up
  check "$driver: it is back" until_true 10 carrier inside 1
  check "$driver: a server answers again" until_true 10 on client curl -sf -m 2 -o /dev/null "http://$vip/"
  load 10 1
  expect "$driver: each change is logged once" "down up down up" \
    "$(sed -n 's/.*port inside: link //p' "$dir/director.log" | xargs)"
  expect "$driver: nothing of the other port" 0 "$(grep -c 'port outside: link' "$dir/director.log" || true)"
  stop_director
done
