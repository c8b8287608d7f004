#!/usr/bin/env bash
# The service manager hears when the director is ready and how it is, and its watchdog is fed only while every worker
# makes progress. Something that listens stands for systemd; one worker's thread is stopped as by a debugger.
. "$(dirname "$0")/harness.sh"

heard() { grep -cE "^$1" "$dir/heard" || true; }
status_is() { [ "$(grep ^STATUS= "$dir/heard" | tail -n 1)" = "STATUS=$1" ]; }
heard_at_least() { [ "$(heard "$1")" -ge "$2" ]; }

lab 1
web s1 "server 1"
python3 "$root/test/e2e/notify_socket.py" "$dir/notify" "$build/apps/steelyardctl" -s "$dir/steelyard.sock" show services \
  > "$dir/heard" 3>&- &
children+=($!)
until_true 10 test -S "$dir/notify"
export NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=1000000

echo "a start that fails"
echo "ports: []" > "$dir/bad.yaml"
not "$build/apps/steelyard" --config "$dir/bad.yaml" 2> "$dir/bad.err"
expect "messages" 0 "$(wc -l < "$dir/heard")"

echo "ready"
workers="0, 1"
service web 80 tcp rr 8080 1 | start_director net_af_packet
check "READY=1 has come" until_true 60 heard_at_least READY=1 1
check "the director answered at once" until_true 60 heard_at_least "then: 0$" 1
check "the watchdog is fed, though the workers sleep" until_true 60 heard_at_least WATCHDOG=1 8
check "STATUS" status_is "1 service, 1 of 1 server up, 0 connections"

echo "a worker is stopped"
grep -lx rte-worker-2 /proc/"$director"/task/*/comm | IFS=/ read -r _ _ _ _ thread _
"$build/test/e2e/stop_thread" "$thread" > "$dir/stopped" 3>&- &
stopper=$!
children+=("$stopper")
until_true 10 grep -q stopped "$dir/stopped"
check "it is seen" until_true 60 status_is "1 service, 1 of 1 server up, 0 connections; worker 1 stands still"
fed=$(heard WATCHDOG=1)
sleep 3
expect "beats of the watchdog in three times its patience" 0 $(($(heard WATCHDOG=1) - fed))
check "the log says so" grep -q "warning: worker 1 stands still" "$dir/director.log"
expect "the control core goes on" 1 "$(show services | json 'len(d)')"

echo "and goes on"
end "$stopper"
check "the watchdog is fed again" until_true 60 heard_at_least WATCHDOG=1 $((fed + 3))
check "STATUS too" until_true 60 status_is "1 service, 1 of 1 server up, 0 connections"
expect "pages" "server 1" "$(on client curl -sSm 20 "http://$vip/")"

echo "signals that mean nothing"
kill -USR1 "$director"
kill -USR2 "$director"
expect "pages" "server 1" "$(on client curl -sSm 20 "http://$vip/")"
stop_director
expect "STOPPING=1" 1 "$(heard STOPPING=1)"
expect "READY=1" 1 "$(heard READY=1)"
