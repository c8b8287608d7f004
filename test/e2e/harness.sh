# shellcheck shell=bash
# shellcheck disable=SC2034  # variables for those who source it
# A small network in namespaces of our own, for the end-to-end tests and the demo. To be sourced by bash.
#
#   client ── sy-c ═ sy-out ── dir ── sy-in ═ sy-up ── sw (bridge) ── sy-pN ═ sy-s ── sN
#
#   client   198.51.100.100 to .131, default gateway 198.51.100.1
#   dir      the director, whose ports are on sy-out and sy-in; its own addresses 198.51.100.1 and 10.0.0.1
#   sN       real server N, 10.0.0.(10+N), default gateway 10.0.0.1
#
# A namespace is called sy-ID-NAME with this shell's process id as ID, so harnesses do not meet. What is made here goes
# when the shell ends, also on failure, Ctrl-C and SIGTERM. A test's last line is `ok` or `FAILED: why`.
# From the environment: STEELYARD_BUILD (default: build/), STEELYARD_DEVICES (default: both drivers for veth).
set -eEuo pipefail
shopt -s lastpipe  # `service ... | start_director`: in this shell

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${STEELYARD_BUILD:-$root/build}
devices=${STEELYARD_DEVICES:-net_af_packet net_af_xdp}
vip=198.51.100.10
sources=198.51.100.100-198.51.100.131

if [ "$(id -u)" -ne 0 ]; then
  echo "namespaces need root"
  exit 77
fi

exec 3>&1  # where verdicts go, also from a function whose output is redirected
dir=$(mktemp -d "${TMPDIR:-/tmp}/sy-XXXXXX")
namespaces=()
children=()

# -- ending ------------------------------------------------------------------------------------------------------------

fail() {
  if [ -s "$dir/director.log" ]; then
    echo "--- the director's log ends:" >&3
    tail -n 20 "$dir/director.log" >&3
  fi
  trap - ERR
  why=$*
  exit 1
}

running() { jobs -pr | grep -qx "$1"; }

# Ends one process that we started and that still runs, the hard way after ten seconds.
end() {
  running "$1" || return 0
  kill -TERM "$1"
  until_true 10 not running "$1" || kill -KILL "$1"
  wait "$1" || true
}

clean_up() {
  local code=$?
  trap - EXIT ERR
  trap '' INT TERM
  local i pid space
  for ((i = ${#children[@]} - 1; i >= 0; i--)); do end "${children[i]}" 2> /dev/null; done
  for space in "${namespaces[@]}"; do
    for pid in $(ip netns pids "$space"); do kill -KILL "$pid" 2> /dev/null || true; done
    ip netns del "$space" || true
  done
  rm -rf "$dir"
  if [ "$code" -eq 0 ]; then echo ok; else echo "FAILED: ${why:-exit code $code}"; fi >&3
  exit "$code"
}

trap clean_up EXIT
trap 'why="interrupted"; exit 130' INT
trap 'why="terminated"; exit 143' TERM
trap 'why="${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR

# -- checks ------------------------------------------------------------------------------------------------------------

# check WHAT COMMAND...: the command succeeds.
check() {
  local what=$1
  shift
  "$@" > "$dir/check.out" 2>&1 || { tail -n 20 "$dir/check.out"; fail "$what"; }
  echo "  $what"
}

# expect WHAT WANTED GOT
expect() {
  [ "$2" = "$3" ] || fail "$1: expected $2, got $3"
  echo "  $1: $3"
}

# A Python expression over the JSON on standard input, which it calls d.
json() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

not() { ! "$@"; }

# until_true SECONDS COMMAND...: tries ten times a second.
until_true() {
  local tries=$(($1 * 10))
  shift
  until "$@" > /dev/null 2>&1; do
    [ $((tries--)) -gt 0 ] || return 1
    sleep 0.1
  done
}

# -- namespaces and wires ----------------------------------------------------------------------------------------------

on() { ip netns exec "sy-$$-$1" "${@:2}"; }

# spawn NAME COMMAND...: in the background, in a session of its own; its process id is in $spawned.
spawn() {
  setsid ip netns exec "sy-$$-$1" "${@:2}" 3>&- &
  spawned=$!
  children+=("$spawned")
}

space() {
  ip netns add "sy-$$-$1"
  namespaces+=("sy-$$-$1")
  on "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n "sy-$$-$1" link set lo up
}

# wire SPACE IF SPACE IF: one queue each way (what AF_XDP polls is then all there is), checksums computed by the sender
# (what reaches the director comes from "outside the machine"), no frame larger than the MTU.
wire() {
  ip link add "$2" netns "sy-$$-$1" numrxqueues 1 numtxqueues 1 type veth \
    peer name "$4" netns "sy-$$-$3" numrxqueues 1 numtxqueues 1
  on "$1" ethtool -K "$2" tx off tso off gso off gro off > /dev/null
  on "$3" ethtool -K "$4" tx off tso off gso off gro off > /dev/null
  ip -n "sy-$$-$1" link set "$2" up
  ip -n "sy-$$-$3" link set "$4" up
}

# lab N: client, director and N real servers, wired.
lab() {
  local i
  servers=$1
  for i in client dir sw $(seq -f 's%g' "$servers"); do space "$i"; done
  wire client sy-c dir sy-out
  seq -f 'address add 198.51.100.%g/24 dev sy-c' 100 131 | ip -n "sy-$$-client" -batch -
  ip -n "sy-$$-client" route add default via 198.51.100.1
  on dir sysctl -qw net.ipv4.ip_forward=1
  ip -n "sy-$$-sw" link add sy-br type bridge forward_delay 0
  ip -n "sy-$$-sw" link set sy-br up
  wire dir sy-in sw sy-up
  ip -n "sy-$$-sw" link set sy-up master sy-br
  for ((i = 1; i <= servers; i++)); do
    wire "s$i" sy-s sw "sy-p$i"
    ip -n "sy-$$-sw" link set "sy-p$i" master sy-br
    ip -n "sy-$$-s$i" address add "10.0.0.$((10 + i))/24" dev sy-s
    ip -n "sy-$$-s$i" route add default via 10.0.0.1
  done
}

# -- real servers ------------------------------------------------------------------------------------------------------

# web SPACE BODY: nginx on port 8080 that answers / with BODY, serves the files in $dir/SPACE/files and takes uploads
# there by PUT; one line a request in $dir/SPACE/access.log. It has $web_workers processes (default 1). /health is 200 unless
# there is a file $dir/SPACE/sick, then 503; its requests go to $dir/SPACE/health.log. Its process id is in ${web[SPACE]}.
# Files $dir/SPACE/more/*.conf add to nginx's configuration.
declare -A web
web() {
  local home=$dir/$1
  mkdir -p "$home/files"
  cat > "$home/nginx.conf" << END
user root;
daemon off;
worker_processes ${web_workers:-1};
pid $home/nginx.pid;
error_log $home/error.log;
events { worker_connections 16000; }
http {
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  access_log $home/access.log;
  client_body_temp_path $home/body;
  proxy_temp_path $home/proxy;
  fastcgi_temp_path $home/fastcgi;
  uwsgi_temp_path $home/uwsgi;
  scgi_temp_path $home/scgi;
  client_max_body_size 0;
  server {
    listen 8080 backlog=4096 reuseport;
    location = / { return 200 "$2\n"; }
    location = /health {
      access_log $home/health.log;
      if (-f $home/sick) { return 503 "sick\n"; }
      return 200 "healthy\n";
    }
    location / { root $home/files; dav_methods PUT; }
  }
  include $home/more/*.conf;
}
END
  spawn "$1" nginx -e "$home/error.log" -c "$home/nginx.conf"
  web[$1]=$spawned
  until_true 10 test -s "$home/nginx.pid" || fail "nginx in $1 does not start: $(tail -n 3 "$home/error.log")"
}

webs() {
  local i
  for ((i = 1; i <= servers; i++)); do web "s$i" "server $i"; done
}

# crash SPACE: nginx there is gone at once, with all its connections; `web` starts it again.
crash() {
  kill -KILL -- "-${web[$1]}"
  wait "${web[$1]}" 2> /dev/null || true
  rm -f "$dir/$1/nginx.pid"
}

# Requests that nginx in SPACE has logged; forgotten by forget_requests.
requests() { wc -l < "$dir/$1/access.log"; }
forget_requests() {
  local i
  for ((i = 1; i <= servers; i++)); do truncate -s 0 "$dir/s$i/access.log"; done
}

# -- the director ------------------------------------------------------------------------------------------------------

# start_director DRIVER [ARGUMENTS]: with the services on standard input; ARGUMENTS go to the driver (",qpairs=2").
# $workers (default "1") are its worker cores, $inside_mtu the MTU of its inside port, $capacity (default 100k) its
# connections.
start_director() {
  {
    cat << END
director:
  control_core: 0
  worker_cores: [${workers:-1}]
  idle: sleep
  connections: ${capacity:-100k}
  eal: ["--no-huge", "-m", "512"]
  admin_socket: $dir/steelyard.sock
ports:
  - name: outside
    device: ${1}0,iface=sy-out${2:-}
    addresses: [198.51.100.1/24]
  - name: inside
    device: ${1}1,iface=sy-in${2:-}
    addresses: [10.0.0.1/24]${inside_mtu:+
    mtu: $inside_mtu}
services:
END
    cat
  } > "$dir/steelyard.yaml"
  run_director "$dir/steelyard.yaml"
}

run_director() {
  : > "$dir/director.log"
  setsid ip netns exec "sy-$$-dir" "$build/apps/steelyard" --config "$1" 2> "$dir/director.log" 3>&- &
  director=$!
  children+=("$director")
  local tries=600
  until grep -qw ready "$dir/director.log" && show services > /dev/null 2>&1; do
    running "$director" || fail "the director died at start"
    [ $((tries--)) -gt 0 ] || fail "the director does not become ready"
    sleep 0.1
  done
}

# Ends the director as systemd would; fails unless it ends by itself and cleanly.
stop_director() {
  local pid=$director code=0
  kill -TERM "$pid"
  until_true 10 not running "$pid" || fail "the director does not end"
  wait "$pid" || code=$?
  [ "$code" -eq 0 ] || fail "the director ends with exit code $code"
}

# ctl ARGUMENTS: steelyardctl. show WHAT [OPTIONS]: from the admin socket, as JSON.
ctl() { "$build/apps/steelyardctl" --socket "$dir/steelyard.sock" "$@"; }
show() { ctl show "$@" -o json; }

# States of the first service's real servers, as "up down up".
states() { show services | json '" ".join(s["state"] for s in d[0]["servers"])'; }
states_are() { [ "$(states)" = "$*" ]; }
# Waits for those states.
become() { until_true 60 states_are "$@" || fail "the servers are not $*, but $(states)"; }

# service NAME PORT PROTOCOL SCHEDULER SERVER_PORT [WEIGHT...]: the YAML of a service on $vip; one real server a weight.
# $health, if set, are its health checks, $options further keys.
service() {
  printf '  - {name: %s, address: %s, port: %s, protocol: %s, scheduler: %s, ' "$1" "$vip" "$2" "$3" "$4"
  printf '%s' "${health:+health: $health, }${options:+$options, }servers: ["
  local port=$5 i=10 weight
  shift 5
  for weight in "$@"; do printf '{address: 10.0.0.%s, port: %s, weight: %s}, ' "$((++i))" "$port" "$weight"; done
  printf ']}\n'
}

# sink SPACE PORT: takes UDP packets and says nothing.
sink() {
  spawn "$1" python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
time.sleep(1e6)' "$2"
  until_true 10 on "$1" sh -c "ss -Hlun 'sport = :$2' | grep -q ." || fail "no sink in $1"
}

# -- load --------------------------------------------------------------------------------------------------------------

# load USERS ITERATIONS: the ramp from all client addresses; the result is in $dir/load.json. Fails unless all is served.
load() {
  on client "$build/bench/steelyard-load" --url "http://$vip/" --users "$1" --iterations "$2" --source "$sources" \
    --json "$dir/load.json" > "$dir/load.out" || { cat "$dir/load.out"; fail "not all connections were served"; }
}

# Connections of each real server as the client, nginx and the director count them, one line each.
counts_of_client() { json '[d["bodies"].get(f"server {i+1}", 0) for i in range('"$1"')]' < "$dir/load.json"; }
counts_of_director() { show services | json '[s["connections"] for s in d[0]["servers"]]'; }
counts_of_nginx() {
  local i
  for ((i = 1; i <= $1; i++)); do requests "s$i"; done | python3 -c 'import sys; print([int(n) for n in sys.stdin])'
}
