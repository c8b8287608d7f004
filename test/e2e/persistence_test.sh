#!/usr/bin/env bash
# Persistence: a client meets one server over a group of two ports, another one on both once that server is down; clients
# of a network are one; templates end. One-packet UDP: each datagram by itself, answers from the virtual address.
. "$(dirname "$0")/harness.sh"

ask() { on client curl -s --max-time 10 --interface "198.51.100.$1" "http://$vip:$2/"; }
# Servers that a client meets in N connections to each of the ports, one line each.
met() { # CLIENT N PORT...
  local port
  for port in "${@:3}"; do for ((n = 0; n < $2; n++)); do ask "$1" "$port"; done; done | sort -u
}
# UDP servers that answer with their number; a client that sends N datagrams from one socket and counts the answers.
answer() { # SPACE NUMBER PORT
  spawn "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[2])))
while True: s.sendto(sys.argv[1].encode(), s.recvfrom(2048)[1])' "$2" "$3"
  until_true 10 on "$1" sh -c "ss -Hlun 'sport = :$3' | grep -q ." || fail "no UDP server in $1"
}
datagrams() { # CLIENT N PORT
  on client python3 -c 'import collections, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.connect((sys.argv[2], int(sys.argv[4])))
s.settimeout(10)
got = collections.Counter()
for _ in range(int(sys.argv[3])):
    s.send(b"?")
    got[s.recv(100).decode()] += 1
print(*(f"{n}x{who}" for who, n in sorted(got.items())))' "198.51.100.$1" "$vip" "$2" "$3"
}
templates() { show persistence "$@" | json 'len(d)'; }
ended() { [ "$(templates --service talk)" = 0 ]; }

driver=${devices%% *}
lab 3
webs
for i in 1 2 3; do
  echo "server $i" > "$dir/s$i/files/index.html"
  spawn "s$i" python3 -m http.server 8443 --directory "$dir/s$i/files" > /dev/null 2>&1
  until_true 10 on "s$i" sh -c "ss -Hltn 'sport = :8443' | grep -q ." || fail "no second web server in s$i"
  answer "s$i" "$i" 5300
  answer "s$i" "$i" 5301
done

checks='{tcp: {}, interval: 1s, timeout: 1s, rise: 1, fall: 2}'
{
  health=$checks options='persistence: {timeout: 2s, group: shop}' service web 80 tcp rr 8080 1 1 1
  health=$checks options='persistence: {timeout: 2s, group: shop}' service safe 443 tcp rr 8443 1 1 1
  options='persistence: {netmask: 255.255.255.252}' service net 81 tcp rr 8080 1 1 1
  options='persistence: {timeout: 8s}, timeouts: {udp: 250ms}' service talk 5301 udp rr 5301 1 1 1
  options='one_packet: true' service echo 53 udp rr 5300 1 1 1
} | start_director "$driver"
become up up up
safe_is_up() { [ "$(show services | json 'all(s["state"] == "up" for s in d[1]["servers"])')" = True ]; }
until_true 60 safe_is_up ||
  fail "the servers of the second port do not come up"

expect "UDP, persistent: answers to 6 datagrams" 6 "$(datagrams 100 6 5301 | cut -dx -f1)"
expect "its template" "('198.51.100.100/32', True)" \
  "$(show persistence --service talk | json '(d[0]["client"], 0 < d[0]["expires_in"] <= 8)')"

expect "UDP, one packet: answers to 9 datagrams" "3x1 3x2 3x3" "$(datagrams 101 9 53)"
expect "its connections, all counted and none kept" "[9, 0, 9, 9]" \
  "$(show services | json '[d[4][k] for k in ("connections", "inactive", "packets_in", "packets_out")]')"
expect "entries that it left" 0 "$(show connections --service echo | json 'len(d)')"

for c in 100 101 102 103 104 105; do
  met "$c" 4 80 443 > "$dir/met.$c"
  [ "$(wc -l < "$dir/met.$c")" = 1 ] || fail "client $c met $(xargs < "$dir/met.$c")"
done
expect "clients of a group by server" "2 2 2" "$(cat "$dir"/met.* | sort | uniq -c | awk '{ print $1 }' | xargs)"
expect "its templates" "[('ip', 'shop', True)]" \
  "$(show persistence --service safe | json 'sorted({(t["protocol"], t["group"], t["assured"]) for t in d})')"
expect "as many as clients, and 8 connections each" "(6, True)" \
  "$(show persistence --service web | json 'len(d), all(t["connections"] == 8 for t in d)')"
expect "templates among connections" "0 7" "$(show connections | json 'sum(c["client"].endswith(":0") for c in d)') $(
  ctl show ipvs --connections | awk '$4 ~ /:0$/' | wc -l)"

expect "servers of three clients in one network" 1 "$( (met 108 2 81; met 109 2 81; met 110 2 81) | sort -u | wc -l)"
expect "and in the next one" 2 "$( (met 108 1 81; met 112 1 81) | sort -u | wc -l)"

# Held by connections in TIME_WAIT, templates go on for a minute.
minute() { [ "$(show persistence --service web | json 'all(t["expires_in"] > 10 for t in d)')" = True ]; }
until_true 60 minute || fail "templates that connections hold: $(show persistence --service web)"
echo "  templates that connections hold go on for a minute"

gone=$(sed 's/server //' "$dir/met.100")
crash "s$gone"
left() { [ "$(show services | json "d[0]['servers'][$gone - 1]['state']")" = down ]; }
until_true 60 left || fail "the crashed server is not down"
met 100 3 80 443 > "$dir/met.again"
expect "servers that a client of the crashed server meets on both ports" 1 "$(wc -l < "$dir/met.again")"
check "none of them is the crashed one" not grep -q "server $gone" "$dir/met.again"
for c in 101 102 103 104 105; do
  cmp -s "$dir/met.$c" "$dir/met.100" && continue
  [ "$(met "$c" 2 80 443)" = "$(cat "$dir/met.$c")" ] || fail "client $c has changed servers"
done
echo "  the others stay where they were"

until_true 60 ended || fail "the UDP template does not end: $(ctl show persistence --service talk)"
echo "  a template ends after its last connection"
stop_director
