#!/usr/bin/env bash
# Our EAL, ports, queues and worker loop on veth: every frame passes, whole and once; the kernel does not answer beside
# us; nothing stays behind, also after a crash. With af_packet and af_xdp, one and two queues, huge pages and without.
source "$(dirname "$0")/harness.sh"

probe=$build/test/e2e/dpdk-probe
frames=$root/test/e2e/dpdk_frames.py
pages=/proc/sys/vm/nr_hugepages
no_huge=(--no-huge -m 384)

# The probe between its two interfaces: IDLE WORKERS DRIVER [EAL ARGUMENT]...
start_probe() {
  : > "$dir/probe.out"
  spawn wire "$probe" "$1" "$2" "${3}0,iface=sy-l" "${3}1,iface=sy-r" "${@:4}" > "$dir/probe.out" 2> "$dir/probe.err"
  running=$spawned
  until_true 30 grep -qx ready "$dir/probe.out" || fail "the probe does not start: $(tail -n 3 "$dir/probe.err")"
}

stop_probe() {
  kill -TERM "$running"
  local code=0
  wait "$running" || code=$?
  expect "exit code of the probe" 0 "$code"
  expect "nft tables left behind" "" "$(on wire nft list tables)"
  expect "XDP programs left behind" 0 "$(on wire ip link | grep -c xdp || true)"
}

# A port that can't be: exit code 3 and a line that says why.
refuses() {
  local why=$1 code=0
  shift
  on wire "$probe" "$@" > "$dir/refused.out" 2>&1 || code=$?
  expect "exit code when '$why'" 3 "$code"
  grep -q "$why" "$dir/refused.out" || fail "expected '$why', got: $(tail -n 1 "$dir/refused.out")"
  expect "nft tables left behind" "" "$(on wire nft list tables)"
}

# queues N: the three namespaces and the wires between, with N queues each.
queues() {
  local pair
  for pair in "left sy-1 sy-l" "right sy-2 sy-r"; do
    read -r space outer inner <<< "$pair"
    ip -n "sy-$$-wire" link del "$inner" 2> /dev/null || true
    ip link add "$outer" netns "sy-$$-$space" numrxqueues "$1" numtxqueues "$1" type veth \
      peer name "$inner" netns "sy-$$-wire" numrxqueues "$1" numtxqueues "$1"
    on "$space" ethtool -K "$outer" tx off > /dev/null
    ip -n "sy-$$-$space" link set "$outer" up
  done
  ip -n "sy-$$-left" address add 10.9.0.1/24 dev sy-1
  ip -n "sy-$$-right" address add 10.9.0.2/24 dev sy-2
  ip -n "sy-$$-wire" address add 10.9.0.3/24 dev sy-l
}

passes() {
  check "pings pass" on left ping -q -c 20 -i 0.02 -W 2 10.9.0.2
  ! on left ping -q -c 2 -i 0.2 -W 1 10.9.0.3 > /dev/null || fail "the kernel answers beside us"
  spawn right python3 "$frames" receive sy-2 "$driver" > "$dir/receive.out"
  local receiver=$spawned
  until_true 10 grep -q listening "$dir/receive.out" || fail "no receiver"
  on left python3 "$frames" send sy-1
  check "frames of every kind arrive as they were" wait "$receiver"
  check "the control core's frames return in order" on left python3 "$frames" echo sy-1
  check "a download arrives" on left curl -sf --max-time 60 -o "$dir/copy" http://10.9.0.2:8080/data
  cmp "$dir/right/files/data" "$dir/copy" || fail "the download is not what was served"
}

space left
space wire
space right
queues 1
web right body
head -c 8000000 /dev/urandom > "$dir/right/files/data"

for driver in net_af_packet net_af_xdp; do
  echo "$driver, one queue"
  start_probe sleep 1 "$driver" "${no_huge[@]}"
  passes
  kill -KILL "$running"
  wait "$running" || true
  echo "$driver, after a crash"
  start_probe poll 1 "$driver" "${no_huge[@]}"
  passes
  stop_probe
done

echo "refusals"
refuses "has 1 receive queue" sleep 2 net_af_xdp0,iface=sy-l net_af_xdp1,iface=sy-r "${no_huge[@]}"
refuses "no interface sy-none" sleep 1 net_af_packet0,iface=sy-none net_af_packet1,iface=sy-r "${no_huge[@]}"
refuses "no such PCI device" sleep 1 ffff:ff:1f.7 net_af_packet1,iface=sy-r "${no_huge[@]}"
refuses "no memory for" sleep 1 net_af_packet0,iface=sy-l net_af_packet1,iface=sy-r --no-huge -m 8

queues 2
for driver in net_af_packet net_af_xdp; do
  echo "$driver, two queues, two workers"
  start_probe sleep 2 "$driver" "${no_huge[@]}"
  passes
  stop_probe
done
echo "net_af_xdp, two queues, one worker"
start_probe sleep 1 net_af_xdp "${no_huge[@]}"
passes
stop_probe

free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2> /dev/null || echo 0)
before=$(cat "$pages")
[ "$free" -ge 192 ] || echo $((before + 192)) > "$pages" || true
restore() { echo "$before" > "$pages" || true; }
trap 'restore; clean_up' EXIT
if [ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)" -ge 192 ]; then
  for driver in net_af_packet net_af_xdp; do
    echo "$driver, huge pages"
    start_probe sleep 1 "$driver"
    passes
    stop_probe
  done
else
  echo "no huge pages to be had: left out"
fi
