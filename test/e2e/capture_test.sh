#!/usr/bin/env bash
# steelyardctl capture: known traffic, each filter, before and after translation, read back by tshark and by tcpdump;
# captures that end by themselves, with their reader, or are one too many; load that doesn't suffer from them.
. "$(dirname "$0")/harness.sh"

ctl=("$build/apps/steelyardctl" --socket "$dir/steelyard.sock")

# capture FILE OPTION...: in the background, until it runs; its process id is in $capture.
capture() {
  "${ctl[@]}" capture --write "$dir/$1" "${@:2}" 2> "$dir/$1.said" 3>&- &
  capture=$!
  children+=("$capture")
  until_true 20 test -s "$dir/$1" || fail "no capture begins: $(cat "$dir/$1.said")"
}
end_capture() {
  kill -INT "$capture"
  wait "$capture" || fail "a capture that is interrupted ends with exit code $?"
}

# seen FILE FILTER: how many packets of it pass a tshark filter.
seen() { tshark -nr "$dir/$1" -Y "$2" 2> "$dir/tshark.err" | wc -l; }
seen_are() { [ "$(seen "$1" "$2")" -eq "$3" ]; }
# await FILE FILTER N: until the file has so many.
await() { until_true 60 seen_are "$@" || fail "$1: $(seen "$1" "$2") packets of $3: $2"; }
field() { tshark -nr "$dir/$1" -Y "$2" -T fields -e "$3" 2> "$dir/tshark.err" | sort -u; }

get() { on client curl -sSf -m 20 --interface "198.51.100.$1" -o /dev/null "http://$vip/"; } # CLIENT'S LAST OCTET
fetch() { local i; for ((i = 0; i < $2; i++)); do get "$1"; done; }

syn='tcp.flags.syn == 1 && tcp.flags.ack == 0'
synack='tcp.flags.syn == 1 && tcp.flags.ack == 1'
in='frame.packet_flags_direction == 1'
out='frame.packet_flags_direction == 2'
outside='frame.interface_name == "outside"'
inside='frame.interface_name == "inside"'

both_sides() { # FILE N: connections of client .100 with the service, each direction, before and after translation
  local a="ip.addr == 198.51.100.100"
  await "$1" "tcp.flags.fin == 1 && $out && $inside" "$2"
  await "$1" "tcp.flags.fin == 1 && $out && $outside" "$2"
  expect "$1: SYN from the client" "$2" "$(seen "$1" "$syn && $in && $outside && $a && ip.dst == $vip && tcp.dstport == 80")"
  expect "$1: SYN to the servers" "$2" \
    "$(seen "$1" "$syn && $out && $inside && $a && ip.dst == 10.0.0.0/24 && tcp.dstport == 8080")"
  expect "$1: SYN and ACK of the servers" "$2" \
    "$(seen "$1" "$synack && $in && $inside && $a && ip.src == 10.0.0.0/24 && tcp.srcport == 8080")"
  expect "$1: SYN and ACK to the client" "$2" \
    "$(seen "$1" "$synack && $out && $outside && $a && ip.src == $vip && tcp.srcport == 80")"
  expect "$1: all that came has left" "$(seen "$1" "$in")" "$(seen "$1" "$out")"
  expect "$1: checksums that are wrong" 0 \
    "$(tshark -nr "$dir/$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
      -Y 'ip.checksum.status == 0 || tcp.checksum.status == 0' 2> /dev/null | wc -l)"
  expect "$1: tcpdump reads as many" "$(seen "$1" frame)" "$(tcpdump -nr "$dir/$1" 2> /dev/null | wc -l)"
}

filters() {
  capture web.pcapng --service web
  local of_web=$capture
  capture client.pcapng --client 198.51.100.100
  local of_client=$capture
  capture all.pcapng
  local all=$capture
  fetch 100 6
  fetch 101 3
  on client ping -qc 2 -i 0.2 -I 198.51.100.100 198.51.100.1 > /dev/null
  await client.pcapng icmp 4
  both_sides client.pcapng 6
  await all.pcapng "tcp.flags.fin == 1 && $out && $outside && tcp.srcport == 80" 9
  for capture in "$of_web" "$of_client" "$all"; do end_capture; done
  expect "client: others" 0 "$(seen client.pcapng '!(ip.addr == 198.51.100.100)')"
  expect "client: the kernel's answers to its pings" 2 "$(seen client.pcapng "icmp.type == 0 && $out && $outside")"
  expect "service: connections" 9 "$(seen web.pcapng "$syn && $out && $inside")"
  expect "service: others" 0 "$(seen web.pcapng '!(tcp.port == 80 || tcp.port == 8080)')"
  expect "all: pings that came" 2 "$(seen all.pcapng "icmp.type == 8 && $in && $outside")"
  expect "interfaces" "inside outside" "$(field all.pcapng frame frame.interface_name | xargs)"
  expect "drops in it" "" "$(field all.pcapng frame frame.comment)"
  expect "the packets as counted" "$(seen all.pcapng frame) packets captured, 0 more found no room" \
    "$(cat "$dir/all.pcapng.said")"
}

drops() {
  capture drops.pcapng --drops
  local any=$capture
  capture reason.pcapng --drops no_server --client 198.51.100.100
  local one=$capture
  not on client curl -sS -m 5 --interface 198.51.100.100 "http://$vip:81/" 2> /dev/null || fail "nobody should answer"
  not on client curl -sS -m 5 --interface 198.51.100.101 "http://$vip:81/" 2> /dev/null || fail "nobody should answer"
  fetch 100 2
  until_true 60 not seen_are drops.pcapng "ip.src == 198.51.100.101 && tcp.dstport == 81" 0 || fail "no drop is seen"
  until_true 60 not seen_are reason.pcapng frame 0 || fail "no drop of one client is seen"
  for capture in "$any" "$one"; do end_capture; done
  expect "why they were dropped" "dropped: no_server: the service has no usable real server" \
    "$(field drops.pcapng 'tcp.dstport == 81' frame.comment)"
  expect "as they came" "198.51.100.100 $vip 81" \
    "$(tshark -nr "$dir/reason.pcapng" -T fields -E separator=' ' -e ip.src -e ip.dst -e tcp.dstport 2> /dev/null | sort -u)"
  expect "what was not dropped" 0 "$(seen drops.pcapng "tcp.port == 8080 || tcp.dstport == 80 || $out")"
}

ends() {
  "${ctl[@]}" capture --count 7 --service web --write "$dir/count.pcapng" 2> "$dir/said" &
  capture=$!
  children+=("$capture")
  until_true 20 test -s "$dir/count.pcapng"
  fetch 100 3
  wait "$capture"
  expect "a count" 7 "$(seen count.pcapng frame)"
  expect "it says" "7 packets captured, 0 more found no room" "$(cat "$dir/said")"

  spawn client ping -qi 0.2 -I 198.51.100.103 198.51.100.1 > /dev/null  # so that these end
  local ping=$spawned
  short() { "${ctl[@]}" capture --count 1 --client 198.51.100.103 --write "$dir/short.pcapng"; }
  refused() { not short 2> "$dir/said" && grep -q '4 captures run already' "$dir/said"; }
  capture one.pcapng
  local one=$capture
  capture two.pcapng
  local two=$capture
  capture three.pcapng
  local three=$capture
  ("${ctl[@]}" capture --client 198.51.100.102 2> /dev/null | tcpdump -nr - -c 2 > "$dir/tcpdump.out" 2> "$dir/tcpdump.err") &
  children+=("$!")
  until_true 20 grep -q 'reading from' "$dir/tcpdump.err" || fail "tcpdump reads nothing from the pipe"
  check "a fifth capture is refused" refused
  get 102
  # Nothing comes for it any more: it must end with its reader all the same.
  until_true 20 short || fail "a capture does not end with the reader of its pipe"
  expect "tcpdump has read" 2 "$(wc -l < "$dir/tcpdump.out")"
  echo "  a capture ends with the reader of its pipe"
  capture four.pcapng
  local four=$capture
  check "again as many as may be" refused
  kill -KILL "$one"
  wait "$one" || true
  until_true 20 short || fail "a capture does not end with its client"
  echo "  a capture ends with its client"
  for capture in "$two" "$three" "$four"; do end_capture; done
  end "$ping"
}

under_load() {
  forget_requests
  capture load.pcapng
  load 20 2
  end_capture
  expect "load with captures: nginx's count" '[210, 210]' "$(counts_of_nginx 2)"
  expect "  counted" "$(seen load.pcapng frame)" "$(awk '{ print $1 }' "$dir/load.pcapng.said")"
  echo "  $(cat "$dir/load.pcapng.said")"
}

lab 2
webs
for driver in $devices; do
  {
    service web 80 tcp rr 8080 1 1
    service closed 81 tcp rr 8080 0
  } | start_director "$driver"
  echo " $driver"
  filters
  drops
  ends
  under_load
  expect "a wrong service" "steelyardctl: there is no service mail; there are: web, closed" \
    "$("${ctl[@]}" capture --service mail 2>&1 > /dev/null || true)"
  stop_director
  rm -f "$dir"/*.pcapng
done
