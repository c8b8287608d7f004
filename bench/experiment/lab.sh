#!/usr/bin/env bash
# The experiment's network, servers and director: takes jobs from standard input, one a line, and answers each with a line
# of JSON on standard output; what else there is to say goes to standard error. Started by bench/experiment/run.
#
#   ramp DIRECTOR SCHEDULER SERVERS USERS ITERATIONS
#   hold DIRECTOR SCHEDULER SERVERS CONNECTIONS
#   varied DIRECTOR SCHEDULER SERVERS KIND PERCENT        KIND: small keepalive download upload dns mix
#   slowed DIRECTOR SCHEDULER SERVERS KIND USERS ITERATIONS        KIND: ramp users wire
#
# A director goes on from job to job while its scheduler and its number of servers stay the same, but not for `slowed`.
# From the environment: SLOW_SERVER, its number; SLOW_REQUESTS, what it answers a second; SLOW_WIRE, its wire's rate.
exec 4>&1 1>&2 5<&0 < /dev/null
trap '' PIPE  # a reader that is gone is an error like others, after which everything is taken away
. "$(dirname "${BASH_SOURCE[0]}")/../../test/e2e/harness.sh"

most_servers=4
each_holds=12500   # connections of one load generator; 16 of nginx's processes have room for 14,000 each
driver=${devices%% *}
load=$build/bench/steelyard-load
kinds="small keepalive download upload dns"

# -- servers -----------------------------------------------------------------------------------------------------------

contents() {
  head -c 3000 /dev/urandom | base64 -w 0 | head -c 4000 > "$dir/page"
  head -c 4M /dev/urandom > "$dir/large"
  local i
  for ((i = 1; i <= servers; i++)); do
    cp "$dir/page" "$dir/large" "$dir/s$i/files/"
  done
}

names() {
  local i
  for ((i = 1; i <= servers; i++)); do
    spawn "s$i" dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file \
      --bind-interfaces --listen-address="10.0.0.1$i" --txt-record="who.example,server $i" 2> "$dir/dnsmasq$i.log"
    until_true 10 grep -q started "$dir/dnsmasq$i.log" || fail "dnsmasq does not start: $(cat "$dir/dnsmasq$i.log")"
  done
}

# On port 8081, the same answers; the slow server's after a queue. (`return` would be ahead of limit_req's queue, and is not
# where it takes a redirect to come to it.)
slow_port() {
  local i limit
  for ((i = 1; i <= servers; i++)); do
    limit=
    [ "$i" -ne "$SLOW_SERVER" ] || limit="limit_req zone=slow burst=100000;"
    mkdir -p "$dir/s$i/more"
    cat > "$dir/s$i/more/slow.conf" << END
limit_req_zone \$server_port zone=slow:64k rate=${SLOW_REQUESTS}r/s;
server {
  listen 8081 backlog=4096 reuseport;
  location / { $limit try_files /nothing @answer; }
  location @answer { return 200 "server $i\n"; }
}
END
  done
}

# -- the director ------------------------------------------------------------------------------------------------------

# ensure DIRECTOR SCHEDULER SERVERS [PORT]: it runs, as asked for; PORT of the web servers.
current=
ensure() {
  [ "$current" != "$*" ] || return 0
  [ -z "$current" ] || stop_director
  [ "$1" = steelyard ] || fail "there is no director '$1'"
  local weights
  mapfile -t weights < <(seq "$3" | sed 's/.*/1/')
  { service web 80 tcp "$2" "${4:-8080}" "${weights[@]}"; service dns 53 udp "$2" 53 "${weights[@]}"; } |
    capacity=1M start_director "$driver"
  current=$*
}

# CPU time that the director has used so far, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$director/stat"; }
seconds_since() { echo "$1 $(ticks) $(getconf CLK_TCK)" | awk '{ print ($2 - $1) / $3 }'; }
director_counts() { show services | json '[s["connections"] for s in d[0]["servers"]]'; }

answer() { printf "$@" >&4; }

# -- jobs --------------------------------------------------------------------------------------------------------------

# Whatever was lost is in the result: only a generator that could not work at all ends the run.
count_by_server() { # SERVERS ARGUMENTS: of the load generator
  forget_requests
  local before begun
  before=$(director_counts)
  begun=$(ticks)
  on client "$load" --url "http://$vip/" "${@:2}" --source "$sources" --quiet --json "$dir/load.json" || [ $? -eq 1 ]
  answer '{"load": %s, "director_before": %s, "director_after": %s, "nginx": %s, "cpu": %s}\n' \
    "$(cat "$dir/load.json")" "$before" "$(director_counts)" "$(counts_of_nginx "$1")" "$(seconds_since "$begun")"
}

ramp() { count_by_server "$1" --users "$2" --iterations "$3"; } # SERVERS USERS ITERATIONS

# The study's ramp; users who go on alone, as many connections; the same, with the server at the end of a slow wire instead.
slowed() { # SERVERS KIND USERS ITERATIONS
  local alone=(--connections $(($4 * $3 * ($3 + 1) / 2)) --at-once "$3")
  case $2 in
    ramp) ramp "$1" "$3" "$4" ;;
    users) count_by_server "$1" "${alone[@]}" ;;
    wire)
      on "s$SLOW_SERVER" tc qdisc add dev sy-s root tbf rate "$SLOW_WIRE" burst 3000 limit 10m
      count_by_server "$1" "${alone[@]}"
      on "s$SLOW_SERVER" tc qdisc del dev sy-s root
      ;;
    *) fail "there is no load '$2'" ;;
  esac
}

all_hold() { [ "$(cat "$dir"/hold-*.log | grep -c '^holding')" -eq "$1" ]; }
some_ended() {
  local pid
  for pid; do running "$pid" || return 0; done
  return 1
}

# Opened by several load generators, since a process may have only so many files.
hold() { # CONNECTIONS
  local rest=$1 i=0 pids=() begun opened=$SECONDS active
  rm -f "$dir"/hold-*
  begun=$(ticks)
  while [ "$rest" -gt 0 ]; do
    i=$((i + 1))
    spawn client "$load" --url "http://$vip/" --connections $((rest < each_holds ? rest : each_holds)) --at-once 16 \
      --requests 2 --hold --limit 60000 --source "$sources" --quiet --json "$dir/hold-$i.json" 2> "$dir/hold-$i.log"
    pids+=("$spawned")
    rest=$((rest - each_holds))
  done
  until all_hold "$i" || some_ended "${pids[@]}"; do sleep 0.2; done
  opened=$((SECONDS - opened))
  sleep 10
  active=$(show services | json 'd[0]["active"]')
  kill -USR1 "${pids[@]}" 2> /dev/null || true
  for i in "${pids[@]}"; do wait "$i" || [ $? -eq 1 ] || fail "a load generator failed: $(cat "$dir"/hold-*.log)"; done
  answer '{"loads": [%s], "active": %s, "seconds_to_open": %s, "cpu": %s}\n' "$(cat "$dir"/hold-*.json | paste -sd ,)" \
    "$active" "$opened" "$(seconds_since "$begun")"
}

start_kind() { # KIND PERCENT: in the background
  local arguments
  case $1 in
    small) arguments=(http://$vip/page 20000 32 --expect-file "$dir/page") ;;
    keepalive) arguments=(http://$vip/page 1000 32 --requests 100 --expect-file "$dir/page") ;;
    download) arguments=(http://$vip/large 200 4 --expect-file "$dir/large") ;;
    upload) arguments=("http://$vip/up-{n}" 100 4 --upload "$dir/large") ;;
    dns) arguments=(dns://$vip/who.example 50000 16) ;;
    *) fail "there is no load '$1'" ;;
  esac
  spawn client "$load" --url "${arguments[0]}" --connections $((arguments[1] * $2 / 100)) --at-once "${arguments[2]}" \
    "${arguments[@]:3}" --limit 60000 --source "$sources" --quiet --json "$dir/$1.json"
}

# Uploads that arrived as they were sent.
uploads() {
  local file count=0
  for file in "$dir"/s?/files/up-*; do
    if cmp -s "$file" "$dir/large"; then count=$((count + 1)); fi
    rm -f "$file"
  done
  echo "$count"
}

varied() { # KIND PERCENT
  local kind pids=() loads=() begun
  begun=$(ticks)
  for kind in $([ "$1" = mix ] && echo "$kinds" || echo "$1"); do
    start_kind "$kind" "$2"
    pids+=("$spawned")
    loads+=("$kind")
  done
  for kind in "${pids[@]}"; do wait "$kind" || [ $? -eq 1 ] || fail "a load generator failed"; done
  answer '{"loads": {%s}, "uploads": %s, "cpu": %s}\n' \
    "$(for kind in "${loads[@]}"; do printf '"%s": %s\n' "$kind" "$(cat "$dir/$kind.json")"; done | paste -sd ,)" \
    "$(uploads)" "$(seconds_since "$begun")"
}

# -- all of it ---------------------------------------------------------------------------------------------------------

ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" -ge 17000 ] || fail "a process may have $(ulimit -n) open files, and 17000 are needed: raise ulimit -Hn"
lab $most_servers
slow_port
web_workers=4 webs
contents
names
while read -r -u 5 job maker scheduler number rest; do
  port=8080
  if [ "$job" = slowed ]; then
    [ -z "$current" ] || { stop_director; current=; }
    [ "${rest%% *}" = wire ] || port=8081
  fi
  ensure "$maker" "$scheduler" "$number" "$port"
  # shellcheck disable=SC2086  # `rest` is words
  case $job in
    ramp) ramp "$number" $rest ;;
    hold) hold $rest ;;
    varied) varied $rest ;;
    slowed) slowed "$number" $rest ;;
    *) fail "there is no job '$job'" ;;
  esac
done
[ -z "$current" ] || stop_director
