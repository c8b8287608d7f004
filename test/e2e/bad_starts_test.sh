#!/usr/bin/env bash
# Every bad start is one line that says what to do, with exit code 3 (1 for what --check finds), and leaves nothing behind.
. "$(dirname "$0")/harness.sh"

# A YAML for two ports on the lab's wires, changed by the sed scripts given.
yaml() {
  local script
  cat > "$dir/bad.yaml" << END
director:
  control_core: 0
  worker_cores: [1]
  idle: sleep
  connections: 10k
  eal: ["--no-huge", "-m", "256"]
  admin_socket: $dir/run/bad.sock
ports:
  - {name: outside, device: "net_af_packet0,iface=sy-out", addresses: [198.51.100.1/24]}
  - {name: inside, device: "net_af_packet1,iface=sy-in", addresses: [10.0.0.1/24]}
services:
  - {name: web, address: $vip, port: 80, servers: [{address: 10.0.0.11, port: 8080}]}
END
  for script in "$@"; do sed -i -E "$script" "$dir/bad.yaml"; done
}

# What a start may not leave behind: interfaces, filters, sockets, files of huge pages.
traces() {
  ip -n "sy-$$-dir" -o link | awk -F '[:@] *' '{ print $2 }' | sort | xargs
  on dir nft list tables
  ls -A "$dir/run" 2> /dev/null || true
  on dir ss -Hxl | grep steelyard || true
  find /dev/hugepages -type f 2> /dev/null || true
}

# refused CODE WORDS [WRAPPER...]: the start of $dir/bad.yaml, run by the wrapper, says one line that has the words, and
# nothing else but that it starts.
refused() {
  local code=0 wanted=$1 words=$2 before
  before=$(traces)
  shift 2
  on dir "$@" timeout -k 10 60 "$build/apps/steelyard" --config "$dir/bad.yaml" > "$dir/bad.out" 2> "$dir/bad.err" || code=$?
  grep -v '^info: steelyard ' "$dir/bad.err" > "$dir/bad.said" || true
  [ "$code" = "$wanted" ] || fail "'$words': exit code $code, wanted $wanted: $(cat "$dir/bad.err")"
  [ ! -s "$dir/bad.out" ] || fail "'$words': on standard output: $(head -n 3 "$dir/bad.out")"
  [ "$(wc -l < "$dir/bad.said")" = 1 ] || fail "'$words': not one line: $(cat "$dir/bad.said")"
  grep -qF "$words" "$dir/bad.said" || fail "'$words' is not what it says: $(cat "$dir/bad.said")"
  [ "$before" = "$(traces)" ] || fail "'$words' leaves something behind: $(diff <(echo "$before") <(traces))"
  echo "  $(cut -c 1-150 "$dir/bad.said")"
}


lab 1
chmod 755 "$dir"

echo "privileges"
yaml
refused 3 "cannot make $dir/run: Permission denied: run as root" setpriv --reuid 65534 --regid 65534 --clear-groups
mkdir -m 777 "$dir/run"
refused 3 "CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK" setpriv --reuid 65534 --regid 65534 --clear-groups
refused 3 "CAP_NET_RAW" setpriv --bounding-set -net_raw --inh-caps -net_raw
yaml 's/net_af_packet/net_af_xdp/'
refused 3 "CAP_SYS_ADMIN is missing" setpriv --bounding-set -sys_admin --inh-caps -sys_admin

echo "devices"
yaml 's/net_af_packet1,iface=sy-in/0000:ff:1f.7/'
refused 3 "there is no such PCI device; \`lspci -D\`"
yaml 's/net_af_packet1,iface=sy-in/0000:3b:00.0/'
pci=/sys/bus/pci
fake="mount -t tmpfs none $pci && mkdir -p $pci/devices/0000:3b:00.0/net/eth9 $pci/drivers/ixgbe &&
  ln -s ../../drivers/ixgbe $pci/devices/0000:3b:00.0/driver"
refused 3 "bound to the kernel's driver ixgbe, which has it as eth9: \`modprobe vfio-pci && dpdk-devbind.py -b vfio-pci 0000:3b:00.0\`" \
  unshare -m bash -ec "$fake; exec \"\$@\"" bash
yaml 's/sy-in/sy-none/'
refused 3 "port inside: there is no interface sy-none; \`ip link\`"
yaml 's/net_af_packet(.),iface=sy-(out|in)/net_af_xdp\1,iface=sy-none/'
refused 3 "there is no interface sy-none"
yaml 's/sy-in/sy-out/'
refused 3 "port inside: interface sy-out is already a director's port"
yaml 's/net_af_packet1,iface=sy-in/net_nonsense1/'
refused 3 "port inside: device net_nonsense1"
yaml 's/iface=sy-in/iface=sy-in,nonsense=1/'
refused 3 "can't be made"

echo "memory"
yaml 's/"256"/"8"/'
refused 3 'eal: ["--no-huge", "-m", "128"]'
yaml 's/10k/1G/'
refused 3 "fewer \`connections\`"
yaml '/eal:/d'
huge=/sys/kernel/mm/hugepages
none="mount -t tmpfs none $huge && mkdir $huge/hugepages-2048kB && cd $huge/hugepages-2048kB"
refused 3 "there are no free huge pages" unshare -m bash -ec "$none; exec \"\$@\"" bash
grep -q 'sysctl vm.nr_hugepages=[0-9]*`' "$dir/bad.said" || fail "it does not say how many"
yaml '/eal:/d' 's/10k/10M/'
few="$none && for f in nr free; do echo 100 > \${f}_hugepages; done"
refused 3 "too few free huge pages, 100 of 2 MB" unshare -m bash -ec "$few; exec \"\$@\"" bash
grep -q '378 for 10000000 connections' "$dir/bad.said" || fail "it does not say how many for the connections"

echo "cores"
yaml 's/worker_cores: .*/worker_cores: [1000]/'
refused 3 "core 1000 of control_core and worker_cores does not exist"
yaml
# A cpuset that has only core 0, as a container may have it; a mere affinity would not hold a director.
cpusets=/sys/fs/cgroup/cpuset
[ -d "$cpusets" ] || { cpusets=/sys/fs/cgroup && echo +cpuset > "$cpusets/cgroup.subtree_control"; }
mkdir "$cpusets/sy-$$"
echo 0 > "$cpusets/sy-$$/cpuset.mems"
echo 0 > "$cpusets/sy-$$/cpuset.cpus"
(
  echo "$BASHPID" > "$cpusets/sy-$$/cgroup.procs"
  refused 3 "core 1 of control_core and worker_cores does not exist or may not be used: name only cores that this process may use, which are 0"
) || code=$?
rmdir "$cpusets/sy-$$"
[ -z "${code:-}" ] || exit "$code"
yaml 's/worker_cores: .*/worker_cores: [1, 1]/'
refused 1 "bad.yaml:3:21: worker core 1 is already used in line 3"
yaml 's/worker_cores: .*/worker_cores: [0]/' 's/sleep/poll/'
refused 1 "core 0 is the control core too"

echo "the kernel path"
yaml
refused 3 "there is no /dev/net/tun: load the module (modprobe tun)" \
  unshare -m bash -ec "mount -t tmpfs none /dev/net; exec \"\$@\"" bash
ip -n "sy-$$-dir" tuntap add sy-taken mode tap
yaml 's/name: inside/name: sy-taken/'
refused 3 "kernel interface sy-taken: the name is in use"
ip -n "sy-$$-dir" link del sy-taken
yaml
refused 3 "apt install nftables" unshare -m bash -ec "mount -t tmpfs none /usr/sbin; PATH=/usr/bin:/bin; exec \"\$@\"" bash

echo "the configuration"
yaml 's/services:/servces:/'
refused 1 'unknown key "servces"'
yaml 's/"256"/"256", "--nonsense"/'
refused 3 "the EAL does not start: steelyard: unrecognized option '--nonsense'"
rm "$dir/bad.yaml"
refused 1 "cannot be read: No such file"

echo "the admin socket"
yaml "s#$dir/run/bad.sock#$dir/bad.yaml#"
refused 3 "there is something that is no socket"
yaml "s#$dir/run/bad.sock#/proc/none/bad.sock#"
refused 3 "cannot make /proc/none"
python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0)
c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1])  # and nobody accepts
open(sys.argv[2], "w"); time.sleep(1000)' "$dir/run/bad.sock" "$dir/listens" &
children+=($!)
until_true 10 test -e "$dir/listens"
yaml
refused 3 "another program uses this socket"
end "${children[-1]}"
rm "$dir/run/bad.sock"

echo "a second director"
service web 80 tcp rr 8080 1 | start_director net_af_packet
yaml "s#$dir/run/bad.sock#$dir/steelyard.sock#"
refused 3 "another director has it (process $director): stop that one, or make this one an instance of its own"
yaml
refused 3 "interface sy-out is already a director's port"
yaml 's/net_af_packet(.),iface=sy-(out|in)/net_null\1/'
refused 3 "kernel interface outside: the name is in use"
expect "the first one goes on" 1 "$(show services | json 'len(d)')"
expect "its filters too" 2 "$(on dir nft list tables | grep -c steelyard_)"
stop_director
