#!/usr/bin/env bash
# Two directors on one machine, each an instance with a socket, interfaces and traffic of its own; a third beside the
# first in its network namespace; and none twice.
. "$(dirname "$0")/harness.sh"

# site X: client cX, director dX, server sX; the same addresses at every site.
site() {
  space "c$1"
  space "d$1"
  space "s$1"
  wire "c$1" sy-c "d$1" sy-out
  wire "d$1" sy-in "s$1" sy-s
  ip -n "sy-$$-c$1" address add 198.51.100.100/24 dev sy-c
  ip -n "sy-$$-s$1" address add 10.0.0.11/24 dev sy-s
  ip -n "sy-$$-s$1" route add default via 10.0.0.1
  web "s$1" "site $1"
}

# A name of this test's own, since all directors share /run/steelyard.
instance() { printf 'sy%07d%s' $$ "$1"; }

# yaml X OUTSIDE INSIDE NET: instance X on these devices, with addresses in NET and 10.0.0.0/24 or the like.
yaml() {
  cat > "$dir/$1.yaml" << END
director:
  instance: $(instance "$1")
  control_core: 0
  worker_cores: [1]
  idle: sleep
  connections: 10k
  eal: ["--no-huge", "-m", "256"]
ports:
  - {name: out, device: "$2", addresses: [$4.1/24]}
  - {name: ins, device: "$3", addresses: [10.0.${5:-0}.1/24]}
services:
  - {name: web-$1, address: $4.10, port: 80, servers: [{address: 10.0.${5:-0}.11, port: 8080}]}
END
}

# run SPACE X [WRAPPER...]
declare -A process
run() {
  local space=$1 x=$2
  shift 2
  setsid ip netns exec "sy-$$-$space" "$@" "$build/apps/steelyard" --config "$dir/$x.yaml" 2> "$dir/$x.log" 3>&- &
  process[$x]=$!
  children+=($!)
  until_true 60 asks "$x" show services || fail "$x does not become ready: $(cat "$dir/$x.log")"
}
asks() { "$build/apps/steelyardctl" --instance "$(instance "$1")" "${@:2}" -o json; }
serves() { asks "$1" show services | json 'd[0]["name"]'; }
page() { on "c$1" curl -sSm 20 http://198.51.100.10/; }
links() { ip -n "sy-$$-$1" -o link | grep -oE "$(instance "$2")-(out|ins)" | sed "s/.*-//" | xargs; }
stop() {
  local code=0
  kill -TERM "${process[$1]}"
  wait "${process[$1]}" || code=$?
  expect "$1 ends with" 0 "$code"
}

site a
site b
yaml a net_af_packet0,iface=sy-out net_af_packet1,iface=sy-in 198.51.100
yaml b net_af_packet0,iface=sy-out net_af_packet1,iface=sy-in 198.51.100
yaml c net_null0 net_null1 192.0.2 9

echo "two directors"
run da a
run db b
expect "a serves" "site a" "$(page a)"
expect "b serves" "site b" "$(page b)"
expect "a answers for" web-a "$(serves a)"
expect "b answers for" web-b "$(serves b)"
expect "a counts" 1 "$(asks a show services | json 'd[0]["connections"]')"

echo "a third one in the namespace of the first, begun without its core as under isolcpus"
run da c taskset -c 0
expect "a's interfaces" "out ins" "$(links da a)"
expect "c's interfaces" "out ins" "$(links da c)"
expect "c answers for" web-c "$(serves c)"
expect "a still serves" "site a" "$(page a)"
expect "its worker's core" 1 "$(taskset -pc "$(basename "$(dirname "$(grep -lx rte-worker-1 /proc/"${process[c]}"/task/*/comm)")")" | sed 's/.*: //')"

echo "the same one again"
yaml d net_null0 net_null1 192.0.2 9
sed -i "s/$(instance d)/$(instance a)/" "$dir/d.yaml"
code=0
on db "$build/apps/steelyard" --config "$dir/d.yaml" 2> "$dir/d.log" || code=$?
expect "exit code" 3 "$code"
expect "lines" 1 "$(grep -vc '^info: steelyard ' "$dir/d.log")"
check "names the other" grep -q "another director has it (process ${process[a]})" "$dir/d.log"

echo "one stops, the others go on"
stop a
expect "a answers" no "$(asks a show services 2> "$dir/a.err" || echo no)"
check "steelyardctl says where it looked" grep -q "no director answers on /run/steelyard/$(instance a).sock" "$dir/a.err"
expect "b serves" "site b" "$(page b)"
expect "c answers for" web-c "$(serves c)"
run da a
expect "a serves again" "site a" "$(page a)"
for x in a b c; do stop "$x"; done
expect "sockets left" "" "$(find /run/steelyard -name "sy*$$?.sock*")"
