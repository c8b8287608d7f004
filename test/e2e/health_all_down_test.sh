#!/usr/bin/env bash
# All servers down: new connections are refused, or all servers are used as a last resort; and back.
. "$(dirname "$0")/harness.sh"

connections() { show services | json 'd[0]["connections"]'; }
state() { show services | json 'd[0]["state"]'; }
refused() { ! on client curl -s -m 5 -o "$dir/body" "http://$vip/"; }
drops() { show drops | json 'd["no_server"]'; }

lab 2
webs
health='{http: {path: /health}, interval: 500ms, timeout: 500ms}'
for driver in $devices; do
  service web 80 tcp rr 8080 1 1 | start_director "$driver"
  become up up
  load 10 1
  before=$(connections)
  touch "$dir/s1/sick" "$dir/s2/sick"
  become down down
  expect "$driver: the service is" down "$(state)"
  check "$driver: a new client is refused" refused
  expect "$driver: with port unreachable, not from a server" "$before, yes" \
    "$(connections), $([ "$(drops)" -gt 0 ] && echo yes)"
  rm "$dir/s1/sick"
  become up down
  load 10 1
  expect "$driver: the one that is back serves all" '[55, 0]' "$(counts_of_client 2)"
  rm "$dir/s2/sick"
  become up up
  expect "$driver: told for the service" "down, up" \
    "$(grep -o 'service web: [a-z]*' "$dir/director.log" | tail -2 | cut -d ' ' -f 3 | xargs | sed 's/ /, /')"
  stop_director

  options='when_all_down: use_all' service web 80 tcp rr 8080 1 1 | start_director "$driver"
  become up up
  touch "$dir/s1/sick" "$dir/s2/sick"
  become down down
  expect "$driver: the service is" use_all "$(state)"
  load 10 2
  expect "$driver: all servers are used" '[55, 55]' "$(counts_of_client 2)"
  rm "$dir/s1/sick"
  become up down
  expect "$driver: the service is" up "$(state)"
  load 10 1
  expect "$driver: only who is up" '[55, 0]' "$(counts_of_client 2)"
  rm "$dir/s2/sick"
  become up up
  stop_director
done
