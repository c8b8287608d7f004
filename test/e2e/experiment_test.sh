#!/usr/bin/env bash
# bench/experiment/run, a little of each part: everything is served, the files are written, and a second run goes on where
# the first ended. Namespaces are the experiment's own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$(id -u)" -ne 0 ]; then
  echo "namespaces need root"
  exit 77
fi
out=$(mktemp -d "${TMPDIR:-/tmp}/sy-XXXXXX")
trap 'rm -rf "$out"' EXIT

run() { "$root/bench/experiment/run" --quick --build "${STEELYARD_BUILD:-$root/build}" --out "$out" "$@" 2>&1 | tee "$out/said"; }
said() { grep -q -- "$1" "$out/said" || { echo "FAILED: it does not say: $1"; exit 1; }; }

run --cells '16x5x2'
said '100 % of 680 served, 2 x 340'
run --cells '16x5x?,8x5x4'
said '1 of 4 results are there already'
said '100 % of 180 served, 4 x 45'
run --only concurrency,varied
said '2,000 open at once, 2,000 answered at the end'
run --schedulers wrr,lrt
said 'ramp, 16 users x 1, wrr: 100 % of 136 served, 4 x 34'
said 'wire, 16 users x 1, lrt: 100 % of 136 served'
for file in results.json summary.md users-8.svg users-16.png served.svg held.png schedulers.json schedulers.md \
  schedulers-ramp.svg schedulers-users.png schedulers-wire.svg; do test -s "$out/$file"; done
echo ok
