#!/usr/bin/env bash
# SIGTERM under load: the director ends by itself with exit code 0, leaves nothing behind, and can be started again.
. "$(dirname "$0")/harness.sh"

interfaces() { ip -n "sy-$$-dir" -o link | awk -F '[:@] *' '{ print $2 }' | sort | xargs; }
filters() { on dir nft list tables; }
served_some() { [ "$(show services | json 'd[0]["connections"]')" -gt 500 ]; }

lab 2
webs
before=$(interfaces)
for driver in $devices; do
  service web 80 tcp rr 8080 1 1 | start_director "$driver"
  spawn client "$build/bench/steelyard-load" --url "http://$vip/" --users 40 --iterations 1000 --source "$sources" \
    --limit 1000 > "$dir/load.out"
  until_true 30 served_some || fail "no load arrives"
  stop_director
  echo "  $driver: ended by itself with exit code 0 under load"
  expect "$driver: interfaces left" "$before" "$(interfaces)"
  expect "$driver: filters left" "" "$(filters)"
  check "$driver: the admin socket is gone" test ! -e "$dir/steelyard.sock"
  kill -TERM "$spawned"
  wait "$spawned" || true
  service web 80 tcp rr 8080 1 1 | start_director "$driver"
  load 20 1
  echo "  $driver: started again, all served"
  stop_director
done
