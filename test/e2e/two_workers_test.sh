#!/usr/bin/env bash
# Two workers on net_af_packet with two queue pairs, which spreads packets as it likes: every connection is found by
# whichever worker meets its packets.
. "$(dirname "$0")/harness.sh"

lab 2
webs
head -c 16M /dev/urandom | tee "$dir/s1/files/large" > "$dir/s2/files/large"
service web 80 tcp rr 8080 1 1 | workers="0, 1" start_director net_af_packet ,qpairs=2
load 40 5
expect "shares of 4100 connections" '[2050, 2050]' "$(counts_of_client 2)"
expect "nginx's count" '[2050, 2050]' "$(counts_of_nginx 2)"
expect "the director's count" '[2050, 2050]' "$(counts_of_director)"
check "download of 16 MB" on client curl -sSf -o "$dir/down" "http://$vip/large"
check "it arrived whole" cmp "$dir/s1/files/large" "$dir/down"
stop_director
