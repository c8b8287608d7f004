#!/usr/bin/env bash
# HTTP over 1, 2 and 4 real servers: rr and wrr share exactly as they say, and client, nginx and director count alike.
. "$(dirname "$0")/harness.sh"

balance() { # DRIVER SCHEDULER WANTED WEIGHT...: 420 connections
  local driver=$1 scheduler=$2 wanted=$3
  shift 3
  forget_requests
  service web 80 tcp "$scheduler" 8080 "$@" | start_director "$driver"
  load 20 2
  expect "$driver, $scheduler over $#" "$wanted" "$(counts_of_client $#)"
  expect "  nginx's count" "$wanted" "$(counts_of_nginx $#)"
  expect "  the director's count" "$wanted" "$(counts_of_director)"
  expect "  connections not closed in order" 0 "$(json 'd["unclosed"]' < "$dir/load.json")"
  stop_director
}

lab 4
webs
for driver in $devices; do
  balance "$driver" rr '[420]' 5
  balance "$driver" rr '[210, 210]' 1 2
  balance "$driver" rr '[105, 105, 105, 105]' 1 2 3 4
  balance "$driver" wrr '[420]' 5
  balance "$driver" wrr '[140, 280]' 1 2
  balance "$driver" wrr '[42, 84, 126, 168]' 1 2 3 4
done
