#!/usr/bin/env bash
# Path-MTU discovery through the director: where its own inside port has the smaller MTU, and where a router behind it
# has. The servers announce an MSS of 1460 all the same, so that clients do send 1500 bytes with DF at first.
. "$(dirname "$0")/harness.sh"

upload() { on client curl -sSf -m 60 -T "$dir/large" "http://$vip/up"; }
download() { on client curl -sSf -m 60 -o "$dir/down" "http://$vip/large"; }
known_mtu() { ip -n "sy-$$-client" route get "$vip" | grep -o 'mtu [0-9]*'; }
transfers() { # WHAT MTU SPACE
  check "$1: upload of 8 MB" upload
  expect "$1: the client has learnt" "mtu $2" "$(known_mtu)"
  check "$1: it arrived whole" cmp "$dir/large" "$dir/$3/files/up"
  check "$1: download of 8 MB" download
  check "$1: it arrived whole" cmp "$dir/large" "$dir/down"
  ip -n "sy-$$-client" route flush cache
  rm -f "$dir/$3/files/up" "$dir/down"
}

lab 1
webs
# Behind server 1, which routes for it: a server whose wire takes 1300 bytes.
space far
wire s1 sy-far far sy-s
for end in s1:sy-far:10.0.9.1 far:sy-s:10.0.9.2; do
  IFS=: read -r where interface address <<< "$end"
  ip -n "sy-$$-$where" address add "$address/24" dev "$interface"
  ip -n "sy-$$-$where" link set "$interface" mtu 1300
done
on s1 sysctl -qw net.ipv4.ip_forward=1
ip -n "sy-$$-far" route add default via 10.0.9.1 advmss 1460
ip -n "sy-$$-s1" route replace default via 10.0.0.1 mtu 1400 advmss 1460
web far "far server"
head -c 8M /dev/urandom > "$dir/large"
cp "$dir/large" "$dir/s1/files/large"
cp "$dir/large" "$dir/far/files/large"

for driver in $devices; do
  service web 80 tcp rr 8080 1 | inside_mtu=1400 start_director "$driver"
  transfers "$driver, inside port of 1400" 1400 s1
  stop_director

  service web 80 tcp rr 8080 1 | sed 's/10\.0\.0\.11/10.0.9.2/' | start_director "$driver"
  ip -n "sy-$$-dir" route add 10.0.9.0/24 via 10.0.0.11
  transfers "$driver, router of 1300 behind" 1300 far
  stop_director
done
