#!/usr/bin/env bash
# Checks travel by the port's kernel interface: with that down all of them fail, even where a server answers over another
# network; and the interface that the port is made of has no part in it.
. "$(dirname "$0")/harness.sh"

told() { grep -q "tcp check of 10.0.0.1$1:8080 (web): down: no route by any port" "$dir/director.log"; }
checks_from() { on "$1" timeout 30 tcpdump -Z root -ni "$2" -c 3 "dst port 8080 and tcp[tcpflags] == tcp-syn"; }

lab 2
webs
# A management network that leads to the servers too, by a worse route.
wire dir sy-m s1 sy-m
ip -n "sy-$$-dir" address add 192.0.2.1/24 dev sy-m
ip -n "sy-$$-s1" address add 192.0.2.2/24 dev sy-m
on s1 sysctl -qw net.ipv4.ip_forward=1
ip -n "sy-$$-dir" route add 10.0.0.0/24 via 192.0.2.2 metric 1000
for driver in $devices; do
  health='{tcp: {}, interval: 500ms, timeout: 500ms}' service web 80 tcp rr 8080 1 1 | start_director "$driver"
  become up up
  expect "$driver: addresses of the veth itself" "" "$(ip -n "sy-$$-dir" -4 -o address show dev sy-in)"
  check "$driver: checks go out by the port's interface" checks_from dir inside
  check "$driver: checks arrive at a server by the wire of the traffic" checks_from s1 sy-s

  ip -n "sy-$$-dir" link set inside down
  become down down
  check "$driver: the reason is told" told 1
  check "$driver: for each" told 2
  check "$driver: while the director's kernel does reach the server otherwise" \
    on dir curl -sf -m 10 http://10.0.0.11:8080/
  ip -n "sy-$$-dir" link set inside up
  become up up
  load 10 1
  expect "$driver: shares of 55 connections, all served" 55 "$(json 'sum(d["bodies"].values())' < "$dir/load.json")"
  stop_director
done
