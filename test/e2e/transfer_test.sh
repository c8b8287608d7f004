#!/usr/bin/env bash
# Large downloads and uploads through the director arrive as they were sent.
. "$(dirname "$0")/harness.sh"

download() { on client curl -sSf -m 120 --interface "$1" -o "$2" "http://$vip/large"; }
upload() { on client curl -sSf -m 120 --interface "$1" -T "$dir/large" "http://$vip/$2"; }
arrived() { [ "$(sha256sum < "$1")" = "$(sha256sum < "$dir/large")" ]; }

lab 2
webs
head -c 64M /dev/urandom | tee "$dir/s1/files/large" "$dir/s2/files/large" > "$dir/large"

for driver in $devices; do
  service web 80 tcp rr 8080 1 1 | start_director "$driver"
  for n in 1 2; do
    check "$driver: download $n of 64 MB" download 198.51.100.100 "$dir/down"
    check "$driver: its checksum" arrived "$dir/down"
  done
  for n in 1 2; do
    check "$driver: upload $n of 64 MB" upload 198.51.100.101 "up-$driver-$n"
  done
  for file in "$dir"/s[12]/files/"up-$driver"-?; do check "$driver: its checksum" arrived "$file"; done

  pids=()
  for n in 2 3 4 5; do
    download "198.51.100.10$n" "$dir/down$n" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do check "$driver: one of four downloads at once" wait "$pid"; done
  for n in 2 3 4 5; do check "$driver: its checksum" arrived "$dir/down$n"; done
  rm -f "$dir"/down* "$dir"/s[12]/files/up-*
  stop_director
done
