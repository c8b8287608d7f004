#!/usr/bin/env bash
# A web server killed under load: after `fall` checks it gets no new connection, the others lose none at any time, and
# when it is back it serves again after `rise` checks.
. "$(dirname "$0")/harness.sh"

given() { show services | json "d[0]['servers'][$1 - 1]['connections']"; }
body_count() { json "d['bodies'].get('server $1', 0)" < "$dir/load.json"; }
going() { [ "$(given 2)" -gt 200 ]; }

lab 3
webs
for driver in $devices; do
  health='{http: {path: /health}, interval: 500ms, timeout: 500ms}' service web 80 tcp rr 8080 1 1 1 | start_director "$driver"
  become up up up

  spawn client "$build/bench/steelyard-load" --url "http://$vip/" --users 20 --iterations 200 --source "$sources" \
    --json "$dir/load.json" > "$dir/load.out"
  until_true 30 going || fail "no load arrives"
  crash s2
  become up down up
  check "$driver: the reason is told" grep -q 'http check of 10.0.0.12:8080 (web): down: connection refused' "$dir/director.log"
  last=$(given 2)
  running "$spawned" || fail "the load ended too early"
  wait "$spawned" || true
  for n in 1 3; do
    expect "$driver: of server $n's connections all were served" "$(given "$n")" "$(body_count "$n")"
  done
  lost=$(json 'd["lost"]' < "$dir/load.json")
  # A client whose first SYN met no answer may have been given another server with its second.
  check "$driver: the $lost lost ones are the dead server's" test "$lost" -le "$(($(given 2) - $(body_count 2)))"
  load 20 5
  expect "$driver: new connections of the dead server" 0 "$(($(given 2) - last))"
  expect "$driver: shares of 1050 connections, all served" '[525, 0, 525]' "$(counts_of_client 3)"

  : > "$dir/s2/health.log"
  web s2 "server 2"
  become up up up
  check "$driver: it was up after two checks at least" test "$(wc -l < "$dir/s2/health.log")" -ge 2
  load 20 5
  expect "$driver: shares of 1050 connections, all served" '[350, 350, 350]' "$(counts_of_client 3)"
  expect "$driver: times that it went up and down" "2 1" \
    "$(grep -c '10.0.0.12.*: up: status 200' "$dir/director.log") $(grep -c '10.0.0.12.*: down:' "$dir/director.log")"
  stop_director
done
