#!/usr/bin/env bash
# What is not load-balanced reaches the kernel and comes back: ping and traceroute to and through the director.
. "$(dirname "$0")/harness.sh"

ping5() { on "$1" ping -n -c 5 -i 0.2 -W 2 "$2"; }
# The addresses of the hops, in one line.
trace() { on "$1" traceroute -n -q 1 -w 2 -m 5 "${@:2}" | awk 'NR > 1 { print $2 }' | xargs; }

lab 1
webs
# Linux answers a peer with one ICMP error a second: not what is tested here.
for space in client dir s1; do on "$space" sysctl -qw net.ipv4.icmp_ratelimit=0; done
for driver in $devices; do
  service web 80 tcp rr 8080 1 | start_director "$driver"
  check "$driver: ping to the virtual address" ping5 client "$vip"
  check "$driver: ping to the director outside" ping5 client 198.51.100.1
  check "$driver: ping to the director's inside address from outside" ping5 client 10.0.0.1
  check "$driver: ping to the director inside" ping5 s1 10.0.0.1
  check "$driver: ping through the director" ping5 client 10.0.0.11
  # The packet sockets of net_af_packet are given fragments already put together, larger than a frame may be.
  [ "$driver" = net_af_packet ] ||
    check "$driver: a ping larger than the MTU" on client ping -n -c 3 -i 0.2 -W 2 -s 3000 198.51.100.1
  expect "$driver: UDP traceroute to the virtual address" "$vip" "$(trace client "$vip")"
  expect "$driver: UDP traceroute through" "198.51.100.1 10.0.0.11" "$(trace client 10.0.0.11)"
  expect "$driver: ICMP traceroute through" "198.51.100.1 10.0.0.11" "$(trace client -I 10.0.0.11)"
  expect "$driver: traceroute from a server" "10.0.0.1 198.51.100.100" "$(trace s1 198.51.100.100)"
  expect "$driver: TCP traceroute to the service sees only" "$vip" \
    "$(trace client -T -p 80 "$vip" | tr ' ' '\n' | sort -u)"
  stop_director
done
