#!/usr/bin/env bash
# 1,000 real servers, each checked once a second: all are up and stay up. Prints the control core's CPU beside that of a
# bare connect/close loop at the same rate; no time decides.
. "$(dirname "$0")/harness.sh"

window=10  # seconds
all_up() { [ "$(show services | json 'sum(s["state"] == "up" for s in d[0]["servers"])')" = 1000 ]; }
opened() { on dir nstat -asz TcpActiveOpens | awk '/TcpActiveOpens/ { print $2 }'; }
# CPU of the director's first thread, the control core, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$director/task/$director/stat"; }
# Milliseconds of the control core's CPU a second, over the time that a command takes.
control_core() {
  local before began=${EPOCHREALTIME/./}
  before=$(ticks)
  "$@"
  echo $((($(ticks) - before) * 1000000 / $(getconf CLK_TCK) * 1000 / (${EPOCHREALTIME/./} - began)))
}

start() { # DRIVER HEALTH
  {
    sed "s/10\.0\.0\.1\/24/10.0.0.1\/16/" << END
director:
  control_core: 0
  worker_cores: [1]
  idle: sleep
  connections: 100k
  eal: ["--no-huge", "-m", "512"]
  admin_socket: $dir/steelyard.sock
ports:
  - {name: outside, device: "${1}0,iface=sy-out", addresses: [198.51.100.1/24]}
  - {name: inside, device: "${1}1,iface=sy-in", addresses: [10.0.0.1/24]}
services:
  - name: web
    address: $vip
    port: 80
    scheduler: rr
    health: $2
    servers:
END
    seq 0 999 | awk '{ printf "      - {address: 10.0.%d.%d, port: 8080}\n", 16 + $1 / 250, 1 + $1 % 250 }'
  } > "$dir/steelyard.yaml"
  run_director "$dir/steelyard.yaml"
}

lab 1
ip -n "sy-$$-s1" address replace 10.0.0.11/16 dev sy-s
ip -n "sy-$$-s1" route add local 10.0.16.0/22 dev lo
ip -n "sy-$$-s1" route replace default via 10.0.0.1
web s1 "server 1"
for driver in $devices; do
  start "$driver" none
  idle=$(control_core sleep $window)
  bare=$(control_core on dir "$build/test/e2e/connect-loop" 10.0.16.1 250 8080 1000 $window | tee "$dir/bare.out" | tail -1)
  read -r stood failed cpu < <(head -1 "$dir/bare.out")
  stop_director
  expect "$driver: connections of the bare loop that failed" 0 "$failed"
  for kind in tcp http; do
    [ $kind = tcp ] && what='tcp: {}' || what='http: {path: /health}'
    start "$driver" "{$what, interval: 1s}"
    until_true 60 all_up || fail "not all servers come up"
    before=$(opened)
    used=$(control_core sleep $window)
    checks=$((($(opened) - before) / window))
    check "$driver: all 1000 servers are up, by $kind checks" all_up
    expect "$driver: servers that went down" 0 "$(grep -c ': down: ' "$dir/director.log" || true)"
    echo "  $driver: milliseconds of CPU a second: control core with $checks $kind checks a second $used, without any $idle;" \
      "a bare loop with $((stood / window)) connections a second $cpu, and the control core for its frames $bare"
    stop_director
  done
done
