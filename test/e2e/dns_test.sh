#!/usr/bin/env bash
# DNS over UDP: answers come from the service's address, each client endpoint stays with its server, rr shares exactly.
. "$(dirname "$0")/harness.sh"

ask() { on client dig +short +tries=1 +time=5 -b "$1" "@$vip" "${@:2}"; }

lab 2
for i in 1 2; do
  spawn "s$i" dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file \
    --bind-interfaces --listen-address="10.0.0.1$i" --address=/one.example/192.0.2.1 \
    --txt-record="who.example,server $i" --txt-record=large.example,"$(printf 'x%.0s' {1..200})","$(printf 'y%.0s' {1..200})" \
    --txt-record=large.example,"$(printf 'z%.0s' {1..200})","$(printf 'w%.0s' {1..200})" 2> "$dir/dnsmasq$i.log"
  until_true 10 grep -q started "$dir/dnsmasq$i.log" || fail "dnsmasq does not start"
done

for driver in $devices; do
  service dns 53 udp rr 53 1 1 | start_director "$driver"
  expect "$driver: an address" 192.0.2.1 "$(ask 198.51.100.100#40000 one.example A)"
  for n in {1..20}; do ask "198.51.100.101#$((41000 + n))" who.example TXT; done | sort | uniq -c > "$dir/shares"
  expect "$driver: shares of 20 clients" "10 server 1 10 server 2" "$(xargs < "$dir/shares")"
  for n in {1..5}; do ask 198.51.100.102#42000 who.example TXT; done | sort -u > "$dir/same"
  expect "$driver: servers that one client endpoint sees" 1 "$(wc -l < "$dir/same")"
  expect "$driver: length of a large answer" 812 "$(ask 198.51.100.103#43000 +bufsize=1232 large.example TXT | wc -c)"
  expect "$driver: connections" 23 "$(show services | json 'd[0]["connections"]')"
  stop_director
done
