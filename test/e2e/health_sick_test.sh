#!/usr/bin/env bash
# Web servers that are sick in different ways: each is left out for its own reason, keeps the connections it has, and
# returns when it is well.
. "$(dirname "$0")/harness.sh"

told() { grep -q "http check of 10.0.0.1$1:8080 (web): down: $2" "$dir/director.log"; }
of_check() { show health | json "' '.join(str(d[$1 - 1][k]) for k in ('address', 'kind', 'state', 'last', 'reason', 'services'))"; }
shares() { load 20 2 && counts_of_client 3; }

lab 3
webs
head -c 32M /dev/urandom | tee "$dir/s1/files/large" "$dir/s2/files/large" "$dir/s3/files/large" > "$dir/large"
for driver in $devices; do
  health='{http: {path: /health, body: healthy}, interval: 500ms, timeout: 500ms}' service web 80 tcp rr 8080 1 1 1 |
    start_director "$driver"
  become up up up

  downloads=()
  for n in 1 2 3; do
    spawn client curl -sS --limit-rate 4M -o "$dir/down$n" "http://$vip/large"
    downloads+=("$spawned")
  done
  touch "$dir/s2/sick"
  become up down up
  check "$driver: a server that answers 503 is down for it" told 2 'status 503, expected 200'
  expect "$driver: show health" "10.0.0.12 http down failed status 503, expected 200 ['web']" "$(of_check 2)"
  expect "$driver: show health" "10.0.0.11 http up passed status 200, body as expected ['web']" "$(of_check 1)"
  expect "$driver: its connections that go on" 1 "$(show services | json 'd[0]["servers"][1]["active"]')"
  expect "$driver: shares of 420 connections, all served" '[210, 0, 210]' "$(shares)"
  for n in 1 2 3; do
    check "$driver: download $n, begun before, goes on" wait "${downloads[n - 1]}"
    check "$driver: it arrived whole" cmp "$dir/large" "$dir/down$n"
  done
  rm "$dir/s2/sick"
  become up up up

  kill -STOP -- "-${web[s3]}"
  become up up down
  check "$driver: a server that accepts and never answers is down for it" told 3 'answer timed out'
  expect "$driver: shares of 420 connections, all served" '[210, 210, 0]' "$(shares)"
  kill -CONT -- "-${web[s3]}"
  become up up up

  ip -n "sy-$$-sw" link set sy-p1 down
  become down up up
  check "$driver: a server whose cable is cut is down for it" told 1 '\(connect timed out\|no route to host\)'
  expect "$driver: shares of 420 connections, all served" '[0, 210, 210]' "$(shares)"
  ip -n "sy-$$-sw" link set sy-p1 up
  become up up up
  expect "$driver: shares of 420 connections, all served" '[140, 140, 140]' "$(shares)"
  stop_director
done
