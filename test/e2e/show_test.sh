#!/usr/bin/env bash
# Every `show` against traffic of known counts: 1,000 UDP clients of one packet each, shared by two servers; 50 packets
# to a service without servers; pings of the director; then the counters are zeroed.
. "$(dirname "$0")/harness.sh"

flood() { # PACKETS PER_SECOND PORT
  on client "$build/test/e2e/flood" "$vip" "$1" "$2" "$3" 198.51.100.100 > "$dir/flood.out" || fail "$(cat "$dir/flood.out")"
}
count() { show services | json "sum(s['$1'] for s in d if s['name'] == 'sink')"; }
rate_is_above() { [ "$(ctl show ipvs --rate | awk 'NR == 4 { print $4 }')" -gt "$1" ]; }
is_busy() { [ "$(show workers | json '0 < d[0]["busy"] < 1')" = True ]; }
timed() { [ "$(show workers | json 'd[0]["timed"]["turns"]')" -gt 0 ]; }
has() { [ "$(count "$1")" = "$2" ]; }
ports() { show ports | json "$1"; }
pick() { ctl show connections "$@" | tail -n +2 | wc -l; }

lab 2
sink s1 9
sink s2 9
for driver in $devices; do
  {
    service sink 9 udp rr 9 1 1
    service nobody 10 udp rr 9 0
  } | start_director "$driver"
  before=$(ports 'd[0]["to_kernel"]')
  flood 1000 5000 9
  flood 50 5000 10
  until_true 10 has packets_in 1000 || fail "$driver: $(count packets_in) packets of 1000"
  on client ping -n -c 5 -i 0.2 -W 2 198.51.100.1 > /dev/null

  echo "$driver"
  expect "services" '[1000, 0, 1000, 1000, 0, 28000, 0]' "$(show services | json '[d[0][k] for k in
    ("connections", "active", "inactive", "packets_in", "packets_out", "bytes_in", "bytes_out")]')"
  expect "servers" '[500, 500, 0]' "$(show servers | json '[s["packets_in"] for s in d]')"
  expect "drops" "{'no_server': 50}" "$(show drops | json '{k: v for k, v in d.items() if v > 0}')"
  expect "packets" True "$(show packets |
    json 'd["received"] == d["forwarded"] + d["kernel"] + d["dropped"] and d["forwarded"] >= 1000')"
  expect "table" 1000 "$(show table | json 'd["used"]')"

  expect "connections" 1000 "$(show connections | json 'len(d)')"
  expect "different ones" 1000 "$(show connections | json 'len({c["client"] for c in d})')"
  expect "of a client" 198.51.100.100:1500 "$(show connections --client 198.51.100.100:1500 | json 'd[0]["client"]')"
  expect "of a prefix" "1000 0" "$(pick --client 198.51.100.0/24) $(pick --client 198.51.101.0/24)"
  expect "of a server" 500 "$(pick --server 10.0.0.12)"
  expect "of a service, in a state" "1000 0" "$(pick --service sink --state udp) $(pick --service nobody --state udp)"
  expect "at most" 7 "$(pick --limit 7)"
  expect "idle and left" True "$(show connections | json 'all(c["idle"] >= 0 and 200 < c["expires_in"] <= 300 and
    299 <= c["idle"] + c["expires_in"] <= 301 and not c["active"] for c in d)')"
  check "an unknown service is an error" not ctl show connections --service none

  expect "ipvs" "UDP  $vip:9 rr" "$(ctl show ipvs | sed -n 4p)"
  expect "its server" "10.0.0.11:9 Masq 1 0 500" "$(ctl show ipvs | awk '$2 == "10.0.0.11:9" { print $2, $3, $4, $5, $6; exit }')"
  expect "ipvs --stats" "1000 1000 0 28000 0" "$(ctl show ipvs --stats | awk 'NR == 4 { print $3, $4, $5, $6, $7 }')"
  expect "ipvs --connections" 1002 "$(ctl show ipvs --connections | wc -l)"
  spawn client "$build/test/e2e/flood" "$vip" 10000 1000 9 198.51.100.100 > "$dir/flood.out"
  sender=$spawned
  until_true 60 rate_is_above 100 || fail "ipvs --rate: $(ctl show ipvs --rate | sed -n 4p)"
  until_true 60 is_busy || fail "workers: $(show workers)"
  echo "  rates and the worker's busy share grow"
  wait "$sender" || fail "flood: $(cat "$dir/flood.out")"
  until_true 10 has packets_in 11000 || fail "$driver: $(count packets_in) packets of 11000"
  until timed; do flood 1000 1000 9; done

  expect "ports: outside received all of it" True "$(ports 'd[0]["received"] >= 11050 and d[0]["received_bytes"] >= 11050 * 42')"
  expect "ports: inside sent all of it" True "$(ports 'd[1]["sent"] >= 11000')"
  expect "ports: link and MTU" "[('up', 1500), ('up', 1500)]" "$(ports '[(p["link"], p["mtu"]) for p in d]')"
  expect "ports: MAC" "$(on dir cat /sys/class/net/sy-out/address)" "$(ports 'd[0]["mac"]')"
  expect "ports: driver" "$driver" "$(ports 'd[0]["driver"]')"
  expect "ports: lost" 0 "$(ports 'sum(p[k] for p in d for k in ("missed", "no_buffer", "refused", "bad_tags", "kernel_lost"))')"
  expect "ports: pings went to the kernel and back" True "$(ports "d[0]['to_kernel'] - $before >= 5 and d[0]['from_kernel'] >= 5")"

  expect "workers" '[(0, 1)]' "$(show workers | json '[(w["worker"], w["core"]) for w in d]')"
  # The counters are not read at one moment.
  expect "workers: one turn in 1024 is timed" True \
    "$(show workers | json '[abs(w["timed"]["turns"] - (w["turns"] - w["idle_turns"] - 512) / 1024) < 0.6 for w in d][0]')"
  expect "workers: stages take time" True "$(show workers | json 'all(t > 0 for s, t in d[0]["timed"]["ns"].items() if s != "answer")')"
  expect "workers: they sleep" True "$(show workers | json 'd[0]["sleeps"] > 0')"

  ctl zero sink
  expect "zeroed" '[0, 0, 10000, 0, 0, 0, 0]' "$(show services | json '[d[0][k] for k in
    ("connections", "active", "inactive", "packets_in", "packets_out", "bytes_in", "bytes_out")]')"
  flood 20 1000 9
  until_true 10 has packets_in 20 || fail "$driver: $(count packets_in) packets of 20 since"
  ctl zero
  expect "all zeroed" 0 "$(count packets_in)"
  stop_director
done
