#!/usr/bin/env bash
# The kernel path against the real kernel, in a network namespace of its own (kernel_probe.cpp does the work).
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
[ -c /dev/net/tun ] || { echo "needs /dev/net/tun"; exit 77; }

probe=${STEELYARD_BUILD:?the build directory}/test/e2e/kernel-probe
namespace=sy-kern-$$
trap 'ip netns delete "$namespace" 2> /dev/null || true' EXIT
trap 'exit 1' HUP INT TERM

ip netns add "$namespace"
ip -n "$namespace" link set lo up
ip netns exec "$namespace" "$probe" "$@"
